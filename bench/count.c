/* count.c - handshakes to be counted instruction by instruction: tools/count.py runs this under callgrind.
 *
 * bench-count KIND: eight handshakes of that kind in memory, full or resumed, after two that are not counted (caches, lazy objects). The work
 * of each side is done inside counted_client() and counted_server(), which is where callgrind collects. Time stands still and randomness is the same in each run; only
 * the keys and signatures of the chain are new in each run, and those are libcrypto's work.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"

#define HANDSHAKES 8
#define WARM 2
#define WIRE_MAX (64 * 1024)

struct side {
	struct bj_tls_config *config;
	struct bj_tls *tls;
	uint8_t in[WIRE_MAX]; /* from the other side */
	size_t in_len;
	bool is_server, is_done;
};

static uint8_t session[64 * 1024];
static size_t session_len;
static int64_t now_ms;
static uint64_t seed = 1;

/* xorshift: the same in each run. */
static enum bj_err random_fill(void *self, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		out[i] = (uint8_t)(seed >> 32);
	}
	return BJ_OK;
}

static struct bj_tls_config *counted_config(const struct chain *chain, bool is_server, enum bj_tls_version version)
{
	struct bj_tls_config *config = config_make(chain, is_server, version);

	must(bj_tls_config_rng(config, (struct bj_rng){ random_fill, NULL }), "randomness");
	must(bj_tls_config_freeze(config), "freezing");
	return config;
}

/* Takes what came, hands out what is to be sent. */
static void turn(struct side *side, struct side *other)
{
	size_t at = 0;

	for (;;) {
		struct bj_tls_fed fed;

		must(bj_tls_feed(side->tls, now_ms, side->in + at, side->in_len - at, &fed), side->is_server ? "server" : "client");
		at += fed.used;
		side->is_done |= fed.event == BJ_TLS_DONE;
		if (fed.event == BJ_TLS_NONE)
			break;
	}
	memmove(side->in, side->in + at, side->in_len - at);
	side->in_len -= at;
	other->in_len += bj_tls_pull(side->tls, other->in + other->in_len, sizeof(other->in) - other->in_len);
}

static void begin(struct side *side, bool resumes)
{
	side->in_len = 0;
	side->is_done = false;
	must(bj_tls_new(side->config, side->is_server ? NULL : CHAIN_NAME, &side->tls), "connection");
	if (resumes && !side->is_server)
		must(bj_tls_resume(side->tls, now_ms, session, session_len), "session");
	if (!side->is_server)
		must(bj_tls_start(side->tls, now_ms), "start");
}

enum act { ACT_BEGIN, ACT_TURN, ACT_END };

static void act(struct side *side, struct side *other, enum act what, bool resumes)
{
	if (what == ACT_BEGIN)
		begin(side, resumes);
	else if (what == ACT_TURN)
		turn(side, other);
	else
		bj_tls_free(side->tls);
}

/* Three names for the same: callgrind collects inside those that it is told. */
__attribute__((noinline)) void counted_client(struct side *side, struct side *other, enum act what, bool resumes);
__attribute__((noinline)) void counted_server(struct side *side, struct side *other, enum act what, bool resumes);

void counted_client(struct side *side, struct side *other, enum act what, bool resumes)
{
	act(side, other, what, resumes);
	__asm__ volatile("" ::: "memory"); /* no tail call */
}

void counted_server(struct side *side, struct side *other, enum act what, bool resumes)
{
	act(side, other, what, resumes);
	__asm__ volatile("" ::: "memory");
}

static void run(struct side *client, struct side *server, enum act what, bool resumes, bool counts)
{
	if (!counts) {
		act(client, server, what, resumes);
		act(server, client, what, resumes);
		return;
	}
	counted_client(client, server, what, resumes);
	counted_server(server, client, what, resumes);
}

static void handshake(struct side *client, struct side *server, bool resumes, bool counts)
{
	struct bj_tls_report report;
	struct bj_bytes kept;

	run(client, server, ACT_BEGIN, resumes, counts);
	for (int i = 0; i < 4; i++)
		run(client, server, ACT_TURN, resumes, counts);
	bj_tls_report(client->tls, &report);
	if (!client->is_done || !server->is_done || report.resumed != resumes)
		must(BJ_ERR_STATE, "handshake");
	kept = bj_tls_session(client->tls);
	if (kept.len > 0 && kept.len <= sizeof(session)) {
		memcpy(session, kept.ptr, kept.len);
		session_len = kept.len;
	}
	run(client, server, ACT_END, resumes, counts);
}

int main(int argc, char **argv)
{
	static struct side client, server = { .is_server = true };
	bool resumes = argc == 2 && strncmp(argv[1], "resumed", 7) == 0;
	enum bj_tls_version version = argc == 2 && strstr(argv[1], "12") ? BJ_TLS_1_2 : BJ_TLS_1_3;
	struct chain chain;

	if (argc != 2 || (!resumes && strncmp(argv[1], "full", 4) != 0)) {
		fprintf(stderr, "usage: bench-count full12|full13|resumed12|resumed13\n");
		return 2;
	}
	chain_make(&chain);
	now_ms = (int64_t)time(NULL) * 1000;
	client.config = counted_config(&chain, false, version);
	server.config = counted_config(&chain, true, version);
	handshake(&client, &server, false, false);
	for (int i = 0; i < WARM; i++)
		handshake(&client, &server, resumes, false);
	for (int i = 0; i < HANDSHAKES; i++)
		handshake(&client, &server, resumes, true);
	bj_tls_config_free(client.config);
	bj_tls_config_free(server.config);
	chain_free(&chain);
	return 0;
}
