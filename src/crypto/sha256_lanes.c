/* sha256_lanes.c - see sha256_lanes.h.
 *
 * The instructions keep the eight words as A B E F and C D G H, do two rounds at a time, and make the next four words of the schedule out of the
 * sixteen before. No branch and no address depends on what is hashed.
 *
 * Implements   fips180-4:6.2.2
 */
#include "crypto/sha256_lanes.h"

#if defined(__SHA__) && defined(__SSE4_1__)

#include <stdatomic.h>

#include <immintrin.h>

#include "base/wipe.h"

#define LANES_MAX 2
#define FOURS 16 /* rounds, four at a time */
#define SPILLED_MAX 256

struct lane {
	__m128i abef, cdgh;
	__m128i w[4]; /* sixteen words of the schedule */
};

static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
	0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
	0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* Not every compiler knows a name for it. */
static bool ask_processor(void)
{
	uint32_t eax = 0, ebx, ecx = 0, edx;

	__asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	if (eax < 7 || !__builtin_cpu_supports("sse4.1"))
		return false;
	eax = 7;
	ecx = 0;
	__asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return ebx >> 29 & 1;
}

bool sha256_lanes_here(void)
{
	static _Atomic(int) known; /* 1 no, 2 yes: a virtual machine takes its time to answer */
	int answer = atomic_load_explicit(&known, memory_order_relaxed);

	if (answer == 0) {
		answer = ask_processor() ? 2 : 1;
		atomic_store_explicit(&known, answer, memory_order_relaxed);
	}
	return answer == 2;
}

static inline __m128i load(const void *ptr)
{
	return _mm_loadu_si128((const __m128i *)ptr);
}

static inline void open(struct lane *l, const uint32_t state[8], const uint8_t *block)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i cdab = _mm_shuffle_epi32(load(state), 0xb1), efgh = _mm_shuffle_epi32(load(state + 4), 0x1b);

	l->abef = _mm_alignr_epi8(cdab, efgh, 8);
	l->cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
	for (int i = 0; i < 4; i++)
		l->w[i] = _mm_shuffle_epi8(load(block + 16 * i), swap);
}

/* Rounds 4i to 4i + 3. */
static inline void four_rounds(struct lane *l, int i)
{
	__m128i *w = l->w, sum;

	if (i >= 4) {
		__m128i next = _mm_add_epi32(_mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]), _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));

		w[i % 4] = _mm_sha256msg2_epu32(next, w[(i + 3) % 4]);
	}
	sum = _mm_add_epi32(w[i % 4], load(constants + 4 * i));
	l->cdgh = _mm_sha256rnds2_epu32(l->cdgh, l->abef, sum);
	l->abef = _mm_sha256rnds2_epu32(l->abef, l->cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

static inline void close(const struct lane *l, uint32_t state[8])
{
	__m128i feba = _mm_shuffle_epi32(l->abef, 0x1b), dchg = _mm_shuffle_epi32(l->cdgh, 0xb1);

	_mm_storeu_si128((__m128i *)state, _mm_add_epi32(load(state), _mm_blend_epi16(feba, dchg, 0xf0)));
	_mm_storeu_si128((__m128i *)(state + 4), _mm_add_epi32(load(state + 4), _mm_alignr_epi8(dchg, feba, 8)));
}

static inline __attribute__((always_inline)) void run(unsigned count, uint32_t *const state[LANES_MAX], const uint8_t *const block[LANES_MAX])
{
	struct lane lanes[LANES_MAX];

	for (unsigned l = 0; l < count; l++)
		open(&lanes[l], state[l], block[l]);
	__asm__ __volatile__("" : : : "memory"); /* the states are read again in the end, not kept on the stack meanwhile: they are as good as keys */
#pragma GCC unroll 16
	for (int i = 0; i < FOURS; i++)
		for (unsigned l = 0; l < count; l++)
			four_rounds(&lanes[l], i);
	for (unsigned l = 0; l < count; l++)
		close(&lanes[l], state[l]);
}

/* What had no place in registers: of a keyed state it is the key, nearly. */
static __attribute__((noinline)) void wipe_spilled(void)
{
	uint8_t below[SPILLED_MAX];

	wipe(below, sizeof(below));
}

static __attribute__((noinline)) void run_one(uint32_t *state, const uint8_t *block)
{
	run(1, (uint32_t *const[LANES_MAX]){ state }, (const uint8_t *const[LANES_MAX]){ block });
}

static __attribute__((noinline)) void run_two(uint32_t *a, const uint8_t *block_a, uint32_t *b, const uint8_t *block_b)
{
	run(2, (uint32_t *const[LANES_MAX]){ a, b }, (const uint8_t *const[LANES_MAX]){ block_a, block_b });
}

void sha256_lanes_one(uint32_t state[8], const uint8_t block[SHA256_BLOCK_LEN])
{
	run_one(state, block);
	wipe_spilled();
}

void sha256_lanes_two(uint32_t a[8], const uint8_t block_a[SHA256_BLOCK_LEN], uint32_t b[8], const uint8_t block_b[SHA256_BLOCK_LEN])
{
	run_two(a, block_a, b, block_b);
	wipe_spilled();
}

#else

#include "base/check.h"

bool sha256_lanes_here(void)
{
	return false;
}

void sha256_lanes_one(uint32_t state[8], const uint8_t block[SHA256_BLOCK_LEN])
{
	check(false); /* nobody calls what is not here */
}

void sha256_lanes_two(uint32_t a[8], const uint8_t block_a[SHA256_BLOCK_LEN], uint32_t b[8], const uint8_t block_b[SHA256_BLOCK_LEN])
{
	check(false);
}

#endif
