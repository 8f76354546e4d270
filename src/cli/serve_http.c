/* serve_http.c - answers the requests of a session, one after another; or echoes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/serve.h"

#define HEAD_OUT_MAX 2048

static void next_request(struct serve_session *s)
{
	http_fields_init(&s->request.fields, s->arena, SERVE_HEAD_MAX + SERVE_FIELDS_MAX * HTTP_FIELD_ENTRY, SERVE_FIELDS_MAX);
	h1_parser_init(&s->parser, SERVE_HEAD_MAX);
	s->request.method_text = s->request.target.path = bytes_of(NULL, 0); /* the log shows them, also of one that is malformed */
	s->request_bytes = 0;
	s->response_bytes = 0;
	s->taking_body = false;
	s->head_done = false;
}

void serve_http_init(struct serve_session *s)
{
	s->is_http = s->server->mode != SERVE_ECHO;
	next_request(s);
}

static void body_fini(struct serve_body *body)
{
	free(body->bytes);
	if (body->fd >= 0)
		close(body->fd);
	*body = (struct serve_body){ .fd = -1 };
}

void serve_http_fini(struct serve_session *s)
{
	body_fini(&s->body);
}

/* ---- responses */

static void end_response(struct serve_session *s)
{
	s->server->requests++;
	serve_log_request(s);
	body_fini(&s->body);
	s->sending = false;
	if (!s->keep_alive)
		serve_session_close(s);
	next_request(s);
}

/* Status line and fields; the body, if there is one, is in s->body. */
static void begin_response(struct serve_session *s, unsigned status, const char *type, uint64_t length, const char *more_fields)
{
	char head[HEAD_OUT_MAX], date[HTTP_DATE_LEN + 1];
	bool is_head = s->request.method == HTTP_HEAD;
	int n;

	http_date_write(s->server->loop.unix_ms / 1000, date);
	n = snprintf(head, sizeof(head),
		     "HTTP/1.1 %u %s\r\nDate: %s\r\nServer: bojagi\r\nContent-Type: %s\r\nContent-Length: %" PRIu64 "\r\n"
		     "X-Content-Type-Options: nosniff\r\n%s%s\r\n",
		     status, http_status_text(status), date, type, length, more_fields, s->keep_alive ? "" : "Connection: close\r\n");
	if (n < 0 || (size_t)n >= sizeof(head)) {
		s->keep_alive = false;
		serve_session_close(s);
		return;
	}
	s->status = status;
	s->response_bytes = is_head ? 0 : length;
	s->sending = true;
	if (is_head)
		body_fini(&s->body);
	serve_write(s, head, (size_t)n);
}

static void respond_text(struct serve_session *s, unsigned status, const char *type, char *text, size_t len, const char *more_fields)
{
	if (!text) {
		s->keep_alive = false;
		begin_response(s, 500, "text/plain", 0, "");
		return;
	}
	s->body = (struct serve_body){ .bytes = (uint8_t *)text, .len = len, .fd = -1 };
	begin_response(s, status, type, len, more_fields);
}

static void respond_error(struct serve_session *s, unsigned status, const char *more_fields)
{
	const char *words = http_status_text(status);
	char *text = NULL;
	int n = asprintf(&text, "%u %s\n", status, words);

	respond_text(s, status, "text/plain; charset=utf-8", n > 0 ? text : NULL, n > 0 ? (size_t)n : 0, more_fields);
}

static void respond_file(struct serve_session *s)
{
	struct bj_bytes path = s->request.target.path;
	const char *type = "application/octet-stream";
	uint64_t length = 0;
	int64_t modified = 0;
	char field[64], date[HTTP_DATE_LEN + 1];
	unsigned status;

	if (s->request.method != HTTP_GET && s->request.method != HTTP_HEAD) {
		respond_error(s, 405, "Allow: GET, HEAD\r\n");
		return;
	}
	status = serve_file_open(s->server, path, &s->body, &type, &length, &modified);
	if (status == 301) {
		char location[HEAD_OUT_MAX / 2];

		if (path.len + 16 > sizeof(location)) {
			respond_error(s, 404, "");
			return;
		}
		snprintf(location, sizeof(location), "Location: %.*s/\r\n", (int)path.len, (const char *)path.ptr);
		respond_error(s, 301, location);
		return;
	}
	if (status != 200) {
		respond_error(s, status, "");
		return;
	}
	http_date_write(modified, date);
	snprintf(field, sizeof(field), "Last-Modified: %s\r\n", date);
	begin_response(s, 200, type, length, field);
}

static bool wants_html(const struct serve_session *s)
{
	const struct http_field *accept = http_field_find(&s->request.fields, HTTP_N_ACCEPT, NULL);
	struct bj_bytes value;

	if (!accept)
		return false;
	value = http_field_value(&s->request.fields, accept);
	return memmem(value.ptr, value.len, "text/html", 9) != NULL;
}

static void respond(struct serve_session *s)
{
	size_t len = 0;
	bool html;
	char *page;

	switch (s->server->mode) {
	case SERVE_ECHO:
		page = page_negotiated(s, &len);
		respond_text(s, 200, "text/plain; charset=utf-8", page, len, "");
		return;
	case SERVE_NAME:
		html = wants_html(s);
		page = page_name(s, html, &len);
		respond_text(s, 200, html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8", page, len, "Cache-Control: no-store\r\n");
		return;
	default:
		respond_file(s);
		return;
	}
}

/* Sends a piece of the body; reading a file may fail half-way, and then the connection has to end. */
static void send_piece(struct serve_session *s)
{
	uint8_t piece[SERVE_PIECE];
	struct serve_body *body = &s->body;

	if (body->bytes && body->at < body->len) {
		body->at += serve_write(s, body->bytes + body->at, body->len - body->at);
		return;
	}
	if (body->fd >= 0 && body->file_left > 0) {
		size_t want = body->file_left < sizeof(piece) ? (size_t)body->file_left : sizeof(piece);
		ssize_t n = pread(body->fd, piece, want, (off_t)body->at);

		if (n <= 0) {
			s->failed = true; /* the length was promised: no end in order */
			serve_session_close(s);
			return;
		}
		n = (ssize_t)serve_write(s, piece, (size_t)n);
		body->at += (size_t)n;
		body->file_left -= (uint64_t)n;
		return;
	}
	end_response(s);
}

/* ---- requests */

static enum serve_step take_body(struct serve_session *s)
{
	struct bj_bytes text = serve_text(s);
	enum chunked_event event = CHUNKED_MORE;
	struct bj_bytes data;
	size_t used = 0;

	if (s->request.framing.kind == HTTP_BODY_CHUNKED) {
		if (chunked_feed(&s->chunked, text.ptr, text.len, &used, &data, &event) != BJ_OK) {
			s->keep_alive = false;
			respond_error(s, 400, "");
			return STEP_ON;
		}
		serve_text_used(s, used);
		s->request_bytes += event == CHUNKED_DATA ? data.len : 0;
		if (event == CHUNKED_MORE)
			return STEP_MORE;
		if (event == CHUNKED_DATA)
			return STEP_ON;
	} else {
		used = text.len < s->request_left ? text.len : (size_t)s->request_left;
		serve_text_used(s, used);
		s->request_bytes += used;
		s->request_left -= used;
		if (s->request_left > 0)
			return STEP_MORE;
	}
	s->taking_body = false;
	respond(s);
	return STEP_ON;
}

static enum serve_step take_head(struct serve_session *s)
{
	struct bj_bytes text = serve_text(s);
	size_t used = 0;
	bool done = false;
	enum bj_err err = h1_request_feed(&s->parser, &s->request, text.ptr, text.len, &used, &done);

	serve_text_used(s, used);
	if (err) {
		s->keep_alive = false;
		s->request.method = HTTP_GET;
		respond_error(s, http_status_of(err), "");
		return STEP_ON;
	}
	if (!done)
		return STEP_MORE;
	s->head_done = true;
	return STEP_ON;
}

/* A whole head is there; early ones wait unless the request changes nothing (rfc8470:3). */
static enum serve_step take_request(struct serve_session *s)
{
	if (s->is_early && s->request.method != HTTP_GET && s->request.method != HTTP_HEAD)
		return STEP_WAIT;
	s->head_done = false;
	s->keep_alive = s->request.keep_alive;
	if (s->request.framing.kind == HTTP_BODY_NONE || (s->request.framing.kind == HTTP_BODY_LENGTH && s->request.framing.length == 0)) {
		respond(s);
		return STEP_ON;
	}
	if (s->server->mode == SERVE_FILES) {
		s->keep_alive = false; /* bodies are of no use here: not even read */
		respond(s);
		return STEP_ON;
	}
	s->taking_body = true;
	s->request_left = s->request.framing.length;
	chunked_init(&s->chunked);
	if (s->request.expect_continue)
		serve_write(s, H1_CONTINUE, sizeof(H1_CONTINUE) - 1);
	return STEP_ON;
}

static enum serve_step echo(struct serve_session *s)
{
	struct bj_bytes text = serve_text(s);

	if (s->is_early)
		return STEP_WAIT;
	serve_text_used(s, serve_write(s, text.ptr, text.len));
	return STEP_ON;
}

/* In echo mode the first bytes decide what this session is. */
static enum serve_step decide(struct serve_session *s)
{
	struct bj_bytes text = serve_text(s);
	size_t len = text.len < 4 ? text.len : 4;

	if (memcmp(text.ptr, "GET ", len) != 0)
		s->is_echo = true;
	else if (len == 4)
		s->is_http = true;
	else
		return STEP_MORE;
	return STEP_ON;
}

enum serve_step serve_step(struct serve_session *s)
{
	if (s->server->key_update && !s->keys_updated && s->handshake_done) {
		s->keys_updated = true;
		(void)!bj_tls_key_update(s->tls, true); /* 1.2 has none */
	}
	if (s->sending) {
		send_piece(s);
		return STEP_ON;
	}
	if (s->is_echo)
		return echo(s);
	if (!s->is_http)
		return decide(s);
	if (s->head_done)
		return take_request(s);
	return s->taking_body ? take_body(s) : take_head(s);
}
