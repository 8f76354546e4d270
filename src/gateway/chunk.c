/* chunk.c - see chunk.h. */
#include <stdlib.h>

#include "base/check.h"
#include "gateway/chunk.h"

static const uint32_t class_size[CHUNK_CLASSES] = { 1024, 4096, 20 * 1024, CHUNK_SIZE_MAX };

void chunks_fini(struct chunks *chunks)
{
	for (int i = 0; i < CHUNK_CLASSES; i++) {
		while (chunks->free[i]) {
			struct chunk *chunk = chunks->free[i];

			chunks->free[i] = chunk->next;
			free(chunk);
		}
	}
}

struct chunk *chunk_take(struct chunks *chunks, size_t len)
{
	struct chunk *chunk;
	uint8_t class = 0;

	while (class < CHUNK_CLASSES && class_size[class] < len)
		class++;
	if (class == CHUNK_CLASSES || chunks->used_bytes > CHUNKS_BYTES_MAX) {
		chunks->refused++;
		return NULL;
	}
	chunk = chunks->free[class];
	if (chunk) {
		chunks->free[class] = chunk->next;
		chunks->free_bytes[class] -= class_size[class];
	} else {
		chunk = (struct chunk *)malloc(sizeof(*chunk) + class_size[class]);
		if (!chunk) {
			chunks->refused++;
			return NULL;
		}
		chunk->cap = class_size[class];
		chunk->class = class;
	}
	chunk->next = NULL;
	chunk->start = chunk->end = 0;
	chunks->used_bytes += chunk->cap;
	return chunk;
}

void chunk_give(struct chunks *chunks, struct chunk *chunk)
{
	if (!chunk)
		return;
	chunks->used_bytes -= chunk->cap;
	if (chunks->free_bytes[chunk->class] >= CHUNKS_FREE_BYTES_MAX) {
		free(chunk);
		return;
	}
	chunks->free_bytes[chunk->class] += chunk->cap;
	chunk->next = chunks->free[chunk->class];
	chunks->free[chunk->class] = chunk;
}

bool chunk_append(struct chunks *chunks, struct chunk **at, struct bj_bytes bytes)
{
	struct chunk *chunk = *at;
	size_t have = chunk ? chunk->end - chunk->start : 0;

	if (bytes.len == 0)
		return true;
	if (!chunk || chunk->cap - have < bytes.len) {
		struct chunk *larger = chunk_take(chunks, have + bytes.len);

		if (!larger)
			return false;
		if (chunk)
			memcpy(larger->bytes, chunk->bytes + chunk->start, have);
		larger->end = (uint32_t)have;
		chunk_give(chunks, chunk);
		*at = chunk = larger;
	} else if (chunk->cap - chunk->end < bytes.len) {
		memmove(chunk->bytes, chunk->bytes + chunk->start, have);
		chunk->start = 0;
		chunk->end = (uint32_t)have;
	}
	memcpy(chunk->bytes + chunk->end, bytes.ptr, bytes.len);
	chunk->end += (uint32_t)bytes.len;
	return true;
}
