/* hello.h - what both versions share of taking a ClientHello (servers) and a ServerHello (clients).
 *
 * Implements   rfc9846:4.1 rfc9846:4.2.1 rfc6066:3 rfc7301:3.2 rfc7507:3
 */
#ifndef TLS_HELLO_H
#define TLS_HELLO_H

#include "tls/conn.h"

/* Servers: the first suite of this version that both have, in the order that the configuration says; null if there is none.
 * `kinds`: 1 << enum key_kind that can sign (1.2). */
const struct suite *hello_choose_suite(const struct bj_tls *conn, const struct client_hello *hello, uint16_t version, uint32_t kinds);
/* The same in 1.3 among the suites with this hash. */
const struct suite *hello_choose_suite_of(const struct bj_tls *conn, const struct client_hello *hello, enum hash_alg hash);
/* Servers: the group to use, one whose share is there if possible (1.3; `*out_share` empty: ask for it). 0 if there is none. */
uint16_t hello_choose_group(const struct bj_tls *conn, const struct client_hello *hello, struct bj_bytes *out_share);
/* Servers: conn->alpn by both lists. BJ_ERR_NO_ALPN. */
enum bj_err hello_choose_alpn(struct bj_tls *conn, const struct client_hello *hello) BJ_MUST_USE;
/* Servers: the extensions that may be answered. A status_request of another type than OCSP is none. */
uint32_t hello_offered(const struct client_hello *hello);
/* Copies those of the peer's signature schemes that we know into hs->schemes; those of delegated credentials into hs->delegated. */
void hello_take_schemes(struct bj_tls *conn, struct bj_bytes codes);
void hello_take_delegated(struct bj_tls *conn, struct bj_bytes codes);
/* Servers: may a session that a ticket or an id names be resumed on this connection? Asks everything but the version: suite_hash is
 * that of the suite chosen now. conn->name and conn->alpn are settled before. */
bool hello_may_resume(const struct bj_tls *conn, const struct session *s, uint16_t version, enum hash_alg suite_hash);
/* What is remembered of this connection, without its secret; session_fini() it. `lifetime_s` becomes what is left of it where the peer was verified in
 * the session that was resumed: nobody stays verified for longer than the first lifetime, nor than the certificate is valid. */
enum bj_err hello_session(const struct bj_tls *conn, uint32_t lifetime_s, struct session *out) BJ_MUST_USE;
/* Both: this connection resumes `s`: what was known of the peer is known again. */
enum bj_err hello_resumed(struct bj_tls *conn, const struct session *s) BJ_MUST_USE;

/* Clients: an offered list answered: conn->alpn. BJ_ERR_ILLEGAL_PARAMETER for a protocol that was not offered. */
enum bj_err hello_take_alpn(struct bj_tls *conn, struct bj_bytes name) BJ_MUST_USE;
/* Clients: the newest session becomes the blob that bj_tls_session() shows; wipes `s`. */
enum bj_err hello_keep_session(struct bj_tls *conn, struct session *s) BJ_MUST_USE;

/* Clients: fills in the binders at the end of the ClientHello in `w`, whose pre_shared_key is `offer`. */
void hello_bind(struct bj_tls *conn, struct writer *w, const struct psk_offer *offer);

/* A client's key for `group`, which may be half of a hybrid; null if there is none. */
const struct kex_key *hello_key(const struct handshake *hs, uint16_t group);

#endif
