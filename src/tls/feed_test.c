/* feed_test.c - records that are wrong, out of place or too many; alerts, closing, floods, key limits, rejected early data. */
#include "tls/fixture.h"
#include "tls/flight.h"
#include "tls/keys.h"

#define T(f) cmocka_unit_test_setup_teardown(f, ends_setup, ends_teardown)

/* A new pair with the same configurations. */
static void again(void)
{
	pair_fini(&pair);
	pair_start(&pair, client, server, PKI_NAME);
}

/* One record of that content, sealed with the sender's keys, and fed. */
static void inject(struct side *from, struct side *to, enum record_type type, const void *bytes, size_t len)
{
	struct bj_bytes piece = { bytes, len };
	size_t sealed;

	assert_int_equal(record_seal(&from->conn->wr, type, BJ_TLS_1_2, &piece, 1, to->wire + to->wire_len, WIRE_CAP - to->wire_len, &sealed),
			 BJ_OK);
	to->wire_len += sealed;
	side_feed(&pair, to);
}

static void expect_alert(const struct side *s, enum bj_err err, int alert)
{
	if (s->err != err)
		print_message("%s instead of %s\n", bj_err_name(s->err), bj_err_name(err));
	assert_int_equal(s->err, err);
	assert_int_equal(report_of(s).alert_sent, alert);
}

static void feed_raw(struct side *s, const void *bytes, size_t len)
{
	memcpy(s->wire + s->wire_len, bytes, len);
	s->wire_len += len;
	side_feed(&pair, s);
}

/* ---- before anything */

static void what_is_not_tls_is_not_answered(void **state)
{
	static const char *const texts[] = { "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SSH-2.0-OpenSSH_9\r\n", "\x80\x2e\x01\x03\x01" };

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		again();
		feed_raw(&pair.server, texts[i], strlen(texts[i]));
		assert_int_equal(pair.server.err, BJ_ERR_NOT_TLS);
		assert_int_equal(bj_tls_pending(pair.server.conn), 0);
		assert_string_equal(report_of(&pair.server).message, "record");
	}
}

static void first_records_that_have_no_place_are_refused(void **state)
{
	static const struct {
		const char *why;
		uint8_t bytes[12];
		size_t len;
		enum bj_err err;
		int alert;
	} rows[] = {
		{ "data", { 23, 3, 3, 0, 1, 0 }, 6, BJ_ERR_UNEXPECTED_MESSAGE, ALERT_UNEXPECTED_MESSAGE },
		{ "change_cipher_spec", { 20, 3, 3, 0, 1, 1 }, 6, BJ_ERR_BAD_CHANGE_CIPHER_SPEC, ALERT_UNEXPECTED_MESSAGE },
		{ "an unexpected message", { 22, 3, 3, 0, 4, 20, 0, 0, 0 }, 9, BJ_ERR_UNEXPECTED_MESSAGE, ALERT_UNEXPECTED_MESSAGE },
		{ "a message that does not exist", { 22, 3, 3, 0, 1, 99 }, 6, BJ_ERR_UNEXPECTED_MESSAGE, ALERT_UNEXPECTED_MESSAGE },
		{ "a hello that would be too long", { 22, 3, 3, 0, 4, 1, 2, 0, 0 }, 9, BJ_ERR_MESSAGE_TOO_LONG, ALERT_ILLEGAL_PARAMETER },
		{ "an empty hello", { 22, 3, 3, 0, 4, 1, 0, 0, 0 }, 9, BJ_ERR_DECODE, ALERT_DECODE_ERROR },
		{ "a record that is too long", { 22, 3, 3, 0x50, 0 }, 5, BJ_ERR_RECORD_OVERFLOW, ALERT_RECORD_OVERFLOW },
		{ "an alert of one byte", { 21, 3, 3, 0, 1, 2 }, 6, BJ_ERR_DECODE, ALERT_DECODE_ERROR },
		{ "an alert of three bytes", { 21, 3, 3, 0, 3, 2, 40, 2 }, 8, BJ_ERR_DECODE, ALERT_DECODE_ERROR },
		{ "an alert of no level", { 21, 3, 3, 0, 2, 3, 40 }, 7, BJ_ERR_ILLEGAL_PARAMETER, ALERT_ILLEGAL_PARAMETER },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		again();
		print_message("%s\n", rows[i].why);
		feed_raw(&pair.server, rows[i].bytes, rows[i].len);
		expect_alert(&pair.server, rows[i].err, rows[i].alert);
		assert_true(bj_tls_pending(pair.server.conn) > 0);
	}
}

static void a_client_must_be_started_and_a_server_must_not(void **state)
{
	struct bj_tls_fed fed;

	again();
	assert_int_equal(bj_tls_feed(pair.client.conn, NOW_MS, NULL, 0, &fed), BJ_ERR_STATE);
	assert_int_equal(bj_tls_start(pair.server.conn, NOW_MS), BJ_ERR_STATE);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_ERR_STATE);
	assert_int_equal(bj_tls_error(pair.client.conn), BJ_OK);
}

static void an_alert_ends_a_handshake_and_sticks(void **state)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, ALERT_HANDSHAKE_FAILURE };
	struct bj_tls_fed fed;

	again();
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	bj_tls_pull(pair.client.conn, pair.server.wire, WIRE_CAP);
	feed_raw(&pair.client, alert, sizeof(alert));
	assert_int_equal(pair.client.err, BJ_ERR_ALERT_RECEIVED);
	assert_int_equal(report_of(&pair.client).alert_received, ALERT_HANDSHAKE_FAILURE);
	assert_int_equal(report_of(&pair.client).alert_sent, -1);
	assert_int_equal(bj_tls_pending(pair.client.conn), 0);
	assert_int_equal(bj_tls_feed(pair.client.conn, NOW_MS, NULL, 0, &fed), BJ_ERR_ALERT_RECEIVED);
	bj_tls_abort(pair.client.conn, BJ_ERR_USER_CANCELED);
	assert_int_equal(bj_tls_eof(pair.client.conn), BJ_ERR_ALERT_RECEIVED);
}

static void bytes_behind_a_hello_are_data_across_a_change_of_keys(void **state)
{
	size_t len;

	again();
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	len = bj_tls_pull(pair.client.conn, pair.server.wire, WIRE_CAP);
	pair.server.wire[len] = MSG_FINISHED; /* the beginning of another message in the same record */
	pair.server.wire[3] = (uint8_t)((len - 4) >> 8);
	pair.server.wire[4] = (uint8_t)(len - 4);
	pair.server.wire_len = len + 1;
	side_feed(&pair, &pair.server);
	expect_alert(&pair.server, BJ_ERR_EXCESSIVE_DATA, ALERT_UNEXPECTED_MESSAGE);
}

/* The types of the records that the client sends, in order. */
static void note_types(void *self, bool to_server, uint8_t *bytes, size_t len)
{
	char *types = self;

	for (size_t at = 0; to_server && at + 5 <= len; at += 5 + ((size_t)bytes[at + 3] << 8 | bytes[at + 4])) {
		size_t n = strlen(types);

		if (n < 8)
			types[n] = "cahd"[bytes[at] - RECORD_CCS];
	}
}

static void a_clients_first_alert_under_keys_follows_change_cipher_spec(void **state)
{
	char types[16] = "";

	pair_fini(&pair);
	pair_start(&pair, client, server, "other.example.com");
	pair.tap = note_types;
	pair.tap_self = types;
	pair_shake(&pair);
	expect_alert(&pair.client, BJ_ERR_CERT_NAME, ALERT_BAD_CERTIFICATE);
	assert_string_equal(types, "hcd");
}

static void nothing_stands_behind_a_hello_that_is_answered_with_a_retry(void **state)
{
	const uint16_t first[] = { 0x0017 }, both[] = { 0x001d, 0x0017 };
	size_t len;

	assert_int_equal(bj_tls_config_groups(server, first, 1), BJ_OK);
	assert_int_equal(bj_tls_config_groups(client, both, 2), BJ_OK);
	again();
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	len = bj_tls_pull(pair.client.conn, pair.server.wire, WIRE_CAP);
	pair.server.wire[len] = MSG_CLIENT_HELLO;
	pair.server.wire[3] = (uint8_t)((len - 4) >> 8);
	pair.server.wire[4] = (uint8_t)(len - 4);
	pair.server.wire_len = len + 1;
	side_feed(&pair, &pair.server);
	expect_alert(&pair.server, BJ_ERR_EXCESSIVE_DATA, ALERT_UNEXPECTED_MESSAGE);
}

static void many_wishes_for_new_keys_have_one_answer(void **state)
{
	uint64_t before;

	again();
	pair_shake(&pair);
	before = pair.server.conn->records_out;
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(bj_tls_key_update(pair.client.conn, true), BJ_OK);
		pair_run(&pair);
	}
	assert_int_equal(pair.server.conn->records_out, before);
	pair_echo(&pair);
	assert_int_equal(pair.server.conn->records_out, before + 2); /* the answer and the data */
}

/* New keys come all the same, without the wish; when he has answered, by whatever update, he may be asked again. rfc9846:4.6.3 */
static void who_was_asked_for_new_keys_is_not_asked_again_before_he_answers(void **state)
{
	uint64_t before;

	again();
	pair_shake(&pair);
	assert_int_equal(bj_tls_key_update(pair.client.conn, true), BJ_OK);
	pair_run(&pair);
	assert_true(pair.server.conn->update_owed);
	pair.server.conn->update_owed = false; /* as if it had not read it */
	before = pair.server.conn->records_in;
	assert_int_equal(bj_tls_key_update(pair.client.conn, true), BJ_OK);
	pair_run(&pair);
	assert_int_equal(pair.server.conn->records_in, before + 1);
	assert_int_equal(pair.server.conn->rd.seq, 0);
	assert_false(pair.server.conn->update_owed);
	assert_int_equal(bj_tls_key_update(pair.server.conn, false), BJ_OK);
	pair_run(&pair);
	assert_int_equal(bj_tls_key_update(pair.client.conn, true), BJ_OK);
	pair_run(&pair);
	assert_true(pair.server.conn->update_owed);
	pair_echo(&pair);
}

static void a_few_compatibility_records_are_passed_over(void **state)
{
	static const uint8_t ccs[] = { 20, 3, 3, 0, 1, 1 }, wrong[] = { 20, 3, 3, 0, 1, 2 };

	again();
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	side_carry(&pair, &pair.client, &pair.server);
	side_feed(&pair, &pair.server);
	feed_raw(&pair.server, ccs, sizeof(ccs));
	assert_int_equal(pair.server.err, BJ_OK);
	feed_raw(&pair.server, wrong, sizeof(wrong));
	expect_alert(&pair.server, BJ_ERR_BAD_CHANGE_CIPHER_SPEC, ALERT_UNEXPECTED_MESSAGE);
	again();
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	side_carry(&pair, &pair.client, &pair.server);
	side_feed(&pair, &pair.server);
	for (unsigned i = 0; i < 10 && !pair.server.err; i++)
		feed_raw(&pair.server, ccs, sizeof(ccs));
	expect_alert(&pair.server, BJ_ERR_BAD_CHANGE_CIPHER_SPEC, ALERT_UNEXPECTED_MESSAGE);
	again();
	pair_shake(&pair);
	feed_raw(&pair.server, ccs, sizeof(ccs));
	assert_int_not_equal(pair.server.err, BJ_OK);
}

/* ---- on an open connection */

static void nothing_plain_is_taken_once_there_are_keys(void **state)
{
	static const uint8_t records[][8] = { { 23, 3, 3, 0, 1, 'x' }, { 22, 3, 3, 0, 1, 20 }, { 21, 3, 3, 0, 2, 1, 0 } };
	static const size_t lens[] = { 6, 6, 7 };

	for (size_t i = 0; i < ARRAY_COUNT(records); i++) {
		again();
		pair_shake(&pair);
		pair_echo(&pair);
		feed_raw(&pair.client, records[i], lens[i]);
		assert_int_not_equal(pair.client.err, BJ_OK);
		assert_int_equal(pair.client.closes, 0);
	}
}

/* Also not as the first record under new keys: anybody could end the connection as if the peer had. */
static void a_plain_alert_neither_closes_nor_ends_an_open_connection(void **state)
{
	static const uint8_t alerts[][7] = { { 21, 3, 3, 0, 2, ALERT_WARNING, ALERT_CLOSE_NOTIFY }, { 21, 3, 3, 0, 2, ALERT_FATAL, ALERT_HANDSHAKE_FAILURE } };

	for (unsigned i = 0; i < 2 * ARRAY_COUNT(alerts); i++) {
		struct side *to;

		again();
		pair_shake(&pair);
		to = i % 2 ? &pair.server : &pair.client;
		to->conn->rd.seq = 0; /* a client has read tickets */
		feed_raw(to, alerts[i / 2], sizeof(alerts[0]));
		expect_alert(to, BJ_ERR_UNEXPECTED_MESSAGE, ALERT_UNEXPECTED_MESSAGE);
		assert_int_equal(to->closes, 0);
		assert_int_equal(report_of(to).alert_received, -1);
		assert_int_equal(bj_tls_eof(to->conn), BJ_ERR_UNEXPECTED_MESSAGE);
	}
}

static void every_changed_byte_of_a_record_is_noticed(void **state)
{
	uint8_t good[100];
	size_t len, used;

	again();
	pair_shake(&pair);
	assert_int_equal(bj_tls_seal(pair.client.conn, &(struct bj_bytes){ (const uint8_t *)"hello", 5 }, 1, good, sizeof(good), &used, &len), BJ_OK);
	for (size_t i = 0; i < len; i++) {
		if (i == 3 || i == 4)
			continue; /* a longer record is not all there; a shorter one is tried by the record layer's own test */
		again();
		pair_shake(&pair);
		assert_int_equal(bj_tls_seal(pair.client.conn, &(struct bj_bytes){ (const uint8_t *)"hello", 5 }, 1, good, sizeof(good), &used, &len),
				 BJ_OK);
		good[i] ^= 1;
		feed_raw(&pair.server, good, len);
		assert_int_not_equal(pair.server.err, BJ_OK);
		assert_int_equal(pair.server.data_len, 0);
		assert_true(report_of(&pair.server).alert_sent > 0);
	}
}

static void floods_of_empty_records_end(void **state)
{
	again();
	pair_shake(&pair);
	for (unsigned i = 0; i < 1000 && !pair.server.err; i++)
		inject(&pair.client, &pair.server, RECORD_DATA, "", 0);
	expect_alert(&pair.server, BJ_ERR_TOO_MANY_RECORDS, ALERT_UNEXPECTED_MESSAGE);
}

static void floods_of_warnings_end(void **state)
{
	static const uint8_t canceled[] = { ALERT_WARNING, ALERT_USER_CANCELED }, unrecognized[] = { ALERT_WARNING, ALERT_UNRECOGNIZED_NAME };

	again();
	pair_shake(&pair);
	inject(&pair.client, &pair.server, RECORD_ALERT, canceled, 2);
	assert_int_equal(pair.server.err, BJ_OK);
	for (unsigned i = 0; i < 100 && !pair.server.err; i++)
		inject(&pair.client, &pair.server, RECORD_ALERT, canceled, 2);
	expect_alert(&pair.server, BJ_ERR_TOO_MANY_RECORDS, ALERT_UNEXPECTED_MESSAGE);
	again();
	pair_shake(&pair);
	inject(&pair.client, &pair.server, RECORD_ALERT, unrecognized, 2);
	assert_int_equal(pair.server.err, BJ_ERR_ALERT_RECEIVED);
}

static void floods_of_tickets_are_dropped_behind_a_limit(void **state)
{
	static const uint8_t ticket[] = { MSG_NEW_SESSION_TICKET, 0, 0, 14, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 1, 't', 0, 0 };

	again();
	pair_shake(&pair);
	for (unsigned i = 0; i < 1000 && !pair.client.err; i++)
		inject(&pair.server, &pair.client, RECORD_HANDSHAKE, ticket, sizeof(ticket));
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.client.conn->tickets, CONN_TICKET_MAX);
	assert_in_range(pair.client.tickets, CONN_TICKET_MAX - 2, CONN_TICKET_MAX);
	pair_echo(&pair);
}

/* One that no hello could offer would be in the way of every connection that is to come. */
static void a_ticket_that_is_too_long_to_be_offered_is_dropped(void **state)
{
	static uint8_t message[4 + 4 + 4 + 1 + 2 + UINT16_MAX + 2];
	size_t body = sizeof(message) - 4, kept_before;
	struct writer w = wr_make(message, sizeof(message));

	again();
	pair_shake(&pair);
	kept_before = bj_tls_session(pair.client.conn).len;
	pair.client.tickets = 0;
	wr_u8(&w, MSG_NEW_SESSION_TICKET);
	wr_u24(&w, (uint32_t)body);
	wr_u32(&w, 7200);
	wr_u32(&w, 0);
	wr_u8(&w, 0);
	wr_u16(&w, UINT16_MAX);
	for (size_t at = 0; at < sizeof(message); at += RECORD_PLAIN_MAX)
		inject(&pair.server, &pair.client, RECORD_HANDSHAKE, message + at, sizeof(message) - at < RECORD_PLAIN_MAX ? sizeof(message) - at : RECORD_PLAIN_MAX);
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.client.tickets, 0);
	assert_int_equal(bj_tls_session(pair.client.conn).len, kept_before);
	pair_echo(&pair);
}

static void records_do_not_come_between_the_pieces_of_a_message(void **state)
{
	static const uint8_t update[] = { MSG_KEY_UPDATE, 0, 0, 1, 0 };

	again();
	pair_shake(&pair);
	inject(&pair.client, &pair.server, RECORD_HANDSHAKE, update, 3);
	assert_int_equal(pair.server.err, BJ_OK);
	inject(&pair.client, &pair.server, RECORD_DATA, "x", 1);
	expect_alert(&pair.server, BJ_ERR_UNEXPECTED_MESSAGE, ALERT_UNEXPECTED_MESSAGE);
}

static void key_updates_end_their_record_and_know_their_values(void **state)
{
	static const uint8_t two[] = { MSG_KEY_UPDATE, 0, 0, 1, 0, MSG_KEY_UPDATE, 0, 0, 1, 0 }, wrong[] = { MSG_KEY_UPDATE, 0, 0, 1, 2 },
			     longer[] = { MSG_KEY_UPDATE, 0, 0, 2, 0, 0 };

	again();
	pair_shake(&pair);
	inject(&pair.client, &pair.server, RECORD_HANDSHAKE, two, sizeof(two));
	expect_alert(&pair.server, BJ_ERR_EXCESSIVE_DATA, ALERT_UNEXPECTED_MESSAGE);
	again();
	pair_shake(&pair);
	inject(&pair.client, &pair.server, RECORD_HANDSHAKE, wrong, sizeof(wrong));
	expect_alert(&pair.server, BJ_ERR_ILLEGAL_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	again();
	pair_shake(&pair);
	inject(&pair.client, &pair.server, RECORD_HANDSHAKE, longer, sizeof(longer));
	expect_alert(&pair.server, BJ_ERR_DECODE, ALERT_DECODE_ERROR);
}

static void keys_are_updated_before_their_limit(void **state)
{
	again();
	pair_shake(&pair);
	pair.client.conn->wr.seq = RECORD_SOFT_LIMIT;
	pair.server.conn->rd.seq = RECORD_SOFT_LIMIT;
	pair_echo(&pair);
	assert_true(pair.client.conn->wr.seq < 10);
	pair.client.conn->wr.seq = RECORD_SOFT_LIMIT - 1;
	pair.server.conn->rd.seq = RECORD_SOFT_LIMIT - 1;
	for (unsigned i = 0; i < 3; i++)
		pair_echo(&pair);
	assert_true(pair.client.conn->wr.seq < 10);
}

/* It would be collected only to be refused. */
static void what_has_no_place_is_not_waited_for(void **state)
{
	static const uint8_t begun[] = { 22, 3, 3, 0, 6, MSG_CERTIFICATE, 0, 0x40, 0, 0, 0 };

	again();
	feed_raw(&pair.server, begun, sizeof(begun));
	expect_alert(&pair.server, BJ_ERR_UNEXPECTED_MESSAGE, ALERT_UNEXPECTED_MESSAGE);
	again();
	pair_shake(&pair);
	inject(&pair.client, &pair.server, RECORD_HANDSHAKE, begun + RECORD_HEADER_LEN, 1);
	expect_alert(&pair.server, BJ_ERR_UNEXPECTED_MESSAGE, ALERT_UNEXPECTED_MESSAGE);
	assert_string_equal(report_of(&pair.server).message, "Certificate");
}

static void as_many_bytes_as_were_foretold_are_enough(void **state)
{
	static const uint8_t wish[] = { MSG_KEY_UPDATE, 0, 0, 1, 1 };
	static uint8_t data[40000], out[50000];
	const struct bj_bytes piece = bytes_of(data, sizeof(data));
	size_t used, len;

	again();
	pair_shake(&pair);
	for (unsigned i = 0; i < 3; i++) {
		if (i > 0)
			inject(&pair.client, &pair.server, RECORD_HANDSHAKE, wish, sizeof(wish));
		if (i > 0)
			assert_int_equal(keys_update(pair.client.conn, true), BJ_OK);
		if (i > 1)
			pair.server.conn->wr.seq = RECORD_SOFT_LIMIT - 1;
		assert_true(bj_tls_sealed_len(pair.server.conn, sizeof(data)) <= sizeof(out));
		assert_int_equal(bj_tls_seal(pair.server.conn, &piece, 1, out, bj_tls_sealed_len(pair.server.conn, sizeof(data)), &used, &len), BJ_OK);
		assert_int_equal(used, sizeof(data));
	}
}

/* ---- the end of a connection */

static void behind_close_notify_nothing_counts(void **state)
{
	struct bj_tls_fed fed;
	uint8_t junk[10] = { 0 };
	size_t used, len;

	again();
	pair_shake(&pair);
	bj_tls_close(pair.client.conn);
	bj_tls_close(pair.client.conn);
	assert_int_equal(bj_tls_seal(pair.client.conn, NULL, 0, junk, sizeof(junk), &used, &len), BJ_ERR_CLOSED);
	pair_run(&pair);
	assert_int_equal(pair.server.closes, 1);
	assert_int_equal(bj_tls_feed(pair.server.conn, NOW_MS, junk, sizeof(junk), &fed), BJ_OK);
	assert_int_equal(fed.used, sizeof(junk));
	assert_int_equal(fed.event, BJ_TLS_NONE);
	assert_int_equal(bj_tls_eof(pair.server.conn), BJ_OK);
	/* the other half stays open */
	pair_send(&pair, &pair.server, &pair.client, "late", 4);
	assert_int_equal(pair.client.data_len, 4);
	assert_int_equal(bj_tls_eof(pair.client.conn), BJ_ERR_TRUNCATED);
}

static void closing_a_handshake_is_no_clean_end(void **state)
{
	again();
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	bj_tls_close(pair.client.conn);
	pair_run(&pair);
	assert_int_equal(pair.server.err, BJ_ERR_ALERT_RECEIVED);
	assert_int_equal(report_of(&pair.server).alert_received, ALERT_CLOSE_NOTIFY);
}

static void an_owner_ends_a_connection_with_its_reason(void **state)
{
	again();
	pair_shake(&pair);
	bj_tls_abort(pair.server.conn, BJ_ERR_ACCESS_DENIED);
	pair_run(&pair);
	assert_int_equal(bj_tls_error(pair.server.conn), BJ_ERR_ACCESS_DENIED);
	assert_int_equal(pair.client.err, BJ_ERR_ALERT_RECEIVED);
	assert_int_equal(report_of(&pair.client).alert_received, ALERT_ACCESS_DENIED);
}

/* user_canceled alone ends nothing, and close_notify comes behind it. rfc9846:6.1 */
static void a_handshake_that_is_given_up_is_over_for_both(void **state)
{
	again();
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	side_carry(&pair, &pair.client, &pair.server);
	side_feed(&pair, &pair.server);
	bj_tls_abort(pair.client.conn, BJ_ERR_USER_CANCELED);
	assert_int_equal(report_of(&pair.client).alert_sent, ALERT_USER_CANCELED);
	pair_run(&pair);
	assert_int_equal(pair.server.err, BJ_ERR_ALERT_RECEIVED);
	assert_int_equal(report_of(&pair.server).alert_received, ALERT_CLOSE_NOTIFY);
}

/* ---- downgrades */

/* Somebody on the way takes 1.3 out of the hello: the server's random says that it could have. */
static void strip_13(void *self, bool to_server, uint8_t *bytes, size_t len)
{
	static const uint8_t versions[] = { 0x00, 0x2b, 0x00, 0x05, 0x04, 0x03, 0x04, 0x03, 0x03 };
	uint8_t *at = to_server ? memmem(bytes, len, versions, sizeof(versions)) : NULL;

	if (at)
		at[6] = 0x01; /* 1.3 becomes 0x0301 */
}

static void a_hello_without_its_13_is_noticed(void **state)
{
	again();
	pair.tap = strip_13;
	pair_shake(&pair);
	expect_alert(&pair.client, BJ_ERR_DOWNGRADE, ALERT_ILLEGAL_PARAMETER);
	assert_int_equal(pair.server.conn->version, BJ_TLS_1_2);
}

/* ---- rejected early data. rfc9846:4.2.10 */

static void early_data_of_a_client_is_passed_over(void **state)
{
	static uint8_t junk[RECORD_HEADER_LEN + 200] = { 23, 3, 3, 0, 200 };

	again();
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	side_carry(&pair, &pair.client, &pair.server);
	side_feed(&pair, &pair.server);
	assert_non_null(pair.server.conn->hs);
	pair.server.conn->hs->skip_early = true; /* as if the hello had offered it */
	for (unsigned i = 0; i < 3; i++)
		feed_raw(&pair.server, junk, sizeof(junk));
	assert_int_equal(pair.server.err, BJ_OK);
	pair_run(&pair);
	assert_int_equal(pair.server.done, 1);
	pair_echo(&pair);
	feed_raw(&pair.server, junk, sizeof(junk)); /* no longer */
	expect_alert(&pair.server, BJ_ERR_BAD_RECORD_MAC, ALERT_BAD_RECORD_MAC);
}

static void early_data_is_passed_over_within_a_limit(void **state)
{
	static uint8_t junk[RECORD_HEADER_LEN + 16000] = { 23, 3, 3, 16000 >> 8, 16000 & 0xff };

	again();
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	side_carry(&pair, &pair.client, &pair.server);
	side_feed(&pair, &pair.server);
	pair.server.conn->hs->skip_early = true;
	feed_raw(&pair.server, junk, sizeof(junk));
	assert_int_equal(pair.server.err, BJ_OK);
	feed_raw(&pair.server, junk, sizeof(junk));
	expect_alert(&pair.server, BJ_ERR_BAD_RECORD_MAC, ALERT_BAD_RECORD_MAC);
}

/* Before the second hello there are no keys yet. */
static void early_data_before_a_retry_is_passed_over_however_it_comes(void **state)
{
	static uint8_t junk[RECORD_HEADER_LEN + CONN_SKIP_MAX] = { 23, 3, 3, CONN_SKIP_MAX >> 8, CONN_SKIP_MAX & 0xff };
	const uint16_t groups[] = { KEX_X25519, KEX_P256 }, p256 = KEX_P256;

	assert_int_equal(bj_tls_config_groups(client, groups, 2), BJ_OK);
	assert_int_equal(bj_tls_config_groups(server, &p256, 1), BJ_OK);
	again();
	assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
	side_carry(&pair, &pair.client, &pair.server);
	side_feed(&pair, &pair.server);
	pair.server.conn->hs->skip_early = true;
	feed_raw(&pair.server, junk, 1000);
	assert_int_equal(pair.server.err, BJ_OK);
	feed_raw(&pair.server, junk + 1000, sizeof(junk) - 1000);
	assert_int_equal(pair.server.err, BJ_OK);
	pair_run(&pair);
	assert_true(report_of(&pair.server).retried);
	assert_int_equal(pair.server.done, 1);
	pair_echo(&pair);
}

/* Be there a retry or not: whoever reads has room for the largest record and no more, and empty ones would go on for ever. */
static void no_record_is_passed_over_that_is_empty_or_too_long(void **state)
{
	static const size_t lens[] = { 0, BJ_TLS_RECORD_MAX - RECORD_HEADER_LEN + 1, UINT16_MAX };
	const uint16_t groups[] = { KEX_X25519, KEX_P256 }, p256 = KEX_P256;

	for (unsigned i = 0; i < 2 * ARRAY_COUNT(lens); i++) {
		uint8_t junk[64] = { 23, 3, 3, (uint8_t)(lens[i / 2] >> 8), (uint8_t)lens[i / 2] };

		ends_teardown(NULL);
		ends_setup(NULL);
		if (i % 2) {
			assert_int_equal(bj_tls_config_groups(client, groups, 2), BJ_OK);
			assert_int_equal(bj_tls_config_groups(server, &p256, 1), BJ_OK);
		}
		assert_int_equal(bj_tls_config_early_data(server, 100000, 10), BJ_OK);
		pair_start(&pair, client, server, PKI_NAME);
		assert_int_equal(bj_tls_start(pair.client.conn, NOW_MS), BJ_OK);
		side_carry(&pair, &pair.client, &pair.server);
		side_feed(&pair, &pair.server);
		pair.server.conn->hs->skip_early = true;
		feed_raw(&pair.server, junk, RECORD_HEADER_LEN + (lens[i / 2] < sizeof(junk) ? lens[i / 2] : 1));
		if (!pair.server.err)
			fail_msg("a record of %zu bytes", lens[i / 2]);
	}
}

/* ---- what is told */

static unsigned events[5], lines;

static void observe(void *self, const struct bj_tls *conn, const struct bj_tls_event_info *info)
{
	assert_in_range(info->kind, BJ_TLS_SAW_MESSAGE, BJ_TLS_SAW_CCS);
	events[info->kind]++;
}

static void count_line(void *self, const char *line)
{
	assert_int_equal(strcspn(line, "\r\n"), strlen(line));
	lines++;
}

static void observers_and_key_logs_see_everything(void **state)
{
	memset(events, 0, sizeof(events));
	lines = 0;
	assert_int_equal(bj_tls_config_observer(client, observe, NULL), BJ_OK);
	assert_int_equal(bj_tls_config_keylog(client, count_line, NULL), BJ_OK);
	again();
	pair_shake(&pair);
	bj_tls_close(pair.client.conn);
	/* ClientHello, ServerHello, EncryptedExtensions, Certificate, CertificateVerify, two Finished, two tickets */
	assert_int_equal(events[BJ_TLS_SAW_MESSAGE], 9);
	assert_int_equal(events[BJ_TLS_SAW_KEYS], 4);
	assert_int_equal(events[BJ_TLS_SAW_CCS], 2);
	assert_int_equal(events[BJ_TLS_SAW_ALERT], 1);
	assert_int_equal(lines, 5);
}

static void an_open_connection_is_small(void **state)
{
	assert_true(bj_tls_size() <= 1024);
	again();
	pair_shake(&pair);
	bj_tls_rest(pair.server.conn);
	assert_null(pair.server.conn->hs);
	assert_null(pair.server.conn->out.buf);
	assert_null(pair.server.conn->in.buf);
	assert_null(pair.server.conn->flight.buf);
	assert_null(pair.server.conn->rd.aead.expanded);
	assert_null(pair.server.conn->wr.aead.expanded);
	pair_echo(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_not_tls_is_not_answered),
		T(first_records_that_have_no_place_are_refused),
		T(a_client_must_be_started_and_a_server_must_not),
		T(an_alert_ends_a_handshake_and_sticks),
		T(bytes_behind_a_hello_are_data_across_a_change_of_keys),
		T(a_clients_first_alert_under_keys_follows_change_cipher_spec),
		T(nothing_stands_behind_a_hello_that_is_answered_with_a_retry),
		T(many_wishes_for_new_keys_have_one_answer),
		T(who_was_asked_for_new_keys_is_not_asked_again_before_he_answers),
		T(a_few_compatibility_records_are_passed_over),
		T(nothing_plain_is_taken_once_there_are_keys),
		T(a_plain_alert_neither_closes_nor_ends_an_open_connection),
		T(every_changed_byte_of_a_record_is_noticed),
		T(floods_of_empty_records_end),
		T(floods_of_warnings_end),
		T(floods_of_tickets_are_dropped_behind_a_limit),
		T(a_ticket_that_is_too_long_to_be_offered_is_dropped),
		T(records_do_not_come_between_the_pieces_of_a_message),
		T(what_has_no_place_is_not_waited_for),
		T(as_many_bytes_as_were_foretold_are_enough),
		T(key_updates_end_their_record_and_know_their_values),
		T(keys_are_updated_before_their_limit),
		T(behind_close_notify_nothing_counts),
		T(closing_a_handshake_is_no_clean_end),
		T(an_owner_ends_a_connection_with_its_reason),
		T(a_handshake_that_is_given_up_is_over_for_both),
		T(a_hello_without_its_13_is_noticed),
		T(early_data_of_a_client_is_passed_over),
		T(early_data_is_passed_over_within_a_limit),
		T(early_data_before_a_retry_is_passed_over_however_it_comes),
		T(no_record_is_passed_over_that_is_empty_or_too_long),
		T(observers_and_key_logs_see_everything),
		T(an_open_connection_is_small),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
