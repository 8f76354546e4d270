/* ranges.h - which bytes beyond the next expected one have come: ranges in the order in which they last grew.
 *
 * That order is what a SACK option reports (rfc2018:4), and ranges never touch, so one short array serves both delivery
 * and reporting. It grows by doubling up to RANGES_MAX; what would need one more is refused, which bounds the memory and
 * the work that a sender of scattered single bytes can cause.
 */
#ifndef TCPIP_RANGES_H
#define TCPIP_RANGES_H

#include <bojagi/base.h>

#define RANGES_MAX 512

struct range {
	uint32_t start;
	uint32_t end;
};

struct ranges {
	uint32_t count;
	uint32_t cap;
	struct range at[]; /* newest first */
};

/* Makes the range part of the set and the front of it. False: no room, nothing changed. `*ranges` may be null. */
bool ranges_add(struct ranges **ranges, uint32_t start, uint32_t end);
/* Takes off all that is reached by `next`; returns where the delivered run now ends. Frees an empty set. */
uint32_t ranges_take(struct ranges **ranges, uint32_t next);
/* True if some byte of start..end is in already. */
bool ranges_overlap(const struct ranges *ranges, uint32_t start, uint32_t end);
/* The part of start..end that begins first and is in; false if nothing is. */
bool ranges_first_overlap(const struct ranges *ranges, uint32_t start, uint32_t end, struct range *out);
/* The part of start..end that begins first and is missing; false if nothing is. */
bool ranges_first_gap(const struct ranges *ranges, uint32_t start, uint32_t end, struct range *out);
/* The range that holds `seq`, or null. */
const struct range *ranges_find(const struct ranges *ranges, uint32_t seq);
void ranges_free(struct ranges **ranges);

#endif
