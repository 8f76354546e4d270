/* resume_test.c - sessions are resumed where they may be and nowhere else; tickets, their keys and the cache of ids. */
#include <pthread.h>

#include "crypto/rng_os.h"
#include "tls/cache.h"
#include "tls/fixture.h"
#include "tls/ticket.h"


static int setup(void **state)
{
	ends_setup(state);
	kept_len = 0;
	return 0;
}

/* A connection that offers what is in `kept`, and leaves the newest session there. */
static void connect_named(const char *name, int64_t now_ms)
{
	struct bj_bytes session;

	pair_fini(&pair);
	pair_start(&pair, client, server, name);
	pair.now_ms = now_ms;
	if (kept_len > 0)
		(void)!bj_tls_resume(pair.client.conn, now_ms, kept, kept_len);
	pair_shake(&pair);
	if (pair.client.err || pair.server.err)
		print_message("client %s, server %s\n", bj_err_name(pair.client.err), bj_err_name(pair.server.err));
	session = bj_tls_session(pair.client.conn);
	if (session.len > 0) {
		memcpy(kept, session.ptr, session.len);
		kept_len = session.len;
	}
}

static void expect_resumed(bool resumed)
{
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.server.done, 1);
	assert_int_equal(report_of(&pair.client).resumed, resumed);
	assert_int_equal(report_of(&pair.server).resumed, resumed);
	pair_echo(&pair);
}

static void a_session_is_resumed_again_and_again(void **state)
{
	connect_named(PKI_NAME, NOW_MS);
	expect_resumed(false);
	for (unsigned i = 1; i < 4; i++) {
		connect_named(PKI_NAME, NOW_MS + i * 1000);
		expect_resumed(true);
		assert_true(report_of(&pair.client).peer_verified);
		assert_int_equal(report_of(&pair.client).peer_chain_count, 0);
	}
}

/* The server's certificate was judged once: tickets for tickets do not stretch that. rfc9846:4.6.1 */
static void a_verified_server_stays_verified_no_longer_than_the_first_lifetime(void **state)
{
	connect_named(PKI_NAME, NOW_MS);
	expect_resumed(false);
	connect_named(PKI_NAME, NOW_MS + 4000000);
	expect_resumed(true);
	connect_named(PKI_NAME, NOW_MS + 7000000);
	expect_resumed(true);
	connect_named(PKI_NAME, NOW_MS + 7300000);
	expect_resumed(false);
}

static uint32_t ticket_lifetime_s; /* as the server said it */

static void see_ticket(void *self, const struct bj_tls *conn, const struct bj_tls_event_info *info)
{
	struct reader r = rd_of(info->bytes);

	if (info->kind != BJ_TLS_SAW_MESSAGE || info->type != MSG_NEW_SESSION_TICKET)
		return;
	(void)rd_u32(&r);
	ticket_lifetime_s = rd_u32(&r);
}

/* The certificates of both end in a thousand seconds. */
static void a_session_ends_with_the_certificate_that_was_judged(void **state)
{
	const int64_t now_ms = NOW_MS + (int64_t)86400 * 90 * 1000 - 1000000;

	for (unsigned i = 0; i < 8; i++) {
		enum bj_tls_version version = i & 1 ? BJ_TLS_1_2 : BJ_TLS_1_3;
		bool judges = i & 2, asks = i & 4;
		struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);
		struct bj_tls *conn;

		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
		assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
		bj_credential_free(own);
		if (!judges)
			assert_int_equal(bj_tls_config_insecure_no_verify(client), BJ_OK);
		if (asks)
			assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
		assert_int_equal(bj_tls_config_observer(server, see_ticket, NULL), BJ_OK);
		connect_named(PKI_NAME, now_ms);
		expect_resumed(false);
		assert_int_equal(ticket_lifetime_s, asks ? 1000 : 7200);
		assert_int_equal(bj_tls_new(client, PKI_NAME, &conn), BJ_OK);
		assert_int_equal(bj_tls_resume(conn, now_ms + 999000, kept, kept_len), BJ_OK);
		assert_int_equal(bj_tls_resume(conn, now_ms + 1000000, kept, kept_len), judges || asks ? BJ_ERR_BAD_TICKET : BJ_OK);
		bj_tls_free(conn);
		connect_named(PKI_NAME, now_ms + 999000);
		expect_resumed(true);
	}
}

static void spoil(void *self, bool to_server, uint8_t *bytes, size_t len)
{
	if (to_server == *(bool *)self && len > 40)
		bytes[len - 1] ^= 1; /* the last record of a flight: Finished is in it */
}

/* Who only knows a ticket, or takes one, is not yet the one that it was made for. */
static void nobody_is_verified_by_a_session_before_he_proved_that_it_is_his(void **state)
{
	for (unsigned i = 0; i < 3; i++) {
		bool to_server = i == 2; /* in 1.2 the server is the first to finish */
		struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);
		struct side *judge = to_server ? &pair.server : &pair.client;

		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_versions(client, i ? BJ_TLS_1_2 : BJ_TLS_1_3, i ? BJ_TLS_1_2 : BJ_TLS_1_3), BJ_OK);
		assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
		bj_credential_free(own);
		assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
		connect_named(PKI_NAME, NOW_MS);
		expect_resumed(false);
		assert_true(report_of(judge).peer_verified);
		pair_fini(&pair);
		pair_start(&pair, client, server, PKI_NAME);
		assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, kept, kept_len), BJ_OK);
		assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
		side_carry(&pair, &pair.client, &pair.server);
		side_feed(&pair, &pair.server);
		if (to_server) {
			side_carry(&pair, &pair.server, &pair.client);
			side_feed(&pair, &pair.client);
		}
		pair.tap = spoil;
		pair.tap_self = &to_server;
		pair_run(&pair);
		assert_int_equal(judge->err, BJ_ERR_BAD_RECORD_MAC);
		assert_true(report_of(judge).resumed);
		assert_false(report_of(judge).peer_verified);
	}
}

/* We offer tickets with a key exchange only. rfc9846:4.2.11 */
static void a_ticket_that_is_taken_without_a_key_exchange_is_refused(void **state)
{
	uint8_t *const record = pair.client.wire;
	struct writer w = wr_make(record + RECORD_HEADER_LEN, 1000);
	struct server_hello hello = {
		.legacy_version = VERSION_1_2,
		.random = BYTES_LIT("0123456789abcdef0123456789abcdef"),
		.suite = 0x1302,
		.version = VERSION_1_3,
		.has = EXT_BIT(EXT_SUPPORTED_VERSIONS) | EXT_BIT(EXT_PRE_SHARED_KEY),
	};

	connect_named(PKI_NAME, NOW_MS);
	hello.suite = report_of(&pair.client).suite;
	pair_fini(&pair);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, kept, kept_len), BJ_OK);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	hello.session_id = bytes_of(pair.client.conn->hs->session_id, pair.client.conn->hs->session_id_len);
	server_hello_write(&w, &hello);
	memcpy(record, (const uint8_t[]){ RECORD_HANDSHAKE, 3, 3, 0, (uint8_t)w.len }, RECORD_HEADER_LEN);
	pair.client.wire_len = RECORD_HEADER_LEN + w.len;
	side_feed(&pair, &pair.client);
	assert_int_equal(pair.client.err, BJ_ERR_ILLEGAL_PARAMETER);
}

static void resumption_survives_a_retry(void **state)
{
	const uint16_t groups[] = { KEX_X25519, KEX_P256 }, p256 = KEX_P256;

	assert_int_equal(bj_tls_config_groups(client, groups, 2), BJ_OK);
	assert_int_equal(bj_tls_config_groups(server, &p256, 1), BJ_OK);
	connect_named(PKI_NAME, NOW_MS);
	connect_named(PKI_NAME, NOW_MS);
	expect_resumed(true);
	assert_true(report_of(&pair.server).retried);
}

/* rfc9149:3 */
static void a_client_gets_the_tickets_that_it_asks_for(void **state)
{
	static const struct { unsigned full, resumed, got_full, got_resumed; } rows[] = {
		{ 0, 0, 0, 0 }, { 1, 0, 1, 0 }, { 5, 3, 5, 3 }, { 255, 255, 8, 8 },
	};

	assert_int_equal(bj_tls_config_ticket_request(client, 256, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_ticket_request(client, 1, 256), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_ticket_request(server, 1, 1), BJ_ERR_ARGUMENT);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_ticket_request(client, rows[i].full, rows[i].resumed), BJ_OK);
		connect_named(PKI_NAME, NOW_MS);
		expect_resumed(false);
		assert_int_equal(pair.client.conn->tickets, rows[i].got_full);
		assert_int_equal(pair.client.tickets, rows[i].got_full); /* each is told */
		connect_named(PKI_NAME, NOW_MS);
		expect_resumed(rows[i].got_full > 0);
		assert_int_equal(pair.client.conn->tickets, rows[i].got_resumed);
		assert_int_equal(pair.client.tickets, rows[i].got_resumed);
	}
}

static void another_name_is_not_resumed(void **state)
{
	struct bj_tls *conn;

	connect_named(PKI_NAME, NOW_MS);
	assert_int_equal(bj_tls_new(client, "www.example.org", &conn), BJ_OK);
	assert_int_equal(bj_tls_resume(conn, NOW_MS, kept, kept_len), BJ_ERR_BAD_TICKET);
	bj_tls_free(conn);
}

/* A client that does not keep to the rules offers a ticket for another name. */
static void a_server_does_not_resume_for_another_name(void **state)
{
	static const enum bj_tls_version versions[] = { BJ_TLS_1_3, BJ_TLS_1_2 };

	for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
		struct bj_credential *other = pki_credential(&pki, ISSUE_SERVER, KEY_P256, "www.example.org");
		struct session s;
		uint8_t *moved;

		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_credential(server, other), BJ_OK);
		bj_credential_free(other);
		assert_int_equal(bj_tls_config_versions(client, versions[i], versions[i]), BJ_OK);
		connect_named(PKI_NAME, NOW_MS);
		expect_resumed(false);
		assert_int_equal(session_load(bytes_of(kept, kept_len), &s), BJ_OK);
		session_binding(client, "www.example.org", s.binding);
		assert_int_equal(session_save(&s, &moved, &kept_len), BJ_OK);
		memcpy(kept, moved, kept_len);
		free(moved);
		session_fini(&s);
		connect_named("www.example.org", NOW_MS);
		expect_resumed(false);
	}
}

/* The client of the fixture again, with that length of fragments. */
static void another_client(enum bj_tls_version version, size_t fragment)
{
	pair_fini(&pair);
	bj_tls_config_free(client);
	client = pki_client_config(&pki);
	assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
	assert_int_equal(bj_tls_config_max_fragment_length(client, fragment), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
}

/* rfc6066:4: what was agreed on holds for the session. A server of 1.2 sees to it, too, where the client does not keep to the rules. */
static void a_session_goes_on_with_the_length_of_fragments_that_it_began_with(void **state)
{
	static const size_t lens[] = { 0, 512, 1024 };

	for (unsigned i = 0; i < 2 * 2 * 3 * 3; i++) {
		enum bj_tls_version version = i & 1 ? BJ_TLS_1_2 : BJ_TLS_1_3;
		bool forces = i & 2, same = i / 4 % 3 == i / 12;
		struct session s;
		struct bj_tls *conn;
		uint8_t *forced;

		ends_teardown(NULL);
		setup(NULL);
		another_client(version, lens[i / 4 % 3]);
		connect_named(PKI_NAME, NOW_MS);
		expect_resumed(false);
		another_client(version, lens[i / 12]);
		assert_int_equal(bj_tls_new(client, PKI_NAME, &conn), BJ_OK);
		assert_int_equal(bj_tls_resume(conn, NOW_MS, kept, kept_len), same ? BJ_OK : BJ_ERR_BAD_TICKET);
		bj_tls_free(conn);
		if (forces) {
			assert_int_equal(session_load(bytes_of(kept, kept_len), &s), BJ_OK);
			session_binding(client, PKI_NAME, s.binding);
			assert_int_equal(session_save(&s, &forced, &kept_len), BJ_OK);
			memcpy(kept, forced, kept_len);
			free(forced);
			session_fini(&s);
		}
		connect_named(PKI_NAME, NOW_MS);
		expect_resumed(same || (forces && version == BJ_TLS_1_3));
	}
}

static void an_expired_session_is_not_resumed(void **state)
{
	struct bj_tls *conn;

	connect_named(PKI_NAME, NOW_MS);
	assert_int_equal(bj_tls_new(client, PKI_NAME, &conn), BJ_OK);
	assert_int_equal(bj_tls_resume(conn, NOW_MS + (int64_t)7200 * 1000, kept, kept_len), BJ_ERR_BAD_TICKET);
	bj_tls_free(conn);
	connect_named(PKI_NAME, NOW_MS + (int64_t)7199 * 1000);
	expect_resumed(true);
}

/* The client offers; what the server knows decides. */
static void change_server(void (*change)(struct bj_tls_config *config))
{
	struct bj_tls_config *next = pki_server_config(&pki, KEY_P256);

	change(next);
	assert_int_equal(bj_tls_config_freeze(next), BJ_OK);
	ticket_keys_free(next->tickets);
	next->tickets = server->tickets; /* the same keys, another policy */
	server->tickets = NULL;
	pair_fini(&pair);
	memset(&pair, 0, sizeof(pair));
	bj_tls_config_free(server);
	server = next;
}

static void nothing(struct bj_tls_config *config)
{
}

static void another_policy(struct bj_tls_config *config)
{
	assert_int_equal(bj_tls_config_client_auth(config, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
}

static void another_context(struct bj_tls_config *config)
{
	assert_int_equal(bj_tls_config_session_context(config, "b", 1), BJ_OK);
}

static void another_hash(struct bj_tls_config *config)
{
	const uint16_t suite = 0x1302;

	assert_int_equal(bj_tls_config_suites(config, &suite, 1), BJ_OK);
}

static void another_protocol(struct bj_tls_config *config)
{
	const char *const names[] = { "http/1.1" };

	assert_int_equal(bj_tls_config_alpn(config, names, 1), BJ_OK);
}

static void tickets_are_bound_to_policy_context_hash_and_protocol(void **state)
{
	const char *const names[] = { "h2", "http/1.1" };
	static const struct { void (*change)(struct bj_tls_config *config); bool resumed; } rows[] = {
		{ nothing, true }, { another_policy, false }, { another_context, false }, { another_hash, false }, { another_protocol, false },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_alpn(client, names, 2), BJ_OK);
		connect_named(PKI_NAME, NOW_MS);
		change_server(rows[i].change);
		connect_named(PKI_NAME, NOW_MS);
		expect_resumed(rows[i].resumed);
	}
}

static void a_ticket_of_other_keys_is_a_full_handshake(void **state)
{
	connect_named(PKI_NAME, NOW_MS);
	pair_fini(&pair);
	memset(&pair, 0, sizeof(pair));
	bj_tls_config_free(server);
	server = pki_server_config(&pki, KEY_P256);
	connect_named(PKI_NAME, NOW_MS);
	expect_resumed(false);
}

static void without_tickets_nothing_is_resumed(void **state)
{
	assert_int_equal(bj_tls_config_tickets(server, 0, 0, 0, 0), BJ_OK);
	connect_named(PKI_NAME, NOW_MS);
	expect_resumed(false);
	assert_int_equal(kept_len, 0);
}

static void a_verified_client_stays_verified_no_longer_than_the_first_lifetime(void **state)
{
	struct bj_credential *credential = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);

	assert_int_equal(bj_tls_config_credential(client, credential), BJ_OK);
	bj_credential_free(credential);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	connect_named(PKI_NAME, NOW_MS);
	expect_resumed(false);
	connect_named(PKI_NAME, NOW_MS + 4000000);
	expect_resumed(true);
	assert_true(report_of(&pair.server).peer_verified);
	connect_named(PKI_NAME, NOW_MS + 7000000);
	expect_resumed(true);
	connect_named(PKI_NAME, NOW_MS + 7300000);
	expect_resumed(false);
}

static void the_clients_certificate_is_known_again(void **state)
{
	static const struct { enum bj_tls_version version; unsigned tickets; } rows[] = { { BJ_TLS_1_3, 2 }, { BJ_TLS_1_2, 2 }, { BJ_TLS_1_2, 0 } };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bj_credential *credential = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);

		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_versions(client, rows[i].version, rows[i].version), BJ_OK);
		assert_int_equal(bj_tls_config_credential(client, credential), BJ_OK);
		assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
		assert_int_equal(bj_tls_config_keep_peer_chain(server, true), BJ_OK);
		assert_int_equal(bj_tls_config_tickets(server, rows[i].tickets, 7200, 3600, 2), BJ_OK);
		connect_named(PKI_NAME, NOW_MS);
		expect_resumed(false);
		assert_int_equal(report_of(&pair.server).peer_chain_count, 2);
		for (unsigned again = 0; again < 2; again++) {
			connect_named(PKI_NAME, NOW_MS);
			expect_resumed(true);
			assert_int_equal(report_of(&pair.server).peer_chain_count, 1);
			assert_true(bytes_equal(report_of(&pair.server).peer_chain[0], bj_credential_chain(credential, 0)));
			assert_true(report_of(&pair.server).peer_verified);
		}
		bj_credential_free(credential);
	}
}

static void a_damaged_session_is_refused_whatever_byte_it_is(void **state)
{
	struct session s;

	connect_named(PKI_NAME, NOW_MS);
	for (size_t i = 0; i < kept_len; i++) {
		kept[i] ^= 0x40;
		assert_int_equal(session_load(bytes_of(kept, kept_len), &s), BJ_ERR_BAD_TICKET);
		kept[i] ^= 0x40;
		assert_int_equal(session_load(bytes_of(kept, i), &s), BJ_ERR_BAD_TICKET);
	}
	assert_int_equal(session_load(bytes_of(kept, kept_len), &s), BJ_OK);
	session_fini(&s);
}

static void a_sealed_session_opens_under_its_key_and_whole(void **state)
{
	static uint8_t sealed[SESSION_BLOB_MAX + BJ_TLS_SESSION_OVERHEAD];
	uint8_t key[BJ_TLS_SESSION_KEY_LEN] = { 7 };
	struct bj_tls *conn;
	size_t len = 0;

	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_session_seal(pair.client.conn, key, sealed, sizeof(sealed), &len), BJ_ERR_NOT_FOUND);
	pair_fini(&pair);
	memset(&pair, 0, sizeof(pair));
	connect_named(PKI_NAME, NOW_MS);
	assert_int_equal(bj_tls_session_seal(pair.client.conn, key, sealed, kept_len + BJ_TLS_SESSION_OVERHEAD - 1, &len), BJ_ERR_SPACE);
	assert_int_equal(bj_tls_session_seal(pair.client.conn, key, sealed, sizeof(sealed), &len), BJ_OK);
	assert_int_equal(len, kept_len + BJ_TLS_SESSION_OVERHEAD);
	assert_null(memmem(sealed, len, kept + 8, 16));
	assert_int_equal(bj_tls_new(client, PKI_NAME, &conn), BJ_OK);
	for (size_t i = 0; i < len; i++) {
		sealed[i] ^= 1;
		assert_int_equal(bj_tls_resume_sealed(conn, NOW_MS, key, sealed, len), BJ_ERR_BAD_TICKET);
		sealed[i] ^= 1;
		assert_int_equal(bj_tls_resume_sealed(conn, NOW_MS, key, sealed, i), BJ_ERR_BAD_TICKET);
	}
	key[31] ^= 1;
	assert_int_equal(bj_tls_resume_sealed(conn, NOW_MS, key, sealed, len), BJ_ERR_BAD_TICKET);
	key[31] ^= 1;
	assert_int_equal(bj_tls_resume_sealed(conn, NOW_MS, key, sealed, len), BJ_OK);
	bj_tls_free(conn);
}

/* rfc5246:7.2.2 rfc9846:6.2 */
static void a_client_has_no_session_behind_a_fatal_alert(void **state)
{
	for (unsigned i = 0; i < 6; i++) {
		enum bj_tls_version version = i & 1 ? BJ_TLS_1_2 : BJ_TLS_1_3;

		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
		connect_named(PKI_NAME, NOW_MS);
		expect_resumed(false);
		assert_true(kept_len > 0);
		if (i / 2 == 0)
			bj_tls_abort(pair.client.conn, BJ_ERR_ACCESS_DENIED);
		else if (i / 2 == 1)
			bj_tls_abort(pair.server.conn, BJ_ERR_ACCESS_DENIED);
		else
			assert_int_equal(bj_tls_eof(pair.client.conn), BJ_ERR_TRUNCATED); /* many servers just go away */
		pair_run(&pair);
		assert_int_equal(bj_tls_session(pair.client.conn).len, i / 2 == 2 ? kept_len : 0);
	}
}

/* ---- sessions from the store of a client */

/* The session of a connection, changed and stored again. */
static enum bj_err resume_changed(void (*change)(struct session *s))
{
	struct session s;
	uint8_t *bytes;
	size_t len;
	enum bj_err err;

	assert_int_equal(session_load(bytes_of(kept, kept_len), &s), BJ_OK);
	change(&s);
	assert_int_equal(session_save(&s, &bytes, &len), BJ_OK);
	session_fini(&s);
	pair_fini(&pair);
	pair_start(&pair, client, server, PKI_NAME);
	err = bj_tls_resume(pair.client.conn, NOW_MS, bytes, len);
	free(bytes);
	return err;
}

static void change_nothing(struct session *s)
{
}

static void change_suite(struct session *s)
{
	s->suite = 0xc02b; /* of 1.2 */
}

static void change_version(struct session *s)
{
	s->version = BJ_TLS_1_2;
}

static void shorten_secret(struct session *s)
{
	s->secret.len--;
}

static void lengthen_ticket(struct session *s)
{
	free(s->ticket);
	s->ticket_len = UINT16_MAX;
	s->ticket = calloc(1, s->ticket_len);
	assert_non_null(s->ticket);
}

static void forget_certificate(struct session *s)
{
	free(s->peer);
	s->peer = NULL;
	s->peer_len = 0;
}

/* What is refused leaves the connection a full handshake. */
static void a_session_that_does_not_fit_itself_is_none(void **state)
{
	static const struct { void (*change)(struct session *s); enum bj_err err; } rows[] = {
		{ change_nothing, BJ_OK }, { change_suite, BJ_ERR_BAD_TICKET }, { change_version, BJ_ERR_BAD_TICKET },
		{ shorten_secret, BJ_ERR_BAD_TICKET }, { lengthen_ticket, BJ_ERR_BAD_TICKET }, { forget_certificate, BJ_ERR_BAD_TICKET },
	};

	assert_int_equal(bj_tls_config_keep_peer_chain(client, true), BJ_OK);
	connect_named(PKI_NAME, NOW_MS);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		assert_int_equal(resume_changed(rows[i].change), rows[i].err);
		pair_shake(&pair);
		expect_resumed(!rows[i].err);
	}
}

/* A session goes on with what was found out, and with who we said that we are. */
static void a_client_that_judges_otherwise_or_is_another_resumes_nothing(void **state)
{
	struct bj_credential *one = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL), *two = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);

	for (unsigned before = 0; before < 5; before++)
		for (unsigned after = 0; after < 5; after++) {
			for (unsigned i = 0; i < 2; i++) {
				unsigned kind = i ? after : before;

				pair_fini(&pair);
				bj_tls_config_free(client);
				client = pki_client_config(&pki);
				if (kind == 1)
					assert_int_equal(bj_tls_config_ask(client, 1u << BJ_TLS_Q_VERIFY), BJ_OK);
				if (kind == 2)
					assert_int_equal(bj_tls_config_stapling(client, true, false), BJ_OK);
				if (kind >= 3)
					assert_int_equal(bj_tls_config_credential(client, kind == 3 ? one : two), BJ_OK);
				pair_start(&pair, client, server, PKI_NAME);
				if (i)
					break;
				pair_shake(&pair);
				if (kind == 1) {
					const struct bj_verdict anything_goes = { .err = BJ_OK, .index = -1, .rule = "" };

					assert_int_equal(bj_tls_answer_verify(pair.client.conn, &anything_goes), BJ_OK);
					pair_run(&pair);
				}
				assert_int_equal(pair.client.done, 1);
				session_keep();
			}
			assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, kept, kept_len), before == after ? BJ_OK : BJ_ERR_BAD_TICKET);
		}
	bj_credential_free(one);
	bj_credential_free(two);
}

/* ---- tickets by themselves */

static struct session a_session(void)
{
	struct session s = { .version = BJ_TLS_1_3, .suite = 0x1301, .made_ms = NOW_MS, .lifetime_s = 100, .age_add = 7, .alpn_len = 2 };

	secret_set(&s.secret, "0123456789abcdef0123456789abcdef", 32);
	memcpy(s.alpn, "h2", 2);
	return s;
}

static enum bj_err seal_alone(struct ticket_keys *keys, int64_t now_ms, const struct session *s, struct writer *w)
{
	struct ticket_use use = { 0 };
	enum bj_err err = ticket_seal(keys, &use, &rng_os, now_ms, s, w);

	ticket_use_fini(&use);
	return err;
}

static enum bj_err open_alone(struct ticket_keys *keys, int64_t now_ms, struct bj_bytes ticket, struct session *out)
{
	struct ticket_use use = { 0 };
	enum bj_err err = ticket_open(keys, &use, now_ms, ticket, out);

	ticket_use_fini(&use);
	return err;
}

static size_t seal(struct ticket_keys *keys, int64_t now_ms, uint8_t out[TICKET_LEN_MAX])
{
	struct writer w = wr_make(out, TICKET_LEN_MAX);
	struct session s = a_session();

	assert_int_equal(seal_alone(keys, now_ms, &s, &w), BJ_OK);
	return w.len;
}

static void every_byte_of_a_ticket_matters(void **state)
{
	struct ticket_keys *keys = ticket_keys_new(&rng_os, 3600, 2);
	uint8_t ticket[TICKET_LEN_MAX];
	size_t len = seal(keys, NOW_MS, ticket);
	struct session s, expected = a_session();

	assert_int_equal(open_alone(keys, NOW_MS, bytes_of(ticket, len), &s), BJ_OK);
	assert_true(secret_equal(&s.secret, &expected.secret));
	assert_int_equal(s.made_ms, NOW_MS);
	for (size_t i = 0; i < len; i++) {
		ticket[i] ^= 1;
		assert_int_equal(open_alone(keys, NOW_MS, bytes_of(ticket, len), &s), BJ_ERR_BAD_TICKET);
		ticket[i] ^= 1;
		assert_int_equal(open_alone(keys, NOW_MS, bytes_of(ticket, i), &s), BJ_ERR_BAD_TICKET);
	}
	ticket_keys_free(keys);
}

/* The name and all that follows may be anybody's: the bytes are looked at before a key is. */
static void a_ticket_of_any_length_is_refused_within_its_buffers(void **state)
{
	struct ticket_keys *keys = ticket_keys_new(&rng_os, 3600, 2);
	static uint8_t ticket[TICKET_LEN_MAX + 64];
	struct session s;

	assert_non_null(keys);
	memset(ticket, 0x55, sizeof(ticket));
	for (size_t len = 0; len <= sizeof(ticket); len += len < TICKET_LEN_MAX - 100 ? 97 : 1)
		assert_int_equal(open_alone(keys, NOW_MS, bytes_of(ticket, len), &s), BJ_ERR_BAD_TICKET);
	ticket_keys_free(keys);
}

static void no_two_tickets_are_alike(void **state)
{
	struct ticket_keys *keys = ticket_keys_new(&rng_os, 3600, 2);
	uint8_t a[TICKET_LEN_MAX], b[TICKET_LEN_MAX];
	size_t len = seal(keys, NOW_MS, a);

	assert_int_equal(seal(keys, NOW_MS, b), len);
	assert_memory_equal(a, b, TICKET_NAME_LEN);
	assert_memory_not_equal(a + TICKET_NAME_LEN, b + TICKET_NAME_LEN, len - TICKET_NAME_LEN);
	ticket_keys_free(keys);
}

/* Also where one user goes from key to key. */
static void keys_rotate_and_old_ones_go(void **state)
{
	struct ticket_keys *keys = ticket_keys_new(&rng_os, 3600, 2);
	struct ticket_use use = { 0 };
	uint8_t tickets[6][TICKET_LEN_MAX];
	size_t lens[6];
	struct session s;

	for (int epoch = 0; epoch < 6; epoch++) {
		int64_t now = NOW_MS + (int64_t)epoch * 3600 * 1000;

		lens[epoch] = seal(keys, now, tickets[epoch]);
		for (int old = 0; old <= epoch; old++) {
			enum bj_err expected = epoch - old <= 2 ? BJ_OK : BJ_ERR_BAD_TICKET;

			assert_int_equal(open_alone(keys, now, bytes_of(tickets[old], lens[old]), &s), expected);
			assert_int_equal(ticket_open(keys, &use, now, bytes_of(tickets[old], lens[old]), &s), expected);
			if (old > 0)
				assert_memory_not_equal(tickets[old], tickets[old - 1], TICKET_NAME_LEN);
		}
		for (int again = 0; again < 2; again++) {
			uint8_t ticket[TICKET_LEN_MAX];
			struct writer w = wr_make(ticket, sizeof(ticket));
			struct session made = a_session();

			assert_int_equal(ticket_seal(keys, &use, &rng_os, now, &made, &w), BJ_OK);
			assert_memory_equal(ticket, tickets[epoch], TICKET_NAME_LEN);
			assert_int_equal(open_alone(keys, now, wr_view(&w), &s), BJ_OK);
		}
	}
	ticket_use_fini(&use);
	ticket_keys_free(keys);
}

static void a_key_that_slept_too_long_opens_nothing(void **state)
{
	struct ticket_keys *keys = ticket_keys_new(&rng_os, 3600, 2);
	uint8_t ticket[TICKET_LEN_MAX];
	size_t len = seal(keys, NOW_MS, ticket);
	struct session s;

	assert_int_equal(open_alone(keys, NOW_MS + (int64_t)3 * 3600 * 1000, bytes_of(ticket, len), &s), BJ_ERR_BAD_TICKET);
	ticket_keys_free(keys);
}

/* It was ahead by a year when the first key was made. */
static void a_clock_that_is_set_back_keeps_no_key_longer_than_its_time(void **state)
{
	struct ticket_keys *keys = ticket_keys_new(&rng_os, 3600, 2);
	const int64_t ahead = NOW_MS + (int64_t)365 * 86400 * 1000, hour = 3600 * 1000;
	uint8_t first[TICKET_LEN_MAX], second[TICKET_LEN_MAX], third[TICKET_LEN_MAX];
	size_t len = seal(keys, ahead, first);
	struct session s;

	(void)seal(keys, ahead - hour + 1, second);
	assert_memory_equal(first, second, TICKET_NAME_LEN); /* a little back is nothing */
	(void)seal(keys, NOW_MS, second);
	assert_memory_not_equal(first, second, TICKET_NAME_LEN);
	assert_int_equal(open_alone(keys, NOW_MS, bytes_of(first, len), &s), BJ_OK);
	(void)seal(keys, NOW_MS + hour - 1, third);
	assert_memory_equal(second, third, TICKET_NAME_LEN);
	(void)seal(keys, NOW_MS + hour, third);
	assert_memory_not_equal(second, third, TICKET_NAME_LEN);
	assert_int_equal(open_alone(keys, NOW_MS + 3 * hour, bytes_of(first, len), &s), BJ_ERR_BAD_TICKET);
	ticket_keys_free(keys);
}

static enum bj_err zeros(void *self, uint8_t *out, size_t len)
{
	memset(out, 0, len);
	return BJ_OK;
}

static void a_zero_key_is_never_used(void **state)
{
	const struct bj_rng rng = { zeros, NULL };

	assert_null(ticket_keys_new(&rng, 3600, 2));
}

/* ---- many threads at once */

struct crowd {
	struct ticket_keys *keys;
	struct session_cache *cache;
	atomic_uint failures;
};

/* Seals and opens while time runs and keys rotate under it. */
static void *member(void *arg)
{
	struct crowd *crowd = arg;
	uint8_t ticket[TICKET_LEN_MAX];
	struct session s;

	for (int i = 0; i < 2000; i++) {
		struct writer w = wr_make(ticket, sizeof(ticket));
		struct session made = a_session();
		int64_t now = NOW_MS + i * 1000;

		made.id_len = 32;
		memcpy(made.id, &i, sizeof(i));
		made.made_ms = now;
		if (seal_alone(crowd->keys, now, &made, &w))
			atomic_fetch_add(&crowd->failures, 1);
		/* a thread that slept while the others' time ran on may find its key gone, but never another session */
		else if (open_alone(crowd->keys, now, wr_view(&w), &s) == BJ_OK && s.made_ms != now)
			atomic_fetch_add(&crowd->failures, 1);
		session_cache_put(crowd->cache, now, &made);
		if (session_cache_get(crowd->cache, now, bytes_of(made.id, 32), &s) && s.id_len != 32)
			atomic_fetch_add(&crowd->failures, 1);
	}
	return NULL;
}

static void threads_share_keys_and_cache(void **state)
{
	struct crowd crowd = { ticket_keys_new(&rng_os, 100, 7), session_cache_new(&rng_os, 100, 300), 0 };
	pthread_t threads[4];

	for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, member, &crowd), 0);
	for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&crowd.failures), 0);
	ticket_keys_free(crowd.keys);
	session_cache_free(crowd.cache);
}

/* ---- the cache of ids */

static void the_cache_is_bounded_and_forgets(void **state)
{
	struct session_cache *cache = session_cache_new(&rng_os, 100, 300);
	struct session s = a_session(), out;
	unsigned found = 0;

	s.id_len = 32;
	for (unsigned i = 0; i < 1000; i++) {
		memcpy(s.id, &i, sizeof(i));
		s.made_ms = NOW_MS + i;
		session_cache_put(cache, NOW_MS + i, &s);
	}
	for (unsigned i = 0; i < 1000; i++) {
		memcpy(s.id, &i, sizeof(i));
		found += session_cache_get(cache, NOW_MS + 1000, bytes_of(s.id, 32), &out);
	}
	assert_in_range(found, 50, 128);
	assert_true(session_cache_get(cache, NOW_MS + 1000, bytes_of(s.id, 32), &out));
	assert_false(session_cache_get(cache, NOW_MS + 999 + 300000, bytes_of(s.id, 32), &out));
	session_cache_put(cache, NOW_MS, &s);
	session_cache_drop(cache, bytes_of(s.id, 32));
	assert_false(session_cache_get(cache, NOW_MS, bytes_of(s.id, 32), &out));
	session_cache_free(cache);
}

/* Sessions from a time that the clock came back from are of no use to anybody, and must not stand in the way of new ones. */
static void a_clock_that_is_set_back_leaves_the_cache_as_large_as_it_was(void **state)
{
	struct session_cache *cache = session_cache_new(&rng_os, 64, 300);
	struct session s = a_session(), out;
	unsigned found = 0;

	s.id_len = 32;
	for (unsigned i = 0; i < 1000; i++) {
		memcpy(s.id, &i, sizeof(i));
		s.made_ms = NOW_MS + 86400000;
		session_cache_put(cache, s.made_ms, &s);
	}
	assert_true(session_cache_get(cache, NOW_MS + 86400000 - 1000, bytes_of(s.id, 32), &out));
	assert_false(session_cache_get(cache, NOW_MS, bytes_of(s.id, 32), &out));
	for (unsigned i = 1000; i < 2000; i++) {
		memcpy(s.id, &i, sizeof(i));
		s.made_ms = NOW_MS + i;
		session_cache_put(cache, s.made_ms, &s);
	}
	for (unsigned i = 1000; i < 2000; i++) {
		memcpy(s.id, &i, sizeof(i));
		found += session_cache_get(cache, NOW_MS + 2000, bytes_of(s.id, 32), &out);
	}
	assert_in_range(found, 33, 64); /* a quarter of it, if those stayed */
	session_cache_free(cache);
}

static void a_name_does_not_say_what_the_configuration_is(void **state)
{
	uint8_t a[SESSION_BINDING_LEN], b[SESSION_BINDING_LEN];

	session_binding(client, "wwwquic", a);
	assert_int_equal(bj_tls_config_quic(client, true), BJ_OK);
	session_binding(client, "www", b);
	assert_memory_not_equal(a, b, sizeof(a));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_client_gets_the_tickets_that_it_asks_for),
		T(another_name_is_not_resumed),
		T(a_server_does_not_resume_for_another_name),
		T(a_session_goes_on_with_the_length_of_fragments_that_it_began_with),
		T(an_expired_session_is_not_resumed),
		T(tickets_are_bound_to_policy_context_hash_and_protocol),
		T(a_ticket_of_other_keys_is_a_full_handshake),
		T(without_tickets_nothing_is_resumed),
		T(a_verified_client_stays_verified_no_longer_than_the_first_lifetime),
		T(a_verified_server_stays_verified_no_longer_than_the_first_lifetime),
		T(a_session_ends_with_the_certificate_that_was_judged),
		T(nobody_is_verified_by_a_session_before_he_proved_that_it_is_his),
		T(the_clients_certificate_is_known_again),
		T(a_client_has_no_session_behind_a_fatal_alert),
		T(a_session_that_does_not_fit_itself_is_none),
		T(a_client_that_judges_otherwise_or_is_another_resumes_nothing),
		T(a_damaged_session_is_refused_whatever_byte_it_is),
		T(a_sealed_session_opens_under_its_key_and_whole),
		T(a_session_is_resumed_again_and_again),
		T(a_ticket_that_is_taken_without_a_key_exchange_is_refused),
		T(resumption_survives_a_retry),
		T(a_name_does_not_say_what_the_configuration_is),
		cmocka_unit_test(every_byte_of_a_ticket_matters),
		cmocka_unit_test(a_ticket_of_any_length_is_refused_within_its_buffers),
		cmocka_unit_test(no_two_tickets_are_alike),
		cmocka_unit_test(keys_rotate_and_old_ones_go),
		cmocka_unit_test(a_key_that_slept_too_long_opens_nothing),
		cmocka_unit_test(a_clock_that_is_set_back_keeps_no_key_longer_than_its_time),
		cmocka_unit_test(a_zero_key_is_never_used),
		cmocka_unit_test(the_cache_is_bounded_and_forgets),
		cmocka_unit_test(a_clock_that_is_set_back_leaves_the_cache_as_large_as_it_was),
		cmocka_unit_test(threads_share_keys_and_cache),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
