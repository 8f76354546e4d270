/* hash_test.c - SHA-2 and SHA-1 against published answers, and the ways in which a state is used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "support/hex.h"

/* All tests run with our SHA-256 of whole blocks where it is here, and again with libcrypto's. */
static bool own_lanes = true;
bool __real_sha256_lanes_here(void);
bool __wrap_sha256_lanes_here(void);

bool __wrap_sha256_lanes_here(void)
{
	return own_lanes && __real_sha256_lanes_here();
}

static const struct {
	enum hash_alg alg;
	const char *of_abc;
	const char *of_nothing;
} rows[] = {
	{ HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ HASH_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ HASH_SHA384,
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
	  "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b" },
	{ HASH_SHA512,
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	  "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
	  "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e" },
};

static void known_answers_hold(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		uint8_t want[HASH_MAX], got[HASH_MAX];
		size_t len = hex_to(rows[i].of_abc, want, sizeof(want));

		assert_int_equal(hash_len(rows[i].alg), len);
		assert_int_equal(hash_once(rows[i].alg, BYTES_LIT("abc"), got), len);
		assert_memory_equal(got, want, len);
		hex_to(rows[i].of_nothing, want, sizeof(want));
		assert_int_equal(hash_once(rows[i].alg, bytes_of(NULL, 0), got), len);
		assert_memory_equal(got, want, len);
	}
}

static void peeking_leaves_the_state_as_it_was(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		uint8_t got[HASH_MAX], want[HASH_MAX];
		struct hash h;

		hash_init(&h, rows[i].alg);
		hash_update(&h, "a", 1);
		(void)hash_peek(&h, got);
		hash_update(&h, "bc", 2);
		hex_to(rows[i].of_abc, want, sizeof(want));
		assert_int_equal(hash_peek(&h, got), hash_len(rows[i].alg));
		assert_memory_equal(got, want, hash_len(rows[i].alg));
	}
}

static void a_copied_state_goes_its_own_way(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		uint8_t got[HASH_MAX], want[HASH_MAX];
		struct hash h, copy;

		hash_init(&h, rows[i].alg);
		hash_update(&h, "ab", 2);
		copy = h;
		hash_update(&h, "x", 1);
		hash_update(&copy, "c", 1);
		(void)hash_final(&copy, got);
		hex_to(rows[i].of_abc, want, sizeof(want));
		assert_memory_equal(got, want, hash_len(rows[i].alg));
	}
}

/* Every length around the block sizes, fed whole and in two parts cut everywhere. */
static void cutting_the_input_changes_nothing(void **state)
{
	uint8_t data[300], whole[HASH_MAX], cut[HASH_MAX];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		for (size_t len = 0; len <= sizeof(data); len += 37)
			for (size_t at = 0; at <= len; at++) {
				struct hash h;

				(void)hash_once(rows[i].alg, bytes_of(data, len), whole);
				hash_init(&h, rows[i].alg);
				hash_update(&h, data, at);
				hash_update(&h, data + at, len - at);
				(void)hash_final(&h, cut);
				assert_memory_equal(cut, whole, hash_len(rows[i].alg));
			}
}

static void wiping_leaves_nothing_of_what_was_fed(void **state)
{
	struct hash h, zero = { 0 };

	hash_init(&h, HASH_SHA256);
	hash_update(&h, "secret", 6);
	hash_wipe(&h);
	assert_memory_equal(&h, &zero, sizeof(h));
}

/* Wherever it is cut, what was saved goes on as if it had never been away; and no other bytes are a state. */
static void a_state_goes_on_from_its_bytes(void **state)
{
	static const enum hash_alg algs[] = { HASH_SHA256, HASH_SHA384, HASH_SHA512 };
	uint8_t data[400], saved[HASH_SAVED_MAX + 1], whole[HASH_MAX], again[HASH_MAX];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t a = 0; a < ARRAY_COUNT(algs); a++)
		for (size_t cut = 0; cut <= sizeof(data); cut++) {
			size_t len = hash_once(algs[a], bytes_of(data, sizeof(data)), whole);
			struct writer w = wr_make(saved, HASH_SAVED_MAX);
			struct hash h, back;
			struct reader r;

			hash_init(&h, algs[a]);
			hash_update(&h, data, cut);
			hash_save(&h, &w);
			assert_true(wr_ok(&w));
			for (size_t less = 0; less < w.len; less++) {
				r = rd_make(saved, less);
				hash_load(&r, algs[a], &back);
				assert_false(rd_end(&r));
			}
			saved[w.len] = 0;
			r = rd_make(saved, w.len + 1);
			hash_load(&r, algs[a], &back);
			assert_false(rd_end(&r));
			r = rd_make(saved, w.len);
			hash_load(&r, algs[a], &back);
			assert_true(rd_end(&r));
			hash_update(&back, data + cut, sizeof(data) - cut);
			assert_int_equal(hash_final(&back, again), len);
			assert_memory_equal(again, whole, len);
		}
}

static void fill(uint8_t *out, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
}

/* Messages of any two lengths whose padded ends have equally many blocks, taken block by block beside each other. */
static void two_hashes_side_by_side_are_those_of_each_alone(void **state)
{
	static const enum hash_alg algs[] = { HASH_SHA256, HASH_SHA384, HASH_SHA512 };
	uint8_t data[2][400], want[2][HASH_MAX], got[2][HASH_MAX], tail[2][HASH_TAIL_MAX];

	for (size_t a = 0; a < ARRAY_COUNT(algs); a++)
		for (size_t x = 0; x <= sizeof(data[0]); x++) {
			size_t block = hash_block_len(algs[a]), lens[2] = { x, x / block * block + x * 7 % block }, tails[2], whole = x / block * block;
			struct hash_mid mids[2];

			for (size_t i = 0; i < 2; i++) {
				if (lens[i] > sizeof(data[i]))
					lens[i] = x;
				fill(data[i], sizeof(data[i]), (unsigned)(x * 2 + i));
				(void)hash_once(algs[a], bytes_of(data[i], lens[i]), want[i]);
				hash_mid_begin(algs[a], &mids[i]);
				memcpy(tail[i], data[i] + whole, lens[i] - whole);
				tails[i] = hash_pad(algs[a], tail[i], lens[i] - whole, lens[i]);
			}
			for (size_t at = 0; at < whole; at += block)
				hash_mid_two(algs[a], &mids[0], data[0] + at, &mids[1], data[1] + at);
			for (size_t at = 0; at < tails[0] || at < tails[1]; at += block)
				if (at < tails[0] && at < tails[1])
					hash_mid_two(algs[a], &mids[0], tail[0] + at, &mids[1], tail[1] + at);
				else
					hash_mid_block(algs[a], &mids[at >= tails[0]], tail[at >= tails[0]] + at);
			for (size_t i = 0; i < 2; i++) {
				assert_int_equal(hash_mid_write(algs[a], &mids[i], got[i]), hash_len(algs[a]));
				assert_memory_equal(got[i], want[i], hash_len(algs[a]));
			}
		}
}

static void a_state_goes_on_from_its_first_block(void **state)
{
	static const enum hash_alg algs[] = { HASH_SHA256, HASH_SHA384, HASH_SHA512 };
	uint8_t data[300], want[HASH_MAX], got[HASH_MAX];

	fill(data, sizeof(data), 5);
	for (size_t a = 0; a < ARRAY_COUNT(algs); a++)
		for (size_t len = hash_block_len(algs[a]); len <= sizeof(data); len++) {
			size_t block = hash_block_len(algs[a]);
			struct hash_mid mid;
			struct hash h;

			hash_mid_begin(algs[a], &mid);
			hash_mid_block(algs[a], &mid, data);
			hash_resume(&h, algs[a], &mid);
			hash_update(&h, data + block, len - block);
			assert_int_equal(hash_final(&h, got), hash_once(algs[a], bytes_of(data, len), want));
			assert_memory_equal(got, want, hash_len(algs[a]));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_hashes_side_by_side_are_those_of_each_alone),
		cmocka_unit_test(a_state_goes_on_from_its_first_block),
		cmocka_unit_test(a_state_goes_on_from_its_bytes),
		cmocka_unit_test(known_answers_hold),
		cmocka_unit_test(peeking_leaves_the_state_as_it_was),
		cmocka_unit_test(a_copied_state_goes_its_own_way),
		cmocka_unit_test(cutting_the_input_changes_nothing),
		cmocka_unit_test(wiping_leaves_nothing_of_what_was_fed),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	own_lanes = false;
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
