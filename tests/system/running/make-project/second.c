#include <stdio.h>

int main(void)
{
#if defined(__aarch64__)
  puts("a program of aarch64");
#elif defined(__x86_64__) && defined(__GLIBC__)
  puts("a program of this machine");
#elif defined(__x86_64__)
  puts("a program of x86_64-musl");
#else
  puts("a program of another machine");
#endif
  return 0;
}
