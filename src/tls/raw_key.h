/* raw_key.h - raw public keys in the place of certificates: which form each side shows, and the verdict about a key.
 *
 * Implements   rfc7250:3 rfc7250:4 rfc9846:4.4.2
 */
#ifndef TLS_RAW_KEY_H
#define TLS_RAW_KEY_H

#include "tls/conn.h"

/* Clients: what a ClientHello says of forms; nothing where X.509 is all. */
void raw_key_offer(const struct bj_tls_config *config, struct client_hello *hello);
/* Servers: what the client takes, and in which form it is to show its own. Settled is only what can be asked later: raw_key_agree(). */
void raw_key_take_offer(struct bj_tls *conn, const struct client_hello *hello);
/* Servers, full handshakes: BJ_ERR_NO_COMMON_CERTIFICATE_TYPE where a client certificate is wanted and cannot come. */
enum bj_err raw_key_agree(const struct bj_tls *conn) BJ_MUST_USE;
/* Servers: which answers a flight has, of the two extensions. Resumed, the client shows nothing. */
uint32_t raw_key_answers(const struct bj_tls *conn, bool resumed);
/* Clients, full handshakes: the answers, of which `has` says which are there. BJ_ERR_NO_COMMON_CERTIFICATE_TYPE. */
enum bj_err raw_key_take_answer(struct bj_tls *conn, uint32_t has, uint8_t client_type, uint8_t server_type) BJ_MUST_USE;
/* Clients that are asked for a certificate: can they show one in the form that was agreed? */
enum bj_err raw_key_can_show(const struct bj_tls *conn) BJ_MUST_USE;

/* The verdict of the configuration about the peer's key. */
void raw_key_judge(const struct bj_tls *conn, struct bj_verdict *out);

#endif
