/* trust.h - the inside of struct bj_trust: anchors by the hash of their subject (rfc5280:6.1.1 d).
 *
 * Built by one thread, then only read. Each anchor owns a copy of its DER. The same certificate is held once.
 */
#ifndef X509_TRUST_H
#define X509_TRUST_H

#include "x509/cert.h"
#include <bojagi/x509.h>

#define TRUST_ANCHORS_MAX 100000

struct signature_memory;

struct anchor {
	struct cert cert;
	struct anchor *next; /* in its bucket */
};

/* The first anchor whose subject has this hash, and the next one after `anchor`; null at the end. Names still have to be compared. */
const struct anchor *trust_first(const struct bj_trust *trust, uint32_t subject_hash);
const struct anchor *trust_next(const struct anchor *anchor, uint32_t subject_hash);
/* Every anchor, in no order in particular: begin with null; null at the end. */
const struct anchor *trust_each(const struct bj_trust *trust, const struct anchor *before);
/* What was found right in paths to these anchors; may be null. */
struct signature_memory *trust_memory(const struct bj_trust *trust);
/* The lists to look into, null if none, and what to make of them. */
const struct bj_crls *trust_crls(const struct bj_trust *trust, enum bj_revocation *out_policy);
/* A digest of all that a verdict depends on besides the chain: the anchors, the lists and what is made of them. Orders do not matter.
 * Walks over everything: for when a configuration is made. */
void trust_print(const struct bj_trust *trust, uint8_t out[32]);
/* "sha256//BASE64", "pin-sha256=BASE64", either without its beginning, or 64 hexadecimal digits. BJ_ERR_SYNTAX. */
enum bj_err trust_pin_parse(const char *text, uint8_t out[32]) BJ_MUST_USE;
/* Are there pins at all, and is the key of this certificate among them? */
bool trust_has_pins(const struct bj_trust *trust);
bool trust_is_pinned(const struct bj_trust *trust, const struct cert *cert);
/* Is exactly this certificate an anchor? */
bool trust_holds(const struct bj_trust *trust, const struct cert *cert);

#endif
