/* connection.c - moves bytes between the runner's socket and the engine, and answers the engine's questions. */
#include "connection.h"

#include "checks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "setup.h"
#include "tls/conn.h"
#include "tls/scheme.h"
#include "x509/credential.h"

#define WRITE_ROOM (BJ_TLS_RECORD_MAX + 64)
#define DRAIN_S 5

/* ---- the socket */

static int socket_connect(const struct flags *flags)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)flags->port), .sin6_addr = in6addr_loopback };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)flags->port) };
	int fd = socket(flags->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0), one = 1, status;

	four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	status = flags->ipv6 ? connect(fd, (struct sockaddr *)&six, sizeof(six)) : connect(fd, (struct sockaddr *)&four, sizeof(four));
	if (status != 0) {
		perror("connect");
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

bool socket_write(int fd, const uint8_t *ptr, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, ptr, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		ptr += n;
		len -= (size_t)n;
	}
	return true;
}

/* Behind what a write left. */
static bool send_behind(struct connection *c, const uint8_t *ptr, size_t len)
{
	size_t before = c->unsent_len;

	c->unsent_len = 0;
	return socket_write(c->fd, c->unsent, before) && socket_write(c->fd, ptr, len);
}

bool connection_open(struct connection *c, const struct flags *flags, struct bj_tls_config *config, struct seen *seen, int64_t now_ms,
		     struct bj_bytes session)
{
	uint8_t id[8];
	enum bj_err err;

	*c = (struct connection){ .flags = flags, .seen = seen, .config = config, .now_ms = now_ms, .fd = -1 };
	err = bj_tls_new(config, flags->is_server ? NULL : flags->host_name, &c->tls);
	if (err) {
		fprintf(stderr, "a new connection: :%s:\n", bj_err_name(err));
		return false;
	}
	if (flags->quic_params.is_set) {
		err = bj_tls_quic_set_params(c->tls, flags->quic_params.bytes, flags->quic_params.len);
		if (err) {
			fprintf(stderr, "the parameters of QUIC: :%s:\n", bj_err_name(err));
			return false;
		}
	}
	if (session.len > 0) {
		err = bj_tls_resume(c->tls, now_ms, session.ptr, session.len);
		if (err && err != BJ_ERR_BAD_TICKET) {
			fprintf(stderr, "to resume: :%s:\n", bj_err_name(err));
			return false;
		}
	}
	if (flags->group_hints.is_set && bj_tls_hint_groups(c->tls, flags->group_hints.codes, flags->group_hints.count) != BJ_OK)
		return false;
	if (flags->ech_list.is_set || flags->reject_unusable_ech) {
		err = bj_tls_ech(c->tls, flags->ech_list.bytes, flags->ech_list.len);
		if (err && (err != BJ_ERR_NOT_FOUND || flags->reject_unusable_ech)) {
			fprintf(stderr, "to encrypt the hello: :%s:\n", bj_err_name(err));
			return false;
		}
	}
	c->fd = socket_connect(flags);
	if (c->fd < 0)
		return false;
	for (size_t i = 0; i < sizeof(id); i++)
		id[i] = (uint8_t)(flags->shim_id >> 8 * i);
	return socket_write(c->fd, id, sizeof(id));
}

/* A peer that has gone already is no failure here: what it sent before is still to be read. */
bool connection_flush(struct connection *c)
{
	uint8_t buf[4096];

	if (c->flags->is_quic)
		return quic_flush(c);
	while (bj_tls_pending(c->tls) > 0) {
		size_t n = bj_tls_pull(c->tls, buf, c->flags->is_async ? 1 : sizeof(buf));

		if (!send_behind(c, buf, n))
			return false;
	}
	return true;
}

void connection_close(struct connection *c)
{
	struct timeval wait = { .tv_sec = DRAIN_S };
	uint8_t buf[4096];

	if (c->fd >= 0) {
		connection_flush(c);
		shutdown(c->fd, SHUT_WR);
		setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		while (recv(c->fd, buf, sizeof(buf), 0) > 0)
			;
		close(c->fd);
	}
	bj_tls_free(c->tls);
	c->tls = NULL;
	c->fd = -1;
}

/* ---- questions */

static enum bj_err answer_credential(struct connection *c)
{
	const struct flags *flags = c->flags;
	struct bj_tls_report report;

	bj_tls_report(c->tls, &report);
	if (flags->fail_early_callback || flags->fail_ddos_callback) {
		enum bj_err err = flags->fail_early_callback ? BJ_ERR_NO_CREDENTIAL : BJ_ERR_INTERNAL;

		fprintf(stderr, ":CONNECTION_REJECTED:\n");
		bj_tls_abort(c->tls, err);
		return err;
	}
	if (flags->fail_cert_callback || flags->fail_ocsp_callback) {
		fprintf(stderr, ":%s_CB_ERROR:\n", flags->fail_cert_callback ? "CERT" : "OCSP");
		bj_tls_abort(c->tls, BJ_ERR_INTERNAL);
		return BJ_ERR_INTERNAL;
	}
	if (flags->expect_no_server_name && report.server_name) {
		fprintf(stderr, "a server name came: %s\n", report.server_name);
		return BJ_ERR_ACCESS_DENIED;
	}
	if (c->config->credential_count == 0)
		return bj_tls_answer_credential(c->tls, NULL);
	return bj_tls_answer_credential(c->tls, c->config->credentials[0].credential);
}

/* A ticket in this test is its state behind a mark, every byte turned over, and a checksum. */
#define TICKET_MARK 0x5a

static uint8_t ticket_sum(const uint8_t *bytes, size_t len)
{
	uint8_t sum = TICKET_MARK;

	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum * 31 + bytes[i]);
	return sum;
}

static enum bj_err answer_seal(struct connection *c)
{
	struct bj_bytes state = bj_tls_question_bytes(c->tls);
	uint8_t ticket[BJ_TLS_TICKET_MAX];

	if (c->flags->skip_ticket || state.len + 2 > sizeof(ticket))
		return bj_tls_answer_ticket_seal(c->tls, NULL, 0);
	ticket[0] = TICKET_MARK;
	for (size_t i = 0; i < state.len; i++)
		ticket[1 + i] = (uint8_t)~state.ptr[i];
	ticket[1 + state.len] = ticket_sum(ticket, 1 + state.len);
	return bj_tls_answer_ticket_seal(c->tls, ticket, state.len + 2);
}

static enum bj_err answer_ticket(struct connection *c)
{
	struct bj_bytes ticket = bj_tls_question_bytes(c->tls);
	uint8_t state[BJ_TLS_TICKET_MAX];

	if (++c->tickets_opened > 1) {
		fprintf(stderr, "the question about a ticket came twice\n");
		return BJ_ERR_INTERNAL;
	}
	if (ticket.len < 3 || ticket.len > sizeof(state) || ticket.ptr[0] != TICKET_MARK ||
	    ticket_sum(ticket.ptr, ticket.len - 1) != ticket.ptr[ticket.len - 1])
		return bj_tls_answer_ticket(c->tls, NULL, 0);
	for (size_t i = 1; i < ticket.len - 1; i++)
		state[i - 1] = (uint8_t)~ticket.ptr[i];
	return bj_tls_answer_ticket(c->tls, state, ticket.len - 2);
}

static enum bj_err answer_psk(struct connection *c)
{
	struct bj_bytes identity, context;

	if (!bj_tls_psk_imported(bj_tls_question_bytes(c->tls), &identity, &context))
		return bj_tls_answer_psk(c->tls, NULL);
	for (size_t i = 1; i <= c->flags->credential_count; i++) {
		struct bj_tls_psk psk = setup_psk(&c->flags->credentials[i]);

		if (c->flags->credentials[i].is_psk && bytes_equal(identity, bytes_of(psk.identity, psk.identity_len)))
			return bj_tls_answer_psk(c->tls, &psk);
	}
	return bj_tls_answer_psk(c->tls, NULL);
}

static enum bj_err answer_sign(struct connection *c)
{
	const struct scheme *scheme = scheme_find(bj_tls_question_scheme(c->tls));
	uint8_t signature[SIG_LEN_MAX];
	size_t len;
	enum bj_err err;

	if (!scheme || !c->tls->hs->credential)
		return BJ_ERR_INTERNAL;
	err = pkey_sign(c->tls->hs->credential->key, (enum sig_alg)scheme->alg, bj_tls_question_bytes(c->tls), signature, sizeof(signature),
			&len);
	return err ? err : bj_tls_answer_sign(c->tls, signature, len);
}

static enum bj_err answer_verify(struct connection *c)
{
	struct bj_verdict verdict = { .err = BJ_OK, .index = -1, .rule = "" };

	if (c->flags->verify_fail) {
		fprintf(stderr, ":CERTIFICATE_VERIFY_FAILED:\n");
		verdict.err = c->flags->custom_verify ? BJ_ERR_CERT_REFUSED : BJ_ERR_NO_CREDENTIAL;
	}
	if (!checks_verify(c))
		verdict.err = BJ_ERR_INTERNAL;
	if (c->flags->fail_ocsp_callback) {
		fprintf(stderr, ":OCSP_CB_ERROR:\n");
		verdict.err = BJ_ERR_OCSP;
	}
	return bj_tls_answer_verify(c->tls, &verdict);
}

enum bj_err connection_answer(struct connection *c)
{
	if (c->flags->is_async && !c->was_asked) {
		c->was_asked = true;
		return BJ_OK;
	}
	c->was_asked = false;
	c->questions++;
	switch (bj_tls_question(c->tls)) {
	case BJ_TLS_Q_CREDENTIAL:
		return answer_credential(c);
	case BJ_TLS_Q_SIGN:
		return answer_sign(c);
	case BJ_TLS_Q_VERIFY:
		return answer_verify(c);
	case BJ_TLS_Q_PSK:
		return answer_psk(c);
	case BJ_TLS_Q_TICKET:
		return answer_ticket(c);
	case BJ_TLS_Q_TICKET_SEAL:
		return answer_seal(c);
	case BJ_TLS_Q_EARLY_DATA:
		return bj_tls_answer_early_data(c->tls, true);
	case BJ_TLS_Q_NONE:
		break;
	}
	return BJ_ERR_INTERNAL;
}

/* ---- the engine */

/* More bytes behind those that are left. False at the end of the peer's bytes. */
static bool fill(struct connection *c)
{
	size_t n;

	memmove(c->in, c->in + c->in_at, c->in_len - c->in_at);
	c->in_len -= c->in_at;
	c->in_at = 0;
	if (c->raw_at == c->raw_len) {
		ssize_t got = recv(c->fd, c->raw, sizeof(c->raw), 0);

		if (got <= 0)
			return false;
		c->raw_at = 0;
		c->raw_len = (size_t)got;
	}
	n = c->flags->is_async ? 1 : c->raw_len - c->raw_at;
	if (n > sizeof(c->in) - c->in_len)
		n = sizeof(c->in) - c->in_len;
	memcpy(c->in + c->in_len, c->raw + c->raw_at, n);
	c->in_len += n;
	c->raw_at += n;
	return true;
}

/* The server's first flight is out, and what comes is early data. */
static bool takes_early(const struct connection *c)
{
	return c->flags->is_server && c->tls->early == BJ_TLS_EARLY_ACCEPTED;
}

/* From the refusal of early data on, what the flags say of the time after it holds. */
void connection_look(struct connection *c)
{
	if (c->until && c->seen->last_received == c->until) {
		c->until = 0;
		c->pauses = true;
	}
	if (takes_early(c) && !c->took_early)
		c->took_early = c->pauses = true;
	if (c->flags->false_start && c->tls->version == BJ_TLS_1_2 && !c->starts_false && bj_tls_may_seal(c->tls))
		c->starts_false = c->pauses = true;
	if (!c->offers_early || c->is_refused || c->tls->early == BJ_TLS_EARLY_OFFERED || c->tls->early == BJ_TLS_EARLY_ACCEPTED)
		return;
	c->is_refused = true;
	c->flags = c->retry_flags;
}

/* Feeds until something is told; reads where nothing is. BJ_TLS_NONE: the peer's bytes ended. */
static enum bj_err run(struct connection *c, enum bj_tls_event *out_event)
{
	if (c->flags->is_quic)
		return quic_run(c, out_event);
	for (;;) {
		struct bj_tls_fed fed;
		enum bj_err err = bj_tls_feed(c->tls, c->now_ms, c->in + c->in_at, c->in_len - c->in_at, &fed);

		c->in_at += fed.used;
		(void)connection_flush(c);
		connection_look(c);
		if (err)
			return err;
		*out_event = fed.event;
		switch (fed.event) {
		case BJ_TLS_ASK:
			err = connection_answer(c);
			if (err)
				return err;
			break;
		case BJ_TLS_NONE:
			if (c->pauses) {
				c->pauses = false;
				return BJ_OK;
			}
			if (!fill(c)) {
				c->is_eof = true;
				return bj_tls_eof(c->tls);
			}
			break;
		case BJ_TLS_DONE:
			c->is_done = true;
			return BJ_OK;
		case BJ_TLS_AUTHENTICATED:
		case BJ_TLS_TICKET:
			break;
		case BJ_TLS_DATA:
		case BJ_TLS_EARLY_DATA:
			c->data = fed.data;
			return BJ_OK;
		case BJ_TLS_CLOSE:
			return BJ_OK;
		}
	}
}

/* What is asked before the hello goes out. */
static bool answer_start(struct connection *c)
{
	enum bj_tls_event event;
	struct bj_tls_fed fed;

	while (bj_tls_question(c->tls) != BJ_TLS_Q_NONE)
		if (connection_answer(c) != BJ_OK)
			return false;
	return c->flags->is_quic ? bj_tls_quic_feed(c->tls, c->now_ms, BJ_TLS_LEVEL_INITIAL, NULL, 0, &event) == BJ_OK :
				   bj_tls_feed(c->tls, c->now_ms, NULL, 0, &fed) == BJ_OK;
}

bool connection_start(struct connection *c)
{
	if (c->flags->is_server || c->tls->hs || c->is_done)
		return true;
	if (bj_tls_start(c->tls, c->now_ms) != BJ_OK)
		return false;
	c->offers_early = c->tls->early == BJ_TLS_EARLY_OFFERED;
	return bj_tls_question(c->tls) == BJ_TLS_Q_NONE || answer_start(c);
}

bool connection_until(struct connection *c, int type)
{
	enum bj_tls_event event = BJ_TLS_NONE;

	c->until = type;
	while (c->until && !c->is_done)
		if (run(c, &event) != BJ_OK || c->is_eof)
			return false;
	return !c->until;
}

bool connection_handshake(struct connection *c)
{
	enum bj_tls_event event = BJ_TLS_NONE;

	if (!connection_start(c))
		return false;
	while (!c->is_done && !takes_early(c) && !c->starts_false)
		if (run(c, &event) != BJ_OK || c->is_eof)
			return false;
	return true;
}

bool connection_complete(struct connection *c)
{
	enum bj_tls_event event = BJ_TLS_NONE;

	while (!c->is_done)
		if (run(c, &event) != BJ_OK || c->is_eof)
			return false;
	return true;
}

bool connection_peek(struct connection *c, struct bj_bytes *out)
{
	enum bj_tls_event event = BJ_TLS_NONE;
	enum bj_err err = BJ_OK;

	*out = bytes_of(NULL, 0);
	if (!c->is_done && !takes_early(c) && !connection_handshake(c))
		return false;
	while (c->data.len == 0) {
		err = run(c, &event);
		if (c->is_eof)
			return true;
		if (err)
			return false;
		if (event == BJ_TLS_CLOSE)
			return true;
	}
	*out = c->data;
	return true;
}

int connection_read(struct connection *c, uint8_t *out, size_t cap)
{
	struct bj_bytes data;

	if (!connection_peek(c, &data))
		return -1;
	if (data.len == 0)
		return 0;
	if (c->unsent_len > 0 && !send_behind(c, NULL, 0))
		return -1;
	if (cap > c->data.len)
		cap = c->data.len;
	memcpy(out, c->data.ptr, cap);
	c->data = bytes_of(c->data.ptr + cap, c->data.len - cap);
	return (int)cap;
}

bool connection_write(struct connection *c, struct bj_bytes data)
{
	uint8_t buf[WRITE_ROOM];

	if (!c->is_done && !takes_early(c) && !c->offers_early && !connection_handshake(c))
		return false;
	if (c->flags->is_quic && !connection_flush(c)) /* the hello comes before what goes with it */
		return false;
	if (c->flags->is_quic)
		return quic_write(c, c->offers_early && !c->is_done ? BJ_TLS_LEVEL_EARLY : BJ_TLS_LEVEL_APPLICATION, data);
	while (data.len > 0) {
		size_t used, len;
		enum bj_err err = bj_tls_seal(c->tls, &data, 1, buf, sizeof(buf), &used, &len);

		if (err == BJ_ERR_STATE && c->offers_early && !c->is_done) { /* no more of it fits: the rest when the handshake is done */
			if (!connection_handshake(c))
				return false;
			if (c->is_refused)
				return true;
			continue;
		}
		if (err || !send_behind(c, buf, len))
			return false;
		data = bytes_of(data.ptr + used, data.len - used);
	}
	return true;
}

bool connection_write_begin(struct connection *c, struct bj_bytes data)
{
	uint8_t buf[sizeof(c->unsent)];
	size_t used, len;

	if (!connection_flush(c) || (!c->is_done && !c->offers_early && !connection_handshake(c)))
		return false;
	if (bj_tls_seal(c->tls, &data, 1, buf, sizeof(buf), &used, &len) != BJ_OK || used < data.len || len < 2)
		return false;
	c->unsent_len = len - 1;
	memcpy(c->unsent, buf + 1, len - 1);
	return socket_write(c->fd, buf, 1);
}
