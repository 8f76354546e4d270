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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers_hold_also_when_a_key_is_used_again),
		cmocka_unit_test(wycheproof_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
