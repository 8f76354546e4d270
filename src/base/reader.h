/* reader.h - reads wire bytes straight down, with one question at the end.
 *
 * A reader is a small value over bytes that somebody else owns. A read past the end marks it bad, empties it and yields
 * zero; it never moves past `end`. So a parser reads like the message that it parses and asks once, with rd_end(),
 * whether all held and nothing is left. Numbers are big-endian, as all of TLS, DER and HTTP/2 are.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/bytes.h"

struct reader {
	const uint8_t *ptr;
	const uint8_t *end;
	bool bad;
};

static inline struct reader rd_make(const void *ptr, size_t len)
{
	const uint8_t *p = (const uint8_t *)ptr;

	return (struct reader){ p, len ? p + len : p, false };
}

static inline struct reader rd_of(struct bj_bytes b)
{
	return rd_make(b.ptr, b.len);
}

/* How many bytes are left; zero for a bad reader. */
static inline size_t rd_left(const struct reader *r)
{
	return (size_t)(r->end - r->ptr);
}

static inline void rd_fail(struct reader *r)
{
	r->bad = true;
	r->ptr = r->end;
}

/* True while there is something left to read and nothing went wrong. */
static inline bool rd_more(const struct reader *r)
{
	return r->ptr != r->end;
}

/* The question at the end: everything held, and nothing is left. */
static inline bool rd_end(const struct reader *r)
{
	return !r->bad && r->ptr == r->end;
}

/* The next `len` bytes as a view; an empty one, and the reader bad, if there are fewer. */
static inline struct bj_bytes rd_bytes(struct reader *r, size_t len)
{
	struct bj_bytes out = { r->ptr, len };

	if (r->bad || rd_left(r) < len) {
		rd_fail(r);
		return (struct bj_bytes){ r->ptr, 0 };
	}
	if (len > 0)
		r->ptr += len;
	return out;
}

/* All that is left, as a view. */
static inline struct bj_bytes rd_rest(struct reader *r)
{
	return rd_bytes(r, rd_left(r));
}

/* What is left, without reading it. */
static inline struct bj_bytes rd_peek(const struct reader *r)
{
	return (struct bj_bytes){ r->ptr, rd_left(r) };
}

/* A big-endian number of 1 to 8 bytes. */
static inline uint64_t rd_uint(struct reader *r, unsigned width)
{
	struct bj_bytes b = rd_bytes(r, width);
	uint64_t v = 0;

	for (size_t i = 0; i < b.len; i++)
		v = v << 8 | b.ptr[i];
	return v;
}

static inline uint8_t rd_u8(struct reader *r) { return (uint8_t)rd_uint(r, 1); }
static inline uint16_t rd_u16(struct reader *r) { return (uint16_t)rd_uint(r, 2); }
static inline uint32_t rd_u24(struct reader *r) { return (uint32_t)rd_uint(r, 3); }
static inline uint32_t rd_u32(struct reader *r) { return (uint32_t)rd_uint(r, 4); }
static inline uint64_t rd_u64(struct reader *r) { return rd_uint(r, 8); }

/* A vector: a length of `width` bytes, then that many bytes, as a reader of their own. */
static inline struct reader rd_vec(struct reader *r, unsigned width)
{
	size_t len = (size_t)rd_uint(r, width);
	struct bj_bytes b = rd_bytes(r, len);
	struct reader v = rd_of(b);

	v.bad = r->bad;
	return v;
}

/* The same as a view. */
static inline struct bj_bytes rd_vec_bytes(struct reader *r, unsigned width)
{
	size_t len = (size_t)rd_uint(r, width);

	return rd_bytes(r, len);
}

/* The inner reader must be finished; if it is not, the outer one goes bad. */
static inline void rd_close(struct reader *outer, const struct reader *inner)
{
	if (!rd_end(inner))
		rd_fail(outer);
}

#endif
