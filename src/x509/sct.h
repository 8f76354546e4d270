/* sct.h - signed certificate timestamps (rfc6962:3): reads them, and says whether a log signed them.
 *
 * A log promises by a timestamp to show a certificate to everybody. Those that stand in a certificate (rfc6962:3.3) were given for what it
 * was before they stood in it; those of a handshake for the certificate as it is. Views are into what was given. Leaves out: OCSP as a
 * road, proofs of inclusion, and how many timestamps of whom are enough.
 *
 * Implements   rfc6962:3.2 rfc6962:3.3
 */
#ifndef X509_SCT_H
#define X509_SCT_H

#include "x509/cert.h"

#define SCT_LOG_ID_LEN 32

struct sct {
	uint8_t version;           /* 0 is version 1; of others nothing more is known, and nothing below is set */
	struct bj_bytes log_id;    /* SHA-256 of the log's SubjectPublicKeyInfo */
	uint64_t timestamp_ms;     /* since 1970 */
	struct bj_bytes extensions;
	uint8_t hash, signer;      /* rfc5246:7.4.1.4.1 */
	struct bj_bytes signature;
};

/* What a certificate holds: a reader for sct_next(), empty if there are none, bad if they are malformed. */
struct reader sct_of_cert(const struct cert *cert);
/* A SignedCertificateTimestampList with its length, as handshakes have it; bad if it is no list. */
struct reader sct_of_list(struct bj_bytes list);

/* The next one, while rd_more(). BJ_ERR_DECODE: it is malformed, and `list` is bad. */
enum bj_err sct_next(struct reader *list, struct sct *out) BJ_MUST_USE;

/* Whether the log with this key gave the timestamp for `cert`. `issuer` is the certificate that signed it, for those that stand in it, and
 * null for those of a handshake. BJ_ERR_ARGUMENT: `log` (a SubjectPublicKeyInfo) is not the one of the timestamp; BJ_ERR_BAD_SIGNATURE;
 * BJ_ERR_UNSUPPORTED: its version or its algorithm is none of ours; BJ_ERR_CERT_KEY, BJ_ERR_NO_MEMORY. */
enum bj_err sct_verify(const struct sct *sct, const struct cert *cert, const struct cert *issuer, struct bj_bytes log) BJ_MUST_USE;

#endif
