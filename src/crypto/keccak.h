/* keccak.h - SHA-3 and SHAKE (FIPS 202) as ML-KEM needs them: whole inputs, and four SHAKEs side by side. Private to src/crypto.
 *
 * States are plain values that hold what they were fed: wipe them where that was secret.
 */
#ifndef CRYPTO_KECCAK_H
#define CRYPTO_KECCAK_H

#include "base/bytes.h"
#include "crypto/level.h"

#define KECCAK_WORDS 25
#define KECCAK_LANES 4

/* A kind is the rate, in bytes, and the byte that ends the input. */
#define KECCAK_SHA3_256 136, 0x06
#define KECCAK_SHA3_512 72, 0x06
#define KECCAK_SHAKE128 168, 0x1f
#define KECCAK_SHAKE256 136, 0x1f

struct keccak4 { /* word i of lane j at words[i][j] */
	_Alignas(32) uint64_t words[KECCAK_WORDS][KECCAK_LANES];
};

#define keccak_once LEVEL(keccak_once)
#define keccak4_begin LEVEL(keccak4_begin)
#define keccak4_block LEVEL(keccak4_block)

/* Hashes first || second into `out`; `len` of at most the rate. */
void keccak_once(size_t rate, uint8_t end, struct bj_bytes first, struct bj_bytes second, uint8_t *out, size_t len);

/* Four inputs of equal length, shorter than the rate. */
void keccak4_begin(struct keccak4 *k, size_t rate, uint8_t end, const uint8_t *const in[KECCAK_LANES], size_t len);
/* The next `len` bytes of each, at most the rate: what is left of the block is dropped. */
void keccak4_block(struct keccak4 *k, uint8_t *const out[KECCAK_LANES], size_t len);

#endif
