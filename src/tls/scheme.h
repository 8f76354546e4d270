/* scheme.h - signature schemes: code point, algorithm, and which key may use it where.
 *
 * In 1.3 an ECDSA scheme names its curve; in 1.2 it names the hash only and any curve of ours may follow.
 * PKCS#1 signs handshakes in 1.2 and certificates in both, never handshakes of 1.3. rfc9846:4.2.3 rfc5246:7.4.1.4.1
 */
#ifndef TLS_SCHEME_H
#define TLS_SCHEME_H

#include "crypto/pkey.h"
#include "tls/version.h"
#include "x509/cert.h"

enum scheme_code {
	SCHEME_NONE = 0,
	SCHEME_RSA_PKCS1_SHA256 = 0x0401,
	SCHEME_RSA_PKCS1_SHA384 = 0x0501,
	SCHEME_RSA_PKCS1_SHA512 = 0x0601,
	SCHEME_ECDSA_P256_SHA256 = 0x0403,
	SCHEME_ECDSA_P384_SHA384 = 0x0503,
	SCHEME_ECDSA_P521_SHA512 = 0x0603,
	SCHEME_RSA_PSS_RSAE_SHA256 = 0x0804,
	SCHEME_RSA_PSS_RSAE_SHA384 = 0x0805,
	SCHEME_RSA_PSS_RSAE_SHA512 = 0x0806,
	SCHEME_ED25519 = 0x0807,
	SCHEME_RSA_PSS_PSS_SHA256 = 0x0809,
	SCHEME_RSA_PSS_PSS_SHA384 = 0x080a,
	SCHEME_RSA_PSS_PSS_SHA512 = 0x080b,
	SCHEME_MLDSA44 = 0x0904, /* draft-ietf-tls-mldsa; 1.3 only, in no profile */
	SCHEME_MLDSA65 = 0x0905,
	SCHEME_MLDSA87 = 0x0906,
};

#define SCHEME_COUNT 16

struct scheme {
	uint16_t code;
	uint8_t alg;   /* enum sig_alg */
	uint8_t key;   /* enum key_kind: the one kind that fits in 1.3 (and in certificates, curve aside) */
	bool in_13;    /* may sign a 1.3 handshake */
	bool in_12;    /* has a meaning in 1.2 */
	bool usual;    /* stands in the profiles; others are asked for by name */
	const char *name;
};

extern const struct scheme scheme_table[SCHEME_COUNT]; /* in the order that we prefer */

/* Null for a scheme that does not exist for us. */
const struct scheme *scheme_find(uint16_t code);
/* May a key of this kind make a handshake signature with this scheme in this version? */
bool scheme_fits(const struct scheme *scheme, enum key_kind kind, uint16_t version);
/* An RSA-PSS key may be bound to one algorithm by its certificate: is this scheme that one? rfc9846:4.2.3 rfc4055:3.1 */
bool scheme_allowed(const struct scheme *scheme, const struct cert *leaf);

#endif
