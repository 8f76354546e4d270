/* timers.h - the deadlines of a connection: retransmission, probes, delayed ACKs, keep-alive, TIME-WAIT.
 *
 * A connection has one timer in the stack's wheel, at the first of its deadlines or earlier; when it goes off, what is
 * due is done and the rest waits on.
 *
 * Implements   rfc6298:5 rfc8985:7 rfc9293:3.8.3 rfc9293:3.8.4 rfc9293:3.8.6.1 rfc9293:3.8.6.3
 */
#ifndef TCPIP_TIMERS_H
#define TCPIP_TIMERS_H

#include "tcpip/flight.h"

/* Sets the retransmission deadline afresh for what is outstanding now. `reorder_us` above 0: RACK wants to look again
 * then. Nothing outstanding and something kept back by the window: the persist timer. */
void tcp_arm_retransmit(struct bj_tcp *t, int64_t reorder_us);
/* Only if none is running (rfc6298:5.1). */
void tcp_arm_if_idle(struct bj_tcp *t);
/* There was no memory, and nothing may be on its way whose ACK would be the next chance: try again after a while. */
void tcp_arm_memory(struct bj_tcp *t);
/* The timer of TIME-WAIT, of FIN-WAIT-2 without an owner, or of keep-alive; whichever the state has. */
void tcp_arm_keepalive(struct bj_tcp *t);
/* A turn at the output at this time. */
void tcp_arm_pace(struct bj_tcp *t, int64_t at_us);
void tcp_arm_ack(struct bj_tcp *t, int64_t at_us);
/* What is due. The connection may have ended afterwards. */
void tcp_timer_fire(struct bj_tcp *t);

#endif
