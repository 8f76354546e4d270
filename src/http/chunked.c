/* chunked.c - the chunked coding, one byte at a time but for the data (rfc9112:7.1). */
#include "http/chunked.h"

#define SIZE_DIGITS_MAX 16

enum {
	AT_SIZE = 0,
	AT_EXTENSION,
	AT_SIZE_LF,
	AT_DATA,
	AT_DATA_CR,
	AT_DATA_LF,
	AT_TRAILER,      /* at the start of a line behind the last chunk */
	AT_TRAILER_NAME,
	AT_TRAILER_VALUE,
	AT_TRAILER_LF,
	AT_END_LF,
	AT_END,
	AT_FAILED,
};

/* A trailer with such a name changes how the message is read, so nobody may send it (rfc9110:6.5.1). */
static const char *const forbidden[] = { "content-length", "transfer-encoding", "host", "trailer", "connection", "te", "upgrade",
					 "expect", "content-encoding", "content-range" };

void chunked_init(struct chunked *c)
{
	*c = (struct chunked){ .state = AT_SIZE, .why = "" };
}

static bool fail(struct chunked *c, const char *why)
{
	c->state = AT_FAILED;
	c->err = BJ_ERR_HTTP_CHUNK;
	c->why = why;
	return false;
}

static bool size_byte(struct chunked *c, uint8_t byte)
{
	int digit = http_hex(byte);

	if (digit >= 0) {
		if (++c->digits > SIZE_DIGITS_MAX || c->left > INT64_MAX >> 4)
			return fail(c, "a chunk size is too large");
		c->left = c->left << 4 | (unsigned)digit;
		return true;
	}
	if (c->digits == 0)
		return fail(c, "a chunk size is missing or malformed");
	if (byte == ';') {
		c->extension_len = 0;
		c->state = AT_EXTENSION;
	} else if (byte == '\r') {
		c->state = AT_SIZE_LF;
	} else {
		return fail(c, "a chunk size is malformed");
	}
	return true;
}

static bool extension_byte(struct chunked *c, uint8_t byte)
{
	if (byte == '\r') {
		c->state = AT_SIZE_LF;
		return true;
	}
	if (!http_char_is(byte, HTTP_VALUE))
		return fail(c, "a chunk extension holds a control byte");
	if (++c->extension_len > CHUNKED_EXTENSION_MAX || ++c->extensions_len > CHUNKED_EXTENSIONS_MAX)
		return fail(c, "chunk extensions are longer than the limit");
	return true;
}

static bool trailer_name_end(struct chunked *c)
{
	struct bj_bytes name = { c->name, c->name_len };

	for (size_t i = 0; i < ARRAY_COUNT(forbidden); i++)
		if (http_is(name, forbidden[i]))
			return fail(c, "a trailer carries a field that frames messages");
	if (++c->trailer_count > CHUNKED_TRAILER_COUNT_MAX)
		return fail(c, "there are more trailers than the limit");
	c->state = AT_TRAILER_VALUE;
	return true;
}

static bool trailer_byte(struct chunked *c, uint8_t byte)
{
	if (++c->trailer_len > CHUNKED_TRAILER_MAX)
		return fail(c, "the trailers are longer than the limit");
	if (c->state == AT_TRAILER) {
		if (byte == '\r') {
			c->state = AT_END_LF;
			return true;
		}
		c->name_len = 0;
		c->state = AT_TRAILER_NAME;
	}
	if (c->state == AT_TRAILER_NAME) {
		if (byte == ':' && c->name_len > 0)
			return trailer_name_end(c);
		if (!http_char_is(byte, HTTP_TCHAR))
			return fail(c, "a trailer's name is no token");
		if (c->name_len < CHUNKED_NAME_MAX) /* longer names are none of the forbidden ones */
			c->name[c->name_len++] = byte;
		return true;
	}
	if (byte == '\r')
		c->state = AT_TRAILER_LF;
	else if (!http_char_is(byte, HTTP_VALUE))
		return fail(c, "a trailer holds a control byte");
	return true;
}

static bool line_feed(struct chunked *c, uint8_t byte, uint8_t next)
{
	if (byte != '\n')
		return fail(c, "a line does not end with CRLF");
	c->state = next;
	return true;
}

/* Any byte but those of the data. */
static bool step(struct chunked *c, uint8_t byte)
{
	switch (c->state) {
	case AT_SIZE:
		return size_byte(c, byte);
	case AT_EXTENSION:
		return extension_byte(c, byte);
	case AT_SIZE_LF:
		c->began = byte == '\n';
		return line_feed(c, byte, c->left > 0 ? AT_DATA : AT_TRAILER);
	case AT_DATA_CR:
		if (byte != '\r')
			return fail(c, "a chunk is not followed by CRLF");
		c->state = AT_DATA_LF;
		return true;
	case AT_DATA_LF:
		c->digits = 0;
		return line_feed(c, byte, AT_SIZE);
	case AT_TRAILER_LF:
		return line_feed(c, byte, AT_TRAILER);
	case AT_END_LF:
		return line_feed(c, byte, AT_END);
	default:
		return trailer_byte(c, byte);
	}
}

enum bj_err chunked_feed(struct chunked *c, const void *buf, size_t len, size_t *out_used, struct bj_bytes *out_data,
			 enum chunked_event *out_event)
{
	const uint8_t *p = (const uint8_t *)buf;
	size_t pos = 0;

	*out_data = bytes_of(p, 0);
	*out_event = CHUNKED_MORE;
	while (pos < len && c->state < AT_END) {
		if (c->state == AT_DATA) {
			size_t piece = len - pos < c->left ? len - pos : (size_t)c->left;

			*out_data = bytes_of(p + pos, piece);
			*out_event = CHUNKED_DATA;
			c->left -= piece;
			if (c->left == 0)
				c->state = AT_DATA_CR;
			*out_used = pos + piece;
			return BJ_OK;
		}
		if (!step(c, p[pos++]))
			break;
	}
	*out_used = pos;
	if (c->state == AT_END)
		*out_event = CHUNKED_END;
	return c->err;
}

void chunked_size_write(struct writer *w, uint64_t len)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t line[CHUNKED_SIZE_LINE_MAX];
	size_t at = sizeof(line) - 2;

	line[at] = '\r';
	line[at + 1] = '\n';
	do {
		line[--at] = (uint8_t)hex[len & 15];
		len >>= 4;
	} while (len > 0);
	wr_raw(w, line + at, sizeof(line) - at);
}
