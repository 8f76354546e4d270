/* record.h - the record layer: cuts plaintext into protected records and back.
 *
 * Owns the traffic key, the static nonce and the sequence number of one direction, nothing else. It knows nothing of
 * the handshake, which hands it new keys. Buffers belong to the caller; opening works in place, so the plaintext view
 * lives until the caller reuses the buffer. Who gets an error ends the connection.
 *
 * Implements   rfc9846:5 rfc5246:6.2 rfc5288:3 rfc7905:2
 * Leaves out   compression, CBC, RC4: never negotiated
 */
#ifndef TLS_RECORD_H
#define TLS_RECORD_H

#include "crypto/aead.h"
#include "tls/suite.h"

#define RECORD_HEADER_LEN 5
#define RECORD_PLAIN_MAX BJ_TLS_RECORD_PLAIN_MAX
#define RECORD_IV_LEN 12
#define RECORD_EXPLICIT_LEN 8 /* of the nonce, in 1.2 with GCM */
#define RECORD_PADDING_MAX 4096
#define RECORD_PIECES_MAX 16  /* pieces of plaintext in one record */

/* AES-GCM keys may protect about 2^24.5 full records (rfc9846:5.5). From the soft limit on record_wants_update() is true;
 * at the hard one sealing fails. In 1.2 there is no key update: only the hard limit of its own. */
#define RECORD_SOFT_LIMIT ((uint64_t)1 << 24)
#define RECORD_HARD_LIMIT (((uint64_t)1 << 24) + ((uint64_t)1 << 22))
#define RECORD_HARD_LIMIT_12 ((uint64_t)1 << 36)
#define RECORD_SEQ_MAX (UINT64_MAX - 1)

enum record_type {
	RECORD_CCS = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_DATA = 23,
};

enum record_form {
	RECORD_PLAIN = 0,  /* no keys yet; a zeroed struct */
	RECORD_13,
	RECORD_12_GCM,     /* explicit half of the nonce on the wire */
	RECORD_12_CHACHA,  /* nonce as in 1.3 */
};

struct record_keys { /* one direction; a secret: record_keys_fini() wipes it */
	struct aead aead;
	uint64_t seq; /* of the next record; counts plaintext records too */
	uint8_t iv[RECORD_IV_LEN]; /* the first 4 bytes in RECORD_12_GCM */
	uint8_t form; /* enum record_form */
};

/* Takes over: fails with BJ_ERR_NO_MEMORY or BJ_ERR_CRYPTO. `iv` has RECORD_IV_LEN bytes, or 4 in 1.2 with GCM.
 * What `k` held before is wiped. The sequence starts at zero. */
enum bj_err record_keys_set(struct record_keys *k, const struct suite *suite, const uint8_t *key,
			    const uint8_t *iv) BJ_MUST_USE;
void record_keys_fini(struct record_keys *k); /* wipes; takes a zeroed struct too; leaves RECORD_PLAIN */
/* The connection goes idle: gives back what can be made again. */
void record_keys_rest(struct record_keys *k);

struct record {
	size_t used;   /* bytes of the input that it took; 0: not all of it is there yet */
	size_t need;   /* where used is 0: how many bytes the input must have at least */
	uint8_t type;  /* enum record_type: the inner one in 1.3 */
	bool is_plain; /* it came without protection though there are keys: a CCS, or an alert before any protected record */
	struct bj_bytes body; /* plaintext: a view into the input */
};

/* Opens the first record of `buf` in place. Errors: BJ_ERR_NOT_TLS (the first record of all is none), BJ_ERR_BAD_VERSION,
 * BJ_ERR_RECORD_OVERFLOW, BJ_ERR_BAD_RECORD_MAC, BJ_ERR_UNEXPECTED_MESSAGE (a type that does not exist, that may not
 * stand unprotected, or an empty record that may not be empty), BJ_ERR_KEY_LIMIT (the sequence is used up). */
enum bj_err record_open(struct record_keys *k, uint8_t *buf, size_t len, struct record *out) BJ_MUST_USE;

/* What sealing adds to a record. */
size_t record_overhead(const struct record_keys *k);
/* Seals one record over all pieces (together at most RECORD_PLAIN_MAX, at most RECORD_PIECES_MAX pieces) into `out`,
 * which overlaps none of them. `version` goes into the header of plaintext records (0x0301 in a first ClientHello, else
 * 0x0303). BJ_ERR_SPACE if it does not fit, BJ_ERR_KEY_LIMIT at the end of the keys' life. */
enum bj_err record_seal(struct record_keys *k, enum record_type type, uint16_t version, const struct bj_bytes *in,
			size_t in_count, uint8_t *out, size_t cap, size_t *out_len) BJ_MUST_USE;
/* The same with `pad` zeros behind the plaintext, which 1.3 hides (rfc9846:5.4); at most RECORD_PADDING_MAX, none under other keys. Plaintext
 * and zeros are together at most RECORD_PLAIN_MAX. */
enum bj_err record_seal_padded(struct record_keys *k, enum record_type type, uint16_t version, const struct bj_bytes *in, size_t in_count,
			       size_t pad, uint8_t *out, size_t cap, size_t *out_len) BJ_MUST_USE;
/* These keys have protected enough: update them soon (1.3). */
bool record_wants_update(const struct record_keys *k);

/* A place in scattered plaintext, to be cut into records. Zero `at` and `offset` to begin. */
struct record_cursor {
	const struct bj_bytes *pieces;
	size_t count;
	size_t at;
	size_t offset;
};

size_t record_cursor_left(const struct record_cursor *c);
/* The next at most `max` bytes as at most RECORD_PIECES_MAX pieces; returns how many bytes that are, and moves on. */
size_t record_cut(struct record_cursor *c, size_t max, struct bj_bytes out[RECORD_PIECES_MAX], size_t *out_count);

#endif
