/* server13.c - the server's side of a TLS 1.3 handshake (rfc9846:2 rfc9846:4 rfc9846:A.2). */
#include <stdlib.h>

#include "crypto/rng_os.h"
#include "tls/auth.h"
#include "tls/ech.h"
#include "tls/both13.h"
#include "tls/cert_compression.h"
#include "tls/early.h"
#include "tls/flight.h"
#include "tls/hello.h"
#include "tls/hello_form.h"
#include "tls/issue.h"
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
#include "tls/retry.h"

static bool offered(const struct bj_tls *conn, enum ext ext)
{
	return conn->hs->offered & EXT_BIT(ext);
}

/* ---- the hello */

/* What must be there. rfc9846:9.2 */
static enum bj_err hello_complete(const struct client_hello *hello)
{
	bool groups = hello->has & EXT_BIT(EXT_SUPPORTED_GROUPS), shares = hello->has & EXT_BIT(EXT_KEY_SHARE);

	if (groups != shares || !groups)
		return BJ_ERR_MISSING_EXTENSION;
	if (!(hello->has & (EXT_BIT(EXT_SIGNATURE_ALGORITHMS) | EXT_BIT(EXT_PRE_SHARED_KEY))))
		return BJ_ERR_MISSING_EXTENSION;
	return BJ_OK;
}

/* Kept beyond the hello, because a question may stand between. */
static enum bj_err take_share(struct handshake *hs, struct bj_bytes share)
{
	if (share.len > KEX_SHARE_MAX)
		return BJ_ERR_BAD_KEY_SHARE;
	hs->peer_share = malloc(share.len);
	if (!hs->peer_share)
		return BJ_ERR_NO_MEMORY;
	memcpy(hs->peer_share, share.ptr, share.len);
	hs->peer_share_len = (uint16_t)share.len;
	return BJ_OK;
}

/* After a retry: the one share that was asked for, and no early data. rfc9846:4.1.2 */
static enum bj_err asked_share_take(struct bj_tls *conn, const struct client_hello *hello)
{
	struct reader shares = rd_of(hello->shares);
	struct key_share share;

	if ((hello->has & EXT_BIT(EXT_EARLY_DATA)) || !key_share_next(&shares, &share) || share.group != conn->hs->group || rd_more(&shares))
		return BJ_ERR_BAD_RETRY;
	return take_share(conn->hs, share.key);
}

/* A second hello whose first one another connection saw: what is left is what that could not settle. */
static enum bj_err share_choose_retried(struct bj_tls *conn)
{
	struct handshake *hs = conn->hs;

	if (hs->session_id_len > 0)
		hs->compat = COMPAT_WANTED | COMPAT_SENT;
	hs->takes_tickets = hs->client_hello.psk_modes & PSK_MODE_DHE_KE;
	hs->ticket_request = hs->client_hello.ticket_request;
	state_settle(&conn->state, F_RETRY, false);
	return asked_share_take(conn, &hs->client_hello);
}

/* The group; does the client's share do? */
static enum bj_err share_choose(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct client_hello *hello = &hs->client_hello;
	uint8_t print[HASH_MAX];
	struct bj_bytes share;
	enum bj_err err = hello_complete(hello);

	if (err || conn->retried)
		return err ? err : share_choose_retried(conn);
	hs->group = hello_choose_group(conn, hello, &share);
	if (!hs->group)
		return BJ_ERR_NO_COMMON_GROUP;
	if (share.len > 0)
		err = take_share(hs, share);
	if (err)
		return err;
	if (!conn->quic) /* also without a session id: somebody in the middle may want it all the same. rfc9846:D.4 rfc9001:8.4 */
		hs->compat = COMPAT_WANTED;
	hs->skip_early = offered(conn, EXT_EARLY_DATA);
	hs->takes_tickets = hello->psk_modes & PSK_MODE_DHE_KE;
	hs->ticket_request = hello->ticket_request;
	psk_note(conn, hello);
	state_settle(&conn->state, F_RETRY, share.len == 0);
	if (share.len == 0) {
		client_hello_fingerprint(HASH_SHA256, hello, print);
		memcpy(hs->hello_print, print, sizeof(hs->hello_print));
	}
	return BJ_OK;
}

/* ---- HelloRetryRequest. rfc9846:4.1.4 */

/* For middleboxes: once, behind our first message. rfc9846:D.4 */
static enum bj_err compat_ccs(struct bj_tls *conn)
{
	if (conn->hs->compat != COMPAT_WANTED)
		return BJ_OK;
	conn->hs->compat |= COMPAT_SENT;
	return flight_ccs(conn);
}

static enum bj_err retry_end(struct bj_tls *conn, struct bj_bytes body)
{
	return compat_ccs(conn);
}

/* The second hello is the first but for what the retry asked. rfc9846:4.1.2 */
static enum bj_err hello_again_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct client_hello *hello = &hs->client_hello;
	struct bj_bytes whole;
	uint8_t print[HASH_MAX];
	enum bj_err err = client_hello_parse(body, hello);

	if (!err && conn->ech)
		err = ech_server_again(conn, &body);
	if (err)
		return err;
	whole = bytes_of(body.ptr - MESSAGE_HEADER_LEN, body.len + MESSAGE_HEADER_LEN);
	client_hello_fingerprint(HASH_SHA256, hello, print);
	if (memcmp(print, hs->hello_print, sizeof(hs->hello_print)) != 0 || !retry_cookie_fits(conn, hello))
		return BJ_ERR_BAD_RETRY;
	err = asked_share_take(conn, hello);
	if (err)
		return err;
	hs->skip_early = false;
	hs->offered = hello_offered(hello);
	if (hello->has & EXT_BIT(EXT_PRE_SHARED_KEY))
		transcript_peek_with(&hs->transcript, (enum hash_alg)conn->suite->hash, client_hello_truncated(whole, &hello->psk),
				     hs->binder_hash);
	return BJ_OK;
}

/* ---- our flight */

static enum bj_err server_hello_make(struct bj_tls *conn, struct writer *w)
{
	struct handshake *hs = conn->hs;
	uint8_t share[KEX_SHARE_MAX];
	size_t share_len = 0;
	struct server_hello hello = {
		.legacy_version = VERSION_1_2,
		.random = bytes_of(hs->server_random, RANDOM_LEN),
		.session_id = bytes_of(hs->session_id, hs->session_id_len),
		.suite = conn->suite->code,
		.version = VERSION_1_3,
		.has = EXT_BIT(EXT_SUPPORTED_VERSIONS) | EXT_BIT(EXT_KEY_SHARE),
		.psk_index = hs->psk_index,
	};
	enum bj_err err = rng_fill(&hs->rng, hs->server_random, RANDOM_LEN);

	if (!err)
		err = kex_answer((enum kex_group)hs->group, bytes_of(hs->peer_share, hs->peer_share_len), &hs->rng, share, &share_len, &hs->shared);
	if (!err)
		err = conn_room(conn, w, share_len + HS_ROOM);
	if (err)
		return err;
	if (hs->stage != STAGE_EARLY)
		keys_early(conn);
	conn->group = hs->group;
	hello.share = (struct key_share){ hs->group, bytes_of(share, share_len) };
	if (state_holds(&conn->state, F_RESUMED))
		hello.has |= EXT_BIT(EXT_PRE_SHARED_KEY);
	server_hello_write(w, &hello);
	ech_server_confirm(conn, w, false);
	return BJ_OK;
}

/* How many tickets there will be: as many as the client asks for, or what is usual. rfc9149:3 */
static uint8_t tickets_wanted(const struct bj_tls *conn)
{
	const struct handshake *hs = conn->hs;
	unsigned count = conn->resumed ? 1 : conn->config->ticket_count; /* one was used, one comes */

	if (!conn->config->tickets || !hs->takes_tickets)
		return 0;
	if (offered(conn, EXT_TICKET_REQUEST))
		count = conn->resumed ? hs->ticket_request.resumed_count : hs->ticket_request.new_count;
	return (uint8_t)(count < CONFIG_TICKET_COUNT_MAX ? count : CONFIG_TICKET_COUNT_MAX);
}

static enum bj_err ee_make(struct bj_tls *conn, struct writer *w)
{
	struct encrypted_extensions ee = { .alpn = conn->alpn, .client_type = conn->hs->peer_type, .server_type = conn->hs->own_type };
	bool resumed = state_holds(&conn->state, F_RESUMED);
	enum bj_err err = compat_ccs(conn);

	if (err)
		return err;
	if (conn->name && !resumed)
		ee.has |= EXT_BIT(EXT_SERVER_NAME);
	if (conn->alpn.len > 0)
		ee.has |= EXT_BIT(EXT_ALPN);
	if (ech_is(conn, BJ_TLS_ECH_REJECTED)) { /* what the client should have encrypted to. rfc9849:7.1 */
		ee.has |= EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO);
		ee.ech = bytes_of(conn->config->ech_retry, conn->config->ech_retry_len);
	}
	if (offered(conn, EXT_TICKET_REQUEST)) {
		ee.has |= EXT_BIT(EXT_TICKET_REQUEST);
		ee.tickets_expected = tickets_wanted(conn);
	}
	ee.has |= limits_answer(conn, &ee.record_size_limit, &ee.max_fragment);
	if (conn->early == BJ_TLS_EARLY_ACCEPTED)
		ee.has |= EXT_BIT(EXT_EARLY_DATA);
	if (conn->quic) {
		ee.has |= EXT_BIT(EXT_QUIC_PARAMS);
		ee.quic_params = conn->quic->params;
		if (!conn->quic->params.ptr)
			return BJ_ERR_INTERNAL; /* the owner was asked and set none */
	}
	ee.has |= raw_key_answers(conn, resumed);
	err = conn_room(conn, w, HS_ROOM + ee.ech.len + ee.quic_params.len);
	if (err)
		return err;
	encrypted_extensions_write(w, &ee);
	conn->auth_asked = !resumed && conn->config->client_auth != BJ_TLS_AUTH_NONE;
	if (!resumed)
		state_settle(&conn->state, F_AUTH, conn->auth_asked);
	return BJ_OK;
}

static enum bj_err request_make(struct bj_tls *conn, struct writer *w)
{
	uint8_t compressions[2 * CONFIG_COMPRESSION_MAX];
	struct certificate_request request = {
		.context = later_context(conn),
		.has = EXT_BIT(EXT_SIGNATURE_ALGORITHMS),
		.schemes = config_codes_view(&conn->config->schemes),
		.schemes_cert = config_codes_view(&conn->config->certificate_schemes),
		.authorities = config_authorities(conn->config),
		.delegated = config_codes_view(&conn->config->delegated_schemes),
	};
	enum bj_err err = conn_room(conn, w, HS_ROOM + request.authorities.len);

	if (err)
		return err;
	if (request.authorities.len > 0)
		request.has |= EXT_BIT(EXT_CERTIFICATE_AUTHORITIES);
	if (request.schemes_cert.len > 0)
		request.has |= EXT_BIT(EXT_SIGNATURE_ALGORITHMS_CERT);
	if (request.delegated.len > 0)
		request.has |= EXT_BIT(EXT_DELEGATED_CREDENTIAL);
	request.compressions = config_compressions_write(conn->config, compressions);
	if (request.compressions.len > 0)
		request.has |= EXT_BIT(EXT_COMPRESS_CERTIFICATE);
	certificate_request_write(w, &request);
	return BJ_OK;
}

/* With what is stapled it is made anew; without, as the configuration has it. */
static enum bj_err certificate_staple(struct bj_tls *conn, struct writer *w)
{
	struct certificate cert;
	size_t len;
	enum bj_err err = auth_own_chain(conn->hs->credential->credential, &cert, &len);

	if (err)
		return err;
	cert.ocsp = auth_ocsp(conn);
	cert.scts = auth_scts(conn);
	err = conn_room(conn, w, len + cert.ocsp.len + cert.scts.len);
	if (err)
		return err;
	certificate_write(w, &cert);
	return BJ_OK;
}

static enum bj_err certificate_make(struct bj_tls *conn, struct writer *w)
{
	const struct config_credential *credential = conn->hs->credential;
	struct bj_bytes compressed = cert_compression_message(conn);
	enum bj_err err;

	if (compressed.len > 0) {
		err = conn_room(conn, w, compressed.len);
		if (!err)
			wr_bytes(w, compressed);
		return err;
	}
	if (auth_ocsp(conn).len > 0 || auth_scts(conn).len > 0)
		return certificate_staple(conn, w);
	err = conn_room(conn, w, credential->message_len + HS_ROOM);

	if (err)
		return err;
	wr_raw(w, credential->message, credential->message_len);
	return BJ_OK;
}

static enum bj_err finished_make(struct bj_tls *conn, struct writer *w)
{
	if (conn->hs->early_data) /* who may send early may be answered early: the keys come with this message */
		conn->hs->early_data->may_send = true;
	return keys_finished_make(conn, w);
}

/* ---- the client's flight */

static enum bj_err end_of_early_take(struct bj_tls *conn, struct bj_bytes body)
{
	return end_of_early_data_parse(body);
}

static enum bj_err chain_take(struct bj_tls *conn, struct bj_bytes body)
{
	uint32_t asked = conn->config->delegated_schemes.count > 0 ? EXT_BIT(EXT_DELEGATED_CREDENTIAL) : 0;
	struct certificate cert;
	enum bj_err err = certificate_parse(body, asked, &cert);

	if (err)
		return err;
	if (!bytes_equal(cert.context, later_context(conn)))
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (cert.count == 0 && conn->config->client_auth == BJ_TLS_AUTH_REQUIRED && !state_is_open(&conn->state))
		return BJ_ERR_CERTIFICATE_REQUIRED;
	state_settle(&conn->state, F_CERT, cert.count > 0);
	if (cert.count == 0) /* what was known of the client stays */
		return BJ_OK;
	err = auth_take_chain(conn, cert.chain, cert.count);
	return err ? err : auth_take_delegation(conn, cert.delegation);
}

static enum bj_err certificate_take(struct bj_tls *conn, struct bj_bytes body)
{
	if (conn->message == MSG_COMPRESSED_CERTIFICATE)
		return cert_compression_take(conn, body, chain_take);
	return chain_take(conn, body);
}

static enum bj_err finished_take(struct bj_tls *conn, struct bj_bytes body)
{
	enum bj_err err = keys_finished_take(conn, body);

	if (err)
		return err;
	conn->hs->tickets_left = tickets_wanted(conn);
	state_settle(&conn->state, F_TICKET, conn->hs->tickets_left > 0);
	return BJ_OK;
}

/* ---- tickets. rfc9846:4.6.1 */

static enum bj_err session_make(struct bj_tls *conn, uint8_t nonce, struct session *out)
{
	uint8_t age_add[4];
	struct session s;
	enum bj_err err = rng_fill(&conn->hs->rng, age_add, sizeof(age_add));

	if (!err)
		err = hello_session(conn, conn->config->ticket_lifetime_s, &s);
	if (err)
		return err;
	s.early_max = conn->quic && conn->config->early_max > 0 ? UINT32_MAX : conn->config->early_max; /* rfc9001:4.6.1 */
	s.age_add = (uint32_t)age_add[0] << 24 | (uint32_t)age_add[1] << 16 | (uint32_t)age_add[2] << 8 | age_add[3];
	if (conn->hs->resumption.alg == HASH_NONE)
		hmac_key_init(&conn->hs->resumption, (enum hash_alg)conn->suite->hash, secret_view(&conn->s13.resumption));
	ks_ticket_key(&conn->hs->resumption, bytes_of(&nonce, 1), &s.secret);
	*out = s;
	secret_wipe(&s.secret);
	return BJ_OK;
}

static enum bj_err seal_prepare(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct session s;
	enum bj_err err;

	hs->needless = !(conn->config->ask >> BJ_TLS_Q_TICKET_SEAL & 1);
	if (hs->needless)
		return BJ_OK;
	err = session_make(conn, hs->tickets_made, &s);
	if (err)
		return err;
	err = issue_make(conn, &s, hs->tickets_made++);
	session_fini(&s);
	return err;
}

static enum bj_err seal_take(struct bj_tls *conn, struct bj_bytes body)
{
	state_settle(&conn->state, F_TICKET, !conn->hs->issue || issue_ticket(conn).len > 0);
	return BJ_OK;
}

static enum bj_err ticket_write(struct bj_tls *conn, struct writer *w, struct new_session_ticket *nst)
{
	enum bj_err err = conn_room(conn, w, nst->ticket.len + 64);

	if (err)
		return err;
	nst->grease = conn->config->grease ? grease_value((uint8_t)nst->age_add) : 0;
	new_session_ticket_write(w, nst);
	state_settle(&conn->state, F_TICKET, --conn->hs->tickets_left > 0);
	return BJ_OK;
}

/* One that the owner sealed. */
static enum bj_err ticket_pass(struct bj_tls *conn, struct writer *w)
{
	const struct issue *issue = conn->hs->issue;
	struct new_session_ticket nst = {
		.lifetime_s = issue->lifetime_s,
		.age_add = issue->age_add,
		.nonce = bytes_of(&issue->nonce, 1),
		.ticket = issue_ticket(conn),
		.has = issue->early_max > 0 ? EXT_BIT(EXT_EARLY_DATA) : 0,
		.early_data_max = issue->early_max,
	};
	enum bj_err err = ticket_write(conn, w, &nst);

	issue_free(conn->hs);
	return err;
}

static enum bj_err ticket_make(struct bj_tls *conn, struct writer *w)
{
	struct handshake *hs = conn->hs;
	uint8_t bytes[TICKET_LEN_MAX], nonce;
	struct writer ticket = wr_make(bytes, sizeof(bytes));
	struct new_session_ticket nst;
	struct session s;
	enum bj_err err;

	if (hs->issue)
		return ticket_pass(conn, w);
	nonce = hs->tickets_made++;
	err = session_make(conn, nonce, &s);
	if (err)
		return err;
	err = ticket_seal(conn->config->tickets, &hs->ticket_use, &hs->rng, conn->now_ms, &s, &ticket);
	nst = (struct new_session_ticket){
		.lifetime_s = s.lifetime_s,
		.age_add = s.age_add,
		.nonce = bytes_of(&nonce, 1),
		.ticket = wr_view(&ticket),
		.has = s.early_max > 0 ? EXT_BIT(EXT_EARLY_DATA) : 0,
		.early_data_max = s.early_max,
	};
	session_fini(&s);
	return err ? err : ticket_write(conn, w, &nst);
}

static const struct hs_row server13[] = {
	{ FROM(VERSION), STEP(share_choose), DECIDES(F_RETRY), TO(SHARE) },
	{ FROM(SHARE), SEND(HELLO_RETRY_REQUEST, retry_make), WHEN(F_RETRY), TO(RETRY) },
	{ FROM(SHARE), STEP(NULL), UNLESS(F_RETRY), TO(PSK) },
	{ FROM(RETRY), STEP(retry_end), TO(WAIT_SECOND_CLIENT_HELLO) },
	{ FROM(WAIT_SECOND_CLIENT_HELLO), RECV(CLIENT_HELLO, hello_again_take), TO(PSK) },
	{ FROM(PSK), STEP(psk_choose), DECIDES(F_RESUMED | F_TRY), TO(IDENTITY) },
	{ FROM(IDENTITY), ASK(TICKET, ticket_ask_prepare, ticket_ask), WHEN(F_TRY), UNLESS(F_RESUMED), DECIDES(F_RESUMED), TO(KEY) },
	{ FROM(IDENTITY), STEP(psk_end), UNLESS(F_TRY), TO(EARLY) },
	{ FROM(IDENTITY), STEP(NULL), WHEN(F_TRY | F_RESUMED), CLEARS(F_TRY), TO(IDENTITY) },
	{ FROM(KEY), ASK(PSK, psk_ask_prepare, psk_ask), UNLESS(F_RESUMED), DECIDES(F_RESUMED | F_TRY), TO(IDENTITY) },
	{ FROM(KEY), STEP(NULL), WHEN(F_RESUMED), CLEARS(F_TRY), TO(IDENTITY) },
	{ FROM(EARLY), ASK(EARLY_DATA, early_ask_prepare, early_ask), WHEN(F_RESUMED), UNLESS(F_RETRY), DECIDES(F_EARLY), TO(EARLY_ANSWER) },
	{ FROM(EARLY), STEP(NULL), WHEN(F_RESUMED | F_RETRY), CLEARS(F_EARLY), TO(CREDENTIAL) },
	{ FROM(EARLY), STEP(NULL), UNLESS(F_RESUMED), CLEARS(F_EARLY), TO(CREDENTIAL) },
	{ FROM(EARLY_ANSWER), STEP(NULL), WHEN(F_EARLY), KEYS(KEYS_EARLY), TO(CREDENTIAL) },
	{ FROM(EARLY_ANSWER), STEP(NULL), UNLESS(F_EARLY), TO(CREDENTIAL) },
	{ FROM(CREDENTIAL), ASK(CREDENTIAL, auth_credential_prepare, auth_credential), UNLESS(F_RESUMED), TO(SERVER_HELLO) },
	{ FROM(CREDENTIAL), STEP(NULL), WHEN(F_RESUMED), TO(SERVER_HELLO) },
	{ FROM(SERVER_HELLO), SEND(SERVER_HELLO, server_hello_make), KEYS(KEYS_HANDSHAKE), TO(EE) },
	{ FROM(EE), SEND(ENCRYPTED_EXTENSIONS, ee_make), UNLESS(F_RESUMED), DECIDES(F_AUTH), TO(REQUEST) },
	{ FROM(EE), SEND(ENCRYPTED_EXTENSIONS, ee_make), WHEN(F_RESUMED), CLEARS(F_AUTH), TO(FINISHED) },
	{ FROM(REQUEST), SEND(CERTIFICATE_REQUEST, request_make), WHEN(F_AUTH), TO(CERTIFICATE) },
	{ FROM(REQUEST), STEP(NULL), UNLESS(F_AUTH), TO(CERTIFICATE) },
	{ FROM(CERTIFICATE), SEND(CERTIFICATE, certificate_make), TO(SIGN) },
	{ FROM(SIGN), ASK(SIGN, sign13_prepare, auth_sign), TO(CERTIFICATE_VERIFY) },
	{ FROM(CERTIFICATE_VERIFY), SEND(CERTIFICATE_VERIFY, verify13_make), TO(FINISHED) },
	{ FROM(FINISHED), SEND(FINISHED, finished_make), KEYS(KEYS_WRITE_APP), TO(WAIT_FLIGHT) },
	{ FROM(WAIT_FLIGHT), RECV(CERTIFICATE, certificate_take), WHEN(F_AUTH), DECIDES(F_CERT), TO(WAIT_CERTIFICATE_VERIFY) },
	{ FROM(WAIT_FLIGHT), RECV(END_OF_EARLY_DATA, end_of_early_take), WHEN(F_EARLY), KEYS(KEYS_EARLY_END), TO(WAIT_FINISHED) },
	{ FROM(WAIT_FLIGHT), RECV(FINISHED, finished_take), UNLESS(F_AUTH | F_EARLY), KEYS(KEYS_READ_APP), DECIDES(F_TICKET), TO(TICKET) },
	{ FROM(WAIT_CERTIFICATE_VERIFY), RECV(CERTIFICATE_VERIFY, verify13_take), WHEN(F_CERT), TO(JUDGE) },
	{ FROM(WAIT_CERTIFICATE_VERIFY), RECV(FINISHED, finished_take), UNLESS(F_CERT), KEYS(KEYS_READ_APP), DECIDES(F_TICKET), TO(TICKET) },
	{ FROM(JUDGE), ASK(VERIFY, auth_judge_prepare, auth_judge), TO(WAIT_FINISHED) },
	{ FROM(WAIT_FINISHED), RECV(FINISHED, finished_take), KEYS(KEYS_READ_APP), DECIDES(F_TICKET), TO(TICKET) },
	{ FROM(TICKET), ASK(TICKET_SEAL, seal_prepare, seal_take), WHEN(F_TICKET), DECIDES(F_TICKET), TO(TICKET_SEALED) },
	{ FROM(TICKET), STEP(NULL), UNLESS(F_TICKET), TO(OPEN) },
	{ FROM(TICKET_SEALED), SEND(NEW_SESSION_TICKET, ticket_make), WHEN(F_TICKET), DECIDES(F_TICKET), TO(TICKET) },
	{ FROM(TICKET_SEALED), STEP(NULL), UNLESS(F_TICKET), TO(TICKET) },
	{ FROM(OPEN), RECV(KEY_UPDATE, key_update_take), TO(OPEN) },
	{ FROM(OPEN), RECV(ASK_LATER, later_ask_take), TO(LATER_REQUEST) },
	{ FROM(LATER_REQUEST), SEND(CERTIFICATE_REQUEST, request_make), TO(ASKED) },
	{ FROM(ASKED), RECV(KEY_UPDATE, key_update_take), TO(ASKED) },
	{ FROM(ASKED), RECV(CERTIFICATE, certificate_take), DECIDES(F_CERT), TO(LATER_WAIT_VERIFY) },
	{ FROM(LATER_WAIT_VERIFY), RECV(CERTIFICATE_VERIFY, verify13_take), WHEN(F_CERT), TO(LATER_JUDGE) },
	{ FROM(LATER_WAIT_VERIFY), RECV(FINISHED, later_finished_take), UNLESS(F_CERT), TO(OPEN) },
	{ FROM(LATER_JUDGE), ASK(VERIFY, auth_judge_prepare, auth_judge), TO(LATER_WAIT_FINISHED) },
	{ FROM(LATER_WAIT_FINISHED), RECV(FINISHED, later_finished_take), TO(OPEN) },
};

const struct hs_table table_server13 = HS_TABLE(server13);
