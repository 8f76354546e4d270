/* client_hello.h - what a client offers (rfc9846:4.1.2 rfc5246:7.4.1.2).
 *
 * The struct holds views and presence bits only; lists stay in wire form (codes_have(), key_share_next() ... walk them). The same
 * struct is written by a client and read by a server. Writing puts extensions in a fixed order or in that of a form, pre_shared_key last.
  */
#ifndef TLS_MSG_CLIENT_HELLO_H
#define TLS_MSG_CLIENT_HELLO_H

#include "tls/msg/message.h"
#include "crypto/hash.h"
#include "tls/ext/key_share.h"
#include "tls/ext/pre_shared_key.h"
#include "tls/ext/psk_key_exchange_modes.h"
#include "tls/ext/table.h"
#include "tls/ext/ticket_request.h"

/* What a writer may vary: hello_form.h. */
struct client_hello_form {
	uint8_t order[EXT_KNOWN]; /* every enum ext once; pre_shared_key is written last whatever stands here */
	uint16_t first, last;     /* extensions of GREASE, before all others and behind all but pre_shared_key; 0: none */
};

struct client_hello {
	uint16_t legacy_version;
	struct bj_bytes random;      /* RANDOM_LEN */
	struct bj_bytes session_id;  /* at most SESSION_ID_MAX */
	struct bj_bytes suites;      /* codes */
	struct bj_bytes compression; /* bytes; has the null method */
	uint32_t has;                /* EXT_BIT()s: which of the following are there */
	struct bj_bytes server_name;
	struct bj_bytes alpn;        /* list */
	struct bj_bytes versions;    /* codes */
	struct bj_bytes groups;      /* codes */
	struct bj_bytes shares;      /* list of entries */
	struct bj_bytes schemes;     /* codes */
	struct bj_bytes schemes_cert; /* codes */
	struct psk_offer psk;
	struct bj_bytes cookie;
	struct bj_bytes ticket;      /* of 1.2; may be empty */
	struct bj_bytes authorities; /* list */
	struct bj_bytes quic_params; /* rfc9001:8.2; opaque */
	struct bj_bytes delegated;   /* codes: schemes of delegated credentials */
	struct bj_bytes client_types; /* forms of the client's certificate, a byte each */
	struct bj_bytes server_types; /* of the server's */
	struct bj_bytes compressions; /* codes */
	uint16_t record_size_limit;
	struct ticket_request ticket_request;
	uint8_t max_fragment;        /* max_fragment_length's code */
	uint8_t psk_modes;           /* PSK_MODE_* */
	bool wants_ocsp;
	uint16_t padding;            /* zeros in the padding extension */
	struct bj_bytes extensions;  /* read only: the whole list; empty if there was none */
	const struct client_hello_form *form; /* for writing; null: the order of enum ext, and no GREASE */
	uint16_t more_suite;         /* written behind the suites; 0: none */
};

/* Checks the form of everything known in it, and what can be judged by the hello alone: one version, one null compression, no
 * group's share twice, shares only of offered groups, pre_shared_key only with modes.
 * What has to do with a choice (versions, suites) is left to the server. */
enum bj_err client_hello_parse(struct bj_bytes body, struct client_hello *out) BJ_MUST_USE;
/* The whole message, with its header. `extensions` is not looked at; what has a bit in `has` is written. */
void client_hello_write(struct writer *w, const struct client_hello *hello);

/* Does it offer this version? By supported_versions, else (1.2 only) by legacy_version. */
bool client_hello_offers(const struct client_hello *hello, uint16_t version);
/* The whole message cut before its binders, which pre_shared_key must end with. rfc9846:4.2.11.2 */
struct bj_bytes client_hello_truncated(struct bj_bytes whole, const struct psk_offer *psk);
/* A hash over all that a second ClientHello must repeat: everything but key_share, early_data, cookie, pre_shared_key,
 * padding and what we do not know (rfc9846:4.1.2). Returns its length. */
size_t client_hello_fingerprint(enum hash_alg alg, const struct client_hello *hello, uint8_t out[HASH_MAX]);

#endif
