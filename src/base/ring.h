/* ring.h - a ring of bytes in a buffer that somebody else owns.
 *
 * Bytes go in at the tail and come out at the head, by copying or in place: ring_space()/ring_commit() for those who
 * fill, ring_view()/ring_skip() for those who drain. A view is the longest run without the wrap, so two turns see all.
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include "base/bytes.h"
#include "base/check.h"

struct ring {
	uint8_t *buf;
	size_t cap;
	size_t head; /* where the oldest byte is */
	size_t len;  /* bytes inside */
};

static inline struct ring ring_make(void *buf, size_t cap)
{
	return (struct ring){ (uint8_t *)buf, cap, 0, 0 };
}

static inline size_t ring_len(const struct ring *r) { return r->len; }
static inline size_t ring_left(const struct ring *r) { return r->cap - r->len; }

/* The oldest bytes as they lie, up to the wrap. */
static inline struct bj_bytes ring_view(const struct ring *r)
{
	size_t run = r->cap - r->head;

	return (struct bj_bytes){ r->buf + r->head, r->len < run ? r->len : run };
}

/* Takes `len` bytes off; there must be as many. */
static inline void ring_skip(struct ring *r, size_t len)
{
	check(len <= r->len);
	r->len -= len;
	r->head = r->len == 0 ? 0 : (r->head + len) % r->cap; /* an empty ring starts over: longer runs */
}

/* Free room behind the newest byte, up to the wrap; `out_len` zero if there is none. */
static inline uint8_t *ring_space(const struct ring *r, size_t *out_len)
{
	size_t tail = r->head + r->len;
	size_t run;

	if (tail >= r->cap) {
		tail -= r->cap;
		run = r->head - tail;
	} else {
		run = r->cap - tail;
	}
	*out_len = r->len == r->cap ? 0 : run;
	return r->buf + tail;
}

/* Says that `len` bytes of ring_space() were filled. */
static inline void ring_commit(struct ring *r, size_t len)
{
	check(len <= ring_left(r));
	r->len += len;
}

/* Copies in as much as fits; returns how much. */
static inline size_t ring_write(struct ring *r, const void *ptr, size_t len)
{
	const uint8_t *from = (const uint8_t *)ptr;
	size_t done = 0;

	while (done < len) {
		size_t run;
		uint8_t *to = ring_space(r, &run);

		if (run == 0)
			break;
		if (run > len - done)
			run = len - done;
		memcpy(to, from + done, run);
		ring_commit(r, run);
		done += run;
	}
	return done;
}

/* Copies out at most `len` bytes; returns how many. */
static inline size_t ring_read(struct ring *r, void *ptr, size_t len)
{
	uint8_t *to = (uint8_t *)ptr;
	size_t done = 0;

	while (done < len && r->len > 0) {
		struct bj_bytes run = ring_view(r);

		if (run.len > len - done)
			run.len = len - done;
		memcpy(to + done, run.ptr, run.len);
		ring_skip(r, run.len);
		done += run.len;
	}
	return done;
}

#endif
