/* h1_read.c - heads from bytes: line by line, each line looked at once (rfc9112:2 rfc9112:3 rfc9112:4 rfc9112:5). */
#include "http/h1.h"

#include "base/check.h"

#define BLANK_LINES_MAX 1 /* before a request line, rfc9112:2.2 */
#define VERSION_LEN 8     /* HTTP/1.1 */

enum {
	AT_START = 0,
	AT_FIELDS,
	AT_END,
	AT_FAILED,
};

/* What the two kinds of heads do differently. */
struct head {
	struct h1_parser *parser;
	struct http_fields *fields;
	struct http_request *request;   /* or null */
	struct http_response *response; /* or null */
	enum http_method method;
	bool upgrade_asked;
};

void h1_parser_init(struct h1_parser *parser, size_t size_max)
{
	*parser = (struct h1_parser){ .size_max = (uint32_t)(size_max < H1_HEAD_SIZE_MAX ? size_max : H1_HEAD_SIZE_MAX), .why = "" };
}

static enum bj_err fail(struct h1_parser *parser, enum bj_err err, const char *why)
{
	parser->state = AT_FAILED;
	parser->err = err;
	parser->why = why;
	return err;
}

static enum bj_err malformed(const struct head *head, const char *why)
{
	return fail(head->parser, head->request ? BJ_ERR_HTTP_BAD_REQUEST : BJ_ERR_HTTP_BAD_RESPONSE, why);
}

static enum bj_err too_large(const struct head *head)
{
	if (head->response)
		return fail(head->parser, BJ_ERR_HTTP_BAD_RESPONSE, "the head is larger than the limit");
	if (head->parser->state == AT_START)
		return fail(head->parser, BJ_ERR_HTTP_URI_TOO_LONG, "the request line is longer than the limit");
	return fail(head->parser, BJ_ERR_HTTP_HEADER_LIMIT, "the head is larger than the limit");
}

/* HTTP/1.0 or HTTP/1.1; a well-formed version that is neither is told apart, so that it can be answered with 505. */
static enum bj_err version_parse(const struct head *head, struct bj_bytes text, uint8_t *out)
{
	if (text.len != VERSION_LEN || memcmp(text.ptr, "HTTP/", 5) != 0 || !http_char_is(text.ptr[5], HTTP_DIGIT) ||
	    text.ptr[6] != '.' || !http_char_is(text.ptr[7], HTTP_DIGIT))
		return malformed(head, "the version is malformed");
	if (text.ptr[5] != '1' || text.ptr[7] > '1')
		return head->request ? fail(head->parser, BJ_ERR_HTTP_VERSION, "the version is neither 1.0 nor 1.1")
				     : malformed(head, "the version is neither 1.0 nor 1.1");
	*out = text.ptr[7] == '1' ? HTTP_1_1 : HTTP_1_0;
	return BJ_OK;
}

/* METHOD SP target SP HTTP/1.x, with exactly these two spaces. */
static enum bj_err request_line(const struct head *head, struct bj_bytes line)
{
	struct http_request *request = head->request;
	struct bj_bytes target;
	size_t i = 0, mark;
	uint8_t *copy;
	enum bj_err err;

	while (i < line.len && http_char_is(line.ptr[i], HTTP_TCHAR))
		i++;
	if (i == 0 || i == line.len || line.ptr[i] != ' ')
		return malformed(head, "the method is no token");
	copy = http_arena_put(head->fields, line.ptr, i); /* first of all: logs show it, whatever is wrong with the rest */
	if (!copy)
		return too_large(head);
	request->method_text = bytes_of(copy, i);
	mark = ++i;
	while (i < line.len && http_char_is(line.ptr[i], HTTP_TARGET))
		i++;
	target = bytes_of(line.ptr + mark, i - mark);
	if (target.len == 0 || i == line.len || line.ptr[i] != ' ')
		return malformed(head, "the target holds a byte that may not stand there");
	if (target.len > H1_TARGET_MAX)
		return fail(head->parser, BJ_ERR_HTTP_URI_TOO_LONG, "the target is longer than the limit");
	i++;
	err = version_parse(head, bytes_of(line.ptr + i, line.len - i), &request->version);
	if (err)
		return err;
	request->method = http_method_find(request->method_text);
	err = uri_target_parse(head->fields, target, request->method == HTTP_CONNECT, request->method == HTTP_OPTIONS,
			       &request->target);
	if (err == BJ_ERR_HTTP_HEADER_LIMIT)
		return too_large(head);
	return err ? malformed(head, "the target is refused") : BJ_OK;
}

/* HTTP/1.x SP 3DIGIT SP reason; the last space may be missing when there is no reason. */
static enum bj_err status_line(const struct head *head, struct bj_bytes line)
{
	struct http_response *response = head->response;
	struct bj_bytes reason = { NULL, 0 };
	uint64_t status;
	enum bj_err err;

	if (line.len < VERSION_LEN + 4 || line.ptr[VERSION_LEN] != ' ')
		return malformed(head, "the status line is malformed");
	err = version_parse(head, bytes_of(line.ptr, VERSION_LEN), &response->version);
	if (err)
		return err;
	if (!http_decimal(bytes_of(line.ptr + VERSION_LEN + 1, 3), &status) || status < 100 || status > 599)
		return malformed(head, "the status is not a number from 100 to 599");
	if (line.len > VERSION_LEN + 4) {
		if (line.ptr[VERSION_LEN + 4] != ' ')
			return malformed(head, "the status line is malformed");
		reason = http_trim(bytes_of(line.ptr + VERSION_LEN + 5, line.len - VERSION_LEN - 5));
	}
	if (!http_value_valid(reason))
		return malformed(head, "the reason holds a control byte");
	response->status = (uint16_t)status;
	response->reason.len = reason.len;
	response->reason.ptr = http_arena_put(head->fields, reason.ptr, reason.len);
	return response->reason.ptr ? BJ_OK : too_large(head);
}

/* name ":" OWS value OWS */
static enum bj_err field_line(const struct head *head, struct bj_bytes line)
{
	struct bj_bytes value;
	size_t i = 0;
	enum bj_err err;

	while (i < line.len && http_char_is(line.ptr[i], HTTP_TCHAR))
		i++;
	if (i == 0)
		return malformed(head, line.ptr[0] == ' ' || line.ptr[0] == '\t' ? "a line begins with a space"
				       : line.ptr[0] == ':'			? "a field has no name"
										: "a field's name is no token");
	if (i == line.len || line.ptr[i] != ':')
		return malformed(head, "a field's name is no token that ends with a colon");
	value = http_trim(bytes_of(line.ptr + i + 1, line.len - i - 1));
	if (!http_value_valid(value))
		return malformed(head, "a field's value holds a control byte");
	err = http_field_add(head->fields, bytes_of(line.ptr, i), value);
	return err ? too_large(head) : BJ_OK;
}

static enum bj_err head_end(const struct head *head)
{
	const char *why = "";
	enum bj_err err;

	if (head->request)
		err = http_request_frame(head->request, &why);
	else
		err = http_response_frame(head->response, head->method, head->upgrade_asked, &why);
	if (err)
		return fail(head->parser, err, why);
	head->parser->state = AT_END;
	return BJ_OK;
}

/* A line without its CRLF. */
static enum bj_err line_take(const struct head *head, struct bj_bytes line)
{
	struct h1_parser *parser = head->parser;
	enum bj_err err;

	if (parser->state == AT_FIELDS)
		return line.len > 0 ? field_line(head, line) : head_end(head);
	if (line.len == 0 && head->request && parser->blank_lines < BLANK_LINES_MAX) {
		parser->blank_lines++;
		return BJ_OK;
	}
	err = head->request ? request_line(head, line) : status_line(head, line);
	if (!err)
		parser->state = AT_FIELDS;
	return err;
}

/* A first byte that no head begins with is told at once, so that somebody who speaks something else need not be waited for. */
static bool first_byte_fits(const struct head *head, uint8_t c)
{
	if (head->response)
		return c == 'H';
	return http_char_is(c, HTTP_TCHAR) || c == '\r';
}

static enum bj_err feed(const struct head *head, const uint8_t *buf, size_t len, size_t *out_used, bool *out_done)
{
	struct h1_parser *parser = head->parser;
	size_t pos = 0;

	*out_done = false;
	*out_used = 0;
	if (parser->state == AT_FAILED)
		return parser->err;
	check(len >= parser->seen && parser->state != AT_END);
	while (pos < len) {
		const uint8_t *line = buf + pos;
		size_t seen = parser->seen;
		const uint8_t *lf = memchr(line + seen, '\n', len - pos - seen);
		size_t line_len = lf ? (size_t)(lf + 1 - line) : len - pos;
		enum bj_err err;

		if (parser->state == AT_START && !first_byte_fits(head, line[0]))
			return malformed(head, "this is not HTTP");
		if (line_len > parser->size_max - parser->taken)
			return too_large(head);
		if (!lf) {
			parser->seen = (uint32_t)line_len;
			break;
		}
		if (line_len < 2 || line[line_len - 2] != '\r')
			return malformed(head, "a line ends with LF alone");
		parser->taken += (uint32_t)line_len;
		parser->seen = 0;
		err = line_take(head, bytes_of(line, line_len - 2));
		if (err)
			return err;
		pos += line_len;
		*out_used = pos;
		if (parser->state == AT_END) {
			*out_done = true;
			break;
		}
	}
	return BJ_OK;
}

enum bj_err h1_request_feed(struct h1_parser *parser, struct http_request *request, const void *buf, size_t len, size_t *out_used,
			    bool *out_done)
{
	struct head head = { .parser = parser, .fields = &request->fields, .request = request };

	return feed(&head, (const uint8_t *)buf, len, out_used, out_done);
}

enum bj_err h1_response_feed(struct h1_parser *parser, struct http_response *response, enum http_method method, bool upgrade_asked,
			     const void *buf, size_t len, size_t *out_used, bool *out_done)
{
	struct head head = { .parser = parser, .fields = &response->fields, .response = response, .method = method,
			     .upgrade_asked = upgrade_asked };

	return feed(&head, (const uint8_t *)buf, len, out_used, out_done);
}
