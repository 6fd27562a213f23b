#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// Options that OpenSSL 3 spells as function-like macros, which Swift cannot import.
static const uint64_t assay_ssl_options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION
    | SSL_OP_CIPHER_SERVER_PREFERENCE;

static const uint64_t assay_ssl_no_ticket = SSL_OP_NO_TICKET;

// A macro, and a place of its own in every SSL_CTX.
static inline int assay_ssl_ctx_ex_index(void) {
    return SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

// `OSSL_PARAM` holds pointers to what it describes, which must not move: simplest in C.
static inline int assay_mac_set_sha256_key(EVP_MAC_CTX *context, const unsigned char *key, size_t count) {
    OSSL_PARAM parameters[3];
    parameters[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, count);
    parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"sha256", 0);
    parameters[2] = OSSL_PARAM_construct_end();
    return EVP_MAC_CTX_set_params(context, parameters);
}
