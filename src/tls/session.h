/* session.h - what is remembered of a connection so that a later one may resume it, and the form in which clients keep it.
 *
 * A session is bound to the server's name, the application protocol, the context of the configuration, the client-certificate policy, the
 * length of fragments that a client asks for (servers: in 1.2), all that a verdict about the peer depends on (anchors, revocation lists,
 * expected keys) and the hash of its suite. What does not fit, is too old or damaged is not resumed: the handshake is silently a full one.
 *
 * The client's blob is versioned and bounded and ends in a checksum against damage (not against an enemy: it is the owner's to keep).
 */
#ifndef TLS_SESSION_H
#define TLS_SESSION_H

#include <bojagi/tls.h>

#include "base/reader.h"
#include "base/secret.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "tls/config.h"
#include "tls/suite.h"
#include "x509/path.h"

#define SESSION_FORM 2              /* of the stored bytes; another one is not read */
#define SESSION_PEER_MAX 8192       /* of a certificate that is kept with a session */
#define SESSION_LIST_MAX 32768      /* of a whole chain with what was stapled; clients only */
#define SESSION_STATE_MAX (600 + SESSION_PEER_MAX) /* a ticket's plaintext */
#define SESSION_TICKET_MAX BJ_TLS_TICKET_MAX /* a longer one is not kept: with much else in it, no hello could offer it */
#define SESSION_BLOB_MAX (SESSION_TICKET_MAX + SESSION_STATE_MAX + SESSION_LIST_MAX + 512)
#define SESSION_DIGEST_LEN 32
#define SESSION_BINDING_LEN 16
#define SESSION_MASTER_LEN 48 /* of 1.2 */

struct session {
	uint16_t version;
	uint16_t suite;
	int64_t made_ms;
	uint32_t lifetime_s;
	uint32_t age_add;                      /* 1.3 */
	uint32_t early_max;                    /* 1.3: bytes of early data; 0: none */
	struct secret secret;                  /* 1.3: the PSK; 1.2: the master secret */
	bool peer_verified;
	bool has_peer;
	bool peer_is_key;                      /* it showed a raw public key: `peer` and `peer_digest` are of that */
	bool own_is_key;                       /* servers: we showed one */
	uint8_t peer_digest[SESSION_DIGEST_LEN]; /* SHA-256 of the peer's certificate */
	uint8_t *peer;                         /* where the chain is kept: the peer's own certificate, or all of it; allocated */
	bool peer_is_list;                     /* all of it: session_peer_view() reads it */
	size_t peer_len;
	uint8_t binding[SESSION_BINDING_LEN];  /* over name, context and policy: session_binding() */
	uint8_t alpn[255];
	uint8_t alpn_len;
	uint8_t id[32];                        /* 1.2: session id */
	uint8_t id_len;
	uint8_t *ticket;                       /* clients: allocated */
	size_t ticket_len;
};

/* Wipes, and frees ticket and certificate; the struct itself stays the caller's. */
void session_fini(struct session *s);
/* A copy of its own, without the ticket. BJ_ERR_NO_MEMORY. */
enum bj_err session_copy(const struct session *s, struct session *out) BJ_MUST_USE;
/* Gives the session the peer's certificate. BJ_ERR_NO_MEMORY. */
enum bj_err session_set_peer(struct session *s, struct bj_bytes certificate) BJ_MUST_USE;

/* Gives it the peer's whole chain and what was stapled. BJ_ERR_LIMIT if that is too much to keep, BJ_ERR_NO_MEMORY. */
struct session_peer {
	struct bj_bytes chain[PATH_CHAIN_MAX];
	size_t count;
	struct bj_bytes ocsp, scts;
};
enum bj_err session_set_list(struct session *s, const struct session_peer *peer) BJ_MUST_USE;
/* Views into what is kept of the peer: one certificate or all. False if that is nothing or damaged. */
bool session_peer_view(const struct session *s, struct session_peer *out);

/* The digest of what a session is bound to besides protocol and suite: the name (any case), the context and policy of the
 * configuration, and the role. */
void session_binding(const struct bj_tls_config *config, const char *name, uint8_t out[SESSION_BINDING_LEN]);

#define CLOCK_SLACK_MS 60000 /* that what was sealed may come from the future: clocks go back, and those of threads differ */
/* True while it may be used: made in the past (a minute of clock difference is let pass) and not older than its lifetime. */
bool session_is_fresh(const struct session *s, int64_t now_ms);

/* The compact form without id and ticket, for tickets; both ways agree. Read: BJ_ERR_BAD_TICKET or BJ_ERR_NO_MEMORY. */
void session_write(struct writer *w, const struct session *s);
enum bj_err session_read(struct bj_bytes bytes, struct session *out) BJ_MUST_USE; /* session_fini() it */

/* Clients: the blob. `*out` is allocated; wipe and free it. */
enum bj_err session_save(const struct session *s, uint8_t **out, size_t *out_len) BJ_MUST_USE;
/* BJ_ERR_BAD_TICKET or BJ_ERR_NO_MEMORY. session_fini() the result. */
enum bj_err session_load(struct bj_bytes blob, struct session *out) BJ_MUST_USE;

#endif
