/* forward.c - the client's address and certificate as fields for the servers (rfc7239:4 rfc9440:2). */
#include "http/forward.h"

#include "base/base64.h"
#include "base/hex.h"

#define PORT_MAX 5 /* digits */

/* ---- a value is measured by one pass and written by another over the same code */

struct out {
	uint8_t *at; /* null: only measures */
	size_t len;
};

static void put(struct out *out, const void *ptr, size_t len)
{
	if (out->at && len > 0)
		memcpy(out->at + out->len, ptr, len);
	out->len += len;
}

static void put_text(struct out *out, const char *text)
{
	put(out, text, strlen(text));
}

static void put_bytes(struct out *out, struct bj_bytes b)
{
	put(out, b.ptr, b.len);
}

static void put_port(struct out *out, unsigned port)
{
	char digits[PORT_MAX];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + port % 10);
		port /= 10;
	} while (port > 0 && at > 0);
	put(out, digits + at, sizeof(digits) - at);
}

/* What may hurt a reader of the value (control bytes, high bytes, quotes, backslash, '%', separators of XFCC) as %XX. */
static void put_escaped(struct out *out, struct bj_bytes b)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.ptr[i];
		bool edge = i == 0 || i + 1 == b.len;

		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '%' || c == ';' || (c == ' ' && edge)) {
			char escaped[3] = { '%', hex[c >> 4], hex[c & 15] };

			put(out, escaped, 3);
		} else {
			put(out, &c, 1);
		}
	}
}

typedef void value_fn(struct out *out, const struct http_request *request, const struct forward_facts *facts);

/* Measures, takes the room, writes. */
static enum bj_err field_put(struct http_request *request, const struct forward_facts *facts, enum http_name name, value_fn *value)
{
	struct out measure = { NULL, 0 }, write = { NULL, 0 };
	enum bj_err err;

	value(&measure, request, facts);
	err = http_field_put_room(&request->fields, name, measure.len, &write.at);
	if (!err)
		value(&write, request, facts);
	return err;
}

/* ---- values */

/* All that earlier proxies said in such fields, joined. The new field, whose room is being filled, is not among them: it is the
 * last entry and `measure` ran before it was there. */
static size_t put_earlier(struct out *out, const struct http_request *request, enum http_name name, size_t entries)
{
	size_t count = 0;

	for (size_t i = 0; i < entries; i++) {
		const struct http_field *field = http_field_at(&request->fields, i);

		if (field->name != name || field->removed || field->value_len == 0)
			continue;
		if (count++ > 0)
			put_text(out, ", ");
		put_bytes(out, http_field_value(&request->fields, field));
	}
	return count;
}

/* While measuring, every entry is an earlier one; while writing, the last is the one that is written. */
static size_t earlier_entries(const struct out *out, const struct http_request *request)
{
	return request->fields.count - (out->at ? 1u : 0u);
}

static void value_forwarded_for(struct out *out, const struct http_request *request, const struct forward_facts *facts)
{
	if (put_earlier(out, request, HTTP_N_X_FORWARDED_FOR, earlier_entries(out, request)) > 0)
		put_text(out, ", ");
	put_bytes(out, facts->client_address);
}

static void value_address(struct out *out, const struct http_request *request, const struct forward_facts *facts)
{
	(void)request;
	put_bytes(out, facts->client_address);
}

static void value_proto(struct out *out, const struct http_request *request, const struct forward_facts *facts)
{
	(void)request;
	put_text(out, facts->is_tls ? "https" : "http");
}

static void value_host(struct out *out, const struct http_request *request, const struct forward_facts *facts)
{
	(void)facts;
	put_bytes(out, request->host.host);
	if (request->host.port) {
		put_text(out, ":");
		put_port(out, request->host.port);
	}
}

static void value_port(struct out *out, const struct http_request *request, const struct forward_facts *facts)
{
	(void)request;
	put_port(out, facts->listener_port);
}

static void value_forwarded(struct out *out, const struct http_request *request, const struct forward_facts *facts)
{
	bool is_v6 = facts->client_address.len > 0 && memchr(facts->client_address.ptr, ':', facts->client_address.len);

	if (put_earlier(out, request, HTTP_N_FORWARDED, earlier_entries(out, request)) > 0)
		put_text(out, ", ");
	put_text(out, is_v6 ? "for=\"[" : "for=");
	put_bytes(out, facts->client_address);
	put_text(out, is_v6 ? "]\"" : "");
	if (request->host.host.len > 0) {
		put_text(out, ";host=\"");
		value_host(out, request, facts);
		put_text(out, "\"");
	}
	put_text(out, ";proto=");
	value_proto(out, request, facts);
}

static void value_verify(struct out *out, const struct http_request *request, const struct forward_facts *facts)
{
	(void)request;
	(void)facts;
	put_text(out, "SUCCESS");
}

static void value_dn(struct out *out, const struct http_request *request, const struct forward_facts *facts)
{
	(void)request;
	put_escaped(out, facts->certificate_subject);
}

static void value_san(struct out *out, const struct http_request *request, const struct forward_facts *facts)
{
	(void)request;
	put_escaped(out, facts->certificate_sans);
}

static void value_fingerprint(struct out *out, const struct http_request *request, const struct forward_facts *facts)
{
	char hex[32 * 2 + 1];

	(void)request;
	hex_encode(facts->certificate_sha256, 32, hex);
	put(out, hex, 64);
}

/* Hash=...;Subject="...";DNS=...;URI=... as other proxies write it. */
static void value_xfcc(struct out *out, const struct http_request *request, const struct forward_facts *facts)
{
	struct bj_bytes rest = facts->certificate_sans, name;

	put_text(out, "Hash=");
	value_fingerprint(out, request, facts);
	put_text(out, ";Subject=\"");
	put_escaped(out, facts->certificate_subject);
	put_text(out, "\"");
	while (http_list_next(&rest, &name)) {
		put_text(out, memchr(name.ptr, ':', name.len) ? ";URI=" : ";DNS="); /* a DNS name has no colon, a URI has one */
		put_escaped(out, name);
	}
}

/* ---- identity */

static bool begins_with(struct bj_bytes name, const char *prefix)
{
	size_t len = strlen(prefix);

	return name.len >= len && http_is(bytes_of(name.ptr, len), prefix);
}

static bool is_identity(struct bj_bytes name)
{
	return http_is(name, "Client-Cert") || http_is(name, "Client-Cert-Chain") || http_is(name, "X-Forwarded-Client-Cert") ||
	       begins_with(name, "X-Client-");
}

/* What some servers believe about where a request came from, or take for its path in the place of the one that was routed. */
static bool is_claim(struct bj_bytes name)
{
	return begins_with(name, "X-Forwarded-") || http_is(name, "Front-End-Https") || http_is(name, "X-Url-Scheme") ||
	       http_is(name, "X-Original-URL") || http_is(name, "X-Original-URI") || http_is(name, "X-Rewrite-URL");
}

static void claims_remove(struct http_fields *fields, bool identity, bool others)
{
	for (size_t i = 0; i < fields->count; i++) {
		struct http_field *field = http_field_at(fields, i);
		struct bj_bytes name = http_field_name(fields, field);

		if (!memchr("CcFfXx", name.ptr[0], 6)) /* none of them begins otherwise */
			continue;
		if (is_identity(name) ? identity : others && is_claim(name))
			field->removed = 1;
	}
}

/* ":" base64 ":" (rfc9440:2.2, rfc9651:3.3.5) */
static enum bj_err client_cert_put(struct http_request *request, struct bj_bytes der)
{
	size_t len = BASE64_TEXT_LEN(der.len) + 2;
	uint8_t *at;
	enum bj_err err = http_field_put_room(&request->fields, HTTP_N_CLIENT_CERT, len, &at);

	if (err)
		return err;
	at[0] = ':';
	base64_encode(der.ptr, der.len, (char *)at + 1); /* its closing zero byte falls where the second colon goes */
	at[len - 1] = ':';
	return BJ_OK;
}

static enum bj_err identity_put(struct http_request *request, const struct forward_facts *facts)
{
	enum bj_err err = facts->certificate_der.len > 0 ? client_cert_put(request, facts->certificate_der) : BJ_OK;

	if (!err)
		err = field_put(request, facts, HTTP_N_X_CLIENT_VERIFY, value_verify);
	if (!err && facts->certificate_subject.len > 0)
		err = field_put(request, facts, HTTP_N_X_CLIENT_DN, value_dn);
	if (!err && facts->certificate_sans.len > 0)
		err = field_put(request, facts, HTTP_N_X_CLIENT_SAN, value_san);
	if (!err && facts->certificate_sha256)
		err = field_put(request, facts, HTTP_N_X_CLIENT_FINGERPRINT, value_fingerprint);
	if (!err && facts->certificate_sha256)
		err = field_put(request, facts, HTTP_N_X_FORWARDED_CLIENT_CERT, value_xfcc);
	return err;
}

/* ---- all */

/* What stands there once: a trusted proxy's own word stays, everybody else's is replaced. */
static enum bj_err single_put(struct http_request *request, const struct forward_facts *facts, enum http_name name, value_fn *value)
{
	if (http_field_count(&request->fields, name) == 1 && facts->peer_is_trusted)
		return BJ_OK;
	http_field_remove(&request->fields, name);
	return field_put(request, facts, name, value);
}

/* What is a list: a trusted proxy's is added to, and becomes one field. */
static enum bj_err list_put(struct http_request *request, const struct forward_facts *facts, enum http_name name, value_fn *value)
{
	size_t before = request->fields.count;
	enum bj_err err;

	if (!facts->peer_is_trusted)
		http_field_remove(&request->fields, name);
	err = field_put(request, facts, name, value);
	for (size_t i = 0; i < before && !err; i++) {
		struct http_field *field = http_field_at(&request->fields, i);

		if (field->name == name)
			field->removed = 1;
	}
	return err;
}

enum bj_err forward_request(struct http_request *request, const struct forward_facts *facts)
{
	enum bj_err err;

	claims_remove(&request->fields, facts->has_client_certificate || !facts->peer_is_trusted, !facts->peer_is_trusted);
	err = list_put(request, facts, HTTP_N_X_FORWARDED_FOR, value_forwarded_for);
	if (!err)
		err = single_put(request, facts, HTTP_N_X_FORWARDED_PROTO, value_proto);
	if (!err && request->host.host.len > 0)
		err = single_put(request, facts, HTTP_N_X_FORWARDED_HOST, value_host);
	if (!err)
		err = single_put(request, facts, HTTP_N_X_FORWARDED_PORT, value_port);
	if (!err)
		err = single_put(request, facts, HTTP_N_X_REAL_IP, value_address);
	if (!err)
		err = list_put(request, facts, HTTP_N_FORWARDED, value_forwarded);
	if (!err && facts->has_client_certificate)
		err = identity_put(request, facts);
	return err;
}

/* An element of X-Forwarded-For without a port: some proxies write "192.0.2.1:1234" or "[2001:db8::1]:1234". */
static struct bj_bytes without_port(struct bj_bytes element)
{
	const uint8_t *colon = memchr(element.ptr, ':', element.len);
	const uint8_t *end;

	if (element.ptr[0] == '[') {
		end = memchr(element.ptr, ']', element.len);
		return end ? bytes_of(element.ptr + 1, (size_t)(end - element.ptr) - 1) : element;
	}
	if (colon && !memchr(colon + 1, ':', element.len - (size_t)(colon + 1 - element.ptr)))
		element.len = (size_t)(colon - element.ptr);
	return element;
}

/* Cuts the last element off a list; false when nothing is left. */
static bool last_element(struct bj_bytes *list, struct bj_bytes *out)
{
	while (list->len > 0) {
		size_t at = list->len;

		while (at > 0 && list->ptr[at - 1] != ',')
			at--;
		*out = http_trim(bytes_of(list->ptr + at, list->len - at));
		list->len = at > 0 ? at - 1 : 0;
		if (out->len > 0)
			return true;
	}
	return false;
}

struct bj_bytes forward_client_address(const struct http_request *request, const struct forward_facts *facts,
				       bool (*is_trusted)(void *self, struct bj_bytes address), void *self)
{
	struct bj_bytes best = facts->client_address, list, element;

	if (!facts->peer_is_trusted)
		return best;
	for (size_t i = request->fields.count; i-- > 0;) {
		const struct http_field *field = http_field_at(&request->fields, i);

		if (field->name != HTTP_N_X_FORWARDED_FOR || field->removed)
			continue;
		list = http_field_value(&request->fields, field);
		while (last_element(&list, &element)) {
			best = without_port(element);
			if (!is_trusted(self, best))
				return best;
		}
	}
	return best;
}
