/* algorithm.h - AlgorithmIdentifier and SubjectPublicKeyInfo, octet for octet (rfc3279:2, rfc4055, rfc5480, rfc8410).
 *
 * A signature's identifier is compared whole: the parameters have one spelling, but for the
 * NULL of RSA-PSS hashes, which may be missing (rfc4055:2.1). RSA-PSS is known with MGF1 of the same hash
 * and a salt of the hash's length only. Keys: RSA, RSA-PSS, the named curves P-256, P-384 and P-521 with uncompressed
 * points, Ed25519; explicit curve parameters have no spelling here.
 */
#ifndef X509_ALGORITHM_H
#define X509_ALGORITHM_H

#include "crypto/pkey.h"

/* `whole` is an AlgorithmIdentifier with tag and length. False if it is unknown. `out_alg` is SIG_NONE for the ones that are known
 * but never accepted (MD5, SHA-1, SHA-224). */
bool algorithm_signature(struct bj_bytes whole, enum sig_alg *out_alg);
/* The DER for it; empty for SIG_NONE. */
struct bj_bytes algorithm_der(enum sig_alg alg);
/* Such as "ecdsa-with-SHA256"; never null. */
const char *algorithm_name(enum sig_alg alg);

/* `whole` is a SubjectPublicKeyInfo with tag and length. `out_only` gets the one algorithm that a RSA-PSS key is bound to.
 * BJ_ERR_CERT_DER, or BJ_ERR_CERT_KEY for a key of an unknown kind or in an impossible form. */
enum bj_err algorithm_spki(struct bj_bytes whole, struct pubkey *out, enum sig_alg *out_only) BJ_MUST_USE;
/* The same key of the same kind. */
bool algorithm_same_key(const struct pubkey *a, const struct pubkey *b);
/* The octets of the subjectPublicKey BIT STRING, over which key identifiers are made; empty if it is malformed. */
struct bj_bytes algorithm_spki_bits(struct bj_bytes whole);

#endif
