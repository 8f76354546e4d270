/* dist_point.h - distribution points: where a certificate says that its lists are, and what a list says that it is
 * (rfc5280:4.2.1.13, rfc5280:5.2.5).
 */
#ifndef X509_DIST_POINT_H
#define X509_DIST_POINT_H

#include "base/reader.h"

#define DIST_POINT_MAX 64      /* points of one certificate that are looked at */
#define DIST_NAMES_MAX 64      /* names of one point that are looked at */
#define DIST_RELATIVE_MAX 4096 /* octets of a name that is put together */

/* ReasonFlags as rfc5280:4.2.1.13 numbers them: bit n is 1 << n; bit 0 is unused. */
#define REASONS_ALL 0x1fe

struct dist_name {
	bool is_there;
	bool is_relative;      /* the names are one relative name, to be put behind the issuer's */
	struct bj_bytes names; /* content of GeneralNames, or of the relative name's SET */
};

struct dist_point {
	struct dist_name name;
	uint16_t reasons;       /* REASONS_ALL if it says none */
	struct bj_bytes issuer; /* content of GeneralNames; empty: whoever issued the certificate */
};

/* A DistributionPoint; marks the reader bad if it is malformed or says nothing. */
struct dist_point dist_point_read(struct reader *r);
/* What stands under the tag [0] of a distribution point, if it is there. */
struct dist_name dist_name_read(struct reader *r);
/* ReasonFlags under a context tag, if they are there, else REASONS_ALL. */
uint16_t dist_reasons_read(struct reader *r, uint8_t tag);
/* Is any name of one a name of the other? Relative ones stand behind the name of who issues the list. */
bool dist_names_meet(const struct dist_name *a, struct bj_bytes a_issuer, const struct dist_name *b, struct bj_bytes b_issuer);
/* Is this directory name among the names? `names` is the content of GeneralNames. */
bool dist_names_hold(struct bj_bytes names, struct bj_bytes directory);

#endif
