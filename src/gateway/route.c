/* route.c - see route.h. */
#include "gateway/route.h"

static bool value_is(const char *want, struct bj_bytes have)
{
	return !want || bytes_equal(bytes_text(want), have);
}

static bool header_holds(const struct conf_match *m, const struct http_request *r)
{
	struct bj_bytes name = bytes_text(m->name);
	const struct http_field *f = NULL;

	while ((f = http_field_find_text(&r->fields, name, f)))
		if (value_is(m->value, http_field_value(&r->fields, f)))
			return true;
	return false;
}

static bool holds(const struct conf_match *m, const struct http_request *r, const struct identity *id)
{
	struct bj_bytes cookie;

	switch (m->kind) {
	case CONF_MATCH_CLIENT_CERTIFICATE:
		return id != NULL;
	case CONF_MATCH_NO_CLIENT_CERTIFICATE:
		return id == NULL;
	case CONF_MATCH_CLIENT_SAN:
		return id && identity_has_name(id, m->value);
	default:
		break;
	}
	if (!r)
		return false;
	switch (m->kind) {
	case CONF_MATCH_HOST:
		return uri_host_match(r->host.host, bytes_text(m->value));
	case CONF_MATCH_PATH:
		return uri_path_under(r->target.path, bytes_text(m->value));
	case CONF_MATCH_PATH_EXACT:
		return uri_path_is(r->target.path, bytes_text(m->value));
	case CONF_MATCH_HEADER:
		return header_holds(m, r);
	case CONF_MATCH_COOKIE:
		return http_cookie_get(&r->fields, bytes_text(m->name), &cookie) && value_is(m->value, cookie);
	case CONF_MATCH_METHOD:
		return value_is(m->value, r->method_text);
	default:
		return false;
	}
}

const struct conf_route *route_find(const struct conf_listener *l, const struct http_request *r, const struct identity *id)
{
	for (size_t i = 0; i < l->route_count; i++) {
		const struct conf_route *route = &l->routes[i];
		size_t m = 0;

		while (m < route->match_count && holds(&route->matches[m], r, id))
			m++;
		if (m == route->match_count)
			return route;
	}
	return &l->otherwise;
}

bool route_admits(const struct conf_route *route, const struct identity *id)
{
	if (!route->require_client_certificate && route->require_san_count == 0)
		return true;
	if (!id)
		return false;
	for (size_t i = 0; i < route->require_san_count; i++)
		if (identity_has_name(id, route->require_sans[i]))
			return true;
	return route->require_san_count == 0;
}
