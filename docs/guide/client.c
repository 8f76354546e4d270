/* client.c - fetches a page: client HOST PORT [CA.pem]. Chain and name are verified; there is nothing to turn on. */
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

#include <bojagi/tls.h>

static int connect_to(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *a;
	int fd = getaddrinfo(host, port, &hints, &a) ? -1 : socket(a->ai_family, a->ai_socktype, 0);

	return fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? fd : -1;
}

int main(int argc, char **argv)
{
	struct bj_tls_config *config = bj_tls_config_new(BJ_TLS_CLIENT);
	struct bj_trust *trust = bj_trust_new();
	struct bj_tls_socket *tls = NULL;
	int fd = argc < 3 ? -1 : connect_to(argv[1], argv[2]);
	char buf[4096];
	size_t len = (size_t)snprintf(buf, sizeof(buf), "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", argc < 3 ? "" : argv[1]);
	enum bj_err err = fd < 0 ? BJ_ERR_IO_REFUSED : BJ_OK;

	if (!err) err = argc > 3 ? bj_trust_add_file(trust, argv[3], NULL) : bj_trust_add_system(trust, NULL);
	if (!err) err = bj_tls_config_trust(config, trust);
	if (!err) err = bj_tls_config_freeze(config);
	if (!err) err = bj_tls_wrap(config, fd, argv[1], &tls); /* the handshake */
	if (!err) err = bj_tls_write(tls, buf, len, &len);
	while (!err && !(err = bj_tls_read(tls, buf, sizeof(buf), &len)) && len > 0)
		(void)fwrite(buf, 1, len, stdout);
	if (err) (void)fprintf(stderr, "%s: %s\n", bj_err_id(err), bj_err_text(err));
	bj_tls_unwrap(tls); /* says good-bye, wipes the keys, frees */
	bj_tls_config_free(config);
	bj_trust_free(trust);
	return err != BJ_OK;
}
