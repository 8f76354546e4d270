/* conf_memory.c - blocks in a chain. */
#include "gateway/conf_memory.h"

#include <stdlib.h>

#define BLOCK_LEN 16384u
#define ALIGN 16u

struct conf_memory_block {
	struct conf_memory_block *next;
	size_t cap;
	_Alignas(ALIGN) uint8_t bytes[];
};

static bool block_add(struct conf_memory *memory, size_t len)
{
	size_t cap = len > BLOCK_LEN ? len : BLOCK_LEN;
	struct conf_memory_block *block;

	if (len > CONF_MEMORY_MAX || memory->total + cap > CONF_MEMORY_MAX)
		return false;
	block = calloc(1, sizeof(*block) + cap);
	if (!block)
		return false;
	block->cap = cap;
	block->next = memory->blocks;
	memory->blocks = block;
	memory->used = 0;
	memory->total += cap;
	return true;
}

void *conf_memory_take(struct conf_memory *memory, size_t len)
{
	size_t need = len <= CONF_MEMORY_MAX ? (len + ALIGN - 1) / ALIGN * ALIGN : len;
	void *piece;

	if (need == 0)
		need = ALIGN;
	if ((!memory->blocks || memory->blocks->cap - memory->used < need) && !block_add(memory, need)) {
		memory->failed = true;
		return NULL;
	}
	piece = memory->blocks->bytes + memory->used;
	memory->used += need;
	return piece;
}

void *conf_memory_list(struct conf_memory *memory, size_t count, size_t size)
{
	return conf_memory_take(memory, size > 0 && count > CONF_MEMORY_MAX / size ? SIZE_MAX : count * size);
}

char *conf_memory_text(struct conf_memory *memory, struct bj_bytes text)
{
	char *copy = conf_memory_take(memory, text.len < SIZE_MAX ? text.len + 1 : SIZE_MAX);

	if (copy)
		bytes_copy(copy, text.ptr, text.len);
	return copy;
}

void conf_memory_free(struct conf_memory *memory)
{
	while (memory->blocks) {
		struct conf_memory_block *next = memory->blocks->next;

		free(memory->blocks);
		memory->blocks = next;
	}
	*memory = (struct conf_memory){ .blocks = NULL };
}
