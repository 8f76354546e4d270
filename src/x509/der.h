/* der.h - reads DER strictly (X.690:8, 10, 11): one tag byte, definite lengths of the fewest octets, exact values.
 *
 * Everything here works on a `struct reader` and has its sticky failure: a wrong tag, a long length or a value in another
 * form than the one that DER allows marks the reader bad. There is no recursion, but for der_is_well_formed(), which is
 * bounded. Leaves out: high tag numbers, and lengths of 2^24 and more, which nothing here needs.
 */
#ifndef X509_DER_H
#define X509_DER_H

#include "base/reader.h"

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_UTF8_STRING = 0x0c,
	DER_PRINTABLE_STRING = 0x13,
	DER_TELETEX_STRING = 0x14,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_UNIVERSAL_STRING = 0x1c,
	DER_BMP_STRING = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};
#define DER_CONTEXT(n) (0x80 | (n))             /* [n] over a primitive value */
#define DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* [n] over a constructed one */

#define DER_DEPTH_MAX 16 /* levels that der_is_well_formed() goes down */

struct der_item {
	uint8_t tag;
	struct bj_bytes content;
	struct bj_bytes whole; /* with tag and length */
};

/* The next item, whatever it is. */
static inline struct der_item der_any(struct reader *r)
{
	const uint8_t *start = r->ptr;
	struct der_item item = { 0 };
	uint8_t tag = rd_u8(r), first = rd_u8(r);
	size_t len = first;

	if (first >= 0x80) {
		unsigned width = first & 0x7f;

		if (width < 1 || width > 3) {
			rd_fail(r);
			return item;
		}
		len = (size_t)rd_uint(r, width);
		if (len < 0x80 || len >> (8 * (width - 1)) == 0)
			rd_fail(r); /* it would have fitted into fewer octets */
	}
	if ((tag & 0x1f) == 0x1f || tag == 0)
		rd_fail(r);
	item.content = rd_bytes(r, len);
	if (r->bad)
		return (struct der_item){ 0 };
	item.tag = tag;
	item.whole = bytes_of(start, (size_t)(r->ptr - start));
	return item;
}

/* Is the next tag this one? */
static inline bool der_at(const struct reader *r, uint8_t tag)
{
	return rd_more(r) && r->ptr[0] == tag;
}

/* The next item, which must have this tag: its content, or all of it. */
static inline struct bj_bytes der_take(struct reader *r, uint8_t tag)
{
	struct der_item item;

	if (!der_at(r, tag)) {
		rd_fail(r);
		return (struct bj_bytes){ r->ptr, 0 };
	}
	item = der_any(r);
	return item.content;
}

static inline struct bj_bytes der_take_whole(struct reader *r, uint8_t tag)
{
	struct der_item item;

	if (!der_at(r, tag)) {
		rd_fail(r);
		return (struct bj_bytes){ r->ptr, 0 };
	}
	item = der_any(r);
	return item.whole;
}

/* A reader of the content; bad if `r` is. Close it with rd_close(). */
static inline struct reader der_open(struct reader *r, uint8_t tag)
{
	struct reader inner = rd_of(der_take(r, tag));

	inner.bad = r->bad;
	return inner;
}

/* A reader of the content of `der`, which must be exactly one item with this tag. */
struct reader der_only(struct bj_bytes der, uint8_t tag);

/* BOOLEAN: 00 or FF. */
bool der_boolean(struct reader *r);
/* BOOLEAN DEFAULT FALSE: absent, or TRUE; FALSE must not be written (X.690:11.5). */
bool der_boolean_default_false(struct reader *r);
/* INTEGER: its octets, of which there is at least one and no needless one. */
struct bj_bytes der_integer(struct reader *r);
/* INTEGER that is not negative: its octets without the leading zero. */
struct bj_bytes der_unsigned(struct reader *r);
/* INTEGER between 0 and 2^31 - 1, under another tag where it is implicit. */
uint32_t der_small(struct reader *r, uint8_t tag);
/* BIT STRING: the octets; `out_unused` gets how many bits of the last one do not count, and these are zero. */
struct bj_bytes der_bit_string(struct reader *r, unsigned *out_unused);
/* BIT STRING of whole octets. */
struct bj_bytes der_bit_octets(struct reader *r);
/* OBJECT IDENTIFIER: its octets; every arc is whole and written with the fewest. */
struct bj_bytes der_oid(struct reader *r);
void der_null(struct reader *r);

/* Is this a sequence of items that are well formed all the way down? Only tags and lengths are looked at. */
bool der_is_well_formed(struct bj_bytes der);

#endif
