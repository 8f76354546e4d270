/* x509.h - trust anchors, credentials and verdicts.
 *
 * Nothing here reads a file or asks the clock by itself, but the calls that are named for it (bj_*_file, bj_*_system).
 * Trust and credentials are built by one thread, then shared: after they are given to a configuration they are never
 * changed, and each holder has a reference of its own.
 */
#ifndef BOJAGI_X509_H
#define BOJAGI_X509_H

#include <bojagi/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- trust anchors (rfc5280:6.1.1 d) */

struct bj_trust;

/* An empty set with one reference, or null without memory. */
BJ_API struct bj_trust *bj_trust_new(void);
BJ_API struct bj_trust *bj_trust_ref(struct bj_trust *trust);
/* Drops a reference; the last one frees. Takes null. */
BJ_API void bj_trust_free(struct bj_trust *trust);

/* Adds one anchor; the DER is copied. Errors: BJ_ERR_CERT_*, BJ_ERR_NO_MEMORY. */
BJ_API BJ_MUST_USE enum bj_err bj_trust_add_der(struct bj_trust *trust, const void *der, size_t len);
/* Adds every CERTIFICATE block of a PEM text. `out_count` (may be null) gets how many were added. A malformed block is an
 * error and leaves those before it added; BJ_ERR_PEM_NONE if there is no block. */
BJ_API BJ_MUST_USE enum bj_err bj_trust_add_pem(struct bj_trust *trust, const void *text, size_t len, size_t *out_count);
/* The same from a file of at most 16 MiB: PEM, or DER of one certificate. */
BJ_API BJ_MUST_USE enum bj_err bj_trust_add_file(struct bj_trust *trust, const char *path, size_t *out_count);
/* The system's anchors: $SSL_CERT_FILE, $SSL_CERT_DIR, else the places of Debian and Fedora. Anchors that this library does not
 * accept are skipped. BJ_ERR_FILE_OPEN if there are none. */
BJ_API BJ_MUST_USE enum bj_err bj_trust_add_system(struct bj_trust *trust, size_t *out_count);
BJ_API size_t bj_trust_count(const struct bj_trust *trust);

/* Pins: from the first one on, a chain is only good if the key of one of its certificates, the anchor's included, is pinned; else
 * BJ_ERR_CERT_PIN. A pin is the SHA-256 (32 bytes) of a SubjectPublicKeyInfo; as text "sha256//BASE64", "pin-sha256=BASE64" or 64
 * hexadecimal digits. Pin the key of a CA or a spare one, too: who pins one key alone cannot replace it. Before other threads use `trust`.
 * BJ_ERR_SYNTAX, BJ_ERR_LIMIT above BJ_PINS_MAX. */
#define BJ_PINS_MAX 32
BJ_API BJ_MUST_USE enum bj_err bj_trust_pin(struct bj_trust *trust, const void *sha256);
BJ_API BJ_MUST_USE enum bj_err bj_trust_pin_text(struct bj_trust *trust, const char *text);

/* ---- revocation lists */

/* A set of certificate revocation lists (CRLs), also deltas and indirect ones. Filled by one thread, then only read. */
struct bj_crls;

/* An empty set with one reference, or null without memory. */
BJ_API struct bj_crls *bj_crls_new(void);
BJ_API struct bj_crls *bj_crls_ref(struct bj_crls *crls);
BJ_API void bj_crls_free(struct bj_crls *crls);
/* Adds one list of less than 16 MiB; the DER is copied. Whether it is fresh and rightly signed is judged where it is used.
 * Errors: BJ_ERR_CRL, BJ_ERR_CERT_ALGORITHM, BJ_ERR_CERT_ALGORITHM_MISMATCH, BJ_ERR_LIMIT, BJ_ERR_NO_MEMORY. */
BJ_API BJ_MUST_USE enum bj_err bj_crls_add_der(struct bj_crls *crls, const void *der, size_t len);
/* Adds every X509 CRL block of a PEM text, as bj_trust_add_pem() does. */
BJ_API BJ_MUST_USE enum bj_err bj_crls_add_pem(struct bj_crls *crls, const void *text, size_t len, size_t *out_count);
/* The same from a file of at most 16 MiB: PEM, or DER of one list. */
BJ_API BJ_MUST_USE enum bj_err bj_crls_add_file(struct bj_crls *crls, const char *path, size_t *out_count);
BJ_API size_t bj_crls_count(const struct bj_crls *crls);

enum bj_revocation {
	BJ_REVOCATION_OFF = 0,    /* nobody looks */
	BJ_REVOCATION_IF_PRESENT, /* what is revoked is refused; what is not known is let through, with a note in the verdict */
	BJ_REVOCATION_REQUIRED,   /* every certificate below the anchor must be known not to be revoked */
};

/* Chains that end in this set of anchors are looked up in these lists from now on, and by this policy: it is that of OCSP responses that
 * were stapled, too, and of certificates that demand one (rfc7633). Takes a reference; null: no lists. Call it before other threads
 * use `trust`. */
BJ_API void bj_trust_use_crls(struct bj_trust *trust, struct bj_crls *crls, enum bj_revocation policy);

/* ---- credentials: a chain and the key of its first certificate */

struct bj_credential;

/* Chain and key from PEM texts; `key` may be null when the chain's text holds it too. The first certificate is the end entity's,
 * each next one issued the one before (BJ_ERR_CHAIN_ORDER if not). Everything is copied; key texts can be wiped afterwards.
 * Errors: BJ_ERR_PEM, BJ_ERR_PEM_NONE, BJ_ERR_KEY_*, BJ_ERR_CERT_*, BJ_ERR_NO_MEMORY. */
BJ_API BJ_MUST_USE enum bj_err bj_credential_from_pem(const void *chain, size_t chain_len, const void *key, size_t key_len,
						      struct bj_credential **out);
/* The same from files; `key_path` may be null. */
BJ_API BJ_MUST_USE enum bj_err bj_credential_from_files(const char *chain_path, const char *key_path,
							struct bj_credential **out);
/* A bare key, for peers that take raw public keys (rfc7250): a private key in PEM or DER, not encrypted. It has no chain and nothing to staple. */
BJ_API BJ_MUST_USE enum bj_err bj_credential_from_key(const void *key, size_t key_len, struct bj_credential **out);
/* DER of the SubjectPublicKeyInfo; the view lives as long as the credential. */
BJ_API struct bj_bytes bj_credential_public_key(const struct bj_credential *credential);

/* A credential out of whatever people have: what it is made of is seen from the bytes. Everything is copied. */
struct bj_credential_source {
	struct bj_bytes chain;      /* PEM (the key may be in it), DER of one certificate, or PKCS#12 (with its key, in any order) */
	struct bj_bytes key;        /* PEM or DER of PKCS#8, SEC1 or PKCS#1; a null pointer: in `chain` */
	struct bj_bytes passphrase; /* of an encrypted PKCS#8 key or of PKCS#12; a null pointer: there is none */
};

#define BJ_WHY_MAX 256
/* `why` (may be null) gets what was found, for people, where more can be said than the code says; else it is empty. Errors besides those
 * of bj_credential_from_pem(): BJ_ERR_KEY_ENCRYPTED where a passphrase is needed, BJ_ERR_KEY_PASSPHRASE, BJ_ERR_KEY_ENCRYPTION (RC2
 * and other algorithms of the past), BJ_ERR_PKCS12, BJ_ERR_FILE_KIND. */
BJ_API BJ_MUST_USE enum bj_err bj_credential_from(const struct bj_credential_source *source, struct bj_credential **out,
						  char why[BJ_WHY_MAX]);
/* The same from files. `key_path` may be null, or a URI of PKCS#11 ("pkcs11:...", rfc7512; through libcrypto's provider of that name:
 * BJ_ERR_UNSUPPORTED if it is not installed). `passphrase` is null or where it is: "file:PATH" (its first line), "env:NAME" or
 * "pass:TEXT". Nobody is asked. */
BJ_API BJ_MUST_USE enum bj_err bj_credential_open(const char *chain_path, const char *key_path, const char *passphrase,
						  struct bj_credential **out, char why[BJ_WHY_MAX]);
BJ_API struct bj_credential *bj_credential_ref(struct bj_credential *credential);
BJ_API void bj_credential_free(struct bj_credential *credential);
BJ_API size_t bj_credential_chain_count(const struct bj_credential *credential);
/* DER of the certificate at `index`; the view lives as long as the credential. Empty past the end. */
BJ_API struct bj_bytes bj_credential_chain(const struct bj_credential *credential, size_t index);

/* What a server sends with the chain to clients that ask: an OCSP response (DER, rfc6960), and a SignedCertificateTimestampList with
 * its length (rfc6962:3.3). Copied; a length of 0 takes it away. Before the credential is given to a configuration, or answers a
 * question, for the first time. Nothing in it is judged here. BJ_ERR_ARGUMENT above BJ_STAPLE_MAX bytes, BJ_ERR_NO_MEMORY. */
#define BJ_STAPLE_MAX 16384
BJ_API BJ_MUST_USE enum bj_err bj_credential_staple_ocsp(struct bj_credential *credential, const void *response, size_t len);
BJ_API BJ_MUST_USE enum bj_err bj_credential_staple_scts(struct bj_credential *credential, const void *list, size_t len);

/* ---- verdicts */

#define BJ_VERDICT_DETAIL_MAX 160
#define BJ_VERDICT_SUBJECT_MAX 128

/* What was decided about a chain, and why. Starts as a failure. */
struct bj_verdict {
	enum bj_err err;
	int index;           /* which certificate: 0 the end entity, counted along the path; -1 none in particular */
	size_t path_len;     /* on success: certificates in the path, with the anchor */
	const char *rule;    /* the RFC section of the rule, such as "rfc5280:4.2.1.9"; static; never null */
	char subject[BJ_VERDICT_SUBJECT_MAX]; /* the subject of that certificate, for people; may be empty */
	char detail[BJ_VERDICT_DETAIL_MAX];   /* what was found, for people: "expired 12 days ago"; may be empty */
	char anchor[BJ_VERDICT_SUBJECT_MAX];  /* on success: the subject of the anchor */
	char note[BJ_VERDICT_DETAIL_MAX];     /* on success: what could not be found out, for people; mostly empty */
};

/* What would put an end to a failure, for people; static; "" for a verdict that is good. */
BJ_API const char *bj_verdict_fix(const struct bj_verdict *verdict);
/* All of it in one line: certificate, failure, finding, rule, fix; or who is trusted and the note. Ends in a zero byte, cut to fit (with
 * BJ_VERDICT_TEXT_MAX it always does). Returns the length. */
#define BJ_VERDICT_TEXT_MAX 768
BJ_API size_t bj_verdict_text(const struct bj_verdict *verdict, char *out, size_t cap);

/* Judges a chain of DER certificates as a TLS client judges its server. `name` is a DNS name or the text of an IP address; null
 * checks none. Returns verdict->err. */
BJ_API BJ_MUST_USE enum bj_err bj_verify_server(const struct bj_trust *trust, const struct bj_bytes *chain, size_t count,
						const char *name, int64_t now_ms, struct bj_verdict *verdict);
/* The same of a server that was asked for an OCSP response (bj_tls_config_stapling()): `staple` is what came, empty if nothing did. The
 * policy of the trust (bj_trust_use_crls()) says what is made of it: nothing with BJ_REVOCATION_OFF. */
BJ_API BJ_MUST_USE enum bj_err bj_verify_server_stapled(const struct bj_trust *trust, const struct bj_bytes *chain, size_t count,
							const char *name, int64_t now_ms, struct bj_bytes staple,
							struct bj_verdict *verdict);
/* As a TLS server judges its client. */
BJ_API BJ_MUST_USE enum bj_err bj_verify_client(const struct bj_trust *trust, const struct bj_bytes *chain, size_t count,
						int64_t now_ms, struct bj_verdict *verdict);

#ifdef __cplusplus
}
#endif

#endif
