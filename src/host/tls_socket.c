/* tls_socket.c - the short way of <bojagi/tls.h>: a TLS connection over a connected stream socket.
 *
 * Owns the engine's connection and, only while there is something in them, two buffers: `in` for a record that is not whole
 * or plaintext that was not read yet, `out` for records that the socket did not take yet. An idle connection has neither.
 *
 * A call that cannot go on says BJ_ERR_WOULD_BLOCK and what to wait for. A write that was sealed but not sent is remembered
 * (`promised`): repeated, it is not sealed again. So BJ_OK from a write means that the system has the bytes.
 *
 * SIGPIPE is never raised, EINTR never seen. A send that fails fails writes, not reads: the peer's last words may wait to be
 * read. A question of the engine (bj_tls_config_ask) is BJ_ERR_WOULD_BLOCK with no events; the owner answers it through
 * bj_tls_socket_engine() and repeats the call.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <bojagi/tls.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/wipe.h"
#include "tls/config.h"

#define IN_CAP BJ_TLS_RECORD_MAX_12
#define OUT_CAP (BJ_TLS_RECORD_MAX + 512) /* a record, and what may wait before it */

struct bj_tls_socket {
	struct bj_tls *conn;
	int fd;
	short events;
	bool started;
	bool handshake_done;
	bool close_seen;      /* the peer sent close_notify */
	enum bj_err send_err; /* the socket takes nothing any more */
	uint8_t *in;
	size_t in_at, in_end;  /* records not fed yet */
	struct bj_bytes data;  /* plaintext not read yet, inside of `in` */
	uint8_t *out;
	size_t out_at, out_end;
	size_t promised;       /* plaintext of the caller's next write that is sealed already */
};

static int64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static enum bj_err err_of_errno(void)
{
	switch (errno) {
	case ECONNRESET:
	case EPIPE:
		return BJ_ERR_IO_RESET;
	case ECONNREFUSED:
		return BJ_ERR_IO_REFUSED;
	case ETIMEDOUT:
		return BJ_ERR_IO_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
		return BJ_ERR_IO_UNREACHABLE;
	default:
		return BJ_ERR_IO;
	}
}

static enum bj_err would_block(struct bj_tls_socket *s, short events)
{
	s->events = events;
	return BJ_ERR_WOULD_BLOCK;
}

/* ---------------------------------------------------------------- buffers */

static enum bj_err borrow(uint8_t **buf, size_t cap)
{
	if (!*buf)
		*buf = malloc(cap);
	return *buf ? BJ_OK : BJ_ERR_NO_MEMORY;
}

/* Plaintext stood in here, and records that were opened in place. */
static void release_in(struct bj_tls_socket *s)
{
	if (!s->in || s->data.len > 0 || s->in_at < s->in_end)
		return;
	wipe(s->in, s->in_end);
	free(s->in);
	s->in = NULL;
	s->in_at = s->in_end = 0;
}

static void release_out(struct bj_tls_socket *s)
{
	if (s->out_at < s->out_end)
		return;
	free(s->out);
	s->out = NULL;
	s->out_at = s->out_end = 0;
}

/* ---------------------------------------------------------------- sending */

/* Sends what is in `out`. */
static enum bj_err send_out(struct bj_tls_socket *s)
{
	while (s->out_at < s->out_end) {
		ssize_t put;

		if (s->send_err)
			return s->send_err;
		put = send(s->fd, s->out + s->out_at, s->out_end - s->out_at, MSG_NOSIGNAL);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return would_block(s, POLLOUT);
		if (put < 0)
			return s->send_err = err_of_errno();
		s->out_at += (size_t)put;
	}
	release_out(s);
	return BJ_OK;
}

/* Sends all that waits, in `out` and in the engine. */
static enum bj_err flush(struct bj_tls_socket *s)
{
	enum bj_err err = send_out(s);

	while (!err && bj_tls_pending(s->conn) > 0) {
		err = borrow(&s->out, OUT_CAP);
		if (err)
			return err;
		s->out_at = 0;
		s->out_end = bj_tls_pull(s->conn, s->out, OUT_CAP);
		check(s->out_end > 0);
		err = send_out(s);
	}
	return err;
}

/* ---------------------------------------------------------------- receiving */

/* Reads some more behind what is left in `in`. */
static enum bj_err receive(struct bj_tls_socket *s)
{
	enum bj_err err = borrow(&s->in, IN_CAP);
	ssize_t got;

	if (err)
		return err;
	if (s->in_at > 0) {
		memmove(s->in, s->in + s->in_at, s->in_end - s->in_at);
		s->in_end -= s->in_at;
		wipe(s->in + s->in_end, s->in_at); /* release_in() looks no farther than in_end */
		s->in_at = 0;
	}
	check(s->in_end < IN_CAP); /* the engine refuses longer records before the buffer is full */
	do
		got = recv(s->fd, s->in + s->in_end, IN_CAP - s->in_end, 0);
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		s->in_end += (size_t)got;
		return BJ_OK;
	}
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		release_in(s);
		return would_block(s, POLLIN);
	}
	err = got < 0 ? err_of_errno() : bj_tls_eof(s->conn);
	if (!err)
		s->close_seen = true;
	release_in(s);
	return err;
}

/* What keeps us from sending must not keep us from reading: there may be data, or the alert that says why. */
static bool is_send_trouble(const struct bj_tls_socket *s, enum bj_err err)
{
	return err == BJ_ERR_WOULD_BLOCK || (s->send_err && err == s->send_err);
}

/* Feeds the engine until it has something to say or nothing to eat: then reads. Ends at an event that a caller waits for. */
static enum bj_err next_event(struct bj_tls_socket *s, enum bj_tls_event *out)
{
	for (;;) {
		struct bj_tls_fed fed = { 0 };
		enum bj_err err = bj_tls_feed(s->conn, now_ms(), s->in ? s->in + s->in_at : NULL, s->in_end - s->in_at, &fed);

		s->in_at += fed.used;
		if (err) {
			(void)flush(s); /* the alert, if it goes out at once */
			return err;
		}
		s->data = fed.data;
		s->handshake_done |= fed.event == BJ_TLS_DONE;
		s->close_seen |= fed.event == BJ_TLS_CLOSE;
		if (fed.event == BJ_TLS_DONE || fed.event == BJ_TLS_DATA || fed.event == BJ_TLS_CLOSE) {
			*out = fed.event;
			return BJ_OK;
		}
		if (fed.event == BJ_TLS_ASK)
			return would_block(s, 0);
		if (fed.event == BJ_TLS_TICKET || fed.event == BJ_TLS_AUTHENTICATED)
			continue; /* the owner asks for it when it wants it */
		err = flush(s);
		if (err && !is_send_trouble(s, err))
			return err;
		err = receive(s);
		if (err == BJ_ERR_WOULD_BLOCK && s->out_at < s->out_end && !s->send_err)
			s->events |= POLLOUT;
		if (err)
			return !s->handshake_done && s->send_err && err != BJ_ERR_WOULD_BLOCK ? s->send_err : err;
	}
}

/* ---------------------------------------------------------------- public */

static enum bj_err start(struct bj_tls_socket *s)
{
	enum bj_err err;

	if (s->started)
		return BJ_OK;
	err = bj_tls_start(s->conn, now_ms());
	if (err && bj_tls_error(s->conn))
		return err;
	s->started = true; /* a server has no start, and says so without harm */
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_socket_handshake(struct bj_tls_socket *sock)
{
	enum bj_err err = start(sock);

	while (!err && !sock->handshake_done) {
		enum bj_tls_event event = BJ_TLS_NONE;

		err = next_event(sock, &event);
		if (!err && !sock->handshake_done && sock->close_seen)
			err = BJ_ERR_CLOSED;
	}
	if (err)
		return err;
	err = flush(sock);
	return sock->send_err && err == sock->send_err ? BJ_OK : err; /* the peer went after it had heard enough: it may have spoken */
}

BJ_API enum bj_err bj_tls_wrap(struct bj_tls_config *config, int fd, const char *name, struct bj_tls_socket **out)
{
	struct bj_tls_socket *s = calloc(1, sizeof(*s));
	enum bj_err err;
	int flags;

	*out = NULL;
	if (!s)
		return BJ_ERR_NO_MEMORY;
	if (config && config->role == BJ_TLS_SERVER && config->early_max > 0) { /* bj_tls_read() could not tell it apart */
		free(s);
		return BJ_ERR_ARGUMENT;
	}
	err = bj_tls_new(config, name, &s->conn);
	if (err) {
		free(s);
		return err;
	}
	s->fd = fd;
	*out = s;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return BJ_ERR_IO;
	return flags & O_NONBLOCK ? BJ_OK : bj_tls_socket_handshake(s);
}

BJ_API enum bj_err bj_tls_read(struct bj_tls_socket *sock, void *buf, size_t cap, size_t *out_len)
{
	enum bj_err err = BJ_OK;
	size_t len;

	if (cap == 0)
		return BJ_ERR_ARGUMENT;
	if (!sock->handshake_done)
		err = bj_tls_socket_handshake(sock);
	while (!err && sock->data.len == 0 && !sock->close_seen) {
		enum bj_tls_event event = BJ_TLS_NONE;

		err = next_event(sock, &event);
	}
	if (err)
		return err;
	len = sock->data.len < cap ? sock->data.len : cap;
	bytes_copy(buf, sock->data.ptr, len);
	sock->data = bytes_of(sock->data.ptr + len, sock->data.len - len);
	release_in(sock);
	*out_len = len;
	return BJ_OK;
}

/* Where a question keeps us from sealing it is waited for. An answer that was given takes effect here, with no more bytes. */
static enum bj_err go_on(struct bj_tls_socket *s)
{
	struct bj_tls_fed fed;
	enum bj_err err = bj_tls_feed(s->conn, now_ms(), NULL, 0, &fed);

	if (err)
		(void)flush(s);
	return !err && fed.event == BJ_TLS_ASK ? would_block(s, 0) : err;
}

/* Seals as much as one buffer takes, behind what waits already. */
static enum bj_err seal_some(struct bj_tls_socket *s, const uint8_t *ptr, size_t len)
{
	struct bj_bytes piece = bytes_of(ptr, len);
	size_t used = 0, sealed = 0;
	enum bj_err err = bj_tls_may_seal(s->conn) ? BJ_OK : go_on(s);

	if (!err)
		err = borrow(&s->out, OUT_CAP);
	if (!err)
		err = bj_tls_seal(s->conn, &piece, 1, s->out, OUT_CAP, &used, &sealed);
	if (err) {
		release_out(s);
		return err;
	}
	s->out_at = 0;
	s->out_end = sealed;
	s->promised = used;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_write(struct bj_tls_socket *sock, const void *buf, size_t len, size_t *out_len)
{
	const uint8_t *ptr = buf;
	enum bj_err err = sock->handshake_done ? BJ_OK : bj_tls_socket_handshake(sock);
	size_t done = 0;

	if (!err && sock->promised > len)
		return BJ_ERR_ARGUMENT; /* not the write that was refused before */
	while (!err) {
		err = send_out(sock);
		if (err)
			break;
		done += sock->promised;
		sock->promised = 0;
		if (done == len)
			break;
		err = seal_some(sock, ptr + done, len - done);
	}
	if (err == BJ_ERR_WOULD_BLOCK && done > 0)
		err = BJ_OK;
	if (!err)
		*out_len = done;
	return err;
}

BJ_API void bj_tls_unwrap(struct bj_tls_socket *sock)
{
	if (!sock)
		return;
	if (sock->handshake_done)
		bj_tls_close(sock->conn);
	(void)flush(sock);
	if (sock->in)
		wipe(sock->in, sock->in_end);
	free(sock->in);
	free(sock->out);
	bj_tls_free(sock->conn);
	free(sock);
}

BJ_API short bj_tls_socket_events(const struct bj_tls_socket *sock)
{
	return sock->events;
}

BJ_API struct bj_tls *bj_tls_socket_engine(struct bj_tls_socket *sock)
{
	return sock->conn;
}
