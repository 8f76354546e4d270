/* ticket_request.h - how many tickets a client wants, and how many it will get (rfc9149:2). */
#ifndef TLS_EXT_TICKET_REQUEST_H
#define TLS_EXT_TICKET_REQUEST_H

#include "tls/ext/table.h"

struct ticket_request {
	uint8_t new_count;     /* after a full handshake */
	uint8_t resumed_count; /* after a resumed one */
};

enum bj_err ticket_request_parse(struct bj_bytes body, struct ticket_request *out) BJ_MUST_USE;
void ticket_request_write(struct writer *w, struct ticket_request request);
/* EncryptedExtensions: a hint, nothing more. */
enum bj_err ticket_request_parse_answer(struct bj_bytes body, uint8_t *out_expected) BJ_MUST_USE;
void ticket_request_write_answer(struct writer *w, uint8_t expected);

#endif
