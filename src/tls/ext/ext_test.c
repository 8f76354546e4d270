/* ext_test.c - every extension is held to its exact form, and the table to the RFC's. */
#include "base/test.h"

#include "support/shape.h"
#include "tls/ext/alpn.h"
#include "tls/ext/certificate_authorities.h"
#include "tls/ext/cookie.h"
#include "tls/ext/early_data.h"
#include "tls/ext/ec_point_formats.h"
#include "tls/ext/extended_master_secret.h"
#include "tls/ext/key_share.h"
#include "tls/ext/padding.h"
#include "tls/ext/pre_shared_key.h"
#include "tls/ext/psk_key_exchange_modes.h"
#include "tls/ext/record_size_limit.h"
#include "tls/ext/renegotiation_info.h"
#include "tls/ext/server_name.h"
#include "tls/ext/session_ticket.h"
#include "tls/ext/signature_algorithms.h"
#include "tls/ext/signature_algorithms_cert.h"
#include "tls/ext/status_request.h"
#include "tls/ext/supported_groups.h"
#include "tls/ext/supported_versions.h"

/* ---- every extension by itself */

static struct bj_bytes view;
static uint16_t number;
static uint32_t number32;
static uint8_t modes;
static bool flag;
static struct psk_offer offer;
static struct key_share share;

static enum bj_err judge_server_name(struct bj_bytes b) { return server_name_parse(b, &view); }
static enum bj_err judge_alpn(struct bj_bytes b) { return alpn_parse(b, &view); }
static enum bj_err judge_alpn_answer(struct bj_bytes b) { return alpn_parse_answer(b, &view); }
static enum bj_err judge_versions(struct bj_bytes b) { return supported_versions_parse(b, &view); }
static enum bj_err judge_version(struct bj_bytes b) { return supported_versions_parse_answer(b, &number); }
static enum bj_err judge_groups(struct bj_bytes b) { return supported_groups_parse(b, &view); }
static enum bj_err judge_schemes(struct bj_bytes b) { return signature_algorithms_parse(b, &view); }
static enum bj_err judge_schemes_cert(struct bj_bytes b) { return signature_algorithms_cert_parse(b, &view); }
static enum bj_err judge_shares(struct bj_bytes b) { return key_share_parse(b, &view); }
static enum bj_err judge_share(struct bj_bytes b) { return key_share_parse_answer(b, &share); }
static enum bj_err judge_share_retry(struct bj_bytes b) { return key_share_parse_retry(b, &number); }
static enum bj_err judge_modes(struct bj_bytes b) { return psk_key_exchange_modes_parse(b, &modes); }
static enum bj_err judge_psk(struct bj_bytes b) { return pre_shared_key_parse(b, &offer); }
static enum bj_err judge_psk_answer(struct bj_bytes b) { return pre_shared_key_parse_answer(b, &number); }
static enum bj_err judge_cookie(struct bj_bytes b) { return cookie_parse(b, &view); }
static enum bj_err judge_ems(struct bj_bytes b) { return extended_master_secret_parse(b); }
static enum bj_err judge_renegotiation(struct bj_bytes b) { return renegotiation_info_parse(b); }
static enum bj_err judge_ticket_answer(struct bj_bytes b) { return session_ticket_parse_answer(b); }
static enum bj_err judge_early(struct bj_bytes b) { return early_data_parse(b); }
static enum bj_err judge_early_ticket(struct bj_bytes b) { return early_data_parse_ticket(b, &number32); }
static enum bj_err judge_status(struct bj_bytes b) { return status_request_parse(b, &flag); }
static enum bj_err judge_status_entry(struct bj_bytes b) { return status_request_parse_entry(b, &view); }
static enum bj_err judge_size(struct bj_bytes b) { return record_size_limit_parse(b, &number); }
static enum bj_err judge_authorities(struct bj_bytes b) { return certificate_authorities_parse(b, &view); }
static enum bj_err judge_formats(struct bj_bytes b) { return ec_point_formats_parse(b); }

#define BINDER "0123456789abcdef0123456789abcdef"

static const struct {
	const char *why;
	shape_judge_fn *judge;
	struct bj_bytes body;
	const char *shape;
} forms[] = {
	{ "server_name", judge_server_name, ROW_BYTES("\0\x0e\0\0\x0b" "example.com"), "v2(1 v2)" },
	{ "alpn", judge_alpn, ROW_BYTES("\0\x0c\x02h2\x08http/1.1"), "v2(v1)" },
	{ "alpn answer", judge_alpn_answer, ROW_BYTES("\0\x03\x02h2"), "v2(v1)" },
	{ "supported_versions", judge_versions, ROW_BYTES("\x04\x03\x04\x03\x03"), "v1" },
	{ "supported_versions answer", judge_version, ROW_BYTES("\x03\x04"), "2" },
	{ "supported_groups", judge_groups, ROW_BYTES("\0\x04\0\x1d\0\x17"), "v2" },
	{ "signature_algorithms", judge_schemes, ROW_BYTES("\0\x04\x04\x03\x08\x04"), "v2" },
	{ "signature_algorithms_cert", judge_schemes_cert, ROW_BYTES("\0\x02\x04\x03"), "v2" },
	{ "key_share", judge_shares, ROW_BYTES("\0\x0d\0\x1d\0\x04" "abcd" "\0\x17\0\x01" "e"), "v2(2 v2)" },
	{ "key_share answer", judge_share, ROW_BYTES("\0\x1d\0\x04" "abcd"), "2 v2" },
	{ "key_share retry", judge_share_retry, ROW_BYTES("\0\x1d"), "2" },
	{ "psk_key_exchange_modes", judge_modes, ROW_BYTES("\x02\x01\0"), "v1" },
	{ "pre_shared_key", judge_psk, ROW_BYTES("\0\x09\0\x03" "abc" "\0\0\0\x07" "\0\x21\x20" BINDER), "v2(v2 4) v2(v1)" },
	{ "pre_shared_key of two", judge_psk,
	  ROW_BYTES("\0\x10\0\x03" "abc" "\0\0\0\x07" "\0\x01" "d" "\0\0\0\x08" "\0\x42\x20" BINDER "\x20" BINDER), "v2(v2 4) v2(v1)" },
	{ "pre_shared_key answer", judge_psk_answer, ROW_BYTES("\0\x01"), "2" },
	{ "cookie", judge_cookie, ROW_BYTES("\0\x03" "abc"), "v2" },
	{ "extended_master_secret", judge_ems, ROW_BYTES(""), "" },
	{ "renegotiation_info", judge_renegotiation, ROW_BYTES("\0"), "v1" },
	{ "session_ticket answer", judge_ticket_answer, ROW_BYTES(""), "" },
	{ "early_data", judge_early, ROW_BYTES(""), "" },
	{ "early_data in a ticket", judge_early_ticket, ROW_BYTES("\0\0\x40\0"), "4" },
	{ "status_request", judge_status, ROW_BYTES("\x01\0\x02" "ab" "\0\x01" "c"), "1 v2 v2" },
	{ "status_request in an entry", judge_status_entry, ROW_BYTES("\x01\0\0\x02" "ab"), "1 v3" },
	{ "record_size_limit", judge_size, ROW_BYTES("\x40\x01"), "2" },
	{ "certificate_authorities", judge_authorities, ROW_BYTES("\0\x07\0\x02" "ab" "\0\x01" "c"), "v2(v2)" },
	{ "ec_point_formats", judge_formats, ROW_BYTES("\x03\x01\x02\0"), "v1" },
};

static void no_extension_is_read_in_another_form_than_its_own(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++)
		assert_exact_form(forms[i].judge, forms[i].body, forms[i].shape, 0);
}

static const struct {
	const char *why;
	shape_judge_fn *judge;
	struct bj_bytes body;
	enum bj_err err;
} refused[] = {
	{ "an empty name", judge_server_name, ROW_BYTES("\0\x03\0\0\0"), BJ_ERR_DECODE },
	{ "a name of a type that was never defined", judge_server_name, ROW_BYTES("\0\x04\x01\0\x01" "a"), BJ_ERR_DECODE },
	{ "two names", judge_server_name, ROW_BYTES("\0\x08\0\0\x01" "a" "\0\0\x01" "b"), BJ_ERR_DECODE },
	{ "a zero byte in the name", judge_server_name, ROW_BYTES("\0\x05\0\0\x02" "a\0"), BJ_ERR_ILLEGAL_PARAMETER },
	{ "a line break in the name", judge_server_name, ROW_BYTES("\0\x06\0\0\x03" "a\nb"), BJ_ERR_ILLEGAL_PARAMETER },
	{ "a name that is no ASCII", judge_server_name, ROW_BYTES("\0\x05\0\0\x02" "\xc3\xa9"), BJ_ERR_ILLEGAL_PARAMETER },
	{ "no protocol", judge_alpn, ROW_BYTES("\0\0"), BJ_ERR_DECODE },
	{ "a protocol without a name", judge_alpn, ROW_BYTES("\0\x04\x02h2\0"), BJ_ERR_DECODE },
	{ "an answer of two protocols", judge_alpn_answer, ROW_BYTES("\0\x06\x02h2\x02h3"), BJ_ERR_DECODE },
	{ "no version", judge_versions, ROW_BYTES("\0"), BJ_ERR_DECODE },
	{ "half a version", judge_versions, ROW_BYTES("\x03\x03\x04\x03"), BJ_ERR_DECODE },
	{ "no group", judge_groups, ROW_BYTES("\0\0"), BJ_ERR_DECODE },
	{ "no scheme", judge_schemes, ROW_BYTES("\0\0"), BJ_ERR_DECODE },
	{ "a group's share twice", judge_shares, ROW_BYTES("\0\x0a\0\x1d\0\x01" "a" "\0\x1d\0\x01" "b"), BJ_ERR_ILLEGAL_PARAMETER },
	{ "an empty share", judge_shares, ROW_BYTES("\0\x04\0\x1d\0\0"), BJ_ERR_DECODE },
	{ "no mode", judge_modes, ROW_BYTES("\0"), BJ_ERR_DECODE },
	{ "no identity", judge_psk, ROW_BYTES("\0\0\0\x21\x20" BINDER), BJ_ERR_DECODE },
	{ "an empty identity", judge_psk, ROW_BYTES("\0\x06\0\0\0\0\0\x07" "\0\x21\x20" BINDER), BJ_ERR_DECODE },
	{ "a short binder", judge_psk, ROW_BYTES("\0\x07\0\x01" "a" "\0\0\0\x07" "\0\x04\x03" "abc"), BJ_ERR_DECODE },
	{ "more binders than identities", judge_psk,
	  ROW_BYTES("\0\x07\0\x01" "a" "\0\0\0\x07" "\0\x42\x20" BINDER "\x20" BINDER), BJ_ERR_ILLEGAL_PARAMETER },
	{ "an empty cookie", judge_cookie, ROW_BYTES("\0\0"), BJ_ERR_DECODE },
	{ "a renegotiation", judge_renegotiation, ROW_BYTES("\x0c" "abcdefghijkl"), BJ_ERR_RENEGOTIATION_INFO },
	{ "compressed points only", judge_formats, ROW_BYTES("\x02\x01\x02"), BJ_ERR_ILLEGAL_PARAMETER },
	{ "records that are too short", judge_size, ROW_BYTES("\0\x3f"), BJ_ERR_ILLEGAL_PARAMETER },
	{ "no authority", judge_authorities, ROW_BYTES("\0\0"), BJ_ERR_DECODE },
	{ "a status of another type", judge_status_entry, ROW_BYTES("\x02\0\0\x01" "a"), BJ_ERR_ILLEGAL_PARAMETER },
};

static void values_that_are_not_allowed_are_refused_with_their_error(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
		assert_int_equal(shape_judge(refused[i].judge, refused[i].body.ptr, refused[i].body.len), refused[i].err);
}

static void padding_of_anything_but_zeros_is_refused(void **state)
{
	assert_int_equal(padding_parse(BYTES_LIT("\0\0\0")), BJ_OK);
	assert_int_equal(padding_parse(BYTES_LIT("")), BJ_OK);
	assert_int_equal(padding_parse(BYTES_LIT("\0\x01")), BJ_ERR_ILLEGAL_PARAMETER);
}

static void a_wish_for_another_status_than_ocsp_is_passed_over(void **state)
{
	flag = true;
	assert_int_equal(judge_status(BYTES_LIT("\x02whatever")), BJ_OK);
	assert_false(flag);
}

static void modes_that_nobody_knows_are_passed_over(void **state)
{
	assert_int_equal(judge_modes(BYTES_LIT("\x02\x0b\x01")), BJ_OK);
	assert_int_equal(modes, PSK_MODE_DHE_KE);
}

static void more_shares_than_the_limit_are_refused(void **state)
{
	uint8_t body[1024];
	struct writer w = wr_make(body, sizeof(body));
	size_t mark = wr_open(&w, 2);

	for (uint16_t i = 0; i < KEY_SHARE_MAX + 1; i++) {
		if (i == KEY_SHARE_MAX) {
			wr_close(&w, mark, 2);
			assert_int_equal(key_share_parse(wr_view(&w), &view), BJ_OK);
		}
		key_share_add(&w, i, BYTES_LIT("x"));
	}
	wr_close(&w, mark, 2);
	assert_int_equal(key_share_parse(wr_view(&w), &view), BJ_ERR_DECODE);
}

static void more_identities_than_the_limit_are_refused(void **state)
{
	uint8_t identities[1024], binders[4096], body[6000];
	struct writer wi = wr_make(identities, sizeof(identities)), wb = wr_make(binders, sizeof(binders));

	for (size_t i = 1; i <= PSK_OFFER_MAX + 1; i++) {
		struct writer w = wr_make(body, sizeof(body));
		struct psk_offer made;

		psk_identity_add(&wi, BYTES_LIT("id"), 1);
		wr_vec(&wb, BYTES_LIT(BINDER), 1);
		made = (struct psk_offer){ wr_view(&wi), wr_view(&wb), i };
		pre_shared_key_write(&w, &made);
		assert_true(wr_ok(&w));
		assert_int_equal(pre_shared_key_parse(bytes_of(body + 4, w.len - 4), &offer),
				 i <= PSK_OFFER_MAX ? BJ_OK : BJ_ERR_DECODE);
	}
}

static void the_first_common_protocol_of_the_one_who_prefers_is_chosen(void **state)
{
	struct bj_bytes chosen = alpn_choose(BYTES_LIT("\x02h3\x08http/1.1\x02h2"), BYTES_LIT("\x02h2\x08http/1.1"));

	assert_true(bytes_equal(chosen, BYTES_LIT("http/1.1")));
	assert_int_equal(alpn_choose(BYTES_LIT("\x02h3"), BYTES_LIT("\x02h2")).len, 0);
	assert_int_equal(alpn_choose(BYTES_LIT(""), BYTES_LIT("\x02h2")).len, 0);
}

/* ---- the walker */

static void put(struct writer *w, uint16_t type, const char *body)
{
	wr_u16(w, type);
	wr_vec(w, bytes_text(body), 2);
}

struct ext_case {
	const char *why;
	uint16_t types[4]; /* ended by END */
	enum ext_place place;
	uint32_t offered;
	enum bj_err err;
};
#define END 0xffff

static const struct ext_case walks[] = {
	{ "nothing", { END }, EXT_IN_CH, 0, BJ_OK },
	{ "a known one", { 0, END }, EXT_IN_CH, 0, BJ_OK },
	{ "the same twice", { 0, 0, END }, EXT_IN_CH, 0, BJ_ERR_DUPLICATE_EXTENSION },
	{ "the same twice, apart", { 0, 10, 0, END }, EXT_IN_CH, 0, BJ_ERR_DUPLICATE_EXTENSION },
	{ "unknown ones", { 0x1234, 0x2a2a, END }, EXT_IN_CH, 0, BJ_OK },
	{ "an unknown one twice", { 0x1234, 0, 0x1234, END }, EXT_IN_CH, 0, BJ_ERR_DECODE },
	{ "GREASE twice", { 0x2a2a, 0x2a2a, END }, EXT_IN_CH, 0, BJ_ERR_DECODE },
	{ "pre_shared_key last", { 0, 41, END }, EXT_IN_CH, 0, BJ_OK },
	{ "pre_shared_key not last", { 41, 0, END }, EXT_IN_CH, 0, BJ_ERR_ILLEGAL_PARAMETER },
	{ "pre_shared_key before an unknown one", { 41, 0x1234, END }, EXT_IN_CH, 0, BJ_ERR_ILLEGAL_PARAMETER },
	{ "pre_shared_key need not be last in answers", { 41, 43, END }, EXT_IN_SH, ~0u, BJ_OK },
	{ "an answer", { 16, END }, EXT_IN_EE, EXT_BIT(EXT_ALPN), BJ_OK },
	{ "an answer that nobody asked for", { 16, END }, EXT_IN_EE, EXT_BIT(EXT_SERVER_NAME), BJ_ERR_UNSUPPORTED_EXTENSION },
	{ "an unknown answer twice", { 0x1234, 16, 0x1234, END }, EXT_IN_EE, ~0u, BJ_ERR_DECODE },
	{ "an unknown answer", { 0x1234, END }, EXT_IN_EE, ~0u, BJ_ERR_UNSUPPORTED_EXTENSION },
	{ "a key share among encrypted ones", { 51, END }, EXT_IN_EE, ~0u, BJ_ERR_FORBIDDEN_EXTENSION },
	{ "oid_filters of a client", { 48, END }, EXT_IN_CH, 0, BJ_ERR_FORBIDDEN_EXTENSION },
	{ "the cookie of a retry comes unasked", { 44, END }, EXT_IN_HRR, 0, BJ_OK },
	{ "nothing else does", { 51, END }, EXT_IN_HRR, 0, BJ_ERR_UNSUPPORTED_EXTENSION },
	{ "a cookie in a ServerHello", { 44, END }, EXT_IN_SH, ~0u, BJ_ERR_FORBIDDEN_EXTENSION },
	{ "unknown wishes of a CertificateRequest", { 13, 0x1234, END }, EXT_IN_CR, 0, BJ_OK },
	{ "unknown ones in a ticket", { 0x1234, END }, EXT_IN_NST, 0, BJ_OK },
	{ "a known one in a ticket", { 16, END }, EXT_IN_NST, 0, BJ_ERR_FORBIDDEN_EXTENSION },
	{ "an unknown one in a Certificate", { 0x1234, END }, EXT_IN_CT, ~0u, BJ_ERR_UNSUPPORTED_EXTENSION },
	{ "a version in a ServerHello of 1.2", { 43, END }, EXT_IN_SH12, ~0u, BJ_ERR_FORBIDDEN_EXTENSION },
};

static void the_walker_refuses_what_stands_twice_wrongly_or_unasked(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(walks); i++) {
		uint8_t buf[64];
		struct writer w = wr_make(buf, sizeof(buf));
		struct ext_list list;
		enum bj_err err;

		for (size_t k = 0; walks[i].types[k] != END; k++)
			put(&w, walks[i].types[k], "x");
		err = ext_walk(wr_view(&w), walks[i].place, walks[i].offered, &list);
		if (err != walks[i].err)
			fail_msg("%s: %s", walks[i].why, bj_err_name(err));
	}
}

static void the_walker_gives_each_body_as_it_stood(void **state)
{
	uint8_t buf[64];
	struct writer w = wr_make(buf, sizeof(buf));
	struct ext_list list;

	put(&w, 16, "abc");
	put(&w, 0x7777, "skip");
	put(&w, 0, "");
	assert_int_equal(ext_walk(wr_view(&w), EXT_IN_CH, 0, &list), BJ_OK);
	assert_int_equal(list.has, EXT_BIT(EXT_ALPN) | EXT_BIT(EXT_SERVER_NAME));
	assert_true(bytes_equal(list.body[EXT_ALPN], BYTES_LIT("abc")));
	assert_int_equal(list.body[EXT_SERVER_NAME].len, 0);
}

static void more_extensions_than_the_limit_are_refused(void **state)
{
	uint8_t buf[4 * (EXT_COUNT_MAX + 1)];
	struct writer w = wr_make(buf, sizeof(buf));
	struct ext_list list;

	for (unsigned i = 0; i < EXT_COUNT_MAX; i++)
		put(&w, (uint16_t)(0x1000 + i), "");
	assert_int_equal(ext_walk(wr_view(&w), EXT_IN_CH, 0, &list), BJ_OK);
	put(&w, 0x2000, "");
	assert_int_equal(ext_walk(wr_view(&w), EXT_IN_CH, 0, &list), BJ_ERR_DECODE);
}

/* rfc9846:4.2 (and rfc9149 rfc9847), the table of places, typed in a second time: CH SH HRR EE CR CT NST. */
static void the_table_says_what_the_rfc_says(void **state)
{
	static const struct {
		uint16_t type;
		const char *places;
	} rfc[] = {
		{ 0, "CH EE" }, { 1, "CH EE" }, { 5, "CH CR CT" }, { 10, "CH EE" }, { 13, "CH CR" }, { 16, "CH EE" }, { 18, "CH CR CT" },
		{ 19, "CH EE" }, { 20, "CH EE" }, { 34, "CH CR CT" },
		{ 21, "CH" }, { 27, "CH CR" }, { 28, "CH EE" }, { 41, "CH SH" }, { 42, "CH EE NST" }, { 43, "CH SH HRR" }, { 44, "CH HRR" },
		{ 45, "CH" }, { 47, "CH CR" }, { 48, "CR" }, { 49, "CH" }, { 50, "CH CR" }, { 51, "CH SH HRR" }, { 57, "CH EE" }, { 58, "CH EE" }, { 62, "CH NST" },
		{ 11, "CH" }, { 23, "CH" }, { 35, "CH" }, { 0xff01, "CH" },
	};
	static const struct {
		const char *name;
		enum ext_place place;
	} places[] = {
		{ "CH", EXT_IN_CH }, { "SH", EXT_IN_SH }, { "HRR", EXT_IN_HRR }, { "EE", EXT_IN_EE },
		{ "CR", EXT_IN_CR }, { "CT", EXT_IN_CT }, { "NST", EXT_IN_NST },
	};

	assert_int_equal(ARRAY_COUNT(rfc), EXT_KNOWN);
	for (size_t i = 0; i < ARRAY_COUNT(rfc); i++) {
		enum ext ext = ext_find(rfc[i].type);

		assert_int_not_equal(ext, EXT_KNOWN);
		for (size_t p = 0; p < ARRAY_COUNT(places); p++) {
			bool want = false;

			for (const char *at = rfc[i].places; (at = strstr(at, places[p].name)); at++)
				want |= (at == rfc[i].places || at[-1] == ' ');
			if (want != !!(ext_table[ext].places & places[p].place))
				fail_msg("%s in %s", ext_table[ext].name, places[p].name);
		}
	}
}

static void every_reserved_value_counts_as_grease_and_no_other(void **state)
{
	size_t count = 0;

	for (unsigned v = 0; v <= 0xffff; v++)
		count += is_grease((uint16_t)v);
	assert_int_equal(count, 16);
	assert_true(is_grease(0x0a0a) && is_grease(0xfafa));
	assert_false(is_grease(0x0a1a) || is_grease(0x0303));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_extension_is_read_in_another_form_than_its_own),
		cmocka_unit_test(values_that_are_not_allowed_are_refused_with_their_error),
		cmocka_unit_test(padding_of_anything_but_zeros_is_refused),
		cmocka_unit_test(a_wish_for_another_status_than_ocsp_is_passed_over),
		cmocka_unit_test(modes_that_nobody_knows_are_passed_over),
		cmocka_unit_test(more_shares_than_the_limit_are_refused),
		cmocka_unit_test(more_identities_than_the_limit_are_refused),
		cmocka_unit_test(the_first_common_protocol_of_the_one_who_prefers_is_chosen),
		cmocka_unit_test(the_walker_refuses_what_stands_twice_wrongly_or_unasked),
		cmocka_unit_test(the_walker_gives_each_body_as_it_stood),
		cmocka_unit_test(more_extensions_than_the_limit_are_refused),
		cmocka_unit_test(the_table_says_what_the_rfc_says),
		cmocka_unit_test(every_reserved_value_counts_as_grease_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
