/* wolfssl_peer.c - wolfSSL as a peer of the interoperation tests, built by them where its headers are; the arguments are those of every
 * peer program (see peers.py):
 *   client PORT CA VERSION [CHAIN KEY]   two connections, the second offers to resume; "ping" must come back
 *   server PORT CHAIN KEY VERSION [CA]   echoes, one client after the other; with a CA clients must prove themselves
 * PEER_REKEY in the environment: new keys are made, by the client before "ping", by the server before its echo.
 */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what, WOLFSSL *ssl, int rc)
{
	char text[WOLFSSL_MAX_ERROR_SZ] = "";

	if (ssl)
		wolfSSL_ERR_error_string((unsigned long)wolfSSL_get_error(ssl, rc), text);
	fprintf(stderr, "%s: %s\n", what, text);
	exit(1);
}

static WOLFSSL_CTX *context(int is_server, const char *version)
{
	int is_13 = strcmp(version, "1.3") == 0;
	WOLFSSL_METHOD *method = is_server ? (is_13 ? wolfTLSv1_3_server_method() : wolfTLSv1_2_server_method()) :
					     (is_13 ? wolfTLSv1_3_client_method() : wolfTLSv1_2_client_method());

	return wolfSSL_CTX_new(method);
}

static void own(WOLFSSL_CTX *ctx, const char *chain, const char *key)
{
	if (wolfSSL_CTX_use_certificate_chain_file(ctx, chain) != WOLFSSL_SUCCESS ||
	    wolfSSL_CTX_use_PrivateKey_file(ctx, key, WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)
		fail("own certificate", NULL, 0);
}

static void trust(WOLFSSL_CTX *ctx, const char *ca)
{
	if (wolfSSL_CTX_load_verify_locations(ctx, ca, NULL) != WOLFSSL_SUCCESS)
		fail("anchors", NULL, 0);
}

static struct sockaddr_in address(const char *port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((unsigned short)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* New keys for both directions. */
static void rekey(WOLFSSL *ssl)
{
	int rc = getenv("PEER_REKEY") ? wolfSSL_update_keys(ssl) : WOLFSSL_SUCCESS;

	if (rc != WOLFSSL_SUCCESS)
		fail("key update", ssl, rc);
}

static void client(int argc, char **argv)
{
	WOLFSSL_CTX *ctx = context(0, argv[4]);
	WOLFSSL_SESSION *session = NULL;
	struct sockaddr_in at = address(argv[2]);

	trust(ctx, argv[3]);
	if (argc > 6)
		own(ctx, argv[5], argv[6]);
	for (int turn = 0; turn < 2; turn++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0), len, rc;
		WOLFSSL *ssl = wolfSSL_new(ctx);
		char reply[6] = "";

		if (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
			fail("connect", NULL, 0);
		wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, "localhost", 9);
		wolfSSL_check_domain_name(ssl, "localhost");
		wolfSSL_UseSessionTicket(ssl);
		wolfSSL_set_fd(ssl, fd);
		if (session)
			wolfSSL_set_session(ssl, session);
		rc = wolfSSL_connect(ssl);
		if (rc != WOLFSSL_SUCCESS)
			fail("handshake", ssl, rc);
		rekey(ssl);
		rc = wolfSSL_write(ssl, "ping\n", 5);
		if (rc != 5)
			fail("write", ssl, rc);
		for (len = 0; len < 5; len += rc) {
			rc = wolfSSL_read(ssl, reply + len, 5 - len);
			if (rc <= 0)
				fail("read", ssl, rc);
		}
		printf("%s %s %s", wolfSSL_get_version(ssl) + 4, wolfSSL_session_reused(ssl) ? "resumed" : "full", reply);
		session = wolfSSL_get1_session(ssl);
		wolfSSL_shutdown(ssl);
		wolfSSL_free(ssl);
		close(fd);
	}
}

static void server(int argc, char **argv)
{
	WOLFSSL_CTX *ctx = context(1, argv[5]);
	struct sockaddr_in at = address(argv[2]);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	own(ctx, argv[3], argv[4]);
	if (argc > 6) {
		trust(ctx, argv[6]);
		wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	}
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(listener, 16) != 0)
		fail("listen", NULL, 0);
	for (;;) {
		int fd = accept(listener, NULL, NULL), len;
		WOLFSSL *ssl = wolfSSL_new(ctx);
		char buf[4096];

		wolfSSL_set_fd(ssl, fd);
		if (wolfSSL_accept(ssl) == WOLFSSL_SUCCESS) {
			rekey(ssl);
			while ((len = wolfSSL_read(ssl, buf, sizeof(buf))) > 0)
				wolfSSL_write(ssl, buf, len);
		}
		wolfSSL_shutdown(ssl);
		wolfSSL_free(ssl);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	wolfSSL_Init();
	if (argc >= 5 && strcmp(argv[1], "client") == 0)
		client(argc, argv);
	else if (argc >= 6 && strcmp(argv[1], "server") == 0)
		server(argc, argv);
	else
		fail("client PORT CA VERSION [CHAIN KEY] | server PORT CHAIN KEY VERSION [CA]", NULL, 0);
	return 0;
}
