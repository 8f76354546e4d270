/* ecdsa_p256_test.c - our part of ECDSA beside the RFC's examples and libcrypto's verification. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/test.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>

#include "crypto/curve.h"
#include "crypto/ecdsa_p256.h"
#include "crypto/hash.h"
#include "crypto/rng_os.h"
#include "support/hex.h"

/* rfc6979:A.2.5: the key, and for each message its nonce, r and s. */
#define RFC_KEY "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"

static const struct {
	enum hash_alg hash;
	const char *message, *nonce, *r, *s;
} examples[] = {
	{ HASH_SHA256, "sample", "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60",
	  "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716", "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8" },
	{ HASH_SHA384, "sample", "09f634b188cefd98e7ec88b1aa9852d734d0bc272f7d2a47decc6ebeb375aad4",
	  "0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719", "4861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954" },
	{ HASH_SHA512, "sample", "5fa81c63109badb88c1f367b47da606da28cad69aa22c4fe6ad7df73a7173aa5",
	  "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00", "2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe" },
	{ HASH_SHA256, "test", "d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0",
	  "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367", "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083" },
};

static void the_examples_of_the_rfc_hold(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(examples); i++) {
		uint8_t private[32], nonce[32], r[32], s[32], digest[HASH_MAX];
		size_t len = hash_once(examples[i].hash, bytes_text(examples[i].message), digest);
		struct ecdsa_p256_point point;
		struct ecdsa_p256_pair pair;

		hex_to(RFC_KEY, private, 32);
		hex_to(examples[i].nonce, nonce, 32);
		hex_to(examples[i].r, r, 32);
		hex_to(examples[i].s, s, 32);
		assert_int_equal(ecdsa_p256_multiply(nonce, &point), BJ_OK);
		assert_true(ecdsa_p256_finish(&point, nonce, private, bytes_of(digest, len), &pair));
		assert_memory_equal(pair.r, r, 32);
		assert_memory_equal(pair.s, s, 32);
	}
}

/* ---- beside libcrypto */

static EC_KEY *key_of(const uint8_t private[32])
{
	EC_KEY *key = EC_KEY_new_by_curve_name(curve_p256.nid);
	const EC_GROUP *group = EC_KEY_get0_group(key);
	EC_POINT *point = EC_POINT_new(group);
	BIGNUM *d = BN_bin2bn(private, 32, NULL);

	assert_int_equal(EC_POINT_mul(group, point, d, NULL, NULL, NULL), 1);
	assert_int_equal(EC_KEY_set_private_key(key, d), 1);
	assert_int_equal(EC_KEY_set_public_key(key, point), 1);
	BN_free(d);
	EC_POINT_free(point);
	return key;
}

static void pair_verifies(EC_KEY *key, const struct ecdsa_p256_pair *pair, struct bj_bytes digest)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();

	assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(pair->r, 32, NULL), BN_bin2bn(pair->s, 32, NULL)), 1);
	assert_int_equal(ECDSA_do_verify(digest.ptr, (int)digest.len, sig, key), 1);
	ECDSA_SIG_free(sig);
}

/* 1, 2, the half and the last two of 1..n-1, a lone high bit, and a long run of ones */
static const char *const extremes[] = {
	"0000000000000000000000000000000000000000000000000000000000000001",
	"0000000000000000000000000000000000000000000000000000000000000002",
	"7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8",
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f",
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
	"8000000000000000000000000000000000000000000000000000000000000000",
	"00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};
/* And digests that are not below the order. */
static const char *const digests[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
	"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

static void extreme_keys_nonces_and_digests_verify(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(extremes); i++) {
		uint8_t private[32], nonce[32], digest[32];
		EC_KEY *key;

		hex_to(extremes[i], private, 32);
		key = key_of(private);
		for (size_t j = 0; j < ARRAY_COUNT(extremes); j++) {
			struct ecdsa_p256_point point;
			struct ecdsa_p256_pair pair;

			hex_to(extremes[j], nonce, 32);
			assert_int_equal(ecdsa_p256_multiply(nonce, &point), BJ_OK);
			for (size_t k = 0; k < ARRAY_COUNT(digests); k++) {
				hex_to(digests[k], digest, 32);
				if (!ecdsa_p256_finish(&point, nonce, private, bytes_of(digest, 32), &pair))
					continue; /* s is zero */
				pair_verifies(key, &pair, bytes_of(digest, 32));
			}
		}
		EC_KEY_free(key);
	}
}

/* e = -r d makes s zero. */
static void a_signature_of_zero_is_refused(void **state)
{
	static const uint8_t one[32] = { [31] = 1 };
	struct ecdsa_p256_point point;
	struct ecdsa_p256_pair pair;
	uint8_t digest[32];
	BIGNUM *n = BN_bin2bn(curve_p256.order, 32, NULL), *r;

	assert_int_equal(ecdsa_p256_multiply(one, &point), BJ_OK);
	assert_true(ecdsa_p256_finish(&point, one, one, bytes_of(one, 32), &pair));
	r = BN_bin2bn(pair.r, 32, NULL);
	BN_sub(n, n, r);
	assert_int_equal(BN_bn2binpad(n, digest, 32), 32);
	assert_false(ecdsa_p256_finish(&point, one, one, bytes_of(digest, 32), &pair));
	BN_free(r);
	BN_free(n);
}

static void what_is_signed_verifies_with_its_key_and_digest_only(void **state)
{
	uint64_t seed = 186;

	for (int round = 0; round < 300; round++) {
		uint8_t private[32], digest[HASH_MAX], signature[ECDSA_P256_SIG_MAX];
		size_t len, digest_len = round % 3 == 0 ? 32 : round % 3 == 1 ? 48 : 64;
		EC_KEY *key;

		for (size_t i = 0; i < 32 + digest_len; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			(i < 32 ? private : digest)[i < 32 ? i : i - 32] = (uint8_t)(seed >> 33);
		}
		private[0] &= 0x7f;
		key = key_of(private);
		assert_int_equal(ecdsa_p256_sign(private, bytes_of(digest, digest_len), &rng_os, signature, &len), BJ_OK);
		assert_int_equal(ECDSA_verify(0, digest, (int)digest_len, signature, (int)len, key), 1);
		digest[round % 32] ^= 1;
		assert_int_not_equal(ECDSA_verify(0, digest, (int)digest_len, signature, (int)len, key), 1);
		EC_KEY_free(key);
	}
}

/* ---- the nonce */

static enum bj_err fill_same(void *self, uint8_t *out, size_t len)
{
	if (!self)
		return BJ_ERR_RANDOM;
	memset(out, *(const uint8_t *)self, len);
	return BJ_OK;
}

static void r_of(const uint8_t private[32], struct bj_bytes digest, uint8_t random, uint8_t out[ECDSA_P256_SIG_MAX])
{
	const struct bj_rng rng = { fill_same, &random };
	size_t len;

	memset(out, 0, ECDSA_P256_SIG_MAX);
	assert_int_equal(ecdsa_p256_sign(private, digest, &rng, out, &len), BJ_OK);
}

/* A source that repeats itself must not make two messages or two keys share a nonce: that would give the key away. */
static void a_bad_source_repeats_no_nonce_for_another_digest_or_key(void **state)
{
	uint8_t private[32] = { 7 }, other[32] = { 8 }, digest[32] = { 1 }, changed[32] = { 2 };
	uint8_t a[ECDSA_P256_SIG_MAX], b[ECDSA_P256_SIG_MAX];

	r_of(private, bytes_of(digest, 32), 5, a);
	r_of(private, bytes_of(digest, 32), 5, b);
	assert_memory_equal(a, b, sizeof(a));
	r_of(private, bytes_of(changed, 32), 5, b);
	assert_memory_not_equal(a + 4, b + 4, 32);
	r_of(other, bytes_of(digest, 32), 5, b);
	assert_memory_not_equal(a + 4, b + 4, 32);
	r_of(private, bytes_of(digest, 32), 6, b);
	assert_memory_not_equal(a + 4, b + 4, 32);
}

static void a_source_that_fails_signs_nothing(void **state)
{
	const struct bj_rng none = { fill_same, NULL };
	uint8_t private[32] = { 7 }, out[ECDSA_P256_SIG_MAX];
	size_t len = 99;

	assert_int_equal(ecdsa_p256_sign(private, BYTES_LIT("digest of thirty-two bytes here."), &none, out, &len), BJ_ERR_RANDOM);
	assert_int_equal(len, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_that_fails_signs_nothing),
		cmocka_unit_test(a_signature_of_zero_is_refused),
		cmocka_unit_test(the_examples_of_the_rfc_hold),
		cmocka_unit_test(extreme_keys_nonces_and_digests_verify),
		cmocka_unit_test(what_is_signed_verifies_with_its_key_and_digest_only),
		cmocka_unit_test(a_bad_source_repeats_no_nonce_for_another_digest_or_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
