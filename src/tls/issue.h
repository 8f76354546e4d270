/* issue.h - a ticket that the owner seals: its state goes out with a question, its bytes come back with the answer.
 *
 * Owns the state (a secret) from the question to the message. Where the owner does not ask, none of this is made, and ticket.h seals.
 *
 * Implements   rfc9846:4.6.1 rfc5077:3.3 (tickets of the owner's)
 */
#ifndef TLS_ISSUE_H
#define TLS_ISSUE_H

#include "tls/conn.h"

struct issue {
	uint32_t lifetime_s, age_add, early_max;
	uint8_t nonce;
	size_t len;
	uint8_t state[]; /* session_write() */
};

/* Takes what a ticket will say; the session stays the caller's. */
enum bj_err issue_make(struct bj_tls *conn, const struct session *s, uint8_t nonce) BJ_MUST_USE;
/* The ticket that the owner gave; empty: none is to be sent. */
struct bj_bytes issue_ticket(const struct bj_tls *conn);
/* Wipes both; takes none. */
void issue_free(struct handshake *hs);

#endif
