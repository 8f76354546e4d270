/* congestion.h - how much may be in the network: slow start with HyStart++, NewReno or CUBIC, proportional rate reduction
 * in recovery, and the undo of a recovery that was not needed. Windows are bytes.
 *
 * Where BBR was chosen (bbr.h) its model sets the window, and what is here only keeps the states of recovery.
 *
 * Implements   rfc5681:3 rfc6928 rfc9438 rfc9406 rfc9937 rfc6582
 */
#ifndef TCPIP_CONGESTION_H
#define TCPIP_CONGESTION_H

#include "tcpip/flight.h"

void cc_init(struct bj_tcp *t);
/* Bytes were acknowledged outside of recovery. `rtt_us` 0: no sample. */
void cc_acked(struct bj_tcp *t, uint32_t acked, uint32_t rtt_us);
/* OPEN or DISORDER, by what is SACKED or counted; nothing during a recovery. */
void cc_set_disorder(struct bj_tcp *t);
/* Loss was found: fast recovery begins, at an ACK that delivered so many bytes. */
void cc_enter_recovery(struct bj_tcp *t, uint32_t delivered);
void cc_timeout(struct bj_tcp *t);
/* A router's mark on something of ours was echoed: once a round, as if something had been lost, but nothing was (rfc3168:6.1.2). */
void cc_congestion_told(struct bj_tcp *t);
/* Each ACK in fast recovery: rfc9937:6.2. `delivered` bytes were acknowledged or newly SACKed. */
void cc_recovery_ack(struct bj_tcp *t, uint32_t delivered, bool safe_ack);
void cc_exit_recovery(struct bj_tcp *t);
void cc_undo(struct bj_tcp *t);
/* Back from idleness longer than a timeout: rfc5681:4.1. */
void cc_restart(struct bj_tcp *t);

static inline void cc_sent_in_recovery(struct bj_tcp *t, uint32_t bytes)
{
	if (flight_in_recovery(t))
		t->flight->prr_out += bytes;
}

/* Bytes that the congestion window still allows. */
uint32_t cc_room(const struct bj_tcp *t);

#endif
