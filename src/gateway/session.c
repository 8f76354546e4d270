/* session.c - see session.h. */
#include <stdlib.h>

#include "gateway/session.h"
#include "gateway/worker.h"

enum close_reason close_reason_of(enum bj_err err)
{
	switch (err) {
	case BJ_OK:
	case BJ_ERR_TRUNCATED:
		return CLOSE_FIN;
	case BJ_ERR_IO_RESET:
		return CLOSE_RST;
	case BJ_ERR_IO_TIMEOUT:
		return CLOSE_TIMEOUT;
	default:
		return CLOSE_ERROR;
	}
}

struct addr session_peer(const struct session *s)
{
	struct addr a = { .len = sizeof(s->peer.sa) };

	memcpy(&a.sa, &s->peer.sa, sizeof(s->peer.sa));
	return a;
}

void session_set_timer(struct session *s, unsigned after_ms)
{
	struct worker *w = session_worker(s);

	if (after_ms)
		loop_timer_set(&w->loop, &s->timer, w->loop.now_ms + after_ms);
	else
		loop_timer_cancel(&w->loop, &s->timer);
}

/* The handshake ended, one way or the other. */
static void count_handshake(struct session *s, enum bj_err err)
{
	struct worker *w = session_worker(s);
	int64_t duration_us = w->loop.now_us - s->opened_us;

	stat_sub(&w->stats->tls[SIDE_FRONTEND].in_progress, 1);
	stats_handshake(&w->stats->tls[SIDE_FRONTEND], s->client.tls, handshake_result_of(err), duration_us);
	if (err)
		access_log_handshake(&w->log, s, err, duration_us);
}

/* Somebody typed http:// instead of https://. */
static void tell_about_tls(struct session *s)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
				   "This port speaks HTTPS. Use https:// in the address.\n";
	struct bj_bytes piece = bytes_of(text, sizeof(text) - 1);
	size_t len;
	enum bj_err ignored = stream_write(&s->client.stream, &piece, 1, &len);

	(void)ignored; /* whoever it is, it is worth one try */
}

static void link_ready(struct link *link)
{
	struct session *s = CONTAINER_OF(link, struct session, client);

	if (s->begun) {
		s->kind->ready(s);
		return;
	}
	if (link->err) {
		if (link->tls)
			count_handshake(s, link->err);
		if (link->err == BJ_ERR_NOT_TLS && s->to->conf->protocol == CONF_HTTP)
			tell_about_tls(s);
		session_end(s, close_reason_of(link->err));
		return;
	}
	s->begun = true;
	if (link->tls) {
		count_handshake(s, BJ_OK);
		if (s->to->conf->tls->client_auth != BJ_TLS_AUTH_NONE)
			s->identity = identity_of(link->tls);
	}
	s->kind->begin(s);
}

static void timer_fired(struct loop_timer *timer)
{
	struct session *s = CONTAINER_OF(timer, struct session, timer);

	if (s->begun) {
		s->kind->timeout(s);
		return;
	}
	count_handshake(s, BJ_ERR_IO_TIMEOUT);
	session_end(s, CLOSE_TIMEOUT);
}

static bool is_denied(const struct session *s)
{
	const struct conf_listener *conf = s->to->conf;

	return conf->deny_count > 0 && conf_networks_have(conf->deny, conf->deny_count, &s->peer.sa.any);
}

/* What counts the client by, where something does. */
static void look_up(struct session *s)
{
	const struct conf_limits *limits = &s->to->conf->limits;
	struct addr peer = session_peer(s);

	if (!s->client_hash &&
	    (limits->connections_per_client != CONF_NO_LIMIT || limits->requests_per_client_per_min != CONF_NO_LIMIT))
		s->client_hash = client_table_hash(s->on->worker->clients, bytes_text(s->to->conf->name), addr_host_bytes(&peer));
}

/* May this client have one more connection here? Takes its place among them. */
static bool admit(struct session *s)
{
	const struct conf_limits *limits = &s->to->conf->limits;
	struct client_table *clients = s->on->worker->clients;

	if (is_denied(s) || !runtime_listener_take(s->to, &s->places))
		return false;
	look_up(s);
	if (limits->connections_per_client != CONF_NO_LIMIT)
		return client_take(clients, s->client_hash, (uint32_t)limits->connections_per_client, &s->tallied);
	return true;
}

static void give_places(struct session *s, struct worker *w)
{
	runtime_places_give(s->places);
	if (s->tallied)
		client_drop(w->clients, s->client_hash);
}

/* Makes the session itself; null, and the source dropped, where that is not possible or not allowed. */
static struct session *session_new(struct listening *on, const struct stream_source *source, const struct addr *peer)
{
	struct worker *w = on->worker;
	bool is_http = on->to->conf->protocol == CONF_HTTP;
	struct slab *slab = is_http ? &w->session_slab : &w->relay_slab;
	struct session *s = (struct session *)slab_alloc(slab);

	if (!s) {
		stream_source_drop(source);
		return NULL;
	}
	memset(s, 0, is_http ? http_session_size() : relay_session_size());
	s->kind = is_http ? &http_kind : &relay_kind;
	s->slab = slab;
	s->on = on;
	s->to = on->to;
	s->opened_us = w->loop.now_us;
	memcpy(&s->peer.sa, &peer->sa, sizeof(s->peer.sa));
	if (!admit(s))
		stream_source_drop(source);
	else if (link_accept(&s->client, w, source, on->to->tls, link_ready) == BJ_OK)
		return s;
	give_places(s, w);
	slab_free(slab, s);
	return NULL;
}

void session_accept(struct listener *listener, const struct stream_source *source, const struct addr *peer)
{
	struct listening *on = CONTAINER_OF(listener, struct listening, listener);
	struct worker *w = on->worker;
	struct session *s = session_new(on, source, peer);

	if (!s) {
		stat_add(&w->stats->connections_refused, 1);
		return;
	}
	s->generation = generation_ref(on->generation);
	loop_timer_init(&s->timer, timer_fired);
	list_init(&s->node);
	list_push_back(&w->sessions, &s->node);
	w->session_count++;
	on->open++;
	stat_add(&w->stats->connections_opened, 1);
	stat_add(&w->stats->connections_open, 1);
	if (s->kind == &http_kind)
		http_session_init(s);
	else
		relay_session_init(s);
	if (s->client.tls) {
		stat_add(&w->stats->tls[SIDE_FRONTEND].in_progress, 1);
		session_set_timer(s, on->to->conf->limits.handshake_time_ms);
		return;
	}
	s->begun = true;
	s->kind->begin(s);
}

static bool judges_clients(const struct runtime_listener *to)
{
	return to->conf->tls && to->conf->tls->client_auth != BJ_TLS_AUTH_NONE;
}

/* Whether a newer configuration has the listener that this session came to. */
static bool can_follow(const struct session *s)
{
	const struct runtime_listener *now = s->on->to;

	/* the same name, all the time: only so are the places the same, and one of them is perhaps this session's */
	return s->generation != s->on->generation && now->conf->protocol == s->to->conf->protocol && now->places == s->to->places;
}

bool session_follow(struct session *s)
{
	const struct runtime_listener *to = s->on->to;
	struct generation *before = s->generation;

	if (!can_follow(s))
		return true;
	/* its certificate may be revoked by now, or it came without what is asked for now */
	s->outdated |= !s->client.tls != !to->tls || (s->client.tls && (judges_clients(s->to) || judges_clients(to)));
	s->generation = generation_ref(s->on->generation);
	s->to = to;
	if (s->client.tls && !s->began_with)
		s->began_with = before;
	else
		generation_unref(before);
	look_up(s);
	return !is_denied(s);
}

bool session_is_over(const struct session *s)
{
	return s->outdated || session_worker(s)->draining || (s->generation->retired && !can_follow(s));
}

void session_end(struct session *s, enum close_reason reason)
{
	struct worker *w = session_worker(s);
	struct listening *on = s->on;

	s->kind->end(s);
	if (s->client.tls && s->begun)
		stats_connection_end(&w->stats->tls[SIDE_FRONTEND], s->client.tls);
	loop_timer_cancel(&w->loop, &s->timer);
	link_close(&s->client);
	free(s->identity);
	list_remove(&s->node);
	stat_sub(&w->stats->connections_open, 1);
	stat_add(&w->stats->connections_closed[reason], 1);
	give_places(s, w);
	generation_unref(s->generation);
	generation_unref(s->began_with);
	slab_free(s->slab, s);
	on->open--;
	w->session_count--;
	worker_session_ended(w, on);
}
