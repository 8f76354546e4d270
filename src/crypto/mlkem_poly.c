/* mlkem_poly.c - arithmetic, sampling and packing of ML-KEM's polynomials.
 *
 * Plain loops over rows of 16 coefficients of 16 bits, which compilers turn into vector instructions. Products are reduced after
 * Montgomery: `product(a, b)` is ab/2^16 modulo q, between -q and q when |ab| < 2^15 q. Nothing is ever divided: compression
 * multiplies with a reciprocal that is exact over its whole range. No branch and no address depends on a secret.
 *
 * Implements   FIPS 203, sections 4.2 and 4.3
 */
#include "crypto/mlkem_poly.h"

#include "base/wipe.h"

#define Q MLKEM_Q
#define ROW 16
#define ROWS (MLKEM_N / ROW)

#define Q_INVERSE (-3327)          /* of q, modulo 2^16 */
#define MONTGOMERY_SQUARED 1353    /* 2^32 */
#define INVERSE_NTT_FACTOR 1441    /* 2^32 / 128 */
#define BARRETT 20159              /* 2^26 / q */
#define BARRETT_SHIFT 10           /* beyond the 16 of the high half */
#define COMPRESS_RECIPROCAL 161271 /* 2^29 / q, rounded up */
#define COMPRESS_SHIFT 29

/* Powers of the root 17 in bit-reversed order, times 2^16. The first 16: layers whose step is a whole row. */
static const int16_t zetas[ROW] = {
	-1044, -758, -359, -1517, 1493, 1422, 287, 202, -171, 622, 1577, 182, 962, -1202, -1474, 1468,
};

/* The others, by lane, for the layers of step 8 (one row), 4 (two) and 2 (four). */
#define LAYER_8 0
#define LAYER_4 1
#define LAYER_2 3
static const int16_t lane_zetas[7][ROW] = {
	{ 573, -1325, 264, 383, -829, 1458, -1602, -130, -681, 1017, 732, 608, -1542, 411, -205, -1571 },
	{ 1223, -552, -1293, -282, 516, -320, -1618, 126, -853, -271, 107, -247, -398, -1508, 448, 677 },
	{ 652, 1015, 1491, -1544, -8, -666, -1162, 1469, -90, 830, -1421, -951, 961, -725, -1065, -1275 },
	{ -1103, -1251, 422, -291, -246, -777, -1590, 418, 817, 1322, -1215, -874, -1185, -1510, -108, 958 },
	{ 430, 871, 587, -460, 778, 1483, 644, 329, 1097, -1285, -136, 220, -1530, -854, -308, -1460 },
	{ 555, 1550, 177, 1574, 1159, -602, -872, -156, 603, -1465, 1218, -1187, -1278, -870, 996, 1522 },
	{ 843, 105, -235, 1653, -147, 1119, 349, -75, 610, 384, -1335, -1659, 794, 478, 991, 1628 },
};

#define INLINE static inline __attribute__((always_inline))

INLINE int16_t high(int16_t a, int16_t b)
{
	return (int16_t)((int32_t)a * b >> 16);
}

INLINE int16_t low(int16_t a, int16_t b)
{
	return (int16_t)((uint16_t)a * (uint32_t)(uint16_t)b);
}

INLINE int16_t product(int16_t a, int16_t b)
{
	return (int16_t)(high(a, b) - high(low(low(a, b), Q_INVERSE), Q));
}

/* To 0..q, from any. */
INLINE int16_t barrett(int16_t a)
{
	return (int16_t)(a - (high(a, BARRETT) >> BARRETT_SHIFT) * Q);
}

/* To canonical, from 0..q. */
INLINE int16_t canonical(int16_t a)
{
	a = (int16_t)(a - Q);
	return (int16_t)(a + (a >> 15 & Q));
}

/* ---- the transform */

/* Rows `lo` and `hi` become lo + z hi and lo - z hi. */
INLINE void forward(int16_t *restrict lo, int16_t *restrict hi, const int16_t *restrict z)
{
	for (size_t i = 0; i < ROW; i++) {
		int16_t t = product(hi[i], z[i]), a = lo[i];

		hi[i] = (int16_t)(a - t);
		lo[i] = (int16_t)(a + t);
	}
}

/* Rows `lo` and `hi` become lo + hi and z (hi - lo). */
INLINE void backward(int16_t *restrict lo, int16_t *restrict hi, const int16_t *restrict z)
{
	for (size_t i = 0; i < ROW; i++) {
		int16_t a = lo[i], b = hi[i];

		lo[i] = barrett((int16_t)(a + b));
		hi[i] = product((int16_t)(b - a), z[i]);
	}
}

INLINE void fill(int16_t row[ROW], int16_t value)
{
	for (size_t i = 0; i < ROW; i++)
		row[i] = value;
}

typedef int16_t half_row __attribute__((vector_size(ROW)));

#define HALF (ROW / 2)

/* Turns a square of 8 by 8, by three rounds of a perfect shuffle. */
INLINE void square_turn(const int16_t *in, int16_t *out)
{
	half_row a[HALF], b[HALF];

	for (size_t i = 0; i < HALF; i++)
		memcpy(&a[i], in + i * ROW, sizeof(a[i]));
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < HALF / 2; i++) {
			b[2 * i] = __builtin_shufflevector(a[i], a[i + HALF / 2], 0, 8, 1, 9, 2, 10, 3, 11);
			b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + HALF / 2], 4, 12, 5, 13, 6, 14, 7, 15);
		}
		memcpy(a, b, sizeof(a));
	}
	for (size_t i = 0; i < HALF; i++)
		memcpy(out + i * ROW, &a[i], sizeof(a[i]));
}

void poly_swap(struct poly *p)
{
	struct poly turned;

	square_turn(p->c, turned.c);
	square_turn(p->c + HALF, turned.c + HALF * ROW);
	square_turn(p->c + HALF * ROW, turned.c + HALF);
	square_turn(p->c + HALF * ROW + HALF, turned.c + HALF * ROW + HALF);
	*p = turned;
	wipe(&turned, sizeof(turned));
}

/* Steps of less than a row, on turned rows: `table` has a row of zetas for each group of rows. */
INLINE void forward_lanes(int16_t *c, size_t step, const int16_t table[][ROW])
{
	for (size_t g = 0; g < HALF / step; g++)
		for (size_t i = 2 * step * g; i < 2 * step * g + step; i++)
			forward(c + i * ROW, c + (i + step) * ROW, table[g]);
}

void poly_ntt(struct poly *p)
{
	int16_t *c = p->c;
	size_t next = 1;

	for (size_t step = ROWS / 2; step >= 1; step /= 2)
		for (size_t block = 0; block < ROWS; block += 2 * step) {
			int16_t z[ROW];

			fill(z, zetas[next++]);
			for (size_t row = block; row < block + step; row++)
				forward(c + row * ROW, c + (row + step) * ROW, z);
		}
	poly_swap(p);
	forward_lanes(c, 8, lane_zetas + LAYER_8);
	forward_lanes(c, 4, lane_zetas + LAYER_4);
	forward_lanes(c, 2, lane_zetas + LAYER_2);
	poly_reduce(p);
}

/* Backwards, block i of a layer takes what the last block but i took: the inverse of its own zeta but for the sign. */
INLINE void reverse(int16_t row[ROW], const int16_t zeta_row[ROW])
{
	for (size_t i = 0; i < ROW; i++)
		row[i] = zeta_row[ROW - 1 - i];
}

INLINE void backward_lanes(int16_t *c, size_t step, const int16_t table[][ROW])
{
	size_t groups = HALF / step;

	for (size_t g = 0; g < groups; g++) {
		int16_t z[ROW];

		reverse(z, table[groups - 1 - g]);
		for (size_t i = 2 * step * g; i < 2 * step * g + step; i++)
			backward(c + i * ROW, c + (i + step) * ROW, z);
	}
}

void poly_inverse_ntt(struct poly *p)
{
	int16_t *c = p->c;
	size_t next = ROWS - 1;

	backward_lanes(c, 2, lane_zetas + LAYER_2);
	backward_lanes(c, 4, lane_zetas + LAYER_4);
	backward_lanes(c, 8, lane_zetas + LAYER_8);
	poly_swap(p);
	for (size_t step = 1; step <= ROWS / 2; step *= 2)
		for (size_t block = 0; block < ROWS; block += 2 * step) {
			int16_t z[ROW];

			fill(z, zetas[next--]);
			for (size_t row = block; row < block + step; row++)
				backward(c + row * ROW, c + (row + step) * ROW, z);
		}
	for (size_t i = 0; i < MLKEM_N; i++)
		c[i] = product(c[i], INVERSE_NTT_FACTOR);
}

/* Each pair of rows holds polynomials of degree one modulo X^2 - z; z changes its sign from pair to pair. */
void poly_dot(struct poly *out, const struct poly *a, const struct poly *b, size_t k)
{
	for (size_t pair = 0; pair < ROWS / 2; pair++) {
		const int16_t *z = lane_zetas[LAYER_2 + pair / 2];
		int16_t even[ROW] = { 0 }, odd[ROW] = { 0 }, tail[ROW] = { 0 };
		int16_t *to = out->c + pair * 2 * ROW;

		for (size_t j = 0; j < k; j++) {
			const int16_t *a0 = a[j].c + pair * 2 * ROW, *a1 = a0 + ROW, *b0 = b[j].c + pair * 2 * ROW, *b1 = b0 + ROW;

			for (size_t i = 0; i < ROW; i++) {
				even[i] = (int16_t)(even[i] + product(a0[i], b0[i]));
				odd[i] = (int16_t)(odd[i] + product(a0[i], b1[i]) + product(a1[i], b0[i]));
				tail[i] = (int16_t)(tail[i] + product(a1[i], b1[i]));
			}
		}
		for (size_t i = 0; i < ROW; i++) {
			int16_t t = product(tail[i], z[i]);

			to[i] = barrett((int16_t)(pair % 2 ? even[i] - t : even[i] + t));
			to[ROW + i] = barrett(odd[i]);
		}
		wipe(even, sizeof(even));
		wipe(odd, sizeof(odd));
		wipe(tail, sizeof(tail));
	}
}

void poly_to_montgomery(struct poly *p)
{
	for (size_t i = 0; i < MLKEM_N; i++)
		p->c[i] = product(p->c[i], MONTGOMERY_SQUARED);
}

/* ---- coefficient by coefficient */

void poly_add(struct poly *p, const struct poly *q)
{
	for (size_t i = 0; i < MLKEM_N; i++)
		p->c[i] = (int16_t)(p->c[i] + q->c[i]);
}

void poly_subtract(struct poly *p, const struct poly *q)
{
	for (size_t i = 0; i < MLKEM_N; i++)
		p->c[i] = (int16_t)(p->c[i] - q->c[i]);
}

void poly_reduce(struct poly *p)
{
	for (size_t i = 0; i < MLKEM_N; i++)
		p->c[i] = canonical(barrett(p->c[i]));
}

/* ---- sampling */

/* Each half byte: the difference of two sums of two bits. */
void poly_noise(struct poly *p, const uint8_t bytes[MLKEM_NOISE_LEN])
{
	for (size_t i = 0; i < MLKEM_NOISE_LEN; i++) {
		uint8_t sums = (uint8_t)((bytes[i] & 0x55) + (bytes[i] >> 1 & 0x55));

		p->c[2 * i] = (int16_t)((sums & 3) - (sums >> 2 & 3));
		p->c[2 * i + 1] = (int16_t)((sums >> 4 & 3) - (sums >> 6));
	}
}

size_t poly_sample(struct poly *p, size_t have, struct bj_bytes bytes)
{
	for (size_t i = 0; i + 3 <= bytes.len && have < MLKEM_N; i += 3) {
		uint16_t first = (uint16_t)(bytes.ptr[i] | (bytes.ptr[i + 1] & 15) << 8);
		uint16_t second = (uint16_t)(bytes.ptr[i + 1] >> 4 | bytes.ptr[i + 2] << 4);

		p->c[have] = (int16_t)first;
		have += first < Q;
		if (have < MLKEM_N) {
			p->c[have] = (int16_t)second;
			have += second < Q;
		}
	}
	return have;
}

/* ---- bits */

#define GROUP 8 /* coefficients that end on a whole byte whatever their bits */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bits are gathered in words that are stored as they are");
__extension__ typedef unsigned __int128 wide;

INLINE void pack(uint8_t *out, const struct poly *p, unsigned bits)
{
	for (size_t i = 0; i < MLKEM_N; i += GROUP, out += bits) {
		uint64_t low_half = 0, high_half = 0;
		wide word;

		for (size_t j = 0; j < GROUP / 2; j++) {
			low_half |= (uint64_t)(uint16_t)p->c[i + j] << bits * j;
			high_half |= (uint64_t)(uint16_t)p->c[i + GROUP / 2 + j] << bits * j;
		}
		word = low_half | (wide)high_half << bits * (GROUP / 2);
		memcpy(out, &word, bits);
	}
}

INLINE void unpack(struct poly *p, const uint8_t *in, unsigned bits)
{
	for (size_t i = 0; i < MLKEM_N; i += GROUP, in += bits) {
		wide word = 0;

		memcpy(&word, in, bits);
		for (size_t j = 0; j < GROUP; j++)
			p->c[i + j] = (int16_t)(word >> bits * j & (((wide)1 << bits) - 1));
	}
}

/* One copy of the loop for each number of bits that there is: its shifts are then constants. */
#define WITH_CONSTANT_BITS(call)         \
	switch (bits) {                  \
	case 1: call(1); break;          \
	case 4: call(4); break;          \
	case 5: call(5); break;          \
	case 10: call(10); break;        \
	case 11: call(11); break;        \
	default: call(12); break;        \
	}

void poly_pack(uint8_t *out, const struct poly *p, unsigned bits)
{
#define PACK(n) pack(out, p, n)
	WITH_CONSTANT_BITS(PACK)
}

void poly_unpack(struct poly *p, const uint8_t *in, unsigned bits)
{
#define UNPACK(n) unpack(p, in, n)
	WITH_CONSTANT_BITS(UNPACK)
}

void poly_compress(struct poly *p, unsigned bits)
{
	uint32_t mask = ((uint32_t)1 << bits) - 1;

	for (size_t i = 0; i < MLKEM_N; i++) {
		uint32_t scaled = ((uint32_t)(uint16_t)p->c[i] << bits) + Q / 2;

		p->c[i] = (int16_t)((uint32_t)((uint64_t)scaled * COMPRESS_RECIPROCAL >> COMPRESS_SHIFT) & mask);
	}
}

void poly_decompress(struct poly *p, unsigned bits)
{
	uint32_t half = (uint32_t)1 << bits >> 1;

	for (size_t i = 0; i < MLKEM_N; i++)
		p->c[i] = (int16_t)(((uint32_t)(uint16_t)p->c[i] * Q + half) >> bits);
}

bool poly_is_canonical(const struct poly *p)
{
	int16_t over = 0;

	for (size_t i = 0; i < MLKEM_N; i++)
		over |= (int16_t)(Q - 1 - p->c[i]);
	return over >= 0;
}
