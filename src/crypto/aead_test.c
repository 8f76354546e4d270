/* aead_test.c - every AEAD of every provider: Wycheproof, against each other, and what must hold when a tag is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/aead.h"
#include "support/hex.h"
#include "support/json.h"
#include "support/vectors.h"

static const enum aead_provider providers[] = { AEAD_LIBCRYPTO, AEAD_IPSEC_MB };
static const enum aead_alg algs[] = { AEAD_AES_128_GCM, AEAD_AES_256_GCM, AEAD_CHACHA20_POLY1305 };

static uint64_t seed = 1;

static uint64_t draw(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 33;
}

static void draw_bytes(uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)draw();
}

/* An empty message and one block of zeros under a zero key: the first cases of the GCM specification (rfc8446 uses the same). */
static void known_answers_hold(void **state)
{
	static const struct { enum aead_alg alg; const char *empty, *block; } rows[] = {
		{ AEAD_AES_128_GCM, "58e2fccefa7e3061367f1d57a4e7455a",
		  "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf" },
		{ AEAD_AES_256_GCM, "530f8afbc74536b9a963b4f1c4cb738b",
		  "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919" },
	};
	static const uint8_t zeros[32];

	for (size_t p = 0; p < ARRAY_COUNT(providers); p++)
		for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
			uint8_t want[32], got[32];
			struct aead a;

			if (!aead_has(providers[p], rows[i].alg))
				continue;
			assert_int_equal(aead_init(&a, rows[i].alg, providers[p], zeros), BJ_OK);
			assert_int_equal(aead_seal(&a, zeros, bytes_of(NULL, 0), bytes_of(NULL, 0), got), BJ_OK);
			hex_to(rows[i].empty, want, sizeof(want));
			assert_memory_equal(got, want, 16);
			assert_int_equal(aead_seal(&a, zeros, bytes_of(NULL, 0), bytes_of(zeros, 16), got), BJ_OK);
			hex_to(rows[i].block, want, sizeof(want));
			assert_memory_equal(got, want, 32);
			aead_fini(&a);
		}
}

static void unknown_algorithms_and_providers_are_refused(void **state)
{
	static const uint8_t key[32];
	struct aead a = { 0 };

	assert_int_equal(aead_init(&a, AEAD_NONE, AEAD_BEST, key), BJ_ERR_ARGUMENT);
	assert_int_equal(aead_init(&a, AEAD_CHACHA20_POLY1305, AEAD_IPSEC_MB, key), BJ_ERR_UNSUPPORTED);
	assert_false(aead_has(AEAD_IPSEC_MB, AEAD_CHACHA20_POLY1305));
	aead_fini(&a); /* takes a zeroed struct */
}

/* Flips each bit of a short sealed message, cuts it everywhere, and changes nonce and additional data. */
static void whatever_is_changed_is_refused_and_leaves_no_plaintext(void **state)
{
	static const uint8_t zeros[64];
	uint8_t key[32], nonce[12], aad[5], text[20], sealed[36], out[36];

	draw_bytes(key, sizeof(key));
	draw_bytes(nonce, sizeof(nonce));
	draw_bytes(aad, sizeof(aad));
	draw_bytes(text, sizeof(text));
	for (size_t p = 0; p < ARRAY_COUNT(providers); p++)
		for (size_t i = 0; i < ARRAY_COUNT(algs); i++) {
			struct aead a;

			if (!aead_has(providers[p], algs[i]))
				continue;
			assert_int_equal(aead_init(&a, algs[i], providers[p], key), BJ_OK);
			assert_int_equal(aead_seal(&a, nonce, bytes_of(aad, 5), bytes_of(text, 20), sealed), BJ_OK);
			for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
				memcpy(out, sealed, sizeof(out));
				out[bit / 8] ^= (uint8_t)(1 << bit % 8);
				assert_int_equal(aead_open(&a, nonce, bytes_of(aad, 5), bytes_of(out, 36), out),
						 BJ_ERR_BAD_RECORD_MAC);
				assert_memory_equal(out, zeros, 20);
			}
			for (size_t len = 0; len < sizeof(sealed); len++)
				assert_int_equal(aead_open(&a, nonce, bytes_of(aad, 5), bytes_of(sealed, len), out),
						 BJ_ERR_BAD_RECORD_MAC);
			assert_int_equal(aead_open(&a, nonce, bytes_of(aad, 4), bytes_of(sealed, 36), out),
					 BJ_ERR_BAD_RECORD_MAC);
			nonce[11] ^= 1;
			assert_int_equal(aead_open(&a, nonce, bytes_of(aad, 5), bytes_of(sealed, 36), out),
					 BJ_ERR_BAD_RECORD_MAC);
			nonce[11] ^= 1;
			/* and after all those failures the key still works */
			assert_int_equal(aead_open(&a, nonce, bytes_of(aad, 5), bytes_of(sealed, 36), out), BJ_OK);
			assert_memory_equal(out, text, 20);
			aead_fini(&a);
		}
}

static void resting_changes_no_result_and_finishing_wipes_the_key(void **state)
{
	static const struct aead gone;
	uint8_t key[32], nonce[12] = { 0 }, first[32], second[32];

	draw_bytes(key, sizeof(key));
	for (size_t p = 0; p < ARRAY_COUNT(providers); p++)
		for (size_t i = 0; i < ARRAY_COUNT(algs); i++) {
			struct aead a;

			if (!aead_has(providers[p], algs[i]))
				continue;
			assert_int_equal(aead_init(&a, algs[i], providers[p], key), BJ_OK);
			assert_null(a.expanded);
			assert_int_equal(aead_seal(&a, nonce, bytes_of(NULL, 0), bytes_of(key, 16), first), BJ_OK);
			aead_rest(&a);
			assert_null(a.expanded);
			aead_rest(&a);
			assert_int_equal(aead_seal(&a, nonce, bytes_of(NULL, 0), bytes_of(key, 16), second), BJ_OK);
			assert_memory_equal(first, second, 32);
			aead_fini(&a);
			assert_memory_equal(&a, &gone, sizeof(a));
		}
}

/* Used or not before, at rest or not: what follows is as under a key that was there from the beginning. */
static void a_changed_key_is_like_a_new_one(void **state)
{
	uint8_t keys[2][32], nonce[12] = { 0 }, want[48], got[48];

	for (size_t p = 0; p < ARRAY_COUNT(providers); p++)
		for (size_t i = 0; i < ARRAY_COUNT(algs); i++)
			for (unsigned how = 0; how < 4; how++) {
				struct aead a, fresh;

				if (!aead_has(providers[p], algs[i]))
					continue;
				draw_bytes(keys[0], sizeof(keys));
				assert_int_equal(aead_init(&fresh, algs[i], providers[p], keys[1]), BJ_OK);
				assert_int_equal(aead_seal(&fresh, nonce, bytes_of(nonce, 5), bytes_of(keys[0], 32), want), BJ_OK);
				assert_int_equal(aead_init(&a, algs[i], providers[p], keys[0]), BJ_OK);
				if (how & 1)
					assert_int_equal(aead_seal(&a, nonce, bytes_of(nonce, 5), bytes_of(keys[0], 32), got), BJ_OK);
				aead_change(&a, keys[1]);
				if (how & 2)
					aead_rest(&a);
				assert_int_equal(aead_seal(&a, nonce, bytes_of(nonce, 5), bytes_of(keys[0], 32), got), BJ_OK);
				assert_memory_equal(got, want, 48);
				assert_int_equal(aead_open(&a, nonce, bytes_of(nonce, 5), bytes_of(want, 48), got), BJ_OK);
				assert_memory_equal(got, keys[0], 32);
				aead_change(&a, keys[0]);
				assert_int_equal(aead_open(&a, nonce, bytes_of(nonce, 5), bytes_of(want, 48), got), BJ_ERR_BAD_RECORD_MAC);
				aead_fini(&fresh);
				aead_fini(&a);
			}
}

#define BIG 20000

/* One random case on every provider: in one piece, in several, in place and not, at odd addresses. */
static void agree_once(enum aead_alg alg, uint8_t *text, uint8_t *want, uint8_t *got)
{
	uint8_t key[32], nonce[12], aad[64];
	size_t len = draw() % (draw() % 2 ? 300 : BIG), aad_len = draw() % sizeof(aad);
	size_t from = draw() % 64, to = draw() % 64;
	struct bj_bytes pieces[4];
	size_t cut = 0;

	draw_bytes(key, sizeof(key));
	draw_bytes(nonce, sizeof(nonce));
	draw_bytes(aad, sizeof(aad));
	draw_bytes(text + from, len);
	for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
		size_t take = i == 3 || cut == len ? len - cut : draw() % (len - cut);

		pieces[i] = bytes_of(text + from + cut, take);
		cut += take;
	}
	for (size_t p = 0; p < ARRAY_COUNT(providers); p++) {
		struct bj_bytes extra = bytes_of(aad, aad_len);
		uint8_t *out = p == 0 ? want : got + to;
		struct aead a;

		if (!aead_has(providers[p], alg))
			continue;
		assert_int_equal(aead_init(&a, alg, providers[p], key), BJ_OK);
		assert_int_equal(aead_seal(&a, nonce, extra, bytes_of(text + from, len), out), BJ_OK);
		assert_memory_equal(out, want, len + AEAD_TAG_LEN);
		assert_int_equal(aead_sealv(&a, nonce, extra, pieces, ARRAY_COUNT(pieces), got + to), BJ_OK);
		assert_memory_equal(got + to, want, len + AEAD_TAG_LEN);
		assert_int_equal(aead_open(&a, nonce, extra, bytes_of(got + to, len + AEAD_TAG_LEN), got + to), BJ_OK);
		assert_memory_equal(got + to, text + from, len);
		assert_int_equal(aead_seal(&a, nonce, extra, bytes_of(got + to, len), got + to), BJ_OK);
		assert_memory_equal(got + to, want, len + AEAD_TAG_LEN);
		assert_int_equal(aead_open(&a, nonce, extra, bytes_of(want, len + AEAD_TAG_LEN), got + to), BJ_OK);
		assert_memory_equal(got + to, text + from, len);
		aead_fini(&a);
	}
}

static void providers_agree_on_random_sizes_and_addresses(void **state)
{
	uint8_t *text = (uint8_t *)malloc(BIG + 128);
	uint8_t *want = (uint8_t *)malloc(BIG + 128);
	uint8_t *got = (uint8_t *)malloc(BIG + 128);

	for (size_t i = 0; i < ARRAY_COUNT(algs); i++)
		for (int round = 0; round < 300; round++)
			agree_once(algs[i], text, want, got);
	free(text);
	free(want);
	free(got);
}

static void texts_past_the_limit_are_refused(void **state)
{
	static const uint8_t key[32], nonce[12];
	struct bj_bytes halves[2] = { { key, AEAD_TEXT_MAX }, { key, 1 } };
	struct bj_bytes none = { NULL, 0 };
	uint8_t out[1];
	struct aead a;

	assert_int_equal(aead_init(&a, AEAD_AES_128_GCM, AEAD_BEST, key), BJ_OK);
	assert_int_equal(aead_sealv(&a, nonce, none, halves, 2, out), BJ_ERR_ARGUMENT);
	assert_int_equal(aead_seal(&a, nonce, none, bytes_of(key, SIZE_MAX), out), BJ_ERR_ARGUMENT);
	assert_int_equal(aead_seal(&a, nonce, bytes_of(key, AEAD_TEXT_MAX + 1), none, out), BJ_ERR_ARGUMENT);
	assert_int_equal(aead_open(&a, nonce, none, bytes_of(key, SIZE_MAX), out), BJ_ERR_ARGUMENT);
	aead_fini(&a);
}

static void run_case(enum aead_alg alg, enum aead_provider provider, const struct json *test)
{
	size_t key_len, nonce_len, aad_len, msg_len, ct_len, tag_len;
	uint8_t *key = json_get_hex(test, "key", &key_len);
	uint8_t *nonce = json_get_hex(test, "iv", &nonce_len);
	uint8_t *aad = json_get_hex(test, "aad", &aad_len);
	uint8_t *msg = json_get_hex(test, "msg", &msg_len);
	uint8_t *ct = json_get_hex(test, "ct", &ct_len);
	uint8_t *tag = json_get_hex(test, "tag", &tag_len);
	bool valid = strcmp(json_get_text(test, "result"), "valid") == 0;
	uint8_t *sealed = (uint8_t *)malloc(ct_len + AEAD_TAG_LEN);
	uint8_t *out = (uint8_t *)malloc(ct_len + AEAD_TAG_LEN);
	bool good;
	struct aead a;

	memcpy(sealed, ct, ct_len);
	memcpy(sealed + ct_len, tag, AEAD_TAG_LEN);
	assert_int_equal(aead_init(&a, alg, provider, key), BJ_OK);
	good = aead_open(&a, nonce, bytes_of(aad, aad_len), bytes_of(sealed, ct_len + AEAD_TAG_LEN), out) == BJ_OK;
	if (good != valid || (good && memcmp(out, msg, msg_len) != 0))
		fail_msg("provider %d tcId %lld: open", (int)provider, json_get_int(test, "tcId"));
	assert_int_equal(aead_seal(&a, nonce, bytes_of(aad, aad_len), bytes_of(msg, msg_len), out), BJ_OK);
	if ((memcmp(out, sealed, ct_len + AEAD_TAG_LEN) == 0) != valid)
		fail_msg("provider %d tcId %lld: seal", (int)provider, json_get_int(test, "tcId"));
	aead_fini(&a);
	free(key);
	free(nonce);
	free(aad);
	free(msg);
	free(ct);
	free(tag);
	free(sealed);
	free(out);
}

static enum aead_alg alg_of(const struct json *group, bool aes)
{
	long long bits = json_get_int(group, "keySize");

	if (json_get_int(group, "ivSize") != 96 || json_get_int(group, "tagSize") != 128)
		return AEAD_NONE;
	if (!aes)
		return bits == 256 ? AEAD_CHACHA20_POLY1305 : AEAD_NONE;
	return bits == 128 ? AEAD_AES_128_GCM : bits == 256 ? AEAD_AES_256_GCM : AEAD_NONE;
}

static void wycheproof_agrees(void **state)
{
	static const char *const files[] = { "wycheproof/aes_gcm_test.json", "wycheproof/chacha20_poly1305_test.json" };

	if (!vectors_present())
		skip();
	for (size_t p = 0; p < ARRAY_COUNT(providers); p++)
		for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
			struct json *root = json_load(vectors_path(files[i]));
			size_t ran = 0;

			assert_non_null(root);
			for json_each (group, json_get(root, "testGroups")) {
				enum aead_alg alg = alg_of(group, i == 0);

				if (!aead_has(providers[p], alg))
					continue;
				for json_each (test, json_get(group, "tests")) {
					run_case(alg, providers[p], test);
					ran++;
				}
			}
			json_free(root);
			if (aead_has(providers[p], i == 0 ? AEAD_AES_128_GCM : AEAD_CHACHA20_POLY1305))
				assert_true(ran >= 100);
			else
				fprintf(stderr, "SKIPPED: provider %d has no cipher of %s\n", (int)providers[p], files[i]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_algorithms_and_providers_are_refused),
		cmocka_unit_test(texts_past_the_limit_are_refused),
		cmocka_unit_test(whatever_is_changed_is_refused_and_leaves_no_plaintext),
		cmocka_unit_test(known_answers_hold),
		cmocka_unit_test(resting_changes_no_result_and_finishing_wipes_the_key),
		cmocka_unit_test(a_changed_key_is_like_a_new_one),
		cmocka_unit_test(providers_agree_on_random_sizes_and_addresses),
		cmocka_unit_test(wycheproof_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
