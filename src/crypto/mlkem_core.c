/* mlkem_core.c - K-PKE and ML-KEM on top of it.
 *
 * An encapsulation key is t (k polynomials in NTT form, 12 bits a coefficient) || rho. A decapsulation key is s (likewise) ||
 * encapsulation key || its hash || z. All that is secret stands in one struct per function, wiped on the way out. Branches
 * depend on public bytes only: rho, encapsulation keys, and the count of the parameter set.
 *
 * Implements   FIPS 203, sections 5 to 7
 */
#include "crypto/mlkem_core.h"

#include "base/ct.h"
#include "crypto/keccak.h"
#include "crypto/mlkem_poly.h"

#define SYM 32 /* seeds, hashes, messages and secrets */
#define NOISE_MAX (2 * MLKEM_K_MAX + 1)
#define NOISE_ROOM ((NOISE_MAX + KECCAK_LANES - 1) / KECCAK_LANES * KECCAK_LANES)
#define CELLS_MAX (MLKEM_K_MAX * MLKEM_K_MAX)
#define XOF_BLOCK 168
#define XOF_FIRST (3 * XOF_BLOCK) /* is enough for 99 of 100 polynomials */
#define PK_LEN(k) ((size_t)(k)*MLKEM_POLY_LEN + SYM)
#define SK_LEN(k) ((size_t)(k)*MLKEM_POLY_LEN)
#define V_AT(p) ((size_t)(p)->k * (p)->u_bits * SYM)
#define CT_LEN(p) (V_AT(p) + (size_t)(p)->v_bits * SYM)

/* ---- hashes */

static void hash_h(struct bj_bytes in, uint8_t out[SYM])
{
	keccak_once(KECCAK_SHA3_256, in, (struct bj_bytes){ NULL, 0 }, out, SYM);
}

static void hash_g(struct bj_bytes first, struct bj_bytes second, uint8_t out[2 * SYM])
{
	keccak_once(KECCAK_SHA3_512, first, second, out, (size_t)2 * SYM);
}

/* `count` polynomials of noise from a secret seed, numbered from zero; `out` has room for NOISE_ROOM. */
static void noise(struct poly *out, const uint8_t seed[SYM], size_t count)
{
	struct {
		struct keccak4 k;
		uint8_t in[KECCAK_LANES][SYM + 1];
		uint8_t bytes[KECCAK_LANES][MLKEM_NOISE_LEN];
	} w;

	for (size_t at = 0; at < count; at += KECCAK_LANES) {
		for (size_t i = 0; i < KECCAK_LANES; i++) {
			memcpy(w.in[i], seed, SYM);
			w.in[i][SYM] = (uint8_t)(at + i);
		}
		keccak4_begin(&w.k, KECCAK_SHAKE256, (const uint8_t *const[]){ w.in[0], w.in[1], w.in[2], w.in[3] }, SYM + 1);
		keccak4_block(&w.k, (uint8_t *const[]){ w.bytes[0], w.bytes[1], w.bytes[2], w.bytes[3] }, MLKEM_NOISE_LEN);
		for (size_t i = 0; i < KECCAK_LANES; i++)
			poly_noise(&out[at + i], w.bytes[i]);
	}
	wipe(&w, sizeof(w));
}

/* Four cells of the matrix, from their places (column, row) in the standard's A. Public. */
static void cells_sample(struct poly *const out[KECCAK_LANES], uint8_t in[KECCAK_LANES][SYM + 2])
{
	uint8_t bytes[KECCAK_LANES][XOF_FIRST];
	size_t have[KECCAK_LANES];
	struct keccak4 k;
	bool more = false;

	keccak4_begin(&k, KECCAK_SHAKE128, (const uint8_t *const[]){ in[0], in[1], in[2], in[3] }, SYM + 2);
	for (size_t at = 0; at < XOF_FIRST; at += XOF_BLOCK)
		keccak4_block(&k, (uint8_t *const[]){ bytes[0] + at, bytes[1] + at, bytes[2] + at, bytes[3] + at }, XOF_BLOCK);
	for (size_t i = 0; i < KECCAK_LANES; i++) {
		have[i] = poly_sample(out[i], 0, bytes_of(bytes[i], XOF_FIRST));
		more |= have[i] < MLKEM_N;
	}
	while (more) { /* ends: each block has 112 tries, and a try fails once in five */
		keccak4_block(&k, (uint8_t *const[]){ bytes[0], bytes[1], bytes[2], bytes[3] }, XOF_BLOCK);
		more = false;
		for (size_t i = 0; i < KECCAK_LANES; i++) {
			have[i] = poly_sample(out[i], have[i], bytes_of(bytes[i], XOF_BLOCK));
			more |= have[i] < MLKEM_N;
		}
	}
	for (size_t i = 0; i < KECCAK_LANES; i++)
		poly_swap(out[i]);
}

/* The matrix A, row by row, or its transpose. The lanes beyond the last cell make that cell again. */
static void matrix(struct poly out[CELLS_MAX], const uint8_t rho[SYM], size_t k, bool transposed)
{
	uint8_t in[KECCAK_LANES][SYM + 2];
	struct poly spare[KECCAK_LANES];

	for (size_t at = 0; at < k * k; at += KECCAK_LANES) {
		struct poly *to[KECCAK_LANES];

		for (size_t i = 0; i < KECCAK_LANES; i++) {
			size_t cell = at + i < k * k ? at + i : at, row = cell / k, column = cell % k;

			to[i] = at + i < k * k ? &out[at + i] : &spare[i];
			memcpy(in[i], rho, SYM);
			in[i][SYM] = (uint8_t)(transposed ? row : column);
			in[i][SYM + 1] = (uint8_t)(transposed ? column : row);
		}
		cells_sample(to, in);
	}
}

/* ---- vectors in NTT form as bytes */

static void vector_write(uint8_t *out, struct poly *v, size_t k)
{
	for (size_t i = 0; i < k; i++) {
		poly_reduce(&v[i]);
		poly_swap(&v[i]);
		poly_pack(out + i * MLKEM_POLY_LEN, &v[i], 12);
	}
}

static void vector_read(struct poly *v, const uint8_t *in, size_t k)
{
	for (size_t i = 0; i < k; i++) {
		poly_unpack(&v[i], in + i * MLKEM_POLY_LEN, 12);
		poly_swap(&v[i]);
	}
}

/* ---- K-PKE */

/* Algorithm 13: t = A s + e. */
static void pke_keygen(const struct mlkem_params *p, const uint8_t rho[SYM], const uint8_t sigma[SYM], uint8_t *out_pk,
		       uint8_t *out_sk)
{
	struct {
		struct poly a[CELLS_MAX], noise[NOISE_ROOM], t[MLKEM_K_MAX];
	} w;
	struct poly *s = w.noise, *e = w.noise + p->k;

	matrix(w.a, rho, p->k, false);
	noise(w.noise, sigma, 2 * (size_t)p->k);
	for (size_t i = 0; i < 2 * (size_t)p->k; i++)
		poly_ntt(&w.noise[i]);
	for (size_t i = 0; i < p->k; i++) {
		poly_dot(&w.t[i], &w.a[i * p->k], s, p->k);
		poly_to_montgomery(&w.t[i]);
		poly_add(&w.t[i], &e[i]);
	}
	vector_write(out_pk, w.t, p->k);
	memcpy(out_pk + SK_LEN(p->k), rho, SYM);
	vector_write(out_sk, s, p->k);
	wipe(&w, sizeof(w));
}

/* Algorithm 14: u = A^T r + e1, v = t r + e2 + m. */
static void pke_encrypt(const struct mlkem_params *p, const uint8_t *pk, const uint8_t m[SYM], const uint8_t coins[SYM],
			uint8_t *out_ct)
{
	struct {
		struct poly a[CELLS_MAX], noise[NOISE_ROOM], t[MLKEM_K_MAX], u, message;
	} w;
	struct poly *r = w.noise, *e1 = w.noise + p->k, *e2 = e1 + p->k;

	matrix(w.a, pk + SK_LEN(p->k), p->k, true);
	vector_read(w.t, pk, p->k);
	noise(w.noise, coins, 2 * (size_t)p->k + 1);
	for (size_t i = 0; i < p->k; i++)
		poly_ntt(&r[i]);
	for (size_t i = 0; i < p->k; i++) {
		poly_dot(&w.u, &w.a[i * p->k], r, p->k);
		poly_inverse_ntt(&w.u);
		poly_add(&w.u, &e1[i]);
		poly_reduce(&w.u);
		poly_compress(&w.u, p->u_bits);
		poly_pack(out_ct + i * p->u_bits * SYM, &w.u, p->u_bits);
	}
	poly_dot(&w.u, w.t, r, p->k);
	poly_inverse_ntt(&w.u);
	poly_unpack(&w.message, m, 1);
	poly_decompress(&w.message, 1);
	poly_add(&w.u, &w.message);
	poly_add(&w.u, e2);
	poly_reduce(&w.u);
	poly_compress(&w.u, p->v_bits);
	poly_pack(out_ct + V_AT(p), &w.u, p->v_bits);
	wipe(&w, sizeof(w));
}

/* Algorithm 15: m = v - s u. */
static void pke_decrypt(const struct mlkem_params *p, const uint8_t *sk, const uint8_t *ct, uint8_t out_m[SYM])
{
	struct {
		struct poly s[MLKEM_K_MAX], u[MLKEM_K_MAX], v, product;
	} w;

	for (size_t i = 0; i < p->k; i++) {
		poly_unpack(&w.u[i], ct + i * p->u_bits * SYM, p->u_bits);
		poly_decompress(&w.u[i], p->u_bits);
		poly_ntt(&w.u[i]);
	}
	vector_read(w.s, sk, p->k);
	poly_dot(&w.product, w.s, w.u, p->k);
	poly_inverse_ntt(&w.product);
	poly_unpack(&w.v, ct + V_AT(p), p->v_bits);
	poly_decompress(&w.v, p->v_bits);
	poly_subtract(&w.v, &w.product);
	poly_reduce(&w.v);
	poly_compress(&w.v, 1);
	poly_pack(out_m, &w.v, 1);
	wipe(&w, sizeof(w));
}

/* ---- ML-KEM */

static void keygen_from(const struct mlkem_params *p, const uint8_t rho[SYM], const uint8_t sigma[SYM], const uint8_t z[SYM],
			uint8_t *out_ek, uint8_t *out_dk)
{
	uint8_t *copy = out_dk + SK_LEN(p->k), *hash = copy + PK_LEN(p->k);

	pke_keygen(p, rho, sigma, out_ek, out_dk);
	memcpy(copy, out_ek, PK_LEN(p->k));
	hash_h(bytes_of(out_ek, PK_LEN(p->k)), hash);
	memcpy(hash + SYM, z, SYM);
}

static void keygen(const struct mlkem_params *p, const uint8_t seed[MLKEM_SEED_LEN], uint8_t *out_ek, uint8_t *out_dk)
{
	uint8_t rho_sigma[2 * SYM];

	hash_g(bytes_of(seed, SYM), bytes_of(&p->k, 1), rho_sigma);
	keygen_from(p, rho_sigma, rho_sigma + SYM, seed + SYM, out_ek, out_dk);
	wipe(rho_sigma, sizeof(rho_sigma));
}

static void encaps(const struct mlkem_params *p, const uint8_t *ek, const uint8_t m[SYM], uint8_t *out_ct, uint8_t out_secret[SYM])
{
	uint8_t hash[SYM], secret_coins[2 * SYM];

	hash_h(bytes_of(ek, PK_LEN(p->k)), hash);
	hash_g(bytes_of(m, SYM), bytes_of(hash, SYM), secret_coins);
	pke_encrypt(p, ek, m, secret_coins + SYM, out_ct);
	memcpy(out_secret, secret_coins, SYM);
	wipe(secret_coins, sizeof(secret_coins));
}

/* All ones if any byte differs, else zero. */
static uint8_t differ(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= (uint8_t)(a[i] ^ b[i]);
	return (uint8_t)ct_hidden((0 - (uint32_t)any) >> 8);
}

static void decaps(const struct mlkem_params *p, const uint8_t *dk, const uint8_t *ct, uint8_t out_secret[SYM])
{
	const uint8_t *ek = dk + SK_LEN(p->k), *hash = ek + PK_LEN(p->k), *z = hash + SYM;
	struct {
		uint8_t m[SYM], secret_coins[2 * SYM], rejected[SYM], again[MLKEM_CT_MAX], mask;
	} w;

	pke_decrypt(p, dk, ct, w.m);
	hash_g(bytes_of(w.m, SYM), bytes_of(hash, SYM), w.secret_coins);
	keccak_once(KECCAK_SHAKE256, bytes_of(z, SYM), bytes_of(ct, CT_LEN(p)), w.rejected, SYM);
	pke_encrypt(p, ek, w.m, w.secret_coins + SYM, w.again);
	w.mask = differ(ct, w.again, CT_LEN(p));
	for (size_t i = 0; i < SYM; i++)
		out_secret[i] = (uint8_t)((w.secret_coins[i] & ~w.mask) | (w.rejected[i] & w.mask));
	wipe(&w, sizeof(w));
}

static bool ek_good(const struct mlkem_params *p, const uint8_t *ek)
{
	for (size_t i = 0; i < p->k; i++) {
		struct poly t;

		poly_unpack(&t, ek + i * MLKEM_POLY_LEN, 12);
		if (!poly_is_canonical(&t))
			return false;
	}
	return true;
}

static bool dk_good(const struct mlkem_params *p, const uint8_t *dk)
{
	const uint8_t *ek = dk + SK_LEN(p->k);
	uint8_t hash[SYM];

	hash_h(bytes_of(ek, PK_LEN(p->k)), hash);
	return ct_equal(hash, ek + PK_LEN(p->k), SYM);
}

#define TEXT_OF(name) TEXT(name)
#define TEXT(name) #name

const struct mlkem_core LEVEL(mlkem_core) = { TEXT_OF(CPU_LEVEL), keygen, keygen_from, encaps, decaps, ek_good, dk_good };
