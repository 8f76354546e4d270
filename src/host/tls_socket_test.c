/* tls_socket_test.c - the short way over pairs of connected sockets: blocking with a thread for the peer, non-blocking in
 * one thread with buffers so small that every call has to stop somewhere.
 */
#include "base/test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "base/prng.h"
#include "host/testkit.h"
#include "host/tls_socket.c" /* to see that an idle connection holds no buffer */

static struct kit kit;
static struct bj_tls_config *client_config, *server_config;

static struct bj_tls_config *freeze(struct bj_tls_config *config)
{
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	return config;
}

static struct bj_tls_config *make_client(bool trusting)
{
	struct bj_tls_config *config = bj_tls_config_new(BJ_TLS_CLIENT);
	struct bj_trust *trust = bj_trust_new();
	struct kit stranger;

	if (trusting) {
		assert_int_equal(bj_trust_add_file(trust, kit_path(&kit, "ca.pem"), NULL), BJ_OK);
	} else {
		kit_make_ca(&stranger, "Somebody Else");
		assert_int_equal(bj_trust_add_der(trust, stranger.ca_der, stranger.ca_len), BJ_OK);
		pkey_free(stranger.ca_key);
	}
	assert_int_equal(bj_tls_config_trust(config, trust), BJ_OK);
	bj_trust_free(trust);
	return config;
}

static struct bj_tls_config *make_server(void)
{
	struct bj_tls_config *config = bj_tls_config_new(BJ_TLS_SERVER);
	struct bj_credential *credential;

	assert_int_equal(bj_credential_from_files(kit_path(&kit, "server.pem"), NULL, &credential), BJ_OK);
	assert_int_equal(bj_tls_config_credential(config, credential), BJ_OK);
	bj_credential_free(credential);
	return config;
}

static int setup(void **state)
{
	(void)state;
	kit_open(&kit);
	client_config = freeze(make_client(true));
	server_config = freeze(make_server());
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bj_tls_config_free(client_config);
	bj_tls_config_free(server_config);
	kit_close(&kit);
	return 0;
}

/* ---- a peer in a thread of its own, that echoes until it hears the end */

struct peer {
	pthread_t thread;
	struct bj_tls_config *config;
	int fd;
	bool silent_end; /* goes without close_notify */
	enum bj_err wrap_err, end_err;
	int alert_received;
	uint64_t echoed;
};

static void *peer_main(void *arg)
{
	struct peer *p = arg;
	struct bj_tls_socket *s;
	struct bj_tls_report report;
	static _Thread_local uint8_t buf[50000];
	size_t len, put;

	p->wrap_err = bj_tls_wrap(p->config, p->fd, NULL, &s);
	p->end_err = p->wrap_err;
	while (!p->end_err) {
		p->end_err = bj_tls_read(s, buf, sizeof(buf), &len);
		if (p->end_err || len == 0)
			break;
		p->end_err = bj_tls_write(s, buf, len, &put);
		p->echoed += len;
	}
	if (s) {
		bj_tls_report(bj_tls_socket_engine(s), &report);
		p->alert_received = report.alert_received;
	}
	if (p->silent_end)
		(void)close(p->fd); /* so unwrapping cannot say good-bye */
	bj_tls_unwrap(s);
	if (!p->silent_end)
		(void)close(p->fd);
	return NULL;
}

/* Starts the peer; gives our end of the wire. */
static int peer_start(struct peer *p, struct bj_tls_config *config)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	p->config = config;
	p->fd = fds[1];
	assert_int_equal(pthread_create(&p->thread, NULL, peer_main, p), 0);
	return fds[0];
}

static void peer_join(struct peer *p)
{
	assert_int_equal(pthread_join(p->thread, NULL), 0);
}

static void assert_idle(const struct bj_tls_socket *s)
{
	assert_null(s->in);
	assert_null(s->out);
}

/* ---- what goes wrong */

static void a_wrap_that_makes_no_sense_is_refused(void **state)
{
	struct bj_tls_config *raw = bj_tls_config_new(BJ_TLS_CLIENT);
	struct bj_tls_socket *s = (struct bj_tls_socket *)1;

	(void)state;
	assert_int_equal(bj_tls_wrap(raw, 0, "a.example", &s), BJ_ERR_CONFIG_NOT_FROZEN);
	assert_null(s);
	assert_int_equal(bj_tls_wrap(client_config, 0, NULL, &s), BJ_ERR_CONFIG_NO_NAME);
	assert_null(s);
	assert_int_equal(bj_tls_wrap(client_config, 9999, KIT_NAME, &s), BJ_ERR_IO);
	bj_tls_unwrap(s);
	bj_tls_unwrap(NULL);
	bj_tls_config_free(raw);
}

static void a_server_of_another_name_or_ca_is_refused_and_told_why(void **state)
{
	struct bj_tls_config *stranger = freeze(make_client(false));
	const struct {
		struct bj_tls_config *config;
		const char *name;
		enum bj_err err;
	} rows[] = {
		{ client_config, "other.example.com", BJ_ERR_CERT_NAME },
		{ stranger, KIT_NAME, BJ_ERR_CERT_UNKNOWN_CA },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct peer p = { 0 };
		struct bj_tls_socket *s = NULL;
		int fd = peer_start(&p, server_config);
		size_t len;

		assert_int_equal(bj_tls_wrap(rows[i].config, fd, rows[i].name, &s), rows[i].err);
		assert_non_null(s);
		assert_int_equal(bj_tls_read(s, &len, 1, &len), rows[i].err); /* it sticks */
		assert_int_equal(bj_tls_write(s, "x", 1, &len), rows[i].err);
		bj_tls_unwrap(s);
		(void)close(fd);
		peer_join(&p);
		assert_int_equal(p.end_err, BJ_ERR_ALERT_RECEIVED);
		assert_int_equal(p.alert_received, bj_err_alert(rows[i].err));
	}
	bj_tls_config_free(stranger);
}

static void a_peer_that_speaks_no_tls_or_leaves_is_an_error(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum bj_err err;
	} rows[] = {
		{ "", 0, BJ_ERR_TRUNCATED },
		{ "\x16\x03\x03", 3, BJ_ERR_TRUNCATED },
		{ "\x16\x03\x03\x00\x04\x02\x00\x00", 8, BJ_ERR_TRUNCATED },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", 28, BJ_ERR_NOT_TLS },
		{ "\x15\x03\x03\x00\x02\x02\x28", 7, BJ_ERR_ALERT_RECEIVED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bj_tls_socket *s = NULL;
		int fds[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		assert_int_equal(write(fds[1], rows[i].bytes, rows[i].len), rows[i].len);
		assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
		assert_int_equal(bj_tls_wrap(client_config, fds[0], KIT_NAME, &s), rows[i].err);
		bj_tls_unwrap(s);
		(void)close(fds[0]);
		(void)close(fds[1]);
	}
}

static void the_peers_alert_is_heard_even_if_nothing_can_be_sent(void **state)
{
	struct bj_tls_socket *s = NULL;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[1], "\x15\x03\x03\x00\x02\x02\x28", 7), 7);
	(void)close(fds[1]); /* sending raises EPIPE, and would raise SIGPIPE */
	assert_int_equal(bj_tls_wrap(client_config, fds[0], KIT_NAME, &s), BJ_ERR_ALERT_RECEIVED);
	bj_tls_unwrap(s);
	(void)close(fds[0]);
}

static void a_connection_that_ends_without_good_bye_is_truncated(void **state)
{
	for (int silent = 0; silent < 2; silent++) {
		struct peer p = { .silent_end = silent };
		struct bj_tls_socket *s = NULL;
		int fd = peer_start(&p, server_config);
		uint8_t buf[16];
		size_t len;

		(void)state;
		assert_int_equal(bj_tls_wrap(client_config, fd, KIT_NAME, &s), BJ_OK);
		assert_int_equal(bj_tls_write(s, "ping", 4, &len), BJ_OK);
		assert_int_equal(bj_tls_read(s, buf, sizeof(buf), &len), BJ_OK);
		assert_int_equal(len, 4);
		bj_tls_close(s->conn); /* ours only: the peer answers with its own end */
		assert_int_equal(flush(s), BJ_OK);
		if (silent) {
			assert_int_equal(bj_tls_read(s, buf, sizeof(buf), &len), BJ_ERR_TRUNCATED);
			assert_int_equal(bj_tls_read(s, buf, sizeof(buf), &len), BJ_ERR_TRUNCATED);
		} else {
			assert_int_equal(bj_tls_read(s, buf, sizeof(buf), &len), BJ_OK);
			assert_int_equal(len, 0);
			assert_int_equal(bj_tls_read(s, buf, sizeof(buf), &len), BJ_OK);
			assert_int_equal(len, 0);
		}
		bj_tls_unwrap(s);
		peer_join(&p);
		(void)close(fd);
		assert_int_equal(p.end_err, BJ_OK);
	}
}

static void writing_to_a_peer_that_left_is_an_error_and_no_signal(void **state)
{
	struct peer p = { .silent_end = true };
	struct bj_tls_socket *s = NULL;
	int fd = peer_start(&p, server_config);
	enum bj_err err = BJ_OK;
	size_t len;

	(void)state;
	assert_int_equal(bj_tls_wrap(client_config, fd, KIT_NAME, &s), BJ_OK);
	bj_tls_close(s->conn);
	assert_int_equal(flush(s), BJ_OK);
	peer_join(&p);
	assert_int_equal(bj_tls_write(s, "x", 1, &len), BJ_ERR_CLOSED);
	bj_tls_unwrap(s);
	(void)close(fd);

	p = (struct peer){ .silent_end = true };
	fd = peer_start(&p, server_config);
	assert_int_equal(bj_tls_wrap(client_config, fd, KIT_NAME, &s), BJ_OK);
	assert_int_equal(shutdown(fd, SHUT_WR), 0); /* the peer sees the end and goes */
	peer_join(&p);
	assert_int_equal(p.end_err, BJ_ERR_TRUNCATED);
	err = bj_tls_write(s, "x", 1, &len);
	assert_int_equal(err, BJ_ERR_IO_RESET);
	bj_tls_unwrap(s);
	(void)close(fd);
}

/* ---- what goes right */

static void echo(struct bj_tls_socket *s, size_t total, size_t piece)
{
	static uint8_t out[70000], in[70000];
	struct prng g = { total + piece };

	assert_true(piece <= sizeof(out));
	for (size_t done = 0; done < total; done += piece) {
		size_t put = 0, got = 0, len = 0;

		prng_fill(&g, out, piece);
		assert_int_equal(bj_tls_write(s, out, piece, &put), BJ_OK);
		assert_int_equal(put, piece);
		while (got < piece) {
			assert_int_equal(bj_tls_read(s, in + got, 1 + prng_below(&g, (uint32_t)(piece - got)), &len), BJ_OK);
			assert_true(len > 0);
			got += len;
		}
		assert_memory_equal(in, out, piece);
	}
}

static void everything_comes_back_and_an_idle_connection_holds_no_buffer(void **state)
{
	static const size_t pieces[] = { 1, 100, 16383, 16384, 16385, 50000 };
	struct peer p = { 0 };
	struct bj_tls_socket *s = NULL;
	int fd = peer_start(&p, server_config);
	struct bj_tls_report report;
	size_t len;

	(void)state;
	assert_int_equal(bj_tls_wrap(client_config, fd, KIT_NAME, &s), BJ_OK);
	for (size_t i = 0; i < ARRAY_COUNT(pieces); i++)
		echo(s, pieces[i] * 20, pieces[i]);
	assert_int_equal(bj_tls_write(s, NULL, 0, &len), BJ_OK);
	assert_int_equal(len, 0);
	assert_int_equal(bj_tls_read(s, NULL, 0, &len), BJ_ERR_ARGUMENT);
	assert_idle(s);
	bj_tls_report(bj_tls_socket_engine(s), &report);
	assert_true(report.peer_verified);
	assert_string_equal(report.server_name, KIT_NAME);
	bj_tls_unwrap(s);
	peer_join(&p);
	assert_int_equal(p.end_err, BJ_OK);
	(void)close(fd);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int signal_number)
{
	(void)signal_number;
	alarms = alarms + 1;
}

static void signals_are_never_seen(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm }, old; /* no SA_RESTART */
	struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
	struct peer p = { 0 };
	struct bj_tls_socket *s = NULL;
	int fd = peer_start(&p, server_config);

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	assert_int_equal(bj_tls_wrap(client_config, fd, KIT_NAME, &s), BJ_OK);
	while (alarms < 20)
		echo(s, 200000, 50000);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
	bj_tls_unwrap(s);
	peer_join(&p);
	assert_int_equal(p.end_err, BJ_OK);
	(void)close(fd);
}

/* ---- non-blocking: both ends in one thread, with the smallest buffers that the system gives */

static void make_small_pair(int fds[2])
{
	int small = 1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
}

static bool is_ready(int fd, short events)
{
	struct pollfd one = { .fd = fd, .events = events };

	return poll(&one, 1, 0) == 1;
}

static void a_non_blocking_handshake_stops_and_goes_on(void **state)
{
	struct bj_tls_socket *c = NULL, *s = NULL;
	enum bj_err client_err = BJ_ERR_WOULD_BLOCK, server_err = BJ_ERR_WOULD_BLOCK;
	int fds[2], turns = 0;

	(void)state;
	make_small_pair(fds);
	assert_int_equal(bj_tls_wrap(client_config, fds[0], KIT_NAME, &c), BJ_OK);
	assert_int_equal(bj_tls_wrap(server_config, fds[1], NULL, &s), BJ_OK);
	assert_int_equal(bj_tls_socket_handshake(s), BJ_ERR_WOULD_BLOCK);
	assert_int_equal(bj_tls_socket_events(s), POLLIN);
	assert_idle(s);
	while (client_err || server_err) {
		assert_true(++turns < 100);
		if (client_err)
			client_err = bj_tls_socket_handshake(c);
		if (server_err)
			server_err = bj_tls_socket_handshake(s);
		assert_true(!client_err || client_err == BJ_ERR_WOULD_BLOCK);
		assert_true(!server_err || server_err == BJ_ERR_WOULD_BLOCK);
	}
	assert_int_equal(bj_tls_socket_handshake(c), BJ_OK); /* asked again, it says the same */
	bj_tls_unwrap(c);
	bj_tls_unwrap(s);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

struct end {
	struct bj_tls_socket *s;
	struct prng out, in; /* the same seed at one end's `out` and the other's `in` */
	uint8_t piece[40000];
	size_t piece_len, piece_at; /* what is being written */
	size_t to_write, to_read;
};

/* One write that may stop; repeated with the same bytes until they are gone. */
static bool write_step(struct end *e, struct prng *g)
{
	size_t len = 0;
	enum bj_err err;

	if (e->piece_at == e->piece_len) {
		if (e->to_write == 0)
			return false;
		e->piece_len = 1 + prng_below(g, sizeof(e->piece));
		if (e->piece_len > e->to_write)
			e->piece_len = e->to_write;
		e->piece_at = 0;
		e->to_write -= e->piece_len;
		prng_fill(&e->out, e->piece, e->piece_len);
	}
	err = bj_tls_write(e->s, e->piece + e->piece_at, e->piece_len - e->piece_at, &len);
	if (err == BJ_ERR_WOULD_BLOCK) {
		assert_true(bj_tls_socket_events(e->s) & (POLLOUT | POLLIN));
		return false;
	}
	assert_int_equal(err, BJ_OK);
	e->piece_at += len;
	return len > 0;
}

static bool read_step(struct end *e, struct prng *g)
{
	uint8_t buf[20000], want;
	size_t len = 0;
	enum bj_err err = bj_tls_read(e->s, buf, 1 + prng_below(g, sizeof(buf)), &len);

	if (err == BJ_ERR_WOULD_BLOCK) {
		assert_true(bj_tls_socket_events(e->s) & POLLIN);
		return false;
	}
	assert_int_equal(err, BJ_OK);
	assert_true(len > 0 && len <= e->to_read);
	for (size_t i = 0; i < len; i++) {
		prng_fill(&e->in, &want, 1);
		assert_int_equal(buf[i], want);
	}
	e->to_read -= len;
	return true;
}

static void both_ways_at_once_through_tiny_buffers_nothing_is_lost_or_doubled(void **state)
{
	static struct end ends[2];
	struct prng g = { 13 };
	int fds[2], idle = 0;

	(void)state;
	make_small_pair(fds);
	memset(ends, 0, sizeof(ends));
	assert_int_equal(bj_tls_wrap(client_config, fds[0], KIT_NAME, &ends[0].s), BJ_OK);
	assert_int_equal(bj_tls_wrap(server_config, fds[1], NULL, &ends[1].s), BJ_OK);
	for (size_t i = 0; i < 2; i++) {
		ends[i].out.state = i;
		ends[i].in.state = 1 - i;
		ends[i].to_write = ends[i].to_read = 1000000;
	}
	while (ends[0].to_read + ends[1].to_read > 0) {
		struct end *e = &ends[prng_below(&g, 2)];
		bool moved = prng_below(&g, 2) ? write_step(e, &g) : e->to_read > 0 && read_step(e, &g);

		idle = moved ? 0 : idle + 1;
		assert_true(idle < 1000);
	}
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(ends[i].to_write, 0);
		assert_idle(ends[i].s);
		assert_false(is_ready(fds[i], POLLIN));
	}
	bj_tls_unwrap(ends[0].s);
	bj_tls_unwrap(ends[1].s);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* One who writes all and then only reads must not be left with half a record in the buffer. */
static void reading_sends_what_a_write_left_behind(void **state)
{
	struct bj_tls_socket *c = NULL, *s = NULL;
	static uint8_t bytes[60000], buf[60000];
	enum bj_err err = BJ_ERR_WOULD_BLOCK;
	size_t len, sealed = 0, got = 0;
	int fds[2];

	(void)state;
	make_small_pair(fds);
	assert_int_equal(bj_tls_wrap(client_config, fds[0], KIT_NAME, &c), BJ_OK);
	assert_int_equal(bj_tls_wrap(server_config, fds[1], NULL, &s), BJ_OK);
	for (int turn = 0; turn < 10; turn++) {
		err = bj_tls_socket_handshake(c);
		if (bj_tls_socket_handshake(s) == BJ_OK && !err)
			break;
	}
	assert_int_equal(err, BJ_OK);
	while (sealed < sizeof(bytes)) { /* until it is full */
		err = bj_tls_write(c, bytes + sealed, sizeof(bytes) - sealed, &len);
		if (err)
			break;
		sealed += len;
	}
	assert_int_equal(err, BJ_ERR_WOULD_BLOCK);
	sealed += c->promised;
	assert_int_equal(bj_tls_write(c, bytes, c->promised - 1, &len), BJ_ERR_ARGUMENT); /* not the same write */
	for (int turn = 0; turn < 1000 && got < sealed; turn++) {
		if (bj_tls_read(s, buf, sizeof(buf), &len) == BJ_OK)
			got += len;
		assert_int_equal(bj_tls_read(c, buf, sizeof(buf), &len), BJ_ERR_WOULD_BLOCK);
	}
	assert_int_equal(got, sealed);
	bj_tls_unwrap(c);
	bj_tls_unwrap(s);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* Two ends of which the client may be asked for a certificate later. */
struct later_pair {
	struct bj_tls_config *client, *server;
	struct bj_credential *own;
	struct bj_tls_socket *c, *s;
	int fds[2];
};

static void later_open(struct later_pair *p, uint32_t questions)
{
	static char text[3 * ISSUE_DER_MAX];
	struct bj_trust *trust = bj_trust_new();
	enum bj_err err = BJ_ERR_WOULD_BLOCK;

	*p = (struct later_pair){ .client = make_client(true), .server = make_server() };
	kit_issue(&kit, ISSUE_CLIENT, "client.example", text, sizeof(text));
	assert_int_equal(bj_credential_from_pem(text, strlen(text), NULL, 0, &p->own), BJ_OK);
	assert_int_equal(bj_tls_config_credential(p->client, p->own), BJ_OK);
	assert_int_equal(bj_tls_config_ask(p->client, questions), BJ_OK);
	assert_int_equal(bj_trust_add_der(trust, kit.ca_der, kit.ca_len), BJ_OK);
	assert_int_equal(bj_tls_config_trust(p->server, trust), BJ_OK);
	bj_trust_free(trust);
	assert_int_equal(bj_tls_config_post_handshake_auth(p->client, true), BJ_OK);
	assert_int_equal(bj_tls_config_post_handshake_auth(p->server, true), BJ_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fds), 0);
	assert_int_equal(bj_tls_wrap(freeze(p->client), p->fds[0], KIT_NAME, &p->c), BJ_OK);
	assert_int_equal(bj_tls_wrap(freeze(p->server), p->fds[1], NULL, &p->s), BJ_OK);
	for (int turn = 0; turn < 10 && err; turn++) {
		err = bj_tls_socket_handshake(p->c);
		if (bj_tls_socket_handshake(p->s) && !err)
			err = BJ_ERR_WOULD_BLOCK;
	}
	assert_int_equal(err, BJ_OK);
}

static void later_close(struct later_pair *p)
{
	bj_tls_unwrap(p->c);
	bj_tls_unwrap(p->s);
	(void)close(p->fds[0]);
	(void)close(p->fds[1]);
	bj_credential_free(p->own);
	bj_tls_config_free(p->client);
	bj_tls_config_free(p->server);
}

/* What the server reads is the client's data, and by then it knows who that is. */
static void later_expect(struct later_pair *p)
{
	struct bj_tls_report report;
	uint8_t buf[16];
	size_t len;

	assert_int_equal(bj_tls_read(p->s, buf, sizeof(buf), &len), BJ_OK);
	assert_int_equal(len, 4);
	bj_tls_report(bj_tls_socket_engine(p->s), &report);
	assert_true(report.peer_verified);
}

/* What is here already is read before anything is waited for. */
static void data_behind_an_answer_to_a_later_request_is_not_waited_for(void **state)
{
	struct later_pair p;
	uint8_t buf[16];
	size_t len;

	(void)state;
	later_open(&p, 0);
	assert_int_equal(bj_tls_request_certificate(bj_tls_socket_engine(p.s)), BJ_OK);
	assert_int_equal(bj_tls_read(p.s, buf, sizeof(buf), &len), BJ_ERR_WOULD_BLOCK);
	assert_int_equal(bj_tls_read(p.c, buf, sizeof(buf), &len), BJ_ERR_WOULD_BLOCK);
	assert_int_equal(bj_tls_write(p.c, "data", 4, &len), BJ_OK);
	later_expect(&p);
	later_close(&p);
}

/* A question is waited for, not failed at; with the answer the write alone goes on. */
static void a_write_waits_for_the_answer_to_a_question(void **state)
{
	struct later_pair p;
	uint8_t buf[16];
	size_t len;

	(void)state;
	later_open(&p, 1u << BJ_TLS_Q_CREDENTIAL);
	assert_int_equal(bj_tls_request_certificate(bj_tls_socket_engine(p.s)), BJ_OK);
	assert_int_equal(bj_tls_read(p.s, buf, sizeof(buf), &len), BJ_ERR_WOULD_BLOCK);
	assert_int_equal(bj_tls_read(p.c, buf, sizeof(buf), &len), BJ_ERR_WOULD_BLOCK);
	assert_int_equal(bj_tls_socket_events(p.c), 0);
	p.c->events = POLLOUT;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(bj_tls_write(p.c, "data", 4, &len), BJ_ERR_WOULD_BLOCK);
		assert_int_equal(bj_tls_socket_events(p.c), 0);
	}
	assert_int_equal(bj_tls_answer_credential(bj_tls_socket_engine(p.c), p.own), BJ_OK);
	assert_int_equal(bj_tls_write(p.c, "data", 4, &len), BJ_OK);
	assert_int_equal(len, 4);
	later_expect(&p);
	later_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrap_that_makes_no_sense_is_refused),
		cmocka_unit_test(a_server_of_another_name_or_ca_is_refused_and_told_why),
		cmocka_unit_test(a_peer_that_speaks_no_tls_or_leaves_is_an_error),
		cmocka_unit_test(the_peers_alert_is_heard_even_if_nothing_can_be_sent),
		cmocka_unit_test(a_connection_that_ends_without_good_bye_is_truncated),
		cmocka_unit_test(writing_to_a_peer_that_left_is_an_error_and_no_signal),
		cmocka_unit_test(everything_comes_back_and_an_idle_connection_holds_no_buffer),
		cmocka_unit_test(signals_are_never_seen),
		cmocka_unit_test(a_non_blocking_handshake_stops_and_goes_on),
		cmocka_unit_test(both_ways_at_once_through_tiny_buffers_nothing_is_lost_or_doubled),
		cmocka_unit_test(reading_sends_what_a_write_left_behind),
		cmocka_unit_test(data_behind_an_answer_to_a_later_request_is_not_waited_for),
		cmocka_unit_test(a_write_waits_for_the_answer_to_a_question),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
