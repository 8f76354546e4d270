/* siphash.h - SipHash, a keyed hash for tables whose keys strangers choose.
 *
 * 2-4 is the cautious one, 1-3 the quick one for hash tables. The key is 16 random bytes of the table's own. It is no
 * cryptographic hash: nothing is signed or authenticated by it.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/bytes.h"

#define SIPHASH_KEY_LEN 16

struct siphash_key {
	uint8_t bytes[SIPHASH_KEY_LEN];
};

uint64_t siphash24(const struct siphash_key *key, struct bj_bytes data);
uint64_t siphash13(const struct siphash_key *key, struct bj_bytes data);

/* The quick one over two numbers, without a buffer. */
uint64_t siphash13_pair(const struct siphash_key *key, uint64_t a, uint64_t b);

#endif
