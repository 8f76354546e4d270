/* replay.h - the guard that lets early data through once: what it has seen within a window it does not let through again.
 *
 * A table of fixed size over the binders of the hellos that were let through, each of which is an HMAC over a hello with the client's
 * own randomness. A hello is remembered until its window has passed; one that comes later is refused by its age (early.c), so the
 * table need not remember for longer. Where there is no room among the neighbours of a hello, it is refused: the guard may be wrong
 * about a first one, never about a second.
 *
 * Threads: any number may ask at once. There is no lock: an entry is one atomic word, and of two threads that put the same one in at
 * the same time at most one is told that it was the first. Handshakes without early data never come here.
 *
 * It guards one process. Servers that share ticket keys need an answer from outside beside it (BJ_TLS_Q_EARLY_DATA). rfc9846:8.2
 */
#ifndef TLS_REPLAY_H
#define TLS_REPLAY_H

#include <bojagi/tls.h>

#include "base/bytes.h"

#define REPLAY_ENTRIES 65536 /* hellos within a window; 8 bytes each */
#define REPLAY_WAYS 8        /* neighbours */

struct replay_guard;

/* Null without memory or randomness. */
struct replay_guard *replay_guard_new(const struct bj_rng *rng);
/* Takes null. */
void replay_guard_free(struct replay_guard *guard);

/* True once for each `id` until `keep_ms` from now. */
bool replay_guard_first(struct replay_guard *guard, int64_t now_ms, int64_t keep_ms, struct bj_bytes id);

#endif
