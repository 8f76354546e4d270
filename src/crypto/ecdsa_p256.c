/* ecdsa_p256.c - see ecdsa_p256.h.
 *
 * The nonce is SHA-512 of private key, digest and fresh random bytes, cut to 256 bits and drawn again until it is in 1..n-1: it stays secret
 * and uniform while either the key or the random source is good. Then two inversions (modinv.h) and a dozen Montgomery products. No
 * branch and no address depends on the nonce or the private key.
 *
 * Implements   fips186-5:6.4.1 fips186-5:A.3
 * Leaves out   other curves: libcrypto signs on them
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/ecdsa_p256.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include "base/check.h"
#include "base/ct.h"
#include "base/wipe.h"
#include "base/writer.h"
#include "crypto/curve.h"
#include "crypto/hash.h"
#include "crypto/modinv.h"
#include "crypto/rng_os.h"

#define WORDS 4
#define DRAWS_MAX 16 /* each fails with a chance of 2^-32 */

__extension__ typedef unsigned __int128 wide;

struct number { /* the lowest word first */
	uint64_t w[WORDS];
};

struct modulus {
	struct number m;
	struct number square; /* 2^512 modulo m */
	uint64_t minus_inverse; /* -1/m modulo 2^64 */
};

static const struct modulus field = {
	{ { 0xffffffffffffffff, 0x00000000ffffffff, 0, 0xffffffff00000001 } },
	{ { 0x3, 0xfffffffbffffffff, 0xfffffffffffffffe, 0x4fffffffd } },
	1,
};

static const struct modulus order = {
	{ { 0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000 } },
	{ { 0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59, 0x66e12d94f3d95620 } },
	0xccd1c8aaee00bc4f,
};

/* ---- numbers */

static struct number read(const uint8_t bytes[ECDSA_P256_LEN])
{
	struct number out = { { 0 } };

	for (size_t i = 0; i < ECDSA_P256_LEN; i++)
		out.w[(31 - i) / 8] |= (uint64_t)bytes[i] << (31 - i) % 8 * 8;
	return out;
}

static void write(uint8_t out[ECDSA_P256_LEN], struct number n)
{
	for (size_t i = 0; i < ECDSA_P256_LEN; i++)
		out[i] = (uint8_t)(n.w[(31 - i) / 8] >> (31 - i) % 8 * 8);
}

/* The five words `high`, `n` are below 2m. */
static struct number reduce(struct number n, uint64_t high, const struct modulus *mod)
{
	struct number less;
	uint64_t borrow = 0, keep;

	for (int i = 0; i < WORDS; i++) {
		wide d = (wide)n.w[i] - mod->m.w[i] - borrow;

		less.w[i] = (uint64_t)d;
		borrow = (uint64_t)(d >> 64) & 1;
	}
	keep = ct_hidden((uint64_t)0 - (borrow & (high ^ 1))); /* all ones if it was below m */
	for (int i = 0; i < WORDS; i++)
		less.w[i] ^= (less.w[i] ^ n.w[i]) & keep;
	return less;
}

static struct number add(struct number a, struct number b, const struct modulus *mod)
{
	wide carry = 0;

	for (int i = 0; i < WORDS; i++) {
		carry += (wide)a.w[i] + b.w[i];
		a.w[i] = (uint64_t)carry;
		carry >>= 64;
	}
	return reduce(a, (uint64_t)carry, mod);
}

/* a b / 2^256 */
static struct number multiply(struct number a, struct number b, const struct modulus *mod)
{
	uint64_t t[WORDS + 2] = { 0 };

	for (int i = 0; i < WORDS; i++) {
		wide c = 0;
		uint64_t q;

		for (int j = 0; j < WORDS; j++) {
			c += (wide)a.w[j] * b.w[i] + t[j];
			t[j] = (uint64_t)c;
			c >>= 64;
		}
		c += t[WORDS];
		t[WORDS] = (uint64_t)c;
		t[WORDS + 1] = (uint64_t)(c >> 64);
		q = t[0] * mod->minus_inverse;
		c = ((wide)q * mod->m.w[0] + t[0]) >> 64;
		for (int j = 1; j < WORDS; j++) {
			c += (wide)q * mod->m.w[j] + t[j];
			t[j - 1] = (uint64_t)c;
			c >>= 64;
		}
		c += t[WORDS];
		t[WORDS - 1] = (uint64_t)c;
		t[WORDS] = t[WORDS + 1] + (uint64_t)(c >> 64);
	}
	return reduce((struct number){ { t[0], t[1], t[2], t[3] } }, t[WORDS], mod);
}

/* a b, where one of them may be anything below 2^256 */
static struct number product(struct number a, struct number b, const struct modulus *mod)
{
	return multiply(multiply(a, mod->square, mod), b, mod);
}

static struct number invert(struct number a, const struct modulus *mod)
{
	struct modinv_modulus m;
	struct number out;

	modinv_modulus_set(&m, mod->m.w);
	modinv(out.w, a.w, &m);
	return out;
}

/* 1 or 0 */
static unsigned is_something(struct number n)
{
	return (n.w[0] | n.w[1] | n.w[2] | n.w[3]) != 0;
}

/* ---- signing */

static BIGNUM *bn_secret(const uint8_t bytes[ECDSA_P256_LEN])
{
	BIGNUM *bn = BN_new();

	if (!bn)
		return NULL;
	BN_set_flags(bn, BN_FLG_CONSTTIME);
	if (BN_bin2bn(bytes, ECDSA_P256_LEN, bn))
		return bn;
	BN_clear_free(bn);
	return NULL;
}

enum bj_err ecdsa_p256_multiply(const uint8_t nonce[ECDSA_P256_LEN], struct ecdsa_p256_point *out)
{
	const EC_GROUP *group = curve_group(&curve_p256);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	BIGNUM *k = bn_secret(nonce), *x = BN_new(), *z = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	enum bj_err err = BJ_ERR_NO_MEMORY;

	if (point && k && x && z && ctx) {
		err = BJ_ERR_CRYPTO;
		if (EC_POINT_mul(group, point, k, NULL, NULL, ctx) == 1 &&
		    EC_POINT_get_Jprojective_coordinates_GFp(group, point, x, NULL, z, ctx) == 1 &&
		    BN_bn2binpad(x, out->x, ECDSA_P256_LEN) == ECDSA_P256_LEN && BN_bn2binpad(z, out->z, ECDSA_P256_LEN) == ECDSA_P256_LEN)
			err = BJ_OK;
	}
	EC_POINT_clear_free(point);
	BN_clear_free(k);
	BN_clear_free(x);
	BN_clear_free(z);
	BN_CTX_free(ctx);
	if (err)
		ERR_clear_error();
	return err;
}

bool ecdsa_p256_finish(const struct ecdsa_p256_point *point, const uint8_t nonce[ECDSA_P256_LEN], const uint8_t private[ECDSA_P256_LEN],
		       struct bj_bytes digest, struct ecdsa_p256_pair *out)
{
	struct number z = invert(read(point->z), &field), k = invert(read(nonce), &order), r, s;
	uint8_t e[ECDSA_P256_LEN] = { 0 };
	size_t len = digest.len < sizeof(e) ? digest.len : sizeof(e);

	bytes_copy(e + sizeof(e) - len, digest.ptr, len); /* its leftmost 256 bits, as a number */
	r = product(read(point->x), product(z, z, &field), &field);
	r = reduce(r, 0, &order);
	s = add(product(r, read(private), &order), reduce(read(e), 0, &order), &order);
	s = product(s, k, &order);
	write(out->r, r);
	write(out->s, s);
	wipe(&z, sizeof(z));
	wipe(&k, sizeof(k));
	return is_something(r) & is_something(s); /* no branch on one of them */
}

static enum bj_err nonce_draw(const uint8_t private[ECDSA_P256_LEN], struct bj_bytes digest, const struct bj_rng *rng,
			      uint8_t out[ECDSA_P256_LEN])
{
	uint8_t random[ECDSA_P256_LEN], bytes[HASH_MAX];
	enum bj_err err = BJ_ERR_RANDOM;

	for (int i = 0; i < DRAWS_MAX; i++) {
		struct hash h;

		err = rng_fill(rng, random, sizeof(random));
		if (err)
			break;
		hash_init(&h, HASH_SHA512);
		hash_update(&h, private, ECDSA_P256_LEN);
		hash_update(&h, random, sizeof(random));
		hash_update(&h, digest.ptr, digest.len);
		(void)hash_final(&h, bytes);
		err = BJ_ERR_RANDOM;
		if (curve_scalar_fits(&curve_p256, bytes)) {
			memcpy(out, bytes, ECDSA_P256_LEN);
			err = BJ_OK;
			break;
		}
	}
	wipe(random, sizeof(random));
	wipe(bytes, sizeof(bytes));
	return err;
}

/* A positive INTEGER of DER, as short as can be. */
static void integer_write(struct writer *w, const uint8_t bytes[ECDSA_P256_LEN])
{
	size_t skip = 0;

	while (skip < ECDSA_P256_LEN - 1 && bytes[skip] == 0)
		skip++;
	wr_u8(w, 2);
	wr_u8(w, (uint8_t)(ECDSA_P256_LEN - skip + (bytes[skip] >> 7)));
	if (bytes[skip] >> 7)
		wr_u8(w, 0);
	wr_raw(w, bytes + skip, ECDSA_P256_LEN - skip);
}

static size_t signature_write(const struct ecdsa_p256_pair *pair, uint8_t out[ECDSA_P256_SIG_MAX])
{
	struct writer w = wr_make(out, ECDSA_P256_SIG_MAX);
	size_t mark;

	wr_u8(&w, 0x30);
	mark = wr_open(&w, 1);
	integer_write(&w, pair->r);
	integer_write(&w, pair->s);
	wr_close(&w, mark, 1);
	check(wr_ok(&w));
	return w.len;
}

enum bj_err ecdsa_p256_sign(const uint8_t private[ECDSA_P256_LEN], struct bj_bytes digest, const struct bj_rng *rng, uint8_t *out,
			    size_t *out_len)
{
	uint8_t nonce[ECDSA_P256_LEN];
	struct ecdsa_p256_point point;
	struct ecdsa_p256_pair pair;
	enum bj_err err = nonce_draw(private, digest, rng, nonce);

	if (!err)
		err = ecdsa_p256_multiply(nonce, &point);
	if (!err && !ecdsa_p256_finish(&point, nonce, private, digest, &pair))
		err = BJ_ERR_CRYPTO; /* a chance of 2^-255 */
	if (!err)
		*out_len = signature_write(&pair, out);
	wipe(nonce, sizeof(nonce));
	wipe(&point, sizeof(point));
	wipe_stack();
	return err;
}
