/* SPDX-License-Identifier: ISC
 *
 * The part of POSIX that OCaml's runtime and its C library ask for, on top of kern.h. A kernel
 * program has memory, clocks, a console and nothing else: no files, no processes, no signals.
 * What is not there answers with an error that OCaml turns into Sys_error.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "kern.h"

#define NS_PER_S 1000000000ULL

/* Memory. realloc must know a block's size: it stands in the 16 bytes before the block, which
   keep the alignment. Pages asked for by mmap have no such header. */

#define HEADER 16

void *malloc(size_t size)
{
  size_t *block;

  if (size > SIZE_MAX - HEADER || (block = mirage_kern_alloc(size + HEADER)) == NULL) {
    errno = ENOMEM;
    return NULL;
  }
  block[0] = size;
  return (char *)block + HEADER;
}

static size_t size_of(void *p) { return *(size_t *)((char *)p - HEADER); }

void free(void *p)
{
  if (p != NULL) mirage_kern_free((char *)p - HEADER);
}

void *calloc(size_t n, size_t size)
{
  size_t total;
  void *p;

  if (__builtin_mul_overflow(n, size, &total)) {
    errno = ENOMEM;
    return NULL;
  }
  p = malloc(total);
  if (p != NULL) memset(p, 0, total);
  return p;
}

void *realloc(void *old, size_t size)
{
  void *p;
  size_t had;

  if (old == NULL) return malloc(size);
  p = malloc(size);
  if (p == NULL) return NULL;
  had = size_of(old);
  memcpy(p, old, had < size ? had : size);
  free(old);
  return p;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
  void *p;

  (void)off;
  if ((flags & MAP_ANONYMOUS) == 0 || fd != -1 || len == 0) {
    errno = EINVAL;
    return MAP_FAILED;
  }
  if (flags & MAP_FIXED) {
    /* Part of an earlier mapping is committed or given back; it stays ours either way. */
    if (prot & PROT_WRITE) memset(addr, 0, len);
    return addr;
  }
  p = mirage_kern_map(len);
  if (p == NULL) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return p;
}

int munmap(void *addr, size_t len)
{
  (void)len;
  mirage_kern_unmap(addr);
  return 0;
}

long sysconf(int name)
{
  switch (name) {
  case _SC_PAGESIZE: return 4096;
  case _SC_NPROCESSORS_ONLN: return 1;
  default: errno = EINVAL; return -1;
  }
}

/* Time. */

int clock_gettime(clockid_t clock, struct timespec *ts)
{
  uint64_t ns = clock == CLOCK_REALTIME ? mirage_kern_walltime() : mirage_kern_uptime();

  ts->tv_sec = (time_t)(ns / NS_PER_S);
  ts->tv_nsec = (long)(ns % NS_PER_S);
  return 0;
}

int gettimeofday(struct timeval *tv, void *zone)
{
  uint64_t ns = mirage_kern_walltime();

  (void)zone;
  tv->tv_sec = (time_t)(ns / NS_PER_S);
  tv->tv_usec = (suseconds_t)(ns % NS_PER_S / 1000);
  return 0;
}

time_t time(time_t *t)
{
  time_t now = (time_t)(mirage_kern_walltime() / NS_PER_S);

  if (t != NULL) *t = now;
  return now;
}

/* The thread's own processor time is not asked of the kernel: time since boot bounds it. */
clock_t times(struct tms *t)
{
  clock_t ticks = (clock_t)(mirage_kern_uptime() / (NS_PER_S / CLOCKS_PER_SEC));

  memset(t, 0, sizeof *t);
  t->tms_utime = ticks;
  return ticks;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
  mirage_kern_sleep((uint64_t)wanted->tv_sec * NS_PER_S + (uint64_t)wanted->tv_nsec);
  if (left != NULL) memset(left, 0, sizeof *left);
  return 0;
}

int usleep(useconds_t us)
{
  mirage_kern_sleep((uint64_t)us * 1000);
  return 0;
}

int getentropy(void *buf, size_t len)
{
  mirage_kern_random(buf, len);
  return 0;
}

/* The console. */

ssize_t write(int fd, const void *buf, size_t len)
{
  if (fd != STDOUT_FILENO && fd != STDERR_FILENO) {
    errno = EBADF;
    return -1;
  }
  mirage_kern_write(buf, len);
  return (ssize_t)len;
}

ssize_t read(int fd, void *buf, size_t len)
{
  (void)buf;
  (void)len;
  if (fd == STDIN_FILENO) return 0; /* end of file */
  errno = EBADF;
  return -1;
}

off_t lseek(int fd, off_t off, int whence)
{
  (void)off;
  (void)whence;
  errno = fd <= STDERR_FILENO ? ESPIPE : EBADF;
  return -1;
}

int close(int fd)
{
  if (fd <= STDERR_FILENO) return 0;
  errno = EBADF;
  return -1;
}

int isatty(int fd) { return fd <= STDERR_FILENO; }

/* Files: there is no file system. */

static int no_files(void)
{
  errno = ENOENT;
  return -1;
}

int open(const char *path, int flags, ...) { (void)path; (void)flags; return no_files(); }
int stat(const char *path, struct stat *st) { (void)path; (void)st; return no_files(); }
int fstat(int fd, struct stat *st) { (void)fd; (void)st; errno = EBADF; return -1; }
int unlink(const char *path) { (void)path; return no_files(); }
int ftruncate(int fd, off_t len) { (void)fd; (void)len; errno = EBADF; return -1; }
int rename(const char *from, const char *to) { (void)from; (void)to; return no_files(); }
int mkdir(const char *path, mode_t mode) { (void)path; (void)mode; return no_files(); }
int rmdir(const char *path) { (void)path; return no_files(); }
int chdir(const char *path) { (void)path; return no_files(); }
char *getcwd(char *buf, size_t size) { (void)buf; (void)size; no_files(); return NULL; }

/* The process. */

pid_t getpid(void) { return 1; }
pid_t getppid(void) { return 0; }
int kill(pid_t pid, int sig) { (void)pid; (void)sig; errno = ESRCH; return -1; }
_sig_func_ptr signal(int sig, _sig_func_ptr handler) { (void)sig; (void)handler; errno = EINVAL; return SIG_ERR; }
int raise(int sig) { (void)sig; abort(); }

char *getenv(const char *name)
{
  const char *value = mirage_kern_runparam();

  return strcmp(name, "OCAMLRUNPARAM") == 0 && *value != '\0' ? (char *)value : NULL;
}

char *secure_getenv(const char *name) { return getenv(name); }

/* What the C library would take if it is there. The kernel's linker has not always known weak
   references, so none is left open. */

char *_user_strerror(int error, int internal, int *result)
{
  (void)error;
  (void)internal;
  (void)result;
  return NULL;
}

FILE *const *const libkern_streams[] = { &stdin, &stdout };
