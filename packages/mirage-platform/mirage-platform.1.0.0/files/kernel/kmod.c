/* SPDX-License-Identifier: ISC
 *
 * The kernel module around an OCaml program: load and unload, the sysctl tree kern.mirage, the
 * thread, memory. Compiled against FreeBSD's own headers only; the program's side of the
 * interface is kern.h (package ocaml-kern).
 *
 * Everything here except what runs under thread_main may be called by any thread of the
 * kernel, so this file is compiled without SSE; the program uses SSE and runs in its own thread
 * only, which fpu_kern_thread() permits.
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kernel.h>
#include <sys/kthread.h>
#include <sys/libkern.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/queue.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <vm/vm.h>
#include <vm/vm_param.h>
#include <machine/fpu.h>

#include "kern.h"

/* Writable data of the program, bounded by kernel/begin.S and end.S. */
extern char mirage_data_begin[], mirage_data_end[];
extern char mirage_bss_begin[], mirage_bss_end[];

MALLOC_DEFINE(M_MIRAGE, "mirage", "OCaml program in the kernel");

static struct mtx lock;
MTX_SYSINIT(mirage_lock, &lock, "mirage", MTX_DEF);

/* All under `lock`. */
static bool running;            /* a program was asked for and has not ended */
static bool wanted;             /* ... and its thread has not begun with it */
static bool leaving;            /* the module is being unloaded */
static struct thread *thread;   /* made by the first run, then parked between runs */
static int status = -1;         /* exit code of the last run */
static char runparam[256];

static int debug = 3;
static void *pristine;          /* the program's data as the linker left it */
static char runparam_now[sizeof(runparam)];

/* Levels: 1 the program's beginning and end, 2 its use of memory, 3 the module's own events. */
#define SAY(level, ...) do {                    \
        if (debug >= (level))                   \
                printf("mirage: " __VA_ARGS__); \
} while (0)

/* ---- Memory. Only the program's thread allocates; what it leaves is freed after each run. */

struct block {
        LIST_ENTRY(block) link;
};
CTASSERT(sizeof(struct block) == 16);
static LIST_HEAD(, block) blocks = LIST_HEAD_INITIALIZER(blocks);
static size_t nblocks;

/*
 * Never M_WAITOK: a program that wants more than there is must get Out_of_memory, not
 * hang in the kernel. A passing shortage is waited for.
 */
static void *
take(size_t size, int flags)
{
        void *p;
        int tries;

        for (tries = 0; tries < 10; tries++) {
                p = malloc(size, M_MIRAGE, M_NOWAIT | flags);
                if (p != NULL)
                        return (p);
                pause_sbt("mirmem", 10 * SBT_1MS, 0, 0);
        }
        SAY(1, "no memory: %zu bytes refused\n", size);
        return (NULL);
}

static void *
track(struct block *b, size_t header)
{
        if (b == NULL)
                return (NULL);
        LIST_INSERT_HEAD(&blocks, b, link);
        nblocks++;
        return ((char *)b + header);
}

static void
untrack(struct block *b)
{
        LIST_REMOVE(b, link);
        nblocks--;
        free(b, M_MIRAGE);
}

void *
mirage_kern_alloc(size_t size)
{
        if (size > SIZE_MAX - sizeof(struct block))
                return (NULL);
        return (track(take(size + sizeof(struct block), 0), sizeof(struct block)));
}

void
mirage_kern_free(void *p)
{
        untrack((struct block *)((char *)p - sizeof(struct block)));
}

/* malloc(9) aligns what is larger than a page to pages; the block's header takes the first. */
void *
mirage_kern_map(size_t size)
{
        if (size > SIZE_MAX - PAGE_SIZE)
                return (NULL);
        return (track(take(size + PAGE_SIZE, M_ZERO), PAGE_SIZE));
}

void
mirage_kern_unmap(void *p)
{
        untrack((struct block *)((char *)p - PAGE_SIZE));
}

static void
free_all(void)
{
        struct block *b;

        SAY(2, "%zu blocks left by the program are freed\n", nblocks);
        while ((b = LIST_FIRST(&blocks)) != NULL)
                untrack(b);
}

/* ---- What else the program asks for. */

void
mirage_kern_write(const char *buf, size_t len)
{
        while (len > 0) {
                int n = len > 1024 ? 1024 : (int)len;

                printf("%.*s", n, buf);
                buf += n;
                len -= n;
        }
}

uint64_t
mirage_kern_uptime(void)
{
        struct timespec ts;

        nanouptime(&ts);
        return ((uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec);
}

uint64_t
mirage_kern_walltime(void)
{
        struct timespec ts;

        nanotime(&ts);
        return ((uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec);
}

void
mirage_kern_sleep(uint64_t ns)
{
        const uint64_t hour = 3600ULL * 1000000000;

        for (; ns > hour; ns -= hour)
                pause_sbt("mirage", 3600 * SBT_1S, 0, 0);
        if (ns > 0)
                pause_sbt("mirage", nstosbt(ns), 0, 0);
}

void
mirage_kern_random(void *buf, size_t len)
{
        arc4random_buf(buf, len);
}

const char *
mirage_kern_runparam(void)
{
        return (runparam_now);
}

/* ---- The thread. */

static void
run_program(void)
{
        int code;

        memcpy(mirage_data_begin, pristine, mirage_data_end - mirage_data_begin);
        memset(mirage_bss_begin, 0, mirage_bss_end - mirage_bss_begin);
        SAY(1, "program started\n");
        code = mirage_program();
        free_all();
        SAY(1, "program ended with code %d\n", code);
        mtx_lock(&lock);
        status = code;
        mtx_unlock(&lock);
}

static void
thread_main(void *arg __unused)
{
        fpu_kern_thread(FPU_KERN_NORMAL);
        mtx_lock(&lock);
        for (;;) {
                while (!wanted && !leaving)
                        mtx_sleep(&wanted, &lock, 0, "mirage", 0);
                if (leaving)
                        break;
                wanted = false;
                strlcpy(runparam_now, runparam, sizeof(runparam_now));
                mtx_unlock(&lock);
                run_program();
                mtx_lock(&lock);
                running = false;
                wakeup(&running);
        }
        mtx_unlock(&lock);
        /* Wakes up whoever sleeps on this thread's address: unload(). */
        kthread_exit();
}

static int
start(void)
{
        struct thread *td;
        int error = 0;

        mtx_lock(&lock);
        if (leaving)
                error = ENXIO;
        else if (running)
                error = EBUSY;
        else
                running = true;
        mtx_unlock(&lock);
        if (error != 0)
                return (error);
        /* OCaml code has its own stacks; C code called from it uses the thread's. */
        if (thread == NULL) {
                error = kthread_add(thread_main, NULL, NULL, &td, 0, KSTACK_MAX_PAGES, "mirage");
                if (error == 0)
                        thread = td;
        }
        mtx_lock(&lock);
        if (error != 0)
                running = false;
        else {
                wanted = true;
                wakeup(&wanted);
        }
        mtx_unlock(&lock);
        return (error);
}

/* ---- sysctl. */

static int
sysctl_debug(SYSCTL_HANDLER_ARGS)
{
        int value = debug;
        int error = sysctl_handle_int(oidp, &value, 0, req);

        if (error != 0 || req->newptr == NULL)
                return (error);
        if (value < 0 || value > 3)
                return (EINVAL);
        debug = value;
        return (0);
}

static int
sysctl_runparam(SYSCTL_HANDLER_ARGS)
{
        char value[sizeof(runparam)];
        int error;

        mtx_lock(&lock);
        strlcpy(value, runparam, sizeof(value));
        mtx_unlock(&lock);
        error = sysctl_handle_string(oidp, value, sizeof(value), req);
        if (error != 0 || req->newptr == NULL)
                return (error);
        mtx_lock(&lock);
        strlcpy(runparam, value, sizeof(runparam));
        mtx_unlock(&lock);
        return (0);
}

static int
sysctl_run(SYSCTL_HANDLER_ARGS)
{
        int value, error;

        mtx_lock(&lock);
        value = running;
        mtx_unlock(&lock);
        error = sysctl_handle_int(oidp, &value, 0, req);
        if (error != 0 || req->newptr == NULL)
                return (error);
        return (start());
}

static SYSCTL_NODE(_kern, OID_AUTO, mirage, CTLFLAG_RW | CTLFLAG_MPSAFE, NULL,
    "OCaml program in the kernel");
SYSCTL_PROC(_kern_mirage, OID_AUTO, debug, CTLTYPE_INT | CTLFLAG_RW | CTLFLAG_MPSAFE,
    NULL, 0, sysctl_debug, "I", "How much the module tells, 0 (nothing) to 3");
SYSCTL_PROC(_kern_mirage, OID_AUTO, runparam, CTLTYPE_STRING | CTLFLAG_RW | CTLFLAG_MPSAFE,
    NULL, 0, sysctl_runparam, "A", "OCAMLRUNPARAM of the next run");
SYSCTL_PROC(_kern_mirage, OID_AUTO, run, CTLTYPE_INT | CTLFLAG_RW | CTLFLAG_MPSAFE,
    NULL, 0, sysctl_run, "I", "1 while the program runs; any write starts it");
SYSCTL_INT(_kern_mirage, OID_AUTO, status, CTLFLAG_RD, &status, 0,
    "Exit code of the last run, -1 before the first");

/* ---- Module events. */

static int
load(void)
{
        size_t size = mirage_data_end - mirage_data_begin;

        pristine = malloc(size, M_MIRAGE, M_WAITOK);
        memcpy(pristine, mirage_data_begin, size);
        SAY(3, "loaded, %zu bytes of data\n", size);
        return (0);
}

static bool
busy(void)
{
        bool answer;

        mtx_lock(&lock);
        answer = running;
        mtx_unlock(&lock);
        if (answer)
                SAY(3, "unload refused, the program runs\n");
        return (answer);
}

static int
unload(void)
{
        mtx_lock(&lock);
        if (running) {
                mtx_unlock(&lock);
                return (EBUSY);
        }
        leaving = true;
        if (thread != NULL) {
                /* The lock is given up only once this sleeps, so the wake-up is not missed. */
                wakeup(&wanted);
                mtx_sleep(thread, &lock, 0, "mirend", 0);
        }
        mtx_unlock(&lock);
        free(pristine, M_MIRAGE);
        SAY(3, "unloaded\n");
        return (0);
}

static int
event(module_t mod __unused, int what, void *arg __unused)
{
        switch (what) {
        case MOD_LOAD:
                return (load());
        case MOD_QUIESCE:
                return (busy() ? EBUSY : 0);
        case MOD_UNLOAD:
                return (unload());
        case MOD_SHUTDOWN:
                return (0);
        default:
                return (EOPNOTSUPP);
        }
}

static moduledata_t mirage_mod = { "mirage", event, NULL };
DECLARE_MODULE(mirage, mirage_mod, SI_SUB_KLD, SI_ORDER_ANY);
MODULE_VERSION(mirage, 1);
