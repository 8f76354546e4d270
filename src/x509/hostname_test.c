/* hostname_test.c - which host a certificate is for, and which names a CA may certify. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/dns_name.h"
#include "x509/hostname.h"
#include "x509/name_constraints.h"

static void texts_that_are_no_host_names_are_refused(void **state)
{
	static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a_b.c", "a b", "a.1", "1.2.3", "*.a.b", "\xc3\xa9.com",
		"0123456789012345678901234567890123456789012345678901234567890123.com" };
	char longest[260];

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(dns_name_is_valid(bytes_text(bad[i])));
	assert_false(dns_name_is_valid(bytes_of("a\0.com", 6)));
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = i % 2 ? '.' : 'a';
	assert_true(dns_name_is_valid(bytes_of(longest, 253)));
	assert_false(dns_name_is_valid(bytes_of(longest, 255)));
	assert_true(dns_name_is_valid(BYTES_LIT("localhost")));
	assert_true(dns_name_is_valid(BYTES_LIT("3com.a1")));
	assert_true(dns_name_is_valid(BYTES_LIT("xn--n3h.com")));
	assert_true(dns_name_is_valid(BYTES_LIT("012345678901234567890123456789012345678901234567890123456789012.com")));
}

struct match {
	enum gn_kind kind;
	const char *presented;
	const char *reference;
	bool covers;
};

static const struct match matches[] = {
	{ GN_DNS, "a.example.com", "a.example.com", true },
	{ GN_DNS, "A.Example.com", "a.eXample.COM.", true },
	{ GN_DNS, "a.example.com", "b.example.com", false },
	{ GN_DNS, "example.com", "a.example.com", false },
	{ GN_DNS, "a.example.com", "example.com", false },
	{ GN_DNS, "a.example.com.", "a.example.com", false },
	{ GN_DNS, "*.example.com", "a.example.com", true },
	{ GN_DNS, "*.example.com", "xn--n3h.example.com", true },
	{ GN_DNS, "*.example.com", "example.com", false },
	{ GN_DNS, "*.example.com", "a.b.example.com", false },
	{ GN_DNS, "*.example.com", "aexample.com", false },
	{ GN_DNS, "*.com", "example.com", false },
	{ GN_DNS, "*", "localhost", false },
	{ GN_DNS, "*.", "a.", false },
	{ GN_DNS, "a*.example.com", "ab.example.com", false },
	{ GN_DNS, "*a.example.com", "ba.example.com", false },
	{ GN_DNS, "a.*.example.com", "a.b.example.com", false },
	{ GN_DNS, "*.*.example.com", "a.b.example.com", false },
	{ GN_DNS, "xn--*.example.com", "xn--a.example.com", false },
	{ GN_DNS, "a_b.example.com", "a_b.example.com", false },
	{ GN_DNS, "192.0.2.1", "192.0.2.1", false },
	{ GN_DNS, "abcd", "97.98.99.100", false }, /* the same octets */
	{ GN_URI, "a.example.com", "a.example.com", false },
	{ GN_EMAIL, "a.example.com", "a.example.com", false },
	{ GN_IP, "\xc0\x01\x02\x01", "192.1.2.1", true },
	{ GN_IP, "\xc0\x01\x02\x01", "192.1.2.2", false },
	{ GN_IP, "\xc0\x01\x02\x01", "::ffff:192.1.2.1", false },
	{ GN_IP, "\xc0\x01\x02\x01\xff\xff\xff\xff", "192.1.2.1", false },
	{ GN_IP, "a.example.com", "a.example.com", false },
};

static void a_name_covers_its_host_only(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(matches); i++) {
		uint8_t san[300];
		struct writer w = wr_make(san, sizeof(san));
		struct cert cert = { 0 };
		struct host_id id;
		bool parsed = host_id_parse(bytes_text(matches[i].reference), &id);

		dw_item(&w, DER_CONTEXT(GN_DNS), BYTES_LIT("other.example.net"));
		dw_item(&w, (uint8_t)DER_CONTEXT(matches[i].kind), bytes_text(matches[i].presented));
		cert.san = wr_view(&w);
		if (parsed != (strcmp(matches[i].reference, "a_b.example.com") != 0))
			fail_msg("%s", matches[i].reference);
		if (parsed && hostname_matches(&cert, &id) != matches[i].covers)
			fail_msg("%s for %s", matches[i].presented, matches[i].reference);
	}
}

static void the_common_name_does_not_count(void **state)
{
	struct cert cert = { .subject = BYTES_LIT("\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03" "a.b") };
	struct host_id id;

	assert_true(host_id_parse(BYTES_LIT("a.b"), &id));
	assert_false(hostname_matches(&cert, &id));
}

/* ---- constraints */

#define TEXT(s) s, sizeof(s) - 1

struct constraint {
	unsigned list; /* 0 permitted, 1 excluded */
	enum gn_kind kind;
	const char *base;
	size_t base_len;
};

static struct bj_bytes make_constraints(uint8_t buf[400], const struct constraint *c)
{
	struct writer w = wr_make(buf, 400);
	size_t list = dw_open(&w, (uint8_t)DER_CONTEXT_CONSTRUCTED(c->list)), subtree = dw_open(&w, DER_SEQUENCE);

	dw_item(&w, (uint8_t)(c->kind == GN_DIRECTORY ? DER_CONTEXT_CONSTRUCTED(c->kind) : DER_CONTEXT(c->kind)),
		bytes_of(c->base, c->base_len));
	dw_close(&w, subtree);
	dw_close(&w, list);
	assert_true(wr_ok(&w));
	return wr_view(&w);
}

#define CN_FOO "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03" "foo"
#define CN_FOU "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03" "fou"
#define OTHER(last) "\x06\x08\x2b\x06\x01\x05\x05\x07\x08" last "\xa0\x05\x0c\x03" "a@b"
#define CN_FOO_DEL "\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04" "fo\x7f" "o"
#define CN_FOO_BMP "\x30\x11\x31\x0f\x30\x0d\x06\x03\x55\x04\x03\x1e\x06" "\0f\0o\0o"
#define O_FOO_BMP "\x30\x11\x31\x0f\x30\x0d\x06\x03\x55\x04\x0a\x1e\x06" "\0f\0o\0o"
#define CN_E_ACUTE(last) "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02" "\xc3" last
#define CN_FOO_BAR "\x30\x1c\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03" "FOO" "\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03" "bar"

static const struct {
	struct constraint constraint;
	enum gn_kind kind;
	const char *name;
	size_t name_len;
	enum nc_result result;
} judged[] = {
	{ { 0, GN_DNS, TEXT("example.com") }, GN_DNS, TEXT("example.com"), NC_ALLOWED },
	{ { 0, GN_DNS, TEXT("example.com") }, GN_DNS, TEXT("a.b.EXAMPLE.com"), NC_ALLOWED },
	{ { 0, GN_DNS, TEXT("example.com") }, GN_DNS, TEXT("*.example.com"), NC_ALLOWED },
	{ { 0, GN_DNS, TEXT("example.com") }, GN_DNS, TEXT("notexample.com"), NC_NOT_PERMITTED },
	{ { 0, GN_DNS, TEXT("a.example.com") }, GN_DNS, TEXT("*.example.com"), NC_NOT_PERMITTED },
	{ { 0, GN_DNS, TEXT("example.com") }, GN_DNS, TEXT(".example.com"), NC_UNKNOWN },
	{ { 0, GN_DNS, TEXT("example.com") }, GN_DNS, TEXT("a b.example.com"), NC_UNKNOWN },
	{ { 0, GN_DNS, TEXT("example.com") }, GN_IP, TEXT("\x01\x02\x03\x04"), NC_ALLOWED },
	{ { 0, GN_DNS, TEXT("") }, GN_DNS, TEXT("example.com"), NC_ALLOWED },
	{ { 1, GN_DNS, TEXT("") }, GN_DNS, TEXT("example.com"), NC_EXCLUDED },
	{ { 1, GN_DNS, TEXT("example.com") }, GN_DNS, TEXT("a.example.com"), NC_EXCLUDED },
	{ { 1, GN_DNS, TEXT("example.com") }, GN_DNS, TEXT("*.Example.com"), NC_EXCLUDED },
	{ { 1, GN_DNS, TEXT("a.example.com") }, GN_DNS, TEXT("*.example.com"), NC_EXCLUDED },
	{ { 1, GN_DNS, TEXT("b.a.example.com") }, GN_DNS, TEXT("*.example.com"), NC_ALLOWED },
	{ { 1, GN_DNS, TEXT("a.example.com") }, GN_DNS, TEXT("example.com"), NC_ALLOWED },
	{ { 1, GN_DNS, TEXT("a.example.com") }, GN_DNS, TEXT("b.example.com"), NC_ALLOWED },
	{ { 0, GN_IP, TEXT("\x0a\x00\x00\x00\xff\x00\x00\x00") }, GN_IP, TEXT("\x0a\x01\x02\x03"), NC_ALLOWED },
	{ { 0, GN_IP, TEXT("\x0a\x00\x00\x00\xff\x00\x00\x00") }, GN_IP, TEXT("\x0b\x01\x02\x03"), NC_NOT_PERMITTED },
	{ { 0, GN_IP, TEXT("\x0a\x00\x00\x00\xff\x00\x00\x00") }, GN_IP, TEXT("\x0a\x01\x02\x03\x0a\x01\x02\x03\x0a\x01\x02\x03\x0a\x01\x02\x03"), NC_NOT_PERMITTED },
	{ { 0, GN_IP, TEXT("\x0a\x00\x00\x00\xff\x00\x00\x00") }, GN_IP, TEXT("\x0a\x01\x02"), NC_UNKNOWN },
	{ { 1, GN_IP, TEXT("\x00\x00\x00\x00\x00\x00\x00\x00") }, GN_IP, TEXT("\x0a\x01\x02\x03"), NC_EXCLUDED },
	{ { 0, GN_EMAIL, TEXT("a@example.com") }, GN_EMAIL, TEXT("a@EXAMPLE.com"), NC_ALLOWED },
	{ { 0, GN_EMAIL, TEXT("a@example.com") }, GN_EMAIL, TEXT("A@example.com"), NC_NOT_PERMITTED },
	{ { 0, GN_EMAIL, TEXT("example.com") }, GN_EMAIL, TEXT("x@example.com"), NC_ALLOWED },
	{ { 0, GN_EMAIL, TEXT("example.com") }, GN_EMAIL, TEXT("x@a.example.com"), NC_NOT_PERMITTED },
	{ { 0, GN_EMAIL, TEXT(".example.com") }, GN_EMAIL, TEXT("x@a.example.com"), NC_ALLOWED },
	{ { 0, GN_EMAIL, TEXT(".example.com") }, GN_EMAIL, TEXT("x@example.com"), NC_NOT_PERMITTED },
	{ { 1, GN_EMAIL, TEXT("example.com") }, GN_EMAIL, TEXT("a@b@example.com"), NC_UNKNOWN },
	{ { 1, GN_EMAIL, TEXT("example.com") }, GN_EMAIL, TEXT("\"a\"@example.com"), NC_UNKNOWN },
	{ { 0, GN_URI, TEXT("example.com") }, GN_URI, TEXT("https://u@example.com:8443/x?y#z"), NC_ALLOWED },
	{ { 0, GN_URI, TEXT("example.com") }, GN_URI, TEXT("https://a.example.com"), NC_NOT_PERMITTED },
	{ { 0, GN_URI, TEXT(".example.com") }, GN_URI, TEXT("https://a.example.com"), NC_ALLOWED },
	{ { 0, GN_URI, TEXT("example.com") }, GN_URI, TEXT("https://evil.org/@example.com"), NC_NOT_PERMITTED },
	{ { 0, GN_URI, TEXT("example.com") }, GN_URI, TEXT("https://example.com@evil.org"), NC_NOT_PERMITTED },
	{ { 0, GN_URI, TEXT("example.com") }, GN_URI, TEXT("https://evil.org\\@example.com"), NC_UNKNOWN }, /* to a browser, of evil.org */
	{ { 0, GN_URI, TEXT("example.com") }, GN_URI, TEXT("https://evil.org\t@example.com"), NC_UNKNOWN },
	{ { 0, GN_URI, TEXT("example.com") }, GN_URI, TEXT("https://example.com/\\"), NC_ALLOWED },
	{ { 1, GN_URI, TEXT("example.com") }, GN_URI, TEXT("https://192.0.2.1/"), NC_UNKNOWN },
	{ { 1, GN_URI, TEXT("example.com") }, GN_URI, TEXT("https://[::1]/"), NC_UNKNOWN },
	{ { 1, GN_URI, TEXT("example.com") }, GN_URI, TEXT("urn:a:b"), NC_UNKNOWN },
	{ { 0, GN_DIRECTORY, TEXT(CN_FOO) }, GN_DIRECTORY, TEXT(CN_FOO_BAR), NC_ALLOWED },
	{ { 0, GN_DIRECTORY, TEXT(CN_FOO_BAR) }, GN_DIRECTORY, TEXT(CN_FOO), NC_NOT_PERMITTED },
	{ { 0, GN_DIRECTORY, TEXT(CN_FOO_BAR) }, GN_DNS, TEXT("a.long.enough.example.com"), NC_ALLOWED },
	{ { 1, GN_DIRECTORY, TEXT(CN_FOO) }, GN_DIRECTORY, TEXT(CN_FOO_BAR), NC_EXCLUDED },
	{ { 1, GN_DIRECTORY, TEXT(CN_FOO) }, GN_DIRECTORY, TEXT(CN_FOU), NC_ALLOWED },
	/* the same name in another string type or another case, as others compare it */
	{ { 1, GN_DIRECTORY, TEXT(CN_FOO) }, GN_DIRECTORY, TEXT(CN_FOO_BMP), NC_EXCLUDED },
	{ { 1, GN_DIRECTORY, TEXT(CN_E_ACUTE("\x89")) }, GN_DIRECTORY, TEXT(CN_E_ACUTE("\xa9")), NC_EXCLUDED },
	{ { 1, GN_DIRECTORY, TEXT(CN_FOO) }, GN_DIRECTORY, TEXT(CN_FOO_DEL), NC_EXCLUDED },
	{ { 1, GN_DIRECTORY, TEXT(CN_FOO) }, GN_DIRECTORY, TEXT(O_FOO_BMP), NC_ALLOWED },
	{ { 0, GN_DIRECTORY, TEXT(CN_FOO) }, GN_DIRECTORY, TEXT(CN_FOO_BMP), NC_NOT_PERMITTED },
	{ { 0, GN_DIRECTORY, TEXT(CN_E_ACUTE("\x89")) }, GN_DIRECTORY, TEXT(CN_E_ACUTE("\x89")), NC_ALLOWED },
	{ { 1, GN_REGISTERED_ID, TEXT("\x2a\x03") }, GN_REGISTERED_ID, TEXT("\x2a\x04"), NC_UNKNOWN },
	/* an international e-mail address is one, another name of that shape is not */
	{ { 0, GN_EMAIL, TEXT("example.com") }, GN_OTHER, TEXT(OTHER("\x09")), NC_UNKNOWN },
	{ { 1, GN_EMAIL, TEXT("example.com") }, GN_OTHER, TEXT(OTHER("\x09")), NC_UNKNOWN },
	{ { 0, GN_EMAIL, TEXT("example.com") }, GN_OTHER, TEXT(OTHER("\x08")), NC_ALLOWED },
	{ { 0, GN_DNS, TEXT("example.com") }, GN_OTHER, TEXT(OTHER("\x09")), NC_ALLOWED },
	{ { 1, GN_REGISTERED_ID, TEXT("\x2a\x03") }, GN_DNS, TEXT("example.com"), NC_ALLOWED },
};

static void constraints_hold_for_names_of_their_kind(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(judged); i++) {
		uint8_t buf[400];
		struct bj_bytes content = make_constraints(buf, &judged[i].constraint);
		struct general_name name = { judged[i].kind, bytes_of(judged[i].name, judged[i].name_len) };
		bool directory = judged[i].constraint.kind == GN_DIRECTORY;
		uint32_t steps = directory ? (uint32_t)(1 + (judged[i].name_len + judged[i].constraint.base_len) / 16) : 1;

		assert_true(name_constraints_are_valid(content));
		if (name_constraints_judge(content, &name, &steps) != judged[i].result)
			fail_msg("row %zu: %s under %s", i, judged[i].name, judged[i].constraint.base);
		assert_int_equal(steps, 0);
		assert_int_equal(name_constraints_judge(content, &name, &steps), NC_BUDGET);
	}
}

static void constraints_that_mean_nothing_are_malformed(void **state)
{
	static const struct constraint bad[] = {
		{ 0, GN_DNS, TEXT("*.example.com") }, { 0, GN_DNS, TEXT(".example.com") }, { 0, GN_DNS, TEXT("a..b") },
		{ 0, GN_DNS, TEXT("\xc3\xa9.com") }, { 0, GN_IP, TEXT("\x0a\x00\x00\x00") }, { 0, GN_IP, TEXT("") },
		{ 0, GN_IP, TEXT("\x0a\x00\x00\x00\xff\x00\xff\x00") }, { 0, GN_EMAIL, TEXT("a@b@c.d") }, { 0, GN_EMAIL, TEXT("@c.d") },
		{ 0, GN_EMAIL, TEXT("") }, { 0, GN_URI, TEXT("https://a.b") }, { 0, GN_URI, TEXT("") }, { 0, GN_DIRECTORY, TEXT("foo") },
		{ 2, GN_DNS, TEXT("example.com") }, { 0, 9, TEXT("x") },
	};
	uint8_t buf[400];

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		if (name_constraints_are_valid(make_constraints(buf, &bad[i])))
			fail_msg("row %zu: %s", i, bad[i].base);
	assert_false(name_constraints_are_valid(BYTES_LIT("")));
	assert_false(name_constraints_are_valid(BYTES_LIT("\xa0\x00")));
	assert_false(name_constraints_are_valid(BYTES_LIT("\xa1\x05\x30\x03\x82\x01" "a" "\xa0\x05\x30\x03\x82\x01" "a"))); /* order */
	assert_false(name_constraints_are_valid(BYTES_LIT("\xa0\x08\x30\x06\x82\x01" "a" "\x80\x01\x00"))); /* minimum 0 */
	assert_false(name_constraints_are_valid(BYTES_LIT("\xa0\x08\x30\x06\x82\x01" "a" "\x81\x01\x05"))); /* maximum */
	assert_true(name_constraints_are_valid(BYTES_LIT("\xa0\x05\x30\x03\x82\x01" "a" "\xa1\x05\x30\x03\x82\x01" "a")));
}

/* Whatever a wildcard covers must be allowed too where the wildcard is. */
static void no_wildcard_hides_a_forbidden_name(void **state)
{
	static const char *const labels[] = { "a", "b", "example", "com" };
	uint32_t seed = 1;

	for (int round = 0; round < 20000; round++) {
		char base[40] = "", pattern[40] = "*", host[40];
		struct general_name wide, narrow;
		uint32_t steps = 10, more = 10;
		uint8_t buf[400];
		struct constraint c = { 0, GN_DNS, base, 0 };
		struct bj_bytes content;

		for (uint32_t i = 0, n = 1 + (seed >> 28) % 3; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			if (i > 0)
				strcat(base, ".");
			strcat(base, labels[seed >> 30]);
		}
		for (int i = 0; i < 2; i++) {
			seed = seed * 1664525 + 1013904223;
			strcat(pattern, ".");
			strcat(pattern, labels[seed >> 30]);
		}
		seed = seed * 1664525 + 1013904223;
		strcpy(host, labels[seed >> 30]);
		strcat(host, pattern + 1);
		c.list = seed >> 12 & 1;
		c.base_len = strlen(base);
		content = make_constraints(buf, &c);
		wide = (struct general_name){ GN_DNS, bytes_text(pattern) };
		narrow = (struct general_name){ GN_DNS, bytes_text(host) };
		if (name_constraints_judge(content, &wide, &steps) == NC_ALLOWED &&
		    name_constraints_judge(content, &narrow, &more) != NC_ALLOWED)
			fail_msg("%s is let through, %s is not, %s %s", pattern, host, c.list ? "excluded" : "permitted", base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_are_no_host_names_are_refused),
		cmocka_unit_test(a_name_covers_its_host_only),
		cmocka_unit_test(the_common_name_does_not_count),
		cmocka_unit_test(constraints_hold_for_names_of_their_kind),
		cmocka_unit_test(constraints_that_mean_nothing_are_malformed),
		cmocka_unit_test(no_wildcard_hides_a_forbidden_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
