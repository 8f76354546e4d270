/* isn.h - numbers that strangers must not guess: initial sequence numbers (rfc6528:3), timestamp offsets (rfc7323:5.4),
 * ports (rfc6056:3.3.3). Keyed hashes of the connection's addresses, under keys drawn when the stack was made. */
#ifndef TCPIP_ISN_H
#define TCPIP_ISN_H

#include "tcpip/stack.h"

/* The clock ticks every 4 microseconds (MUST-8 of rfc9293:3.4.1). */
uint32_t isn_make(const struct bj_stack *stack, const struct tcp_key *key);
uint32_t ts_offset_make(const struct bj_stack *stack, const struct tcp_key *key);
/* A port such that the connection of `key` does not exist yet; 0: all are taken. */
uint16_t port_choose(struct bj_stack *stack, const struct tcp_key *key);

#endif
