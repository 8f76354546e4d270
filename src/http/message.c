/* message.c - what a head means for its body and its connection: rules that leave one reading only (rfc9112:6). */
#include "http/message.h"

#define CONNECTION_OPTIONS_MAX 32 /* names in Connection fields of one message */

static const struct {
	const char *text;
	uint8_t len;
	uint8_t method;
} methods[] = {
	{ "GET", 3, HTTP_GET },       { "HEAD", 4, HTTP_HEAD },       { "POST", 4, HTTP_POST },
	{ "PUT", 3, HTTP_PUT },       { "DELETE", 6, HTTP_DELETE },   { "CONNECT", 7, HTTP_CONNECT },
	{ "OPTIONS", 7, HTTP_OPTIONS }, { "TRACE", 5, HTTP_TRACE },   { "PATCH", 5, HTTP_PATCH },
};

enum http_method http_method_find(struct bj_bytes text)
{
	for (size_t i = 0; i < ARRAY_COUNT(methods); i++)
		if (methods[i].len == text.len && memcmp(methods[i].text, text.ptr, text.len) == 0)
			return (enum http_method)methods[i].method;
	return HTTP_METHOD_OTHER;
}

bool http_method_is_idempotent(enum http_method method)
{
	switch (method) {
	case HTTP_GET:
	case HTTP_HEAD:
	case HTTP_PUT:
	case HTTP_DELETE:
	case HTTP_OPTIONS:
	case HTTP_TRACE:
		return true;
	default:
		return false;
	}
}

static enum bj_err fail(const char **out_why, const char *why, enum bj_err err)
{
	if (out_why)
		*out_why = why;
	return err;
}

struct connection_options {
	bool close;
	bool keep_alive;
	bool upgrade;
};

/* False if there are more names than anybody needs. */
static bool connection_read(const struct http_fields *fields, struct connection_options *out)
{
	size_t count = 0;

	for (const struct http_field *f = NULL; (f = http_field_find(fields, HTTP_N_CONNECTION, f)) != NULL;) {
		struct bj_bytes rest = http_field_value(fields, f), option;

		while (http_list_next(&rest, &option)) {
			if (++count > CONNECTION_OPTIONS_MAX)
				return false;
			out->close |= http_is(option, "close");
			out->keep_alive |= http_is(option, "keep-alive");
			out->upgrade |= http_is(option, "upgrade");
		}
	}
	return true;
}

static bool list_has(const struct http_fields *fields, enum http_name name, const char *text)
{
	for (const struct http_field *f = NULL; (f = http_field_find(fields, name, f)) != NULL;) {
		struct bj_bytes rest = http_field_value(fields, f), item;

		while (http_list_next(&rest, &item))
			if (http_is(item, text))
				return true;
	}
	return false;
}

/* A list of codings that we know, "chunked" once and last: well-formed, but more than we do. */
static bool codings_are_known(struct bj_bytes rest)
{
	struct bj_bytes item = { NULL, 0 };
	bool chunked = false;

	while (http_list_next(&rest, &item)) {
		if (chunked)
			return false;
		chunked = http_is(item, "chunked");
		if (!chunked && !http_is(item, "gzip") && !http_is(item, "deflate") && !http_is(item, "compress"))
			return false;
	}
	return chunked;
}

/* The length that the fields of a message say: none, Content-Length or chunked, and only one of them, once. */
static enum bj_err framing_read(const struct http_fields *fields, uint8_t version, struct http_framing *out, const char **out_why)
{
	const struct http_field *te = http_field_find(fields, HTTP_N_TRANSFER_ENCODING, NULL);
	const struct http_field *cl = http_field_find(fields, HTTP_N_CONTENT_LENGTH, NULL);
	struct http_framing framing = { HTTP_BODY_NONE, 0 };
	struct bj_bytes value;

	if (te && cl)
		return fail(out_why, "Content-Length beside Transfer-Encoding", BJ_ERR_HTTP_FRAMING);
	if (te) {
		value = http_field_value(fields, te);
		if (version < HTTP_1_1)
			return fail(out_why, "Transfer-Encoding in HTTP/1.0", BJ_ERR_HTTP_FRAMING);
		if (http_field_find(fields, HTTP_N_TRANSFER_ENCODING, te))
			return fail(out_why, "more than one Transfer-Encoding", BJ_ERR_HTTP_FRAMING);
		if (!http_is(value, "chunked"))
			return fail(out_why, "Transfer-Encoding is not just chunked",
				    codings_are_known(value) && value.ptr[0] != ',' ? BJ_ERR_HTTP_NOT_IMPLEMENTED : BJ_ERR_HTTP_FRAMING);
		framing.kind = HTTP_BODY_CHUNKED;
	}
	if (cl) {
		if (http_field_find(fields, HTTP_N_CONTENT_LENGTH, cl))
			return fail(out_why, "more than one Content-Length", BJ_ERR_HTTP_FRAMING);
		if (!http_decimal(http_field_value(fields, cl), &framing.length))
			return fail(out_why, "Content-Length is not a decimal number", BJ_ERR_HTTP_FRAMING);
		framing.kind = HTTP_BODY_LENGTH;
	}
	*out = framing;
	return BJ_OK;
}

/* Exactly one Host in HTTP/1.1, at most one in 1.0; the target's authority wins over it (rfc9112:3.2.2). */
static enum bj_err host_read(struct http_request *request, const char **out_why)
{
	const struct http_field *field = http_field_find(&request->fields, HTTP_N_HOST, NULL);
	struct http_authority host = { { NULL, 0 }, 0 };
	enum bj_err err;

	if (!field && request->version >= HTTP_1_1)
		return fail(out_why, "no Host", BJ_ERR_HTTP_BAD_REQUEST);
	if (field && http_field_find(&request->fields, HTTP_N_HOST, field))
		return fail(out_why, "more than one Host", BJ_ERR_HTTP_BAD_REQUEST);
	if (field) {
		err = uri_authority_parse(&request->fields, http_field_value(&request->fields, field), &host);
		if (err)
			return fail(out_why, "Host is not a host with an optional port", err);
	}
	request->host = request->target.authority.host.len > 0 ? request->target.authority : host;
	return BJ_OK;
}

static enum bj_err expect_read(struct http_request *request, const char **out_why)
{
	const struct http_field *field = http_field_find(&request->fields, HTTP_N_EXPECT, NULL);
	bool has_body = request->framing.kind == HTTP_BODY_CHUNKED || request->framing.length > 0;

	request->expect_continue = false;
	if (!field || request->version < HTTP_1_1) /* rfc9110:10.1.1: 1.0 clients do not mean it */
		return BJ_OK;
	if (http_field_find(&request->fields, HTTP_N_EXPECT, field) ||
	    !http_is(http_field_value(&request->fields, field), "100-continue"))
		return fail(out_why, "Expect is not 100-continue", BJ_ERR_HTTP_EXPECTATION);
	request->expect_continue = has_body;
	return BJ_OK;
}

enum bj_err http_request_frame(struct http_request *request, const char **out_why)
{
	struct connection_options connection = { false, false, false };
	struct http_fields *fields = &request->fields;
	bool has_body;
	enum bj_err err;

	if (!connection_read(fields, &connection))
		return fail(out_why, "too many names in Connection", BJ_ERR_HTTP_BAD_REQUEST);
	err = framing_read(fields, request->version, &request->framing, out_why);
	if (!err)
		err = host_read(request, out_why);
	if (!err)
		err = expect_read(request, out_why);
	if (err)
		return err;
	has_body = request->framing.kind != HTTP_BODY_NONE;
	if (has_body && (request->method == HTTP_CONNECT || request->method == HTTP_TRACE))
		return fail(out_why, "a body where the method has none", BJ_ERR_HTTP_FRAMING);
	request->keep_alive = !connection.close && (request->version >= HTTP_1_1 || connection.keep_alive);
	request->upgrade_websocket = connection.upgrade && request->version == HTTP_1_1 && request->method == HTTP_GET &&
				     !has_body && list_has(fields, HTTP_N_UPGRADE, "websocket") &&
				     http_field_count(fields, HTTP_N_SEC_WEBSOCKET_KEY) == 1;
	return BJ_OK;
}

/* Where the length does not come from the fields (rfc9112:6.3, 1 to 3). True if it is settled. */
static bool response_has_no_content(uint16_t status, enum http_method method)
{
	return method == HTTP_HEAD || status < 200 || status == 204 || status == 304;
}

enum bj_err http_response_frame(struct http_response *response, enum http_method method, bool upgrade_asked, const char **out_why)
{
	struct connection_options connection = { false, false, false };
	struct http_framing framing;
	enum bj_err err;

	if (!connection_read(&response->fields, &connection))
		return fail(out_why, "too many names in Connection", BJ_ERR_HTTP_BAD_RESPONSE);
	err = framing_read(&response->fields, response->version, &framing, out_why);
	if (err)
		return BJ_ERR_HTTP_BAD_RESPONSE;
	response->has_length = framing.kind == HTTP_BODY_LENGTH;
	response->length = framing.length;
	response->keep_alive = !connection.close && (response->version >= HTTP_1_1 || connection.keep_alive);
	if (response->status == 101) {
		if (!upgrade_asked || !connection.upgrade || !list_has(&response->fields, HTTP_N_UPGRADE, "websocket"))
			return fail(out_why, "101 that was not asked for", BJ_ERR_HTTP_BAD_RESPONSE);
		framing = (struct http_framing){ HTTP_BODY_TUNNEL, 0 };
	} else if (method == HTTP_CONNECT && response->status / 100 == 2) {
		framing = (struct http_framing){ HTTP_BODY_TUNNEL, 0 };
	} else if (response_has_no_content(response->status, method)) {
		if (response->status == 204 && (framing.kind == HTTP_BODY_CHUNKED || framing.length > 0))
			response->keep_alive = false; /* who knows what follows */
		framing = (struct http_framing){ HTTP_BODY_NONE, 0 };
	} else if (framing.kind == HTTP_BODY_NONE) {
		framing.kind = HTTP_BODY_CLOSE;
	}
	if (framing.kind == HTTP_BODY_CLOSE || framing.kind == HTTP_BODY_TUNNEL)
		response->keep_alive = false;
	response->framing = framing;
	return BJ_OK;
}
