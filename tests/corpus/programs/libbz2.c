/* Compresses and expands; damage is found. */
#include <bzlib.h>
#include <stdio.h>
#include <string.h>

static char text[100000], packed[110000], back[100000];

int main(void) {
  unsigned seed = 1;
  for (size_t i = 0; i < sizeof text; i++) {
    seed = seed * 1103515245u + 12345u;
    text[i] = "abcdefgh"[(seed >> 16) & (i % 7 ? 3 : 7)];
  }
  unsigned size = sizeof packed, length = sizeof back;
  int c = BZ2_bzBuffToBuffCompress(packed, &size, text, sizeof text, 9, 0, 0);
  int u = BZ2_bzBuffToBuffDecompress(back, &length, packed, size, 0, 0);
  printf("compressed %d to %u, expanded %d\n", c, size, u);
  printf("same %d\n", length == sizeof text && memcmp(text, back, length) == 0);
  packed[size / 2] ^= 0x10;
  length = sizeof back;
  printf("damage found %d\n", BZ2_bzBuffToBuffDecompress(back, &length, packed, size, 0, 0) != BZ_OK);
  printf("version %s\n", BZ2_bzlibVersion());
  return 0;
}
