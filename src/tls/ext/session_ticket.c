/* session_ticket.c - see session_ticket.h. */
#include "tls/ext/session_ticket.h"

void session_ticket_write(struct writer *w, struct bj_bytes ticket)
{
	size_t ext = ext_open(w, EXT_SESSION_TICKET);

	wr_bytes(w, ticket);
	ext_close(w, ext);
}

enum bj_err session_ticket_parse_answer(struct bj_bytes body)
{
	return body.len == 0 ? BJ_OK : BJ_ERR_DECODE;
}
