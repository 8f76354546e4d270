/* made_chain.h - for tests: a root, an intermediate and an end entity, made on the spot. */
#ifndef X509_MADE_CHAIN_H
#define X509_MADE_CHAIN_H

#include "base/check.h"
#include "x509/issue.h"
#include "x509/trust.h"

#define MADE_NOW 1800000000
#define MADE_DER_MAX 4096

struct made_cert {
	struct pkey *key;
	struct cert cert;
	uint8_t der[MADE_DER_MAX];
};

/* What the DER says; `issuer` null: self-signed. The key stays if there is one. */
static inline void made_cert_issue(struct made_cert *made, struct issue in, const struct made_cert *issuer)
{
	size_t len;

	if (!made->key)
		check(pkey_generate(KEY_P256, 0, &made->key) == BJ_OK);
	if (in.not_after == 0) {
		in.not_before = MADE_NOW - 1000;
		in.not_after = MADE_NOW + 1000;
	}
	in.key = made->key;
	in.issuer = issuer ? &issuer->cert : NULL;
	in.issuer_key = issuer ? issuer->key : NULL;
	check(issue_cert(&in, made->der, sizeof(made->der), &len) == BJ_OK);
	check(cert_parse(bytes_of(made->der, len), &made->cert) == BJ_OK);
}

static inline void made_cert_free(struct made_cert *made)
{
	pkey_free(made->key);
	made->key = NULL;
}

#endif
