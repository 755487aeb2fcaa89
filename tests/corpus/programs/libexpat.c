/* Events of a document with namespaces, entities and an error. */
#include <expat.h>
#include <stdio.h>
#include <string.h>

static void start(void *data, const XML_Char *name, const XML_Char **attributes) {
  printf("%*s<%s", (*(int *)data)++ * 2, "", name);
  for (; *attributes; attributes += 2) printf(" %s='%s'", attributes[0], attributes[1]);
  puts(">");
}

static void end(void *data, const XML_Char *name) { printf("%*s</%s>\n", --*(int *)data * 2, "", name); }

static void text(void *data, const XML_Char *s, int length) { printf("%*s%.*s\n", *(int *)data * 2, "", length, s); }

static void parse(const char *document) {
  int depth = 0;
  XML_Parser parser = XML_ParserCreateNS(NULL, '|');
  XML_SetUserData(parser, &depth);
  XML_SetElementHandler(parser, start, end);
  XML_SetCharacterDataHandler(parser, text);
  if (XML_Parse(parser, document, (int)strlen(document), 1) != XML_STATUS_OK)
    printf("line %lu: %s\n", (unsigned long)XML_GetCurrentLineNumber(parser), XML_ErrorString(XML_GetErrorCode(parser)));
  XML_ParserFree(parser);
}

int main(void) {
  parse("<!DOCTYPE a [<!ENTITY e 'entity'>]><a xmlns='urn:x' k='1'><b xmlns:p='urn:y' p:z='&lt;'>&e; \xc3\xa9</b></a>");
  parse("<a>\n<b></a>");
  return 0;
}
