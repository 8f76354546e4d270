/* feed.h - what the two ways of feeding share: records (feed.c) and the levels of QUIC (quic.c). */
#ifndef TLS_FEED_H
#define TLS_FEED_H

#include "tls/conn.h"

/* Handshake bytes of the level or keys in force: whole messages are handled, up to a question or a session; the rest is kept. */
enum bj_err feed_handshake(struct bj_tls *conn, struct bj_bytes body) BJ_MUST_USE;
/* An answer may have come, or a session was told: goes on from there, and with the bytes that were kept. */
enum bj_err feed_answered(struct bj_tls *conn) BJ_MUST_USE;
/* Is there anything that goes on without new bytes? */
bool feed_waits(const struct bj_tls *conn);
/* One record that is open: what it means. */
enum bj_err feed_record(struct bj_tls *conn, const struct record *rec, struct bj_tls_fed *out) BJ_MUST_USE;
/* What the owner is to be told next; false: nothing. */
bool feed_tell(struct bj_tls *conn, enum bj_tls_event *out);

#endif
