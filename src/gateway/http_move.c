/* http_move.c - see http.h: requests to servers, responses to clients, tunnels. Implements rfc9112:6 rfc9112:7 rfc9110:15.2 */
#include "gateway/http.h"
#include "gateway/relay.h"

/* ---- towards the server */

static void put_head(struct exchange *x)
{
	struct session *s = &x->hs->base;
	struct writer head = worker_head_writer(session_worker(s), &x->up->link, WORKER_HEAD_MAX);

	h1_request_write(&head, &x->request, false, bytes_text(x->target->conf->authority));
	link_put(&x->up->link, worker_head_done(session_worker(s), &head));
	x->head_put = true;
	if (x->kept) { /* of an earlier try; it may grow, so the view must not stay */
		link_put(&x->up->link, chunk_view(x->kept));
		(void)link_flush(&x->up->link);
	}
}

/* One piece of a body, in chunks where the framing says so. */
static void put_piece(struct worker *w, struct link *to, bool chunked, struct bj_bytes data)
{
	struct writer line;

	if (data.len == 0)
		return;
	if (!chunked) {
		link_put(to, data);
		return;
	}
	line = worker_head_writer(w, to, CHUNKED_SIZE_LINE_MAX);
	chunked_size_write(&line, data.len);
	link_put(to, worker_head_done(w, &line));
	link_put(to, data);
	link_put(to, BYTES_LIT(CHUNKED_DATA_END));
}

/* Takes the body's part of a view. */
static enum bj_err send_body(struct exchange *x, struct bj_bytes view, size_t *out_used)
{
	struct worker *w = session_worker(&x->hs->base);
	uint64_t most = x->hs->base.to->conf->limits.body;
	bool chunked = x->body.kind == HTTP_BODY_CHUNKED;

	*out_used = 0;
	while (*out_used < view.len && !x->body.done) {
		struct bj_bytes data;
		size_t used;
		enum bj_err err = body_take(&x->body, bytes_of(view.ptr + *out_used, view.len - *out_used), &used, &data);

		if (err)
			return err;
		if (most != CONF_NO_LIMIT && x->body.total > most)
			return BJ_ERR_HTTP_BODY_LIMIT;
		if (data.len > 0) {
			x->body_began = true;
			x->keep_body = x->keep_body && chunk_append(&w->chunks, &x->kept, data);
		}
		put_piece(w, &x->up->link, chunked, data);
		*out_used += used;
	}
	if (x->body.done && chunked) {
		x->body_began = true;
		link_put(&x->up->link, BYTES_LIT(CHUNKED_LAST));
	}
	return BJ_OK;
}

/* The client's part of the exchange failed. */
static bool request_failed(struct exchange *x, enum bj_err err)
{
	if (x->hs->base.client.err || x->head_sent) {
		struct http_session *hs = x->hs;

		x->err = err;
		http_drop_server(x, POOL_ABANDONED);
		return http_abort(hs, err, close_reason_of(hs->base.client.err));
	}
	return http_answer(x, http_status_of(err), true, err, x->body.chunked.why);
}

enum moved {
	MOVED_WAIT = 0, /* nothing more to do now */
	MOVED_PHASE,    /* the exchange is over: look again */
	MOVED_GONE,     /* the session is gone */
};

static enum moved from_bool(bool look_again)
{
	return look_again ? MOVED_PHASE : MOVED_GONE;
}

static enum moved move_request(struct exchange *x)
{
	struct link *c = &x->hs->base.client, *u = &x->up->link;
	struct bj_bytes view;
	int fills = 0;

	if (x->body.done)
		return MOVED_WAIT;
	while (!link_is_blocked(u) && !u->err && !x->body.done) {
		size_t used;
		enum bj_err err;

		if (link_next(c, &view)) {
			err = send_body(x, view, &used);
			if (err)
				return from_bool(request_failed(x, err));
			link_used(c, view, used, false);
			continue;
		}
		if (c->err || c->ended)
			return from_bool(request_failed(x, c->err ? c->err : BJ_ERR_TRUNCATED));
		if (fills++ == HTTP_FILLS_MAX)
			break;
		if (link_fill(c) == BJ_ERR_WOULD_BLOCK)
			break;
	}
	(void)link_flush(u);
	if (!x->head_done)
		http_wait_for(x, x->body.done ? WAIT_RESPONSE : WAIT_BODY);
	link_want_read(c, !x->body.done && !link_is_blocked(u));
	return MOVED_WAIT;
}

/* ---- towards the client */

static enum bj_err begin_response(struct exchange *x)
{
	struct worker *w = session_worker(&x->hs->base);

	x->response_arena = arena_take(w, x->hs->base.generation->runtime->arena_size);
	if (!x->response_arena)
		return BJ_ERR_NO_MEMORY;
	h1_parser_init(&x->response_parser, HTTP_RESPONSE_HEAD_MAX);
	http_fields_init(&x->response.fields, x->response_arena->bytes, x->response_arena->size,
			 x->hs->base.generation->runtime->header_count);
	return BJ_OK;
}

/* 100 and its kin go through to clients that know them. */
static enum bj_err pass_interim(struct exchange *x)
{
	struct worker *w = session_worker(&x->hs->base);
	static const struct http_framing none = { HTTP_BODY_NONE, 0 };

	if (++x->interims > HTTP_INTERIMS_MAX)
		return BJ_ERR_HTTP_BAD_RESPONSE;
	if (x->request.version >= HTTP_1_1) {
		struct writer head = worker_head_writer(w, &x->hs->base.client, WORKER_HEAD_MAX);

		http_response_strip(&x->response);
		h1_response_write(&head, &x->response, &none, x->request.version, false);
		link_put(&x->hs->base.client, worker_head_done(w, &head));
	}
	http_fields_clear(&x->response.fields);
	h1_parser_init(&x->response_parser, HTTP_RESPONSE_HEAD_MAX);
	return BJ_OK;
}

static void take_head(struct exchange *x)
{
	struct worker *w = session_worker(&x->hs->base);

	x->head_done = true;
	x->server_us = w->loop.now_us - x->try_us;
	x->status = x->response.status;
	body_begin(&x->answer, &x->response.framing);
	x->framing = x->response.framing;
	if (x->response.framing.kind == HTTP_BODY_TUNNEL)
		return;
	if (x->response.framing.kind == HTTP_BODY_CLOSE && x->request.version >= HTTP_1_1)
		x->framing.kind = HTTP_BODY_CHUNKED;
	else if (x->response.framing.kind == HTTP_BODY_CHUNKED && x->request.version < HTTP_1_1)
		x->framing.kind = HTTP_BODY_CLOSE;
	x->close = !x->request.keep_alive || !x->body.done || session_is_over(&x->hs->base) || x->framing.kind == HTTP_BODY_CLOSE;
}

static void send_head(struct exchange *x)
{
	struct worker *w = session_worker(&x->hs->base);
	struct writer head = worker_head_writer(w, &x->hs->base.client, WORKER_HEAD_MAX);

	http_response_strip(&x->response);
	h1_response_write(&head, &x->response, &x->framing, x->request.version, x->close);
	link_put(&x->hs->base.client, worker_head_done(w, &head));
	x->head_sent = true;
	arena_give(w, x->response_arena); /* a long body needs no head */
	x->response_arena = NULL;
}

/* Takes what a view has of the response. */
static enum bj_err take_response(struct exchange *x, struct bj_bytes view, size_t *out_used, bool *out_short)
{
	struct worker *w = session_worker(&x->hs->base);
	struct link *c = &x->hs->base.client;
	enum bj_err err;

	*out_used = 0;
	*out_short = false;
	x->response_began = true;
	while (!x->head_done) {
		bool done = false;
		size_t used = 0;

		if (!x->response_arena) {
			err = begin_response(x);
			if (err)
				return err;
		}
		err = h1_response_feed(&x->response_parser, &x->response, x->request.method, x->request.upgrade_websocket,
				       view.ptr + *out_used, view.len - *out_used, &used, &done);
		*out_used += used;
		if (err)
			return err;
		if (!done) {
			*out_short = true;
			return BJ_OK;
		}
		if (x->response.status < 200 && x->response.framing.kind != HTTP_BODY_TUNNEL) {
			err = pass_interim(x);
			if (err)
				return err;
			continue;
		}
		take_head(x);
	}
	if (x->answer.kind == HTTP_BODY_TUNNEL)
		return BJ_OK;
	do {
		struct bj_bytes data = { 0 };
		size_t used = 0;

		if (!x->answer.done) {
			err = body_take(&x->answer, bytes_of(view.ptr + *out_used, view.len - *out_used), &used, &data);
			if (err)
				return err;
			*out_used += used;
		}
		/* a chunked body is believed when its first chunk is good */
		if (!x->head_sent && (x->answer.kind != HTTP_BODY_CHUNKED || x->answer.chunked.began || x->answer.done))
			send_head(x);
		put_piece(w, c, x->framing.kind == HTTP_BODY_CHUNKED, data);
	} while (*out_used < view.len && !x->answer.done);
	return BJ_OK;
}

/* The response is complete. */
static bool finish(struct exchange *x)
{
	struct http_session *hs = x->hs;
	struct session *s = &hs->base;
	struct upstream *up = x->up;
	bool close = x->close, more = !x->body.done || x->request.keep_alive; /* the client may be sending */
	bool bad = x->status == 502 || x->status == 503 || x->status == 504;

	if (x->framing.kind == HTTP_BODY_CHUNKED)
		link_put(&s->client, BYTES_LIT(CHUNKED_LAST));
	if (close)
		link_finish_with_flush(&s->client);
	(void)link_flush(&s->client);
	x->up = NULL;
	if (x->response.keep_alive && x->body.done && x->answer.kind != HTTP_BODY_CLOSE)
		upstream_give(up);
	else
		upstream_close(up);
	http_drop_server(x, bad ? POOL_FAILED : POOL_SUCCEEDED);
	x->err = BJ_OK;
	http_exchange_end(x);
	if (!close) {
		hs->phase = PHASE_IDLE;
		return true;
	}
	hs->phase = more ? PHASE_LINGER : PHASE_CLOSING;
	hs->lingered = 0;
	session_set_timer(s, s->to->conf->limits.body_time_ms);
	return true;
}

static bool begin_tunnel(struct exchange *x)
{
	struct session *s = &x->hs->base;

	send_head(x);
	(void)link_flush(&s->client);
	x->hs->phase = PHASE_TUNNEL;
	session_set_timer(s, x->group->conf->idle_time_ms);
	return true;
}

static bool response_failed(struct exchange *x, enum bj_err err)
{
	/* what a server says wrongly is not asked again */
	if (err >= BJ_ERR_HTTP_BAD_REQUEST && err < BJ_ERR_IO)
		x->response_began = true;
	return http_try_failed(x, err);
}

static enum moved move_response(struct exchange *x)
{
	struct link *c = &x->hs->base.client, *u = &x->up->link;
	struct bj_bytes view;
	int fills = 0;

	while (!link_is_blocked(c) && !c->err) {
		size_t used;
		bool is_short;
		enum bj_err err;

		if (link_next(u, &view)) {
			err = take_response(x, view, &used, &is_short);
			if (err)
				return from_bool(response_failed(x, err));
			link_used(u, view, used, is_short);
			if (x->head_done && x->answer.kind == HTTP_BODY_TUNNEL)
				return from_bool(begin_tunnel(x));
			if (x->head_done && x->answer.done)
				return from_bool(finish(x));
			continue;
		}
		if (u->ended && x->head_done && x->answer.kind == HTTP_BODY_CLOSE) {
			if (!x->head_sent)
				send_head(x);
			return from_bool(finish(x));
		}
		if (u->err || u->ended)
			return from_bool(response_failed(x, u->err ? u->err : BJ_ERR_TRUNCATED));
		if (fills++ == HTTP_FILLS_MAX)
			break;
		if (link_fill(u) == BJ_ERR_WOULD_BLOCK)
			break;
	}
	(void)link_flush(c);
	if (c->err)
		return from_bool(request_failed(x, c->err));
	if (x->head_done && fills > 0)
		http_wait_for(x, WAIT_DATA);
	link_want_read(u, !link_is_blocked(c));
	return MOVED_WAIT;
}

bool http_move(struct exchange *x)
{
	struct http_session *hs = x->hs;
	struct upstream *up = x->up;
	enum moved moved;

	if (hs->base.client.err)
		return request_failed(x, hs->base.client.err);
	if (up->link.handshaking && !up->link.err)
		return false;
	if (!x->head_put && !up->link.err) {
		put_head(x);
		if (x->body.done || !up->established) {
			(void)link_flush(&up->link);
			if (!link_is_blocked(&up->link) && !up->link.err)
				upstream_is_established(up);
		}
		link_want_read(&hs->base.client, false);
		if (x->body.done && up->established)
			http_wait_for(x, WAIT_RESPONSE);
	}
	if (up->established) {
		if (x->wait == WAIT_CONNECT)
			http_wait_for(x, x->body.done ? WAIT_RESPONSE : WAIT_BODY);
		moved = move_request(x);
		if (moved != MOVED_WAIT)
			return moved == MOVED_PHASE;
	}
	moved = move_response(x);
	return moved == MOVED_PHASE;
}

bool http_tunnel_move(struct http_session *hs)
{
	struct exchange *x = hs->x;
	struct session *s = &hs->base;

	switch (relay_both(&s->client, &x->up->link, &x->body.total, &x->answer.total)) {
	case RELAY_ON:
		session_set_timer(s, x->group->conf->idle_time_ms);
		return false;
	case RELAY_ENDED:
		http_drop_server(x, POOL_SUCCEEDED);
		session_end(s, CLOSE_FIN);
		return false;
	case RELAY_FAILED:
		x->err = s->client.err ? s->client.err : x->up->link.err;
		relay_break(&s->client, &x->up->link, x->err);
		http_drop_server(x, POOL_SUCCEEDED);
		session_end(s, close_reason_of(x->err));
		return false;
	}
	return false;
}
