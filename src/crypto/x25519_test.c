/* x25519_test.c - our multiplications on Curve25519 against libcrypto's ladder and the RFC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "crypto/x25519_base.h"
#include "crypto/x25519_ladder.h"
#include "crypto/x25519_sums.h"
#include "support/hex.h"

/* What the base point is held to runs with the sums in vectors where they are here, and again without. */
static bool in_vectors = true;
bool __real_x25519_sums_here(void);
bool __wrap_x25519_sums_here(void);

bool __wrap_x25519_sums_here(void)
{
	return in_vectors && __real_x25519_sums_here();
}

static void ladder(uint8_t out[32], const uint8_t private[32])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private, 32);
	size_t len = 32;

	assert_int_equal(EVP_PKEY_get_raw_public_key(key, out, &len), 1);
	EVP_PKEY_free(key);
}

static void base_both(const uint8_t private[32], const uint8_t want[32])
{
	uint8_t got[32];

	for (int vectors = 0; vectors < 2; vectors++) {
		in_vectors = vectors;
		x25519_base(got, private);
		assert_memory_equal(got, want, 32);
	}
}

static void agrees(const uint8_t private[32])
{
	uint8_t want[32];

	ladder(want, private);
	base_both(private, want);
}

static void the_second_key_of_rfc7748_holds(void **state)
{
	uint8_t private[32], want[32];

	hex_to("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", private, sizeof(private));
	hex_to("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", want, sizeof(want));
	base_both(private, want);
}

static void every_single_bit_and_its_complement_agree_with_the_ladder(void **state)
{
	for (size_t bit = 0; bit < 256; bit++) {
		uint8_t private[32] = { 0 };

		private[bit / 8] = (uint8_t)(1 << bit % 8);
		agrees(private);
		for (size_t i = 0; i < 32; i++)
			private[i] = (uint8_t)~private[i];
		agrees(private);
	}
}

/* Every byte the same: each digit, and each carry from digit to digit, in all windows at once. */
static void every_repeated_byte_agrees_with_the_ladder(void **state)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t private[32];

		memset(private, (int)byte, sizeof(private));
		agrees(private);
	}
}

static void random_keys_agree_with_the_ladder(void **state)
{
	uint64_t seed = 20261121;

	for (int round = 0; round < 2000; round++) {
		uint8_t private[32];

		for (size_t i = 0; i < 32; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			private[i] = (uint8_t)(seed >> 33);
		}
		agrees(private);
	}
}

/* ---- shared secrets */

static void derive(uint8_t out[32], const uint8_t private[32], const uint8_t public[32])
{
	EVP_PKEY *ours = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private, 32);
	EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public, 32);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ours, NULL);
	size_t len = 32;

	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0), 1);
	if (EVP_PKEY_derive(ctx, out, &len) != 1)
		memset(out, 0, 32); /* it refuses zero by itself */
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
}

static void derives_alike(const uint8_t private[32], const uint8_t public[32])
{
	uint8_t want[32], got[32];

	derive(want, private, public);
	x25519_ladder(got, private, public);
	assert_memory_equal(got, want, 32);
}

#define NEED_LADDER()                                                                   \
	do {                                                                            \
		if (!x25519_ladder_here()) {                                            \
			print_message("SKIPPED: this processor has no AVX-512 IFMA\n"); \
			skip();                                                         \
		}                                                                       \
	} while (0)

/* rfc7748:5.2: a thousand times, each result the next scalar. */
static void the_iterations_of_the_rfc_hold(void **state)
{
	static const char *const after[] = { "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
					     "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51" };
	uint8_t scalar[32] = { 9 }, point[32] = { 9 }, out[32], want[32];

	NEED_LADDER();
	for (int i = 1; i <= 1000; i++) {
		x25519_ladder(out, scalar, point);
		memcpy(point, scalar, 32);
		memcpy(scalar, out, 32);
		if (i == 1 || i == 1000) {
			hex_to(after[i == 1000], want, 32);
			assert_memory_equal(out, want, 32);
		}
	}
}

/* Full limbs, empty limbs, and numbers that are not below p: 2^255 - 19 .. 2^256 - 1. */
static void extreme_points_and_scalars_agree_with_libcrypto(void **state)
{
	uint8_t ends[70][32] = { { 0 } };
	size_t count = 2;

	NEED_LADDER();
	memset(ends[1], 0xff, 32);
	for (unsigned low = 0xe0; low <= 0xff; low++) {
		memset(ends[count], 0xff, 32);
		ends[count][0] = (uint8_t)low;
		ends[count++][31] = 0x7f;
	}
	for (size_t limb = 0; limb < 5; limb++) /* one limb of ones alone, and all but it */
		for (int inverse = 0; inverse < 2; inverse++, count++)
			for (size_t bit = 0; bit < 256; bit++)
				if ((bit / 51 == limb) != inverse)
					ends[count][bit / 8] |= (uint8_t)(1 << bit % 8);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			derives_alike(ends[i], ends[j]);
}

static void every_single_bit_of_a_scalar_and_of_a_point_counts(void **state)
{
	uint8_t private[32] = { 0x55 }, public[32] = { 9 };

	NEED_LADDER();
	for (size_t bit = 0; bit < 256; bit++) {
		private[bit / 8] ^= (uint8_t)(1 << bit % 8);
		derives_alike(private, public);
		public[bit / 8] ^= (uint8_t)(1 << bit % 8);
		derives_alike(private, public);
	}
}

static void random_pairs_agree_with_libcrypto(void **state)
{
	uint64_t seed = 748;
	uint8_t pair[64];

	NEED_LADDER();
	for (int round = 0; round < 4000; round++) {
		for (size_t i = 0; i < sizeof(pair); i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			pair[i] = (uint8_t)(seed >> 33);
		}
		derives_alike(pair, pair + 32);
	}
}

static void *first_use(void *arg)
{
	static const uint8_t private[32] = { 9 };

	x25519_base((uint8_t *)arg, private);
	return NULL;
}

static void threads_that_come_first_together_get_the_same(void **state)
{
	pthread_t threads[8];
	uint8_t out[8][32];

	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, first_use, out[i]), 0);
	for (size_t i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		assert_memory_equal(out[i], out[0], 32);
	}
	agrees((const uint8_t[32]){ 9 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_that_come_first_together_get_the_same),
		cmocka_unit_test(the_second_key_of_rfc7748_holds),
		cmocka_unit_test(every_single_bit_and_its_complement_agree_with_the_ladder),
		cmocka_unit_test(every_repeated_byte_agrees_with_the_ladder),
		cmocka_unit_test(random_keys_agree_with_the_ladder),
		cmocka_unit_test(the_iterations_of_the_rfc_hold),
		cmocka_unit_test(extreme_points_and_scalars_agree_with_libcrypto),
		cmocka_unit_test(every_single_bit_of_a_scalar_and_of_a_point_counts),
		cmocka_unit_test(random_pairs_agree_with_libcrypto),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
