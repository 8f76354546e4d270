/* mlkem_poly.h - polynomials of ML-KEM: 256 coefficients modulo q = 3329. Private to src/crypto.
 *
 * A polynomial is in one of two forms. In normal form coefficient i stands at c[i]. In NTT form (the outcome of poly_ntt) the
 * standard's coefficient 16r+c stands at c[16c+r]: all steps of the transform then work on whole rows of 16. The bytes on the
 * wire are in the standard's order: poly_swap turns one order into the other.
 *
 * Coefficients are signed. "Small" means between -q and q; "canonical" between 0 and q-1.
 */
#ifndef CRYPTO_MLKEM_POLY_H
#define CRYPTO_MLKEM_POLY_H

#include "base/bytes.h"
#include "crypto/level.h"

#define MLKEM_Q 3329
#define MLKEM_N 256
#define MLKEM_K_MAX 4
#define MLKEM_POLY_LEN 384 /* 12 bits a coefficient */
#define MLKEM_NOISE_LEN 128

struct poly {
	_Alignas(32) int16_t c[MLKEM_N];
};

#define poly_ntt LEVEL(poly_ntt)
#define poly_inverse_ntt LEVEL(poly_inverse_ntt)
#define poly_dot LEVEL(poly_dot)
#define poly_to_montgomery LEVEL(poly_to_montgomery)
#define poly_add LEVEL(poly_add)
#define poly_subtract LEVEL(poly_subtract)
#define poly_reduce LEVEL(poly_reduce)
#define poly_swap LEVEL(poly_swap)
#define poly_noise LEVEL(poly_noise)
#define poly_sample LEVEL(poly_sample)
#define poly_pack LEVEL(poly_pack)
#define poly_unpack LEVEL(poly_unpack)
#define poly_compress LEVEL(poly_compress)
#define poly_decompress LEVEL(poly_decompress)
#define poly_is_canonical LEVEL(poly_is_canonical)

void poly_ntt(struct poly *p);         /* from small to canonical */
/* Also divides by what poly_dot multiplied with: the outcome, small, is that of the true product. */
void poly_inverse_ntt(struct poly *p);
/* The sum of products of two vectors of `k` in NTT form, divided by 2^16; `a` between 0 and 4095, `b` canonical. Small. */
void poly_dot(struct poly *out, const struct poly *a, const struct poly *b, size_t k);
void poly_to_montgomery(struct poly *p); /* times 2^16; small */

void poly_add(struct poly *p, const struct poly *q); /* without reduction */
void poly_subtract(struct poly *p, const struct poly *q);
void poly_reduce(struct poly *p); /* any to canonical */
void poly_swap(struct poly *p);   /* between the standard's order and that of NTT form */

void poly_noise(struct poly *p, const uint8_t bytes[MLKEM_NOISE_LEN]); /* centred binomial, eta 2 */
/* From public random bytes, in order: takes what is below q and returns how many of the coefficients from `have` on are there.
 * Branches on the bytes. */
size_t poly_sample(struct poly *p, size_t have, struct bj_bytes bytes);

/* 1 to 12 bits of each coefficient, which must fit. 32 bytes a bit. */
void poly_pack(uint8_t *out, const struct poly *p, unsigned bits);
void poly_unpack(struct poly *p, const uint8_t *in, unsigned bits);
void poly_compress(struct poly *p, unsigned bits); /* canonical to `bits` bits; FIPS 203, section 4.2.1 */
void poly_decompress(struct poly *p, unsigned bits);
bool poly_is_canonical(const struct poly *p); /* of unpacked, public coefficients */

#endif
