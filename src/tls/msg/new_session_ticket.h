/* new_session_ticket.h - a ticket for later, in both forms (rfc9846:4.6.1 rfc5077:3.3). */
#ifndef TLS_MSG_NEW_SESSION_TICKET_H
#define TLS_MSG_NEW_SESSION_TICKET_H

#include "tls/msg/message.h"
#include "tls/ext/table.h"

#define TICKET_LIFETIME_MAX 604800 /* seconds, 1.3 */

struct new_session_ticket { /* 1.3 */
	uint32_t lifetime_s;     /* read as at most TICKET_LIFETIME_MAX; 0: discard it */
	uint32_t age_add;
	struct bj_bytes nonce;
	struct bj_bytes ticket;  /* not empty */
	uint32_t has;            /* EXT_EARLY_DATA */
	uint32_t early_data_max;
	uint16_t grease;         /* for writing: an empty extension of this type; 0: none. rfc8701:4.1 */
};

enum bj_err new_session_ticket_parse(struct bj_bytes body, struct new_session_ticket *out) BJ_MUST_USE;
void new_session_ticket_write(struct writer *w, const struct new_session_ticket *nst);

struct new_session_ticket12 {
	uint32_t lifetime_s;    /* a hint; 0: not said */
	struct bj_bytes ticket; /* empty: the server changed its mind */
};

enum bj_err new_session_ticket12_parse(struct bj_bytes body, struct new_session_ticket12 *out) BJ_MUST_USE;
void new_session_ticket12_write(struct writer *w, const struct new_session_ticket12 *nst);

#endif
