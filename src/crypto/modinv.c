/* modinv.c - see modinv.h.
 *
 * f and g begin as the modulus and the number; each step keeps f odd and halves g, until g is zero and f is 1 or -1. Beside them d and e keep
 * d x = f and e x = g modulo the modulus. 59 steps at a time are worked out on the lowest words alone, as a matrix with a factor of 2^62
 * which is then applied to the long numbers. With the first step's delta at 1/2, 590 steps are enough for 256 bits.
 */
#include "crypto/modinv.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/ct.h"
#include "base/wipe.h"

__extension__ typedef __int128 swide;

#define MASK ((uint64_t)-1 >> (64 - MODINV_BITS))
#define BATCHES 10
#define BATCH_STEPS 59

struct matrix { /* what a batch makes of (f, g), times 2^62 */
	int64_t u, v, q, r;
};

struct number { /* two's complement: the highest limb has the sign, the others are in 0..2^62 - 1 */
	int64_t limb[MODINV_LIMBS];
};

void modinv_modulus_set(struct modinv_modulus *m, const uint64_t w[4])
{
	uint64_t inverse = w[0]; /* right in the lowest three bits; each round doubles them */

	m->limb[0] = (int64_t)(w[0] & MASK);
	m->limb[1] = (int64_t)((w[0] >> 62 | w[1] << 2) & MASK);
	m->limb[2] = (int64_t)((w[1] >> 60 | w[2] << 4) & MASK);
	m->limb[3] = (int64_t)((w[2] >> 58 | w[3] << 6) & MASK);
	m->limb[4] = (int64_t)(w[3] >> 56);
	for (int i = 0; i < 5; i++)
		inverse *= 2 - w[0] * inverse;
	m->inverse = inverse & MASK;
}

/* `minus` is minus delta minus 1/2. Unsigned arithmetic throughout: it may wrap, and the bits that count do not. */
static int64_t batch(int64_t minus, uint64_t f, uint64_t g, struct matrix *out)
{
	uint64_t u = 8, v = 0, q = 0, r = 8; /* 62 - 59 doublings in advance */

	for (int i = 0; i < BATCH_STEPS; i++) {
		uint64_t swaps = ct_hidden((uint64_t)(minus >> 63)), odd = ct_hidden((uint64_t)0 - (g & 1));

		g += ((f ^ swaps) - swaps) & odd;
		q += ((u ^ swaps) - swaps) & odd;
		r += ((v ^ swaps) - swaps) & odd;
		swaps &= odd;
		minus = (minus ^ (int64_t)swaps) - 1;
		f += g & swaps;
		u += q & swaps;
		v += r & swaps;
		g >>= 1;
		u <<= 1;
		v <<= 1;
	}
	*out = (struct matrix){ (int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r };
	return minus;
}

/* (f, g) = matrix (f, g) / 2^62: exact. */
static void apply(struct number *f, struct number *g, const struct matrix *t)
{
	swide cf = (swide)t->u * f->limb[0] + (swide)t->v * g->limb[0];
	swide cg = (swide)t->q * f->limb[0] + (swide)t->r * g->limb[0];

	for (int i = 1; i < MODINV_LIMBS; i++) {
		cf = (cf >> MODINV_BITS) + (swide)t->u * f->limb[i] + (swide)t->v * g->limb[i];
		cg = (cg >> MODINV_BITS) + (swide)t->q * f->limb[i] + (swide)t->r * g->limb[i];
		f->limb[i - 1] = (int64_t)((uint64_t)cf & MASK);
		g->limb[i - 1] = (int64_t)((uint64_t)cg & MASK);
	}
	f->limb[MODINV_LIMBS - 1] = (int64_t)(cf >> MODINV_BITS);
	g->limb[MODINV_LIMBS - 1] = (int64_t)(cg >> MODINV_BITS);
}

/* (d, e) = matrix (d, e) / 2^62 modulo m: so many times m is added that the lowest limb is zero. From and to -2m .. m. */
static void apply_modulo(struct number *d, struct number *e, const struct matrix *t, const struct modinv_modulus *m)
{
	int64_t d_sign = d->limb[MODINV_LIMBS - 1] >> 63, e_sign = e->limb[MODINV_LIMBS - 1] >> 63;
	int64_t md = (t->u & d_sign) + (t->v & e_sign), me = (t->q & d_sign) + (t->r & e_sign);
	swide cd = (swide)t->u * d->limb[0] + (swide)t->v * e->limb[0];
	swide ce = (swide)t->q * d->limb[0] + (swide)t->r * e->limb[0];

	md -= (int64_t)((m->inverse * (uint64_t)cd + (uint64_t)md) & MASK);
	me -= (int64_t)((m->inverse * (uint64_t)ce + (uint64_t)me) & MASK);
	cd += (swide)m->limb[0] * md;
	ce += (swide)m->limb[0] * me;
	for (int i = 1; i < MODINV_LIMBS; i++) {
		cd = (cd >> MODINV_BITS) + (swide)t->u * d->limb[i] + (swide)t->v * e->limb[i] + (swide)m->limb[i] * md;
		ce = (ce >> MODINV_BITS) + (swide)t->q * d->limb[i] + (swide)t->r * e->limb[i] + (swide)m->limb[i] * me;
		d->limb[i - 1] = (int64_t)((uint64_t)cd & MASK);
		e->limb[i - 1] = (int64_t)((uint64_t)ce & MASK);
	}
	d->limb[MODINV_LIMBS - 1] = (int64_t)(cd >> MODINV_BITS);
	e->limb[MODINV_LIMBS - 1] = (int64_t)(ce >> MODINV_BITS);
}

static void carry(struct number *n)
{
	for (int i = 0; i + 1 < MODINV_LIMBS; i++) {
		n->limb[i + 1] += n->limb[i] >> MODINV_BITS;
		n->limb[i] = (int64_t)((uint64_t)n->limb[i] & MASK);
	}
}

static void add_if_negative(struct number *n, const struct modinv_modulus *m)
{
	int64_t mask = (int64_t)ct_hidden((uint64_t)(n->limb[MODINV_LIMBS - 1] >> 63));

	for (int i = 0; i < MODINV_LIMBS; i++)
		n->limb[i] += m->limb[i] & mask;
}

/* From -2m .. m to 0 .. m - 1, negated before the last step if `sign` is. */
static void normalize(struct number *n, int64_t sign, const struct modinv_modulus *m)
{
	int64_t mask = (int64_t)ct_hidden((uint64_t)(sign >> 63));

	add_if_negative(n, m);
	for (int i = 0; i < MODINV_LIMBS; i++)
		n->limb[i] = (n->limb[i] ^ mask) - mask;
	carry(n);
	add_if_negative(n, m);
	carry(n);
}

void modinv(uint64_t out[4], const uint64_t w[4], const struct modinv_modulus *m)
{
	struct number f, g, d = { { 0 } }, e = { { 1 } };
	struct modinv_modulus x;
	struct matrix t;
	int64_t minus = -1;
	uint64_t a[MODINV_LIMBS];

	for (int i = 0; i < MODINV_LIMBS; i++)
		f.limb[i] = m->limb[i];
	modinv_modulus_set(&x, w);
	for (int i = 0; i < MODINV_LIMBS; i++)
		g.limb[i] = x.limb[i];
	for (int i = 0; i < BATCHES; i++) {
		minus = batch(minus, (uint64_t)f.limb[0], (uint64_t)g.limb[0], &t);
		apply_modulo(&d, &e, &t, m);
		apply(&f, &g, &t);
	}
	normalize(&d, f.limb[MODINV_LIMBS - 1], m);
	for (int i = 0; i < MODINV_LIMBS; i++)
		a[i] = (uint64_t)d.limb[i];
	out[0] = a[0] | a[1] << 62;
	out[1] = a[1] >> 2 | a[2] << 60;
	out[2] = a[2] >> 4 | a[3] << 58;
	out[3] = a[3] >> 6 | a[4] << 56;
	wipe(&f, sizeof(f));
	wipe(&g, sizeof(g));
	wipe(&d, sizeof(d));
	wipe(&e, sizeof(e));
	wipe(&x, sizeof(x));
	wipe(&t, sizeof(t));
	wipe(a, sizeof(a));
}
