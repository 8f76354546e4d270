/* ech.h - Encrypted ClientHello (rfc9849) of one connection.
 *
 * There are two hellos: the outer one, which goes over the wire, and the inner one, which counts where the server opens it. A client keeps
 * the inner one's transcript, random and offers where everything else looks for them (struct handshake), and the outer one's here, until
 * the server's first message settles which of the two it answered; only a rejection changes anything. A server that opened a hello goes
 * on with the inner one as if it had come. conn->ech is null where nothing of this is in use.
 *
 * What the transcript takes instead of the message on the wire stands in hs->instead (handshake.c).
 */
#ifndef TLS_ECH_H
#define TLS_ECH_H

#include "tls/conn.h"
#include "tls/ech_config.h"

struct ech {
	uint8_t status; /* enum bj_tls_ech */
	bool is_over;   /* the handshake's part is wiped */

	/* clients: what to encrypt to. `list` is a copy of the configuration, which `config` views */
	uint8_t *list;
	struct ech_config config;
	char public_name[ECH_PUBLIC_NAME_MAX + 1];
	uint8_t *retry; /* what the server wants to be tried with instead: a list with its length */
	size_t retry_len;

	/* both, until the handshake ends */
	struct hpke_suite suite;
	uint8_t config_id;
	struct hpke hpke;        /* is made when the first hello is sent or opened */
	uint8_t *inner;          /* the inner hello of the last message: a whole message */
	size_t inner_len;
	uint8_t *extension;      /* clients: the body of the extension in the first outer hello */
	size_t extension_len;
	struct transcript outer; /* clients: until it is settled, what the transcript is if the outer hello counts */
	uint32_t outer_offered;
	uint8_t outer_random[RANDOM_LEN];
};

/* Null if there is no memory. */
struct ech *ech_new(uint8_t status);
/* Room for another inner hello, which is empty yet; the one before is wiped. */
void ech_inner_set(struct ech *ech, uint8_t *room);
/* Wipes what only the handshake needs. Takes a connection without ECH too. */
void ech_end(struct bj_tls *conn);
void ech_free(struct bj_tls *conn);

static inline bool ech_is(const struct bj_tls *conn, enum bj_tls_ech status)
{
	return conn->ech && conn->ech->status == status;
}

/* The lines of the key log that let an inner hello be read off a recording; they name the outer one. rfc9850 */
void ech_keylog(struct bj_tls *conn, const uint8_t outer_random[RANDOM_LEN], struct bj_bytes config);

/* The name that the server's chain must be for: the public one where the outer hello counts. rfc9849:6.1.7 */
const char *ech_verify_name(const struct bj_tls *conn);

/* ---- ech_confirm.c: how a server says that it took the inner hello. rfc9849:7.2 */

struct ech_signal {
	enum hash_alg alg;                  /* of the suite that the message chooses */
	const struct transcript *transcript; /* with the inner hello, before this message */
	struct bj_bytes random;             /* of the inner hello */
	struct bj_bytes message;            /* ServerHello or HelloRetryRequest, whole */
	size_t at;                          /* where the confirmation stands in it, which counts as zeros */
	bool is_retry;
};
void ech_confirmation(const struct ech_signal *signal, uint8_t out[ECH_CONFIRMATION_LEN]);

/* ---- ech_client.c */

/* When the first hello is about to be made: the second random, or GREASE where the configuration says so. */
enum bj_err ech_client_begin(struct bj_tls *conn) BJ_MUST_USE;
/* Writes the hello that goes over the wire. `hello` is what a client means to say; its binder is not made yet. */
enum bj_err ech_client_write(struct bj_tls *conn, struct writer *w, struct client_hello *hello) BJ_MUST_USE;
/* A ServerHello or HelloRetryRequest came (its body), which is not looked at yet: settles which hello counts. */
enum bj_err ech_client_settle(struct bj_tls *conn, struct bj_bytes body) BJ_MUST_USE;
/* EncryptedExtensions holds this list. */
enum bj_err ech_client_take_retry(struct bj_tls *conn, struct bj_bytes list) BJ_MUST_USE;

/* ---- ech_server.c */

/* The first hello was read into hs->client_hello and has the extension. Where it opens, the inner one takes its place there, in
 * `*body` and in hs->instead. */
enum bj_err ech_server_take(struct bj_tls *conn, struct bj_bytes *body) BJ_MUST_USE;
/* The same for a second hello, where the first one opened. */
enum bj_err ech_server_again(struct bj_tls *conn, struct bj_bytes *body) BJ_MUST_USE;
/* Writes the confirmation into a message that was just written. */
void ech_server_confirm(struct bj_tls *conn, struct writer *w, bool is_retry);

#endif
