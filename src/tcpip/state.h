/* state.h - the states of a connection and the changes that are allowed (rfc9293:3.3.2, figure 5). */
#ifndef TCPIP_STATE_H
#define TCPIP_STATE_H

#include "tcpip/tcp.h"

/* The only way to change a state. A change that the table does not have ends the process: it is our own mistake. */
void tcp_set_state(struct bj_tcp *t, enum bj_tcp_state to);
bool tcp_state_may_change(enum bj_tcp_state from, enum bj_tcp_state to);

#endif
