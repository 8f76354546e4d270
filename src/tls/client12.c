/* client12.c - the client's side of a TLS 1.2 handshake, from the ServerHello on (rfc5246:7.3 rfc5246:7.4 rfc8422:5 rfc5077:3).
 *
 * The server must have renegotiation_info (rfc5746:3.4), and never gets a renegotiation. Without extended master secret (rfc7627:5.3)
 * there is only this one connection: no session that is resumed or kept lacks it (docs/decisions/0065).
 */
#include <stdlib.h>

#include "tls/again.h"
#include "tls/auth.h"
#include "tls/both12.h"
#include "tls/group.h"
#include "tls/hello.h"
#include "tls/limits.h"
#include "tls/keys.h"
#include "tls/msg/certificate.h"
#include "tls/msg/certificate_request.h"
#include "tls/msg/certificate_status.h"
#include "tls/msg/certificate_verify.h"
#include "tls/msg/client_key_exchange.h"
#include "tls/msg/new_session_ticket.h"
#include "tls/msg/server_hello_done.h"
#include "tls/raw_key.h"

/* How long a session is offered whose server did not say, and at most. rfc5246:F.1.4 */
#define LIFETIME_DEFAULT_S 7200
#define LIFETIME_MAX_S 86400

/* ---- the ServerHello */

/* An id that comes back says that our session goes on; one that we made up only for middleboxes must not come back. */
static enum bj_err session_answered(const struct bj_tls *conn, const struct server_hello *hello, bool *out_resumed)
{
	const struct handshake *hs = conn->hs;
	bool echoed = hello->session_id.len > 0 && bytes_equal(hello->session_id, bytes_of(hs->session_id, hs->session_id_len));

	*out_resumed = false;
	if (!echoed)
		return BJ_OK;
	if (!hs->session || hs->session->version != VERSION_1_2 || hs->session->suite != hello->suite ||
	    hs->session->secret.len != KEYS12_MASTER_LEN)
		return BJ_ERR_ILLEGAL_PARAMETER;
	*out_resumed = true;
	return BJ_OK;
}

static enum bj_err server_hello_step(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	const struct server_hello *hello = &hs->server_hello;
	bool resumed;
	enum bj_err err = session_answered(conn, hello, &resumed);

	if (err)
		return err;
	conn->is_unbound = !(hello->has & EXT_BIT(EXT_EXTENDED_MASTER_SECRET));
	if (resumed && conn->is_unbound)
		return BJ_ERR_NO_EXTENDED_MASTER_SECRET; /* our session has it. rfc7627:5.3 */
	if (!(hello->has & EXT_BIT(EXT_RENEGOTIATION_INFO)))
		return BJ_ERR_RENEGOTIATION_INFO;
	err = limits_take_answer(conn, hello->has, hello->record_size_limit, hello->max_fragment);
	if (err)
		return err;
	if (hello->has & EXT_BIT(EXT_ALPN)) {
		err = hello_take_alpn(conn, hello->alpn);
		if (err)
			return err;
	}
	if (!resumed) {
		err = raw_key_take_answer(conn, hello->has, hello->client_type, hello->server_type);
		if (err)
			return err;
	}
	if (resumed) {
		err = master12_resume(conn, hs->session);
		if (err)
			return err;
		transcript_drop_kept(&hs->transcript);
	} else {
		hs->session_id_len = (uint8_t)hello->session_id.len;
		bytes_copy(hs->session_id, hello->session_id.ptr, hello->session_id.len);
	}
	state_settle(&conn->state, F_RESUMED, resumed);
	state_settle(&conn->state, F_TICKET, hello->has & EXT_BIT(EXT_SESSION_TICKET));
	state_settle(&conn->state, F_STATUS, !resumed && (hello->has & EXT_BIT(EXT_STATUS_REQUEST)));
	return resumed ? BJ_OK : auth_take_staples(conn, (struct bj_bytes){ NULL, 0 }, hello->scts);
}

/* ---- the server's flight */

/* supported_groups speak of the curve of the server's own key too. rfc8422:5.3 */
static bool curve_was_offered(const struct bj_tls *conn, enum key_kind kind)
{
	struct bj_bytes groups = config_codes_view(&conn->config->groups);

	switch (kind) {
	case KEY_P256:
		return codes_have(groups, KEX_P256);
	case KEY_P384:
		return codes_have(groups, KEX_P384);
	case KEY_P521:
		return codes_have(groups, KEX_P521);
	default:
		return true;
	}
}

static enum bj_err certificate_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct certificate cert;
	enum key_kind kind;
	enum bj_err err = certificate12_parse_form(conn, body, &cert);

	if (err)
		return err;
	if (cert.count == 0)
		return BJ_ERR_NO_CERTIFICATE;
	err = auth_take_chain(conn, cert.chain, cert.count);
	if (err)
		return err;
	kind = conn->hs->peer_cert->key.kind;
	return suite_fits_key(conn->suite, kind) && curve_was_offered(conn, kind) ? BJ_OK : BJ_ERR_WRONG_CERTIFICATE_TYPE;
}

/* It may also stay away, although it was announced. rfc6066:8 */
static enum bj_err status_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct bj_bytes response;
	enum bj_err err = certificate_status_parse(body, &response);

	return err ? err : auth_take_staples(conn, response, (struct bj_bytes){ NULL, 0 });
}

/* Our half: a key that was made for a share of the hello, or a new one; the others go. */
static enum bj_err own_key(struct bj_tls *conn, uint16_t group)
{
	struct handshake *hs = conn->hs;

	if (hello_key(hs, group))
		return BJ_OK;
	for (size_t i = 0; i < hs->kex_count; i++)
		kex_fini(&hs->kex[i]);
	hs->kex_count = 0;
	return kex_generate(&hs->kex[hs->kex_count++], (enum kex_group)group, &conn->hs->rng);
}

static enum bj_err key_exchange_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	uint8_t content[SKE_SIGNED_MAX];
	struct server_key_exchange ske;
	const struct group *group;
	enum bj_err err = server_key_exchange_parse(body, &ske);
	size_t len;

	if (err)
		return err;
	group = group_find(ske.group);
	if (!group || !group->in_12 || !codes_have(config_codes_view(&conn->config->groups), ske.group))
		return BJ_ERR_ILLEGAL_PARAMETER;
	len = server_key_exchange_signed(&ske, hs->client_random, hs->server_random, content);
	err = auth_check_signature(conn, ske.scheme, bytes_of(content, len), ske.signature);
	if (!err)
		err = own_key(conn, ske.group);
	if (!err)
		err = kex_derive(hello_key(hs, ske.group), ske.key, &hs->shared);
	if (!err)
		conn->group = ske.group;
	return err;
}

static enum bj_err request_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct certificate_request12 request;
	enum bj_err err = certificate_request12_parse(body, &request);

	if (!err)
		err = raw_key_can_show(conn);
	if (err)
		return err;
	hello_take_schemes(conn, request.schemes);
	conn->hs->kinds = 0;
	for (unsigned kind = KEY_RSA; kind <= KEY_ED25519; kind++)
		if (certificate_request12_wants(&request, (enum key_kind)kind))
			conn->hs->kinds |= (uint32_t)1 << kind;
	conn->auth_asked = true;
	return auth_take_wishes(conn, request.authorities, request.schemes);
}

static enum bj_err hello_done_take(struct bj_tls *conn, struct bj_bytes body)
{
	return server_hello_done_parse(body);
}

/* ---- our flight */

static enum bj_err certificate_make(struct bj_tls *conn, struct writer *w)
{
	state_settle(&conn->state, F_CERT, conn->hs->credential != NULL);
	return certificate12_make(conn, w);
}

static enum bj_err key_exchange_make(struct bj_tls *conn, struct writer *w)
{
	struct handshake *hs = conn->hs;

	client_key_exchange_write(w, kex_public(hello_key(hs, conn->group)));
	for (size_t i = 0; i < hs->kex_count; i++)
		kex_fini(&hs->kex[i]);
	hs->kex_count = 0;
	return BJ_OK;
}

/* What is signed is all messages so far. rfc5246:7.4.8 */
static enum bj_err sign_prepare(struct bj_tls *conn, struct bj_bytes body)
{
	conn->hs->sign_bytes = transcript_kept(&conn->hs->transcript);
	return BJ_OK;
}

static enum bj_err verify_make(struct bj_tls *conn, struct writer *w)
{
	struct handshake *hs = conn->hs;
	const struct certificate_verify cv = { .scheme = hs->scheme, .signature = auth_signature(conn) };
	enum bj_err err = conn_room(conn, w, cv.signature.len + 64);

	if (err)
		return err;
	hs->sign_bytes = (struct bj_bytes){ NULL, 0 };
	transcript_drop_kept(&hs->transcript);
	certificate_verify_write(w, &cv);
	return BJ_OK;
}

static enum bj_err drop_step(struct bj_tls *conn, struct bj_bytes body)
{
	transcript_drop_kept(&conn->hs->transcript);
	return BJ_OK;
}

/* ---- the end */

static enum bj_err ticket_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct new_session_ticket12 nst;
	enum bj_err err = new_session_ticket12_parse(body, &nst);

	if (err || nst.ticket.len == 0 || nst.ticket.len > SESSION_TICKET_MAX) /* the server changed its mind (rfc5077:3.3), or went too far */
		return err;
	hs->ticket12 = malloc(nst.ticket.len);
	if (!hs->ticket12)
		return BJ_ERR_NO_MEMORY;
	memcpy(hs->ticket12, nst.ticket.ptr, nst.ticket.len);
	hs->ticket12_len = nst.ticket.len;
	hs->ticket12_lifetime_s = nst.lifetime_s;
	return BJ_OK;
}

/* A new ticket makes a session that goes on no younger; but it may end sooner. rfc5077:3.3 */
static uint32_t lifetime_kept_s(const struct bj_tls *conn)
{
	const struct session *s = conn->hs->session;
	int64_t age_s = conn->now_ms > s->made_ms ? (conn->now_ms - s->made_ms) / 1000 : 0, hint_s = conn->hs->ticket12_lifetime_s;

	return hint_s > 0 && age_s + hint_s < s->lifetime_s ? (uint32_t)(age_s + hint_s) : s->lifetime_s;
}

/* A session that goes on keeps its age and what was known of the peer; a new one begins now. */
static enum bj_err session_make(const struct bj_tls *conn, struct session *out)
{
	const struct handshake *hs = conn->hs;
	uint32_t lifetime_s = hs->ticket12_lifetime_s ? hs->ticket12_lifetime_s : LIFETIME_DEFAULT_S;
	enum bj_err err;

	if (lifetime_s > LIFETIME_MAX_S)
		lifetime_s = LIFETIME_MAX_S;
	err = hello_session(conn, lifetime_s, out);
	if (err)
		return err;
	out->secret = conn->s12.master;
	if (!conn->resumed)
		return BJ_OK;
	out->made_ms = hs->session->made_ms;
	out->lifetime_s = lifetime_kept_s(conn);
	out->has_peer = hs->session->has_peer;
	memcpy(out->peer_digest, hs->session->peer_digest, sizeof(out->peer_digest));
	return BJ_OK;
}

static enum bj_err open_step(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct session s;
	enum bj_err err;

	if (conn->is_unbound || (hs->ticket12_len == 0 && (conn->resumed || hs->session_id_len == 0)))
		return BJ_OK;
	err = session_make(conn, &s);
	if (err)
		return err;
	if (s.lifetime_s == 0) {
		session_fini(&s);
		return BJ_OK;
	}
	if (hs->ticket12_len > 0) {
		s.ticket = hs->ticket12;
		s.ticket_len = hs->ticket12_len;
		hs->ticket12 = NULL;
		hs->ticket12_len = 0;
	} else {
		s.id_len = hs->session_id_len;
		memcpy(s.id, hs->session_id, s.id_len);
	}
	return hello_keep_session(conn, &s);
}

/* Never done; the server hears why. rfc5246:7.4.1.1 */
static enum bj_err hello_request_take(struct bj_tls *conn, struct bj_bytes body)
{
	return body.len == 0 ? BJ_ERR_RENEGOTIATION : BJ_ERR_DECODE;
}

static enum bj_err judged_open_step(struct bj_tls *conn, struct bj_bytes body)
{
	enum bj_err err = again_judge(conn, body);

	return err ? err : open_step(conn, body);
}

static const struct hs_row client12[] = {
	{ FROM(VERSION), STEP(server_hello_step), DECIDES(F_RESUMED | F_TICKET | F_STATUS), TO(WAIT_CERTIFICATE) },
	{ FROM(WAIT_CERTIFICATE), RECV(CERTIFICATE, certificate_take), UNLESS(F_RESUMED), TO(WAIT_SERVER_KEY_EXCHANGE) },
	{ FROM(WAIT_CERTIFICATE), RECV(NEW_SESSION_TICKET, ticket_take), WHEN(F_RESUMED | F_TICKET), TO(WAIT_CCS) },
	{ FROM(WAIT_CERTIFICATE), RECV(CHANGE_CIPHER_SPEC, ccs12_take), WHEN(F_RESUMED), UNLESS(F_TICKET), KEYS(KEYS_READ_12),
	  TO(WAIT_FINISHED) },
	{ FROM(WAIT_SERVER_KEY_EXCHANGE), RECV(CERTIFICATE_STATUS, status_take), WHEN(F_STATUS), CLEARS(F_STATUS),
	  TO(WAIT_SERVER_KEY_EXCHANGE) },
	{ FROM(WAIT_SERVER_KEY_EXCHANGE), RECV(SERVER_KEY_EXCHANGE, key_exchange_take), TO(JUDGE) },
	{ FROM(JUDGE), ASK(VERIFY, auth_judge_prepare, auth_judge), TO(WAIT_REQUEST_OR_DONE) },
	{ FROM(WAIT_REQUEST_OR_DONE), RECV(CERTIFICATE_REQUEST, request_take), SETS(F_AUTH), TO(WAIT_HELLO_DONE) },
	{ FROM(WAIT_REQUEST_OR_DONE), RECV(SERVER_HELLO_DONE, hello_done_take), CLEARS(F_AUTH | F_CERT), TO(FLIGHT) },
	{ FROM(WAIT_HELLO_DONE), RECV(SERVER_HELLO_DONE, hello_done_take), TO(FLIGHT) },
	{ FROM(FLIGHT), ASK(CREDENTIAL, auth_credential_prepare, auth_client_credential), WHEN(F_AUTH), TO(CERTIFICATE) },
	{ FROM(FLIGHT), STEP(NULL), UNLESS(F_AUTH), TO(CLIENT_KEY_EXCHANGE) },
	{ FROM(CERTIFICATE), SEND(CERTIFICATE, certificate_make), DECIDES(F_CERT), TO(CLIENT_KEY_EXCHANGE) },
	{ FROM(CLIENT_KEY_EXCHANGE), SEND(CLIENT_KEY_EXCHANGE, key_exchange_make), TO(MASTER) },
	{ FROM(MASTER), STEP(master12_step), TO(SIGN) },
	{ FROM(SIGN), ASK(SIGN, sign_prepare, auth_sign), WHEN(F_CERT), TO(CERTIFICATE_VERIFY) },
	{ FROM(SIGN), STEP(drop_step), UNLESS(F_CERT), TO(CCS) },
	{ FROM(CERTIFICATE_VERIFY), SEND(CERTIFICATE_VERIFY, verify_make), TO(CCS) },
	{ FROM(CCS), SEND(CHANGE_CIPHER_SPEC, NULL), KEYS(KEYS_WRITE_12), TO(FINISHED) },
	{ FROM(FINISHED), SEND(FINISHED, keys_finished_make), UNLESS(F_RESUMED), TO(WAIT_TICKET) },
	{ FROM(FINISHED), SEND(FINISHED, keys_finished_make), WHEN(F_RESUMED), TO(OPEN) },
	{ FROM(WAIT_TICKET), RECV(NEW_SESSION_TICKET, ticket_take), WHEN(F_TICKET), TO(WAIT_CCS) },
	{ FROM(WAIT_TICKET), RECV(CHANGE_CIPHER_SPEC, ccs12_take), UNLESS(F_TICKET), KEYS(KEYS_READ_12), TO(WAIT_FINISHED) },
	{ FROM(WAIT_CCS), RECV(CHANGE_CIPHER_SPEC, ccs12_take), KEYS(KEYS_READ_12), TO(WAIT_FINISHED) },
	{ FROM(WAIT_FINISHED), RECV(FINISHED, keys_finished_take), TO(PEER_FINISHED) },
	{ FROM(PEER_FINISHED), ASK(VERIFY, again_prepare, judged_open_step), WHEN(F_RESUMED), TO(CCS) },
	{ FROM(PEER_FINISHED), STEP(open_step), UNLESS(F_RESUMED), TO(OPEN) },
	{ FROM(OPEN), RECV(HELLO_REQUEST, hello_request_take), TO(OPEN) },
};

const struct hs_table table_client12 = HS_TABLE(client12);
