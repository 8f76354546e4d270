/* server.c - answers every client: server PORT CHAIN-AND-KEY.pem. TLS 1.2 and 1.3, forward secrecy, resumption. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bojagi/tls.h>

static const char page[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello over TLS\n";

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "0")) };
	struct bj_tls_config *config = bj_tls_config_new(BJ_TLS_SERVER);
	struct bj_credential *credential = NULL;
	struct bj_tls_socket *tls;
	char request[4096];
	size_t len;
	int fd, one = 1, door = socket(AF_INET, SOCK_STREAM, 0);
	enum bj_err err = bj_credential_from_files(argc > 2 ? argv[2] : "", NULL, &credential);

	if (!err) err = bj_tls_config_credential(config, credential);
	if (!err) err = bj_tls_config_freeze(config);
	(void)setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!err && (bind(door, (struct sockaddr *)&address, sizeof(address)) || listen(door, 100))) err = BJ_ERR_IO_ADDRESS_IN_USE;
	while (!err && (fd = accept(door, NULL, NULL)) >= 0) {
		enum bj_err failed = bj_tls_wrap(config, fd, NULL, &tls); /* the handshake */

		if (!failed) failed = bj_tls_read(tls, request, sizeof(request), &len);
		if (!failed) failed = bj_tls_write(tls, page, strlen(page), &len);
		if (failed) (void)fprintf(stderr, "one client: %s\n", bj_err_text(failed));
		bj_tls_unwrap(tls); /* says good-bye, wipes the keys, frees */
		(void)close(fd);
	}
	(void)fprintf(stderr, "%s\n", bj_err_text(err));
	return 1;
}
