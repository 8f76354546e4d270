/* client_start.c - a client's hellos, and the version that the server chooses; HelloRetryRequest (rfc9846:4.1 rfc9846:4.2 rfc9846:A.1). */
#include <stdlib.h>

#include "crypto/rng_os.h"
#include "tls/ech.h"
#include "tls/early.h"
#include "tls/flight.h"
#include "tls/hello.h"
#include "tls/hello_form.h"
#include "tls/keys.h"
#include "tls/psk.h"
#include "tls/limits.h"
#include "tls/quic.h"
#include "tls/again.h"
#include "tls/raw_key.h"
#include "x509/general_name.h"

#define SHARES_BYTES_MAX (CONFIG_KEY_SHARE_MAX * (4 + KEX_SHARE_MAX) + 5) /* and one of GREASE */
#define HELLO_FIXED_ROOM 1600 /* more than all of a hello but shares, authorities, protocols, cookie and tickets */

/* ---- offering a session */

BJ_API enum bj_err bj_tls_resume(struct bj_tls *conn, int64_t now_ms, const void *session, size_t len)
{
	uint8_t binding[SESSION_BINDING_LEN];
	struct session s;
	enum bj_err err;

	if (conn->err)
		return (enum bj_err)conn->err;
	if (conn->is_server || state_at(&conn->state) != ST_START)
		return BJ_ERR_STATE;
	err = session_load(bytes_of(session, len), &s);
	if (err)
		return err;
	session_binding(conn->config, conn->name, binding);
	if (s.version == VERSION_1_2 && s.ticket_len > 0 && conn->config->ticket_count == 0)
		err = BJ_ERR_BAD_TICKET; /* the extension that it would stand in is not sent */
	if (conn->config->keep_peer_chain && s.has_peer && s.peer_len == 0)
		err = BJ_ERR_BAD_TICKET; /* the owner wants to see a certificate that was too large to keep */
	if (err || !ct_equal(binding, s.binding, sizeof(binding)) || !session_is_fresh(&s, now_ms) || !again_fits(conn->config, &s) ||
	    !config_has_version(conn->config, s.version) || !codes_have(config_codes_view(&conn->config->suites), s.suite)) {
		session_fini(&s);
		return BJ_ERR_BAD_TICKET;
	}
	if (conn->session)
		session_fini(conn->session);
	else
		conn->session = malloc(sizeof(*conn->session));
	if (!conn->session) {
		session_fini(&s);
		return BJ_ERR_NO_MEMORY;
	}
	*conn->session = s;
	wipe(&s, sizeof(s));
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_hint_groups(struct bj_tls *conn, const uint16_t *groups, size_t count)
{
	struct bj_bytes own = config_codes_view(&conn->config->groups);

	if (conn->err)
		return (enum bj_err)conn->err;
	if (conn->is_server || state_at(&conn->state) != ST_START)
		return BJ_ERR_STATE;
	conn->group_hint = 0;
	for (size_t i = 0; i < codes_count(own) && !conn->group_hint; i++)
		for (size_t k = 0; k < count; k++)
			if (groups[k] == codes_at(own, i))
				conn->group_hint = groups[k];
	return BJ_OK;
}

/* ---- the hello */

/* Adds a share. A group that is the plain half of a hybrid with a share takes its key, which rfc10024 allows. */
static enum bj_err share_make(struct bj_tls *conn, struct writer *list, uint16_t group)
{
	struct handshake *hs = conn->hs;
	const struct kex_key *key = hello_key(hs, group);
	struct bj_bytes public;

	if (!key) {
		enum bj_err err = kex_generate(&hs->kex[hs->kex_count], (enum kex_group)group, &hs->rng);

		if (err)
			return err;
		key = &hs->kex[hs->kex_count++];
	}
	public = kex_public(key);
	key_share_add(list, group, public);
	hs->shares[hs->share_count++] = group;
	return BJ_OK;
}

/* In the order of the groups. rfc9846:4.2.8 */
static enum bj_err chosen_shares(struct bj_tls *conn, struct writer *list)
{
	struct bj_bytes groups = config_codes_view(&conn->config->groups), chosen = config_codes_view(&conn->config->share_groups);
	enum bj_err err = BJ_OK;

	for (size_t i = 0; i < codes_count(groups) && !err; i++)
		if (codes_have(chosen, codes_at(groups, i)))
			err = share_make(conn, list, codes_at(groups, i));
	return err;
}

/* Shares for the groups that were chosen, or for the first ones of the configuration. */
static enum bj_err first_shares(struct bj_tls *conn, struct writer *list)
{
	struct bj_bytes groups = config_codes_view(&conn->config->groups);
	bool usual = conn->config->key_share_count == CONFIG_KEY_SHARES_DEFAULT;
	size_t count = usual ? 1 : conn->config->key_share_count;
	uint16_t half = (uint16_t)kex_plain_half(codes_at(groups, 0));
	enum bj_err err = BJ_OK;

	if (conn->group_hint)
		return share_make(conn, list, conn->group_hint);
	if (conn->config->share_groups.count > 0)
		return chosen_shares(conn, list);
	for (size_t i = 0; i < count && i < codes_count(groups) && !err; i++)
		err = share_make(conn, list, codes_at(groups, i));
	if (!err && usual && half != KEX_NONE && codes_have(groups, half))
		err = share_make(conn, list, half);
	return err;
}

static enum bj_err shares_make(struct bj_tls *conn, struct writer *list)
{
	struct handshake *hs = conn->hs;

	if (hs->group) { /* asked for: what was made before is of no use */
		for (size_t i = 0; i < hs->kex_count; i++)
			kex_fini(&hs->kex[i]);
		hs->kex_count = hs->share_count = 0;
		return share_make(conn, list, hs->group);
	}
	if (hs->form && hs->form->group)
		key_share_add(list, hs->form->group, BYTES_LIT("\0"));
	if (!conn->retried)
		return first_shares(conn, list);
	for (size_t i = 0; i < hs->share_count; i++)
		key_share_add(list, hs->shares[i], kex_public(hello_key(hs, hs->shares[i])));
	return BJ_OK;
}

static bool name_is_dns(const char *name)
{
	uint8_t address[16];

	return name && ip_parse(bytes_text(name), address) == 0;
}

/* Everything but key shares and resumption. */
static void hello_fill(const struct bj_tls *conn, struct client_hello *hello, uint8_t versions[4])
{
	static const uint8_t null_compression = 0;
	const struct bj_tls_config *config = conn->config;
	bool has_12 = config_has_version(config, VERSION_1_2), has_13 = config_has_version(config, VERSION_1_3);
	size_t len = 0;

	*hello = (struct client_hello){
		.legacy_version = VERSION_1_2,
		.random = bytes_of(conn->hs->client_random, RANDOM_LEN),
		.session_id = bytes_of(conn->hs->session_id, conn->hs->session_id_len),
		.suites = config_codes_view(&config->suites),
		.compression = bytes_of(&null_compression, 1),
		.has = EXT_BIT(EXT_SUPPORTED_GROUPS) | EXT_BIT(EXT_SIGNATURE_ALGORITHMS),
		.groups = config_codes_view(&config->groups),
		.schemes = config_codes_view(&config->schemes),
	};
	if (name_is_dns(conn->name)) {
		hello->has |= EXT_BIT(EXT_SERVER_NAME);
		hello->server_name = bytes_text(conn->name);
	}
	raw_key_offer(config, hello);
	if (has_13 && config->later && !conn->quic)
		hello->has |= EXT_BIT(EXT_POST_HANDSHAKE_AUTH);
	if (has_13 && config->delegated_schemes.count > 0) {
		hello->has |= EXT_BIT(EXT_DELEGATED_CREDENTIAL);
		hello->delegated = config_codes_view(&config->delegated_schemes);
	}
	if (config->certificate_schemes.count > 0) {
		hello->has |= EXT_BIT(EXT_SIGNATURE_ALGORITHMS_CERT);
		hello->schemes_cert = config_codes_view(&config->certificate_schemes);
	}
	if (has_13 && config->authorities_len > 0) {
		hello->has |= EXT_BIT(EXT_CERTIFICATE_AUTHORITIES);
		hello->authorities = config_authorities(config);
	}
	if (config->wants_ocsp)
		hello->has |= EXT_BIT(EXT_STATUS_REQUEST);
	if (config->wants_scts)
		hello->has |= EXT_BIT(EXT_SCT);
	if (config->alpn_len > 0) {
		hello->has |= EXT_BIT(EXT_ALPN);
		hello->alpn = config_alpn_list(config);
	}
	if (config->is_fallback)
		hello->more_suite = SUITE_SCSV_FALLBACK;
	limits_offer(conn, hello);
	if (conn->quic) {
		hello->has |= EXT_BIT(EXT_QUIC_PARAMS);
		hello->quic_params = conn->quic->params;
	}
	if (config->wants_tickets && has_13) {
		hello->has |= EXT_BIT(EXT_TICKET_REQUEST);
		hello->ticket_request = (struct ticket_request){ config->tickets_new, config->tickets_resumed };
	}
	if (config->psk_only) /* no certificate would do */
		hello->has &= ~(EXT_BIT(EXT_SIGNATURE_ALGORITHMS) | EXT_BIT(EXT_STATUS_REQUEST) | EXT_BIT(EXT_SCT));
	if (has_12)
		hello->has |= EXT_BIT(EXT_EC_POINT_FORMATS) | EXT_BIT(EXT_EXTENDED_MASTER_SECRET) | EXT_BIT(EXT_RENEGOTIATION_INFO);
	if (has_12 && config->ticket_count > 0)
		hello->has |= EXT_BIT(EXT_SESSION_TICKET);
	if (has_13) {
		hello->has |= EXT_BIT(EXT_SUPPORTED_VERSIONS) | EXT_BIT(EXT_KEY_SHARE) | EXT_BIT(EXT_PSK_KEY_EXCHANGE_MODES);
		hello->psk_modes = PSK_MODE_DHE_KE;
		versions[len++] = VERSION_1_3 >> 8;
		versions[len++] = VERSION_1_3 & 0xff;
		if (has_12) {
			versions[len++] = VERSION_1_2 >> 8;
			versions[len++] = VERSION_1_2 & 0xff;
		}
		hello->versions = bytes_of(versions, len);
	}
}

/* rfc9846:4.2.11.2 */
void hello_bind(struct bj_tls *conn, struct writer *w, const struct psk_offer *offer)
{
	struct bj_bytes truncated = client_hello_truncated(wr_view(w), offer);
	uint8_t hash[HASH_MAX], *at = w->buf + w->len - offer->binders.len;
	struct ks_early early;
	struct psk_entry entry;
	struct secret key;

	for (size_t i = 0; psk_entry_at(conn, i, &entry); i++) {
		size_t len = transcript_peek_with(&conn->hs->transcript, entry.alg, truncated, hash);

		ks_early_init(&early, entry.alg, secret_view(entry.key));
		ks_early_binder_key(&early, entry.binder, &key);
		at += 1 + ks_finished(entry.alg, &key, bytes_of(hash, len), at + 1);
	}
	ks_early_wipe(&early);
	secret_wipe(&key);
}

/* Writes a hello as it is, or the two of Encrypted ClientHello. */
static enum bj_err write_hello(struct bj_tls *conn, struct writer *w, struct client_hello *hello)
{
	if (conn->ech)
		return ech_client_write(conn, w, hello);
	client_hello_write(w, hello);
	if (!wr_ok(w)) /* there is room: but 64 KB of extensions are all that a hello may have */
		return BJ_ERR_LIMIT;
	if (hello->has & EXT_BIT(EXT_PRE_SHARED_KEY))
		hello_bind(conn, w, &hello->psk);
	conn->hs->offered = hello->has;
	return BJ_OK;
}

/* The same with pre_shared_key in it: identities and places for the binders. `room`: what the identities take at most. */
static enum bj_err write_with_psk(struct bj_tls *conn, struct writer *w, struct client_hello *hello, size_t room)
{
	uint8_t *bytes = calloc(1, room);
	struct writer list = wr_make(bytes, room);
	struct psk_entry entry;
	size_t binders_len = 0, count = 0;
	enum bj_err err;

	if (!bytes)
		return BJ_ERR_NO_MEMORY;
	for (; psk_entry_at(conn, count, &entry); count++)
		psk_identity_add(&list, entry.identity, entry.obfuscated_age);
	hello->psk.identities = wr_view(&list);
	for (size_t i = 0; psk_entry_at(conn, i, &entry); i++) {
		bytes[list.len + binders_len] = (uint8_t)hash_len(entry.alg);
		binders_len += 1 + hash_len(entry.alg);
	}
	hello->has |= EXT_BIT(EXT_PRE_SHARED_KEY);
	hello->psk.binders = bytes_of(bytes + list.len, binders_len);
	hello->psk.count = count;
	err = write_hello(conn, w, hello);
	free(bytes);
	return err;
}

/* What identities and binders take. */
static size_t psk_room(const struct bj_tls *conn)
{
	struct psk_entry entry;
	size_t room = 0;

	for (size_t i = 0; psk_entry_at(conn, i, &entry); i++)
		room += entry.identity.len + 6 + 1 + HASH_MAX;
	return room;
}

static enum bj_err hello_write(struct bj_tls *conn, struct writer *w)
{
	struct handshake *hs = conn->hs;
	uint8_t shares[SHARES_BYTES_MAX], versions[4];
	struct writer list = wr_make(shares, sizeof(shares));
	size_t psks = psk_room(conn);
	struct client_hello hello;
	uint8_t compressions[2 * CONFIG_COMPRESSION_MAX];
	enum bj_err err = BJ_OK;

	hello_fill(conn, &hello, versions);
	hello.compressions = config_compressions_write(conn->config, compressions);
	if (hello.compressions.len > 0 && (hello.has & EXT_BIT(EXT_SUPPORTED_VERSIONS)))
		hello.has |= EXT_BIT(EXT_COMPRESS_CERTIFICATE);
	if (hs->form)
		hello_form_apply(hs->form, &hello);
	if (hello.has & EXT_BIT(EXT_KEY_SHARE))
		err = shares_make(conn, &list);
	if (!err)
		err = conn_room(conn, w, HELLO_FIXED_ROOM + list.len + conn->config->authorities_len + conn->config->alpn_len + hs->cookie_len +
					hello.quic_params.len + psks + (hs->session ? hs->session->ticket_len : 0));
	if (err)
		return err;
	hello.shares = wr_view(&list);
	if (hs->cookie_len > 0) {
		hello.has |= EXT_BIT(EXT_COOKIE);
		hello.cookie = bytes_of(hs->cookie, hs->cookie_len);
	}
	if (hs->session && hs->session->version == VERSION_1_2)
		hello.ticket = bytes_of(hs->session->ticket, hs->session->ticket_len);
	if (hs->early_data && !conn->retried)
		hello.has |= EXT_BIT(EXT_EARLY_DATA);
	return psks > 0 ? write_with_psk(conn, w, &hello, psks) : write_hello(conn, w, &hello);
}

static enum bj_err hello_make(struct bj_tls *conn, struct writer *w)
{
	struct handshake *hs = conn->hs;
	enum bj_err err = rng_fill(&hs->rng, hs->client_random, RANDOM_LEN);

	if (err)
		return err;
	hs->session = conn->session;
	conn->session = NULL;
	if (conn->ech || conn->config->ech_grease)
		err = ech_client_begin(conn);
	if (err)
		return err;
	if (hs->session && hs->session->version == VERSION_1_2 && hs->session->id_len > 0) {
		hs->session_id_len = hs->session->id_len;
		memcpy(hs->session_id, hs->session->id, hs->session->id_len);
	} else if (!conn->quic && (config_has_version(conn->config, VERSION_1_3) || (hs->session && hs->session->ticket_len > 0))) {
		/* for middleboxes; and a 1.2 server that takes a ticket says so by repeating it. rfc9846:D.4 rfc5077:3.4 */
		hs->session_id_len = sizeof(hs->session_id);
		err = rng_fill(&hs->rng, hs->session_id, sizeof(hs->session_id));
		if (err)
			return err;
	}
	if (config_has_version(conn->config, VERSION_1_3) && hs->session_id_len > 0)
		hs->compat = COMPAT_WANTED;
	err = hello_form_make(conn->config, &hs->rng, &hs->form);
	if (!err)
		err = early_offer(conn);
	if (err)
		return err;
	state_settle(&conn->state, F_EARLY, hs->early_data != NULL);
	return hello_write(conn, w);
}

/* For middleboxes, before the first record under keys. rfc9846:D.4 */
static enum bj_err early_step(struct bj_tls *conn, struct bj_bytes body)
{
	if (conn->hs->compat != COMPAT_WANTED)
		return BJ_OK;
	conn->hs->compat |= COMPAT_SENT;
	return flight_ccs(conn);
}

/* ---- the answer */

static enum bj_err parse_answer(struct bj_tls *conn, struct bj_bytes body, struct server_hello *hello)
{
	enum bj_err err = server_hello_parse(body, conn->hs->offered, hello);

	if (err)
		return err;
	if ((hello->version != VERSION_1_3 && hello->version != VERSION_1_2) || !config_has_version(conn->config, hello->version))
		return BJ_ERR_BAD_VERSION;
	return BJ_OK;
}

/* The suite must be one that was offered, of the version chosen; the session id of 1.3 is an echo. */
static enum bj_err take_choice(struct bj_tls *conn, const struct server_hello *hello)
{
	struct handshake *hs = conn->hs;
	const struct suite *suite = suite_find(hello->suite);
	bool may_sign = conn->config->credential_count > 0 || (conn->config->ask >> BJ_TLS_Q_CREDENTIAL & 1);

	if (!suite || suite->version != hello->version || !codes_have(config_codes_view(&conn->config->suites), hello->suite))
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (hello->version == VERSION_1_3 && !bytes_equal(hello->session_id, bytes_of(hs->session_id, hs->session_id_len)))
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (conn->retried && (hello->version != VERSION_1_3 || suite != conn->suite))
		return BJ_ERR_ILLEGAL_PARAMETER;
	conn->version = hello->version;
	conn->suite = suite;
	return transcript_choose(&hs->transcript, (enum hash_alg)suite->hash, hello->version == VERSION_1_2 && may_sign);
}

/* Both hellos of a server. */
static enum bj_err server_hello_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct server_hello *hello = &hs->server_hello;
	enum bj_err err = conn->ech ? ech_client_settle(conn, body) : BJ_OK;

	if (!err)
		err = parse_answer(conn, body, hello);
	if (err)
		return err;
	if (hello->version == VERSION_1_2 && config_has_version(conn->config, VERSION_1_3) && server_hello_sentinel(hello) != SENTINEL_NONE)
		return BJ_ERR_DOWNGRADE;
	err = take_choice(conn, hello);
	if (err)
		return err;
	memcpy(hs->server_random, hello->random.ptr, RANDOM_LEN);
	return BJ_OK;
}

static enum bj_err first_server_hello_take(struct bj_tls *conn, struct bj_bytes body)
{
	enum bj_err err = server_hello_take(conn, body);

	if (!err)
		state_settle(&conn->state, F_13, conn_is_13(conn));
	return err;
}

/* A server whose ticket allows early data has 1.3: an older version is a fault, not a choice. rfc9846:D.3 */
static enum bj_err early_server_hello_take(struct bj_tls *conn, struct bj_bytes body)
{
	enum bj_err err = server_hello_take(conn, body);

	return !err && !conn_is_13(conn) ? BJ_ERR_BAD_VERSION : err;
}

static bool share_was_sent(const struct handshake *hs, uint16_t group)
{
	for (size_t i = 0; i < hs->share_count; i++)
		if (hs->shares[i] == group)
			return true;
	return false;
}

/* It must ask for something new. rfc9846:4.1.4 */
static enum bj_err retry_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct server_hello *retry = &hs->server_hello;
	enum bj_err err = conn->ech ? ech_client_settle(conn, body) : BJ_OK;

	if (!err)
		err = server_hello_parse(body, hs->offered | EXT_BIT(EXT_COOKIE), retry);
	if (err)
		return err;
	if (!retry->is_retry || retry->version != VERSION_1_3 || !config_has_version(conn->config, VERSION_1_3))
		return BJ_ERR_ILLEGAL_PARAMETER;
	err = take_choice(conn, retry);
	if (err)
		return err;
	if (retry->has & EXT_BIT(EXT_KEY_SHARE)) {
		if (!codes_have(config_codes_view(&conn->config->groups), retry->share.group) || share_was_sent(hs, retry->share.group))
			return BJ_ERR_ILLEGAL_PARAMETER;
		hs->group = retry->share.group;
	} else if (!(retry->has & EXT_BIT(EXT_COOKIE))) {
		return BJ_ERR_ILLEGAL_PARAMETER;
	}
	if (retry->cookie.len > 0) {
		hs->cookie = malloc(retry->cookie.len);
		if (!hs->cookie)
			return BJ_ERR_NO_MEMORY;
		memcpy(hs->cookie, retry->cookie.ptr, retry->cookie.len);
		hs->cookie_len = retry->cookie.len;
	}
	conn->retried = true;
	transcript_retry(&hs->transcript);
	early_refused(conn, BJ_TLS_EARLY_RETRY);
	record_keys_fini(&conn->wr); /* the second hello is in the clear like the first */
	return BJ_OK;
}

static enum bj_err hello_again_make(struct bj_tls *conn, struct writer *w)
{
	enum bj_err err = BJ_OK;

	if (conn->hs->compat == COMPAT_WANTED) {
		conn->hs->compat |= COMPAT_SENT;
		err = flight_ccs(conn);
	}
	return err ? err : hello_write(conn, w);
}

static enum bj_err judged_early_step(struct bj_tls *conn, struct bj_bytes body)
{
	enum bj_err err = again_early_judge(conn, body);

	return err ? err : early_step(conn, body);
}

static const struct hs_row client_start[] = {
	{ FROM(START), SEND(CLIENT_HELLO, hello_make), DECIDES(F_EARLY), TO(EARLY) },
	{ FROM(EARLY), ASK(VERIFY, again_early_prepare, judged_early_step), WHEN(F_EARLY), KEYS(KEYS_EARLY), TO(WAIT_SERVER_HELLO) },
	{ FROM(EARLY), STEP(NULL), UNLESS(F_EARLY), TO(WAIT_SERVER_HELLO) },
	{ FROM(WAIT_SERVER_HELLO), RECV(SERVER_HELLO, first_server_hello_take), UNLESS(F_EARLY), DECIDES(F_13), TO(VERSION) },
	{ FROM(WAIT_SERVER_HELLO), RECV(SERVER_HELLO, early_server_hello_take), WHEN(F_EARLY), SETS(F_13), TO(VERSION) },
	{ FROM(WAIT_SERVER_HELLO), RECV(HELLO_RETRY_REQUEST, retry_take), SETS(F_13), CLEARS(F_EARLY), TO(RETRY) },
	{ FROM(RETRY), SEND(CLIENT_HELLO, hello_again_make), TO(WAIT_SECOND_SERVER_HELLO) },
	{ FROM(WAIT_SECOND_SERVER_HELLO), RECV(SERVER_HELLO, server_hello_take), TO(VERSION) },
};

const struct hs_table table_client_start = HS_TABLE(client_start);
