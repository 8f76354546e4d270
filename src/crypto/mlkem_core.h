/* mlkem_core.h - what mlkem.c chooses among: ML-KEM at one level of vector instructions. Private to src/crypto. */
#ifndef CRYPTO_MLKEM_CORE_H
#define CRYPTO_MLKEM_CORE_H

#include "crypto/level.h"
#include "crypto/mlkem.h"

struct mlkem_params { /* FIPS 203, section 8 */
	uint8_t k;
	uint8_t u_bits, v_bits;
};

/* Lengths are the caller's to check; secrets come in and go out as 32 bytes. */
struct mlkem_core {
	const char *name;
	/* FIPS 203, algorithm 16 */
	void (*keygen)(const struct mlkem_params *p, const uint8_t seed[MLKEM_SEED_LEN], uint8_t *out_ek, uint8_t *out_dk);
	/* algorithm 13 from its second line on: rho is public, sigma and z are secret */
	void (*keygen_from)(const struct mlkem_params *p, const uint8_t rho[32], const uint8_t sigma[32], const uint8_t z[32],
			    uint8_t *out_ek, uint8_t *out_dk);
	/* algorithm 17; the key has passed ek_good */
	void (*encaps)(const struct mlkem_params *p, const uint8_t *ek, const uint8_t m[32], uint8_t *out_ct, uint8_t out_secret[32]);
	/* algorithm 18 */
	void (*decaps)(const struct mlkem_params *p, const uint8_t *dk, const uint8_t *ct, uint8_t out_secret[32]);
	bool (*ek_good)(const struct mlkem_params *p, const uint8_t *ek); /* section 7.2: each coefficient is below q */
	bool (*dk_good)(const struct mlkem_params *p, const uint8_t *dk); /* section 7.3: the hash in it is that of the key in it */
};

extern const struct mlkem_core mlkem_core_plain;
#ifdef __x86_64__
extern const struct mlkem_core mlkem_core_avx2;
extern const struct mlkem_core mlkem_core_avx512;
#endif

#endif
