/* mldsa.h - ML-DSA (FIPS 204), by libcrypto where that has it: from version 3.5 on, asked at run time. Private to src/crypto; pkey.h is what
 * others call.
 */
#ifndef CRYPTO_MLDSA_H
#define CRYPTO_MLDSA_H

#include <openssl/types.h>

#include "crypto/pkey.h"

struct mldsa {
	const char *name; /* libcrypto's */
	uint16_t public_len, sig_len;
};

const struct mldsa *mldsa_of(enum key_kind kind); /* null for other kinds */
/* The kind of a private key of libcrypto's; KEY_NONE for other kinds. */
enum key_kind mldsa_kind(const EVP_PKEY *evp);
bool mldsa_is_here(const struct mldsa *m);

/* Null where it is not here, or without memory. */
EVP_PKEY *mldsa_generate(const struct mldsa *m);
/* The public half, of m->public_len bytes. */
bool mldsa_public(const struct mldsa *m, const EVP_PKEY *evp, uint8_t *out);
/* With the empty context, as X.509 and TLS have it. BJ_ERR_SPACE, BJ_ERR_CRYPTO, BJ_ERR_NO_MEMORY. */
enum bj_err mldsa_sign(const struct mldsa *m, EVP_PKEY *evp, struct bj_bytes message, uint8_t *out, size_t cap, size_t *out_len) BJ_MUST_USE;
/* BJ_ERR_CERT_KEY for a key of the wrong length or where this libcrypto has no ML-DSA, BJ_ERR_BAD_SIGNATURE. */
enum bj_err mldsa_verify(const struct mldsa *m, struct bj_bytes public, struct bj_bytes message, struct bj_bytes signature) BJ_MUST_USE;

#endif
