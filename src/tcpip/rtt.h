/* rtt.h - the round-trip time and the retransmission timeout made of it (rfc6298). */
#ifndef TCPIP_RTT_H
#define TCPIP_RTT_H

#include "tcpip/tcp.h"

#define RTO_FIRST_US 1000000u
#define RTO_MAX_US 120000000u

void rtt_sample(struct bj_tcp *t, uint32_t rtt_us);
/* The timeout as it counts now, doubled for each time it went off (rfc6298:5.5). */
int64_t rto_now(const struct bj_tcp *t);

#endif
