/* Groups by name, Unicode properties, substitution, and an error. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

static pcre2_code *compile(const char *pattern, uint32_t options) {
  int error;
  PCRE2_SIZE place;
  pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &error, &place, NULL);
  if (re == NULL) {
    PCRE2_UCHAR message[120];
    pcre2_get_error_message(error, message, sizeof message);
    printf("%s: %s at %zu\n", pattern, (char *)message, (size_t)place);
  }
  return re;
}

static void match(const char *pattern, uint32_t options, const char *text) {
  pcre2_code *re = compile(pattern, options);
  if (re == NULL) return;
  pcre2_match_data *data = pcre2_match_data_create_from_pattern(re, NULL);
  int count = pcre2_match(re, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, data, NULL);
  PCRE2_SIZE *found = pcre2_get_ovector_pointer(data);
  printf("%s: %d", pattern, count);
  for (int i = 0; i < count; i++) printf(" [%.*s]", (int)(found[2 * i + 1] - found[2 * i]), text + found[2 * i]);
  puts("");
  pcre2_match_data_free(data);
  pcre2_code_free(re);
}

int main(void) {
  match("(?<user>\\w+)@(\\w+)\\.org", 0, "mail to someone@example.org now");
  match("^\\p{Lu}\\p{Ll}+$", PCRE2_UTF, "\xc3\x89t\xc3\xa9");
  match("(?<=a)b+(?!c)", 0, "bbb abbbc");
  match("(a|b", 0, "");
  pcre2_code *re = compile("(\\d+)-(\\d+)", 0);
  PCRE2_UCHAR out[100];
  PCRE2_SIZE length = sizeof out;
  int count = pcre2_substitute(re, (PCRE2_SPTR) "1-2, 30-40", PCRE2_ZERO_TERMINATED, 0, PCRE2_SUBSTITUTE_GLOBAL, NULL,
                               NULL, (PCRE2_SPTR) "$2..$1", PCRE2_ZERO_TERMINATED, out, &length);
  printf("%d: %s\n", count, (char *)out);
  pcre2_code_free(re);
  return 0;
}
