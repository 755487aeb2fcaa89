/* SPDX-License-Identifier: ISC
 *
 * The anonymous private mappings OCaml's runtime asks for, served from the kernel's malloc.
 * There is no demand paging: what is reserved is used up at once.
 */
#ifndef KERN_SYS_MMAN_H
#define KERN_SYS_MMAN_H

#include <stddef.h>
#include <sys/types.h>

#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_SHARED 1
#define MAP_PRIVATE 2
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_ANON MAP_ANONYMOUS
#define MAP_FAILED ((void *)-1)

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
int munmap(void *addr, size_t len);

#endif
