/* uri.h - request targets, decided once (rfc9112:3.2 rfc3986).
 *
 * A target is cut into authority, path and query and the path is brought into one form, which is the form that is routed by
 * and forwarded; what the client wrote is not kept. The form: dot segments resolved, empty segments merged, %-escapes of
 * characters that need none decoded, '%2F' decoded to '/' (before dot segments are resolved), every other escape in upper
 * case, characters that may not stand in a path escaped. Refused: escapes of control bytes (also %00), '\' in either spelling,
 * broken escapes, escapes of characters in more bytes than they need ("%C0%AF"), '.' or '..' with path parameters ("..;x", "..%3Bx"), leading ".." beyond the root. A fragment is cut off. The query is
 * checked for allowed bytes and otherwise kept.
 */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include "http/field.h"

#define HTTP_HOST_MAX 255

enum http_target_form {
	HTTP_TARGET_ORIGIN = 1, /* /path?query */
	HTTP_TARGET_ABSOLUTE,   /* http://host/path?query */
	HTTP_TARGET_AUTHORITY,  /* host:port, for CONNECT only */
	HTTP_TARGET_ASTERISK,   /* *, for OPTIONS only */
};

struct http_authority {
	struct bj_bytes host; /* lower case, no trailing dot; IPv6 with its brackets */
	uint16_t port;        /* 0: none was given */
};

struct http_target {
	enum http_target_form form;
	struct http_authority authority; /* empty host where the form has none */
	struct bj_bytes path;            /* begins with '/'; "*" for the asterisk form; empty for authority form */
	struct bj_bytes query;           /* without '?' */
	bool has_query;
};

/* Everything in `out` points into the arena of `fields`. BJ_ERR_HTTP_BAD_REQUEST, BJ_ERR_HTTP_HEADER_LIMIT. */
enum bj_err uri_target_parse(struct http_fields *fields, struct bj_bytes text, bool is_connect, bool is_options,
			     struct http_target *out) BJ_MUST_USE;

/* host [":" port] of a Host field: a DNS name, an IPv4 address or an IPv6 address in brackets, nothing else. */
enum bj_err uri_authority_parse(struct http_fields *fields, struct bj_bytes text, struct http_authority *out) BJ_MUST_USE;

/* Brings a path into its form. `out` has room for 3 * path.len bytes; returns BJ_ERR_HTTP_BAD_REQUEST for what is refused. */
enum bj_err uri_path_normalise(struct bj_bytes path, uint8_t *out, size_t *out_len) BJ_MUST_USE;

/* True if `path` is `prefix` or lies below it, by whole segments: "/a/" and "/a" both cover "/a", "/a/" and "/a/b" but not "/ab".
 * Path parameters (";x" or "%3Bx" up to the next '/') in `path` are passed over, as servers that know them do. "/" covers all. */
bool uri_path_under(struct bj_bytes path, struct bj_bytes prefix);
/* Whether a path in normal form has parameters (";x" or "%3Bx"). No path of a configuration has: they are passed over where paths are compared. */
bool uri_path_has_parameters(struct bj_bytes path);
/* True if `path` is exactly `want`, path parameters passed over. */
bool uri_path_is(struct bj_bytes path, struct bj_bytes want);
/* True if a (lower-case) host is `pattern`: the name itself, or for "*.name" any name that ends in ".name". */
bool uri_host_match(struct bj_bytes host, struct bj_bytes pattern);

#endif
