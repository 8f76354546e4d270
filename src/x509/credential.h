/* credential.h - the inside of struct bj_credential: what the TLS engine needs of it.
 *
 * Frozen once made; shared between threads by its count of references. The views live as long as the credential.
 */
#ifndef X509_CREDENTIAL_H
#define X509_CREDENTIAL_H

#include "crypto/pkey.h"
#include "x509/cert.h"
#include <bojagi/x509.h>

#define CREDENTIAL_CHAIN_MAX 10 /* certificates in a chain */

/* Takes a reference of `key` and copies the DERs. The end entity comes first; each is issued by the next: names, key identifiers
 * and signatures are checked. BJ_ERR_CHAIN_ORDER, BJ_ERR_KEY_MISMATCH, BJ_ERR_CERT_*, BJ_ERR_LIMIT, BJ_ERR_NO_MEMORY. */
enum bj_err credential_make(const struct bj_bytes *chain, size_t count, struct pkey *key, struct bj_credential **out) BJ_MUST_USE;

/* A bare key, without a certificate (rfc7250). Takes a reference of `key`. BJ_ERR_CRYPTO, BJ_ERR_CERT_KEY, BJ_ERR_NO_MEMORY. */
enum bj_err credential_make_bare(struct pkey *key, struct bj_credential **out) BJ_MUST_USE;

/* A chain as above, and in the place of its key one that a delegated credential hands on (rfc9345): `spki` is the public half that stands
 * in `delegation`, which is copied and otherwise the caller's to judge. BJ_ERR_KEY_MISMATCH. */
enum bj_err credential_make_delegated(const struct bj_bytes *chain, size_t count, struct pkey *key, struct bj_bytes delegation,
				      struct bj_bytes spki, struct bj_credential **out) BJ_MUST_USE;
/* The same from PEM texts. */
enum bj_err credential_delegated_from_pem(const void *chain, size_t chain_len, const void *key, size_t key_len, struct bj_bytes delegation,
					  struct bj_bytes spki, struct bj_credential **out) BJ_MUST_USE;
/* Empty for others. */
struct bj_bytes credential_delegation(const struct bj_credential *credential);

/* Of a bare key only the fields that cert_of_key() sets. */
/* bj_credential_from() with a key that is not in the source: `held` (a reference is taken) may be null. `why` may be null. */
enum bj_err credential_load(const struct bj_credential_source *source, struct pkey *held, struct bj_credential **out,
			    char why[BJ_WHY_MAX]) BJ_MUST_USE;

/* By name, key identifiers and signature. */
bool credential_issued_by(const struct cert *cert, const struct cert *issuer);

const struct cert *credential_leaf(const struct bj_credential *credential);
const struct pkey *credential_key(const struct bj_credential *credential);
bool credential_is_bare(const struct bj_credential *credential);
/* What servers staple to the chain; empty if nothing. */
struct bj_bytes credential_ocsp(const struct bj_credential *credential);
struct bj_bytes credential_scts(const struct bj_credential *credential);

#endif
