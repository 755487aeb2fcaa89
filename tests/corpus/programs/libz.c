/* Compresses and expands; checksums as their definitions give them. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

int main(void) {
  static unsigned char text[100000], packed[110000], back[100000];
  unsigned seed = 1;
  for (size_t i = 0; i < sizeof text; i++) {
    seed = seed * 1103515245u + 12345u;
    text[i] = "abcdefgh"[(seed >> 16) & (i % 7 ? 3 : 7)];
  }
  uLongf size = sizeof packed, length = sizeof back;
  int c = compress2(packed, &size, text, sizeof text, 9);
  int u = uncompress(back, &length, packed, size);
  printf("compressed %d expanded %d smaller %d\n", c, u, size < sizeof text / 2);
  printf("same %d\n", length == sizeof text && memcmp(text, back, length) == 0);
  printf("crc32 %08lx adler32 %08lx\n", crc32(0, text, sizeof text), adler32(1, text, sizeof text));
  printf("check %08lx\n", crc32(0, (const unsigned char *)"123456789", 9));
  packed[size / 2] ^= 0x10;
  length = sizeof back;
  printf("damage found %d\n", uncompress(back, &length, packed, size) != Z_OK);
  return 0;
}
