/* compression_test.c - compressed certificates: the algorithms, their limits, and handshakes with them. */
#include "tls/fixture.h"

#include "tls/compression.h"
#include "tls/msg/compressed_certificate.h"

static uint8_t text[20000], packed[40000], out[20002];

static const uint16_t codes[] = { COMPRESSION_ZLIB, COMPRESSION_BROTLI, COMPRESSION_ZSTD };

static void fill(size_t len)
{
	for (size_t i = 0; i < len; i++)
		text[i] = (uint8_t)(i * i / 7 % 61);
}

/* Every length announced but the right one is refused, and nothing is written behind it. */
static void a_stream_is_exactly_as_long_as_was_said_or_nothing(void **state)
{
	static const size_t lens[] = { 2, 3, 100, 4000, sizeof(text) };

	for (size_t c = 0; c < ARRAY_COUNT(codes); c++) {
		const struct compression *by = compression_find(codes[c]);

		if (!by)
			continue;
		for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
			size_t len = lens[i], packed_len;

			fill(len);
			assert_true(by->bound(len) <= sizeof(packed));
			assert_true(by->compress(bytes_of(text, len), packed, by->bound(len), &packed_len));
			memset(out, 0xaa, sizeof(out));
			assert_true(by->decompress(bytes_of(packed, packed_len), out, len));
			assert_memory_equal(out, text, len);
			assert_int_equal(out[len], 0xaa);
			memset(out, 0xaa, sizeof(out));
			assert_false(by->decompress(bytes_of(packed, packed_len), out, len + 1));
			assert_false(by->decompress(bytes_of(packed, packed_len), out, len - 1));
			assert_int_equal(out[len + 1], 0xaa);
			assert_false(by->decompress(bytes_of(packed, packed_len - 1), out, len));
			packed[packed_len] = 0;
			assert_false(by->decompress(bytes_of(packed, packed_len + 1), out, len)); /* bytes behind its end */
		}
	}
}

/* rfc7932:9.1: the widest window, and a part that is not the last. */
static void a_stream_that_asks_for_more_memory_than_the_budget_is_refused(void **state)
{
	const struct compression *brotli = compression_find(COMPRESSION_BROTLI);
	static const uint8_t wide[] = { 0x0f, 0xff, 0xff, 0x7f, 0x00, 0x00, 0x00 };

	if (!brotli)
		skip();
	assert_false(brotli->decompress(bytes_of(wide, sizeof(wide)), out, 100));
}

static void every_name_leads_back_to_its_code(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(codes); i++)
		if (compression_find(codes[i]))
			assert_int_equal(bj_tls_compression_by_name(bj_tls_compression_name(codes[i])), codes[i]);
		else
			assert_string_equal(bj_tls_compression_name(codes[i]), "unknown");
	assert_string_equal(bj_tls_compression_name(0), "unknown");
	assert_int_equal(bj_tls_compression_by_name("unknown"), 0);
	assert_int_equal(bj_tls_compression_by_name(NULL), 0);
}

static void one_algorithm(struct bj_tls_config *config, uint16_t code)
{
	assert_int_equal(bj_tls_config_certificate_compression(config, &code, 1), BJ_OK);
}

/* What passed from the server, and from the client. */
struct counted {
	size_t messages[2];
};

static void counter(void *self, const struct bj_tls *conn, const struct bj_tls_event_info *info)
{
	struct counted *counted = self;

	if (info->kind == BJ_TLS_SAW_MESSAGE && !info->sent)
		counted->messages[conn->is_server] += info->type == MSG_COMPRESSED_CERTIFICATE;
}

static void certificates_go_compressed_where_both_sides_can(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(codes) * 4; i++) {
		uint16_t code = codes[i / 4], other = codes[(i / 4 + 1) % 3];
		struct bj_credential *own = pki_credential(&pki, ISSUE_CLIENT, KEY_P256, NULL);
		bool both = i % 4 == 0, in_12 = i % 4 == 3;
		struct counted counted = { 0 };

		ends_setup(NULL);
		if (!compression_find(code) || !compression_find(other)) {
			assert_int_equal(bj_tls_config_certificate_compression(client, compression_find(code) ? &other : &code, 1), BJ_ERR_ARGUMENT);
		} else {
			assert_int_equal(bj_tls_config_credential(client, own), BJ_OK);
			assert_int_equal(bj_tls_config_client_auth(server, BJ_TLS_AUTH_REQUIRED), BJ_OK);
			assert_int_equal(bj_tls_config_observer(client, counter, &counted), BJ_OK);
			assert_int_equal(bj_tls_config_observer(server, counter, &counted), BJ_OK);
			if (i % 4 != 2)
				one_algorithm(client, code);
			one_algorithm(server, i % 4 == 1 ? other : code);
			if (in_12)
				assert_int_equal(bj_tls_config_versions(client, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
			ends_shake();
			assert_int_equal(pair.client.err, BJ_OK);
			assert_int_equal(pair.server.err, BJ_OK);
			assert_true(report_of(&pair.client).peer_verified && report_of(&pair.server).peer_verified);
			assert_int_equal(counted.messages[0], both);
			assert_int_equal(counted.messages[1], both);
			pair_echo(&pair);
		}
		bj_credential_free(own);
		ends_teardown(NULL);
	}
}

/* ---- what a server of ours never sends */

static const struct compression *lie_with;
static bool lie_in_content;

static size_t lie_bound(size_t len)
{
	return lie_with->bound(len);
}

static bool lie_compress(struct bj_bytes in, uint8_t *to, size_t cap, size_t *to_len)
{
	if (!lie_with->compress(in, to, cap, to_len))
		return false;
	if (lie_in_content)
		to[*to_len / 2] ^= 0x55;
	return true;
}

static void a_compressed_certificate_that_lies_is_refused(void **state)
{
	static const struct {
		const char *why;
		size_t len; /* announced; 0: as it is */
		uint16_t code;
		bool content;
		enum bj_err err;
	} rows[] = {
		{ "as it is", 0, COMPRESSION_ZLIB, false, BJ_OK },
		{ "an algorithm that was not offered", 0, COMPRESSION_ZSTD, false, BJ_ERR_ILLEGAL_PARAMETER },
		{ "an algorithm that does not exist", 0, 0x1234, false, BJ_ERR_ILLEGAL_PARAMETER },
		{ "shorter than it is", 12, COMPRESSION_ZLIB, false, BJ_ERR_CERT_COMPRESSION },
		{ "longer than it is", 9000, COMPRESSION_ZLIB, false, BJ_ERR_CERT_COMPRESSION },
		{ "longer than any may be", MESSAGE_CERTIFICATE_MAX + 1, COMPRESSION_ZLIB, false, BJ_ERR_CERT_COMPRESSION },
		{ "as long as can be said", 0xffffff, COMPRESSION_ZLIB, false, BJ_ERR_CERT_COMPRESSION },
		{ "damaged", 0, COMPRESSION_ZLIB, true, BJ_ERR_CERT_COMPRESSION },
	};

	lie_with = compression_find(COMPRESSION_ZLIB);
	if (!lie_with)
		skip();
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct compression liar = *lie_with;

		ends_setup(NULL);
		liar.compress = lie_compress;
		liar.bound = lie_bound;
		lie_in_content = rows[i].content;
		one_algorithm(client, COMPRESSION_ZLIB);
		server->compressions[0] = &liar;
		server->compression_count = 1;
		assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
		for (size_t k = 0; k < server->credentials[0].compressed_count; k++) {
			uint8_t *message = server->credentials[0].compressed[k].message;

			message[4] = (uint8_t)(rows[i].code >> 8);
			message[5] = (uint8_t)rows[i].code;
			if (rows[i].len > 0) {
				message[6] = (uint8_t)(rows[i].len >> 16);
				message[7] = (uint8_t)(rows[i].len >> 8);
				message[8] = (uint8_t)rows[i].len;
			}
		}
		ends_shake();
		if (pair.client.err != rows[i].err)
			fail_msg("%s: %s", rows[i].why, bj_err_name(pair.client.err));
		if (rows[i].err == BJ_ERR_CERT_COMPRESSION)
			assert_int_equal(report_of(&pair.client).alert_sent, 42);
		if (rows[i].err)
			assert_string_equal(report_of(&pair.client).message, "CompressedCertificate");
		ends_teardown(NULL);
	}
}

static void a_compressed_certificate_that_nobody_offered_to_take_is_unexpected(void **state)
{
	ends_setup(NULL);
	if (!compression_find(COMPRESSION_ZLIB))
		skip();
	one_algorithm(server, COMPRESSION_ZLIB);
	pair_start(&pair, client, server, PKI_NAME);
	assert_int_equal(bj_tls_start(pair.client.conn, pair.now_ms), BJ_OK);
	side_carry(&pair, &pair.client, &pair.server);
	/* the server believes that it was */
	server->credentials[0].message = realloc(server->credentials[0].message, server->credentials[0].compressed[0].len);
	assert_non_null(server->credentials[0].message);
	server->credentials[0].message_len = server->credentials[0].compressed[0].len;
	memcpy(server->credentials[0].message, server->credentials[0].compressed[0].message, server->credentials[0].message_len);
	side_feed(&pair, &pair.server);
	side_carry(&pair, &pair.server, &pair.client);
	side_feed(&pair, &pair.client);
	assert_int_equal(pair.client.err, BJ_ERR_UNEXPECTED_MESSAGE);
	ends_teardown(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_is_exactly_as_long_as_was_said_or_nothing),
		cmocka_unit_test(a_stream_that_asks_for_more_memory_than_the_budget_is_refused),
		cmocka_unit_test(every_name_leads_back_to_its_code),
		cmocka_unit_test(certificates_go_compressed_where_both_sides_can),
		cmocka_unit_test(a_compressed_certificate_that_lies_is_refused),
		cmocka_unit_test(a_compressed_certificate_that_nobody_offered_to_take_is_unexpected),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
