/* stapled.c - see stapled.h. */
#include "cli/stapled.h"

#include "cli/issuers.h"
#include "x509/time.h"

struct look {
	struct ocsp_asks asks;
	struct stapled *out;
};

/* True when there is no need to ask by another issuer. */
static bool ask(void *self, const struct cert *issuer)
{
	struct look *look = self;
	struct stapled *out = look->out;

	look->asks.issuer = issuer;
	if (ocsp_check(&look->asks, &out->answer) != BJ_OK)
		return false;
	out->kind = out->answer.status == OCSP_GOOD    ? STAPLED_GOOD :
		    out->answer.status == OCSP_REVOKED ? STAPLED_REVOKED :
							 STAPLED_USELESS;
	return out->kind != STAPLED_USELESS;
}

struct stapled stapled_look(const struct bj_trust *trust, const struct bj_bytes *chain, size_t count, struct bj_bytes response, int64_t now)
{
	struct stapled stapled = { .kind = STAPLED_NOTHING };
	struct cert leaf;
	struct look look = { { .response = response, .cert = &leaf, .now = now, .check_time = true }, &stapled };

	if (response.len == 0 || count == 0 || cert_parse(chain[0], &leaf) != BJ_OK)
		return stapled;
	stapled.kind = STAPLED_USELESS;
	stapled.answer = (struct ocsp_answer){ .why = "who issued the certificate is not known here", .next_update = TIME_NONE };
	(void)issuers_find(trust, chain, count, &leaf, ask, &look);
	return stapled;
}

const char *stapled_word(enum stapled_kind kind)
{
	static const char *const words[] = { "not_asked", "none", "unknown", "good", "revoked" };

	return words[kind];
}
