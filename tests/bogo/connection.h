/* connection.h - one connection to the runner: a socket, the engine, and the questions that it asks.
 *
 * Blocking. With -async everything comes in the smallest pieces: bytes one at a time, and each question only after the engine was
 * driven once more without an answer.
 */
#ifndef BOGO_CONNECTION_H
#define BOGO_CONNECTION_H

#include "flags.h"
#include "quic.h"
#include "seen.h"

#define CONNECTION_RAW_MAX 16384

struct connection {
	const struct flags *flags;
	const struct flags *retry_flags; /* from the refusal of early data on */
	struct seen *seen;
	struct bj_tls_config *config;
	struct bj_tls *tls;
	int fd;
	int64_t now_ms;
	bool is_done;          /* the handshake is */
	bool offers_early;     /* clients: there is early data, or was */
	bool is_refused;       /* and the server did not take it */
	bool is_eof;
	bool was_asked;        /* the open question was let wait */
	bool took_early;       /* servers */
	bool starts_false;     /* clients of 1.2: may write, and has not read the server's Finished */
	bool pauses;           /* what was waited for is here: no need to read more */
	unsigned tickets_opened;
	int until;             /* run until a message of this type came; 0: no */
	unsigned questions;    /* that were answered */
	struct bj_bytes data;  /* plaintext that was not read yet */
	uint8_t unsent[256];   /* of a write that was begun */
	size_t unsent_len;
	uint8_t raw[CONNECTION_RAW_MAX]; /* from the socket, not fed yet */
	size_t raw_len, raw_at;
	uint8_t in[2 * BJ_TLS_RECORD_MAX_12]; /* fed to the engine */
	size_t in_len, in_at;          /* with QUIC: of quic.record */
	struct quic_mock quic;
	enum bj_tls_level quic_level;  /* of what stands there */
	bool alerted;
};

/* Connects, and says who we are. False: said on standard error. `session`: to be offered, or empty. */
bool connection_open(struct connection *c, const struct flags *flags, struct bj_tls_config *config, struct seen *seen, int64_t now_ms,
		     struct bj_bytes session);
/* Clients: makes the hello, and says in offers_early whether data may be written already. */
bool connection_start(struct connection *c);
/* Until it is done, or (servers) until early data may be read and answered, or (clients) data may be written. False: the engine failed, its
 * error sticks. */
bool connection_handshake(struct connection *c);
/* Until it is done, whatever may be written. */
bool connection_complete(struct connection *c);
/* Until a message of that type came. */
bool connection_until(struct connection *c, int type);
/* After each call of the engine: what has become of early data, and is what was waited for here? */
void connection_look(struct connection *c);
/* 1.. bytes; 0 at the end of the peer's data (clean or not); -1 after a failure. */
int connection_read(struct connection *c, uint8_t *out, size_t cap);
/* What connection_read() would give, without taking it; empty at the end. False after a failure. */
bool connection_peek(struct connection *c, struct bj_bytes *out);
bool connection_write(struct connection *c, struct bj_bytes data);
/* Leaves all but the first byte unsent until something else must be sent, or is read. */
bool connection_write_begin(struct connection *c, struct bj_bytes data);
/* Sends what waits. */
bool connection_flush(struct connection *c);
/* Sends what waits, half-closes, lets the peer finish, frees. */
void connection_close(struct connection *c);

/* For quic.c. */
bool socket_write(int fd, const uint8_t *ptr, size_t len);
enum bj_err connection_answer(struct connection *c);

#endif
