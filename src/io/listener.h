/* listener.h - takes connections from a listening socket or from our own TCP, in batches, and hands out each.
 *
 * Every worker has its own socket on the same address (SO_REUSEPORT), so the kernel spreads connections and no lock is shared.
 * Without descriptors it rests for a while instead of spinning.
 */
#ifndef IO_LISTENER_H
#define IO_LISTENER_H

#include "io/addr.h"
#include "io/loop.h"
#include "io/stream.h"

#define LISTENER_BACKLOG 4096
#define LISTENER_BATCH 64     /* connections taken per report */
#define LISTENER_REST_MS 100

struct listener;
/* The receiver owns the source. Sockets are non-blocking, close-on-exec, TCP_NODELAY. */
typedef void listener_fn(struct listener *listener, const struct stream_source *source, const struct addr *peer);

struct listener_options {
	bool reuse_port;
	unsigned fast_open; /* TCP_FASTOPEN queue; 0: off */
	unsigned backlog;   /* 0: LISTENER_BACKLOG */
};

struct bj_listener;

struct listener {
	struct loop *loop;
	struct net *net;          /* of our TCP, in the place of a socket */
	struct bj_listener *bj;
	struct list link;         /* in the net's */
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
/* The same on an address of our own TCP. `net` must outlive it. */
BJ_MUST_USE enum bj_err listener_init_net(struct listener *listener, struct net *net, const struct addr *addr, enum bj_congestion congestion,
					  listener_fn *accepted);
/* A listener of the stack has connections (net.c calls it). */
void listener_net_ready(struct net *net, const struct bj_listener *bj);
static inline bool listener_is_open(const struct listener *l)
{
	return l->bj || l->watch.fd >= 0;
}
/* Takes what waits now. */
void listener_take_waiting(struct listener *listener);
/* Stops taking and closes. Harmless when repeated. */
void listener_fini(struct listener *listener);

#endif
