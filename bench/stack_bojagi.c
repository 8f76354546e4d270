/* stack_bojagi.c - our engine behind stack.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "stack.h"

struct conn {
	struct bj_tls *tls;
	bool done;
	bool started;
};

struct session {
	size_t len;
	uint8_t bytes[];
};

static uint8_t records[BJ_TLS_RECORD_MAX * 72]; /* one buffer for all connections, as a worker has */

static int64_t now_ms(void)
{
	return (int64_t)time(NULL) * 1000;
}

static void *config_new(const struct chain *chain, bool server, int version)
{
	struct bj_tls_config *config = config_make(chain, server, version == VERSION_13 ? BJ_TLS_1_3 : BJ_TLS_1_2);

	if (server)
		must(bj_tls_config_tickets(config, 2, 7200, 28800, 2), "tickets");
	must(bj_tls_config_freeze(config), "freeze");
	return config;
}

static void config_free(void *config)
{
	bj_tls_config_free((struct bj_tls_config *)config);
}

static void *open_conn(void *config, bool server, void *session)
{
	struct conn *c = (struct conn *)calloc(1, sizeof(*c));
	struct session *s = (struct session *)session;

	must(c ? bj_tls_new((struct bj_tls_config *)config, server ? NULL : CHAIN_NAME, &c->tls) : BJ_ERR_NO_MEMORY, "connection");
	c->started = server;
	if (s)
		must(bj_tls_resume(c->tls, now_ms(), s->bytes, s->len), "session");
	return c;
}

static void close_conn(void *conn)
{
	struct conn *c = (struct conn *)conn;

	bj_tls_free(c->tls);
	free(c);
}

static bool step(void *conn, uint8_t *in, size_t in_len, uint8_t *out, size_t cap, size_t *out_len)
{
	struct conn *c = (struct conn *)conn;
	int64_t now = now_ms();
	enum bj_err err = BJ_OK;

	if (!c->started) {
		err = bj_tls_start(c->tls, now);
		c->started = true;
	}
	for (size_t at = 0; !err && at < in_len;) {
		struct bj_tls_fed fed;

		err = bj_tls_feed(c->tls, now, in + at, in_len - at, &fed);
		at += fed.used;
		if (fed.event == BJ_TLS_DONE)
			c->done = true;
		else if (fed.event == BJ_TLS_NONE)
			break;
	}
	*out_len = bj_tls_pull(c->tls, out, cap);
	if (err)
		fprintf(stderr, "bench: bojagi: %s\n", bj_err_text(err));
	return !err;
}

static bool done(void *conn)
{
	return ((struct conn *)conn)->done;
}

static bool resumed(void *conn)
{
	struct bj_tls_report r;

	bj_tls_report(((struct conn *)conn)->tls, &r);
	return r.resumed;
}

static void *session(void *conn)
{
	struct bj_bytes view = bj_tls_session(((struct conn *)conn)->tls);
	struct session *s;

	if (view.len == 0)
		return NULL;
	s = (struct session *)malloc(sizeof(*s) + view.len);
	s->len = view.len;
	memcpy(s->bytes, view.ptr, view.len);
	return s;
}

static bool send_to(void *conn, const uint8_t *text, size_t len, uint8_t *out, size_t cap, size_t *out_len)
{
	struct bj_bytes in = { text, len };
	size_t used;

	return bj_tls_seal(((struct conn *)conn)->tls, &in, 1, out, cap, &used, out_len) == BJ_OK && used == len;
}

static bool send_text(void *conn, const uint8_t *text, size_t len, size_t *out_len)
{
	return send_to(conn, text, len, records, sizeof(records), out_len);
}

static size_t receive(void *conn, const uint8_t *in, size_t len)
{
	struct conn *c = (struct conn *)conn;
	int64_t now = now_ms();
	size_t all = 0;

	/* as much as a worker would read at once */
	while (len > 0) {
		size_t take = len < 65536 + 1024 ? len : 65536 + 1024, at = 0;
		struct bj_tls_fed fed;

		memcpy(records, in, take);
		do {
			if (bj_tls_feed(c->tls, now, records + at, take - at, &fed))
				return 0;
			at += fed.used;
			if (fed.event == BJ_TLS_DATA)
				all += fed.data.len;
		} while (fed.event != BJ_TLS_NONE);
		if (at == 0)
			return 0;
		in += at;
		len -= at;
	}
	return all;
}

static void rest(void *conn)
{
	bj_tls_rest(((struct conn *)conn)->tls);
}

const struct stack stack_bojagi = { "bojagi", config_new, config_free, open_conn, close_conn, step, done, resumed, session,
				    free, send_text, send_to, receive, rest };
