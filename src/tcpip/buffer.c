/* buffer.c - see buffer.h. */
#include "tcpip/buffer.h"

#include <stdlib.h>

#include "base/check.h"

bool buffer_grow(struct buffer *b, struct buffer_memory *memory, uint32_t need)
{
	uint32_t cap = b->cap ? b->cap : BUFFER_CAP_MIN, first;
	uint8_t *bigger;

	if (need <= b->cap)
		return true;
	if (need > BUFFER_CAP_MAX)
		return false;
	while (cap < need)
		cap *= 2;
	if (!b->ptr && memory->spare && cap <= memory->spare_cap)
		cap = memory->spare_cap;
	if (cap - b->cap > memory->max - memory->used || memory->used > memory->max)
		return false;
	if (memory->spare && cap == memory->spare_cap) {
		bigger = memory->spare;
		memory->spare = NULL;
	} else {
		bigger = (uint8_t *)malloc(cap);
	}
	if (!bigger)
		return false;
	/* everything moves, also what was written beyond `len` */
	first = b->cap - b->head;
	bytes_copy(bigger, b->ptr ? b->ptr + b->head : NULL, first);
	bytes_copy(bigger + first, b->ptr, b->head);
	free(b->ptr);
	memory->used += cap - b->cap;
	b->ptr = bigger;
	b->cap = cap;
	b->head = 0;
	return true;
}

static uint32_t place(const struct buffer *b, uint32_t offset)
{
	return (b->head + offset) & (b->cap - 1);
}

void buffer_put(struct buffer *b, uint32_t offset, struct bj_bytes bytes)
{
	uint32_t at, run;

	if (bytes.len == 0)
		return;
	check(offset < b->cap && bytes.len <= b->cap - offset);
	at = place(b, offset);
	run = b->cap - at;
	if (run > bytes.len)
		run = (uint32_t)bytes.len;
	memcpy(b->ptr + at, bytes.ptr, run);
	bytes_copy(b->ptr, bytes.ptr + run, bytes.len - run);
}

void buffer_pieces(const struct buffer *b, uint32_t offset, uint32_t len, struct bj_bytes out[2])
{
	uint32_t at, run;

	check(offset < b->len && len <= b->len - offset);
	at = place(b, offset);
	run = b->cap - at;
	if (run > len)
		run = len;
	out[0] = bytes_of(b->ptr + at, run);
	out[1] = bytes_of(b->ptr, len - run);
}

void buffer_get(const struct buffer *b, uint32_t offset, uint32_t len, struct writer *w)
{
	struct bj_bytes pieces[2];

	if (len == 0)
		return;
	buffer_pieces(b, offset, len, pieces);
	wr_bytes(w, pieces[0]);
	wr_bytes(w, pieces[1]);
}

uint8_t *buffer_space(const struct buffer *b, uint32_t *out_len)
{
	uint32_t at, left = b->cap - b->len;

	if (left == 0) {
		*out_len = 0;
		return NULL;
	}
	at = place(b, b->len);
	*out_len = left < b->cap - at ? left : b->cap - at;
	return b->ptr + at;
}

struct bj_bytes buffer_view(const struct buffer *b)
{
	uint32_t run = b->cap - b->head;

	return (struct bj_bytes){ b->ptr ? b->ptr + b->head : NULL, b->len < run ? b->len : run };
}

void buffer_skip(struct buffer *b, uint32_t len)
{
	check(len <= b->len);
	b->len -= len;
	if (b->cap)
		b->head = (b->head + len) & (b->cap - 1);
}

void buffer_free(struct buffer *b, struct buffer_memory *memory)
{
	memory->used -= b->cap;
	if (!memory->spare && b->cap >= BUFFER_SPARE_MIN && b->cap <= BUFFER_SPARE_MAX) {
		memory->spare = b->ptr;
		memory->spare_cap = b->cap;
	} else {
		free(b->ptr);
	}
	*b = (struct buffer){ .limit = b->limit };
}

void buffer_memory_fini(struct buffer_memory *memory)
{
	free(memory->spare);
	memory->spare = NULL;
}
