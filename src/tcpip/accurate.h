/* accurate.h - accurate feedback of congestion (rfc9768): the receiver of bytes counts what came marked and tells it with every
 * segment; their sender learns of each mark.
 *
 * Three flags (ACE) carry the low bits of the count of packets. An option carries the bytes that came under each codepoint; it
 * goes with a SYN-ACK, with the first ACK and the first bytes of who opened, and then with each ACK before which a count has
 * changed, and the bare one after it, since ACKs get lost; if there is room: two blocks of SACK come first, a third and fourth one behind it. If segments with it get lost, or
 * copies come for ACKs that had it, it is left out for a while, each time twice as long.
 *
 * Where an ACK is for so many segments that the flags may have gone round, the option says whether they did; without it they are
 * taken to have if such ACKs are rare. What cannot be true (a SYN that was not capable came marked, flags or fields that were
 * wiped, bytes without a mark) ends the marking of our packets; we still tell the peer of his.
 *
 * All of it lives in t->rare, which is there while t->ecn_accurate is set.
 *
 * Implements   rfc9768:3.1 rfc9768:3.2
 */
#ifndef TCPIP_ACCURATE_H
#define TCPIP_ACCURATE_H

#include "tcpip/stack.h"

#define ACE_MASK 7u
#define ACE_CE 6u /* "it was marked" in a handshake */
#define ACCURATE_OPTION_LEN 12u /* three fields, padded */

/* How blocks of SACK and the option share the room behind the timestamps. */
struct accurate_share {
	uint8_t blocks;
	uint8_t fields; /* 0: no option */
	bool ect1_first;
};

static inline unsigned ace_of(const struct arrival *a)
{
	return (a->seg.flags & TCP_AE ? 4u : 0u) | (a->seg.flags & TCP_CWR ? 2u : 0u) | (a->seg.flags & TCP_ECE ? 1u : 0u);
}

static inline uint16_t flags_of_ace(unsigned ace)
{
	return (uint16_t)((ace & 4 ? TCP_AE : 0) | (ace & 2 ? TCP_CWR : 0) | (ace & 1 ? TCP_ECE : 0));
}

/* The peer's SYN asks for it, or his SYN-ACK agrees. False: no memory, nothing was begun. */
bool accurate_begin(struct bj_tcp *t, const struct arrival *a);
/* The SYN or SYN-ACK came again. */
void accurate_syn_again(struct bj_tcp *t, const struct arrival *a);
/* A segment that was found good: what it looked like on arrival, and what it says of ours. */
void accurate_take(struct bj_tcp *t, const struct arrival *a);
/* Only the first half, for a segment that brought nothing new. */
void accurate_count(struct bj_tcp *t, const struct arrival *a);

/* Of our SYN-ACK: the flags, and the option where it fits beside the others. */
uint16_t accurate_syn_flags(struct bj_tcp *t);
void accurate_syn_option(const struct bj_tcp *t, struct tcp_options *o);
/* Of any other segment; `pure`: neither bytes nor FIN nor blocks of SACK. */
uint16_t accurate_flags(const struct bj_tcp *t, bool pure);
/* `blocks` are there to be sent, `room` bytes are left for them and the option; `bare`: in a segment without bytes. */
struct accurate_share accurate_share(const struct bj_tcp *t, uint32_t blocks, uint32_t room, bool bare);
void accurate_option(const struct bj_tcp *t, const struct accurate_share *share, struct tcp_options *o);
static inline uint32_t accurate_share_len(const struct accurate_share *s)
{
	return (s->blocks ? 4 + 8u * s->blocks : 0) + (s->fields ? (2 + 3u * s->fields + 3) & ~3u : 0);
}
/* A segment with these options leaves, with bytes up to `end` if `len`. */
void accurate_sent(struct bj_tcp *t, const struct tcp_options *o, uint32_t end, uint32_t len);
/* Bytes from `seq` on go out again: if they were the first that had the option, it may be why. */
void accurate_resent(struct bj_tcp *t, uint32_t seq);
/* The pure ACK that tells what a SYN-ACK looked like goes before any bytes. */
bool accurate_ack_goes_first(const struct bj_tcp *t);

#endif
