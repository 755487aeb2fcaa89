#include "toyc.h"
#include "table.h"
#if defined(__aarch64__)
#define MACHINE "arm64"
#elif defined(__x86_64__)
#define MACHINE "amd64"
#else
#define MACHINE "another"
#endif
const char *toyc(void) { return MACHINE ", generated on " GENERATED_ON; }
