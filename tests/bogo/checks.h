/* checks.h - what must have come out of a handshake. */
#ifndef BOGO_CHECKS_H
#define BOGO_CHECKS_H

#include "connection.h"

/* After the handshake. False: said on standard error. */
bool checks_handshake(const struct connection *c, bool is_resumption);
/* When the peer's chain is judged. */
bool checks_verify(const struct connection *c);
/* After a failure: what a rejection of Encrypted ClientHello brought. */
bool checks_rejected(const struct connection *c);
/* Clients: of the session that came. */
bool checks_session(const struct connection *c, struct bj_bytes session);
/* After the whole exchange. */
bool checks_end(const struct connection *c);

#endif
