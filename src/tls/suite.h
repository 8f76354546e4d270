/* suite.h - the cipher suites that exist for us: AEAD and, in 1.2, ephemeral ECDH only.
 *
 * Implements   rfc9846:B.4 rfc5289:3.2 rfc7905:2
 * Leaves out   CBC, CCM, static key exchange: never negotiated
 */
#ifndef TLS_SUITE_H
#define TLS_SUITE_H

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/pkey.h"
#include "tls/version.h"

#define SUITE_COUNT 9
/* Signals that stand in the list of suites but are none (rfc5746:3.3 rfc7507:3). */
#define SUITE_SCSV_RENEGOTIATION 0x00ff
#define SUITE_SCSV_FALLBACK 0x5600

enum suite_auth {
	SUITE_AUTH_ANY = 0, /* 1.3: the signature scheme says it */
	SUITE_AUTH_ECDSA,   /* also Ed25519 (rfc8422:5.3) */
	SUITE_AUTH_RSA,
};

struct suite {
	uint16_t code;
	uint16_t version; /* the only one in which it stands */
	uint8_t aead;     /* enum aead_alg */
	uint8_t hash;     /* enum hash_alg: of the key schedule or the PRF */
	uint8_t auth;     /* enum suite_auth */
	const char *name;
};

/* In the order that we prefer. */
extern const struct suite suite_table[SUITE_COUNT];

/* Null for a suite that does not exist for us. */
const struct suite *suite_find(uint16_t code);
/* May a key of this kind sign for this suite? Always in 1.3. */
bool suite_fits_key(const struct suite *suite, enum key_kind kind);

#endif
