/* new_session_ticket.c - see new_session_ticket.h. */
#include "tls/msg/new_session_ticket.h"
#include "tls/ext/early_data.h"
#include "tls/ext/tls_flags.h"

enum bj_err new_session_ticket_parse(struct bj_bytes body, struct new_session_ticket *out)
{
	struct reader r = rd_of(body);
	struct new_session_ticket nst = { 0 };
	struct bj_bytes extensions;
	struct ext_list list;
	enum bj_err err;

	nst.lifetime_s = rd_u32(&r);
	nst.age_add = rd_u32(&r);
	nst.nonce = rd_vec_bytes(&r, 1);
	nst.ticket = rd_vec_bytes(&r, 2);
	extensions = rd_vec_bytes(&r, 2);
	if (!rd_end(&r) || nst.ticket.len == 0)
		return BJ_ERR_DECODE;
	err = ext_walk(extensions, EXT_IN_NST, 0, &list);
	if (err)
		return err;
	nst.has = list.has;
	if (nst.has & EXT_BIT(EXT_EARLY_DATA)) {
		err = early_data_parse_ticket(list.body[EXT_EARLY_DATA], &nst.early_data_max);
		if (err)
			return err;
	}
	if (nst.has & EXT_BIT(EXT_TLS_FLAGS)) {
		err = tls_flags_parse(list.body[EXT_TLS_FLAGS]);
		if (err)
			return err;
	}
	if (nst.lifetime_s > TICKET_LIFETIME_MAX)
		nst.lifetime_s = TICKET_LIFETIME_MAX;
	*out = nst;
	return BJ_OK;
}

void new_session_ticket_write(struct writer *w, const struct new_session_ticket *nst)
{
	size_t message = message_open(w, MSG_NEW_SESSION_TICKET), list;

	wr_u32(w, nst->lifetime_s);
	wr_u32(w, nst->age_add);
	wr_vec(w, nst->nonce, 1);
	wr_vec(w, nst->ticket, 2);
	list = wr_open(w, 2);
	if (nst->has & EXT_BIT(EXT_EARLY_DATA))
		early_data_write_ticket(w, nst->early_data_max);
	if (nst->grease) {
		wr_u16(w, nst->grease);
		wr_u16(w, 0);
	}
	wr_close(w, list, 2);
	message_close(w, message);
}

enum bj_err new_session_ticket12_parse(struct bj_bytes body, struct new_session_ticket12 *out)
{
	struct reader r = rd_of(body);
	struct new_session_ticket12 nst;

	nst.lifetime_s = rd_u32(&r);
	nst.ticket = rd_vec_bytes(&r, 2);
	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out = nst;
	return BJ_OK;
}

void new_session_ticket12_write(struct writer *w, const struct new_session_ticket12 *nst)
{
	size_t message = message_open(w, MSG_NEW_SESSION_TICKET);

	wr_u32(w, nst->lifetime_s);
	wr_vec(w, nst->ticket, 2);
	message_close(w, message);
}
