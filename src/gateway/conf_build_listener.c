/* conf_build_listener.c - listeners: address, limits, who may come, and where requests go. */
#include "gateway/conf_build.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "http/message.h"
#include "http/uri.h"
#include "io/net.h"

#define STATUS_DEFAULT 403
#define STATUS_NO_ROUTE 404
#define HEADER_SIZE_MIN 1024u
#define HEADER_SIZE_MAX (128u * 1024) /* what a link can hold besides a read (CHUNK_SIZE_MAX) is more */
#define COUNT_MAX 100000000u
#define BODY_MAX (1ull << 50)

static void limits_default(struct conf_limits *limits)
{
	limits->header_size = 32768;
	limits->header_count = 100;
	limits->header_time_ms = 10000;
	limits->handshake_time_ms = 10000;
	limits->idle_time_ms = 60000;
	limits->body_time_ms = 30000;
}

static bool lists_make(struct conf_build *build, struct conf_listener_made *made, const struct conf_node *node)
{
	struct conf_memory *memory = &build->owned->memory;
	size_t routes = conf_count(node->children, "route");

	if (routes > CONF_ROUTES_MAX) {
		conf_problem(build->report, CONF_R_TOO_LARGE, &node->words[0].span, NULL, NULL, "a listener has at most %d routes",
			     CONF_ROUTES_MAX);
		return false;
	}
	made->routes = conf_memory_list(memory, routes, sizeof(*made->routes));
	made->route_nodes = conf_memory_list(memory, routes, sizeof(*made->route_nodes));
	made->listener->routes = made->routes;
	return made->routes && made->route_nodes;
}

void conf_take_listener(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_listener_made *made = object;
	struct conf_listener *listener = made->listener;

	listener->name = node->word_count >= 2 ? conf_build_text(build, node->words[1].text) : "";
	listener->place = conf_node_place(build, node);
	listener->protocol = CONF_HTTP;
	listener->flow_idle_ms = 30000;
	listener->otherwise = (struct conf_route){ .action = CONF_ACTION_REJECT, .status = STATUS_NO_ROUTE, .place = listener->place };
	limits_default(&listener->limits);
	made->device_word = node->word_count == 4 ? &node->words[2] : NULL;
	made->address_word = node->word_count >= 3 ? &node->words[node->word_count - 1] : &node->words[0];
	if (made->device_word)
		listener->device = conf_build_text(build, made->device_word->text);
	if (node->word_count >= 3 && conf_value_address(made->address_word->text, &listener->address))
		listener->address.text = conf_build_text(build, made->address_word->text);
	else
		listener->address.text = "";
	build->at_listener = made;
	if (lists_make(build, made, node))
		conf_build_block(build, node->children, made);
}

void conf_take_protocol(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_listener_made *made = object;

	(void)build;
	made->listener->protocol = conf_word_is(&node->words[1], "http") ? CONF_HTTP
				   : conf_word_is(&node->words[1], "tcp") ? CONF_TCP
									  : CONF_UDP;
}

static void take_network(struct conf_build *build, struct conf_listener *listener, const struct conf_word *word)
{
	struct conf_network network;

	check(conf_value_network(word->text, &network));
	if (listener->address.len == 0)
		return;
	if (!conf_networks_have(&network, 1, (const struct sockaddr *)&listener->address.sockaddr))
		conf_problem(build->report, CONF_R_CARRIER, &word->span, NULL, NULL, "the listener's address is not in this network");
	listener->network_bits = network.prefix_bits;
}

static void take_gateway(struct conf_build *build, struct conf_listener *listener, const struct conf_word *word)
{
	struct conf_address *gateway = conf_memory_list(&build->owned->memory, 1, sizeof(*gateway));
	char text[80];
	bool is_bare6 = memchr(word->text.ptr, ':', word->text.len) && word->text.ptr[0] != '[';
	int len = snprintf(text, sizeof(text), is_bare6 ? "[%.*s]:1" : "%.*s:1", (int)word->text.len, (const char *)word->text.ptr);

	if (!gateway)
		return;
	if (len <= 0 || (size_t)len >= sizeof(text) || !conf_value_address(bytes_of(text, (size_t)len), gateway) ||
	    (listener->address.len && gateway->sockaddr.ss_family != listener->address.sockaddr.ss_family)) {
		conf_problem(build->report, CONF_R_CARRIER, &word->span, NULL, "an IP address", "the gateway is an address of the same kind");
		return;
	}
	listener->gateway = gateway;
}

void conf_take_carrier(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_listener_made *made = object;
	const struct conf_word *network = conf_option(node, "network"), *gateway = conf_option(node, "gateway");
	const struct conf_word *offload = conf_option(node, "offload"), *congestion = conf_option(node, "congestion");

	made->carrier_node = node;
	made->carrier_is_ours = conf_word_is(&node->words[1], "bojagi");
	if (network)
		take_network(build, made->listener, network + 1);
	if (gateway)
		take_gateway(build, made->listener, gateway + 1);
	made->listener->no_offload = offload && conf_word_is(offload + 1, "off");
	if (congestion)
		check(net_congestion_named(congestion[1].text, &made->listener->congestion)); /* the schema has the same names */
}

void conf_take_listener_tls(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_listener_made *made = object;

	made->tls_node = node;
	made->tls = conf_tls_named(build, &node->words[1]);
	if (made->tls) {
		made->tls->used = true;
		made->listener->tls = made->tls->tls;
	}
}

/* ---- limits */

void conf_take_limits(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_listener_made *made = object;

	made->limits_node = node;
	conf_build_block(build, node->children, &made->listener->limits);
}

void conf_take_limit_size(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_limits *limits = object;
	bool is_body = conf_word_is(&node->words[0], "body");
	uint64_t value;

	if (!conf_take_number(build, &node->words[1], is_body ? 0 : HEADER_SIZE_MIN, is_body ? BODY_MAX : HEADER_SIZE_MAX, &value))
		return;
	if (is_body)
		limits->body = value;
	else
		limits->header_size = (size_t)value;
}

void conf_take_limit_count(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_limits *limits = object;
	bool is_header = conf_word_is(&node->words[0], "header_count");
	size_t *out = is_header				      ? &limits->header_count
		      : conf_word_is(&node->words[0], "connections") ? &limits->connections
								      : &limits->connections_per_client;
	uint64_t value;

	if (conf_take_number(build, &node->words[1], 1, is_header ? 10000 : COUNT_MAX, &value))
		*out = (size_t)value;
}

void conf_take_limit_time(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_limits *limits = object;
	const struct conf_word *name = &node->words[0];
	unsigned *out = conf_word_is(name, "header_time")      ? &limits->header_time_ms
			: conf_word_is(name, "handshake_time") ? &limits->handshake_time_ms
			: conf_word_is(name, "idle_time")      ? &limits->idle_time_ms
							       : &limits->body_time_ms;

	conf_take_time(build, node, &node->words[1], true, out);
}

void conf_take_limit_rate(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_limits *limits = object;
	const struct conf_word *burst = conf_option(node, "burst");
	uint64_t value = 0;

	check(conf_value_rate(node->words[1].text, &value));
	limits->requests_per_client_per_min = (unsigned)value;
	limits->requests_per_client_burst = (unsigned)((value + 59) / 60);
	if (burst && conf_take_number(build, burst + 1, 1, COUNT_MAX, &value))
		limits->requests_per_client_burst = (unsigned)value;
}

/* ---- who may come */

/* Adds the networks of a statement to a list that may have some already. */
static void networks_add(struct conf_build *build, const struct conf_node *node, size_t first, const struct conf_network **list,
			 size_t *count)
{
	size_t more = node->word_count - first;
	struct conf_network *all = conf_memory_list(&build->owned->memory, *count + more, sizeof(*all));

	if (!all)
		return;
	bytes_copy(all, *list, *count * sizeof(*all));
	for (size_t i = 0; i < more; i++)
		check(conf_value_network(node->words[first + i].text, &all[*count + i]));
	*list = all;
	*count += more;
}

void conf_take_deny(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_listener_made *made = object;

	networks_add(build, node, 2, &made->listener->deny, &made->listener->deny_count);
	for (size_t i = 0; i < made->listener->deny_count; i++)
		if (made->listener->deny[i].prefix_bits == 0) {
			conf_problem(build->report, CONF_R_DENY_ALL, &node->words[0].span, NULL, NULL,
				     "a network of 0 bits is every address of its kind");
			return;
		}
}

void conf_take_trusted(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_listener_made *made = object;

	made->trusted_node = node;
	networks_add(build, node, 1, &made->listener->trusted_proxies, &made->listener->trusted_proxy_count);
	for (size_t i = 1; i < node->word_count; i++) {
		struct conf_network network;

		if (conf_value_network(node->words[i].text, &network) && network.prefix_bits == 0)
			conf_problem(build->report, CONF_R_TRUST_ALL, &node->words[i].span, "name the networks of your proxies", NULL,
				     "every client may then claim any address");
	}
}

void conf_take_proxy_protocol(struct conf_build *build, const struct conf_node *node, void *object)
{
	(void)object;
	if (!conf_word_is(&node->words[1], "off"))
		conf_problem(build->report, CONF_R_UNSUPPORTED, &node->words[1].span, NULL, "off", "the PROXY protocol is not supported yet");
}

void conf_take_flow_idle(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_listener_made *made = object;

	made->flow_idle_node = node;
	conf_take_time(build, node, &node->words[1], true, &made->listener->flow_idle_ms);
}

bool conf_networks_have(const struct conf_network *networks, size_t count, const struct sockaddr *address)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	struct sockaddr_storage storage;
	uint8_t bytes[16];
	size_t len = 0;

	if (address->sa_family == AF_INET) {
		memcpy(&storage, address, sizeof(struct sockaddr_in));
		memcpy(bytes, &((struct sockaddr_in *)&storage)->sin_addr, 4);
		len = 4;
	} else if (address->sa_family == AF_INET6) {
		memcpy(&storage, address, sizeof(struct sockaddr_in6));
		memcpy(bytes, &((struct sockaddr_in6 *)&storage)->sin6_addr, 16);
		len = 16;
		if (memcmp(bytes, mapped, sizeof(mapped)) == 0) {
			memmove(bytes, bytes + sizeof(mapped), 4);
			len = 4;
		}
	}
	for (size_t i = 0; i < count; i++) {
		size_t whole = networks[i].prefix_bits / 8, rest = networks[i].prefix_bits % 8;

		if (networks[i].family_len != len || memcmp(networks[i].bytes, bytes, whole) != 0)
			continue;
		if (rest == 0 || ((networks[i].bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0)
			return true;
	}
	return false;
}

/* ---- conditions */

struct conditions {
	struct conf_build *build;
	const struct conf_node *node;
	size_t at;
	struct conf_match *list;
	size_t count;
	bool good;
};

static const struct conf_word *peek(const struct conditions *c, size_t ahead)
{
	return c->at + ahead < c->node->word_count ? &c->node->words[c->at + ahead] : NULL;
}

static void malformed(struct conditions *c, const struct conf_word *word, enum conf_rule_id rule, const char *expected, const char *why)
{
	struct conf_span behind = { word->span.at + word->span.len, 1 };
	bool is_missing = rule == CONF_R_MISSING_VALUE;

	conf_problem(c->build->report, rule, is_missing ? &behind : &word->span, NULL, expected, "%s '%.*s'", why, (int)word->text.len,
		     (const char *)word->text.ptr);
	c->good = false;
}

static const char *lower(struct conf_build *build, struct bj_bytes text)
{
	char *copy = conf_memory_text(&build->owned->memory, text);

	for (size_t i = 0; copy && i < text.len; i++)
		copy[i] = (char)http_lower((uint8_t)copy[i]);
	return copy ? copy : "";
}

/* A path in the form that requests have when they are compared. */
static bool path_is_in_form(struct bj_bytes path)
{
	uint8_t *normal = path.len > 0 && path.len <= 4096 ? malloc(3 * path.len) : NULL;
	size_t len = 0;
	bool same = normal && !memchr(path.ptr, '?', path.len) && !memchr(path.ptr, '#', path.len) && !uri_path_has_parameters(path) &&
		    uri_path_normalise(path, normal, &len) == BJ_OK && bytes_equal(path, bytes_of(normal, len));

	free(normal);
	return same;
}

static void match_add(struct conditions *c, enum conf_match_kind kind, const char *name, const char *value)
{
	c->list[c->count++] = (struct conf_match){ kind, name, value };
}

static void condition_host(struct conditions *c, const struct conf_word *value)
{
	if (!conf_value_host(value->text, true))
		malformed(c, value, CONF_R_BAD_HOST, "NAME or *.NAME, without port", "this is not a host name:");
	else
		match_add(c, CONF_MATCH_HOST, NULL, lower(c->build, value->text));
}

static void condition_path(struct conditions *c, const struct conf_word *value)
{
	bool exact = value->kind == CONF_WORD && conf_word_is(value, "=");

	if (exact) {
		c->at++;
		value = peek(c, 1);
		if (!value) {
			malformed(c, peek(c, 0), CONF_R_MISSING_VALUE, "a path", "a value is missing behind");
			return;
		}
	}
	if (!path_is_in_form(value->text))
		malformed(c, value, CONF_R_BAD_PATH, "a path in normal form, such as /admin/", "this is not a path that a request can have:");
	else
		match_add(c, exact ? CONF_MATCH_PATH_EXACT : CONF_MATCH_PATH, NULL, conf_build_text(c->build, value->text));
}

/* NAME, or NAME = TEXT */
static void condition_pair(struct conditions *c, enum conf_match_kind kind, const struct conf_word *name)
{
	const struct conf_word *equals = peek(c, 2), *value = peek(c, 3);

	if (!http_is_token(name->text)) {
		malformed(c, name, CONF_R_BAD_MATCH, "NAME or NAME = TEXT",
			  http_char_is(name->text.ptr ? name->text.ptr[0] : 0, HTTP_TCHAR) && memchr(name->text.ptr, '=', name->text.len)
				  ? "write spaces around '=' in"
				  : "this is not a name:");
		return;
	}
	if (!equals || equals->kind != CONF_WORD || !conf_word_is(equals, "=")) {
		match_add(c, kind, conf_build_text(c->build, name->text), NULL);
		return;
	}
	c->at += 2;
	if (!value)
		malformed(c, equals, CONF_R_MISSING_VALUE, "a text", "a value is missing behind");
	else
		match_add(c, kind, conf_build_text(c->build, name->text), conf_build_text(c->build, value->text));
}

static void condition_certificate(struct conditions *c, const struct conf_word *what)
{
	const struct conf_word *name = peek(c, 2);

	if (conf_word_is(what, "present")) {
		match_add(c, CONF_MATCH_CLIENT_CERTIFICATE, NULL, NULL);
	} else if (conf_word_is(what, "absent")) {
		match_add(c, CONF_MATCH_NO_CLIENT_CERTIFICATE, NULL, NULL);
	} else if (!conf_word_is(what, "san")) {
		malformed(c, what, CONF_R_UNKNOWN_VALUE, "present, absent, san", "unknown value for client_certificate:");
	} else if (!name) {
		malformed(c, what, CONF_R_MISSING_VALUE, "a name", "a value is missing behind");
	} else {
		c->at++;
		match_add(c, CONF_MATCH_CLIENT_SAN, NULL, lower(c->build, name->text));
	}
}

static void condition_unknown(struct conditions *c, const struct conf_word *word)
{
	static const char *const known[] = { "host", "path", "method", "header", "cookie", "client_certificate" };
	struct conf_nearest nearest = conf_nearest_start(word->text);
	char hint[CONF_HINT_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		conf_nearest_try(&nearest, known[i]);
	if (conf_word_is(word, "sni"))
		conf_problem(c->build->report, CONF_R_UNSUPPORTED, &word->span, NULL, NULL, "routes by server name are not supported yet");
	else
		conf_problem(c->build->report, CONF_R_BAD_MATCH, &word->span, conf_nearest_hint(&nearest, hint),
			     "host, path, method, header, cookie, client_certificate", "unknown condition '%.*s'", (int)word->text.len,
			     (const char *)word->text.ptr);
	c->good = false;
}

static void condition(struct conditions *c)
{
	const struct conf_word *name = peek(c, 0), *value = peek(c, 1);
	bool is_known = conf_word_is(name, "host") || conf_word_is(name, "path") || conf_word_is(name, "method") ||
			conf_word_is(name, "header") || conf_word_is(name, "cookie") || conf_word_is(name, "client_certificate");

	if (!is_known) {
		condition_unknown(c, name);
		c->at = c->node->word_count; /* what follows would be guessing */
		return;
	}
	if (!value) {
		malformed(c, name, CONF_R_MISSING_VALUE, "a value", "a value is missing behind");
		c->at++;
		return;
	}
	if (conf_word_is(name, "host"))
		condition_host(c, value);
	else if (conf_word_is(name, "path"))
		condition_path(c, value);
	else if (conf_word_is(name, "method") && http_is_token(value->text))
		match_add(c, CONF_MATCH_METHOD, NULL, conf_build_text(c->build, value->text));
	else if (conf_word_is(name, "method"))
		malformed(c, value, CONF_R_BAD_MATCH, "a method, such as GET", "this is not a method:");
	else if (conf_word_is(name, "client_certificate"))
		condition_certificate(c, value);
	else
		condition_pair(c, conf_word_is(name, "header") ? CONF_MATCH_HEADER : CONF_MATCH_COOKIE, value);
	c->at += 2;
}

static bool conditions_read(struct conf_build *build, const struct conf_node *node, struct conf_route *route)
{
	struct conditions c = { build, node, 1, NULL, 0, true };

	c.list = conf_memory_list(&build->owned->memory, node->word_count, sizeof(*c.list));
	if (!c.list)
		return false;
	if (node->word_count == 1) {
		malformed(&c, &node->words[0], CONF_R_MISSING_VALUE, "host, path, method, header, cookie or client_certificate; "
			  "otherwise { } takes every request", "a condition is missing behind");
		return false;
	}
	while (c.at < node->word_count)
		condition(&c);
	route->matches = c.list;
	route->match_count = c.count;
	return c.good;
}

/* ---- where requests go */

static void route_block(struct conf_build *build, const struct conf_node *node, struct conf_route *route)
{
	size_t actions = conf_count(node->children, "pool") + conf_count(node->children, "reject");

	route->place = conf_node_place(build, node);
	route->action = 0;
	conf_build_block(build, node->children, route);
	if (actions == 0)
		conf_problem(build->report, CONF_R_NO_ACTION, &node->words[0].span, NULL, "pool NAME; or reject STATUS;",
			     "%.*s needs a pool or a reject", (int)node->words[0].text.len, (const char *)node->words[0].text.ptr);
	if (conf_count(node->children, "pool") > 0 && conf_count(node->children, "reject") > 0)
		conf_problem(build->report, CONF_R_TWO_ACTIONS, &node->words[0].span, NULL, NULL, "%.*s has both a pool and a reject",
			     (int)node->words[0].text.len, (const char *)node->words[0].text.ptr);
}

void conf_take_route(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_listener_made *made = object;
	struct conf_route route = { .action = CONF_ACTION_REJECT };
	bool good = conditions_read(build, node, &route);

	route_block(build, node, &route);
	for (size_t i = 0; i < route.match_count; i++)
		if (route.matches[i].kind >= CONF_MATCH_CLIENT_CERTIFICATE) {
			made->wants_client_certificate = true;
			made->client_certificate_node = node;
		}
	if (!good)
		return;
	made->route_nodes[made->listener->route_count] = node;
	made->routes[made->listener->route_count++] = route;
}

static void otherwise_once(struct conf_build *build, struct conf_listener_made *made, const struct conf_node *node)
{
	if (made->otherwise_node && !bytes_equal(made->otherwise_node->words[0].text, node->words[0].text))
		conf_problem(build->report, CONF_R_TWO_ACTIONS, &node->words[0].span, NULL, NULL,
			     "a listener has one of pool and otherwise; the other stands in line %u",
			     conf_node_place(build, made->otherwise_node).line);
	made->otherwise_node = node;
}

void conf_take_otherwise(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_listener_made *made = object;

	otherwise_once(build, made, node);
	made->listener->otherwise = (struct conf_route){ .action = CONF_ACTION_REJECT };
	route_block(build, node, &made->listener->otherwise);
}

void conf_take_listener_pool(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_listener_made *made = object;

	otherwise_once(build, made, node);
	made->listener->otherwise = (struct conf_route){ .place = conf_node_place(build, node) };
	conf_take_route_pool(build, node, &made->listener->otherwise);
}

void conf_take_route_pool(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_route *route = object;
	struct conf_pool_made *pool = conf_pool_named(build, &node->words[1]);

	if (!pool)
		return;
	pool->used = true;
	route->action = CONF_ACTION_POOL;
	route->pool = pool->pool;
}

void conf_take_reject(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_route *route = object;
	uint64_t status = STATUS_DEFAULT;

	if (node->word_count > 1 && !conf_take_number(build, &node->words[1], 400, 599, &status))
		return;
	route->action = CONF_ACTION_REJECT;
	route->status = (unsigned)status;
}

void conf_take_require(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_route *route = object;
	const char **sans = conf_memory_list(&build->owned->memory, node->word_count, sizeof(*sans));

	route->require_client_certificate = true;
	build->at_listener->wants_client_certificate = true;
	build->at_listener->client_certificate_node = node;
	for (size_t i = 3; i < node->word_count && sans; i++)
		sans[route->require_san_count++] = lower(build, node->words[i].text);
	route->require_sans = sans;
}
