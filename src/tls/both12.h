/* both12.h - what client and server do alike in a TLS 1.2 handshake.
 *
 * Implements   rfc5246:7.4.7 rfc5246:8.1 rfc7627:4
 */
#ifndef TLS_BOTH12_H
#define TLS_BOTH12_H

#include "tls/conn.h"
#include "tls/msg/certificate.h"

/* STEP behind ClientKeyExchange: hs->shared becomes the master secret, over the transcript so far. rfc7627:4 */
enum bj_err master12_step(struct bj_tls *conn, struct bj_bytes body);
/* An earlier session's master secret is this one's too. */
enum bj_err master12_resume(struct bj_tls *conn, const struct session *s) BJ_MUST_USE;

/* A chain, or the raw public key that was agreed. */
enum bj_err certificate12_parse_form(const struct bj_tls *conn, struct bj_bytes body, struct certificate *out) BJ_MUST_USE;
enum bj_err certificate12_make(struct bj_tls *conn, struct writer *w);
enum bj_err ccs12_take(struct bj_tls *conn, struct bj_bytes body);

#endif
