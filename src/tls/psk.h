/* psk.h - pre-shared keys from outside: their importing, those of a configuration, and what a client offers.
 *
 * A key is not used as it is, but imported (rfc9258): for each hash of a suite another identity and another key come of it, so one key
 * never serves two algorithms. Both are made once, when the configuration gets the key. A key that is `raw` stands for itself, with
 * suites of its own hash alone, as peers without an importer have it.
 *
 * Keys are always used with a key exchange (psk_dhe_ke): psk_ke has no forward secrecy, and there is no way to have it.
 *
 * Implements   rfc9258 rfc9846:2.2 rfc9846:4.2.11 (keys from outside)
 */
#ifndef TLS_PSK_H
#define TLS_PSK_H

#include "tls/conn.h"

#define PSK_HASHES 2 /* SHA-256, SHA-384 */
#define PSK_OFFERED_LEN_MAX 16384 /* bytes of a hello that keys from outside take, with their binders */

/* What is said on the wire, and the key that is meant. */
struct psk_import {
	struct bj_bytes identity; /* empty: none for this hash */
	struct secret key;
};

struct config_psk {
	struct bj_bytes identity;               /* the owner's name for it; of `bytes` */
	struct psk_import imports[PSK_HASHES];  /* by psk_hash_index() */
	uint8_t binder;                         /* enum ks_binder */
	bool is_after;                          /* servers: credentials were added before it, and go first */
	uint8_t *bytes;                         /* allocated */
};

static inline size_t psk_hash_index(enum hash_alg alg)
{
	return alg == HASH_SHA384;
}

/* BJ_ERR_ARGUMENT, BJ_ERR_NO_MEMORY. config_psk_fini() it. */
enum bj_err config_psk_make(const struct bj_tls_psk *psk, struct config_psk *out) BJ_MUST_USE;
void config_psk_fini(struct config_psk *psk);
void config_psks_free(struct bj_tls_config *config);

/* The connection is under that key: for the report. */
enum bj_err psk_adopt(struct bj_tls *conn, const struct config_psk *psk) BJ_MUST_USE;

/* ---- clients: identities in the order in which they are offered; a session of 1.3 first. After a HelloRetryRequest only those of its
 * suite's hash. */

struct psk_entry {
	enum hash_alg alg;
	enum ks_binder binder;
	struct bj_bytes identity;
	uint32_t obfuscated_age;
	const struct secret *key;
	const struct config_psk *psk; /* null: the session's */
};

/* The one at `index`; false behind the last. */
bool psk_entry_at(const struct bj_tls *conn, size_t index, struct psk_entry *out);

/* ---- servers: the rows of server13.c that choose a session, a key or neither (server_psk.c) */

/* ALPN too, which a session depends on. Settles F_RESUMED, and F_TRY: there is an identity to ask about. */
enum bj_err psk_choose(struct bj_tls *conn, struct bj_bytes body);
/* The suite of a hello of 1.3, where the usual choice is `suite`: one of another hash, if only with that a key of ours is offered. A raw key
 * has one hash, and the client's order of suites says nothing of it. */
const struct suite *psk_suite(const struct bj_tls *conn, const struct client_hello *hello, const struct suite *suite);
/* At the first hello: remembers whether a key is in common, where nothing else can be used. */
void psk_note(struct bj_tls *conn, const struct client_hello *hello);
/* ASK(TICKET), ASK(PSK): is the identity a ticket of the owner's, a key of its? Both settle F_RESUMED, the second F_TRY for the next. */
enum bj_err ticket_ask_prepare(struct bj_tls *conn, struct bj_bytes body);
enum bj_err ticket_ask(struct bj_tls *conn, struct bj_bytes body);
enum bj_err psk_ask_prepare(struct bj_tls *conn, struct bj_bytes body);
enum bj_err psk_ask(struct bj_tls *conn, struct bj_bytes body);
/* All were tried: may the handshake go on without? */
enum bj_err psk_end(struct bj_tls *conn, struct bj_bytes body);

/* Identities that the owner is asked about, with what proves each: copies. */
struct psk_try {
	struct reader identities, binders;
	struct bj_bytes suites;           /* 1.2: those of the hello */
	struct bj_bytes identity, binder; /* the one that is asked about */
	uint32_t obfuscated_age;
	unsigned count;
	uint8_t bytes[];
};

void answer_bytes_free(struct answer *answer);
/* The answer to that question is these bytes, copied. */
enum bj_err answer_bytes_set(struct bj_tls *conn, enum bj_tls_question question, const void *bytes, size_t len) BJ_MUST_USE;
void answer_psk_free(struct answer *answer);

#endif
