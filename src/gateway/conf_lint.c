/* conf_lint.c - what can only be seen on the whole: things that do not fit together, and things that nobody wants. */
#include "gateway/conf_build.h"

#include <netinet/in.h>

#include "http/uri.h"

#define EXPIRES_SOON_S (14 * 86400)

static const struct conf_span *span_of(const struct conf_node *node)
{
	return &node->words[node->word_count >= 2 ? 1 : 0].span;
}

/* ---- addresses */

static bool is_unix(const struct conf_address *a)
{
	return a->sockaddr.ss_family == AF_UNIX;
}

static bool is_unspecified(const struct conf_address *a)
{
	static const uint8_t zero[16];
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	memcpy(&v4, &a->sockaddr, sizeof(v4));
	memcpy(&v6, &a->sockaddr, sizeof(v6));
	if (is_unix(a))
		return false;
	return a->sockaddr.ss_family == AF_INET ? v4.sin_addr.s_addr == 0 : memcmp(&v6.sin6_addr, zero, 16) == 0;
}

static bool is_loopback(const struct conf_address *a)
{
	static const uint8_t one[16] = { [15] = 1 };
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	memcpy(&v4, &a->sockaddr, sizeof(v4));
	memcpy(&v6, &a->sockaddr, sizeof(v6));
	if (is_unix(a))
		return true;
	return a->sockaddr.ss_family == AF_INET ? ntohl(v4.sin_addr.s_addr) >> 24 == 127 : memcmp(&v6.sin6_addr, one, 16) == 0;
}

static unsigned port_of(const struct conf_address *a)
{
	struct sockaddr_in v4; /* the port stands at the same place in both kinds */

	memcpy(&v4, &a->sockaddr, sizeof(v4));
	return is_unix(a) ? 0 : ntohs(v4.sin_port);
}

static bool same_address(const struct conf_address *a, const struct conf_address *b)
{
	return a->len > 0 && a->len == b->len && memcmp(&a->sockaddr, &b->sockaddr, a->len) == 0;
}

/* All addresses of IPv6 are those of IPv4, too. */
static bool takes_all_of(const struct conf_address *a, const struct conf_address *b)
{
	return is_unspecified(a) && !is_unix(b) && (a->sockaddr.ss_family == AF_INET6 || b->sockaddr.ss_family == AF_INET);
}

/* Whether both cannot be listened on: the same, or one of them all addresses with the same port. */
static bool clash(const struct conf_address *a, const struct conf_address *b)
{
	if (a->len == 0 || b->len == 0 || port_of(a) != port_of(b))
		return false;
	return same_address(a, b) || takes_all_of(a, b) || takes_all_of(b, a);
}

/* ---- listeners */

/* On different devices the same address is another one. */
static bool same_device(const struct conf_listener *a, const struct conf_listener *b)
{
	if (!a->device || !b->device)
		return a->device == b->device;
	return strcmp(a->device, b->device) == 0;
}

static void lint_addresses(struct conf_build *build)
{
	for (size_t i = 0; i < build->listener_count; i++) {
		const struct conf_listener *a = build->listeners[i].listener;

		for (size_t j = 0; j < i; j++) {
			const struct conf_listener *b = build->listeners[j].listener;

			if (!same_device(a, b) || (a->protocol == CONF_UDP) != (b->protocol == CONF_UDP) || !clash(&a->address, &b->address))
				continue;
			conf_problem(build->report, CONF_R_LISTENER_TWICE, &build->listeners[i].address_word->span, NULL, NULL,
				     "%s clashes with %s of listener %s in line %u", a->address.text, b->address.text, b->name,
				     b->place.line);
		}
		if (build->snapshot->has_admin && !a->device && a->protocol != CONF_UDP && clash(&a->address, &build->snapshot->admin))
			conf_problem(build->report, CONF_R_LISTENER_TWICE, &build->listeners[i].address_word->span, NULL, NULL,
				     "%s clashes with the admin address", a->address.text);
	}
}

static void lint_carrier(struct conf_build *build, const struct conf_listener_made *made)
{
	const struct conf_listener *l = made->listener;
	const char *wrong = NULL;

	if (!l->device && made->carrier_is_ours && l->address.len > 0)
		conf_problem(build->report, CONF_R_CARRIER, &made->carrier_node->words[1].span, NULL, "listener NAME tun0 IP:PORT",
			     "carrier bojagi needs a device before the listener's address");
	else if (made->carrier_node && !made->carrier_is_ours && made->carrier_node->word_count > 2)
		conf_problem(build->report, CONF_R_CARRIER, &made->carrier_node->words[2].span, NULL, NULL,
			     "the kernel's networks and gateways are the kernel's affair");
	if (!l->device)
		return;
	if (!made->carrier_is_ours && !made->carrier_node && conf_count(made->node->children, "carrier") > 0)
		return; /* it could not be read, and that was said */
	if (!made->carrier_is_ours)
		wrong = "a listener on a device needs carrier bojagi";
	else if (l->protocol == CONF_UDP)
		wrong = "our own TCP/IP serves http and tcp";
	else if (l->address.len > 0 && is_unspecified(&l->address))
		wrong = "on a device the address must be one that is ours alone";
	if (wrong)
		conf_problem(build->report, CONF_R_CARRIER, &made->device_word->span, NULL, NULL, "%s", wrong);
}

static void lint_protocol(struct conf_build *build, const struct conf_listener_made *made)
{
	bool is_http = made->listener->protocol == CONF_HTTP, is_udp = made->listener->protocol == CONF_UDP;

	for (size_t i = 0; i < made->listener->route_count && !is_http; i++)
		conf_problem(build->report, CONF_R_NOT_FOR_PROTOCOL, &made->route_nodes[i]->words[0].span, NULL, NULL,
			     "routes by requests need protocol http");
	if (!is_http && made->listener->otherwise.require_client_certificate)
		conf_problem(build->report, CONF_R_NOT_FOR_PROTOCOL, span_of(made->otherwise_node),
			     "write client_certificate required in the tls block", NULL, "require needs protocol http");
	if (!is_http && made->trusted_node)
		conf_problem(build->report, CONF_R_NOT_FOR_PROTOCOL, &made->trusted_node->words[0].span, NULL, NULL,
			     "trusted_proxies needs protocol http");
	if (is_udp && made->tls_node)
		conf_problem(build->report, CONF_R_NOT_FOR_PROTOCOL, &made->tls_node->words[0].span, NULL, NULL, "udp has no TLS");
	if (!is_udp && made->flow_idle_node)
		conf_problem(build->report, CONF_R_NOT_FOR_PROTOCOL, &made->flow_idle_node->words[0].span, NULL, NULL,
			     "flow_idle is for protocol udp");
}

static bool is_covered(const struct conf_build *build, const struct conf_tls_made *tls, const char *host)
{
	for (size_t i = 0; i < tls->tls->credential_count; i++)
		if (build->world->covers(build->world->self, tls->tls->credentials[i], host))
			return true;
	return false;
}

static void lint_hosts(struct conf_build *build, const struct conf_listener_made *made)
{
	if (!made->tls || made->tls->broken || made->tls->tls->credential_count == 0)
		return;
	for (size_t i = 0; i < made->listener->route_count; i++) {
		const struct conf_route *route = &made->routes[i];

		for (size_t m = 0; m < route->match_count; m++) {
			const struct conf_word *word = conf_option(made->route_nodes[i], "host");

			if (route->matches[m].kind == CONF_MATCH_HOST && word && !is_covered(build, made->tls, route->matches[m].value))
				conf_problem(build->report, CONF_R_NOT_COVERED, &word[1].span, NULL, NULL,
					     "no certificate of tls %s is for '%s'", made->tls->tls->name, route->matches[m].value);
		}
	}
}

static void lint_client_certificate(struct conf_build *build, const struct conf_listener_made *made)
{
	char hint[CONF_HINT_MAX];

	if (!made->wants_client_certificate || (made->tls && made->tls->tls->client_auth != BJ_TLS_AUTH_NONE))
		return;
	if (made->tls_node && !made->tls) /* the name is wrong: that was said */
		return;
	if (made->tls)
		snprintf(hint, sizeof(hint), "write client_certificate optional { ca \"FILE\"; } in tls %s", made->tls->tls->name);
	else
		snprintf(hint, sizeof(hint), "the listener needs a tls block that asks");
	conf_problem(build->report, CONF_R_NEVER_ASKED, &made->client_certificate_node->words[0].span, hint, NULL,
		     "listener %s never asks for client certificates, so no request can have one", made->listener->name);
}

/* Whether every request that fits `b` has already been taken by `a`. */
static bool match_covers(const struct conf_match *a, const struct conf_match *b)
{
	if (a->kind == CONF_MATCH_HOST && b->kind == CONF_MATCH_HOST)
		return uri_host_match(bytes_text(b->value), bytes_text(a->value));
	if (a->kind == CONF_MATCH_PATH && (b->kind == CONF_MATCH_PATH || b->kind == CONF_MATCH_PATH_EXACT))
		return uri_path_under(bytes_text(b->value), bytes_text(a->value));
	if ((a->kind == CONF_MATCH_HEADER || a->kind == CONF_MATCH_COOKIE) && b->kind == a->kind) {
		bool same_name = a->kind == CONF_MATCH_COOKIE ? strcmp(a->name, b->name) == 0
							      : http_same(bytes_text(a->name), bytes_text(b->name));

		return same_name && (!a->value || (b->value && strcmp(a->value, b->value) == 0));
	}
	if (a->kind == CONF_MATCH_CLIENT_CERTIFICATE && b->kind == CONF_MATCH_CLIENT_SAN)
		return true;
	return a->kind == b->kind && (!a->value || strcmp(a->value, b->value) == 0);
}

static bool route_covers(const struct conf_route *a, const struct conf_route *b)
{
	for (size_t i = 0; i < a->match_count; i++) {
		bool covered = false;

		for (size_t j = 0; j < b->match_count; j++)
			covered |= match_covers(&a->matches[i], &b->matches[j]);
		if (!covered)
			return false;
	}
	return true;
}

static void lint_routes(struct conf_build *build, const struct conf_listener_made *made)
{
	for (size_t i = 0; i < made->listener->route_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!route_covers(&made->routes[j], &made->routes[i]))
				continue;
			conf_problem(build->report, CONF_R_UNREACHABLE, &made->route_nodes[i]->words[0].span, NULL, NULL,
				     "this route is never reached: the one in line %u takes all of its requests", made->routes[j].place.line);
			break;
		}
	}
}

/* ---- tls */

static void lint_validity(struct conf_build *build, const struct conf_tls_made *made)
{
	size_t index = 0;

	for (const struct conf_node *node = made->node->children; node && !made->broken; node = node->next) {
		int64_t not_before, not_after, now = build->world->now_s;

		if (!node->entry || !conf_word_is(&node->words[0], "certificate") || index >= made->tls->credential_count)
			continue;
		if (!build->world->validity(build->world->self, made->tls->credentials[index++], &not_before, &not_after))
			continue;
		if (now > not_after)
			conf_problem(build->report, CONF_R_EXPIRES, &node->words[1].span, NULL, NULL, "this certificate expired %lld days ago",
				     (long long)((now - not_after) / 86400));
		else if (now < not_before)
			conf_problem(build->report, CONF_R_EXPIRES, &node->words[1].span, NULL, NULL,
				     "this certificate is not valid yet; it will be in %lld days", (long long)((not_before - now) / 86400 + 1));
		else if (not_after - now < EXPIRES_SOON_S)
			conf_problem(build->report, CONF_R_EXPIRES, &node->words[1].span, NULL, NULL, "this certificate expires in %lld days",
				     (long long)((not_after - now) / 86400));
	}
}

/* ---- pools */

static bool looks_at_weights(enum conf_balance balance)
{
	return balance != CONF_ROUND_ROBIN && balance != CONF_PEAK_EWMA && balance != CONF_RANDOM_TWO;
}

static void lint_weights(struct conf_build *build, const struct conf_pool_made *made)
{
	size_t zero = 0;

	for (size_t i = 0; i < made->pool->server_count; i++) {
		const struct conf_word *weight = conf_option(made->server_nodes[i], "weight");

		zero += made->servers[i].weight == 0;
		if (weight && made->servers[i].weight > 1 && !looks_at_weights(made->pool->balance))
			conf_problem(build->report, CONF_R_WEIGHT_IGNORED, &weight->span,
				     made->pool->balance == CONF_ROUND_ROBIN ? "write balance weighted_round_robin;" : NULL, NULL,
				     "the weight of server %s has no effect here", made->servers[i].name);
	}
	if (zero == made->pool->server_count && zero > 0)
		conf_problem(build->report, CONF_R_WEIGHT_ZERO, span_of(made->node), NULL, NULL, "every server of pool %s has weight 0",
			     made->pool->name);
}

static void lint_servers(struct conf_build *build, const struct conf_pool_made *made)
{
	size_t backups = 0;

	for (size_t i = 0; i < made->pool->server_count; i++) {
		const struct conf_word *word = &made->server_nodes[i]->words[2];

		backups += made->servers[i].backup;
		for (size_t j = 0; j < i; j++)
			if (same_address(&made->servers[i].address, &made->servers[j].address)) {
				conf_problem(build->report, CONF_R_SERVER_TWICE, &word->span, NULL, NULL, "server %s has this address already",
					     made->servers[j].name);
				break;
			}
		for (size_t l = 0; l < build->listener_count; l++) {
			const struct conf_address *address = &build->listeners[l].listener->address;

			if (address->len > 0 && (same_address(address, &made->servers[i].address) ||
						 (is_unspecified(address) && is_loopback(&made->servers[i].address) &&
						  port_of(address) == port_of(&made->servers[i].address))))
				conf_problem(build->report, CONF_R_LOOP, &word->span, NULL, NULL, "this is the address of listener %s",
					     build->listeners[l].listener->name);
		}
	}
	if (made->pool->server_count == 0 && !made->broken)
		conf_problem(build->report, CONF_R_POOL_EMPTY, span_of(made->node), NULL, NULL, "pool %s has no server", made->pool->name);
	else if (backups == made->pool->server_count && backups > 0 && !made->broken)
		conf_problem(build->report, CONF_R_ALL_BACKUP, span_of(made->node), NULL, NULL, "every server of pool %s is a backup",
			     made->pool->name);
}

void conf_lint(struct conf_build *build)
{
	const struct conf_snapshot *snapshot = build->snapshot;

	if (build->listener_count == 0)
		conf_problem(build->report, CONF_R_NO_LISTENER, NULL, NULL, NULL, "there is no listener: nothing will be served");
	if (snapshot->has_admin && !is_loopback(&snapshot->admin))
		conf_problem(build->report, CONF_R_ADMIN_OPEN, span_of(build->admin_node), NULL, NULL, "the admin address %s can be reached from outside",
			     snapshot->admin.text);
	lint_addresses(build);
	for (size_t i = 0; i < build->listener_count; i++) {
		lint_protocol(build, &build->listeners[i]);
		lint_carrier(build, &build->listeners[i]);
		lint_hosts(build, &build->listeners[i]);
		lint_client_certificate(build, &build->listeners[i]);
		lint_routes(build, &build->listeners[i]);
	}
	for (size_t i = 0; i < build->tls_count; i++) {
		lint_validity(build, &build->tls[i]);
		if (!build->tls[i].used)
			conf_problem(build->report, CONF_R_UNUSED, span_of(build->tls[i].node), NULL, NULL, "no listener uses tls %s",
				     build->tls[i].tls->name);
	}
	for (size_t i = 0; i < build->pool_count; i++) {
		lint_weights(build, &build->pools[i]);
		lint_servers(build, &build->pools[i]);
		if (!build->pools[i].used)
			conf_problem(build->report, CONF_R_UNUSED, span_of(build->pools[i].node), NULL, NULL, "no listener leads to pool %s",
				     build->pools[i].pool->name);
	}
}
