/* issuers.c - see issuers.h. */
#include "cli/issuers.h"

#include "x509/name.h"
#include "x509/trust.h"

bool issuers_find(const struct bj_trust *trust, const struct bj_bytes *chain, size_t count, const struct cert *leaf, issuer_fn *found, void *self)
{
	struct cert sent;

	for (size_t i = 1; i < count; i++)
		if (cert_parse(chain[i], &sent) == BJ_OK && name_equal(sent.subject, leaf->issuer) && found(self, &sent))
			return true;
	if (!trust)
		return false;
	for (const struct anchor *a = trust_first(trust, leaf->issuer_hash); a; a = trust_next(a, leaf->issuer_hash))
		if (name_equal(a->cert.subject, leaf->issuer) && found(self, &a->cert))
			return true;
	return false;
}
