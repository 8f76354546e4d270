/* both13.h - what client and server do alike in a TLS 1.3 handshake: each proves that it has its key.
 *
 * Implements   rfc9846:4.4.3
 */
#ifndef TLS_BOTH13_H
#define TLS_BOTH13_H

#include "tls/conn.h"

/* ASK(SIGN): what our CertificateVerify signs; the signature is made by auth_sign(). */
enum bj_err sign13_prepare(struct bj_tls *conn, struct bj_bytes body);
enum bj_err verify13_make(struct bj_tls *conn, struct writer *w);
/* The peer's. */
enum bj_err verify13_take(struct bj_tls *conn, struct bj_bytes body);

#endif
