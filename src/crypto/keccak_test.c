/* keccak_test.c - our SHA-3 and SHAKE against libcrypto's, over every length around the ends of blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "crypto/keccak.h"
#include "crypto/levels_here.h"
#include "support/hex.h"

#define TEXT_MAX 500

static uint8_t text[TEXT_MAX + 8];

static int set_up(void **state)
{
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
	return 0;
}

static void theirs(const char *name, const uint8_t *in, size_t in_len, uint8_t *out, size_t len)
{
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned n;

	assert_int_equal(EVP_DigestInit_ex2(ctx, md, NULL), 1);
	assert_int_equal(EVP_DigestUpdate(ctx, in, in_len), 1);
	if (strncmp(name, "SHAKE", 5) == 0)
		assert_int_equal(EVP_DigestFinalXOF(ctx, out, len), 1);
	else
		assert_int_equal(EVP_DigestFinal_ex(ctx, out, &n), 1);
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md);
}

static void the_empty_text_hashes_as_the_standard_says(void **state)
{
	uint8_t want[32], got[32];

	hex_to("a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a", want, sizeof(want));
	keccak_once(KECCAK_SHA3_256, bytes_of(text, 0), bytes_of(text, 0), got, sizeof(got));
	assert_memory_equal(got, want, sizeof(want));
}

static void agrees(size_t rate, uint8_t end, const char *name, size_t len)
{
	for (size_t n = 0; n <= TEXT_MAX; n++) {
		uint8_t want[168], got[168];
		size_t first = n * 7 % 11 * n / 11;

		theirs(name, text, n, want, len);
		keccak_once(rate, end, bytes_of(text, first), bytes_of(text + first, n - first), got, len);
		assert_memory_equal(got, want, len);
	}
}

static void every_length_in_two_parts_agrees_with_libcrypto(void **state)
{
	agrees(KECCAK_SHA3_256, "SHA3-256", 32);
	agrees(KECCAK_SHA3_512, "SHA3-512", 64);
	agrees(KECCAK_SHAKE128, "SHAKE128", 168);
	agrees(KECCAK_SHAKE256, "SHAKE256", 136);
}

static void blocks_agree(size_t rate, uint8_t end, const char *name)
{
	for (size_t n = 0; n < rate; n++) {
		uint8_t want[4][4 * 168], got[4][4 * 168];
		struct keccak4 k;

		for (size_t i = 0; i < 4; i++)
			theirs(name, text + i, n, want[i], 4 * rate);
		keccak4_begin(&k, rate, end, (const uint8_t *const[]){ text, text + 1, text + 2, text + 3 }, n);
		for (size_t at = 0; at < 4 * rate; at += rate)
			keccak4_block(&k, (uint8_t *const[]){ got[0] + at, got[1] + at, got[2] + at, got[3] + at }, rate);
		for (size_t i = 0; i < 4; i++)
			assert_memory_equal(got[i], want[i], 4 * rate);
	}
}

static void four_side_by_side_agree_with_four_alone(void **state)
{
	blocks_agree(KECCAK_SHAKE128, "SHAKE128");
	blocks_agree(KECCAK_SHAKE256, "SHAKE256");
}

static void a_block_may_be_cut_anywhere(void **state)
{
	for (size_t n = 0; n <= 136; n++) {
		uint8_t want[4][136], got[4][137];
		struct keccak4 k;

		memset(got, 0xa5, sizeof(got));
		for (size_t i = 0; i < 4; i++)
			theirs("SHAKE256", text + i, 33, want[i], 136);
		keccak4_begin(&k, KECCAK_SHAKE256, (const uint8_t *const[]){ text, text + 1, text + 2, text + 3 }, 33);
		keccak4_block(&k, (uint8_t *const[]){ got[0], got[1], got[2], got[3] }, n);
		for (size_t i = 0; i < 4; i++) {
			assert_memory_equal(got[i], want[i], n);
			assert_int_equal(got[i][n], 0xa5);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_empty_text_hashes_as_the_standard_says),
		cmocka_unit_test(every_length_in_two_parts_agrees_with_libcrypto),
		cmocka_unit_test(four_side_by_side_agree_with_four_alone),
		cmocka_unit_test(a_block_may_be_cut_anywhere),
	};

	if (!level_is_here(LEVEL_TEXT(CPU_LEVEL))) {
		print_message("SKIPPED: this processor has no " LEVEL_TEXT(CPU_LEVEL) "\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, NULL);
}
