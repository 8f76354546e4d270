/* rack.h - RACK-TLP: loss found by time, and a probe for the tail of a flight (rfc8985). Without SACK, NewReno's
 * counting of duplicates does the same work (rfc6582). */
#ifndef TCPIP_RACK_H
#define TCPIP_RACK_H

#include "tcpip/flight.h"

#define RACK_DUPLICATES 3u

/* A record was delivered: rfc8985:6.2 steps 1 to 3. */
void rack_delivered(struct bj_tcp *t, const struct sent *s, uint32_t ts_ecr, bool has_ts);
/* Marks what is lost by now; returns bytes. Sets out_wait_us to when to look again, or 0. rfc8985:6.2 step 5. */
uint32_t rack_detect(struct bj_tcp *t, int64_t *out_wait_us);
/* A D-SACK came: the window for reordering grows. rfc8985:6.2 step 4. */
void rack_dsack(struct bj_tcp *t);
void rack_recovery_ended(struct bj_tcp *t);
/* What left before then cannot be on its way any more, by the time that the last one took. rfc8985:6.3 */
int64_t rack_overdue(const struct bj_tcp *t);
/* When to probe the tail, from now; 0: not at all. rfc8985:7.2 */
int64_t tail_probe_after(const struct bj_tcp *t);

#endif
