/* buffer.h - a ring of bytes that grows and is gone when empty: the send and receive buffers of connections.
 *
 * The capacity is a power of two, counted against the stack's memory. Bytes are found by their offset from the oldest
 * one, so a received segment that came too early is written where it will stand, and a retransmission is read from there.
 */
#ifndef TCPIP_BUFFER_H
#define TCPIP_BUFFER_H

#include "base/writer.h"

#define BUFFER_CAP_MIN 2048u
#define BUFFER_CAP_MAX (UINT32_C(1) << 30)

/* The memory of a ring, with what only one that has memory needs. */
struct ring {
	uint32_t cap;
	uint32_t head;  /* where the oldest byte stands */
	uint8_t bytes[];
};

struct buffer {
	struct ring *ring; /* or null */
	uint32_t len;   /* bytes that count; more may be written beyond, at offsets */
	uint32_t limit; /* what `len` may reach; its owner's to set and to heed */
};

#define BUFFER_STEP 2048

/* Copies in steps. What is longer libc copies by a string instruction that on some processors (Zen 3 and 4) falls to a sixteenth of its
 * speed where the target stands up to 63 bytes further into its page than the source. */
static inline void buffer_copy(void *to, const void *from, size_t len)
{
	uint8_t *t = (uint8_t *)to;
	const uint8_t *f = (const uint8_t *)from;

	while (len > 0) {
		size_t step = len < BUFFER_STEP ? len : BUFFER_STEP;

		__asm__("" : "+r"(step)); /* a length that the compiler does not know, or it writes that instruction here */
		memcpy(t, f, step);
		t += step;
		f += step;
		len -= step;
	}
}

static inline uint32_t buffer_cap(const struct buffer *b)
{
	return b->ring ? b->ring->cap : 0;
}

enum buffer_use {
	BUFFER_SEND,
	BUFFER_RECEIVE,
	BUFFER_USES,
};

/* No use takes all: who writes what he reads would else wait for room that only his own reading could make, and two who write to each
 * other for room to hear that it has arrived. */
struct buffer_memory {
	size_t used;    /* datagrams, too */
	size_t used_for[BUFFER_USES];
	size_t max;
	struct ring *spare; /* the last large one that was given back: the next to be taken, while it is warm; or null */
};

#define BUFFER_OTHERS 8 /* this part of the memory is for the other use */
#define BUFFER_FEW 8192u /* bytes whose move is worth it */
#define BUFFER_SPARE_MIN (16u << 10)
#define BUFFER_SPARE_MAX (1u << 20)

/* Room for `need` bytes from the oldest on. False: memory_max, or the part of it for this use, is reached, or memory is missing; nothing
 * changed. */
bool buffer_grow(struct buffer *b, struct buffer_memory *memory, enum buffer_use use, uint32_t need);
/* Copies to an offset below the capacity; `len` does not change. */
void buffer_put(struct buffer *b, uint32_t offset, struct bj_bytes bytes);
/* Writes `len` bytes from an offset on. */
void buffer_get(const struct buffer *b, uint32_t offset, uint32_t len, struct writer *w);
/* The same in place: the second piece is empty unless they go over the end of the ring. */
void buffer_pieces(const struct buffer *b, uint32_t offset, uint32_t len, struct bj_bytes out[2]);
/* A few bytes move to the front if nothing of what counts stands there: what is written next stands where the last was, and that memory
 * is warm. Bytes beyond `len` are lost. */
void buffer_to_front(struct buffer *b);
/* Free room behind the newest byte, up to the wrap. */
uint8_t *buffer_space(const struct buffer *b, uint32_t *out_len);
/* The oldest bytes up to the wrap. */
struct bj_bytes buffer_view(const struct buffer *b);
/* Takes off the oldest bytes. */
void buffer_skip(struct buffer *b, uint32_t len);
/* Gives the memory back. */
void buffer_free(struct buffer *b, struct buffer_memory *memory, enum buffer_use use);
void buffer_memory_fini(struct buffer_memory *memory);

#endif
