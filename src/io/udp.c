/* udp.c - see udp.h. */
#include <errno.h>
#include <unistd.h>

#include "io/stream.h"
#include "io/udp.h"

#define ROUNDS_MAX 8 /* batches taken per report, so that one busy socket does not starve the others */

static void fire(struct loop_watch *watch, uint32_t events)
{
	struct udp *u = CONTAINER_OF(watch, struct udp, watch);
	struct mmsghdr batch[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct addr from[UDP_BATCH];

	for (int round = 0; round < ROUNDS_MAX && watch->fd >= 0; round++) {
		int count;

		memset(batch, 0, sizeof(batch));
		for (int i = 0; i < UDP_BATCH; i++) {
			iov[i] = (struct iovec){ u->scratch->in[i], sizeof(u->scratch->in[i]) };
			batch[i].msg_hdr.msg_iov = &iov[i];
			batch[i].msg_hdr.msg_iovlen = 1;
			batch[i].msg_hdr.msg_name = &from[i].sa;
			batch[i].msg_hdr.msg_namelen = sizeof(from[i].sa);
		}
		count = recvmmsg(watch->fd, batch, UDP_BATCH, 0, NULL);
		if (count < 0) {
			if (errno == EINTR)
				continue;
			if (errno == ECONNREFUSED) { /* the answer to an earlier datagram; the socket lives on */
				u->failed = true;
				continue;
			}
			return;
		}
		for (int i = 0; i < count && watch->fd >= 0; i++) {
			from[i].len = batch[i].msg_hdr.msg_namelen;
			if (batch[i].msg_len <= UDP_DATAGRAM_MAX)
				u->received(u, &from[i], bytes_of(u->scratch->in[i], batch[i].msg_len));
		}
		if (count < UDP_BATCH)
			return;
	}
}

enum bj_err udp_take(struct udp *u, struct loop *loop, struct udp_scratch *scratch, int fd, udp_fn *received)
{
	enum bj_err err = BJ_OK;

	*u = (struct udp){ .loop = loop, .scratch = scratch, .received = received, .watch = { .fd = fd, .fire = fire } };
	u->addr.len = sizeof(u->addr.sa);
	if (getsockname(fd, &u->addr.sa.any, &u->addr.len) < 0)
		err = io_err_of(errno);
	if (!err)
		err = loop_add(loop, &u->watch, EPOLLIN);
	if (err) {
		close(fd);
		u->watch.fd = -1;
	}
	return err;
}

enum bj_err udp_bind(const struct addr *addr, bool reuse_port, int *out_fd, struct addr *bound)
{
	int fd = socket(addr->sa.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool all = addr->sa.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&addr->sa.v6.sin6_addr);
	struct addr got = { .len = sizeof(got.sa) };
	int on = 1, off = 0, error_number;

	if (fd < 0)
		return io_err_of(errno);
	if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)
		goto fail;
	if (addr->sa.any.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, all ? &off : &on, sizeof(on)) < 0)
		goto fail;
	if (bind(fd, &addr->sa.any, addr->len) < 0 || getsockname(fd, &got.sa.any, &got.len) < 0)
		goto fail;
	*out_fd = fd;
	if (bound)
		*bound = got;
	return BJ_OK;
fail:
	error_number = errno;
	close(fd);
	return io_err_of(error_number);
}

enum bj_err udp_connect(struct udp *u, struct loop *loop, struct udp_scratch *scratch, const struct addr *to, udp_fn *received)
{
	int fd = socket(to->sa.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error_number;

	if (fd < 0)
		return io_err_of(errno);
	if (connect(fd, &to->sa.any, to->len) < 0) {
		error_number = errno;
		close(fd);
		return io_err_of(error_number);
	}
	return udp_take(u, loop, scratch, fd, received);
}

enum bj_err udp_send(struct udp *u, const struct addr *to, struct bj_bytes datagram)
{
	ssize_t put;

	do
		put = sendto(u->watch.fd, datagram.ptr, datagram.len, MSG_NOSIGNAL, to ? &to->sa.any : NULL, to ? to->len : 0);
	while (put < 0 && errno == EINTR);
	if (put < 0) {
		enum bj_err err = io_err_of(errno);

		if (err == BJ_ERR_WOULD_BLOCK || err == BJ_ERR_IO_DESCRIPTORS)
			u->lost++;
		return err;
	}
	return BJ_OK;
}

void udp_fini(struct udp *u)
{
	if (!u->loop || u->watch.fd < 0)
		return;
	loop_remove(u->loop, &u->watch, true);
	close(u->watch.fd);
	u->watch.fd = -1;
}
