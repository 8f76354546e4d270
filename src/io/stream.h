/* stream.h - bytes to a peer and from it: read, write, watch, finish, drop, and one report, ready().
 *
 * A stream is a part of its owner's struct and stays where it was made. Its carrier is a kernel socket (TCP or unix) or a
 * connection of our own TCP (net.h); a carrier is a table of functions, and nothing above this file knows which one it is.
 *
 * Reading and writing go on until BJ_ERR_WOULD_BLOCK: the stream remembers whether the carrier has more, so a call that would
 * find nothing costs no system call. ready() is reported when something wanted becomes possible, also when it is possible at
 * the moment that it becomes wanted (then at the end of the loop's round). It may be reported without need.
 *
 * A connection that is being made can be written to at once: the write would block until it is there.
 */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include <bojagi/tcpip.h>

#include "io/addr.h"
#include "io/loop.h"

#define STREAM_PIECES_MAX 16 /* pieces of one write; more are left for the next one */

enum stream_want {
	STREAM_READ = 1,
	STREAM_WRITE = 2,
};

struct bj_tcp;
struct net;
struct stream;
typedef void stream_ready_fn(struct stream *stream, unsigned what);

struct stream_carrier {
	enum bj_err (*read)(struct stream *stream, void *buf, size_t cap, size_t *out_len);
	enum bj_err (*write)(struct stream *stream, const struct bj_bytes *pieces, size_t count, size_t *out_len);
	void (*watch)(struct stream *stream, unsigned want);
	void (*finish)(struct stream *stream);
	void (*drop)(struct stream *stream);
	void (*watch_connect)(struct stream *stream);
	enum bj_err (*connect_result)(struct stream *stream);
	void (*reset_on_drop)(struct stream *stream);
};

/* A connection that is no stream yet: what a listener hands out. */
struct stream_source {
	int fd;             /* -1: of our TCP */
	struct net *net;
	struct bj_tcp *tcp;
};

struct stream {
	const struct stream_carrier *carrier; /* null: closed */
	struct loop *loop;
	stream_ready_fn *ready;
	struct loop_watch watch;
	struct loop_task task;
	struct net *net;   /* of our TCP */
	struct bj_tcp *tcp;
	uint8_t want;      /* of enum stream_want */
	uint8_t can;       /* what the carrier last said to be possible */
	bool broken;       /* both directions are over: reported whatever the owner wants */
	bool hung_up;      /* the peer finished or failed: short reads don't mean that there is no more */
	bool reset;        /* drop as a failure */
	bool failed;       /* not an end in order: what was not read yet is perhaps all that there will be */
};

/* Takes over a connected, non-blocking socket. On failure the socket is closed. */
BJ_MUST_USE enum bj_err stream_init_socket(struct stream *stream, struct loop *loop, int fd, stream_ready_fn *ready);

/* Takes over what a listener took. On failure it is closed. */
BJ_MUST_USE enum bj_err stream_init(struct stream *stream, struct loop *loop, const struct stream_source *source, stream_ready_fn *ready);
void stream_source_drop(const struct stream_source *source);

/* Begins a connection. Refusals that are known at once are returned; others come from the first read or write. `from` (may be
 * null) is the local address. The deadline is the owner's affair. */
BJ_MUST_USE enum bj_err stream_connect(struct stream *stream, struct loop *loop, const struct addr *to, const struct addr *from,
				       stream_ready_fn *ready);

/* The same by our own TCP. */
BJ_MUST_USE enum bj_err stream_connect_net(struct stream *stream, struct net *net, const struct addr *to, enum bj_congestion congestion,
					   stream_ready_fn *ready);
/* What the stack has for the owner of a connection (net.c calls it). */
void stream_net_ready(struct bj_tcp *tcp, unsigned ready);

/* 1..cap bytes; BJ_OK with 0 when the peer has finished; BJ_ERR_WOULD_BLOCK; BJ_ERR_IO_*. */
static inline BJ_MUST_USE enum bj_err stream_read(struct stream *s, void *buf, size_t cap, size_t *out_len)
{
	return s->carrier->read(s, buf, cap, out_len);
}

/* At least one byte (if there is one), or BJ_ERR_WOULD_BLOCK, or BJ_ERR_IO_*. */
static inline BJ_MUST_USE enum bj_err stream_write(struct stream *s, const struct bj_bytes *pieces, size_t count, size_t *out_len)
{
	return s->carrier->write(s, pieces, count, out_len);
}

/* What ready() shall report from now on: a set of enum stream_want. */
static inline void stream_watch(struct stream *s, unsigned want)
{
	if (s->want != want || (want & s->can))
		s->carrier->watch(s, want);
}

/* No more will be written; the peer sees the end. */
static inline void stream_finish(struct stream *s)
{
	s->carrier->finish(s);
}

/* Closes; there are no more reports. Harmless when repeated, and for a stream that is all zero. */
static inline void stream_drop(struct stream *s)
{
	if (s->carrier)
		s->carrier->drop(s);
}

static inline bool stream_is_open(const struct stream *s)
{
	return s->carrier != NULL;
}

/* True when the carrier is known to have nothing to read just now and has not hung up. */
static inline bool stream_is_quiet(const struct stream *s)
{
	return !(s->can & STREAM_READ) && !s->hung_up;
}

/* Reports as writable once, when a connection that was begun is there or has failed; then stream_connect_result() says which. */
static inline void stream_watch_connect(struct stream *s)
{
	s->carrier->watch_connect(s);
}

static inline BJ_MUST_USE enum bj_err stream_connect_result(struct stream *s)
{
	return s->carrier->connect_result(s);
}

/* Makes the next drop send a reset instead of an orderly end. */
static inline void stream_reset_on_drop(struct stream *s)
{
	if (s->carrier)
		s->carrier->reset_on_drop(s);
}

/* What a system call's errno means. */
enum bj_err io_err_of(int error_number);

#endif
