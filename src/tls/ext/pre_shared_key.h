/* pre_shared_key.h - identities of pre-shared keys and their binders (rfc9846:4.2.11). */
#ifndef TLS_EXT_PRE_SHARED_KEY_H
#define TLS_EXT_PRE_SHARED_KEY_H

#include "tls/ext/table.h"

#define PSK_BINDER_MIN 32
#define PSK_OFFER_MAX 64 /* identities in one ClientHello */

struct psk_offer { /* both lists in wire form, of the same count */
	struct bj_bytes identities;
	struct bj_bytes binders;
	size_t count;
};

struct psk_identity {
	struct bj_bytes identity;
	uint32_t obfuscated_age;
};

/* BJ_ERR_ILLEGAL_PARAMETER if there are not as many binders as identities. */
enum bj_err pre_shared_key_parse(struct bj_bytes body, struct psk_offer *out) BJ_MUST_USE;
void pre_shared_key_write(struct writer *w, const struct psk_offer *offer);
/* Entries, from readers over the two lists. False at the end. */
bool psk_identity_next(struct reader *identities, struct psk_identity *out);
bool psk_binder_next(struct reader *binders, struct bj_bytes *out);
void psk_identity_add(struct writer *identities, struct bj_bytes identity, uint32_t obfuscated_age);
/* How many bytes the binders take at the end of a ClientHello, with their length: what the truncated one leaves out. */
static inline size_t psk_binders_tail(const struct psk_offer *offer)
{
	return 2 + offer->binders.len;
}

enum bj_err pre_shared_key_parse_answer(struct bj_bytes body, uint16_t *out_index) BJ_MUST_USE;
void pre_shared_key_write_answer(struct writer *w, uint16_t index);

#endif
