/* hmac.h - HMAC (rfc2104) with keyed states that are made once and cloned for each message. */
#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include "crypto/hash.h"

struct hmac_key { /* a secret: wipe it */
	enum hash_alg alg; /* of SHA-2 */
	struct hash_mid inner, outer;
};

struct hmac {
	struct hash inner;
	const struct hmac_key *key; /* must outlive this */
};

void hmac_key_init(struct hmac_key *key, enum hash_alg alg, struct bj_bytes secret);
void hmac_key_wipe(struct hmac_key *key);

void hmac_init(struct hmac *h, const struct hmac_key *key);
void hmac_update(struct hmac *h, struct bj_bytes data);
size_t hmac_final(struct hmac *h, uint8_t out[HASH_MAX]); /* wipes h */
/* In one go; and of two messages at once, which are cheaper together (hash_mid_two). Both keys have the same hash. */
size_t hmac_once(const struct hmac_key *key, struct bj_bytes data, uint8_t out[HASH_MAX]);
void hmac_two(const struct hmac_key *a, struct bj_bytes data_a, uint8_t out_a[HASH_MAX], const struct hmac_key *b, struct bj_bytes data_b,
	      uint8_t out_b[HASH_MAX]);

#endif
