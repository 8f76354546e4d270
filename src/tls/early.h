/* early.h - early data (0-RTT): whether it is offered, whether it is taken, how much of it, and its keys.
 *
 * A client offers it under a session whose ticket allows it and whose protocol it offers again; a server takes it where the session
 * allows it, suite and protocol are those of the session, the hello is as old as its client says, within the window, and was not seen
 * before. Whatever else happens, the handshake goes on without it, and the report says why (conn->early).
 *
 * Implements   rfc9846:2.3 rfc9846:4.2.10 rfc9846:4.2.11.1 rfc9846:4.5 rfc9846:8
 * Leaves out   early data for PSKs from outside, for sessions of 1.2, and for any but the first identity of a hello
 */
#ifndef TLS_EARLY_H
#define TLS_EARLY_H

#include "tls/conn.h"

#define EARLY_ID_LEN 32 /* bytes of the binder that stand for a hello */

/* While it is offered or taken; dies with the handshake, or when it is refused. */
struct early_data {
	uint64_t max, used;     /* bytes of plaintext: a client's may send at most so many, a server takes at most so many */
	uint8_t id[EARLY_ID_LEN];
	bool may_send;          /* clients: keys are there; servers: our Finished is out */
	struct secret exporter;
};

/* Clients, before the first hello is written: settles whether it offers early data, and makes conn->hs->early_data if so. */
enum bj_err early_offer(struct bj_tls *conn) BJ_MUST_USE;
/* Clients: it was refused (`why`): what was sent of it is lost, and what comes next is as if there had been none. */
void early_refused(struct bj_tls *conn, enum bj_tls_early why);
/* Clients: EncryptedExtensions accept it: suite and protocol must be the session's. */
enum bj_err early_accepted(struct bj_tls *conn) BJ_MUST_USE;

/* Servers, when it is settled whether a session is resumed: says why not, where that is clear already. `offers_psk`: the hello did.
 * `age_ms`: what the client says of the session's age, `binder` that of its identity, both of the session that is resumed. */
enum bj_err early_consider(struct bj_tls *conn, bool offers_psk, uint32_t age_ms, struct bj_bytes binder) BJ_MUST_USE;
/* Servers: ASK(EARLY_DATA); settles F_EARLY. */
enum bj_err early_ask_prepare(struct bj_tls *conn, struct bj_bytes body);
enum bj_err early_ask(struct bj_tls *conn, struct bj_bytes body);

/* The keys of the row's KEYS_EARLY, and the end of them. */
enum bj_err early_keys(struct bj_tls *conn) BJ_MUST_USE;
void early_keys_end(struct bj_tls *conn);

/* What bj_tls_seal() may take now of a connection that is not open: 0 for nothing. */
uint64_t early_room(const struct bj_tls *conn);
/* That was sealed. */
void early_sent(struct bj_tls *conn, size_t len);
/* Servers: early data came. BJ_ERR_TOO_MUCH_EARLY_DATA. */
enum bj_err early_count(struct bj_tls *conn, size_t len) BJ_MUST_USE;
/* Servers: may it come now? */
bool early_comes(const struct bj_tls *conn);

/* Takes none. */
void early_free(struct handshake *hs);

#endif
