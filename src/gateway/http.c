/* http.c - see http.h: requests as they come, the connection's phases, our own answers. Implements rfc9112:9 rfc9110:15.5.20 */
#include "gateway/http.h"
#include "gateway/relay.h"
#include "gateway/route.h"

/* ---- exchanges */

static struct exchange *exchange_new(struct http_session *hs)
{
	struct worker *w = session_worker(&hs->base);
	const struct conf_limits *limits;
	struct exchange *x;

	if (!session_follow(&hs->base))
		return NULL;
	x = (struct exchange *)slab_alloc(&w->exchange_slab);
	if (!x)
		return NULL;
	memset(x, 0, sizeof(*x));
	limits = &hs->base.to->conf->limits;
	x->arena = arena_take(w, hs->base.generation->runtime->arena_size);
	if (!x->arena) {
		slab_free(&w->exchange_slab, x);
		return NULL;
	}
	x->hs = hs;
	x->started_us = w->loop.now_us;
	h1_parser_init(&x->parser, limits->header_size);
	/* room for what we add ourselves; the client's own are counted when the head is complete */
	http_fields_init(&x->request.fields, x->arena->bytes, x->arena->size, limits->header_count + 32);
	hs->x = x;
	return x;
}

static void log_exchange(struct exchange *x)
{
	struct session *s = &x->hs->base;
	struct worker *w = session_worker(s);
	struct log_request line = {
		.session = s,
		.method = x->request.method_text,
		.path = x->request.target.path,
		.query = x->request.target.has_query ? x->request.target.query : bytes_of(NULL, 0),
		.host = x->request.host.host,
		.version = x->request.version,
		.status = x->status,
		.bytes_in = x->body.total,
		.bytes_out = x->answer.total,
		.duration_us = w->loop.now_us - x->started_us,
		.pool = x->group ? x->group->conf->name : NULL,
		.server = x->target ? x->target->conf->name : NULL,
		.server_us = x->server_us,
		.tries = x->tries,
		.err = x->err,
		.why = x->why,
	};

	if (!w->log.on)
		return;
	(void)http_field_get(&x->request.fields, HTTP_N_USER_AGENT, &line.user_agent);
	(void)http_field_get(&x->request.fields, HTTP_N_REFERER, &line.referer);
	access_log_request(&w->log, &line);
}

void http_exchange_end(struct exchange *x)
{
	struct http_session *hs = x->hs;
	struct worker *w = session_worker(&hs->base);

	http_drop_server(x, POOL_ABANDONED);
	if (hs->phase != PHASE_IDLE && (x->status || x->request.version)) {
		unsigned method = x->request.method < STATS_METHODS ? x->request.method : 0;

		stat_add(&w->stats->requests, 1);
		if (x->status >= STATS_STATUS_MIN && x->status < STATS_STATUS_MIN + STATS_STATUS_COUNT)
			stat_add(&w->stats->responses[method][x->status - STATS_STATUS_MIN], 1);
		histogram_add(&w->stats->request_duration, w->loop.now_us - x->started_us);
		stat_add(&w->stats->bytes_in, x->body.total);
		stat_add(&w->stats->bytes_out, x->answer.total);
		log_exchange(x);
	}
	if (hs->phase == PHASE_EXCHANGE || hs->phase == PHASE_TUNNEL)
		stat_sub(&w->stats->requests_open, 1);
	worker_flush_put(w); /* views into the arenas may be put */
	chunk_give(&w->chunks, x->kept);
	arena_give(w, x->response_arena);
	arena_give(w, x->arena);
	hs->x = NULL;
	slab_free(&w->exchange_slab, x);
}

/* ---- our own answers */

bool http_answer(struct exchange *x, unsigned status, bool close, enum bj_err err, const char *why)
{
	struct http_session *hs = x->hs;
	struct session *s = &hs->base;
	struct worker *w = session_worker(s);
	bool unread = !x->body.done || hs->phase != PHASE_EXCHANGE, more = unread || x->request.keep_alive;
	struct bj_bytes extra = status == 429 || status == 503 ? BYTES_LIT("Retry-After: 1\r\n") : bytes_of(NULL, 0);
	struct writer head;

	http_drop_server(x, POOL_ABANDONED);
	close = close || unread || !x->request.keep_alive || session_is_over(s);
	x->status = (uint16_t)status;
	x->err = err;
	x->why = why;
	head = worker_head_writer(w, &s->client, WORKER_HEAD_MAX);
	h1_error_write(&head, status, x->request.method == HTTP_HEAD, close, w->loop.unix_ms / 1000, extra);
	link_put(&s->client, worker_head_done(w, &head));
	if (close)
		link_finish_with_flush(&s->client);
	(void)link_flush(&s->client);
	http_exchange_end(x);
	if (close) {
		hs->phase = more ? PHASE_LINGER : PHASE_CLOSING;
		hs->lingered = 0;
		session_set_timer(s, s->to->conf->limits.body_time_ms);
	} else {
		hs->phase = PHASE_IDLE;
	}
	return true;
}

bool http_abort(struct http_session *hs, enum bj_err err, enum close_reason reason)
{
	struct exchange *x = hs->x;

	if (x) {
		x->err = err;
		http_exchange_end(x);
	}
	if (!hs->base.client.err)
		hs->base.client.err = err ? err : BJ_ERR_IO; /* so that no close_notify says that all came */
	stream_reset_on_drop(&hs->base.client.stream);
	session_end(&hs->base, reason);
	return false;
}

/* ---- a request */

static bool client_is_trusted(const struct session *s)
{
	const struct conf_listener *l = s->to->conf;

	return l->trusted_proxy_count > 0 && conf_networks_have(l->trusted_proxies, l->trusted_proxy_count, &s->peer.sa.any);
}

static enum bj_err add_forwarded(struct exchange *x)
{
	struct session *s = &x->hs->base;
	struct addr peer = session_peer(s);
	char text[ADDR_TEXT_MAX];
	struct forward_facts facts = { 0 };

	facts.client_address = bytes_of(text, addr_print_host(&peer, text));
	facts.client_port = addr_port(&peer);
	facts.peer_is_trusted = client_is_trusted(s);
	facts.is_tls = s->client.tls != NULL;
	facts.listener_port = addr_port(&s->on->listener.addr);
	if (s->identity) {
		facts.has_client_certificate = true;
		facts.certificate_der = s->identity->der;
		if (!s->identity->subject_is_cut)
			facts.certificate_subject = bytes_of(s->identity->subject, s->identity->subject_len);
		facts.certificate_sans = bytes_of(s->identity->sans_text, s->identity->sans_len);
		facts.certificate_sha256 = s->identity->sha256;
	}
	http_request_strip(&x->request);
	return forward_request(&x->request, &facts);
}

/* A connection that was authorised for one name must not be used for another one. */
static bool name_is_misdirected(const struct exchange *x)
{
	const struct session *s = &x->hs->base;
	struct bj_tls_report report;

	if (!s->client.tls || !s->to->sni_must_match || x->request.host.host.len == 0)
		return false;
	bj_tls_report(s->client.tls, &report);
	return report.server_name && !http_same(bytes_text(report.server_name), x->request.host.host);
}

static bool take_request(struct exchange *x)
{
	struct http_session *hs = x->hs;
	struct session *s = &hs->base;
	struct worker *w = session_worker(s);
	const struct conf_limits *limits = &s->to->conf->limits;
	enum bj_err err;

	hs->phase = PHASE_EXCHANGE;
	hs->requests++;
	stat_add(&w->stats->requests_open, 1);
	body_begin(&x->body, &x->request.framing);
	if (x->request.fields.count > limits->header_count)
		return http_answer(x, 431, true, BJ_ERR_HTTP_HEADER_LIMIT, "too many fields");
	if (limits->body != CONF_NO_LIMIT && x->request.framing.kind == HTTP_BODY_LENGTH &&
	    x->request.framing.length > limits->body)
		return http_answer(x, 413, true, BJ_ERR_HTTP_BODY_LIMIT, "Content-Length");
	if (limits->requests_per_client_per_min != CONF_NO_LIMIT &&
	    !client_pay(w->clients, s->client_hash, w->loop.now_us, limits->requests_per_client_per_min, limits->requests_per_client_burst))
		return http_answer(x, 429, false, BJ_ERR_LIMIT, "requests_per_client");
	if (x->request.method == HTTP_CONNECT)
		return http_answer(x, 501, true, BJ_ERR_HTTP_NOT_IMPLEMENTED, "CONNECT");
	if (name_is_misdirected(x))
		return http_answer(x, 421, false, BJ_ERR_HTTP_BAD_REQUEST, "the server name and Host differ");
	x->route = route_find(s->to->conf, &x->request, s->identity);
	if (!route_admits(x->route, s->identity))
		return http_answer(x, 403, false, BJ_ERR_ACCESS_DENIED, "client certificate");
	if (x->route->action != CONF_ACTION_POOL)
		return http_answer(x, x->route->status, false, BJ_OK, "route");
	err = add_forwarded(x);
	if (err)
		return http_answer(x, 431, true, err, "forwarded fields");
	x->group = generation_group(s->generation, x->route->pool);
	if (x->group->targets)
		retry_note_request(&x->group->budget);
	x->keep_body = x->request.framing.kind == HTTP_BODY_LENGTH && x->request.framing.length <= HTTP_KEPT_BODY_MAX &&
		       http_method_is_idempotent(x->request.method);
	return http_try(x);
}

static bool bad_request(struct exchange *x, enum bj_err err)
{
	unsigned status = http_status_of(err);

	x->body.done = false;
	return http_answer(x, err == BJ_ERR_HTTP_HEADER_LIMIT ? 431 : status, true, err, x->parser.why);
}

/* Reads until a head is complete. */
static bool read_head(struct http_session *hs)
{
	struct session *s = &hs->base;
	struct link *c = &s->client;
	struct bj_bytes view;

	for (;;) {
		while (link_next(c, &view)) {
			struct exchange *x = hs->x ? hs->x : exchange_new(hs);
			size_t used = 0;
			bool done = false;
			enum bj_err err;

			if (!x) {
				session_end(s, CLOSE_LIMIT);
				return false;
			}
			err = h1_request_feed(&x->parser, &x->request, view.ptr, view.len, &used, &done);
			if (hs->phase == PHASE_IDLE && (!h1_parser_is_fresh(&x->parser) || err)) {
				hs->phase = PHASE_HEAD;
				session_set_timer(s, s->to->conf->limits.header_time_ms);
			}
			if (err) {
				link_used(c, view, view.len, false);
				return bad_request(x, err);
			}
			link_used(c, view, used, !done);
			if (done)
				return take_request(x);
		}
		if (c->err || c->ended) {
			if (hs->x)
				http_exchange_end(hs->x);
			session_end(s, close_reason_of(c->err));
			return false;
		}
		if (link_fill(c) == BJ_ERR_WOULD_BLOCK) {
			link_want_read(c, true);
			return false;
		}
	}
}

/* ---- phases */

static void begin_idle(struct http_session *hs)
{
	hs->rested = false;
	session_set_timer(&hs->base, HTTP_REST_MS);
	link_want_read(&hs->base.client, true);
}

/* Answers that are not read get no further ones behind them. */
static void wait_for_reader(struct http_session *hs)
{
	hs->rested = true;
	session_set_timer(&hs->base, hs->base.to->conf->limits.idle_time_ms);
	link_want_read(&hs->base.client, false);
}

/* Throws away what a client still sends, so that a reset does not destroy what it has not read yet. */
static void linger(struct http_session *hs)
{
	struct session *s = &hs->base;
	struct link *c = &s->client;
	struct bj_bytes view;
	int fills = 0;

	if (link_is_blocked(c) && !c->err)
		return;
	if (hs->lingered == 0) {
		hs->lingered = 1;
		link_finish(c);
		session_set_timer(s, HTTP_LINGER_MS);
	}
	for (;;) {
		while (link_next(c, &view)) {
			hs->lingered += view.len;
			link_used(c, view, view.len, false);
		}
		if (c->err || c->ended || hs->lingered > HTTP_LINGER_BYTES) {
			session_end(s, CLOSE_FIN);
			return;
		}
		if (fills++ == HTTP_FILLS_MAX) /* records of a byte each are much work */
			break;
		if (link_fill(c) == BJ_ERR_WOULD_BLOCK)
			break;
	}
	link_want_read(c, true);
}

void http_advance(struct http_session *hs)
{
	bool go_on = true;

	for (int turns = 0; go_on; turns++) {
		struct session *s = &hs->base;

		if (turns == HTTP_TURNS_MAX) {
			loop_defer(&session_worker(s)->loop, &hs->task);
			return;
		}

		switch ((enum http_phase)hs->phase) {
		case PHASE_IDLE:
			if (link_is_blocked(&s->client) && !s->client.err) {
				wait_for_reader(hs);
				return;
			}
			if (session_worker(s)->draining && hs->requests > 0 && !link_has_held(&s->client)) {
				session_end(s, CLOSE_FIN);
				return;
			}
			if (!hs->x && hs->requests > 0)
				begin_idle(hs);
			go_on = read_head(hs);
			break;
		case PHASE_HEAD:
			go_on = read_head(hs);
			break;
		case PHASE_EXCHANGE:
			go_on = http_move(hs->x);
			break;
		case PHASE_TUNNEL:
			go_on = http_tunnel_move(hs);
			break;
		case PHASE_CLOSING:
			if (link_is_blocked(&s->client) && !s->client.err)
				return;
			session_end(s, close_reason_of(s->client.err));
			return;
		case PHASE_LINGER:
			linger(hs);
			return;
		}
	}
}

static void task_run(struct loop_task *task)
{
	http_advance(CONTAINER_OF(task, struct http_session, task));
}

static void kind_begin(struct session *s)
{
	struct http_session *hs = http_of(s);

	s->client.hold_tickets = true; /* they go with the first response, or when the connection rests */
	begin_idle(hs);
	http_advance(hs);
}

static void kind_ready(struct session *s)
{
	http_advance(http_of(s));
}

/* Whose fault it is: the one who does not take what waits for it, else the one who is waited for. */
static bool exchange_timeout(struct exchange *x)
{
	if (x->head_sent && (link_is_blocked(&x->hs->base.client) || !x->body.done))
		return http_abort(x->hs, BJ_ERR_IO_TIMEOUT, CLOSE_TIMEOUT);
	if (x->wait == WAIT_BODY && !x->head_sent && !link_is_blocked(&x->up->link))
		return http_answer(x, 408, true, BJ_ERR_IO_TIMEOUT, "body_time");
	return http_try_failed(x, BJ_ERR_IO_TIMEOUT);
}

static void kind_timeout(struct session *s)
{
	struct http_session *hs = http_of(s);
	const struct conf_limits *limits = &s->to->conf->limits;
	struct exchange *x = hs->x;

	switch ((enum http_phase)hs->phase) {
	case PHASE_IDLE:
		if (!hs->rested) {
			hs->rested = true;
			link_flush_tickets(&s->client);
			link_rest(&s->client);
			session_set_timer(s, hs->requests == 0 ? limits->header_time_ms : limits->idle_time_ms);
			return;
		}
		if (x)
			http_exchange_end(x);
		session_end(s, CLOSE_IDLE);
		return;
	case PHASE_HEAD:
		if (http_answer(x, 408, true, BJ_ERR_IO_TIMEOUT, "header_time"))
			http_advance(hs);
		return;
	case PHASE_EXCHANGE:
		if (exchange_timeout(x))
			http_advance(hs);
		return;
	case PHASE_TUNNEL:
	case PHASE_CLOSING:
	case PHASE_LINGER:
		session_end(s, CLOSE_TIMEOUT);
		return;
	}
}

static void kind_drain(struct session *s)
{
	struct http_session *hs = http_of(s);

	if (hs->phase != PHASE_IDLE || hs->x || link_has_held(&s->client) || link_is_blocked(&s->client))
		return;
	if (hs->requests > 0) {
		session_end(s, CLOSE_FIN);
		return;
	}
	hs->rested = true; /* a first request may be on its way */
	session_set_timer(s, HTTP_DRAIN_FIRST_MS);
}

static void kind_end(struct session *s)
{
	struct http_session *hs = http_of(s);
	struct exchange *x = hs->x;

	loop_task_cancel(&hs->task);
	if (!x)
		return;
	if (hs->phase == PHASE_TUNNEL && x->up) {
		relay_break(&s->client, &x->up->link, BJ_ERR_CLOSED);
	} else if (hs->phase == PHASE_EXCHANGE && x->head_sent && !s->client.err) { /* in the middle of a response */
		s->client.err = BJ_ERR_CLOSED;
		stream_reset_on_drop(&s->client.stream);
	}
	http_exchange_end(x);
}

const struct session_kind http_kind = { kind_begin, kind_ready, kind_timeout, kind_drain, kind_end };

size_t http_session_size(void)
{
	return sizeof(struct http_session);
}

void http_session_init(struct session *s)
{
	loop_task_init(&http_of(s)->task, task_run);
	http_of(s)->phase = PHASE_IDLE;
}
