/* serve_session.c - the bytes of one session: from the stream through TLS to plaintext, and back. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/wipe.h"
#include "cli/serve.h"

static void session_free(struct serve_session *s)
{
	loop_timer_cancel(&s->server->loop, &s->timer);
	stream_drop(&s->stream);
	bj_tls_free(s->tls);
	serve_http_fini(s);
	if (s->text)
		wipe(s->text, SERVE_TEXT_MAX);
	free(s->raw);
	free(s->text);
	free(s->out);
	free(s->arena);
	list_remove(&s->link);
	s->server->session_count--;
	free(s);
}

static void deadline(struct serve_session *s, int64_t ms)
{
	loop_timer_set(&s->server->loop, &s->timer, s->server->loop.now_ms + ms);
}

static void expired(struct loop_timer *timer)
{
	struct serve_session *s = CONTAINER_OF(timer, struct serve_session, timer);

	if (s->tls && !s->handshake_done)
		serve_log_failure(s, BJ_ERR_IO_TIMEOUT);
	session_free(s);
}

void serve_session_close(struct serve_session *s)
{
	if (s->closing)
		return;
	s->closing = true;
	if (s->tls && !s->failed && !s->is_early)
		bj_tls_close(s->tls);
}

/* The end waits for the client's Finished, which says who it was. */
static bool close_waits(const struct serve_session *s)
{
	return s->is_early && !s->failed && !s->input_ended;
}

/* The connection is of no use any more; the alert, if there is one, still goes out. */
static void fail(struct serve_session *s, enum bj_err err)
{
	if (s->failed)
		return;
	if (!s->handshake_done || (err != BJ_ERR_TRUNCATED && err != BJ_ERR_IO_RESET))
		serve_log_failure(s, err);
	s->failed = true;
	s->closing = true;
}

/* ---- out */

size_t serve_write(struct serve_session *s, const void *bytes, size_t len)
{
	struct bj_bytes piece = bytes_of(bytes, len < SERVE_PIECE ? len : SERVE_PIECE);
	size_t used = 0, made = 0;
	enum bj_err err;

	check(s->out_len == 0);
	if (!s->tls) {
		memcpy(s->out, piece.ptr, piece.len);
		s->out_len = piece.len;
		return piece.len;
	}
	err = bj_tls_seal(s->tls, &piece, 1, s->out, SERVE_OUT_MAX, &used, &made);
	s->out_len = made;
	if (err)
		fail(s, err);
	return used;
}

/* True when all is out. */
static bool flush(struct serve_session *s)
{
	for (;;) {
		if (s->out_start == s->out_len) {
			s->out_start = s->out_len = 0;
			if (s->tls && bj_tls_pending(s->tls) > 0)
				s->out_len = bj_tls_pull(s->tls, s->out, SERVE_OUT_MAX);
			if (s->out_len == 0)
				return true;
		}
		struct bj_bytes piece = bytes_of(s->out + s->out_start, s->out_len - s->out_start);
		size_t sent = 0;
		enum bj_err err = stream_write(&s->stream, &piece, 1, &sent);

		if (err == BJ_ERR_WOULD_BLOCK) {
			stream_watch(&s->stream, STREAM_WRITE);
			return false;
		}
		if (err) {
			s->failed = s->closing = s->lingering = true; /* nobody is there to be told */
			return false;
		}
		s->out_start += sent;
		if (s->handshake_done || !s->tls)
			deadline(s, SERVE_IDLE_MS);
	}
}

/* ---- in */

static enum bj_err read_more(struct serve_session *s, uint8_t *buf, size_t *start, size_t *len, size_t cap)
{
	size_t got = 0;
	enum bj_err err;

	if (*start > 0) {
		memmove(buf, buf + *start, *len - *start);
		*len -= *start;
		*start = 0;
	}
	err = stream_read(&s->stream, buf + *len, cap - *len, &got);
	if (err)
		return err;
	if (got == 0)
		s->input_ended = true;
	else if (s->taking_body)
		deadline(s, SERVE_IDLE_MS);
	*len += got;
	return BJ_OK;
}

static void took_text(struct serve_session *s, struct bj_bytes data)
{
	if (s->text_start > 0) {
		memmove(s->text, s->text + s->text_start, s->text_len - s->text_start);
		s->text_len -= s->text_start;
		s->text_start = 0;
	}
	check(data.len <= SERVE_TEXT_MAX - s->text_len);
	bytes_copy(s->text + s->text_len, data.ptr, data.len);
	s->text_len += data.len;
}

/* True if something happened. */
static bool feed(struct serve_session *s)
{
	struct bj_tls_fed fed = { 0 };
	enum bj_err err = bj_tls_feed(s->tls, s->server->loop.unix_ms, s->raw + s->raw_start, s->raw_len - s->raw_start, &fed);

	s->raw_start += fed.used;
	if (err) {
		fail(s, err);
		return true;
	}
	switch (fed.event) {
	case BJ_TLS_EARLY_DATA:
		s->is_early = true;
		s->early_len += fed.data.len;
		took_text(s, fed.data);
		return true;
	case BJ_TLS_DATA:
		took_text(s, fed.data);
		return true;
	case BJ_TLS_DONE:
		s->handshake_done = true;
		s->is_early = false;
		if (s->closing && !s->failed)
			bj_tls_close(s->tls);
		s->handshake_us = s->server->loop.now_us - s->began_us;
		deadline(s, SERVE_START_MS);
		return true;
	case BJ_TLS_CLOSE:
		s->input_ended = true;
		return true;
	case BJ_TLS_NONE:
		return bj_tls_pending(s->tls) > 0;
	default:
		return true;
	}
}

/* Takes in more: false when there is nothing now. */
static bool take(struct serve_session *s)
{
	enum bj_err err;

	if (!s->tls) {
		if (s->input_ended)
			return false;
		err = read_more(s, s->text, &s->text_start, &s->text_len, SERVE_TEXT_MAX);
	} else {
		if (feed(s))
			return true;
		if (s->input_ended) {
			return false;
		}
		err = read_more(s, s->raw, &s->raw_start, &s->raw_len, SERVE_RAW_MAX);
		if (!err && s->input_ended) {
			err = bj_tls_eof(s->tls);
			if (err)
				fail(s, err);
			return true;
		}
	}
	if (err == BJ_ERR_WOULD_BLOCK) {
		stream_watch(&s->stream, STREAM_READ);
		return false;
	}
	if (err)
		fail(s, err);
	return true;
}

/* After our end: the peer's bytes are thrown away until its end, so that no reset overtakes what was sent. */
static void linger(struct serve_session *s)
{
	size_t got = 1;

	if (!s->lingering) {
		s->lingering = true;
		stream_finish(&s->stream);
		deadline(s, SERVE_LINGER_MS);
	}
	while (got > 0) {
		enum bj_err err = stream_read(&s->stream, s->raw ? s->raw : s->text, s->raw ? SERVE_RAW_MAX : SERVE_TEXT_MAX, &got);

		if (err == BJ_ERR_WOULD_BLOCK) {
			stream_watch(&s->stream, STREAM_READ);
			return;
		}
		if (err)
			break;
	}
	session_free(s);
}

static bool text_has_room(const struct serve_session *s)
{
	return SERVE_TEXT_MAX - (s->text_len - s->text_start) >= BJ_TLS_RECORD_PLAIN_MAX;
}

static void pump(struct serve_session *s)
{
	for (;;) {
		if (!flush(s)) {
			if (s->lingering && s->failed)
				session_free(s);
			return;
		}
		if (s->closing && !close_waits(s)) {
			linger(s);
			return;
		}
		if (!s->closing && (!s->tls || s->handshake_done || s->is_early) && (s->sending || s->head_done || s->text_len > s->text_start) && serve_step(s) == STEP_ON)
			continue;
		if (s->input_ended && !s->sending) {
			serve_session_close(s);
			continue;
		}
		if (!text_has_room(s)) {
			serve_session_close(s);
			continue;
		}
		if (!take(s) && (!s->closing || close_waits(s)) && !s->input_ended)
			return;
	}
}

static void ready(struct stream *stream, unsigned what)
{
	struct serve_session *s = CONTAINER_OF(stream, struct serve_session, stream);

	if (s->lingering)
		linger(s);
	else
		pump(s);
}

/* ---- beginning and end */

static struct serve_session *session_new(struct server *server)
{
	struct serve_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->server = server;
	s->body.fd = -1;
	list_init(&s->link);
	loop_timer_init(&s->timer, expired);
	s->text = malloc(SERVE_TEXT_MAX);
	s->out = malloc(SERVE_OUT_MAX);
	s->arena = aligned_alloc(8, SERVE_HEAD_MAX + SERVE_FIELDS_MAX * HTTP_FIELD_ENTRY);
	if (server->tls)
		s->raw = malloc(SERVE_RAW_MAX);
	if (s->text && s->out && s->arena && (!server->tls || (s->raw && bj_tls_new(server->tls, NULL, &s->tls) == BJ_OK)))
		return s;
	free(s->text);
	free(s->out);
	free(s->arena);
	free(s->raw);
	free(s);
	return NULL;
}

void serve_session_start(struct server *server, const struct stream_source *source, const struct addr *peer)
{
	struct serve_session *s = server->session_count < SERVE_SESSIONS_MAX ? session_new(server) : NULL;

	if (!s) {
		stream_source_drop(source);
		return;
	}
	s->peer = *peer;
	s->began_us = server->loop.now_us;
	list_push_back(&server->sessions, &s->link);
	server->session_count++;
	serve_http_init(s);
	if (stream_init(&s->stream, &server->loop, source, ready) != BJ_OK) {
		session_free(s);
		return;
	}
	deadline(s, SERVE_START_MS);
	stream_watch(&s->stream, STREAM_READ);
}

void serve_sessions_end(struct server *server)
{
	while (!list_is_empty(&server->sessions))
		session_free(CONTAINER_OF(list_front(&server->sessions), struct serve_session, link));
}
