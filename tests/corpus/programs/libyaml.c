/* Events of a document with anchors, and one emitted. */
#include <stdio.h>
#include <string.h>
#include <yaml.h>

int main(void) {
  const char *input = "a: &x [1, 'two', \"\\u00e9\"]\nb: *x\nc: |\n  text\n  more\n";
  yaml_parser_t parser;
  yaml_emitter_t emitter;
  yaml_event_t event;
  unsigned char out[500];
  size_t written = 0;
  int kind, count = 0;
  yaml_parser_initialize(&parser);
  yaml_parser_set_input_string(&parser, (const unsigned char *)input, strlen(input));
  yaml_emitter_initialize(&emitter);
  yaml_emitter_set_output_string(&emitter, out, sizeof out, &written);
  yaml_emitter_set_canonical(&emitter, 1);
  do {
    if (!yaml_parser_parse(&parser, &event)) return 1;
    kind = event.type;
    count++;
    if (!yaml_emitter_emit(&emitter, &event)) return 1;
  } while (kind != YAML_STREAM_END_EVENT);
  printf("%d events\n%.*s", count, (int)written, (char *)out);
  yaml_parser_delete(&parser);
  yaml_emitter_delete(&emitter);
  printf("version %s\n", yaml_get_version_string());
  return 0;
}
