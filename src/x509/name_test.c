/* name_test.c - names: when two are the same, what they look like to people; addresses; object identifiers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/general_name.h"
#include "x509/name.h"

#define BUF 512

struct part {
	enum oid oid;
	uint8_t tag;
	const char *value;
	bool joined; /* in the set of the part before */
};

static struct bj_bytes make_name(uint8_t buf[BUF], const struct part *parts, size_t count)
{
	struct writer w = wr_make(buf, BUF);
	size_t seq = dw_open(&w, DER_SEQUENCE);

	for (size_t i = 0; i < count;) {
		size_t set = dw_open(&w, DER_SET);

		do {
			size_t attribute = dw_open(&w, DER_SEQUENCE);

			dw_item(&w, DER_OID, oid_bytes(parts[i].oid));
			dw_item(&w, parts[i].tag, bytes_text(parts[i].value));
			dw_close(&w, attribute);
		} while (++i < count && parts[i].joined);
		dw_close(&w, set);
	}
	dw_close(&w, seq);
	assert_true(wr_ok(&w));
	return wr_view(&w);
}

#define NAME(buf, ...) make_name(buf, (const struct part[]){ __VA_ARGS__ }, ARRAY_COUNT(((const struct part[]){ __VA_ARGS__ })))
#define P DER_PRINTABLE_STRING
#define U DER_UTF8_STRING

static void names_that_differ_are_not_equal(void **state)
{
	uint8_t a[BUF], b[BUF];
	struct bj_bytes one = NAME(a, { OID_AT_ORGANIZATION, U, "Acme Inc" }, { OID_AT_CN, U, "ca" });

	assert_true(name_is_valid(one));
	assert_false(name_equal(one, NAME(b, { OID_AT_ORGANIZATION, U, "Acme Inc" })));
	assert_false(name_equal(NAME(b, { OID_AT_ORGANIZATION, U, "Acme Inc" }), one));
	assert_false(name_equal(one, NAME(b, { OID_AT_CN, U, "ca" }, { OID_AT_ORGANIZATION, U, "Acme Inc" })));
	assert_false(name_equal(one, NAME(b, { OID_AT_ORGANIZATION, U, "AcmeInc" }, { OID_AT_CN, U, "ca" })));
	assert_false(name_equal(one, NAME(b, { OID_AT_ORGANIZATION, U, "Acme Inc" }, { OID_AT_CN, U, "ca", true })));
	assert_false(name_equal(one, NAME(b, { OID_AT_ORGANIZATION, U, "Acme Inc" }, { OID_AT_UNIT, U, "ca" })));
	assert_false(name_equal(one, NAME(b, { OID_AT_ORGANIZATION, U, "Acme Inc" }, { OID_AT_CN, DER_TELETEX_STRING, "ca" })));
	one = NAME(a, { OID_AT_CN, DER_TELETEX_STRING, "ca" });
	assert_false(name_equal(one, NAME(b, { OID_AT_CN, DER_TELETEX_STRING, "CA" })));
}

static void case_spaces_and_kind_of_text_do_not_matter(void **state)
{
	uint8_t a[BUF], b[BUF];
	struct bj_bytes one = NAME(a, { OID_AT_ORGANIZATION, P, "Acme Inc" }, { OID_AT_CN, U, "one" }, { OID_AT_UNIT, U, "two", true });
	struct bj_bytes two = NAME(b, { OID_AT_ORGANIZATION, U, "  ACME   inc " }, { OID_AT_UNIT, P, "TWO" }, { OID_AT_CN, P, "One", true });

	assert_true(name_equal(one, two));
	assert_int_equal(name_hash(one), name_hash(two));
	assert_true(name_starts_with(one, NAME(b, { OID_AT_ORGANIZATION, U, "acme inc" })));
	assert_true(name_starts_with(one, NAME(b, { OID_AT_ORGANIZATION, U, "acme inc" }, { OID_AT_CN, U, "one" }, { OID_AT_UNIT, U, "two", true })));
	assert_false(name_starts_with(one, NAME(b, { OID_AT_ORGANIZATION, U, "acme inc" }, { OID_AT_CN, U, "one" })));
	assert_false(name_starts_with(one, NAME(b, { OID_AT_CN, U, "one" }, { OID_AT_UNIT, U, "two", true })));
	assert_false(name_starts_with(NAME(b, { OID_AT_ORGANIZATION, U, "acme inc" }), one));
}

static void malformed_names_are_refused(void **state)
{
	uint8_t a[BUF];
	struct bj_bytes name = NAME(a, { OID_AT_ORGANIZATION, U, "Acme" }, { OID_AT_CN, U, "x" });
	static uint8_t list[2048], whole[2048];
	struct writer w = wr_make(list, sizeof(list)), out;

	for (size_t len = 0; len < name.len; len++)
		assert_false(name_is_valid(bytes_of(a, len)));
	assert_false(name_is_valid(BYTES_LIT("\x30\x02\x31\x00")));         /* an empty set */
	assert_false(name_is_valid(BYTES_LIT("\x30\x04\x31\x02\x30\x00"))); /* no type */
	assert_true(name_is_valid(BYTES_LIT("\x30\x00")));
	for (size_t i = 1; i <= NAME_ATTRIBUTE_MAX + 1; i++) {
		wr_raw(&w, "\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01x", 12);
		out = wr_make(whole, sizeof(whole));
		dw_item(&out, DER_SEQUENCE, wr_view(&w));
		assert_int_equal(name_is_valid(wr_view(&out)), i <= NAME_ATTRIBUTE_MAX);
	}
}

static void text_for_people_cannot_fool_them(void **state)
{
	uint8_t a[BUF];
	char buf[200], small[12];
	struct text text = text_make(buf, sizeof(buf));

	name_text(NAME(a, { OID_AT_COUNTRY, P, "KR" }, { OID_AT_ORGANIZATION, U, "A, \"B\"+C" },
		       { OID_AT_CN, U, "x\n\x1b[31m\xe2\x80\xae\xff\xea\xb0\x80" }, { OID_AT_UID, U, "7", true }), &text);
	assert_string_equal(buf, "CN=x\\x0a\\x1b[31m\\xe2\\x80\\xae\\xff\xea\xb0\x80+UID=7,O=A\\, \\\"B\\\"\\+C,C=KR");
	text = text_make(small, sizeof(small));
	name_text(NAME(a, { OID_AT_CN, U, "\xea\xb0\x80\xea\xb0\x80\xea\xb0\x80\xea\xb0\x80" }), &text);
	assert_true(text.cut);
	assert_string_equal(small, "CN=\xea\xb0\x80\xea\xb0\x80"); /* no half character */
}

static void text_that_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = { "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "1.2.3.", "1..2.3", ":", ":::",
		"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", "1:2:3:4:5:6:7:8::", "::1.2.3", "::1.2.3.4:5",
		"1:2:3:4:5:6:7:1.2.3.4", "fe80::1%eth0", "[::1]", "1:", ":1", "0x1.2.3.4", "1.2.3.0004" };
	uint8_t out[16];

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(ip_parse(bytes_text(bad[i]), out), 0);
}

static void addresses_are_text_and_back(void **state)
{
	static const struct { const char *in, *out; } good[] = {
		{ "0.0.0.0", "0.0.0.0" }, { "255.255.255.255", "255.255.255.255" }, { "::", "::" }, { "::1", "::1" }, { "1::", "1::" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" }, { "1:0:0:2:0:0:0:3", "1:0:0:2::3" }, { "1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7" },
		{ "::ffff:192.0.2.1", "::ffff:c000:201" }, { "1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" }, { "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" }, { "0:0:1:0:0:1:0:0", "::1:0:0:1:0:0" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		uint8_t address[16];
		char buf[48];
		struct text text = text_make(buf, sizeof(buf));
		size_t len = ip_parse(bytes_text(good[i].in), address);

		assert_true(len == 4 || len == 16);
		ip_text(bytes_of(address, len), &text);
		assert_string_equal(buf, good[i].out);
	}
}

static void object_identifiers_are_known_by_their_octets(void **state)
{
	char text[OID_TEXT_MAX];
	uint8_t many[24];
	static const uint8_t longest[200] = { 0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f };

	for (unsigned i = 1; i < OID_COUNT; i++)
		assert_int_equal(oid_find(oid_bytes((enum oid)i)), i);
	assert_int_equal(oid_find(BYTES_LIT("\x55\x1d")), OID_UNKNOWN);
	assert_int_equal(oid_find(BYTES_LIT("\x55\x1d\x11\x00")), OID_UNKNOWN); /* a known one is only its beginning */
	oid_text(oid_bytes(OID_AT_EMAIL), text);
	assert_string_equal(text, "1.2.840.113549.1.9.1");
	oid_text(BYTES_LIT("\x88\x37"), text);
	assert_string_equal(text, "2.999");
	assert_true(oid_text(bytes_of(longest, sizeof(longest)), text) < OID_TEXT_MAX);
	assert_memory_equal(text, "#2affff", 7);
	/* no number loses a part: 2.5.29.32.0 is another policy than one with 2^64 more in its last arc */
	oid_text(BYTES_LIT("\x55\x1d\x20\x82\x80\x80\x80\x80\x80\x80\x80\x80\x00"), text);
	assert_string_equal(text, "#551d2082808080808080808000");
	oid_text(BYTES_LIT("\x55\x1d\x20\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), text);
	assert_string_equal(text, "2.5.29.32.18446744073709551615");
	memset(many, 0x7f, sizeof(many));
	assert_int_equal(oid_text(bytes_of(many, 23), text), 92);
	oid_text(bytes_of(many, 24), text);
	assert_memory_equal(text, "#7f7f7f", 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_differ_are_not_equal),
		cmocka_unit_test(case_spaces_and_kind_of_text_do_not_matter),
		cmocka_unit_test(malformed_names_are_refused),
		cmocka_unit_test(text_for_people_cannot_fool_them),
		cmocka_unit_test(text_that_is_no_address_is_refused),
		cmocka_unit_test(addresses_are_text_and_back),
		cmocka_unit_test(object_identifiers_are_known_by_their_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
