/* kex_hybrid.h - groups that are ML-KEM and a plain group side by side, or ML-KEM alone. Private to src/crypto; kex.h is what others call.
 *
 * Such a key is a kex_key whose handle holds the plain key, the decapsulation key and the share.
 */
#ifndef CRYPTO_KEX_HYBRID_H
#define CRYPTO_KEX_HYBRID_H

#include "crypto/kex.h"

struct hybrid;

const struct hybrid *hybrid_find(uint16_t group); /* null for other groups */
size_t hybrid_public_len(const struct hybrid *h);
enum kex_group hybrid_plain_group(const struct hybrid *h); /* KEX_NONE where ML-KEM is alone */

/* As their namesakes of kex.h; the key is freed by hybrid_fini alone. */
enum bj_err hybrid_generate(const struct hybrid *h, struct kex_key *key, const struct bj_rng *rng) BJ_MUST_USE;
enum bj_err hybrid_derive(const struct hybrid *h, const struct kex_key *key, struct bj_bytes peer, struct secret *out) BJ_MUST_USE;
enum bj_err hybrid_answer(const struct hybrid *h, struct bj_bytes peer, const struct bj_rng *rng, uint8_t *out_share,
			  size_t *out_len, struct secret *out) BJ_MUST_USE;
void hybrid_fini(struct kex_key *key);

struct bj_bytes hybrid_public(const struct kex_key *key);
const struct kex_key *hybrid_plain(const struct kex_key *key); /* not where ML-KEM is alone */

#endif
