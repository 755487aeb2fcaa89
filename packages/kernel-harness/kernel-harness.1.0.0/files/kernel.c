/* SPDX-License-Identifier: ISC
 *
 * FreeBSD's kernel as a module sees it: the functions of kernel.allow, and the order in which
 * kern_linker.c brings a module up and down. Compiled against FreeBSD's own headers.
 */
#pragma clang diagnostic ignored "-Wmacro-redefined" /* malloc is a macro there as well */
#include "rename.h"

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kernel.h>
#include <sys/errno.h>
#include <sys/kthread.h>
#include <sys/libkern.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <vm/vm.h>
#include <vm/vm_param.h>
#include <machine/fpu.h>
#include <machine/stdarg.h>

#include "harness.h"

#define NS_PER_S 1000000000LL

/* ---- sys/systm.h: console, panic */

int
printf(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	host_vprint(format, args);
	va_end(args);
	return (0);
}

void
panic(const char *format, ...)
{
	va_list args;

	printf("panic: ");
	va_start(args, format);
	host_vprint(format, args);
	va_end(args);
	printf("\n");
	host_fail(CRASH, "the module called panic");
}

/* ---- sys/malloc.h */

void
malloc_init(void *data)
{
	struct malloc_type *type = data;

	if (type->ks_version != M_VERSION)
		panic("malloc_init: type %s has version %lu", type->ks_shortdesc, type->ks_version);
}

void
malloc_uninit(void *data)
{
	struct malloc_type *type = data;

	if (host_leaks(type) != 0)
		host_fail(LEAK, "memory type %s leaked memory on destroy", type->ks_shortdesc);
}

#undef malloc
void *
kern_malloc(size_t size, struct malloc_type *type, int flags)
{
	if ((flags & (M_WAITOK | M_NOWAIT)) == 0 ||
	    (flags & (M_WAITOK | M_NOWAIT)) == (M_WAITOK | M_NOWAIT))
		panic("malloc: flags %#x: exactly one of M_WAITOK and M_NOWAIT must be given", flags);
	return (host_alloc(size, (flags & M_ZERO) != 0, type, type->ks_shortdesc,
	    __builtin_return_address(0)));
}

void
free(void *p, struct malloc_type *type)
{
	if (p != NULL)
		host_free(p, type);
}

/* ---- sys/mutex.h: mtx_lock is MTX_UNOWNED, MTX_DESTROYED or the owner */

static struct mtx *
mtx_of(volatile uintptr_t *c)
{
	return (__containerof(c, struct mtx, mtx_lock));
}

static uintptr_t
me(void)
{
	void *td = host_self();

	/* What is not a thread of the module is the one that loads it and writes sysctls. */
	return (td != NULL ? (uintptr_t)td : 64);
}

void
_mtx_init(volatile uintptr_t *c, const char *name, const char *type, int opts)
{
	struct mtx *m = mtx_of(c);

	(void)type;
	if (opts & MTX_SPIN)
		panic("mtx_init: %s: spin mutexes are not supported here", name);
	m->lock_object.lo_name = name;
	m->lock_object.lo_flags = LO_INITIALIZED | ((opts & MTX_RECURSE) ? LO_RECURSABLE : 0);
	m->lock_object.lo_data = 0;
	m->mtx_lock = MTX_UNOWNED;
}

void
mtx_sysinit(const void *data)
{
	const struct mtx_args *args = data;

	mtx_init((struct mtx *)args->ma_mtx, args->ma_desc, NULL, args->ma_opts);
}

void
_mtx_destroy(volatile uintptr_t *c)
{
	struct mtx *m = mtx_of(c);

	if (m->mtx_lock != MTX_UNOWNED)
		panic("mtx_destroy: %s is held", m->lock_object.lo_name);
	m->lock_object.lo_flags = 0;
	m->mtx_lock = MTX_DESTROYED;
}

static void
mtx_take(struct mtx *m)
{
	if ((m->lock_object.lo_flags & LO_INITIALIZED) == 0)
		panic("mtx_lock: not initialized");
	if (m->mtx_lock == me()) {
		if ((m->lock_object.lo_flags & LO_RECURSABLE) == 0)
			panic("mtx_lock: recursed on non-recursive mutex %s", m->lock_object.lo_name);
		m->lock_object.lo_data++;
		return;
	}
	while (m->mtx_lock != MTX_UNOWNED)
		host_wait(-1);
	m->mtx_lock = me();
}

static void
mtx_drop(struct mtx *m)
{
	if (m->mtx_lock != me())
		panic("mtx_unlock: %s is not held by this thread",
		    m->lock_object.lo_name != NULL ? m->lock_object.lo_name : "?");
	if (m->lock_object.lo_data > 0) {
		m->lock_object.lo_data--;
		return;
	}
	m->mtx_lock = MTX_UNOWNED;
	host_wake();
}

void
__mtx_lock_flags(volatile uintptr_t *c, int opts, const char *file, int line)
{
	(void)opts, (void)file, (void)line;
	host_lock();
	mtx_take(mtx_of(c));
	host_unlock();
}

void
__mtx_unlock_flags(volatile uintptr_t *c, int opts, const char *file, int line)
{
	(void)opts, (void)file, (void)line;
	host_lock();
	mtx_drop(mtx_of(c));
	host_unlock();
}

/* ---- sys/systm.h: sleeping. Every sleeper waits for its channel's name to be called. */

struct sleeper {
	const void *channel;
	bool woken;
	LIST_ENTRY(sleeper) link;
};
static LIST_HEAD(, sleeper) sleepers = LIST_HEAD_INITIALIZER(sleepers);

int
_sleep(const void *channel, struct lock_object *lock, int pri, const char *wmesg,
    sbintime_t sbt, sbintime_t pr, int flags)
{
	struct sleeper s = { .channel = channel };
	struct mtx *m = lock != NULL ? __containerof(lock, struct mtx, lock_object) : NULL;
	int64_t until = 0;

	(void)wmesg, (void)pr, (void)flags;
	if (channel == NULL)
		panic("sleep: channel is NULL");
	if (sbt > 0)
		until = host_time(0) + sbttons(sbt);
	host_lock();
	if (m != NULL && m->lock_object.lo_data != 0)
		panic("sleep: %s is held more than once", m->lock_object.lo_name);
	LIST_INSERT_HEAD(&sleepers, &s, link);
	if (m != NULL)
		mtx_drop(m);
	while (!s.woken) {
		int64_t left = sbt > 0 ? until - host_time(0) : -1;

		if (sbt > 0 && left <= 0)
			break;
		host_wait(left);
	}
	LIST_REMOVE(&s, link);
	if (m != NULL && (pri & PDROP) == 0)
		mtx_take(m);
	host_unlock();
	return (s.woken ? 0 : EWOULDBLOCK);
}

static void
wake(const void *channel, bool all)
{
	struct sleeper *s;

	host_lock();
	LIST_FOREACH(s, &sleepers, link) {
		if (s->channel != channel || s->woken)
			continue;
		s->woken = true;
		if (!all)
			break;
	}
	host_wake();
	host_unlock();
}

void
wakeup(const void *channel)
{
	wake(channel, true);
}

void
wakeup_one(const void *channel)
{
	wake(channel, false);
}

int
pause_sbt(const char *wmesg, sbintime_t sbt, sbintime_t pr, int flags)
{
	(void)wmesg, (void)pr, (void)flags;
	host_nap(sbttons(sbt));
	return (EWOULDBLOCK);
}

/* ---- sys/time.h */

void
nanouptime(struct timespec *ts)
{
	int64_t ns = host_time(0);

	ts->tv_sec = ns / NS_PER_S;
	ts->tv_nsec = ns % NS_PER_S;
}

void
nanotime(struct timespec *ts)
{
	int64_t ns = host_time(1);

	ts->tv_sec = ns / NS_PER_S;
	ts->tv_nsec = ns % NS_PER_S;
}

void
microuptime(struct timeval *tv)
{
	int64_t ns = host_time(0);

	tv->tv_sec = ns / NS_PER_S;
	tv->tv_usec = ns % NS_PER_S / 1000;
}

void
microtime(struct timeval *tv)
{
	int64_t ns = host_time(1);

	tv->tv_sec = ns / NS_PER_S;
	tv->tv_usec = ns % NS_PER_S / 1000;
}

/* ---- sys/libkern.h */

void
arc4random_buf(void *buf, size_t len)
{
	host_random(buf, len);
}

size_t
strlcpy(char *to, const char *from, size_t size)
{
	size_t i;

	for (i = 0; from[i] != '\0'; i++)
		if (i + 1 < size)
			to[i] = from[i];
	if (size > 0)
		to[i < size ? i : size - 1] = '\0';
	return (i);
}

/* ---- sys/kthread.h, machine/fpu.h */

int
kthread_add(void (*f)(void *), void *arg, struct proc *p, struct thread **tdp, int flags,
    int pages, const char *name, ...)
{
	struct thread *td;

	(void)p;
	if (flags != 0)
		panic("kthread_add: flags %#x are not supported here", flags);
	if (pages <= 1)
		pages = 4; /* kstack_pages on amd64 */
	if (pages > KSTACK_MAX_PAGES)
		pages = KSTACK_MAX_PAGES;
	td = host_alloc(sizeof(*td), 1, &kthread_add, "thread", name);
	if (tdp != NULL)
		*tdp = td;
	host_thread_start(td, f, arg, (size_t)pages * PAGE_SIZE);
	return (0);
}

void
kthread_exit(void)
{
	struct thread *td = host_self();

	if (td == NULL)
		panic("kthread_exit: not a kernel thread");
	/* A module may be waiting for this thread to exit. */
	wakeup(td);
	host_free(td, &kthread_add);
	host_thread_exit();
}

int
fpu_kern_thread(u_int flags)
{
	(void)flags;
	if (host_self() == NULL)
		panic("fpu_kern_thread: only kthread may use fpu_kern_thread");
	return (0);
}

/* ---- sys/sysctl.h */

struct sysctl_oid sysctl___kern = {
	.oid_name = "kern", .oid_kind = CTLTYPE_NODE | CTLFLAG_RW, .oid_fmt = "N"
};

static int
to_user(struct sysctl_req *req, const void *p, size_t len)
{
	size_t n = len;

	if (req->oldptr != NULL) {
		if (req->oldlen <= req->oldidx)
			n = 0;
		else if (n > req->oldlen - req->oldidx)
			n = req->oldlen - req->oldidx;
		__builtin_memcpy((char *)req->oldptr + req->oldidx, p, n);
	}
	req->oldidx += len;
	return (req->oldptr != NULL && n < len ? ENOMEM : 0);
}

static int
from_user(struct sysctl_req *req, void *p, size_t len)
{
	if (req->newptr == NULL)
		return (0);
	if (req->newlen - req->newidx < len)
		return (EINVAL);
	__builtin_memcpy(p, (const char *)req->newptr + req->newidx, len);
	req->newidx += len;
	return (0);
}

int
sysctl_handle_int(SYSCTL_HANDLER_ARGS)
{
	int value, error;

	(void)oidp;
	value = arg1 != NULL ? *(int *)arg1 : (int)arg2;
	error = SYSCTL_OUT(req, &value, sizeof(value));
	if (error != 0 || req->newptr == NULL)
		return (error);
	return (arg1 == NULL ? EPERM : SYSCTL_IN(req, arg1, sizeof(int)));
}

int
sysctl_handle_string(SYSCTL_HANDLER_ARGS)
{
	size_t len = __builtin_strlen(arg1) + 1;
	int error;

	(void)oidp;
	error = SYSCTL_OUT(req, arg1, len);
	if (error != 0 || req->newptr == NULL)
		return (error);
	if (arg2 == 0)
		return (EINVAL);
	len = req->newlen - req->newidx;
	if (len >= (size_t)arg2)
		return (EINVAL);
	error = SYSCTL_IN(req, arg1, len);
	((char *)arg1)[len] = '\0';
	return (error);
}

/* The variable whose children are the list, or NULL. */
static struct sysctl_oid *
owner_of(struct set set, const struct sysctl_oid_list *list)
{
	void **p;

	if (list == &sysctl___kern.oid_children)
		return (&sysctl___kern);
	for (p = set.begin; p < set.end; p++) {
		struct sysctl_oid *oid = *p;

		if (&oid->oid_children == list)
			return (oid);
	}
	return (NULL);
}

static void
full_name(struct set set, const struct sysctl_oid *oid, char *name, size_t size, int depth)
{
	struct sysctl_oid *parent;

	if (oid == &sysctl___kern) {
		strlcpy(name, "kern", size);
		return;
	}
	parent = owner_of(set, oid->oid_parent);
	if (parent == NULL || depth > 16)
		host_fail(CRASH, "sysctl %s hangs on no known node", oid->oid_name);
	full_name(set, parent, name, size, depth + 1);
	if (__builtin_strlen(name) + __builtin_strlen(oid->oid_name) + 2 > size)
		host_fail(CRASH, "sysctl %s: its name is too long", oid->oid_name);
	strlcpy(name + __builtin_strlen(name), ".", 2);
	strlcpy(name + __builtin_strlen(name), oid->oid_name, size - __builtin_strlen(name));
}

static int
sysctl_call(struct sysctl_oid *oid, void *old, size_t *oldlen, const void *new, size_t newlen)
{
	struct sysctl_req req = {
		.oldptr = old, .oldlen = oldlen != NULL ? *oldlen : 0, .oldfunc = to_user,
		.newptr = new, .newlen = newlen, .newfunc = from_user,
	};
	int error;

	if ((oid->oid_kind & CTLTYPE) == CTLTYPE_NODE && oid->oid_handler == NULL)
		return (EISDIR);
	if (new != NULL && (oid->oid_kind & CTLFLAG_WR) == 0)
		return (EPERM);
	if (oid->oid_handler == NULL)
		return (EINVAL);
	error = oid->oid_handler(oid, oid->oid_arg1, oid->oid_arg2, &req);
	if (oldlen != NULL)
		*oldlen = req.oldidx;
	return (error);
}

static struct sysctl_oid *
sysctl_find(const struct image *image, const char *wanted)
{
	struct set set = image_set(image, "sysctl_set");
	char name[256];
	void **p;

	for (p = set.begin; p < set.end; p++) {
		full_name(set, *p, name, sizeof(name), 0);
		if (__builtin_strcmp(name, wanted) == 0)
			return (*p);
	}
	return (NULL);
}

void
kernel_list_sysctls(const struct image *image)
{
	struct set set = image_set(image, "sysctl_set");
	void **p;

	for (p = set.begin; p < set.end; p++) {
		struct sysctl_oid *oid = *p;
		char name[256], text[1024];
		size_t len = sizeof(text) - 1;
		const char *access = (oid->oid_kind & CTLFLAG_WR) ? "" : " (read only)";
		int value;

		full_name(set, oid, name, sizeof(name), 0);
		switch (oid->oid_kind & CTLTYPE) {
		case CTLTYPE_NODE:
			break;
		case CTLTYPE_INT:
			len = sizeof(value);
			if (sysctl_call(oid, &value, &len, NULL, 0) == 0)
				host_note("sysctl %s = %d%s: %s", name, value, access, oid->oid_descr);
			break;
		case CTLTYPE_STRING:
			if (sysctl_call(oid, text, &len, NULL, 0) == 0) {
				text[len < sizeof(text) ? len : sizeof(text) - 1] = '\0';
				host_note("sysctl %s = \"%s\"%s: %s", name, text, access, oid->oid_descr);
			}
			break;
		default:
			host_note("sysctl %s%s: %s", name, access, oid->oid_descr);
		}
	}
}

int
kernel_sysctl_read_int(const struct image *image, const char *name, int *value)
{
	struct sysctl_oid *oid = sysctl_find(image, name);
	size_t len = sizeof(*value);

	return (oid == NULL ? ENOENT : sysctl_call(oid, value, &len, NULL, 0));
}

int
kernel_sysctl_write_int(const struct image *image, const char *name, int value)
{
	struct sysctl_oid *oid = sysctl_find(image, name);

	return (oid == NULL ? ENOENT : sysctl_call(oid, NULL, NULL, &value, sizeof(value)));
}

int
kernel_sysctl_write_string(const struct image *image, const char *name, const char *value)
{
	struct sysctl_oid *oid = sysctl_find(image, name);

	return (oid == NULL ? ENOENT :
	    sysctl_call(oid, NULL, NULL, value, __builtin_strlen(value)));
}

/* ---- sys/module.h, and kern_linker.c's order of things */

/* A module_t is opaque to the module; only one file is loaded. */
static int the_module;

static int
event(const moduledata_t *data, int what)
{
	if (data->evhand == NULL)
		return (0);
	return (data->evhand((module_t)&the_module, what, data->priv));
}

static int load_error;

void
module_register_init(const void *arg)
{
	const moduledata_t *data = arg;

	load_error = event(data, MOD_LOAD);
	if (load_error != 0) {
		event(data, MOD_UNLOAD);
		host_note("module %s: its load event failed: %s", data->name,
		    kernel_strerror(load_error));
	}
}

static int
register_modules(const struct image *image)
{
	struct set set = image_set(image, "modmetadata_set");
	int modules = 0;
	void **p;

	for (p = set.begin; p < set.end; p++) {
		const struct mod_metadata *md = *p;
		const struct mod_depend *dep;

		switch (md->md_type) {
		case MDT_DEPEND:
			dep = md->md_data;
			if (__builtin_strcmp(md->md_cval, "kernel") != 0) {
				host_note("depends on module %s, which is not here", md->md_cval);
				return (ENOENT);
			}
			host_note("for kernels of version %d to %d", dep->md_ver_minimum,
			    dep->md_ver_maximum);
			if (__FreeBSD_version < dep->md_ver_minimum ||
			    __FreeBSD_version > dep->md_ver_maximum) {
				host_note("this kernel has version %d", __FreeBSD_version);
				return (ENOEXEC);
			}
			break;
		case MDT_MODULE:
			modules++;
			host_note("module %s", ((const moduledata_t *)md->md_data)->name);
			break;
		default:
			break;
		}
	}
	if (modules == 0) {
		host_note("no module in this file");
		return (ENOEXEC);
	}
	return (0);
}

static void
run_sysinits(const struct image *image, const char *name, bool down)
{
	struct set set = image_set(image, name);
	struct sysinit *done = NULL, *best, *si;
	size_t n = set.end - set.begin, i;
	void **p;

	/* Selection by (subsystem, order), then place; downwards for sysuninit_set. */
	for (i = 0; i < n; i++) {
		best = NULL;
		for (p = set.begin; p < set.end; p++) {
			uint64_t key, best_key, done_key;

			si = *p;
#define KEY(s) (((uint64_t)(s)->subsystem << 32 | (uint32_t)(s)->order) ^ (down ? ~0ULL : 0))
			key = KEY(si);
			best_key = best != NULL ? KEY(best) : 0;
			done_key = done != NULL ? KEY(done) : 0;
			if (done != NULL && (key < done_key || (key == done_key && si <= done)))
				continue;
			if (best == NULL || key < best_key || (key == best_key && si < best))
				best = si;
		}
		if (best == NULL)
			break;
		done = best;
		if (best->subsystem != SI_SUB_DUMMY)
			best->func(best->udata);
	}
}

int
kernel_load(const struct image *image)
{
	int error = register_modules(image);

	if (error != 0)
		return (error);
	run_sysinits(image, "sysinit_set", false);
	return (load_error);
}

static int
tell_modules(const struct image *image, int what)
{
	struct set set = image_set(image, "modmetadata_set");
	void **p;

	for (p = set.begin; p < set.end; p++) {
		const struct mod_metadata *md = *p;
		int error;

		if (md->md_type != MDT_MODULE)
			continue;
		error = event(md->md_data, what);
		/* module_quiesce: a module that does not know the event agrees. */
		if (error == EOPNOTSUPP && what == MOD_QUIESCE)
			error = 0;
		if (error != 0)
			return (error);
	}
	return (0);
}

int
kernel_unload(const struct image *image)
{
	int error = tell_modules(image, MOD_QUIESCE);

	if (error == 0)
		error = tell_modules(image, MOD_UNLOAD);
	if (error == 0)
		run_sysinits(image, "sysuninit_set", true);
	return (error);
}

const char *
kernel_strerror(int error)
{
	switch (error) {
	case 0: return ("no error");
	case EPERM: return ("EPERM");
	case ENOENT: return ("ENOENT");
	case ENXIO: return ("ENXIO");
	case ENOEXEC: return ("ENOEXEC");
	case ENOMEM: return ("ENOMEM");
	case EBUSY: return ("EBUSY");
	case EINVAL: return ("EINVAL");
	case EOPNOTSUPP: return ("EOPNOTSUPP");
	default: return ("another error");
	}
}

/* ---- What the module may be given. Plain memory functions are the C library's. */

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
extern void *memcpy(void *, const void *, size_t);
extern void *memmove(void *, const void *, size_t);
extern void *memset(void *, int, size_t);
extern int memcmp(const void *, const void *, size_t);
extern size_t strlen(const char *);

#define OWN(name) { #name, (void *)kern_##name }
#define LIBC(name) { #name, (void *)name }

const struct kernel_symbol kernel_symbols[] = {
#include "symbols.h"
	{ NULL, NULL }
};
