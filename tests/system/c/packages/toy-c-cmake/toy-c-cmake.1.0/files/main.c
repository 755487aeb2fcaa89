#include "part.h"
#include <stdio.h>
#include <toyc.h>
int main(void) { return printf("cmake: %s, bits %d\n", toyc(), part()) < 0; }
