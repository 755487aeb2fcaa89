/* Hashes, a cipher, a signature, and a handshake of TLS 1.3 with itself in memory. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static void show(const char *name, const unsigned char *bytes, size_t length) {
  printf("%s ", name);
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
  puts("");
}

static void hash(const char *name) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
  if (md == NULL || !EVP_Digest("abc", 3, out, &length, md, NULL)) puts("no such hash");
  show(name, out, length);
  EVP_MD_free(md);
}

static void cipher(void) {
  static const unsigned char key[32] = "a key of thirty-two bytes in all", nonce[12] = "twelve bytes";
  unsigned char out[64], tag[16];
  int length = 0;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce);
  EVP_EncryptUpdate(context, out, &length, (const unsigned char *)"some text to hide", 17);
  EVP_EncryptFinal_ex(context, tag, &(int){0});
  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, tag);
  show("aes-256-gcm", out, (size_t)length);
  show("tag", tag, sizeof tag);
  EVP_CIPHER_CTX_free(context);
}

static X509 *certificate(EVP_PKEY *key) {
  X509 *made = X509_new();
  X509_NAME *name = X509_get_subject_name(made);
  X509_set_version(made, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
  X509_gmtime_adj(X509_getm_notBefore(made), 0);
  X509_gmtime_adj(X509_getm_notAfter(made), 3600);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"example.org", -1, -1, 0);
  X509_set_issuer_name(made, name);
  X509_set_pubkey(made, key);
  X509_sign(made, key, EVP_sha256());
  return made;
}

static void handshake(void) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *own = certificate(key);
  SSL_CTX *servers = SSL_CTX_new(TLS_server_method()), *clients = SSL_CTX_new(TLS_client_method());
  SSL_CTX_use_certificate(servers, own);
  SSL_CTX_use_PrivateKey(servers, key);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(clients), own);
  SSL_CTX_set_verify(clients, SSL_VERIFY_PEER, NULL);
  SSL *server = SSL_new(servers), *client = SSL_new(clients);
  BIO *near, *far;
  BIO_new_bio_pair(&near, 0, &far, 0);
  SSL_set_bio(server, near, near);
  SSL_set_bio(client, far, far);
  SSL_set_accept_state(server);
  SSL_set_connect_state(client);
  SSL_set1_host(client, "example.org");
  for (int i = 0; i < 10 && (SSL_in_init(client) || SSL_in_init(server)); i++) {
    SSL_do_handshake(client);
    SSL_do_handshake(server);
  }
  char text[20] = "";
  SSL_write(client, "hello", 5);
  SSL_read(server, text, sizeof text - 1);
  printf("%s, verified %d, said %s\n", SSL_get_version(client), SSL_get_verify_result(client) == X509_V_OK, text);
  SSL_free(server);
  SSL_free(client);
  SSL_CTX_free(servers);
  SSL_CTX_free(clients);
  X509_free(own);
  EVP_PKEY_free(key);
}

int main(void) {
  hash("SHA256");
  hash("SHA3-512");
  hash("BLAKE2B-512");
  cipher();
  handshake();
  OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(NULL, "legacy");
  printf("legacy %d\n", legacy != NULL);
  hash("MD4");
  printf("certificates %s\nversion %s\n", X509_get_default_cert_file(), OpenSSL_version(OPENSSL_VERSION_STRING));
  if (legacy != NULL) OSSL_PROVIDER_unload(legacy);
  return 0;
}
