/* later_test.c - certificates that are asked for when the handshake is over. rfc9846:4.6.2 */
#include "tls/fixture.h"
#include "tls/later.h"

static struct pki other;
static struct bj_credential *own, *strange;

static int group_setup(void **state)
{
	pki_make(&pki);
	pki_make(&other);
	own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);
	strange = pki_credential(&other, ISSUE_CLIENT, KEY_P256, NULL);
	return 0;
}

static int group_teardown(void **state)
{
	pki_fini(&pki);
	pki_fini(&other);
	bj_credential_free(own);
	bj_credential_free(strange);
	return 0;
}

static int setup(void **state)
{
	ends_setup(state);
	assert_int_equal(bj_tls_config_post_handshake_auth(client, true), BJ_OK);
	assert_int_equal(bj_tls_config_post_handshake_auth(server, true), BJ_OK);
	assert_int_equal(bj_tls_config_keep_peer_chain(server, true), BJ_OK);
	return 0;
}

static void open_with(struct bj_credential *credential)
{
	if (credential)
		assert_int_equal(bj_tls_config_credential(client, credential), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	assert_int_equal(pair.client.done, 1);
	assert_int_equal(pair.server.done, 1);
	assert_false(report_of(&pair.server).peer_verified);
}

/* Feeds the server until it tells no more; how often it told of an answer. */
static unsigned ask(void)
{
	unsigned told = 0;
	struct bj_tls_fed fed;

	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
	side_carry(&pair, &pair.server, &pair.client);
	side_feed(&pair, &pair.client);
	side_carry(&pair, &pair.client, &pair.server);
	do {
		struct side *s = &pair.server;

		s->err = bj_tls_feed(s->conn, pair.now_ms, s->wire, s->wire_len, &fed);
		memmove(s->wire, s->wire + fed.used, s->wire_len - fed.used);
		s->wire_len -= fed.used;
		told += fed.event == BJ_TLS_AUTHENTICATED;
	} while (!pair.server.err && fed.event != BJ_TLS_NONE);
	pair_run(&pair);
	return told;
}

/* ---- refused */

static void who_cannot_answer_is_not_asked(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i == 0)
			assert_int_equal(bj_tls_config_post_handshake_auth(client, false), BJ_OK);
		if (i == 1)
			assert_int_equal(bj_tls_config_post_handshake_auth(server, false), BJ_OK);
		if (i == 2)
			assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
		if (i == 3)
			assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
		if (i == 3) {
			pair_start(&pair, client, server, PKI_NAME);
			assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_ERR_STATE); /* the handshake is not over */
			assert_int_equal(bj_tls_request_certificate(pair.client.conn), BJ_ERR_STATE);
		} else {
			open_with(own);
			assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_ERR_STATE);
			pair_echo(&pair);
		}
		ends_teardown(NULL);
		setup(NULL);
	}
}

/* The request is refused, not the connection. */
static void nobody_is_asked_whose_answer_could_not_be_read_or_taken(void **state)
{
	static const enum bj_tls_certificate_type raw = BJ_TLS_RAW_PUBLIC_KEY;
	struct bj_tls_traffic_keys keys;

	for (unsigned i = 0; i < 3; i++) {
		ends_teardown(NULL);
		setup(NULL);
		if (i == 2) { /* what is asked for later is a chain */
			assert_int_equal(bj_tls_config_peer_types(server, &raw, 1), BJ_OK);
			assert_int_equal(bj_tls_config_peer_pin(server, "01234567890123456789012345678901"), BJ_OK);
		}
		open_with(own);
		if (i < 2)
			assert_int_equal(bj_tls_traffic_keys(pair.server.conn, i, &keys), BJ_OK);
		assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_ERR_STATE);
		assert_int_equal(bj_tls_error(pair.server.conn), BJ_OK);
		assert_null(pair.server.conn->hs);
	}
}

/* A certificate beside a key from outside would need a rule for both. rfc9846:4.3.2 */
static void who_came_with_a_key_from_outside_is_not_asked(void **state)
{
	const struct bj_tls_psk psk = { "a name", "0123456789abcdef", "", 6, 16, 0, BJ_TLS_PSK_SHA256, false };

	bj_tls_config_free(server); /* one without a credential: it would come first */
	server = bj_tls_config_new(BJ_TLS_SERVER);
	assert_int_equal(bj_tls_config_post_handshake_auth(server, true), BJ_OK);
	assert_int_equal(bj_tls_config_trust(server, pki.trust), BJ_OK);
	assert_int_equal(bj_tls_config_psk(server, &psk), BJ_OK);
	assert_int_equal(bj_tls_config_psk(client, &psk), BJ_OK);
	open_with(own);
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_ERR_STATE);
	pair_echo(&pair);
}

static void who_has_closed_answers_no_more(void **state)
{
	size_t closing;

	open_with(own);
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
	bj_tls_close(pair.client.conn);
	closing = bj_tls_pending(pair.client.conn);
	side_carry(&pair, &pair.server, &pair.client);
	side_feed(&pair, &pair.client);
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(bj_tls_pending(pair.client.conn), closing);
	pair_send(&pair, &pair.server, &pair.client, "late", 4); /* the other half stays open */
	assert_int_equal(pair.client.data_len, 4);
	pair_run(&pair);
	assert_int_equal(pair.server.closes, 1);
}

/* Half an answer helps nobody: who closes while he is asked sends none of it. */
static void who_closes_while_he_is_asked_says_nothing_but_that(void **state)
{
	size_t before;

	assert_int_equal(bj_tls_config_ask(client, 1u << BJ_TLS_Q_SIGN), BJ_OK);
	open_with(own);
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
	pair_run(&pair);
	assert_int_equal(bj_tls_question(pair.client.conn), BJ_TLS_Q_SIGN);
	before = report_of(&pair.server).records_in;
	bj_tls_close(pair.client.conn);
	pair_run(&pair);
	assert_int_equal(report_of(&pair.server).records_in, before + 1);
	assert_int_equal(pair.server.closes, 1);
	assert_int_equal(bj_tls_answer_sign(pair.client.conn, "x", 1), BJ_OK);
	pair_run(&pair);
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(report_of(&pair.server).records_in, before + 1);
	pair_send(&pair, &pair.server, &pair.client, "late", 4);
	assert_int_equal(pair.client.data_len, 4);
}

/* An answer without a certificate changes nothing of what was known. */
static void a_client_that_shows_nothing_later_stays_who_it_was(void **state)
{
	open_with(NULL);
	pair.server.conn->peer_delegated = true; /* as if its first certificate had been used so */
	assert_int_equal(ask(), 1);
	assert_true(report_of(&pair.server).peer_delegated);
	pair_echo(&pair);
}

static void a_client_that_did_not_offer_refuses_a_request(void **state)
{
	assert_int_equal(bj_tls_config_post_handshake_auth(client, false), BJ_OK);
	open_with(own);
	assert_null(pair.server.conn->later);
	pair.server.conn->later = calloc(1, sizeof(struct later)); /* a server that asks all the same */
	pair.server.conn->later->hash.alg = (enum hash_alg)pair.server.conn->suite->hash;
	hash_init(&pair.server.conn->later->hash, pair.server.conn->later->hash.alg);
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
	pair_run(&pair);
	assert_int_equal(pair.client.err, BJ_ERR_UNEXPECTED_MESSAGE);
}

static void a_certificate_of_strangers_ends_the_connection(void **state)
{
	open_with(strange);
	assert_int_equal(ask(), 0);
	assert_int_equal(pair.server.err, BJ_ERR_CERT_UNKNOWN_CA);
	assert_false(report_of(&pair.server).peer_verified);
	assert_int_equal(report_of(&pair.client).alert_received, ALERT_UNKNOWN_CA);
}

/* Another transcript than that of the handshake and the request is no proof. */
static void the_transcript_goes_on_from_the_handshake(void **state)
{
	open_with(own);
	hash_update(&pair.client.conn->later->hash, "x", 1);
	assert_int_equal(ask(), 0);
	assert_int_equal(pair.server.err, BJ_ERR_BAD_SIGNATURE);
}

static void an_answer_to_another_request_is_refused(void **state)
{
	open_with(own);
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
	pair.server.conn->later->context[0] ^= 1;
	pair_run(&pair);
	assert_int_equal(pair.server.err, BJ_ERR_ILLEGAL_PARAMETER);
}

static void requests_have_a_limit(void **state)
{
	open_with(NULL);
	for (unsigned i = 0; i < LATER_MAX; i++) {
		assert_int_equal(ask(), 1);
		pair_echo(&pair);
	}
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_ERR_LIMIT);
	pair.server.conn->later->count = 0; /* a server without one */
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
	pair_run(&pair);
	assert_int_equal(pair.client.err, BJ_ERR_TOO_MANY_RECORDS);
}

/* ---- good */

static void a_client_that_is_asked_shows_its_certificate(void **state)
{
	open_with(own);
	assert_int_equal(ask(), 1);
	assert_true(report_of(&pair.server).peer_verified);
	assert_true(report_of(&pair.server).client_certificate_asked);
	assert_int_equal(report_of(&pair.server).peer_chain_count, 2);
	assert_true(bytes_equal(report_of(&pair.server).peer_chain[0], bj_credential_chain(own, 0)));
	assert_null(pair.server.conn->hs);
	assert_null(pair.client.conn->hs);
	pair_echo(&pair);
	assert_int_equal(ask(), 1);
	assert_int_equal(report_of(&pair.server).peer_chain_count, 2);
	pair_echo(&pair);
}

static void a_client_without_a_certificate_says_so(void **state)
{
	open_with(NULL);
	assert_int_equal(ask(), 1);
	assert_false(report_of(&pair.server).peer_verified);
	assert_int_equal(report_of(&pair.server).peer_chain_count, 0);
	pair_echo(&pair);
}

static void data_and_new_keys_go_on_while_the_answer_is_awaited(void **state)
{
	open_with(own);
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_ERR_STATE); /* one at a time */
	pair_send(&pair, &pair.client, &pair.server, "early bird", 10);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_int_equal(pair.server.data_len, 10);
	assert_int_equal(bj_tls_key_update(pair.client.conn, true), BJ_OK);
	assert_int_equal(bj_tls_key_update(pair.server.conn, false), BJ_OK);
	pair_run(&pair);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_true(report_of(&pair.server).peer_verified);
	pair_echo(&pair);
}

static void a_certificate_of_the_handshake_gives_way_to_a_later_one(void **state)
{
	assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
	assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
	pair_start(&pair, client, server, PKI_NAME);
	pair_shake(&pair);
	assert_true(report_of(&pair.server).peer_verified);
	assert_int_equal(ask(), 1);
	assert_int_equal(report_of(&pair.server).peer_chain_count, 2);
	pair_echo(&pair);
}

/* Every question of it stops and goes on; while the client's are open it sends nothing. */
static void questions_may_wait(void **state)
{
	const struct bj_verdict good = { .err = BJ_OK, .index = -1, .rule = "" };
	struct bj_bytes piece = { (const uint8_t *)"x", 1 };
	uint8_t out[BJ_TLS_RECORD_MAX], signature[SIG_LEN_MAX];
	size_t used, len;

	assert_int_equal(bj_tls_config_ask(client, 1u << BJ_TLS_Q_CREDENTIAL | 1u << BJ_TLS_Q_SIGN), BJ_OK);
	assert_int_equal(bj_tls_config_ask(server, 1u << BJ_TLS_Q_VERIFY), BJ_OK);
	open_with(NULL);
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
	pair_run(&pair);
	assert_int_equal(bj_tls_question(pair.client.conn), BJ_TLS_Q_CREDENTIAL);
	assert_int_equal(bj_tls_seal(pair.client.conn, &piece, 1, out, sizeof(out), &used, &len), BJ_ERR_STATE);
	assert_int_equal(bj_tls_export(pair.client.conn, "x", NULL, 0, out, 32), BJ_OK); /* which has nothing to do with it */
	assert_int_equal(bj_tls_answer_credential(pair.client.conn, own), BJ_OK);
	pair_run(&pair);
	assert_int_equal(bj_tls_question(pair.client.conn), BJ_TLS_Q_SIGN);
	assert_int_equal(bj_tls_key_update(pair.client.conn, false), BJ_ERR_STATE);
	assert_int_equal(pkey_sign(credential_key(own), SIG_ECDSA_SHA256, bj_tls_question_bytes(pair.client.conn), signature, sizeof(signature), &len),
			 BJ_OK);
	assert_int_equal(bj_tls_answer_sign(pair.client.conn, signature, len), BJ_OK);
	pair_run(&pair);
	assert_int_equal(bj_tls_question(pair.server.conn), BJ_TLS_Q_VERIFY);
	assert_int_equal(report_of(&pair.server).peer_chain_count, 2);
	assert_int_equal(bj_tls_answer_verify(pair.server.conn, &good), BJ_OK);
	pair_run(&pair);
	assert_true(report_of(&pair.server).peer_verified);
	pair_echo(&pair);
}

/* The types of the messages that wait at the client, and the first byte of the context of each Certificate. */
static size_t messages_of_client(uint8_t types[8], uint8_t contexts[8])
{
	struct record_keys *keys = &pair.server.conn->rd;
	uint8_t flight[WIRE_CAP], buf[WIRE_CAP];
	size_t len = bj_tls_pull(pair.client.conn, buf, sizeof(buf)), count = 0, flight_len = 0;
	struct record record;
	struct message m;
	size_t need;

	for (size_t at = 0; at < len; at += record.used) {
		assert_int_equal(record_open(keys, buf + at, len - at, &record), BJ_OK);
		assert_true(record.used > 0 && record.type == RECORD_HANDSHAKE);
		memcpy(flight + flight_len, record.body.ptr, record.body.len);
		flight_len += record.body.len;
	}
	for (size_t at = 0; at < flight_len; at += m.whole.len) {
		assert_true(message_take(bytes_of(flight + at, flight_len - at), &m, &need) && count < 8);
		types[count] = m.type;
		contexts[count++] = m.type == MSG_CERTIFICATE ? m.body.ptr[1] : 0;
	}
	return count;
}

/* Servers of others ask again before they have the answer. rfc9846:4.6.2 */
static void requests_that_come_together_are_answered_one_after_the_other(void **state)
{
	static const uint8_t expected[] = { MSG_CERTIFICATE, MSG_CERTIFICATE_VERIFY, MSG_FINISHED, MSG_CERTIFICATE, MSG_CERTIFICATE_VERIFY, MSG_FINISHED };
	static const uint8_t requests[] = { 13, 0, 0, 12, 1, 'A', 0, 8, 0, 13, 0, 4, 0, 2, 4, 3, 13, 0, 0, 12, 1, 'B', 0, 8, 0, 13, 0, 4, 0, 2, 4, 3 };
	struct bj_bytes piece = { requests, sizeof(requests) };
	uint8_t types[8], contexts[8];
	size_t len;

	for (unsigned asks = 0; asks < 2; asks++) {
		ends_teardown(NULL);
		setup(NULL);
		assert_int_equal(bj_tls_config_ask(client, asks << BJ_TLS_Q_CREDENTIAL), BJ_OK);
		open_with(own);
		assert_int_equal(record_seal(&pair.server.conn->wr, RECORD_HANDSHAKE, VERSION_1_2, &piece, 1, pair.client.wire, WIRE_CAP, &len), BJ_OK);
		pair.client.wire_len = len;
		side_feed(&pair, &pair.client);
		for (unsigned n = 0; n < 2 * asks; n++) {
			assert_int_equal(bj_tls_question(pair.client.conn), BJ_TLS_Q_CREDENTIAL);
			assert_int_equal(bj_tls_answer_credential(pair.client.conn, own), BJ_OK);
			side_feed(&pair, &pair.client);
		}
		assert_int_equal(pair.client.err, BJ_OK);
		assert_int_equal(bj_tls_question(pair.client.conn), BJ_TLS_Q_NONE);
		assert_int_equal(messages_of_client(types, contexts), sizeof(expected));
		assert_memory_equal(types, expected, sizeof(expected));
		assert_int_equal(contexts[0], 'A');
		assert_int_equal(contexts[3], 'B');
		assert_null(pair.client.conn->hs);
		pair_echo(&pair);
	}
}

static void pieces_of_one_byte_are_enough(void **state)
{
	open_with(own);
	pair.chunk = 1;
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
	pair_run(&pair);
	assert_true(report_of(&pair.server).peer_verified);
	pair_echo(&pair);
}

static void connections_that_resume_can_be_asked_too(void **state)
{
	open_with(own);
	session_keep();
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_resume(pair.client.conn, pair.now_ms, kept, kept_len), BJ_OK);
	pair_shake(&pair);
	assert_true(report_of(&pair.server).resumed);
	assert_int_equal(ask(), 1);
	assert_true(report_of(&pair.server).peer_verified);
	pair_echo(&pair);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(who_cannot_answer_is_not_asked),
		T(nobody_is_asked_whose_answer_could_not_be_read_or_taken),
		T(who_came_with_a_key_from_outside_is_not_asked),
		T(who_has_closed_answers_no_more),
		T(who_closes_while_he_is_asked_says_nothing_but_that),
		T(a_client_that_shows_nothing_later_stays_who_it_was),
		T(a_client_that_did_not_offer_refuses_a_request),
		T(a_certificate_of_strangers_ends_the_connection),
		T(the_transcript_goes_on_from_the_handshake),
		T(an_answer_to_another_request_is_refused),
		T(requests_have_a_limit),
		T(a_client_that_is_asked_shows_its_certificate),
		T(a_client_without_a_certificate_says_so),
		T(data_and_new_keys_go_on_while_the_answer_is_awaited),
		T(a_certificate_of_the_handshake_gives_way_to_a_later_one),
		T(questions_may_wait),
		T(requests_that_come_together_are_answered_one_after_the_other),
		T(pieces_of_one_byte_are_enough),
		T(connections_that_resume_can_be_asked_too),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
