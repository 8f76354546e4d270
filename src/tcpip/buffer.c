/* buffer.c - see buffer.h. */
#include "tcpip/buffer.h"

#include <stdlib.h>

#include "base/check.h"

/* Is there room for so much more? */
static bool fits(const struct buffer_memory *memory, enum buffer_use use, size_t more)
{
	return memory->used + more <= memory->max && memory->used_for[use] + more <= memory->max - memory->max / BUFFER_OTHERS;
}

bool buffer_grow(struct buffer *b, struct buffer_memory *memory, enum buffer_use use, uint32_t need)
{
	uint32_t before = buffer_cap(b), cap = before ? before : BUFFER_CAP_MIN, first;
	struct ring *bigger, *old = b->ring;

	if (need <= before)
		return true;
	if (need > BUFFER_CAP_MAX)
		return false;
	while (cap < need)
		cap *= 2;
	if (!old && memory->spare && cap <= memory->spare->cap && fits(memory, use, memory->spare->cap))
		cap = memory->spare->cap;
	if (!fits(memory, use, cap - before))
		return false;
	if (memory->spare && cap == memory->spare->cap) {
		bigger = memory->spare;
		memory->spare = NULL;
	} else {
		bigger = (struct ring *)malloc(sizeof(*bigger) + cap);
	}
	if (!bigger)
		return false;
	bigger->cap = cap;
	bigger->head = 0;
	if (old) { /* everything moves, also what was written beyond `len` */
		first = before - old->head;
		memcpy(bigger->bytes, old->bytes + old->head, first);
		bytes_copy(bigger->bytes + first, old->bytes, old->head);
		free(old);
	}
	memory->used += cap - before;
	memory->used_for[use] += cap - before;
	b->ring = bigger;
	return true;
}

static uint32_t place(const struct buffer *b, uint32_t offset)
{
	return (b->ring->head + offset) & (b->ring->cap - 1);
}

void buffer_put(struct buffer *b, uint32_t offset, struct bj_bytes bytes)
{
	uint32_t at, run;

	if (bytes.len == 0)
		return;
	check(offset < buffer_cap(b) && bytes.len <= buffer_cap(b) - offset);
	at = place(b, offset);
	run = b->ring->cap - at;
	if (run > bytes.len)
		run = (uint32_t)bytes.len;
	buffer_copy(b->ring->bytes + at, bytes.ptr, run);
	buffer_copy(b->ring->bytes, bytes.ptr + run, bytes.len - run);
}

void buffer_pieces(const struct buffer *b, uint32_t offset, uint32_t len, struct bj_bytes out[2])
{
	uint32_t at, run;

	check(offset < b->len && len <= b->len - offset);
	at = place(b, offset);
	run = b->ring->cap - at;
	if (run > len)
		run = len;
	out[0] = bytes_of(b->ring->bytes + at, run);
	out[1] = bytes_of(b->ring->bytes, len - run);
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

void buffer_to_front(struct buffer *b)
{
	struct ring *r = b->ring;

	if (!r || b->len > BUFFER_FEW || r->head < b->len || r->cap - r->head < b->len)
		return;
	memcpy(r->bytes, r->bytes + r->head, b->len);
	r->head = 0;
}

uint8_t *buffer_space(const struct buffer *b, uint32_t *out_len)
{
	uint32_t at, left = buffer_cap(b) - b->len;

	if (left == 0) {
		*out_len = 0;
		return NULL;
	}
	at = place(b, b->len);
	*out_len = left < b->ring->cap - at ? left : b->ring->cap - at;
	return b->ring->bytes + at;
}

struct bj_bytes buffer_view(const struct buffer *b)
{
	uint32_t run;

	if (!b->ring)
		return (struct bj_bytes){ 0 };
	run = b->ring->cap - b->ring->head;
	return bytes_of(b->ring->bytes + b->ring->head, b->len < run ? b->len : run);
}

void buffer_skip(struct buffer *b, uint32_t len)
{
	check(len <= b->len);
	b->len -= len;
	if (b->ring)
		b->ring->head = place(b, len);
}

void buffer_free(struct buffer *b, struct buffer_memory *memory, enum buffer_use use)
{
	uint32_t cap = buffer_cap(b);

	memory->used -= cap;
	memory->used_for[use] -= cap;
	if (!memory->spare && cap >= BUFFER_SPARE_MIN && cap <= BUFFER_SPARE_MAX)
		memory->spare = b->ring;
	else
		free(b->ring);
	*b = (struct buffer){ .limit = b->limit };
}

void buffer_memory_fini(struct buffer_memory *memory)
{
	free(memory->spare);
	memory->spare = NULL;
}
