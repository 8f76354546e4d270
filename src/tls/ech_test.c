/* ech_test.c - Encrypted ClientHello between our client and our server, and what each refuses. */
#include "tls/ech.h"
#include "tls/ech_encode.h"
#include "tls/fixture.h"

#define PUBLIC_NAME "public.example"

static struct bj_ech_key key, other;
static uint8_t list[1024];
static size_t list_len;

static void list_make(const struct bj_ech_key *keys, size_t count)
{
	assert_int_equal(bj_ech_config_list(keys, count, list, sizeof(list), &list_len), BJ_OK);
}

static void server_key(const struct bj_ech_key *k, bool retry)
{
	assert_int_equal(bj_tls_config_ech_key(server, k->config, k->config_len, k->private_key, k->private_len, retry), BJ_OK);
}

static int setup(void **state)
{
	struct bj_credential *credential = pki_credential(&pki, ISSUE_SERVER, KEY_P256, PUBLIC_NAME);

	ends_setup(state);
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	bj_credential_free(credential);
	assert_int_equal(bj_ech_key_generate(PUBLIC_NAME, 64, 7, NULL, &key), BJ_OK);
	assert_int_equal(bj_ech_key_generate(PUBLIC_NAME, 64, 8, NULL, &other), BJ_OK);
	list_make(&key, 1);
	return 0;
}

static void start(void)
{
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_ech(pair.client.conn, list, list_len), BJ_OK);
}

static void expect_accepted(void)
{
	ends_expect_done();
	assert_int_equal(report_of(&pair.client).ech, BJ_TLS_ECH_ACCEPTED);
	assert_int_equal(report_of(&pair.server).ech, BJ_TLS_ECH_ACCEPTED);
	assert_string_equal(report_of(&pair.server).server_name, PKI_NAME);
	assert_null(report_of(&pair.client).ech_public_name);
	assert_true(report_of(&pair.client).peer_verified);
	pair_echo(&pair);
}

/* ---- what goes over the wire */

/* The hellos of a client, as they were seen. */
static struct watched {
	uint8_t hellos[2][8192];
	size_t lens[2], count;
	int change; /* what to do to what a server says; CHANGE_* */
} watched;

enum {
	CHANGE_NOTHING = 0,
	CHANGE_RANDOM,   /* of the ServerHello: its last byte */
	CHANGE_RETRY,    /* of the HelloRetryRequest: its last byte */
};

static void watch(void *self, bool to_server, uint8_t *bytes, size_t len)
{
	bool is_retry = len > 5 + 6 + RANDOM_LEN && memcmp(bytes + 11, server_hello_retry_random, RANDOM_LEN) == 0;

	if (to_server && bytes[0] == RECORD_CCS && len > 6 + 5) { /* before a second hello */
		bytes += 6;
		len -= 6;
	}
	if (to_server && bytes[0] == RECORD_HANDSHAKE && bytes[5] == MSG_CLIENT_HELLO && watched.count < 2) {
		watched.lens[watched.count] = len - 5;
		memcpy(watched.hellos[watched.count++], bytes + 5, len - 5);
	}
	if (!to_server && bytes[0] == RECORD_HANDSHAKE && bytes[5] == MSG_SERVER_HELLO) {
		if (watched.change == CHANGE_RETRY && is_retry)
			bytes[5 + 4 + ((size_t)bytes[7] << 8 | bytes[8]) - 1] ^= 1;
		if (watched.change == CHANGE_RANDOM && !is_retry)
			bytes[5 + 4 + 2 + RANDOM_LEN - 1] ^= 1;
	}
}

static void shake(void)
{
	memset(&watched.count, 0, sizeof(watched.count));
	pair.tap = watch;
	pair_shake(&pair);
}

static struct client_hello seen_hello(size_t index)
{
	struct client_hello hello;

	assert_true(index < watched.count);
	assert_int_equal(client_hello_parse(bytes_of(watched.hellos[index] + 4, watched.lens[index] - 4), &hello), BJ_OK);
	return hello;
}

static void force_retry(void)
{
	const uint16_t p384 = KEX_P384;

	assert_int_equal(bj_tls_config_groups(server, &p384, 1), BJ_OK);
}

static bool wire_has(const char *text)
{
	for (size_t h = 0; h < watched.count; h++)
		for (size_t i = 0; i + strlen(text) <= watched.lens[h]; i++)
			if (memcmp(watched.hellos[h] + i, text, strlen(text)) == 0)
				return true;
	return false;
}

/* ---- calls that must fail */

static void lists_that_cannot_be_used_leave_the_connection_as_it_was(void **state)
{
	server_key(&key, true);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_ech(pair.client.conn, list, list_len - 1), BJ_ERR_ECH_CONFIG);
	assert_int_equal(bj_tls_ech(pair.client.conn, NULL, 0), BJ_ERR_ECH_CONFIG);
	assert_int_equal(bj_tls_ech(pair.client.conn, "\0\6\xba\xdd\0\2xy", 8), BJ_ERR_NOT_FOUND);
	assert_int_equal(bj_tls_ech(pair.server.conn, list, list_len), BJ_ERR_STATE);
	shake();
	ends_expect(BJ_OK, BJ_OK);
	assert_int_equal(report_of(&pair.client).ech, BJ_TLS_ECH_NONE);
	assert_false(seen_hello(0).has & EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO));
	assert_int_equal(bj_tls_ech(pair.client.conn, list, list_len), BJ_ERR_STATE);
}

static void without_13_nothing_is_encrypted(void **state)
{
	assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_ech(pair.client.conn, list, list_len), BJ_ERR_NOT_FOUND);
}

static void keys_that_do_not_fit_are_refused(void **state)
{
	uint8_t private[32] = { 1 };

	assert_int_equal(bj_tls_config_ech_key(client, key.config, key.config_len, key.private_key, 32, true), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_ech_key(server, key.config, key.config_len, other.private_key, 32, true), BJ_ERR_KEY_MISMATCH);
	assert_int_equal(bj_tls_config_ech_key(server, key.config, key.config_len, private, 31, true), BJ_ERR_KEY_FORMAT);
	assert_int_equal(bj_tls_config_ech_key(server, key.config, key.config_len - 1, key.private_key, 32, true), BJ_ERR_ECH_CONFIG);
	assert_int_equal(bj_tls_config_ech_key(server, list, list_len, key.private_key, 32, true), BJ_ERR_ECH_CONFIG);
	server_key(&key, false);
	assert_int_equal(bj_tls_config_freeze(server), BJ_ERR_CONFIG_ECH);
	server_key(&other, true);
	assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
	assert_int_equal(bj_tls_config_ech_key(server, key.config, key.config_len, key.private_key, 32, true), BJ_ERR_CONFIG_FROZEN);
}

/* ---- acceptance */

/* rfc9849:6.1.1 rfc9849:7.2 */
static void a_hello_that_opens_is_the_one_that_counts(void **state)
{
	server_key(&key, true);
	start();
	assert_int_equal(report_of(&pair.client).ech, BJ_TLS_ECH_OFFERED);
	shake();
	expect_accepted();
	assert_false(wire_has(PKI_NAME));
	assert_true(wire_has(PUBLIC_NAME));
}

/* rfc9849:6.1.5 rfc9849:7.2.1 */
static void a_retry_is_answered_with_both_hellos(void **state)
{
	server_key(&key, true);
	force_retry();
	start();
	shake();
	expect_accepted();
	assert_true(report_of(&pair.client).retried);
	assert_int_equal(watched.count, 2);
	assert_false(wire_has(PKI_NAME));
	assert_int_equal(seen_hello(1).ech.enc.len, 0); /* rfc9849:6.1.5 */
	assert_int_equal(seen_hello(1).ech.config_id, 7);
	assert_true(bytes_equal(seen_hello(0).random, seen_hello(1).random));
}

/* rfc9849:4.1 rfc9849:7.1 */
static void any_key_of_the_server_opens_also_one_that_is_no_longer_told(void **state)
{
	struct bj_ech_key same_id;

	assert_int_equal(bj_ech_key_generate(PUBLIC_NAME, 64, 7, NULL, &same_id), BJ_OK);
	server_key(&other, true);
	server_key(&same_id, false);
	server_key(&key, false);
	start();
	shake();
	expect_accepted();
}

static void it_does_not_depend_on_how_bytes_come(void **state)
{
	server_key(&key, true);
	force_retry();
	start();
	pair.chunk = 1;
	shake();
	expect_accepted();
}

/* rfc9849:6.1: what a name on the wire would say */
static void the_outer_hello_says_nothing_of_the_inner_one(void **state)
{
	struct client_hello outer;

	server_key(&key, true);
	start();
	shake();
	expect_accepted();
	outer = seen_hello(0);
	assert_true(bytes_equal(outer.server_name, BYTES_LIT(PUBLIC_NAME)));
	assert_int_equal(outer.session_id.len, 32);
	assert_true(client_hello_offers(&outer, VERSION_1_3));
	assert_true(client_hello_offers(&outer, VERSION_1_2)); /* which only the inner one must not offer */
	assert_int_equal(outer.ech.type, ECH_OUTER);
	assert_int_equal((outer.ech.payload.len - AEAD_TAG_LEN) % 32, 0);
}

static void names_of_all_lengths_look_alike(void **state)
{
	static const char *const names[] = { "a.example", "a-rather-long-name.of-a-host.example" };
	size_t lens[2];

	assert_int_equal(bj_tls_config_insecure_no_verify(client), BJ_OK);
	server_key(&key, true);
	for (size_t i = 0; i < 2; i++) {
		pair_fini(&pair);
		pair_start(&pair, client, server, names[i]);
		assert_int_equal(bj_tls_ech(pair.client.conn, list, list_len), BJ_OK);
		shake();
		assert_int_equal(report_of(&pair.server).ech, BJ_TLS_ECH_ACCEPTED);
		lens[i] = watched.lens[0];
	}
	assert_int_equal(lens[0], lens[1]);
}

/* ---- rejection */

static void expect_rejected(void)
{
	struct bj_tls_report report;

	ends_expect(BJ_ERR_ECH_REJECTED, BJ_ERR_ALERT_RECEIVED);
	report = report_of(&pair.client);
	assert_int_equal(pair.client.done, 0);
	assert_false(report.handshake_done);
	assert_int_equal(report.ech, BJ_TLS_ECH_REJECTED);
	assert_string_equal(report.ech_public_name, PUBLIC_NAME);
	assert_int_equal(report.alert_sent, ALERT_ECH_REQUIRED);
	assert_int_equal(report_of(&pair.server).alert_received, ALERT_ECH_REQUIRED);
	assert_int_equal(bj_tls_session(pair.client.conn).len, 0);
	assert_int_equal(pair.server.data_len, 0);
}

static void expect_retry_with(const struct bj_ech_key *keys, size_t count)
{
	struct bj_bytes got = report_of(&pair.client).ech_retry_configs;

	list_make(keys, count);
	assert_true(bytes_equal(got, bytes_of(list, list_len)));
}

static void a_hello_that_does_not_open_brings_the_right_keys(void **state)
{
	server_key(&other, true);
	start();
	shake();
	expect_rejected();
	expect_retry_with(&other, 1);
	assert_int_equal(report_of(&pair.server).ech, BJ_TLS_ECH_REJECTED);
	assert_string_equal(report_of(&pair.server).server_name, PUBLIC_NAME);
	assert_false(wire_has(PKI_NAME));
	/* and with them it goes */
	pair_fini(&pair);
	start();
	shake();
	expect_accepted();
}

static void a_rejection_after_a_retry_repeats_the_first_extension(void **state)
{
	server_key(&other, true);
	force_retry();
	start();
	shake();
	expect_rejected();
	expect_retry_with(&other, 1);
	assert_int_equal(watched.count, 2);
	assert_true(bytes_equal(seen_hello(0).ech.payload, seen_hello(1).ech.payload));
	assert_true(bytes_equal(seen_hello(0).ech.enc, seen_hello(1).ech.enc));
	assert_false(wire_has(PKI_NAME));
}

static void a_server_without_keys_rejects_and_tells_none(void **state)
{
	start();
	shake();
	expect_rejected();
	assert_int_equal(report_of(&pair.client).ech_retry_configs.len, 0);
	assert_int_equal(report_of(&pair.server).ech, BJ_TLS_ECH_NONE);
}

/* rfc9849:6.1.6 */
static void a_server_of_12_rejects(void **state)
{
	assert_int_equal(bj_tls_config_versions(server, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	server_key(&key, true);
	start();
	shake();
	expect_rejected();
	assert_int_equal(report_of(&pair.client).ech_retry_configs.len, 0);
}

/* rfc9849:6.1.7: the chain must be for the public name, or nothing that the server says is believed. */
static void a_rejection_by_a_stranger_is_none(void **state)
{
	bj_tls_config_free(server);
	server = pki_server_config(&pki, KEY_P256); /* for the inner name alone */
	server_key(&other, true);
	start();
	shake();
	ends_expect(BJ_ERR_CERT_NAME, BJ_ERR_ALERT_RECEIVED);
	assert_int_equal(report_of(&pair.server).alert_received, ALERT_BAD_CERTIFICATE);
	assert_int_equal(report_of(&pair.client).ech_retry_configs.len, 0);
	assert_string_equal(report_of(&pair.client).ech_public_name, PUBLIC_NAME);
}

static void a_rejection_by_an_unknown_ca_is_none(void **state)
{
	struct bj_credential *credential = pki_credential(&stranger, ISSUE_SERVER, KEY_P256, PUBLIC_NAME);

	bj_tls_config_free(server);
	server = bj_tls_config_new(BJ_TLS_SERVER);
	assert_int_equal(bj_tls_config_credential(server, credential), BJ_OK);
	bj_credential_free(credential);
	server_key(&other, true);
	start();
	shake();
	ends_expect(BJ_ERR_CERT_UNKNOWN_CA, BJ_ERR_ALERT_RECEIVED);
	assert_int_equal(report_of(&pair.client).ech_retry_configs.len, 0);
}

/* rfc9849:6.1.7 */
static void who_rejects_is_shown_no_certificate(void **state)
{
	const enum bj_tls_version versions[] = { BJ_TLS_1_3, BJ_TLS_1_2 };

	for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
		struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);

		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
		bj_credential_free(own);
		assert_int_equal(bj_tls_config_versions(server, BJ_TLS_1_2, versions[i]), BJ_OK);
		assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL), BJ_OK);
		start();
		shake();
		expect_rejected();
		assert_int_equal(report_of(&pair.server).peer_chain_count, 0);
		assert_true(report_of(&pair.client).client_certificate_asked);
	}
}

static void who_accepts_is_shown_it(void **state)
{
	struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);

	assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
	bj_credential_free(own);
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	server_key(&key, true);
	start();
	shake();
	expect_accepted();
	assert_true(report_of(&pair.server).peer_verified);
}

/* ---- sessions */

/* rfc9849:6.1.2: the outer hello has as much to show, with nothing in it. */
static void a_session_is_offered_in_the_inner_hello_alone(void **state)
{
	for (unsigned retry = 0; retry < 2; retry++) {
		struct client_hello outer;
		struct psk_identity identity;
		struct reader r;

		ends_teardown(NULL);
		setup(NULL);
		if (retry)
			force_retry();
		server_key(&key, true);
		start();
		shake();
		expect_accepted();
		session_keep();
		start();
		assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, kept, kept_len), BJ_OK);
		shake();
		expect_accepted();
		assert_true(report_of(&pair.client).resumed);
		for (size_t i = 0; i < watched.count; i++) {
			outer = seen_hello(i);
			assert_true(outer.has & EXT_BIT(EXT_PRE_SHARED_KEY));
			assert_true(outer.has & EXT_BIT(EXT_PSK_KEY_EXCHANGE_MODES));
			r = rd_of(outer.psk.identities);
			assert_true(psk_identity_next(&r, &identity));
			for (size_t at = 0; at + identity.identity.len <= kept_len; at++)
				assert_memory_not_equal(kept + at, identity.identity.ptr, identity.identity.len);
		}
	}
}

static void a_rejected_hello_resumes_nothing(void **state)
{
	server_key(&key, true);
	start();
	shake();
	expect_accepted();
	session_keep();
	list_make(&other, 1);
	start();
	assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, kept, kept_len), BJ_OK);
	shake();
	expect_rejected();
	assert_false(report_of(&pair.client).resumed);
}

/* The session is gone with the hello that it stood in, before the server says a word about early data. */
static void a_rejection_ends_early_data_at_once(void **state)
{
	for (unsigned retry = 0; retry < 2; retry++) {
		struct side *c = &pair.client;
		struct bj_tls_fed fed;
		uint8_t out[32];
		size_t first;

		ends_teardown(NULL);
		setup(NULL);
		if (retry)
			force_retry();
		assert_int_equal(bj_tls_config_early_data(client, 1000, 0), BJ_OK);
		assert_int_equal(bj_tls_config_early_data(server, 1000, 10), BJ_OK);
		server_key(&other, true);
		ends_open();
		session_keep();
		start();
		assert_int_equal(bj_tls_resume(c->conn, NOW_MS, kept, kept_len), BJ_OK);
		assert_int_equal(bj_tls_start(c->conn, NOW_MS), BJ_OK);
		assert_int_equal(report_of(c).early_data, BJ_TLS_EARLY_OFFERED);
		assert_int_equal(bj_tls_export_early(c->conn, "x", NULL, 0, out, sizeof(out)), BJ_OK);
		assert_true(bj_tls_may_seal(c->conn));
		side_carry(&pair, c, &pair.server);
		side_feed(&pair, &pair.server);
		side_carry(&pair, &pair.server, c);
		first = RECORD_HEADER_LEN + (size_t)(c->wire[3] << 8 | c->wire[4]);
		assert_int_equal(bj_tls_feed(c->conn, NOW_MS, c->wire, first, &fed), BJ_OK);
		assert_int_equal(fed.used, first);
		assert_int_equal(report_of(c).ech, BJ_TLS_ECH_REJECTED);
		assert_int_equal(bj_tls_export_early(c->conn, "x", NULL, 0, out, sizeof(out)), BJ_ERR_STATE);
		assert_false(bj_tls_may_seal(c->conn));
		assert_int_equal(report_of(c).early_data, retry ? BJ_TLS_EARLY_RETRY : BJ_TLS_EARLY_NOT_RESUMED);
	}
}

/* rfc9849:6.1 */
static void a_session_of_12_is_not_offered(void **state)
{
	assert_int_equal(bj_tls_config_versions(server, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	session_keep();
	start();
	assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, kept, kept_len), BJ_OK);
	shake();
	expect_rejected();
	assert_int_equal(seen_hello(0).ticket.len, 0);
}

/* ---- servers that say one thing and do another */

/* rfc9849:6.1.4: it is the last 8 bytes that say so; whoever changes them changes the transcript too. */
static void a_changed_confirmation_ends_the_handshake(void **state)
{
	watched.change = CHANGE_RANDOM;
	server_key(&key, true);
	start();
	shake();
	watched.change = CHANGE_NOTHING;
	assert_int_equal(report_of(&pair.client).ech, BJ_TLS_ECH_REJECTED);
	assert_true(pair.client.err == BJ_ERR_BAD_RECORD_MAC);
	assert_int_equal(report_of(&pair.client).ech_retry_configs.len, 0);
}

/* The client goes on with the outer hello, which a server that accepted does not take. rfc9849:7.1.1 */
static void a_changed_confirmation_of_a_retry_ends_the_handshake(void **state)
{
	watched.change = CHANGE_RETRY;
	force_retry();
	server_key(&key, true);
	start();
	shake();
	watched.change = CHANGE_NOTHING;
	assert_int_equal(report_of(&pair.client).ech, BJ_TLS_ECH_REJECTED);
	ends_expect(BJ_ERR_ALERT_RECEIVED, BJ_ERR_ILLEGAL_PARAMETER);
}

/* What a server's state becomes when its ServerHello was sent, or when the second inner hello came. */
static struct lie {
	enum bj_tls_event_kind when;
	uint8_t status;
} lie;

static void tell_lies(void *self, const struct bj_tls *conn, const struct bj_tls_event_info *info)
{
	if (info->kind != lie.when || !conn->ech)
		return;
	if (lie.when == BJ_TLS_SAW_INNER_HELLO ? conn->retried : info->sent && info->type == MSG_SERVER_HELLO)
		conn->ech->status = lie.status;
}

static void start_lying(enum bj_tls_event_kind when, enum bj_tls_ech status)
{
	lie = (struct lie){ when, (uint8_t)status };
	assert_int_equal(bj_tls_config_observer(server, tell_lies, NULL), BJ_OK);
}

/* rfc9849:6.1.5 */
static void a_server_that_takes_its_confirmation_back_is_refused(void **state)
{
	force_retry();
	server_key(&key, true);
	start_lying(BJ_TLS_SAW_INNER_HELLO, BJ_TLS_ECH_NONE);
	start();
	shake();
	assert_int_equal(pair.client.err, BJ_ERR_ECH_CONFIRMATION);
	assert_int_equal(report_of(&pair.client).alert_sent, ALERT_ILLEGAL_PARAMETER);
}

/* rfc9849:5 */
static void keys_to_retry_with_have_no_place_after_acceptance(void **state)
{
	server_key(&key, true);
	start_lying(BJ_TLS_SAW_MESSAGE, BJ_TLS_ECH_REJECTED);
	start();
	shake();
	assert_int_equal(pair.client.err, BJ_ERR_UNSUPPORTED_EXTENSION);
	assert_int_equal(report_of(&pair.client).alert_sent, ALERT_UNSUPPORTED_EXTENSION);
}

/* rfc9849:6.1.6 rfc9849:6.2.1 */
static void malformed_keys_to_retry_with_are_refused(void **state)
{
	for (unsigned greased = 0; greased < 2; greased++) {
		ends_teardown(NULL);
		setup(NULL);
		server_key(&other, true);
		assert_int_equal(bj_tls_config_ech_grease(client, greased), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		server->ech_retry[1]++; /* the length of the list */
		if (!greased)
			assert_int_equal(bj_tls_ech(pair.client.conn, list, list_len), BJ_OK);
		shake();
		ends_expect(BJ_ERR_ECH_CONFIG, BJ_ERR_ALERT_RECEIVED);
		assert_int_equal(report_of(&pair.client).alert_sent, ALERT_DECODE_ERROR);
		assert_int_equal(report_of(&pair.client).ech_retry_configs.len, 0);
	}
}

/* ---- cookies */

static void use_cookies(void)
{
	force_retry();
	assert_int_equal(bj_tls_config_cookies(server, 30), BJ_OK);
}

/* The retry is sent, its server goes away, and another one of the same configuration has the second hello. */
static void forget_the_server(void)
{
	watched.count = 0;
	pair.tap = watch;
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	ends_forget_the_server();
	pair_run(&pair);
}

static void a_hello_that_opened_gets_no_cookie_and_its_connection_stays(void **state)
{
	server_key(&key, true);
	use_cookies();
	start();
	shake();
	expect_accepted();
	assert_int_equal(watched.count, 2);
	assert_int_equal(seen_hello(1).cookie.len, 0);
	/* without it nobody can open the second hello, and the client sees that the outer one was answered */
	pair_fini(&pair);
	start();
	forget_the_server();
	assert_int_not_equal(pair.server.err, BJ_OK);
	assert_int_equal(pair.client.done, 0);
	assert_int_equal(pair.server.done, 0);
	assert_int_equal(report_of(&pair.client).err, BJ_ERR_ECH_CONFIRMATION);
}

static void a_hello_that_did_not_open_is_told_the_keys_by_another_server_too(void **state)
{
	server_key(&other, true);
	use_cookies();
	start();
	forget_the_server();
	expect_rejected();
	expect_retry_with(&other, 1);
	assert_true(seen_hello(1).cookie.len > 0);
}

static void grease_goes_on_with_a_cookie(void **state)
{
	assert_int_equal(bj_tls_config_ech_grease(client, true), BJ_OK);
	server_key(&key, true);
	use_cookies();
	pair_start(&pair, client, server, PKI_NAME);
	forget_the_server();
	ends_expect(BJ_OK, BJ_OK);
	assert_true(seen_hello(1).cookie.len > 0);
	assert_int_equal(report_of(&pair.client).ech, BJ_TLS_ECH_GREASED);
	pair_echo(&pair);
}

/* ---- GREASE. rfc9849:6.2 */

static void grease_looks_like_an_encrypted_hello_and_changes_nothing(void **state)
{
	assert_int_equal(bj_tls_config_ech_grease(client, true), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	shake();
	ends_expect(BJ_OK, BJ_OK);
	assert_int_equal(report_of(&pair.client).ech, BJ_TLS_ECH_GREASED);
	assert_int_equal(seen_hello(0).ech.type, ECH_OUTER);
	assert_int_equal(seen_hello(0).ech.enc.len, 32);
	assert_true(seen_hello(0).ech.payload.len >= 128 + AEAD_TAG_LEN);
	assert_true(bytes_equal(seen_hello(0).server_name, BYTES_LIT(PKI_NAME)));
	pair_echo(&pair);
}

/* And what a server with keys says to it is neither kept nor an end. */
static void a_second_hello_repeats_the_grease(void **state)
{
	assert_int_equal(bj_tls_config_ech_grease(client, true), BJ_OK);
	server_key(&key, true);
	force_retry();
	pair_start(&pair, client, server, PKI_NAME);
	shake();
	ends_expect(BJ_OK, BJ_OK);
	assert_int_equal(report_of(&pair.client).ech, BJ_TLS_ECH_GREASED);
	assert_int_equal(report_of(&pair.server).ech, BJ_TLS_ECH_REJECTED);
	assert_int_equal(report_of(&pair.client).ech_retry_configs.len, 0);
	assert_true(bytes_equal(seen_hello(0).ech.payload, seen_hello(1).ech.payload));
	assert_true(bytes_equal(seen_hello(0).ech.enc, seen_hello(1).ech.enc));
	assert_int_equal(seen_hello(0).ech.config_id, seen_hello(1).ech.config_id);
	pair_echo(&pair);
}

static void grease_does_not_stand_in_the_way_of_sessions(void **state)
{
	assert_int_equal(bj_tls_config_ech_grease(client, true), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	shake();
	ends_expect(BJ_OK, BJ_OK);
	session_keep();
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, kept, kept_len), BJ_OK);
	shake();
	ends_expect(BJ_OK, BJ_OK);
	assert_true(report_of(&pair.client).resumed);
}

static void where_13_is_off_there_is_no_grease(void **state)
{
	assert_int_equal(bj_tls_config_ech_grease(client, true), BJ_OK);
	assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	shake();
	ends_expect(BJ_OK, BJ_OK);
	assert_false(seen_hello(0).has & EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO));
}

/* ---- the key log */

static char lines[2][16][2 * BJ_ECH_CONFIG_MAX + 256];
static size_t line_counts[2];

static void note(void *self, const char *line)
{
	size_t who = self ? 1 : 0;

	assert_true(line_counts[who] < 16);
	snprintf(lines[who][line_counts[who]++], sizeof(lines[0][0]), "%s", line);
}

/* rfc9850: with these two lines the inner hello can be read; and both sides say the same. */
static void the_key_log_names_the_outer_hello_and_its_key(void **state)
{
	bool found[2] = { false, false };
	char random[2 * RANDOM_LEN + 1] = "";

	memset(line_counts, 0, sizeof(line_counts));
	assert_int_equal(bj_tls_config_keylog(client, note, NULL), BJ_OK);
	assert_int_equal(bj_tls_config_keylog(server, note, &server), BJ_OK);
	server_key(&key, true);
	start();
	shake();
	expect_accepted();
	for (size_t i = 0; i < RANDOM_LEN; i++)
		snprintf(random + 2 * i, 3, "%02x", watched.hellos[0][6 + i]);
	assert_int_equal(line_counts[0], line_counts[1]);
	for (size_t i = 0; i < line_counts[0]; i++) {
		bool secret = strncmp(lines[0][i], "ECH_SECRET ", 11) == 0, config = strncmp(lines[0][i], "ECH_CONFIG ", 11) == 0;

		assert_string_equal(lines[0][i], lines[1][i]);
		assert_true((strstr(lines[0][i], random) != NULL) == (secret || config));
		found[0] |= secret && strlen(lines[0][i]) == 11 + 64 + 1 + 64;
		found[1] |= config && strlen(lines[0][i]) == 11 + 64 + 1 + 2 * key.config_len;
	}
	assert_true(found[0] && found[1]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, ends_teardown)

/* ---- with everything else: retry, resumption, early data, the older version */

enum offered { OFFERED_NOTHING, OFFERED_OPENS, OFFERED_DOES_NOT, OFFERED_GREASE, OFFERED_END };

struct mix {
	enum offered offered;
	bool retry, resume, early, old;
};

static void mix_configure(const struct mix *m)
{
	ends_teardown(NULL);
	setup(NULL);
	server_key(m->offered == OFFERED_DOES_NOT ? &other : &key, true);
	if (m->retry)
		force_retry();
	if (m->offered == OFFERED_GREASE)
		assert_int_equal(bj_tls_config_ech_grease(client, true), BJ_OK);
	if (m->early) {
		assert_int_equal(bj_tls_config_early_data(client, 1000, 0), BJ_OK);
		assert_int_equal(bj_tls_config_early_data(server, 1000, 10), BJ_OK);
	}
	if (m->old)
		assert_int_equal(bj_tls_config_versions(server, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
}

static void mix_connect(const struct mix *m)
{
	struct bj_bytes early = BYTES_LIT("early");
	size_t used, len;

	pair_start(&pair, client, server, PKI_NAME);
	if (m->offered == OFFERED_OPENS || m->offered == OFFERED_DOES_NOT)
		assert_int_equal(bj_tls_ech(pair.client.conn, list, list_len), BJ_OK);
	if (m->resume)
		assert_int_equal(bj_tls_resume(pair.client.conn, NOW_MS, kept, kept_len), BJ_OK);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	if (report_of(&pair.client).early_data == BJ_TLS_EARLY_OFFERED) {
		assert_int_equal(bj_tls_seal(pair.client.conn, &early, 1, pair.server.wire, WIRE_CAP, &used, &len), BJ_OK);
		pair.server.wire_len = len;
	}
	pair_run(&pair);
}

static void mix_check(const struct mix *m)
{
	bool meant = m->offered == OFFERED_OPENS || m->offered == OFFERED_DOES_NOT;
	bool resumed = m->resume && !(meant && m->old); /* a session of 1.2 is not offered in an encrypted hello */
	struct bj_tls_report ours, theirs;

	if (m->offered == OFFERED_DOES_NOT || (meant && m->old)) {
		ours = report_of(&pair.client);
		assert_int_equal(ours.err, BJ_ERR_ECH_REJECTED);
		assert_int_equal(pair.client.done, 0);
		assert_false(ours.resumed);
		assert_int_not_equal(report_of(&pair.server).early_data, BJ_TLS_EARLY_ACCEPTED);
		return;
	}
	ends_expect(BJ_OK, BJ_OK);
	ours = report_of(&pair.client);
	theirs = report_of(&pair.server);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.server.done, 1);
	assert_int_equal(ours.version, m->old ? BJ_TLS_1_2 : BJ_TLS_1_3);
	assert_int_equal(ours.ech == BJ_TLS_ECH_ACCEPTED, m->offered == OFFERED_OPENS);
	assert_int_equal(theirs.ech == BJ_TLS_ECH_ACCEPTED, m->offered == OFFERED_OPENS);
	assert_int_equal(ours.resumed, resumed);
	assert_int_equal(theirs.resumed, resumed);
	assert_int_equal(ours.retried, m->retry && !m->old);
	assert_int_equal(theirs.early_data == BJ_TLS_EARLY_ACCEPTED, m->early && resumed && !m->retry && !m->old);
	assert_int_equal(ours.early_data == BJ_TLS_EARLY_ACCEPTED, theirs.early_data == BJ_TLS_EARLY_ACCEPTED);
	assert_string_equal(theirs.server_name, PKI_NAME);
	assert_true(ours.peer_verified);
	pair_echo(&pair);
}

static void every_mix_with_retry_resumption_early_data_and_version_ends_as_it_must(void **state)
{
	for (unsigned i = 0; i < OFFERED_END * 16; i++) {
		const struct mix m = { (enum offered)(i % OFFERED_END), i / 4 & 1, i / 8 & 1, i / 16 & 1, i / 32 & 1 };
		const struct mix plain = { .offered = OFFERED_NOTHING };

		mix_configure(&m);
		if (m.resume) {
			mix_connect(&plain);
			session_keep();
		}
		mix_connect(&m);
		mix_check(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(lists_that_cannot_be_used_leave_the_connection_as_it_was),
		T(without_13_nothing_is_encrypted),
		T(keys_that_do_not_fit_are_refused),
		T(a_hello_that_opens_is_the_one_that_counts),
		T(a_retry_is_answered_with_both_hellos),
		T(any_key_of_the_server_opens_also_one_that_is_no_longer_told),
		T(it_does_not_depend_on_how_bytes_come),
		T(the_outer_hello_says_nothing_of_the_inner_one),
		T(names_of_all_lengths_look_alike),
		T(a_hello_that_does_not_open_brings_the_right_keys),
		T(a_rejection_after_a_retry_repeats_the_first_extension),
		T(a_server_without_keys_rejects_and_tells_none),
		T(a_server_of_12_rejects),
		T(a_rejection_by_a_stranger_is_none),
		T(a_rejection_by_an_unknown_ca_is_none),
		T(who_rejects_is_shown_no_certificate),
		T(who_accepts_is_shown_it),
		T(a_session_is_offered_in_the_inner_hello_alone),
		T(a_rejected_hello_resumes_nothing),
		T(a_rejection_ends_early_data_at_once),
		T(a_session_of_12_is_not_offered),
		T(a_changed_confirmation_ends_the_handshake),
		T(a_changed_confirmation_of_a_retry_ends_the_handshake),
		T(a_server_that_takes_its_confirmation_back_is_refused),
		T(keys_to_retry_with_have_no_place_after_acceptance),
		T(malformed_keys_to_retry_with_are_refused),
		T(grease_looks_like_an_encrypted_hello_and_changes_nothing),
		T(a_second_hello_repeats_the_grease),
		T(every_mix_with_retry_resumption_early_data_and_version_ends_as_it_must),
		T(a_hello_that_opened_gets_no_cookie_and_its_connection_stays),
		T(a_hello_that_did_not_open_is_told_the_keys_by_another_server_too),
		T(grease_goes_on_with_a_cookie),
		T(grease_does_not_stand_in_the_way_of_sessions),
		T(where_13_is_off_there_is_no_grease),
		T(the_key_log_names_the_outer_hello_and_its_key),
	};

	return cmocka_run_group_tests(tests, strangers_setup, strangers_teardown);
}
