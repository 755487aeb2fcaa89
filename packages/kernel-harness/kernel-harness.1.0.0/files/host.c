/* SPDX-License-Identifier: ISC
 *
 * kernel-harness [OPTION]... MODULE.ko
 *
 * Brings a FreeBSD/amd64 kernel module up, starts its program through kern.mirage.run, waits
 * for it, and takes the module down, in an ordinary process. What this file supplies is what
 * kernel.c needs of a machine: memory, threads, time, a console.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "harness.h"

#define NS_PER_S 1000000000LL

static struct image *image;

/* ---- Messages: the console is standard output, the harness itself standard error. */

static void note(const char *format, va_list args)
{
  fflush(stdout);
  fputs("harness: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
}

void host_note(const char *format, ...)
{
  va_list args;

  va_start(args, format);
  note(format, args);
  va_end(args);
}

void host_fail(int verdict, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  note(format, args);
  va_end(args);
  fflush(stdout);
  _exit(verdict);
}

void host_vprint(const char *format, va_list args)
{
  vprintf(format, args);
  fflush(stdout);
}

const char *host_where(const void *address)
{
  static _Thread_local char text[256];
  uintptr_t offset;
  const char *name = image != NULL ? image_symbol(image, (uintptr_t)address, &offset) : NULL;

  if (name != NULL) snprintf(text, sizeof text, "%s+%#lx", name, (unsigned long)offset);
  else snprintf(text, sizeof text, "%p, outside the module", address);
  return text;
}

/* ---- One lock over the kernel's state */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;

void host_lock(void) { pthread_mutex_lock(&lock); }
void host_unlock(void) { pthread_mutex_unlock(&lock); }
void host_wake(void) { pthread_cond_broadcast(&changed); }

int host_wait(int64_t ns)
{
  struct timespec until;

  if (ns < 0) return pthread_cond_wait(&changed, &lock) == 0;
  ns += host_time(0);
  until.tv_sec = ns / NS_PER_S;
  until.tv_nsec = ns % NS_PER_S;
  return pthread_cond_timedwait(&changed, &lock, &until) == 0;
}

/* ---- Memory: every block is known until it is freed. The block's own bytes are not zero, as
   in a kernel with INVARIANTS, and what is written behind it is found out. */

#define JUNK 0xde
#define BEHIND 64

/* Blocks of a page and more begin on a page, as malloc(9) has it; so much room is before each. */
static size_t before(size_t size) { return size >= 4096 ? 4096 : 64; }

static void fence(unsigned char *p, size_t n)
{
  size_t i;

  for (i = 0; i < n; i++) p[i] = (unsigned char)(0xa5 ^ i);
}

static int fenced(const unsigned char *p, size_t n)
{
  size_t i;

  for (i = 0; i < n; i++)
    if (p[i] != (unsigned char)(0xa5 ^ i)) return 0;
  return 1;
}

struct block {
  struct block *next, **previous;
  const void *type;
  const char *type_name;
  const void *caller;
  size_t size;
  unsigned char *memory;
};
#define BUCKETS 65536
static struct block *blocks[BUCKETS];
static pthread_mutex_t memory_lock = PTHREAD_MUTEX_INITIALIZER;

static struct block **bucket(const void *p) { return &blocks[((uintptr_t)p >> 4) % BUCKETS]; }

void *host_alloc(size_t size, int zero, const void *type, const char *type_name, const void *caller)
{
  struct block *b = malloc(sizeof *b), **head;
  unsigned char *memory;
  void *raw;

  if (b == NULL || size > SIZE_MAX / 2 ||
      posix_memalign(&raw, before(size), before(size) + size + BEHIND) != 0) {
    free(b);
    return NULL;
  }
  memory = (unsigned char *)raw + before(size);
  fence(raw, before(size));
  memset(memory, zero ? 0 : JUNK, size);
  fence(memory + size, BEHIND);
  *b = (struct block){ .type = type, .type_name = type_name, .caller = caller, .size = size, .memory = memory };
  pthread_mutex_lock(&memory_lock);
  head = bucket(memory);
  b->next = *head;
  b->previous = head;
  if (*head != NULL) (*head)->previous = &b->next;
  *head = b;
  pthread_mutex_unlock(&memory_lock);
  return memory;
}

void host_free(void *p, const void *type)
{
  struct block *b;

  pthread_mutex_lock(&memory_lock);
  for (b = *bucket(p); b != NULL && b->memory != p; b = b->next) continue;
  if (b == NULL) host_fail(CRASH, "free of %p, which is not allocated", p);
  if (b->type != type) host_fail(CRASH, "free of %p with another type than %s", p, b->type_name);
  if (!fenced(b->memory + b->size, BEHIND))
    host_fail(CRASH, "written behind the %zu bytes that %s allocated", b->size, host_where(b->caller));
  if (!fenced(b->memory - before(b->size), before(b->size)))
    host_fail(CRASH, "written before the %zu bytes that %s allocated", b->size, host_where(b->caller));
  *b->previous = b->next;
  if (b->next != NULL) b->next->previous = b->previous;
  pthread_mutex_unlock(&memory_lock);
  memset(b->memory, JUNK, b->size);
  free(b->memory - before(b->size));
  free(b);
}

size_t host_leaks(const void *type)
{
  size_t n = 0;
  unsigned i;
  struct block *b;

  pthread_mutex_lock(&memory_lock);
  for (i = 0; i < BUCKETS; i++)
    for (b = blocks[i]; b != NULL; b = b->next) {
      if (type != NULL && b->type != type) continue;
      if (n++ < 20)
        host_note("leaked: %zu bytes of type %s at %p, allocated by %s", b->size, b->type_name,
                  (void *)b->memory, host_where(b->caller));
    }
  pthread_mutex_unlock(&memory_lock);
  return n;
}

/* ---- Threads, on a stack of the size the module asked for and a guard page below it */

struct thread {
  void *td;
  void (*f)(void *);
  void *arg;
  void *alternate;
};
static _Thread_local struct thread *self;
static int threads;

void *host_self(void) { return self != NULL ? self->td : NULL; }

static void alternate_stack(void *memory)
{
  stack_t stack = { .ss_sp = memory, .ss_size = 65536 };

  sigaltstack(&stack, NULL);
}

static void block_interrupts(int how);

static void *thread_main(void *p)
{
  self = p;
  alternate_stack(self->alternate);
  block_interrupts(SIG_UNBLOCK);
  self->f(self->arg);
  host_fail(CRASH, "a kernel thread returned; it must call kthread_exit");
}

void host_thread_start(void *td, void (*f)(void *), void *arg, size_t stack)
{
  struct thread *t = calloc(1, sizeof *t);
  pthread_attr_t attr;
  pthread_t id;
  char *memory = mmap(NULL, stack + 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (t == NULL || memory == MAP_FAILED) host_fail(USAGE, "no memory");
  mprotect(memory, 4096, PROT_NONE);
  *t = (struct thread){ .td = td, .f = f, .arg = arg, .alternate = malloc(65536) };
  pthread_mutex_lock(&lock);
  threads++;
  pthread_mutex_unlock(&lock);
  pthread_attr_init(&attr);
  pthread_attr_setstack(&attr, memory + 4096, stack);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  if (pthread_create(&id, &attr, thread_main, t) != 0) host_fail(USAGE, "no thread");
  pthread_attr_destroy(&attr);
}

void host_thread_exit(void)
{
  block_interrupts(SIG_BLOCK); /* glibc's own end of a thread is no business of theirs */
  pthread_mutex_lock(&lock);
  threads--;
  host_wake();
  pthread_mutex_unlock(&lock);
  pthread_exit(NULL);
}

int host_threads(void)
{
  int n;

  pthread_mutex_lock(&lock);
  n = threads;
  pthread_mutex_unlock(&lock);
  return n;
}

/* ---- Time and chance */

int64_t host_time(int since_1970)
{
  struct timespec ts;

  clock_gettime(since_1970 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

void host_nap(int64_t ns)
{
  /* Until a moment, not for what is left: each interrupt would add the time that the clock rounds up. */
  int64_t until = host_time(0) + ns;
  struct timespec ts = { .tv_sec = until / NS_PER_S, .tv_nsec = until % NS_PER_S };

  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) continue;
}

void host_random(void *buf, size_t len)
{
  FILE *f = fopen("/dev/urandom", "rb");

  if (f == NULL || fread(buf, 1, len, f) != len) host_fail(USAGE, "no random bytes");
  fclose(f);
}

/* ---- Crashes */

static void on_signal(int sig, siginfo_t *info, void *context)
{
  const ucontext_t *u = context;
  const void *pc = (const void *)u->uc_mcontext.gregs[REG_RIP];
  const char *name = sig == SIGSEGV ? "SIGSEGV" : sig == SIGBUS ? "SIGBUS" :
                     sig == SIGILL ? "SIGILL" : sig == SIGFPE ? "SIGFPE" :
                     sig == SIGTRAP ? "SIGTRAP" : "SIGABRT";

  if (sig == SIGSEGV || sig == SIGBUS)
    host_fail(CRASH, "crash: %s at address %p in %s", name, info->si_addr, host_where(pc));
  host_fail(CRASH, "crash: %s in %s", name, host_where(pc));
}

static void catch_signals(void)
{
  static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT };
  struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
  unsigned i;

  alternate_stack(malloc(65536));
  for (i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
}

/* ---- Interrupts: on amd64 they use whatever stack is current, so this one writes to the stack
   below what it finds, as a handler would. The thread that loads the module gets none. */

static size_t interrupt_room;

static __attribute__((noinline)) void use_stack(void)
{
  volatile unsigned char room[interrupt_room];
  size_t i;

  for (i = 0; i < interrupt_room; i++) room[i] = JUNK;
}

static volatile sig_atomic_t interrupts;

static void on_interrupt(int sig)
{
  (void)sig;
  interrupts++;
  use_stack();
}

static void begin_interrupts(int kib)
{
  struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = SA_RESTART };
  struct itimerval often = { { 0, 50 }, { 0, 50 } };

  interrupt_room = (size_t)kib * 1024;
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &often, NULL);
}

static void block_interrupts(int how)
{
  sigset_t set;

  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  pthread_sigmask(how, &set, NULL);
}

/* ---- The list of the kernel's interface: lines NAME HEADER, # begins a comment */

struct allowed { char name[128], header[128]; };
static struct allowed *allowed;
static size_t nallowed;

static void read_allowed(const char *path)
{
  FILE *f = fopen(path, "r");
  char line[512];
  int number = 0;

  if (f == NULL) host_fail(USAGE, "%s: cannot be opened", path);
  while (fgets(line, sizeof line, f) != NULL) {
    struct allowed a, *more;
    char rest[8];

    number++;
    line[strcspn(line, "#\n")] = '\0';
    if (line[strspn(line, " \t")] == '\0') continue;
    if (sscanf(line, "%127s %127s %7s", a.name, a.header, rest) != 2)
      host_fail(USAGE, "%s:%d: not a name and a header", path, number);
    more = realloc(allowed, (nallowed + 1) * sizeof a);
    if (more == NULL) host_fail(USAGE, "no memory");
    allowed = more;
    allowed[nallowed++] = a;
  }
  fclose(f);
}

/* share/kernel-harness/kernel.allow of the prefix this program is in. */
static const char *default_list(void)
{
  static char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
  char *slash;
  int up;

  if (n < 0) host_fail(USAGE, "cannot find kernel.allow; use --allow");
  path[n] = '\0';
  for (up = 0; up < 2; up++) {
    slash = strrchr(path, '/');
    if (slash == NULL) host_fail(USAGE, "cannot find kernel.allow; use --allow");
    *slash = '\0';
  }
  strcat(path, "/share/kernel-harness/kernel.allow");
  return path;
}

static int list_symbols;
static unsigned nused;

static void *resolve(const char *name)
{
  const struct kernel_symbol *s;
  size_t i;

  for (i = 0; i < nallowed && strcmp(allowed[i].name, name) != 0; i++) continue;
  if (i == nallowed) return NULL;
  for (s = kernel_symbols; s->name != NULL; s++)
    if (strcmp(s->name, name) == 0) {
      if (list_symbols) host_note("uses %s (%s)", name, allowed[i].header);
      nused++;
      return s->address;
    }
  host_fail(UNIMPLEMENTED, "%s (%s) is in the kernel's interface, but not in this harness", name,
            allowed[i].header);
}

/* ---- The command line, and what happens in order */

struct options {
  const char *module, *allow, *runparam;
  int debug, runs, timeout, interrupts, try_unload, check;
};

static int number(const char *option, const char *text, int low, int high)
{
  char *end;
  long n = strtol(text, &end, 10);

  if (*text == '\0' || *end != '\0' || n < low || n > high)
    host_fail(USAGE, "%s takes a number from %d to %d, not %s", option, low, high, text);
  return (int)n;
}

static const char usage[] =
  "usage: kernel-harness [OPTION]... MODULE.ko\n"
  "  --runparam TEXT    write TEXT to kern.mirage.runparam (OCAMLRUNPARAM)\n"
  "  --debug N          write N to kern.mirage.debug (0 to 3)\n"
  "  --runs N           start the program N times, one after the other (default 1, 0: only load)\n"
  "  --check            load and relocate only, run nothing of the module\n"
  "  --try-unload       check that unloading is refused while the program runs\n"
  "  --interrupts KIB   interrupt the program's thread all the time and use KIB KiB of its stack\n"
  "  --timeout SECONDS  of each run (default 300)\n"
  "  --symbols          name every symbol the module uses, with its header\n"
  "  --allow FILE       symbols a module may use, lines NAME HEADER\n";

static struct options parse(int argc, char **argv)
{
  struct options o = { .debug = -1, .runs = 1, .timeout = 300 };
  int i;

  for (i = 1; i < argc; i++) {
    const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;

    if (strcmp(a, "--help") == 0) {
      fputs(usage, stdout);
      exit(0);
    }
    if (strcmp(a, "--try-unload") == 0) {
      o.try_unload = 1;
      continue;
    }
    if (strcmp(a, "--symbols") == 0) {
      list_symbols = 1;
      continue;
    }
    if (strcmp(a, "--check") == 0) {
      o.check = 1;
      continue;
    }
    if (a[0] != '-') {
      if (o.module != NULL) host_fail(USAGE, "one module only\n%s", usage);
      o.module = a;
      continue;
    }
    if (value == NULL) host_fail(USAGE, "%s: unknown, or its value is missing\n%s", a, usage);
    if (strcmp(a, "--runparam") == 0) o.runparam = value;
    else if (strcmp(a, "--allow") == 0) o.allow = value;
    else if (strcmp(a, "--debug") == 0) o.debug = number(a, value, 0, 3);
    else if (strcmp(a, "--runs") == 0) o.runs = number(a, value, 0, 1000);
    else if (strcmp(a, "--interrupts") == 0) o.interrupts = number(a, value, 1, 64);
    else if (strcmp(a, "--timeout") == 0) o.timeout = number(a, value, 1, 86400);
    else host_fail(USAGE, "%s: unknown option\n%s", a, usage);
    i++;
  }
  if (o.module == NULL) host_fail(USAGE, "no module\n%s", usage);
  return o;
}

static void must(int error, const char *what)
{
  if (error != 0) host_fail(LOAD_REFUSED, "%s: %s", what, kernel_strerror(error));
}

static void run_once(const struct options *o)
{
  int64_t until = host_time(0) + o->timeout * NS_PER_S;
  int running = 1, status = 0;

  host_note("sysctl kern.mirage.run=1");
  must(kernel_sysctl_write_int(image, "kern.mirage.run", 1), "kern.mirage.run");
  if (o->try_unload) {
    int error = kernel_unload(image);

    if (error == 0) host_fail(UNLOAD_WRONG, "the module let itself be unloaded while its program ran");
    host_note("unload while running: refused, %s", kernel_strerror(error));
  }
  while (kernel_sysctl_read_int(image, "kern.mirage.run", &running) == 0 && running != 0) {
    if (host_time(0) > until) host_fail(TIMED_OUT, "the program still runs after %d s", o->timeout);
    host_nap(1000000);
  }
  if (kernel_sysctl_read_int(image, "kern.mirage.status", &status) == 0 && status != 0)
    host_fail(PROGRAM_FAILED, "the program ended with code %d", status);
}

static void unload(void)
{
  int64_t until = host_time(0) + 10 * NS_PER_S;
  int error = kernel_unload(image);

  if (error != 0) host_fail(UNLOAD_WRONG, "unload refused: %s", kernel_strerror(error));
  while (host_threads() > 0) {
    if (host_time(0) > until) host_fail(LEAK, "leaked: %d kernel thread(s) still in the module", host_threads());
    host_nap(1000000);
  }
  if (host_leaks(NULL) > 0) host_fail(LEAK, "the module left memory behind");
  image_unload(image);
  image = NULL;
  host_note("unloaded; no memory and no thread left");
}

int main(int argc, char **argv)
{
  struct options o = parse(argc, argv);
  pthread_condattr_t attr;
  int i;

  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&changed, &attr);
  catch_signals();
  block_interrupts(SIG_BLOCK);
  read_allowed(o.allow != NULL ? o.allow : default_list());
  image = image_load(o.module, resolve);
  host_note("uses %u symbols of the kernel, all of them on the list", nused);
  image_print(image);
  if (o.check) return FINE;
  must(kernel_load(image), "load");
  if (o.debug >= 0) must(kernel_sysctl_write_int(image, "kern.mirage.debug", o.debug), "kern.mirage.debug");
  if (o.runparam != NULL)
    must(kernel_sysctl_write_string(image, "kern.mirage.runparam", o.runparam), "kern.mirage.runparam");
  kernel_list_sysctls(image);
  if (o.interrupts > 0) begin_interrupts(o.interrupts);
  for (i = 0; i < o.runs; i++) run_once(&o);
  if (o.interrupts > 0) host_note("%d interrupts", (int)interrupts);
  unload();
  return FINE;
}
