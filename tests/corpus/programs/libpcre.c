/* Groups, look-behind, UTF-8 with Unicode properties, and an error. */
#include <pcre.h>
#include <stdio.h>
#include <string.h>

static void match(const char *pattern, int options, const char *text) {
  const char *error;
  int place, found[30];
  pcre *re = pcre_compile(pattern, options, &error, &place, NULL);
  if (re == NULL) {
    printf("%s: %s at %d\n", pattern, error, place);
    return;
  }
  int count = pcre_exec(re, NULL, text, (int)strlen(text), 0, 0, found, 30);
  printf("%s: %d", pattern, count);
  for (int i = 0; i < count; i++) printf(" [%.*s]", found[2 * i + 1] - found[2 * i], text + found[2 * i]);
  puts("");
  pcre_free(re);
}

int main(void) {
  match("(\\w+)@(\\w+)\\.org", 0, "mail to someone@example.org now");
  match("(?<=a)b+(?!c)", 0, "bbb abbbc");
  match("^\\p{Lu}\\p{Ll}+$", PCRE_UTF8, "\xc3\x89t\xc3\xa9");
  match("(?i)STRASSE|stra\xc3\x9f" "e", PCRE_UTF8, "Stra\xc3\x9f" "e");
  match("(a|b", 0, "");
  printf("version %s\n", pcre_version());
  return 0;
}
