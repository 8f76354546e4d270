/* rtt.h - the round-trip time and the retransmission timeout made of it (rfc6298). */
#ifndef TCPIP_RTT_H
#define TCPIP_RTT_H

#include "tcpip/tcp.h"

#define RTO_FIRST_US 1000000u
#define RTO_FIRST_LATER_US 3000000u /* where the SYN had to be repeated and nothing was learned from it: rfc6298:5.7 */
#define RTO_MAX_US 120000000u

void rtt_sample(struct bj_tcp *t, uint32_t rtt_us);
/* The timeout as it counts now, doubled for each time it went off (rfc6298:5.5), also after an ACK that was no sample (Karn): where the way
 * has become longer than the timeout, nothing would ever be acknowledged before it is sent again. */
int64_t rto_now(const struct bj_tcp *t);

#endif
