/* strip.c - takes out of a message what belongs to the connection that it came on (rfc9110:7.6.1). */
#include "http/message.h"

/* Names that never pass, whatever Connection says. The writers put back what the next connection needs. */
static bool is_hop(uint8_t name)
{
	switch (name) {
	case HTTP_N_CONNECTION:
	case HTTP_N_CONTENT_LENGTH:
	case HTTP_N_TRANSFER_ENCODING:
	case HTTP_N_TE:
	case HTTP_N_TRAILER:
	case HTTP_N_UPGRADE:
	case HTTP_N_HTTP2_SETTINGS:
	case HTTP_N_CLOSE: /* reserved, because it is named by Connection: close (rfc9110:18.4) */
	case HTTP_N_KEEP_ALIVE:
	case HTTP_N_PROXY_CONNECTION:
	case HTTP_N_PROXY_AUTHENTICATE:
	case HTTP_N_PROXY_AUTHORIZATION:
	case HTTP_N_PROXY_AUTHENTICATION_INFO:
		return true;
	default:
		return false;
	}
}

/* In requests also: what is written from plain values, and what some servers would take for another field. */
static bool is_request_only(const struct http_fields *fields, const struct http_field *field)
{
	switch (field->name) {
	case HTTP_N_HOST:
	case HTTP_N_EXPECT:
	case HTTP_N_PROXY:
		return true;
	case HTTP_N_OTHER:
		return memchr(http_field_name(fields, field).ptr, '_', field->name_len) != NULL;
	default:
		return false;
	}
}

static void remove_nominated(struct http_fields *fields)
{
	for (const struct http_field *f = NULL; (f = http_field_find(fields, HTTP_N_CONNECTION, f)) != NULL;) {
		struct bj_bytes rest = http_field_value(fields, f), name;

		while (http_list_next(&rest, &name))
			if (!http_is(name, "connection")) /* it is being read */
				http_field_remove_text(fields, name);
	}
}

static void strip(struct http_fields *fields, bool is_request)
{
	remove_nominated(fields);
	for (size_t i = 0; i < fields->count; i++) {
		struct http_field *field = http_field_at(fields, i);

		if (is_hop(field->name) || (is_request && is_request_only(fields, field)))
			field->removed = 1;
	}
}

void http_request_strip(struct http_request *request)
{
	strip(&request->fields, true);
}

void http_response_strip(struct http_response *response)
{
	strip(&response->fields, false);
}
