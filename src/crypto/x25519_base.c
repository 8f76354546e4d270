/* x25519_base.c - multiplies the base point of Curve25519.
 *
 * libcrypto makes public halves with the same ladder that it uses for shared secrets. The base point is always the same, so
 * here its multiples stand in a table of the birationally equivalent Edwards curve (rfc7748:4.1): 64 additions and 4 doublings
 * instead of 255 steps. The table (30 KB) is computed at first use.
 *
 * Numbers modulo p = 2^255 - 19 are five limbs of 51 bits. Limbs that are multiplied are below 2^54; products have limbs just
 * above 2^51. No branch and no address depends on the private half.
 *
 * Implements   rfc7748:4.1 rfc7748:5 rfc7748:6.1 rfc8032:5.1
 */
#include "crypto/x25519_base.h"

#include <stddef.h>
#include <string.h>

#include "base/wipe.h"
#include "crypto/once.h"

__extension__ typedef unsigned __int128 wide;

#define LIMB_BITS 51
#define LIMB_MASK (((uint64_t)1 << LIMB_BITS) - 1)

struct fe { /* a number modulo p */
	uint64_t v[5];
};

struct point { /* x = X/Z, y = Y/Z, xy = T/Z */
	struct fe x, y, z, t;
};

struct step { /* a sum before its last four multiplications: x = X/Z, y = Y/T */
	struct fe x, y, z, t;
};

struct entry { /* a multiple of the base point, affine: y + x, y - x, 2dxy */
	struct fe sum, difference, product;
};

#define WINDOWS 32 /* table[i] holds 1..8 times 256^i times the base point */
#define MULTIPLES 8

static struct once table_once;
static struct entry table[WINDOWS][MULTIPLES];

/* ---- numbers */

static const struct fe fe_zero = { { 0 } };
static const struct fe fe_one = { { 1 } };

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

static struct fe fe_square_times(struct fe a, int times)
{
	while (times-- > 0)
		a = fe_square(a);
	return a;
}

/* a^(p - 2) */
static struct fe fe_invert(struct fe a)
{
	struct fe a2 = fe_square(a);
	struct fe a9 = fe_mul(a, fe_square_times(a2, 2));
	struct fe a11 = fe_mul(a9, a2);
	struct fe e5 = fe_mul(fe_square(a11), a9); /* eN = a^(2^N - 1) */
	struct fe e10 = fe_mul(fe_square_times(e5, 5), e5);
	struct fe e20 = fe_mul(fe_square_times(e10, 10), e10);
	struct fe e40 = fe_mul(fe_square_times(e20, 20), e20);
	struct fe e50 = fe_mul(fe_square_times(e40, 10), e10);
	struct fe e100 = fe_mul(fe_square_times(e50, 50), e50);
	struct fe e200 = fe_mul(fe_square_times(e100, 100), e100);
	struct fe e250 = fe_mul(fe_square_times(e200, 50), e50);

	return fe_mul(fe_square_times(e250, 5), a11);
}

/* Little-endian, fully reduced. */
static void fe_bytes(uint8_t out[32], struct fe a)
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

/* ---- points */

/* 2d, where d = -121665/121666; and the base point, whose y is 4/5. */
static const struct fe curve_2d = { { 0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff } };
static const struct fe base_x = { { 0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe, 0x216936d3cd6e5 } };
static const struct fe base_y = { { 0x6666666666658, 0x4cccccccccccc, 0x1999999999999, 0x3333333333333, 0x6666666666666 } };

static inline struct point finish(const struct step *s)
{
	return (struct point){ fe_mul(s->x, s->t), fe_mul(s->y, s->z), fe_mul(s->z, s->t), fe_mul(s->x, s->y) };
}

/* A = (Y1-X1)(Y2-X2), B = (Y1+X1)(Y2+X2), C = 2dT1T2, D = 2Z1Z2 */
static inline struct point combine(struct fe a, struct fe b, struct fe c, struct fe d)
{
	struct step s = { fe_sub(b, a), fe_add(b, a), fe_add(d, c), fe_sub(d, c) };

	return finish(&s);
}

static inline struct point add_entry(const struct point *p, const struct entry *e)
{
	return combine(fe_mul(fe_sub(p->y, p->x), e->difference), fe_mul(fe_add(p->y, p->x), e->sum), fe_mul(p->t, e->product),
		       fe_add(p->z, p->z));
}

static struct point add(const struct point *p, const struct point *q)
{
	struct fe zz = fe_mul(p->z, q->z);

	return combine(fe_mul(fe_sub(p->y, p->x), fe_sub(q->y, q->x)), fe_mul(fe_add(p->y, p->x), fe_add(q->y, q->x)),
		       fe_mul(fe_mul(p->t, q->t), curve_2d), fe_add(zz, zz));
}

static struct point twice(const struct point *p)
{
	struct fe xx = fe_square(p->x), yy = fe_square(p->y), zz = fe_square(p->z);
	struct fe both = fe_square(fe_add(p->x, p->y));
	struct step s;

	s.y = fe_add(yy, xx);
	s.z = fe_sub(yy, xx);
	s.x = fe_sub(both, s.y);
	s.t = fe_sub(fe_add(zz, zz), s.z);
	return finish(&s);
}

static struct entry entry_of(const struct point *p)
{
	struct fe inverse = fe_invert(p->z);
	struct fe x = fe_mul(p->x, inverse), y = fe_mul(p->y, inverse);

	return (struct entry){ fe_carry(fe_add(y, x)), fe_sub(y, x), fe_mul(fe_mul(x, y), curve_2d) };
}

static void table_make(void)
{
	struct point base = { base_x, base_y, fe_one, fe_mul(base_x, base_y) };

	for (int i = 0; i < WINDOWS; i++) {
		struct point p = base;

		for (int j = 0; j < MULTIPLES; j++) {
			table[i][j] = entry_of(&p);
			p = add(&p, &base);
		}
		for (int j = 0; j < 8; j++)
			base = twice(&base);
	}
}

/* ---- the multiplication */

static inline void take_if(struct entry *out, const struct entry *from, uint64_t mask)
{
	uint64_t *to = out->sum.v;
	const uint64_t *source = from->sum.v;

	for (int i = 0; i < 5; i++)
		to[i] ^= (to[i] ^ source[i]) & mask;
	to = out->difference.v;
	source = from->difference.v;
	for (int i = 0; i < 5; i++)
		to[i] ^= (to[i] ^ source[i]) & mask;
	to = out->product.v;
	source = from->product.v;
	for (int i = 0; i < 5; i++)
		to[i] ^= (to[i] ^ source[i]) & mask;
}

/* `digit` times 256^window, digit in -8..8: every entry of the row is read. */
static struct entry pick(int window, int8_t digit)
{
	uint64_t negative = (uint64_t)0 - ((uint8_t)digit >> 7);
	uint64_t size = (uint64_t)(((int64_t)digit ^ (int64_t)negative) - (int64_t)negative);
	struct entry e = { fe_one, fe_one, fe_zero }, minus;

	for (uint64_t j = 0; j < MULTIPLES; j++) {
		uint64_t differs = size ^ (j + 1);

		take_if(&e, &table[window][j], (uint64_t)0 - ((differs - 1) >> 63));
	}
	minus = (struct entry){ e.difference, e.sum, fe_sub(fe_zero, e.product) };
	take_if(&e, &minus, negative);
	return e;
}

/* The scalar as 64 digits of -8..8 to the base 16. */
static void digits_of(int8_t out[64], const uint8_t scalar[32])
{
	int8_t carry = 0;

	for (int i = 0; i < 32; i++) {
		out[2 * i] = (int8_t)(scalar[i] & 15);
		out[2 * i + 1] = (int8_t)(scalar[i] >> 4);
	}
	for (int i = 0; i < 63; i++) {
		out[i] = (int8_t)(out[i] + carry);
		carry = (int8_t)((out[i] + 8) >> 4);
		out[i] = (int8_t)(out[i] - carry * 16);
	}
	out[63] = (int8_t)(out[63] + carry);
}

void x25519_base(uint8_t out_public[32], const uint8_t private[32])
{
	struct point p = { fe_zero, fe_one, fe_one, fe_zero };
	uint8_t scalar[32];
	int8_t digits[64];
	struct entry e;

	if (once_begin(&table_once)) {
		table_make();
		once_end(&table_once);
	}
	memcpy(scalar, private, sizeof(scalar));
	scalar[0] &= 248;
	scalar[31] &= 127;
	scalar[31] |= 64;
	digits_of(digits, scalar);
	for (int i = 1; i < 64; i += 2) {
		e = pick(i / 2, digits[i]);
		p = add_entry(&p, &e);
	}
	for (int i = 0; i < 4; i++)
		p = twice(&p);
	for (int i = 0; i < 64; i += 2) {
		e = pick(i / 2, digits[i]);
		p = add_entry(&p, &e);
	}
	/* u = (1 + y) / (1 - y) */
	fe_bytes(out_public, fe_mul(fe_add(p.z, p.y), fe_invert(fe_sub(p.z, p.y))));
	wipe(scalar, sizeof(scalar));
	wipe(digits, sizeof(digits));
	wipe(&p, sizeof(p));
	wipe(&e, sizeof(e));
}
