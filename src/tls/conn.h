/* conn.h - one connection: the small part that lives as long as it, and the larger one that dies with the handshake.
 *
 * struct bj_tls holds what an open connection needs: record keys, application secrets, counters, what the report says. struct handshake
 * is allocated when the first message is made or comes, and wiped and freed when the handshake is complete or has failed. Handlers
 * reach both through `conn`; state and facts they reach through state.h only.
 *
 * Who writes what:
 *   state            handshake.c (the driver), by state.c
 *   rd, wr           keys.c, as the KEYS of a row say
 *   out, in          flight.c, conn.c
 *   the rest         handlers, settled values only
 */
#ifndef TLS_CONN_H
#define TLS_CONN_H

#include <bojagi/tls.h>

#include "base/secret.h"
#include "crypto/kex.h"
#include "tls/alert.h"
#include "tls/config.h"
#include "tls/ext/table.h"
#include "tls/handshake.h"
#include "tls/key_schedule.h"
#include "tls/keys12.h"
#include "tls/msg/client_hello.h"
#include "tls/msg/server_hello.h"
#include "tls/msg/server_key_exchange.h"
#include "tls/record.h"
#include "tls/scheme.h"
#include "tls/session.h"
#include "tls/ticket.h"
#include "tls/transcript.h"
#include "x509/path.h"

/* Limits of what a peer may send. rfc9846:5.1 rfc9846:6 */
#define CONN_EMPTY_MAX 32            /* empty records in a row */
#define CONN_WARNING_MAX 4           /* warning alerts in a row, 1.2; user_canceled, 1.3 */
#define CONN_KEY_UPDATE_MAX 32       /* key updates without data between them */
#define CONN_CCS_MAX 2               /* change_cipher_spec records that 1.3 passes over */
#define CONN_TICKET_MAX 32           /* NewSessionTickets of one connection that a client keeps; it drops the others */
#define HANDSHAKE_RANDOM_LEN 160     /* what a full 1.3 server with two tickets uses, and a little more */
#define CONN_SKIP_MAX (16384 + 17) /* bytes of rejected early data that a server passes over: one full record. rfc9846:4.2.10 */

/* Handshake bytes that are not a whole message yet, or wait behind a question. Freed when empty. */
struct inbox {
	uint8_t *buf;
	uint32_t cap, len, off;
};

/* Records that wait to be pulled. Freed when pulled empty. */
struct outbox {
	uint8_t *buf;
	uint32_t cap, len, off;
};

/* What a verdict, a signature or a credential from outside is kept in until the row takes it. */
struct answer {
	bool is_there;                    /* signatures and verdicts are put where they belong: handshake.signature, .verdict */
	struct bj_credential *credential; /* a reference */
	bool accepts;                     /* early data */
	struct bj_bytes bytes;            /* a ticket, or what it holds: allocated, secret */
	struct config_psk *psk;           /* allocated, secret */
};

/* A delegated credential that the peer showed, judged (auth.c). */
struct taken_delegation {
	uint16_t scheme;
	struct cert key; /* views of what stands behind */
	uint8_t bytes[];
};

struct handshake {
	struct transcript transcript;
	struct ks_early early;   /* 1.3: each is wiped when the next is made */
	struct ks_handshake handshake;
	struct ks_master master;
	uint8_t stage;           /* STAGE_*: how far that is */
	struct record_keys next_rd, next_wr; /* 1.2: until change_cipher_spec */
	struct secret finished_ours, finished_peers; /* 1.3: Finished keys; 1.2 has none */
	struct secret traffic_client, traffic_server; /* 1.3: application secrets until they are in force */
	struct secret shared;                   /* key exchange result until the key schedule takes it; 1.2: premaster */
	struct secret psk;                      /* the one in use; clients: the one offered */

	uint8_t client_random[32], server_random[32];
	uint8_t session_id[32];                 /* the client's legacy_session_id; 1.2: the session's */
	uint8_t session_id_len;

	struct kex_key kex[CONFIG_KEY_SHARE_MAX]; /* clients: one per share sent, but for halves of hybrids; 1.2 servers: the first */
	uint8_t kex_count;
	uint16_t shares[CONFIG_KEY_SHARE_MAX];  /* clients: the groups of the shares in the last hello */
	uint8_t share_count;
	uint16_t group;                         /* chosen; after HelloRetryRequest the one asked for */
	uint8_t *peer_share;                    /* servers, 1.3: the client's, until it is answered */
	uint16_t peer_share_len;

	union { /* the peer's hello as views: from its RECV until the next message or question, for the STEPs between */
		struct client_hello client_hello;
		struct server_hello server_hello;
	};

	/* what a hello said, copied as far as it is needed after the hello itself is gone */
	uint8_t schemes[2 * SCHEME_COUNT];      /* of the peer's signature_algorithms those that we know, in wire form */
	uint8_t schemes_len;
	uint8_t delegated_len;
	uint8_t delegated[2 * SCHEME_COUNT];    /* the same of delegated_credential */
	struct bj_bytes authorities;            /* that the peer named, where somebody chooses by them; allocated */
	uint32_t chain_algs;                    /* 1 << enum sig_alg that the peer takes in certificates */
	uint32_t kinds;                         /* 1 << enum key_kind that may sign (1.2: by the common suites) */
	const struct compression *compression;  /* that the peer takes our certificate with; null: none */
	const struct suite *suite_by_auth[3];   /* servers, 1.2: the suite to take, by enum suite_auth of the key */
	uint32_t offered;                       /* EXT_BIT()s: extensions of the ClientHello, ours or the peer's */
	uint8_t compat;                         /* COMPAT_*: change_cipher_spec for middleboxes */
	uint8_t hello_print[32];                /* servers: SHA-256 over what must not change in a second ClientHello */
	uint8_t binder_hash[HASH_MAX];          /* servers: over the transcript and the ClientHello without its binders */
	uint16_t psk_index;
	struct hello_form *form;                /* clients: GREASE and order of the hellos; allocated, null for none */
	bool had_psk;                           /* servers with nothing but keys: the first hello had one of them */
	struct issue *issue;                    /* servers, while the owner seals a ticket; else null (issue.h) */
	struct psk_try *psk_try;                /* servers, where the owner is asked about identities; else null (psk.h) */
	uint8_t max_fragment;                   /* servers: the code that the client asked for, and gets */
	uint8_t *cookie;                        /* of the HelloRetryRequest: that came (clients), that went out (servers) */
	size_t cookie_len;

	/* certificates */
	uint8_t own_types;                      /* servers: 1 << form of certificate that the client takes */
	uint8_t own_type, peer_type;            /* agreed forms; TYPE_NONE: none in common */
	const struct config_credential *credential; /* ours: chosen from the configuration */
	struct bj_credential *credential_owned;     /* ours: given by an answer; a reference */
	struct config_credential credential_made;   /* the same as a row */
	uint16_t scheme;                        /* that we sign with */
	uint8_t sign_input[SKE_SIGNED_MAX];     /* what is signed: at most as long as a 1.2 server's */
	struct bj_bytes sign_bytes;             /* view of what is signed: there, or in the transcript (1.2 clients) */
	uint8_t signature[SIG_CLASSIC_MAX];
	uint8_t *signature_large;               /* there instead if it is longer: allocated */
	size_t signature_len;
	uint8_t *peer_der;                      /* the peer's certificates, one after the other */
	size_t peer_der_len;
	struct bj_bytes peer_chain[PATH_CHAIN_MAX];
	size_t peer_chain_count;
	struct cert *peer_cert;                 /* the first of them, parsed */
	struct taken_delegation *delegation;    /* the delegated credential whose key signs for the peer; allocated */
	struct bj_bytes peer_ocsp, peer_scts;   /* clients: what was stapled; allocated */
	struct bj_verdict verdict;
	bool judged;

	/* resumption */
	struct session *session;                /* clients: what was offered; servers: what was accepted */
	uint8_t *ticket12;                      /* clients, 1.2: the new ticket */
	uint32_t ticket12_lifetime_s;
	size_t ticket12_len;
	struct ticket_request ticket_request;   /* servers: where EXT_TICKET_REQUEST is offered */
	uint8_t tickets_left;
	uint8_t tickets_made;
	struct ticket_use ticket_use;           /* servers */
	struct hmac_key resumption;             /* servers, 1.3: the secret of their tickets, from the first of them on */
	uint8_t binding[SESSION_BINDING_LEN];   /* what sessions of this connection are bound to, once it is known */
	bool has_binding;
	bool takes_tickets;                     /* servers, 1.3: the client has the one mode in which we resume */

	struct early_data *early_data;          /* offered or taken; else null (early.h) */
	/* early data that a client sends and we have rejected */
	bool skip_early;
	uint32_t skipped;

	/* random bytes that are not used yet: one system call for a handshake instead of one for each use */
	uint8_t random[HANDSHAKE_RANDOM_LEN];
	uint8_t random_left;
	struct bj_rng rng; /* takes from there */

	/* the question that is open */
	enum bj_tls_question question;
	bool prepared;
	bool needless; /* set by a `prepare`: there is nothing to ask, whatever the configuration says */
	struct answer answer;

	struct bj_bytes body; /* of the message received last; views for STEP */
	struct bj_bytes instead; /* what the transcript takes instead of the message that is being handled; set by handlers (ech.h) */
};

#define TYPE_NONE 0xff

enum {
	STAGE_NONE = 0,
	STAGE_EARLY,
	STAGE_MASTER,  /* the handshake keys are made */
	STAGE_TRAFFIC, /* so are the application secrets */
	STAGE_KEYS_12, /* 1.2: next_rd and next_wr are made */
};

enum {
	COMPAT_WANTED = 1, /* there is a session id: change_cipher_spec goes out once */
	COMPAT_SENT = 2,
};

struct bj_tls {
	struct bj_tls_config *config;
	struct handshake *hs; /* null before and after the handshake */
	void *owner;
	char *name;            /* the client's own, or what it asked for; allocated */
	struct bj_bytes alpn;  /* view into the configuration */
	struct record_keys rd, wr;
	union {
		struct {
			struct secret read, write; /* application traffic secrets in force */
			struct secret exporter;
			struct secret resumption;  /* clients: for tickets to come */
		} s13;
		struct {
			struct secret master;
			uint8_t client_random[32], server_random[32];
			uint8_t session_id[32]; /* servers: of the open session, in config->cache */
			uint8_t session_id_len;
		} s12;
	};
	struct inbox in;
	struct outbox flight; /* messages that are built, until they are sealed; freed when the handshake ends */
	struct outbox out;
	struct quic *quic;     /* quic.h; null where there are records */
	int64_t now_ms;
	struct session *session;      /* clients: what the next ticket becomes; servers: null */
	uint8_t *session_blob;        /* clients: the newest session; allocated, secret */
	size_t session_blob_len;
	struct later *later;          /* later.h: where a certificate may be asked for when the handshake is over; else null */
	struct kept_peer *peer;       /* keep_peer_chain: allocated */
	struct ech *ech;              /* Encrypted ClientHello, where it is in use; allocated */
	struct kept_psk *psk;         /* under a key from outside: its name; allocated */
	struct bj_verdict *verdict;   /* of a failure, or kept with the chain: allocated */
	uint64_t bytes_in, bytes_out, records_in, records_out;
	int64_t known_until_ms;       /* how long what was found out of the peer holds, and sessions of it: as long as its certificate, or the session
				       * that was taken; 0: no end of it is known */
	const struct suite *suite;
	uint32_t err;
	struct state state;
	uint16_t version, group, signature_scheme;
	uint16_t group_hint;          /* clients: one of ours that the server is said to have; 0: nothing is known */
	int16_t alert_sent, alert_received;
	uint16_t send_max, receive_limit; /* limits.h */
	uint16_t message;             /* being handled, or the one that failed; CONN_NO_MESSAGE for none */
	uint8_t empties, warnings, updates, ccs, tickets; /* counted against the limits above */
	uint8_t early;                /* enum bj_tls_early */
	uint8_t config_place;         /* where the configuration counts this */
	uint8_t row;                  /* of the table: the first of the state that was looked up last */
	int32_t age_skew_ms;
	uint8_t told;                 /* TOLD_*: events that were given or wait */
	bool is_server;
	bool peer_is_key;             /* the peer showed a raw public key: where a chain would be, that stands alone */
	bool is_placed;               /* in memory of the owner's */
	bool resumed, retried, auth_asked, peer_verified, peer_delegated;
	bool is_unbound;              /* 1.2 without extended master secret: never resumed, nothing is exported. rfc7627:5.4 */
	bool close_sent, close_received, eof;
	bool update_owed;             /* 1.3: the peer asked for new keys, which come before the next data. rfc9846:4.6.3 */
	bool update_asked;            /* 1.3: we asked the peer for new keys, which have not come yet */
	bool rd_given, wr_given;      /* somebody else has the keys of that direction (traffic.c) */
	bool behind;                  /* bytes stand behind the message being handled: keys for reading must not change */
};

#define CONN_NO_MESSAGE 0xffff
#define CONN_RECORD 0xfffe /* not a message: its record */

enum {
	TOLD_DONE = 1,
	TELL_TICKET = 2,
	TELL_AUTHENTICATED = 0x80,
};

struct kept_psk {
	size_t len;
	uint8_t bytes[];
};

struct kept_peer {
	size_t count;
	struct bj_bytes chain[PATH_CHAIN_MAX];
	struct bj_bytes ocsp, scts;
	uint8_t der[]; /* and behind it those two */
};

/* ---- for handlers and the driver */

static inline bool conn_is_13(const struct bj_tls *conn)
{
	return conn->version == VERSION_1_3;
}

/* Makes sure that `len` more bytes fit into the message that is being built. */
enum bj_err conn_room(struct bj_tls *conn, struct writer *w, size_t len) BJ_MUST_USE;

/* The first failure sticks: queues its alert, wipes what is secret. Returns `err`. */
enum bj_err conn_fail(struct bj_tls *conn, enum bj_err err);

void conn_observe(struct bj_tls *conn, enum bj_tls_event_kind kind, bool sent, uint8_t type, struct bj_bytes bytes);
/* One line of the key log (rfc9850), where one is kept. */
void conn_keylog(struct bj_tls *conn, const char *label, struct bj_bytes secret);

/* RECV(KEY_UPDATE) of both roles. */
enum bj_err key_update_take(struct bj_tls *conn, struct bj_bytes body);

enum bj_err handshake_new(struct bj_tls *conn) BJ_MUST_USE;
/* The handshake is complete: keeps what is to be kept, frees the rest. */
enum bj_err handshake_finish(struct bj_tls *conn) BJ_MUST_USE;
/* Wipes and frees conn->hs; takes none. */
void handshake_free(struct bj_tls *conn);

#endif
