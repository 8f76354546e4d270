/* keccak.c - the Keccak permutation, once and four times side by side, and its sponge.
 *
 * The rounds are written once, as a macro over the type of a word: a 64-bit integer, or a vector of four where the processor has
 * vectors that wide. No branch and no address depends on the input.
 *
 * Implements   FIPS 202, sections 3, 4 and 6
 */
#include "crypto/keccak.h"

#include "base/wipe.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are stored as the machine has them");

#define ROUNDS 24
#define WORD_LEN 8

static const uint64_t round_constants[ROUNDS] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
	0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
	0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

#define ROL(x, n) ((x) << (n) | (x) >> (64 - (n)))

/* chi on one row, from the five words b0..b4 */
#define CHI(a, row)                       \
	do {                              \
		a[row] = b0 ^ (~b1 & b2); \
		a[row + 1] = b1 ^ (~b2 & b3); \
		a[row + 2] = b2 ^ (~b3 & b4); \
		a[row + 3] = b3 ^ (~b4 & b0); \
		a[row + 4] = b4 ^ (~b0 & b1); \
	} while (0)

/* One round from `a` to `e`: theta, then rho and pi while each row is gathered for chi, then iota. */
#define ROUND(word, a, e, constant)                                            \
	do {                                                                   \
		word c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];                 \
		word c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];                 \
		word c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];                 \
		word c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];                 \
		word c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];                 \
		word d0 = c4 ^ ROL(c1, 1), d1 = c0 ^ ROL(c2, 1), d2 = c1 ^ ROL(c3, 1); \
		word d3 = c2 ^ ROL(c4, 1), d4 = c3 ^ ROL(c0, 1);               \
		word b0, b1, b2, b3, b4;                                       \
		b0 = a[0] ^ d0;                                                \
		b1 = ROL(a[6] ^ d1, 44);                                       \
		b2 = ROL(a[12] ^ d2, 43);                                      \
		b3 = ROL(a[18] ^ d3, 21);                                      \
		b4 = ROL(a[24] ^ d4, 14);                                      \
		CHI(e, 0);                                                     \
		e[0] ^= constant;                                              \
		b0 = ROL(a[3] ^ d3, 28);                                       \
		b1 = ROL(a[9] ^ d4, 20);                                       \
		b2 = ROL(a[10] ^ d0, 3);                                       \
		b3 = ROL(a[16] ^ d1, 45);                                      \
		b4 = ROL(a[22] ^ d2, 61);                                      \
		CHI(e, 5);                                                     \
		b0 = ROL(a[1] ^ d1, 1);                                        \
		b1 = ROL(a[7] ^ d2, 6);                                        \
		b2 = ROL(a[13] ^ d3, 25);                                      \
		b3 = ROL(a[19] ^ d4, 8);                                       \
		b4 = ROL(a[20] ^ d0, 18);                                      \
		CHI(e, 10);                                                    \
		b0 = ROL(a[4] ^ d4, 27);                                       \
		b1 = ROL(a[5] ^ d0, 36);                                       \
		b2 = ROL(a[11] ^ d1, 10);                                      \
		b3 = ROL(a[17] ^ d2, 15);                                      \
		b4 = ROL(a[23] ^ d3, 56);                                      \
		CHI(e, 15);                                                    \
		b0 = ROL(a[2] ^ d2, 62);                                       \
		b1 = ROL(a[8] ^ d3, 55);                                       \
		b2 = ROL(a[14] ^ d4, 39);                                      \
		b3 = ROL(a[15] ^ d0, 41);                                      \
		b4 = ROL(a[21] ^ d1, 2);                                       \
		CHI(e, 20);                                                    \
	} while (0)

/* The state is copied into words of its own, which compilers keep in registers. */
#define PERMUTATION(word, state)                                           \
	do {                                                               \
		word a[KECCAK_WORDS], e[KECCAK_WORDS];                     \
		memcpy(a, state, sizeof(a));                               \
		for (size_t round = 0; round < ROUNDS; round += 2) {       \
			ROUND(word, a, e, round_constants[round]);         \
			ROUND(word, e, a, round_constants[round + 1]);     \
		}                                                          \
		memcpy(state, a, sizeof(a));                               \
	} while (0)

static void permute(uint64_t state[KECCAK_WORDS])
{
	PERMUTATION(uint64_t, state);
}

#ifdef __AVX2__

typedef uint64_t lanes __attribute__((vector_size(KECCAK_LANES * 8)));

static void permute4(struct keccak4 *k)
{
	PERMUTATION(lanes, k->words);
}

#else

static void permute4(struct keccak4 *k)
{
	for (size_t lane = 0; lane < KECCAK_LANES; lane++) {
		uint64_t state[KECCAK_WORDS];

		for (size_t i = 0; i < KECCAK_WORDS; i++)
			state[i] = k->words[i][lane];
		permute(state);
		for (size_t i = 0; i < KECCAK_WORDS; i++)
			k->words[i][lane] = state[i];
		wipe(state, sizeof(state));
	}
}

#endif

/* ---- one input */

struct sponge {
	uint64_t words[KECCAK_WORDS];
	size_t rate, at; /* bytes of the block that are in */
};

static void xor_byte(uint64_t *words, size_t at, uint8_t byte)
{
	words[at / WORD_LEN] ^= (uint64_t)byte << at % WORD_LEN * 8;
}

static void absorb(struct sponge *s, struct bj_bytes in)
{
	for (size_t i = 0; i < in.len;) {
		uint64_t word;

		if (s->at % WORD_LEN == 0 && in.len - i >= WORD_LEN) {
			memcpy(&word, in.ptr + i, WORD_LEN);
			s->words[s->at / WORD_LEN] ^= word;
			s->at += WORD_LEN;
			i += WORD_LEN;
		} else {
			xor_byte(s->words, s->at++, in.ptr[i++]);
		}
		if (s->at == s->rate) {
			permute(s->words);
			s->at = 0;
		}
	}
}

void keccak_once(size_t rate, uint8_t end, struct bj_bytes first, struct bj_bytes second, uint8_t *out, size_t len)
{
	struct sponge s = { .rate = rate };

	absorb(&s, first);
	absorb(&s, second);
	xor_byte(s.words, s.at, end);
	xor_byte(s.words, rate - 1, 0x80);
	permute(s.words);
	memcpy(out, s.words, len);
	wipe(&s, sizeof(s));
}

/* ---- four inputs */

void keccak4_begin(struct keccak4 *k, size_t rate, uint8_t end, const uint8_t *const in[KECCAK_LANES], size_t len)
{
	for (size_t lane = 0; lane < KECCAK_LANES; lane++) {
		uint64_t state[KECCAK_WORDS] = { 0 };

		memcpy(state, in[lane], len);
		xor_byte(state, len, end);
		xor_byte(state, rate - 1, 0x80);
		for (size_t i = 0; i < KECCAK_WORDS; i++)
			k->words[i][lane] = state[i];
		wipe(state, sizeof(state));
	}
}

void keccak4_block(struct keccak4 *k, uint8_t *const out[KECCAK_LANES], size_t len)
{
	permute4(k);
	for (size_t i = 0; i < len / WORD_LEN; i++)
		for (size_t lane = 0; lane < KECCAK_LANES; lane++)
			memcpy(out[lane] + i * WORD_LEN, &k->words[i][lane], WORD_LEN);
	for (size_t lane = 0; len % WORD_LEN && lane < KECCAK_LANES; lane++)
		memcpy(out[lane] + len / WORD_LEN * WORD_LEN, &k->words[len / WORD_LEN][lane], len % WORD_LEN);
}
