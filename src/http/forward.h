/* forward.h - what a proxy says about the client to its servers, as fields (rfc7239 rfc9440).
 *
 * A client's own claims are removed: every X-Forwarded-*, what else servers believe of the scheme, and names of another path than the one
 * that was routed (X-Original-URL and its kin). Only a peer that is a trusted proxy may say where a request came from (its lists are added to)
 * and, where this connection has no client certificate of its own, whose it is. Pure: the facts come as plain values. Call after http_request_strip().
 */
#ifndef HTTP_FORWARD_H
#define HTTP_FORWARD_H

#include "http/message.h"

struct forward_facts {
	struct bj_bytes client_address; /* text of the peer's IP address, IPv6 without brackets */
	uint16_t client_port;
	bool peer_is_trusted;           /* the peer is one of trusted_proxies: its address fields are believed and added to */
	bool is_tls;
	uint16_t listener_port;
	/* the verified client certificate; all empty when there is none */
	bool has_client_certificate;
	struct bj_bytes certificate_der;     /* end entity */
	struct bj_bytes certificate_subject; /* for people, any bytes: it is escaped here */
	struct bj_bytes certificate_sans;    /* DNS and URI names, comma-separated, any bytes: escaped here */
	const uint8_t *certificate_sha256;   /* 32 bytes; null when there is none */
};

/* Sets X-Forwarded-For, -Proto, -Host, -Port, Forwarded, X-Real-IP; Client-Cert, X-Client-Verify, X-Client-DN, X-Client-SAN,
 * X-Client-Fingerprint and X-Forwarded-Client-Cert. BJ_ERR_HTTP_HEADER_LIMIT when they do not fit the arena. */
enum bj_err forward_request(struct http_request *request, const struct forward_facts *facts) BJ_MUST_USE;

/* The address of the real client: the peer's own, or, from trusted proxies, the rightmost in X-Forwarded-For that `is_trusted` does
 * not know. For access rules, limits and hashing. The view points into the fields or to `facts`. */
struct bj_bytes forward_client_address(const struct http_request *request, const struct forward_facts *facts,
				       bool (*is_trusted)(void *self, struct bj_bytes address), void *self);

#endif
