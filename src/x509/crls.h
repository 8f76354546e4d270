/* crls.h - the inside of struct bj_crls: revocation lists by the hash of their issuer.
 *
 * Built by one thread, then only read. Each list owns a copy of its DER and its index; the same list is held once.
 */
#ifndef X509_CRLS_H
#define X509_CRLS_H

#include "x509/crl.h"
#include <bojagi/x509.h>

#define CRLS_MAX 4096

struct crl_held {
	struct crl crl;
	struct crl_index index;
	uint8_t tbs_hash[32]; /* SHA-256; made once, as lists are long */
	struct crl_held *next;
};

/* The first list whose issuer has this hash, and the next one; null at the end. Names still have to be compared. */
const struct crl_held *crls_first(const struct bj_crls *crls, uint32_t issuer_hash);
const struct crl_held *crls_next(const struct crl_held *held, uint32_t issuer_hash);
/* Every list, in no order in particular: begin with null; null at the end. */
const struct crl_held *crls_each(const struct bj_crls *crls, const struct crl_held *before);

#endif
