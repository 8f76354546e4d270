/* h1_write.c - clean heads from plain values; nothing is written as it came (rfc9112:3 rfc9112:4 rfc9112:6). */
#include "http/h1.h"

#define NUMBER_MAX 20 /* digits of 2^64 - 1 */

static void text(struct writer *w, const char *s)
{
	wr_raw(w, s, strlen(s));
}

static void number(struct writer *w, uint64_t value)
{
	uint8_t digits[NUMBER_MAX];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (uint8_t)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	wr_raw(w, digits + at, sizeof(digits) - at);
}

static void fields_write(struct writer *w, const struct http_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct http_field *field = http_field_at(fields, i);
		struct bj_bytes name = http_field_name(fields, field), value = http_field_value(fields, field);
		uint8_t *p = field->removed ? NULL : wr_room(w, name.len + value.len + 4);

		if (!p)
			continue;
		memcpy(p, name.ptr, name.len);
		p += name.len;
		*p++ = ':';
		*p++ = ' ';
		bytes_copy(p, value.ptr, value.len);
		p += value.len;
		*p++ = '\r';
		*p = '\n';
	}
}

static void framing_write(struct writer *w, const struct http_framing *framing)
{
	if (framing->kind == HTTP_BODY_LENGTH) {
		text(w, "Content-Length: ");
		number(w, framing->length);
		text(w, "\r\n");
	} else if (framing->kind == HTTP_BODY_CHUNKED) {
		text(w, "Transfer-Encoding: chunked\r\n");
	}
}

static void target_write(struct writer *w, const struct http_request *request)
{
	const struct http_target *target = &request->target;

	if (target->form == HTTP_TARGET_AUTHORITY) {
		wr_bytes(w, target->authority.host);
		text(w, ":");
		number(w, target->authority.port);
		return;
	}
	wr_bytes(w, target->path);
	if (target->has_query) {
		text(w, "?");
		wr_bytes(w, target->query);
	}
}

static void host_write(struct writer *w, const struct http_authority *host, struct bj_bytes default_host)
{
	text(w, "Host: ");
	if (host->host.len > 0) {
		wr_bytes(w, host->host);
		if (host->port) {
			text(w, ":");
			number(w, host->port);
		}
	} else {
		wr_bytes(w, default_host);
	}
	text(w, "\r\n");
}

void h1_request_write(struct writer *w, const struct http_request *request, bool close, struct bj_bytes default_host)
{
	wr_bytes(w, request->method_text);
	text(w, " ");
	target_write(w, request);
	text(w, " HTTP/1.1\r\n");
	host_write(w, &request->host, default_host);
	fields_write(w, &request->fields);
	framing_write(w, &request->framing);
	if (request->expect_continue)
		text(w, "Expect: 100-continue\r\n");
	if (request->upgrade_websocket)
		text(w, "Connection: upgrade\r\nUpgrade: websocket\r\n");
	else if (close)
		text(w, "Connection: close\r\n");
	text(w, "\r\n");
}

static void status_line_write(struct writer *w, unsigned status, struct bj_bytes reason)
{
	text(w, "HTTP/1.1 ");
	number(w, status);
	text(w, " ");
	wr_bytes(w, reason);
	text(w, "\r\n");
}

static void connection_write(struct writer *w, uint8_t client_version, bool close)
{
	if (close)
		text(w, "Connection: close\r\n");
	else if (client_version < HTTP_1_1)
		text(w, "Connection: keep-alive\r\n");
}

void h1_response_write(struct writer *w, const struct http_response *response, const struct http_framing *framing,
		       uint8_t client_version, bool close)
{
	status_line_write(w, response->status, response->reason);
	fields_write(w, &response->fields);
	framing_write(w, framing);
	/* what HEAD and 304 say about a body that does not come; 1xx and 204 must not say any (rfc9110:8.6) */
	if (framing->kind == HTTP_BODY_NONE && response->has_length && response->status >= 200 && response->status != 204)
		framing_write(w, &(struct http_framing){ HTTP_BODY_LENGTH, response->length });
	if (response->status == 101)
		text(w, "Connection: upgrade\r\nUpgrade: websocket\r\n");
	else if (response->status >= 200 && framing->kind != HTTP_BODY_TUNNEL)
		connection_write(w, client_version, close || framing->kind == HTTP_BODY_CLOSE);
	text(w, "\r\n");
}

void h1_error_write(struct writer *w, unsigned status, bool is_head, bool close, int64_t now_s, struct bj_bytes extra)
{
	const char *reason = http_status_text(status);
	char date[HTTP_DATE_LEN + 1];

	http_date_write(now_s, date);
	status_line_write(w, status, bytes_text(reason));
	text(w, "Date: ");
	wr_raw(w, date, HTTP_DATE_LEN);
	text(w, "\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n");
	wr_bytes(w, extra);
	text(w, "Content-Length: ");
	number(w, 3 + 1 + strlen(reason) + 1);
	text(w, close ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
	if (is_head)
		return;
	number(w, status);
	text(w, " ");
	text(w, reason);
	text(w, "\n");
}
