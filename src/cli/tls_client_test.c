/* tls_client_test.c - a server that never says anything of use does not hold a client. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cert_local.h"
#include "cli/clock.h"
#include "cli/tls_client.h"
#include "tls/conn.h"
#include "tls/msg/message.h"
#include "tls/record.h"

#define BUF_MAX 65536
#define FLOOD_BYTES_MAX (96u << 20) /* where the client reads for ever, it is let go then */

struct server {
	struct bj_tls *tls;
	int fd;
	size_t sent;
};

static bool send_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static void shake(struct server *s)
{
	static uint8_t in[BUF_MAX], out[BUF_MAX];
	struct bj_tls_fed fed = { 0 };
	size_t len = 0, at = 0;

	while (fed.event != BJ_TLS_DONE) {
		if (bj_tls_feed(s->tls, clock_unix_ms(), in + at, len - at, &fed) != BJ_OK)
			return;
		at += fed.used;
		while (bj_tls_pending(s->tls) > 0)
			if (!send_all(s->fd, out, bj_tls_pull(s->tls, out, sizeof(out))))
				return;
		if (fed.event == BJ_TLS_NONE) {
			ssize_t n = recv(s->fd, in + len, sizeof(in) - len, 0);

			if (n <= 0)
				return;
			len += (size_t)n;
		}
	}
}

/* Tickets, until nobody takes them any more. */
static void *flood(void *self)
{
	static const uint8_t ticket[] = { MSG_NEW_SESSION_TICKET, 0, 0, 14, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 1, 't', 0, 0 };
	static uint8_t out[BUF_MAX];
	struct server *s = self;

	shake(s);
	while (s->sent < FLOOD_BYTES_MAX) {
		size_t len = 0;

		while (sizeof(out) - len > 256) {
			const struct bj_bytes piece = { ticket, sizeof(ticket) };
			size_t made = 0;

			if (record_seal(&s->tls->wr, RECORD_HANDSHAKE, BJ_TLS_1_2, &piece, 1, out + len, sizeof(out) - len, &made) != BJ_OK)
				return NULL;
			len += made;
		}
		if (!send_all(s->fd, out, len))
			return NULL;
		s->sent += len;
	}
	return NULL;
}

static void tickets_without_end_do_not_hold_a_reader(void **state)
{
	struct bj_tls_config *client = bj_tls_config_new(BJ_TLS_CLIENT), *config = bj_tls_config_new(BJ_TLS_SERVER);
	struct bj_trust *trust = bj_trust_new();
	struct bj_credential *credential = NULL;
	int64_t deadline = clock_steady_us() + 60 * (int64_t)1000000;
	struct server server = { 0 };
	struct tls_client c;
	struct bj_bytes data;
	struct wire wire;
	pthread_t thread;
	unsigned tickets;
	int fds[2];

	assert_int_equal(local_once("localhost", 1, clock_unix_ms() / 1000, trust, &credential), BJ_OK);
	assert_int_equal(bj_tls_config_credential(config, credential), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	assert_int_equal(bj_tls_config_ask(client, 1u << BJ_TLS_Q_VERIFY), BJ_OK);
	assert_int_equal(bj_tls_config_keep_peer_chain(client, true), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
	assert_int_equal(bj_tls_new(config, NULL, &server.tls), BJ_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	server.fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, flood, &server), 0);

	wire_of_socket(&wire, fds[0]);
	assert_int_equal(tls_client_init(&c, client, &wire, "localhost"), BJ_OK);
	c.trust = trust;
	assert_int_equal(tls_client_handshake(&c, deadline), BJ_OK);
	do { /* those that it keeps are told one by one; then comes a reading that is told nothing */
		tickets = c.tickets;
		assert_int_equal(tls_client_read(&c, deadline, &data), BJ_ERR_WOULD_BLOCK);
	} while (c.tickets > tickets);
	close(fds[0]);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(c.tickets > 0);
	assert_true(server.sent < FLOOD_BYTES_MAX);

	tls_client_fini(&c);
	close(fds[1]);
	bj_tls_free(server.tls);
	bj_tls_config_free(config);
	bj_tls_config_free(client);
	bj_credential_free(credential);
	bj_trust_free(trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tickets_without_end_do_not_hold_a_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
