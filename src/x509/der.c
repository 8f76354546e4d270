/* der.c - the values of DER that need more than a tag and a length. */
#include "x509/der.h"

struct reader der_only(struct bj_bytes der, uint8_t tag)
{
	struct reader outer = rd_of(der), inner = der_open(&outer, tag);

	if (!rd_end(&outer))
		rd_fail(&inner);
	return inner;
}

bool der_boolean(struct reader *r)
{
	struct bj_bytes b = der_take(r, DER_BOOLEAN);

	if (b.len != 1 || (b.ptr[0] != 0x00 && b.ptr[0] != 0xff)) {
		rd_fail(r);
		return false;
	}
	return b.ptr[0] == 0xff;
}

bool der_boolean_default_false(struct reader *r)
{
	if (!der_at(r, DER_BOOLEAN))
		return false;
	if (der_boolean(r))
		return true;
	rd_fail(r);
	return false;
}

static bool is_minimal_integer(struct bj_bytes b)
{
	if (b.len == 0)
		return false;
	if (b.len == 1)
		return true;
	return !(b.ptr[0] == 0x00 && b.ptr[1] < 0x80) && !(b.ptr[0] == 0xff && b.ptr[1] >= 0x80);
}

struct bj_bytes der_integer(struct reader *r)
{
	struct bj_bytes b = der_take(r, DER_INTEGER);

	if (!is_minimal_integer(b)) {
		rd_fail(r);
		return bytes_of(r->ptr, 0);
	}
	return b;
}

struct bj_bytes der_unsigned(struct reader *r)
{
	struct bj_bytes b = der_integer(r);

	if (b.len == 0 || b.ptr[0] >= 0x80) {
		rd_fail(r);
		return bytes_of(r->ptr, 0);
	}
	if (b.len > 1 && b.ptr[0] == 0)
		b = bytes_of(b.ptr + 1, b.len - 1);
	return b;
}

uint32_t der_small(struct reader *r, uint8_t tag)
{
	struct bj_bytes b = der_take(r, tag);
	uint32_t v = 0;

	if (!is_minimal_integer(b) || b.len > 4 || b.ptr[0] >= 0x80) {
		rd_fail(r);
		return 0;
	}
	for (size_t i = 0; i < b.len; i++)
		v = v << 8 | b.ptr[i];
	return v;
}

struct bj_bytes der_bit_string(struct reader *r, unsigned *out_unused)
{
	struct bj_bytes b = der_take(r, DER_BIT_STRING);
	unsigned unused = b.len ? b.ptr[0] : 8;

	if (unused > 7 || (b.len == 1 && unused != 0) || (b.ptr[b.len - 1] & ((1u << unused) - 1) && b.len > 1)) {
		rd_fail(r);
		*out_unused = 0;
		return bytes_of(r->ptr, 0);
	}
	*out_unused = unused;
	return bytes_of(b.ptr + 1, b.len - 1);
}

struct bj_bytes der_bit_octets(struct reader *r)
{
	unsigned unused;
	struct bj_bytes b = der_bit_string(r, &unused);

	if (unused != 0) {
		rd_fail(r);
		return bytes_of(r->ptr, 0);
	}
	return b;
}

struct bj_bytes der_oid(struct reader *r)
{
	struct bj_bytes b = der_take(r, DER_OID);
	bool good = b.len > 0 && b.ptr[b.len - 1] < 0x80, at_start = true;

	for (size_t i = 0; good && i < b.len; i++) {
		good = !(at_start && b.ptr[i] == 0x80);
		at_start = b.ptr[i] < 0x80;
	}
	if (!good) {
		rd_fail(r);
		return bytes_of(r->ptr, 0);
	}
	return b;
}

void der_null(struct reader *r)
{
	if (der_take(r, DER_NULL).len != 0)
		rd_fail(r);
}

bool der_is_well_formed(struct bj_bytes der)
{
	struct reader levels[DER_DEPTH_MAX];
	size_t depth = 1;

	levels[0] = rd_of(der);
	while (depth > 0) {
		struct reader *r = &levels[depth - 1];
		struct der_item item;

		if (!rd_more(r)) {
			if (r->bad)
				return false;
			depth--;
			continue;
		}
		item = der_any(r);
		if (r->bad)
			return false;
		if (!(item.tag & 0x20))
			continue;
		if (depth == DER_DEPTH_MAX)
			return false;
		levels[depth++] = rd_of(item.content);
	}
	return true;
}
