/* ecn.h - explicit congestion notification (rfc3168:6.1): routers mark packets instead of dropping them, the receiver echoes
 * the mark until the sender says that it has slowed down. Accurate feedback (rfc9768), where both agree on it, is in accurate.h;
 * the response to marks is the same, once a round.
 *
 * Only new bytes are sent as capable; what is sent again, probes and plain ACKs are not (rfc3168:6.1.4 to 6.1.6), unless an
 * option asks for it where feedback is accurate (draft-ietf-tcpm-generalized-ecn).
 */
#ifndef TCPIP_ECN_H
#define TCPIP_ECN_H

#include "tcpip/stack.h"

#define IP_ECN_MASK 3u
#define IP_ECT0 2u
#define IP_CE 3u

/* The flags of our SYN or SYN-ACK. */
uint16_t ecn_syn_flags(struct bj_tcp *t);
/* The peer's SYN or SYN-ACK. */
void ecn_negotiate(struct bj_tcp *t, const struct arrival *a);
/* Does this SYN, which is not the first, ask for another kind of feedback than the one that was agreed on? Nobody could tell any more which
 * one is in use: the connection must be reset (rfc9768:3.1.5). */
bool ecn_is_other_wish(const struct bj_tcp *t, const struct arrival *a);
/* A segment that was found good: its mark, and what it says of ours. */
void ecn_take(struct bj_tcp *t, const struct arrival *a);
/* Flags of a segment that leaves; bytes that are new tell that we have slowed down. */
uint16_t ecn_flags(struct bj_tcp *t, bool is_new, bool pure);

static inline uint8_t ecn_tos(const struct bj_tcp *t, uint8_t tos, bool is_new)
{
	bool capable = t->ecn_ok && !t->ecn_no_ect && (is_new || (t->ecn_accurate && tcp_options_of(t)->ecn_control));

	return (uint8_t)((tos & ~IP_ECN_MASK) | (capable ? IP_ECT0 : 0));
}

#endif
