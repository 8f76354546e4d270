/* cert_describe.h - a certificate on the terminal and as JSON, with what the clock says of it. The fields come from x509/show.h. */
#ifndef CLI_CERT_DESCRIBE_H
#define CLI_CERT_DESCRIBE_H

#include "cli/json.h"
#include "cli/terminal.h"
#include "x509/show.h"

#define DESCRIBE_VALIDITY_MAX 64

/* The common name, else the alternative names, else the whole subject. */
void describe_short(const struct cert *cert, char out[SHOW_NAME_MAX]);
/* "89 d 23 h left", "expired 12 d ago", "begins in 3 h". */
void describe_validity(const struct cert *cert, int64_t now, char out[DESCRIBE_VALIDITY_MAX]);
bool describe_is_valid_at(const struct cert *cert, int64_t now);

void describe_cert(const struct terminal *terminal, const struct cert *cert, size_t number, int64_t now);
void describe_cert_json(struct json *json, const struct cert *cert, int64_t now);

/* A signing request; `proof` is what request_check() says of it. */
void describe_request(const struct terminal *terminal, const struct cert *request, size_t number, enum bj_err proof);
void describe_request_json(struct json *json, const struct cert *request, enum bj_err proof);

#endif
