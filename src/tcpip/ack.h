/* ack.h - what an acknowledgment says: bytes taken, holes, duplicates, round-trip time, loss, and the peer's window.
 *
 * Implements   rfc9293:3.10.7.4 (the work of the fifth step) rfc2018 rfc2883 rfc6582 rfc6675 rfc8985 rfc3522
 */
#ifndef TCPIP_ACK_H
#define TCPIP_ACK_H

#include "tcpip/stack.h"

/* The ACK was found acceptable: snd_una - max_snd_wnd <= SEG.ACK <= snd_nxt. */
void tcp_ack(struct bj_tcp *t, const struct arrival *a);

#endif
