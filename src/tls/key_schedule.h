/* key_schedule.h - the secrets of TLS 1.3, stage by stage (rfc9846:7).
 *
 *     early -> handshake -> master
 *
 * Each stage is a struct of its own, made only by consuming (and wiping) the one before. A stage holds its secret as a keyed
 * HMAC state, so that deriving costs no keying. Hashes of the transcript are arguments; so nothing here knows messages.
 * Every struct and every output here is a secret.
 */
#ifndef TLS_KEY_SCHEDULE_H
#define TLS_KEY_SCHEDULE_H

#include "base/secret.h"
#include "crypto/hmac.h"
#include "tls/record.h"

#define KS_LABEL_MAX 249 /* without "tls13 " */

struct ks_early {
	uint8_t alg;  /* enum hash_alg */
	bool has_psk; /* without one only the next stage may follow */
	struct hmac_key prk;
};

struct ks_handshake {
	struct hmac_key prk;
};

struct ks_master {
	struct hmac_key prk;
};

/* Where a pre-shared key comes from. rfc9846:7.1 rfc9258:5.2 */
enum ks_binder {
	KS_BINDER_RESUMPTION = 0,
	KS_BINDER_EXTERNAL,
	KS_BINDER_IMPORTED,
};

/* `psk` empty: none. */
void ks_early_init(struct ks_early *early, enum hash_alg alg, struct bj_bytes psk);
void ks_early_wipe(struct ks_early *early);
/* The key of a binder, ready to make it: the binder is ks_finished() over the truncated transcript. */
void ks_early_binder_key(const struct ks_early *early, enum ks_binder binder, struct secret *out_finished_key);
void ks_early_traffic(const struct ks_early *early, struct bj_bytes hello_hash, struct secret *out_client);
void ks_early_exporter(const struct ks_early *early, struct bj_bytes hello_hash, struct secret *out);

/* Consumes and wipes `early`. `shared`: the secret of the key exchange; empty where there was none (psk_ke). */
void ks_handshake_from(struct ks_handshake *hs, struct ks_early *early, struct bj_bytes shared);
void ks_handshake_wipe(struct ks_handshake *hs);
/* Over ClientHello..ServerHello. */
void ks_handshake_traffic(const struct ks_handshake *hs, struct bj_bytes hash, struct secret *out_client,
			  struct secret *out_server);

/* Consumes and wipes `hs`. */
void ks_master_from(struct ks_master *master, struct ks_handshake *hs);
/* Over ClientHello..server Finished. */
void ks_master_traffic(const struct ks_master *master, struct bj_bytes hash, struct secret *out_client,
		       struct secret *out_server);
void ks_master_exporter(const struct ks_master *master, struct bj_bytes hash, struct secret *out);
/* Over ClientHello..client Finished. */
void ks_master_resumption(const struct ks_master *master, struct bj_bytes hash, struct secret *out);

/* Record keys from a traffic secret; and, where `out_finished_key` is not null, the key of the Finished that this side
 * sends, so that the secret need not be kept for it. */
enum bj_err ks_traffic_keys(const struct suite *suite, const struct secret *traffic, struct record_keys *keys,
			    struct secret *out_finished_key) BJ_MUST_USE;
/* The Finished key alone, where the record keys are somebody else's. */
void ks_finished_key(enum hash_alg alg, const struct secret *traffic, struct secret *out);
/* verify_data or a binder: hash_len(alg) bytes, returned. rfc9846:4.4.4 */
size_t ks_finished(enum hash_alg alg, const struct secret *finished_key, struct bj_bytes hash, uint8_t out[HASH_MAX]);
/* The next application traffic secret, in place. rfc9846:7.2 */
void ks_update(enum hash_alg alg, struct secret *traffic);
/* The key that a ticket stands for: `resumption` is keyed with the resumption secret. rfc9846:4.6.1 */
void ks_ticket_key(const struct hmac_key *resumption, struct bj_bytes nonce, struct secret *out);
/* rfc9846:7.5; BJ_ERR_ARGUMENT if the label is too long or the length is. */
enum bj_err ks_export(enum hash_alg alg, const struct secret *exporter, struct bj_bytes label, struct bj_bytes context,
		      uint8_t *out, size_t len) BJ_MUST_USE;

/* HKDF-Expand-Label (rfc9846:7.1) for everything above; label without "tls13 ", context at most 255 bytes. */
void ks_expand_label(const struct hmac_key *prk, struct bj_bytes label, struct bj_bytes context, uint8_t *out, size_t len);

#endif
