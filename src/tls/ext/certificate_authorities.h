/* certificate_authorities.h - names of the authorities that the peer trusts (rfc9846:4.2.4). A hint. */
#ifndef TLS_EXT_CERTIFICATE_AUTHORITIES_H
#define TLS_EXT_CERTIFICATE_AUTHORITIES_H

#include "tls/ext/table.h"

#define AUTHORITIES_MAX 1024

/* `list` in wire form: DER names behind their lengths, each at least one byte; the list itself at least one name. */
enum bj_err certificate_authorities_parse(struct bj_bytes body, struct bj_bytes *out_list) BJ_MUST_USE;
void certificate_authorities_write(struct writer *w, struct bj_bytes list);
/* The same list as a CertificateRequest of 1.2 has it, where it may be empty (rfc5246:7.4.4). */
enum bj_err authorities_check(struct bj_bytes list) BJ_MUST_USE;
bool authority_next(struct reader *list, struct bj_bytes *out_name);

#endif
