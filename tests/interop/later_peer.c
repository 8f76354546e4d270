/* later_peer.c - one connection of ours on which a certificate is asked for when the handshake is over, for peers of others.
 *
 *     later-peer server PORT CHAIN KEY CA   listens for one client, asks it, says what came: "later: 2 certificates, verified"
 *     later-peer client PORT CHAIN KEY CA   connects to "localhost" on it, reads until the peer closes, answers when it is asked
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <bojagi/tls.h>

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int fail(const char *what, enum bj_err err)
{
	fprintf(stderr, "%s: %s\n", what, bj_err_name(err));
	return 1;
}

static int socket_open(bool is_server, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, got;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!is_server)
		return connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ? fd : -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) != 0 || listen(fd, 1) != 0)
		return -1;
	printf("listens\n");
	fflush(stdout);
	got = accept(fd, NULL, NULL);
	close(fd);
	return got;
}

static void flush(struct bj_tls *tls, int fd)
{
	uint8_t buf[4096];

	while (bj_tls_pending(tls) > 0) {
		size_t n = bj_tls_pull(tls, buf, sizeof(buf));

		if (send(fd, buf, n, MSG_NOSIGNAL) != (ssize_t)n)
			return;
	}
}

static void say(const struct bj_tls *tls)
{
	struct bj_tls_report report;

	bj_tls_report(tls, &report);
	printf("later: %zu certificates, %s\n", report.peer_chain_count, report.peer_verified ? "verified" : "not verified");
	fflush(stdout);
}

/* Until the peer closes, or (servers) its answer is here. */
static enum bj_err run(struct bj_tls *tls, int fd, bool is_server)
{
	static uint8_t buf[2 * BJ_TLS_RECORD_MAX];
	size_t len = 0;

	for (;;) {
		struct bj_tls_fed fed;
		enum bj_err err = bj_tls_feed(tls, now_ms(), buf, len, &fed);
		ssize_t n;

		flush(tls, fd);
		if (err)
			return err;
		if (fed.event == BJ_TLS_DATA) {
			printf("data: %.*s\n", (int)fed.data.len, (const char *)fed.data.ptr);
			fflush(stdout);
		}
		memmove(buf, buf + fed.used, len - fed.used);
		len -= fed.used;
		if (fed.event == BJ_TLS_CLOSE)
			return BJ_OK;
		if (fed.event == BJ_TLS_AUTHENTICATED) {
			say(tls);
			return BJ_OK;
		}
		if (fed.event == BJ_TLS_DONE && is_server) {
			err = bj_tls_request_certificate(tls);
			flush(tls, fd);
			if (err)
				return err;
		}
		if (fed.event != BJ_TLS_NONE)
			continue;
		n = recv(fd, buf + len, sizeof(buf) - len, 0);
		if (n <= 0)
			return bj_tls_eof(tls);
		len += (size_t)n;
	}
}

static enum bj_err config_make(bool is_server, char **argv, struct bj_tls_config **out)
{
	struct bj_tls_config *config = bj_tls_config_new(is_server ? BJ_TLS_SERVER : BJ_TLS_CLIENT);
	struct bj_credential *credential = NULL;
	struct bj_trust *trust = bj_trust_new();
	enum bj_err err = bj_credential_from_files(argv[3], argv[4], &credential);

	if (!err)
		err = bj_trust_add_file(trust, argv[5], NULL);
	if (!err)
		err = bj_tls_config_credential(config, credential);
	if (!err)
		err = bj_tls_config_trust(config, trust);
	if (!err)
		err = bj_tls_config_post_handshake_auth(config, true);
	if (!err)
		err = bj_tls_config_keep_peer_chain(config, true);
	if (!err)
		err = bj_tls_config_freeze(config);
	bj_credential_free(credential);
	bj_trust_free(trust);
	*out = config;
	return err;
}

int main(int argc, char **argv)
{
	bool is_server = argc == 6 && strcmp(argv[1], "server") == 0;
	struct bj_tls_config *config;
	struct bj_tls *tls = NULL;
	enum bj_err err;
	int fd;

	if (argc != 6)
		return 2;
	err = config_make(is_server, argv, &config);
	if (err)
		return fail("configuration", err);
	fd = socket_open(is_server, atoi(argv[2]));
	if (fd < 0)
		return 3;
	err = bj_tls_new(config, is_server ? NULL : "localhost", &tls);
	if (!err && !is_server)
		err = bj_tls_start(tls, now_ms());
	if (!err)
		err = run(tls, fd, is_server);
	if (!err) {
		bj_tls_close(tls);
		flush(tls, fd);
	}
	shutdown(fd, SHUT_WR);
	bj_tls_free(tls);
	bj_tls_config_free(config);
	close(fd);
	return err ? fail("connection", err) : 0;
}
