/* config.h - what a frozen configuration holds, as the engine reads it.
 *
 * Built by one thread through the setters of tls.h, then frozen: nothing in it changes but the counters, the ticket keys and the
 * session cache, each of which says in its own header how threads share it.
 */
#ifndef TLS_CONFIG_H
#define TLS_CONFIG_H

#include <stdatomic.h>

#include <bojagi/tls.h>

#include "base/bytes.h"
#include "crypto/pkey.h"

#define CONFIG_SUITE_MAX 16
#define CONFIG_GROUP_MAX 8
#define CONFIG_SCHEME_MAX 24
#define CONFIG_ALPN_BYTES_MAX 1024
#define CONFIG_CONTEXT_MAX 32
#define CONFIG_KEY_SHARE_MAX 3
#define CONFIG_TICKET_COUNT_MAX 8
#define CONFIG_TICKET_LIFETIME_MAX_S 604800 /* rfc9846:4.6.1 */
#define CONFIG_TICKET_KEEP_MAX 7

struct ticket_keys;
struct session_cache;

/* A credential as the handshake needs it. */
struct config_credential {
	struct bj_credential *credential;
	struct pkey *key; /* the credential's; not counted here */
	enum key_kind kind;
	struct bj_bytes message13; /* the Certificate message of 1.3 for servers, without its header, made when frozen */
	struct bj_bytes message12;
};

/* A name of a certificate, in lower case, and whose it is; "*." stays in front of a wildcard. Sorted by name, then credential. */
struct config_name {
	const char *name;
	uint16_t len;
	uint16_t credential;
};

struct bj_tls_config {
	atomic_uint refs;
	enum bj_tls_role role;
	bool frozen;
	bool prefer_own_order;
	bool strict_sni;
	bool keep_peer_chain;
	bool insecure_no_verify;
	bool insecure_no_name;
	uint16_t version_min, version_max;
	uint16_t suites[CONFIG_SUITE_MAX];
	uint8_t suite_count;
	uint16_t groups[CONFIG_GROUP_MAX];
	uint8_t group_count;
	uint8_t key_share_count;
	uint16_t schemes[CONFIG_SCHEME_MAX];
	uint8_t scheme_count;
	enum bj_tls_client_auth client_auth;
	uint32_t ask; /* 1 << enum bj_tls_question */

	uint8_t alpn_bytes[CONFIG_ALPN_BYTES_MAX]; /* as on the wire: a length byte before each name */
	uint16_t alpn_len;
	struct bj_bytes alpn[BJ_TLS_ALPN_MAX]; /* views into it */
	uint8_t alpn_count;

	struct config_credential *credentials;
	size_t credential_count;
	struct config_name *names;
	size_t name_count;
	char *name_text;
	struct bj_trust *trust;

	unsigned ticket_count, ticket_lifetime_s, ticket_rotate_s, ticket_keep;
	struct ticket_keys *tickets; /* null: none (clients, or a count of zero) */
	size_t cache_entries;
	unsigned cache_timeout_s;
	struct session_cache *cache; /* null: none */
	uint8_t context[CONFIG_CONTEXT_MAX];
	uint8_t context_len;

	struct bj_rng rng;
	bj_tls_keylog_fn *keylog;
	void *keylog_self;
	bj_tls_observer_fn *observer;
	void *observer_self;
};

bool config_has_version(const struct bj_tls_config *config, uint16_t version);
bool config_has_suite(const struct bj_tls_config *config, uint16_t suite);
bool config_has_group(const struct bj_tls_config *config, uint16_t group);
bool config_has_scheme(const struct bj_tls_config *config, uint16_t scheme);

/* What a peer can use. */
struct config_wish {
	struct bj_bytes name;    /* the server name, or empty */
	const uint16_t *schemes; /* its signature algorithms, in its order */
	size_t scheme_count;
	uint32_t kinds;          /* 1 << enum key_kind: 1.2's suites leave only some; all for 1.3 */
	uint16_t version;
};

/* The credential and the scheme to sign with. BJ_ERR_UNKNOWN_NAME (strict_sni), BJ_ERR_NO_COMMON_SIGNATURE, BJ_ERR_NO_CREDENTIAL. */
enum bj_err config_choose_credential(const struct bj_tls_config *config, const struct config_wish *wish,
				     const struct config_credential **out, uint16_t *out_scheme) BJ_MUST_USE;
/* The scheme to sign with for a key of that kind, of what both sides have; 0 if there is none. */
uint16_t config_choose_scheme(const struct bj_tls_config *config, const struct config_wish *wish, enum key_kind kind);

/* A Certificate message (1.3 or 1.2 form, without its header) of a credential's chain; null without memory. free() it. */
uint8_t *config_certificate_message(const struct bj_credential *credential, uint16_t version, size_t *out_len);

/* The protocol that both have (rfc7301:3.2): `theirs` is the content of protocol_name_list. The view is into the configuration. Empty if
 * there is none. */
struct bj_bytes config_choose_alpn(const struct bj_tls_config *config, struct bj_bytes theirs);

#endif
