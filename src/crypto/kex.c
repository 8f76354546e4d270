/* kex.c - X25519 and the NIST curves P-256, P-384 and P-521; kex_hybrid.c has the groups with ML-KEM.
 *
 * X25519 is ours (x25519_base.c, x25519_sums.c, x25519_ladder.c), but for shared secrets on processors that our ladder cannot use: those are
 * libcrypto's. The NIST curves work on points of shared group objects, which are made once per process: that leaves out the key objects'
 * look-ups and copies. A scalar is drawn by rejection, so it is uniform in 1..n-1 and the same random bytes give the same key.
 *
 * Implements   rfc7748:5 rfc7748:6.1 rfc9846:4.2.8.2 rfc9846:7.4.2 rfc8422:5.4
 */
#include "crypto/kex.h"

#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/curve.h"
#include "crypto/kex_hybrid.h"
#include "crypto/rng_os.h"
#include "crypto/x25519_base.h"
#include "crypto/x25519_ladder.h"

#define X25519_LEN 32
#define SCALAR_MAX 66
#define DRAWS_MAX 128 /* each draw fails with a chance below one half */

struct scalar { /* a private half as long as the field; of the NIST curves big-endian */
	uint8_t bytes[SCALAR_MAX];
};

static enum bj_err failed(enum bj_err err)
{
	ERR_clear_error();
	return err;
}

bool kex_known(uint16_t group)
{
	return kex_public_len((enum kex_group)group) != 0;
}

static const struct curve *curve_of(enum kex_group group)
{
	switch (group) {
	case KEX_P256: return &curve_p256;
	case KEX_P384: return &curve_p384;
	case KEX_P521: return &curve_p521;
	case KEX_X25519:
	case KEX_MLKEM1024:
	case KEX_SECP256R1MLKEM768:
	case KEX_X25519MLKEM768:
	case KEX_NONE: break;
	}
	return NULL;
}

size_t kex_public_len(enum kex_group group)
{
	const struct curve *curve = curve_of(group);
	const struct hybrid *hybrid = hybrid_find((uint16_t)group);

	if (group == KEX_X25519)
		return X25519_LEN;
	if (hybrid)
		return hybrid_public_len(hybrid);
	return curve ? 1 + 2 * curve->field_len : 0;
}

enum kex_group kex_plain_half(uint16_t group)
{
	const struct hybrid *hybrid = hybrid_find(group);

	return hybrid ? hybrid_plain_group(hybrid) : KEX_NONE;
}

bool kex_is_kem(uint16_t group)
{
	return hybrid_find(group) != NULL;
}

/* ---- X25519 */

/* Both halves are given: libcrypto would make the public one again, slowly. */
static EVP_PKEY *x25519_import(uint8_t *private, uint8_t *public)
{
	OSSL_PARAM halves[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, private, X25519_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, public, X25519_LEN),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
	EVP_PKEY *pkey = NULL;

	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, halves) != 1) {
		EVP_PKEY_free(pkey); /* made before it failed */
		pkey = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static enum bj_err x25519_generate(struct kex_key *key, const struct bj_rng *rng)
{
	struct scalar *s = (struct scalar *)calloc(1, sizeof(*s));
	enum bj_err err = s ? rng_fill(rng, s->bytes, X25519_LEN) : BJ_ERR_NO_MEMORY;

	if (err) {
		free(s);
		return err;
	}
	x25519_base(key->public_bytes, s->bytes);
	wipe_stack();
	key->handle = s;
	return BJ_OK;
}

/* libcrypto's ladder, where ours is not here. BJ_ERR_BAD_KEY_SHARE also where it refuses a result of zero by itself. */
static enum bj_err libcrypto_x25519(const struct kex_key *key, struct bj_bytes peer, uint8_t shared[X25519_LEN])
{
	struct scalar *s = (struct scalar *)key->handle;
	EVP_PKEY *ours = x25519_import(s->bytes, (uint8_t *)(uintptr_t)key->public_bytes);
	EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer.ptr, peer.len);
	EVP_PKEY_CTX *ctx = ours && theirs ? EVP_PKEY_CTX_new(ours, NULL) : NULL;
	size_t len = X25519_LEN;
	enum bj_err err = BJ_ERR_NO_MEMORY;

	if (ctx) {
		err = BJ_ERR_CRYPTO;
		/* no check of the peer's key beforehand: every string of 32 bytes is one (rfc7748:5) */
		if (EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) == 1)
			err = EVP_PKEY_derive(ctx, shared, &len) == 1 && len == X25519_LEN ? BJ_OK : BJ_ERR_BAD_KEY_SHARE;
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(theirs);
	EVP_PKEY_free(ours); /* wipes the private half */
	return err ? failed(err) : BJ_OK;
}

static enum bj_err x25519_derive(const struct kex_key *key, struct bj_bytes peer, struct secret *out)
{
	uint8_t shared[X25519_LEN];
	enum bj_err err = BJ_OK;

	if (x25519_ladder_here())
		x25519_ladder(shared, ((const struct scalar *)key->handle)->bytes, peer.ptr);
	else
		err = libcrypto_x25519(key, peer, shared);
	if (!err && ct_is_zero(shared, sizeof(shared)))
		err = BJ_ERR_BAD_KEY_SHARE; /* rfc9846:7.4.2 */
	if (!err)
		secret_set(out, shared, sizeof(shared));
	wipe(shared, sizeof(shared));
	wipe_stack();
	return err;
}

/* Public half and shared secret of a key that is used at once, with one inversion for both. Where the secret is zero, that makes a share of zeros,
 * which goes nowhere. */
static enum bj_err x25519_answer(struct bj_bytes peer, const struct bj_rng *rng, uint8_t *out_share, struct secret *out)
{
	uint8_t private[X25519_LEN], shared[X25519_LEN];
	struct fe_fraction ours, both;
	enum bj_err err;

	if (peer.len != X25519_LEN)
		return BJ_ERR_BAD_KEY_SHARE;
	err = rng_fill(rng, private, sizeof(private));
	if (err)
		return err;
	x25519_base_fraction(&ours, private);
	x25519_ladder_fraction(&both, private, peer.ptr);
	fe_fractions_bytes(out_share, &ours, shared, &both);
	if (ct_is_zero(shared, sizeof(shared)))
		err = BJ_ERR_BAD_KEY_SHARE; /* rfc9846:7.4.2 */
	else
		secret_set(out, shared, sizeof(shared));
	wipe(private, sizeof(private));
	wipe(shared, sizeof(shared));
	wipe(&ours, sizeof(ours));
	wipe(&both, sizeof(both));
	wipe_stack();
	return err;
}

/* ---- the NIST curves */

static enum bj_err scalar_draw(const struct curve *curve, const struct bj_rng *rng, struct scalar *out)
{
	for (int i = 0; i < DRAWS_MAX; i++) {
		enum bj_err err = rng_fill(rng, out->bytes, curve->field_len);

		if (err)
			return err;
		out->bytes[0] &= curve->top_mask;
		if (curve_scalar_fits(curve, out->bytes))
			return BJ_OK;
	}
	return BJ_ERR_RANDOM;
}

static BIGNUM *scalar_bn(const struct curve *curve, const struct scalar *s)
{
	BIGNUM *bn = BN_new();

	if (!bn)
		return NULL;
	BN_set_flags(bn, BN_FLG_CONSTTIME);
	if (BN_bin2bn(s->bytes, (int)curve->field_len, bn))
		return bn;
	BN_clear_free(bn);
	return NULL;
}

static enum bj_err point_generate(const struct curve *curve, const struct scalar *s, uint8_t *out_public)
{
	const EC_GROUP *group = curve_group(curve);
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *k = scalar_bn(curve, s);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	size_t len = 1 + 2 * curve->field_len;
	enum bj_err err = BJ_ERR_NO_MEMORY;

	if (ctx && k && point) {
		err = BJ_ERR_CRYPTO;
		if (EC_POINT_mul(group, point, k, NULL, NULL, ctx) == 1 &&
		    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out_public, len, ctx) == len)
			err = BJ_OK;
	}
	EC_POINT_free(point);
	BN_clear_free(k);
	BN_CTX_free(ctx);
	return err ? failed(err) : BJ_OK;
}

static enum bj_err nist_generate(struct kex_key *key, const struct curve *curve, const struct bj_rng *rng)
{
	struct scalar *s = (struct scalar *)calloc(1, sizeof(*s));
	enum bj_err err = s ? scalar_draw(curve, rng, s) : BJ_ERR_NO_MEMORY;

	if (!err)
		err = point_generate(curve, s, key->public_bytes);
	if (!err) {
		key->handle = s;
		return BJ_OK;
	}
	if (s)
		wipe(s, sizeof(*s));
	free(s);
	return err;
}

static enum bj_err nist_derive(const struct curve *curve, const struct scalar *s, struct bj_bytes peer, struct secret *out)
{
	const EC_GROUP *group = curve_group(curve);
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *k = scalar_bn(curve, s);
	BIGNUM *x = BN_new();
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	uint8_t shared[SCALAR_MAX];
	enum bj_err err = BJ_ERR_NO_MEMORY;

	if (ctx && k && x && point) {
		err = BJ_ERR_BAD_KEY_SHARE;
		/* reading the point checks that it is on the curve; the cofactor is one, so it is then in the group */
		if (EC_POINT_oct2point(group, point, peer.ptr, peer.len, ctx) == 1 &&
		    EC_POINT_mul(group, point, NULL, point, k, ctx) == 1 &&
		    EC_POINT_get_affine_coordinates(group, point, x, NULL, ctx) == 1 &&
		    BN_bn2binpad(x, shared, (int)curve->field_len) == (int)curve->field_len)
			err = BJ_OK;
	}
	if (!err)
		secret_set(out, shared, curve->field_len);
	else
		ERR_clear_error();
	wipe(shared, sizeof(shared));
	wipe_stack();
	EC_POINT_clear_free(point);
	BN_clear_free(x);
	BN_clear_free(k);
	BN_CTX_free(ctx);
	return err;
}

/* ---- all groups */

enum bj_err kex_generate(struct kex_key *key, enum kex_group group, const struct bj_rng *rng)
{
	struct kex_key made = { .group = group, .public_len = (uint16_t)kex_public_len(group) };
	const struct curve *curve = curve_of(group);
	const struct hybrid *hybrid = hybrid_find((uint16_t)group);
	enum bj_err err;

	if (hybrid)
		return hybrid_generate(hybrid, key, rng);
	if (made.public_len == 0)
		return BJ_ERR_ARGUMENT;
	err = curve ? nist_generate(&made, curve, rng) : x25519_generate(&made, rng);
	if (err)
		return err;
	*key = made;
	return BJ_OK;
}

enum bj_err kex_derive(const struct kex_key *key, struct bj_bytes peer, struct secret *out)
{
	const struct curve *curve = curve_of(key->group);
	const struct hybrid *hybrid = hybrid_find((uint16_t)key->group);

	check(key->handle != NULL);
	if (hybrid)
		return hybrid_derive(hybrid, key, peer, out);
	if (peer.len != key->public_len)
		return BJ_ERR_BAD_KEY_SHARE;
	if (!curve)
		return x25519_derive(key, peer, out);
	if (peer.ptr[0] != POINT_CONVERSION_UNCOMPRESSED)
		return BJ_ERR_BAD_KEY_SHARE;
	return nist_derive(curve, (const struct scalar *)key->handle, peer, out);
}

enum bj_err kex_answer(enum kex_group group, struct bj_bytes peer, const struct bj_rng *rng, uint8_t *out_share,
		       size_t *out_len, struct secret *out)
{
	const struct hybrid *hybrid = hybrid_find((uint16_t)group);
	struct kex_key key;
	enum bj_err err;

	if (hybrid)
		return hybrid_answer(hybrid, peer, rng, out_share, out_len, out);
	if (group == KEX_X25519 && x25519_ladder_here()) {
		err = x25519_answer(peer, rng, out_share, out);
		if (!err)
			*out_len = X25519_LEN;
		return err;
	}
	err = kex_generate(&key, group, rng);
	if (err)
		return err;
	err = kex_derive(&key, peer, out);
	if (!err) {
		memcpy(out_share, key.public_bytes, key.public_len);
		*out_len = key.public_len;
	}
	kex_fini(&key);
	return err;
}

struct bj_bytes kex_public(const struct kex_key *key)
{
	return hybrid_find((uint16_t)key->group) ? hybrid_public(key) : bytes_of(key->public_bytes, key->public_len);
}

const struct kex_key *kex_part(const struct kex_key *key, uint16_t group)
{
	if ((uint16_t)key->group == group)
		return key;
	return group != KEX_NONE && kex_plain_half((uint16_t)key->group) == group ? hybrid_plain(key) : NULL;
}

void kex_fini(struct kex_key *key)
{
	if (hybrid_find((uint16_t)key->group)) {
		hybrid_fini(key);
		return;
	}
	if (key->handle) {
		wipe(key->handle, sizeof(struct scalar));
		free(key->handle);
	}
	wipe(key, sizeof(*key));
}
