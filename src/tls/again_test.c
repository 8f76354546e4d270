/* again_test.c - who resumes a session is judged again, by what holds now: before early data goes out, or when the handshake ends. */
#include "support/scarce.h"
#include "tls/fixture.h"

static uint8_t blob[SESSION_BLOB_MAX];
static size_t blob_len;
static unsigned asked;
static const uint8_t staple[] = "what was stapled", request[] = "GET /";

static int setup(void **state)
{
	ends_setup(state);
	assert_int_equal(bj_tls_config_judge_resumed(client, true), BJ_OK);
	asked = 0;
	return 0;
}

static const enum bj_tls_version versions[] = { BJ_TLS_1_2, BJ_TLS_1_3 };

static void setup_version(enum bj_tls_version version)
{
	ends_teardown(NULL);
	setup(NULL);
	assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
}

static void session_take(void)
{
	struct bj_bytes session = bj_tls_session(pair.client.conn);

	assert_true(session.len > 0 && session.len <= sizeof(blob));
	memcpy(blob, session.ptr, session.len);
	blob_len = session.len;
}

/* Answers what the client is asked until nobody moves. */
static void run(enum bj_err answer)
{
	for (unsigned rounds = 0; rounds < 10; rounds++) {
		const struct bj_verdict verdict = { .err = answer, .index = -1, .rule = "" };

		pair_run(&pair);
		if (bj_tls_question(pair.client.conn) != BJ_TLS_Q_VERIFY)
			return;
		asked++;
		assert_true(report_of(&pair.client).peer_chain_count == 2);
		assert_int_equal(bj_tls_answer_verify(pair.client.conn, &verdict), BJ_OK);
		side_feed(&pair, &pair.client);
	}
}

static void first(void)
{
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	run(BJ_OK);
	assert_int_equal(pair.client.done, 1);
	session_take();
	pair_fini(&pair);
	asked = 0;
}

static void again_from(enum bj_err answer)
{
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, blob, blob_len), BJ_OK);
	pair.client.err = bj_tls_start(pair.client.conn, NOW_MS);
	if (!pair.client.err)
		run(answer);
}

static void expect_resumed(void)
{
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.server.done, 1);
	assert_true(report_of(&pair.client).resumed);
	assert_true(report_of(&pair.client).peer_verified);
	pair_echo(&pair);
}

/* The same client after a change of its anchors. */
static void client_trusts(struct bj_trust *trust, enum bj_tls_version version)
{
	bj_tls_config_free(client);
	client = bj_tls_config_new(BJ_TLS_CLIENT);
	assert_int_equal(bj_tls_config_trust(client, trust), BJ_OK);
	assert_int_equal(bj_tls_config_judge_resumed(client, true), BJ_OK);
	assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
}

static void a_server_whose_anchor_is_gone_is_refused(void **state)
{
	struct pki other;

	pki_make(&other);
	for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
		setup_version(versions[i]);
		first();
		client_trusts(other.trust, versions[i]);
		again_from(BJ_OK);
		assert_int_equal(pair.client.err, BJ_ERR_CERT_UNKNOWN_CA);
		assert_int_equal(pair.client.done, 0);
		assert_int_equal(report_of(&pair.client).verdict->err, BJ_ERR_CERT_UNKNOWN_CA);
		assert_false(report_of(&pair.client).peer_verified);
		assert_int_equal(report_of(&pair.server).alert_received, report_of(&pair.client).alert_sent);
	}
	pki_fini(&other);
}

static void a_server_that_the_owner_refuses_now_is_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
		setup_version(versions[i]);
		assert_int_equal(bj_tls_config_ask(client, 1u << BJ_TLS_Q_VERIFY), BJ_OK);
		first();
		again_from(BJ_ERR_CERT_REFUSED);
		assert_int_equal(pair.client.err, BJ_ERR_CERT_REFUSED);
		assert_int_equal(asked, 1);
	}
}


static void a_session_that_keeps_no_chain_is_not_offered(void **state)
{
	static const struct bj_bytes certificate = { staple, sizeof(staple) };
	struct session s;
	uint8_t *bytes;
	size_t len;

	first();
	assert_int_equal(session_load(bytes_of(blob, blob_len), &s), BJ_OK);
	free(s.peer);
	s.peer_is_list = false;
	assert_int_equal(session_set_peer(&s, certificate), BJ_OK);
	assert_int_equal(session_save(&s, &bytes, &len), BJ_OK);
	session_fini(&s);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, bytes, len), BJ_ERR_BAD_TICKET);
	free(bytes);
}

/* As one that was made when there was no memory for the chain: nobody could judge it again. */
static void a_session_that_says_verified_and_shows_nobody_is_not_offered(void **state)
{
	for (unsigned verified = 0; verified < 2; verified++) {
		struct session s;
		uint8_t *bytes;
		size_t len;

		setup_version(BJ_TLS_1_3);
		first();
		assert_int_equal(session_load(bytes_of(blob, blob_len), &s), BJ_OK);
		free(s.peer);
		s.peer = NULL;
		s.peer_len = 0;
		s.peer_is_list = s.has_peer = false;
		s.peer_verified = verified;
		assert_int_equal(session_save(&s, &bytes, &len), BJ_OK);
		session_fini(&s);
		pair_start(&pair, client, server, PKI_NAME);
		assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, bytes, len), verified ? BJ_ERR_BAD_TICKET : BJ_OK);
		free(bytes);
		pair_fini(&pair);
	}
}

/* Neither of the two kinds of sessions is one of the other kind. */
static void a_session_of_a_client_that_does_not_judge_again_is_not_offered(void **state)
{
	for (unsigned again = 0; again < 2; again++) {
		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_judge_resumed(client, again), BJ_OK);
		assert_int_equal(bj_tls_config_keep_peer_chain(client, true), BJ_OK);
		first();
		bj_tls_config_free(client);
		client = pki_client_config(&pki);
		assert_int_equal(bj_tls_config_judge_resumed(client, !again), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, blob, blob_len), BJ_ERR_BAD_TICKET);
		pair_fini(&pair);
	}
}

static void a_kept_list_that_is_damaged_is_no_session(void **state)
{
	static const uint8_t bad[][9] = {
		{ 0, 0, 0, 0 },                         /* no certificate */
		{ 0, 0, 0, 0, 0, 0, 2, 1 },             /* cut */
		{ 0, 9, 0, 0, 0, 0, 1, 1 },
		{ 0, 0, 0, 0, 0, 0, 1, 1, 0 },          /* something behind */
	};
	static const size_t lens[] = { 4, 8, 8, 9 };
	struct session s = { .version = BJ_TLS_1_3, .suite = 0x1301, .secret = { .len = 32 }, .has_peer = true, .peer_is_list = true }, out;
	uint8_t bytes[1024];

	for (size_t i = 0; i <= ARRAY_COUNT(bad); i++) {
		static const uint8_t good[] = { 0, 1, 7, 0, 0, 0, 0, 1, 1 };
		struct writer w = wr_make(bytes, sizeof(bytes));

		s.peer = (uint8_t *)(uintptr_t)(i < ARRAY_COUNT(bad) ? bad[i] : good);
		s.peer_len = i < ARRAY_COUNT(bad) ? lens[i] : sizeof(good);
		session_write(&w, &s);
		assert_int_equal(session_read(wr_view(&w), &out), i < ARRAY_COUNT(bad) ? BJ_ERR_BAD_TICKET : BJ_OK);
	}
	session_fini(&out);
}

static void a_chain_that_is_too_much_to_keep_is_no_session(void **state)
{
	static const uint8_t much[SESSION_LIST_MAX];
	struct session_peer peer = { .count = 1, .chain = { { much, SESSION_LIST_MAX - 7 } } };
	struct session s = { 0 };

	assert_int_equal(session_set_list(&s, &peer), BJ_OK);
	session_fini(&s);
	peer.chain[0].len++;
	assert_int_equal(session_set_list(&s, &peer), BJ_ERR_LIMIT);
	assert_null(s.peer);
}

static void servers_cannot_have_it(void **state)
{
	assert_int_equal(bj_tls_config_judge_resumed(server, true), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
	assert_int_equal(bj_tls_config_judge_resumed(client, true), BJ_ERR_CONFIG_FROZEN);
}

/* ---- with early data */

static void early_setup(bool server_takes)
{
	ends_teardown(NULL);
	setup(NULL);
	assert_int_equal(bj_tls_config_ask(client, 1u << BJ_TLS_Q_VERIFY), BJ_OK);
	assert_int_equal(bj_tls_config_early_data(client, UINT32_MAX, 0), BJ_OK);
	assert_int_equal(bj_tls_config_early_data(server, 1000, 10), BJ_OK);
	first();
	if (!server_takes) {
		struct bj_tls_config *cold = pki_server_config(&pki, KEY_P256);

		bj_tls_config_free(server);
		server = cold;
	}
}

static enum bj_err seal(void)
{
	struct bj_bytes piece = { request, sizeof(request) };
	size_t used, len;
	enum bj_err err = bj_tls_seal(pair.client.conn, &piece, 1, pair.server.wire + pair.server.wire_len, WIRE_CAP, &used, &len);

	if (!err)
		pair.server.wire_len += len;
	return err;
}

static void offer(void)
{
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, blob, blob_len), BJ_OK);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
}

static enum bj_err answer_first(enum bj_err answer)
{
	const struct bj_verdict verdict = { .err = answer, .index = -1, .rule = "" };

	assert_int_equal(bj_tls_question(pair.client.conn), BJ_TLS_Q_VERIFY);
	assert_int_equal(report_of(&pair.client).peer_chain_count, 2);
	assert_int_equal(bj_tls_pending(pair.client.conn), 0);
	assert_int_equal(seal(), BJ_ERR_STATE);
	assert_int_equal(bj_tls_answer_verify(pair.client.conn, &verdict), BJ_OK);
	side_feed(&pair, &pair.client);
	return pair.client.err;
}

static void nothing_is_sent_to_a_server_that_is_refused_before_early_data(void **state)
{
	early_setup(true);
	offer();
	assert_int_equal(answer_first(BJ_ERR_CERT_REFUSED), BJ_ERR_CERT_REFUSED);
	assert_int_equal(seal(), BJ_ERR_CERT_REFUSED);
	assert_true(bj_tls_pending(pair.client.conn) < 16); /* an alert, no hello */
	early_setup(true);
	offer();
	bj_tls_close(pair.client.conn); /* another way not to want it */
	assert_true(bj_tls_pending(pair.client.conn) < 16);
}

static void the_engine_refuses_by_itself_in_the_start(void **state)
{
	struct pki other;

	pki_make(&other);
	assert_int_equal(bj_tls_config_early_data(client, UINT32_MAX, 0), BJ_OK);
	assert_int_equal(bj_tls_config_early_data(server, 1000, 10), BJ_OK);
	first();
	client_trusts(other.trust, BJ_TLS_1_3);
	assert_int_equal(bj_tls_config_early_data(client, UINT32_MAX, 0), BJ_OK);
	again_from(BJ_OK);
	assert_int_equal(pair.client.err, BJ_ERR_CERT_UNKNOWN_CA);
	pki_fini(&other);
}

static void who_was_judged_before_early_data_is_not_judged_twice(void **state)
{
	early_setup(true);
	offer();
	assert_int_equal(answer_first(BJ_OK), BJ_OK);
	assert_false(report_of(&pair.client).peer_verified); /* not before it has shown that it is there */
	assert_int_equal(seal(), BJ_OK);
	run(BJ_ERR_CERT_REFUSED);
	assert_int_equal(asked, 0);
	assert_int_equal(report_of(&pair.client).early_data, BJ_TLS_EARLY_ACCEPTED);
	assert_int_equal(pair.server.early_len, sizeof(request));
	expect_resumed();
}

/* The chain that comes then is another matter. */
static void a_server_that_does_not_resume_is_judged_by_what_it_shows(void **state)
{
	early_setup(false);
	offer();
	assert_int_equal(answer_first(BJ_OK), BJ_OK);
	assert_int_equal(seal(), BJ_OK);
	run(BJ_ERR_CERT_REFUSED);
	assert_int_equal(asked, 1);
	assert_int_equal(pair.client.err, BJ_ERR_CERT_REFUSED);
}

/* ---- what must work */

static void a_server_that_still_passes_is_resumed_again_and_again(void **state)
{
	for (size_t i = 0; i < 2 * ARRAY_COUNT(versions); i++) {
		setup_version(versions[i / 2]);
		assert_int_equal(bj_tls_config_ask(client, i % 2 ? 1u << BJ_TLS_Q_VERIFY : 0), BJ_OK);
		first();
		for (unsigned round = 0; round < 3; round++) {
			again_from(BJ_OK);
			expect_resumed();
			assert_int_equal(asked, i % 2 ? round + 1 : 0);
			assert_int_equal(report_of(&pair.client).peer_chain_count, 2);
			if (bj_tls_session(pair.client.conn).len > 0)
				session_take();
			pair_fini(&pair);
		}
	}
}

static void sessions_outlive_a_change_of_anchors_that_leaves_the_servers(void **state)
{
	struct bj_trust *more = bj_trust_new();
	struct pki other;

	pki_make(&other);
	assert_int_equal(bj_trust_add_der(more, other.root.der, other.root.len), BJ_OK);
	assert_int_equal(bj_trust_add_der(more, pki.root.der, pki.root.len), BJ_OK);
	for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
		setup_version(versions[i]);
		first();
		client_trusts(more, versions[i]);
		again_from(BJ_OK);
		expect_resumed();
	}
	pki_fini(&other);
	bj_trust_free(more);
}

static void what_was_stapled_is_there_again(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
		struct bj_credential *credential = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PKI_NAME);

		setup_version(versions[i]);
		assert_int_equal(bj_tls_config_stapling(client, true, true), BJ_OK);
		assert_int_equal(bj_tls_config_ask(client, 1u << BJ_TLS_Q_VERIFY), BJ_OK);
		bj_tls_config_free(server);
		server = bj_tls_config_new(BJ_TLS_SERVER);
		assert_int_equal(bj_credential_staple_ocsp(credential, staple, sizeof(staple)), BJ_OK);
		assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
		bj_credential_free(credential);
		first();
		again_from(BJ_OK);
		expect_resumed();
		assert_int_equal(report_of(&pair.client).ocsp_response.len, sizeof(staple));
		assert_memory_equal(report_of(&pair.client).ocsp_response.ptr, staple, sizeof(staple));
	}
}

static bool try_again(void)
{
	if (bj_tls_new(client, PKI_NAME, &pair.client.conn) != BJ_OK || bj_tls_new(server, NULL, &pair.server.conn) != BJ_OK)
		return false;
	if (bj_tls_resume(pair.client.conn, NOW_MS, blob, blob_len) != BJ_OK || bj_tls_start(pair.client.conn, NOW_MS) != BJ_OK)
		return false;
	pair_run(&pair);
	return pair.client.done == 1 && report_of(&pair.client).resumed;
}

static void every_allocation_may_fail(void **state)
{
	for (size_t v = 0; v < ARRAY_COUNT(versions); v++) {
		bool open, failed;

		setup_version(versions[v]);
		assert_int_equal(bj_tls_config_early_data(client, UINT32_MAX, 0), BJ_OK);
		assert_int_equal(bj_tls_config_early_data(server, 1000, 10), BJ_OK);
		first();
		for (unsigned long i = 0;; i++) {
			assert_true(i < 1000);
			memset(&pair, 0, sizeof(pair));
			pair.now_ms = NOW_MS;
			scarce_begin(i);
			open = try_again();
			failed = scarce_end();
			if (open && !failed)
				break;
			pair_fini(&pair);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_server_whose_anchor_is_gone_is_refused),
		TEST(a_server_that_the_owner_refuses_now_is_refused),
		TEST(a_session_that_keeps_no_chain_is_not_offered),
		TEST(a_session_that_says_verified_and_shows_nobody_is_not_offered),
		TEST(a_session_of_a_client_that_does_not_judge_again_is_not_offered),
		TEST(a_kept_list_that_is_damaged_is_no_session),
		TEST(a_chain_that_is_too_much_to_keep_is_no_session),
		TEST(servers_cannot_have_it),
		TEST(nothing_is_sent_to_a_server_that_is_refused_before_early_data),
		TEST(the_engine_refuses_by_itself_in_the_start),
		TEST(who_was_judged_before_early_data_is_not_judged_twice),
		TEST(a_server_that_does_not_resume_is_judged_by_what_it_shows),
		TEST(a_server_that_still_passes_is_resumed_again_and_again),
		TEST(sessions_outlive_a_change_of_anchors_that_leaves_the_servers),
		TEST(what_was_stapled_is_there_again),
		TEST(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
