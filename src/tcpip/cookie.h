/* cookie.h - a half-open connection in the sequence number of its SYN-ACK (rfc4987:3.6), so that a flood of SYNs costs no
 * memory. The number says the time and the MSS under a keyed hash; window scale and SACK ride in the low bits of our
 * timestamp, where the peer sent timestamps. */
#ifndef TCPIP_COOKIE_H
#define TCPIP_COOKIE_H

#include "tcpip/stack.h"

#define COOKIE_TURN_US INT64_C(64000000)
#define COOKIE_TURNS_MAX 2 /* how old a cookie may be */

struct cookie {
	uint16_t mss;
	bool sack_ok;
	bool wscale_ok;
	uint8_t wscale;
};

/* Answers a SYN with a cookie. */
void cookie_send(struct bj_stack *stack, const struct arrival *syn, const struct tcp_config *config);
enum cookie_verdict {
	COOKIE_NONE,
	COOKIE_GOOD,
	COOKIE_LATER, /* one of ours, but what began right behind the SYN has not come: it will be sent again */
};

/* Is one out that still counts? While none is, nobody can guess one. */
bool cookie_may_come(const struct bj_stack *stack);
/* Does this ACK bring one back? */
enum cookie_verdict cookie_check(const struct bj_stack *stack, const struct arrival *ack, struct cookie *out);

#endif
