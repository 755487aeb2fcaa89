/* Reads an .INI text with sections, comments, continued lines and a mistake. */
#include <ini.h>
#include <stdio.h>

static int seen(void *count, const char *section, const char *name, const char *value) {
  ++*(int *)count;
  printf("[%s] %s = %s\n", section, name, value);
  return 1;
}

int main(void) {
  int count = 0;
  int line = ini_parse_string("top = 1\n; comment\n[one]\na: b ; inline\nlong = first\n  second\n[two]\nwrong\nc = d\n",
                              seen, &count);
  printf("%d values, mistake in line %d\n", count, line);
  return 0;
}
