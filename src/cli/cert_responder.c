/* cert_responder.c - `bojagi cert ocsp`: a small OCSP responder over HTTP for the local CA (rfc6960:A.1).
 *
 * One connection after another, one request in each, a few seconds at most: it is for one's own machine. The list of what was revoked is
 * read anew for every request, so that `cert revoke` is seen at once.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/hex.h"
#include "cli/cert.h"
#include "cli/cert_ledger.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/say.h"
#include "http/h1.h"
#include "io/listener.h"
#include "x509/ocsp_answer.h"

#define HEAD_MAX 16384
#define FIELDS_MAX 64
#define INPUT_MAX (HEAD_MAX + OCSP_REQUEST_MAX)
#define CONNECTION_MS 3000
#define ANSWER_DAYS 1
#define SLACK_S 60

struct exchange {
	int fd;
	int64_t end_ms;
	uint8_t input[INPUT_MAX];
	size_t len;
	struct bj_bytes target; /* as the client wrote it: its path in one form would lose double slashes of Base64 */
	struct http_request request;
	uint8_t arena[HEAD_MAX + FIELDS_MAX * HTTP_FIELD_ENTRY];
};

static volatile sig_atomic_t stopped;

static void on_signal(int signo)
{
	stopped = signo;
}

static int64_t steady_ms(void)
{
	return clock_steady_us() / 1000;
}

/* False at the end, after an error or when the time is up. */
static bool wait_for(int fd, short events, int64_t end_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = end_ms - steady_ms();

	return left > 0 && poll(&p, 1, (int)left) == 1;
}

static bool receive(struct exchange *x)
{
	ssize_t got;

	if (x->len == sizeof(x->input) || !wait_for(x->fd, POLLIN, x->end_ms))
		return false;
	got = recv(x->fd, x->input + x->len, sizeof(x->input) - x->len, 0);
	if (got <= 0)
		return false;
	x->len += (size_t)got;
	return true;
}

static void send_all(struct exchange *x, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len > 0 && wait_for(x->fd, POLLOUT, x->end_ms)) {
		ssize_t put = send(x->fd, at, len, MSG_NOSIGNAL);

		if (put <= 0)
			return;
		at += put;
		len -= (size_t)put;
	}
}

static void respond(struct exchange *x, unsigned status, struct bj_bytes body)
{
	char head[256];
	int len = snprintf(head, sizeof(head),
			   "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n", status,
			   http_status_text(status), status == 200 ? "application/ocsp-response" : "text/plain", body.len);

	send_all(x, head, (size_t)len);
	if (x->request.method != HTTP_HEAD)
		send_all(x, body.ptr, body.len);
}

/* The second word of the first line. */
static struct bj_bytes raw_target(const struct exchange *x)
{
	const uint8_t *line_end = memchr(x->input, '\r', x->len), *start, *end;

	start = line_end ? memchr(x->input, ' ', (size_t)(line_end - x->input)) : NULL;
	end = start ? memchr(start + 1, ' ', (size_t)(line_end - start - 1)) : NULL;
	return end ? bytes_of(start + 1, (size_t)(end - start - 1)) : (struct bj_bytes){ 0 };
}

/* GET /BASE64, perhaps with %-escapes. */
static bool request_of_target(struct bj_bytes target, uint8_t out[OCSP_REQUEST_MAX], struct bj_bytes *out_der)
{
	char text[BASE64_TEXT_LEN(OCSP_REQUEST_MAX)];
	size_t len = 0, der_len;

	for (size_t i = 1; i < target.len; i++) {
		int high, low;

		if (len == sizeof(text))
			return false;
		if (target.ptr[i] != '%') {
			text[len++] = (char)target.ptr[i];
			continue;
		}
		if (i + 2 >= target.len)
			return false;
		high = hex_digit((char)target.ptr[i + 1]);
		low = hex_digit((char)target.ptr[i + 2]);
		if (high < 0 || low < 0)
			return false;
		text[len++] = (char)(high << 4 | low);
		i += 2;
	}
	if (len == 0 || base64_decode(bytes_of(text, len), out, OCSP_REQUEST_MAX, &der_len, NULL) != BJ_OK)
		return false;
	*out_der = bytes_of(out, der_len);
	return true;
}

static struct ocsp_word word_of(const struct ledger *ledger, const struct ocsp_id *id)
{
	const struct ledger_row *row = id->is_ours ? ledger_find(ledger, id->serial) : NULL;
	struct ocsp_word word = { .id = *id, .status = OCSP_UNKNOWN };

	if (row && row->revoked)
		word = (struct ocsp_word){ *id, OCSP_REVOKED, row->date, row->reason };
	else if (row && row->issued)
		word.status = OCSP_GOOD;
	return word;
}

static enum bj_err answer_request(const struct cert_options *o, const struct local_pair *ca, const struct ocsp_request *request, uint8_t *out,
				  size_t cap, size_t *out_len)
{
	struct ocsp_word words[OCSP_REQUEST_IDS_MAX];
	int64_t now = clock_unix_ms() / 1000;
	struct ocsp_answering in = { .issuer = &ca->cert, .issuer_key = ca->key, .words = words, .word_count = request->id_count,
				     .nonce = request->nonce, .this_update = now - SLACK_S, .next_update = now + ANSWER_DAYS * 86400 };
	struct ledger ledger;
	enum bj_err err = ledger_load(o->folder, &ledger);

	if (err)
		return err;
	for (size_t i = 0; i < request->id_count; i++)
		words[i] = word_of(&ledger, &request->ids[i]);
	err = ocsp_answer(&in, out, cap, out_len);
	ledger_fini(&ledger);
	return err;
}

static void answer(const struct cert_options *o, const struct local_pair *ca, struct exchange *x, struct bj_bytes der)
{
	static uint8_t out[OCSP_ANSWER_DER_MAX];
	struct ocsp_request request;
	size_t len = 0;

	if (ocsp_request_read(der, &ca->cert, &request) != BJ_OK)
		len = ocsp_refuse(OCSP_MALFORMED_REQUEST, out);
	else if (answer_request(o, ca, &request, out, sizeof(out), &len) != BJ_OK)
		len = ocsp_refuse(OCSP_INTERNAL_ERROR, out);
	respond(x, 200, bytes_of(out, len));
}

/* Reads one request and answers it. */
static void serve_one(const struct cert_options *o, const struct local_pair *ca, struct exchange *x)
{
	uint8_t decoded[OCSP_REQUEST_MAX];
	struct h1_parser parser;
	struct bj_bytes der;
	size_t at = 0, used;
	bool done = false;

	h1_parser_init(&parser, HEAD_MAX);
	http_fields_init(&x->request.fields, x->arena, sizeof(x->arena), FIELDS_MAX);
	while (!done) {
		if (h1_request_feed(&parser, &x->request, x->input + at, x->len - at, &used, &done) != BJ_OK) {
			respond(x, http_status_of(parser.err), (struct bj_bytes){ 0 });
			return;
		}
		at += used;
		if (!done && !receive(x))
			return;
	}
	if (x->request.method == HTTP_GET && request_of_target(raw_target(x), decoded, &der)) {
		answer(o, ca, x, der);
	} else if (x->request.method != HTTP_POST) {
		respond(x, x->request.method == HTTP_GET ? 400 : 405, (struct bj_bytes){ 0 });
	} else if (x->request.framing.kind != HTTP_BODY_LENGTH || x->request.framing.length > OCSP_REQUEST_MAX) {
		respond(x, x->request.framing.kind == HTTP_BODY_LENGTH ? 413 : 411, (struct bj_bytes){ 0 });
	} else {
		size_t want = (size_t)x->request.framing.length;

		while (x->len - at < want)
			if (!receive(x))
				return;
		answer(o, ca, x, bytes_of(x->input + at, want));
	}
}

static int listen_there(const struct cert_options *o, struct addr *bound, int *out_fd)
{
	static const struct listener_options options = { 0 };
	const char *where = o->listen ? o->listen : "127.0.0.1";
	char text[ADDR_TEXT_MAX];
	struct addr addr;
	enum bj_err err;

	snprintf(text, sizeof(text), strchr(where, ':') && where[0] != '[' ? "[%s]:%u" : "%s:%u", where, o->port);
	if (addr_parse(text, 0, &addr) != BJ_OK)
		return say_failure(EXIT_USAGE, "--listen is an address such as 127.0.0.1 or [::], not '%s'", where);
	err = listener_open(&addr, &options, out_fd, bound);
	return err ? say_err(EXIT_USAGE, err, "cannot listen on %s", text) : EXIT_GOOD;
}

static int run(const struct cert_options *o, const struct local_pair *ca, struct exchange *x)
{
	struct sigaction action = { .sa_handler = on_signal };
	char text[ADDR_TEXT_MAX];
	struct addr bound;
	int fd = -1, code = listen_there(o, &bound, &fd);

	if (code)
		return code;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	addr_print(&bound, text);
	printf("http://%s  answers for the certificates of %s/ca.pem\n", text, o->folder);
	if (!o->options.quiet)
		printf("try: openssl ocsp -CAfile %s/ca.pem -issuer %s/ca.pem -cert FILE.pem -url http://%s\n", o->folder, o->folder, text);
	fflush(stdout);
	while (!stopped) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, -1) != 1)
			continue;
		x->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (x->fd < 0)
			continue;
		x->len = 0;
		x->end_ms = steady_ms() + CONNECTION_MS;
		serve_one(o, ca, x);
		close(x->fd);
	}
	close(fd);
	return stopped == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
}

int cert_respond(struct cert_options *o)
{
	struct local_pair *ca = calloc(1, sizeof(*ca));
	struct exchange *x = calloc(1, sizeof(*x));
	int code = ca && x ? cert_load_ca(o, ca) : say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "cert ocsp");

	if (!code)
		code = run(o, ca, x);
	if (ca)
		local_fini(ca);
	free(ca);
	free(x);
	return code;
}
