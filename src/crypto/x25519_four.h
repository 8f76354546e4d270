/* x25519_four.h - four numbers modulo p = 2^255 - 19 at once, in vectors of AVX-512 IFMA. Private to src/crypto.
 *
 * A number has one 64-bit lane; five vectors hold the limbs of 51 bits. The multiplier takes 52 bits of each limb: what is multiplied has been
 * carried. No branch and no address depends on a number. For files that are compiled for these instructions and used only where the
 * processor has them (four_here).
 */
#ifndef CRYPTO_X25519_FOUR_H
#define CRYPTO_X25519_FOUR_H

#include <immintrin.h>
#include <stdbool.h>

#include "crypto/fe25519.h"

#define LIMBS 5

struct four { /* numbers modulo p, one in each lane */
	__m256i limb[LIMBS];
};

static inline bool four_here(void)
{
	return __builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("avx512vl");
}

static inline __m256i all(uint64_t value)
{
	return _mm256_set1_epi64x((long long)value);
}

/* Lane 0 is the first argument. */
static inline __m256i each(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return _mm256_set_epi64x((long long)d, (long long)c, (long long)b, (long long)a);
}

#define LANES(v, a, b, c, d) _mm256_permute4x64_epi64(v, (a) | (b) << 2 | (c) << 4 | (d) << 6)
/* From the second vector those lanes whose bits are set. */
#define BLEND(v, w, lanes) _mm256_mask_blend_epi64((__mmask8)(lanes), v, w)

static inline __m256i times_19(__m256i v)
{
	return _mm256_add_epi64(v, _mm256_add_epi64(_mm256_slli_epi64(v, 1), _mm256_slli_epi64(v, 4)));
}

/* Limbs below 2^61 become limbs just above 2^51: all carries at once. */
static inline struct four carry(const struct four *a)
{
	const __m256i mask = all(LIMB_MASK);
	__m256i high[LIMBS];
	struct four out;

	for (int i = 0; i < LIMBS; i++)
		high[i] = _mm256_srli_epi64(a->limb[i], LIMB_BITS);
	out.limb[0] = _mm256_add_epi64(_mm256_and_si256(a->limb[0], mask), times_19(high[4]));
	for (int i = 1; i < LIMBS; i++)
		out.limb[i] = _mm256_add_epi64(_mm256_and_si256(a->limb[i], mask), high[i - 1]);
	return out;
}

/* The upper halves of products stand for twice as much in the next limb: 52 bits are cut off where a limb has 51. */
static inline struct four multiply(const struct four *a, const struct four *b)
{
	__m256i low[2 * LIMBS], high[2 * LIMBS];
	struct four out;

	for (int i = 0; i < 2 * LIMBS; i++)
		low[i] = high[i] = _mm256_setzero_si256();
	for (int i = 0; i < LIMBS; i++)
		for (int j = 0; j < LIMBS; j++) {
			low[i + j] = _mm256_madd52lo_epu64(low[i + j], a->limb[i], b->limb[j]);
			high[i + j + 1] = _mm256_madd52hi_epu64(high[i + j + 1], a->limb[i], b->limb[j]);
		}
	for (int i = 1; i < 2 * LIMBS; i++)
		low[i] = _mm256_add_epi64(low[i], _mm256_add_epi64(high[i], high[i]));
	for (int i = 0; i < LIMBS; i++)
		out.limb[i] = _mm256_add_epi64(low[i], times_19(low[i + LIMBS]));
	return carry(&out);
}

/* 2p, to be subtracted from: limbs just above 2^51 stay positive. */
static inline __m256i twice_p(int limb)
{
	return all(limb == 0 ? 2 * (LIMB_MASK - 18) : 2 * LIMB_MASK);
}

#endif
