/* siphash.c - see siphash.h. Written from the paper of Aumasson and Bernstein (2012). */
#include "base/siphash.h"

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

/* SipHash reads little-endian words, unlike the wire formats of reader.h. */
static inline uint64_t word(const uint8_t *p)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static inline void round_once(struct state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

static inline struct state begin(const struct siphash_key *key)
{
	uint64_t k0 = word(key->bytes), k1 = word(key->bytes + 8);

	/* the constants spell "somepseudorandomlygeneratedbytes" */
	return (struct state){ k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
			       k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573) };
}

static inline void take(struct state *s, uint64_t m, unsigned rounds)
{
	s->v3 ^= m;
	for (unsigned i = 0; i < rounds; i++)
		round_once(s);
	s->v0 ^= m;
}

static inline uint64_t finish(struct state *s, unsigned rounds)
{
	s->v2 ^= 0xff;
	for (unsigned i = 0; i < rounds; i++)
		round_once(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline uint64_t hash(const struct siphash_key *key, struct bj_bytes data, unsigned c, unsigned d)
{
	struct state s = begin(key);
	uint64_t last = (uint64_t)(data.len & 0xff) << 56;
	size_t i = 0;

	for (; data.len - i >= 8; i += 8)
		take(&s, word(data.ptr + i), c);
	for (unsigned shift = 0; i < data.len; i++, shift += 8)
		last |= (uint64_t)data.ptr[i] << shift;
	take(&s, last, c);
	return finish(&s, d);
}

uint64_t siphash24(const struct siphash_key *key, struct bj_bytes data)
{
	return hash(key, data, 2, 4);
}

uint64_t siphash13(const struct siphash_key *key, struct bj_bytes data)
{
	return hash(key, data, 1, 3);
}

uint64_t siphash13_pair(const struct siphash_key *key, uint64_t a, uint64_t b)
{
	struct state s = begin(key);

	take(&s, a, 1);
	take(&s, b, 1);
	take(&s, UINT64_C(16) << 56, 1);
	return finish(&s, 3);
}
