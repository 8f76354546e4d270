/* sources.h - what one source has at a stack: half-open connections, established ones that nobody accepted yet, and all that
 * proved their address. A source is an IPv4 address, or the /64 of an IPv6 address, of which a host has as many as it likes.
 *
 * A table of fixed size, made when the first connection comes in, with exact counts under a keyed hash. A source for which there is no
 * place is not counted, so a full table refuses nobody: to fill it takes more sources than a limit of each could hold off, and
 * the limits of all together stand. Only connections that came in are counted, never those that we opened.
 *
 * Leaves out   rates: an owner sees who comes by accepting
 */
#ifndef TCPIP_SOURCES_H
#define TCPIP_SOURCES_H

#include "tcpip/tcp.h"

#define SOURCE_SLOTS_MAX ((size_t)1 << 17) /* 2 MiB, of which the pages that are used */
#define SOURCE_WAYS 16                     /* places in which an entry may stand */
#define SOURCE_HALF_OPEN_MAX 128           /* beyond it cookies, which harm nobody: so there is a limit unless asked otherwise */

enum source_count {
	SOURCE_HALF_OPEN, /* anybody can pretend to be the source: nothing is refused for it */
	SOURCE_WAITING,
	SOURCE_OPEN,      /* proved, up to TIME-WAIT; only where it is limited */
	SOURCE_COUNTS,
};

struct source {
	uint32_t mark;    /* a part of the hash */
	uint32_t counts[SOURCE_COUNTS];
};

struct sources {
	struct siphash_key key;
	struct source *slots;
	size_t slot_count; /* a power of two; 0: nothing is limited */
	uint32_t limits[SOURCE_COUNTS]; /* UINT32_MAX: none */
};

/* The key is drawn by the stack. */
void sources_init(struct sources *sources, const struct bj_stack_options *options);
void sources_fini(struct sources *sources);
/* Has this source as many as it may have? */
bool source_is_full(const struct sources *sources, const struct bj_ip *remote, enum source_count count);
/* The life of a connection that came in. The first may find no place; the others do nothing for a connection that is not counted. */
void source_half_opened(struct bj_tcp *t);
void source_established(struct bj_tcp *t);
void source_dequeued(struct bj_tcp *t); /* from the listener's queues, `t->accepted` says which */
void source_ended(struct bj_tcp *t);    /* or entered TIME-WAIT */

#endif
