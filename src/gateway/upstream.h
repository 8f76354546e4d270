/* upstream.h - connections to servers: made, used by one exchange or relay at a time, kept while idle, used again.
 *
 * Idle ones are kept per worker and server (and so per TLS identity, which is the pool's), the newest used first. One that gets
 * bytes or an end while idle is closed. A connection whose framing was ever in doubt is never kept.
 */
#ifndef GATEWAY_UPSTREAM_H
#define GATEWAY_UPSTREAM_H

#include "gateway/generation.h"
#include "gateway/link.h"

struct upstream;
typedef void upstream_ready_fn(struct upstream *up);

struct upstream {
	struct link link;
	struct list node;            /* of target->idle */
	struct target *target;
	void *user;                  /* who uses it; null: idle */
	upstream_ready_fn *ready;    /* the user's */
	struct loop_timer timer;     /* while idle */
	int64_t opened_us;
	bool reused;                 /* it served before */
	bool counted;                /* its handshake was counted */
	bool established;            /* connected, and TLS is up where there is TLS */
	bool probe;                  /* the user asked to be told when it is connected */
};

/* An idle connection, or a new one (`fresh`: always a new one). Failures to connect that are known at once are returned. */
BJ_MUST_USE enum bj_err upstream_take(struct target *target, bool fresh, void *user, upstream_ready_fn *ready, struct upstream **out);
/* Something was written, so the connection is there. */
void upstream_is_established(struct upstream *up);
/* The user hears when the connection is there, though it has written nothing. */
void upstream_tell_connected(struct upstream *up);
/* Whether a failure is our own lack of something, and no server's fault. */
static inline bool upstream_lacked(enum bj_err err)
{
	return err == BJ_ERR_IO_DESCRIPTORS || err == BJ_ERR_NO_MEMORY;
}
/* The use has ended in order: kept for the next one, or closed where there is no room. */
void upstream_give(struct upstream *up);
/* The use has ended otherwise. */
void upstream_close(struct upstream *up);
void target_close_idle(struct target *target);

#endif
