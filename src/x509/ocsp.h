/* ocsp.h - OCSP responses, stapled or given, judged (rfc6960, rfc9654).
 *
 * Pure: time, nonce and both certificates are arguments; nothing is fetched and nothing allocated. Only a basic response that says
 * "successful" is read. It is believed if the certificate's issuer signed it, or somebody whom that issuer, with the same key, certified
 * for OCSPSigning, whose certificate comes inside. The serial number and both hashes of the identifier must fit.
 */
#ifndef X509_OCSP_H
#define X509_OCSP_H

#include "x509/cert.h"
#include "x509/crl.h"
#include "x509/signature_memory.h"

#define OCSP_DER_MAX (64 * 1024)
#define OCSP_ANSWERS_MAX 256   /* certificates that one response may speak of */
#define OCSP_SIGNERS_MAX 4     /* certificates inside that are tried */
#define OCSP_EXTENSION_MAX 16
#define OCSP_AGE_MAX (10 * 86400) /* seconds for which an answer without nextUpdate is believed (cabf-br:4.9.10) */

struct ocsp_response {
	struct bj_bytes tbs; /* ResponseData, with its tag and length */
	struct bj_bytes signature;
	enum sig_alg sig_alg;
	struct bj_bytes by_name; /* who answered: a whole Name */
	struct bj_bytes by_key;  /* or SHA-1 of the key */
	int64_t produced_at;
	struct bj_bytes nonce; /* content; empty: none */
	struct bj_bytes answers; /* content of responses */
	struct bj_bytes certs;   /* content of certs; may be empty */
};

enum ocsp_status {
	OCSP_UNKNOWN = 0, /* nothing that can be believed was said */
	OCSP_GOOD,
	OCSP_REVOKED,
};

struct ocsp_asks {
	struct bj_bytes response; /* DER */
	const struct cert *cert;
	const struct cert *issuer;
	int64_t now;
	bool check_time;
	struct bj_bytes nonce;           /* what was sent; empty: none, and none is wanted */
	struct signature_memory *memory; /* may be null */
};

struct ocsp_answer {
	enum ocsp_status status;
	int64_t this_update;
	int64_t next_update; /* TIME_NONE if there is none */
	int64_t date;        /* if revoked */
	enum crl_reason reason;
	const char *why;     /* if unknown: what was found, for people; static; never null */
};

/* BJ_ERR_OCSP for anything that is not a successful basic response in good form. */
enum bj_err ocsp_parse(struct bj_bytes der, struct ocsp_response *out) BJ_MUST_USE;

/* One after the other of the answers in a response that was parsed; begin with rd_of(response.answers), go on while rd_more(). Nothing is
 * judged: the hashes that say who issued the certificate are passed over. */
struct bj_bytes ocsp_next_answer(struct reader *answers, struct ocsp_answer *out);

/* Is there an answer about this serial number? Nothing else is judged: for who has no issuer at hand. */
bool ocsp_mentions(struct bj_bytes der, struct bj_bytes serial, struct ocsp_answer *out);

/* BJ_OK with `out` filled in, also when the answer is "unknown" or out of date; BJ_ERR_OCSP if the response is malformed, has another
 * nonce or is not signed by whom it must be: then the status is OCSP_UNKNOWN. */
enum bj_err ocsp_check(const struct ocsp_asks *asks, struct ocsp_answer *out) BJ_MUST_USE;

#endif
