/* forward_test.c - what servers are told about a client, and what a client cannot make them believe. */
#include "http/h1_test.h"

#include "http/forward.h"

static struct http_request request;
static uint8_t out[8192];
static const uint8_t sha256[32] = { 0xab, 0xcd, [31] = 0x01 };

static const struct forward_facts stranger = {
	.client_address = { (const uint8_t *)"203.0.113.7", 11 },
	.client_port = 1234,
	.listener_port = 8443,
	.is_tls = true,
};

static void parse(const char *text)
{
	struct h1_parser parser;
	size_t used;
	bool done = false;

	memset(&request, 0, sizeof(request));
	http_fields_init(&request.fields, test_arena, 8192, 100);
	h1_parser_init(&parser, 8192);
	assert_int_equal(h1_request_feed(&parser, &request, text, strlen(text), &used, &done), BJ_OK);
	assert_true(done);
	http_request_strip(&request);
}

static void becomes(const char *text, const struct forward_facts *facts, const char *wanted)
{
	struct writer w = wr_make(out, sizeof(out));

	parse(text);
	assert_int_equal(forward_request(&request, facts), BJ_OK);
	h1_request_write(&w, &request, false, bytes_of(NULL, 0));
	if (!wr_ok(&w) || !bytes_equal(wr_view(&w), bytes_text(wanted)))
		fail_msg("%.*s", (int)w.len, (const char *)out);
}

#define TOLD                                                                                                                    \
	"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a:8443\r\nX-Forwarded-Port: 8443\r\n"        \
	"X-Real-IP: 203.0.113.7\r\nForwarded: for=203.0.113.7;host=\"a:8443\";proto=https\r\n"

static void a_strangers_claims_are_replaced(void **state)
{
	becomes("GET / HTTP/1.1\r\nHost: a:8443\r\n\r\n", &stranger, "GET / HTTP/1.1\r\nHost: a:8443\r\n" TOLD "\r\n");
	becomes("GET / HTTP/1.1\r\nHost: a:8443\r\nX-Forwarded-For: 127.0.0.1\r\nx-forwarded-for: ::1\r\nX-Forwarded-Proto: http\r\n"
		"X-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\nX-Real-IP: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\n"
		"X-Forwarded-Prefix: /x\r\nX-Forwarded-Server: x\r\nClient-Cert: :AA==:\r\nClient-Cert-Chain: :AA==:\r\n"
		"X-Forwarded-Client-Cert: Hash=0\r\nX-Client-DN: CN=root\r\nX-CLIENT-ANYTHING: 1\r\nX-Clientele: 2\r\n"
		"X-FORWARDED-Ssl: on\r\nX-Forwarded-Scheme: https\r\nFront-End-HTTPS: on\r\nX-Url-Scheme: https\r\n"
		"X-Original-URL: /admin\r\nX-Original-URI: /admin\r\nX-rewrite-url: /admin\r\n\r\n",
		&stranger, "GET / HTTP/1.1\r\nHost: a:8443\r\nX-Clientele: 2\r\n" TOLD "\r\n");
	/* nominating what the proxy adds does not take it away */
	becomes("GET / HTTP/1.1\r\nHost: a:8443\r\nConnection: X-Forwarded-For, Forwarded, X-Real-IP\r\n\r\n", &stranger,
		"GET / HTTP/1.1\r\nHost: a:8443\r\n" TOLD "\r\n");
}

static void a_trusted_proxys_lists_are_added_to(void **state)
{
	struct forward_facts trusted = stranger;

	trusted.peer_is_trusted = true;
	becomes("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 198.51.100.2, 10.0.0.1\r\n"
		"X-Forwarded-Proto: http\r\nX-Forwarded-Host: shop\r\nX-Forwarded-Port: 80\r\nX-Real-IP: 198.51.100.1\r\nForwarded: for=198.51.100.1\r\n"
		"X-Client-DN: CN=alice\r\nX-Forwarded-Ssl: on\r\nX-Original-URL: /x\r\n\r\n",
		&trusted,
		"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop\r\nX-Forwarded-Port: 80\r\nX-Real-IP: 198.51.100.1\r\n"
		"X-Client-DN: CN=alice\r\nX-Forwarded-Ssl: on\r\nX-Original-URL: /x\r\nX-Forwarded-For: 198.51.100.1, 198.51.100.2, 10.0.0.1, 203.0.113.7\r\n"
		"Forwarded: for=198.51.100.1, for=203.0.113.7;host=\"a\";proto=https\r\n\r\n");
}

static void addresses_of_version_6_are_quoted_where_they_must_be(void **state)
{
	struct forward_facts facts = stranger;

	facts.client_address = BYTES_LIT("2001:db8::1");
	facts.is_tls = false;
	becomes("GET / HTTP/1.0\r\n\r\n", &facts,
		"GET / HTTP/1.1\r\nHost: \r\nX-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: http\r\n"
		"X-Forwarded-Port: 8443\r\nX-Real-IP: 2001:db8::1\r\nForwarded: for=\"[2001:db8::1]\";proto=http\r\n\r\n");
}

static void a_certificates_words_cannot_break_out_of_their_field(void **state)
{
	struct forward_facts facts = stranger;

	facts.peer_is_trusted = true; /* even then this connection's own certificate is what counts */
	facts.has_client_certificate = true;
	facts.certificate_der = BYTES_LIT("\x30\x01\x00");
	facts.certificate_subject = BYTES_LIT(" CN=a\"b;c%,\r\nX: y\0\xff\\ ");
	facts.certificate_sans = BYTES_LIT("a.example.com,b;DNS=root,spiffe://x/y");
	facts.certificate_sha256 = sha256;
	becomes("GET / HTTP/1.1\r\nHost: a:8443\r\nX-Client-DN: CN=root\r\n\r\n", &facts,
		"GET / HTTP/1.1\r\nHost: a:8443\r\n" TOLD "Client-Cert: :MAEA:\r\nX-Client-Verify: SUCCESS\r\n"
		"X-Client-DN: %20CN=a%22b%3Bc%25,%0D%0AX: y%00%FF%5C%20\r\nX-Client-SAN: a.example.com,b%3BDNS=root,spiffe://x/y\r\n"
		"X-Client-Fingerprint: abcd000000000000000000000000000000000000000000000000000000000001\r\n"
		"X-Forwarded-Client-Cert: Hash=abcd000000000000000000000000000000000000000000000000000000000001;"
		"Subject=\"%20CN=a%22b%3Bc%25,%0D%0AX: y%00%FF%5C%20\";DNS=a.example.com;DNS=b%3BDNS=root;URI=spiffe://x/y\r\n\r\n");
}

static void what_does_not_fit_is_told(void **state)
{
	parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	request.fields.count_max = 3;
	assert_int_equal(forward_request(&request, &stranger), BJ_ERR_HTTP_HEADER_LIMIT);
}

/* Trusts 10.*, counts how often it was asked. */
static bool is_ten(void *self, struct bj_bytes address)
{
	(*(int *)self)++;
	return address.len > 3 && memcmp(address.ptr, "10.", 3) == 0;
}

static void the_client_is_the_last_that_no_trusted_proxy_vouches_for(void **state)
{
	static const struct {
		const char *fields;
		bool trusted;
		const char *address;
	} rows[] = {
		{ "X-Forwarded-For: 1.2.3.4\r\n", false, "203.0.113.7" },
		{ "", true, "203.0.113.7" },
		{ "X-Forwarded-For: , ,\r\n", true, "203.0.113.7" },
		{ "X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n", true, "1.2.3.4" },
		{ "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 1.2.3.4, 10.0.0.2\r\nX-Forwarded-For: 10.0.0.1\r\n", true, "1.2.3.4" },
		{ "X-Forwarded-For: 10.0.0.2, 10.0.0.1\r\n", true, "10.0.0.2" },
		{ "X-Forwarded-For: 1.2.3.4:567\r\n", true, "1.2.3.4" },
		{ "X-Forwarded-For: [2001:db8::1]:567\r\n", true, "2001:db8::1" },
		{ "X-Forwarded-For: 2001:db8::1\r\n", true, "2001:db8::1" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		char text[512];
		struct forward_facts facts = stranger;
		int asked = 0;
		struct bj_bytes got;

		facts.peer_is_trusted = rows[i].trusted;
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", rows[i].fields);
		parse(text);
		got = forward_client_address(&request, &facts, is_ten, &asked);
		if (!bytes_equal(got, bytes_text(rows[i].address)))
			fail_msg("%s gave %.*s", rows[i].fields, (int)got.len, (const char *)got.ptr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_strangers_claims_are_replaced),
		cmocka_unit_test(a_trusted_proxys_lists_are_added_to),
		cmocka_unit_test(addresses_of_version_6_are_quoted_where_they_must_be),
		cmocka_unit_test(a_certificates_words_cannot_break_out_of_their_field),
		cmocka_unit_test(what_does_not_fit_is_told),
		cmocka_unit_test(the_client_is_the_last_that_no_trusted_proxy_vouches_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
