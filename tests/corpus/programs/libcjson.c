/* Reads, changes and writes JSON, by the library and by its patches. */
#include <cjson/cJSON.h>
#include <cjson/cJSON_Utils.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  cJSON *doc = cJSON_Parse("{\"a\":[1,2.5,-3e2,true,null],\"t\":\"\\u00e9\\n\",\"o\":{\"k\":1e15}}");
  cJSON *patch = cJSON_Parse("[{\"op\":\"add\",\"path\":\"/a/0\",\"value\":\"new\"},{\"op\":\"remove\",\"path\":\"/o\"}]");
  if (!doc || !patch) return 1;
  printf("patched %d\n", cJSONUtils_ApplyPatches(doc, patch));
  char *text = cJSON_PrintUnformatted(doc);
  puts(text);
  printf("second %g, size %d\n", cJSON_GetArrayItem(cJSON_GetObjectItem(doc, "a"), 2)->valuedouble,
         cJSON_GetArraySize(cJSON_GetObjectItem(doc, "a")));
  printf("wrong text refused %d\n", cJSON_Parse("{\"a\":}") == NULL);
  free(text);
  cJSON_Delete(doc);
  cJSON_Delete(patch);
  return 0;
}
