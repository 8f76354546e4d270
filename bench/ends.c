/* ends.c - see ends.h. */
#include "ends.h"

#include <stdio.h>
#include <stdlib.h>

#include "measure.h"

#define STEPS_MAX 16

void die(const struct stack *s, const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", s->name, what);
	exit(1);
}

struct ends connect_ends(const struct stack *s, void *client_config, void *server_config, void *session, struct cost *cost)
{
	static _Thread_local uint8_t up[PIPE_SIZE], down[PIPE_SIZE];
	double clock = cost ? cpu_ns_cost() : 0, start, now;
	size_t up_len = 0, down_len = 0;
	struct ends e;

	start = cost ? cpu_ns() : 0;
	e.client = s->open(client_config, false, session);
	for (int i = 0; i < STEPS_MAX; i++) {
		if (!s->step(e.client, down, down_len, up, sizeof(up), &up_len))
			die(s, "the client failed");
		if (cost) {
			now = cpu_ns();
			cost->client += now - start - clock;
			start = now;
		}
		if (up_len == 0 && i > 0)
			break;
		if (i == 0)
			e.server = s->open(server_config, true, NULL);
		if (!s->step(e.server, up, up_len, down, sizeof(down), &down_len))
			die(s, "the server failed");
		if (cost) {
			now = cpu_ns();
			cost->server += now - start - clock;
			start = now;
		}
		if (down_len == 0)
			break;
	}
	if (!s->done(e.client) || !s->done(e.server))
		die(s, "the handshake did not end");
	return e;
}

void close_ends(const struct stack *s, struct ends *e, struct cost *cost)
{
	double start = cpu_ns(), mid;

	s->close(e->client);
	mid = cpu_ns();
	s->close(e->server);
	if (cost) {
		cost->server += cpu_ns() - mid - cpu_ns_cost();
		cost->client += mid - start - cpu_ns_cost();
	}
}
