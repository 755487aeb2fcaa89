/* Compresses and expands .xz with both checks. */
#include <lzma.h>
#include <stdio.h>
#include <string.h>

static uint8_t text[100000], packed[110000], back[100000];

static void round_trip(const char *name, lzma_check check) {
  size_t size = 0, in = 0, out = 0;
  uint64_t limit = UINT64_MAX;
  lzma_ret c = lzma_easy_buffer_encode(6, check, NULL, text, sizeof text, packed, &size, sizeof packed);
  lzma_ret u = lzma_stream_buffer_decode(&limit, 0, NULL, packed, &in, size, back, &out, sizeof back);
  printf("%s: compressed %d to %zu, expanded %d, same %d\n", name, c, size, u,
         out == sizeof text && memcmp(text, back, out) == 0);
  packed[size / 2] ^= 0x10;
  in = out = 0;
  u = lzma_stream_buffer_decode(&limit, 0, NULL, packed, &in, size, back, &out, sizeof back);
  printf("%s, damaged: %d\n", name, u == LZMA_DATA_ERROR);
}

int main(void) {
  unsigned seed = 1;
  for (size_t i = 0; i < sizeof text; i++) {
    seed = seed * 1103515245u + 12345u;
    text[i] = (uint8_t) "abcdefgh"[(seed >> 16) & (i % 7 ? 3 : 7)];
  }
  round_trip("crc32", LZMA_CHECK_CRC32);
  round_trip("crc64", LZMA_CHECK_CRC64);
  round_trip("sha256", LZMA_CHECK_SHA256);
  printf("crc64 %016llx\n", (unsigned long long)lzma_crc64((const uint8_t *)"123456789", 9, 0));
  printf("version %s\n", lzma_version_string());
  return 0;
}
