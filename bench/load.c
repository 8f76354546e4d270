/* load.c - the client of the gateway's benchmark: connections, requests, downloads, idle connections, over libssl.
 *
 *     bench-load chain DIR                                 chain.pem (leaf, intermediate, key), root.pem
 *     bench-load connect PORT ROOT COUNT THREADS           each: TCP, full TLS 1.3 handshake, one GET, close
 *     bench-load request PORT ROOT COUNT THREADS [PATH]    GETs on one connection per thread
 *     bench-load idle PORT ROOT COUNT 1                    that many connections, each after one GET; says "ready" and holds them
 *                                                          until its input ends
 * It ends with 1 if any response was not a whole 200.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "chain.h"

#define THREADS_MAX 64

struct job {
	SSL_CTX *ctx;
	unsigned short port;
	const char *path;
	unsigned count;
	bool reconnect;
	bool failed;
};

static SSL *connect_one(const struct job *job)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(job->port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	SSL *ssl = SSL_new(job->ctx);

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	SSL_set_fd(ssl, fd);
	SSL_set_tlsext_host_name(ssl, CHAIN_NAME);
	SSL_set1_host(ssl, CHAIN_NAME);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && SSL_connect(ssl) == 1)
		return ssl;
	ERR_print_errors_fp(stderr);
	SSL_free(ssl);
	close(fd);
	return NULL;
}

static void close_one(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

/* One GET and its whole response, which must have a Content-Length. */
static bool get(SSL *ssl, const char *path)
{
	static _Thread_local char buf[65536];
	char request[512];
	int len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: " CHAIN_NAME "\r\n\r\n", path);
	size_t have = 0, body;
	char *end = NULL, *field;

	if (SSL_write(ssl, request, len) != len)
		return false;
	while (!end && have < sizeof(buf) - 1) {
		int got = SSL_read(ssl, buf + have, (int)(sizeof(buf) - 1 - have));

		if (got <= 0)
			return false;
		have += (size_t)got;
		buf[have] = 0;
		end = strstr(buf, "\r\n\r\n");
	}
	field = end ? strcasestr(buf, "\r\ncontent-length:") : NULL;
	if (!field || strncmp(buf, "HTTP/1.1 200", 12) != 0)
		return false;
	body = strtoul(field + 17, NULL, 10);
	have -= (size_t)(end + 4 - buf);
	while (have < body) {
		int got = SSL_read(ssl, buf, sizeof(buf));

		if (got <= 0)
			return false;
		have += (size_t)got;
	}
	return have == body;
}

static void *work(void *arg)
{
	struct job *job = (struct job *)arg;
	SSL *ssl = NULL;

	for (unsigned i = 0; i < job->count && !job->failed; i++) {
		if (!ssl)
			ssl = connect_one(job);
		if (!ssl || !get(ssl, job->path))
			job->failed = true;
		if (ssl && job->reconnect) {
			close_one(ssl);
			ssl = NULL;
		}
	}
	if (ssl)
		close_one(ssl);
	return NULL;
}

static int run(struct job job, unsigned threads)
{
	struct job jobs[THREADS_MAX];
	pthread_t ids[THREADS_MAX];
	bool failed = false;

	if (threads < 1 || threads > THREADS_MAX)
		return 2;
	job.count /= threads;
	for (unsigned i = 0; i < threads; i++) {
		jobs[i] = job;
		if (pthread_create(&ids[i], NULL, work, &jobs[i]) != 0)
			return 1;
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		failed |= jobs[i].failed;
	}
	return failed;
}

static int idle(const struct job *job)
{
	SSL **all = (SSL **)calloc(job->count, sizeof(*all));
	char byte;

	for (unsigned i = 0; i < job->count; i++) {
		all[i] = connect_one(job);
		if (!all[i] || !get(all[i], job->path))
			return 1;
	}
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	for (unsigned i = 0; i < job->count; i++)
		close_one(all[i]);
	free(all);
	return 0;
}

static bool put(const char *folder, const char *name, const char *a, const char *b)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	if (!f)
		return false;
	fputs(a, f);
	fputs(b, f);
	return fclose(f) == 0;
}

static int chain_to(const char *folder)
{
	struct chain chain;
	bool good;

	chain_make(&chain);
	good = put(folder, "chain.pem", chain.sent_pem, chain.key_pem) && put(folder, "root.pem", chain.root_pem, "");
	chain_free(&chain);
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct job job = { .path = argc > 6 ? argv[6] : "/" };

	if (argc == 3 && strcmp(argv[1], "chain") == 0)
		return chain_to(argv[2]);
	if (argc < 6) {
		fprintf(stderr, "usage: bench-load connect|request|idle PORT ROOT COUNT THREADS [PATH]\n");
		return 2;
	}
	job.port = (unsigned short)atoi(argv[2]);
	job.count = (unsigned)atoi(argv[4]);
	job.reconnect = strcmp(argv[1], "connect") == 0;
	job.ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_min_proto_version(job.ctx, TLS1_3_VERSION);
	SSL_CTX_set_ciphersuites(job.ctx, "TLS_AES_128_GCM_SHA256");
	SSL_CTX_set1_groups_list(job.ctx, "X25519");
	SSL_CTX_set_verify(job.ctx, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_file(job.ctx, argv[3]) != 1)
		return 2;
	return strcmp(argv[1], "idle") == 0 ? idle(&job) : run(job, (unsigned)atoi(argv[5]));
}
