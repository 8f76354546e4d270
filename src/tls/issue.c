/* issue.c - see issue.h. */
#include "tls/issue.h"

#include <stdlib.h>

#include "tls/psk.h"

enum bj_err issue_make(struct bj_tls *conn, const struct session *s, uint8_t nonce)
{
	size_t cap = SESSION_STATE_MAX - SESSION_PEER_MAX + s->peer_len;
	struct issue *issue = malloc(sizeof(*issue) + cap);
	struct writer w;

	if (!issue)
		return BJ_ERR_NO_MEMORY;
	*issue = (struct issue){ .lifetime_s = s->lifetime_s, .age_add = s->age_add, .early_max = s->early_max, .nonce = nonce };
	w = wr_make(issue->state, cap);
	session_write(&w, s);
	issue->len = w.len;
	issue_free(conn->hs);
	conn->hs->issue = issue;
	return wr_ok(&w) ? BJ_OK : BJ_ERR_INTERNAL;
}

struct bj_bytes issue_ticket(const struct bj_tls *conn)
{
	return conn->hs->answer.bytes;
}

void issue_free(struct handshake *hs)
{
	if (hs->issue)
		wipe(hs->issue->state, hs->issue->len);
	free(hs->issue);
	hs->issue = NULL;
	answer_bytes_free(&hs->answer);
}

BJ_API enum bj_err bj_tls_answer_ticket_seal(struct bj_tls *conn, const void *ticket, size_t len)
{
	if (len > BJ_TLS_TICKET_MAX || (len > 0 && !ticket))
		return BJ_ERR_ARGUMENT;
	return answer_bytes_set(conn, BJ_TLS_Q_TICKET_SEAL, ticket, len);
}
