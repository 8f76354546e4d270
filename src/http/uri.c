/* uri.c - request targets into their one form. */
#include "http/uri.h"

#define PORT_DIGITS_MAX 5
#define LABEL_MAX 63

/* ---- paths */

/* Where the output stands: `start` of the segment that is being written, just behind its '/'. */
struct path_out {
	uint8_t *buf;
	size_t len;
	size_t start;
};

/* ';', also escaped: some servers decode before they cut parameters off. In normal form the escape is in upper case. */
static bool parameters_begin(struct bj_bytes text)
{
	return text.len > 0 && (text.ptr[0] == ';' || (text.len >= 3 && memcmp(text.ptr, "%3B", 3) == 0));
}

bool uri_path_has_parameters(struct bj_bytes path)
{
	for (; path.len > 0; path = bytes_of(path.ptr + 1, path.len - 1))
		if (parameters_begin(path))
			return true;
	return false;
}

/* Judges the segment that ends here: drops "." and "", resolves "..", refuses dots with parameters, which some servers resolve
 * after cutting the parameters off. */
static enum bj_err segment_end(struct path_out *out)
{
	const uint8_t *seg = out->buf + out->start;
	size_t len = out->len - out->start;
	size_t dots = 0;

	while (dots < len && seg[dots] == '.')
		dots++;
	if ((dots == 1 || dots == 2) && parameters_begin(bytes_of(seg + dots, len - dots)))
		return BJ_ERR_HTTP_BAD_REQUEST;
	if (dots != len || dots > 2)
		return BJ_OK;
	out->len = out->start; /* "", "." and ".." leave nothing of themselves */
	if (dots == 2 && out->start > 1) {
		do
			out->start--;
		while (out->buf[out->start - 1] != '/');
		out->len = out->start;
	}
	return BJ_OK;
}

static enum bj_err slash(struct path_out *out)
{
	enum bj_err err = segment_end(out);

	if (err)
		return err;
	if (out->len > out->start) {
		out->buf[out->len++] = '/';
		out->start = out->len;
	}
	return BJ_OK;
}

static void escape(struct path_out *out, uint8_t c)
{
	static const char hex[] = "0123456789ABCDEF";

	out->buf[out->len++] = '%';
	out->buf[out->len++] = (uint8_t)hex[c >> 4];
	out->buf[out->len++] = (uint8_t)hex[c & 15];
}

/* A character that is written in more bytes than it needs: decoders that do not look closely take "%C0%AF" for '/'. Bytes above 0x7f stand
 * escaped, in upper case. */
static bool has_overlong(struct bj_bytes path)
{
	static const struct {
		const char *first;
		const char *second; /* the upper half of the byte behind it */
	} rows[] = { { "%C0%", "89AB" }, { "%C1%", "89AB" }, { "%E0%", "89" }, { "%F0%", "8" } };
	const uint8_t *at = path.ptr, *end = path.ptr + path.len;

	while (end - at >= 6 && (at = memchr(at, '%', (size_t)(end - at) - 5)) != NULL) {
		for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
			if (memcmp(at, rows[i].first, 4) == 0 && strchr(rows[i].second, at[4]))
				return true;
		at++;
	}
	return false;
}

enum bj_err uri_path_normalise(struct bj_bytes path, uint8_t *buf, size_t *out_len)
{
	struct path_out out = { buf, 1, 1 };
	enum bj_err err = BJ_OK;

	if (path.len == 0 || path.ptr[0] != '/')
		return BJ_ERR_HTTP_BAD_REQUEST;
	buf[0] = '/';
	for (size_t i = 1; i < path.len && !err; i++) {
		uint8_t c = path.ptr[i];
		bool escaped = c == '%';

		if (escaped) {
			int high = i + 2 < path.len ? http_hex(path.ptr[i + 1]) : -1;
			int low = i + 2 < path.len ? http_hex(path.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return BJ_ERR_HTTP_BAD_REQUEST;
			c = (uint8_t)(high << 4 | low);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f || c == '\\' || (c >= 0x80 && !escaped))
			return BJ_ERR_HTTP_BAD_REQUEST;
		if (c == '/')
			err = slash(&out);
		else if (http_char_is(c, escaped ? HTTP_UNRESERVED : HTTP_PATH))
			buf[out.len++] = c;
		else
			escape(&out, c);
	}
	if (!err)
		err = segment_end(&out);
	if (!err && has_overlong(bytes_of(buf, out.len)))
		err = BJ_ERR_HTTP_BAD_REQUEST;
	if (!err)
		*out_len = out.len;
	return err;
}

/* True if the path is in its form already, as most are. */
static bool path_is_plain(struct bj_bytes path)
{
	for (size_t i = 1; i < path.len; i++) {
		uint8_t c = path.ptr[i];

		if (!http_char_is(c, HTTP_PATH) || ((c == '/' || c == '.') && path.ptr[i - 1] == '/'))
			return false;
	}
	return path.ptr[0] == '/';
}

static enum bj_err path_parse(struct http_fields *fields, struct bj_bytes text, struct bj_bytes *out)
{
	size_t room = text.len, len;
	uint8_t *buf;
	enum bj_err err;

	if (text.len == 0) { /* http://host has the path "/" */
		*out = BYTES_LIT("/");
		return BJ_OK;
	}
	if (path_is_plain(text)) {
		buf = http_arena_put(fields, text.ptr, text.len);
		*out = bytes_of(buf, text.len);
		return buf ? BJ_OK : BJ_ERR_HTTP_HEADER_LIMIT;
	}
	for (size_t i = 0; i < text.len; i++)
		room += http_char_is(text.ptr[i], HTTP_PATH) || text.ptr[i] == '%' ? 0 : 2;
	buf = http_arena_room(fields, room);
	if (!buf)
		return BJ_ERR_HTTP_HEADER_LIMIT;
	err = uri_path_normalise(text, buf, &len);
	if (!err) {
		fields->used -= (uint32_t)(room - len);
		*out = bytes_of(buf, len);
	}
	return err;
}

/* ---- hosts */

/* Hexadecimal groups, at most one "::", an IPv4 address in the place of the last two (rfc3986:3.2.2). */
static bool ipv6_is_valid(struct bj_bytes text)
{
	size_t groups = 0, i = 0;
	bool gap = false;

	if (text.len >= 2 && text.ptr[0] == ':' && text.ptr[1] == ':') {
		gap = true;
		i = 2;
	}
	while (i < text.len) {
		size_t start = i, dots = 0, value = 0;

		while (i < text.len && http_char_is(text.ptr[i], HTTP_HEX))
			i++;
		if (i < text.len && text.ptr[i] == '.') {
			for (i = start; i <= text.len; i++) {
				if (i == text.len || text.ptr[i] == '.') {
					if (i == start || i - start > 3 || value > 255)
						return false;
					dots += i < text.len;
					start = i + 1;
					value = 0;
				} else if (http_char_is(text.ptr[i], HTTP_DIGIT)) {
					value = value * 10 + (size_t)(text.ptr[i] - '0');
				} else {
					return false;
				}
			}
			groups += 2;
			return dots == 3 && (gap ? groups < 8 : groups == 8);
		}
		if (i == start || i - start > 4)
			return false;
		groups++;
		if (i == text.len)
			break;
		if (text.ptr[i++] != ':' || i == text.len)
			return i == text.len && text.ptr[i - 1] == ':' && i >= 2 && text.ptr[i - 2] == ':' && gap && groups < 8;
		if (text.ptr[i] == ':') {
			if (gap)
				return false;
			gap = true;
			i++;
		}
	}
	return gap ? groups < 8 : groups == 8;
}

static bool name_is_valid(struct bj_bytes text)
{
	size_t label = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (!http_char_is(text.ptr[i], HTTP_HOST))
			return false;
		if (text.ptr[i] != '.') {
			if (++label > LABEL_MAX)
				return false;
		} else if (label == 0) {
			return false;
		} else {
			label = 0;
		}
	}
	return text.len > 0;
}

static bool port_parse(struct bj_bytes text, uint16_t *out)
{
	uint64_t port = 0;

	if (text.len == 0) { /* "host:" is allowed and says nothing */
		*out = 0;
		return true;
	}
	if (text.len > PORT_DIGITS_MAX || !http_decimal(text, &port) || port == 0 || port > UINT16_MAX)
		return false;
	*out = (uint16_t)port;
	return true;
}

enum bj_err uri_authority_parse(struct http_fields *fields, struct bj_bytes text, struct http_authority *out)
{
	struct http_authority authority = { { NULL, 0 }, 0 };
	struct bj_bytes host = text;
	const uint8_t *end;
	uint8_t *copy;
	bool valid;

	if (text.len > 0 && text.ptr[0] == '[') {
		end = memchr(text.ptr, ']', text.len);
		host.len = end ? (size_t)(end + 1 - text.ptr) : 0;
		valid = end && ipv6_is_valid(bytes_of(text.ptr + 1, host.len - 2));
	} else {
		end = text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL;
		host.len = end ? (size_t)(end - text.ptr) : text.len;
		valid = name_is_valid(host);
	}
	if (!valid || host.len > HTTP_HOST_MAX)
		return BJ_ERR_HTTP_BAD_REQUEST;
	if (host.len < text.len &&
	    (text.ptr[host.len] != ':' || !port_parse(bytes_of(text.ptr + host.len + 1, text.len - host.len - 1), &authority.port)))
		return BJ_ERR_HTTP_BAD_REQUEST;
	if (host.ptr[host.len - 1] == '.')
		host.len--;
	copy = http_arena_room(fields, host.len);
	if (!copy)
		return BJ_ERR_HTTP_HEADER_LIMIT;
	for (size_t i = 0; i < host.len; i++)
		copy[i] = http_lower(host.ptr[i]);
	authority.host = bytes_of(copy, host.len);
	*out = authority;
	return BJ_OK;
}

/* ---- targets */

static bool query_is_valid(struct bj_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!http_char_is(text.ptr[i], HTTP_TARGET))
			return false;
	return true;
}

/* path [ "?" query ] [ "#" fragment ] */
static enum bj_err path_and_query(struct http_fields *fields, struct bj_bytes text, struct http_target *out)
{
	const uint8_t *cut = text.len > 0 ? memchr(text.ptr, '#', text.len) : NULL;
	const uint8_t *mark;
	uint8_t *copy;

	if (cut) {
		if (!query_is_valid(bytes_of(cut, text.len - (size_t)(cut - text.ptr))))
			return BJ_ERR_HTTP_BAD_REQUEST;
		text.len = (size_t)(cut - text.ptr);
	}
	mark = text.len > 0 ? memchr(text.ptr, '?', text.len) : NULL;
	if (mark) {
		out->has_query = true;
		out->query.len = text.len - (size_t)(mark - text.ptr) - 1;
		if (!query_is_valid(bytes_of(mark + 1, out->query.len)))
			return BJ_ERR_HTTP_BAD_REQUEST;
		copy = http_arena_put(fields, mark + 1, out->query.len);
		if (!copy)
			return BJ_ERR_HTTP_HEADER_LIMIT;
		out->query.ptr = copy;
		text.len = (size_t)(mark - text.ptr);
	}
	return path_parse(fields, text, &out->path);
}

/* Behind "http://" or "https://": authority, then path and the rest. */
static enum bj_err absolute_parse(struct http_fields *fields, struct bj_bytes text, struct http_target *out)
{
	size_t len = 0;
	enum bj_err err;

	while (len < text.len && text.ptr[len] != '/' && text.ptr[len] != '?' && text.ptr[len] != '#')
		len++;
	err = uri_authority_parse(fields, bytes_of(text.ptr, len), &out->authority);
	if (err)
		return err;
	return path_and_query(fields, bytes_of(text.ptr + len, text.len - len), out);
}

enum bj_err uri_target_parse(struct http_fields *fields, struct bj_bytes text, bool is_connect, bool is_options,
			     struct http_target *out)
{
	struct http_target target = { .form = HTTP_TARGET_ORIGIN };
	enum bj_err err;

	if (is_connect) {
		target.form = HTTP_TARGET_AUTHORITY;
		err = uri_authority_parse(fields, text, &target.authority);
		if (!err && target.authority.port == 0)
			err = BJ_ERR_HTTP_BAD_REQUEST;
	} else if (text.len > 0 && text.ptr[0] == '/') {
		err = path_and_query(fields, text, &target);
	} else if (is_options && text.len == 1 && text.ptr[0] == '*') {
		target.form = HTTP_TARGET_ASTERISK;
		target.path = BYTES_LIT("*");
		err = BJ_OK;
	} else {
		size_t scheme = text.len > 7 && http_is(bytes_of(text.ptr, 7), "http://")    ? 7
				: text.len > 8 && http_is(bytes_of(text.ptr, 8), "https://") ? 8
											     : 0;

		if (scheme == 0)
			return BJ_ERR_HTTP_BAD_REQUEST;
		target.form = HTTP_TARGET_ABSOLUTE;
		err = absolute_parse(fields, bytes_of(text.ptr + scheme, text.len - scheme), &target);
	}
	if (!err)
		*out = target;
	return err;
}

/* ---- matching */

/* Walks a path as servers that cut parameters off see it: ";x" and "%3Bx" are passed over, and so is the '/' that then follows another. */
struct path_walk {
	struct bj_bytes left;
	uint8_t last;
};

/* The next byte, or -1 at the end. */
static int walk_next(struct path_walk *walk)
{
	while (walk->left.len > 0) {
		uint8_t c = walk->left.ptr[0];

		if (parameters_begin(walk->left)) {
			while (walk->left.len > 0 && walk->left.ptr[0] != '/')
				walk->left = bytes_of(walk->left.ptr + 1, walk->left.len - 1);
			continue;
		}
		walk->left = bytes_of(walk->left.ptr + 1, walk->left.len - 1);
		if (c == '/' && walk->last == '/')
			continue;
		walk->last = c;
		return c;
	}
	return -1;
}

static bool walk_over(struct path_walk *walk, struct bj_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (walk_next(walk) != text.ptr[i])
			return false;
	return true;
}

bool uri_path_under(struct bj_bytes path, struct bj_bytes prefix)
{
	struct path_walk walk = { path, 0 };
	int next;

	if (prefix.len > 0 && prefix.ptr[prefix.len - 1] == '/')
		prefix.len--;
	if (!walk_over(&walk, prefix))
		return false;
	next = walk_next(&walk);
	return next == -1 || next == '/';
}

bool uri_path_is(struct bj_bytes path, struct bj_bytes want)
{
	struct path_walk walk = { path, 0 };

	return walk_over(&walk, want) && walk_next(&walk) == -1;
}

bool uri_host_match(struct bj_bytes host, struct bj_bytes pattern)
{
	if (pattern.len < 2 || pattern.ptr[0] != '*' || pattern.ptr[1] != '.')
		return bytes_equal(host, pattern);
	return host.len > pattern.len - 1 &&
	       memcmp(host.ptr + host.len - (pattern.len - 1), pattern.ptr + 1, pattern.len - 1) == 0;
}
