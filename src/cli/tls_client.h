/* tls_client.h - one TLS client connection over a wire, driven by hand with deadlines: for commands that look at every step.
 *
 * It judges the chain itself (the engine asks), so the verdict is kept whatever it is. Its buffers are its own.
 */
#ifndef CLI_TLS_CLIENT_H
#define CLI_TLS_CLIENT_H

#include <stdio.h>

#include "cli/proof.h"
#include "cli/stapled.h"
#include "cli/wire.h"
#include <bojagi/tls.h>

#define TLS_CLIENT_IN_MAX (2 * BJ_TLS_RECORD_MAX_12)
#define TLS_CLIENT_OUT_MAX (4 * BJ_TLS_RECORD_MAX)
#define TLS_CLIENT_TURNS_MAX 1000 /* of one reading, without any data: a server could send what says nothing for ever */
#define TLS_CLIENT_CHAIN_MAX 16
#define TLS_CLIENT_CHAIN_BYTES_MAX (256 * 1024)

struct tls_client {
	struct wire *wire; /* the caller's */
	struct bj_tls *tls;
	struct bj_trust *trust;  /* the caller's; null with `insecure` if there is none */
	const char *name;        /* that the chain is judged for */
	bool insecure;           /* the verdict is kept and not acted upon */
	FILE *debug;             /* null, or where the bytes of the socket are shown */
	bool done;               /* the handshake is over */
	bool closed;             /* the peer closed in order */
	bool ended;              /* the socket has ended */
	const struct proof_pins *expected; /* the caller's: raw public keys that the peer may have; null: none */
	struct bj_bytes early;   /* the caller's: what goes out with the first bytes where the session allows it */
	size_t early_sent;       /* how much of it did */
	bool wants_staple;       /* the configuration asks for an OCSP response */
	bool demands_staple;     /* and without a good one the server is not trusted */
	struct stapled stapled;
	bool judged;
	struct bj_verdict verdict;
	unsigned tickets;
	uint16_t compression;              /* of the server's certificates, seen by the configuration's observer; 0: they came as they are */
	uint32_t plain_len, compressed_len;
	const struct bj_bytes *remembered; /* the caller's: the chain that came with the session; a server that resumes shows none */
	size_t remembered_count;
	uint8_t *chain_bytes; /* copies of the peer's certificates, or of its raw public key */
	struct bj_bytes raw_key; /* empty: it showed certificates, or nothing */
	struct bj_bytes chain[TLS_CLIENT_CHAIN_MAX];
	size_t chain_count;
	uint8_t *in, *out;
	size_t in_len, in_start; /* bytes not fed yet: in[in_start..in_len) */
	size_t out_len, out_start;
};

/* Makes the connection object; `config` is frozen and asks for BJ_TLS_Q_VERIFY unless it is insecure. */
enum bj_err tls_client_init(struct tls_client *client, struct bj_tls_config *config, struct wire *wire, const char *name) BJ_MUST_USE;
void tls_client_fini(struct tls_client *client);

/* BJ_ERR_IO_TIMEOUT, BJ_ERR_IO_RESET, or the engine's failure (after its alert was sent). */
enum bj_err tls_client_handshake(struct tls_client *client, int64_t deadline_us) BJ_MUST_USE;
/* Waits for data: a view until the next call, empty when the peer closed. BJ_ERR_WOULD_BLOCK when a ticket came, the deadline is
 * over, or nothing but what says nothing has come for long. */
enum bj_err tls_client_read(struct tls_client *client, int64_t deadline_us, struct bj_bytes *out) BJ_MUST_USE;
enum bj_err tls_client_write(struct tls_client *client, const void *bytes, size_t len, int64_t deadline_us) BJ_MUST_USE;
/* After the handshake: what of the early data did not go early, or went for nothing. */
enum bj_err tls_client_write_late(struct tls_client *client, int64_t deadline_us) BJ_MUST_USE;
/* close_notify. */
void tls_client_close(struct tls_client *client, int64_t deadline_us);

#endif
