/* later.h - a certificate that is asked for when the handshake is over (rfc9846:4.6.2 rfc9846:4.4.1).
 *
 * The order of the owner comes to the tables as a message of our own (MSG_ASK_LATER). What the messages of a later authentication hash
 * goes on from the client's Finished of the handshake: that state of the hash is kept with the connection, where both sides agreed that
 * this may happen. One request is open at a time, and a connection has at most LATER_MAX of them.
 *
 * Leaves out   raw public keys in it; sessions of before do not learn of it
 */
#ifndef TLS_LATER_H
#define TLS_LATER_H

#include "tls/conn.h"

#define LATER_MAX 16
#define LATER_CONTEXT_LEN 16 /* of our requests: random, so that nobody can sign in advance */

struct later {
	struct hash hash;     /* over ClientHello .. client's Finished */
	uint8_t context[255]; /* of the request that runs */
	uint8_t context_len;
	uint8_t count;
	bool runs;
};

/* The handshake is complete: keeps what a later request needs, if there may be one; or the request that ran is. BJ_ERR_NO_MEMORY. */
enum bj_err later_keep(struct bj_tls *conn) BJ_MUST_USE;
void later_end(struct bj_tls *conn);
/* The context that the messages of now must have: empty in the handshake. */
struct bj_bytes later_context(const struct bj_tls *conn);

/* RECV(ASK_LATER), servers. */
enum bj_err later_ask_take(struct bj_tls *conn, struct bj_bytes body);
/* Clients: a request outside of the handshake begins. BJ_ERR_UNEXPECTED_MESSAGE where that was not agreed. */
enum bj_err later_begin(struct bj_tls *conn, struct bj_bytes context) BJ_MUST_USE;
/* Finished under the application keys of the client. */
enum bj_err later_finished_make(struct bj_tls *conn, struct writer *w);
enum bj_err later_finished_take(struct bj_tls *conn, struct bj_bytes body);

#endif
