/* prf12_test.c - the TLS 1.2 PRF against published answers and libcrypto's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "crypto/prf12.h"
#include "support/hex.h"

/* The answers that were published for implementers of rfc5246 (SHA-256 and SHA-384). */
static const struct {
	enum hash_alg alg;
	const char *secret, *seed, *want;
} rows[] = {
	{ HASH_SHA256, "9bbe436ba940f017b17652849a71db35", "a0ba9f936cda311827a6f796ffd5198c",
	  "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17"
	  "abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66" },
	{ HASH_SHA384, "b80b733d6ceefcdc71566ea48e5567df", "cd665cf6a8447dd6ff8b27555edb7465",
	  "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700"
	  "884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec479e4f1a2"
	  "6066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f" },
};

static void known_answers_hold_however_the_seed_is_cut(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		uint8_t secret[16], seed[16], want[256], got[256];
		size_t len = hex_to(rows[i].want, want, sizeof(want));
		struct hmac_key key;

		hex_to(rows[i].secret, secret, sizeof(secret));
		hex_to(rows[i].seed, seed, sizeof(seed));
		hmac_key_init(&key, rows[i].alg, bytes_of(secret, sizeof(secret)));
		for (size_t cut = 0; cut <= sizeof(seed); cut++) {
			memset(got, 0, sizeof(got));
			prf12(&key, "test label", bytes_of(seed, cut), bytes_of(seed + cut, sizeof(seed) - cut), got, len);
			assert_memory_equal(got, want, len);
		}
	}
}

/* Also seeds that are kept together and those that are too long for it. */
static void every_length_agrees_with_libcrypto(void **state)
{
	static const char *const digests[] = { "SHA256", "SHA384" };
	static const enum hash_alg algs[] = { HASH_SHA256, HASH_SHA384 };
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	uint8_t secret[48], got[200], want[200], seed[13 + 300];

	assert_non_null(kdf);
	memset(secret, 0x5a, sizeof(secret));
	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)i;
	memcpy(seed, "key expansion", 13);
	for (size_t i = 0; i < ARRAY_COUNT(algs); i++) {
		struct hmac_key key;

		hmac_key_init(&key, algs[i], bytes_of(secret, sizeof(secret)));
		for (size_t len = 1; len <= sizeof(got); len++) {
			size_t first = len * 7 % 90, second = len * 3 % 70; /* the label and they are 128 bytes, more or less */
			EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
			OSSL_PARAM params[] = {
				OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digests[i], 0),
				OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, secret, sizeof(secret)),
				OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, 13 + first + second),
				OSSL_PARAM_construct_end(),
			};

			assert_int_equal(EVP_KDF_derive(ctx, want, len, params), 1);
			EVP_KDF_CTX_free(ctx);
			prf12(&key, "key expansion", bytes_of(seed + 13, first), bytes_of(seed + 13 + first, second), got, len);
			assert_memory_equal(got, want, len);
		}
	}
	EVP_KDF_free(kdf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers_hold_however_the_seed_is_cut),
		cmocka_unit_test(every_length_agrees_with_libcrypto),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
