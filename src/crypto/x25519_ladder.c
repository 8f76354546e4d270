/* x25519_ladder.c - see x25519_ladder.h.
 *
 * The state of the ladder is the four numbers X2, Z2, X3 and Z3, one in each lane. One step is three multiplications of four pairs each:
 *
 *     A, B, C, D = X2 + Z2, X2 - Z2, X3 + Z3, X3 - Z3
 *     AA, BB, CB, DA = A A, B B, C B, D A
 *     E, G, H = AA - BB, DA + CB, DA - CB
 *     X2, Z2, X3, HH = AA BB, E (BB + 121666 E), G G, H H
 *     X2, Z2, X3, Z3 = 1 X2, 1 Z2, 1 X3, x1 HH
 *
 * No branch and no address depends on a number.
 *
 * Implements   rfc7748:5
 */
#include "crypto/x25519_ladder.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VL__)

#include <string.h>

#include "base/wipe.h"
#include "crypto/x25519_four.h"

#define STEPS 255

bool x25519_ladder_here(void)
{
	return four_here();
}

/* Exchanges (X2, Z2) with (X3, Z3) where the mask is set. */
static inline struct four swap_if(const struct four *s, __m256i mask)
{
	struct four out;

	for (int i = 0; i < LIMBS; i++) {
		__m256i other = LANES(s->limb[i], 2, 3, 0, 1);

		out.limb[i] = _mm256_xor_si256(s->limb[i], _mm256_and_si256(mask, _mm256_xor_si256(s->limb[i], other)));
	}
	return out;
}

/* X2, Z2, X3, Z3 -> A, B, C, D */
static inline struct four sums(const struct four *s)
{
	struct four out;

	for (int i = 0; i < LIMBS; i++) {
		__m256i z = LANES(s->limb[i], 1, 1, 3, 3);

		z = BLEND(z, _mm256_sub_epi64(twice_p(i), z), 0xa);
		out.limb[i] = _mm256_add_epi64(LANES(s->limb[i], 0, 0, 2, 2), z);
	}
	return carry(&out);
}

/* AA, BB, CB, DA -> AA, E, G, H */
static inline struct four differences(const struct four *s)
{
	struct four out;

	for (int i = 0; i < LIMBS; i++) {
		__m256i right = LANES(s->limb[i], 1, 1, 2, 2), minus = _mm256_sub_epi64(twice_p(i), right);

		right = BLEND(BLEND(right, minus, 0xa), _mm256_setzero_si256(), 0x1);
		out.limb[i] = _mm256_add_epi64(LANES(s->limb[i], 0, 0, 3, 3), right);
	}
	return carry(&out);
}

/* What AA, E, G, H are multiplied with: BB, BB + 121666 E, G, H. */
static inline struct four partners(const struct four *squares, const struct four *w)
{
	const __m256i factor = each(0, 121666, 0, 0);
	__m256i high[LIMBS];
	struct four out;

	for (int i = 0; i < LIMBS; i++) {
		out.limb[i] = BLEND(LANES(squares->limb[i], 1, 1, 1, 1), w->limb[i], 0xc);
		out.limb[i] = _mm256_madd52lo_epu64(out.limb[i], w->limb[i], factor);
		high[i] = _mm256_madd52hi_epu64(_mm256_setzero_si256(), w->limb[i], factor);
		high[i] = _mm256_add_epi64(high[i], high[i]);
	}
	out.limb[0] = _mm256_add_epi64(out.limb[0], times_19(high[LIMBS - 1]));
	for (int i = 1; i < LIMBS; i++)
		out.limb[i] = _mm256_add_epi64(out.limb[i], high[i - 1]);
	return carry(&out);
}

static inline struct four step(const struct four *state, const struct four *last_factors)
{
	struct four u = sums(state), v, w, y;

	for (int i = 0; i < LIMBS; i++)
		v.limb[i] = LANES(u.limb[i], 0, 1, 1, 0);
	u = multiply(&u, &v);
	w = differences(&u);
	y = partners(&u, &w);
	w = multiply(&w, &y);
	return multiply(&w, last_factors);
}

static struct fe fe_read(const uint8_t bytes[32])
{
	uint64_t w[4];

	memcpy(w, bytes, sizeof(w)); /* the processors that have this are little-endian */
	return fe_make(w[0] & LIMB_MASK, (w[0] >> 51 | w[1] << 13) & LIMB_MASK, (w[1] >> 38 | w[2] << 26) & LIMB_MASK,
		       (w[2] >> 25 | w[3] << 39) & LIMB_MASK, w[3] >> 12 & LIMB_MASK);
}

void x25519_ladder_fraction(struct fe_fraction *out, const uint8_t private[32], const uint8_t public[32])
{
	struct fe x1 = fe_read(public);
	struct four state, last_factors;
	uint8_t scalar[32];
	uint64_t swapped = 0;

	memcpy(scalar, private, sizeof(scalar));
	scalar[0] &= 248;
	scalar[31] &= 127;
	scalar[31] |= 64;
	for (int i = 0; i < LIMBS; i++) {
		state.limb[i] = each(i == 0, 0, x1.v[i], i == 0);
		last_factors.limb[i] = each(i == 0, i == 0, i == 0, x1.v[i]);
	}
	for (int t = STEPS - 1; t >= 0; t--) {
		uint64_t bit = scalar[t / 8] >> t % 8 & 1;

		state = swap_if(&state, all((uint64_t)0 - (bit ^ swapped)));
		swapped = bit;
		state = step(&state, &last_factors);
	}
	state = swap_if(&state, all((uint64_t)0 - swapped));
	for (int i = 0; i < LIMBS; i++) {
		out->over.v[i] = (uint64_t)_mm256_extract_epi64(state.limb[i], 0);
		out->under.v[i] = (uint64_t)_mm256_extract_epi64(state.limb[i], 1);
	}
	wipe(scalar, sizeof(scalar));
	wipe(&state, sizeof(state));
}

void x25519_ladder(uint8_t out_shared[32], const uint8_t private[32], const uint8_t public[32])
{
	struct fe_fraction f;

	x25519_ladder_fraction(&f, private, public);
	fe_fraction_bytes(out_shared, &f);
	wipe(&f, sizeof(f));
}

#else

#include "base/check.h"

bool x25519_ladder_here(void)
{
	return false;
}

void x25519_ladder_fraction(struct fe_fraction *out, const uint8_t private[32], const uint8_t public[32])
{
	check(false); /* nobody calls what is not here */
}

void x25519_ladder(uint8_t out_shared[32], const uint8_t private[32], const uint8_t public[32])
{
	check(false);
}

#endif
