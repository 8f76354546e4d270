/* input.h - a segment arrives at a connection: rfc9293:3.10.7, step by step.
 *
 * Implements   rfc9293:3.10.7.3 rfc9293:3.10.7.4 rfc5961 rfc7323:5 rfc6191 rfc2018 rfc2883
 */
#ifndef TCPIP_INPUT_H
#define TCPIP_INPUT_H

#include "tcpip/stack.h"

/* For a connection in any state but LISTEN. It may have ended afterwards. */
void tcp_input(struct bj_tcp *t, struct arrival *a);
/* What a SYN says of its sender: MSS, window scale, SACK, timestamps, initial sequence number. */
void tcp_take_syn(struct bj_tcp *t, const struct arrival *a);
/* The handshake is done: windows, congestion control, and the news for the owner. */
void tcp_establish(struct bj_tcp *t, const struct arrival *a);
/* May a SYN begin the connection anew that is in TIME-WAIT (rfc6191:2)? */
bool tcp_may_reuse(const struct bj_tcp *t, const struct arrival *a);

#endif
