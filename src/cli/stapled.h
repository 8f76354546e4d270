/* stapled.h - what the OCSP response that came with a server's chain says (rfc6066:8, rfc6960), for people to be told.
 *
 * The verdict on the chain is the library's; this looks once more, so that a good answer can be shown, too, and its dates.
 */
#ifndef CLI_STAPLED_H
#define CLI_STAPLED_H

#include <bojagi/x509.h>

#include "x509/ocsp.h"

enum stapled_kind {
	STAPLED_NOT_ASKED = 0,
	STAPLED_NOTHING, /* asked, and none came */
	STAPLED_USELESS, /* what came says nothing that can be believed: answer.why */
	STAPLED_GOOD,
	STAPLED_REVOKED,
};

struct stapled {
	enum stapled_kind kind;
	struct ocsp_answer answer; /* where one came */
};

/* `chain` as it was sent; who issued its first certificate is looked for behind it and among the anchors (may be null). */
struct stapled stapled_look(const struct bj_trust *trust, const struct bj_bytes *chain, size_t count, struct bj_bytes response, int64_t now);
const char *stapled_word(enum stapled_kind kind);

#endif
