/* name_constraints.h - which names a CA may certify (rfc5280:4.2.1.10).
 *
 * Carried: DNS names, IP addresses, directory names, e-mail addresses and URIs. A name of another kind under a constraint of
 * that kind, a name that is malformed under a constraint of its kind, and an international e-mail address (rfc9598:3) under one of e-mail
 * addresses cannot be judged and count as forbidden. A
 * wildcard is forbidden if any name that it covers is, and so is a directory name with values that could be taken for the excluded ones:
 * characters beyond ASCII, control characters, and old string types, are not compared without regard to case and form here, but may be
 * elsewhere.
 */
#ifndef X509_NAME_CONSTRAINTS_H
#define X509_NAME_CONSTRAINTS_H

#include "x509/general_name.h"

enum nc_result {
	NC_ALLOWED = 0,
	NC_NOT_PERMITTED, /* there are permitted subtrees of its kind, and it is in none */
	NC_EXCLUDED,
	NC_UNKNOWN,       /* cannot be judged */
	NC_BUDGET,        /* the steps ran out */
};

/* `content` is what stands inside NameConstraints: at least one subtree, bases well formed for their kind, no minimum, no maximum. */
bool name_constraints_are_valid(struct bj_bytes content);
/* Judges one name by valid constraints; each comparison takes one of `steps`, or more if what is compared is long. */
enum nc_result name_constraints_judge(struct bj_bytes content, const struct general_name *name, uint32_t *steps);

#endif
