/* udp.c - see udp.h. */
#include <errno.h>
#include <unistd.h>

#include "io/stream.h"
#include "io/udp.h"

#define ROUNDS_MAX 8 /* batches taken per report, so that one busy socket does not starve the others */

/* ---- which address of ours */

/* Room for what the kernel says beside a datagram. */
struct control {
	_Alignas(size_t) uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static bool is_everywhere(const struct addr *a)
{
	return a->sa.any.sa_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&a->sa.v6.sin6_addr)
					       : a->sa.any.sa_family == AF_INET && a->sa.v4.sin_addr.s_addr == 0;
}

/* Without it answers come from whichever address the kernel likes best. */
static bool ask_where(int fd, const struct addr *bound)
{
	int on = 1;

	if (!is_everywhere(bound))
		return false;
	return bound->sa.any.sa_family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0
						   : setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0;
}

static struct udp_here here_of(struct msghdr *msg)
{
	struct udp_here here = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			here.len = 4;
			memcpy(here.bytes, &info.ipi_spec_dst, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			here.len = 16;
			memcpy(here.bytes, &info.ipi6_addr, 16);
		}
	}
	return here;
}

static void say_where(struct msghdr *msg, struct control *control, const struct udp_here *here)
{
	struct in_pktinfo v4 = { 0 };
	struct in6_pktinfo v6 = { 0 };
	size_t len = here->len == 4 ? sizeof(v4) : sizeof(v6);
	struct cmsghdr *c;

	memset(control, 0, sizeof(*control));
	msg->msg_control = control;
	msg->msg_controllen = CMSG_SPACE(len);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = here->len == 4 ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = here->len == 4 ? IP_PKTINFO : IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(here->len == 4 ? (void *)&v4.ipi_spec_dst : (void *)&v6.ipi6_addr, here->bytes, here->len);
	memcpy(CMSG_DATA(c), here->len == 4 ? (void *)&v4 : (void *)&v6, len);
}

/* ---- in */

static void fire(struct loop_watch *watch, uint32_t events)
{
	struct udp *u = CONTAINER_OF(watch, struct udp, watch);
	struct control control[UDP_BATCH];
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
			if (u->everywhere) {
				batch[i].msg_hdr.msg_control = &control[i];
				batch[i].msg_hdr.msg_controllen = sizeof(control[i]);
			}
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
			if (u->everywhere)
				u->here = here_of(&batch[i].msg_hdr);
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
	if (!err) {
		u->everywhere = ask_where(fd, &u->addr);
		err = loop_add(loop, &u->watch, EPOLLIN);
	}
	if (err) {
		close(fd);
		u->watch.fd = -1;
	}
	return err;
}

enum bj_err udp_bind(const struct addr *addr, bool reuse_port, int *out_fd, struct addr *bound)
{
	int fd = socket(addr->sa.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool all = is_everywhere(addr);
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

/* ---- out */

static enum bj_err sent(struct udp *u, ssize_t put)
{
	enum bj_err err = put < 0 ? io_err_of(errno) : BJ_OK;

	if (err == BJ_ERR_WOULD_BLOCK || err == BJ_ERR_IO_DESCRIPTORS)
		u->lost++;
	return err;
}

enum bj_err udp_send(struct udp *u, const struct addr *to, struct bj_bytes datagram)
{
	ssize_t put;

	do
		put = sendto(u->watch.fd, datagram.ptr, datagram.len, MSG_NOSIGNAL, to ? &to->sa.any : NULL, to ? to->len : 0);
	while (put < 0 && errno == EINTR);
	return sent(u, put);
}

enum bj_err udp_answer(struct udp *u, const struct addr *to, const struct udp_here *from, struct bj_bytes datagram)
{
	struct iovec iov = { (void *)(uintptr_t)datagram.ptr, datagram.len };
	struct msghdr msg = { .msg_name = (void *)(uintptr_t)&to->sa, .msg_namelen = to->len, .msg_iov = &iov, .msg_iovlen = 1 };
	struct control control;
	enum bj_err err;
	ssize_t put;

	if (from->len == 0)
		return udp_send(u, to, datagram);
	say_where(&msg, &control, from);
	do
		put = sendmsg(u->watch.fd, &msg, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	err = sent(u, put);
	if (err && err != BJ_ERR_WOULD_BLOCK && err != BJ_ERR_IO_DESCRIPTORS) /* it went to all stations, or the address is gone */
		return udp_send(u, to, datagram);
	return err;
}

void udp_fini(struct udp *u)
{
	if (!u->loop || u->watch.fd < 0)
		return;
	loop_remove(u->loop, &u->watch, true);
	close(u->watch.fd);
	u->watch.fd = -1;
}
