/* handshake.h - the handshake as tables, and the driver that runs them.
 *
 * A row says: in this state, with these facts, this message is received, this one is sent, this question is asked, or this step is
 * taken; its handler parses, builds or decides one thing and may settle only the facts that the row declares; then traffic keys may
 * change, and the state is the next one. A state either receives (one row per message that may come) or has exactly one other row that
 * fits. What no row receives is unexpected_message. handshake_test.c walks every table over all facts and holds them to this.
 *
 * Tables: server_hello and client_hello (one each) lead to ST_VERSION, where the table of the version takes over.
 *
 * Implements   rfc9846:2 rfc9846:4 rfc9846:A rfc5246:7.3
 */
#ifndef TLS_HANDSHAKE_H
#define TLS_HANDSHAKE_H

#include "base/writer.h"
#include "tls/msg/message.h"
#include "tls/state.h"

struct bj_tls;

/* Three messages of our own beside msg/message.h's: a ServerHello with the HelloRetryRequest's random counts as a message of its own, and
 * change_cipher_spec, which is a record in 1.2, stands in the tables like a message; so does the order of a server's owner to ask for a
 * certificate later. No value is ever read from the wire. */
enum hs_pseudo {
	MSG_HELLO_RETRY_REQUEST = 6,
	MSG_CHANGE_CIPHER_SPEC = 0xf0,
	MSG_ASK_LATER = 0xf1,
};

/* message_name(), and the names of the two above. */
const char *hs_message_name(unsigned type);

enum hs_op {
	OP_RECV = 1,
	OP_SEND,
	OP_ASK,
	OP_STEP,
};

/* What happens to the traffic keys after a row. */
enum hs_keys {
	KEYS_STAY = 0,
	KEYS_HANDSHAKE = 1 << 0, /* 1.3: both directions to the handshake keys */
	KEYS_READ_APP = 1 << 1,  /* 1.3: what we read is under application keys now */
	KEYS_WRITE_APP = 1 << 2,
	KEYS_READ_12 = 1 << 3,   /* 1.2: after the peer's change_cipher_spec */
	KEYS_WRITE_12 = 1 << 4,
	KEYS_EARLY = 1 << 5,     /* 1.3: what the client sends is under early keys; its handshake keys wait */
	KEYS_EARLY_END = 1 << 6, /* 1.3: until here */
};

/* A row that receives or sends a Certificate of 1.3 is that of a CompressedCertificate too: conn->message says which it is.
 *
 * RECV, STEP and ASK: `body` is the message without its header: the one received, or for the other two the last one received, which
 * is still there when no question was asked since (its views live until the handler of the row before the next RECV returns).
 * A row of ASK has two: `prepare` makes what the question needs and may settle nothing; `take` uses the answer in conn->hs->answer, or
 * answers by itself where that has none. */
typedef enum bj_err hs_take_fn(struct bj_tls *conn, struct bj_bytes body);
/* SEND: writes the whole message, with its header. At least HS_ROOM bytes are there; conn_room() makes more. The pseudo message of
 * change_cipher_spec writes nothing: the driver sends the record. */
typedef enum bj_err hs_make_fn(struct bj_tls *conn, struct writer *w);

#define HS_ROOM 1024

struct hs_row {
	uint8_t from, op, what, keys, to;
	uint16_t when, unless; /* facts that must, must not hold */
	uint16_t decides;      /* facts that the handler settles */
	uint16_t sets, clears; /* facts that the row itself settles */
	hs_take_fn *prepare;
	hs_take_fn *take;
	hs_make_fn *make;
};

#define FROM(s) .from = ST_##s
#define TO(s) .to = ST_##s
#define RECV(m, fn) .op = OP_RECV, .what = MSG_##m, .take = (fn)
#define SEND(m, fn) .op = OP_SEND, .what = MSG_##m, .make = (fn)
#define ASK(q, prepare_fn, fn) .op = OP_ASK, .what = BJ_TLS_Q_##q, .prepare = (prepare_fn), .take = (fn)
#define STEP(fn) .op = OP_STEP, .take = (fn)
#define WHEN(f) .when = (f)
#define UNLESS(f) .unless = (f)
#define DECIDES(f) .decides = (f)
#define SETS(f) .sets = (f)
#define CLEARS(f) .clears = (f)
#define KEYS(k) .keys = (k)

/* The rows of one state stand together. */
struct hs_table {
	const struct hs_row *rows;
	uint8_t count;
};

#define HS_TABLE(array) { (array), sizeof(array) / sizeof((array)[0]) }

/* server_hello.c, client_hello.c: up to ST_VERSION */
extern const struct hs_table table_server_start, table_client_start;
/* server13.c, client13.c, server12.c, client12.c: from ST_VERSION on */
extern const struct hs_table table_server13, table_client13, table_server12, table_client12;

/* The table that is in force: that of the start until ST_VERSION, then that of the version. */
const struct hs_table *handshake_table(bool server, const struct state *s);

/* ---- the driver */

/* Takes every step that needs no message: sends, steps, questions. Stops where a message is awaited, a question is open
 * (conn->hs->question), or the handshake is complete. */
enum bj_err handshake_advance(struct bj_tls *conn) BJ_MUST_USE;

/* One whole handshake message (`raw` with its header; or the pseudo message of change_cipher_spec, with an empty view). `last` says
 * that no further handshake bytes stand behind it in its record: a change of keys for reading requires that (rfc9846:5.1). */
enum bj_err handshake_receive(struct bj_tls *conn, unsigned type, struct bj_bytes raw, bool last) BJ_MUST_USE;

/* Whether a message of that type would be taken now: asked before it is collected. */
bool handshake_awaits(struct bj_tls *conn, unsigned type);
/* What is wrong with one that is not awaited. */
enum bj_err handshake_unexpected(const struct bj_tls *conn, unsigned type) BJ_MUST_USE;

#endif
