/* sha256_lanes.h - SHA-256's compression function on one block, or on two of different hashes at once, where the processor has instructions
 * for it (SHA-NI): each of them waits for the one before, so a second hash in between costs next to nothing. Elsewhere libcrypto's is
 * used (hash.c). Private to src/crypto.
 */
#ifndef CRYPTO_SHA256_LANES_H
#define CRYPTO_SHA256_LANES_H

#include <stdbool.h>
#include <stdint.h>

#define SHA256_BLOCK_LEN 64

/* Whether this build and this processor have it. */
bool sha256_lanes_here(void);

/* Only where it is here. The two may not be the same. */
void sha256_lanes_one(uint32_t state[8], const uint8_t block[SHA256_BLOCK_LEN]);
void sha256_lanes_two(uint32_t a[8], const uint8_t block_a[SHA256_BLOCK_LEN], uint32_t b[8], const uint8_t block_b[SHA256_BLOCK_LEN]);

#endif
