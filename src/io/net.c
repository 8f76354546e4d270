/* net.c - see net.h. */
#include "io/net.h"

#include <poll.h>
#include <string.h>

#include "io/listener.h"
#include "io/stream.h"

/* ---- addresses */

bool net_congestion_named(struct bj_bytes name, enum bj_congestion *out)
{
	static const char *const names[] = { [BJ_CONGESTION_CUBIC] = "cubic", [BJ_CONGESTION_RENO] = "reno", [BJ_CONGESTION_BBR] = "bbr" };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (bytes_equal(name, bytes_text(names[i]))) {
			*out = (enum bj_congestion)i;
			return true;
		}
	return false;
}

struct bj_endpoint net_endpoint_of(const struct addr *addr)
{
	struct bj_endpoint e = { .port = addr_port(addr) };
	struct bj_bytes host = addr_host_bytes(addr);

	if (host.len == 4)
		e.ip = bj_ip4(host.ptr[0], host.ptr[1], host.ptr[2], host.ptr[3]);
	else
		bytes_copy(e.ip.bytes, host.ptr, host.len);
	return e;
}

struct addr net_addr_of(const struct bj_endpoint *e)
{
	struct addr a = { 0 };

	if (bj_ip_is_v4(&e->ip)) {
		a.len = sizeof(a.sa.v4);
		a.sa.v4.sin_family = AF_INET;
		a.sa.v4.sin_port = htons(e->port);
		memcpy(&a.sa.v4.sin_addr, &e->ip.bytes[12], 4);
	} else {
		a.len = sizeof(a.sa.v6);
		a.sa.v6.sin6_family = AF_INET6;
		a.sa.v6.sin6_port = htons(e->port);
		memcpy(&a.sa.v6.sin6_addr, e->ip.bytes, 16);
	}
	return a;
}

enum bj_err net_add_address(struct net *n, const struct bj_ip *ip, unsigned bits)
{
	enum bj_err err = bj_stack_add_address(n->stack, ip);

	if (!err && n->link)
		err = bj_link_add_route(n->link, ip, bits ? bits : bj_ip_is_v4(ip) ? 24 : 64, NULL);
	return err;
}

enum bj_err net_add_gateway(struct net *n, const struct bj_ip *gateway)
{
	struct bj_ip all = { { 0 } };

	if (bj_ip_is_v4(gateway))
		all = bj_ip4(0, 0, 0, 0);
	return n->link ? bj_link_add_route(n->link, &all, 0, gateway) : BJ_OK;
}

/* ---- packets */

static void input(struct net *n, const struct device_packet *p)
{
	struct bj_bytes bytes = bytes_of(p->ptr, p->len);

	if (n->link)
		bj_link_input(n->link, n->loop->now_us, bytes, &p->offload);
	else
		bj_stack_input_offloaded(n->stack, n->loop->now_us, bytes, &p->offload);
}

static enum bj_err output(struct net *n, struct device_packet *p)
{
	struct bj_offload *offload = n->device.has_offload ? &p->offload : NULL;

	p->offload = (struct bj_offload){ 0 };
	if (n->link)
		return bj_link_output(n->link, n->loop->now_us, p->ptr, n->device.slot_len, &p->len, offload);
	if (n->device.gathers)
		return bj_stack_output_gathered(n->stack, n->loop->now_us, p->ptr, n->device.slot_len, &p->len, offload, p->pieces);
	if (offload)
		return bj_stack_output_offloaded(n->stack, n->loop->now_us, p->ptr, n->device.slot_len, &p->len, offload);
	return bj_stack_output(n->stack, n->loop->now_us, p->ptr, n->device.slot_len, &p->len);
}

static void wait_for_room(struct net *n, bool wait)
{
	uint32_t events = wait ? EPOLLIN | EPOLLOUT : EPOLLIN;

	if (n->watch.events != events)
		loop_change(n->loop, &n->watch, events);
}

/* Sends all that there is, and sets the clock for the next. */
static void flush(struct net *n)
{
	int64_t deadline;

	for (;;) {
		struct device_packet *p = device_room(&n->device);

		if (p && output(n, p) == BJ_OK) {
			device_commit(&n->device);
			continue;
		}
		if (n->device.out_count == 0)
			break;
		if (device_flush(&n->device) == BJ_ERR_WOULD_BLOCK) {
			wait_for_room(n, true);
			return;
		}
		if (p)
			break;
	}
	wait_for_room(n, false);
	deadline = n->link ? bj_link_deadline(n->link) : bj_stack_deadline(n->stack);
	if (deadline == INT64_MAX)
		loop_timer_cancel(n->loop, &n->timer);
	else
		loop_timer_set(n->loop, &n->timer, (deadline + 999) / 1000);
}

/* Tells owners what happened. */
static void report(struct net *n)
{
	struct bj_ready_one one;

	while (bj_stack_next_ready(n->stack, &one) == BJ_OK) {
		if (one.ready & BJ_READY_WRITE)
			net_wake(n);
		if (one.listener)
			listener_net_ready(n, one.listener);
		else if (one.tcp)
			stream_net_ready(one.tcp, one.ready);
	}
}

void net_wake(struct net *n)
{
	loop_defer(n->loop, &n->task);
}

static void task_run(struct loop_task *task)
{
	struct net *n = CONTAINER_OF(task, struct net, task);

	if (n->is_gone)
		return;
	report(n);
	flush(n);
	if (bj_stack_is_ready(n->stack)) /* room for more to send: asked for in the next round, behind the ACKs of what has just left */
		net_wake(n);
}

static void timer_fired(struct loop_timer *timer)
{
	struct net *n = CONTAINER_OF(timer, struct net, timer);

	if (n->is_gone)
		return;
	if (n->link)
		bj_link_tick(n->link, n->loop->now_us);
	else
		bj_stack_tick(n->stack, n->loop->now_us);
	report(n);
	net_wake(n);
}

static void device_event(struct loop_watch *watch, uint32_t events)
{
	struct net *n = CONTAINER_OF(watch, struct net, watch);
	enum bj_err err = BJ_OK;
	size_t count, bytes = 0;

	(void)events;
	for (size_t done = 0; done < NET_READS_MAX && bytes < NET_BYTES_MAX && !err; done += count) {
		err = device_receive(&n->device, &count);
		if (err)
			break;
		for (size_t i = 0; i < count; i++) {
			struct device_packet *p = &n->device.in[i];

			p->offload.lent = p->len >= NET_LEND_MIN;
			input(n, p);
			bytes += p->len;
			if (p->offload.lent) {
				report(n);
				bj_stack_settle(n->stack);
			}
		}
	}
	if (err && err != BJ_ERR_WOULD_BLOCK) { /* the interface went away under us */
		n->is_gone = true;
		loop_remove(n->loop, &n->watch, false);
		loop_timer_cancel(n->loop, &n->timer);
		bj_stack_fail(n->stack, BJ_ERR_IO_UNREACHABLE);
		report(n);
		return;
	}
	report(n);
	net_wake(n);
}

/* ---- life */

static enum bj_err make(struct net *n, const struct net_options *options)
{
	struct bj_stack_options stack = options->stack;
	enum bj_err err;

	stack.rng = options->rng;
	stack.mtu = n->device.mtu;
	err = bj_stack_make(&stack, n->loop->now_us, &n->stack);
	if (!err && n->device.is_ethernet) {
		const struct bj_link_options link = { .mac = n->device.mac };

		err = bj_link_make(n->stack, &link, n->loop->now_us, &n->link);
	}
	if (!err)
		err = loop_add(n->loop, &n->watch, EPOLLIN);
	return err;
}

enum bj_err net_init(struct net *n, struct loop *loop, int fd, const char *name, const struct net_options *options)
{
	enum bj_err err;

	memset(n, 0, sizeof(*n));
	n->loop = loop;
	loop_timer_init(&n->timer, timer_fired);
	loop_task_init(&n->task, task_run);
	list_init(&n->listeners);
	err = device_init(&n->device, fd, name, options->no_offload);
	if (err) {
		if (options->capture)
			fclose(options->capture);
		return err;
	}
	n->watch = (struct loop_watch){ .fd = n->device.fd, .fire = device_event };
	if (options->capture)
		err = device_capture(&n->device, options->capture);
	if (!err)
		err = make(n, options);
	if (err) {
		bj_link_free(n->link);
		bj_stack_free(n->stack);
		device_fini(&n->device);
	}
	return err;
}

/* Are there connections that still have something to tell their peers? */
static bool is_busy(const struct net *n)
{
	struct bj_stack_stats stats;

	bj_stack_stats(n->stack, &stats);
	return stats.connections > stats.time_waits;
}

void net_fini(struct net *n, int wait_ms)
{
	int64_t until;

	if (!n->loop)
		return;
	loop_update_time(n->loop);
	until = n->loop->now_ms + wait_ms;
	while (!n->is_gone && is_busy(n) && n->loop->now_ms < until) {
		struct pollfd in = { .fd = n->watch.fd, .events = POLLIN };

		flush(n);
		(void)poll(&in, 1, 10);
		loop_update_time(n->loop);
		device_event(&n->watch, EPOLLIN);
		if (!n->is_gone) {
			if (n->link)
				bj_link_tick(n->link, n->loop->now_us);
			else
				bj_stack_tick(n->stack, n->loop->now_us);
		}
	}
	if (!n->is_gone) {
		flush(n);
		loop_remove(n->loop, &n->watch, true);
	}
	loop_timer_cancel(n->loop, &n->timer);
	loop_task_cancel(&n->task);
	bj_link_free(n->link);
	bj_stack_free(n->stack);
	device_fini(&n->device);
	n->loop = NULL;
}
