/* keys.h - changes of traffic keys, as the rows of the handshake tables order them.
 *
 * The stages of the key schedule live in conn->hs->stage. keys_psk() makes the first from what is chosen (a PSK or none), the
 * others follow by themselves from the KEYS of the rows:
 *
 *   KEYS_HANDSHAKE   early -> handshake, with hs->shared; handshake traffic keys in both directions
 *   KEYS_WRITE_APP, KEYS_READ_APP   handshake -> master at the first of them, over ClientHello..server Finished
 *
 * Implements   rfc9846:7 rfc9850 (the key log)
 */
#ifndef TLS_KEYS_H
#define TLS_KEYS_H

#include "tls/conn.h"

/* 1.3: makes the early stage from hs->psk (which may be empty). */
void keys_early(struct bj_tls *conn);
/* After the server's Finished is in the transcript: makes the master stage and the application secrets, which wait in hs. */
void keys_master(struct bj_tls *conn);
/* What a row says in its KEYS. `changes`: enum hs_keys bits. Nothing of a flight may be unsealed when keys for writing change. */
enum bj_err keys_change(struct bj_tls *conn, unsigned changes) BJ_MUST_USE;
/* 1.3: the next generation of application keys in one direction. rfc9846:7.2 */
enum bj_err keys_update(struct bj_tls *conn, bool write) BJ_MUST_USE;

/* SEND and RECV of Finished, over the transcript so far. 1.3 uses hs->finished_*. rfc9846:4.4.4 rfc5246:7.4.9 */
enum bj_err keys_finished_make(struct bj_tls *conn, struct writer *w);
enum bj_err keys_finished_take(struct bj_tls *conn, struct bj_bytes body);

#endif
