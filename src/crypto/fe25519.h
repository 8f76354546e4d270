/* fe25519.h - numbers modulo p = 2^255 - 19, for the two multiplications on Curve25519. Private to src/crypto.
 *
 * A number is five limbs of 51 bits. Limbs that are multiplied are below 2^54; products have limbs just above 2^51. No branch and
 * no address depends on a number.
 */
#ifndef CRYPTO_FE25519_H
#define CRYPTO_FE25519_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/modinv.h"

__extension__ typedef unsigned __int128 wide;

#define LIMB_BITS 51
#define LIMB_MASK (((uint64_t)1 << LIMB_BITS) - 1)

struct fe { /* a number modulo p */
	uint64_t v[5];
};

/* Written out limb by limb: left as loops, they triple the cost where the compiler is asked for -O2 only. */
static inline struct fe fe_make(uint64_t v0, uint64_t v1, uint64_t v2, uint64_t v3, uint64_t v4)
{
	return (struct fe){ { v0, v1, v2, v3, v4 } };
}

static inline struct fe fe_add(struct fe a, struct fe b)
{
	return fe_make(a.v[0] + b.v[0], a.v[1] + b.v[1], a.v[2] + b.v[2], a.v[3] + b.v[3], a.v[4] + b.v[4]);
}

static inline struct fe fe_carry(struct fe a)
{
	uint64_t v1 = a.v[1] + (a.v[0] >> LIMB_BITS);
	uint64_t v2 = a.v[2] + (v1 >> LIMB_BITS);
	uint64_t v3 = a.v[3] + (v2 >> LIMB_BITS);
	uint64_t v4 = a.v[4] + (v3 >> LIMB_BITS);

	return fe_make((a.v[0] & LIMB_MASK) + 19 * (v4 >> LIMB_BITS), v1 & LIMB_MASK, v2 & LIMB_MASK, v3 & LIMB_MASK,
		       v4 & LIMB_MASK);
}

/* `b` has limbs below 2^54: 8p is added before. */
static inline struct fe fe_sub(struct fe a, struct fe b)
{
	const uint64_t low = 8 * (LIMB_MASK - 18), high = 8 * LIMB_MASK;

	return fe_carry(fe_make(a.v[0] + low - b.v[0], a.v[1] + high - b.v[1], a.v[2] + high - b.v[2], a.v[3] + high - b.v[3],
				a.v[4] + high - b.v[4]));
}

static inline struct fe fe_fold(wide t0, wide t1, wide t2, wide t3, wide t4)
{
	wide low;

	t1 += t0 >> LIMB_BITS;
	t2 += t1 >> LIMB_BITS;
	t3 += t2 >> LIMB_BITS;
	t4 += t3 >> LIMB_BITS;
	low = (t4 >> LIMB_BITS) * 19 + ((uint64_t)t0 & LIMB_MASK);
	return fe_make((uint64_t)low & LIMB_MASK, ((uint64_t)t1 & LIMB_MASK) + (uint64_t)(low >> LIMB_BITS),
		       (uint64_t)t2 & LIMB_MASK, (uint64_t)t3 & LIMB_MASK, (uint64_t)t4 & LIMB_MASK);
}

static inline struct fe fe_mul(struct fe a, struct fe b)
{
	uint64_t a0 = a.v[0], a1 = a.v[1], a2 = a.v[2], a3 = a.v[3], a4 = a.v[4];
	uint64_t b0 = b.v[0], b1 = b.v[1], b2 = b.v[2], b3 = b.v[3], b4 = b.v[4];
	uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;

	return fe_fold((wide)a0 * b0 + (wide)a1 * c4 + (wide)a2 * c3 + (wide)a3 * c2 + (wide)a4 * c1,
		       (wide)a0 * b1 + (wide)a1 * b0 + (wide)a2 * c4 + (wide)a3 * c3 + (wide)a4 * c2,
		       (wide)a0 * b2 + (wide)a1 * b1 + (wide)a2 * b0 + (wide)a3 * c4 + (wide)a4 * c3,
		       (wide)a0 * b3 + (wide)a1 * b2 + (wide)a2 * b1 + (wide)a3 * b0 + (wide)a4 * c4,
		       (wide)a0 * b4 + (wide)a1 * b3 + (wide)a2 * b2 + (wide)a3 * b1 + (wide)a4 * b0);
}

static inline struct fe fe_square(struct fe a)
{
	uint64_t a0 = a.v[0], a1 = a.v[1], a2 = a.v[2], a3 = a.v[3], a4 = a.v[4];
	uint64_t d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, d3 = 2 * a3, c3 = 19 * a3, c4 = 19 * a4;

	return fe_fold((wide)a0 * a0 + (wide)d1 * c4 + (wide)d2 * c3, (wide)d0 * a1 + (wide)d2 * c4 + (wide)a3 * c3,
		       (wide)d0 * a2 + (wide)a1 * a1 + (wide)d3 * c4, (wide)d0 * a3 + (wide)d1 * a2 + (wide)a4 * c4,
		       (wide)d0 * a4 + (wide)d1 * a3 + (wide)a2 * a2);
}

/* Little-endian, fully reduced. */
static inline void fe_bytes(uint8_t out[32], struct fe a)
{
	uint64_t q = 19, low;

	a = fe_carry(fe_carry(a));
	for (int i = 0; i < 5; i++) /* q becomes 1 if a >= p: a + 19 overflows 255 bits */
		q = (a.v[i] + q) >> LIMB_BITS;
	a.v[0] += 19 * q;
	for (int i = 0; i < 4; i++) {
		a.v[i + 1] += a.v[i] >> LIMB_BITS;
		a.v[i] &= LIMB_MASK;
	}
	a.v[4] &= LIMB_MASK;
	for (size_t i = 0; i < 32; i++) {
		size_t limb = i * 8 / LIMB_BITS, shift = i * 8 % LIMB_BITS;

		low = a.v[limb] >> shift;
		if (shift > LIMB_BITS - 8 && limb < 4)
			low |= a.v[limb + 1] << (LIMB_BITS - shift);
		out[i] = (uint8_t)low;
	}
}

/* Of zero it is zero. */
static inline struct fe fe_invert(struct fe a)
{
	static const struct modinv_modulus p = {
		{ 0x3fffffffffffffed, 0x3fffffffffffffff, 0x3fffffffffffffff, 0x3fffffffffffffff, 0x7f }, 0x39435e50d79435e5
	};
	uint8_t bytes[32];
	uint64_t w[4] = { 0 };

	fe_bytes(bytes, a);
	for (size_t i = 0; i < sizeof(bytes); i++)
		w[i / 8] |= (uint64_t)bytes[i] << i % 8 * 8;
	modinv(w, w, &p);
	return fe_make(w[0] & LIMB_MASK, (w[0] >> 51 | w[1] << 13) & LIMB_MASK, (w[1] >> 38 | w[2] << 26) & LIMB_MASK,
		       (w[2] >> 25 | w[3] << 39) & LIMB_MASK, w[3] >> 12 & LIMB_MASK);
}

/* A number that is still to be divided: inversions are dear. */
struct fe_fraction {
	struct fe over, under;
};

static inline void fe_fraction_bytes(uint8_t out[32], const struct fe_fraction *f)
{
	fe_bytes(out, fe_mul(f->over, fe_invert(f->under)));
}

/* Two with one inversion. If anything is divided by zero, both are zero. */
static inline void fe_fractions_bytes(uint8_t out_a[32], const struct fe_fraction *a, uint8_t out_b[32], const struct fe_fraction *b)
{
	struct fe inverse = fe_invert(fe_mul(a->under, b->under));

	fe_bytes(out_a, fe_mul(a->over, fe_mul(inverse, b->under)));
	fe_bytes(out_b, fe_mul(b->over, fe_mul(inverse, a->under)));
}

#endif
