/* flight.h - what a connection wants to send besides the owner's data: handshake messages, change_cipher_spec, alerts.
 *
 * Messages of a flight are built one behind the other and go into as few records as possible: they are sealed when keys change, when
 * the flight ends, or when something else must follow. Records then wait in conn->out until they are pulled.
 */
#ifndef TLS_FLIGHT_H
#define TLS_FLIGHT_H

#include "tls/conn.h"

#define FLIGHT_MAX (256 * 1024) /* bytes of handshake messages in one flight */
#define OUTBOX_MAX (512 * 1024) /* bytes that may wait to be pulled */

/* A message begins: `w` has HS_ROOM bytes for it, with its header. conn_room() makes more. */
enum bj_err flight_begin(struct bj_tls *conn, struct writer *w) BJ_MUST_USE;
/* It is written: it joins the flight, and the transcript if `hashed`. */
enum bj_err flight_end(struct bj_tls *conn, struct writer *w, bool hashed) BJ_MUST_USE;
/* Seals what was built so far with the keys in force. */
enum bj_err flight_flush(struct bj_tls *conn) BJ_MUST_USE;

/* What was built and not sealed is not sent: of a flight that stops at a question or fails. */
void flight_drop(struct bj_tls *conn);

/* Flushes, then queues one record: change_cipher_spec in plaintext under 1.3, as it is under 1.2. */
enum bj_err flight_ccs(struct bj_tls *conn) BJ_MUST_USE;
enum bj_err flight_alert(struct bj_tls *conn, uint8_t level, uint8_t description) BJ_MUST_USE;

void outbox_free(struct outbox *out);
void inbox_free(struct inbox *in);

#endif
