/* stream_net.c - see stream.h: the carrier over our own TCP, and the streams that are made from what listeners took. */
#include <unistd.h>

#include "io/net.h"
#include "io/stream.h"

static void report(struct stream *s)
{
	unsigned what = s->want & s->can;

	if (what)
		s->ready(s, what);
}

static void task_run(struct loop_task *task)
{
	report(CONTAINER_OF(task, struct stream, task));
}

static enum bj_err net_read(struct stream *s, void *buf, size_t cap, size_t *out_len)
{
	enum bj_err err;

	if (!(s->can & STREAM_READ))
		return BJ_ERR_WOULD_BLOCK;
	err = bj_tcp_read(s->tcp, (uint8_t *)buf, cap, out_len);
	if (err == BJ_ERR_CLOSED) { /* stays readable: there is an end to see */
		s->hung_up = true;
		*out_len = 0;
		return BJ_OK;
	}
	if (err == BJ_ERR_WOULD_BLOCK)
		s->can &= (uint8_t)~STREAM_READ;
	else if (!err)
		net_wake(s->net); /* the window may have opened */
	return err;
}

static enum bj_err net_write(struct stream *s, const struct bj_bytes *pieces, size_t count, size_t *out_len)
{
	size_t total = 0, asked = 0;

	if (!(s->can & STREAM_WRITE))
		return BJ_ERR_WOULD_BLOCK;
	for (size_t i = 0; i < count; i++) {
		size_t len = 0;
		enum bj_err err;

		if (pieces[i].len == 0)
			continue;
		asked += pieces[i].len;
		err = bj_tcp_write(s->tcp, pieces[i], &len);
		if (err && err != BJ_ERR_WOULD_BLOCK)
			return err == BJ_ERR_CLOSED ? BJ_ERR_IO_RESET : err;
		total += len;
		if (err || len < pieces[i].len)
			break;
	}
	if (total == 0 && asked > 0) {
		s->can &= (uint8_t)~STREAM_WRITE;
		return BJ_ERR_WOULD_BLOCK;
	}
	net_wake(s->net);
	*out_len = total;
	return BJ_OK;
}

static void net_watch(struct stream *s, unsigned want)
{
	s->want = (uint8_t)want;
	if (s->want & s->can)
		loop_defer(s->loop, &s->task);
	else
		loop_task_cancel(&s->task);
}

static void net_finish(struct stream *s)
{
	enum bj_err ended = bj_tcp_finish(s->tcp);

	(void)ended; /* then there is nobody to tell */
	net_wake(s->net);
}

static void net_drop(struct stream *s)
{
	loop_task_cancel(&s->task);
	bj_tcp_set_owner(s->tcp, NULL);
	if (s->reset)
		bj_tcp_abort(s->tcp);
	else
		bj_tcp_release(s->tcp);
	net_wake(s->net);
	s->tcp = NULL;
	s->carrier = NULL;
}

static void net_watch_connect(struct stream *s)
{
	s->can &= (uint8_t)~STREAM_WRITE;
	s->want |= STREAM_WRITE;
}

static enum bj_err net_connect_result(struct stream *s)
{
	struct bj_tcp_info info;

	bj_tcp_info(s->tcp, &info);
	return info.error;
}

static void net_reset_on_drop(struct stream *s)
{
	s->reset = true;
}

static const struct stream_carrier net_carrier = {
	net_read, net_write, net_watch, net_finish, net_drop, net_watch_connect, net_connect_result, net_reset_on_drop,
};

static void take(struct stream *s, struct net *net, struct bj_tcp *tcp, uint8_t can, stream_ready_fn *ready)
{
	*s = (struct stream){
		.carrier = &net_carrier, .loop = net->loop, .ready = ready, .net = net, .tcp = tcp, .want = STREAM_READ, .can = can,
	};
	s->watch.fd = -1;
	loop_task_init(&s->task, task_run);
	bj_tcp_set_owner(tcp, s);
	net_wake(net);
}

enum bj_err stream_connect_net(struct stream *s, struct net *net, const struct addr *to, enum bj_congestion congestion, stream_ready_fn *ready)
{
	const struct bj_tcp_options options = { .congestion = congestion, .no_delay = true };
	const struct bj_endpoint remote = net_endpoint_of(to);
	struct bj_tcp *tcp;
	enum bj_err err;

	if (net->is_gone)
		return BJ_ERR_IO_UNREACHABLE;
	err = bj_tcp_connect(net->stack, NULL, &remote, &options, &tcp);
	if (!err)
		take(s, net, tcp, STREAM_WRITE, ready);
	return err;
}

enum bj_err stream_init(struct stream *s, struct loop *loop, const struct stream_source *source, stream_ready_fn *ready)
{
	if (!source->tcp)
		return stream_init_socket(s, loop, source->fd, ready);
	take(s, source->net, source->tcp, STREAM_READ | STREAM_WRITE, ready);
	loop_defer(loop, &s->task); /* bytes may have come before anybody listened */
	return BJ_OK;
}

void stream_source_drop(const struct stream_source *source)
{
	if (source->tcp) {
		bj_tcp_release(source->tcp);
		net_wake(source->net);
	} else {
		close(source->fd);
	}
}

void stream_net_ready(struct bj_tcp *tcp, unsigned ready)
{
	struct stream *s = (struct stream *)bj_tcp_owner(tcp);
	struct bj_tcp_info info;

	if (!s)
		return;
	if (ready & BJ_READY_READ)
		s->can |= STREAM_READ;
	if (ready & (BJ_READY_OPEN | BJ_READY_WRITE))
		s->can |= STREAM_WRITE;
	if (ready & BJ_READY_ENDED) {
		bj_tcp_info(tcp, &info);
		s->can |= STREAM_READ | STREAM_WRITE;
		s->hung_up = true;
		if (info.error && !s->broken) {
			s->failed = s->broken = true;
			s->ready(s, s->can);
			return;
		}
	}
	report(s);
}
