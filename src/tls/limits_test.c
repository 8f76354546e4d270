/* limits_test.c - records are as short as was agreed on, in both directions and versions, and padded as was asked. */
#include "tls/limits.h"

#include "tls/ext/max_fragment_length.h"
#include "tls/fixture.h"

/* The longest record that went by, by direction: bytes of its fragment. Kept only while the pieces are whole records. */
static size_t longest[2], shortest[2];
static unsigned records[2];

static void look(void *self, bool to_server, uint8_t *bytes, size_t len)
{
	for (size_t at = 0; at + RECORD_HEADER_LEN <= len;) {
		size_t n = (size_t)(bytes[at + 3] << 8 | bytes[at + 4]);

		longest[to_server] = n > longest[to_server] ? n : longest[to_server];
		shortest[to_server] = n < shortest[to_server] ? n : shortest[to_server];
		records[to_server]++;
		at += RECORD_HEADER_LEN + n;
	}
}

static void look_again(void)
{
	memset(longest, 0, sizeof(longest));
	memset(shortest, 0xff, sizeof(shortest));
	memset(records, 0, sizeof(records));
}

static enum bj_tls_version version;

static int setup(void **state)
{
	version = BJ_TLS_1_3;
	ends_setup(state);
	look_again();
	return 0;
}

static int setup12(void **state)
{
	setup(state);
	version = BJ_TLS_1_2;
	assert_int_equal(bj_tls_config_versions(client, version, version), BJ_OK);
	return 0;
}

/* What a record may have around `plain` bytes. */
static size_t fragment(size_t plain)
{
	return plain + (version == BJ_TLS_1_3 ? 1 + AEAD_TAG_LEN : RECORD_EXPLICIT_LEN + AEAD_TAG_LEN);
}

static void shake(void)
{
	pair_start(&pair, client, server, PKI_NAME);
	pair.tap = look;
	pair_shake(&pair);
}

/* Sends 3000 bytes and looks at the records. */
static void send_and_look(struct side *from, struct side *to, size_t want)
{
	static uint8_t data[3000];
	struct bj_bytes piece = { data, sizeof(data) };
	bool to_server = to == &pair.server;
	uint8_t *wire = to->wire + to->wire_len;
	size_t used, len;

	look_again();
	to->data_len = 0;
	assert_true(bj_tls_sealed_len(from->conn, sizeof(data)) <= WIRE_CAP);
	assert_int_equal(bj_tls_seal(from->conn, &piece, 1, wire, bj_tls_sealed_len(from->conn, sizeof(data)), &used, &len), BJ_OK);
	assert_int_equal(used, sizeof(data));
	look(NULL, to_server, wire, len);
	to->wire_len += len;
	side_feed(&pair, to);
	assert_int_equal(to->err, BJ_OK);
	assert_int_equal(to->data_len, sizeof(data));
	assert_int_equal(longest[to_server], fragment(want < sizeof(data) ? want : sizeof(data)));
	assert_int_equal(records[to_server], (sizeof(data) + want - 1) / want);
}

/* ---- configuration */

static void lengths_that_no_record_has_are_refused(void **state)
{
	static const size_t wrong[] = { 1, 63, 16385, 70000 };

	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		assert_int_equal(bj_tls_config_send_max(client, wrong[i]), BJ_ERR_ARGUMENT);
		assert_int_equal(bj_tls_config_receive_max(client, wrong[i]), BJ_ERR_ARGUMENT);
		assert_int_equal(bj_tls_config_max_fragment_length(client, wrong[i]), BJ_ERR_ARGUMENT);
	}
	assert_int_equal(bj_tls_config_padding(client, 1), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_padding(client, 4097), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_max_fragment_length(server, 512), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_tls_config_freeze(client), BJ_OK);
	assert_int_equal(bj_tls_config_send_max(client, 512), BJ_ERR_CONFIG_FROZEN);
	assert_int_equal(bj_tls_config_send_max(NULL, 512), BJ_ERR_ARGUMENT);
}

/* ---- what we send */

static void our_own_limit_holds_for_handshake_and_data(void **state)
{
	assert_int_equal(bj_tls_config_send_max(server, 100), BJ_OK);
	assert_int_equal(bj_tls_config_send_max(client, 64), BJ_OK);
	shake();
	assert_int_equal(pair.client.err, BJ_OK);
	assert_true(longest[0] <= fragment(100) && longest[1] <= fragment(64));
	assert_true(records[0] > 5 && records[1] > 3);
	send_and_look(&pair.server, &pair.client, 100);
	send_and_look(&pair.client, &pair.server, 64);
}

/* ---- record_size_limit */

static void each_side_keeps_to_the_limit_of_the_other(void **state)
{
	assert_int_equal(bj_tls_config_receive_max(client, 700), BJ_OK);
	assert_int_equal(bj_tls_config_receive_max(server, 900), BJ_OK);
	shake();
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.server.err, BJ_OK);
	send_and_look(&pair.server, &pair.client, 700);
	send_and_look(&pair.client, &pair.server, 900);
}

static void a_server_answers_whoever_asks(void **state)
{
	assert_int_equal(bj_tls_config_receive_max(client, 16384), BJ_OK);
	shake();
	assert_int_equal(pair.client.err, BJ_OK);
	assert_int_equal(pair.server.conn->send_max, 0);
	assert_int_equal(pair.client.conn->receive_limit, 16384 + (version == BJ_TLS_1_3));
	assert_int_equal(pair.server.conn->receive_limit, 16384 + (version == BJ_TLS_1_3));
	send_and_look(&pair.server, &pair.client, 16384);
}

static void a_server_alone_changes_nothing(void **state)
{
	assert_int_equal(bj_tls_config_receive_max(server, 900), BJ_OK);
	shake();
	assert_int_equal(pair.server.conn->receive_limit, 0);
	send_and_look(&pair.client, &pair.server, 16384);
}

static void a_record_that_is_too_long_ends_the_connection(void **state)
{
	static uint8_t data[701];
	struct bj_bytes piece = { data, 700 };
	size_t len;

	assert_int_equal(bj_tls_config_receive_max(client, 700), BJ_OK);
	shake();
	assert_int_equal(record_seal(&pair.server.conn->wr, RECORD_DATA, VERSION_1_2, &piece, 1, pair.client.wire, WIRE_CAP, &len), BJ_OK);
	pair.client.wire_len = len;
	side_feed(&pair, &pair.client);
	assert_int_equal(pair.client.err, BJ_OK);
	piece.len = 701;
	assert_int_equal(record_seal(&pair.server.conn->wr, RECORD_DATA, VERSION_1_2, &piece, 1, pair.client.wire, WIRE_CAP, &len), BJ_OK);
	pair.client.wire_len = len;
	side_feed(&pair, &pair.client);
	assert_int_equal(pair.client.err, BJ_ERR_RECORD_OVERFLOW);
	assert_int_equal(report_of(&pair.client).alert_sent, ALERT_RECORD_OVERFLOW);
}

/* Padding counts: what is hidden is longer than what is said. */
static void padding_counts_against_the_limit(void **state)
{
	struct bj_bytes piece = BYTES_LIT("x");
	size_t len;

	assert_int_equal(bj_tls_config_receive_max(client, 700), BJ_OK);
	shake();
	assert_int_equal(record_seal_padded(&pair.server.conn->wr, RECORD_DATA, VERSION_1_2, &piece, 1, 700, pair.client.wire, WIRE_CAP, &len),
			 BJ_OK);
	pair.client.wire_len = len;
	side_feed(&pair, &pair.client);
	assert_int_equal(pair.client.err, BJ_ERR_RECORD_OVERFLOW);
}

/* ---- max_fragment_length */

static void a_client_may_ask_the_older_way(void **state)
{
	static const size_t lengths[] = { 512, 1024, 2048, 4096 };

	for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
		enum bj_tls_version was = version;

		ends_teardown(NULL);
		was == BJ_TLS_1_3 ? setup(NULL) : setup12(NULL);
		assert_int_equal(bj_tls_config_max_fragment_length(client, lengths[i]), BJ_OK);
		shake();
		assert_int_equal(pair.client.err, BJ_OK);
		assert_int_equal(pair.server.conn->receive_limit, lengths[i] + (version == BJ_TLS_1_3));
		send_and_look(&pair.server, &pair.client, lengths[i]);
		send_and_look(&pair.client, &pair.server, lengths[i]);
	}
}

static void of_both_ways_the_newer_one_counts(void **state)
{
	assert_int_equal(bj_tls_config_max_fragment_length(client, 512), BJ_OK);
	assert_int_equal(bj_tls_config_receive_max(client, 2000), BJ_OK);
	shake();
	assert_int_equal(pair.client.err, BJ_OK);
	send_and_look(&pair.server, &pair.client, 2000);
	send_and_look(&pair.client, &pair.server, 16384);
}

/* ---- answers that nobody may give */

static void a_wrong_answer_is_refused(void **state)
{
	static const struct {
		const char *why;
		uint32_t has;
		uint16_t record;
		uint8_t fragment;
	} rows[] = {
		{ "both", EXT_BIT(EXT_RECORD_SIZE_LIMIT) | EXT_BIT(EXT_MAX_FRAGMENT_LENGTH), 1000, 2 },
		{ "more than there can be", EXT_BIT(EXT_RECORD_SIZE_LIMIT), 16386, 0 },
		{ "another length", EXT_BIT(EXT_MAX_FRAGMENT_LENGTH), 0, 1 },
	};

	assert_int_equal(bj_tls_config_max_fragment_length(client, 1024), BJ_OK);
	shake();
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (limits_take_answer(pair.client.conn, rows[i].has, rows[i].record, rows[i].fragment) != BJ_ERR_ILLEGAL_PARAMETER)
			fail_msg("%s", rows[i].why);
}

static void codes_of_lengths_go_both_ways(void **state)
{
	uint8_t code = 7;

	for (unsigned i = 0; i < 256; i++) {
		uint8_t byte = (uint8_t)i;
		enum bj_err err = max_fragment_length_parse(bytes_of(&byte, 1), &code);

		assert_int_equal(err, i >= 1 && i <= 4 ? BJ_OK : BJ_ERR_ILLEGAL_PARAMETER);
		if (!err)
			assert_int_equal(max_fragment_code(max_fragment_len(code)), i);
	}
	assert_int_equal(max_fragment_length_parse(BYTES_LIT(""), &code), BJ_ERR_DECODE);
	assert_int_equal(max_fragment_length_parse(BYTES_LIT("\x01\x01"), &code), BJ_ERR_DECODE);
}

/* ---- padding */

static void everything_hidden_is_a_multiple(void **state)
{
	struct bj_bytes piece = BYTES_LIT("short");
	size_t used, len;

	assert_int_equal(bj_tls_config_padding(server, 256), BJ_OK);
	shake();
	assert_int_equal(pair.client.err, BJ_OK);
	look_again();
	assert_int_equal(bj_tls_seal(pair.server.conn, &piece, 1, pair.client.wire, bj_tls_sealed_len(pair.server.conn, piece.len), &used, &len), BJ_OK);
	look(NULL, false, pair.client.wire, len);
	assert_int_equal(longest[0], version == BJ_TLS_1_3 ? 256 + AEAD_TAG_LEN : fragment(5));
	pair.client.wire_len = len;
	pair.client.data_len = 0;
	side_feed(&pair, &pair.client);
	assert_int_equal(pair.client.data_len, 5);
	look_again();
	bj_tls_close(pair.server.conn); /* alerts too */
	pair_run(&pair);
	assert_int_equal(longest[0], version == BJ_TLS_1_3 ? 256 + AEAD_TAG_LEN : fragment(2));
	assert_int_equal(pair.client.closes, 1);
}

/* A record that is as long as may be is not padded beyond that, nor beyond the caller's buffer. */
static void padding_ends_where_the_record_must(void **state)
{
	static uint8_t data[16384], out[BJ_TLS_RECORD_MAX];
	struct bj_bytes piece = { data, sizeof(data) };
	size_t used, len;

	assert_int_equal(bj_tls_config_padding(server, 4096), BJ_OK);
	shake();
	for (size_t cap = 40; cap < sizeof(out); cap += 997) {
		size_t n = cap < 16384 ? 10 : 16384;

		piece.len = n;
		assert_int_equal(bj_tls_seal(pair.server.conn, &piece, 1, out, cap, &used, &len), BJ_OK);
		assert_true(len <= cap && used > 0);
		memcpy(pair.client.wire, out, len);
		pair.client.wire_len = len;
		pair.client.data_len = 0;
		side_feed(&pair, &pair.client);
		assert_int_equal(pair.client.err, BJ_OK);
		assert_int_equal(pair.client.data_len, used);
	}
}

/* ---- together */

static void limits_move_with_the_connection(void **state)
{
	static const uint8_t key[32];
	static uint8_t blob[BJ_TLS_PACKED_MAX];
	size_t len;

	assert_int_equal(bj_tls_config_receive_max(client, 700), BJ_OK);
	assert_int_equal(bj_tls_config_receive_max(server, 900), BJ_OK);
	shake();
	assert_int_equal(bj_tls_pack(pair.server.conn, key, 32, blob, sizeof(blob), &len), BJ_OK);
	bj_tls_free(pair.server.conn);
	pair.server.conn = NULL;
	assert_int_equal(bj_tls_unpack(server, key, 32, blob, len, &pair.server.conn), BJ_OK);
	send_and_look(&pair.server, &pair.client, 700);
	assert_int_equal(pair.server.conn->receive_limit, 900 + (version == BJ_TLS_1_3));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, ends_teardown), { #f "_in_1_2", f, setup12, ends_teardown, NULL }
#define T13(f) cmocka_unit_test_setup_teardown(f, setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T13(lengths_that_no_record_has_are_refused),
		T(our_own_limit_holds_for_handshake_and_data),
		T(each_side_keeps_to_the_limit_of_the_other),
		T(a_server_answers_whoever_asks),
		T(a_server_alone_changes_nothing),
		T(a_record_that_is_too_long_ends_the_connection),
		T13(padding_counts_against_the_limit),
		T(a_client_may_ask_the_older_way),
		T(of_both_ways_the_newer_one_counts),
		T(a_wrong_answer_is_refused),
		T13(codes_of_lengths_go_both_ways),
		T(everything_hidden_is_a_multiple),
		T(padding_ends_where_the_record_must),
		T(limits_move_with_the_connection),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
