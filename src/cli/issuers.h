/* issuers.h - who signed the first certificate of a chain: among what the server sent, or among the anchors. */
#ifndef CLI_ISSUERS_H
#define CLI_ISSUERS_H

#include <bojagi/x509.h>

#include "x509/cert.h"

/* Calls `found` for every certificate with the name of the issuer, until it returns true: that is what is returned. Several have the name
 * where a CA has several keys, or one key several certificates. `trust` may be null. */
typedef bool issuer_fn(void *self, const struct cert *issuer);
bool issuers_find(const struct bj_trust *trust, const struct bj_bytes *chain, size_t count, const struct cert *leaf, issuer_fn *found, void *self);

#endif
