/* ktls.c - the kernel makes the records: ktls HOST PORT CA.pem. After the handshake the keys for sending go to Linux' TLS. */
#include <arpa/inet.h>
#include <linux/tls.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <bojagi/tls.h>

static int give(int fd, struct bj_tls *conn) /* first the kernel is asked: keys that are given do not come back */
{
	struct tls12_crypto_info_aes_gcm_256 info = { .info = { TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256 } };
	struct bj_tls_traffic_keys keys;

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 4) || bj_tls_traffic_keys(conn, true, &keys)) return 0;
	memcpy(info.key, keys.key, sizeof(info.key));
	memcpy(info.salt, keys.iv, sizeof(info.salt)); /* the two parts of the nonce; 1.2 has the sequence number in the second */
	memcpy(info.iv, keys.iv + sizeof(info.salt), sizeof(info.iv));
	for (int i = 0; i < 8; i++) info.rec_seq[i] = (unsigned char)(keys.sequence >> (56 - 8 * i));
	explicit_bzero(&keys, sizeof(keys));
	return setsockopt(fd, SOL_TLS, TLS_TX, &info, sizeof(info)) == 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argc > 2 ? argv[2] : "0")) };
	struct bj_tls_config *config = bj_tls_config_new(BJ_TLS_CLIENT);
	struct bj_trust *trust = bj_trust_new();
	struct bj_tls_socket *tls = NULL;
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	char page[4096];
	size_t len = 0;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (argc != 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 || bj_trust_add_file(trust, argv[3], NULL) ||
	    bj_tls_config_trust(config, trust) || bj_tls_config_suites(config, (uint16_t[]){ 0x1302 }, 1) ||
	    bj_tls_config_freeze(config) || connect(fd, (struct sockaddr *)&to, sizeof(to)) || bj_tls_wrap(config, fd, argv[1], &tls))
		return 1;
	int given = give(fd, bj_tls_socket_engine(tls));
	printf("records by the %s\n", given ? "kernel" : "engine: the kernel has no TLS");
	enum bj_err err = BJ_OK;
	if (!given) err = bj_tls_write(tls, request, strlen(request), &len);
	else if (send(fd, request, strlen(request), 0) < 0) err = BJ_ERR_IO;
	while (!err && !(err = bj_tls_read(tls, page, sizeof(page), &len)) && len > 0) (void)fwrite(page, 1, len, stdout);
	return err != BJ_OK;
}
