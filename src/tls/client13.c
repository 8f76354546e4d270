/* client13.c - the client's side of a TLS 1.3 handshake, from the ServerHello on (rfc9846:2 rfc9846:4 rfc9846:A.1). */
#include <stdlib.h>

#include "tls/again.h"
#include "tls/auth.h"
#include "tls/ech.h"
#include "tls/both13.h"
#include "tls/cert_compression.h"
#include "tls/early.h"
#include "tls/flight.h"
#include "tls/hello.h"
#include "tls/keys.h"
#include "tls/later.h"
#include "tls/msg/certificate.h"
#include "tls/msg/certificate_request.h"
#include "tls/msg/encrypted_extensions.h"
#include "tls/msg/end_of_early_data.h"
#include "tls/msg/new_session_ticket.h"
#include "tls/psk.h"
#include "tls/limits.h"
#include "tls/quic.h"
#include "tls/raw_key.h"

/* ---- the ServerHello */

/* One that was offered, which goes with the hash of its suite. rfc9846:4.2.11 */
static enum bj_err psk_take(struct bj_tls *conn, const struct server_hello *hello)
{
	struct handshake *hs = conn->hs;
	struct psk_entry entry;

	if (!psk_entry_at(conn, hello->psk_index, &entry) || entry.alg != (enum hash_alg)conn->suite->hash)
		return BJ_ERR_ILLEGAL_PARAMETER;
	hs->psk = *entry.key;
	return entry.psk ? psk_adopt(conn, entry.psk) : hello_resumed(conn, hs->session);
}

static enum bj_err share_take(struct bj_tls *conn, const struct key_share *share)
{
	struct handshake *hs = conn->hs;

	for (size_t i = 0; i < hs->share_count; i++) {
		if (hs->shares[i] != share->group)
			continue;
		conn->group = share->group;
		return kex_derive(hello_key(hs, share->group), share->key, &hs->shared);
	}
	return BJ_ERR_ILLEGAL_PARAMETER;
}

static enum bj_err server_hello_step(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	const struct server_hello *hello = &hs->server_hello;
	bool resumed = hello->has & EXT_BIT(EXT_PRE_SHARED_KEY);
	enum bj_err err;

	if (!(hello->has & EXT_BIT(EXT_KEY_SHARE))) /* psk_ke is never offered. rfc9846:4.2.11 */
		return resumed ? BJ_ERR_ILLEGAL_PARAMETER : BJ_ERR_MISSING_EXTENSION;
	if (!resumed && conn->config->psk_only)
		return BJ_ERR_MISSING_EXTENSION;
	err = resumed ? psk_take(conn, hello) : BJ_OK;
	if (!err)
		err = share_take(conn, &hello->share);
	if (err)
		return err;
	for (size_t i = 0; i < hs->kex_count; i++)
		kex_fini(&hs->kex[i]);
	keys_early(conn);
	state_settle(&conn->state, F_RESUMED, resumed);
	return BJ_OK;
}

/* ---- the server's flight */

static enum bj_err extensions_take(struct bj_tls *conn, struct bj_bytes body, uint32_t offered, bool *out_early)
{
	struct encrypted_extensions ee;
	enum bj_err err;

	if (ech_is(conn, BJ_TLS_ECH_ACCEPTED))
		offered &= ~EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO); /* the inner hello's is answered in no other way than by counting. rfc9849:5 */
	err = encrypted_extensions_parse(body, offered, &ee);
	if (!err && (ee.has & EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO)))
		err = ech_client_take_retry(conn, ee.ech);
	if (!err)
		err = limits_take_answer(conn, ee.has, ee.record_size_limit, ee.max_fragment);
	if (!err && conn->quic)
		err = quic_take_answer(conn, &ee);
	if (!err && !state_holds(&conn->state, F_RESUMED))
		err = raw_key_take_answer(conn, ee.has, ee.client_type, ee.server_type);
	if (err)
		return err;
	*out_early = ee.has & EXT_BIT(EXT_EARLY_DATA);
	return (ee.has & EXT_BIT(EXT_ALPN)) ? hello_take_alpn(conn, ee.alpn) : BJ_OK;
}

/* Early data goes with the session: without that it cannot be answered, and it is refused by what is not said. rfc9846:4.2.10 */
static enum bj_err ee_take(struct bj_tls *conn, struct bj_bytes body)
{
	bool early;

	early_refused(conn, BJ_TLS_EARLY_NOT_RESUMED);
	return extensions_take(conn, body, conn->hs->offered & ~EXT_BIT(EXT_EARLY_DATA), &early);
}

static enum bj_err ee_take_early(struct bj_tls *conn, struct bj_bytes body)
{
	bool early;
	enum bj_err err = extensions_take(conn, body, conn->hs->offered, &early);

	if (err)
		return err;
	state_settle(&conn->state, F_EARLY, early && !conn->quic); /* QUIC needs no message to end it. rfc9001:8.3 */
	if (early)
		return early_accepted(conn);
	early_refused(conn, BJ_TLS_EARLY_REFUSED);
	return BJ_OK;
}

static enum bj_err wishes_take(struct bj_tls *conn, const struct certificate_request *request)
{
	hello_take_schemes(conn, request->schemes);
	conn->auth_asked = true;
	conn->hs->compression = cert_compression_choose(conn->config, request->compressions);
	hello_take_delegated(conn, request->delegated);
	return auth_take_wishes(conn, request->authorities, request->schemes_cert.len > 0 ? request->schemes_cert : request->schemes);
}

static enum bj_err request_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct certificate_request request;
	enum bj_err err = certificate_request_parse(body, &request);

	if (err)
		return err;
	if (request.context.len > 0)
		return BJ_ERR_ILLEGAL_PARAMETER;
	err = raw_key_can_show(conn);
	return err ? err : wishes_take(conn, &request);
}

static enum bj_err chain_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct certificate cert;
	enum bj_err err = certificate_parse(body, conn->hs->offered, &cert);

	if (err)
		return err;
	if (cert.context.len > 0)
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (cert.count == 0)
		return BJ_ERR_NO_CERTIFICATE;
	err = auth_take_chain(conn, cert.chain, cert.count);
	if (!err)
		err = auth_take_delegation(conn, cert.delegation);
	return err ? err : auth_take_staples(conn, cert.ocsp, cert.scts);
}

static enum bj_err certificate_take(struct bj_tls *conn, struct bj_bytes body)
{
	if (conn->message == MSG_COMPRESSED_CERTIFICATE)
		return cert_compression_take(conn, body, chain_take);
	return chain_take(conn, body);
}

/* ---- our flight */

/* For middleboxes, before our second flight. rfc9846:D.4 */
static enum bj_err flight_step(struct bj_tls *conn, struct bj_bytes body)
{
	if (conn->hs->compat != COMPAT_WANTED)
		return BJ_OK;
	conn->hs->compat |= COMPAT_SENT;
	return flight_ccs(conn);
}

static enum bj_err judged_flight_step(struct bj_tls *conn, struct bj_bytes body)
{
	enum bj_err err = again_judge(conn, body);

	return err ? err : flight_step(conn, body);
}

static enum bj_err end_of_early_make(struct bj_tls *conn, struct writer *w)
{
	end_of_early_data_write(w);
	return BJ_OK;
}

static enum bj_err certificate_make(struct bj_tls *conn, struct writer *w)
{
	struct certificate cert = { 0 };
	size_t len = HS_ROOM; /* for the context too */
	enum bj_err err;

	err = conn->hs->credential ? auth_own_chain(conn->hs->credential->credential, &cert, &len) : BJ_OK;
	if (!err)
		err = conn_room(conn, w, len);
	if (err)
		return err;
	cert.context = later_context(conn);
	certificate_write(w, &cert);
	state_settle(&conn->state, F_CERT, cert.count > 0);
	return conn->hs->compression && cert.count > 0 ? cert_compression_replace(conn, w) : BJ_OK;
}

/* ---- later: tickets. rfc9846:4.6.1 */

static enum bj_err ticket_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct hmac_key resumption;
	struct new_session_ticket nst;
	struct session s;
	enum bj_err err = new_session_ticket_parse(body, &nst);

	if (err)
		return err;
	if (conn->quic && (nst.has & EXT_BIT(EXT_EARLY_DATA)) && nst.early_data_max != UINT32_MAX)
		return BJ_ERR_ILLEGAL_PARAMETER; /* rfc9001:4.6.1 */
	if (nst.lifetime_s == 0 || nst.ticket.len > SESSION_TICKET_MAX || conn->tickets == CONN_TICKET_MAX)
		return BJ_OK;
	conn->tickets++;
	err = hello_session(conn, nst.lifetime_s, &s);
	if (err)
		return err;
	if (s.lifetime_s == 0) { /* the first session of the chain has ended */
		session_fini(&s);
		return BJ_OK;
	}
	s.age_add = nst.age_add;
	s.early_max = nst.early_data_max;
	s.ticket = malloc(nst.ticket.len);
	if (!s.ticket) {
		session_fini(&s);
		return BJ_ERR_NO_MEMORY;
	}
	memcpy(s.ticket, nst.ticket.ptr, nst.ticket.len);
	s.ticket_len = nst.ticket.len;
	hmac_key_init(&resumption, (enum hash_alg)conn->suite->hash, secret_view(&conn->s13.resumption));
	ks_ticket_key(&resumption, nst.nonce, &s.secret);
	hmac_key_wipe(&resumption);
	return hello_keep_session(conn, &s);
}

/* ---- later: the server asks for a certificate. rfc9846:4.6.2 */

static enum bj_err later_request_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct certificate_request request;
	enum bj_err err = conn->later ? certificate_request_parse(body, &request) : BJ_ERR_UNEXPECTED_MESSAGE;

	if (err)
		return err;
	err = later_begin(conn, request.context);
	return err ? err : wishes_take(conn, &request);
}

static const struct hs_row client13[] = {
	{ FROM(VERSION), STEP(server_hello_step), DECIDES(F_RESUMED), KEYS(KEYS_HANDSHAKE), TO(WAIT_EE) },
	{ FROM(WAIT_EE), RECV(ENCRYPTED_EXTENSIONS, ee_take), UNLESS(F_EARLY), TO(WAIT_CERTIFICATE_OR_REQUEST) },
	{ FROM(WAIT_EE), RECV(ENCRYPTED_EXTENSIONS, ee_take_early), WHEN(F_EARLY | F_RESUMED), DECIDES(F_EARLY), TO(EARLY_ANSWER) },
	{ FROM(WAIT_EE), RECV(ENCRYPTED_EXTENSIONS, ee_take), WHEN(F_EARLY), UNLESS(F_RESUMED), CLEARS(F_EARLY), TO(EARLY_ANSWER) },
	{ FROM(EARLY_ANSWER), STEP(NULL), WHEN(F_EARLY), TO(WAIT_CERTIFICATE_OR_REQUEST) },
	{ FROM(EARLY_ANSWER), STEP(NULL), UNLESS(F_EARLY), KEYS(KEYS_EARLY_END), TO(WAIT_CERTIFICATE_OR_REQUEST) },
	{ FROM(WAIT_CERTIFICATE_OR_REQUEST), RECV(FINISHED, keys_finished_take), WHEN(F_RESUMED), CLEARS(F_AUTH), KEYS(KEYS_READ_APP), TO(JUDGE_AGAIN) },
	{ FROM(WAIT_CERTIFICATE_OR_REQUEST), RECV(CERTIFICATE_REQUEST, request_take), UNLESS(F_RESUMED), SETS(F_AUTH), TO(WAIT_CERTIFICATE) },
	{ FROM(WAIT_CERTIFICATE_OR_REQUEST), RECV(CERTIFICATE, certificate_take), UNLESS(F_RESUMED), CLEARS(F_AUTH), TO(WAIT_CERTIFICATE_VERIFY) },
	{ FROM(JUDGE_AGAIN), ASK(VERIFY, again_prepare, judged_flight_step), TO(END_OF_EARLY) },
	{ FROM(WAIT_CERTIFICATE), RECV(CERTIFICATE, certificate_take), TO(WAIT_CERTIFICATE_VERIFY) },
	{ FROM(WAIT_CERTIFICATE_VERIFY), RECV(CERTIFICATE_VERIFY, verify13_take), TO(JUDGE) },
	{ FROM(JUDGE), ASK(VERIFY, auth_judge_prepare, auth_judge), TO(WAIT_FINISHED) },
	{ FROM(WAIT_FINISHED), RECV(FINISHED, keys_finished_take), KEYS(KEYS_READ_APP), TO(FLIGHT) },
	{ FROM(FLIGHT), STEP(flight_step), TO(END_OF_EARLY) },
	{ FROM(END_OF_EARLY), SEND(END_OF_EARLY_DATA, end_of_early_make), WHEN(F_EARLY), KEYS(KEYS_EARLY_END), TO(CREDENTIAL) },
	{ FROM(END_OF_EARLY), STEP(NULL), UNLESS(F_EARLY), TO(CREDENTIAL) },
	{ FROM(CREDENTIAL), ASK(CREDENTIAL, auth_credential_prepare, auth_client_credential), WHEN(F_AUTH), TO(CERTIFICATE) },
	{ FROM(CREDENTIAL), STEP(NULL), UNLESS(F_AUTH), TO(FINISHED) },
	{ FROM(CERTIFICATE), SEND(CERTIFICATE, certificate_make), DECIDES(F_CERT), TO(SIGN) },
	{ FROM(SIGN), ASK(SIGN, sign13_prepare, auth_sign), WHEN(F_CERT), TO(CERTIFICATE_VERIFY) },
	{ FROM(SIGN), STEP(NULL), UNLESS(F_CERT), TO(FINISHED) },
	{ FROM(CERTIFICATE_VERIFY), SEND(CERTIFICATE_VERIFY, verify13_make), TO(FINISHED) },
	{ FROM(FINISHED), SEND(FINISHED, keys_finished_make), KEYS(KEYS_WRITE_APP), TO(OPEN) },
	{ FROM(OPEN), RECV(NEW_SESSION_TICKET, ticket_take), TO(OPEN) },
	{ FROM(OPEN), RECV(KEY_UPDATE, key_update_take), TO(OPEN) },
	{ FROM(OPEN), RECV(CERTIFICATE_REQUEST, later_request_take), TO(LATER_CREDENTIAL) },
	{ FROM(LATER_CREDENTIAL), ASK(CREDENTIAL, auth_credential_prepare, auth_client_credential), TO(LATER_CERTIFICATE) },
	{ FROM(LATER_CERTIFICATE), SEND(CERTIFICATE, certificate_make), DECIDES(F_CERT), TO(LATER_SIGN) },
	{ FROM(LATER_SIGN), ASK(SIGN, sign13_prepare, auth_sign), WHEN(F_CERT), TO(LATER_VERIFY) },
	{ FROM(LATER_SIGN), STEP(NULL), UNLESS(F_CERT), TO(LATER_FINISHED) },
	{ FROM(LATER_VERIFY), SEND(CERTIFICATE_VERIFY, verify13_make), TO(LATER_FINISHED) },
	{ FROM(LATER_FINISHED), SEND(FINISHED, later_finished_make), TO(OPEN) },
};

const struct hs_table table_client13 = HS_TABLE(client13);
