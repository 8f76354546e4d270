/* ocsp_answer.h - the other side of OCSP: reads requests and makes responses, signed by the issuer itself (rfc6960:4).
 *
 * Pure: which certificates are revoked is the caller's to know, one question at a time. Requests need no signature; one that has it is
 * read without looking at it. A nonce of 1 to 128 octets is repeated (rfc9654:2.1).
 */
#ifndef X509_OCSP_ANSWER_H
#define X509_OCSP_ANSWER_H

#include "x509/ocsp.h"

#define OCSP_REQUEST_MAX 8192
#define OCSP_REQUEST_IDS_MAX 16
#define OCSP_ANSWER_DER_MAX (CERT_DER_MAX + 8192) /* a buffer of this size always suffices */

struct ocsp_id {
	struct bj_bytes whole; /* CertID, with tag and length */
	struct bj_bytes serial;
	bool is_ours;          /* both hashes are those of the issuer */
};

struct ocsp_request {
	struct ocsp_id ids[OCSP_REQUEST_IDS_MAX];
	size_t id_count;
	struct bj_bytes nonce; /* content; empty: none */
};

/* What is said of one certificate. */
struct ocsp_word {
	struct ocsp_id id;
	enum ocsp_status status;
	int64_t date;           /* if revoked */
	enum crl_reason reason; /* if revoked */
};

enum ocsp_refusal { /* rfc6960:4.2.1 */
	OCSP_MALFORMED_REQUEST = 1,
	OCSP_INTERNAL_ERROR = 2,
	OCSP_TRY_LATER = 3,
};

/* Views into the request. BJ_ERR_OCSP for anything that is not a request in good form. */
enum bj_err ocsp_request_read(struct bj_bytes der, const struct cert *issuer, struct ocsp_request *out) BJ_MUST_USE;
/* The identifier of a certificate without a request: SHA-1, which is what everybody asks with. `buf` holds it. */
#define OCSP_ID_MAX 128
enum bj_err ocsp_id_make(const struct cert *cert, const struct cert *issuer, uint8_t buf[OCSP_ID_MAX], struct ocsp_id *out) BJ_MUST_USE;

struct ocsp_answering {
	const struct cert *issuer;
	const struct pkey *issuer_key;
	const struct ocsp_word *words;
	size_t word_count;
	struct bj_bytes nonce; /* empty: none */
	int64_t this_update, next_update;
};

/* BJ_ERR_ARGUMENT, BJ_ERR_KEY_MISMATCH, BJ_ERR_SPACE, BJ_ERR_CRYPTO. */
enum bj_err ocsp_answer(const struct ocsp_answering *in, uint8_t *out, size_t cap, size_t *out_len) BJ_MUST_USE;
/* A response without an answer; five octets. */
size_t ocsp_refuse(enum ocsp_refusal why, uint8_t out[5]);

#endif
