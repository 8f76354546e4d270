/* tls.h - TLS 1.3 (rfc9846) and 1.2 (rfc5246, ECDHE and AEAD only) as an engine: bytes in, bytes out.
 *
 * The engine (struct bj_tls) does no input or output, reads no clock and keeps no buffer of the caller's:
 *
 *     read from the peer into a buffer of yours  ->  bj_tls_feed()  ->  plaintext as a view into the same buffer
 *     your plaintext                             ->  bj_tls_seal()  ->  records in a buffer of yours, to be sent
 *     what the handshake wants to send           ->  bj_tls_pull()
 *
 * A decision that may take time is a question: feeding stops, bj_tls_question() says what is wanted, one call answers, and
 * feeding goes on. Questions that the configuration can answer by itself are not asked unless it is told to ask them.
 *
 * Threads: a configuration is built by one thread, frozen, and then shared freely. A connection belongs to one thread at a
 * time. Nothing is global.
 *
 * The first failure of a connection sticks: every later call returns it.
 *
 * People who want to wrap a socket find the short way at the end: four calls.
 */
#ifndef BOJAGI_TLS_H
#define BOJAGI_TLS_H

#include <bojagi/base.h>
#include <bojagi/x509.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bj_tls_role {
	BJ_TLS_CLIENT = 1,
	BJ_TLS_SERVER = 2,
};

enum bj_tls_version {
	BJ_TLS_1_2 = 0x0303,
	BJ_TLS_1_3 = 0x0304,
};

enum bj_tls_client_auth {
	BJ_TLS_AUTH_NONE = 0, /* no certificate is asked for */
	BJ_TLS_AUTH_OPTIONAL, /* asked for; one that is sent must be good */
	BJ_TLS_AUTH_REQUIRED, /* asked for; without one the handshake fails */
};

/* Forms of a certificate (rfc7250). */
enum bj_tls_certificate_type {
	BJ_TLS_X509 = 0,
	BJ_TLS_RAW_PUBLIC_KEY = 2, /* a SubjectPublicKeyInfo alone, in the place of a chain */
};

#define BJ_TLS_RECORD_PLAIN_MAX 16384                         /* rfc9846:5.1 */
#define BJ_TLS_RECORD_MAX (5 + 16384 + 256)                   /* the largest record that is ever sent or accepted in 1.3 */
#define BJ_TLS_RECORD_MAX_12 (5 + 16384 + 2048)               /* the largest that is accepted in 1.2 */
#define BJ_TLS_OVERHEAD_MAX 32                                /* what sealing adds to a record at most, but for padding */
#define BJ_TLS_ALPN_MAX 16                                    /* protocols in a configuration */
#define BJ_TLS_CREDENTIAL_MAX 1024                            /* credentials in a configuration */
#define BJ_TLS_NAME_MAX 255
#define BJ_TLS_ECH_KEY_MAX 64                                 /* keys of Encrypted ClientHello in a configuration */

/* ================================================================ configuration */

struct bj_tls_config;

/* A configuration with safe defaults (versions 1.2 and 1.3, profile "intermediate") and one reference; null without memory.
 * A client verifies its server by chain and name unless a call named insecure says otherwise. */
BJ_API struct bj_tls_config *bj_tls_config_new(enum bj_tls_role role);
BJ_API struct bj_tls_config *bj_tls_config_ref(struct bj_tls_config *config);
/* Drops a reference; the last one wipes ticket keys and frees. Takes null. */
BJ_API void bj_tls_config_free(struct bj_tls_config *config);

/* All setters fail with BJ_ERR_CONFIG_FROZEN after bj_tls_config_freeze(), with BJ_ERR_ARGUMENT for values that do not exist,
 * with BJ_ERR_NO_MEMORY, and change nothing when they fail. */

/* "intermediate": 1.2 and 1.3; "modern": 1.3 only. Sets versions, suites, groups and signature algorithms. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_profile(struct bj_tls_config *config, const char *profile);
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_versions(struct bj_tls_config *config, enum bj_tls_version min, enum bj_tls_version max);
/* Code points in order of preference, of both versions in one list; unknown ones are BJ_ERR_ARGUMENT. Not in the profiles and to be had by
 * name alone are the group MLKEM1024 (0x0202), which has no curve beside ML-KEM, and the signature algorithms of ML-DSA (0x0904..0x0906), which are
 * known only where libcrypto is 3.5 or later. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_suites(struct bj_tls_config *config, const uint16_t *suites, size_t count);
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_groups(struct bj_tls_config *config, const uint16_t *groups, size_t count);
/* A client sends key shares for the first `count` of its groups. Without this call it sends one for the first, and if that is a
 * hybrid such as X25519MLKEM768 one for its plain half too, of the same key, where that group is in the list. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_key_shares(struct bj_tls_config *config, size_t count);
/* A client sends key shares for these groups instead (at most 3; those that are not among its groups are left out), in the order of its groups. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_key_share_groups(struct bj_tls_config *config, const uint16_t *groups, size_t count);
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_signature_algorithms(struct bj_tls_config *config, const uint16_t *schemes, size_t count);
/* A server follows the client's order of suites by default; this makes it follow its own. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_prefer_own_order(struct bj_tls_config *config, bool own);
/* A server of 1.3 takes the first common group that the client sent a share for. This makes it take the first common one, also where that costs
 * a HelloRetryRequest: for groups that must not be missed because a client guessed wrong. Off by default. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_retry_for_group(struct bj_tls_config *config, bool on);
/* Application protocols in order of preference (rfc7301), of at most 1024 bytes with one more for each; the names are copied. A server that has a list and finds nothing
 * common with a client that sent one fails with no_application_protocol. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_alpn(struct bj_tls_config *config, const char *const *names, size_t count);
/* Adds a credential (takes a reference). A server chooses by server name, signature algorithm and key; the first one is the
 * default where no name fits, unless bj_tls_config_strict_sni(). A client uses them when it is asked. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_credential(struct bj_tls_config *config, struct bj_credential *credential);
/* The credential that was added last signs handshakes with these schemes only, in this order of preference; without this call with
 * those of bj_tls_config_signature_algorithms(). */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_credential_schemes(struct bj_tls_config *config, const uint16_t *schemes, size_t count);
/* The credential that was added last is only for peers that name an issuer of one of its certificates among the authorities that they
 * trust (rfc9846:4.2.4 rfc5246:7.4.4): peers that name none do not get it. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_credential_must_match(struct bj_tls_config *config);
/* Names of authorities (DER), for peers that have several certificates to choose from: servers say them when they ask for a certificate,
 * clients of 1.3 in their hello (rfc9846:4.2.4). They replace what is said by default: a server says the names of its anchors, a
 * client none. A count of 0: none are said. At most 16384 bytes. BJ_ERR_CERT_NAME_FORM, BJ_ERR_LIMIT. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_authorities(struct bj_tls_config *config, const struct bj_bytes *names, size_t count);
/* Clients: the names of the anchors are said. Everybody on the way can read them. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_name_anchors(struct bj_tls_config *config, bool name);
/* Sends signature_algorithms_cert: which signatures are taken in certificates, where these are others than those of handshakes. Of
 * several credentials that a peer can use, one whose chain it takes by that list comes first, in either role. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_certificate_schemes(struct bj_tls_config *config, const uint16_t *schemes, size_t count);
/* Delegated credentials (rfc9345), 1.3: a key that serves in the place of a certificate's for at most seven days. A credential of a chain,
 * the delegated credential (the struct of the RFC in its wire form), and the private key that it names. It is shown to peers that
 * take its scheme; add the certificate's own key behind it for the others and for the time after its end. Making one is a signature of
 * the certificate's holder (rfc9345:4) and not done here. BJ_ERR_DECODE where it is malformed, BJ_ERR_DELEGATION where the certificate may not
 * delegate or its key did not make it, BJ_ERR_KEY_MISMATCH for a private key that it does not name, and those of bj_credential_from_pem();
 * bj_tls_config_credential() says BJ_ERR_DELEGATION of one for clients in a server's configuration, or the other way round. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_delegated_credential(const void *chain, size_t chain_len, const void *delegation, size_t delegation_len,
							   const void *key, size_t key_len, struct bj_credential **out);
/* Delegated credentials are taken, with these schemes (none with rsaEncryption keys); servers: of clients. Default: they are not. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_delegated_schemes(struct bj_tls_config *config, const uint16_t *schemes, size_t count);
/* A server refuses names that no credential covers (unrecognized_name) instead of using the default. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_strict_sni(struct bj_tls_config *config, bool strict);
/* The anchors that peers are judged by (takes a reference). */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_trust(struct bj_tls_config *config, struct bj_trust *trust);
/* Servers: whether clients are asked for a certificate; needs anchors, or what else they are judged by (BJ_ERR_CONFIG_NO_TRUST at freezing).
 * Default: they are not. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_client_auth(struct bj_tls_config *config, enum bj_tls_client_auth mode);
/* Raw public keys (rfc7250). In which forms the peer may show its certificate, in order of preference; default X.509 alone. A raw public
 * key is judged by the keys that are expected: whoever takes raw keys names at least one, or answers BJ_TLS_Q_VERIFY
 * (BJ_ERR_CONFIG_NO_TRUST at freezing). Names and anchors say nothing about it. Servers: of client certificates. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_peer_types(struct bj_tls_config *config, const enum bj_tls_certificate_type *types, size_t count);
/* Clients: which forms of their own they offer. Default: those of their credentials (bj_credential_from_key() makes bare keys), in the
 * order in which they were added. Servers show what their credentials are and the client takes, the first that fits. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_own_types(struct bj_tls_config *config, const enum bj_tls_certificate_type *types, size_t count);
/* Adds a key that is expected: its SubjectPublicKeyInfo in DER, or the SHA-256 of that (32 bytes). At most 64. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_peer_key(struct bj_tls_config *config, const void *spki, size_t len);
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_peer_pin(struct bj_tls_config *config, const void *sha256);
/* Clients of 1.3: offer to show a certificate after the handshake too, and do so when they are asked; while a question about that is open
 * nothing can be sealed. Servers: bj_tls_request_certificate() may be called for such clients; needs a trust as client_auth does. Costs
 * each connection half a kilobyte. Default: off. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_post_handshake_auth(struct bj_tls_config *config, bool on);
/* Servers: tickets for both versions. `lifetime_s` at most 604800 (rfc9846:4.6.1); keys are replaced every `rotate_s` seconds and
 * `keep` old ones still open tickets (0..7). `count` tickets after a full 1.3 handshake (at most 8; 0 turns tickets off; default 2).
 * Defaults: 7200 s, 8 h, 2 old keys. Clients: with a count of 0 a 1.2 server is not asked for a ticket; nothing else matters. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_tickets(struct bj_tls_config *config, unsigned count, unsigned lifetime_s,
						     unsigned rotate_s, unsigned keep);
/* Clients: ask a server of 1.3 for so many tickets (rfc9149), each at most 255, as when several connections will be opened at once; zeros
 * where none is wanted. Servers give as many as they are asked for, up to 8. Without this call the server decides. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_ticket_request(struct bj_tls_config *config, unsigned after_full, unsigned after_resumed);
/* Servers: how many TLS 1.2 sessions are kept by id (0: none; at most a million), and for how long (at most a day). Default 1024, 300 s. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_session_cache(struct bj_tls_config *config, size_t entries, unsigned timeout_s);
/* Sessions and tickets of this configuration resume only in configurations with the same context (at most 32 bytes) and the same
 * client-certificate policy, and, where peers are judged, the same anchors, revocation lists and expected keys, and the same answer to who
 * judges (BJ_TLS_Q_VERIFY) and by what staples: after a change of those peers are judged anew. Clients': the same credentials too. A client that
 * answers BJ_TLS_Q_CREDENTIAL itself says here who it is. Default: empty. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_session_context(struct bj_tls_config *config, const void *context, size_t len);
/* Clients with credentials: fail where a server asks for a certificate and none of ours fits what it takes (BJ_ERR_NO_COMMON_SIGNATURE,
 * BJ_ERR_NO_CREDENTIAL), instead of going on without one and leaving it to the server. Default: off. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_must_authenticate(struct bj_tls_config *config, bool must);
/* Values that mean nothing (rfc8701) in a client's hello and in a server's tickets, so that peers who choke on what they do not know are
 * found; and a client's extensions in another order each time. Default: neither. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_grease(struct bj_tls_config *config, bool grease);
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_permute(struct bj_tls_config *config, bool permute);
/* Certificates may come, and go where the peer takes it, compressed in 1.3 (rfc8879), by these algorithms in this order of preference: 1 zlib,
 * 2 brotli, 3 zstd (bj_tls_compression_by_name()). BJ_ERR_ARGUMENT for one that this library was built without. Servers compress once, when the
 * configuration is frozen. Default: none. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_certificate_compression(struct bj_tls_config *config, const uint16_t *algorithms, size_t count);
/* Clients: this is a second try with a lower highest version than the first (rfc7507): a server that has more refuses it. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_fallback(struct bj_tls_config *config, bool is_fallback);
/* The peer's chain stays readable in bj_tls_report() after the handshake (it costs its size in memory). Sessions then remember the
 * end entity's certificate (of at most 8192 bytes; with a larger one they are not resumed), so that a resumed connection shows it
 * again, alone. Default: off. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_keep_peer_chain(struct bj_tls_config *config, bool keep);
/* Clients, TLS 1.2: data may be sealed as soon as our Finished is out, one round trip earlier (rfc7918): in full handshakes with extended master
 * secret, where the server agreed to an application protocol, or always. It goes out before the server has proven that both saw the same
 * handshake; its keys are forward secret and its server judged. Ask bj_tls_may_seal() after each bj_tls_feed(). Default: off. */
enum bj_tls_false_start {
	BJ_TLS_FALSE_START_OFF = 0,
	BJ_TLS_FALSE_START_ALPN,
	BJ_TLS_FALSE_START_ALWAYS,
};
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_false_start(struct bj_tls_config *config, enum bj_tls_false_start how);
/* Clients: a resumed handshake judges the server's chain again, kept with the session together with what was stapled, by the anchors, lists and time
 * of then, and asks BJ_TLS_Q_VERIFY where the owner wants that; with early data this comes first, in bj_tls_start(), and nothing is sent before
 * it is answered. A server that no longer passes ends the handshake. In return sessions outlive a change of anchors and lists. The peer's chain is
 * kept as by bj_tls_config_keep_peer_chain(), whole; chains of more than 32 KB are not resumed. BJ_ERR_ARGUMENT for servers. Default: off. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_judge_resumed(struct bj_tls_config *config, bool on);
/* Clients: ask the server for an OCSP response (rfc6066:8) and for timestamps (rfc6962:3.3.1) with its chain. The response is
 * judged with the chain by the revocation policy of the trust (bj_trust_use_crls()): what could not be found out stands in the verdict's
 * note. Timestamps are only reported: whoever answers BJ_TLS_Q_VERIFY judges them. Default: neither. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_stapling(struct bj_tls_config *config, bool ocsp, bool scts);
/* ---- lengths of records (64..16384 bytes of plaintext; 0, the default: as the protocol allows) */

/* Our records hold at most so much, those of the handshake too. What a peer asks for (record_size_limit, max_fragment_length) is kept to
 * without being told here. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_send_max(struct bj_tls_config *config, size_t len);
/* The peer is told by record_size_limit (rfc8449) that its protected records may hold at most so much; more is BJ_ERR_RECORD_OVERFLOW once it
 * has answered. A server can tell those clients only that use the extension themselves. Where it was agreed on, len + 30 bytes are enough of
 * a buffer for the records of an open connection. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_receive_max(struct bj_tls_config *config, size_t len);
/* Clients: asks for records of at most 512, 1024, 2048 or 4096 bytes in both directions by the older max_fragment_length (rfc6066:4), for
 * servers that have nothing else. Whoever has both uses record_size_limit. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_max_fragment_length(struct bj_tls_config *config, size_t len);
/* 1.3: what a record hides (plaintext and type) is filled up with zeros to a multiple of so many bytes, 2..4096, as far as the record may be
 * that long (rfc9846:5.4). Default: 0, no padding. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_padding(struct bj_tls_config *config, size_t multiple);

/* Default: the operating system's. What is called from here (this, the key log, the observer) is called on every thread that has a connection. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_rng(struct bj_tls_config *config, struct bj_rng rng);
/* Called with one line of the key log (rfc9850), without a line end, for each secret made. The line is secret. */
typedef void bj_tls_keylog_fn(void *self, const char *line);
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_keylog(struct bj_tls_config *config, bj_tls_keylog_fn *fn, void *self);

/* A key that both sides were given in another way (rfc9846:2.2): at least 16 bytes of randomness, no password. `identity` names it and is
 * sent in the clear. It is imported (rfc9258) with `context`, which both sides must have the same, and with the hash that it is meant
 * for; `raw` keys are used as they are, with suites of that hash alone, for peers that do not import. Who is client and server under one
 * key says in the context who calls whom, each direction another one: else its own hello, sent back, is as good as the other's. All is copied. */
#define BJ_TLS_PSK_IDENTITY_MAX 1024 /* so long may a context be, too */
#define BJ_TLS_PSK_KEY_MIN 16
#define BJ_TLS_PSK_KEY_MAX 64
#define BJ_TLS_PSK_MAX 64            /* keys in a configuration */
enum bj_tls_psk_hash {
	BJ_TLS_PSK_SHA256 = 0,
	BJ_TLS_PSK_SHA384,
};
struct bj_tls_psk {
	const void *identity, *key, *context;
	size_t identity_len, key_len, context_len;
	enum bj_tls_psk_hash hash;
	bool raw;
};
/* Adds a key, in order of preference. Clients offer all of them, behind a session, as far as a hello takes them (64 identities and 16 KB, in an encrypted one maybe less; an imported
 * key has two, one for each hash); a client that has keys and neither anchors nor pins
 * nor the question about the verdict takes no certificate. A server takes the first of its keys that is offered; of those that were
 * added behind a credential, only where no credential is for the client. Keys serve 1.3 alone. BJ_ERR_LIMIT. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_psk(struct bj_tls_config *config, const struct bj_tls_psk *psk);
/* Is this identity, as it came, an imported one? Gives its two parts, as views into it. */
BJ_API bool bj_tls_psk_imported(struct bj_bytes identity, struct bj_bytes *out_identity, struct bj_bytes *out_context);

/* Servers: a HelloRetryRequest carries what the server must remember of the first hello in a cookie (rfc9846:4.2.2), good for `age_s`
 * seconds (at most 600; 0: no cookies, the default). When the report says `retried` and all is pulled, the connection may be freed, and
 * a new one of this configuration takes the second hello. A connection that begins so passes over no early data. Where the report says
 * BJ_TLS_ECH_ACCEPTED there is no cookie, and the connection has to stay: nobody else can open the second hello. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_cookies(struct bj_tls_config *config, unsigned age_s);

/* Early data (0-RTT, rfc9846:2.3): a client that resumes sends data with its first bytes, before the server has answered. Off by
 * default, for its price: early data can be recorded and sent again by anybody on the way, and it is not forward secret. The server
 * takes each hello once, within a window and within this configuration; where several of them, here or in other processes, open the same
 * tickets (BJ_TLS_Q_TICKET), the owner must keep a record of its own (BJ_TLS_Q_EARLY_DATA). Even so only requests that do no harm when they are made twice belong into it.
 * Servers: `max_bytes` of it are taken (0: none) on connections that resume a session made with this on; `window_s` (1..600): how far
 * the age that a client says may be from the one that we know. Clients: at most `max_bytes` are sent early, where the session allows
 * it; the window is not looked at. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_early_data(struct bj_tls_config *config, uint32_t max_bytes, unsigned window_s);

/* Clients: no chain is judged, any server is believed. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_insecure_no_verify(struct bj_tls_config *config);
/* Clients: the chain is judged but the name in it is not. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_insecure_no_name(struct bj_tls_config *config);

/* ---- Encrypted ClientHello (rfc9849); see bj_tls_ech() and bj_ech_key_generate() */

/* Servers: adds a key, of a configuration (an ECHConfig, without the length of a list) and its private key. Hellos encrypted to any of the
 * keys are opened; those with `retry` are told to clients whose hello did not open, in this order, and one at least must be. To
 * rotate, put a new key in front with `retry`, keep the old one without it for as long as clients may know it (its DNS record's
 * lifetime), and make a new configuration of it all. BJ_ERR_ECH_CONFIG, BJ_ERR_UNSUPPORTED (another KEM than X25519 or P-256),
 * BJ_ERR_KEY_FORMAT, BJ_ERR_KEY_MISMATCH, BJ_ERR_LIMIT. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_ech_key(struct bj_tls_config *config, const void *ech_config, size_t ech_config_len,
						     const void *private_key, size_t private_key_len, bool retry);
/* Clients: connections without a configuration to encrypt to send an extension that looks as if they had one. Default: off. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_ech_grease(struct bj_tls_config *config, bool on);

/* Which questions the owner wants to answer itself: a set of 1 << enum bj_tls_question. Default: none. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_ask(struct bj_tls_config *config, uint32_t questions);

/* What happened on a connection, as it happens; for logs, metrics, trace and tests. */
enum bj_tls_event_kind {
	BJ_TLS_SAW_MESSAGE = 1, /* a whole handshake message: type, bytes (with its 4-byte header) */
	BJ_TLS_SAW_ALERT,       /* type is the description, bytes are level and description */
	BJ_TLS_SAW_KEYS,        /* traffic keys changed in one direction; type is 0 handshake, 1 application, 2 updated, 3 early */
	BJ_TLS_SAW_CCS,         /* a change_cipher_spec record */
	BJ_TLS_SAW_INNER_HELLO, /* the ClientHello inside an encrypted one, before that is sent or after it came; as a message */
};
struct bj_tls_event_info {
	enum bj_tls_event_kind kind;
	bool sent;
	uint8_t type;
	struct bj_bytes bytes; /* view, until the observer returns */
};
struct bj_tls;
typedef void bj_tls_observer_fn(void *self, const struct bj_tls *conn, const struct bj_tls_event_info *info);
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_observer(struct bj_tls_config *config, bj_tls_observer_fn *fn, void *self);

/* Checks that the configuration makes sense and freezes it: BJ_ERR_CONFIG_NO_TRUST where peers are to be judged and there is nothing to judge
 * them by, BJ_ERR_CONFIG_NO_CREDENTIAL, BJ_ERR_CONFIG_EMPTY, BJ_ERR_CONFIG_NO_ALPN (QUIC), BJ_ERR_CONFIG_ECH (no key with `retry`),
 * BJ_ERR_CERT_NAME_FORM, BJ_ERR_LIMIT, BJ_ERR_NO_MEMORY. Whatever fails, nothing has changed. Freezing twice does nothing. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_freeze(struct bj_tls_config *config);

/* ================================================================ connection */

/* Allocates a connection (and takes a reference of the frozen configuration). `name`: clients give the server's name, a DNS name
 * (A-labels) or the text of an IP address, copied; servers give null. Errors: BJ_ERR_CONFIG_NOT_FROZEN, BJ_ERR_CONFIG_NO_NAME,
 * BJ_ERR_CONFIG_BAD_NAME, BJ_ERR_NO_MEMORY. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_new(struct bj_tls_config *config, const char *name, struct bj_tls **out);
/* Wipes every secret and frees; takes null. */
BJ_API void bj_tls_free(struct bj_tls *conn);

/* The same in memory of the caller's, of bj_tls_size() bytes, aligned for any type. bj_tls_fini() wipes and lets go. */
BJ_API size_t bj_tls_size(void);
BJ_API BJ_MUST_USE enum bj_err bj_tls_init(void *memory, struct bj_tls_config *config, const char *name, struct bj_tls **out);
BJ_API void bj_tls_fini(struct bj_tls *conn);

/* A value of the owner's, untouched by the engine. */
BJ_API void bj_tls_set_owner(struct bj_tls *conn, void *owner);
BJ_API void *bj_tls_owner(const struct bj_tls *conn);

/* Clients: offers a session that bj_tls_session() gave earlier, before bj_tls_start(). BJ_ERR_BAD_TICKET if it is expired, damaged,
 * or for another name or configuration: the connection then goes on with a full handshake. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_resume(struct bj_tls *conn, int64_t now_ms, const void *session, size_t len);

/* Clients, before bj_tls_start(): groups that the server is said to have (by its name's records, or from before). The key share is then for the
 * first of the configuration's groups among them, alone; without one nothing changes. What is not true costs a HelloRetryRequest. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_hint_groups(struct bj_tls *conn, const uint16_t *groups, size_t count);
/* Clients: encrypts what the hello says to the first usable configuration of a list (an ECHConfigList, as the HTTPS record of the
 * server's name or bj_tls_report()'s ech_retry_configs have it); before bj_tls_start(). On the wire stands the public name of the
 * configuration instead of the server's; what else both hellos share (application protocols, groups, key shares) is still to be seen.
 * Where the server cannot open it, the handshake goes on for the public name alone and then fails with BJ_ERR_ECH_REJECTED: try
 * once more, on a new connection, with ech_retry_configs, or without this call where they are empty. BJ_ERR_ECH_CONFIG for a list
 * that is malformed, BJ_ERR_NOT_FOUND where none of it can be used (or TLS 1.3 is off): the connection then goes on without. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_ech(struct bj_tls *conn, const void *config_list, size_t len);

/* Clients: makes the ClientHello, which bj_tls_pull() hands out. Servers need no start. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_start(struct bj_tls *conn, int64_t now_ms);

enum bj_tls_event {
	BJ_TLS_NONE = 0, /* all whole records are used; read more behind what is left */
	BJ_TLS_DATA,     /* `data` is plaintext, a view into the fed buffer, until that buffer is reused */
	BJ_TLS_DONE,     /* the handshake is complete; comes once */
	BJ_TLS_ASK,      /* a question waits: see bj_tls_question() */
	BJ_TLS_TICKET,   /* clients: bj_tls_session() has a new session; of several that came together each is told, so take it before the next call */
	BJ_TLS_AUTHENTICATED, /* servers: the client answered bj_tls_request_certificate(); bj_tls_report() says how */
	BJ_TLS_CLOSE,    /* the peer sent close_notify: no more data will come */
	BJ_TLS_EARLY_DATA, /* servers: like BJ_TLS_DATA, but early: it may be a replay, and who sent it is proven only at BJ_TLS_DONE */
};
struct bj_tls_fed {
	size_t used; /* bytes of the input that are done with */
	enum bj_tls_event event;
	struct bj_bytes data;
};

/* Takes records from `buf` (which is decrypted in place) until something is to be told. Call again with the rest, from buf + used
 * on, until the event is BJ_TLS_NONE; then keep the rest (less than one record), read more behind it, and call again. After each
 * call there may be something to pull, also after a failure (the alert). On failure `out` says how much was used. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_feed(struct bj_tls *conn, int64_t now_ms, uint8_t *buf, size_t len, struct bj_tls_fed *out);

/* How many bytes wait to be sent (handshake, alerts, key updates), and the same handed out: at most `cap` bytes are written, the
 * number is returned. */
BJ_API size_t bj_tls_pending(const struct bj_tls *conn);
BJ_API size_t bj_tls_pull(struct bj_tls *conn, uint8_t *out, size_t cap);

/* Seals plaintext into records. What waits to be pulled comes out first, so the order is right by itself. As much is taken as fits:
 * `out_used` says how many bytes of the input (counted over all pieces), `out_len` how many were written. BJ_ERR_STATE before the
 * handshake allows sending. A cap of BJ_TLS_RECORD_MAX or more always makes progress when nothing is pending.
 * A client that offers early data (its report says BJ_TLS_EARLY_OFFERED) may seal from bj_tls_start() on, until the server's answer and
 * up to the limit, beyond which it is BJ_ERR_STATE until BJ_TLS_DONE. If the report then says anything but BJ_TLS_EARLY_ACCEPTED, all
 * that was sealed before BJ_TLS_DONE is lost and must be sealed again, as far as it still fits the protocol that was chosen. A server
 * that took early data may answer before BJ_TLS_DONE. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_seal(struct bj_tls *conn, const struct bj_bytes *in, size_t in_count, uint8_t *out, size_t cap,
					   size_t *out_used, size_t *out_len);
/* Whether it would take data now: after BJ_TLS_DONE, and before that where early data or false start allow it. */
BJ_API bool bj_tls_may_seal(const struct bj_tls *conn);
/* How many bytes bj_tls_seal() writes at most for `len` bytes of plaintext in up to 16 pieces: a record has no more, so smaller ones make more
 * records. */
BJ_API size_t bj_tls_sealed_len(const struct bj_tls *conn, size_t len);

/* Queues close_notify; sending is over, also of messages that a question stopped. Harmless when repeated. */
BJ_API void bj_tls_close(struct bj_tls *conn);
/* Ends the connection with an error of the owner's: BJ_ERR_ACCESS_DENIED, BJ_ERR_USER_CANCELED, BJ_ERR_INTERNAL ... with its alert. That of
 * BJ_ERR_USER_CANCELED is for handshakes: close_notify follows it (rfc9846:6.1), so for the peer of an open connection that is closed in order. */
BJ_API void bj_tls_abort(struct bj_tls *conn, enum bj_err err);
/* Says that the peer's bytes ended; gives BJ_OK after a close_notify, else BJ_ERR_TRUNCATED (which sticks). */
BJ_API BJ_MUST_USE enum bj_err bj_tls_eof(struct bj_tls *conn);

/* Nobody has to call this: bj_tls_seal() takes new keys by itself long before those in force have sealed as much as they may (rfc9846:5.5). What
 * cannot have new ones, as 1.2, ends with BJ_ERR_KEY_LIMIT.
 * TLS 1.3: new keys for sending; with `ask_peer` the peer is asked for the same, unless it was asked before and has not answered yet
 * (rfc9846:4.6.3). BJ_ERR_STATE in 1.2. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_key_update(struct bj_tls *conn, bool ask_peer);
/* TLS 1.3: asks the client for a certificate now (post-handshake authentication, rfc9846:4.6.2): needs
 * bj_tls_config_post_handshake_auth() on both sides. Data goes on meanwhile; BJ_TLS_AUTHENTICATED says that the answer is here and was found good
 * (or that the client has none to show: nothing has changed then), and a bad one ends the connection. BJ_ERR_STATE where the client cannot
 * answer or has not answered yet, where it came with a key from outside (bj_tls_config_psk()), where keys were given away and where no chains are
 * taken (bj_tls_config_peer_types()), BJ_ERR_LIMIT after 16 requests. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_request_certificate(struct bj_tls *conn);
/* Keying material for the owner (rfc5705, rfc9846:7.5). `context` null means no context (1.2 makes a difference). BJ_ERR_STATE before data may be
 * sealed (but early data: bj_tls_export_early()), BJ_ERR_ARGUMENT for a label or a length that there is none of.
 * BJ_ERR_NO_EXTENDED_MASTER_SECRET where the keys of a 1.2 connection are not bound to its handshake (rfc7627:5.4): that fails no more
 * than this call. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_export(struct bj_tls *conn, const char *label, const void *context, size_t context_len,
					     uint8_t *out, size_t len);
/* The same of the early exporter: of clients that offer early data and servers that took it, until the handshake is complete. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_export_early(struct bj_tls *conn, const char *label, const void *context, size_t context_len,
						   uint8_t *out, size_t len);
/* Lets go of what an idle connection does not need (expanded keys); it is made again when needed. */
BJ_API void bj_tls_rest(struct bj_tls *conn);

/* Clients: the newest session, to be offered later; authenticated by nothing but its owner's care, and secret. The view lives until the
 * next call for this connection. Empty if there is none, and behind a fatal alert of either side: what is left of such a connection should
 * not be offered again, nor what was offered to make it. Who wants all of several takes one at each BJ_TLS_TICKET; the short way below leaves
 * the newest. */
BJ_API struct bj_bytes bj_tls_session(const struct bj_tls *conn);
/* The same, sealed under a key of the owner's (32 random bytes; a new one before 2^32 sessions), for places that others can reach: what was
 * changed or written by somebody else does not open. It has a version of its own. At most the session's length and the overhead are
 * written. BJ_ERR_NOT_FOUND where there is no session, BJ_ERR_SPACE. */
#define BJ_TLS_SESSION_KEY_LEN 32
#define BJ_TLS_SESSION_OVERHEAD 29
BJ_API BJ_MUST_USE enum bj_err bj_tls_session_seal(struct bj_tls *conn, const void *key, uint8_t *out, size_t cap, size_t *out_len);
/* bj_tls_resume() with what that made; BJ_ERR_BAD_TICKET too if it does not open. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_resume_sealed(struct bj_tls *conn, int64_t now_ms, const void *key, const void *sealed, size_t len);

/* ---- questions */

enum bj_tls_question {
	BJ_TLS_Q_NONE = 0,
	BJ_TLS_Q_CREDENTIAL, /* which credential for this hello (servers), for this request (clients)? answer: bj_tls_answer_credential() */
	BJ_TLS_Q_SIGN,       /* sign bj_tls_question_bytes(), which are not hashed yet, with bj_tls_question_scheme(); answer: the signature (ECDSA: in DER) */
	BJ_TLS_Q_VERIFY,     /* judge bj_tls_report()'s chain; answer: a verdict */
	BJ_TLS_Q_EARLY_DATA, /* servers: take early data? bj_tls_question_bytes() stand for this hello and no other; asked after our own guard */
	BJ_TLS_Q_TICKET,     /* servers: is bj_tls_question_bytes() a ticket of the owner's? answer: what it was made of */
	BJ_TLS_Q_PSK,        /* servers: which key has bj_tls_question_bytes() as its identity (bj_tls_psk_imported())? Both are asked for the
			      * first four identities of a hello, one after the other, until one is known */
	BJ_TLS_Q_TICKET_SEAL, /* servers: make a ticket of bj_tls_question_bytes(), which are secret, and stay whole and unchanged in it */
};
BJ_API enum bj_tls_question bj_tls_question(const struct bj_tls *conn);
BJ_API struct bj_bytes bj_tls_question_bytes(const struct bj_tls *conn);
BJ_API uint16_t bj_tls_question_scheme(const struct bj_tls *conn);
/* For BJ_TLS_Q_CREDENTIAL: the signature schemes that the peer takes (two bytes each), and the authorities that it named, one by one:
 * DER of a name, empty past the last. Views until the answer. */
BJ_API struct bj_bytes bj_tls_question_schemes(const struct bj_tls *conn);
BJ_API struct bj_bytes bj_tls_question_authority(const struct bj_tls *conn, size_t index);
/* Answers, and the handshake goes on with the next bj_tls_feed() (also with no new bytes). Null credential: refuse the name (servers), show no
 * certificate (clients). A
 * verdict with an error ends the handshake with the alert of that error. BJ_ERR_STATE if that was not the question. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_answer_credential(struct bj_tls *conn, struct bj_credential *credential);
BJ_API BJ_MUST_USE enum bj_err bj_tls_answer_sign(struct bj_tls *conn, const void *signature, size_t len);
BJ_API BJ_MUST_USE enum bj_err bj_tls_answer_verify(struct bj_tls *conn, const struct bj_verdict *verdict);
/* `state`: what the owner was given at BJ_TLS_Q_TICKET_SEAL; none (a length of zero): it is no ticket of ours. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_answer_ticket(struct bj_tls *conn, const void *state, size_t len);
/* At most BJ_TLS_TICKET_MAX bytes; none: no ticket is sent. */
#define BJ_TLS_TICKET_MAX 16384
BJ_API BJ_MUST_USE enum bj_err bj_tls_answer_ticket_seal(struct bj_tls *conn, const void *ticket, size_t len);
/* Null: it is unknown. BJ_ERR_ARGUMENT as in bj_tls_config_psk(). */
BJ_API BJ_MUST_USE enum bj_err bj_tls_answer_psk(struct bj_tls *conn, const struct bj_tls_psk *psk);
/* False: the handshake goes on, and what the client sent early is passed over. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_answer_early_data(struct bj_tls *conn, bool accept);

/* ---- what is known about a connection */

enum bj_tls_ech {
	BJ_TLS_ECH_NONE = 0,
	BJ_TLS_ECH_GREASED,  /* clients: there was nothing to encrypt to but it looked so */
	BJ_TLS_ECH_OFFERED,  /* clients: the server has not answered yet */
	BJ_TLS_ECH_ACCEPTED, /* the inner hello counts; servers: also where a server in front opened it */
	BJ_TLS_ECH_REJECTED, /* the outer hello counts; servers: also where the client only looked so */
};

/* What became of early data, and why. */
enum bj_tls_early {
	BJ_TLS_EARLY_OFF = 0,     /* the configuration does not have it on, or nothing is settled yet */
	BJ_TLS_EARLY_NOT_OFFERED, /* servers: the client did not send any */
	BJ_TLS_EARLY_OFFERED,     /* clients: it may be sent now; servers: being considered */
	BJ_TLS_EARLY_ACCEPTED,
	BJ_TLS_EARLY_VERSION,     /* TLS 1.2 */
	BJ_TLS_EARLY_NO_SESSION,  /* the client offered none */
	BJ_TLS_EARLY_SESSION,     /* the session does not allow it */
	BJ_TLS_EARLY_NOT_RESUMED, /* the server did not take the session */
	BJ_TLS_EARLY_RETRY,       /* there was a HelloRetryRequest */
	BJ_TLS_EARLY_SUITE,       /* another suite or protocol than that of the session */
	BJ_TLS_EARLY_ALPN,
	BJ_TLS_EARLY_AGE,         /* the client's age of the session is not within the window: slow, or sent again */
	BJ_TLS_EARLY_REPLAYED,    /* this hello was seen before, or the guard had no room */
	BJ_TLS_EARLY_REFUSED,     /* the owner's answer; clients: the server did not say why */
};

struct bj_tls_report {
	enum bj_err err;           /* the failure that sticks, or BJ_OK */
	int alert_sent;            /* -1: none */
	int alert_received;        /* -1: none */
	const char *message;       /* where it failed: the handshake message's name in the RFC's words, "record", or "" */
	bool handshake_done;
	bool close_sent;
	bool close_received;
	uint16_t version;          /* 0 until negotiated; so are the next three */
	uint16_t suite;
	uint16_t group;            /* 0 where no key exchange took place */
	uint16_t signature_scheme; /* the server's handshake signature; 0 when resumed */
	bool resumed;
	bool retried;              /* there was a HelloRetryRequest */
	bool extended_master_secret; /* the keys are bound to this handshake: always in 1.3; a 1.2 connection without is never resumed */
	bool client_certificate_asked;
	const char *server_name;   /* what the client asked for (or the client's own); null if none; lives with the connection */
	struct bj_bytes alpn;      /* chosen protocol; empty if none; lives with the connection */
	const struct bj_bytes *peer_chain; /* DER, end entity first; see keep_peer_chain; during the handshake always */
	size_t peer_chain_count;
	struct bj_bytes peer_public_key; /* the SubjectPublicKeyInfo that the peer showed in the place of a chain; there when that would be */
	struct bj_bytes ocsp_response;     /* clients: what the server stapled; there while the chain is, and not when resumed */
	struct bj_bytes sct_list;
	enum bj_tls_ech ech;
	const char *ech_public_name;      /* clients whose hello was rejected: the name that the chain is judged by instead of their own; else null */
	struct bj_bytes ech_retry_configs; /* after BJ_ERR_ECH_REJECTED: what to try with next; empty: nothing. Lives with the connection */
	bool peer_verified;        /* a chain was judged and found good, now or in the session that was resumed, and the peer has shown that it is its */
	bool peer_delegated;       /* the peer signed with the key of a delegated credential; false when resumed */
	const struct bj_verdict *verdict; /* null if nothing was judged here or it is no longer kept */
	uint64_t bytes_in, bytes_out;     /* plaintext of application data */
	uint64_t records_in, records_out;
	struct bj_bytes psk_identity;     /* of the key from outside, as its owner names it; empty if there is none */
	enum bj_tls_early early_data;
	int32_t age_skew_ms;       /* servers, 1.3, resumed: by how much the client's age of the session is more than ours */
};
BJ_API void bj_tls_report(const struct bj_tls *conn, struct bj_tls_report *out);
/* The failure that sticks, or BJ_OK. */
BJ_API enum bj_err bj_tls_error(const struct bj_tls *conn);

/* Names of the registries' code points; never null, "unknown" for what is not known. The other way gives 0 for a name that is not known, or
 * not here. All that there are:
 *   versions     TLSv1.2 TLSv1.3
 *   suites       TLS_ with AES_128_GCM_SHA256, AES_256_GCM_SHA384, CHACHA20_POLY1305_SHA256 (1.3); TLS_ECDHE_ECDSA_WITH_ and TLS_ECDHE_RSA_WITH_
 *                with the same (1.2)
 *   groups       X25519MLKEM768 X25519 SecP256r1MLKEM768 secp256r1 secp384r1 secp521r1 MLKEM1024
 *   schemes      ecdsa_ with secp256r1_sha256, secp384r1_sha384, secp521r1_sha512; ed25519; rsa_pss_rsae_, rsa_pss_pss_ and rsa_pkcs1_ (1.2) with
 *                sha256, sha384, sha512; mldsa44 mldsa65 mldsa87 (libcrypto 3.5)
 *   compression  zlib brotli zstd
 *   alerts       as the RFCs have them: unknown_ca */
BJ_API const char *bj_tls_version_name(uint16_t version);
BJ_API const char *bj_tls_suite_name(uint16_t suite);
BJ_API const char *bj_tls_group_name(uint16_t group);
BJ_API const char *bj_tls_scheme_name(uint16_t scheme);
BJ_API const char *bj_tls_compression_name(uint16_t algorithm);
BJ_API const char *bj_tls_alert_name(int alert);
BJ_API uint16_t bj_tls_suite_by_name(const char *name);
BJ_API uint16_t bj_tls_group_by_name(const char *name);
BJ_API uint16_t bj_tls_scheme_by_name(const char *name);
BJ_API uint16_t bj_tls_compression_by_name(const char *name);

/* ================================================================ keys of Encrypted ClientHello */

#define BJ_ECH_CONFIG_MAX 512
#define BJ_ECH_PRIVATE_MAX 32

struct bj_ech_key {
	size_t config_len, private_len;
	uint8_t config[BJ_ECH_CONFIG_MAX];       /* an ECHConfig: public */
	uint8_t private_key[BJ_ECH_PRIVATE_MAX]; /* secret */
};

/* A fresh X25519 key for HKDF-SHA256 with each of the three AEADs. `public_name`: what clients show on the wire, a DNS name that the server has a
 * certificate for. `maximum_name_length` (0..255): of the names behind it, so that clients pad to it. `config_id`: 0..255, another one
 * than those of the server's other keys, or -1 for a random one. `rng` null: the operating system's. BJ_ERR_CONFIG_BAD_NAME. */
BJ_API BJ_MUST_USE enum bj_err bj_ech_key_generate(const char *public_name, unsigned maximum_name_length, int config_id,
						   const struct bj_rng *rng, struct bj_ech_key *out);
/* The configurations of these keys as an ECHConfigList, to be published (its base64 is the `ech` of an HTTPS record). BJ_ERR_SPACE. */
BJ_API BJ_MUST_USE enum bj_err bj_ech_config_list(const struct bj_ech_key *keys, size_t count, void *out, size_t cap, size_t *out_len);

/* ================================================================ records by somebody else (the kernel's TLS, a network card)
 *
 * When the handshake is done, either direction's keys may be given away. From then on whoever has them makes or opens the records, and
 * the engine refuses to (BJ_ERR_STATE), because a nonce must never be used twice. What the engine would send then (alerts, key updates) is
 * only reported: bj_tls_close() and failures say their code in bj_tls_report()'s alert_sent, and the caller sends the record. A peer's wish for new
 * keys is seen by who reads the records, and else by bj_tls_config_observer() (a KeyUpdate that ends in 01). Records that
 * carry no data (tickets, key updates, alerts) come back opened, by bj_tls_feed_opened(). A client
 * that gave writing away cannot answer a later request for a certificate: that ends its connection with BJ_ERR_STATE. */

struct bj_tls_traffic_keys {
	uint16_t version;
	uint16_t suite;      /* says the AEAD */
	uint8_t key_len;     /* 16 or 32 */
	uint8_t iv_len;      /* 12; in 1.2 with AES-GCM the 4 bytes of the salt, with the sequence number as explicit nonce behind them */
	uint8_t key[32];
	uint8_t iv[12];
	uint64_t sequence;   /* of the next record */
};
/* Copies the keys of one direction out and gives that direction away. BJ_ERR_STATE before BJ_TLS_DONE, when that direction is closed, while a
 * certificate that was asked for later is awaited or a question about it is open, for writing while bytes wait to be pulled (a KeyUpdate that
 * the peer asked for is queued then), for reading in the middle of a message, and with QUIC. Asked again it gives the keys in force, from the
 * engine's own count: after a key update of 1.3 those are new ones from 0 on. The caller wipes its copy. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_traffic_keys(struct bj_tls *conn, bool write, struct bj_tls_traffic_keys *out);
/* 1.3, after writing was given away: the next generation of its keys (rfc9846:4.6.3). The caller sends the KeyUpdate (18 00 00 01 00, or
 * 01 at the end to ask the peer for the same) as the last record under the old ones. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_traffic_keys_next(struct bj_tls *conn, struct bj_tls_traffic_keys *out);
/* Takes the content of one record that was opened elsewhere, with its type (20 change_cipher_spec, which is a failure, 21 alert, 22
 * handshake; data is the caller's: BJ_ERR_ARGUMENT), after reading was given away. Tells BJ_TLS_TICKET, BJ_TLS_CLOSE, BJ_TLS_ASK or nothing: behind a
 * question it is called without bytes once that is answered, behind BJ_TLS_TICKET until that is not told any more, and with some it is
 * BJ_ERR_STATE before. After a KeyUpdate bj_tls_traffic_keys() has the new keys for reading; one that ends in 01 asks
 * for bj_tls_traffic_keys_next() before more is sent. Data between key updates is not seen here: more than 32 with less than
 * a second between each and the next end the connection. A view of `bytes` lives until the call returns. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_feed_opened(struct bj_tls *conn, int64_t now_ms, uint8_t type, const void *bytes, size_t len,
						  enum bj_tls_event *out_event);

/* ================================================================ moving an open connection to another process
 *
 * Packs a connection into at most BJ_TLS_PACKED_MAX bytes, sealed under a key of the caller's (32 random bytes), and ends it here
 * (BJ_ERR_CLOSED from now on): it can go on in one place only. Bytes that were read from the peer and not fed yet go along with the socket, by
 * the caller. BJ_ERR_STATE before BJ_TLS_DONE was told and after bj_tls_eof(), while bytes wait to be pulled or half a message is there, while
 * a ticket was not told, while a certificate that was asked for later is awaited, after keys were given away, and with QUIC; BJ_ERR_SPACE where
 * `cap` is too small; nothing has changed then. Newest session and verdict are not carried. */
#define BJ_TLS_PACKED_MAX (200 * 1024) /* far less than 1 KB where the peer's chain is not kept */
BJ_API BJ_MUST_USE enum bj_err bj_tls_pack(struct bj_tls *conn, const void *key, size_t key_len, uint8_t *out, size_t cap, size_t *out_len);
/* The connection again, under a configuration with the same role, policy and context (what sessions are bound to). A blob is used once:
 * unpacking it twice would use nonces twice, and only the caller can see to that. BJ_ERR_BAD_TICKET for what was not packed so, for another
 * key, or that does not fit the configuration; BJ_ERR_CONFIG_NOT_FROZEN, BJ_ERR_NO_MEMORY. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_unpack(struct bj_tls_config *config, const void *key, size_t key_len, const void *blob, size_t len,
					     struct bj_tls **out);

/* ================================================================ QUIC (rfc9001)
 *
 * A connection of such a configuration has no records. It takes and gives the bytes of CRYPTO frames by level, gives the secrets that
 * QUIC protects its packets with, and carries the transport parameters. Everything else (configuration, questions, sessions, report,
 * exporters) is as above; what belongs to records (bj_tls_feed, _seal, _pull, _close, _eof, _key_update) is BJ_ERR_STATE or does nothing.
 *
 *     bj_tls_config_quic(), bj_tls_config_alpn(), ... freeze        once
 *     bj_tls_new(), bj_tls_quic_set_params(), client: bj_tls_start()
 *     loop: bj_tls_quic_feed() what came, in the order of the stream of its level
 *           bj_tls_quic_secret() until it has none                  install them
 *           bj_tls_quic_pull() until it gives nothing               into CRYPTO frames of the level that it says
 *
 * A failure is sent as CONNECTION_CLOSE with the code 0x0100 + bj_tls_report()'s alert_sent, at the levels that are there; a peer's
 * CONNECTION_CLOSE never comes here. BJ_TLS_DONE is "handshake complete" (rfc9001:4.1.1); whether it is confirmed, and when keys are
 * thrown away, QUIC decides. Updates of keys are QUIC's too (rfc9001:6). Sessions of QUIC and of records do not resume each other. */

enum bj_tls_level {
	BJ_TLS_LEVEL_INITIAL = 0,     /* keys come from the connection id, not from here */
	BJ_TLS_LEVEL_EARLY = 1,       /* 0-RTT: a secret, never bytes of the handshake */
	BJ_TLS_LEVEL_HANDSHAKE = 2,
	BJ_TLS_LEVEL_APPLICATION = 3, /* 1-RTT */
};

#define BJ_TLS_QUIC_PARAMS_MAX 4096 /* bytes of our own; the peer's are limited by its message */

/* Connections are for QUIC: TLS 1.3 alone (BJ_ERR_CONFIG_EMPTY at freezing if that is off), with application protocols
 * (BJ_ERR_CONFIG_NO_ALPN if there are none). Default: off. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_config_quic(struct bj_tls_config *config, bool on);

/* What the quic_transport_parameters extension carries to the peer (rfc9001:8.2), copied: clients before bj_tls_start(), servers before the
 * first bytes are fed, or at the question BJ_TLS_Q_CREDENTIAL (which a resumed handshake does not ask: without them it fails). May be repeated until
 * then. BJ_ERR_STATE at another time or without QUIC; BJ_ERR_ARGUMENT above BJ_TLS_QUIC_PARAMS_MAX. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_quic_set_params(struct bj_tls *conn, const void *params, size_t len);
/* The peer's; empty until they came. They live with the connection. Nobody has vouched for them before BJ_TLS_DONE. */
BJ_API struct bj_bytes bj_tls_quic_peer_params(const struct bj_tls *conn);

/* Takes handshake bytes of a level: all of them, in any pieces; nothing of `bytes` is kept by reference. Tells one event (never
 * BJ_TLS_DATA or BJ_TLS_CLOSE): call again without bytes until it is BJ_TLS_NONE or BJ_TLS_ASK. After an answer call it without
 * bytes, too; the level does not matter then. BJ_ERR_STATE, with nothing changed, for bytes of a level that there is no reading secret
 * of yet (QUIC keeps them), before bj_tls_start() of a client and without the parameters of a server; BJ_ERR_ARGUMENT for a level that does not
 * exist. Bytes of a level that is over end
 * the connection: retransmissions are QUIC's to drop. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_quic_feed(struct bj_tls *conn, int64_t now_ms, enum bj_tls_level level, const void *bytes, size_t len,
						enum bj_tls_event *out_event);
/* The level whose bytes are read now; never BJ_TLS_LEVEL_EARLY. */
BJ_API enum bj_tls_level bj_tls_quic_read_level(const struct bj_tls *conn);
/* Handshake bytes to send: the next at most `cap` ones, all of one level, which `out_level` says; returns how many, 0 for none.
 * bj_tls_pending() says how many wait on all levels. */
BJ_API size_t bj_tls_quic_pull(struct bj_tls *conn, enum bj_tls_level *out_level, uint8_t *out, size_t cap);

struct bj_tls_quic_secret {
	enum bj_tls_level level;
	bool write;        /* for packets that we send; else for those that we read */
	uint16_t suite;    /* says AEAD, header protection and hash (rfc9001:5) */
	uint8_t len;       /* of the secret: 32 or 48 */
	uint8_t bytes[48];
};
/* The next secret that came into force, oldest first; each is given once and wiped here. False: there is none now. The caller wipes
 * its copy. What a failed connection had not given yet is gone. */
BJ_API bool bj_tls_quic_secret(struct bj_tls *conn, struct bj_tls_quic_secret *out);

/* ================================================================ the short way: wrap a socket */

/* A TLS connection over a connected stream socket. The socket stays the caller's: it is neither closed nor made blocking or not.
 * On a non-blocking socket every call may return BJ_ERR_WOULD_BLOCK with `bj_tls_socket_events()` saying what to wait for; the call
 * is then repeated with the same arguments. */
struct bj_tls_socket;

/* Wraps and, on a blocking socket, completes the handshake; on another one nothing is sent yet. `name` as in bj_tls_new(). `out` is set on failure too when there is a
 * connection to ask for the reason; free it either way. A server's configuration with early data on is BJ_ERR_ARGUMENT: here it could not
 * be told from other data. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_wrap(struct bj_tls_config *config, int fd, const char *name, struct bj_tls_socket **out);
/* Drives the handshake of a non-blocking socket; BJ_OK when done. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_socket_handshake(struct bj_tls_socket *sock);
/* Reads 1..cap bytes; `out_len` 0 with BJ_OK means that the peer closed cleanly. BJ_ERR_TRUNCATED if it just went away. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_read(struct bj_tls_socket *sock, void *buf, size_t cap, size_t *out_len);
/* Writes all on a blocking socket; else `out_len` says how much. */
BJ_API BJ_MUST_USE enum bj_err bj_tls_write(struct bj_tls_socket *sock, const void *buf, size_t len, size_t *out_len);
/* Sends close_notify, wipes and frees; takes null. */
BJ_API void bj_tls_unwrap(struct bj_tls_socket *sock);
/* POLLIN, POLLOUT or both: what the last BJ_ERR_WOULD_BLOCK waits for; 0: an answer to bj_tls_question() of the engine inside. */
BJ_API short bj_tls_socket_events(const struct bj_tls_socket *sock);
/* The engine inside, for reports. */
BJ_API struct bj_tls *bj_tls_socket_engine(struct bj_tls_socket *sock);

#ifdef __cplusplus
}
#endif

#endif
