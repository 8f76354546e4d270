/* report.c - what is known about a connection, and the questions that it asks its owner. */
#include <stdlib.h>

#include "tls/auth.h"
#include "tls/early.h"
#include "tls/ech.h"
#include "tls/issue.h"
#include "tls/psk.h"
#include "tls/ext/certificate_authorities.h"

static const char *message_words(const struct bj_tls *conn)
{
	if (conn->message == CONN_NO_MESSAGE)
		return "";
	return conn->message == CONN_RECORD ? "record" : hs_message_name(conn->message);
}

/* Has the peer shown that it is the one of the session, or has the key? A server of 1.3 knows by the binder, others by Finished. */
static bool is_proven(const struct bj_tls *conn)
{
	return state_is_open(&conn->state) || (conn->is_server && conn_is_13(conn)) || (!conn->resumed && !conn->psk);
}

BJ_API void bj_tls_report(const struct bj_tls *conn, struct bj_tls_report *out)
{
	const struct handshake *hs = conn->hs;

	*out = (struct bj_tls_report){
		.err = (enum bj_err)conn->err,
		.alert_sent = conn->alert_sent,
		.alert_received = conn->alert_received,
		.message = conn->err ? message_words(conn) : "",
		.handshake_done = state_is_open(&conn->state) && conn->err != BJ_ERR_ECH_REJECTED,
		.close_sent = conn->close_sent,
		.close_received = conn->close_received,
		.version = conn->version,
		.suite = conn->suite ? conn->suite->code : 0,
		.group = conn->group,
		.signature_scheme = conn->signature_scheme,
		.resumed = conn->resumed,
		.retried = conn->retried,
		.extended_master_secret = conn->version != 0 && !conn->is_unbound,
		.client_certificate_asked = conn->auth_asked,
		.server_name = conn->name,
		.alpn = conn->alpn,
		.peer_verified = conn->peer_verified && is_proven(conn),
		.peer_delegated = conn->peer_delegated,
		.verdict = conn->verdict,
		.bytes_in = conn->bytes_in,
		.bytes_out = conn->bytes_out,
		.records_in = conn->records_in,
		.records_out = conn->records_out,
		.early_data = (enum bj_tls_early)conn->early,
		.age_skew_ms = conn->age_skew_ms,
	};
	if (conn->psk && is_proven(conn))
		out->psk_identity = bytes_of(conn->psk->bytes, conn->psk->len);
	if (conn->config->early_max > 0 && conn->version == VERSION_1_2)
		out->early_data = BJ_TLS_EARLY_VERSION;
	if (conn->peer) {
		out->peer_chain = conn->peer->chain;
		out->peer_chain_count = conn->peer->count;
		out->ocsp_response = conn->peer->ocsp;
		out->sct_list = conn->peer->scts;
	} else if (hs) {
		out->ocsp_response = hs->peer_ocsp;
		out->sct_list = hs->peer_scts;
		out->peer_chain = hs->peer_chain;
		out->peer_chain_count = hs->peer_chain_count;
	}
	if (conn->ech) {
		out->ech = (enum bj_tls_ech)conn->ech->status;
		out->ech_public_name = ech_verify_name(conn) != conn->name ? conn->ech->public_name : NULL;
		if (conn->err == BJ_ERR_ECH_REJECTED)
			out->ech_retry_configs = bytes_of(conn->ech->retry, conn->ech->retry_len);
	}
	if (conn->peer_is_key && out->peer_chain_count > 0) {
		out->peer_public_key = out->peer_chain[0];
		out->peer_chain = NULL;
		out->peer_chain_count = 0;
	}
	if (!out->verdict && hs && hs->judged)
		out->verdict = &hs->verdict;
}

BJ_API struct bj_bytes bj_tls_session(const struct bj_tls *conn)
{
	return bytes_of(conn->session_blob, conn->session_blob_len);
}

/* ---- questions */

BJ_API enum bj_tls_question bj_tls_question(const struct bj_tls *conn)
{
	return conn->hs ? conn->hs->question : BJ_TLS_Q_NONE;
}

BJ_API struct bj_bytes bj_tls_question_bytes(const struct bj_tls *conn)
{
	switch (bj_tls_question(conn)) {
	case BJ_TLS_Q_SIGN:
		return conn->hs->sign_bytes;
	case BJ_TLS_Q_TICKET:
	case BJ_TLS_Q_PSK:
		return conn->hs->psk_try->identity;
	case BJ_TLS_Q_TICKET_SEAL:
		return bytes_of(conn->hs->issue->state, conn->hs->issue->len);
	case BJ_TLS_Q_EARLY_DATA:
		return bytes_of(conn->hs->early_data->id, EARLY_ID_LEN);
	default:
		return (struct bj_bytes){ NULL, 0 };
	}
}

BJ_API uint16_t bj_tls_question_scheme(const struct bj_tls *conn)
{
	return bj_tls_question(conn) == BJ_TLS_Q_SIGN ? conn->hs->scheme : 0;
}

BJ_API struct bj_bytes bj_tls_question_schemes(const struct bj_tls *conn)
{
	if (bj_tls_question(conn) != BJ_TLS_Q_CREDENTIAL)
		return (struct bj_bytes){ NULL, 0 };
	return bytes_of(conn->hs->schemes, conn->hs->schemes_len);
}

BJ_API struct bj_bytes bj_tls_question_authority(const struct bj_tls *conn, size_t index)
{
	struct bj_bytes name = { NULL, 0 };
	struct reader list;

	if (bj_tls_question(conn) != BJ_TLS_Q_CREDENTIAL)
		return name;
	list = rd_of(conn->hs->authorities);
	for (size_t i = 0; authority_next(&list, &name); i++)
		if (i == index)
			return name;
	return (struct bj_bytes){ NULL, 0 };
}

static enum bj_err answer_begin(struct bj_tls *conn, enum bj_tls_question question)
{
	if (conn->err)
		return (enum bj_err)conn->err;
	if (bj_tls_question(conn) != question)
		return BJ_ERR_STATE;
	return BJ_OK;
}

static enum bj_err answer_end(struct bj_tls *conn)
{
	conn->hs->question = BJ_TLS_Q_NONE;
	conn->hs->answer.is_there = true;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_answer_credential(struct bj_tls *conn, struct bj_credential *credential)
{
	enum bj_err err = answer_begin(conn, BJ_TLS_Q_CREDENTIAL);

	if (err)
		return err;
	conn->hs->answer.credential = credential ? bj_credential_ref(credential) : NULL;
	return answer_end(conn);
}

BJ_API enum bj_err bj_tls_answer_sign(struct bj_tls *conn, const void *signature, size_t len)
{
	enum bj_err err = answer_begin(conn, BJ_TLS_Q_SIGN);
	uint8_t *room;

	if (err)
		return err;
	if (!signature || len == 0 || len > SIG_LEN_MAX)
		return BJ_ERR_ARGUMENT;
	err = auth_signature_room(conn, len, &room);
	if (err)
		return err;
	memcpy(room, signature, len);
	conn->hs->signature_len = len;
	return answer_end(conn);
}

BJ_API enum bj_err bj_tls_answer_verify(struct bj_tls *conn, const struct bj_verdict *verdict)
{
	enum bj_err err = answer_begin(conn, BJ_TLS_Q_VERIFY);

	if (err)
		return err;
	if (!verdict)
		return BJ_ERR_ARGUMENT;
	conn->hs->verdict = *verdict;
	if (!conn->hs->verdict.rule)
		conn->hs->verdict.rule = "";
	return answer_end(conn);
}

BJ_API enum bj_err bj_tls_answer_early_data(struct bj_tls *conn, bool accept)
{
	enum bj_err err = answer_begin(conn, BJ_TLS_Q_EARLY_DATA);

	if (err)
		return err;
	conn->hs->answer.accepts = accept;
	return answer_end(conn);
}

void answer_bytes_free(struct answer *answer)
{
	if (answer->bytes.ptr)
		wipe((void *)answer->bytes.ptr, answer->bytes.len);
	free((void *)answer->bytes.ptr);
	answer->bytes = (struct bj_bytes){ NULL, 0 };
}

void answer_psk_free(struct answer *answer)
{
	if (answer->psk)
		config_psk_fini(answer->psk);
	free(answer->psk);
	answer->psk = NULL;
}

enum bj_err answer_bytes_set(struct bj_tls *conn, enum bj_tls_question question, const void *bytes, size_t len)
{
	enum bj_err err = answer_begin(conn, question);
	uint8_t *copy = NULL;

	if (err)
		return err;
	if (len > 0) {
		copy = malloc(len);
		if (!copy)
			return BJ_ERR_NO_MEMORY;
		memcpy(copy, bytes, len);
	}
	answer_bytes_free(&conn->hs->answer);
	conn->hs->answer.bytes = bytes_of(copy, len);
	return answer_end(conn);
}

BJ_API enum bj_err bj_tls_answer_ticket(struct bj_tls *conn, const void *state, size_t len)
{
	if (len > SESSION_STATE_MAX || (len > 0 && !state))
		return BJ_ERR_ARGUMENT;
	return answer_bytes_set(conn, BJ_TLS_Q_TICKET, state, len);
}

BJ_API enum bj_err bj_tls_answer_psk(struct bj_tls *conn, const struct bj_tls_psk *psk)
{
	enum bj_err err = answer_begin(conn, BJ_TLS_Q_PSK);
	struct config_psk *made;

	if (err || !psk)
		return err ? err : answer_end(conn);
	made = malloc(sizeof(*made));
	if (!made)
		return BJ_ERR_NO_MEMORY;
	err = config_psk_make(psk, made);
	if (err) {
		free(made);
		return err;
	}
	conn->hs->answer.psk = made;
	return answer_end(conn);
}
