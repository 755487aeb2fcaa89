/* Adds two numbers; "-" reads them from the input, "wait" waits for SIGTERM, "abort" aborts. Says what leaked into its
 * environment. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int add(int, int);

static void on_term(int number)
{
  (void)number;
  if (write(1, "told\n", 5) != 5) _exit(1);
  _exit(6);
}

int main(int argc, char **argv)
{
  int a = 0, b = 0;

  if (getenv("LD_PRELOAD") != NULL || getenv("RUN_AS_TARGET") != NULL) {
    puts("the test build is seen in the environment");
    return 1;
  }
  if (argc > 1 && strcmp(argv[1], "abort") == 0) abort();
  if (argc > 1 && strcmp(argv[1], "wait") == 0) {
    signal(SIGTERM, on_term);
    puts("ready");
    fflush(stdout);
    for (;;) pause();
  }
  if (argc > 2) {
    a = atoi(argv[1]);
    b = atoi(argv[2]);
  } else if (scanf("%d %d", &a, &b) != 2)
    return 1;
  printf("%d\n", add(a, b));
  return add(a, b) == 3 ? 0 : 3;
}
