/* Runs while building: says for which machine it was compiled itself. */
#include <stdio.h>
int main(void) {
#if defined(__x86_64__)
  puts("#define GENERATED_ON \"amd64\"");
#else
  puts("#define GENERATED_ON \"another\"");
#endif
  return 0;
}
