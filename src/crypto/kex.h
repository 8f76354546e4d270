/* kex.h - key exchange by named group. */
#ifndef CRYPTO_KEX_H
#define CRYPTO_KEX_H

#include "base/secret.h"

/* The code points of the TLS registry (rfc9846:4.2.7). */
enum kex_group {
	KEX_NONE = 0,
	KEX_P256 = 0x0017,
	KEX_P384 = 0x0018,
	KEX_P521 = 0x0019,
	KEX_X25519 = 0x001d,
	KEX_MLKEM1024 = 0x0202, /* without a plain half: draft-ietf-tls-mlkem */
	KEX_SECP256R1MLKEM768 = 0x11eb, /* hybrids: rfc10024 */
	KEX_X25519MLKEM768 = 0x11ec,
};

#define KEX_PUBLIC_MAX 133 /* of a plain group: an uncompressed P-521 point */
#define KEX_SHARE_MAX 1568 /* of any: an encapsulation key of ML-KEM-1024 */

struct kex_key { /* one ephemeral private key with its public half */
	enum kex_group group;
	uint16_t public_len;
	uint8_t public_bytes[KEX_PUBLIC_MAX]; /* plain groups only: see kex_public */
	void *handle;
};

bool kex_known(uint16_t group);
size_t kex_public_len(enum kex_group group); /* of a client's share; a server's may differ */
/* The plain group that is half of a hybrid; KEX_NONE for other groups. */
enum kex_group kex_plain_half(uint16_t group);
bool kex_is_kem(uint16_t group); /* ML-KEM alone or with a plain half: roles are fixed, and quantum computers do not break it */

/* A fresh key from `rng`: the same random bytes give the same key. */
enum bj_err kex_generate(struct kex_key *key, enum kex_group group, const struct bj_rng *rng) BJ_MUST_USE;
struct bj_bytes kex_public(const struct kex_key *key); /* the share to send; a view into the key */
/* The key for `group`: this one, or the plain half of this hybrid (whose public half may stand in a hello twice), else null. */
const struct kex_key *kex_part(const struct kex_key *key, uint16_t group);
/* BJ_ERR_BAD_KEY_SHARE for a point of the wrong length or form, off the curve, or (X25519) an all-zero result
 * (rfc9846:4.2.8.2 rfc7748:6.1), also as half of a hybrid. The secret is what the key schedule takes. In a plain group both sides
 * may call this with a key of their own; in a hybrid it is the client's, and the server calls kex_answer. */
enum bj_err kex_derive(const struct kex_key *key, struct bj_bytes peer, struct secret *out) BJ_MUST_USE;
/* All that a server does with a client's share, in any group; `out_share` has room for KEX_SHARE_MAX bytes, and on failure what is
 * in it means nothing. BJ_ERR_BAD_KEY_SHARE as above, and for an encapsulation key that is none. */
enum bj_err kex_answer(enum kex_group group, struct bj_bytes peer, const struct bj_rng *rng, uint8_t *out_share,
		       size_t *out_len, struct secret *out) BJ_MUST_USE;
void kex_fini(struct kex_key *key); /* wipes; takes a zeroed struct too */

#endif
