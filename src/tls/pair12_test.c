/* pair12_test.c - our client and our server shake hands in TLS 1.2 in memory. */
#include "tls/fixture.h"

#include "tls/msg/client_hello.h"
#include "tls/msg/finished.h"
#include "tls/msg/new_session_ticket.h"

static void only_12(struct bj_tls_config *config)
{
	assert_int_equal(bj_tls_config_versions(config, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
}

/* Both for 1.2 only. */
static void configs(enum key_kind kind)
{
	ends_make(kind);
	only_12(client);
	only_12(server);
}

static void configs_free(struct bj_tls_config *a, struct bj_tls_config *b)
{
	bj_tls_config_free(a);
	bj_tls_config_free(b);
}

static void expect_done(void)
{
	ends_expect_done();
	assert_int_equal(report_of(&pair.client).version, BJ_TLS_1_2);
	assert_int_equal(report_of(&pair.server).version, BJ_TLS_1_2);
}

/* ---- full handshakes */

static void every_suite_carries_data_with_a_key_that_fits_it(void **state)
{
	static const struct {
		uint16_t suite;
		enum key_kind kind;
	} rows[] = { { 0xc02b, KEY_P256 }, { 0xc02c, KEY_P384 }, { 0xcca9, KEY_P521 }, { 0xc02b, KEY_ED25519 },
		     { 0xc02f, KEY_RSA },  { 0xc030, KEY_RSA },	 { 0xcca8, KEY_RSA } };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		configs(rows[i].kind);
		assert_int_equal(bj_tls_config_suites(client, &rows[i].suite, 1), BJ_OK);
		ends_shake();
		expect_done();
		pair_echo(&pair);
		pair_echo(&pair);
		assert_int_equal(report_of(&pair.client).suite, rows[i].suite);
		assert_int_equal(report_of(&pair.server).suite, rows[i].suite);
		assert_true(report_of(&pair.client).peer_verified);
		assert_false(report_of(&pair.client).resumed);
		assert_int_equal(report_of(&pair.client).signature_scheme, report_of(&pair.server).signature_scheme);
		ends_teardown(NULL);
	}
}

static void every_group_carries_a_key_exchange(void **state)
{
	static const uint16_t groups[] = { KEX_X25519, KEX_P256, KEX_P384, KEX_P521 };

	for (size_t i = 0; i < ARRAY_COUNT(groups); i++) {
		for (int client_has_13 = 0; client_has_13 <= 1; client_has_13++) { /* its shares may serve */

			ends_make(KEY_RSA);
			if (!client_has_13)
				only_12(client);
			only_12(server);
			assert_int_equal(bj_tls_config_key_shares(client, 3), BJ_OK);
			assert_int_equal(bj_tls_config_groups(server, &groups[i], 1), BJ_OK);
			ends_shake();
			expect_done();
			pair_echo(&pair);
			assert_int_equal(report_of(&pair.client).group, groups[i]);
			assert_int_equal(report_of(&pair.server).group, groups[i]);
			ends_teardown(NULL);
		}
	}
}

static void nothing_common_ends_in_the_error_that_says_what(void **state)
{
	static const uint16_t ecdsa = 0xc02b, p384 = KEX_P384, pss = 0x0804;

	configs(KEY_RSA); /* the only suite wants another key */
	assert_int_equal(bj_tls_config_suites(client, &ecdsa, 1), BJ_OK);
	ends_shake();
	assert_int_equal(pair.server.err, BJ_ERR_NO_COMMON_SIGNATURE);
	assert_int_equal(pair.client.err, BJ_ERR_ALERT_RECEIVED);
	ends_teardown(NULL);

	configs(KEY_P256); /* the key's curve is none of the client's */
	assert_int_equal(bj_tls_config_groups(client, &p384, 1), BJ_OK);
	ends_shake();
	assert_int_equal(pair.server.err, BJ_ERR_NO_COMMON_SIGNATURE);
	ends_teardown(NULL);

	configs(KEY_P256);
	assert_int_equal(bj_tls_config_signature_algorithms(client, &pss, 1), BJ_OK);
	ends_shake();
	assert_int_equal(pair.server.err, BJ_ERR_NO_COMMON_SIGNATURE);
	ends_teardown(NULL);

	configs(KEY_P256);
	assert_int_equal(bj_tls_config_versions(server, BJ_TLS_1_3, BJ_TLS_1_3), BJ_OK);
	ends_shake();
	assert_int_equal(pair.server.err, BJ_ERR_BAD_VERSION);
	assert_int_equal(report_of(&pair.client).alert_received, ALERT_PROTOCOL_VERSION);
	ends_teardown(NULL);
}

static void name_and_protocol_are_agreed_on(void **state)
{
	static const char *const ours[] = { "http/1.1", "h2" }, *const theirs[] = { "h2", "http/1.1" }, *const other[] = { "other" };

	configs(KEY_P256);
	assert_int_equal(bj_tls_config_alpn(client, ours, 2), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(server, theirs, 2), BJ_OK);
	ends_shake();
	expect_done();
	assert_true(bytes_equal(report_of(&pair.client).alpn, BYTES_LIT("h2")));
	assert_true(bytes_equal(report_of(&pair.server).alpn, BYTES_LIT("h2")));
	assert_string_equal(report_of(&pair.server).server_name, PKI_NAME);
	ends_teardown(NULL);

	configs(KEY_P256);
	assert_int_equal(bj_tls_config_alpn(client, ours, 2), BJ_OK);
	assert_int_equal(bj_tls_config_alpn(server, other, 1), BJ_OK);
	ends_shake();
	assert_int_equal(pair.server.err, BJ_ERR_NO_ALPN);
	assert_int_equal(report_of(&pair.client).alert_received, ALERT_NO_APPLICATION_PROTOCOL);
	ends_teardown(NULL);
}

static void a_server_of_another_name_is_refused(void **state)
{
	configs(KEY_P256);
	pair_start(&pair, client, server, "other.example.org");
	pair_shake(&pair);
	assert_int_equal(pair.client.err, BJ_ERR_CERT_NAME);
	assert_int_equal(pair.server.done, 0);
	ends_teardown(NULL);
}

static void feeding_byte_by_byte_changes_nothing(void **state)
{
	for (size_t chunk = 1; chunk < 100; chunk += 31) {
		configs(KEY_RSA);
		assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		pair.chunk = chunk;
		pair_shake(&pair);
		expect_done();
		pair_echo(&pair);
		ends_teardown(NULL);
	}
}

static void both_export_the_same(void **state)
{
	uint8_t a[40], b[40];

	configs(KEY_P256);
	ends_shake();
	expect_done();
	assert_int_equal(bj_tls_export(pair.client.conn, "EXPORTER-test", "ctx", 3, a, sizeof(a)), BJ_OK);
	assert_int_equal(bj_tls_export(pair.server.conn, "EXPORTER-test", "ctx", 3, b, sizeof(b)), BJ_OK);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(bj_tls_export(pair.server.conn, "EXPORTER-test", "ctX", 3, b, sizeof(b)), BJ_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	ends_teardown(NULL);
}

/* ---- client certificates */

static void the_policy_decides_which_clients_come_in(void **state)
{
	static const struct {
		enum bj_tls_client_auth policy;
		enum key_kind kind; /* of the client's key; KEY_NONE: it has none */
		enum bj_err err;
		bool verified;
	} rows[] = {
		{ BJ_TLS_AUTH_NONE, KEY_NONE, BJ_OK, false },	  { BJ_TLS_AUTH_NONE, KEY_P256, BJ_OK, false },
		{ BJ_TLS_AUTH_OPTIONAL, KEY_NONE, BJ_OK, false }, { BJ_TLS_AUTH_OPTIONAL, KEY_P256, BJ_OK, true },
		{ BJ_TLS_AUTH_REQUIRED, KEY_P384, BJ_OK, true },  { BJ_TLS_AUTH_REQUIRED, KEY_RSA, BJ_OK, true },
		{ BJ_TLS_AUTH_REQUIRED, KEY_ED25519, BJ_OK, true }, { BJ_TLS_AUTH_REQUIRED, KEY_NONE, BJ_ERR_CERTIFICATE_REQUIRED, false },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		configs(KEY_P256);
		assert_int_equal(bj_tls_config_client_auth(server, rows[i].policy), BJ_OK);
		if (rows[i].kind) {
			struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, rows[i].kind, NULL);

			assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
			bj_credential_free(own);
		}
		ends_shake();
		assert_int_equal(pair.server.err, rows[i].err);
		if (rows[i].err) {
			assert_int_equal(pair.server.done, 0);
			assert_int_equal(report_of(&pair.client).alert_received, ALERT_HANDSHAKE_FAILURE);
		} else {
			expect_done();
			pair_echo(&pair);
		}
		assert_int_equal(report_of(&pair.server).peer_verified, rows[i].verified);
		assert_int_equal(report_of(&pair.server).client_certificate_asked, rows[i].policy != BJ_TLS_AUTH_NONE);
		ends_teardown(NULL);
	}
}

static void a_client_with_a_servers_certificate_is_refused_even_where_none_is_required(void **state)
{
	struct bj_credential *own = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);

	configs(KEY_P256);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
	assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
	ends_shake();
	assert_int_equal(pair.server.err, BJ_ERR_CERT_PURPOSE);
	assert_int_equal(pair.server.done, 0);
	ends_teardown(NULL);
	bj_credential_free(own);
}

/* ---- resumption */

/* One full handshake; its session is kept. */
static void make_session(struct bj_tls_config *ours, struct bj_tls_config *theirs)
{
	pair_start(&pair, ours, theirs, PKI_NAME);
	pair_shake(&pair);
	expect_done();
	assert_false(report_of(&pair.client).resumed);
	assert_int_equal(pair.client.tickets, 1);
	session_keep();
}

/* Another handshake that offers it; `now_ms` later. */
static bool resumes(struct bj_tls_config *ours, struct bj_tls_config *theirs, const char *name, int64_t later_ms)
{
	bool resumed;

	pair_start(&pair, ours, theirs, name);
	pair.now_ms += later_ms;
	if (bj_tls_resume(pair.client.conn, pair.now_ms, kept, kept_len) != BJ_OK) {
		pair_fini(&pair);
		return false;
	}
	pair_shake(&pair);
	expect_done();
	pair_echo(&pair);
	resumed = report_of(&pair.client).resumed;
	assert_int_equal(report_of(&pair.server).resumed, resumed);
	assert_true(report_of(&pair.client).peer_verified);
	pair_fini(&pair);
	return resumed;
}

static void a_session_is_resumed_by_its_ticket_or_its_id(void **state)
{
	for (int by_id = 0; by_id <= 1; by_id++) {
		configs(KEY_P256);
		if (by_id)
			assert_int_equal(bj_tls_config_tickets(server, 0, 7200, 28800, 2), BJ_OK);
		make_session(client, server);
		assert_true(resumes(client, server, PKI_NAME, 0));
		assert_true(resumes(client, server, PKI_NAME, 1000)); /* and again */
		assert_false(resumes(client, server, PKI_NAME, (int64_t)90000 * 1000));
		ends_teardown(NULL);
	}
}

static void the_servers_lifetimes_end_a_session(void **state)
{
	for (int by_id = 0; by_id <= 1; by_id++) {
		configs(KEY_P256);
		if (by_id)
			assert_int_equal(bj_tls_config_tickets(server, 0, 7200, 28800, 2), BJ_OK);
		else
			assert_int_equal(bj_tls_config_tickets(server, 1, 300, 28800, 2), BJ_OK);
		assert_int_equal(bj_tls_config_session_cache(server, 64, 300), BJ_OK);
		make_session(client, server);
		assert_true(resumes(client, server, PKI_NAME, 299000));
		assert_false(resumes(client, server, PKI_NAME, 300000));
		ends_teardown(NULL);
	}
}

/* rfc5246:7.2.2 */
static void a_session_by_id_ends_with_a_fatal_alert_and_with_nothing_else(void **state)
{
	static const struct {
		const char *why;
		bool from_server, closes, survives;
		const char *record;
		size_t len;
	} rows[] = {
		{ "what the client sent was damaged", false, false, false, "\x17\x03\x03\x00\x18" "0123456789abcdef01234567", 29 },
		{ "what the server sent was damaged", true, false, false, "\x17\x03\x03\x00\x18" "0123456789abcdef01234567", 29 },
		{ "the end of the stream, cut or not", false, true, true, NULL, 0 },
		{ "nothing", false, false, true, NULL, 0 },
	};

	for (size_t i = 0; i < 2 * ARRAY_COUNT(rows); i++) {
		bool again = i % 2; /* on a connection that was itself resumed */
		struct side *to;

		configs(KEY_P256);
		assert_int_equal(bj_tls_config_tickets(server, 0, 7200, 28800, 2), BJ_OK);
		make_session(client, server);
		pair_start(&pair, client, server, PKI_NAME);
		if (again)
			assert_int_equal(bj_tls_resume(pair.client.conn, pair.now_ms, kept, kept_len), BJ_OK);
		pair_shake(&pair);
		assert_int_equal(report_of(&pair.server).resumed, again);
		if (!again) {
			struct bj_bytes own = bj_tls_session(pair.client.conn);

			memcpy(kept, own.ptr, own.len);
			kept_len = own.len;
		}
		to = rows[i / 2].from_server ? &pair.client : &pair.server;
		if (rows[i / 2].record) {
			memcpy(to->wire, rows[i / 2].record, rows[i / 2].len);
			to->wire_len = rows[i / 2].len;
			pair_run(&pair);
			assert_true(pair.client.err && pair.server.err);
		}
		if (rows[i / 2].closes)
			assert_int_equal(bj_tls_eof(pair.server.conn), BJ_ERR_TRUNCATED);
		pair_fini(&pair);
		if (resumes(client, server, PKI_NAME, 0) != rows[i / 2].survives)
			fail_msg("%s", rows[i / 2].why);
		ends_teardown(NULL);
	}
}

/* Who only knows the id cannot end the session. */
static void a_session_survives_a_handshake_that_failed_before_it_was_proven(void **state)
{
	configs(KEY_P256);
	assert_int_equal(bj_tls_config_tickets(server, 0, 7200, 28800, 2), BJ_OK);
	make_session(client, server);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, pair.now_ms, kept, kept_len), BJ_OK);
	assert_int_equal(bj_tls_start(pair.client.conn, pair.now_ms), BJ_OK);
	side_carry(&pair, &pair.client, &pair.server);
	side_feed(&pair, &pair.server);
	memcpy(pair.server.wire, "\x15\x03\x03\x00\x02\x02\x28", 7);
	pair.server.wire_len = 7;
	side_feed(&pair, &pair.server);
	assert_int_equal(pair.server.err, BJ_ERR_ALERT_RECEIVED);
	pair_fini(&pair);
	assert_true(resumes(client, server, PKI_NAME, 0));
	ends_teardown(NULL);
}

/* A client that resumes by a ticket may name any id beside it: the server repeats it and thinks nothing of it. rfc5077:3.4 */
static void nobody_ends_a_session_by_saying_its_id_beside_a_ticket_of_his_own(void **state)
{
	struct bj_tls_config *other;
	struct session s, mine;
	uint8_t *blob;
	size_t len;

	configs(KEY_P256);
	other = pki_client_config(&pki);
	only_12(other);
	make_session(client, server); /* with a ticket */
	assert_int_equal(session_load(bytes_of(kept, kept_len), &mine), BJ_OK);
	assert_int_equal(bj_tls_config_tickets(other, 0, 0, 0, 0), BJ_OK);
	make_session(other, server); /* without, so by its id */
	assert_int_equal(session_load(bytes_of(kept, kept_len), &s), BJ_OK);
	assert_int_equal(s.id_len, sizeof(s.id));
	memcpy(mine.id, s.id, sizeof(mine.id));
	mine.id_len = s.id_len;
	assert_int_equal(session_save(&mine, &blob, &len), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, pair.now_ms, blob, len), BJ_OK);
	pair_shake(&pair);
	expect_done();
	assert_true(report_of(&pair.server).resumed);
	bj_tls_abort(pair.client.conn, BJ_ERR_ACCESS_DENIED);
	pair_run(&pair);
	assert_int_equal(pair.server.err, BJ_ERR_ALERT_RECEIVED);
	pair_fini(&pair);
	assert_true(resumes(other, server, PKI_NAME, 0));
	free(blob);
	session_fini(&mine);
	session_fini(&s);
	bj_tls_config_free(other);
	ends_teardown(NULL);
}

static void without_tickets_and_cache_nothing_is_resumed(void **state)
{
	configs(KEY_P256);
	assert_int_equal(bj_tls_config_tickets(server, 0, 7200, 28800, 2), BJ_OK);
	assert_int_equal(bj_tls_config_session_cache(server, 0, 300), BJ_OK);
	ends_shake();
	expect_done();
	assert_int_equal(pair.client.tickets, 0);
	assert_int_equal(bj_tls_session(pair.client.conn).len, 0);
	ends_teardown(NULL);
}

static void a_session_goes_on_only_where_it_fits(void **state)
{
	static const char *const h2[] = { "h2" };
	static const uint16_t other_suite = 0xc02c;

	for (int by_id = 0; by_id <= 1; by_id++) {
		struct bj_tls_config *client2, *server2;

		/* another server's keys and cache */
		configs(KEY_P256);
		if (by_id)
			assert_int_equal(bj_tls_config_tickets(server, 0, 7200, 28800, 2), BJ_OK);
		make_session(client, server);
		server2 = pki_server_config(&pki, KEY_P256);
		only_12(server2);
		assert_false(resumes(client, server2, PKI_NAME, 0));
		/* a client that no longer has the suite */
		client2 = pki_client_config(&pki);
		only_12(client2);
		assert_int_equal(bj_tls_config_suites(client2, &other_suite, 1), BJ_OK);
		assert_false(resumes(client2, server, PKI_NAME, 0));
		configs_free(client2, server2);
		/* another protocol now */
		client2 = pki_client_config(&pki);
		only_12(client2);
		assert_int_equal(bj_tls_config_alpn(client2, h2, 1), BJ_OK);
		server2 = pki_server_config(&pki, KEY_P256);
		only_12(server2);
		assert_int_equal(bj_tls_config_alpn(server2, h2, 1), BJ_OK);
		if (by_id)
			assert_int_equal(bj_tls_config_tickets(server2, 0, 7200, 28800, 2), BJ_OK);
		make_session(client, server2);
		assert_true(resumes(client, server2, PKI_NAME, 0));
		assert_false(resumes(client2, server2, PKI_NAME, 0));
		configs_free(client2, server2);
		/* another name is refused by the client itself */
		assert_false(resumes(client, server, "other.example.com", 0));
		ends_teardown(NULL);
	}
}

static void a_changed_ticket_gives_a_full_handshake(void **state)
{
	struct session s;
	uint8_t *blob;
	size_t len;

	configs(KEY_P256);
	make_session(client, server);
	assert_int_equal(session_load(bytes_of(kept, kept_len), &s), BJ_OK);
	for (size_t i = 0; i < s.ticket_len; i += 5) {
		s.ticket[i] ^= 0x40;
		assert_int_equal(session_save(&s, &blob, &len), BJ_OK);
		memcpy(kept, blob, len);
		kept_len = len;
		wipe(blob, len);
		free(blob);
		assert_false(resumes(client, server, PKI_NAME, 0));
		s.ticket[i] ^= 0x40;
	}
	session_fini(&s);
	ends_teardown(NULL);
}

static void wire_record(struct side *to, struct record_keys *keys, enum record_type type, struct bj_bytes piece)
{
	size_t len;

	assert_int_equal(record_seal(keys, type, VERSION_1_2, &piece, 1, to->wire + to->wire_len, WIRE_CAP - to->wire_len, &len), BJ_OK);
	to->wire_len += len;
	side_feed(&pair, to);
	assert_int_equal(to->err, BJ_OK);
}

/* A server that resumes what is kept and gives a new ticket for it, which ours never does. */
static void resume_with_a_new_ticket(int64_t later_ms, uint32_t hint_s)
{
	uint8_t random[RANDOM_LEN] = "0123456789abcdef0123456789abcdef", bytes[512], hash[HASH_MAX], verify_data[KEYS12_VERIFY_LEN];
	struct server_hello hello = { .legacy_version = VERSION_1_2, .version = VERSION_1_2, .random = bytes_of(random, RANDOM_LEN),
				      .has = EXT_BIT(EXT_RENEGOTIATION_INFO) | EXT_BIT(EXT_EXTENDED_MASTER_SECRET) | EXT_BIT(EXT_SESSION_TICKET) };
	const struct new_session_ticket12 ticket = { hint_s, BYTES_LIT("another ticket") };
	struct record_keys plain = { 0 }, from_client = { 0 }, from_server = { 0 };
	struct writer w = wr_make(bytes, sizeof(bytes));
	const struct suite *suite;
	struct handshake *hs;
	struct session s;

	assert_int_equal(session_load(bytes_of(kept, kept_len), &s), BJ_OK);
	suite = suite_find(s.suite);
	pair_start(&pair, client, server, PKI_NAME);
	pair.now_ms += later_ms;
	assert_int_equal(bj_tls_resume(pair.client.conn, pair.now_ms, kept, kept_len), BJ_OK);
	assert_int_equal(bj_tls_start(pair.client.conn, pair.now_ms), BJ_OK);
	hs = pair.client.conn->hs;
	hello.suite = s.suite;
	hello.session_id = bytes_of(hs->session_id, hs->session_id_len);
	server_hello_write(&w, &hello);
	new_session_ticket12_write(&w, &ticket);
	wire_record(&pair.client, &plain, RECORD_HANDSHAKE, wr_view(&w));
	wire_record(&pair.client, &plain, RECORD_CCS, BYTES_LIT("\x01"));
	assert_int_equal(keys12_traffic(suite, &s.secret, hs->client_random, random, &from_client, &from_server), BJ_OK);
	keys12_finished((enum hash_alg)suite->hash, &s.secret, false, bytes_of(hash, transcript_peek(&hs->transcript, hash)), verify_data);
	w = wr_make(bytes, sizeof(bytes));
	finished_write(&w, bytes_of(verify_data, sizeof(verify_data)));
	wire_record(&pair.client, &from_server, RECORD_HANDSHAKE, wr_view(&w));
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.client.tickets, 1);
	record_keys_fini(&from_client);
	record_keys_fini(&from_server);
	session_fini(&s);
}

/* rfc5077:3.3 */
static void a_new_ticket_makes_no_session_younger_and_may_end_it_sooner(void **state)
{
	static const struct { uint32_t hint_s, lifetime_s; } rows[] = {
		{ 0, 7200 }, { 86400, 7200 }, { 6200, 7200 }, { 6199, 7199 }, { 60, 1060 }, { 1, 1001 }, { UINT32_MAX, 7200 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bj_bytes renewed;
		struct session s;

		configs(KEY_P256);
		make_session(client, server);
		resume_with_a_new_ticket(1000000, rows[i].hint_s);
		renewed = bj_tls_session(pair.client.conn);
		assert_int_equal(session_load(renewed, &s), BJ_OK);
		assert_int_equal(s.made_ms, NOW_MS);
		assert_int_equal(s.lifetime_s, rows[i].lifetime_s);
		assert_true(bytes_equal(bytes_of(s.ticket, s.ticket_len), BYTES_LIT("another ticket")));
		session_fini(&s);
		ends_teardown(NULL);
	}
}

static void a_verified_client_stays_verified_and_an_unverified_one_unverified(void **state)
{
	for (int by_id = 0; by_id <= 1; by_id++) {
		for (int has = 0; has <= 1; has++) {
			configs(KEY_P256);
			if (by_id)
				assert_int_equal(bj_tls_config_tickets(server, 0, 7200, 28800, 2), BJ_OK);
			assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
			if (has) {
				struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);

				assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
				bj_credential_free(own);
			}
			make_session(client, server);
			pair_start(&pair, client, server, PKI_NAME);
			assert_int_equal(bj_tls_resume(pair.client.conn, pair.now_ms, kept, kept_len), BJ_OK);
			pair_shake(&pair);
			expect_done();
			assert_true(report_of(&pair.server).resumed);
			assert_int_equal(report_of(&pair.server).peer_verified, has);
			ends_teardown(NULL);
		}
	}
}

/* ---- somebody in the middle */

struct change {
	bool to_server;
	bool done;
	struct bj_bytes from; /* found in what passes ... */
	const char *to;	      /* ... and replaced, once, by as many bytes */
	struct change *next;
};

static void change_one(struct change *c, bool to_server, uint8_t *bytes, size_t len)
{
	if (to_server != c->to_server || c->done)
		return;
	for (size_t i = 0; i + c->from.len <= len && !c->done; i++) {
		if (memcmp(bytes + i, c->from.ptr, c->from.len) == 0) {
			memcpy(bytes + i, c->to, c->from.len);
			c->done = true;
		}
	}
}

static void change_tap(void *self, bool to_server, uint8_t *bytes, size_t len)
{
	for (struct change *c = (struct change *)self; c; c = c->next)
		change_one(c, to_server, bytes, len);
}

static void shake_changed(struct change c)
{
	pair.tap = change_tap;
	pair.tap_self = &c;
	pair_shake(&pair);
	assert_true(c.done);
	assert_true(pair.client.done == 0 || pair.server.done == 0);
}

/* Extensions in a hello: type and length. */
#define EMS_EMPTY BYTES_LIT("\x00\x17\x00\x00")
#define RENEGOTIATION BYTES_LIT("\xff\x01\x00\x01\x00")
#define VERSIONS_BOTH BYTES_LIT("\x00\x2b\x00\x05\x04\x03\x04\x03\x03")

/* Makes the client one that knows nothing of extended master secret: in its hello, in its transcript, and in what it remembers. */
static void shake_unbound(void)
{
	struct change in_hello = { true, false, EMS_EMPTY, "\x7a\x7a\x00\x00", NULL }, in_transcript = in_hello;
	struct transcript *transcript;

	assert_int_equal(bj_tls_start(pair.client.conn, pair.now_ms), BJ_OK);
	transcript = &pair.client.conn->hs->transcript;
	change_one(&in_transcript, true, transcript->kept, transcript->kept_len);
	pair.client.conn->hs->offered &= ~EXT_BIT(EXT_EXTENDED_MASTER_SECRET);
	pair.tap = change_tap;
	pair.tap_self = &in_hello;
	pair_run(&pair);
	pair.tap = NULL;
	assert_true(in_transcript.done && in_hello.done);
}

/* rfc7627:5.2 rfc7627:5.3 rfc7627:5.4 */
static void without_extended_master_secret_there_is_one_connection_and_nothing_follows_it(void **state)
{
	for (int by_id = 0; by_id <= 1; by_id++) {
		uint8_t out[32] = { 0 }, zero[32] = { 0 };

		configs(KEY_P256);
		if (by_id)
			assert_int_equal(bj_tls_config_tickets(server, 0, 7200, 28800, 2), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		shake_unbound();
		expect_done();
		pair_echo(&pair);
		assert_false(report_of(&pair.client).extended_master_secret);
		assert_false(report_of(&pair.server).extended_master_secret);
		assert_int_equal(pair.client.tickets, 0);
		assert_int_equal(bj_tls_session(pair.client.conn).len, 0);
		assert_int_equal(bj_tls_export(pair.client.conn, "EXPORTER-test", NULL, 0, out, sizeof(out)), BJ_ERR_NO_EXTENDED_MASTER_SECRET);
		assert_int_equal(bj_tls_export(pair.server.conn, "EXPORTER-test", NULL, 0, out, sizeof(out)), BJ_ERR_NO_EXTENDED_MASTER_SECRET);
		assert_memory_equal(out, zero, sizeof(out));
		pair_echo(&pair); /* that was no failure of the connection */
		ends_teardown(NULL);
	}
}

static void a_session_is_never_resumed_without_extended_master_secret(void **state)
{
	for (int by_id = 0; by_id <= 1; by_id++) {
		configs(KEY_P256);
		if (by_id)
			assert_int_equal(bj_tls_config_tickets(server, 0, 7200, 28800, 2), BJ_OK);
		make_session(client, server);
		pair_start(&pair, client, server, PKI_NAME);
		assert_int_equal(bj_tls_resume(pair.client.conn, pair.now_ms, kept, kept_len), BJ_OK);
		shake_unbound();
		assert_int_equal(pair.server.err, BJ_ERR_NO_EXTENDED_MASTER_SECRET);
		assert_int_equal(report_of(&pair.client).alert_received, ALERT_HANDSHAKE_FAILURE);
		ends_teardown(NULL);
	}
}

static void a_client_does_not_resume_where_the_answer_lacks_extended_master_secret(void **state)
{
	configs(KEY_P256);
	make_session(client, server);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, pair.now_ms, kept, kept_len), BJ_OK);
	/* a ticket instead, which was offered and is an answer without a value too */
	shake_changed((struct change){ false, false, EMS_EMPTY, "\x00\x23\x00\x00" });
	assert_int_equal(pair.client.err, BJ_ERR_NO_EXTENDED_MASTER_SECRET);
	ends_teardown(NULL);
}

static void nobody_can_take_extended_master_secret_out_of_a_handshake(void **state)
{
	configs(KEY_P256);
	pair_start(&pair, client, server, PKI_NAME);
	shake_changed((struct change){ true, false, EMS_EMPTY, "\x7a\x7a\x00\x00" });
	assert_true(pair.server.err != BJ_OK);
	ends_teardown(NULL);
}

#define GOOD_HAS (EXT_BIT(EXT_EXTENDED_MASTER_SECRET) | EXT_BIT(EXT_RENEGOTIATION_INFO))

/* ServerHellos that a server of ours never sends. The client offers both versions unless `only_12`. */
static const struct {
	const char *why;
	uint32_t has;
	uint16_t version, suite;
	bool echo_id, sentinel, only_12;
	enum bj_err err;
} hellos[] = {
	{ "good", GOOD_HAS, VERSION_1_2, 0xc02b, false, false, false, BJ_OK },
	{ "good for 1.2", GOOD_HAS, VERSION_1_2, 0xc02b, false, false, true, BJ_OK },
	{ "no extended master secret", EXT_BIT(EXT_RENEGOTIATION_INFO), VERSION_1_2, 0xc02b, false, false, false, BJ_OK },
	{ "no renegotiation_info", EXT_BIT(EXT_EXTENDED_MASTER_SECRET), VERSION_1_2, 0xc02b, false, false, false,
	  BJ_ERR_RENEGOTIATION_INFO },
	{ "the id that was for middleboxes", GOOD_HAS, VERSION_1_2, 0xc02b, true, false, false, BJ_ERR_ILLEGAL_PARAMETER },
	{ "a suite of 1.3", GOOD_HAS, VERSION_1_2, 0x1301, false, false, false, BJ_ERR_ILLEGAL_PARAMETER },
	{ "a suite that was not offered", GOOD_HAS, VERSION_1_2, 0xc013, false, false, false, BJ_ERR_ILLEGAL_PARAMETER },
	{ "GREASE as a suite", GOOD_HAS, VERSION_1_2, 0x2a2a, false, false, false, BJ_ERR_ILLEGAL_PARAMETER },
	{ "version 1.1", GOOD_HAS, VERSION_1_1, 0xc02b, false, false, false, BJ_ERR_BAD_VERSION },
	{ "the sentinel, where 1.3 was offered", GOOD_HAS, VERSION_1_2, 0xc02b, false, true, false, BJ_ERR_DOWNGRADE },
	{ "the sentinel, where it was not", GOOD_HAS, VERSION_1_2, 0xc02b, false, true, true, BJ_OK },
	{ "an answer to nothing", GOOD_HAS | EXT_BIT(EXT_RECORD_SIZE_LIMIT), VERSION_1_2, 0xc02b, false, false, false,
	  BJ_ERR_UNSUPPORTED_EXTENSION },
};

static void a_client_takes_no_server_hello_that_is_not_an_answer_to_its_own(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(hellos); i++) {
		uint8_t random[RANDOM_LEN] = "0123456789abcdef0123456789abcdef", id[32], message[256];
		struct writer w = wr_make(message, sizeof(message));
		struct server_hello hello = { .legacy_version = hellos[i].version, .version = hellos[i].version,
					      .random = bytes_of(random, RANDOM_LEN), .suite = hellos[i].suite,
					      .has = hellos[i].has, .record_size_limit = 4096 };
		struct record_keys plain = { 0 };
		struct bj_bytes whole;

		ends_setup(NULL);
		if (hellos[i].only_12)
			only_12(client);
		pair_start(&pair, client, server, PKI_NAME);
		assert_int_equal(bj_tls_start(pair.client.conn, pair.now_ms), BJ_OK);
		if (hellos[i].sentinel)
			server_random_mark_1_2(random);
		if (hellos[i].echo_id) {
			memcpy(id, pair.client.conn->hs->session_id, sizeof(id));
			hello.session_id = bytes_of(id, sizeof(id));
		}
		server_hello_write(&w, &hello);
		whole = wr_view(&w);
		assert_int_equal(record_seal(&plain, RECORD_HANDSHAKE, VERSION_1_2, &whole, 1, pair.client.wire, WIRE_CAP, &pair.client.wire_len),
				 BJ_OK);
		side_feed(&pair, &pair.client);
		if (pair.client.err != hellos[i].err)
			fail_msg("%s: %s", hellos[i].why, bj_err_name(pair.client.err));
		ends_teardown(NULL);
	}
}

/* rfc5746:3.6: the server's answer then says nothing of it either, which our own client does not take. */
static void a_server_lets_in_a_client_that_knows_nothing_of_secure_renegotiation(void **state)
{
	configs(KEY_P256);
	pair_start(&pair, client, server, PKI_NAME);
	shake_changed((struct change){ true, false, RENEGOTIATION, "\x7a\x7a\x00\x01\x00" });
	assert_int_equal(pair.client.err, BJ_ERR_RENEGOTIATION_INFO);
	ends_teardown(NULL);
}

static void the_signal_among_the_suites_will_do_too(void **state)
{
	static const uint16_t suites[] = { 0xc02b, 0xc02f };
	struct change extension = { true, false, RENEGOTIATION, "\x7a\x7a\x00\x01\x00", NULL };
	struct change c = { true, false, BYTES_LIT("\xc0\x2f\x01\x00"), "\x00\xff\x01\x00", &extension };

	configs(KEY_P256);
	assert_int_equal(bj_tls_config_suites(client, suites, 2), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair.tap = change_tap;
	pair.tap_self = &c;
	pair_shake(&pair); /* the hashes no longer agree; but the server had gone on to its flight */
	assert_true(c.done && extension.done);
	assert_int_not_equal(pair.server.err, BJ_ERR_RENEGOTIATION_INFO);
	assert_true(report_of(&pair.server).signature_scheme != 0);
	ends_teardown(NULL);
}

static void a_client_that_could_do_1_3_sees_that_it_was_lowered(void **state)
{
	ends_setup(NULL);
	pair_start(&pair, client, server, PKI_NAME);
	shake_changed((struct change){ true, false, VERSIONS_BOTH, "\x7a\x7a\x00\x05\x04\x03\x04\x03\x03" });
	assert_int_equal(pair.client.err, BJ_ERR_DOWNGRADE);
	assert_int_equal(report_of(&pair.server).alert_received, ALERT_ILLEGAL_PARAMETER);
	ends_teardown(NULL);
}

static void a_1_2_server_answers_a_client_of_both_without_the_sentinel(void **state)
{
	ends_setup(NULL);
	only_12(server);
	ends_shake();
	expect_done();
	pair_echo(&pair);
	ends_teardown(NULL);
}

static void a_fallback_that_was_not_needed_is_refused(void **state)
{
	ends_setup(NULL);
	only_12(client);
	pair_start(&pair, client, server, PKI_NAME);
	shake_changed((struct change){ true, false, BYTES_LIT("\xcc\xa8"), "\x56\x00" });
	assert_int_equal(pair.server.err, BJ_ERR_INAPPROPRIATE_FALLBACK);
	assert_int_equal(report_of(&pair.client).alert_received, ALERT_INAPPROPRIATE_FALLBACK);
	ends_teardown(NULL);
}

/* Flips one bit of the n-th byte that passes. */
struct flip {
	size_t at, seen;
	bool done, in_version;
};

/* Is it the lower half of the version in a record's header? No side looks at that before there are keys, nor is it hashed. */
static bool is_record_version(const uint8_t *bytes, size_t len, size_t at)
{
	for (size_t i = 0; i + RECORD_HEADER_LEN <= len; i += RECORD_HEADER_LEN + (size_t)(bytes[i + 3] << 8 | bytes[i + 4]))
		if (at == i + 2)
			return true;
	return false;
}

static void flip_tap(void *self, bool to_server, uint8_t *bytes, size_t len)
{
	struct flip *f = (struct flip *)self;

	if (!f->done && f->at < f->seen + len) {
		f->in_version = is_record_version(bytes, len, f->at - f->seen);
		bytes[f->at - f->seen] ^= 0x01;
		f->done = true;
	}
	f->seen += len;
}

static void no_flipped_bit_goes_through(void **state)
{
	struct flip f = { 0 };

	configs(KEY_P256);
	for (size_t at = 0;; at += 3) {
		f = (struct flip){ .at = at };
		pair_start(&pair, client, server, PKI_NAME);
		pair.tap = flip_tap;
		pair.tap_self = &f;
		pair_shake(&pair);
		if (f.done && pair.client.done && pair.server.done)
			assert_true(f.in_version);
		pair_fini(&pair);
		if (!f.done)
			break;
	}
	assert_true(f.at > 1500);
	ends_teardown(NULL);
}

/* ---- change_cipher_spec, renegotiation, order */

static const uint8_t ccs_record[] = { RECORD_CCS, 3, 3, 0, 1, 1 };

/* Puts the record before everything that passes as the n-th piece. */
struct inject {
	unsigned nth, seen;
	bool to_server, done;
};

static void inject_step(struct side *from, struct side *to, struct inject *in, bool to_server)
{
	if (bj_tls_pending(from->conn) == 0 || in->to_server != to_server)
		return;
	if (in->seen++ == in->nth) {
		memcpy(to->wire + to->wire_len, ccs_record, sizeof(ccs_record));
		to->wire_len += sizeof(ccs_record);
		in->done = true;
	}
}

static void a_ccs_before_its_time_is_refused_at_every_flight(void **state)
{
	unsigned injected = 0;

	for (int to_server = 0; to_server <= 1; to_server++) {
		for (unsigned nth = 0; nth < 2; nth++) {
			struct inject in = { .nth = nth, .to_server = to_server };
			bool moved = true;

			configs(KEY_P256);
			pair_start(&pair, client, server, PKI_NAME);
			assert_int_equal(bj_tls_start(pair.client.conn, pair.now_ms), BJ_OK);
			for (unsigned rounds = 0; moved && rounds < 20; rounds++) {
				inject_step(&pair.client, &pair.server, &in, true);
				moved = side_carry(&pair, &pair.client, &pair.server);
				side_feed(&pair, &pair.server);
				inject_step(&pair.server, &pair.client, &in, false);
				moved |= side_carry(&pair, &pair.server, &pair.client);
				side_feed(&pair, &pair.client);
			}
			if (in.done) {
				injected++;
				/* a client that has no version yet passes over one, as 1.3 wants */
				if (!(to_server == 0 && nth == 0))
					assert_true(pair.client.done == 0 || pair.server.done == 0);
			}
			ends_teardown(NULL);
		}
	}
	assert_int_equal(injected, 4);
}

/* Seals a record of the test's own with the keys of an open connection. */
static void send_raw(struct side *from, struct side *to, enum record_type type, const void *bytes, size_t len)
{
	struct bj_bytes in = bytes_of(bytes, len);
	size_t out_len;

	assert_int_equal(record_seal(&from->conn->wr, type, VERSION_1_2, &in, 1, to->wire + to->wire_len, WIRE_CAP - to->wire_len, &out_len),
			 BJ_OK);
	to->wire_len += out_len;
	side_feed(&pair, to);
}

static void an_open_connection_never_begins_another_handshake(void **state)
{
	static const struct {
		const char *why;
		bool to_server;
		enum record_type type;
		const char *bytes;
		size_t len;
		enum bj_err err;
	} rows[] = {
		{ "a ClientHello", true, RECORD_HANDSHAKE, "\x01\0\0\x01\0", 5, BJ_ERR_RENEGOTIATION },
		{ "a HelloRequest", false, RECORD_HANDSHAKE, "\0\0\0\0", 4, BJ_ERR_RENEGOTIATION },
		{ "a HelloRequest with a body", false, RECORD_HANDSHAKE, "\0\0\0\x01x", 5, BJ_ERR_DECODE },
		{ "a HelloRequest of a client", true, RECORD_HANDSHAKE, "\0\0\0\0", 4, BJ_ERR_UNEXPECTED_MESSAGE },
		{ "a Finished", true, RECORD_HANDSHAKE, "\x14\0\0\0", 4, BJ_ERR_UNEXPECTED_MESSAGE },
		{ "a KeyUpdate", false, RECORD_HANDSHAKE, "\x18\0\0\x01\0", 5, BJ_ERR_UNEXPECTED_MESSAGE },
		{ "a ticket", false, RECORD_HANDSHAKE, "\x04\0\0\x06\0\0\0\0\0\0", 10, BJ_ERR_UNEXPECTED_MESSAGE },
		{ "a change_cipher_spec", true, RECORD_CCS, "\x01", 1, BJ_ERR_UNEXPECTED_MESSAGE },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct side *to;

		configs(KEY_P256);
		ends_shake();
		expect_done();
		to = rows[i].to_server ? &pair.server : &pair.client;
		send_raw(rows[i].to_server ? &pair.client : &pair.server, to, rows[i].type, rows[i].bytes, rows[i].len);
		if (to->err != rows[i].err)
			fail_msg("%s: %s", rows[i].why, bj_err_name(to->err));
		ends_teardown(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_suite_carries_data_with_a_key_that_fits_it),
		cmocka_unit_test(every_group_carries_a_key_exchange),
		cmocka_unit_test(nothing_common_ends_in_the_error_that_says_what),
		cmocka_unit_test(name_and_protocol_are_agreed_on),
		cmocka_unit_test(a_server_of_another_name_is_refused),
		cmocka_unit_test(feeding_byte_by_byte_changes_nothing),
		cmocka_unit_test(both_export_the_same),
		cmocka_unit_test(the_policy_decides_which_clients_come_in),
		cmocka_unit_test(a_client_with_a_servers_certificate_is_refused_even_where_none_is_required),
		cmocka_unit_test(a_session_is_resumed_by_its_ticket_or_its_id),
		cmocka_unit_test(the_servers_lifetimes_end_a_session),
		cmocka_unit_test(a_session_by_id_ends_with_a_fatal_alert_and_with_nothing_else),
		cmocka_unit_test(a_session_survives_a_handshake_that_failed_before_it_was_proven),
		cmocka_unit_test(nobody_ends_a_session_by_saying_its_id_beside_a_ticket_of_his_own),
		cmocka_unit_test(without_tickets_and_cache_nothing_is_resumed),
		cmocka_unit_test(a_session_goes_on_only_where_it_fits),
		cmocka_unit_test(a_changed_ticket_gives_a_full_handshake),
		cmocka_unit_test(a_new_ticket_makes_no_session_younger_and_may_end_it_sooner),
		cmocka_unit_test(a_verified_client_stays_verified_and_an_unverified_one_unverified),
		cmocka_unit_test(without_extended_master_secret_there_is_one_connection_and_nothing_follows_it),
		cmocka_unit_test(a_session_is_never_resumed_without_extended_master_secret),
		cmocka_unit_test(a_client_does_not_resume_where_the_answer_lacks_extended_master_secret),
		cmocka_unit_test(nobody_can_take_extended_master_secret_out_of_a_handshake),
		cmocka_unit_test(a_client_takes_no_server_hello_that_is_not_an_answer_to_its_own),
		cmocka_unit_test(a_server_lets_in_a_client_that_knows_nothing_of_secure_renegotiation),
		cmocka_unit_test(the_signal_among_the_suites_will_do_too),
		cmocka_unit_test(a_client_that_could_do_1_3_sees_that_it_was_lowered),
		cmocka_unit_test(a_1_2_server_answers_a_client_of_both_without_the_sentinel),
		cmocka_unit_test(a_fallback_that_was_not_needed_is_refused),
		cmocka_unit_test(no_flipped_bit_goes_through),
		cmocka_unit_test(a_ccs_before_its_time_is_refused_at_every_flight),
		cmocka_unit_test(an_open_connection_never_begins_another_handshake),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
