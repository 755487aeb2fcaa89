/* SPDX-License-Identifier: ISC
 *
 * What the OCaml program needs of the kernel, in types both sides agree on. The program's side
 * is compiled against the C library's headers, the kernel's side (the module glue) against
 * FreeBSD's; no header of one is ever seen by the other. The glue implements these functions.
 * All are called in the program's own thread only.
 */
#ifndef KERN_H
#define KERN_H

#ifndef _KERNEL /* FreeBSD's sys/param.h and sys/systm.h have these types */
#include <stddef.h>
#include <stdint.h>
#endif

/* SIZE bytes, aligned to 16, or to a page for mirage_kern_map (then also zeroed). NULL when
   the kernel has none to give. */
void *mirage_kern_alloc(size_t size);
void mirage_kern_free(void *p);
void *mirage_kern_map(size_t size);
void mirage_kern_unmap(void *p);

/* Writes to the system's console and log. */
void mirage_kern_write(const char *buf, size_t len);

/* Nanoseconds since boot (never goes back), and since 1970 UTC. */
uint64_t mirage_kern_uptime(void);
uint64_t mirage_kern_walltime(void);
/* Blocks the thread; returns at once for 0. */
void mirage_kern_sleep(uint64_t ns);
/* Bytes of the kernel's random generator; it never blocks. */
void mirage_kern_random(void *buf, size_t len);

/* The text of the sysctl kern.mirage.runparam; valid while the program runs. */
const char *mirage_kern_runparam(void);

/* The program, called by the glue: runs it to its end and returns its exit code. */
int mirage_program(void);

#endif
