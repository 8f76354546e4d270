/* message.h - a request head and a response head as plain values, whatever version they came in, and what frames their body.
 *
 * The views in a message point into the arena of its own fields, so a message lives exactly as long as that arena.
 * Implements rfc9112:6 rfc9110:7.6.1 rfc9110:10.1.1 rfc9110:7.8
 */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include "http/uri.h"

enum http_method {
	HTTP_METHOD_OTHER = 0, /* a token that we do not know; methods have case */
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_CONNECT,
	HTTP_OPTIONS,
	HTTP_TRACE,
	HTTP_PATCH,
};

enum http_version {
	HTTP_1_0 = 10,
	HTTP_1_1 = 11,
	HTTP_2 = 20,
};

enum http_body_kind {
	HTTP_BODY_NONE = 0,
	HTTP_BODY_LENGTH,  /* `length` bytes (0 is possible: a Content-Length of 0 was there) */
	HTTP_BODY_CHUNKED,
	HTTP_BODY_CLOSE,   /* responses: until the connection ends */
	HTTP_BODY_TUNNEL,  /* after 101, or 2xx to CONNECT: bytes both ways */
};
struct http_framing {
	enum http_body_kind kind;
	uint64_t length;
};

struct http_request {
	enum http_method method;
	struct bj_bytes method_text;
	uint8_t version;              /* enum http_version */
	struct http_target target;
	struct http_authority host;   /* the effective one: the target's, else the Host field's; empty only in HTTP/1.0 */
	struct http_framing framing;
	bool keep_alive;              /* what the client wants; the proxy decides */
	bool expect_continue;         /* 100-continue was asked for */
	bool upgrade_websocket;       /* asked to switch to WebSocket, in the form of rfc6455:4.1 */
	struct http_fields fields;
};

struct http_response {
	uint8_t version;
	uint16_t status;
	struct bj_bytes reason;
	struct http_framing framing;
	bool has_length;              /* a Content-Length was there; HEAD and 304 describe a body that does not come */
	uint64_t length;
	bool keep_alive;              /* the connection can be used again after the body */
	struct http_fields fields;
};

enum http_method http_method_find(struct bj_bytes text);
/* Safe to send again when the first try broke before a response came (rfc9110:9.2.2). */
bool http_method_is_idempotent(enum http_method method);

/* Decides about body, connection, expectation and upgrade from the fields. `out_why` (may be null) gets a static text.
 * BJ_ERR_HTTP_FRAMING, BJ_ERR_HTTP_EXPECTATION, BJ_ERR_HTTP_NOT_IMPLEMENTED. Parsers call it themselves. */
enum bj_err http_request_frame(struct http_request *request, const char **out_why) BJ_MUST_USE;
/* The same for a response to a request of `method`; `upgrade_asked`: a 101 is allowed. BJ_ERR_HTTP_BAD_RESPONSE. */
enum bj_err http_response_frame(struct http_response *response, enum http_method method, bool upgrade_asked,
				const char **out_why) BJ_MUST_USE;

/* Removes what belongs to one connection only or must not pass a proxy: Connection and every field that it names, Keep-Alive,
 * Proxy-*, TE, Trailer, Transfer-Encoding, Content-Length, Upgrade, HTTP2-Settings, Host, Expect, Proxy, and every name with an
 * underscore. The writers put back what the next connection needs, from the message's plain values. So strip first, then add. */
void http_request_strip(struct http_request *request);
void http_response_strip(struct http_response *response);

/* ---- statuses */

/* "Not Found"; never null, "Unknown" for what is not known. */
const char *http_status_text(unsigned status);
/* The status that tells a client about a failure: 400, 413, 414, 417, 431, 501, 502, 503, 504, 505; 500 for the rest. */
unsigned http_status_of(enum bj_err err);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (rfc9110:5.6.7), exactly 29 bytes and a NUL. */
#define HTTP_DATE_LEN 29
void http_date_write(int64_t unix_s, char out[HTTP_DATE_LEN + 1]);

#endif
