/* tls_session.h - one role in one version, from the first hello to the last alert, with a peer whose every record may be changed.
 *
 * Both ends are real and share their keys with us: a record on its way to the target is opened, changed as the input says, and sealed
 * again in its place; so whatever the input does stands inside the encryption and passes the record layer, the joining of messages and the
 * state machine as a peer's own. FUZZ_SERVER and FUZZ_VERSION, of who includes this, say who the target is.
 *
 * The first two bytes say how both are configured and in what pieces the target is fed; then each record takes one byte that says what
 * happens to it, and the bytes that this needs. Records past the input's end go through as they are. Randomness is from a seed, so an
 * input does the same every time. What must hold: a target whose handshake messages were changed does not come to be connected; no
 * error is one of ours; the first error stays.
 */
#ifndef FUZZ_SESSION_H
#define FUZZ_SESSION_H

#include "base/bytes.h"
#include "tls_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WIRE_CAP (128 * 1024)
#define ROUNDS_MAX 24   /* of both directions */
#define STREAM_MAX 65536 /* bytes of handshake that are compared */

enum { /* how they are configured: bits of the first byte */
	WITH_CLIENT_AUTH = 1,
	WITH_RETRY = 2,
	WITH_PSK = 4,
	WITH_SESSION = 8,
	WITH_EARLY_DATA = 16,
	WITH_LATER_AUTH = 32,
	WITH_QUESTIONS = 64,
	WITH_COMPRESSION = 128,
};

enum change {
	PASS = 6, /* and all below it */
	LAY_OVER = 6,
	REPLACE,
	CUT,
	LENGTHEN,
	TWICE,
	DROP,
	INSERT,
	RETYPE,
	PIECES,
	ACT,
};

static struct bj_credential *own, *theirs; /* the server's, the client's */

struct input {
	const uint8_t *ptr;
	size_t left;
};

/* Handshake bytes on their way to the target until it is connected: as they were sent, as they were given. */
struct stream {
	size_t len;
	uint8_t bytes[STREAM_MAX];
};

struct play {
	struct input in;
	struct bj_tls *target, *other;
	size_t piece;
	bool done;
	struct stream sent, given;
	uint8_t wire[WIRE_CAP];   /* what is on its way to the target */
	uint8_t change[WIRE_CAP]; /* one record, changed */
	uint8_t sealed[WIRE_CAP];
};

static size_t length_at(const uint8_t *at) /* of a message's body, from its type on */
{
	return (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

static uint8_t next(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->ptr++;
}

static struct bj_bytes take(struct input *in, size_t len)
{
	struct bj_bytes taken = bytes_of(in->ptr, len < in->left ? len : in->left);

	in->ptr += taken.len;
	in->left -= taken.len;
	return taken;
}

static void stream_add(struct play *play, struct stream *stream, unsigned type, struct bj_bytes bytes)
{
	/* a HelloRequest may come at any time in 1.2 and belongs to no handshake. rfc5246:7.4.1.1 */
	bool hello_requests = bytes.len % 4 == 0;

	for (size_t i = 0; i < bytes.len; i++)
		hello_requests = hello_requests && bytes.ptr[i] == 0;
	if (play->done || type != RECORD_HANDSHAKE || (hello_requests && !play->target->is_server))
		return;
	check(bytes.len <= STREAM_MAX - stream->len);
	bytes_copy(stream->bytes + stream->len, bytes.ptr, bytes.len);
	stream->len += bytes.len;
}

static void answer(struct bj_tls *conn, bool yes)
{
	struct bj_verdict verdict = { .err = yes ? BJ_OK : BJ_ERR_CERT_UNKNOWN_CA };
	enum bj_err err = BJ_OK;

	switch (bj_tls_question(conn)) {
	case BJ_TLS_Q_CREDENTIAL:
		err = bj_tls_answer_credential(conn, !yes ? NULL : conn->is_server ? own : theirs);
		break;
	case BJ_TLS_Q_VERIFY:
		err = bj_tls_answer_verify(conn, &verdict);
		break;
	case BJ_TLS_Q_EARLY_DATA:
		err = bj_tls_answer_early_data(conn, yes);
		break;
	case BJ_TLS_Q_TICKET: /* tickets are their own sealing here */
		err = bj_tls_answer_ticket(conn, bj_tls_question_bytes(conn).ptr, yes ? bj_tls_question_bytes(conn).len : 0);
		break;
	case BJ_TLS_Q_TICKET_SEAL:
		err = bj_tls_answer_ticket_seal(conn, bj_tls_question_bytes(conn).ptr, yes ? bj_tls_question_bytes(conn).len : 0);
		break;
	case BJ_TLS_Q_PSK:
		err = bj_tls_answer_psk(conn, NULL);
		break;
	default:
		check(false);
	}
	check(err != BJ_ERR_INTERNAL);
}

/* Feeds all of `bytes`, from an allocation of their own size, and answers what is asked. */
static void feed(struct play *play, struct bj_tls *to, const uint8_t *bytes, size_t len, size_t piece)
{
	size_t at = 0, given = 0;
	enum bj_err err = bj_tls_error(to);
	uint8_t *buf = (uint8_t *)malloc(len ? len : 1);

	check(buf != NULL);
	bytes_copy(buf, bytes, len);
	for (size_t rounds = 0; !err && rounds < len + 64; rounds++) {
		struct bj_tls_fed fed;

		if (given < len)
			given = len - given < piece ? len : given + piece;
		err = bj_tls_feed(to, FUZZ_NOW * 1000, buf + at, given - at, &fed);
		check(fed.used <= given - at);
		at += fed.used;
		if (to == play->target && fed.event == BJ_TLS_DONE) {
			play->done = true;
			check(play->sent.len == play->given.len && memcmp(play->sent.bytes, play->given.bytes, play->sent.len) == 0);
		}
		if (!err && fed.event == BJ_TLS_ASK)
			answer(to, to != play->target || next(&play->in) < 250);
		else if (!err && fed.event == BJ_TLS_NONE && fed.used == 0 && given == len)
			break;
	}
	check(err != BJ_ERR_INTERNAL && bj_tls_error(to) == err);
	free(buf);
}

static void act(struct bj_tls *conn, unsigned what)
{
	uint8_t out[40];
	enum bj_err err = BJ_OK;

	switch (what & 7) {
	case 0: err = bj_tls_key_update(conn, (what & 8) != 0); break;
	case 1: bj_tls_close(conn); break;
	case 2: bj_tls_rest(conn); break;
	case 3: err = bj_tls_request_certificate(conn); break;
	case 4: err = bj_tls_export(conn, "a label", NULL, 0, out, sizeof(out)); break;
	case 5: bj_tls_abort(conn, BJ_ERR_USER_CANCELED); break;
	case 6: err = bj_tls_eof(conn); break;
	default: err = bj_tls_export_early(conn, "a label", "x", 1, out, sizeof(out)); break;
	}
	check(err != BJ_ERR_INTERNAL);
}

/* Seals one record as the peer does, with the keys that the target reads with, and feeds it. */
static void give(struct play *play, unsigned type, struct bj_bytes body)
{
	struct bj_tls *to = play->target;
	uint64_t seq = to->rd.seq;
	size_t len;
	enum bj_err err;

	if (bj_tls_error(to) || body.len > RECORD_PLAIN_MAX)
		return;
	err = record_seal(&to->rd, (enum record_type)type, 0x0303, &body, 1, play->sealed, sizeof(play->sealed), &len);
	to->rd.seq = seq;
	if (err)
		return;
	stream_add(play, &play->given, type, body);
	feed(play, to, play->sealed, len, play->piece);
}

/* One message among those of a record: its body is changed, and its length said anew. Returns the record's new length. */
static size_t change_message(struct play *play, uint8_t *body, size_t len, enum change how)
{
	unsigned skip = next(&play->in) & 7;
	size_t at = 0, message, cut, end;
	struct bj_bytes more;

	while (skip-- > 0 && at + 4 <= len && at + 4 + length_at(body + at) < len)
		at += 4 + length_at(body + at);
	if (len - at < 4)
		return len;
	message = length_at(body + at);
	if (message > len - at - 4)
		message = len - at - 4;
	end = at + 4 + message;
	cut = how == CUT ? next(&play->in) : how == REPLACE ? message : 0;
	if (cut > message)
		cut = message;
	more = how == CUT ? bytes_of(NULL, 0) : take(&play->in, next(&play->in));
	memmove(body + end - cut + more.len, body + end, len - end);
	bytes_copy(body + end - cut, more.ptr, more.len);
	message = message - cut + more.len;
	body[at + 1] = (uint8_t)(message >> 16);
	body[at + 2] = (uint8_t)(message >> 8);
	body[at + 3] = (uint8_t)message;
	return len - cut + more.len;
}

static void change_record(struct play *play, const struct record *rec)
{
	uint8_t *body = play->change, control = next(&play->in);
	size_t len = rec->body.len, at, n;
	unsigned type = rec->type;
	struct bj_bytes over;

	bytes_copy(body, rec->body.ptr, len);
	switch ((control & 15) < PASS ? PASS - 1 : (control & 15)) {
	case LAY_OVER:
		at = (size_t)next(&play->in) << 8;
		at |= next(&play->in);
		over = take(&play->in, control >> 4);
		for (size_t i = 0; i < over.len && at + i < len; i++)
			body[at + i] = over.ptr[i];
		break;
	case REPLACE:
	case CUT:
	case LENGTHEN:
		len = change_message(play, body, len, (enum change)(control & 15));
		break;
	case TWICE:
		give(play, type, bytes_of(body, len));
		break;
	case DROP:
		return;
	case INSERT:
		n = next(&play->in);
		over = take(&play->in, next(&play->in));
		give(play, 20 + (n & 3), over);
		break;
	case RETYPE:
		type = 20 + (control >> 4) % 5;
		break;
	case PIECES:
		n = 1 + (size_t)next(&play->in) * 4;
		for (; len > n; len -= n, body += n)
			give(play, type, bytes_of(body, n));
		break;
	case ACT:
		act(play->target, control >> 4);
		break;
	default:
		break;
	}
	give(play, type, bytes_of(body, len));
}

/* The first `len` bytes of play->wire go to the target, record by record. */
static void carry(struct play *play, size_t len)
{
	struct bj_tls *to = play->target;
	struct record rec;

	for (size_t at = 0, whole; at < len && !bj_tls_error(to); at += whole) {
		uint64_t seq = to->rd.seq;
		enum bj_err err;

		check(len - at > RECORD_HEADER_LEN);
		whole = RECORD_HEADER_LEN + ((size_t)play->wire[at + 3] << 8 | play->wire[at + 4]);
		check(whole <= len - at);
		bytes_copy(play->sealed, play->wire + at, whole);
		err = record_open(&to->rd, play->sealed, whole, &rec);
		to->rd.seq = seq;
		if (err) { /* sealed with keys that the target does not have: early data, which it passes over */
			feed(play, to, play->wire + at, whole, play->piece);
		} else {
			stream_add(play, &play->sent, rec.type, rec.body);
			change_record(play, &rec);
		}
	}
}

static void talk(struct play *play)
{
	struct bj_bytes text = bytes_of((const uint8_t *)"some text", 9);

	for (unsigned rounds = 0; rounds < ROUNDS_MAX; rounds++) {
		size_t out = bj_tls_pull(play->target, play->wire, sizeof(play->wire)), in, used;

		feed(play, play->other, play->wire, out, out ? out : 1);
		in = bj_tls_pull(play->other, play->wire, sizeof(play->wire));
		if (out == 0 && in == 0) { /* all is said: the other end says more, so that there is more to change */
			if (play->in.left == 0 || bj_tls_error(play->target) || bj_tls_error(play->other))
				break;
			act(play->other, next(&play->in));
			if (bj_tls_seal(play->other, &text, 1, play->wire, sizeof(play->wire), &used, &in) != BJ_OK)
				in = bj_tls_pull(play->other, play->wire, sizeof(play->wire));
		}
		carry(play, in);
	}
}

/* A handshake that nobody disturbs leaves a session behind, in `out`; none where the configuration makes none. */
static size_t earn_session(struct bj_tls_config *const *configs, uint8_t *out, size_t cap)
{
	static struct play play;
	struct bj_tls *client = NULL, *server = NULL;
	struct bj_bytes session;

	check(bj_tls_new(configs[0], FUZZ_NAME, &client) == BJ_OK && bj_tls_new(configs[1], NULL, &server) == BJ_OK);
	check(bj_tls_start(client, FUZZ_NOW * 1000) == BJ_OK);
	play.in = (struct input){ NULL, 0 };
	play.done = false;
	play.sent.len = play.given.len = 0;
	play.piece = WIRE_CAP;
	play.target = client;
	play.other = server;
	talk(&play);
	check(play.done);
	session = bj_tls_session(client);
	check(session.len <= cap);
	bytes_copy(out, session.ptr, session.len);
	bj_tls_free(client);
	bj_tls_free(server);
	return session.len;
}

static void configure(unsigned with, struct bj_rng rng, struct bj_tls_config **configs)
{
	static const uint16_t zlib = 1;
	const uint32_t ask = 1u << BJ_TLS_Q_CREDENTIAL | 1u << BJ_TLS_Q_VERIFY;
	struct bj_tls_config *client, *server;

	fuzz_roles(rng, &client, &server, &own, &theirs);
	check(!bj_tls_config_versions(FUZZ_SERVER ? server : client, FUZZ_VERSION, FUZZ_VERSION));
	if (with & WITH_CLIENT_AUTH)
		check(!bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL));
	if (with & WITH_RETRY)
		fuzz_retry(server);
	if (with & WITH_PSK)
		fuzz_psk(client, server);
	if (with & WITH_EARLY_DATA)
		check(!bj_tls_config_early_data(client, 1000, 0) && !bj_tls_config_early_data(server, 1000, 10));
	if (with & WITH_LATER_AUTH)
		check(!bj_tls_config_post_handshake_auth(client, true) && !bj_tls_config_post_handshake_auth(server, true));
	if (with & WITH_COMPRESSION)
		check(!bj_tls_config_certificate_compression(client, &zlib, 1) && !bj_tls_config_certificate_compression(server, &zlib, 1));
	if (with & WITH_QUESTIONS)
		check(!bj_tls_config_ask(client, ask) &&
		      !bj_tls_config_ask(server, ask | 1u << BJ_TLS_Q_EARLY_DATA | 1u << BJ_TLS_Q_TICKET | 1u << BJ_TLS_Q_TICKET_SEAL));
	check(!bj_tls_config_freeze(client) && !bj_tls_config_freeze(server));
	configs[0] = client;
	configs[1] = server;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct play play;
	uint8_t session[BJ_TLS_TICKET_MAX];
	struct bj_tls_config *configs[2];
	struct bj_tls *client = NULL, *server = NULL;
	uint64_t seed = 1;
	size_t session_len = 0;

	if (size < 2)
		return 0;
	configure(data[0], (struct bj_rng){ fuzz_fill, &seed }, configs);
	if (data[0] & WITH_SESSION)
		session_len = earn_session(configs, session, sizeof(session));
	check(bj_tls_new(configs[0], FUZZ_NAME, &client) == BJ_OK && bj_tls_new(configs[1], NULL, &server) == BJ_OK);
	check(session_len == 0 || bj_tls_resume(client, FUZZ_NOW * 1000, session, session_len) == BJ_OK);
	check(bj_tls_start(client, FUZZ_NOW * 1000) == BJ_OK);
	play.in = (struct input){ data + 2, size - 2 };
	play.done = false;
	play.sent.len = play.given.len = 0;
	play.piece = data[1] ? data[1] : WIRE_CAP;
	play.target = FUZZ_SERVER ? server : client;
	play.other = FUZZ_SERVER ? client : server;
	talk(&play);
	bj_tls_free(client);
	bj_tls_free(server);
	bj_tls_config_free(configs[0]);
	bj_tls_config_free(configs[1]);
	return 0;
}

#endif
