/* base64.c - see base64.h. */
#include "base/base64.h"

#include "base/wipe.h"

/* All ones if low <= c <= high, else zero, without a branch: a difference below zero has its top bit set. */
static inline unsigned mask_of(unsigned c, unsigned low, unsigned high)
{
	return (((c - low) | (high - c)) >> 31) - 1u;
}

/* 0..63, or 64 for what is no digit. */
static unsigned value_of(unsigned c)
{
	unsigned v = 0, known = 0, m;

	m = mask_of(c, 'A', 'Z'), known |= m, v |= m & (c - 'A');
	m = mask_of(c, 'a', 'z'), known |= m, v |= m & (c - 'a' + 26);
	m = mask_of(c, '0', '9'), known |= m, v |= m & (c - '0' + 52);
	m = mask_of(c, '+', '+'), known |= m, v |= m & 62;
	m = mask_of(c, '/', '/'), known |= m, v |= m & 63;
	return v | (~known & 64);
}

static char digit_of(unsigned v)
{
	unsigned c = 0;

	c |= mask_of(v, 0, 25) & (v + 'A');
	c |= mask_of(v, 26, 51) & (v - 26 + 'a');
	c |= mask_of(v, 52, 61) & (v - 52 + '0');
	c |= mask_of(v, 62, 62) & '+';
	c |= mask_of(v, 63, 63) & '/';
	return (char)c;
}

size_t base64_encode(const void *ptr, size_t len, char *out)
{
	const uint8_t *p = (const uint8_t *)ptr;
	char *to = out;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t group = (uint32_t)p[i] << 16;

		if (left > 1)
			group |= (uint32_t)p[i + 1] << 8;
		if (left > 2)
			group |= p[i + 2];
		*to++ = digit_of(group >> 18);
		*to++ = digit_of(group >> 12 & 63);
		*to++ = left > 1 ? digit_of(group >> 6 & 63) : '=';
		*to++ = left > 2 ? digit_of(group & 63) : '=';
	}
	*to = 0;
	return (size_t)(to - out);
}

struct decoder {
	uint8_t *out;
	size_t cap;
	size_t len;
	uint32_t group;   /* digits of the group so far */
	unsigned digits;
	unsigned pads;
};

static enum bj_err put(struct decoder *d, uint8_t byte)
{
	if (d->len == d->cap)
		return BJ_ERR_SPACE;
	d->out[d->len++] = byte;
	return BJ_OK;
}

/* One character that is not white space. */
static enum bj_err feed(struct decoder *d, unsigned c)
{
	unsigned v = value_of(c);
	enum bj_err err = BJ_OK;

	if (c == '=') {
		if (d->digits < 2 || d->digits + ++d->pads > 4)
			return BJ_ERR_SYNTAX;
		return BJ_OK;
	}
	if (v > 63 || d->pads > 0)
		return BJ_ERR_SYNTAX;
	d->group = d->group << 6 | v;
	if (++d->digits < 4)
		return BJ_OK;
	for (int shift = 16; shift >= 0 && !err; shift -= 8)
		err = put(d, (uint8_t)(d->group >> shift));
	d->group = 0;
	d->digits = 0;
	return err;
}

/* The last group, if it is a short one: padded, and its unused bits zero. */
static enum bj_err finish(struct decoder *d)
{
	enum bj_err err;

	if (d->digits == 0)
		return BJ_OK;
	if (d->digits + d->pads != 4)
		return BJ_ERR_SYNTAX;
	if (d->digits == 2)
		return d->group & 15 ? BJ_ERR_SYNTAX : put(d, (uint8_t)(d->group >> 4));
	if (d->group & 3)
		return BJ_ERR_SYNTAX;
	err = put(d, (uint8_t)(d->group >> 10));
	return err ? err : put(d, (uint8_t)(d->group >> 2));
}

static bool is_space(unsigned c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ---- eight digits at once: one in each octet of a word, by the same arithmetic without tables and branches */

#define EACH(octet) (UINT64_C(0x0101010101010101) * (octet))

/* 0xff in each octet that lies between `low` and `high`; no octet of `word` is above 0x7f, so none reaches into the next. */
static inline uint64_t masks_of(uint64_t word, unsigned low, unsigned high)
{
	uint64_t inside = (word + EACH(0x80 - low)) & ~(word + EACH(0x7f - high)) & EACH(0x80);

	return (inside >> 7) * 0xff;
}

/* Each octet less `c`, modulo 128. */
static inline uint64_t less(uint64_t word, unsigned c)
{
	return ((word | EACH(0x80)) - EACH(c)) & EACH(0x7f);
}

/* The six octets of eight digits; false, and nothing written, if one of them is none. */
static bool take_eight(const uint8_t *text, uint8_t *out)
{
	uint64_t word = 0, values, known, m;

	for (unsigned i = 0; i < 8; i++)
		word = word << 8 | text[i];
	if (word & EACH(0x80))
		return false;
	m = masks_of(word, 'A', 'Z'), known = m, values = m & less(word, 'A');
	m = masks_of(word, 'a', 'z'), known |= m, values |= m & less(word, 'a' - 26);
	m = masks_of(word, '0', '9'), known |= m, values |= m & (word + EACH(52 - '0'));
	m = masks_of(word, '+', '+'), known |= m, values |= m & EACH(62);
	m = masks_of(word, '/', '/'), known |= m, values |= m & EACH(63);
	if (~known)
		return false;
	values = (values >> 2 & UINT64_C(0x0fc00fc00fc00fc0)) | (values & UINT64_C(0x003f003f003f003f));
	values = (values >> 4 & UINT64_C(0x00fff00000fff000)) | (values & UINT64_C(0x00000fff00000fff));
	values = (values >> 8 & UINT64_C(0xffffff000000)) | (values & 0xffffff);
	for (unsigned i = 0; i < 6; i++)
		out[i] = (uint8_t)(values >> (40 - 8 * i));
	return true;
}

static enum bj_err decode(struct bj_bytes text, bool lenient, uint8_t *out, size_t cap, size_t *out_len, size_t *out_at)
{
	struct decoder d = { .out = out, .cap = cap };
	enum bj_err err = BJ_OK;
	size_t at = 0;

	for (; at < text.len; at++) {
		while (d.digits == 0 && d.pads == 0 && text.len - at >= 8 && d.cap - d.len >= 6 && take_eight(text.ptr + at, d.out + d.len)) {
			at += 8;
			d.len += 6;
		}
		if (at == text.len)
			break;
		if (lenient && is_space(text.ptr[at]))
			continue;
		err = feed(&d, text.ptr[at]);
		if (err)
			break;
	}
	if (!err)
		err = finish(&d);
	if (err) {
		wipe(out, d.len);
		if (out_at)
			*out_at = at;
	} else {
		*out_len = d.len;
	}
	wipe(&d, sizeof(d));
	return err;
}

enum bj_err base64_decode(struct bj_bytes text, uint8_t *out, size_t cap, size_t *out_len, size_t *out_at)
{
	return decode(text, false, out, cap, out_len, out_at);
}

enum bj_err base64_decode_lenient(struct bj_bytes text, uint8_t *out, size_t cap, size_t *out_len, size_t *out_at)
{
	return decode(text, true, out, cap, out_len, out_at);
}
