/* listener.c - see listener.h. */
#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "io/listener.h"
#include "io/net.h"

static enum bj_err set_options(int fd, const struct addr *addr, const struct listener_options *o)
{
	int on = 1, off = 0, queue = (int)o->fast_open;

	if (addr->sa.any.sa_family == AF_UNIX)
		return BJ_OK;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return io_err_of(errno);
	if (o->reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)
		return io_err_of(errno);
	/* accepted sockets inherit this one, which saves a call for each */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		return io_err_of(errno);
	if (queue > 0 && setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue)) < 0)
		return io_err_of(errno);
	if (addr->sa.any.sa_family == AF_INET6) {
		bool all = IN6_IS_ADDR_UNSPECIFIED(&addr->sa.v6.sin6_addr);

		if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, all ? &off : &on, sizeof(on)) < 0)
			return io_err_of(errno);
	}
	return BJ_OK;
}

static enum bj_err open_one(const struct addr *addr, const struct listener_options *o, int *out_fd, struct addr *bound)
{
	int fd = socket(addr->sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct addr got = { .len = sizeof(got.sa) };
	enum bj_err err;

	if (fd < 0)
		return errno == EAFNOSUPPORT ? BJ_ERR_UNSUPPORTED : io_err_of(errno);
	err = set_options(fd, addr, o);
	if (!err && bind(fd, &addr->sa.any, addr->len) < 0)
		err = io_err_of(errno);
	if (!err && listen(fd, (int)(o->backlog ? o->backlog : LISTENER_BACKLOG)) < 0)
		err = io_err_of(errno);
	if (!err && getsockname(fd, &got.sa.any, &got.len) < 0)
		err = io_err_of(errno);
	if (err) {
		close(fd);
		return err;
	}
	*out_fd = fd;
	if (bound)
		*bound = got;
	return BJ_OK;
}

enum bj_err listener_open(const struct addr *addr, const struct listener_options *o, int *out_fd, struct addr *bound)
{
	enum bj_err err = open_one(addr, o, out_fd, bound);

	if (err && addr->sa.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&addr->sa.v6.sin6_addr) &&
	    (err == BJ_ERR_UNSUPPORTED || err == BJ_ERR_IO_UNREACHABLE)) {
		struct addr v4 = { .len = sizeof(v4.sa.v4) };

		v4.sa.v4.sin_family = AF_INET;
		v4.sa.v4.sin_port = addr->sa.v6.sin6_port;
		err = open_one(&v4, o, out_fd, bound);
	}
	return err;
}

static void rest(struct listener *l)
{
	loop_change(l->loop, &l->watch, 0);
	loop_timer_set(l->loop, &l->rest, l->loop->now_ms + LISTENER_REST_MS);
}

static void rested(struct loop_timer *timer)
{
	struct listener *l = CONTAINER_OF(timer, struct listener, rest);

	loop_change(l->loop, &l->watch, EPOLLIN);
}

static void fire(struct loop_watch *watch, uint32_t events)
{
	struct listener *l = CONTAINER_OF(watch, struct listener, watch);
	/* Most reports are for one connection, and a second try would only learn that. Where there was another one, the next round
	 * reports again. */
	int most = l->loop->rounds == l->round + 1 ? LISTENER_BATCH : 1;

	l->round = l->loop->rounds;
	/* accepted() may close this listener: then watch.fd is -1 */
	for (int i = 0; i < most && watch->fd >= 0; i++) {
		struct addr peer = { .len = sizeof(peer.sa) };
		int fd = accept4(watch->fd, &peer.sa.any, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			const struct stream_source source = { .fd = fd };

			l->accepted(l, &source, &peer);
			continue;
		}
		if (errno == EAGAIN)
			return;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			rest(l);
			return;
		}
		/* the others concern one connection that is gone already */
	}
}

enum bj_err listener_init(struct listener *l, struct loop *loop, int fd, listener_fn *accepted)
{
	enum bj_err err;

	*l = (struct listener){ .loop = loop, .accepted = accepted };
	l->watch = (struct loop_watch){ .fd = fd, .fire = fire };
	loop_timer_init(&l->rest, rested);
	l->addr.len = sizeof(l->addr.sa);
	if (getsockname(fd, &l->addr.sa.any, &l->addr.len) < 0)
		err = io_err_of(errno);
	else
		err = loop_add(loop, &l->watch, EPOLLIN);
	if (err) {
		close(fd);
		l->watch.fd = -1;
	}
	return err;
}

/* ---- of our TCP */

static void take_net(struct listener *l)
{
	struct bj_tcp *tcp;

	/* accepted() may close this listener */
	while (l->bj && bj_tcp_accept(l->bj, &tcp) == BJ_OK) {
		const struct stream_source source = { .fd = -1, .net = l->net, .tcp = tcp };
		struct bj_tcp_info info;
		struct addr peer;

		bj_tcp_info(tcp, &info);
		peer = net_addr_of(&info.remote);
		l->accepted(l, &source, &peer);
	}
}

void listener_net_ready(struct net *net, const struct bj_listener *bj)
{
	LIST_EACH_SAFE(link, &net->listeners) {
		struct listener *l = CONTAINER_OF(link, struct listener, link);

		if (l->bj == bj) {
			take_net(l);
			return;
		}
	}
}

enum bj_err listener_init_net(struct listener *l, struct net *net, const struct addr *addr, enum bj_congestion congestion, listener_fn *accepted)
{
	const struct bj_tcp_options options = { .congestion = congestion, .no_delay = true, .backlog = LISTENER_BACKLOG };
	const struct bj_endpoint at = net_endpoint_of(addr);
	enum bj_err err;

	*l = (struct listener){ .loop = net->loop, .net = net, .accepted = accepted, .addr = *addr };
	l->watch.fd = -1;
	loop_timer_init(&l->rest, rested);
	list_init(&l->link);
	err = bj_tcp_listen(net->stack, &at, &options, &l->bj);
	if (!err)
		list_push_back(&net->listeners, &l->link);
	return err;
}

static void fini_net(struct listener *l)
{
	list_remove(&l->link);
	bj_listener_close(l->bj);
	net_wake(l->net);
	l->bj = NULL;
}

void listener_take_waiting(struct listener *l)
{
	if (l->bj)
		take_net(l);
	if (!l->loop || l->watch.fd < 0)
		return;
	l->round = l->loop->rounds - 1; /* a whole batch */
	fire(&l->watch, EPOLLIN);
}

void listener_fini(struct listener *l)
{
	if (l->bj)
		fini_net(l);
	if (!l->loop || l->watch.fd < 0)
		return;
	loop_timer_cancel(l->loop, &l->rest);
	loop_remove(l->loop, &l->watch, true);
	close(l->watch.fd);
	l->watch.fd = -1;
}
