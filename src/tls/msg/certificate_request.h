/* certificate_request.h - a server asks its client for a certificate, in both forms (rfc9846:4.3.2 rfc5246:7.4.4). */
#ifndef TLS_MSG_CERTIFICATE_REQUEST_H
#define TLS_MSG_CERTIFICATE_REQUEST_H

#include "tls/msg/message.h"
#include "crypto/pkey.h"
#include "tls/ext/table.h"

#define CLIENT_CERT_RSA_SIGN 1
#define CLIENT_CERT_ECDSA_SIGN 64 /* Ed25519 too (rfc8422:5.5) */

struct certificate_request { /* 1.3 */
	struct bj_bytes context; /* empty in the handshake */
	uint32_t has;
	struct bj_bytes schemes;      /* codes; always there */
	struct bj_bytes schemes_cert; /* codes */
	struct bj_bytes delegated;    /* codes */
	struct bj_bytes authorities;  /* list */
	struct bj_bytes compressions; /* codes */
};

enum bj_err certificate_request_parse(struct bj_bytes body, struct certificate_request *out) BJ_MUST_USE;
void certificate_request_write(struct writer *w, const struct certificate_request *cr);

struct certificate_request12 {
	struct bj_bytes types;       /* bytes; not empty */
	struct bj_bytes schemes;     /* codes; not empty */
	struct bj_bytes authorities; /* list; may be empty */
};

enum bj_err certificate_request12_parse(struct bj_bytes body, struct certificate_request12 *out) BJ_MUST_USE;
void certificate_request12_write(struct writer *w, const struct certificate_request12 *cr);
/* Is a certificate with a key of this kind asked for? */
bool certificate_request12_wants(const struct certificate_request12 *cr, enum key_kind kind);

#endif
