#include <stdlib.h>

int add(int, int);

int main(void)
{
  return getenv("LD_PRELOAD") == NULL && add(1, 2) == 3 ? 0 : 1;
}
