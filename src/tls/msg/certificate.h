/* certificate.h - a chain, end entity first, in both forms (rfc9846:4.4.2 rfc5246:7.4.2). */
#ifndef TLS_MSG_CERTIFICATE_H
#define TLS_MSG_CERTIFICATE_H

#include "tls/msg/message.h"
#include "tls/ext/table.h"
#include "x509/path.h"

struct certificate {
	struct bj_bytes context; /* 1.3 only; empty in the handshake */
	size_t count;            /* may be zero: whether that is allowed is not judged here */
	struct bj_bytes chain[PATH_CHAIN_MAX]; /* DER; none empty */
	struct bj_bytes ocsp;    /* 1.3: response stapled to the end entity; empty if none */
	struct bj_bytes scts;    /* 1.3: its timestamps, likewise */
	struct bj_bytes delegation; /* 1.3: its delegated credential, likewise; form not judged. rfc9345:4.1.1 */
};

/* `offered`: what the entries' extensions may answer (the ClientHello's or the CertificateRequest's). BJ_ERR_CERT_CHAIN_TOO_LONG
 * for more than PATH_CHAIN_MAX. */
enum bj_err certificate_parse(struct bj_bytes body, uint32_t offered, struct certificate *out) BJ_MUST_USE;
void certificate_write(struct writer *w, const struct certificate *cert);
enum bj_err certificate12_parse(struct bj_bytes body, struct certificate *out) BJ_MUST_USE;
void certificate12_write(struct writer *w, const struct certificate *cert);
/* 1.2 where raw public keys were agreed: one SubjectPublicKeyInfo in the place of the list; an empty one says that there is none.
 * rfc7250:3 */
enum bj_err certificate12_parse_key(struct bj_bytes body, struct certificate *out) BJ_MUST_USE;
void certificate12_write_key(struct writer *w, const struct certificate *cert);

#endif
