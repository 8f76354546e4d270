/* der_write.c - items of DER. */
#include "x509/der_write.h"

#include "x509/der.h"

size_t dw_open(struct writer *w, uint8_t tag)
{
	size_t mark;

	wr_u8(w, tag);
	mark = w->len;
	wr_u8(w, 0);
	return mark;
}

void dw_close(struct writer *w, size_t mark)
{
	size_t len, more;

	if (!wr_ok(w))
		return;
	len = w->len - mark - 1;
	more = len < 0x80 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;
	if (len >> 24 || (more > 0 && !wr_room(w, more))) {
		w->bad = true;
		return;
	}
	memmove(w->buf + mark + 1 + more, w->buf + mark + 1, len);
	w->buf[mark] = (uint8_t)(more ? 0x80 | more : len);
	for (size_t i = 0; i < more; i++)
		w->buf[mark + 1 + i] = (uint8_t)(len >> (8 * (more - 1 - i)));
}

void dw_item(struct writer *w, uint8_t tag, struct bj_bytes content)
{
	size_t mark = dw_open(w, tag);

	wr_bytes(w, content);
	dw_close(w, mark);
}

void dw_true(struct writer *w)
{
	wr_u8(w, DER_BOOLEAN);
	wr_u8(w, 1);
	wr_u8(w, 0xff);
}

void dw_small(struct writer *w, uint32_t value)
{
	unsigned width = value < 0x80 ? 1 : value < 0x8000 ? 2 : value < 0x800000 ? 3 : 4;

	wr_u8(w, DER_INTEGER);
	wr_u8(w, (uint8_t)width);
	wr_uint(w, value, width);
}

void dw_bits(struct writer *w, struct bj_bytes octets)
{
	size_t mark = dw_open(w, DER_BIT_STRING);

	wr_u8(w, 0);
	wr_bytes(w, octets);
	dw_close(w, mark);
}
