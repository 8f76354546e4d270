/* signature_memory.h - which signatures were found right before, so that a chain that comes again costs no mathematics.
 *
 * What is remembered is one sentence: "this key made this signature over these bytes", as a keyed hash of all three and of the
 * algorithm. It says nothing about names, dates, purposes, trust or revocation; these are judged anew every time. Only what was right
 * is remembered. The table is bounded and old sentences are overwritten.
 *
 * Any number of threads may ask and add at once without a lock. The four words of a hash are written one by one, so a reader can
 * see a mixture of two; it takes it for a third hash, which it equals with a chance of about 2^-256 (docs/decisions/0022).
 */
#ifndef X509_SIGNATURE_MEMORY_H
#define X509_SIGNATURE_MEMORY_H

#include "crypto/pkey.h"

#define SIGNATURE_MEMORY_SETS 256 /* a power of two */
#define SIGNATURE_MEMORY_WAYS 4   /* places for one hash */
#define SIGNATURE_PRINT_WORDS 4

struct signature_memory;

struct signature_print {
	uint64_t words[SIGNATURE_PRINT_WORDS];
};

/* Null without memory or randomness; every function takes a null memory, which remembers nothing. */
struct signature_memory *signature_memory_new(void);
void signature_memory_free(struct signature_memory *memory);

/* `message_hash` is SHA-256 of what is signed, `spki` the signer's whole SubjectPublicKeyInfo. */
struct signature_print signature_print_of(const struct signature_memory *memory, const uint8_t message_hash[32], enum sig_alg alg,
					  struct bj_bytes signature, struct bj_bytes spki);
bool signature_memory_holds(const struct signature_memory *memory, const struct signature_print *print);
void signature_memory_add(struct signature_memory *memory, const struct signature_print *print);

#endif
