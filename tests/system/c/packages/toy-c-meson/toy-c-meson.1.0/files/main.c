#include <stdio.h>
#include <toyc.h>
const char *part(void);
int main(void) { return printf("meson: %s, table on %s\n", toyc(), part()) < 0; }
