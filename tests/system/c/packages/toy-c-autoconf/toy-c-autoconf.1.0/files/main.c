#include <stdio.h>
#include <toyc.h>
int main(void) { return printf("autoconf: %s\n", toyc()) < 0; }
