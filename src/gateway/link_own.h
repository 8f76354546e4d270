/* link_own.h - what link.c and link_write.c share with each other and with nobody else. */
#ifndef GATEWAY_LINK_OWN_H
#define GATEWAY_LINK_OWN_H

#include "gateway/link.h"

/* The first failure sticks. */
static inline enum bj_err link_fail(struct link *l, enum bj_err err)
{
	if (!l->err)
		l->err = err;
	return l->err;
}

/* Tells the carrier what is wanted: bytes where the owner wants them, room where something waits. */
void link_watch(struct link *l);
/* Seals pieces, and what TLS itself has to say, and sends or keeps it. */
void link_flush_sealed(struct link *l, struct bj_bytes *pieces, size_t count);
/* Throws away what waits to be written. */
void link_drop_out(struct link *l);
/* Writes what waits; true when nothing waits any more. */
bool link_drain_out(struct link *l);

#endif
