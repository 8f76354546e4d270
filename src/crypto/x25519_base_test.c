/* x25519_base_test.c - our multiplication of the base point against libcrypto's ladder and the RFC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "crypto/x25519_base.h"
#include "support/hex.h"

static void ladder(uint8_t out[32], const uint8_t private[32])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private, 32);
	size_t len = 32;

	assert_int_equal(EVP_PKEY_get_raw_public_key(key, out, &len), 1);
	EVP_PKEY_free(key);
}

static void agrees(const uint8_t private[32])
{
	uint8_t want[32], got[32];

	ladder(want, private);
	x25519_base(got, private);
	assert_memory_equal(got, want, 32);
}

static void the_second_key_of_rfc7748_holds(void **state)
{
	uint8_t private[32], want[32], got[32];

	hex_to("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", private, sizeof(private));
	hex_to("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", want, sizeof(want));
	x25519_base(got, private);
	assert_memory_equal(got, want, 32);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
