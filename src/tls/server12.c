/* server12.c - the server's side of a TLS 1.2 handshake (rfc5246:7.3 rfc5246:7.4 rfc8422:5 rfc5077:3).
 *
 * A client without extended master secret (rfc7627:5.3) gets a full handshake and neither ticket nor session id, so every session that
 * there is can be resumed safely (docs/decisions/0065). One that knows nothing of secure renegotiation is let in (rfc5746:3.6): what that
 * is about never happens here, since nothing receives a ClientHello once this table runs.
 *
 * Leaves out   signature algorithms with SHA-1 (a client that names none is refused), new tickets for resumed sessions
 *              (the first ticket's lifetime ends it)
 */
#include <stdlib.h>

#include "crypto/rng_os.h"
#include "tls/auth.h"
#include "tls/both12.h"
#include "tls/cache.h"
#include "tls/ext/certificate_type.h"
#include "tls/group.h"
#include "tls/hello.h"
#include "tls/issue.h"
#include "tls/limits.h"
#include "tls/keys.h"
#include "tls/msg/certificate.h"
#include "tls/msg/certificate_request.h"
#include "tls/msg/certificate_status.h"
#include "tls/msg/certificate_verify.h"
#include "tls/msg/client_key_exchange.h"
#include "tls/msg/new_session_ticket.h"
#include "tls/msg/server_hello_done.h"
#include "tls/psk.h"
#include "tls/raw_key.h"

static bool offered(const struct bj_tls *conn, enum ext ext)
{
	return conn->hs->offered & EXT_BIT(ext);
}

/* ---- what the hello leaves to choose from */

static enum bj_err choose_group(struct bj_tls *conn, const struct client_hello *hello)
{
	struct bj_bytes own = config_codes_view(&conn->config->groups);
	bool named = hello->has & EXT_BIT(EXT_SUPPORTED_GROUPS);

	for (size_t i = 0; i < codes_count(own); i++) {
		uint16_t code = codes_at(own, i);
		const struct group *group = group_find(code);

		/* a client that names none takes any; P-256 is the one that all of them have. rfc8422:4 */
		if (group && group->in_12 && (named ? codes_have(hello->groups, code) : code == KEX_P256)) {
			conn->hs->group = code;
			return BJ_OK;
		}
	}
	return BJ_ERR_NO_COMMON_GROUP;
}

/* An ECDSA key's curve must be one that the client has. rfc8422:5.1.1 */
static bool curve_is_known(const struct client_hello *hello, enum key_kind kind)
{
	uint16_t code = kind == KEY_P256 ? KEX_P256 : kind == KEY_P384 ? KEX_P384 : kind == KEY_P521 ? KEX_P521 : 0;

	return code == 0 || !(hello->has & EXT_BIT(EXT_SUPPORTED_GROUPS)) || codes_have(hello->groups, code);
}

/* The suite for each kind of key; the kinds that have one may be asked for. Kept, because the hello is gone when the key is known. */
static enum bj_err choose_suites(struct bj_tls *conn, const struct client_hello *hello)
{
	struct handshake *hs = conn->hs;

	hs->suite_by_auth[SUITE_AUTH_ECDSA] = hello_choose_suite(conn, hello, VERSION_1_2, (uint32_t)1 << KEY_P256);
	hs->suite_by_auth[SUITE_AUTH_RSA] = hello_choose_suite(conn, hello, VERSION_1_2, (uint32_t)1 << KEY_RSA);
	hs->kinds = 0;
	for (unsigned kind = KEY_RSA; kind <= KEY_ED25519; kind++)
		for (unsigned auth = SUITE_AUTH_ECDSA; auth <= SUITE_AUTH_RSA; auth++)
			if (hs->suite_by_auth[auth] && suite_fits_key(hs->suite_by_auth[auth], (enum key_kind)kind) &&
			    curve_is_known(hello, (enum key_kind)kind))
				hs->kinds |= (uint32_t)1 << kind;
	return hs->suite_by_auth[SUITE_AUTH_ECDSA] || hs->suite_by_auth[SUITE_AUTH_RSA] ? BJ_OK : BJ_ERR_NO_COMMON_SUITE;
}

/* ---- resumption */

/* A session by ticket or, where there is no ticket, by id. rfc5077:3.4 */
static bool session_find(struct bj_tls *conn, const struct client_hello *hello, struct session *out)
{
	const struct bj_tls_config *config = conn->config;

	if ((hello->has & EXT_BIT(EXT_SESSION_TICKET)) && hello->ticket.len > 0)
		return config->tickets && ticket_open(config->tickets, &conn->hs->ticket_use, conn->now_ms, hello->ticket, out) == BJ_OK;
	return config->cache && session_cache_get(config->cache, conn->now_ms, hello->session_id, out);
}

static bool session_fits(const struct bj_tls *conn, struct bj_bytes suites, const struct session *s)
{
	const struct suite *suite = suite_find(s->suite);

	return suite && codes_have(suites, s->suite) && codes_have(config_codes_view(&conn->config->suites), s->suite) &&
	       s->secret.len == KEYS12_MASTER_LEN && hello_may_resume(conn, s, VERSION_1_2, (enum hash_alg)suite->hash);
}

static enum bj_err session_take(struct bj_tls *conn, struct session *s)
{
	struct handshake *hs = conn->hs;

	hs->session = malloc(sizeof(*hs->session));
	if (!hs->session) {
		session_fini(s);
		return BJ_ERR_NO_MEMORY;
	}
	*hs->session = *s;
	wipe(s, sizeof(*s));
	conn->suite = suite_find(hs->session->suite);
	hs->own_type = certificate_type_of(hs->session->own_is_key);
	return BJ_OK;
}

/* What the question about a ticket needs beyond the hello. */
static enum bj_err try_make(struct bj_tls *conn, const struct client_hello *hello)
{
	struct psk_try *try = calloc(1, sizeof(*try) + hello->ticket.len + hello->suites.len);

	if (!try)
		return BJ_ERR_NO_MEMORY;
	memcpy(try->bytes, hello->ticket.ptr, hello->ticket.len);
	memcpy(try->bytes + hello->ticket.len, hello->suites.ptr, hello->suites.len);
	try->identity = bytes_of(try->bytes, hello->ticket.len);
	try->suites = bytes_of(try->bytes + hello->ticket.len, hello->suites.len);
	conn->hs->psk_try = try;
	return BJ_OK;
}

static enum bj_err ticket12_ask(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct session s;
	bool found = hs->answer.is_there && hs->answer.bytes.len > 0 && session_read(hs->answer.bytes, &s) == BJ_OK;

	answer_bytes_free(&hs->answer);
	if (found && !session_fits(conn, hs->psk_try->suites, &s)) {
		session_fini(&s);
		found = false;
	}
	if (found && conn->is_unbound) { /* that session has it. rfc7627:5.3 */
		session_fini(&s);
		return BJ_ERR_NO_EXTENDED_MASTER_SECRET;
	}
	state_settle(&conn->state, F_RESUMED, found);
	return found ? session_take(conn, &s) : BJ_OK;
}

static enum bj_err hello_step(struct bj_tls *conn, struct bj_bytes body)
{
	const struct client_hello *hello = &conn->hs->client_hello;
	struct session s;
	enum bj_err err;
	bool found, may_ask;

	conn->is_unbound = !offered(conn, EXT_EXTENDED_MASTER_SECRET);
	err = hello_choose_alpn(conn, hello);
	if (err)
		return err;
	found = session_find(conn, hello, &s);
	if (found && !session_fits(conn, hello->suites, &s)) {
		session_fini(&s);
		found = false;
	}
	if (found && conn->is_unbound) { /* that session has it. rfc7627:5.3 */
		session_fini(&s);
		return BJ_ERR_NO_EXTENDED_MASTER_SECRET;
	}
	may_ask = !found && (conn->config->ask >> BJ_TLS_Q_TICKET & 1) && offered(conn, EXT_SESSION_TICKET) && hello->ticket.len > 0;
	state_settle(&conn->state, F_RESUMED, found);
	state_settle(&conn->state, F_TRY, may_ask);
	if (found)
		return session_take(conn, &s);
	err = may_ask ? try_make(conn, hello) : BJ_OK;
	if (!err)
		err = raw_key_agree(conn);
	if (!err)
		err = choose_suites(conn, hello);
	return err ? err : choose_group(conn, hello);
}

/* ---- our flight */

/* A full handshake: ticket, id, or neither, for later. */
static enum bj_err offer_session(struct bj_tls *conn, bool *out_ticket)
{
	struct handshake *hs = conn->hs;

	*out_ticket = conn->config->tickets && offered(conn, EXT_SESSION_TICKET) && !conn->is_unbound;
	hs->session_id_len = 0;
	if (*out_ticket || !conn->config->cache || conn->is_unbound)
		return BJ_OK;
	hs->session_id_len = sizeof(hs->session_id);
	return rng_fill(&hs->rng, hs->session_id, sizeof(hs->session_id));
}

static uint32_t answers(const struct bj_tls *conn, bool resumed, bool ticket)
{
	const uint32_t repeated = EXT_BIT(EXT_EC_POINT_FORMATS) | EXT_BIT(EXT_RENEGOTIATION_INFO) | EXT_BIT(EXT_EXTENDED_MASTER_SECRET);
	uint32_t has = conn->hs->offered & repeated;

	if (conn->name && !resumed)
		has |= EXT_BIT(EXT_SERVER_NAME);
	if (conn->alpn.len > 0)
		has |= EXT_BIT(EXT_ALPN);
	if (ticket)
		has |= EXT_BIT(EXT_SESSION_TICKET);
	has |= raw_key_answers(conn, resumed);
	if (!resumed && auth_ocsp(conn).len > 0)
		has |= EXT_BIT(EXT_STATUS_REQUEST);
	if (!resumed && auth_scts(conn).len > 0)
		has |= EXT_BIT(EXT_SCT);
	return has;
}

static enum bj_err server_hello_make(struct bj_tls *conn, struct writer *w)
{
	struct handshake *hs = conn->hs;
	bool resumed = state_holds(&conn->state, F_RESUMED), ticket = false;
	struct server_hello hello = { .legacy_version = VERSION_1_2, .version = VERSION_1_2, .alpn = conn->alpn };
	enum bj_err err = rng_fill(&hs->rng, hs->server_random, RANDOM_LEN);

	if (!err && !resumed) {
		bool is_rsa = hs->credential->kind == KEY_RSA || hs->credential->kind == KEY_RSA_PSS;

		conn->suite = hs->suite_by_auth[is_rsa ? SUITE_AUTH_RSA : SUITE_AUTH_ECDSA];
		err = conn->suite ? offer_session(conn, &ticket) : BJ_ERR_NO_COMMON_SUITE;
	}
	if (!err) /* what a client certificate signs is the messages themselves */
		err = transcript_choose(&hs->transcript, (enum hash_alg)conn->suite->hash,
					!resumed && conn->config->client_auth != BJ_TLS_AUTH_NONE);
	if (err)
		return err;
	if (config_has_version(conn->config, VERSION_1_3))
		server_random_mark_1_2(hs->server_random);
	hello.random = bytes_of(hs->server_random, RANDOM_LEN);
	hello.session_id = bytes_of(hs->session_id, hs->session_id_len);
	hello.suite = conn->suite->code;
	hello.has = answers(conn, resumed, ticket) | limits_answer(conn, &hello.record_size_limit, &hello.max_fragment);
	hello.scts = auth_scts(conn);
	hello.client_type = hs->peer_type;
	hello.server_type = hs->own_type;
	err = conn_room(conn, w, HS_ROOM + hello.scts.len);
	if (err)
		return err;
	server_hello_write(w, &hello);
	state_settle(&conn->state, F_TICKET, ticket);
	state_settle(&conn->state, F_STATUS, hello.has & EXT_BIT(EXT_STATUS_REQUEST));
	return resumed ? master12_resume(conn, hs->session) : BJ_OK;
}

static enum bj_err status_make(struct bj_tls *conn, struct writer *w)
{
	struct bj_bytes response = auth_ocsp(conn);
	enum bj_err err = conn_room(conn, w, HS_ROOM + response.len);

	if (err)
		return err;
	certificate_status_write(w, response);
	return BJ_OK;
}

/* Our half of the key exchange, and what is signed of it. rfc8422:5.4 */
static struct server_key_exchange ske_of(const struct bj_tls *conn)
{
	const struct handshake *hs = conn->hs;

	return (struct server_key_exchange){
		.group = hs->group,
		.key = bytes_of(hs->kex[0].public_bytes, hs->kex[0].public_len),
		.scheme = hs->scheme,
		.signature = auth_signature(conn),
	};
}

static enum bj_err ske_prepare(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct server_key_exchange ske;
	enum bj_err err = kex_generate(&hs->kex[0], (enum kex_group)hs->group, &hs->rng);

	if (err)
		return err;
	hs->kex_count = 1;
	ske = ske_of(conn);
	hs->sign_bytes = bytes_of(hs->sign_input, server_key_exchange_signed(&ske, hs->client_random, hs->server_random, hs->sign_input));
	return BJ_OK;
}

static enum bj_err ske_make(struct bj_tls *conn, struct writer *w)
{
	const struct server_key_exchange ske = ske_of(conn);
	bool asks = conn->config->client_auth != BJ_TLS_AUTH_NONE;
	enum bj_err err = conn_room(conn, w, SKE_PARAMS_MAX + ske.signature.len + 64);

	if (err)
		return err;
	server_key_exchange_write(w, &ske);
	conn->group = conn->hs->group;
	conn->auth_asked = asks;
	state_settle(&conn->state, F_AUTH, asks);
	return BJ_OK;
}

static enum bj_err request_make(struct bj_tls *conn, struct writer *w)
{
	static const uint8_t types[] = { CLIENT_CERT_ECDSA_SIGN, CLIENT_CERT_RSA_SIGN };
	const struct certificate_request12 request = {
		.types = bytes_of(types, sizeof(types)),
		.schemes = config_codes_view(&conn->config->schemes),
		.authorities = config_authorities(conn->config),
	};
	enum bj_err err = conn_room(conn, w, HS_ROOM + request.authorities.len);

	if (err)
		return err;
	certificate_request12_write(w, &request);
	return BJ_OK;
}

static enum bj_err hello_done_make(struct bj_tls *conn, struct writer *w)
{
	server_hello_done_write(w);
	return BJ_OK;
}

/* ---- the client's flight */

static enum bj_err certificate_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct certificate cert;
	enum bj_err err = certificate12_parse_form(conn, body, &cert);

	if (err)
		return err;
	if (cert.count == 0 && conn->config->client_auth == BJ_TLS_AUTH_REQUIRED)
		return BJ_ERR_CERTIFICATE_REQUIRED;
	if (cert.count == 0)
		transcript_drop_kept(&conn->hs->transcript);
	state_settle(&conn->state, F_CERT, cert.count > 0);
	return auth_take_chain(conn, cert.chain, cert.count);
}

static enum bj_err key_exchange_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct bj_bytes key;
	enum bj_err err = client_key_exchange_parse(body, &key);

	if (!err)
		err = kex_derive(&hs->kex[0], key, &hs->shared);
	if (!err)
		kex_fini(&hs->kex[0]);
	return err;
}

static enum bj_err verify_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct transcript *transcript = &conn->hs->transcript;
	struct certificate_verify cv;
	enum bj_err err = certificate_verify_parse(body, &cv);

	if (!err)
		err = auth_check_signature(conn, cv.scheme, transcript_kept(transcript), cv.signature);
	if (!err)
		transcript_drop_kept(transcript);
	return err;
}

/* ---- the end */

/* What is remembered of this handshake. */
static enum bj_err session_make(const struct bj_tls *conn, uint32_t lifetime_s, struct session *out)
{
	enum bj_err err = hello_session(conn, lifetime_s, out);

	if (err)
		return err;
	out->secret = conn->s12.master;
	out->id_len = conn->hs->session_id_len;
	memcpy(out->id, conn->hs->session_id, out->id_len);
	return BJ_OK;
}

static enum bj_err seal_prepare(struct bj_tls *conn, struct bj_bytes body)
{
	struct session s;
	enum bj_err err;

	conn->hs->needless = !(conn->config->ask >> BJ_TLS_Q_TICKET_SEAL & 1);
	if (conn->hs->needless)
		return BJ_OK;
	err = session_make(conn, conn->config->ticket_lifetime_s, &s);
	if (err)
		return err;
	err = issue_make(conn, &s, 0);
	session_fini(&s);
	return err;
}

static enum bj_err seal_take(struct bj_tls *conn, struct bj_bytes body)
{
	return BJ_OK;
}

/* One that the owner sealed; or an empty one, for the extension has promised a message. rfc5077:3.3 */
static enum bj_err ticket_pass(struct bj_tls *conn, struct writer *w)
{
	const struct new_session_ticket12 nst = { conn->hs->issue->lifetime_s, issue_ticket(conn) };
	enum bj_err err = conn_room(conn, w, nst.ticket.len + 64);

	if (!err)
		new_session_ticket12_write(w, &nst);
	issue_free(conn->hs);
	return err;
}

static enum bj_err ticket_make(struct bj_tls *conn, struct writer *w)
{
	uint8_t bytes[TICKET_LEN_MAX];
	struct writer ticket = wr_make(bytes, sizeof(bytes));
	struct new_session_ticket12 nst;
	struct session s;
	enum bj_err err;

	if (conn->hs->issue)
		return ticket_pass(conn, w);
	err = session_make(conn, conn->config->ticket_lifetime_s, &s);
	if (err)
		return err;
	err = ticket_seal(conn->config->tickets, &conn->hs->ticket_use, &conn->hs->rng, conn->now_ms, &s, &ticket);
	nst = (struct new_session_ticket12){ s.lifetime_s, wr_view(&ticket) };
	session_fini(&s);
	if (err)
		return err;
	err = conn_room(conn, w, nst.ticket.len + 64);
	if (err)
		return err;
	new_session_ticket12_write(w, &nst);
	return BJ_OK;
}

/* The client's Finished was good, so the session may be resumed by its id. */
static enum bj_err last_finished_make(struct bj_tls *conn, struct writer *w)
{
	struct session s;
	enum bj_err err;

	if (conn->hs->session_id_len > 0 && conn->config->cache) {
		err = session_make(conn, conn->config->cache_timeout_s, &s);
		if (err)
			return err;
		session_cache_put(conn->config->cache, conn->now_ms, &s);
		session_fini(&s);
	}
	return keys_finished_make(conn, w);
}

static const struct hs_row server12[] = {
	{ FROM(VERSION), STEP(hello_step), DECIDES(F_RESUMED | F_TRY), TO(IDENTITY) },
	{ FROM(IDENTITY), ASK(TICKET, ticket_ask_prepare, ticket12_ask), WHEN(F_TRY), UNLESS(F_RESUMED), DECIDES(F_RESUMED), CLEARS(F_TRY), TO(CREDENTIAL) },
	{ FROM(IDENTITY), STEP(NULL), WHEN(F_TRY | F_RESUMED), CLEARS(F_TRY), TO(CREDENTIAL) },
	{ FROM(IDENTITY), STEP(NULL), UNLESS(F_TRY), TO(CREDENTIAL) },
	{ FROM(CREDENTIAL), ASK(CREDENTIAL, auth_credential_prepare, auth_credential), UNLESS(F_RESUMED), TO(SERVER_HELLO) },
	{ FROM(CREDENTIAL), STEP(NULL), WHEN(F_RESUMED), TO(SERVER_HELLO) },
	{ FROM(SERVER_HELLO), SEND(SERVER_HELLO, server_hello_make), DECIDES(F_TICKET | F_STATUS), TO(CERTIFICATE) },
	{ FROM(CERTIFICATE), STEP(NULL), WHEN(F_RESUMED), TO(TICKET) },
	{ FROM(CERTIFICATE), SEND(CERTIFICATE, certificate12_make), UNLESS(F_RESUMED), TO(STATUS) },
	{ FROM(STATUS), SEND(CERTIFICATE_STATUS, status_make), WHEN(F_STATUS), TO(SIGN) },
	{ FROM(STATUS), STEP(NULL), UNLESS(F_STATUS), TO(SIGN) },
	{ FROM(SIGN), ASK(SIGN, ske_prepare, auth_sign), TO(SERVER_KEY_EXCHANGE) },
	{ FROM(SERVER_KEY_EXCHANGE), SEND(SERVER_KEY_EXCHANGE, ske_make), DECIDES(F_AUTH), TO(CERTIFICATE_REQUEST) },
	{ FROM(CERTIFICATE_REQUEST), SEND(CERTIFICATE_REQUEST, request_make), WHEN(F_AUTH), TO(HELLO_DONE) },
	{ FROM(CERTIFICATE_REQUEST), STEP(NULL), UNLESS(F_AUTH), TO(HELLO_DONE) },
	{ FROM(HELLO_DONE), SEND(SERVER_HELLO_DONE, hello_done_make), TO(WAIT_FLIGHT) },
	{ FROM(WAIT_FLIGHT), RECV(CERTIFICATE, certificate_take), WHEN(F_AUTH), DECIDES(F_CERT), TO(WAIT_CLIENT_KEY_EXCHANGE) },
	{ FROM(WAIT_FLIGHT), RECV(CLIENT_KEY_EXCHANGE, key_exchange_take), UNLESS(F_AUTH), CLEARS(F_CERT), TO(MASTER) },
	{ FROM(WAIT_CLIENT_KEY_EXCHANGE), RECV(CLIENT_KEY_EXCHANGE, key_exchange_take), TO(MASTER) },
	{ FROM(MASTER), STEP(master12_step), TO(WAIT_CERTIFICATE_VERIFY) },
	{ FROM(WAIT_CERTIFICATE_VERIFY), RECV(CERTIFICATE_VERIFY, verify_take), WHEN(F_CERT), TO(JUDGE) },
	{ FROM(WAIT_CERTIFICATE_VERIFY), RECV(CHANGE_CIPHER_SPEC, ccs12_take), UNLESS(F_CERT), KEYS(KEYS_READ_12), TO(WAIT_FINISHED) },
	{ FROM(JUDGE), ASK(VERIFY, auth_judge_prepare, auth_judge), TO(WAIT_CCS) },
	{ FROM(WAIT_CCS), RECV(CHANGE_CIPHER_SPEC, ccs12_take), KEYS(KEYS_READ_12), TO(WAIT_FINISHED) },
	{ FROM(WAIT_FINISHED), RECV(FINISHED, keys_finished_take), TO(PEER_FINISHED) },
	{ FROM(PEER_FINISHED), STEP(NULL), WHEN(F_RESUMED), TO(OPEN) },
	{ FROM(PEER_FINISHED), STEP(NULL), UNLESS(F_RESUMED), TO(TICKET) },
	{ FROM(TICKET), ASK(TICKET_SEAL, seal_prepare, seal_take), WHEN(F_TICKET), TO(TICKET_SEALED) },
	{ FROM(TICKET), STEP(NULL), UNLESS(F_TICKET), TO(CCS) },
	{ FROM(TICKET_SEALED), SEND(NEW_SESSION_TICKET, ticket_make), TO(CCS) },
	{ FROM(CCS), SEND(CHANGE_CIPHER_SPEC, NULL), KEYS(KEYS_WRITE_12), TO(FINISHED) },
	{ FROM(FINISHED), SEND(FINISHED, keys_finished_make), WHEN(F_RESUMED), TO(WAIT_CCS) },
	{ FROM(FINISHED), SEND(FINISHED, last_finished_make), UNLESS(F_RESUMED), TO(OPEN) },
};

const struct hs_table table_server12 = HS_TABLE(server12);
