/* hmac_test.c - HMAC against published answers and Wycheproof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/hmac.h"
#include "support/hex.h"
#include "support/json.h"
#include "support/vectors.h"

/* All tests run with our SHA-256 of whole blocks where it is here, and again with libcrypto's. */
static bool own_lanes = true;
bool __real_sha256_lanes_here(void);
bool __wrap_sha256_lanes_here(void);

bool __wrap_sha256_lanes_here(void)
{
	return own_lanes && __real_sha256_lanes_here();
}

/* rfc4231:4.3 rfc4231:4.7: a short key, and one longer than a block */
static const struct {
	enum hash_alg alg;
	const char *short_key;
	const char *long_key;
} rows[] = {
	{ HASH_SHA256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ HASH_SHA384,
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
	  "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952" },
	{ HASH_SHA512,
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
	  "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	  "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
};

static void known_answers_hold_also_when_a_key_is_used_again(void **state)
{
	uint8_t long_key[131], want[HASH_MAX], got[HASH_MAX];

	memset(long_key, 0xaa, sizeof(long_key));
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct hmac_key key;

		hmac_key_init(&key, rows[i].alg, BYTES_LIT("Jefe"));
		for (int again = 0; again < 2; again++) {
			size_t len = hex_to(rows[i].short_key, want, sizeof(want));

			assert_int_equal(hmac_once(&key, BYTES_LIT("what do ya want for nothing?"), got), len);
			assert_memory_equal(got, want, len);
		}
		hmac_key_init(&key, rows[i].alg, bytes_of(long_key, sizeof(long_key)));
		hex_to(rows[i].long_key, want, sizeof(want));
		(void)hmac_once(&key, BYTES_LIT("Test Using Larger Than Block-Size Key - Hash Key First"), got);
		assert_memory_equal(got, want, hash_len(rows[i].alg));
	}
}

static size_t run_group(enum hash_alg alg, const struct json *group)
{
	size_t ran = 0;

	if (json_get_int(group, "tagSize") != 8 * (long long)hash_len(alg))
		return 0; /* truncated tags: nothing here makes them */
	for json_each (test, json_get(group, "tests")) {
		size_t key_len, msg_len, tag_len;
		uint8_t *secret = json_get_hex(test, "key", &key_len);
		uint8_t *msg = json_get_hex(test, "msg", &msg_len);
		uint8_t *tag = json_get_hex(test, "tag", &tag_len);
		bool valid = strcmp(json_get_text(test, "result"), "valid") == 0;
		uint8_t got[HASH_MAX];
		struct hmac_key key;
		bool same;

		hmac_key_init(&key, alg, bytes_of(secret, key_len));
		same = hmac_once(&key, bytes_of(msg, msg_len), got) == tag_len && memcmp(got, tag, tag_len) == 0;
		if (same != valid)
			fail_msg("tcId %lld", json_get_int(test, "tcId"));
		free(secret);
		free(msg);
		free(tag);
		ran++;
	}
	return ran;
}

static void wycheproof_agrees(void **state)
{
	static const struct { enum hash_alg alg; const char *file; } files[] = {
		{ HASH_SHA256, "wycheproof/hmac_sha256_test.json" },
		{ HASH_SHA384, "wycheproof/hmac_sha384_test.json" },
	};

	if (!vectors_present())
		skip();
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		struct json *root = json_load(vectors_path(files[i].file));
		size_t ran = 0;

		for json_each (group, json_get(root, "testGroups"))
			ran += run_group(files[i].alg, group);
		json_free(root);
		assert_true(ran >= 80);
	}
}

/* Whatever their lengths, in one go, beside another or in pieces: the same; and wiping leaves nothing of a key. */
static void one_two_and_pieces_agree(void **state)
{
	static const enum hash_alg algs[] = { HASH_SHA256, HASH_SHA384, HASH_SHA512 };
	uint8_t data[300], want[2][HASH_MAX], got[2][HASH_MAX], pieces[HASH_MAX];
	static const struct hmac_key gone;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + i / 7);
	for (size_t a = 0; a < ARRAY_COUNT(algs); a++) {
		size_t len = hash_len(algs[a]);
		struct hmac_key keys[2];

		hmac_key_init(&keys[0], algs[a], bytes_of(data, 32));
		hmac_key_init(&keys[1], algs[a], bytes_of(data + 1, 200));
		for (size_t x = 0; x <= sizeof(data); x += x < 140 ? 1 : 23)
			for (size_t y = 0; y <= sizeof(data); y += 19) {
				struct hmac h;

				assert_int_equal(hmac_once(&keys[0], bytes_of(data, x), want[0]), len);
				assert_int_equal(hmac_once(&keys[1], bytes_of(data, y), want[1]), len);
				hmac_two(&keys[0], bytes_of(data, x), got[0], &keys[1], bytes_of(data, y), got[1]);
				assert_memory_equal(got[0], want[0], len);
				assert_memory_equal(got[1], want[1], len);
				hmac_init(&h, &keys[0]);
				hmac_update(&h, bytes_of(data, x / 3));
				hmac_update(&h, bytes_of(data + x / 3, x - x / 3));
				assert_int_equal(hmac_final(&h, pieces), len);
				assert_memory_equal(pieces, want[0], len);
			}
		hmac_key_wipe(&keys[0]);
		assert_memory_equal(&keys[0], &gone, sizeof(gone));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_two_and_pieces_agree),
		cmocka_unit_test(known_answers_hold_also_when_a_key_is_used_again),
		cmocka_unit_test(wycheproof_agrees),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	own_lanes = false;
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
