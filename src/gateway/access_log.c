/* access_log.c - see access_log.h. */
#include <stdlib.h>

#include "gateway/gateway.h"
#include "gateway/session.h"
#include "gateway/textout.h"
#include "gateway/worker.h"

static const struct limit_rate handshake_rate = { LOG_HANDSHAKES_MAX, LOG_HANDSHAKES_BURST_MAX };

static void tell_left_out(struct access_log *log);

static void send_block(struct access_log *log)
{
	struct log_block *block = log->block;

	loop_timer_cancel(&log->worker->loop, &log->timer);
	if (!block || block->len == 0)
		return;
	log->block = NULL;
	atomic_fetch_add_explicit(&log->outstanding, 1, memory_order_relaxed);
	gateway_post_log(log->worker->gateway, block);
}

static void flush_fired(struct loop_timer *timer)
{
	send_block(CONTAINER_OF(timer, struct access_log, timer));
}

static void left_out_fired(struct loop_timer *timer)
{
	tell_left_out(CONTAINER_OF(timer, struct access_log, left_out_timer));
}

void access_log_init(struct access_log *log, struct worker *worker)
{
	log->worker = worker;
	atomic_init(&log->outstanding, 0);
	log->handshakes = limit_bucket_make(&handshake_rate, worker->loop.now_ms);
	loop_timer_init(&log->timer, flush_fired);
	loop_timer_init(&log->left_out_timer, left_out_fired);
}

void access_log_set(struct access_log *log, const struct conf_log *conf)
{
	tell_left_out(log);
	log->on = conf->target != CONF_LOG_OFF;
	log->format = conf->format;
}

void access_log_flush(struct access_log *log)
{
	tell_left_out(log);
	send_block(log);
}

void access_log_fini(struct access_log *log)
{
	access_log_flush(log);
	free(log->block);
	log->block = NULL;
}

/* Room for a line; bad when there is none. */
static struct writer line_begin(struct access_log *log)
{
	if (log->block && LOG_BLOCK_SIZE - log->block->len < LOG_LINE_MAX)
		send_block(log);
	if (!log->block && atomic_load_explicit(&log->outstanding, memory_order_relaxed) < LOG_BLOCKS_MAX) {
		log->block = (struct log_block *)malloc(sizeof(*log->block));
		if (log->block) {
			log->block->len = 0;
			log->block->outstanding = &log->outstanding;
		}
	}
	if (!log->block)
		return (struct writer){ .bad = true };
	return wr_make(log->block->bytes + log->block->len, LOG_LINE_MAX);
}

static void line_end(struct access_log *log, struct writer *w)
{
	struct loop *loop = &log->worker->loop;

	wr_u8(w, '\n');
	if (!wr_ok(w)) {
		stat_add(&log->worker->stats->log_lines_lost, 1);
		return;
	}
	log->block->len += w->len;
	if (!loop_timer_is_set(&log->timer))
		loop_timer_set(loop, &log->timer, loop->now_ms + LOG_DELAY_MS);
}

/* ---- JSON */

static void key(struct writer *w, const char *name)
{
	out_text(w, ",\"");
	out_text(w, name);
	out_text(w, "\":");
}

static void key_text(struct writer *w, const char *name, struct bj_bytes text)
{
	key(w, name);
	out_json(w, text, LOG_TEXT_MAX);
}

static void key_number(struct writer *w, const char *name, uint64_t value)
{
	key(w, name);
	out_number(w, value);
}

static void key_ms(struct writer *w, const char *name, int64_t us)
{
	key(w, name);
	out_thousandths(w, us > 0 ? (uint64_t)us : 0);
}

static void json_begin(struct writer *w, const char *kind, const struct session *s)
{
	struct addr peer = session_peer(s);
	char text[ADDR_TEXT_MAX];
	size_t len = addr_print_host(&peer, text);

	out_text(w, "{\"time\":\"");
	out_time(w, session_worker(s)->loop.unix_ms);
	wr_u8(w, '"');
	key_text(w, "kind", bytes_text(kind));
	key_text(w, "client", bytes_of(text, len));
	key_number(w, "client_port", addr_port(&peer));
	key_text(w, "listener", bytes_text(s->to->conf->name));
}

static void json_tls(struct writer *w, const struct session *s)
{
	struct bj_tls_report r;

	if (!s->client.tls)
		return;
	bj_tls_report(s->client.tls, &r);
	out_text(w, ",\"tls\":{\"version\":");
	out_json(w, bytes_text(r.version ? bj_tls_version_name(r.version) : ""), LOG_TEXT_MAX);
	key_text(w, "suite", bytes_text(r.suite ? bj_tls_suite_name(r.suite) : ""));
	key_text(w, "group", bytes_text(r.group ? bj_tls_group_name(r.group) : ""));
	key(w, "resumed");
	out_text(w, r.resumed ? "true" : "false");
	if (r.handshake_done && !r.extended_master_secret) /* worth a word only where it is missing */
		out_text(w, ",\"extended_master_secret\":false");
	key_text(w, "sni", bytes_text(r.server_name));
	key_text(w, "alpn", r.alpn);
	key_text(w, "client_subject", s->identity ? bytes_of(s->identity->subject, s->identity->subject_len) : bytes_of(NULL, 0));
	wr_u8(w, '}');
}

static void json_server(struct writer *w, const char *pool, const char *server)
{
	if (!pool)
		return;
	key_text(w, "pool", bytes_text(pool));
	if (server)
		key_text(w, "server", bytes_text(server));
}

static void json_error(struct writer *w, enum bj_err err, const char *why)
{
	if (!err && !why)
		return;
	out_text(w, ",\"error\":{\"id\":");
	out_json(w, bytes_text(bj_err_id(err)), LOG_TEXT_MAX);
	key_text(w, "message", bytes_text(bj_err_text(err)));
	if (why)
		key_text(w, "detail", bytes_text(why));
	wr_u8(w, '}');
}

static void json_request(struct writer *w, const struct log_request *q)
{
	json_begin(w, "request", q->session);
	key_text(w, "method", q->method);
	key_text(w, "host", q->host);
	key_text(w, "path", q->path);
	if (q->query.len > 0)
		key_text(w, "query", q->query);
	key(w, "http");
	out_text(w, q->version == 10 ? "\"1.0\"" : "\"1.1\"");
	key_number(w, "status", q->status);
	key_number(w, "bytes_in", q->bytes_in);
	key_number(w, "bytes_out", q->bytes_out);
	key_ms(w, "duration_ms", q->duration_us);
	json_server(w, q->pool, q->server);
	if (q->server) {
		key_ms(w, "server_ms", q->server_us);
		key_number(w, "tries", q->tries);
	}
	key_text(w, "user_agent", q->user_agent);
	if (q->referer.len > 0)
		key_text(w, "referer", q->referer);
	json_tls(w, q->session);
	json_error(w, q->err, q->why);
	wr_u8(w, '}');
}

/* ---- text */

static void space(struct writer *w)
{
	wr_u8(w, ' ');
}

static void text_begin(struct writer *w, const struct session *s)
{
	struct addr peer = session_peer(s);
	char text[ADDR_TEXT_MAX];
	size_t len = addr_print(&peer, text);

	out_time(w, session_worker(s)->loop.unix_ms);
	space(w);
	wr_raw(w, text, len);
	space(w);
	out_text(w, s->to->conf->name);
	space(w);
}

static void text_tls(struct writer *w, const struct session *s)
{
	struct bj_tls_report r;

	if (!s->client.tls)
		return;
	bj_tls_report(s->client.tls, &r);
	space(w);
	out_text(w, r.version ? bj_tls_version_name(r.version) : "-");
	space(w);
	out_text(w, r.suite ? bj_tls_suite_name(r.suite) : "-");
	space(w);
	out_text(w, r.group ? bj_tls_group_name(r.group) : "-");
	out_text(w, r.resumed ? " resumed sni=" : " full sni=");
	out_quoted(w, bytes_text(r.server_name), LOG_TEXT_MAX);
	out_text(w, " alpn=");
	out_quoted(w, r.alpn, LOG_TEXT_MAX);
	if (r.handshake_done && !r.extended_master_secret)
		out_text(w, " no-extended-master-secret");
	if (s->identity) {
		out_text(w, " subject=");
		out_quoted(w, bytes_of(s->identity->subject, s->identity->subject_len), LOG_TEXT_MAX);
	}
}

static void text_server(struct writer *w, const char *pool, const char *server)
{
	space(w);
	out_text(w, pool ? pool : "-");
	wr_u8(w, '/');
	out_text(w, server ? server : "-");
}

static void text_error(struct writer *w, enum bj_err err, const char *why)
{
	if (!err && !why)
		return;
	out_text(w, " error=");
	out_text(w, bj_err_id(err));
	space(w);
	out_quoted(w, bytes_text(why ? why : bj_err_text(err)), LOG_TEXT_MAX);
}

static void text_request(struct writer *w, const struct log_request *q)
{
	text_begin(w, q->session);
	out_quoted(w, q->method, LOG_TEXT_MAX);
	space(w);
	out_quoted(w, q->host, LOG_TEXT_MAX);
	space(w);
	out_quoted(w, q->path, LOG_TEXT_MAX);
	if (q->query.len > 0) {
		out_text(w, " ?");
		out_quoted(w, q->query, LOG_TEXT_MAX);
	}
	space(w);
	out_number(w, q->status);
	space(w);
	out_number(w, q->bytes_in);
	space(w);
	out_number(w, q->bytes_out);
	space(w);
	out_thousandths(w, q->duration_us > 0 ? (uint64_t)q->duration_us : 0);
	out_text(w, "ms");
	text_server(w, q->pool, q->server);
	space(w);
	out_quoted(w, q->user_agent, LOG_TEXT_MAX);
	text_tls(w, q->session);
	text_error(w, q->err, q->why);
}

/* ---- lines */

void access_log_request(struct access_log *log, const struct log_request *q)
{
	struct writer w = line_begin(log);

	if (log->format == CONF_LOG_JSON)
		json_request(&w, q);
	else
		text_request(&w, q);
	line_end(log, &w);
}

void access_log_connection(struct access_log *log, const struct log_connection *c)
{
	struct writer w = line_begin(log);

	if (log->format == CONF_LOG_JSON) {
		json_begin(&w, "connection", c->session);
		key_number(&w, "bytes_in", c->bytes_in);
		key_number(&w, "bytes_out", c->bytes_out);
		key_ms(&w, "duration_ms", c->duration_us);
		json_server(&w, c->pool, c->server);
		json_tls(&w, c->session);
		json_error(&w, c->err, NULL);
		wr_u8(&w, '}');
	} else {
		text_begin(&w, c->session);
		out_text(&w, "connection ");
		out_number(&w, c->bytes_in);
		space(&w);
		out_number(&w, c->bytes_out);
		space(&w);
		out_thousandths(&w, (uint64_t)c->duration_us);
		out_text(&w, "ms");
		text_server(&w, c->pool, c->server);
		text_tls(&w, c->session);
		text_error(&w, c->err, NULL);
	}
	line_end(log, &w);
}

/* Whose fault it was, as far as alerts tell. */
static const char *side_of(const struct bj_tls_report *r)
{
	return r->alert_received >= 0 ? "received" : r->alert_sent >= 0 ? "sent" : "none";
}

static void json_handshake(struct writer *w, const struct session *s, enum bj_err err, int64_t duration_us)
{
	struct bj_tls_report r;
	int alert;

	bj_tls_report(s->client.tls, &r);
	alert = r.alert_received >= 0 ? r.alert_received : r.alert_sent;
	json_begin(w, "handshake", s);
	key_ms(w, "duration_ms", duration_us);
	key_text(w, "result", bytes_text(handshake_result_name(handshake_result_of(err))));
	json_tls(w, s);
	out_text(w, ",\"error\":{\"id\":");
	out_json(w, bytes_text(bj_err_id(err)), LOG_TEXT_MAX);
	key_text(w, "message", bytes_text(bj_err_text(err)));
	key_text(w, "phase", bytes_text(r.message));
	key_text(w, "direction", bytes_text(side_of(&r)));
	if (alert >= 0) {
		key_number(w, "alert", (uint64_t)alert);
		key_text(w, "alert_name", bytes_text(bj_tls_alert_name(alert)));
	}
	if (r.verdict && r.verdict->err) {
		key_number(w, "certificate", (uint64_t)(r.verdict->index + 1)); /* 0: none in particular */
		key_text(w, "rule", bytes_text(r.verdict->rule));
		key_text(w, "subject", bytes_text(r.verdict->subject));
		key_text(w, "detail", bytes_text(r.verdict->detail));
		key_text(w, "fix", bytes_text(bj_verdict_fix(r.verdict)));
	}
	out_text(w, "}}");
}

static void text_handshake(struct writer *w, const struct session *s, enum bj_err err, int64_t duration_us)
{
	char words[BJ_VERDICT_TEXT_MAX];
	struct bj_tls_report r;
	int alert;

	bj_tls_report(s->client.tls, &r);
	alert = r.alert_received >= 0 ? r.alert_received : r.alert_sent;
	text_begin(w, s);
	out_text(w, "handshake failed ");
	out_text(w, handshake_result_name(handshake_result_of(err)));
	space(w);
	out_thousandths(w, (uint64_t)duration_us);
	out_text(w, "ms alert=");
	out_text(w, alert >= 0 ? bj_tls_alert_name(alert) : "none");
	space(w);
	out_text(w, side_of(&r));
	text_tls(w, s);
	if (r.verdict && r.verdict->err == err)
		bj_verdict_text(r.verdict, words, sizeof(words));
	text_error(w, err, r.verdict && r.verdict->err == err ? words : bj_err_text(err));
}

void access_log_handshake(struct access_log *log, const struct session *s, enum bj_err err, int64_t duration_us)
{
	struct loop *loop = &log->worker->loop;
	struct writer w;

	if (!log->on)
		return;
	if (!limit_bucket_take(&log->handshakes, &handshake_rate, loop->now_ms)) {
		log->left_out++;
		stat_add(&log->worker->stats->log_handshakes_left_out, 1);
		if (!loop_timer_is_set(&log->left_out_timer))
			loop_timer_set(loop, &log->left_out_timer, loop->now_ms + LOG_LEFT_OUT_MS);
		return;
	}
	w = line_begin(log);
	if (log->format == CONF_LOG_JSON)
		json_handshake(&w, s, err, duration_us);
	else
		text_handshake(&w, s, err, duration_us);
	line_end(log, &w);
}

static void tell_left_out(struct access_log *log)
{
	struct writer w;

	loop_timer_cancel(&log->worker->loop, &log->left_out_timer);
	if (log->left_out == 0)
		return;
	w = line_begin(log);
	if (log->format == CONF_LOG_JSON) {
		out_text(&w, "{\"time\":\"");
		out_time(&w, log->worker->loop.unix_ms);
		wr_u8(&w, '"');
		key_text(&w, "kind", BYTES_LIT("handshakes_left_out"));
		key_number(&w, "count", log->left_out);
		key_number(&w, "worker", log->worker->index);
		wr_u8(&w, '}');
	} else {
		out_time(&w, log->worker->loop.unix_ms);
		out_text(&w, " - - handshakes left out: ");
		out_number(&w, log->left_out);
		out_text(&w, " more failed");
	}
	if (wr_ok(&w))
		log->left_out = 0; /* else the next line says it */
	line_end(log, &w);
}
