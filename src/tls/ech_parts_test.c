/* ech_parts_test.c - configurations of Encrypted ClientHello, and the encoding of the inner hello, on bytes alone. */
#include "base/test.h"

#include <stdlib.h>

#include <bojagi/tls.h>

#include "support/shape.h"
#include "tls/ech_config.h"
#include "tls/ech_encode.h"
#include "tls/ext/encrypted_client_hello.h"
#include "tls/msg/message.h"

static uint8_t buf[4096], list[8192];

/* ---- configurations */

struct contents { /* what a configuration is written from */
	uint16_t version, kem;
	struct bj_bytes key, suites, name, extensions;
};

#define KEY32 "0123456789abcdef0123456789abcdef"

static const struct contents usual = {
	.version = ECH_VERSION,
	.kem = HPKE_KEM_X25519,
	.key = ROW_BYTES(KEY32),
	.suites = ROW_BYTES("\0\1\0\1"),
	.name = ROW_BYTES("public.example"),
};

static void contents_write(struct writer *w, const struct contents *c)
{
	size_t mark;

	wr_u16(w, c->version);
	mark = wr_open(w, 2);
	wr_u8(w, 42);
	wr_u16(w, c->kem);
	wr_vec(w, c->key, 2);
	wr_vec(w, c->suites, 2);
	wr_u8(w, 64);
	wr_vec(w, c->name, 1);
	wr_vec(w, c->extensions, 2);
	wr_close(w, mark, 2);
}

/* A list of these configurations. */
static struct bj_bytes list_of(const struct contents *all, size_t count)
{
	struct writer w = wr_make(list, sizeof(list));
	size_t mark = wr_open(&w, 2);

	for (size_t i = 0; i < count; i++)
		contents_write(&w, &all[i]);
	wr_close(&w, mark, 2);
	assert_true(wr_ok(&w));
	return wr_view(&w);
}

static enum bj_err choose(struct bj_bytes from, struct ech_config *out)
{
	struct hpke_suite suite = { 0 };
	enum bj_err err = ech_config_choose(from, out, &suite);

	if (!err)
		assert_true(ech_config_allows(out, suite));
	return err;
}

static void a_list_that_is_cut_or_lengthened_is_refused(void **state)
{
	const struct contents two[] = { usual, usual };
	struct bj_bytes whole = list_of(two, 2);
	struct ech_config config;

	assert_int_equal(ech_config_list_check(whole), BJ_OK);
	for (size_t len = 0; len < whole.len; len++) {
		uint8_t *exact = malloc(len + 1);

		assert_non_null(exact);
		memcpy(exact, whole.ptr, len);
		assert_int_equal(ech_config_list_check(bytes_of(exact, len)), BJ_ERR_ECH_CONFIG);
		if (len >= 2) { /* with a length that fits, only the end of the first configuration is an end */
			exact[0] = (uint8_t)((len - 2) >> 8);
			exact[1] = (uint8_t)(len - 2);
			assert_int_equal(ech_config_list_check(bytes_of(exact, len)), len - 2 == (whole.len - 2) / 2 ? BJ_OK : BJ_ERR_ECH_CONFIG);
		}
		free(exact);
	}
	memcpy(buf, whole.ptr, whole.len);
	buf[whole.len] = 0;
	assert_int_equal(ech_config_list_check(bytes_of(buf, whole.len + 1)), BJ_ERR_ECH_CONFIG);
	assert_int_equal(ech_config_parse(bytes_of(whole.ptr + 2, whole.len - 2), &config), BJ_ERR_ECH_CONFIG);
	assert_int_equal(ech_config_parse(bytes_of(whole.ptr + 2, (whole.len - 2) / 2), &config), BJ_OK);
}

static void malformed_configurations_spoil_the_list(void **state)
{
	struct contents rows[] = { usual, usual, usual, usual, usual, usual };
	struct ech_config config;

	rows[0].key = BYTES_LIT("");
	rows[1].suites = BYTES_LIT("");
	rows[2].suites = BYTES_LIT("\0\1\0\1\0\1");
	rows[3].name = BYTES_LIT("");
	rows[4].extensions = BYTES_LIT("\0\1\0\0" "\0\2\0\0" "\0\1\0\0"); /* rfc9849:4.2: one twice */
	rows[5].extensions = BYTES_LIT("\0\1\0\5" "abc");
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct contents two[] = { usual, rows[i] };

		assert_int_equal(choose(list_of(two, 2), &config), BJ_ERR_ECH_CONFIG);
	}
	assert_int_equal(choose(BYTES_LIT("\0\0"), &config), BJ_ERR_ECH_CONFIG);
	assert_int_equal(choose(BYTES_LIT(""), &config), BJ_ERR_ECH_CONFIG);
}

/* rfc9849:4 rfc9849:4.2 rfc9849:6.1: another version, KEM or suite, a mandatory extension, a name that is none. */
static void configurations_that_cannot_be_used_are_passed_over(void **state)
{
	struct contents rows[] = { usual, usual, usual, usual, usual, usual };
	struct ech_config config;

	rows[0].version = 0xfe0c;
	rows[1].kem = 0x0021;
	rows[2].suites = BYTES_LIT("\x11\x11\0\1" "\0\1\x22\x22");
	rows[3].extensions = BYTES_LIT("\0\1\0\1x" "\x80\1\0\0");
	rows[4].name = BYTES_LIT("no_underscores.example");
	rows[5].key = BYTES_LIT("too short");
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct contents two[] = { rows[i], usual };

		assert_int_equal(choose(list_of(&rows[i], 1), &config), BJ_ERR_NOT_FOUND);
		assert_int_equal(choose(list_of(two, 2), &config), BJ_OK);
		assert_true(bytes_equal(config.public_name, usual.name));
	}
}

static void the_first_that_can_be_used_is_chosen_with_its_first_suite(void **state)
{
	struct contents rows[] = { usual, usual };
	struct ech_config config;
	struct hpke_suite suite;

	rows[0].name = BYTES_LIT("first.example");
	rows[0].suites = BYTES_LIT("\0\3\0\1" "\0\2\0\3" "\0\1\0\1");
	rows[0].extensions = BYTES_LIT("\0\1\0\1x"); /* unknown, not mandatory */
	assert_int_equal(ech_config_choose(list_of(rows, 2), &config, &suite), BJ_OK);
	assert_true(bytes_equal(config.public_name, rows[0].name));
	assert_int_equal(suite.kdf, HPKE_KDF_SHA384);
	assert_int_equal(suite.aead, HPKE_AEAD_CHACHA20_POLY1305);
	assert_int_equal(config.config_id, 42);
	assert_int_equal(config.maximum_name_length, 64);
	suite.aead = HPKE_AEAD_AES_256_GCM;
	assert_false(ech_config_allows(&config, suite));
}

/* rfc9849:6.1.7 */
static void public_names_are_host_names_that_are_no_addresses(void **state)
{
	static const char *const good[] = { "a", "public.example", "xn--nxasmq6b.example", "1.2.3.4a", "0x.example", "a-b.c" };
	static const char *const bad[] = {
		"", ".", "a.", ".a", "a..b", "-a.b", "a-.b", "a_b.c", "a b", "1.2.3.4", "example.1", "example.0x1f", "example.0X", "\xc3\xa9.example",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b",
	};

	for (size_t i = 0; i < ARRAY_COUNT(good); i++)
		if (!ech_public_name_is_good(bytes_text(good[i])))
			fail_msg("%s is refused", good[i]);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		if (ech_public_name_is_good(bytes_text(bad[i])))
			fail_msg("%s is taken", bad[i]);
}

static enum bj_err no_bytes(void *self, uint8_t *out, size_t len)
{
	return BJ_ERR_RANDOM;
}

static void a_key_is_made_only_of_good_wishes(void **state)
{
	const struct bj_rng broken = { no_bytes, NULL };
	struct bj_ech_key key = { 0 };
	size_t len;

	assert_int_equal(bj_ech_key_generate("1.2.3.4", 0, 1, NULL, &key), BJ_ERR_CONFIG_BAD_NAME);
	assert_int_equal(bj_ech_key_generate(NULL, 0, 1, NULL, &key), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_ech_key_generate("a.example", 256, 1, NULL, &key), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_ech_key_generate("a.example", 0, 256, NULL, &key), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_ech_key_generate("a.example", 0, -2, NULL, &key), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_ech_key_generate("a.example", 0, -1, &broken, &key), BJ_ERR_RANDOM);
	assert_int_equal(key.config_len, 0);
	assert_int_equal(bj_ech_config_list(&key, 0, buf, sizeof(buf), &len), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_ech_config_list(&key, 1, NULL, sizeof(buf), &len), BJ_ERR_ARGUMENT);
	key.config_len = BJ_ECH_CONFIG_MAX + 1;
	assert_int_equal(bj_ech_config_list(&key, 1, buf, sizeof(buf), &len), BJ_ERR_ARGUMENT);
}

static void what_is_made_can_be_read_and_used(void **state)
{
	struct bj_ech_key keys[2];
	struct ech_config config;
	struct hpke_suite suite;
	size_t len;

	assert_int_equal(bj_ech_key_generate("a.example", 32, -1, NULL, &keys[0]), BJ_OK);
	assert_int_equal(bj_ech_key_generate("b.example", 255, 255, NULL, &keys[1]), BJ_OK);
	assert_int_equal(bj_ech_config_list(keys, 2, buf, keys[0].config_len + keys[1].config_len + 1, &len), BJ_ERR_SPACE);
	assert_int_equal(bj_ech_config_list(keys, 2, buf, sizeof(buf), &len), BJ_OK);
	assert_int_equal(ech_config_choose(bytes_of(buf, len), &config, &suite), BJ_OK);
	assert_true(bytes_equal(config.raw, bytes_of(keys[0].config, keys[0].config_len)));
	assert_int_equal(config.maximum_name_length, 32);
	assert_int_equal(ech_config_parse(bytes_of(keys[1].config, keys[1].config_len), &config), BJ_OK);
	assert_int_equal(config.config_id, 255);
	assert_true(bytes_equal(config.public_name, BYTES_LIT("b.example")));
}

/* ---- the extension */

static void the_extension_is_read_in_no_other_form(void **state)
{
	static const uint8_t outer[] = { 0, 0, 1, 0, 3, 9, 0, 2, 'e', 'n', 0, 3, 'p', 'a', 'y' };
	struct ech_hello hello;

	for (size_t len = 0; len < sizeof(outer); len++)
		assert_int_equal(encrypted_client_hello_parse(bytes_of(outer, len), &hello), BJ_ERR_DECODE);
	assert_int_equal(encrypted_client_hello_parse(bytes_of(outer, sizeof(outer)), &hello), BJ_OK);
	assert_int_equal(hello.config_id, 9);
	assert_int_equal(encrypted_client_hello_parse(BYTES_LIT("\1"), &hello), BJ_OK);
	assert_int_equal(hello.type, ECH_INNER);
	assert_int_equal(encrypted_client_hello_parse(BYTES_LIT("\1x"), &hello), BJ_ERR_DECODE);
	assert_int_equal(encrypted_client_hello_parse(BYTES_LIT("\0\0\1\0\1\0\0\0\0\0"), &hello), BJ_ERR_DECODE); /* no payload */
	assert_int_equal(encrypted_client_hello_parse(BYTES_LIT("\2"), &hello), BJ_ERR_ILLEGAL_PARAMETER);       /* rfc9849:7 */
}

/* ---- the encoding. Hellos of one-byte extensions: name and value. */

#define NAME 0
#define ALPN 16
#define PSK 41
#define ECH 0xfe0d

struct toy {
	uint16_t type;
	uint8_t value;
};

/* Up to the extensions. */
static size_t toy_open(struct writer *w, const char *session_id)
{
	wr_u16(w, 0x0303);
	wr_raw(w, KEY32, 32);
	wr_vec(w, bytes_text(session_id), 1);
	wr_vec(w, BYTES_LIT("\x13\x01"), 2);
	wr_vec(w, BYTES_LIT("\0"), 1);
	return wr_open(w, 2);
}

static struct bj_bytes toy_hello(uint8_t *out, const char *session_id, const struct toy *toys, size_t count, size_t padding)
{
	struct writer w = wr_make(out, 1024);
	size_t message = message_open(&w, MSG_CLIENT_HELLO), exts;

	exts = toy_open(&w, session_id);
	for (size_t i = 0; i < count; i++) {
		wr_u16(&w, toys[i].type);
		wr_vec(&w, bytes_of(&toys[i].value, 1), 2);
	}
	wr_close(&w, exts, 2);
	message_close(&w, message);
	while (padding-- > 0)
		wr_u8(&w, 0);
	assert_true(wr_ok(&w));
	return wr_view(&w);
}

static struct bj_bytes body_of(struct bj_bytes message)
{
	return bytes_of(message.ptr + MESSAGE_HEADER_LEN, message.len - MESSAGE_HEADER_LEN);
}

/* The hello that the encoding gives with an outer hello of extensions 1 to 5; `names`: the content of ech_outer_extensions. */
static enum bj_err join(const char *session_id, struct bj_bytes names, size_t twice, struct writer *out)
{
	static const struct toy outer[] = { { 1, 'a' }, { ALPN, 'b' }, { 3, 'c' }, { ECH, 'x' }, { 4, 'd' }, { 5, 'e' } };
	uint8_t outer_buf[1024], encoded[1024];
	struct bj_bytes o = body_of(toy_hello(outer_buf, "session", outer, ARRAY_COUNT(outer), 0));
	struct writer w = wr_make(encoded, sizeof(encoded));
	size_t exts;

	exts = toy_open(&w, session_id);
	for (size_t i = 0; i <= twice; i++) {
		wr_u16(&w, EXT_TYPE_OUTER_EXTENSIONS);
		wr_vec(&w, names, 2);
	}
	wr_close(&w, exts, 2);
	return ech_hello_join(wr_view(&w), o, out);
}

/* rfc9849:5.1 */
static void references_that_break_a_rule_are_refused(void **state)
{
	static const struct {
		const char *why;
		struct bj_bytes names;
		enum bj_err err;
	} rows[] = {
		{ "missing", ROW_BYTES("\x02\0\2"), BJ_ERR_ECH_INNER },
		{ "twice", ROW_BYTES("\x04\0\1\0\1"), BJ_ERR_ECH_INNER },
		{ "another order", ROW_BYTES("\x04\0\3\0\1"), BJ_ERR_ECH_INNER },
		{ "encrypted_client_hello", ROW_BYTES("\x02\xfe\x0d"), BJ_ERR_ECH_INNER },
		{ "itself", ROW_BYTES("\x02\xfd\0"), BJ_ERR_ECH_INNER },
		{ "none", ROW_BYTES("\0"), BJ_ERR_DECODE },
		{ "half a type", ROW_BYTES("\x03\0\1\0"), BJ_ERR_DECODE },
		{ "a length that lies", ROW_BYTES("\x04\0\1"), BJ_ERR_DECODE },
		{ "something behind", ROW_BYTES("\x02\0\1x"), BJ_ERR_DECODE },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct writer w = wr_make(buf, sizeof(buf));
		enum bj_err err = join("", rows[i].names, 0, &w);

		if (err != rows[i].err)
			fail_msg("%s: %s", rows[i].why, bj_err_name(err));
	}
}

static void a_second_list_of_references_and_a_session_id_are_refused(void **state)
{
	struct writer w = wr_make(buf, sizeof(buf)), w2 = w, w3 = w;

	assert_int_equal(join("", BYTES_LIT("\x02\0\1"), 1, &w), BJ_ERR_ECH_INNER);
	assert_int_equal(join("s", BYTES_LIT("\x02\0\1"), 0, &w2), BJ_ERR_ECH_INNER);
	assert_int_equal(join("", BYTES_LIT("\x02\0\1"), 0, &w3), BJ_OK);
}

static void references_may_leave_extensions_of_the_outer_hello_out(void **state)
{
	static const struct toy want[] = { { 1, 'a' }, { 3, 'c' }, { 5, 'e' } };
	uint8_t expected[1024];
	struct writer w = wr_make(buf, sizeof(buf));

	assert_int_equal(join("", BYTES_LIT("\x06\0\1\0\3\0\5"), 0, &w), BJ_OK);
	assert_true(bytes_equal(wr_view(&w), toy_hello(expected, "session", want, ARRAY_COUNT(want), 0)));
}

/* rfc9849:5.1: all of it is zero. */
static void padding_of_anything_but_zeros_is_refused(void **state)
{
	static const struct toy toys[] = { { 1, 'a' } };
	uint8_t outer_buf[1024], inner_buf[1024];
	struct bj_bytes outer = body_of(toy_hello(outer_buf, "session", toys, 1, 0)), inner = body_of(toy_hello(inner_buf, "", toys, 1, 40));

	for (size_t i = 0; i <= 40; i++) {
		struct writer w = wr_make(buf, sizeof(buf));

		if (i < 40)
			inner_buf[MESSAGE_HEADER_LEN + inner.len - 1 - i] = 1;
		assert_int_equal(ech_hello_join(inner, outer, &w), i < 40 ? BJ_ERR_ECH_INNER : BJ_OK);
		if (i < 40)
			inner_buf[MESSAGE_HEADER_LEN + inner.len - 1 - i] = 0;
	}
}

static void an_encoding_that_is_cut_is_refused(void **state)
{
	static const struct toy toys[] = { { 1, 'a' }, { 2, 'b' } };
	uint8_t outer_buf[1024], inner_buf[1024];
	struct bj_bytes outer = body_of(toy_hello(outer_buf, "session", toys, 2, 0)), inner = body_of(toy_hello(inner_buf, "", toys, 2, 0));

	for (size_t len = 0; len < inner.len; len++) {
		struct writer w = wr_make(buf, sizeof(buf));
		uint8_t *exact = malloc(len + 1);

		assert_non_null(exact);
		memcpy(exact, inner.ptr, len);
		assert_int_equal(ech_hello_join(bytes_of(exact, len), outer, &w), BJ_ERR_DECODE);
		free(exact);
	}
}

/* rfc9849:10.12.4: what comes out is not longer than both that went in. */
static void nothing_grows_beyond_both_hellos(void **state)
{
	uint8_t small[100];
	struct writer w = wr_make(small, sizeof(small));

	assert_int_equal(join("", BYTES_LIT("\x06\0\1\0\3\0\5"), 0, &w), BJ_OK);
	w = wr_make(small, 60);
	assert_int_equal(join("", BYTES_LIT("\x06\0\1\0\3\0\5"), 0, &w), BJ_ERR_ECH_INNER);
}

static void what_was_split_joins_again_and_names_stay_inside(void **state)
{
	static const struct toy meant[] = { { NAME, 's' }, { ALPN, 'b' }, { 3, 'c' }, { ECH, 1 }, { 4, 'd' }, { 7, 'i' }, { PSK, 'p' } };
	static const struct toy outer[] = { { 4, 'd' }, { NAME, 's' }, { ECH, 'x' }, { 3, 'C' }, { ALPN, 'b' }, { PSK, 'p' } };
	/* shared: what is equal, in the outer order, but for names, pre_shared_key and the extension itself */
	static const struct toy want[] = { { NAME, 's' }, { 3, 'c' }, { ECH, 1 }, { 7, 'i' }, { 4, 'd' }, { ALPN, 'b' }, { PSK, 'p' } };
	uint8_t meant_buf[1024], outer_buf[1024], inner_buf[1024], encoded_buf[1024], want_buf[1024];
	struct bj_bytes m = toy_hello(meant_buf, "session", meant, ARRAY_COUNT(meant), 0);
	struct bj_bytes o = toy_hello(outer_buf, "session", outer, ARRAY_COUNT(outer), 0), found;
	struct writer inner = wr_make(inner_buf, sizeof(inner_buf)), encoded = wr_make(encoded_buf, sizeof(encoded_buf));
	struct writer again = wr_make(buf, sizeof(buf));

	assert_int_equal(ech_hello_split(m, o, &inner, &encoded), BJ_OK);
	assert_true(bytes_equal(wr_view(&inner), toy_hello(want_buf, "session", want, ARRAY_COUNT(want), 0)));
	assert_true(ech_hello_find(wr_view(&encoded), EXT_TYPE_OUTER_EXTENSIONS, &found));
	assert_true(bytes_equal(found, BYTES_LIT("\x04\0\4\0\x10")));
	assert_true(ech_hello_find(wr_view(&encoded), NAME, &found));
	assert_false(ech_hello_find(wr_view(&encoded), ALPN, &found));
	assert_int_equal(ech_hello_join(wr_view(&encoded), body_of(o), &again), BJ_OK);
	assert_true(bytes_equal(wr_view(&again), wr_view(&inner)));
}

static void hellos_that_share_nothing_are_split_without_references(void **state)
{
	static const struct toy meant[] = { { NAME, 's' }, { ECH, 1 } }, outer[] = { { NAME, 'p' }, { ECH, 2 } };
	uint8_t meant_buf[1024], outer_buf[1024], inner_buf[1024], encoded_buf[1024];
	struct bj_bytes m = toy_hello(meant_buf, "", meant, 2, 0), o = toy_hello(outer_buf, "", outer, 2, 0), found;
	struct writer inner = wr_make(inner_buf, sizeof(inner_buf)), encoded = wr_make(encoded_buf, sizeof(encoded_buf));

	assert_int_equal(ech_hello_split(m, o, &inner, &encoded), BJ_OK);
	assert_false(ech_hello_find(wr_view(&encoded), EXT_TYPE_OUTER_EXTENSIONS, &found));
	assert_true(bytes_equal(wr_view(&encoded), body_of(m)));
}

/* rfc9849:6.1.3 */
static void names_of_any_length_are_padded_to_the_same(void **state)
{
	size_t want = 200 + 30 + ech_padding(200 + 30, 30, 64);

	assert_int_equal(want % 32, 0);
	for (size_t name_len = 1; name_len <= 64; name_len++)
		assert_int_equal(200 + name_len + ech_padding(200 + name_len, name_len, 64), want);
	for (size_t len = 1; len < 300; len++) {
		assert_int_equal((len + ech_padding(len, 0, 64)) % 32, 0);
		assert_in_range(ech_padding(len, 0, 64), 73, 73 + 31);
		assert_in_range(ech_padding(len, 100, 64), 0, 31); /* longer than the longest that is known */
	}
	assert_int_equal(200 - 9 + ech_padding(200 - 9, 0, 64), 200 + 64 + ech_padding(200 + 64, 64, 64)); /* no name at all */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_is_cut_or_lengthened_is_refused),
		cmocka_unit_test(malformed_configurations_spoil_the_list),
		cmocka_unit_test(configurations_that_cannot_be_used_are_passed_over),
		cmocka_unit_test(the_first_that_can_be_used_is_chosen_with_its_first_suite),
		cmocka_unit_test(public_names_are_host_names_that_are_no_addresses),
		cmocka_unit_test(a_key_is_made_only_of_good_wishes),
		cmocka_unit_test(what_is_made_can_be_read_and_used),
		cmocka_unit_test(the_extension_is_read_in_no_other_form),
		cmocka_unit_test(references_that_break_a_rule_are_refused),
		cmocka_unit_test(a_second_list_of_references_and_a_session_id_are_refused),
		cmocka_unit_test(references_may_leave_extensions_of_the_outer_hello_out),
		cmocka_unit_test(padding_of_anything_but_zeros_is_refused),
		cmocka_unit_test(an_encoding_that_is_cut_is_refused),
		cmocka_unit_test(nothing_grows_beyond_both_hellos),
		cmocka_unit_test(what_was_split_joins_again_and_names_stay_inside),
		cmocka_unit_test(hellos_that_share_nothing_are_split_without_references),
		cmocka_unit_test(names_of_any_length_are_padded_to_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
