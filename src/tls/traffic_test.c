/* traffic_test.c - traffic keys given away: who has them makes and opens the same records as the engine, and the engine none any more. */
#include "tls/fixture.h"
#include "tls/msg/message.h"

/* What somebody else makes of the keys: only what the struct says. */
static struct record_keys keys_of(const struct bj_tls_traffic_keys *from)
{
	const struct suite *suite = suite_find(from->suite);
	struct record_keys keys = { 0 };

	assert_non_null(suite);
	assert_int_equal(suite->version, from->version);
	assert_int_equal(from->key_len, aead_key_len((enum aead_alg)suite->aead));
	assert_int_equal(record_keys_set(&keys, suite, from->key, from->iv), BJ_OK);
	keys.seq = from->sequence;
	return keys;
}

static struct bj_tls_traffic_keys given(struct side *s, bool write)
{
	struct bj_tls_traffic_keys keys;

	assert_int_equal(bj_tls_traffic_keys(s->conn, write, &keys), BJ_OK);
	return keys;
}

/* A record made with the given keys comes out of the peer's engine. */
static void send_with(struct record_keys *keys, struct side *to, const char *text)
{
	struct bj_bytes piece = bytes_text(text);
	size_t len;

	to->data_len = 0;
	assert_int_equal(record_seal(keys, RECORD_DATA, VERSION_1_2, &piece, 1, to->wire + to->wire_len, WIRE_CAP - to->wire_len, &len), BJ_OK);
	to->wire_len += len;
	side_feed(&pair, to);
	assert_int_equal(to->err, BJ_OK);
	assert_int_equal(to->data_len, strlen(text));
	assert_memory_equal(to->data, text, strlen(text));
}

/* What the engine sealed opens with the given keys. */
static void receive_with(struct record_keys *keys, struct side *from, const char *text)
{
	struct bj_bytes piece = bytes_text(text);
	uint8_t buf[256];
	struct record record;
	size_t used, len;

	assert_int_equal(bj_tls_seal(from->conn, &piece, 1, buf, sizeof(buf), &used, &len), BJ_OK);
	assert_int_equal(record_open(keys, buf, len, &record), BJ_OK);
	assert_int_equal(record.used, len);
	assert_int_equal(record.type, RECORD_DATA);
	assert_true(bytes_equal(record.body, piece));
}

/* The one record that the engine wants to send, opened and given to the peer as if somebody else had. */
static enum bj_err pass_opened(struct side *from, struct record_keys *keys, struct side *to, enum bj_tls_event *event)
{
	uint8_t buf[1024];
	size_t len = bj_tls_pull(from->conn, buf, sizeof(buf));
	struct record record;

	assert_int_equal(record_open(keys, buf, len, &record), BJ_OK);
	assert_int_equal(record.used, len);
	return bj_tls_feed_opened(to->conn, NOW_MS, record.type, record.body.ptr, record.body.len, event);
}

static void keys_are_not_given_before_the_handshake_is_done(void **state)
{
	struct bj_tls_traffic_keys keys;
	enum bj_tls_event event;

	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_traffic_keys(pair.client.conn, true, &keys), BJ_ERR_STATE);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	assert_int_equal(bj_tls_traffic_keys(pair.client.conn, false, &keys), BJ_ERR_STATE);
	pair_run(&pair);
	assert_int_equal(bj_tls_traffic_keys_next(pair.client.conn, &keys), BJ_ERR_STATE);
	assert_int_equal(bj_tls_feed_opened(pair.client.conn, NOW_MS, RECORD_ALERT, "\x01\x00", 2, &event), BJ_ERR_STATE);
}

static void keys_are_not_given_while_something_is_on_its_way(void **state)
{
	struct bj_tls_traffic_keys keys;
	struct bj_bytes piece;
	uint8_t buf[64], part[2] = { MSG_KEY_UPDATE, 0 };
	struct bj_tls_fed fed;
	size_t len;

	ends_open();
	assert_int_equal(bj_tls_key_update(pair.client.conn, false), BJ_OK);
	assert_int_equal(bj_tls_traffic_keys(pair.client.conn, true, &keys), BJ_ERR_STATE);
	piece = bytes_of(part, sizeof(part)); /* half a message from the server */
	assert_int_equal(record_seal(&pair.server.conn->wr, RECORD_HANDSHAKE, VERSION_1_2, &piece, 1, buf, sizeof(buf), &len), BJ_OK);
	assert_int_equal(bj_tls_feed(pair.client.conn, NOW_MS, buf, len, &fed), BJ_OK);
	assert_int_equal(bj_tls_traffic_keys(pair.client.conn, false, &keys), BJ_ERR_STATE);
	bj_tls_close(pair.server.conn);
	assert_int_equal(bj_tls_traffic_keys(pair.server.conn, true, &keys), BJ_ERR_STATE);
}

static void the_engine_works_no_record_of_a_direction_that_was_given(void **state)
{
	struct bj_bytes piece = BYTES_LIT("x");
	uint8_t buf[256];
	struct bj_tls_fed fed;
	size_t used, len;

	ends_open();
	given(&pair.client, true);
	assert_int_equal(bj_tls_seal(pair.client.conn, &piece, 1, buf, sizeof(buf), &used, &len), BJ_ERR_STATE);
	assert_int_equal(bj_tls_key_update(pair.client.conn, false), BJ_ERR_STATE);
	assert_int_equal(bj_tls_seal(pair.server.conn, &piece, 1, buf, sizeof(buf), &used, &len), BJ_OK);
	assert_int_equal(bj_tls_feed(pair.client.conn, NOW_MS, buf, len, &fed), BJ_OK); /* the other direction goes on */
	given(&pair.client, false);
	assert_int_equal(bj_tls_feed(pair.client.conn, NOW_MS, buf, 0, &fed), BJ_ERR_STATE);
	bj_tls_close(pair.client.conn);
	assert_int_equal(bj_tls_pending(pair.client.conn), 0);
	assert_int_equal(report_of(&pair.client).alert_sent, ALERT_CLOSE_NOTIFY);
	assert_true(report_of(&pair.client).close_sent);
}

static void opened_records_are_judged_like_others(void **state)
{
	static const struct {
		const char *why;
		uint8_t type;
		const char *bytes;
		size_t len;
		enum bj_err err;
	} rows[] = {
		{ "data is the caller's", RECORD_DATA, "x", 1, BJ_ERR_ARGUMENT },
		{ "a type that does not exist", 99, "x", 1, BJ_ERR_ARGUMENT },
		{ "an empty handshake record", RECORD_HANDSHAKE, "", 0, BJ_ERR_UNEXPECTED_MESSAGE },
		{ "a change_cipher_spec", RECORD_CCS, "\x01", 1, BJ_ERR_BAD_CHANGE_CIPHER_SPEC },
		{ "half an alert", RECORD_ALERT, "\x02", 1, BJ_ERR_DECODE },
		{ "a fatal alert", RECORD_ALERT, "\x02\x28", 2, BJ_ERR_ALERT_RECEIVED },
		{ "a message that has no place", RECORD_HANDSHAKE, "\x14\0\0\0", 4, BJ_ERR_UNEXPECTED_MESSAGE },
		{ "a key update with a wrong value", RECORD_HANDSHAKE, "\x18\0\0\x01\x02", 5, BJ_ERR_ILLEGAL_PARAMETER },
		{ "bytes behind a key update", RECORD_HANDSHAKE, "\x18\0\0\x01\0\x18", 6, BJ_ERR_EXCESSIVE_DATA },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		enum bj_tls_event event;
		enum bj_err err;

		ends_open();
		given(&pair.client, false);
		given(&pair.client, true);
		err = bj_tls_feed_opened(pair.client.conn, NOW_MS, rows[i].type, rows[i].bytes, rows[i].len, &event);
		if (err != rows[i].err || event != BJ_TLS_NONE)
			fail_msg("%s: %s", rows[i].why, bj_err_name(err));
		assert_int_equal(bj_tls_pending(pair.client.conn), 0);
		pair_fini(&pair);
	}
	ends_open();
}

static void every_suite_goes_on_with_the_keys_it_gave(void **state)
{
	static const uint16_t suites[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xcca9 };

	for (size_t i = 0; i < ARRAY_COUNT(suites); i++) {
		struct bj_tls_traffic_keys write, read;
		struct record_keys out, in;

		ends_teardown(NULL);
		ends_setup(NULL);
		assert_int_equal(bj_tls_config_suites(client, &suites[i], 1), BJ_OK);
		ends_open();
		write = given(&pair.server, true);
		read = given(&pair.server, false);
		assert_int_equal(write.suite, suites[i]);
		assert_int_equal(write.iv_len, suites[i] == 0xc02b || suites[i] == 0xc02c ? 4 : 12);
		assert_true(read.sequence > 0);
		out = keys_of(&write);
		in = keys_of(&read);
		for (unsigned n = 0; n < 3; n++) {
			send_with(&out, &pair.client, "from the kernel");
			receive_with(&in, &pair.client, "to the kernel");
		}
		record_keys_fini(&out);
		record_keys_fini(&in);
	}
}

static void key_updates_go_on_in_both_directions(void **state)
{
	struct bj_tls_traffic_keys keys;
	struct record_keys in, out;
	enum bj_tls_event event;

	ends_open();
	keys = given(&pair.client, false);
	in = keys_of(&keys);
	keys = given(&pair.client, true);
	out = keys_of(&keys);
	for (unsigned n = 0; n < 3; n++) {
		struct bj_bytes update = BYTES_LIT("\x18\0\0\x01\0");
		size_t len;

		/* the server updates, and asks for the same */
		assert_int_equal(bj_tls_key_update(pair.server.conn, true), BJ_OK);
		assert_int_equal(pass_opened(&pair.server, &in, &pair.client, &event), BJ_OK);
		assert_int_equal(event, BJ_TLS_NONE);
		record_keys_fini(&in);
		keys = given(&pair.client, false);
		assert_int_equal(keys.sequence, 0);
		in = keys_of(&keys);
		receive_with(&in, &pair.server, "under new keys");
		/* and gets it */
		assert_int_equal(record_seal(&out, RECORD_HANDSHAKE, VERSION_1_2, &update, 1, pair.server.wire, WIRE_CAP, &len), BJ_OK);
		pair.server.wire_len = len;
		side_feed(&pair, &pair.server);
		assert_int_equal(bj_tls_traffic_keys_next(pair.client.conn, &keys), BJ_OK);
		assert_int_equal(keys.sequence, 0);
		record_keys_fini(&out);
		out = keys_of(&keys);
		send_with(&out, &pair.server, "these too");
	}
	record_keys_fini(&in);
	record_keys_fini(&out);
}

/* The data between them is read by somebody else. */
static void key_updates_end_a_connection_only_where_they_follow_each_other_at_once(void **state)
{
	struct bj_bytes update = BYTES_LIT("\x18\0\0\x01\0");
	enum bj_tls_event event;
	int64_t now_ms = NOW_MS;

	ends_open();
	given(&pair.client, false);
	for (unsigned n = 0; n < 3 * CONN_KEY_UPDATE_MAX; n++)
		assert_int_equal(bj_tls_feed_opened(pair.client.conn, now_ms += 1000, RECORD_HANDSHAKE, update.ptr, update.len, &event), BJ_OK);
	for (unsigned n = 1; n < CONN_KEY_UPDATE_MAX; n++)
		assert_int_equal(bj_tls_feed_opened(pair.client.conn, now_ms += 999, RECORD_HANDSHAKE, update.ptr, update.len, &event), BJ_OK);
	assert_int_equal(bj_tls_feed_opened(pair.client.conn, now_ms, RECORD_HANDSHAKE, update.ptr, update.len, &event), BJ_ERR_TOO_MANY_RECORDS);
}

static void tickets_and_close_notify_come_through(void **state)
{
	static const uint8_t ticket[] = { MSG_NEW_SESSION_TICKET, 0, 0, 17, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 3, 'a', 'b', 'c', 0, 0 };
	struct bj_tls_traffic_keys keys;
	struct record_keys in;
	enum bj_tls_event event;

	ends_open();
	keys = given(&pair.client, false);
	in = keys_of(&keys);
	assert_int_equal(bj_tls_feed_opened(pair.client.conn, NOW_MS, RECORD_HANDSHAKE, ticket, 7, &event), BJ_OK);
	assert_int_equal(event, BJ_TLS_NONE);
	assert_int_equal(bj_tls_feed_opened(pair.client.conn, NOW_MS, RECORD_HANDSHAKE, ticket + 7, sizeof(ticket) - 7, &event), BJ_OK);
	assert_int_equal(event, BJ_TLS_TICKET);
	bj_tls_close(pair.server.conn);
	assert_int_equal(pass_opened(&pair.server, &in, &pair.client, &event), BJ_OK);
	assert_int_equal(event, BJ_TLS_CLOSE);
	assert_int_equal(bj_tls_eof(pair.client.conn), BJ_OK);
	record_keys_fini(&in);
}

/* What the peer asked for before would be forgotten by who has the keys. */
static void keys_are_not_given_while_the_peer_waits_for_new_ones(void **state)
{
	struct bj_tls_traffic_keys keys;
	struct record_keys out;

	ends_open();
	assert_int_equal(bj_tls_key_update(pair.server.conn, true), BJ_OK);
	side_carry(&pair, &pair.server, &pair.client);
	side_feed(&pair, &pair.client);
	assert_int_equal(bj_tls_pending(pair.client.conn), 0);
	assert_int_equal(bj_tls_traffic_keys(pair.client.conn, true, &keys), BJ_ERR_STATE);
	assert_true(side_carry(&pair, &pair.client, &pair.server));
	keys = given(&pair.client, true);
	out = keys_of(&keys);
	assert_int_equal(keys.sequence, 0);
	send_with(&out, &pair.server, "under new keys");
	record_keys_fini(&out);
}

/* Each session can be had before the next takes its place. */
static void of_several_tickets_in_one_record_each_is_told(void **state)
{
	static const uint8_t tickets[2][21] = {
		{ MSG_NEW_SESSION_TICKET, 0, 0, 17, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 3, 'a', 'b', 'c', 0, 0 },
		{ MSG_NEW_SESSION_TICKET, 0, 0, 17, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 3, 'd', 'e', 'f', 0, 0 },
	};
	uint8_t first[1024];
	struct bj_bytes session;
	struct bj_tls *conn;
	enum bj_tls_event event;
	size_t first_len;

	ends_open();
	conn = pair.client.conn;
	(void)given(&pair.client, false);
	assert_int_equal(bj_tls_feed_opened(conn, NOW_MS, RECORD_HANDSHAKE, tickets, sizeof(tickets), &event), BJ_OK);
	assert_int_equal(event, BJ_TLS_TICKET);
	session = bj_tls_session(conn);
	first_len = session.len;
	assert_true(first_len > 0 && first_len <= sizeof(first));
	memcpy(first, session.ptr, first_len);
	assert_int_equal(bj_tls_feed_opened(conn, NOW_MS, RECORD_HANDSHAKE, tickets, sizeof(tickets[0]), &event), BJ_ERR_STATE);
	assert_int_equal(bj_tls_feed_opened(conn, NOW_MS, RECORD_HANDSHAKE, NULL, 0, &event), BJ_OK);
	assert_int_equal(event, BJ_TLS_TICKET);
	session = bj_tls_session(conn);
	assert_int_equal(session.len, first_len);
	assert_memory_not_equal(session.ptr, first, first_len);
	assert_int_equal(bj_tls_feed_opened(conn, NOW_MS, RECORD_HANDSHAKE, tickets, sizeof(tickets[0]), &event), BJ_OK);
	assert_int_equal(event, BJ_TLS_TICKET);
}

/* A question that a message asks goes on with no more bytes, whoever opens the records. */
static void a_question_is_answered_while_somebody_else_reads(void **state)
{
	struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);
	struct bj_tls_traffic_keys keys;
	struct record_keys in;
	enum bj_tls_event event;

	assert_int_equal(bj_tls_config_post_handshake_auth(client, true), BJ_OK);
	assert_int_equal(bj_tls_config_post_handshake_auth(server, true), BJ_OK);
	assert_int_equal(bj_tls_config_ask(client, 1u << BJ_TLS_Q_CREDENTIAL), BJ_OK);
	ends_open();
	keys = given(&pair.client, false);
	in = keys_of(&keys);
	assert_int_equal(bj_tls_feed_opened(pair.client.conn, NOW_MS, RECORD_HANDSHAKE, "", 0, &event), BJ_ERR_UNEXPECTED_MESSAGE);
	pair_fini(&pair);
	ends_open();
	keys = given(&pair.client, false);
	in = keys_of(&keys);
	assert_int_equal(bj_tls_request_certificate(pair.server.conn), BJ_OK);
	assert_int_equal(pass_opened(&pair.server, &in, &pair.client, &event), BJ_OK);
	assert_int_equal(event, BJ_TLS_ASK);
	assert_int_equal(bj_tls_feed_opened(pair.client.conn, NOW_MS, RECORD_ALERT, "\x01\x00", 2, &event), BJ_ERR_STATE); /* not before the answer */
	assert_int_equal(event, BJ_TLS_ASK);
	assert_int_equal(bj_tls_answer_credential(pair.client.conn, own), BJ_OK);
	assert_int_equal(bj_tls_feed_opened(pair.client.conn, NOW_MS, RECORD_HANDSHAKE, NULL, 0, &event), BJ_OK);
	assert_int_equal(event, BJ_TLS_NONE);
	side_carry(&pair, &pair.client, &pair.server);
	side_feed(&pair, &pair.server);
	assert_int_equal(pair.server.err, BJ_OK);
	assert_true(report_of(&pair.server).peer_verified);
	record_keys_fini(&in);
	bj_credential_free(own);
}

static void there_is_no_next_key_in_1_2(void **state)
{
	struct bj_tls_traffic_keys keys;

	assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	ends_open();
	given(&pair.client, true);
	assert_int_equal(bj_tls_traffic_keys_next(pair.client.conn, &keys), BJ_ERR_STATE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, ends_setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(keys_are_not_given_before_the_handshake_is_done),
		T(keys_are_not_given_while_something_is_on_its_way),
		T(the_engine_works_no_record_of_a_direction_that_was_given),
		T(opened_records_are_judged_like_others),
		T(every_suite_goes_on_with_the_keys_it_gave),
		T(key_updates_go_on_in_both_directions),
		T(key_updates_end_a_connection_only_where_they_follow_each_other_at_once),
		T(tickets_and_close_notify_come_through),
		T(of_several_tickets_in_one_record_each_is_told),
		T(keys_are_not_given_while_the_peer_waits_for_new_ones),
		T(a_question_is_answered_while_somebody_else_reads),
		T(there_is_no_next_key_in_1_2),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
