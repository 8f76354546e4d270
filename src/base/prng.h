/* prng.h - a small generator for choices that need no secrecy: jitter, random balancing, tests from a seed.
 *
 * SplitMix64 (Steele, Lea, Flood 2014): never for keys, nonces or anything that a stranger must not guess.
 */
#ifndef BASE_PRNG_H
#define BASE_PRNG_H

#include "base/bytes.h"

struct prng {
	uint64_t state;
};

static inline uint64_t prng_next(struct prng *g)
{
	uint64_t z = g->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 .. below - 1; `below` at least 1. The bias is under 2^-32. */
static inline uint32_t prng_below(struct prng *g, uint32_t below)
{
	return (uint32_t)((prng_next(g) >> 32) * below >> 32);
}

static inline void prng_fill(struct prng *g, void *out, size_t len)
{
	uint8_t *p = (uint8_t *)out;

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(prng_next(g) >> 56);
}

#endif
