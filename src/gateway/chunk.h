/* chunk.h - owned bytes that wait: what came but cannot be used yet, and what could not be written yet.
 *
 * One store per worker keeps free blocks of a few sizes, so waiting bytes cost a list operation and no allocator. A connection
 * with nothing waiting has none. The store is bounded: beyond CHUNKS_BYTES_MAX taking fails, and whoever asked ends its session.
 */
#ifndef GATEWAY_CHUNK_H
#define GATEWAY_CHUNK_H

#include "base/bytes.h"

#define CHUNK_CLASSES 4
#define CHUNK_SIZE_MAX (160 * 1024)              /* the largest block's bytes */
#define CHUNKS_BYTES_MAX ((size_t)2048 << 20)    /* in use in one worker */
#define CHUNKS_FREE_BYTES_MAX ((size_t)4 << 20)  /* kept for the next one, in each class */

struct chunk {
	struct chunk *next;
	uint32_t start, end; /* the bytes that count: bytes[start..end) */
	uint32_t cap;
	uint8_t class;
	uint8_t bytes[];
};

struct chunks {
	struct chunk *free[CHUNK_CLASSES];
	size_t free_bytes[CHUNK_CLASSES];
	size_t used_bytes;
	uint64_t refused;
};

void chunks_fini(struct chunks *chunks);

/* An empty chunk with room for at least `len` bytes (at most CHUNK_SIZE_MAX); null at a limit. */
struct chunk *chunk_take(struct chunks *chunks, size_t len);
/* Takes null. */
void chunk_give(struct chunks *chunks, struct chunk *chunk);

/* Appends to a chunk that may be null or too small (then it is replaced by a larger one). False at a limit: nothing changed. */
bool chunk_append(struct chunks *chunks, struct chunk **at, struct bj_bytes bytes);

static inline struct bj_bytes chunk_view(const struct chunk *chunk)
{
	return chunk ? bytes_of(chunk->bytes + chunk->start, chunk->end - chunk->start) : bytes_of(NULL, 0);
}

#endif
