/* mlkem_poly_test.c - the arithmetic of ML-KEM against plain sums, over whole ranges where they are small. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/levels_here.h"
#include "crypto/mlkem_poly.h"

static uint32_t seed = 20261121;

static unsigned draw(unsigned below)
{
	seed = seed * 1664525 + 1013904223;
	return (unsigned)((uint64_t)seed * below >> 32);
}

static int modulo(long long n)
{
	return (int)((n % MLKEM_Q + MLKEM_Q) % MLKEM_Q);
}

static struct poly random_poly(void)
{
	struct poly p;

	for (size_t i = 0; i < MLKEM_N; i++)
		p.c[i] = (int16_t)draw(MLKEM_Q);
	return p;
}

static int power(int base, unsigned exponent)
{
	int n = 1;

	while (exponent-- > 0)
		n = modulo((long long)n * base);
	return n;
}

static unsigned reversed(unsigned n) /* of 7 bits */
{
	unsigned out = 0;

	for (unsigned i = 0; i < 7; i++)
		out |= (n >> i & 1) << (6 - i);
	return out;
}

static void every_remainder_is_right(void **state)
{
	for (int from = -32768; from < 32768; from += MLKEM_N) {
		struct poly p;

		for (int i = 0; i < MLKEM_N; i++)
			p.c[i] = (int16_t)(from + i);
		poly_reduce(&p);
		for (int i = 0; i < MLKEM_N; i++)
			assert_int_equal(p.c[i], modulo(from + i));
	}
}

static void every_compression_is_the_rounded_quotient(void **state)
{
	static const unsigned widths[] = { 1, 4, 5, 10, 11 };

	for (size_t w = 0; w < 5; w++)
		for (int from = 0; from < MLKEM_Q; from += MLKEM_N) {
			struct poly p;

			for (int i = 0; i < MLKEM_N; i++)
				p.c[i] = (int16_t)((from + i) % MLKEM_Q);
			poly_compress(&p, widths[w]);
			for (int i = 0; i < MLKEM_N; i++) {
				int x = (from + i) % MLKEM_Q, one = 1 << widths[w];

				assert_int_equal(p.c[i], (2 * x * one + MLKEM_Q) / (2 * MLKEM_Q) % one);
			}
		}
}

static void every_decompression_is_the_rounded_product(void **state)
{
	static const unsigned widths[] = { 1, 4, 5, 10, 11 };

	for (size_t w = 0; w < 5; w++)
		for (int from = 0; from < 1 << widths[w]; from += MLKEM_N) {
			int one = 1 << widths[w];
			struct poly p;

			for (int i = 0; i < MLKEM_N; i++)
				p.c[i] = (int16_t)((from + i) % one);
			poly_decompress(&p, widths[w]);
			for (int i = 0; i < MLKEM_N; i++)
				assert_int_equal(p.c[i], (2 * MLKEM_Q * ((from + i) % one) + one) / (2 * one));
		}
}

/* Coefficient pair i of the transform is the polynomial modulo X^2 - 17^(2 rev(i) + 1). */
static void the_transform_is_the_remainders_of_the_standard(void **state)
{
	struct poly p = random_poly(), t = p;

	poly_ntt(&t);
	poly_swap(&t);
	for (unsigned i = 0; i < 128; i++) {
		int z = power(17, 2 * reversed(i) + 1);
		long long even = 0, odd = 0;

		for (int j = 127; j >= 0; j--) {
			even = modulo(even * z + p.c[2 * j]);
			odd = modulo(odd * z + p.c[2 * j + 1]);
		}
		assert_int_equal(t.c[2 * i], even);
		assert_int_equal(t.c[2 * i + 1], odd);
	}
}

static void swapping_twice_changes_nothing(void **state)
{
	struct poly p = random_poly(), t = p;

	poly_swap(&t);
	for (size_t i = 0; i < MLKEM_N; i++)
		assert_int_equal(t.c[i % 16 * 16 + i / 16], p.c[i]);
	poly_swap(&t);
	assert_memory_equal(&t, &p, sizeof(p));
}

static void products_are_those_modulo_x256_plus_1(size_t k, bool extreme)
{
	struct poly a[4], b[4], out;
	int want[MLKEM_N] = { 0 };

	for (size_t j = 0; j < k; j++) {
		a[j] = random_poly();
		b[j] = random_poly();
		if (extreme)
			for (size_t i = 0; i < MLKEM_N; i++)
				a[j].c[i] = b[j].c[i] = MLKEM_Q - 1;
		for (size_t x = 0; x < MLKEM_N; x++)
			for (size_t y = 0; y < MLKEM_N; y++) {
				long long term = (long long)a[j].c[x] * b[j].c[y];

				want[(x + y) % MLKEM_N] = modulo(want[(x + y) % MLKEM_N] + (x + y < MLKEM_N ? term : -term));
			}
		poly_ntt(&a[j]);
		poly_ntt(&b[j]);
	}
	poly_dot(&out, a, b, k);
	poly_inverse_ntt(&out);
	for (size_t i = 0; i < MLKEM_N; i++) {
		assert_in_range(out.c[i] + MLKEM_Q, 0, 2 * MLKEM_Q);
		assert_int_equal(modulo(out.c[i]), want[i]);
	}
}

static void sums_of_products_agree_with_the_schoolbook(void **state)
{
	for (size_t k = 1; k <= 4; k++) {
		products_are_those_modulo_x256_plus_1(k, false);
		products_are_those_modulo_x256_plus_1(k, true);
	}
}

/* In NTT form every value may stand anywhere: the largest on both sides must not overflow a lane. */
static void the_largest_sums_of_products_do_not_overflow(void **state)
{
	static const int16_t tops[] = { 0, 1, MLKEM_Q - 1, 4095 };

	for (size_t x = 0; x < 4; x++)
		for (size_t y = 0; y < 3; y++) {
			struct poly a[4], b[4], out;

			for (size_t i = 0; i < 4 * MLKEM_N; i++) {
				a[i / MLKEM_N].c[i % MLKEM_N] = tops[x];
				b[i / MLKEM_N].c[i % MLKEM_N] = tops[y];
			}
			poly_dot(&out, a, b, 4);
			poly_swap(&out);
			for (unsigned i = 0; i < 128; i++) {
				long long ab = 4LL * tops[x] * tops[y], z = power(17, 2 * reversed(i) + 1);

				assert_int_equal(modulo(65536LL * out.c[2 * i]), modulo(ab + ab * z));
				assert_int_equal(modulo(65536LL * out.c[2 * i + 1]), modulo(2 * ab));
			}
		}
}

static void montgomery_form_is_the_product_with_2_to_the_16(void **state)
{
	struct poly p = random_poly(), m = p;

	poly_to_montgomery(&m);
	for (size_t i = 0; i < MLKEM_N; i++)
		assert_int_equal(modulo(m.c[i]), modulo(65536LL * p.c[i]));
}

static void noise_is_the_difference_of_two_bits_and_two_bits(void **state)
{
	uint8_t bytes[MLKEM_NOISE_LEN];
	struct poly p;

	for (unsigned from = 0; from < 256; from += MLKEM_NOISE_LEN) {
		for (unsigned i = 0; i < MLKEM_NOISE_LEN; i++)
			bytes[i] = (uint8_t)(from + i);
		poly_noise(&p, bytes);
		for (unsigned i = 0; i < MLKEM_N; i++) {
			unsigned nibble = bytes[i / 2] >> i % 2 * 4;

			assert_int_equal(p.c[i], (int)(nibble & 1) + (int)(nibble >> 1 & 1) - (int)(nibble >> 2 & 1) - (int)(nibble >> 3 & 1));
		}
	}
}

static void samples_are_what_is_below_q_and_never_too_many(void **state)
{
	const uint8_t bytes[] = { 0x00, 0x1d, 0xd0, 0x01, 0xfd, 0xff, 0x00, 0x0d, 0x23 }; /* d00 d01 | d01 fff | d00 230 */
	struct poly p = { 0 };

	assert_int_equal(poly_sample(&p, 0, bytes_of(bytes, sizeof(bytes))), 3);
	assert_int_equal(p.c[0], 0xd00);
	assert_int_equal(p.c[1], 0xd00);
	assert_int_equal(p.c[2], 0x230);
	assert_int_equal(poly_sample(&p, 254, bytes_of(bytes, sizeof(bytes))), 256);
	assert_int_equal(poly_sample(&p, 255, bytes_of(bytes, sizeof(bytes))), 256);
	assert_int_equal(p.c[255], 0xd00);
}

static void packing_and_unpacking_are_inverse_and_in_order_of_bits(void **state)
{
	static const unsigned widths[] = { 1, 4, 5, 10, 11, 12 };

	for (size_t w = 0; w < 6; w++) {
		unsigned bits = widths[w];
		uint8_t bytes[MLKEM_POLY_LEN + 1];
		struct poly p, back;

		for (size_t i = 0; i < MLKEM_N; i++)
			p.c[i] = (int16_t)draw(1u << bits);
		memset(bytes, 0xa5, sizeof(bytes));
		poly_pack(bytes, &p, bits);
		for (size_t i = 0; i < MLKEM_N * bits; i++)
			assert_int_equal(bytes[i / 8] >> i % 8 & 1, p.c[i / bits] >> i % bits & 1);
		assert_int_equal(bytes[32 * bits], 0xa5);
		poly_unpack(&back, bytes, bits);
		assert_memory_equal(&back, &p, sizeof(p));
	}
}

static void one_coefficient_of_q_anywhere_is_not_canonical(void **state)
{
	struct poly p;

	for (size_t i = 0; i < MLKEM_N; i++)
		p.c[i] = MLKEM_Q - 1;
	assert_true(poly_is_canonical(&p));
	for (size_t i = 0; i < MLKEM_N; i++) {
		p.c[i] = MLKEM_Q;
		assert_false(poly_is_canonical(&p));
		p.c[i] = 4095;
		assert_false(poly_is_canonical(&p));
		p.c[i] = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_remainder_is_right),
		cmocka_unit_test(every_compression_is_the_rounded_quotient),
		cmocka_unit_test(every_decompression_is_the_rounded_product),
		cmocka_unit_test(swapping_twice_changes_nothing),
		cmocka_unit_test(the_transform_is_the_remainders_of_the_standard),
		cmocka_unit_test(sums_of_products_agree_with_the_schoolbook),
		cmocka_unit_test(the_largest_sums_of_products_do_not_overflow),
		cmocka_unit_test(montgomery_form_is_the_product_with_2_to_the_16),
		cmocka_unit_test(noise_is_the_difference_of_two_bits_and_two_bits),
		cmocka_unit_test(samples_are_what_is_below_q_and_never_too_many),
		cmocka_unit_test(packing_and_unpacking_are_inverse_and_in_order_of_bits),
		cmocka_unit_test(one_coefficient_of_q_anywhere_is_not_canonical),
	};

	if (!level_is_here(LEVEL_TEXT(CPU_LEVEL))) {
		print_message("SKIPPED: this processor has no " LEVEL_TEXT(CPU_LEVEL) "\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
