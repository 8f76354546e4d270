/* listen.h - LISTEN: SYNs become half-open connections, or cookies when there are too many; established ones wait for
 * accept.
 *
 * Implements   rfc9293:3.10.7.2 rfc4987:3.6
 */
#ifndef TCPIP_LISTEN_H
#define TCPIP_LISTEN_H

#include "tcpip/stack.h"

void listen_input(struct bj_listener *l, struct arrival *a);
/* The handshake of a half-open connection is done. */
void listen_established(struct bj_tcp *t);
bool listen_has_room(const struct bj_listener *l);
/* The connection leaves the listener's queues. */
void listen_forget(struct bj_tcp *t);

#endif
