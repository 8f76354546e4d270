/* fast_open.h - bytes in a SYN (rfc7413): cookies of ours, cookies of others, and when to believe them.
 *
 * A cookie is a keyed hash over both addresses, so that nobody can make one for an address where he does not listen. The
 * cookies that others gave us are remembered for FAST_OPEN_PEERS_MAX hosts; the oldest makes room. What was opened fast and
 * has not yet proved itself by an ACK is counted for the whole stack (rfc7413:5.1).
 *
 * Leaves out   the experimental option (kind 254) on the side that opens; a listener answers it in kind
 */
#ifndef TCPIP_FAST_OPEN_H
#define TCPIP_FAST_OPEN_H

#include "tcpip/stack.h"

#define FAST_OPEN_COOKIE_LEN 8

void fast_open_cookie(const struct bj_stack *stack, const struct tcp_key *key, uint8_t out[FAST_OPEN_COOKIE_LEN]);

/* The listener's side, for a half-open connection whose SYN was taken: decides whether its bytes are believed, and which
 * cookie the SYN-ACK carries. */
void fast_open_listen(struct bj_tcp *t, const struct arrival *syn);
/* Takes the bytes of the SYN, and lets the owner have the connection. */
void fast_open_begin(struct bj_tcp *t, const struct arrival *syn);
/* It proved itself, or ended. */
void fast_open_proved(struct bj_tcp *t);

/* The other side. What goes into the SYN that is about to leave: an option, and how many bytes of the send buffer. */
uint32_t fast_open_syn(struct bj_tcp *t, struct tcp_options *o);
/* The peer answered: what it says of its cookie. Before tcp_establish(). */
void fast_open_answer(struct bj_tcp *t, const struct arrival *a);
/* After it: bytes of the SYN are acknowledged, or go again. */
void fast_open_established(struct bj_tcp *t, const struct arrival *a, int64_t sent_us);

/* A handshake that is not done and behind whose SYN-ACK bytes may go. */
static inline bool tcp_is_open_early(const struct bj_tcp *t)
{
	return t->state == BJ_TCP_SYN_RECEIVED && t->passive && t->fast_open;
}

#endif
