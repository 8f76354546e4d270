/* kex_hybrid.c - X25519MLKEM768, SecP256r1MLKEM768, and MLKEM1024, which has no other half.
 *
 * A client's share is an encapsulation key and a plain public key, a server's a ciphertext and a plain public key; the secret is
 * both secrets. X25519MLKEM768 has the part of ML-KEM first, SecP256r1MLKEM768 has it last: in shares and in the secret alike.
 *
 * Implements   rfc10024 (shares, order, checks), draft-ietf-tls-mlkem (ML-KEM alone)
 */
#include "crypto/kex_hybrid.h"

#include <stdlib.h>

#include "crypto/mlkem.h"
#include "crypto/rng_os.h"

struct hybrid {
	enum kex_group group, plain;
	enum mlkem_set set;
	bool kem_first;
};

static const struct hybrid hybrids[] = {
	{ KEX_X25519MLKEM768, KEX_X25519, MLKEM_768, true },
	{ KEX_SECP256R1MLKEM768, KEX_P256, MLKEM_768, false },
	{ KEX_MLKEM1024, KEX_NONE, MLKEM_1024, true },
};

struct pair { /* behind the handle of a key */
	struct kex_key plain;
	const struct hybrid *hybrid;
	uint8_t bytes[]; /* the decapsulation key, then the share */
};

_Static_assert(MLKEM_768_EK_LEN + 65 <= KEX_SHARE_MAX, "a share is an encapsulation key and at most a point of P-256");
_Static_assert(MLKEM_EK_MAX <= KEX_SHARE_MAX && MLKEM_CT_MAX <= KEX_SHARE_MAX, "or one of the largest keys alone");
_Static_assert(2 * MLKEM_SECRET_LEN <= SECRET_MAX, "both plain groups have secrets of 32 bytes");

const struct hybrid *hybrid_find(uint16_t group)
{
	for (size_t i = 0; i < ARRAY_COUNT(hybrids); i++)
		if ((uint16_t)hybrids[i].group == group)
			return &hybrids[i];
	return NULL;
}

size_t hybrid_public_len(const struct hybrid *h)
{
	return mlkem_ek_len(h->set) + kex_public_len(h->plain);
}

static size_t pair_size(const struct hybrid *h)
{
	return sizeof(struct pair) + mlkem_dk_len(h->set) + hybrid_public_len(h);
}

static struct bj_bytes pair_dk(const struct pair *pair)
{
	return bytes_of(pair->bytes, mlkem_dk_len(pair->hybrid->set));
}

static uint8_t *pair_share(struct pair *pair)
{
	return pair->bytes + mlkem_dk_len(pair->hybrid->set);
}

enum kex_group hybrid_plain_group(const struct hybrid *h)
{
	return h->plain;
}

/* Where the two parts of a share begin, whose part of ML-KEM has `kem_len` bytes. */
static size_t kem_at(const struct hybrid *h)
{
	return h->kem_first ? 0 : kex_public_len(h->plain);
}

static size_t plain_at(const struct hybrid *h, size_t kem_len)
{
	return h->kem_first ? kem_len : 0;
}

struct halves { /* of a peer's share */
	struct bj_bytes kem, plain;
};

static bool share_split(const struct hybrid *h, struct bj_bytes share, size_t kem_len, struct halves *out)
{
	size_t plain_len = kex_public_len(h->plain);

	if (share.len != kem_len + plain_len)
		return false;
	out->kem = bytes_of(share.ptr + kem_at(h), kem_len);
	out->plain = bytes_of(share.ptr + plain_at(h, kem_len), plain_len);
	return true;
}

static void secrets_join(const struct hybrid *h, const struct secret *kem, const struct secret *plain, struct secret *out)
{
	const struct secret *first = h->kem_first ? kem : plain, *last = h->kem_first ? plain : kem;

	secret_set(out, first->bytes, first->len);
	memcpy(out->bytes + first->len, last->bytes, last->len);
	out->len = (uint8_t)(first->len + last->len);
}

/* ---- the client */

static enum bj_err pair_fill(const struct hybrid *h, struct pair *pair, const struct bj_rng *rng)
{
	uint8_t seed[MLKEM_SEED_LEN];
	enum bj_err err = h->plain == KEX_NONE ? BJ_OK : kex_generate(&pair->plain, h->plain, rng);

	pair->hybrid = h;
	if (!err)
		err = rng_fill(rng, seed, sizeof(seed));
	if (err)
		return err;
	mlkem_keygen(h->set, seed, pair_share(pair) + kem_at(h), pair->bytes);
	wipe(seed, sizeof(seed));
	memcpy(pair_share(pair) + plain_at(h, mlkem_ek_len(h->set)), pair->plain.public_bytes, pair->plain.public_len);
	return BJ_OK;
}

enum bj_err hybrid_generate(const struct hybrid *h, struct kex_key *key, const struct bj_rng *rng)
{
	struct kex_key made = { .group = h->group, .public_len = (uint16_t)hybrid_public_len(h) };
	struct pair *pair = (struct pair *)calloc(1, pair_size(h));
	enum bj_err err = pair ? pair_fill(h, pair, rng) : BJ_ERR_NO_MEMORY;

	made.handle = pair;
	if (err)
		hybrid_fini(&made);
	else
		*key = made;
	return err;
}

enum bj_err hybrid_derive(const struct hybrid *h, const struct kex_key *key, struct bj_bytes peer, struct secret *out)
{
	const struct pair *pair = (const struct pair *)key->handle;
	struct secret kem, plain = { 0 };
	struct halves halves;
	enum bj_err err = BJ_OK;

	if (!share_split(h, peer, mlkem_ct_len(h->set), &halves))
		return BJ_ERR_BAD_KEY_SHARE;
	if (h->plain != KEX_NONE)
		err = kex_derive(&pair->plain, halves.plain, &plain);
	if (err)
		return err;
	err = mlkem_decaps(h->set, pair_dk(pair), halves.kem, &kem);
	if (!err)
		secrets_join(h, &kem, &plain, out);
	secret_wipe(&kem);
	secret_wipe(&plain);
	return err;
}

/* ---- the server */

static enum bj_err kem_answer(const struct hybrid *h, struct bj_bytes ek, const struct bj_rng *rng, uint8_t *out_ct, struct secret *out)
{
	uint8_t random[MLKEM_RANDOM_LEN];
	enum bj_err err = rng_fill(rng, random, sizeof(random));

	if (!err)
		err = mlkem_encaps(h->set, ek, random, out_ct, out);
	wipe(random, sizeof(random));
	return err;
}

enum bj_err hybrid_answer(const struct hybrid *h, struct bj_bytes peer, const struct bj_rng *rng, uint8_t *out_share,
			  size_t *out_len, struct secret *out)
{
	struct secret kem = { 0 }, plain = { 0 };
	size_t ct_len = mlkem_ct_len(h->set), len = 0;
	struct halves halves;
	enum bj_err err;

	if (!share_split(h, peer, mlkem_ek_len(h->set), &halves))
		return BJ_ERR_BAD_KEY_SHARE;
	err = kem_answer(h, halves.kem, rng, out_share + kem_at(h), &kem);
	if (!err && h->plain != KEX_NONE)
		err = kex_answer(h->plain, halves.plain, rng, out_share + plain_at(h, ct_len), &len, &plain);
	if (!err) {
		secrets_join(h, &kem, &plain, out);
		*out_len = ct_len + len;
	}
	secret_wipe(&kem);
	secret_wipe(&plain);
	return err;
}

/* ---- the key */

struct bj_bytes hybrid_public(const struct kex_key *key)
{
	return bytes_of(pair_share((struct pair *)key->handle), key->public_len);
}

const struct kex_key *hybrid_plain(const struct kex_key *key)
{
	return &((const struct pair *)key->handle)->plain;
}

void hybrid_fini(struct kex_key *key)
{
	struct pair *pair = (struct pair *)key->handle;

	if (pair) {
		kex_fini(&pair->plain);
		wipe(pair, pair_size(hybrid_find((uint16_t)key->group)));
		free(pair);
	}
	wipe(key, sizeof(*key));
}
