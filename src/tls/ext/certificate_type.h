/* certificate_type.h - client_certificate_type and server_certificate_type: in which forms a certificate may come (rfc7250:3 rfc7250:4).
 *
 * A list in a ClientHello, one type in the answer. A list that says nothing (it is empty, or X.509 alone) is not allowed.
 */
#ifndef TLS_EXT_CERTIFICATE_TYPE_H
#define TLS_EXT_CERTIFICATE_TYPE_H

#include "tls/ext/table.h"

#define CERTIFICATE_X509 0
#define CERTIFICATE_RAW_KEY 2

/* `out_types`: one byte each; those that we do not know are among them. BJ_ERR_DECODE, BJ_ERR_ILLEGAL_PARAMETER. */
enum bj_err certificate_type_parse(struct bj_bytes body, struct bj_bytes *out_types) BJ_MUST_USE;
enum bj_err certificate_type_parse_answer(struct bj_bytes body, uint8_t *out_type) BJ_MUST_USE;
void certificate_type_write(struct writer *w, enum ext ext, struct bj_bytes types);
void certificate_type_write_answer(struct writer *w, enum ext ext, uint8_t type);

static inline uint8_t certificate_type_of(bool is_key)
{
	return is_key ? CERTIFICATE_RAW_KEY : CERTIFICATE_X509;
}

/* Those of a list that we know, as bits. */
uint8_t certificate_type_mask(struct bj_bytes types);

#endif
