/* limits.h - how long records may be: what the configuration says, what the peers tell each other, and padding.
 *
 * Two numbers live in the connection: send_max, the most plaintext in a record of ours (0: as the protocol allows), and receive_limit, the
 * most that a protected record of the peer's may hold (0: the same), counted as record_size_limit counts: in 1.3 with type and padding.
 * What was asked of us holds from the hello on, what we ask holds for the records after the answer that makes it known.
 *
 * Implements   rfc8449:4 rfc6066:4 rfc9846:5.4
 */
#ifndef TLS_LIMITS_H
#define TLS_LIMITS_H

#include "tls/conn.h"

/* The most plaintext in the next record that we send. */
size_t limits_send_max(const struct bj_tls *conn);
/* Zeros behind `len` bytes of plaintext under these keys, at most `room`. */
size_t limits_padding(const struct bj_tls *conn, const struct record_keys *keys, size_t len, size_t room);
/* Is this protected record, opened with keys of `form`, longer than was said? */
bool limits_exceeded(const struct bj_tls *conn, enum record_form form, const struct record *rec);

/* Clients: what the hello says. */
void limits_offer(const struct bj_tls *conn, struct client_hello *hello);
/* Servers, the version is chosen: what a client says. BJ_ERR_ILLEGAL_PARAMETER. */
enum bj_err limits_take_hello(struct bj_tls *conn, const struct client_hello *hello) BJ_MUST_USE;
/* Servers: the answer's extensions, which are in force from now on. */
uint32_t limits_answer(struct bj_tls *conn, uint16_t *out_record, uint8_t *out_fragment);
/* Clients: the server's. BJ_ERR_ILLEGAL_PARAMETER. */
enum bj_err limits_take_answer(struct bj_tls *conn, uint32_t has, uint16_t record, uint8_t fragment) BJ_MUST_USE;

#endif
