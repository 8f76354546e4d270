/* compressed_certificate.h - a Certificate message of 1.3, compressed (rfc8879:4). */
#ifndef TLS_MSG_COMPRESSED_CERTIFICATE_H
#define TLS_MSG_COMPRESSED_CERTIFICATE_H

#include "tls/msg/message.h"

#define COMPRESSED_CERTIFICATE_OVERHEAD (MESSAGE_HEADER_LEN + 2 + 3 + 3)

struct compressed_certificate {
	uint16_t algorithm;
	size_t len;              /* of the Certificate's body, as it is announced: not judged here */
	struct bj_bytes content; /* not empty */
};

enum bj_err compressed_certificate_parse(struct bj_bytes body, struct compressed_certificate *out) BJ_MUST_USE;
void compressed_certificate_write(struct writer *w, const struct compressed_certificate *cert);

#endif
