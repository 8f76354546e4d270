/* ktls_test.c - the kernel's TLS (Linux, module tls) goes on with the keys of a connection: its records and ours are the same.
 *
 * The handshake is done in memory; then one end's directions are given to a socket of the kernel, and the engine of the other end
 * talks to it. Says SKIPPED, and why, where the kernel has no TLS.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/tls.h>

#include "tls/testkit.h"

#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#ifndef SOL_TLS
#define SOL_TLS 282
#endif

static struct pki pki;
static struct pair pair;

static int group_setup(void **state)
{
	pki_make(&pki);
	return 0;
}

static int group_teardown(void **state)
{
	pki_fini(&pki);
	return 0;
}

/* Two ends of a TCP connection over loopback. */
static void connect_both(int fds[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[0], (struct sockaddr *)&at, sizeof(at)), 0);
	fds[1] = accept(listener, NULL, NULL);
	assert_true(fds[1] >= 0);
	close(listener);
}

static bool kernel_has_tls(int fd)
{
	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 4) == 0)
		return true;
	print_message("SKIPPED: the kernel has no TLS (module tls): %s\n", strerror(errno));
	return false;
}

static void put_sequence(uint64_t sequence, unsigned char out[8])
{
	for (int i = 7; i >= 0; i--, sequence >>= 8)
		out[i] = (unsigned char)sequence;
}

/* The kernel splits a nonce into salt and iv; in 1.2 the iv is the explicit half, which we count like the sequence. */
static void give(int fd, struct bj_tls *conn, bool write)
{
	struct tls12_crypto_info_aes_gcm_256 info = { .info.version = 0 };
	struct bj_tls_traffic_keys keys;

	assert_int_equal(bj_tls_traffic_keys(conn, write, &keys), BJ_OK);
	assert_int_equal(keys.key_len, sizeof(info.key));
	info.info.version = keys.version;
	info.info.cipher_type = TLS_CIPHER_AES_GCM_256;
	memcpy(info.key, keys.key, sizeof(info.key));
	memcpy(info.salt, keys.iv, sizeof(info.salt));
	put_sequence(keys.sequence, info.rec_seq);
	if (keys.iv_len == sizeof(keys.iv))
		memcpy(info.iv, keys.iv + sizeof(info.salt), sizeof(info.iv));
	else
		put_sequence(keys.sequence, info.iv);
	assert_int_equal(setsockopt(fd, SOL_TLS, write ? TLS_TX : TLS_RX, &info, sizeof(info)), 0);
	memset(&keys, 0, sizeof(keys));
	memset(&info, 0, sizeof(info));
}

static void to_kernel(int from, int to, const char *text)
{
	struct bj_bytes piece = bytes_text(text);
	uint8_t buf[1024];
	char got[256];
	size_t used, len;

	assert_int_equal(bj_tls_seal(pair.client.conn, &piece, 1, buf, sizeof(buf), &used, &len), BJ_OK);
	assert_int_equal(send(from, buf, len, 0), (ssize_t)len);
	assert_int_equal(recv(to, got, sizeof(got), 0), (ssize_t)piece.len);
	assert_memory_equal(got, text, piece.len);
}

static void from_kernel(int from, int to, const char *text)
{
	struct side *s = &pair.client;
	ssize_t n;

	s->data_len = 0;
	assert_int_equal(send(from, text, strlen(text), 0), (ssize_t)strlen(text));
	while (s->data_len < strlen(text)) {
		n = recv(to, s->wire + s->wire_len, WIRE_CAP - s->wire_len, 0);
		assert_true(n > 0);
		s->wire_len += (size_t)n;
		side_feed(&pair, s);
		assert_int_equal(s->err, BJ_OK);
	}
	assert_memory_equal(s->data, text, strlen(text));
}

static void the_kernel_goes_on(uint16_t suite)
{
	struct bj_tls_config *client = pki_client_config(&pki), *server = pki_server_config(&pki, KEY_P256);
	int fds[2];

	connect_both(fds);
	if (!kernel_has_tls(fds[1])) {
		close(fds[0]);
		close(fds[1]);
		bj_tls_config_free(client);
		bj_tls_config_free(server);
		skip();
	}
	assert_int_equal(bj_tls_config_suites(client, &suite, 1), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	pair_echo(&pair);
	give(fds[1], pair.server.conn, true);
	give(fds[1], pair.server.conn, false);
	for (unsigned i = 0; i < 3; i++) {
		from_kernel(fds[1], fds[0], "records by the kernel");
		to_kernel(fds[0], fds[1], "records by the engine");
	}
	pair_fini(&pair);
	bj_tls_config_free(client);
	bj_tls_config_free(server);
	close(fds[0]);
	close(fds[1]);
}

static void the_kernel_goes_on_with_1_3(void **state)
{
	the_kernel_goes_on(0x1302);
}

static void the_kernel_goes_on_with_1_2(void **state)
{
	the_kernel_goes_on(0xc02c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_goes_on_with_1_3),
		cmocka_unit_test(the_kernel_goes_on_with_1_2),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
