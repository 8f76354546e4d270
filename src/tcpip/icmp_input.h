/* icmp_input.h - ICMP arrives: echoes are answered, errors reach the connection that they quote, if they prove that they
 * saw it: the quoted sequence number must be in flight (rfc5927:4.1).
 *
 * Implements   rfc792 rfc4443 rfc1191 rfc8201 rfc5927 rfc9293:3.9.2.2
 */
#ifndef TCPIP_ICMP_INPUT_H
#define TCPIP_ICMP_INPUT_H

#include "tcpip/stack.h"

void icmp_input_v4(struct bj_stack *s, const struct bj_ip *from, const struct bj_ip *to, struct bj_bytes packet);
void icmp_input_v6(struct bj_stack *s, const struct bj_ip *from, const struct bj_ip *to, uint8_t hop_limit, struct bj_bytes packet);

#endif
