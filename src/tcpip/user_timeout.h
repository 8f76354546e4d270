/* user_timeout.h - how long a connection bears silence, and what both sides tell each other about it.
 *
 * Off unless the owner asks for it. What the peer says can only lengthen our patience, and by no more than a day, so nobody is made to give
 * up early and nobody is kept for ever.
 *
 * Implements   rfc5482:3
 */
#ifndef TCPIP_USER_TIMEOUT_H
#define TCPIP_USER_TIMEOUT_H

#include "tcpip/tcp.h"

#define USER_TIMEOUT_MIN_S 100u   /* L_LIMIT: SHLD-11 of rfc9293:3.8.3 */
#define USER_TIMEOUT_MAX_S 86400u /* U_LIMIT */

/* R2 of a synchronized connection. */
int64_t user_timeout_us(const struct bj_tcp *t);
/* Into a SYN, or into the first segment after the handshake or after a change, where there is room. */
void user_timeout_offer(const struct bj_tcp *t, struct tcp_options *o);
void user_timeout_take(struct bj_tcp *t, const struct tcp_options *o);

#endif
