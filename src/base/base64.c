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

static enum bj_err decode(struct bj_bytes text, bool lenient, uint8_t *out, size_t cap, size_t *out_len, size_t *out_at)
{
	struct decoder d = { .out = out, .cap = cap };
	enum bj_err err = BJ_OK;
	size_t at = 0;

	for (; at < text.len; at++) {
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
