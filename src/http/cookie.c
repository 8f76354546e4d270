/* cookie.c - reads one cookie of a request, for routing and stickiness (rfc6265:4.2.1). */
#include "http/field.h"

static bool cookie_in(struct bj_bytes text, struct bj_bytes name, struct bj_bytes *out_value)
{
	while (text.len > 0) {
		const uint8_t *end = memchr(text.ptr, ';', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;
		struct bj_bytes pair = http_trim(bytes_of(text.ptr, len));
		size_t step = end ? len + 1 : len;

		if (pair.len > name.len && pair.ptr[name.len] == '=' && memcmp(pair.ptr, name.ptr, name.len) == 0) {
			*out_value = bytes_of(pair.ptr + name.len + 1, pair.len - name.len - 1);
			return true;
		}
		text = bytes_of(text.ptr + step, text.len - step);
	}
	return false;
}

bool http_cookie_get(const struct http_fields *fields, struct bj_bytes name, struct bj_bytes *out_value)
{
	if (name.len == 0)
		return false;
	for (const struct http_field *f = NULL; (f = http_field_find(fields, HTTP_N_COOKIE, f)) != NULL;)
		if (cookie_in(http_field_value(fields, f), name, out_value))
			return true;
	return false;
}
