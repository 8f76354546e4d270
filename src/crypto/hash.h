/* hash.h - SHA-2 as plain values: a hash state is copied by assignment and needs no allocation.
 *
 * A state holds no secret of its own, but one that was fed secrets must be wiped (hash_wipe).
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/reader.h"
#include "base/writer.h"

#define HASH_MAX 64

enum hash_alg {
	HASH_NONE = 0,
	HASH_SHA256,
	HASH_SHA384,
	HASH_SHA512,
	HASH_SHA1, /* identifiers (OCSP, WebSocket) only, never signatures */
};

struct hash {
	enum hash_alg alg;
	uint64_t state[27]; /* holds the library's SHA-512 context, the largest */
};

static inline size_t hash_len(enum hash_alg alg)
{
	static const uint8_t lens[] = { [HASH_NONE] = 0, [HASH_SHA256] = 32, [HASH_SHA384] = 48, [HASH_SHA512] = 64, [HASH_SHA1] = 20 };

	return (size_t)alg < sizeof(lens) ? lens[alg] : 0;
}

/* Of the compression function. */
static inline size_t hash_block_len(enum hash_alg alg)
{
	return alg == HASH_SHA384 || alg == HASH_SHA512 ? 128 : 64;
}

void hash_init(struct hash *h, enum hash_alg alg);
void hash_update(struct hash *h, const void *ptr, size_t len);
/* The hash of what was fed so far; the state goes on. Returns the length. */
size_t hash_peek(const struct hash *h, uint8_t out[HASH_MAX]);
/* The same, and the state is wiped. */
size_t hash_final(struct hash *h, uint8_t out[HASH_MAX]);
size_t hash_once(enum hash_alg alg, struct bj_bytes data, uint8_t out[HASH_MAX]);
void hash_wipe(struct hash *h);
/* ---- whole blocks: SHA-2 only */

/* What a state is between two blocks. */
struct hash_mid {
	union {
		uint32_t w32[8]; /* SHA-256 */
		uint64_t w64[8];
	};
};

void hash_mid_begin(enum hash_alg alg, struct hash_mid *out);
/* Takes hash_block_len(alg) bytes. */
void hash_mid_block(enum hash_alg alg, struct hash_mid *m, const uint8_t *block);
/* One block each, of two hashes: at the cost of one where the processor has instructions for SHA-256. The two are not the same. */
void hash_mid_two(enum hash_alg alg, struct hash_mid *a, const uint8_t *block_a, struct hash_mid *b, const uint8_t *block_b);
/* As a digest, after the padded end. Returns the length. */
size_t hash_mid_write(enum hash_alg alg, const struct hash_mid *m, uint8_t out[HASH_MAX]);
/* Pads the end of a message: `tail` begins with the `used` bytes that are behind its last whole block, `fed` is its length. One block or two:
 * returns how many bytes. */
#define HASH_TAIL_MAX 256
size_t hash_pad(enum hash_alg alg, uint8_t tail[HASH_TAIL_MAX], size_t used, uint64_t fed);
/* A state that was fed one block and goes on. */
void hash_resume(struct hash *out, enum hash_alg alg, const struct hash_mid *m);

/* ---- as bytes */

/* A state of SHA-2 as bytes and back, the same on every machine: the words, how many bytes were fed, and those of the block that is not
 * full. Reading makes the reader bad for what is none. */
#define HASH_SAVED_MAX (64 + 8 + 128)
void hash_save(const struct hash *h, struct writer *w);
void hash_load(struct reader *r, enum hash_alg alg, struct hash *out);

#endif
