/* issue.h - makes certificates: a local CA, its servers and its clients (rfc5280:4).
 *
 * What is made here passes path.h's strict profile: key identifiers in all, critical where the RFC wants it, a random
 * serial number of 127 bits, names constrained where they are asked to be. Signature by the issuer's key: ECDSA with the
 * hash that fits the curve, RSA PKCS#1 with SHA-256, RSA-PSS with SHA-256, or Ed25519. Pure: time and randomness are
 * arguments, the DER goes into a buffer of the caller's.
 */
#ifndef X509_ISSUE_H
#define X509_ISSUE_H

#include "crypto/pkey.h"
#include "x509/cert.h"

#define ISSUE_NAMES_MAX 100     /* names in one certificate */
#define ISSUE_DER_MAX CERT_DER_MAX /* a buffer of this size always suffices */

enum issue_kind {
	ISSUE_CA = 1,
	ISSUE_SERVER,
	ISSUE_CLIENT,
};

struct issue {
	enum issue_kind kind;
	const char *common_name;  /* UTF-8, at most 64 bytes; null: none (then there must be names, and these are critical) */
	const char *organization; /* UTF-8, at most 64 bytes; null: none */
	/* Alternative names as text: DNS names (also "*.example.com"), IP addresses, e-mail addresses, URIs with "://". */
	const char *const *names;
	size_t name_count;
	int64_t not_before; /* seconds since 1970, both inclusive */
	int64_t not_after;
	/* The subject's key: only its public half is used. */
	const struct pkey *key;
	/* Who signs. A null `issuer` makes a self-signed certificate; then `issuer_key` is null or `key`. */
	const struct cert *issuer;
	const struct pkey *issuer_key;
	const struct bj_rng *rng; /* null: the operating system's */
	/* CA only: the names that it may certify: DNS names (and all below them), IP networks ("127.0.0.0/8", "::1") and mail
	 * domains ("@example.com"). With at least one, every DNS name and IP address not permitted is forbidden. */
	const char *const *permitted;
	size_t permitted_count;
	bool must_staple;  /* end entities: TLS feature status_request (rfc7633) */
	bool delegates;    /* end entities: DelegationUsage (rfc9345:4.2) */
	bool has_path_len; /* CA only: how many CAs may stand below it */
	uint32_t path_len;
};

/* `out` takes the DER. BJ_ERR_ARGUMENT: a name is not one, a text is too long, no name at all, dates in the wrong order, or the
 * issuer is no CA; BJ_ERR_KEY_MISMATCH: the issuer's key is not that of its certificate; BJ_ERR_SPACE, BJ_ERR_RANDOM,
 * BJ_ERR_CRYPTO. */
enum bj_err issue_cert(const struct issue *in, uint8_t *out, size_t cap, size_t *out_len) BJ_MUST_USE;

#endif
