#include "table.h"
const char *part(void) { return GENERATED_ON; }
