/* listener.h - takes connections from a listening socket, in batches, and hands each out as a descriptor.
 *
 * Every worker has its own socket on the same address (SO_REUSEPORT), so the kernel spreads connections and no lock is shared.
 * Without descriptors it rests for a while instead of spinning.
 */
#ifndef IO_LISTENER_H
#define IO_LISTENER_H

#include "io/addr.h"
#include "io/loop.h"

#define LISTENER_BACKLOG 4096
#define LISTENER_BATCH 64     /* connections taken per report */
#define LISTENER_REST_MS 100

struct listener;
/* The receiver owns the descriptor: non-blocking, close-on-exec, TCP_NODELAY. */
typedef void listener_fn(struct listener *listener, int fd, const struct addr *peer);

struct listener_options {
	bool reuse_port;
	unsigned fast_open; /* TCP_FASTOPEN queue; 0: off */
	unsigned backlog;   /* 0: LISTENER_BACKLOG */
};

struct listener {
	struct loop *loop;
	struct loop_watch watch;
	struct loop_timer rest;
	uint64_t round;   /* the loop's, of the last report */
	struct addr addr; /* as bound: port 0 is replaced by the one that was given */
	listener_fn *accepted;
};

/* Makes the listening socket: BJ_ERR_IO_ADDRESS_IN_USE, BJ_ERR_IO_UNREACHABLE, ... `bound` gets the address with its real port. An
 * address of all zeros in IPv6 takes IPv4 too, and where there is no IPv6 at all it becomes 0.0.0.0. */
BJ_MUST_USE enum bj_err listener_open(const struct addr *addr, const struct listener_options *options, int *out_fd,
				      struct addr *bound);
/* Takes connections from the socket, which it owns from now on (also on failure). */
BJ_MUST_USE enum bj_err listener_init(struct listener *listener, struct loop *loop, int fd, listener_fn *accepted);
/* Takes what waits now. */
void listener_take_waiting(struct listener *listener);
/* Stops taking and closes. Harmless when repeated. */
void listener_fini(struct listener *listener);

#endif
