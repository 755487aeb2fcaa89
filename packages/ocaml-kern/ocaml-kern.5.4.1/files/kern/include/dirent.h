/* SPDX-License-Identifier: ISC
 *
 * Directories: none can be opened.
 */
#ifndef KERN_DIRENT_H
#define KERN_DIRENT_H

#include <errno.h>
#include <stddef.h>

typedef int DIR;
struct dirent { char d_name[256]; };

static inline DIR *opendir(const char *path) { (void)path; errno = ENOENT; return NULL; }
static inline struct dirent *readdir(DIR *d) { (void)d; return NULL; }
static inline int closedir(DIR *d) { (void)d; return 0; }

#endif
