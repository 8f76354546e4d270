/* false_start.h - clients of 1.2 that send before the server's Finished (rfc7918), where the configuration says so.
 *
 * What is asked of the handshake: a full one, with forward secrecy and an AEAD (there are no others here), the server judged, our Finished
 * sent, extended master secret, a protocol that the server agreed to unless the owner does without, and no hello that the server could not open.
 */
#ifndef TLS_FALSE_START_H
#define TLS_FALSE_START_H

#include "tls/conn.h"

/* Whether data may go out although the handshake is not complete. */
bool false_start_may(const struct bj_tls *conn);

#endif
