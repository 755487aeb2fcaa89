/* Compresses and expands blocks, fast and well, and a frame. */
#include <lz4.h>
#include <lz4frame.h>
#include <lz4hc.h>
#include <stdio.h>
#include <string.h>

static char text[60000], packed[70000], back[60000];

static void show(const char *name, int size) {
  int length = LZ4_decompress_safe(packed, back, size, sizeof back);
  printf("%s: smaller %d, same %d\n", name, size < (int)sizeof text / 2,
         length == (int)sizeof text && memcmp(text, back, sizeof text) == 0);
}

int main(void) {
  for (size_t i = 0; i < sizeof text; i++) text[i] = (char)("lorem ipsum "[i % 12] + (i % 1001 == 0));
  show("fast", LZ4_compress_default(text, packed, sizeof text, sizeof packed));
  show("high", LZ4_compress_HC(text, packed, sizeof text, sizeof packed, 9));
  size_t size = LZ4F_compressFrame(packed, sizeof packed, text, sizeof text, NULL);
  printf("frame %d, magic %02x%02x%02x%02x\n", !LZ4F_isError(size), (unsigned char)packed[3], (unsigned char)packed[2],
         (unsigned char)packed[1], (unsigned char)packed[0]);
  printf("version %s\n", LZ4_versionString());
  return 0;
}
