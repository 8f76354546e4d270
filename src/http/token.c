/* token.c - the table of bytes, and comparing, counting and cutting text. */
#include "http/token.h"

#define ALPHA_BITS (HTTP_TCHAR | HTTP_VALUE | HTTP_TARGET | HTTP_PATH | HTTP_UNRESERVED | HTTP_HOST)
#define HEX_BITS (ALPHA_BITS | HTTP_HEX)
#define DIGIT_BITS (HEX_BITS | HTTP_DIGIT)
#define SEEN (HTTP_VALUE | HTTP_TARGET)
#define PCHAR (SEEN | HTTP_PATH)

__extension__ const uint8_t http_chars[256] = {
	['\t'] = HTTP_VALUE,
	[' '] = HTTP_VALUE,
	['!'] = PCHAR | HTTP_TCHAR,
	['"'] = SEEN,
	['#'] = SEEN | HTTP_TCHAR,
	['$'] = PCHAR | HTTP_TCHAR,
	['%'] = SEEN | HTTP_TCHAR,
	['&'] = PCHAR | HTTP_TCHAR,
	['\''] = PCHAR | HTTP_TCHAR,
	['('] = PCHAR,
	[')'] = PCHAR,
	['*'] = PCHAR | HTTP_TCHAR,
	['+'] = PCHAR | HTTP_TCHAR,
	[','] = PCHAR,
	['-'] = PCHAR | HTTP_TCHAR | HTTP_UNRESERVED | HTTP_HOST,
	['.'] = PCHAR | HTTP_TCHAR | HTTP_UNRESERVED | HTTP_HOST,
	['/'] = PCHAR,
	['0' ... '9'] = DIGIT_BITS,
	[':'] = PCHAR,
	[';'] = PCHAR,
	['<'] = SEEN,
	['='] = PCHAR,
	['>'] = SEEN,
	['?'] = SEEN,
	['@'] = PCHAR,
	['A' ... 'F'] = HEX_BITS,
	['G' ... 'Z'] = ALPHA_BITS,
	['['] = SEEN,
	['\\'] = SEEN,
	[']'] = SEEN,
	['^'] = SEEN | HTTP_TCHAR,
	['_'] = PCHAR | HTTP_TCHAR | HTTP_UNRESERVED | HTTP_HOST,
	['`'] = SEEN | HTTP_TCHAR,
	['a' ... 'f'] = HEX_BITS,
	['g' ... 'z'] = ALPHA_BITS,
	['{'] = SEEN,
	['|'] = SEEN | HTTP_TCHAR,
	['}'] = SEEN,
	['~'] = PCHAR | HTTP_TCHAR | HTTP_UNRESERVED,
	[0x80 ... 0xff] = HTTP_VALUE,
};

bool http_same(struct bj_bytes a, struct bj_bytes b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (http_lower(a.ptr[i]) != http_lower(b.ptr[i]))
			return false;
	return true;
}

bool http_is(struct bj_bytes a, const char *text)
{
	return http_same(a, bytes_text(text));
}

bool http_is_token(struct bj_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!http_char_is(text.ptr[i], HTTP_TCHAR))
			return false;
	return text.len > 0;
}

bool http_decimal(struct bj_bytes text, uint64_t *out)
{
	uint64_t value = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t digit = (uint8_t)(text.ptr[i] - '0');

		if (digit > 9 || value > ((uint64_t)INT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

struct bj_bytes http_trim(struct bj_bytes text)
{
	while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
		text = bytes_of(text.ptr + 1, text.len - 1);
	while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* Bytes up to the next comma outside of quotes, or all. */
static size_t element_len(struct bj_bytes text)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		if (quoted && text.ptr[i] == '\\')
			i++;
		else if (text.ptr[i] == '"')
			quoted = !quoted;
		else if (text.ptr[i] == ',' && !quoted)
			return i;
	}
	return text.len;
}

bool http_list_next(struct bj_bytes *rest, struct bj_bytes *out_item)
{
	while (rest->len > 0) {
		size_t len = element_len(*rest);
		struct bj_bytes item = http_trim(bytes_of(rest->ptr, len));
		size_t step = len < rest->len ? len + 1 : len;

		*rest = bytes_of(rest->ptr + step, rest->len - step);
		if (item.len > 0) {
			*out_item = item;
			return true;
		}
	}
	return false;
}
