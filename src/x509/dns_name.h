/* dns_name.h - host names as certificates carry them: LDH labels and A-labels (rfc1034:3.5, rfc1123:2.1, rfc9525:6.3).
 *
 * Everything here compares whole labels, without regard to the case of ASCII letters, by length: a zero byte, a space or a
 * character beyond ASCII makes a name invalid. Leaves out: U-labels (names are given as A-labels) and public suffixes.
 */
#ifndef X509_DNS_NAME_H
#define X509_DNS_NAME_H

#include "base/bytes.h"

#define DNS_NAME_MAX 253
#define DNS_LABEL_MAX 63

/* Labels of letters, digits and inner hyphens; the last one not all digits; no dot at the end. */
bool dns_name_is_valid(struct bj_bytes name);
/* The same, or "*." before a name of at least two labels. */
bool dns_pattern_is_valid(struct bj_bytes pattern);
bool dns_pattern_is_wildcard(struct bj_bytes pattern);
bool dns_name_equal(struct bj_bytes a, struct bj_bytes b);
/* Does a valid pattern cover a valid name? "*" stands for exactly one label. */
bool dns_pattern_covers(struct bj_bytes pattern, struct bj_bytes name);
/* Is the name `base` itself or below it? Everything is within the empty base. */
bool dns_name_is_within(struct bj_bytes name, struct bj_bytes base);
/* What stands behind the first dot; empty without one. */
struct bj_bytes dns_name_parent(struct bj_bytes name);

#endif
