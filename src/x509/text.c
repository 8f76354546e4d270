/* text.c - text of bounded length. */
#include "x509/text.h"

#include "base/utf8.h"

struct text text_make(char *buf, size_t cap)
{
	buf[0] = 0;
	return (struct text){ buf, cap, 0, false };
}

/* All of it or nothing, so that no character and no escape is torn. */
static void put(struct text *t, const char *ptr, size_t len)
{
	if (t->cut || t->cap - 1 - t->len < len) {
		t->cut = true;
		return;
	}
	memcpy(t->buf + t->len, ptr, len);
	t->len += len;
	t->buf[t->len] = 0;
}

void text_char(struct text *t, char c)
{
	put(t, &c, 1);
}

void text_str(struct text *t, const char *str)
{
	size_t len = strlen(str);

	if (!t->cut && len <= t->cap - 1 - t->len) {
		put(t, str, len);
		return;
	}
	for (; *str; str++)
		put(t, str, 1);
}

void text_number(struct text *t, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	put(t, digits + at, sizeof(digits) - at);
}

static const char hex_digits[] = "0123456789abcdef";

void text_hex(struct text *t, struct bj_bytes bytes, char separator)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char pair[3] = { separator, hex_digits[bytes.ptr[i] >> 4], hex_digits[bytes.ptr[i] & 15] };
		bool apart = separator && i > 0;

		put(t, pair + !apart, apart ? 3 : 2);
	}
}

/* Characters that are shown as they are: no controls, no invisible ones, none that turn the direction of writing. */
static bool is_visible(const uint8_t *p, size_t len)
{
	uint32_t point;

	if (len == 1)
		return p[0] >= 0x20 && p[0] < 0x7f;
	if (len == 2)
		return (p[0] > 0xc2 || (p[1] > 0xa0 && p[1] != 0xad)) && !(p[0] == 0xd8 && p[1] == 0x9c);
	if (len == 4)
		return p[0] < 0xf3; /* planes 12 to 16: tags and private use */
	point = (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	return !((point >= 0x2000 && point <= 0x200f) || (point >= 0x2028 && point <= 0x202f) ||
		 (point >= 0x205f && point <= 0x206f) || (point >= 0xe000 && point <= 0xf8ff) ||
		 (point >= 0xfe00 && point <= 0xfe0f) || point >= 0xfff0 || point == 0x3000 || point == 0xfeff);
}

void text_safe(struct text *t, struct bj_bytes bytes, const char *special)
{
	while (bytes.len > 0) {
		size_t len = utf8_char_len(bytes);

		if (len > 0 && is_visible(bytes.ptr, len)) {
			char escaped[2] = { '\\', (char)bytes.ptr[0] };
			bool escape = len == 1 && (bytes.ptr[0] == '\\' || strchr(special, bytes.ptr[0]));

			if (escape)
				put(t, escaped, 2);
			else
				put(t, (const char *)bytes.ptr, len);
		} else {
			char escaped[4] = { '\\', 'x', hex_digits[bytes.ptr[0] >> 4], hex_digits[bytes.ptr[0] & 15] };

			put(t, escaped, 4);
			len = 1;
		}
		bytes = bytes_of(bytes.ptr + len, bytes.len - len);
	}
}
