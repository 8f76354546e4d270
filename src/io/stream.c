/* stream.c - see stream.h: the carrier over kernel sockets.
 *
 * Sockets are registered once, edge-triggered, for reading; for writing when a write first finds no room, and from then on for
 * good. A read that fills less than its buffer has emptied the socket unless the peer hung up, which saves the call that
 * would only say so.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/check.h"
#include "io/stream.h"

enum bj_err io_err_of(int error_number)
{
	switch (error_number) {
	case EAGAIN:
	case EINPROGRESS:
		return BJ_ERR_WOULD_BLOCK;
	case ECONNREFUSED:
	case ENOENT: /* a unix socket that is not there */
		return BJ_ERR_IO_REFUSED;
	case ECONNRESET:
	case EPIPE:
	case ECONNABORTED:
		return BJ_ERR_IO_RESET;
	case ETIMEDOUT:
		return BJ_ERR_IO_TIMEOUT;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
	case EADDRNOTAVAIL:
		return BJ_ERR_IO_UNREACHABLE;
	case EADDRINUSE:
		return BJ_ERR_IO_ADDRESS_IN_USE;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return BJ_ERR_IO_DESCRIPTORS;
	default:
		return BJ_ERR_IO;
	}
}

static void report(struct stream *s)
{
	unsigned what = s->want & s->can;

	if (what)
		s->ready(s, what);
}

static void socket_event(struct loop_watch *watch, uint32_t events)
{
	struct stream *s = CONTAINER_OF(watch, struct stream, watch);

	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->can |= STREAM_READ;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		s->can |= STREAM_WRITE;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->hung_up = true;
	if (events & EPOLLERR)
		s->failed = true;
	if ((events & (EPOLLHUP | EPOLLERR)) && !s->broken) {
		s->broken = true;
		s->ready(s, s->can);
		return;
	}
	report(s);
}

static void task_run(struct loop_task *task)
{
	report(CONTAINER_OF(task, struct stream, task));
}

static enum bj_err socket_read(struct stream *s, void *buf, size_t cap, size_t *out_len)
{
	ssize_t got;

	if (!(s->can & STREAM_READ))
		return BJ_ERR_WOULD_BLOCK;
	do
		got = recv(s->watch.fd, buf, cap, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		if (errno == EAGAIN)
			s->can &= (uint8_t)~STREAM_READ;
		return io_err_of(errno);
	}
	if ((size_t)got < cap && !s->hung_up)
		s->can &= (uint8_t)~STREAM_READ;
	*out_len = (size_t)got;
	return BJ_OK;
}

/* A write found no room: from now on the loop tells when there is. */
static enum bj_err socket_full(struct stream *s)
{
	s->can &= (uint8_t)~STREAM_WRITE;
	if (!(s->watch.events & EPOLLOUT))
		loop_change(s->loop, &s->watch, s->watch.events | EPOLLOUT);
	return BJ_ERR_WOULD_BLOCK;
}

static enum bj_err socket_write(struct stream *s, const struct bj_bytes *pieces, size_t count, size_t *out_len)
{
	struct iovec iov[STREAM_PIECES_MAX];
	struct msghdr msg = { .msg_iov = iov };
	size_t total = 0;
	ssize_t put;

	if (!(s->can & STREAM_WRITE))
		return BJ_ERR_WOULD_BLOCK;
	for (size_t i = 0; i < count && msg.msg_iovlen < STREAM_PIECES_MAX; i++) {
		if (pieces[i].len == 0)
			continue;
		iov[msg.msg_iovlen++] = (struct iovec){ (void *)(uintptr_t)pieces[i].ptr, pieces[i].len };
		total += pieces[i].len;
	}
	*out_len = 0;
	if (total == 0)
		return BJ_OK;
	do {
		if (msg.msg_iovlen == 1)
			put = send(s->watch.fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL);
		else
			put = sendmsg(s->watch.fd, &msg, MSG_NOSIGNAL);
	} while (put < 0 && errno == EINTR);
	if (put < 0) {
		if (errno == EAGAIN)
			return socket_full(s);
		return io_err_of(errno);
	}
	*out_len = (size_t)put;
	return BJ_OK;
}

static void socket_watch(struct stream *s, unsigned want)
{
	s->want = (uint8_t)want;
	if (s->want & s->can)
		loop_defer(s->loop, &s->task);
	else
		loop_task_cancel(&s->task);
}

static void socket_finish(struct stream *s)
{
	shutdown(s->watch.fd, SHUT_WR);
}

static void socket_drop(struct stream *s)
{
	loop_task_cancel(&s->task);
	loop_remove(s->loop, &s->watch, true);
	close(s->watch.fd);
	s->carrier = NULL;
}

static void socket_watch_connect(struct stream *s)
{
	s->can &= (uint8_t)~STREAM_WRITE;
	s->want |= STREAM_WRITE;
	loop_change(s->loop, &s->watch, s->watch.events | EPOLLOUT);
}

static enum bj_err socket_connect_result(struct stream *s)
{
	socklen_t len = sizeof(int);
	int error_number = 0;

	if (getsockopt(s->watch.fd, SOL_SOCKET, SO_ERROR, &error_number, &len) < 0)
		error_number = errno;
	return error_number ? io_err_of(error_number) : BJ_OK;
}

static void socket_reset_on_drop(struct stream *s)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(s->watch.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static const struct stream_carrier socket_carrier = {
	socket_read, socket_write,         socket_watch,          socket_finish,
	socket_drop, socket_watch_connect, socket_connect_result, socket_reset_on_drop,
};

static enum bj_err socket_take(struct stream *s, struct loop *loop, int fd, uint8_t can, uint32_t events, stream_ready_fn *ready)
{
	enum bj_err err;

	*s = (struct stream){
		.carrier = &socket_carrier,
		.loop = loop,
		.ready = ready,
		.watch = { .fd = fd, .fire = socket_event },
		.want = STREAM_READ,
		.can = can,
	};
	loop_task_init(&s->task, task_run);
	err = loop_add(loop, &s->watch, events);
	if (err) {
		close(fd);
		s->carrier = NULL;
	}
	return err;
}

enum bj_err stream_init_socket(struct stream *s, struct loop *loop, int fd, stream_ready_fn *ready)
{
	return socket_take(s, loop, fd, STREAM_WRITE, EPOLLIN | EPOLLRDHUP | EPOLLET, ready);
}

enum bj_err stream_connect(struct stream *s, struct loop *loop, const struct addr *to, const struct addr *from,
			   stream_ready_fn *ready)
{
	int fd = socket(to->sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, error_number;

	if (fd < 0)
		return io_err_of(errno);
	if (to->sa.any.sa_family != AF_UNIX) {
		if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
			goto fail;
	}
	if (from) {
		if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0)
			goto fail;
		if (bind(fd, &from->sa.any, from->len) < 0)
			goto fail;
	}
	if (connect(fd, &to->sa.any, to->len) < 0 && errno != EINPROGRESS)
		goto fail;
	/* A write is tried at once: on near networks the connection is often there already. */
	return socket_take(s, loop, fd, STREAM_WRITE, EPOLLIN | EPOLLRDHUP | EPOLLET, ready);
fail:
	error_number = errno == EAGAIN ? ECONNREFUSED : errno; /* a unix socket's queue is full: nothing will tell when it is not */
	close(fd);
	return io_err_of(error_number);
}
