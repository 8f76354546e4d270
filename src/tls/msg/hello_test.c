/* hello_test.c - ClientHello, ServerHello and HelloRetryRequest. */
#include "base/test.h"

#include "support/shape.h"
#include "tls/ext/alpn.h"
#include "tls/ext/certificate_authorities.h"
#include "tls/msg/client_hello.h"
#include "tls/msg/server_hello.h"

#define RANDOM "0123456789abcdef0123456789abcdef"
#define BINDER "0123456789abcdef0123456789ABCDEF"
#define HELLO_SHAPE "34 v1 v2 v1 v2(2 v2)"

/* Every extension that a client may write. */
static const struct client_hello full = {
	.legacy_version = VERSION_1_2,
	.random = ROW_BYTES(RANDOM),
	.session_id = ROW_BYTES("sessionid"),
	.suites = ROW_BYTES("\x13\x01\xc0\x2b"),
	.compression = ROW_BYTES("\0"),
	.has = ((uint32_t)1 << EXT_KNOWN) - 1 - EXT_BIT(EXT_OID_FILTERS) - EXT_BIT(EXT_TLS_FLAGS),
	.server_name = ROW_BYTES("example.com"),
	.alpn = ROW_BYTES("\x02h2\x08http/1.1"),
	.versions = ROW_BYTES("\x03\x04\x03\x03"),
	.groups = ROW_BYTES("\0\x1d\0\x17"),
	.shares = ROW_BYTES("\0\x1d\0\x04" "abcd"),
	.schemes = ROW_BYTES("\x04\x03\x08\x04"),
	.schemes_cert = ROW_BYTES("\x04\x01\x04\x03"),
	.psk = { ROW_BYTES("\0\x03" "abc" "\0\0\0\x07"), ROW_BYTES("\x20" BINDER), 1 },
	.cookie = ROW_BYTES("cookie"),
	.ticket = ROW_BYTES("ticket"),
	.authorities = ROW_BYTES("\0\x02" "ab"),
	.delegated = ROW_BYTES("\x04\x03\x08\x07"),
	.client_types = ROW_BYTES("\2\0"),
	.server_types = ROW_BYTES("\2"),
	.compressions = ROW_BYTES("\0\1\0\2"),
	.record_size_limit = 16385,
	.ticket_request = { 3, 1 },
	.max_fragment = 3,
	.psk_modes = PSK_MODE_DHE_KE,
	.wants_ocsp = true,
	.padding = 5,
	.ech = { ECH_OUTER, 7, 1, 3, ROW_BYTES("enc"), ROW_BYTES("payload") },
};

static uint8_t buf[4096], again[4096];

static struct bj_bytes write_client(const struct client_hello *h, uint8_t *out)
{
	struct writer w = wr_make(out, sizeof(buf));

	client_hello_write(&w, h);
	assert_true(wr_ok(&w));
	return bytes_of(out + MESSAGE_HEADER_LEN, w.len - MESSAGE_HEADER_LEN);
}

static struct bj_bytes write_server(const struct server_hello *h, uint8_t *out)
{
	struct writer w = wr_make(out, sizeof(buf));

	server_hello_write(&w, h);
	assert_true(wr_ok(&w));
	return bytes_of(out + MESSAGE_HEADER_LEN, w.len - MESSAGE_HEADER_LEN);
}

/* Reads; and what was read must write the same again. */
static enum bj_err judge_client(struct bj_bytes body)
{
	struct client_hello got;
	enum bj_err err = client_hello_parse(body, &got);

	if (!err)
		assert_true(bytes_equal(write_client(&got, again), body));
	return err;
}

static enum bj_err judge_server(struct bj_bytes body)
{
	struct server_hello got;
	enum bj_err err = server_hello_parse(body, ~0u, &got);

	if (!err)
		assert_true(bytes_equal(write_server(&got, again), body));
	return err;
}

/* ---- ClientHello */

static void a_client_hello_is_read_as_it_was_written_and_in_no_other_form(void **state)
{
	struct bj_bytes body = write_client(&full, buf);
	struct client_hello got;

	assert_int_equal(client_hello_parse(body, &got), BJ_OK);
	assert_int_equal(got.has, full.has);
	assert_true(bytes_equal(got.random, full.random) && bytes_equal(got.session_id, full.session_id));
	assert_true(bytes_equal(got.server_name, full.server_name) && bytes_equal(got.alpn, full.alpn));
	assert_true(bytes_equal(got.shares, full.shares) && bytes_equal(got.ticket, full.ticket));
	assert_true(bytes_equal(got.psk.binders, full.psk.binders) && got.psk.count == 1);
	assert_int_equal(got.record_size_limit, 16385);
	assert_int_equal(got.max_fragment, 3);
	assert_int_equal(got.padding, 5);
	assert_true(got.wants_ocsp);
	/* behind the compression methods the list of extensions may be missing altogether */
	assert_exact_form(judge_client, body, HELLO_SHAPE, 2 + 32 + 10 + 6 + 2);
}

static void a_client_hello_without_extensions_is_read(void **state)
{
	struct client_hello h = full;
	struct bj_bytes body;

	h.has = 0;
	body = write_client(&h, buf);
	assert_int_equal(body.len, 2 + 32 + 10 + 6 + 2);
	assert_int_equal(judge_client(body), BJ_OK);
	/* an empty list is one too */
	memcpy(again, body.ptr, body.len);
	memset(again + body.len, 0, 2);
	assert_int_equal(client_hello_parse(bytes_of(again, body.len + 2), &h), BJ_OK);
	assert_int_equal(h.has, 0);
}

struct change {
	const char *why;
	void (*make)(struct client_hello *h);
	enum bj_err err;
};

static void long_session_id(struct client_hello *h) { h->session_id = BYTES_LIT(RANDOM "x"); }
static void no_suites(struct client_hello *h) { h->suites = BYTES_LIT(""); }
static void odd_suites(struct client_hello *h) { h->suites = BYTES_LIT("\x13\x01\x13"); }
static void no_compression(struct client_hello *h) { h->compression = BYTES_LIT(""); }
static void only_deflate(struct client_hello *h) { h->compression = BYTES_LIT("\x01"); }
static void null_and_deflate(struct client_hello *h) { h->compression = BYTES_LIT("\x01\0"); }
static void null_and_deflate_12(struct client_hello *h)
{
	null_and_deflate(h);
	h->versions = BYTES_LIT("\x03\x03");
}
static void version_of_ssl(struct client_hello *h) { h->legacy_version = VERSION_SSL_3; }
static void version_of_the_future(struct client_hello *h) { h->legacy_version = 0x1234; }
static void share_not_offered(struct client_hello *h) { h->groups = BYTES_LIT("\0\x17"); }
static void share_twice(struct client_hello *h) { h->shares = BYTES_LIT("\0\x1d\0\x01" "a" "\0\x1d\0\x01" "b"); }
static void no_shares(struct client_hello *h) { h->shares = BYTES_LIT(""); }
static void psk_without_modes(struct client_hello *h) { h->has &= ~EXT_BIT(EXT_PSK_KEY_EXCHANGE_MODES); }
static void early_data_without_psk(struct client_hello *h) { h->has &= ~EXT_BIT(EXT_PRE_SHARED_KEY); }
static void nothing(struct client_hello *h) { }

static const struct change changes[] = {
	{ "as it is", nothing, BJ_OK },
	{ "a session id of 33 bytes", long_session_id, BJ_ERR_DECODE },
	{ "no suite", no_suites, BJ_ERR_DECODE },
	{ "half a suite", odd_suites, BJ_ERR_DECODE },
	{ "no compression method", no_compression, BJ_ERR_DECODE },
	{ "compression without the null method", only_deflate, BJ_ERR_ILLEGAL_PARAMETER },
	{ "compression in 1.3", null_and_deflate, BJ_ERR_ILLEGAL_PARAMETER },
	{ "compression offered in 1.2", null_and_deflate_12, BJ_OK },
	{ "the version of SSL 3.0", version_of_ssl, BJ_ERR_BAD_VERSION },
	{ "a version that nobody has, beside the extension", version_of_the_future, BJ_OK },
	{ "a share for a group that is not offered", share_not_offered, BJ_ERR_ILLEGAL_PARAMETER },
	{ "two shares for a group", share_twice, BJ_ERR_ILLEGAL_PARAMETER },
	{ "an empty list of shares asks for a retry", no_shares, BJ_OK },
	{ "a pre-shared key without modes", psk_without_modes, BJ_ERR_MISSING_EXTENSION },
	{ "early data without a pre-shared key", early_data_without_psk, BJ_OK },
};

static void a_client_hello_that_contradicts_itself_is_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
		struct client_hello h = full;
		enum bj_err err;

		changes[i].make(&h);
		err = judge_client(write_client(&h, buf));
		if (err != changes[i].err)
			fail_msg("%s: %s", changes[i].why, bj_err_name(err));
	}
}

static void the_extension_decides_the_version_where_it_stands(void **state)
{
	struct client_hello h = full;

	assert_true(client_hello_offers(&h, VERSION_1_3) && client_hello_offers(&h, VERSION_1_2));
	h.versions = BYTES_LIT("\x7a\x7a\x03\x04");
	assert_false(client_hello_offers(&h, VERSION_1_2));
	h.has &= ~EXT_BIT(EXT_SUPPORTED_VERSIONS);
	assert_true(client_hello_offers(&h, VERSION_1_2));
	h.legacy_version = VERSION_1_3; /* never said there */
	assert_false(client_hello_offers(&h, VERSION_1_3));
	assert_true(client_hello_offers(&h, VERSION_1_2));
	h.legacy_version = VERSION_1_1;
	assert_false(client_hello_offers(&h, VERSION_1_2));
}

static void the_truncated_hello_ends_before_its_binders(void **state)
{
	struct bj_bytes body = write_client(&full, buf), cut;
	struct bj_bytes whole = bytes_of(buf, body.len + MESSAGE_HEADER_LEN);
	struct client_hello got;

	assert_int_equal(client_hello_parse(body, &got), BJ_OK);
	cut = client_hello_truncated(whole, &got.psk);
	assert_ptr_equal(cut.ptr, whole.ptr);
	assert_ptr_equal(cut.ptr + cut.len + 2, got.psk.binders.ptr);
}

static size_t fingerprint(const struct client_hello *h, uint8_t out[HASH_MAX])
{
	struct client_hello got;

	assert_int_equal(client_hello_parse(write_client(h, buf), &got), BJ_OK);
	return client_hello_fingerprint(HASH_SHA256, &got, out);
}

static void other_share(struct client_hello *h) { h->shares = BYTES_LIT("\0\x17\0\x04" "efgh"); }
static void no_cookie(struct client_hello *h) { h->has &= ~EXT_BIT(EXT_COOKIE); }
static void no_early_data(struct client_hello *h) { h->has &= ~EXT_BIT(EXT_EARLY_DATA); }
static void more_padding(struct client_hello *h) { h->padding = 77; }
/* rfc9849:6.1.5 */
static void other_payload(struct client_hello *h) { h->ech.payload = BYTES_LIT("another"); h->ech.enc = BYTES_LIT(""); }
static void other_psk(struct client_hello *h) { h->psk.identities = BYTES_LIT("\0\x03" "abc" "\0\0\0\x08"); }
static void other_name(struct client_hello *h) { h->server_name = BYTES_LIT("example.org"); }
static void other_suites(struct client_hello *h) { h->suites = BYTES_LIT("\x13\x02\xc0\x2b"); }
static void other_random(struct client_hello *h) { h->random = BYTES_LIT(BINDER); }
static void other_session_id(struct client_hello *h) { h->session_id = BYTES_LIT("sessionie"); }
static void other_alpn(struct client_hello *h) { h->alpn = BYTES_LIT("\x02h2\x08http/1.0"); }
static void fewer_groups(struct client_hello *h) { h->groups = BYTES_LIT("\0\x1d"); }
static void no_alpn(struct client_hello *h) { h->has &= ~EXT_BIT(EXT_ALPN); }

static void a_second_hello_may_change_what_a_retry_allows_and_nothing_else(void **state)
{
	void (*const allowed[])(struct client_hello *) = { other_share, no_cookie, no_early_data, more_padding, other_psk, other_payload };
	void (*const refused[])(struct client_hello *) = { other_name,	     other_suites, other_random, other_session_id,
							   other_alpn, fewer_groups, no_alpn };
	uint8_t first[HASH_MAX], second[HASH_MAX];

	assert_int_equal(fingerprint(&full, first), 32);
	for (size_t i = 0; i < ARRAY_COUNT(allowed); i++) {
		struct client_hello h = full;

		allowed[i](&h);
		fingerprint(&h, second);
		assert_memory_equal(first, second, 32);
	}
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
		struct client_hello h = full;

		refused[i](&h);
		fingerprint(&h, second);
		assert_memory_not_equal(first, second, 32);
	}
}

/* The same with an extension behind the others that we do not know. */
static void fingerprint_with(struct bj_bytes extension, uint8_t out[HASH_MAX])
{
	struct client_hello h = full, got;
	struct bj_bytes body;
	size_t at;

	h.has &= ~(EXT_BIT(EXT_PRE_SHARED_KEY) | EXT_BIT(EXT_EARLY_DATA));
	body = write_client(&h, buf);
	assert_int_equal(client_hello_parse(body, &got), BJ_OK);
	at = (size_t)(got.extensions.ptr - body.ptr) - 2;
	memcpy(again, body.ptr, body.len);
	memcpy(again + body.len, extension.ptr, extension.len);
	again[at] = (uint8_t)((got.extensions.len + extension.len) >> 8);
	again[at + 1] = (uint8_t)(got.extensions.len + extension.len);
	assert_int_equal(client_hello_parse(bytes_of(again, body.len + extension.len), &got), BJ_OK);
	client_hello_fingerprint(HASH_SHA256, &got, out);
}

static void a_second_hello_may_change_an_extension_that_we_do_not_know(void **state)
{
	uint8_t first[HASH_MAX], second[HASH_MAX];

	fingerprint_with(BYTES_LIT("\x12\x34\0\x05" "first"), first);
	fingerprint_with(BYTES_LIT("\x12\x34\0\x06" "second"), second);
	assert_memory_equal(first, second, 32);
}

/* ---- ServerHello */

static const struct server_hello hello_13 = {
	.legacy_version = VERSION_1_2,
	.random = ROW_BYTES(RANDOM),
	.session_id = ROW_BYTES("sessionid"),
	.suite = 0x1301,
	.version = VERSION_1_3,
	.has = EXT_BIT(EXT_SUPPORTED_VERSIONS) | EXT_BIT(EXT_KEY_SHARE) | EXT_BIT(EXT_PRE_SHARED_KEY),
	.share = { 0x001d, ROW_BYTES("key") },
	.psk_index = 1,
};

static const struct server_hello retry = {
	.is_retry = true,
	.legacy_version = VERSION_1_2,
	.session_id = ROW_BYTES("sessionid"),
	.suite = 0x1301,
	.version = VERSION_1_3,
	.has = EXT_BIT(EXT_SUPPORTED_VERSIONS) | EXT_BIT(EXT_KEY_SHARE) | EXT_BIT(EXT_COOKIE),
	.share = { .group = 0x0017 },
	.cookie = ROW_BYTES("cookie"),
};

static const struct server_hello hello_12 = {
	.legacy_version = VERSION_1_2,
	.random = ROW_BYTES(RANDOM),
	.session_id = ROW_BYTES("sessionid"),
	.suite = 0xc02b,
	.version = VERSION_1_2,
	.has = EXT_BIT(EXT_SERVER_NAME) | EXT_BIT(EXT_EC_POINT_FORMATS) | EXT_BIT(EXT_ALPN) | EXT_BIT(EXT_EXTENDED_MASTER_SECRET) |
	       EXT_BIT(EXT_SESSION_TICKET) | EXT_BIT(EXT_RENEGOTIATION_INFO) | EXT_BIT(EXT_RECORD_SIZE_LIMIT) |
	       EXT_BIT(EXT_MAX_FRAGMENT_LENGTH),
	.alpn = ROW_BYTES("h2"),
	.record_size_limit = 4096,
	.max_fragment = 4,
};

static void a_server_hello_is_read_as_it_was_written_and_in_no_other_form(void **state)
{
	struct server_hello got;

	assert_exact_form(judge_server, write_server(&hello_13, buf), "34 v1 3 v2(2 v2)", 2 + 32 + 10 + 3);
	assert_exact_form(judge_server, write_server(&retry, buf), "34 v1 3 v2(2 v2)", 2 + 32 + 10 + 3);
	assert_exact_form(judge_server, write_server(&hello_12, buf), "34 v1 3 v2(2 v2)", 2 + 32 + 10 + 3);
	assert_int_equal(server_hello_parse(write_server(&retry, buf), ~0u, &got), BJ_OK);
	assert_true(got.is_retry && got.share.group == 0x0017 && got.version == VERSION_1_3);
	assert_int_equal(server_hello_parse(write_server(&hello_12, buf), ~0u, &got), BJ_OK);
	assert_true(!got.is_retry && got.version == VERSION_1_2 && bytes_equal(got.alpn, BYTES_LIT("h2")));
}

static void a_retry_that_names_no_version_is_no_retry(void **state)
{
	struct server_hello h = retry, got;

	h.has = 0;
	assert_int_equal(server_hello_parse(write_server(&h, buf), ~0u, &got), BJ_OK);
	assert_false(got.is_retry);
	assert_int_equal(got.version, VERSION_1_2);
}

static void a_server_hello_with_values_that_are_not_allowed_is_refused(void **state)
{
	struct server_hello h = hello_13, got;
	struct bj_bytes body;

	h.version = VERSION_1_2; /* by the extension */
	assert_int_equal(judge_server(write_server(&h, buf)), BJ_ERR_ILLEGAL_PARAMETER);
	h = hello_13;
	h.version = VERSION_1_3 + 1; /* nobody offers it */
	assert_int_equal(judge_server(write_server(&h, buf)), BJ_ERR_ILLEGAL_PARAMETER);
	h = hello_13;
	h.legacy_version = VERSION_1_3;
	assert_int_equal(judge_server(write_server(&h, buf)), BJ_ERR_BAD_VERSION);
	h = hello_12;
	h.legacy_version = VERSION_1_3; /* chosen by an extension or not at all */
	assert_int_equal(judge_server(write_server(&h, buf)), BJ_ERR_BAD_VERSION);
	h = hello_13;
	h.session_id = BYTES_LIT(RANDOM "x");
	assert_int_equal(judge_server(write_server(&h, buf)), BJ_ERR_DECODE);
	h = hello_12;
	h.has |= EXT_BIT(EXT_KEY_SHARE); /* has no place in 1.2 */
	assert_int_equal(judge_server(write_server(&h, buf)), BJ_ERR_FORBIDDEN_EXTENSION);
	h = hello_13;
	h.has |= EXT_BIT(EXT_ALPN); /* belongs among the encrypted ones */
	assert_int_equal(judge_server(write_server(&h, buf)), BJ_ERR_FORBIDDEN_EXTENSION);
	assert_int_equal(server_hello_parse(write_server(&hello_12, buf), EXT_BIT(EXT_ALPN), &got), BJ_ERR_UNSUPPORTED_EXTENSION);
	body = write_server(&hello_13, buf);
	buf[MESSAGE_HEADER_LEN + 2 + 32 + 10 + 2] = 1; /* compression */
	assert_int_equal(judge_server(body), BJ_ERR_DECODE);
	h = hello_12;
	h.session_id = BYTES_LIT("");
	body = write_server(&h, buf);
	buf[MESSAGE_HEADER_LEN + 2 + 32 + 1 + 2] = 1;
	assert_int_equal(judge_server(body), BJ_ERR_ILLEGAL_PARAMETER);
}

static void the_sentinel_is_found_where_it_was_put(void **state)
{
	uint8_t random[RANDOM_LEN] = RANDOM;
	struct server_hello h = { .random = bytes_of(random, RANDOM_LEN) };

	assert_int_equal(server_hello_sentinel(&h), SENTINEL_NONE);
	server_random_mark_1_2(random);
	assert_memory_equal(random + 24, "DOWNGRD\x01", 8);
	assert_memory_equal(random, RANDOM, 24);
	assert_int_equal(server_hello_sentinel(&h), SENTINEL_1_2);
	random[31] = 0;
	assert_int_equal(server_hello_sentinel(&h), SENTINEL_1_1);
	random[31] = 2;
	assert_int_equal(server_hello_sentinel(&h), SENTINEL_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_hello_is_read_as_it_was_written_and_in_no_other_form),
		cmocka_unit_test(a_client_hello_without_extensions_is_read),
		cmocka_unit_test(a_client_hello_that_contradicts_itself_is_refused),
		cmocka_unit_test(the_extension_decides_the_version_where_it_stands),
		cmocka_unit_test(the_truncated_hello_ends_before_its_binders),
		cmocka_unit_test(a_second_hello_may_change_what_a_retry_allows_and_nothing_else),
		cmocka_unit_test(a_second_hello_may_change_an_extension_that_we_do_not_know),
		cmocka_unit_test(a_server_hello_is_read_as_it_was_written_and_in_no_other_form),
		cmocka_unit_test(a_retry_that_names_no_version_is_no_retry),
		cmocka_unit_test(a_server_hello_with_values_that_are_not_allowed_is_refused),
		cmocka_unit_test(the_sentinel_is_found_where_it_was_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
