/* route_test.c - the first route whose matches all hold is taken, and none without them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gateway/route.h"
#include "http/h1.h"

struct heard {
	_Alignas(8) uint8_t arena[8192];
	struct http_request request;
};

static const struct http_request *hear(struct heard *heard, const char *text)
{
	struct h1_parser parser;
	size_t used;
	bool done = false;

	h1_parser_init(&parser, 4096);
	http_fields_init(&heard->request.fields, heard->arena, sizeof(heard->arena), 50);
	assert_int_equal(h1_request_feed(&parser, &heard->request, text, strlen(text), &used, &done), BJ_OK);
	assert_true(done);
	return &heard->request;
}

#define ROUTE(list) { .matches = list, .match_count = ARRAY_COUNT(list) }

static const struct conf_match admin[] = { { CONF_MATCH_HOST, NULL, "www.example.com" }, { CONF_MATCH_PATH, NULL, "/admin" } };
static const struct conf_match beta[] = { { CONF_MATCH_HEADER, "X-Beta", "1" } };
static const struct conf_match any_trace[] = { { CONF_MATCH_HEADER, "X-Trace", NULL } };
static const struct conf_match canary[] = { { CONF_MATCH_COOKIE, "version", "canary" } };
static const struct conf_match below[] = { { CONF_MATCH_HOST, NULL, "*.example.org" } };
static const struct conf_match exact[] = { { CONF_MATCH_PATH_EXACT, NULL, "/one" }, { CONF_MATCH_METHOD, NULL, "PUT" } };
static const struct conf_match known[] = { { CONF_MATCH_CLIENT_CERTIFICATE, NULL, NULL } };
static const struct conf_route routes[] = { ROUTE(admin), ROUTE(beta),  ROUTE(any_trace), ROUTE(canary),
					    ROUTE(below), ROUTE(exact), ROUTE(known) };
static const struct conf_listener listener = { .routes = routes, .route_count = ARRAY_COUNT(routes) };

/* The route's number; -1 for `otherwise`. */
static int taken(const char *text)
{
	struct heard heard = { 0 };
	const struct conf_route *route = route_find(&listener, text ? hear(&heard, text) : NULL, NULL);

	return route == &listener.otherwise ? -1 : (int)(route - routes);
}

static void requests_without_the_facts_take_none_of_the_routes(void **state)
{
	static const char *const texts[] = {
		"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n",
		"GET /administration HTTP/1.1\r\nHost: www.example.com\r\n\r\n",
		"GET /admin HTTP/1.1\r\nHost: example.com\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nX-Beta: 11\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nCookie: version=canary2; xversion=canary\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: badexample.org\r\n\r\n",
		"PUT /one/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /one HTTP/1.1\r\nHost: x\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_int_equal(taken(texts[i]), -1);
	assert_int_equal(taken(NULL), -1);
}

static void the_first_route_that_fits_is_taken(void **state)
{
	assert_int_equal(taken("GET /admin/x HTTP/1.1\r\nHost: WWW.Example.com:8443\r\nX-Beta: 1\r\n\r\n"), 0);
	assert_int_equal(taken("GET /%61dmin HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), 0);
	assert_int_equal(taken("GET /x/../admin HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), 0);
	assert_int_equal(taken("GET / HTTP/1.1\r\nHost: x\r\nX-Beta: 0\r\nx-beta: 1\r\n\r\n"), 1);
	assert_int_equal(taken("GET / HTTP/1.1\r\nHost: x\r\nX-Trace: whatever\r\n\r\n"), 2);
	assert_int_equal(taken("GET / HTTP/1.1\r\nHost: x\r\nCookie: a=b; version=canary\r\n\r\n"), 3);
	assert_int_equal(taken("GET / HTTP/1.1\r\nHost: a.b.example.org\r\n\r\n"), 4);
	assert_int_equal(taken("PUT /one HTTP/1.1\r\nHost: x\r\n\r\n"), 5);
}

static void who_is_not_known_is_not_admitted(void **state)
{
	static const char *const sans[] = { "*.ops.example.com" };
	struct conf_route required = { .require_client_certificate = true };
	struct conf_route named = { .require_client_certificate = true, .require_sans = sans, .require_san_count = 1 };
	struct conf_route open = { 0 };
	/* a GeneralNames with one dNSName */
	static const uint8_t ops[] = "\x82\x13" "ann.ops.example.com", dev[] = "\x82\x13" "bob.dev.example.com";
	struct identity ann = { .sans = { ops, sizeof(ops) - 1 } }, bob = { .sans = { dev, sizeof(dev) - 1 } };

	assert_false(route_admits(&required, NULL));
	assert_false(route_admits(&named, NULL));
	assert_false(route_admits(&named, &bob));
	assert_true(route_admits(&named, &ann));
	assert_true(route_admits(&required, &bob));
	assert_true(route_admits(&open, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_without_the_facts_take_none_of_the_routes),
		cmocka_unit_test(the_first_route_that_fits_is_taken),
		cmocka_unit_test(who_is_not_known_is_not_admitted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
