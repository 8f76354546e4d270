/* hkdf_test.c - HKDF against rfc5869:A.1 and Wycheproof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/hkdf.h"
#include "support/hex.h"
#include "support/json.h"
#include "support/vectors.h"

static void output_longer_than_255_blocks_is_refused(void **state)
{
	static uint8_t out[255 * 32 + 1];
	struct hmac_key key;

	hmac_key_init(&key, HASH_SHA256, BYTES_LIT("prk"));
	assert_int_equal(hkdf_expand(&key, bytes_of(NULL, 0), out, sizeof(out)), BJ_ERR_ARGUMENT);
	assert_int_equal(hkdf_expand(&key, bytes_of(NULL, 0), out, sizeof(out) - 1), BJ_OK);
}

static void the_first_case_of_the_rfc_holds(void **state)
{
	uint8_t ikm[22], salt[13], info[10], want[42], got[42];
	struct hmac_key key;
	struct secret prk;

	memset(ikm, 0x0b, sizeof(ikm));
	for (size_t i = 0; i < sizeof(salt); i++)
		salt[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(info); i++)
		info[i] = (uint8_t)(0xf0 + i);
	hkdf_extract(HASH_SHA256, bytes_of(salt, sizeof(salt)), bytes_of(ikm, sizeof(ikm)), &prk);
	hex_to("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", want, sizeof(want));
	assert_int_equal(prk.len, 32);
	assert_memory_equal(prk.bytes, want, 32);
	hmac_key_init(&key, HASH_SHA256, secret_view(&prk));
	assert_int_equal(hkdf_expand(&key, bytes_of(info, sizeof(info)), got, sizeof(got)), BJ_OK);
	hex_to("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865", want, sizeof(want));
	assert_memory_equal(got, want, sizeof(want));
}

static void an_empty_salt_is_a_hash_of_zeros(void **state)
{
	static const enum hash_alg algs[] = { HASH_SHA256, HASH_SHA384, HASH_SHA512 };
	static const uint8_t zeros[HASH_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(algs); i++) {
		struct secret a, b;

		hkdf_extract(algs[i], bytes_of(NULL, 0), BYTES_LIT("ikm"), &a);
		hkdf_extract(algs[i], bytes_of(zeros, hash_len(algs[i])), BYTES_LIT("ikm"), &b);
		assert_true(secret_equal(&a, &b));
	}
}

/* Of all lengths, from two keys, with infos that take one block and several. */
static void two_outputs_are_those_of_each_alone(void **state)
{
	static const enum hash_alg algs[] = { HASH_SHA256, HASH_SHA384 };
	uint8_t info[HKDF_INFO_MAX], want[2][HASH_MAX], got[2][HASH_MAX + 1];
	struct hmac_key keys[2];

	for (size_t i = 0; i < sizeof(info); i++)
		info[i] = (uint8_t)(i * 13);
	for (size_t a = 0; a < ARRAY_COUNT(algs); a++) {
		hmac_key_init(&keys[0], algs[a], BYTES_LIT("one"));
		hmac_key_init(&keys[1], algs[a], BYTES_LIT("other"));
		for (size_t x = 0; x <= sizeof(info); x++) {
			size_t lens[2] = { x % (hash_len(algs[a]) + 1), hash_len(algs[a]) - x % 7 };
			const struct hkdf_output outputs[2] = {
				{ &keys[0], bytes_of(info, x), got[0], lens[0] },
				{ &keys[1], bytes_of(info, x * 29 % sizeof(info)), got[1], lens[1] },
			};

			memset(got, 0x5a, sizeof(got));
			hkdf_expand_two(&outputs[0], &outputs[1]);
			for (size_t i = 0; i < 2; i++) {
				assert_int_equal(hkdf_expand(&keys[i], outputs[i].info, want[i], lens[i]), BJ_OK);
				assert_memory_equal(got[i], want[i], lens[i]);
				assert_int_equal(got[i][lens[i]], 0x5a);
			}
		}
	}
}

static void run_case(enum hash_alg alg, const struct json *test)
{
	size_t ikm_len, salt_len, info_len, okm_len, size = (size_t)json_get_int(test, "size");
	uint8_t *ikm = json_get_hex(test, "ikm", &ikm_len);
	uint8_t *salt = json_get_hex(test, "salt", &salt_len);
	uint8_t *info = json_get_hex(test, "info", &info_len);
	uint8_t *okm = json_get_hex(test, "okm", &okm_len);
	bool valid = strcmp(json_get_text(test, "result"), "valid") == 0;
	uint8_t *got = (uint8_t *)calloc(1, size + 1);
	struct hmac_key key;
	struct secret prk;
	enum bj_err err;

	hkdf_extract(alg, bytes_of(salt, salt_len), bytes_of(ikm, ikm_len), &prk);
	hmac_key_init(&key, alg, secret_view(&prk));
	err = hkdf_expand(&key, bytes_of(info, info_len), got, size);
	if ((err == BJ_OK && size == okm_len && memcmp(got, okm, size) == 0) != valid)
		fail_msg("tcId %lld", json_get_int(test, "tcId"));
	free(ikm);
	free(salt);
	free(info);
	free(okm);
	free(got);
}

static void wycheproof_agrees(void **state)
{
	static const struct { enum hash_alg alg; const char *file; } files[] = {
		{ HASH_SHA256, "wycheproof/hkdf_sha256_test.json" },
		{ HASH_SHA384, "wycheproof/hkdf_sha384_test.json" },
	};

	if (!vectors_present())
		skip();
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		struct json *root = json_load(vectors_path(files[i].file));
		size_t ran = 0;

		for json_each (group, json_get(root, "testGroups"))
			for json_each (test, json_get(group, "tests")) {
				run_case(files[i].alg, test);
				ran++;
			}
		json_free(root);
		assert_true(ran >= 80);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_longer_than_255_blocks_is_refused),
		cmocka_unit_test(the_first_case_of_the_rfc_holds),
		cmocka_unit_test(an_empty_salt_is_a_hash_of_zeros),
		cmocka_unit_test(two_outputs_are_those_of_each_alone),
		cmocka_unit_test(wycheproof_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
