/* SPDX-License-Identifier: ISC
 *
 * The harness is two programs in one. kernel.c plays FreeBSD's kernel: it is compiled against
 * FreeBSD's headers, so that a function the module calls has exactly the declaration the kernel
 * gives it. The rest is an ordinary program of the build machine. No header of one world is
 * seen by the other; this file, in plain types, is all that both know.
 */
#ifndef HARNESS_H
#define HARNESS_H

#ifndef _KERNEL
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#endif

/* How the harness ends, by kind of failure; documented in docs/kfreebsd.md. */
enum verdict {
  FINE = 0,
  PROGRAM_FAILED = 1,     /* the program inside ended with a code other than 0 */
  USAGE = 2,              /* wrong command line, or a file that cannot be read */
  BAD_FORMAT = 3,         /* the kernel's linker would not take this file */
  UNDEFINED_SYMBOL = 4,   /* not on the list of the kernel's interface */
  BAD_RELOCATION = 5,     /* a type the kernel's linker does not know, or out of range */
  LOAD_REFUSED = 6,       /* the module answered its load event with an error */
  LEAK = 7,               /* memory or a thread was left behind */
  CRASH = 8,              /* a signal, a panic, or misuse of the kernel's interface */
  UNLOAD_WRONG = 9,       /* unloaded while running, or refused while idle */
  TIMED_OUT = 10,
  UNIMPLEMENTED = 11      /* on the list, but this harness does not have it */
};

/* ---- host.c, for kernel.c */

_Noreturn void host_fail(int verdict, const char *format, ...);
void host_vprint(const char *format, va_list args);   /* the kernel's console */
void host_note(const char *format, ...);              /* the harness's own voice */
void *host_alloc(size_t size, int zero, const void *type, const char *type_name, const void *caller);
void host_free(void *p, const void *type);
size_t host_leaks(const void *type);                  /* reports and counts; all types when NULL */
void host_thread_start(void *td, void (*f)(void *), void *arg, size_t stack);
_Noreturn void host_thread_exit(void);
void *host_self(void);                                /* NULL outside a kernel thread */
int host_threads(void);
/* One lock over the whole kernel's state; host_wait gives it up while it waits for a host_wake,
   at most ns (forever when negative). Its answer is 0 when the time was over. */
void host_lock(void);
void host_unlock(void);
int host_wait(int64_t ns);
void host_wake(void);
int64_t host_time(int since_1970);
void host_nap(int64_t ns);
void host_random(void *buf, size_t len);
const char *host_where(const void *address);          /* name+offset in the module, static */

/* ---- load.c */

struct image;
struct set { void **begin, **end; };                  /* empty when the module has none */
struct set image_set(const struct image *, const char *name);
const char *image_symbol(const struct image *, uintptr_t address, uintptr_t *offset);
struct image *image_load(const char *path, void *(*resolve)(const char *name));
void image_unload(struct image *);
void image_print(const struct image *);

/* ---- kernel.c, for host.c */

struct kernel_symbol { const char *name; void *address; };
extern const struct kernel_symbol kernel_symbols[];   /* ends with a null name */

int kernel_load(const struct image *);                /* 0, or FreeBSD's errno */
int kernel_unload(const struct image *);
void kernel_list_sysctls(const struct image *);
/* 0 or FreeBSD's errno; ENOENT (2) when there is no such variable. */
int kernel_sysctl_read_int(const struct image *, const char *name, int *value);
int kernel_sysctl_write_int(const struct image *, const char *name, int value);
int kernel_sysctl_write_string(const struct image *, const char *name, const char *value);
const char *kernel_strerror(int error);

#endif
