/* pmtu.h - how large packets may be on the way to a peer.
 *
 * Routers say it by ICMP (icmp_input.c judges whether to believe them). Where they do not, full segments vanish while small
 * ones arrive: after PMTU_SUSPECT timeouts in a row segments become smaller, in two steps (rfc4821:7.7, rfc8899:4.3).
 *
 * Leaves out   probing for larger sizes: a connection that became smaller stays so, the next one begins anew
 */
#ifndef TCPIP_PMTU_H
#define TCPIP_PMTU_H

#include "tcpip/flight.h"

#define PMTU_SUSPECT 3
#define PMTU_SUSPECT_LATE 7   /* where full segments did arrive it is rather losses, or another way */
#define PMTU_STEP_FIRST 1280 /* what tunnels leave, and the least of IPv6 */
#define PMTU_STEP_LAST 576

/* Packets larger than this do not pass. What is out and larger is lost, but not by congestion (rfc8201:4). */
void pmtu_shrink(struct bj_tcp *t, uint32_t mtu);
/* A retransmission timeout, `t->backoff` already counts it. */
void pmtu_timeout(struct bj_tcp *t);

#endif
