/* relay.h - bytes between two links, both ways, with back-pressure and half-closed ends; and the raw TCP session made of it. */
#ifndef GATEWAY_RELAY_H
#define GATEWAY_RELAY_H

#include "gateway/link.h"

#define RELAY_FILLS_MAX 8 /* reads in a row in one direction before others get their turn */

enum relay_state {
	RELAY_ON = 0,
	RELAY_ENDED,  /* both sides ended in order and all was written */
	RELAY_FAILED, /* one side's link failed */
};

/* Moves what can be moved. The counts grow by what went from `a` to `b`, and back. */
enum relay_state relay_both(struct link *a, struct link *b, uint64_t *a_to_b, uint64_t *b_to_a);
/* Both are closed next, and not because both ended: whoever was not given everything with its end gets a reset, and over TLS no
 * close_notify, so that what was cut off does not look whole. */
void relay_break(struct link *a, struct link *b, enum bj_err err);

#endif
