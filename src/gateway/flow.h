/* flow.h - datagrams: a flow is a client address and the server that was chosen for it, until it is silent for long enough. */
#ifndef GATEWAY_FLOW_H
#define GATEWAY_FLOW_H

#include "io/udp.h"

#define FLOWS_MAX 65536 /* on one socket of one worker; of all together see worker.h */

struct listening;

/* Makes the socket's table of flows. */
void flows_init(struct listening *on);
/* The socket's report. */
void flow_datagram(struct udp *udp, const struct addr *from, struct bj_bytes datagram);
size_t flow_size(void);
/* Ends all flows of a socket. */
void flows_end(struct listening *on);

#endif
