/* modinv_test.c - inverses beside libcrypto's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>

#include "crypto/modinv.h"

/* The primes that it is for, the longest and barely the longest odd numbers, short ones; some are no primes. */
static const char *const moduli[] = {
	"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
	"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
	"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"8000000000000000000000000000000000000000000000000000000000000001",
	"10001",
	"3",
};

struct field {
	BIGNUM *modulus;
	BN_CTX *ctx;
	struct modinv_modulus own;
};

static void words_of(uint64_t w[4], const BIGNUM *bn)
{
	uint8_t bytes[32];

	assert_int_equal(BN_bn2lebinpad(bn, bytes, sizeof(bytes)), sizeof(bytes));
	memset(w, 0, 32);
	for (size_t i = 0; i < sizeof(bytes); i++)
		w[i / 8] |= (uint64_t)bytes[i] << i % 8 * 8;
}

static void agrees(const struct field *f, const BIGNUM *x)
{
	uint64_t w[4], want[4] = { 0 }, got[4];
	BIGNUM *inverse = NULL;

	words_of(w, x);
	if (!BN_is_zero(x)) {
		inverse = BN_mod_inverse(NULL, x, f->modulus, f->ctx);
		if (!inverse)
			return; /* a divisor in common */
		words_of(want, inverse);
	}
	modinv(got, w, &f->own);
	assert_memory_equal(got, want, sizeof(want));
	BN_free(inverse);
}

/* Both ends, each single bit, and each number that lacks one bit of all that the modulus has. */
static void extremes(const struct field *f, BIGNUM *x)
{
	for (BN_ULONG i = 0; i < 64; i++) {
		BN_set_word(x, i);
		if (BN_cmp(x, f->modulus) >= 0)
			return;
		agrees(f, x);
		BN_sub(x, f->modulus, x);
		BN_sub_word(x, 1);
		agrees(f, x);
	}
	for (int bit = 0; bit < BN_num_bits(f->modulus) - 1; bit++) {
		BN_zero(x);
		BN_set_bit(x, bit);
		agrees(f, x);
		BN_copy(x, f->modulus);
		BN_clear_bit(x, BN_num_bits(f->modulus) - 1);
		BN_clear_bit(x, bit);
		agrees(f, x);
	}
}

/* Numbers of long runs of equal bits, which is where limbs carry. */
static void runs(const struct field *f, BIGNUM *x)
{
	uint64_t seed = 1977;
	uint8_t bytes[32];

	for (int round = 0; round < 4000; round++) {
		memset(bytes, 0, sizeof(bytes));
		for (size_t bit = 0; bit < 256;) {
			size_t end;

			seed = seed * 6364136223846793005u + 1442695040888963407u;
			end = bit + 1 + (round % 2 ? seed >> 40 & 1 : seed >> 40 & 63);
			for (; bit < end && bit < 256; bit++)
				if (seed >> 50 & 1)
					bytes[bit / 8] |= (uint8_t)(1 << bit % 8);
		}
		BN_lebin2bn(bytes, sizeof(bytes), x);
		BN_nnmod(x, x, f->modulus, f->ctx);
		agrees(f, x);
	}
}

static void inverses_are_libcryptos(void **state)
{
	struct field f = { .ctx = BN_CTX_new() };
	BIGNUM *x = BN_new();

	for (size_t i = 0; i < sizeof(moduli) / sizeof(moduli[0]); i++) {
		uint64_t w[4];

		assert_int_not_equal(BN_hex2bn(&f.modulus, moduli[i]), 0);
		words_of(w, f.modulus);
		modinv_modulus_set(&f.own, w);
		extremes(&f, x);
		runs(&f, x);
	}
	BN_free(x);
	BN_free(f.modulus);
	BN_CTX_free(f.ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inverses_are_libcryptos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
