/* SPDX-License-Identifier: ISC
 *
 * POSIX threads for a program that has exactly one: the kernel thread that runs it.
 * Locks are free, a condition that would have to be waited for can never come true, and a
 * second thread is refused with EAGAIN (OCaml's Domain.spawn then raises Failure).
 */
#ifndef KERN_PTHREAD_H
#define KERN_PTHREAD_H

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

typedef int pthread_t;
typedef int pthread_attr_t;
typedef struct { int kind; int held; } pthread_mutex_t;
typedef int pthread_mutexattr_t;
typedef int pthread_cond_t;
typedef int pthread_condattr_t;

#define PTHREAD_MUTEX_NORMAL 0
#define PTHREAD_MUTEX_ERRORCHECK 1
#define PTHREAD_MUTEX_RECURSIVE 2
#define PTHREAD_MUTEX_DEFAULT PTHREAD_MUTEX_NORMAL
#define PTHREAD_MUTEX_INITIALIZER { PTHREAD_MUTEX_NORMAL, 0 }
#define PTHREAD_COND_INITIALIZER 0
#define PTHREAD_CREATE_JOINABLE 0
#define PTHREAD_CANCELED ((void *)-1)

static inline pthread_t pthread_self(void) { return 1; }
static inline int pthread_equal(pthread_t a, pthread_t b) { return a == b; }
static inline int pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *x)
{ (void)t; (void)a; (void)f; (void)x; return EAGAIN; }
int pthread_join(pthread_t t, void **result); /* in libkern.a: configure looks for a symbol */
static inline int pthread_detach(pthread_t t) { (void)t; return ESRCH; }
static inline int pthread_cancel(pthread_t t) { (void)t; return ESRCH; }
static inline void pthread_exit(void *r) { (void)r; exit(0); }
/* Nothing cancels the thread: handlers run when they are popped and asked for, or never. */
#define pthread_cleanup_push(f, x) { void (*cleanup_)(void *) = (f); void *cleanup_arg_ = (x);
#define pthread_cleanup_pop(run) if (run) cleanup_(cleanup_arg_); else (void)cleanup_arg_; }
static inline int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{ (void)how; (void)set; if (old != NULL) *old = 0; return 0; }

static inline int pthread_attr_init(pthread_attr_t *a) { *a = 0; return 0; }
static inline int pthread_attr_destroy(pthread_attr_t *a) { (void)a; return 0; }
static inline int pthread_attr_setdetachstate(pthread_attr_t *a, int s) { (void)a; (void)s; return 0; }

static inline int pthread_mutexattr_init(pthread_mutexattr_t *a) { *a = PTHREAD_MUTEX_DEFAULT; return 0; }
static inline int pthread_mutexattr_settype(pthread_mutexattr_t *a, int kind) { *a = kind; return 0; }
static inline int pthread_mutexattr_destroy(pthread_mutexattr_t *a) { (void)a; return 0; }

static inline int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a)
{ m->kind = a != NULL ? *a : PTHREAD_MUTEX_DEFAULT; m->held = 0; return 0; }
static inline int pthread_mutex_destroy(pthread_mutex_t *m) { (void)m; return 0; }
static inline int pthread_mutex_trylock(pthread_mutex_t *m)
{
  if (m->held != 0 && m->kind != PTHREAD_MUTEX_RECURSIVE) return EBUSY;
  m->held++;
  return 0;
}
static inline int pthread_mutex_lock(pthread_mutex_t *m)
{
  /* Nobody else could ever unlock it: every kind answers like an error-checking mutex. */
  if (m->held != 0 && m->kind != PTHREAD_MUTEX_RECURSIVE) return EDEADLK;
  m->held++;
  return 0;
}
static inline int pthread_mutex_unlock(pthread_mutex_t *m)
{
  if (m->held == 0) return EPERM;
  m->held--;
  return 0;
}

static inline int pthread_condattr_init(pthread_condattr_t *a) { *a = 0; return 0; }
static inline int pthread_condattr_destroy(pthread_condattr_t *a) { (void)a; return 0; }
static inline int pthread_condattr_setclock(pthread_condattr_t *a, clockid_t c) { (void)a; (void)c; return 0; }
static inline int pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *a)
{ (void)a; *c = 0; return 0; }
static inline int pthread_cond_destroy(pthread_cond_t *c) { (void)c; return 0; }
static inline int pthread_cond_signal(pthread_cond_t *c) { (void)c; return 0; }
static inline int pthread_cond_broadcast(pthread_cond_t *c) { (void)c; return 0; }
static inline int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{ (void)c; (void)m; return EDEADLK; }

#endif
