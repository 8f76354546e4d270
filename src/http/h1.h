/* h1.h - HTTP/1.1 heads: a strict parser that takes bytes as they come, and a writer (rfc9112).
 *
 * Feeding: give what has arrived; whole lines are taken (`out_used`) and copied into the message's arena, an unfinished line stays
 * with the caller, who gives it again with more behind it. The part of it that was looked at is not looked at again. After
 * out_done the rest of the buffer belongs to the body. The first failure sticks. How the bytes are cut never changes the result.
 *
 * Refused, always: bare LF, bare CR, NUL and other control bytes, folded lines, space before a colon or at the start of a line,
 * names that are no tokens, and everything about lengths that two readers could take in two ways (message.h).
 */
#ifndef HTTP_H1_H
#define HTTP_H1_H

#include "base/writer.h"
#include "http/message.h"

#define H1_TARGET_MAX (16 * 1024)   /* bytes of a request target */
#define H1_HEAD_SIZE_MAX (256 * 1024)

struct h1_parser {
	uint32_t size_max; /* bytes of the whole head */
	uint32_t taken;    /* bytes of it so far */
	uint32_t seen;     /* bytes of the unfinished line that hold no line end */
	uint8_t state;
	uint8_t blank_lines;
	enum bj_err err;
	const char *why;   /* after a failure: the rule, in a few words; static; for logs */
};

void h1_parser_init(struct h1_parser *parser, size_t size_max);

/* `request->fields` must be initialised by http_fields_init(), everything else is set here when the head is complete (method, target
 * and version: as soon as their line is). One of the BJ_ERR_HTTP_* codes; http_status_of() has the answer for the client. */
enum bj_err h1_request_feed(struct h1_parser *parser, struct http_request *request, const void *buf, size_t len,
			    size_t *out_used, bool *out_done) BJ_MUST_USE;

/* `method` and `upgrade_asked` are those of the request that this answers. 1xx heads are messages of their own: start again after them.
 * 101 comes as HTTP_BODY_TUNNEL, and as a failure where it was not asked for. */
enum bj_err h1_response_feed(struct h1_parser *parser, struct http_response *response, enum http_method method, bool upgrade_asked,
			     const void *buf, size_t len, size_t *out_used, bool *out_done) BJ_MUST_USE;

/* True if the parser has seen nothing of a head yet (so a connection that ends now ends in order). */
static inline bool h1_parser_is_fresh(const struct h1_parser *parser)
{
	return parser->taken == 0 && parser->seen == 0;
}

/* ---- writing; call after strip and after adding what the proxy adds. A head that does not fit marks the writer bad. */

/* Always HTTP/1.1 and origin form (asterisk for OPTIONS *): METHOD path?query, Host, the fields, then Content-Length or
 * Transfer-Encoding from request->framing, Expect if asked for, and Connection: "upgrade" with Upgrade for WebSocket, "close"
 * where `close` says so, none otherwise. `default_host` stands in where HTTP/1.0 gave no host. */
void h1_request_write(struct writer *w, const struct http_request *request, bool close, struct bj_bytes default_host);

/* `client_version`: what the client speaks; a chunked body to an HTTP/1.0 client must be given as HTTP_BODY_CLOSE in `framing` (bytes
 * come out of the chunked coding anyway). `close`: Connection: close is written (keep-alive is, to HTTP/1.0, where it is not). */
void h1_response_write(struct writer *w, const struct http_response *response, const struct http_framing *framing,
		       uint8_t client_version, bool close);

/* A whole small response of the proxy's own: status line, Date, Content-Type, Content-Length, Connection, X-Content-Type-Options and a
 * one-line text body (none for HEAD). `extra` (may be empty) is whole field lines, each ending in CRLF, checked by nobody. */
void h1_error_write(struct writer *w, unsigned status, bool is_head, bool close, int64_t now_s, struct bj_bytes extra);

/* The interim response to Expect: 100-continue. */
#define H1_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

#endif
