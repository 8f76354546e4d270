/* x25519_ladder.h - X25519 shared secrets by a ladder of our own, where the processor multiplies four pairs of 52 bits at once (AVX-512
 * IFMA): half of what libcrypto's ladder costs. Elsewhere libcrypto's is used (docs/decisions/0015). Private to src/crypto.
 */
#ifndef CRYPTO_X25519_LADDER_H
#define CRYPTO_X25519_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/fe25519.h"

/* Whether this build and this processor have it. */
bool x25519_ladder_here(void);

/* X25519(private, public), rfc7748:5; both are taken as they come and clamped or masked here. In constant time. Only where it is here. */
void x25519_ladder(uint8_t out_shared[32], const uint8_t private[32], const uint8_t public[32]);
/* The same before the division; a secret. Something over zero is zero. */
void x25519_ladder_fraction(struct fe_fraction *out, const uint8_t private[32], const uint8_t public[32]);

#endif
