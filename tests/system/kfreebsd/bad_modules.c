/* SPDX-License-Identifier: ISC
 *
 * Modules with one fault each, chosen by -DFAULT_...; what the harness must say of them is in
 * test_harness.py.
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kernel.h>
#include <sys/kthread.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/sysctl.h>

MALLOC_DEFINE(M_BAD, "bad", "a faulty module");
static struct mtx lock;
MTX_SYSINIT(bad_lock, &lock, "bad", MTX_DEF);

static void *volatile kept;
static int *volatile nowhere;
static int running;

static void
thread(void *arg)
{
	for (;;)
		pause_sbt("bad", SBT_1S, 0, 0);
}

static int
sysctl_run(SYSCTL_HANDLER_ARGS)
{
	int error = sysctl_handle_int(oidp, &running, 0, req);

#ifdef FAULT_QUICK
	running = 0;
#endif
	return (error);
}

static SYSCTL_NODE(_kern, OID_AUTO, mirage, CTLFLAG_RW | CTLFLAG_MPSAFE, NULL, "");
SYSCTL_PROC(_kern_mirage, OID_AUTO, run, CTLTYPE_INT | CTLFLAG_RW | CTLFLAG_MPSAFE, NULL, 0,
    sysctl_run, "I", "");

int dereference_nothing(void) __attribute__((noinline));
int
dereference_nothing(void)
{
	return (*nowhere);
}

static int
load(void)
{
	struct thread *td;

	(void)td;
#if defined(FAULT_LOAD)
	return (EINVAL);
#elif defined(FAULT_LEAK)
	kept = malloc(1234, M_BAD, M_WAITOK);
#elif defined(FAULT_CRASH)
	return (dereference_nothing());
#elif defined(FAULT_UNDEFINED)
	extern int no_such_function(int);
	return (no_such_function(1));
#elif defined(FAULT_UNLISTED)
	return (tsleep(&kept, 0, "bad", 1) + (uprintf("x") & 0));
#elif defined(FAULT_PANIC)
	panic("number %d", 7);
#elif defined(FAULT_TWICE)
	kept = malloc(16, M_BAD, M_WAITOK);
	free(kept, M_BAD);
	free(kept, M_BAD);
#elif defined(FAULT_BEHIND)
	kept = malloc(16, M_BAD, M_WAITOK);
	((char *volatile)kept)[16] = 1;
	free(kept, M_BAD);
#elif defined(FAULT_FLAGS)
	kept = malloc(16, M_BAD, 0);
#elif defined(FAULT_UNLOCK)
	mtx_unlock(&lock);
#elif defined(FAULT_RECURSE)
	mtx_lock(&lock);
	mtx_lock(&lock);
#elif defined(FAULT_HELD)
	mtx_lock(&lock);
#elif defined(FAULT_THREAD)
	return (kthread_add(thread, NULL, NULL, &td, 0, 0, "bad"));
#endif
	return (0);
}

static int
event(module_t mod, int what, void *arg)
{
	switch (what) {
	case MOD_LOAD:
		return (load());
	case MOD_UNLOAD:
#ifdef FAULT_STAYS
		return (EBUSY);
#endif
		return (0);
	default:
		return (EOPNOTSUPP);
	}
}

static moduledata_t bad_mod = { "bad", event, NULL };
DECLARE_MODULE(bad, bad_mod, SI_SUB_KLD, SI_ORDER_ANY);
