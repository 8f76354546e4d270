/* signature_algorithms_cert.h - signature schemes in certificates, where they differ (rfc9846:4.2.3). */
#ifndef TLS_EXT_SIGNATURE_ALGORITHMS_CERT_H
#define TLS_EXT_SIGNATURE_ALGORITHMS_CERT_H

#include "tls/ext/table.h"

enum bj_err signature_algorithms_cert_parse(struct bj_bytes body, struct bj_bytes *out_codes) BJ_MUST_USE;
void signature_algorithms_cert_write(struct writer *w, struct bj_bytes codes);

#endif
