/* quic.h - a connection that keys QUIC: handshake bytes by level instead of records, secrets out instead of record keys.
 *
 * Owns the levels, the secrets that wait to be taken (each wiped when it is), and both sides' transport parameters. Everything else
 * of the handshake is as with records, but for this (rfc9001:4 rfc9001:8): 1.3 alone, ALPN required, no alerts or close_notify of our own
 * (codes are reported), no change_cipher_spec and no session id for middleboxes, no KeyUpdate, no EndOfEarlyData, sessions apart.
 *
 * Always true: bytes are taken at the level of reading only; nothing of a level is left over when the level changes.
 *
 * For early data: quic_secret_put(conn, BJ_TLS_LEVEL_EARLY, write, suite, secret) when the early secret is made; levels of bytes do not
 * change by it, as no handshake bytes have that level.
 *
 * Implements   rfc9001:4 rfc9001:8
 * Leaves out   packets: their protection, key update and header protection are QUIC's
 */
#ifndef TLS_QUIC_H
#define TLS_QUIC_H

#include "tls/conn.h"
#include "tls/msg/encrypted_extensions.h"

#define QUIC_SECRETS_MAX 5 /* early, and two each of handshake and application */
#define QUIC_LEVELS 4

struct quic_secret {
	uint8_t level;
	bool write;
	uint16_t suite;
	struct secret secret;
};

struct quic {
	uint8_t read_level, write_level; /* of handshake bytes; enum bj_tls_level */
	uint8_t made, taken;             /* of the secrets */
	struct quic_secret secrets[QUIC_SECRETS_MAX]; /* in the order in which they came into force */
	uint32_t waits[QUIC_LEVELS];     /* bytes in conn->out, by level */
	struct bj_bytes params;          /* ours; null until they are set; allocated */
	struct bj_bytes peer_params;     /* allocated */
};

enum bj_err quic_new(struct bj_tls *conn) BJ_MUST_USE;
/* The secrets; takes a connection without QUIC too. */
void quic_wipe(struct bj_tls *conn);
void quic_free(struct bj_tls *conn);

/* `len` bytes were queued at the level of writing. */
void quic_queued(struct bj_tls *conn, size_t len);
/* A secret comes into force: the owner is to have it, and but for early ones, bytes of that direction are of that level from now on. */
void quic_secret_put(struct bj_tls *conn, enum bj_tls_level level, bool write, const struct suite *suite, const struct secret *secret);

/* Servers, with and without QUIC: is the hello fit for it? Takes the client's parameters. BJ_ERR_UNSUPPORTED_EXTENSION (parameters but no
 * QUIC), BJ_ERR_MISSING_EXTENSION, BJ_ERR_ILLEGAL_PARAMETER (a session id). rfc9001:8.2 rfc9001:8.4 */
enum bj_err quic_take_hello(struct bj_tls *conn, const struct client_hello *hello) BJ_MUST_USE;
/* Clients of QUIC: takes the server's. BJ_ERR_MISSING_EXTENSION, BJ_ERR_NO_ALPN. */
enum bj_err quic_take_answer(struct bj_tls *conn, const struct encrypted_extensions *ee) BJ_MUST_USE;

#endif
