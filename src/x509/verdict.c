/* verdict.c - verdicts in words, the same for every program that shows them: which certificate, which rule, what was found, what would
 * fix it. */
#include <bojagi/x509.h>

#include "x509/text.h"

static const struct { enum bj_err err; const char *fix; } fixes[] = {
	{ BJ_ERR_CERT_DER, "have the certificate made again by other software" },
	{ BJ_ERR_CERT_VERSION, "have the certificate made again as version 3" },
	{ BJ_ERR_CERT_SERIAL, "have the certificate made again with a positive serial number of at most 20 octets" },
	{ BJ_ERR_CERT_ALGORITHM_MISMATCH, "have the certificate made again; somebody may have changed it" },
	{ BJ_ERR_CERT_ALGORITHM, "have the certificate made again, signed with SHA-256 or better" },
	{ BJ_ERR_CERT_KEY, "use a key of RSA with at least 2048 bits, P-256, P-384, P-521 or Ed25519" },
	{ BJ_ERR_CERT_EXTENSION, "have the certificate made again by other software" },
	{ BJ_ERR_CERT_CRITICAL, "have the certificate made again without this extension, or with it not critical" },
	{ BJ_ERR_CERT_TIME, "have the certificate made again with dates in the form that the RFC wants" },
	{ BJ_ERR_CERT_NAME_FORM, "have the certificate made again with well-formed names" },
	{ BJ_ERR_CERT_UNKNOWN_CA, "add the CA's root to the trust anchors, or have the peer send its intermediate certificates" },
	{ BJ_ERR_CERT_SELF_SIGNED, "add this very certificate to the trust anchors, or have a CA issue one" },
	{ BJ_ERR_CERT_EXPIRED, "renew the certificate, and look at the clock of this machine" },
	{ BJ_ERR_CERT_NOT_YET_VALID, "look at the clock of this machine, or wait" },
	{ BJ_ERR_CERT_SIGNATURE, "have the certificate issued again; what was sent is not what the CA signed" },
	{ BJ_ERR_CERT_NOT_CA, "have it issued by a CA: basicConstraints with CA:TRUE" },
	{ BJ_ERR_CERT_PATH_LENGTH, "have a CA with a larger path length issue it, or fewer CAs in a row" },
	{ BJ_ERR_CERT_KEY_USAGE, "have the certificate made again with the key usage that its purpose needs" },
	{ BJ_ERR_CERT_PURPOSE, "use a certificate for this purpose: serverAuth for servers, clientAuth for clients" },
	{ BJ_ERR_CERT_NAME_CONSTRAINT, "use a name that the CA may sign, or a CA that may sign it" },
	{ BJ_ERR_CERT_NAME, "ask for one of the names in the certificate, or have this one added to its alternative names" },
	{ BJ_ERR_CERT_BUDGET, "have the peer send a simpler chain" },
	{ BJ_ERR_CERT_CHAIN_TOO_LONG, "have the peer send only the certificates between its own and the root" },
	{ BJ_ERR_CERT_REVOKED, "use another certificate; this one was taken back" },
	{ BJ_ERR_CERT_NO_NAMES, "have the certificate made again with subject alternative names; the common name does not count" },
	{ BJ_ERR_CERT_CA_AS_LEAF, "have the CA issue a certificate for the peer" },
	{ BJ_ERR_CERT_AKI, "have the certificate made again with the key identifiers of its CA" },
	{ BJ_ERR_CERT_POLICY, "use a chain whose certificates all hold one of the policies that are asked for" },
	{ BJ_ERR_CERT_REVOCATION_UNKNOWN, "give a fresh revocation list, or have the peer staple an OCSP response" },
	{ BJ_ERR_CRL, "fetch the list again; it is damaged" },
	{ BJ_ERR_OCSP, "have the peer fetch a new OCSP response from its CA" },
	{ BJ_ERR_CERT_STAPLE_MISSING, "have the peer staple an OCSP response, which its certificate demands" },
	{ BJ_ERR_CERT_REFUSED, "look into the log of the program that refused it" },
	{ BJ_ERR_KEY_UNEXPECTED, "name the peer's key among those that are expected, if it is its new one" },
	{ BJ_ERR_CERT_PIN, "pin the peer's new key, if it changed it on purpose" },
	{ BJ_ERR_CONFIG_BAD_NAME, "ask for a DNS name or an address" },
};

BJ_API const char *bj_verdict_fix(const struct bj_verdict *verdict)
{
	for (size_t i = 0; i < ARRAY_COUNT(fixes); i++)
		if (fixes[i].err == verdict->err)
			return fixes[i].fix;
	return "";
}

static void say_subject(struct text *t, const struct bj_verdict *v)
{
	if (v->index < 0 || !v->subject[0])
		return;
	text_str(t, "certificate ");
	text_number(t, (uint64_t)v->index + 1);
	text_str(t, " (");
	text_str(t, v->subject);
	text_str(t, "): ");
}

BJ_API size_t bj_verdict_text(const struct bj_verdict *verdict, char *out, size_t cap)
{
	struct text t;

	if (cap == 0)
		return 0;
	t = text_make(out, cap);
	if (verdict->err == BJ_OK) {
		text_str(&t, "trusted");
		text_str(&t, verdict->anchor[0] ? " by " : "");
		text_str(&t, verdict->anchor);
		text_str(&t, verdict->note[0] ? "; " : "");
		text_str(&t, verdict->note);
		return t.len;
	}
	say_subject(&t, verdict);
	text_str(&t, bj_err_text(verdict->err));
	if (verdict->detail[0]) {
		text_str(&t, ": ");
		text_str(&t, verdict->detail);
	}
	if (verdict->rule && verdict->rule[0]) {
		text_str(&t, " [");
		text_str(&t, verdict->rule);
		text_char(&t, ']');
	}
	if (bj_verdict_fix(verdict)[0]) {
		text_str(&t, "; ");
		text_str(&t, bj_verdict_fix(verdict));
	}
	return t.len;
}
