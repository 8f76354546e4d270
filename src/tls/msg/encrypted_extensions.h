/* encrypted_extensions.h - answers to the ClientHello that need no plaintext (rfc9846:4.3.1). */
#ifndef TLS_MSG_ENCRYPTED_EXTENSIONS_H
#define TLS_MSG_ENCRYPTED_EXTENSIONS_H

#include "tls/msg/message.h"
#include "tls/ext/table.h"

struct encrypted_extensions {
	uint32_t has; /* server_name and early_data have no value */
	struct bj_bytes alpn;
	struct bj_bytes groups; /* codes */
	struct bj_bytes quic_params; /* rfc9001:8.2; opaque */
	uint16_t record_size_limit;
	uint8_t tickets_expected;
	uint8_t max_fragment; /* max_fragment_length's code */
	uint8_t client_type, server_type; /* forms of certificates */
};

enum bj_err encrypted_extensions_parse(struct bj_bytes body, uint32_t offered, struct encrypted_extensions *out) BJ_MUST_USE;
void encrypted_extensions_write(struct writer *w, const struct encrypted_extensions *ee);

#endif
