/* issue_crl.h - makes the revocation list of a CA: complete, with a number and the issuer's key identifier (rfc5280:5). */
#ifndef X509_ISSUE_CRL_H
#define X509_ISSUE_CRL_H

#include "crypto/pkey.h"
#include "x509/cert.h"
#include "x509/crl.h"

#define ISSUE_CRL_ENTRIES_MAX 100000
/* A buffer of this size always suffices. */
#define ISSUE_CRL_DER_MAX(count) (CERT_DER_MAX + 2048 + (size_t)(count) * 80)

struct issue_crl_entry {
	struct bj_bytes serial; /* content octets, at most 20 */
	int64_t date;
	enum crl_reason reason; /* REASON_UNSPECIFIED: none is written */
};

struct issue_crl {
	const struct cert *issuer;
	const struct pkey *issuer_key;
	int64_t this_update, next_update;
	uint64_t number; /* greater than that of any list before */
	const struct issue_crl_entry *entries;
	size_t entry_count;
};

/* BJ_ERR_ARGUMENT, BJ_ERR_KEY_MISMATCH, BJ_ERR_SPACE, BJ_ERR_NO_MEMORY, BJ_ERR_CRYPTO. */
enum bj_err issue_crl(const struct issue_crl *in, uint8_t *out, size_t cap, size_t *out_len) BJ_MUST_USE;

#endif
