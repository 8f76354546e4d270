/* issue_parts.h - what certificates, revocation lists and OCSP responses have in common when they are made. */
#ifndef X509_ISSUE_PARTS_H
#define X509_ISSUE_PARTS_H

#include "crypto/pkey.h"
#include "x509/der_write.h"
#include "x509/oid.h"

struct issue_mark {
	size_t whole, value;
};

/* Opens Extension and its value; the mark goes to issue_extension_close(). */
struct issue_mark issue_extension_open(struct writer *w, enum oid oid, bool critical);
void issue_extension_close(struct writer *w, struct issue_mark mark);

/* The algorithm that a key signs with here. */
enum sig_alg issue_alg(const struct pkey *key);

/* SEQUENCE { what is signed, algorithm, signature }; `tbs` does not lie in the writer's buffer. The sequence stays open for what may follow:
 * dw_close() it with `*out_mark`. */
enum bj_err issue_signed_open(struct writer *w, struct bj_bytes tbs, const struct pkey *key, size_t *out_mark) BJ_MUST_USE;

#endif
