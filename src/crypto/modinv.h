/* modinv.h - inverses modulo odd numbers of at most 256 bits, in constant time. Private to src/crypto.
 *
 * Division steps (Bernstein and Yang, "Fast constant-time gcd computation and modular inversion", 2019) with a fixed count of steps: half of
 * what powers to p - 2 cost. No branch and no address depends on the number that is inverted; the modulus is public.
 */
#ifndef CRYPTO_MODINV_H
#define CRYPTO_MODINV_H

#include <stdint.h>

#define MODINV_LIMBS 5
#define MODINV_BITS 62

struct modinv_modulus {
	int64_t limb[MODINV_LIMBS]; /* of 62 bits */
	uint64_t inverse; /* of the modulus, modulo 2^62 */
};

/* From four words, the lowest first. */
void modinv_modulus_set(struct modinv_modulus *m, const uint64_t words[4]);
/* `words` is below the modulus and has no divisor in common with it; of zero the inverse is zero. */
void modinv(uint64_t out[4], const uint64_t words[4], const struct modinv_modulus *m);

#endif
