/* show.h - what people and logs want to know of a certificate.
 *
 * The fields go into a struct of fixed size, safe for terminals and header lines (text_safe()); the long text names every
 * field. Nothing here judges.
 */
#ifndef X509_SHOW_H
#define X509_SHOW_H

#include "x509/cert.h"
#include "x509/sct.h"
#include "x509/text.h"

#define SHOW_NAME_MAX 256
#define SHOW_TEXT_MAX (32 * 1024) /* a buffer of this size holds the long text of nearly every certificate */

struct show_fields {
	char subject[SHOW_NAME_MAX];     /* "CN=example,O=Acme"; may be empty */
	char subject_cn[SHOW_NAME_MAX];  /* empty if there is none */
	char issuer[SHOW_NAME_MAX];
	char not_before[24];             /* "2026-11-20 23:51:16 UTC" */
	char not_after[24];
	char serial[2 * 20 + 1];         /* hexadecimal, lower case, no separators */
	char sha256[2 * 32 + 1];         /* of the DER, likewise */
	char pin[45];                    /* SHA-256 of the SubjectPublicKeyInfo in Base64, as pins are written (rfc7469:2.4) */
	char key[24];                    /* "ECDSA P-256", "RSA 2048", "Ed25519" */
	const char *signature;           /* "ecdsa-with-SHA256"; static */
};

void show_fields(const struct cert *cert, struct show_fields *out);
/* Alternative names, "DNS:a.example,IP:192.0.2.1", as many as fit. */
void show_names(const struct cert *cert, struct text *out);
/* The long text, several lines. */
void show_cert(const struct cert *cert, struct text *out);
/* The same of a signing request (x509/request.h). */
void show_request(const struct cert *request, struct text *out);
/* What a certificate says in lists. */
enum show_list {
	SHOW_KEY_USAGE, /* "digitalSignature" */
	SHOW_PURPOSES,  /* "serverAuth" */
	SHOW_PERMITTED, /* "DNS:example.com", "IP:192.0.2.0/255.255.255.0" */
	SHOW_EXCLUDED,
	SHOW_OCSP,      /* URIs: where it can be asked whether it is revoked, */
	SHOW_ISSUERS,   /* where its issuer's certificate is, */
	SHOW_CRLS,      /* and where lists are */
	SHOW_POLICIES,  /* dotted object identifiers */
};
#define SHOW_FACT_MAX 4096 /* of one; what is longer is cut */
typedef void show_fact_fn(void *self, const char *fact);
/* Each of them, safe for terminals. */
void show_each(const struct cert *cert, enum show_list what, show_fact_fn *each, void *self);
/* "2026-11-20 23:51:16 UTC, log BASE64". */
void show_sct(const struct sct *sct, struct text *out);

#endif
