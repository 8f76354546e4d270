/* hkdf.h - HKDF (rfc5869) on HMAC states. */
#ifndef CRYPTO_HKDF_H
#define CRYPTO_HKDF_H

#include "base/secret.h"
#include "crypto/hmac.h"

#define HKDF_OUT_MAX(alg) (255 * hash_len(alg))

/* An empty salt counts as hash_len zero bytes. */
void hkdf_extract(enum hash_alg alg, struct bj_bytes salt, struct bj_bytes ikm, struct secret *out);
/* `prk` is keyed with the pseudorandom key. BJ_ERR_ARGUMENT if len > HKDF_OUT_MAX. */
enum bj_err hkdf_expand(const struct hmac_key *prk, struct bj_bytes info, uint8_t *out, size_t len) BJ_MUST_USE;

/* Two outputs of at most one hash each, which are cheaper together (hmac_two). Both keys have the same hash. */
#define HKDF_INFO_MAX 192
struct hkdf_output {
	const struct hmac_key *prk;
	struct bj_bytes info; /* at most HKDF_INFO_MAX bytes */
	uint8_t *out;
	size_t len;
};
void hkdf_expand_two(const struct hkdf_output *a, const struct hkdf_output *b);

#endif
