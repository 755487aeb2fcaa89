/* Descriptions of terminals without a database, and what is sent to one. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <term.h>

static void show(const char *text) {
  for (; *text; text++) {
    if (*text >= ' ' && *text <= '~')
      putchar(*text);
    else
      printf("<%02x>", (unsigned char)*text);
  }
  puts("");
}

static void describe(const char *name) {
  int result;
  if (setupterm(name, 1, &result) != OK) {
    printf("%s: unknown (%d)\n", name, result);
    return;
  }
  printf("%s: %d colours, ", name, tigetnum("colors"));
  show(tiparm(tigetstr("cup"), 3, 7));
  del_curterm(cur_term);
}

int main(void) {
  static char sent[10000];
  setenv("TERMINFO", "/none", 1);
  setenv("TERMINFO_DIRS", "/none", 1);
  setenv("LINES", "5", 1);
  setenv("COLUMNS", "40", 1);
  describe("xterm-256color");
  describe("linux");
  describe("vt100");
  describe("no-such-terminal");
  FILE *out = tmpfile();
  SCREEN *screen = newterm("xterm", out, stdin);
  mvprintw(2, 5, "%s", "text");
  attron(A_BOLD);
  mvaddch(3, 5, ACS_HLINE);
  attroff(A_BOLD);
  refresh();
  endwin();
  delscreen(screen);
  fflush(out);
  rewind(out);
  sent[fread(sent, 1, sizeof sent - 1, out)] = '\0';
  show(sent);
  puts(curses_version());
  return 0;
}
