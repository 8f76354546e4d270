/* tls.c - our TLS beside libssl and others (--peer), in one process and interleaved: handshakes, bulk, memory.
 *
 * Both ends of a connection run in one thread with memory between them; each end's own processor time is counted. A handshake
 * counts from the making of the connection to its freeing, with the tickets that follow it. Sending counts sealing without
 * moving the records anywhere; receiving counts one copy of the records, as from a kernel, then opening.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "ends.h"
#include "measure.h"

#ifndef BENCH_PART /* the program is built three times: all of it, "bulk" only, "memory" only */
#define BENCH_PART NULL
#endif

#define RECORD_TEXT 16384

#define STACKS_MAX (2 + PEERS_MAX)

static const struct stack *stacks[STACKS_MAX] = { &stack_bojagi, &stack_libssl };
static unsigned stack_count = 2;
static struct chain chain;

static void report_stacks(const struct options *o, const char *name, const char *side, const char *unit, const double values[STACKS_MAX],
			  double bar, enum measure_sense sense)
{
	struct measured all[STACKS_MAX];

	for (unsigned k = 0; k < stack_count; k++)
		all[k] = (struct measured){ stacks[k]->name, values[k] };
	if (bar > 0 && stack_count > 2) /* beside several: no dearer than the cheapest, and half as much again of the bulk */
		bar = sense == LESS_IS_BETTER ? 1.0 : 1.5;
	report_all(o, name, side, unit, all, stack_count, bar, sense);
}

static void report_rounds(const struct options *o, const char *name, const char *side, const char *unit, double values[][ROUNDS_MAX],
			  double bar, enum measure_sense sense)
{
	double medians[STACKS_MAX];

	for (unsigned k = 0; k < stack_count; k++)
		medians[k] = median(values[k], o->rounds);
	report_stacks(o, name, side, unit, medians, bar, sense);
}

/* A library of the same names inside a peer's file must find its own: hence DEEPBIND. */
static void take_peer(const char *path)
{
	void *file = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	const struct stack *peer = file ? (const struct stack *)dlsym(file, "stack_peer") : NULL;

	if (!peer) {
		fprintf(stderr, "bench: %s\n", dlerror());
		exit(2);
	}
	stacks[stack_count++] = peer;
}

/* ---- handshakes */

/* The session that this connection got, or the one from before where it got none. */
static void *newest(const struct stack *s, struct ends *e, void *session)
{
	void *fresh = s->session(e->client);

	if (!fresh)
		return session;
	s->session_free(session);
	return fresh;
}

static struct cost handshakes(const struct stack *s, int version, bool resume, unsigned count)
{
	void *client = s->config_new(&chain, false, version), *server = s->config_new(&chain, true, version);
	struct cost cost = { 0 };
	struct ends e = connect_ends(s, client, server, NULL, NULL);
	void *session = resume ? s->session(e.client) : NULL;

	if (resume && !session)
		die(s, "there is no session to resume");
	close_ends(s, &e, NULL);
	for (unsigned i = 0; i < count; i++) {
		e = connect_ends(s, client, server, session, &cost);
		if (s->resumed(e.client) != resume || s->resumed(e.server) != resume)
			die(s, "resumption is not as asked for");
		if (resume)
			session = newest(s, &e, session); /* libssl's clients use a ticket of 1.3 once only */
		close_ends(s, &e, &cost);
	}
	if (session)
		s->session_free(session);
	s->config_free(client);
	s->config_free(server);
	cost.client /= count;
	cost.server /= count;
	return cost;
}

static void bench_handshakes(const struct options *o, const char *name, int version, bool resume, unsigned count, double server_bar,
			     double client_bar)
{
	double client[STACKS_MAX][ROUNDS_MAX], server[STACKS_MAX][ROUNDS_MAX];

	if (!options_want(o, name))
		return;
	for (unsigned k = 0; k < stack_count; k++) /* warm up */
		(void)handshakes(stacks[k], version, resume, count / 4 + 1);
	for (unsigned r = 0; r < o->rounds; r++)
		for (unsigned k = 0; k < stack_count; k++) {
			struct cost c = handshakes(stacks[k], version, resume, count);

			client[k][r] = c.client / 1000;
			server[k][r] = c.server / 1000;
		}
	report_rounds(o, name, "server", "us", server, server_bar, LESS_IS_BETTER);
	report_rounds(o, name, "client", "us", client, client_bar, LESS_IS_BETTER);
}

/* ---- bulk */

/* Gigabytes of plaintext in a second of processor time. */
static double send_rate(const struct stack *s, struct ends *e, size_t text_len, unsigned count)
{
	static uint8_t text[RECORD_TEXT];
	double start = cpu_ns();
	size_t len;

	for (unsigned i = 0; i < count; i++)
		if (!s->send(e->server, text, text_len, &len) || len <= text_len)
			die(s, "sending failed");
	return (double)text_len * count / (cpu_ns() - start);
}

#define BATCH 64

static double receive_rate(const struct stack *s, struct ends *e, size_t text_len, unsigned count)
{
	static uint8_t text[RECORD_TEXT], wire[BATCH * (RECORD_TEXT + 64)];
	double spent = 0;

	for (unsigned b = 0; b < count / BATCH; b++) {
		size_t at = 0, len;
		double start;

		for (unsigned i = 0; i < BATCH; i++, at += len)
			if (!s->send_to(e->server, text, text_len, wire + at, sizeof(wire) - at, &len))
				die(s, "sending failed");
		start = cpu_ns();
		if (s->receive(e->client, wire, at) != text_len * BATCH)
			die(s, "receiving failed");
		spent += cpu_ns() - start - cpu_ns_cost();
	}
	return (double)text_len * (count / BATCH * BATCH) / spent;
}

static void bench_bulk(const struct options *o, const char *name, int version, size_t text_len, unsigned count, double bar)
{
	double rates[2][STACKS_MAX][ROUNDS_MAX];

	if (!options_want(o, name))
		return;
	for (unsigned r = 0; r < o->rounds; r++)
		for (unsigned k = 0; k < stack_count; k++) {
			const struct stack *s = stacks[k];
			void *client = s->config_new(&chain, false, version), *server = s->config_new(&chain, true, version);
			struct ends e = connect_ends(s, client, server, NULL, NULL);

			(void)receive_rate(s, &e, text_len, count / 8); /* warm up */
			rates[1][k][r] = receive_rate(s, &e, text_len, count);
			rates[0][k][r] = send_rate(s, &e, text_len, count); /* last: the client never sees these */
			close_ends(s, &e, NULL);
			s->config_free(client);
			s->config_free(server);
		}
	report_rounds(o, name, "send", "GB/s", rates[0], bar, MORE_IS_BETTER);
	report_rounds(o, name, "receive", "GB/s", rates[1], 0, MORE_IS_BETTER);
}

/* ---- memory */

#define FEW 100
#define MANY 2100

struct memory {
	double malloc_per_end, rss_per_end, malloc_server;
};

static double rss_bytes(void)
{
	unsigned long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%lu %lu", &pages, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double malloc_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return (double)m.uordblks + (double)m.hblkhd;
}

static void measure_memory(const struct stack *s, int version, struct memory *out)
{
	void *client = s->config_new(&chain, false, version), *server = s->config_new(&chain, true, version);
	struct ends *ends = (struct ends *)calloc(MANY, sizeof(*ends));
	double rss[2], used[2], before;

	for (unsigned n = 0; n < MANY; n++) {
		static uint8_t text[64], wire[512];
		size_t len;

		ends[n] = connect_ends(s, client, server, NULL, NULL);
		/* idle after having worked: one record each way */
		if (!s->send_to(ends[n].client, text, sizeof(text), wire, sizeof(wire), &len) ||
		    s->receive(ends[n].server, wire, len) != sizeof(text) ||
		    !s->send_to(ends[n].server, text, sizeof(text), wire, sizeof(wire), &len) ||
		    s->receive(ends[n].client, wire, len) != sizeof(text))
			die(s, "a record got lost");
		s->rest(ends[n].client);
		s->rest(ends[n].server);
		if (n + 1 == FEW || n + 1 == MANY) {
			rss[n + 1 == MANY] = rss_bytes();
			used[n + 1 == MANY] = malloc_bytes();
		}
	}
	out->rss_per_end = (rss[1] - rss[0]) / (2.0 * (MANY - FEW));
	out->malloc_per_end = (used[1] - used[0]) / (2.0 * (MANY - FEW));
	for (unsigned n = 0; n < MANY; n++)
		s->close(ends[n].client);
	before = malloc_bytes();
	for (unsigned n = 0; n < MANY; n++)
		s->close(ends[n].server);
	out->malloc_server = (before - malloc_bytes()) / MANY;
	free(ends);
	s->config_free(client);
	s->config_free(server);
}

/* In a process of its own, so that no implementation sees the other's heap. */
static struct memory memory_of(const struct stack *s, int version)
{
	struct memory m = { 0 };
	int fds[2], status;
	pid_t pid = -1;

	if (pipe(fds) != 0 || (pid = fork()) < 0)
		die(s, "no process");
	if (pid == 0) {
		measure_memory(s, version, &m);
		_exit(write(fds[1], &m, sizeof(m)) == (ssize_t)sizeof(m) ? 0 : 1);
	}
	close(fds[1]);
	if (read(fds[0], &m, sizeof(m)) != (ssize_t)sizeof(m) || waitpid(pid, &status, 0) != pid || status != 0)
		die(s, "memory was not measured");
	close(fds[0]);
	return m;
}

static void bench_memory(const struct options *o, const char *name, int version)
{
	double all[3][STACKS_MAX];

	if (!options_want(o, name))
		return;
	for (unsigned k = 0; k < stack_count; k++) {
		struct memory m = memory_of(stacks[k], version);

		all[0][k] = m.rss_per_end;
		all[1][k] = m.malloc_per_end;
		all[2][k] = m.malloc_server;
	}
	report_stacks(o, name, "end", "B rss", all[0], 0, LESS_IS_BETTER);
	report_stacks(o, name, "end", "B malloc", all[1], 0, LESS_IS_BETTER);
	report_stacks(o, name, "server", "B malloc", all[2], 0, LESS_IS_BETTER);
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv);

	if (!o.only)
		o.only = BENCH_PART;
	for (unsigned i = 0; i < o.peer_count; i++)
		take_peer(o.peers[i]);
	chain_make(&chain);
	if (!o.json)
		printf("%s; ECDSA P-256, leaf + intermediate + root, X25519, AES-128-GCM; median of %u rounds\n\n",
		       OpenSSL_version(OPENSSL_VERSION), o.rounds);
	bench_handshakes(&o, "tls13-full-ecdsa-p256-x25519", VERSION_13, false, 300, 0.65, 0.55);
	bench_handshakes(&o, "tls13-resumed-x25519", VERSION_13, true, 600, 0.65, 0);
	bench_handshakes(&o, "tls12-full-ecdsa-p256-x25519", VERSION_12, false, 300, 0, 0);
	bench_handshakes(&o, "tls12-resumed-ticket", VERSION_12, true, 1200, 0, 0);
	bench_bulk(&o, "tls13-bulk-aes128gcm-16k", VERSION_13, RECORD_TEXT, 4096, 2.5);
	bench_bulk(&o, "tls13-bulk-aes128gcm-1400", VERSION_13, 1400, 8192, 0);
	bench_bulk(&o, "tls13-bulk-aes128gcm-64", VERSION_13, 64, 32768, 0);
	bench_bulk(&o, "tls12-bulk-aes128gcm-16k", VERSION_12, RECORD_TEXT, 4096, 0);
	bench_memory(&o, "tls13-memory-idle", VERSION_13);
	bench_memory(&o, "tls12-memory-idle", VERSION_12);
	chain_free(&chain);
	return 0;
}
