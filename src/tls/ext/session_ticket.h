/* session_ticket.h - a 1.2 ticket, or the wish for one (rfc5077:3.2). The ticket is the whole body. */
#ifndef TLS_EXT_SESSION_TICKET_H
#define TLS_EXT_SESSION_TICKET_H

#include "tls/ext/table.h"

void session_ticket_write(struct writer *w, struct bj_bytes ticket);
/* The server's answer is empty: a NewSessionTicket will follow. */
enum bj_err session_ticket_parse_answer(struct bj_bytes body) BJ_MUST_USE;

#endif
