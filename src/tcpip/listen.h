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
/* May a handshake with this peer come to its end now? What is refused was counted. */
enum listen_room {
	LISTEN_ROOM,
	LISTEN_LATER, /* silence: what is in the way goes away as the owner accepts, and the peer sends again */
	LISTEN_NEVER, /* a reset: the peer has as many connections as it may have, and waiting changes nothing */
};
enum listen_room listen_room_for(struct bj_listener *l, const struct bj_ip *remote);
/* The connection leaves the listener's queues. */
void listen_forget(struct bj_tcp *t);

#endif
