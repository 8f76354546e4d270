/* output.h - decides what a connection sends next, and writes it: one packet a call.
 *
 * In this order: SYN; what was lost; a probe that is due; new bytes, as the peer's window, the congestion window, Nagle
 * and the avoidance of silly windows allow; an acknowledgment by itself.
 *
 * Implements   rfc9293:3.7 rfc9293:3.8.6.2 rfc9293:3.8.6.3 rfc9293:3.10.2 rfc2018:4 rfc7323:3
 */
#ifndef TCPIP_OUTPUT_H
#define TCPIP_OUTPUT_H

#include "tcpip/stack.h"

/* Writes the next IP packet. False: nothing to send now. The writer has room for the MTU. */
bool tcp_output(struct bj_tcp *t, struct writer *w);
/* The window that is announced now; moves the right edge, never back (SHLD-14 of rfc9293:3.8.6). */
uint16_t tcp_select_window(struct bj_tcp *t);
/* An ACK, if the window can open by enough to be worth a segment (MUST-39). After the owner has read. */
void tcp_window_may_open(struct bj_tcp *t);
/* Bytes of payload in a full segment, with the options that it will have now. */
uint32_t tcp_payload_max(const struct bj_tcp *t);

/* A writer who found no room is told when there is some. */
void tcp_write_may_go_on(struct bj_tcp *t);

#endif
