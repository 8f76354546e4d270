/* x25519_sums.c - see x25519_sums.h.
 *
 * A point is the four numbers X, Y, T and Z, one in each lane. Adding an entry is two multiplications of four pairs:
 *
 *     A, B, C, D = (Y - X) (y - x), (Y + X) (y + x), T 2dxy, Z 2
 *     E, H, F, G = B - A, B + A, D - C, D + C
 *     X, Y, T, Z = E F, G H, E H, F G
 *
 * The two sums do not wait for each other, so that the processor works on both at once. No branch and no address depends on a digit.
 */
#include "crypto/x25519_sums.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VL__)

#include "base/wipe.h"
#include "crypto/x25519_four.h"

bool x25519_sums_here(void)
{
	return four_here();
}

/* `w` where the bits of the mask are set. */
static inline __m256i choose(__m256i v, __m256i w, __m256i mask)
{
	return _mm256_xor_si256(v, _mm256_and_si256(mask, _mm256_xor_si256(v, w)));
}

/* Whole vectors are read and masked: what is not taken is read like what is. */
static inline struct four pick(const struct x25519_entry row[X25519_MULTIPLES], int8_t digit)
{
	uint64_t negative = (uint64_t)0 - ((uint8_t)digit >> 7);
	uint64_t size = (uint64_t)(((int64_t)digit ^ (int64_t)negative) - (int64_t)negative);
	__m256i none = _mm256_cmpeq_epi64(all(size), all(0));
	struct four e;

	for (int i = 0; i < LIMBS; i++)
		e.limb[i] = i == 0 ? _mm256_and_si256(none, each(1, 1, 0, 2)) : _mm256_setzero_si256();
	for (uint64_t j = 0; j < X25519_MULTIPLES; j++) {
		__m256i mask = _mm256_cmpeq_epi64(all(size), all(j + 1));

		for (int i = 0; i < LIMBS; i++)
			e.limb[i] = _mm256_or_si256(e.limb[i], _mm256_and_si256(mask, _mm256_load_si256((const __m256i *)row[j].limb[i])));
	}
	for (int i = 0; i < LIMBS; i++) { /* the negative of a point: -x */
		__m256i minus = BLEND(LANES(e.limb[i], 1, 0, 2, 3), _mm256_sub_epi64(twice_p(i), e.limb[i]), 0x4);

		e.limb[i] = choose(e.limb[i], minus, all(negative));
	}
	return e;
}

static inline struct four add(const struct four *p, const struct four *entry)
{
	struct four u, v;

	for (int i = 0; i < LIMBS; i++) { /* Y - X, Y + X, T, Z */
		__m256i x = LANES(p->limb[i], 0, 0, 0, 0), minus = _mm256_sub_epi64(twice_p(i), x);

		x = BLEND(BLEND(x, minus, 0x1), _mm256_setzero_si256(), 0xc);
		u.limb[i] = _mm256_add_epi64(LANES(p->limb[i], 1, 1, 2, 3), x);
	}
	u = carry(&u);
	v = multiply(&u, entry);
	for (int i = 0; i < LIMBS; i++) { /* E, H, F, G */
		__m256i right = LANES(v.limb[i], 0, 0, 2, 2), minus = _mm256_sub_epi64(twice_p(i), right);

		u.limb[i] = _mm256_add_epi64(LANES(v.limb[i], 1, 1, 3, 3), BLEND(right, minus, 0x5));
	}
	v = carry(&u);
	for (int i = 0; i < LIMBS; i++) {
		u.limb[i] = LANES(v.limb[i], 0, 3, 0, 2);
		v.limb[i] = LANES(v.limb[i], 2, 1, 1, 3);
	}
	return multiply(&u, &v);
}

static inline struct x25519_point point_of(const struct four *p)
{
	struct x25519_point out;

	for (int i = 0; i < LIMBS; i++) {
		out.x.v[i] = (uint64_t)_mm256_extract_epi64(p->limb[i], 0);
		out.y.v[i] = (uint64_t)_mm256_extract_epi64(p->limb[i], 1);
		out.t.v[i] = (uint64_t)_mm256_extract_epi64(p->limb[i], 2);
		out.z.v[i] = (uint64_t)_mm256_extract_epi64(p->limb[i], 3);
	}
	return out;
}

void x25519_sums(const struct x25519_table *table, const int8_t digits[X25519_DIGITS],
		 struct x25519_point *out_odd, struct x25519_point *out_even)
{
	struct four odd, even;

	for (int i = 0; i < LIMBS; i++)
		odd.limb[i] = even.limb[i] = i == 0 ? each(0, 1, 0, 1) : _mm256_setzero_si256();
	for (int i = 0; i < X25519_WINDOWS; i++) {
		struct four e = pick(table->rows[i], digits[2 * i]), o = pick(table->rows[i], digits[2 * i + 1]);

		even = add(&even, &e);
		odd = add(&odd, &o);
	}
	*out_odd = point_of(&odd);
	*out_even = point_of(&even);
	wipe(&odd, sizeof(odd));
	wipe(&even, sizeof(even));
}

#else

#include "base/check.h"

bool x25519_sums_here(void)
{
	return false;
}

void x25519_sums(const struct x25519_table *table, const int8_t digits[X25519_DIGITS],
		 struct x25519_point *out_odd, struct x25519_point *out_even)
{
	check(false); /* nobody calls what is not here */
}

#endif
