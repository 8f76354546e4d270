/* pss.h - the paddings of RSA signatures, as plain bytes. Private to src/crypto.
 *
 * The salt of PSS is always as long as the hash, and MGF1 uses the same hash: TLS and our certificates allow nothing else.
 */
#ifndef CRYPTO_PSS_H
#define CRYPTO_PSS_H

#include "crypto/hash.h"

/* An encoded message of `len` bytes for a modulus of `bits` bits, len = ceil(bits / 8). */

/* EMSA-PKCS1-v1_5; BJ_ERR_ARGUMENT if the modulus is too small for the hash. */
enum bj_err pkcs1_encode(enum hash_alg alg, const uint8_t *digest, uint8_t *em, size_t len) BJ_MUST_USE;

/* EMSA-PSS; `salt` has hash_len bytes. BJ_ERR_ARGUMENT if the modulus is too small for the hash. */
enum bj_err pss_encode(enum hash_alg alg, const uint8_t *digest, const uint8_t *salt, uint8_t *em, size_t len,
		       unsigned bits) BJ_MUST_USE;
/* BJ_ERR_BAD_SIGNATURE; `em` is changed. */
enum bj_err pss_verify(enum hash_alg alg, const uint8_t *digest, uint8_t *em, size_t len, unsigned bits) BJ_MUST_USE;

#endif
