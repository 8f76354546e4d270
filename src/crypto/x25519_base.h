/* x25519_base.h - the public half of an X25519 key, from a table: a third of what the ladder costs. Private to src/crypto. */
#ifndef CRYPTO_X25519_BASE_H
#define CRYPTO_X25519_BASE_H

#include <stdint.h>

#include "crypto/fe25519.h"

/* X25519(private, 9), rfc7748:6.1; the private half is clamped here. In constant time. */
void x25519_base(uint8_t out_public[32], const uint8_t private[32]);
/* The same before the division; as good as the private half, so wipe it. */
void x25519_base_fraction(struct fe_fraction *out, const uint8_t private[32]);

#endif
