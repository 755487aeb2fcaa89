/* Hashes, signatures and sealed messages from fixed keys. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void show(const char *name, const unsigned char *bytes, size_t length) {
  printf("%s ", name);
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
  puts("");
}

int main(void) {
  static const unsigned char text[] = "some text", nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES] = "24 bytes";
  unsigned char seed[32], hash[64], public[32], secret[64], signature[64], sealed[sizeof text + 16], back[sizeof text];
  unsigned long long length;
  if (sodium_init() < 0) return 1;
  for (size_t i = 0; i < sizeof seed; i++) seed[i] = (unsigned char)i;
  crypto_generichash(hash, 32, text, sizeof text, seed, sizeof seed);
  show("blake2b", hash, 32);
  crypto_hash_sha512(hash, text, sizeof text);
  show("sha512", hash, 64);
  crypto_sign_seed_keypair(public, secret, seed);
  crypto_sign_detached(signature, NULL, text, sizeof text, secret);
  show("ed25519", signature, sizeof signature);
  printf("right %d", crypto_sign_verify_detached(signature, text, sizeof text, public) == 0);
  signature[3] ^= 1;
  printf(", forged %d\n", crypto_sign_verify_detached(signature, text, sizeof text, public) == 0);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, &length, text, sizeof text, NULL, 0, NULL, nonce, seed);
  show("sealed", sealed, length);
  int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(back, &length, NULL, sealed, sizeof sealed, NULL, 0, nonce, seed);
  printf("opened %d, same %d\n", opened == 0, memcmp(back, text, sizeof text) == 0);
  sealed[0] ^= 1;
  opened = crypto_aead_xchacha20poly1305_ietf_decrypt(back, &length, NULL, sealed, sizeof sealed, NULL, 0, nonce, seed);
  printf("damaged: opened %d\n", opened == 0);
  return 0;
}
