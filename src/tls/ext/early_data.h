/* early_data.h - early data in hellos and tickets (rfc9846:4.2.10). */
#ifndef TLS_EXT_EARLY_DATA_H
#define TLS_EXT_EARLY_DATA_H

#include "tls/ext/table.h"

/* ClientHello and EncryptedExtensions: empty. */
enum bj_err early_data_parse(struct bj_bytes body) BJ_MUST_USE;
/* NewSessionTicket: how many bytes the server takes. */
enum bj_err early_data_parse_ticket(struct bj_bytes body, uint32_t *out_max) BJ_MUST_USE;
void early_data_write_ticket(struct writer *w, uint32_t max);

#endif
