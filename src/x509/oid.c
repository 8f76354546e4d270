/* oid.c - the table of object identifiers. */
#include "x509/oid.h"

#include "base/hex.h"

struct oid_row {
	const char *label;
	uint8_t len;
	uint8_t bytes[10];
};

static const struct oid_row rows[OID_COUNT] = {
	[OID_UNKNOWN] = { "", 0, { 0 } },
#define OID(name, label, ...) [OID_##name] = { label, sizeof((const uint8_t[]){ __VA_ARGS__ }), { __VA_ARGS__ } },
#include "x509/oid.def"
#undef OID
};

enum oid oid_find(struct bj_bytes content)
{
	uint8_t last;

	if (content.len == 0 || content.len > sizeof(rows[0].bytes))
		return OID_UNKNOWN;
	last = content.ptr[content.len - 1];
	for (unsigned i = 1; i < OID_COUNT; i++)
		if (rows[i].len == content.len && rows[i].bytes[content.len - 1] == last &&
		    memcmp(rows[i].bytes, content.ptr, content.len) == 0)
			return (enum oid)i;
	return OID_UNKNOWN;
}

struct bj_bytes oid_bytes(enum oid oid)
{
	return bytes_of(rows[oid].bytes, rows[oid].len);
}

const char *oid_label(enum oid oid)
{
	return rows[oid].label;
}

/* Zero if there is no room. */
static size_t put_arc(char *out, size_t at, uint64_t arc)
{
	char digits[20];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + arc % 10);
	while ((arc /= 10) > 0);
	if (at + n + 2 > OID_TEXT_MAX)
		return 0;
	if (at > 0)
		out[at++] = '.';
	while (n > 0)
		out[at++] = digits[--n];
	return at;
}

/* The octets, as many as fit. */
static size_t put_octets(struct bj_bytes content, char out[OID_TEXT_MAX])
{
	size_t len = content.len < (OID_TEXT_MAX - 2) / 2 ? content.len : (OID_TEXT_MAX - 2) / 2;

	out[0] = '#';
	hex_encode(content.ptr, len, out + 1);
	return 1 + 2 * len;
}

size_t oid_text(struct bj_bytes content, char out[OID_TEXT_MAX])
{
	uint64_t arc = 0;
	size_t at = 0;

	for (size_t i = 0; i < content.len; i++) {
		if (arc >> 57)
			return put_octets(content, out); /* a number that is cut would be another one */
		arc = arc << 7 | (content.ptr[i] & 0x7f);
		if (content.ptr[i] & 0x80)
			continue;
		if (at == 0) {
			uint64_t top = arc < 40 ? 0 : arc < 80 ? 1 : 2;

			at = put_arc(out, at, top);
			arc -= top * 40;
		}
		at = put_arc(out, at, arc);
		if (at == 0)
			return put_octets(content, out);
		arc = 0;
	}
	out[at] = 0;
	return at;
}
