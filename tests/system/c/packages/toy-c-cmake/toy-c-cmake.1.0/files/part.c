#include "part.h"
int part(void) { return (int)sizeof(void *) * 8; }
