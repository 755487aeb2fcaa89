/* Compresses and expands on several levels and as a stream with a checksum. */
#include <stdio.h>
#include <string.h>
#include <zstd.h>

static char text[200000], packed[210000], back[200000];

static void show(const char *name, size_t size) {
  size_t length = ZSTD_decompress(back, sizeof back, packed, size);
  printf("%s: %zu bytes, same %d\n", name, size, length == sizeof text && memcmp(text, back, length) == 0);
}

int main(void) {
  unsigned seed = 1;
  for (size_t i = 0; i < sizeof text; i++) {
    seed = seed * 1103515245u + 12345u;
    text[i] = "abcdefgh"[(seed >> 16) & (i % 7 ? 3 : 7)];
  }
  show("level 1", ZSTD_compress(packed, sizeof packed, text, sizeof text, 1));
  show("level 19", ZSTD_compress(packed, sizeof packed, text, sizeof text, 19));
  ZSTD_CCtx *context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  size_t size = ZSTD_compress2(context, packed, sizeof packed, text, sizeof text);
  show("with checksum", size);
  packed[size - 1] ^= 1;
  printf("damaged: %s\n", ZSTD_getErrorName(ZSTD_decompress(back, sizeof back, packed, size)));
  ZSTD_freeCCtx(context);
  printf("version %s\n", ZSTD_versionString());
  return 0;
}
