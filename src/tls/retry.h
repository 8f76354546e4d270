/* retry.h - HelloRetryRequests of servers, and cookies that carry a server's state through them.
 *
 * With cookies the retry holds all that the server must know of the first hello: its hash, what must not change in the second, suite,
 * group and time, sealed under keys of the configuration. So the owner may let go of the connection once the retry is sent, and give
 * the second hello to a new one, in this process, under the same configuration. A connection that stays checks the cookie too.
 *
 * Implements   rfc9846:4.1.4 rfc9846:4.2.2 rfc9846:4.4.1
 */
#ifndef TLS_RETRY_H
#define TLS_RETRY_H

#include "tls/conn.h"

#define RETRY_COOKIE_MAX 256
#define RETRY_COOKIE_ROTATE_S 3600

/* SEND(HELLO_RETRY_REQUEST): for hs->group; with a cookie where the configuration has them. */
enum bj_err retry_make(struct bj_tls *conn, struct writer *w);

/* The second hello on the connection that sent the retry: has it the cookie, where there was one, and none where there was not? */
bool retry_cookie_fits(const struct bj_tls *conn, const struct client_hello *hello);

/* The first hello of a connection, its suite chosen: if it has a cookie of ours it is a second one, and the transcript and conn->retried
 * say so afterwards. BJ_ERR_BAD_RETRY for a cookie that is not ours, too old, or of another hello. */
enum bj_err retry_resume(struct bj_tls *conn, const struct client_hello *hello) BJ_MUST_USE;

#endif
