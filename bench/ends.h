/* ends.h - a connection's two ends in one thread, with memory between them: how the benchmarks drive a stack. */
#ifndef BENCH_ENDS_H
#define BENCH_ENDS_H

#include "stack.h"

#define PIPE_SIZE (32 * 1024)

struct cost {
	double client, server; /* nanoseconds of processor time */
};

struct ends {
	void *client, *server;
};

/* Ends the program. */
void die(const struct stack *s, const char *what);
/* Runs a handshake to the end of both ends' messages; adds each end's time if `cost` is given. */
struct ends connect_ends(const struct stack *s, void *client_config, void *server_config, void *session, struct cost *cost);
void close_ends(const struct stack *s, struct ends *e, struct cost *cost);

#endif
