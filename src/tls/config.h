/* config.h - what a frozen configuration holds, as the engine reads it.
 *
 * Built by one thread through the setters of tls.h, then frozen: nothing in it changes but the counters, the ticket keys and the
 * session cache, each of which says in its own header how threads share it.
 */
#ifndef TLS_CONFIG_H
#define TLS_CONFIG_H


#include <bojagi/tls.h>

#include "base/bytes.h"
#include "base/holds.h"
#include "crypto/pkey.h"
#include "tls/ech_config.h"

#define CONFIG_CODE_MAX 24 /* suites, groups or signature schemes */
#define CONFIG_ALPN_BYTES_MAX 1024
#define CONFIG_CONTEXT_MAX 32
#define CONFIG_KEY_SHARE_MAX 3
#define CONFIG_KEY_SHARES_DEFAULT 255 /* one, and that of its plain half if it is a hybrid */
#define CONFIG_AUTHORITIES_MAX 16384 /* bytes; a hint that is longer is left out */
#define CONFIG_PADDING_MAX 4096
#define CONFIG_TICKET_COUNT_MAX 8
#define CONFIG_TICKET_LIFETIME_MAX_S 604800 /* rfc9846:4.6.1 */
#define CONFIG_TICKET_KEEP_MAX 7
#define CONFIG_EARLY_WINDOW_MAX_S 600
#define CONFIG_COOKIE_AGE_MAX_S 600

#define CONFIG_PIN_MAX 64 /* public keys that are expected */
#define CONFIG_PIN_LEN 32

#define CONFIG_COMPRESSION_MAX 4

struct compression;
struct ticket_keys;
struct session_cache;
struct replay_guard;
struct config_psk;

/* Code points in wire form, as every list in a hello is. */
struct config_codes {
	uint8_t count;
	uint8_t wire[2 * CONFIG_CODE_MAX];
};

static inline struct bj_bytes config_codes_view(const struct config_codes *codes)
{
	return (struct bj_bytes){ codes->wire, 2 * (size_t)codes->count };
}

/* Forms of certificates (rfc7250), in order of preference. */
struct config_types {
	uint8_t count;
	uint8_t types[2];
};

static inline struct bj_bytes config_types_view(const struct config_types *types)
{
	return (struct bj_bytes){ types->types, types->count };
}

/* Servers: a CompressedCertificate, with its header. */
struct config_compressed {
	const struct compression *by;
	uint8_t staples; /* which set of what may be stapled it has */
	uint8_t *message;
	size_t len;
};

/* A credential as the handshake needs it. */
struct config_credential {
	struct bj_credential *credential;
	const struct pkey *key; /* the credential's; not counted here */
	enum key_kind kind;
	uint8_t type; /* CERTIFICATE_X509, or CERTIFICATE_RAW_KEY for a bare key */
	struct config_codes schemes; /* that it signs with; empty: the configuration's */
	struct { /* a delegated credential; a scheme of 0: none */
		uint16_t scheme, algorithm;
		int64_t end;
	} delegated;
	bool must_match;             /* only for peers that name an issuer of its chain among their authorities */
	uint32_t chain_algs; /* 1 << enum sig_alg: what the chain's certificates are signed with, but for those that signed themselves */
	uint8_t *message;       /* servers: the Certificate message of 1.3, with its header, made when frozen; allocated */
	size_t message_len;
	struct config_compressed *compressed; /* cert_compression.c; allocated */
	size_t compressed_count;
};

/* A key of Encrypted ClientHello. */
struct config_ech {
	struct kex_key key;
	uint8_t *info; /* what HPKE takes: a label and the configuration; allocated */
	size_t info_len;
	struct ech_config config; /* views into that */
	bool is_retry;            /* clients are told to try with it */
};

/* A name of a certificate, in lower case, and whose it is; "*." stays in front of a wildcard. Sorted by name, then credential. */
struct config_name {
	const char *name;
	uint16_t len;
	uint16_t credential;
};

struct bj_tls_config {
	struct holds holds; /* connections hold it */
	enum bj_tls_role role;
	bool frozen;
	bool prefer_own_order;
	bool retries_for_group; /* servers: order comes before shares */
	bool strict_sni;
	bool keep_peer_chain;
	uint8_t false_start; /* enum bj_tls_false_start */
	bool judges_resumed; /* clients: resuming asks for a verdict again (again.h) */
	bool wants_ocsp, wants_scts; /* clients */
	uint16_t send_max, record_limit, max_fragment, padding; /* of records (limits.h); 0: as the protocol has it */
	bool quic; /* no records: 1.3 alone, as rfc9001 says */
	bool insecure_no_verify;
	bool insecure_no_name;
	bool must_authenticate; /* clients: a credential must fit where one is asked for */
	uint8_t compression_count;
	const struct compression *compressions[CONFIG_COMPRESSION_MAX]; /* of certificates, in order of preference */
	bool grease, permute;   /* rfc8701; clients: extensions in random order */
	bool is_fallback;       /* clients: the second try, with a lower version */
	uint16_t version_min, version_max;
	struct config_codes suites, groups, schemes; /* in order of preference; suites of versions that are on only */
	uint8_t key_share_count;
	struct config_codes share_groups; /* clients: that get shares, instead of the first `key_share_count` groups; empty: those */
	enum bj_tls_client_auth client_auth;
	uint32_t ask; /* 1 << enum bj_tls_question */

	uint8_t alpn_bytes[CONFIG_ALPN_BYTES_MAX]; /* as on the wire: a length byte before each name */
	uint16_t alpn_len;

	struct config_credential *credentials;
	size_t credential_count;
	bool has_must_match; /* some credential has */
	struct config_name *names;
	size_t name_count;
	char *name_text;
	struct bj_trust *trust;
	/* what peers are told of the certificates that are wanted (config_peer.c) */
	uint8_t *authorities; /* names in wire form: those that the owner gave, or the anchors'; null if none or too many to say */
	size_t authorities_len;
	bool authorities_given;
	bool later;           /* post-handshake authentication: clients offer it, servers may use it */
	bool names_anchors;   /* clients: say them too */
	struct config_codes delegated_schemes; /* clients: of delegated credentials; empty: none are taken */
	struct config_codes certificate_schemes; /* signature_algorithms_cert; empty: not sent */

	/* raw public keys, and what verdicts depend on (config_peer.c) */
	struct config_types own_types;  /* clients: that are offered; empty until frozen: by the credentials */
	struct config_types peer_types; /* that the peer may show */
	uint8_t (*pins)[CONFIG_PIN_LEN]; /* SHA-256 of the SubjectPublicKeyInfos that are expected */
	size_t pin_count;
	uint8_t judge_print[32];        /* of all that verdicts depend on; zero where nobody is judged */
	uint8_t own_print[32], own_print_len; /* clients: of their credentials; empty without any */

	unsigned ticket_count, ticket_lifetime_s, ticket_rotate_s, ticket_keep;
	bool wants_tickets; /* clients: ticket_request is sent */
	uint8_t tickets_new, tickets_resumed;
	struct ticket_keys *tickets; /* null: none (clients, or a count of zero) */
	size_t cache_entries;
	unsigned cache_timeout_s;
	struct session_cache *cache; /* null: none */
	uint8_t context[CONFIG_CONTEXT_MAX];
	uint8_t context_len;

	/* Encrypted ClientHello */
	struct config_ech *ech_keys; /* servers */
	size_t ech_count;
	uint8_t *ech_retry; /* the list for clients whose hello did not open, with its length */
	size_t ech_retry_len;
	bool ech_grease; /* clients */

	struct ticket_keys *cookies; /* servers with cookies in their retries; else null */
	unsigned cookie_age_s;
	struct config_psk *psks; /* from outside, in order of preference */
	size_t psk_count;
	bool psk_only; /* clients: they have keys and nothing to judge a certificate by */
	uint32_t early_max; /* bytes of early data; 0: none */
	unsigned early_window_s;
	struct replay_guard *replay; /* servers with early data; else null */

	struct bj_rng rng;
	bj_tls_keylog_fn *keylog;
	void *keylog_self;
	bj_tls_observer_fn *observer;
	void *observer_self;
};

bool config_has_version(const struct bj_tls_config *config, uint16_t version);

/* What a peer can use. */
struct config_wish {
	struct bj_bytes name;    /* the server name, or empty */
	struct bj_bytes schemes; /* its signature algorithms, in wire form */
	struct bj_bytes authorities; /* that it named: a list in wire form, or empty */
	uint32_t chain_algs;     /* 1 << enum sig_alg that it takes in certificates: preferred, not demanded */
	uint32_t kinds;          /* 1 << enum key_kind: 1.2's suites leave only some; all for 1.3 */
	uint16_t version;
	uint8_t types;           /* 1 << form of certificate */
	struct bj_bytes delegated; /* schemes of delegated credentials that it takes, in wire form */
	int64_t now;             /* seconds since 1970 */
};

/* The credential and the scheme to sign with. BJ_ERR_UNKNOWN_NAME (strict_sni), BJ_ERR_NO_COMMON_SIGNATURE, BJ_ERR_NO_CREDENTIAL (none, none
 * in a form that the peer takes, or only such as must match an issuer and do not). */
enum bj_err config_choose_credential(const struct bj_tls_config *config, const struct config_wish *wish,
				     const struct config_credential **out, uint16_t *out_scheme) BJ_MUST_USE;
/* The scheme to sign with for that credential, of what both sides have; 0 if there is none. */
uint16_t config_choose_scheme(const struct bj_tls_config *config, const struct config_wish *wish,
			      const struct config_credential *row);

/* The configuration's own row of a credential, or null. */
const struct config_credential *config_credential_row(const struct bj_tls_config *config, const struct bj_credential *credential);
/* A row for a credential that is not in the configuration (an answer): no reference is taken. free() its message. */
enum bj_err config_credential_make(struct bj_credential *credential, bool with_message, struct config_credential *out) BJ_MUST_USE;

/* The configuration's own copy of a protocol's name: a view that lives as long as it; empty if it has none such. */
struct bj_bytes config_alpn(const struct bj_tls_config *config, struct bj_bytes name);
static inline struct bj_bytes config_alpn_list(const struct bj_tls_config *config)
{
	return (struct bj_bytes){ config->alpn_bytes, config->alpn_len };
}

/* What a CertificateRequest, or a hello, says of authorities; may be empty. */
static inline struct bj_bytes config_authorities(const struct bj_tls_config *config)
{
	return (struct bj_bytes){ config->authorities, config->authorities_len };
}

/* The codes of the compressions, in wire form. */
struct bj_bytes config_compressions_write(const struct bj_tls_config *config, uint8_t wire[2 * CONFIG_COMPRESSION_MAX]);

/* For setters: BJ_ERR_ARGUMENT without a configuration, BJ_ERR_CONFIG_FROZEN. */
enum bj_err config_may_change(const struct bj_tls_config *config) BJ_MUST_USE;
/* A connection lets it go; `place` is what holds_take() gave it. */
void config_drop(struct bj_tls_config *config, uint8_t place);
/* config_peer.c */
bool config_has_type(const struct config_types *types, uint8_t type);
/* Is this SubjectPublicKeyInfo one that is expected? */
bool config_expects_key(const struct bj_tls_config *config, struct bj_bytes spki);
enum bj_err config_peer_freeze(struct bj_tls_config *config) BJ_MUST_USE;
/* Is there anything to choose with the names that a peer gives? */
bool config_needs_authorities(const struct bj_tls_config *config);

/* config_credential.c, for freezing and the end */
enum bj_err config_credentials_freeze(struct bj_tls_config *config) BJ_MUST_USE;
void config_credentials_free(struct bj_tls_config *config);

/* ech.c, for the setter, freezing and the end */
enum bj_err config_ech_add(struct bj_tls_config *config, struct bj_bytes raw, struct bj_bytes private, bool is_retry) BJ_MUST_USE;
enum bj_err config_ech_freeze(struct bj_tls_config *config) BJ_MUST_USE;
void config_ech_free(struct bj_tls_config *config);

#endif
