/* x25519_base.c - multiplies the base point of Curve25519.
 *
 * libcrypto makes public halves with the same ladder that it uses for shared secrets. The base point is always the same, so
 * here its multiples stand in a table of the birationally equivalent Edwards curve (rfc7748:4.1): 64 additions and 4 doublings
 * instead of 255 steps. The table (40 KB) is computed at first use.
 * The additions are made in vectors where the processor has them (x25519_sums.h), else here.
 *
 * No branch and no address depends on the private half.
 *
 * Implements   rfc7748:4.1 rfc7748:5 rfc7748:6.1 rfc8032:5.1
 */
#include "crypto/x25519_base.h"

#include <stddef.h>
#include <string.h>

#include "base/ct.h"
#include "base/wipe.h"
#include "crypto/fe25519.h"
#include "crypto/once.h"
#include "crypto/x25519_sums.h"

struct entry { /* a multiple of the base point as it stands in the table: y + x, y - x, 2dxy */
	struct fe sum, difference, product;
};

struct step { /* a sum before its last four multiplications: x = X/Z, y = Y/T */
	struct fe x, y, z, t;
};

static const struct fe fe_zero = { { 0 } };
static const struct fe fe_one = { { 1 } };

static struct once table_once;
static struct x25519_table table;

/* ---- points */

/* 2d, where d = -121665/121666; and the base point, whose y is 4/5. */
static const struct fe curve_2d = { { 0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff } };
static const struct fe base_x = { { 0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe, 0x216936d3cd6e5 } };
static const struct fe base_y = { { 0x6666666666658, 0x4cccccccccccc, 0x1999999999999, 0x3333333333333, 0x6666666666666 } };

static inline struct x25519_point finish(const struct step *s)
{
	return (struct x25519_point){ fe_mul(s->x, s->t), fe_mul(s->y, s->z), fe_mul(s->z, s->t), fe_mul(s->x, s->y) };
}

/* A = (Y1-X1)(Y2-X2), B = (Y1+X1)(Y2+X2), C = 2dT1T2, D = 2Z1Z2 */
static inline struct x25519_point combine(struct fe a, struct fe b, struct fe c, struct fe d)
{
	struct step s = { fe_sub(b, a), fe_add(b, a), fe_add(d, c), fe_sub(d, c) };

	return finish(&s);
}

static inline struct x25519_point add_entry(const struct x25519_point *p, const struct entry *e)
{
	return combine(fe_mul(fe_sub(p->y, p->x), e->difference), fe_mul(fe_add(p->y, p->x), e->sum), fe_mul(p->t, e->product),
		       fe_add(p->z, p->z));
}

static struct x25519_point add(const struct x25519_point *p, const struct x25519_point *q)
{
	struct fe zz = fe_mul(p->z, q->z);

	return combine(fe_mul(fe_sub(p->y, p->x), fe_sub(q->y, q->x)), fe_mul(fe_add(p->y, p->x), fe_add(q->y, q->x)),
		       fe_mul(fe_mul(p->t, q->t), curve_2d), fe_add(zz, zz));
}

static struct x25519_point twice(const struct x25519_point *p)
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

static void entry_set(struct x25519_entry *out, const struct x25519_point *p)
{
	struct fe inverse = fe_invert(p->z);
	struct fe x = fe_mul(p->x, inverse), y = fe_mul(p->y, inverse);

	struct fe sum = fe_carry(fe_add(y, x)), difference = fe_sub(y, x), product = fe_mul(fe_mul(x, y), curve_2d);

	for (int i = 0; i < 5; i++) {
		out->limb[i][LANE_DIFFERENCE] = difference.v[i];
		out->limb[i][LANE_SUM] = sum.v[i];
		out->limb[i][LANE_PRODUCT] = product.v[i];
		out->limb[i][LANE_TWO] = i == 0 ? 2 : 0;
	}
}

static void table_make(void)
{
	struct x25519_point base = { base_x, base_y, fe_one, fe_mul(base_x, base_y) };

	for (int i = 0; i < X25519_WINDOWS; i++) {
		struct x25519_point p = base;

		for (int j = 0; j < X25519_MULTIPLES; j++) {
			entry_set(&table.rows[i][j], &p);
			p = add(&p, &base);
		}
		for (int j = 0; j < 8; j++)
			base = twice(&base);
	}
}

/* ---- the multiplication */

/* `digit` times 256^window, digit in -8..8: every entry of the row is read. */
static struct entry pick(int window, int8_t digit)
{
	uint64_t negative = ct_hidden((uint64_t)0 - ((uint8_t)digit >> 7));
	uint64_t size = (uint64_t)(((int64_t)digit ^ (int64_t)negative) - (int64_t)negative);
	uint64_t picked[5][LANE_COUNT] = { { 1, 1 } };
	struct entry e;
	struct fe minus;

	for (uint64_t j = 0; j < X25519_MULTIPLES; j++) {
		uint64_t differs = size ^ (j + 1), mask = ct_hidden((uint64_t)0 - ((differs - 1) >> 63));

		for (int i = 0; i < 5; i++)
			for (int lane = 0; lane < LANE_COUNT; lane++)
				picked[i][lane] ^= (picked[i][lane] ^ table.rows[window][j].limb[i][lane]) & mask;
	}
	for (int i = 0; i < 5; i++) {
		uint64_t swap = (picked[i][LANE_DIFFERENCE] ^ picked[i][LANE_SUM]) & negative;

		e.difference.v[i] = picked[i][LANE_DIFFERENCE] ^ swap;
		e.sum.v[i] = picked[i][LANE_SUM] ^ swap;
		e.product.v[i] = picked[i][LANE_PRODUCT];
	}
	minus = fe_sub(fe_zero, e.product);
	for (int i = 0; i < 5; i++)
		e.product.v[i] ^= (e.product.v[i] ^ minus.v[i]) & negative;
	return e;
}

/* The scalar as 64 digits of -8..8 to the base 16. */
static void digits_of(int8_t out[X25519_DIGITS], const uint8_t scalar[32])
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

/* The sum of the digits at odd places, sixteen times, and of those at even places. */
static struct x25519_point sum_of(const int8_t digits[X25519_DIGITS])
{
	struct x25519_point p = { fe_zero, fe_one, fe_one, fe_zero };
	struct entry e;

	for (int i = 1; i < X25519_DIGITS; i += 2) {
		e = pick(i / 2, digits[i]);
		p = add_entry(&p, &e);
	}
	for (int i = 0; i < 4; i++)
		p = twice(&p);
	for (int i = 0; i < X25519_DIGITS; i += 2) {
		e = pick(i / 2, digits[i]);
		p = add_entry(&p, &e);
	}
	wipe(&e, sizeof(e));
	return p;
}

static struct x25519_point sum_in_vectors(const int8_t digits[X25519_DIGITS])
{
	struct x25519_point p, even;

	x25519_sums(&table, digits, &p, &even);
	for (int i = 0; i < 4; i++)
		p = twice(&p);
	p = add(&p, &even);
	wipe(&even, sizeof(even));
	return p;
}

void x25519_base_fraction(struct fe_fraction *out, const uint8_t private[32])
{
	struct x25519_point p;
	uint8_t scalar[32];
	int8_t digits[X25519_DIGITS];

	if (once_begin(&table_once)) {
		table_make();
		once_end(&table_once);
	}
	memcpy(scalar, private, sizeof(scalar));
	scalar[0] &= 248;
	scalar[31] &= 127;
	scalar[31] |= 64;
	digits_of(digits, scalar);
	p = x25519_sums_here() ? sum_in_vectors(digits) : sum_of(digits);
	/* u = (1 + y) / (1 - y) */
	*out = (struct fe_fraction){ fe_add(p.z, p.y), fe_sub(p.z, p.y) };
	wipe(scalar, sizeof(scalar));
	wipe(digits, sizeof(digits));
	wipe(&p, sizeof(p));
}

void x25519_base(uint8_t out_public[32], const uint8_t private[32])
{
	struct fe_fraction f;

	x25519_base_fraction(&f, private);
	fe_fraction_bytes(out_public, &f);
	wipe(&f, sizeof(f));
}
