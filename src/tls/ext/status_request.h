/* status_request.h - a stapled OCSP response: the wish is recognised, the answer found (rfc6066:8). */
#ifndef TLS_EXT_STATUS_REQUEST_H
#define TLS_EXT_STATUS_REQUEST_H

#include "tls/ext/table.h"

#define STATUS_OCSP 1

/* ClientHello: sets `out_ocsp` where the client wants OCSP; other types are passed over. */
enum bj_err status_request_parse(struct bj_bytes body, bool *out_ocsp) BJ_MUST_USE;
void status_request_write(struct writer *w);
/* An entry of a Certificate in 1.3: the DER of the response. */
enum bj_err status_request_parse_entry(struct bj_bytes body, struct bj_bytes *out_response) BJ_MUST_USE;
void status_request_write_entry(struct writer *w, struct bj_bytes response);

#endif
