/* stapled.c - see stapled.h. */
#include "cli/stapled.h"

#include "base/bytes.h"
#include "x509/time.h"
#include "x509/trust.h"

/* True when there is no need to ask by another issuer. */
static bool ask(struct ocsp_asks *asks, const struct cert *issuer, struct stapled *out)
{
	asks->issuer = issuer;
	if (ocsp_check(asks, &out->answer) != BJ_OK)
		return false;
	out->kind = out->answer.status == OCSP_GOOD    ? STAPLED_GOOD :
		    out->answer.status == OCSP_REVOKED ? STAPLED_REVOKED :
							 STAPLED_USELESS;
	return out->kind != STAPLED_USELESS;
}

struct stapled stapled_look(const struct bj_trust *trust, const struct bj_bytes *chain, size_t count, struct bj_bytes response, int64_t now)
{
	struct stapled stapled = { .kind = STAPLED_NOTHING };
	struct cert leaf, issuer;
	struct ocsp_asks asks = { .response = response, .cert = &leaf, .now = now, .check_time = true };

	if (response.len == 0 || count == 0 || cert_parse(chain[0], &leaf) != BJ_OK)
		return stapled;
	stapled.kind = STAPLED_USELESS;
	stapled.answer = (struct ocsp_answer){ .why = "who issued the certificate is not known here", .next_update = TIME_NONE };
	for (size_t i = 1; i < count; i++)
		if (cert_parse(chain[i], &issuer) == BJ_OK && bytes_equal(issuer.subject, leaf.issuer) && ask(&asks, &issuer, &stapled))
			return stapled;
	if (!trust)
		return stapled;
	for (const struct anchor *anchor = trust_first(trust, leaf.issuer_hash); anchor; anchor = trust_next(anchor, leaf.issuer_hash))
		if (ask(&asks, &anchor->cert, &stapled))
			return stapled;
	return stapled;
}

const char *stapled_word(enum stapled_kind kind)
{
	static const char *const words[] = { "not_asked", "none", "unknown", "good", "revoked" };

	return words[kind];
}
