/* SPDX-License-Identifier: ISC
 *
 * Preloaded into the build tools of a test build (LD_PRELOAD): when one of them starts a program
 * of the target, the target's runner is started with it instead.
 *
 *   RUN_AS_TARGET          the runner's command line, words separated by blanks
 *   RUN_AS_TARGET_OBJECTS  what the target's programs are: "BITS ORDER MACHINE", such as
 *                          "64 little 183" (e_machine of the ELF header in decimal)
 *   RUN_AS_TARGET_ARGV0    the runner's option for the program's own name, such as "--argv0="; without it,
 *                          the program is told its path
 *
 * What the runner starts knows nothing of all this: none of the variables nor LD_PRELOAD reaches it.
 * Programs of the build machine are started as they would be anyway.
 *
 * Every function of the exec and posix_spawn families is here, because inside the C library they
 * do not call each other by name. exec may be called between vfork and the end of the child, so
 * nothing here allocates from the heap or writes to the parent's variables.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_WORDS 16            /* of the runner's command line */
#define MAX_LINE 4096

static const char *const hidden[] = {
  "LD_PRELOAD=", "RUN_AS_TARGET=", "RUN_AS_TARGET_OBJECTS=", "RUN_AS_TARGET_ARGV0="
};

static char runner_text[MAX_LINE], argv0_option[256];
static char *runner[MAX_WORDS + 1];
static int runner_words;
static int bits, order, machine;

/* The functions of the C library behind ours, found before main: afterwards it may be a child of vfork that asks. */
#define REAL(name) (*real_##name)
#define FIND(name) real_##name = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
static __typeof__(&execve) real_execve;
static __typeof__(&execvpe) real_execvpe;
static __typeof__(&fexecve) real_fexecve;
static __typeof__(&execveat) real_execveat;
static __typeof__(&posix_spawn) real_posix_spawn;
static __typeof__(&posix_spawnp) real_posix_spawnp;

__attribute__((constructor)) static void find_functions(void)
{
  FIND(execve), FIND(execvpe), FIND(fexecve), FIND(execveat), FIND(posix_spawn), FIND(posix_spawnp);
}

/* Read once: a program may change its environment and still start others. */
__attribute__((constructor)) static void read_settings(void)
{
  const char *command = getenv("RUN_AS_TARGET"), *objects = getenv("RUN_AS_TARGET_OBJECTS");
  const char *argv0 = getenv("RUN_AS_TARGET_ARGV0");
  char endian[8], *word, *rest;
  int size, number;

  if (command == NULL || objects == NULL || strlen(command) >= sizeof runner_text) return;
  if (sscanf(objects, "%d %7s %d", &size, endian, &number) != 3) return;
  bits = size == 64 ? ELFCLASS64 : ELFCLASS32;
  order = strcmp(endian, "little") == 0 ? ELFDATA2LSB : ELFDATA2MSB;
  machine = number;
  strcpy(runner_text, command);
  if (argv0 != NULL && strlen(argv0) < sizeof argv0_option) strcpy(argv0_option, argv0);
  for (word = strtok_r(runner_text, " ", &rest); word != NULL && runner_words < MAX_WORDS;
       word = strtok_r(NULL, " ", &rest))
    runner[runner_words++] = word;
}

/* ---- Whose program it is */

static int of_target(const char *path, int scripts);

static int header_fits(const unsigned char *head, ssize_t size)
{
  int number;

  if (size < 20 || memcmp(head, ELFMAG, SELFMAG) != 0) return 0;
  if (head[EI_CLASS] != bits || head[EI_DATA] != order) return 0;
  number = order == ELFDATA2LSB ? head[18] | head[19] << 8 : head[18] << 8 | head[19];
  return number == machine;
}

/* A script is the target's when its interpreter is: bytecode begins with the path of ocamlrun. */
static int script_fits(char *line, ssize_t size)
{
  char *start = line + 2, *end;

  line[size] = '\0';
  start += strspn(start, " \t");
  end = start + strcspn(start, " \t\n");
  *end = '\0';
  return *start == '/' && of_target(start, 0);
}

static int of_target(const char *path, int scripts)
{
  char head[256];
  ssize_t size;
  int before = errno, fd, answer = 0;

  if (runner_words == 0 || path == NULL) return 0;
  fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd >= 0) {
    size = read(fd, head, sizeof head - 1);
    close(fd);
    if (size > 2 && head[0] == '#' && head[1] == '!')
      answer = scripts && script_fits(head, size);
    else
      answer = header_fits((unsigned char *)head, size);
  }
  errno = before;
  return answer && access(path, X_OK) == 0;
}

/* Where execvp would find a name; NULL when it finds none. */
static const char *search(const char *name, char *found, size_t size)
{
  const char *path, *end;
  struct stat information;

  if (strchr(name, '/') != NULL) return name;
  path = getenv("PATH");
  if (path == NULL) return NULL;
  for (;; path = end + 1) {
    int length;

    end = strchrnul(path, ':');
    length = (int)(end - path);
    if (length == 0)
      snprintf(found, size, "./%s", name);
    else
      snprintf(found, size, "%.*s/%s", length, path, name);
    if (access(found, X_OK) == 0 && stat(found, &information) == 0 && S_ISREG(information.st_mode)) return found;
    if (*end == '\0') return NULL;
  }
}

/* ---- The other command line and environment, in the caller's memory */

static size_t length(char *const list[])
{
  size_t n = 0;

  while (list != NULL && list[n] != NULL) n++;
  return n;
}

static int is_hidden(const char *variable)
{
  size_t i;

  for (i = 0; i < sizeof hidden / sizeof *hidden; i++)
    if (strncmp(variable, hidden[i], strlen(hidden[i])) == 0) return 1;
  return 0;
}

/* RUNNER ARGV0-OPTION+NAME ... PATH ARGUMENTS: the option comes right after the runner's own name. */
static void fill(char **words, char **variables, char *option, const char *path, char *const argv[],
                 char *const envp[])
{
  size_t n = 0, i;

  words[n++] = runner[0];
  if (option[0] != '\0') words[n++] = option;
  for (i = 1; i < (size_t)runner_words; i++) words[n++] = runner[i];
  words[n++] = (char *)path;
  for (i = 1; i < length(argv); i++) words[n++] = argv[i];
  words[n] = NULL;
  n = 0;
  for (i = 0; i < length(envp); i++)
    if (!is_hidden(envp[i])) variables[n++] = envp[i];
  variables[n] = NULL;
}

#define OTHER(path, argv, envp) \
  char *words[length(argv) + MAX_WORDS + 3], *variables[length(envp) + 1], option[PATH_MAX]; \
  option[0] = '\0'; \
  if (argv0_option[0] != '\0' && length(argv) > 0 && strcmp(argv[0], path) != 0 && \
      strlen(argv[0]) < sizeof option - sizeof argv0_option) \
    snprintf(option, sizeof option, "%s%s", argv0_option, argv[0]); \
  fill(words, variables, option, path, argv, envp)

/* ---- exec */

int execve(const char *path, char *const argv[], char *const envp[])
{
  if (!of_target(path, 1)) return REAL(execve)(path, argv, envp);
  OTHER(path, argv, envp);
  return REAL(execve)(words[0], words, variables);
}

int execv(const char *path, char *const argv[]) { return execve(path, argv, environ); }

int execvpe(const char *name, char *const argv[], char *const envp[])
{
  char found[PATH_MAX];
  const char *path = search(name, found, sizeof found);

  if (path == NULL || !of_target(path, 1)) return REAL(execvpe)(name, argv, envp);
  return execve(path, argv, envp);
}

int execvp(const char *name, char *const argv[]) { return execvpe(name, argv, environ); }

int fexecve(int fd, char *const argv[], char *const envp[])
{
  char path[64];

  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (!of_target(path, 0)) return REAL(fexecve)(fd, argv, envp);
  return execve(path, argv, envp);
}

int execveat(int directory, const char *path, char *const argv[], char *const envp[], int flags)
{
  if ((directory != AT_FDCWD && path[0] != '/') || flags != 0 || !of_target(path, 1))
    return REAL(execveat)(directory, path, argv, envp, flags);
  return execve(path, argv, envp);
}

/* The functions with a list of arguments. */
#define LISTED(first, last) \
  va_list list; \
  size_t count = 1, i; \
  va_start(list, first); \
  while (va_arg(list, char *) != NULL) count++; \
  va_end(list); \
  char *argv[count + 1]; \
  va_start(list, first); \
  argv[0] = (char *)first; \
  for (i = 1; i <= count; i++) argv[i] = va_arg(list, char *); \
  last; \
  va_end(list)

int execl(const char *path, const char *first, ...)
{
  LISTED(first, (void)0);
  return execve(path, argv, environ);
}

int execlp(const char *name, const char *first, ...)
{
  LISTED(first, (void)0);
  return execvpe(name, argv, environ);
}

int execle(const char *path, const char *first, ...)
{
  char *const *envp;

  LISTED(first, envp = va_arg(list, char *const *));
  return execve(path, argv, envp);
}

/* ---- posix_spawn. A change of directory among the actions is not looked through: a relative
 * path that is only right there is taken for the build machine's. */

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
  if (!of_target(path, 1)) return REAL(posix_spawn)(pid, path, actions, attributes, argv, envp);
  OTHER(path, argv, envp);
  return REAL(posix_spawn)(pid, words[0], actions, attributes, words, variables);
}

int posix_spawnp(pid_t *pid, const char *name, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
  char found[PATH_MAX];
  const char *path = search(name, found, sizeof found);

  if (path == NULL || !of_target(path, 1)) return REAL(posix_spawnp)(pid, name, actions, attributes, argv, envp);
  return posix_spawn(pid, path, actions, attributes, argv, envp);
}
