/* transcript.h - the running hash over the handshake messages (rfc9846:4.4.1 rfc7627:3).
 *
 * Until the hash is chosen, messages are kept as they are (a client's hello waits for the server's choice). A server
 * chooses first and adds afterwards, so it never keeps anything. TLS 1.2 client certificates sign the messages
 * themselves, so there they go on being kept until that is done (`keep`).
 *
 * transcript_fini() wipes and frees; a zeroed struct is an empty transcript.
 */
#ifndef TLS_TRANSCRIPT_H
#define TLS_TRANSCRIPT_H

#include "crypto/hash.h"

#define TRANSCRIPT_KEPT_MAX (256 * 1024)

struct transcript {
	struct hash hash; /* alg is HASH_NONE until chosen */
	bool keep;
	uint8_t *kept;
	size_t kept_len;
	size_t kept_cap;
};

void transcript_fini(struct transcript *t);

/* Adds one whole message, with its header. BJ_ERR_NO_MEMORY or BJ_ERR_LIMIT while messages are kept. */
enum bj_err transcript_add(struct transcript *t, struct bj_bytes message) BJ_MUST_USE;

/* Starts the hash with what was kept. `keep`: the messages themselves are still wanted (transcript_kept). Choosing
 * the same hash again does nothing; another one is BJ_ERR_ILLEGAL_PARAMETER. */
enum bj_err transcript_choose(struct transcript *t, enum hash_alg alg, bool keep) BJ_MUST_USE;
/* All messages so far, while they are kept; else empty. */
struct bj_bytes transcript_kept(const struct transcript *t);
void transcript_drop_kept(struct transcript *t);

/* After a HelloRetryRequest was chosen: the first ClientHello gives way to its hash. The hash must be chosen, and
 * exactly the first ClientHello added; the HelloRetryRequest is added afterwards. rfc9846:4.4.1 */
void transcript_retry(struct transcript *t);

/* The same from the hash of a first ClientHello that was seen elsewhere: the hash is chosen, nothing is added yet. */
void transcript_begin_retried(struct transcript *t, struct bj_bytes digest);

/* The hash of all messages so far. */
size_t transcript_peek(const struct transcript *t, uint8_t out[HASH_MAX]);
/* The hash of all messages so far and `tail` behind them, which is not added: for binders, over a ClientHello that is
 * cut before them (rfc9846:4.2.11.2). Also before a hash was chosen: then `alg` is used over what was kept. */
size_t transcript_peek_with(const struct transcript *t, enum hash_alg alg, struct bj_bytes tail, uint8_t out[HASH_MAX]);

#endif
