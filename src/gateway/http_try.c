/* http_try.c - see http.h: which server gets a request, and what happens when it fails. Implements rfc9110:9.2.2 */
#include "gateway/http.h"

void http_wait_for(struct exchange *x, enum http_wait wait)
{
	const struct conf_limits *limits = &x->hs->base.to->conf->limits;
	const struct conf_pool *pool = x->group->conf;
	unsigned ms = 0;

	switch (wait) {
	case WAIT_CONNECT:
		ms = pool->connect_time_ms;
		break;
	case WAIT_BODY:
		ms = limits->body_time_ms;
		break;
	case WAIT_RESPONSE:
		ms = pool->response_time_ms;
		break;
	case WAIT_DATA:
		ms = link_is_blocked(&x->hs->base.client) ? limits->body_time_ms : pool->idle_time_ms;
		break;
	}
	x->wait = (uint8_t)wait;
	session_set_timer(&x->hs->base, ms);
}

void http_drop_server(struct exchange *x, enum pool_outcome outcome)
{
	struct worker *w = session_worker(&x->hs->base);

	if (x->picked) {
		x->picked = false;
		pool_end(&x->group->pool, x->target->index, w->loop.now_ms, outcome,
			 (uint64_t)(x->server_us ? x->server_us : w->loop.now_us - x->try_us));
		stat_add(&x->target->stats->requests, 1);
		stat_add(&x->target->stats->latency_us, (uint64_t)x->server_us);
		if (outcome == POOL_FAILED) {
			stat_add(&x->target->stats->failures, 1);
			group_show(x->group, w->loop.now_ms);
		}
	}
	if (x->up) {
		upstream_close(x->up);
		x->up = NULL;
	}
}

static void server_ready(struct upstream *up)
{
	struct exchange *x = (struct exchange *)up->user;
	struct http_session *hs = x->hs;

	if (hs->phase == PHASE_TUNNEL || http_move(x))
		http_advance(hs);
}

static bool is_trusted(void *self, struct bj_bytes address)
{
	const struct conf_listener *l = (const struct conf_listener *)self;
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	if (address.len >= ADDR_TEXT_MAX - 4)
		return false;
	text[0] = '[';
	memcpy(text + 1, address.ptr, address.len);
	memcpy(text + 1 + address.len, "]", 2);
	if (addr_parse(text, 1, &addr)) {
		text[1 + address.len] = '\0';
		if (addr_parse(text + 1, 1, &addr))
			return false;
	}
	return conf_networks_have(l->trusted_proxies, l->trusted_proxy_count, &addr.sa.any);
}

/* What the pool hashes: the real client's address, also behind proxies that are trusted. */
static struct bj_bytes client_key(const struct exchange *x, struct addr *peer, char text[ADDR_TEXT_MAX])
{
	const struct conf_listener *l = x->hs->base.to->conf;
	struct forward_facts facts = { 0 };

	*peer = session_peer(&x->hs->base);
	if (l->trusted_proxy_count == 0 || !conf_networks_have(l->trusted_proxies, l->trusted_proxy_count, &peer->sa.any))
		return addr_host_bytes(peer);
	facts.client_address = bytes_of(text, addr_print_host(peer, text));
	facts.peer_is_trusted = true;
	return forward_client_address(&x->request, &facts, is_trusted, (void *)(uintptr_t)l);
}

/* Whatever a server did wrong. */
static unsigned status_of_failure(enum bj_err err)
{
	return err == BJ_ERR_IO_TIMEOUT ? 504 : 502;
}

bool http_try(struct exchange *x)
{
	struct worker *w = session_worker(&x->hs->base);
	struct group *group = x->group;
	char text[ADDR_TEXT_MAX];
	struct addr peer;
	enum bj_err err;
	size_t index = POOL_NONE;

	if (group->targets)
		index = pool_pick(&group->pool, w->loop.now_ms, client_key(x, &peer, text), x->tries > 0 ? &x->tried : NULL);
	if (index == POOL_NONE)
		return http_answer(x, x->err ? status_of_failure(x->err) : 503, false, x->err ? x->err : BJ_ERR_NOT_FOUND, "no server");
	x->target = &group->targets[index];
	x->tries++;
	x->try_us = w->loop.now_us;
	x->head_put = false;
	x->server_us = 0;
	pool_set_add(&x->tried, index);
	pool_begin(&group->pool, index);
	x->picked = true;
	err = upstream_take(x->target, x->fresh, x, server_ready, &x->up);
	if (err)
		return http_try_failed(x, err);
	link_want_read(&x->hs->base.client, false);
	http_wait_for(x, WAIT_CONNECT);
	return true; /* http_move() sends the request */
}

/* Bytes of the body that went to a server and cannot be sent again. */
static bool body_is_lost(const struct exchange *x)
{
	return x->body_began && !x->keep_body;
}

/* A failure to connect says that nothing was processed; after that only what may be repeated is. */
static bool may_retry(struct exchange *x, bool reached)
{
	struct worker *w = session_worker(&x->hs->base);

	if (x->head_sent || body_is_lost(x) || x->response_began)
		return false;
	if (reached && !http_method_is_idempotent(x->request.method))
		return false;
	if (x->tries > x->group->conf->retries)
		return false;
	if (!retry_take(&x->group->budget, w->loop.now_ms)) {
		stat_add(&w->stats->retries_refused, 1);
		return false;
	}
	stat_add(&w->stats->retries, 1);
	return true;
}

bool http_try_failed(struct exchange *x, enum bj_err err)
{
	struct worker *w = session_worker(&x->hs->base);
	bool reached = x->up && x->up->established && x->head_put;
	bool stale = x->up && x->up->reused && !x->response_began && !body_is_lost(x) && !x->fresh && err != BJ_ERR_IO_TIMEOUT &&
		     http_method_is_idempotent(x->request.method);

	x->err = err;
	if (stale) {
		/* the server closed an idle connection just as it was taken: that is no failure of its own */
		http_drop_server(x, POOL_ABANDONED);
		x->fresh = true;
		x->tries--;
		memset(&x->tried, 0, sizeof(x->tried));
		return http_try(x);
	}
	if (upstream_lacked(err)) { /* asking again would only make it worse */
		http_drop_server(x, POOL_ABANDONED);
		return x->head_sent ? http_abort(x->hs, err, CLOSE_ERROR) : http_answer(x, 503, false, err, "the gateway itself");
	}
	stat_add(&w->stats->upstream_failures, 1);
	http_drop_server(x, POOL_FAILED);
	if (x->head_sent)
		return http_abort(x->hs, err, err == BJ_ERR_IO_TIMEOUT ? CLOSE_TIMEOUT : CLOSE_ERROR);
	if (may_retry(x, reached))
		return http_try(x);
	return http_answer(x, status_of_failure(err), false, err, x->response_parser.why);
}
