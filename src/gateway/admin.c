/* admin.c - see admin.h. */
#include <stdlib.h>
#include <unistd.h>

#include "gateway/admin.h"
#include "gateway/textout.h"
#include "http/h1.h"
#include "io/stream.h"

#define REQUEST_MAX 16384
#define ARENA_BYTES 24576
#define FIELDS_MAX 64
#define PAGE_FIRST ((size_t)64 * 1024)

struct admin_connection {
	struct list node;
	struct admin *admin;
	struct stream stream;
	struct loop_timer timer;
	struct h1_parser parser;
	struct http_request request;
	uint8_t *page; /* the answer, once there is one */
	size_t page_len, sent;
	size_t in_len;
	uint8_t in[REQUEST_MAX];
	_Alignas(8) uint8_t arena[ARENA_BYTES];
};

static void connection_end(struct admin_connection *c)
{
	loop_timer_cancel(c->admin->loop, &c->timer);
	stream_drop(&c->stream);
	list_remove(&c->node);
	c->admin->count--;
	free(c->page);
	free(c);
}

static void too_slow(struct loop_timer *timer)
{
	connection_end(CONTAINER_OF(timer, struct admin_connection, timer));
}

/* ---- pages */

struct page {
	const char *path;
	const char *type;
	unsigned (*write)(struct writer *w, const struct gateway_facts *facts); /* the status */
};

static unsigned write_dashboard(struct writer *w, const struct gateway_facts *facts)
{
	out_text(w, dashboard_page);
	return 200;
}

static unsigned write_metrics(struct writer *w, const struct gateway_facts *facts)
{
	metrics_write(w, facts);
	return 200;
}

static unsigned write_status(struct writer *w, const struct gateway_facts *facts)
{
	status_write(w, facts);
	return 200;
}

static unsigned write_health(struct writer *w, const struct gateway_facts *facts)
{
	out_text(w, "ok\n");
	return 200;
}

static unsigned write_readiness(struct writer *w, const struct gateway_facts *facts)
{
	return readiness_write(w, facts) ? 200 : 503;
}

static const struct page pages[] = {
	{ "/", "text/html; charset=utf-8", write_dashboard },
	{ "/metrics", "application/openmetrics-text; version=1.0.0; charset=utf-8", write_metrics },
	{ "/healthz", "text/plain", write_health },
	{ "/readyz", "application/json", write_readiness },
	{ "/api/v1/status", "application/json", write_status },
};

static const struct page *find_page(struct bj_bytes path)
{
	for (size_t i = 0; i < ARRAY_COUNT(pages); i++)
		if (bytes_equal(path, bytes_text(pages[i].path)))
			return &pages[i];
	return NULL;
}

/* Sends the head and the page in one buffer. */
static void answer(struct admin_connection *c, unsigned status, const char *type, struct bj_bytes body)
{
	bool is_head = c->request.method == HTTP_HEAD;
	struct writer w;

	c->page = (uint8_t *)malloc(body.len + 1024);
	if (!c->page)
		return;
	w = wr_make(c->page, body.len + 1024);
	out_text(&w, "HTTP/1.1 ");
	out_number(&w, status);
	wr_u8(&w, ' ');
	out_text(&w, http_status_text(status));
	out_text(&w, "\r\nContent-Type: ");
	out_text(&w, type);
	out_text(&w, "\r\nContent-Length: ");
	out_number(&w, body.len);
	out_text(&w, "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n"
		     "Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
		     "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
		     "Connection: close\r\n\r\n");
	if (!is_head)
		wr_bytes(&w, body);
	c->page_len = w.len;
}

static void answer_error(struct admin_connection *c, unsigned status)
{
	char text[64];
	struct writer w = wr_make(text, sizeof(text));

	out_number(&w, status);
	wr_u8(&w, ' ');
	out_text(&w, http_status_text(status));
	wr_u8(&w, '\n');
	answer(c, status, "text/plain", wr_view(&w));
}

static void answer_page(struct admin_connection *c, const struct page *page)
{
	struct gateway_facts facts;
	size_t cap = PAGE_FIRST;

	gateway_facts(c->admin->gateway, &facts);
	for (; cap <= ADMIN_PAGE_MAX; cap *= 4) {
		uint8_t *buf = (uint8_t *)malloc(cap);
		struct writer w = wr_make(buf, buf ? cap : 0);
		unsigned status = page->write(&w, &facts);

		if (wr_ok(&w)) {
			answer(c, status, page->type, wr_view(&w));
			free(buf);
			return;
		}
		free(buf);
	}
	answer_error(c, 500);
}

/* Pages of other sites must not reach us through an operator's browser: not by asking (they are marked), and not by a name of theirs
 * that resolves to our address. */
static bool is_foreign(const struct http_request *r)
{
	struct bj_bytes site, host = r->host.host;
	bool is_address = host.len > 0;

	if (http_field_get(&r->fields, HTTP_N_SEC_FETCH_SITE, &site) && !http_is(site, "same-origin") && !http_is(site, "none"))
		return true;
	if (host.len == 0 || http_is(host, "localhost") || host.ptr[0] == '[')
		return false;
	for (size_t i = 0; i < host.len; i++)
		is_address = is_address && (host.ptr[i] == '.' || (host.ptr[i] >= '0' && host.ptr[i] <= '9'));
	return !is_address;
}

static void take_request(struct admin_connection *c)
{
	const struct page *page = find_page(c->request.target.path);

	if (is_foreign(&c->request))
		answer_error(c, 403);
	else if (c->request.method != HTTP_GET && c->request.method != HTTP_HEAD)
		answer_error(c, 405);
	else if (!page)
		answer_error(c, 404);
	else
		answer_page(c, page);
}

/* ---- connections */

/* False when the connection is to end. */
static bool read_request(struct admin_connection *c)
{
	while (!c->page) {
		size_t len = 0, used = 0;
		bool done = false;
		enum bj_err err = stream_read(&c->stream, c->in + c->in_len, sizeof(c->in) - c->in_len, &len);

		if (err == BJ_ERR_WOULD_BLOCK)
			return true;
		if (err || len == 0)
			return false;
		c->in_len += len;
		err = h1_request_feed(&c->parser, &c->request, c->in, c->in_len, &used, &done);
		memmove(c->in, c->in + used, c->in_len - used);
		c->in_len -= used;
		if (err)
			answer_error(c, http_status_of(err));
		else if (done)
			take_request(c);
		else if (c->in_len == sizeof(c->in))
			answer_error(c, 431);
		if ((err || done) && !c->page)
			return false;
	}
	return true;
}

static void ready(struct stream *stream, unsigned what)
{
	struct admin_connection *c = CONTAINER_OF(stream, struct admin_connection, stream);
	size_t len = 0;

	if (!read_request(c)) {
		connection_end(c);
		return;
	}
	if (!c->page)
		return;
	while (c->sent < c->page_len) {
		struct bj_bytes rest = bytes_of(c->page + c->sent, c->page_len - c->sent);
		enum bj_err err = stream_write(stream, &rest, 1, &len);

		if (err == BJ_ERR_WOULD_BLOCK) {
			stream_watch(stream, STREAM_WRITE);
			return;
		}
		if (err)
			break;
		c->sent += len;
	}
	connection_end(c);
}

static void accepted(struct listener *listener, const struct stream_source *source, const struct addr *peer)
{
	struct admin *admin = CONTAINER_OF(listener, struct admin, listener);
	struct admin_connection *c = admin->count < ADMIN_CONNECTIONS_MAX ? (struct admin_connection *)calloc(1, sizeof(*c)) : NULL;

	if (!c) {
		stream_source_drop(source);
		return;
	}
	c->admin = admin;
	if (stream_init(&c->stream, admin->loop, source, ready)) {
		free(c);
		return;
	}
	h1_parser_init(&c->parser, REQUEST_MAX);
	http_fields_init(&c->request.fields, c->arena, sizeof(c->arena), FIELDS_MAX);
	list_push_back(&admin->connections, &c->node);
	admin->count++;
	loop_timer_init(&c->timer, too_slow);
	loop_timer_set(admin->loop, &c->timer, admin->loop->now_ms + ADMIN_TIME_MS);
}

enum bj_err admin_init(struct admin *admin, struct loop *loop, struct gateway *gateway, const struct addr *addr)
{
	struct listener_options options = { .backlog = ADMIN_CONNECTIONS_MAX };
	enum bj_err err;
	int fd;

	*admin = (struct admin){ .gateway = gateway, .addr = *addr };
	err = listener_open(addr, &options, &fd, NULL);
	if (!err)
		err = listener_init(&admin->listener, loop, fd, accepted);
	if (err)
		return err;
	list_init(&admin->connections);
	admin->loop = loop;
	return BJ_OK;
}

void admin_fini(struct admin *admin)
{
	if (!admin->loop)
		return;
	while (!list_is_empty(&admin->connections))
		connection_end(CONTAINER_OF(admin->connections.next, struct admin_connection, node));
	listener_fini(&admin->listener);
	admin->loop = NULL;
}
