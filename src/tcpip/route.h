/* route.h - IPv4 source routes: chosen by the application, or learned from what came (rfc791, rfc9293:3.9.2.1).
 *
 * A route that came is turned round. It is heeded only if the stack's owner asked for it: who can choose the way back can
 * read answers that are for somebody else (docs/decisions/0041).
 */
#ifndef TCPIP_ROUTE_H
#define TCPIP_ROUTE_H

#include "tcpip/stack.h"

/* Looks for a route among the options of a packet for us. False: it has stations left, we are none of its routers. */
bool route_take(struct bj_stack *stack, struct bj_bytes options, struct bj_bytes *out_route);
/* The application's route: MUST-51. BJ_ERR_ARGUMENT: more stations than there is room for, or none of IPv4. */
BJ_MUST_USE enum bj_err route_choose(struct bj_tcp *t);
/* The way back of a segment that was found good: MUST-53, SHLD-24; the application's goes before it: MUST-52. */
void route_learn(struct bj_tcp *t, struct bj_bytes came);

#endif
