/* ticket.h - tickets: sessions that the client keeps, sealed under keys that only this configuration has.
 *
 * A key is random, has a random name and is replaced when it is `rotate_s` old, or as far in the future, where the clock was set back;
 * `keep` older ones still open tickets, then they are wiped. The first is made when the set is, so there is never a ticket under no key.
 * Sealing is AES-256-GCM with a random nonce and the key's name as additional data.
 *
 * Threads: any number may seal and open at once without a lock: keys stand in slots whose words are atomics under a sequence number
 * that is odd while one thread (elected by compare-and-swap) writes the slot. A reader that meets a write tries again.
 */
#ifndef TLS_TICKET_H
#define TLS_TICKET_H

#include "crypto/aead.h"
#include "tls/session.h"

#define TICKET_NAME_LEN 16
#define TICKET_NONCE_LEN 12
#define TICKET_TAG_LEN 16
#define TICKET_OVERHEAD (TICKET_NAME_LEN + TICKET_NONCE_LEN + TICKET_TAG_LEN)
#define TICKET_LEN_MAX (SESSION_STATE_MAX + TICKET_OVERHEAD)

struct ticket_keys;

/* For who seals and opens several: the key that was used last, expanded. Zeroed it is none. */
struct ticket_use {
	struct aead aead;
	uint8_t name[TICKET_NAME_LEN];
};

void ticket_use_fini(struct ticket_use *use); /* wipes */

/* Null without memory or randomness. */
struct ticket_keys *ticket_keys_new(const struct bj_rng *rng, unsigned rotate_s, unsigned keep);
/* Wipes every key; takes null. */
void ticket_keys_free(struct ticket_keys *keys);

/* A ticket of at most TICKET_LEN_MAX bytes into `w`. */
enum bj_err ticket_seal(struct ticket_keys *keys, struct ticket_use *use, const struct bj_rng *rng, int64_t now_ms, const struct session *s,
			struct writer *w) BJ_MUST_USE;
/* The same of other bytes, for sets of their own. Opening needs room for all but the overhead. */
enum bj_err ticket_seal_bytes(struct ticket_keys *keys, struct ticket_use *use, const struct bj_rng *rng, int64_t now_ms, struct bj_bytes plain,
			      struct writer *w) BJ_MUST_USE;
enum bj_err ticket_open_bytes(struct ticket_keys *keys, struct ticket_use *use, int64_t now_ms, struct bj_bytes ticket, uint8_t *out, size_t cap,
			      size_t *out_len) BJ_MUST_USE;
/* BJ_ERR_BAD_TICKET if it is not ours, damaged or under a key that is gone. Age and binding are the caller's to check. */
enum bj_err ticket_open(struct ticket_keys *keys, struct ticket_use *use, int64_t now_ms, struct bj_bytes ticket, struct session *out) BJ_MUST_USE;

#endif
