/* certificate_verify.h - a signature over the handshake so far (rfc9846:4.4.3 rfc5246:7.4.8). The form is the same in both versions; what
 * is signed is not: in 1.2 it is the messages themselves. */
#ifndef TLS_MSG_CERTIFICATE_VERIFY_H
#define TLS_MSG_CERTIFICATE_VERIFY_H

#include "tls/msg/message.h"
#include "crypto/hash.h"

#define CERTIFICATE_VERIFY_CONTENT_MAX (64 + 33 + 1 + HASH_MAX)

struct certificate_verify {
	uint16_t scheme;
	struct bj_bytes signature;
};

enum bj_err certificate_verify_parse(struct bj_bytes body, struct certificate_verify *out) BJ_MUST_USE;
void certificate_verify_write(struct writer *w, const struct certificate_verify *cv);
/* What is signed in 1.3, by the server or the client; returns its length. */
size_t certificate_verify_content(bool of_server, struct bj_bytes transcript_hash, uint8_t out[CERTIFICATE_VERIFY_CONTENT_MAX]);

#endif
