/* pkey_test.c - private keys: what is refused, and that every key that is made or read signs what its public half accepts. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>

#include "crypto/pkey.h"

struct made {
	enum key_kind kind;
	unsigned rsa_bits;
	enum sig_alg algs[7];
	struct pkey *key;
};

static struct made made[] = {
	{ KEY_RSA, 2048,
	  { SIG_RSA_PKCS1_SHA256, SIG_RSA_PKCS1_SHA384, SIG_RSA_PKCS1_SHA512, SIG_RSA_PSS_SHA256, SIG_RSA_PSS_SHA384,
	    SIG_RSA_PSS_SHA512 }, NULL },
	{ KEY_RSA, 2049, { SIG_RSA_PKCS1_SHA256, SIG_RSA_PSS_SHA256 }, NULL }, /* EM is a byte shorter than the modulus */
	{ KEY_P256, 0, { SIG_ECDSA_SHA256, SIG_ECDSA_SHA384, SIG_ECDSA_SHA512 }, NULL },
	{ KEY_P384, 0, { SIG_ECDSA_SHA256, SIG_ECDSA_SHA384, SIG_ECDSA_SHA512 }, NULL },
	{ KEY_P521, 0, { SIG_ECDSA_SHA256, SIG_ECDSA_SHA384, SIG_ECDSA_SHA512 }, NULL },
	{ KEY_ED25519, 0, { SIG_ED25519 }, NULL },
};

static int make_keys(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(made); i++)
		if (pkey_generate(made[i].kind, made[i].rsa_bits, &made[i].key))
			return -1;
	return 0;
}

static int drop_keys(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(made); i++)
		pkey_free(made[i].key);
	pkey_free(NULL);
	return 0;
}

static void signs_and_verifies(const struct pkey *key, const enum sig_alg *algs)
{
	uint8_t sig[SIG_LEN_MAX];
	struct pubkey half;
	size_t len;

	pkey_public(key, &half);
	for (size_t i = 0; algs[i]; i++) {
		assert_int_equal(pkey_sign(key, algs[i], BYTES_LIT("message"), sig, sizeof(sig), &len), BJ_OK);
		assert_int_equal(pubkey_verify(&half, algs[i], BYTES_LIT("message"), bytes_of(sig, len)), BJ_OK);
		assert_int_equal(pubkey_verify(&half, algs[i], BYTES_LIT("Message"), bytes_of(sig, len)), BJ_ERR_BAD_SIGNATURE);
		sig[len - 1] ^= 1;
		assert_int_equal(pubkey_verify(&half, algs[i], BYTES_LIT("message"), bytes_of(sig, len)), BJ_ERR_BAD_SIGNATURE);
		assert_int_equal(pkey_sign(key, algs[i], BYTES_LIT("message"), sig, 8, &len), BJ_ERR_SPACE);
	}
}

static void every_generated_key_signs_with_each_of_its_algorithms(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(made); i++) {
		assert_int_equal(pkey_kind(made[i].key), made[i].kind);
		signs_and_verifies(made[i].key, made[i].algs);
	}
}

static void an_algorithm_that_does_not_fit_signs_nothing(void **state)
{
	uint8_t sig[SIG_LEN_MAX];
	size_t len = 77;

	assert_int_equal(pkey_sign(made[0].key, SIG_ECDSA_SHA256, BYTES_LIT("m"), sig, sizeof(sig), &len), BJ_ERR_ARGUMENT);
	assert_int_equal(pkey_sign(made[2].key, SIG_ED25519, BYTES_LIT("m"), sig, sizeof(sig), &len), BJ_ERR_ARGUMENT);
	assert_int_equal(pkey_sign(made[2].key, SIG_NONE, BYTES_LIT("m"), sig, sizeof(sig), &len), BJ_ERR_ARGUMENT);
	assert_int_equal(len, 77);
}

static void sizes_and_kinds_that_are_not_made_are_refused(void **state)
{
	struct pkey *key = NULL;

	assert_int_equal(pkey_generate(KEY_RSA, 1024, &key), BJ_ERR_ARGUMENT);
	assert_int_equal(pkey_generate(KEY_RSA, 16384, &key), BJ_ERR_ARGUMENT);
	assert_int_equal(pkey_generate(KEY_NONE, 0, &key), BJ_ERR_ARGUMENT);
	assert_null(key);
}

static void a_key_comes_back_from_its_pkcs8(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(made); i++) {
		uint8_t der[8192], spki[1024], again[1024];
		size_t len, spki_len, again_len;
		struct pkey *key;

		assert_int_equal(pkey_pkcs8(made[i].key, der, 16, &len), BJ_ERR_SPACE);
		assert_int_equal(pkey_pkcs8(made[i].key, der, sizeof(der), &len), BJ_OK);
		assert_int_equal(pkey_from_der(bytes_of(der, len), &key), BJ_OK);
		assert_int_equal(pkey_kind(key), made[i].kind);
		signs_and_verifies(key, made[i].algs);
		assert_int_equal(pkey_spki(key, spki, 16, &spki_len), BJ_ERR_SPACE);
		assert_int_equal(pkey_spki(key, spki, sizeof(spki), &spki_len), BJ_OK);
		assert_int_equal(pkey_spki(made[i].key, again, sizeof(again), &again_len), BJ_OK);
		assert_int_equal(spki_len, again_len);
		assert_memory_equal(spki, again, again_len);
		pkey_free(key);
	}
}

static void every_cut_of_a_pkcs8_is_refused(void **state)
{
	for (size_t i = 2; i < ARRAY_COUNT(made); i++) {
		uint8_t der[512] = { 0 };
		struct pkey *key = NULL;
		size_t len;

		assert_int_equal(pkey_pkcs8(made[i].key, der, sizeof(der), &len), BJ_OK);
		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(pkey_from_der(bytes_of(der, cut), &key), BJ_ERR_KEY_FORMAT);
		assert_int_equal(pkey_from_der(bytes_of(der, len + 1), &key), BJ_ERR_KEY_FORMAT);
		assert_null(key);
	}
}

/* The older forms: SEC1 for curves, PKCS#1 for RSA. */
static void a_key_is_read_from_sec1_and_pkcs1(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(made) - 1; i++) {
		uint8_t der[8192];
		unsigned char *old = NULL;
		const unsigned char *p = der;
		struct pkey *key;
		EVP_PKEY *evp;
		size_t len;
		int old_len;

		assert_int_equal(pkey_pkcs8(made[i].key, der, sizeof(der), &len), BJ_OK);
		evp = d2i_AutoPrivateKey(NULL, &p, (long)len);
		assert_non_null(evp);
		old_len = i2d_PrivateKey(evp, &old);
		assert_true(old_len > 0);
		assert_int_equal(pkey_from_der(bytes_of(old, (size_t)old_len), &key), BJ_OK);
		signs_and_verifies(key, made[i].algs);
		pkey_free(key);
		OPENSSL_free(old);
		EVP_PKEY_free(evp);
	}
}

static void an_encrypted_key_is_told_apart(void **state)
{
	uint8_t der[512];
	const unsigned char *p = der;
	unsigned char *sealed = NULL;
	struct pkey *key = NULL;
	PKCS8_PRIV_KEY_INFO *info;
	X509_SIG *sig;
	size_t len;
	int sealed_len;

	assert_int_equal(pkey_pkcs8(made[2].key, der, sizeof(der), &len), BJ_OK);
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)len);
	sig = PKCS8_encrypt(-1, EVP_aes_128_cbc(), "pass", 4, NULL, 0, 2048, info);
	assert_non_null(sig);
	sealed_len = i2d_X509_SIG(sig, &sealed);
	assert_true(sealed_len > 0);
	assert_int_equal(pkey_from_der(bytes_of(sealed, (size_t)sealed_len), &key), BJ_ERR_KEY_ENCRYPTED);
	assert_null(key);
	OPENSSL_free(sealed);
	X509_SIG_free(sig);
	PKCS8_PRIV_KEY_INFO_free(info);
}

static void other_kinds_of_keys_are_refused(void **state)
{
	EVP_PKEY *evps[] = {
		EVP_PKEY_Q_keygen(NULL, NULL, "X25519"),
		EVP_PKEY_Q_keygen(NULL, NULL, "ED448"),
		EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"),
		EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024),
	};

	for (size_t i = 0; i < ARRAY_COUNT(evps); i++) {
		unsigned char *der = NULL;
		PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(evps[i]);
		int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
		struct pkey *key = NULL;

		assert_int_equal(pkey_from_der(bytes_of(der, (size_t)len), &key), BJ_ERR_KEY_KIND);
		assert_null(key);
		OPENSSL_free(der);
		PKCS8_PRIV_KEY_INFO_free(info);
		EVP_PKEY_free(evps[i]);
	}
}

/* A private half that belongs to another public half, and an RSA key with one number damaged. */
static void damaged_keys_are_refused(void **state)
{
	uint8_t der[4096];
	struct pkey *key = NULL;
	struct pubkey half;
	size_t len, at = 0;

	assert_int_equal(pkey_pkcs8(made[2].key, der, sizeof(der), &len), BJ_OK);
	pkey_public(made[2].key, &half);
	while (memcmp(der + at, half.point.ptr, half.point.len) != 0)
		at++;
	der[at - 20] ^= 1; /* within the private number, which stands in front of the public point */
	assert_int_equal(pkey_from_der(bytes_of(der, len), &key), BJ_ERR_KEY_FORMAT);
	assert_int_equal(pkey_pkcs8(made[0].key, der, sizeof(der), &len), BJ_OK);
	der[len - 10] ^= 1; /* the coefficient */
	assert_int_equal(pkey_from_der(bytes_of(der, len), &key), BJ_ERR_KEY_FORMAT);
	assert_int_equal(pkey_from_der(BYTES_LIT("not a key"), &key), BJ_ERR_KEY_FORMAT);
	assert_int_equal(pkey_from_der(bytes_of(NULL, 0), &key), BJ_ERR_KEY_FORMAT);
	assert_null(key);
}

static void an_rsa_pss_key_signs_pss_only(void **state)
{
	static const enum sig_alg algs[] = { SIG_RSA_PSS_SHA256, SIG_RSA_PSS_SHA384, SIG_RSA_PSS_SHA512, SIG_NONE };
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	EVP_PKEY *evp = NULL;
	unsigned char *der = NULL;
	PKCS8_PRIV_KEY_INFO *info;
	uint8_t sig[SIG_LEN_MAX];
	struct pkey *key;
	size_t sig_len;
	int len;

	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
	assert_int_equal(EVP_PKEY_generate(ctx, &evp), 1);
	info = EVP_PKEY2PKCS8(evp);
	len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	assert_int_equal(pkey_from_der(bytes_of(der, (size_t)len), &key), BJ_OK);
	assert_int_equal(pkey_kind(key), KEY_RSA_PSS);
	signs_and_verifies(key, algs);
	assert_int_equal(pkey_sign(key, SIG_RSA_PKCS1_SHA256, BYTES_LIT("m"), sig, sizeof(sig), &sig_len), BJ_ERR_ARGUMENT);
	pkey_free(key);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(evp);
	EVP_PKEY_CTX_free(ctx);
}

static void *sign_often(void *arg)
{
	const struct made *m = (const struct made *)arg;
	struct pubkey half;

	pkey_public(m->key, &half);
	for (int i = 0; i < 30; i++) {
		uint8_t sig[SIG_LEN_MAX];
		size_t len;

		if (pkey_sign(m->key, m->algs[0], bytes_of(&i, sizeof(i)), sig, sizeof(sig), &len) ||
		    pubkey_verify(&half, m->algs[0], bytes_of(&i, sizeof(i)), bytes_of(sig, len)))
			return arg;
	}
	return NULL;
}

static void threads_sign_with_one_key(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(made); i++) {
		pthread_t threads[4];

		for (size_t t = 0; t < ARRAY_COUNT(threads); t++)
			assert_int_equal(pthread_create(&threads[t], NULL, sign_often, &made[i]), 0);
		for (size_t t = 0; t < ARRAY_COUNT(threads); t++) {
			void *failed;

			assert_int_equal(pthread_join(threads[t], &failed), 0);
			assert_null(failed);
		}
	}
}

static void a_reference_keeps_the_key(void **state)
{
	struct pkey *key, *other;

	assert_int_equal(pkey_generate(KEY_P256, 0, &key), BJ_OK);
	other = pkey_ref(key);
	pkey_free(key);
	signs_and_verifies(other, made[2].algs);
	pkey_free(other);
}

static void an_ml_dsa_key_signs_and_comes_back_from_its_pkcs8(void **state)
{
	for (unsigned i = 0; i < 3; i++) {
		const enum sig_alg algs[] = { (enum sig_alg)(SIG_MLDSA44 + i), SIG_NONE };
		enum key_kind kind = (enum key_kind)(KEY_MLDSA44 + i);
		uint8_t der[8192];
		struct pkey *key = NULL, *again;
		size_t len;

		if (!sig_is_here(algs[0])) {
			assert_int_equal(pkey_generate(kind, 0, &key), BJ_ERR_CRYPTO);
			assert_null(key);
			print_message("SKIPPED: this libcrypto has no ML-DSA (it comes with 3.5)\n");
			skip();
		}
		assert_int_equal(pkey_generate(kind, 0, &key), BJ_OK);
		assert_int_equal(pkey_kind(key), kind);
		signs_and_verifies(key, algs);
		assert_int_equal(pkey_sign(key, SIG_ED25519, BYTES_LIT("m"), der, sizeof(der), &len), BJ_ERR_ARGUMENT);
		assert_int_equal(pkey_pkcs8(key, der, sizeof(der), &len), BJ_OK);
		assert_int_equal(pkey_from_der(bytes_of(der, len), &again), BJ_OK);
		signs_and_verifies(again, algs);
		assert_int_equal(pkey_from_der(bytes_of(der, len - 1), &again), BJ_ERR_KEY_FORMAT);
		pkey_free(again);
		pkey_free(key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_and_kinds_that_are_not_made_are_refused),
		cmocka_unit_test(every_cut_of_a_pkcs8_is_refused),
		cmocka_unit_test(damaged_keys_are_refused),
		cmocka_unit_test(other_kinds_of_keys_are_refused),
		cmocka_unit_test(an_encrypted_key_is_told_apart),
		cmocka_unit_test(an_algorithm_that_does_not_fit_signs_nothing),
		cmocka_unit_test(every_generated_key_signs_with_each_of_its_algorithms),
		cmocka_unit_test(a_key_comes_back_from_its_pkcs8),
		cmocka_unit_test(a_key_is_read_from_sec1_and_pkcs1),
		cmocka_unit_test(an_rsa_pss_key_signs_pss_only),
		cmocka_unit_test(threads_sign_with_one_key),
		cmocka_unit_test(a_reference_keeps_the_key),
		cmocka_unit_test(an_ml_dsa_key_signs_and_comes_back_from_its_pkcs8),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
