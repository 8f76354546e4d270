/* writer.h - writes wire bytes into a buffer that somebody else owns.
 *
 * A write that does not fit marks the writer bad and writes nothing; later writes do nothing. Ask once, with wr_ok().
 * Lengths of vectors are filled in afterwards: wr_open() leaves room, wr_close() writes the length.
 */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include "base/bytes.h"

struct writer {
	uint8_t *buf;
	size_t cap;
	size_t len;
	bool bad;
};

static inline struct writer wr_make(void *buf, size_t cap)
{
	return (struct writer){ (uint8_t *)buf, cap, 0, false };
}

static inline bool wr_ok(const struct writer *w)
{
	return !w->bad;
}

static inline size_t wr_left(const struct writer *w)
{
	return w->bad ? 0 : w->cap - w->len;
}

/* Room for `len` bytes that the caller fills; null, and the writer bad, if it does not fit. */
static inline uint8_t *wr_room(struct writer *w, size_t len)
{
	uint8_t *p;

	if (w->bad || w->cap - w->len < len) {
		w->bad = true;
		return NULL;
	}
	p = w->buf + w->len;
	w->len += len;
	return p;
}

static inline void wr_raw(struct writer *w, const void *ptr, size_t len)
{
	uint8_t *p = len ? wr_room(w, len) : NULL;

	if (p)
		memcpy(p, ptr, len);
}

static inline void wr_bytes(struct writer *w, struct bj_bytes b)
{
	wr_raw(w, b.ptr, b.len);
}

/* A big-endian number of 1 to 8 bytes; a value that needs more makes the writer bad. */
static inline void wr_uint(struct writer *w, uint64_t value, unsigned width)
{
	uint8_t *p;

	if (width < 8 && value >> (8 * width)) {
		w->bad = true;
		return;
	}
	p = wr_room(w, width);
	for (unsigned i = 0; p && i < width; i++)
		p[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
}

static inline void wr_u8(struct writer *w, uint8_t v) { wr_uint(w, v, 1); }
static inline void wr_u16(struct writer *w, uint16_t v) { wr_uint(w, v, 2); }
static inline void wr_u24(struct writer *w, uint32_t v) { wr_uint(w, v, 3); }
static inline void wr_u32(struct writer *w, uint32_t v) { wr_uint(w, v, 4); }
static inline void wr_u64(struct writer *w, uint64_t v) { wr_uint(w, v, 8); }

/* Opens a vector whose length takes `width` bytes; the mark goes to wr_close(). */
static inline size_t wr_open(struct writer *w, unsigned width)
{
	size_t mark = w->len;

	(void)wr_room(w, width);
	return mark;
}

/* Writes the length of what was written since wr_open(); too long for `width` makes the writer bad. */
static inline void wr_close(struct writer *w, size_t mark, unsigned width)
{
	size_t len, end = w->len;

	if (w->bad)
		return;
	len = end - mark - width;
	w->len = mark;
	wr_uint(w, len, width);
	w->len = end;
}

/* A whole vector at once. */
static inline void wr_vec(struct writer *w, struct bj_bytes b, unsigned width)
{
	wr_uint(w, b.len, width);
	wr_bytes(w, b);
}

static inline struct bj_bytes wr_view(const struct writer *w)
{
	return (struct bj_bytes){ w->buf, w->bad ? 0 : w->len };
}

#endif
