/* pmtu.h - how large packets may be on the way to a peer.
 *
 * Smaller: routers say it by ICMP (icmp_input.c judges whether to believe them). Where they do not, full segments vanish while small
 * ones arrive: after PMTU_SUSPECT timeouts in a row segments become smaller, in two steps (rfc4821:7.7, rfc8899:4.3).
 *
 * Larger: where segments are smaller than the device and the peer would have them, one larger segment of the stream's own bytes goes
 * out now and then. When it is acknowledged, segments are of its size from then on; when it gets lost, its bytes are sent again in
 * smaller ones, and the window does not pay for it (rfc4821:7.6). First the largest size is tried, then steps upward from the present one
 * (rfc4821:7.3, rfc8899:5.3). At once after a guess of our own, ten minutes after a router's word (rfc8201:4).
 *
 * Leaves out   connections without SACK, whose losses are not told apart well enough to be forgiven; what other connections found out
 */
#ifndef TCPIP_PMTU_H
#define TCPIP_PMTU_H

#include "tcpip/flight.h"
#include "tcpip/rare.h"

#define PMTU_SUSPECT 3
#define PMTU_SUSPECT_LATE 7   /* where full segments did arrive it is rather losses, or another way */
#define PMTU_STEP_FIRST 1280 /* what tunnels leave, and the least of IPv6 */
#define PMTU_STEP_LAST 576
#define PMTU_RAISE_US INT64_C(600000000) /* between searches: rfc8201:4, rfc8899:5.1.1 */
#define PMTU_RETRY_US INT64_C(15000000)  /* after a probe that was lost: rfc8899:5.1.1 */
#define PMTU_TRIES_MAX 3      /* of a step; the largest size has one */
#define PMTU_FOLLOW 4u        /* segments behind a probe that tell when it is lost: rfc4821:7.4 */

/* A router says that packets larger than this do not pass. */
void pmtu_too_big(struct bj_tcp *t, uint32_t mtu);
/* A retransmission timeout, `t->backoff` already counts it. */
void pmtu_timeout(struct bj_tcp *t);

/* The payload of the probe that is to go instead of the next segment, as soon as both windows have room for it; 0: none now. Only for a
 * connection that has a search. */
uint32_t pmtu_probe_len(const struct bj_tcp *t, uint32_t unsent);
void pmtu_probe_sent(struct bj_tcp *t, uint32_t len);
/* What became of a record that was SENT_PROBE. Lost: it is marked so. */
void pmtu_probe_delivered(struct bj_tcp *t, const struct sent *s);
void pmtu_probe_lost(struct bj_tcp *t, struct sent *s);

static inline bool pmtu_searches(const struct bj_tcp *t)
{
	return t->rare && t->rare->search.at_us;
}

#endif
