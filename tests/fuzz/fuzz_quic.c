/* fuzz_quic.c - a client and a server of QUIC, with the input between them: it says whose bytes are fed, in what pieces, at which level, and
 * what is changed on the way. The first byte says how both are configured.
 */
#include "tls_fuzz.h"

#include "tls/quic.h"

#define STREAM_MAX (1 << 16)
#define STEPS_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct end {
	struct bj_tls *conn;
	uint8_t stream[QUIC_LEVELS][STREAM_MAX]; /* what came and was not fed yet */
	size_t len[QUIC_LEVELS];
};

static void collect(struct end *from, struct end *to)
{
	struct bj_tls_quic_secret secret;
	enum bj_tls_level level;
	uint8_t buf[300];
	size_t n;

	while (bj_tls_quic_secret(from->conn, &secret))
		check(secret.level > BJ_TLS_LEVEL_INITIAL && secret.level < QUIC_LEVELS && (secret.len == 32 || secret.len == 48));
	while ((n = bj_tls_quic_pull(from->conn, &level, buf, sizeof(buf))) > 0) {
		check(level != BJ_TLS_LEVEL_EARLY && level < QUIC_LEVELS);
		if (to->len[level] + n > STREAM_MAX)
			continue;
		memcpy(to->stream[level] + to->len[level], buf, n);
		to->len[level] += n;
	}
	check(bj_tls_pending(from->conn) == 0);
}

static void feed(struct end *e, unsigned level, size_t n)
{
	enum bj_tls_level reads = bj_tls_quic_read_level(e->conn);
	enum bj_err before = bj_tls_error(e->conn), err;
	enum bj_tls_event event;

	n = n < e->len[level] ? n : e->len[level];
	err = bj_tls_quic_feed(e->conn, FUZZ_NOW * 1000, (enum bj_tls_level)level, e->stream[level], n, &event);
	check(event != BJ_TLS_DATA && event != BJ_TLS_CLOSE && (!err || event == BJ_TLS_NONE));
	check(!before || err == before);
	check(bj_tls_quic_read_level(e->conn) >= reads);
	if (err == BJ_ERR_STATE && !bj_tls_error(e->conn))
		return; /* not yet: the bytes stay */
	memmove(e->stream[level], e->stream[level] + n, e->len[level] - n);
	e->len[level] -= n;
}

/* One step: two bytes, and one more where something is changed. */
static size_t step(struct end *client, struct end *server, const uint8_t *data, size_t size)
{
	struct end *e = data[0] & 1 ? server : client;
	unsigned level = data[0] & 2 ? data[0] >> 2 & 3 : (unsigned)bj_tls_quic_read_level(e->conn);
	size_t n = data[1] < 128 ? STREAM_MAX : data[1] - 127u, taken = 2;

	if (data[0] & 16 && size > 3 && e->len[level] > 0) { /* a changed byte */
		e->stream[level][data[2] % e->len[level]] ^= data[3];
		taken = 4;
	} else if (data[0] & 32 && size > 2 && e->len[level] < STREAM_MAX) { /* one more */
		e->stream[level][e->len[level]++] = data[2];
		taken = 3;
	} else if (data[0] & 64 && e->len[level] > 0) { /* the last is lost */
		e->len[level]--;
	}
	feed(e, level, n);
	collect(e, e == client ? server : client);
	return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bj_tls_config *clients[4], *servers[4];
	static struct end client, server;
	static uint64_t seed;
	unsigned variant;

	if (size < 1)
		return 0;
	variant = data[0] & 3;
	seed = 1;
	if (!servers[variant])
		fuzz_configs(variant | 8, (struct bj_rng){ fuzz_fill, &seed }, &clients[variant], &servers[variant]);
	memset(client.len, 0, sizeof(client.len));
	memset(server.len, 0, sizeof(server.len));
	check(bj_tls_new(clients[variant], FUZZ_NAME, &client.conn) == BJ_OK && bj_tls_new(servers[variant], NULL, &server.conn) == BJ_OK);
	check(bj_tls_quic_set_params(client.conn, data, size < 9 ? size : 9) == BJ_OK && bj_tls_quic_set_params(server.conn, "", 0) == BJ_OK);
	check(bj_tls_start(client.conn, FUZZ_NOW * 1000) == BJ_OK);
	collect(&client, &server);
	for (size_t at = 1, steps = 0; at + 2 <= size && steps < STEPS_MAX; steps++)
		at += step(&client, &server, data + at, size - at);
	bj_tls_free(client.conn);
	bj_tls_free(server.conn);
	return 0;
}
