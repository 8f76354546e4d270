/* connections.c - connections come and go: the table, their memory, their options, and the sizes of their segments. */
#include "tcpip/congestion.h"
#include "tcpip/fast_open.h"
#include "tcpip/listen.h"
#include "tcpip/rtt.h"
#include "tcpip/stack.h"
#include "tcpip/state.h"
#include "tcpip/timers.h"

#include <stdlib.h>

#include "base/check.h"

#define SECOND INT64_C(1000000)
#define TIME_MAX_US (INT64_MAX / 4)

/* ---- options */

/* For ever is a time to which the present can still be added. */
static void default_i64(int64_t *v, int64_t value)
{
	if (*v <= 0)
		*v = value;
	*v = i64_min(*v, TIME_MAX_US);
}

struct tcp_config *config_make(struct bj_stack *stack, const struct bj_tcp_options *options)
{
	static const struct bj_tcp_options none;
	struct tcp_config *c = (struct tcp_config *)calloc(1, sizeof(*c));
	struct bj_tcp_options *o;

	if (!c)
		return NULL;
	c->stack = stack;
	c->refs = 1;
	c->options = options ? *options : none;
	o = &c->options;
	default_i64(&o->user_timeout_us, 900 * SECOND);
	default_i64(&o->syn_timeout_us, 180 * SECOND);
	default_i64(&o->keepalive_idle_us, 7200 * SECOND);
	default_i64(&o->keepalive_interval_us, 75 * SECOND);
	default_i64(&o->rto_min_us, SECOND / 5);
	default_i64(&o->ack_delay_us, SECOND / 25);
	default_i64(&o->time_wait_us, 60 * SECOND);
	default_i64(&o->fin_wait_2_us, 60 * SECOND);
	o->ack_delay_us = i64_min(o->ack_delay_us, SECOND / 2 - 1); /* MUST-40 */
	o->rto_min_us = i64_min(o->rto_min_us, RTO_MAX_US);
	o->keepalive_count = o->keepalive_count ? u32_min(o->keepalive_count, 250) : 9;
	if (o->mss_max && o->mss_max < TCP_MSS_MIN)
		o->mss_max = TCP_MSS_MIN;
	o->ttl = o->ttl ? o->ttl : 64;
	o->backlog = o->backlog ? o->backlog : 1024;
	o->syn_backlog = o->syn_backlog ? o->syn_backlog : 1024;
	o->fast_open_max = o->fast_open_max ? o->fast_open_max : 256;
	o->initial_window = u32_min(o->initial_window, 1000);
	return c;
}

struct tcp_config *config_ref(struct tcp_config *config)
{
	config->refs++;
	return config;
}

void config_unref(struct tcp_config *config)
{
	if (config && --config->refs == 0)
		free(config);
}

uint8_t tcp_window_shift(const struct bj_tcp_options *options)
{
	uint32_t max = options->receive_buffer_max ? options->receive_buffer_max : TCP_RECEIVE_MAX;
	uint8_t shift = 0;

	while (shift < TCP_WINDOW_SHIFT_MAX && (UINT32_C(65535) << shift) < max)
		shift++;
	return shift;
}

uint16_t tcp_offer_mss(const struct bj_stack *stack, bool is_v4, const struct bj_tcp_options *options)
{
	uint32_t mss = stack->options.mtu - (is_v4 ? IPV4_TCP_HEADERS : IPV6_TCP_HEADERS);

	return (uint16_t)(options->mss_max ? u32_min(mss, options->mss_max) : mss);
}

void tcp_update_mss(struct bj_tcp *t)
{
	const struct bj_tcp_options *o = tcp_options_of(t);
	uint32_t path = t->pmtu - (tcp_is_v4(t) ? IPV4_TCP_HEADERS : IPV6_TCP_HEADERS);
	uint32_t mss = u32_min(t->peer_mss, path); /* MUST-16 of rfc9293:3.7.1 */

	if (o->mss_max)
		mss = u32_min(mss, o->mss_max);
	mss -= t->ts_ok ? 12 : 0;
	if (tcp_route(t))
		mss -= (t->rare->route.len + 3u) / 4 * 4;
	t->mss = (uint16_t)u32_max(mss, TCP_PAYLOAD_MIN);
	if (t->rcv_mss == 0)
		t->rcv_mss = (uint16_t)u32_min(mss, tcp_is_v4(t) ? TCP_MSS_DEFAULT_V4 : TCP_MSS_DEFAULT_V6);
}

/* ---- the table */

struct bj_tcp *stack_find(const struct bj_stack *stack, const struct tcp_key *key)
{
	struct map_node *node = map_find(&stack->tcps, bytes_of(key, sizeof(*key)));

	return node ? CONTAINER_OF(node, struct bj_tcp, node) : NULL;
}

struct local_key local_key_of(const struct bj_endpoint *local)
{
	struct local_key key;

	memcpy(key.bytes, local->ip.bytes, 16);
	key.bytes[16] = (uint8_t)(local->port >> 8);
	key.bytes[17] = (uint8_t)local->port;
	return key;
}

static struct map_node *find_at(const struct map *map, const struct bj_ip *ip, uint16_t port)
{
	const struct local_key key = local_key_of(&(struct bj_endpoint){ .ip = *ip, .port = port });

	return map_find(map, bytes_of(key.bytes, sizeof(key.bytes)));
}

struct map_node *stack_find_local(const struct map *map, const struct bj_ip *ip, uint16_t port)
{
	static const struct bj_ip any;
	const struct bj_ip any4 = bj_ip4(0, 0, 0, 0);
	struct map_node *node = find_at(map, ip, port);

	if (!node && bj_ip_is_v4(ip))
		node = find_at(map, &any4, port);
	return node ? node : find_at(map, &any, port);
}

struct bj_listener *stack_find_listener(const struct bj_stack *stack, const struct bj_ip *local, uint16_t port)
{
	struct map_node *node = stack_find_local(&stack->listeners, local, port);

	return node ? CONTAINER_OF(node, struct bj_listener, node) : NULL;
}

bool stack_is_ours(const struct bj_stack *stack, const struct bj_ip *ip)
{
	for (size_t i = 0; i < stack->address_count; i++)
		if (bj_ip_equal(&stack->addresses[i], ip))
			return true;
	return false;
}

/* The oldest TIME-WAIT makes room for somebody who lives. */
static void make_room(struct bj_stack *stack)
{
	if (stack->tcps.count >= stack->options.connection_max && !list_is_empty(&stack->time_wait)) {
		tcp_end(CONTAINER_OF(stack->time_wait.next, struct bj_tcp, queue_link), BJ_OK);
		stack_reap(stack);
	}
}

struct bj_tcp *tcp_make(struct bj_stack *stack, const struct tcp_key *key, struct tcp_config *config)
{
	const struct bj_tcp_options *o = &config->options;
	struct bj_tcp *t;

	make_room(stack);
	t = (struct bj_tcp *)slab_alloc(&stack->tcp_slab);
	if (!t)
		return NULL;
	*t = (struct bj_tcp){ .key = *key, .config = config };
	if (map_insert(&stack->tcps, &t->node)) {
		slab_free(&stack->tcp_slab, t);
		return NULL;
	}
	t->in_table = true;
	(void)config_ref(config);
	timer_init(&t->timer);
	list_init(&t->output_link);
	list_init(&t->ready_link);
	list_init(&t->queue_link);
	t->retransmit_at = t->keepalive_at = TCP_NEVER;
	t->receive.limit = o->receive_buffer_max ? u32_min(o->receive_buffer_max, BUFFER_CAP_MAX) : TCP_RECEIVE_START;
	t->send.limit = o->send_buffer_max ? u32_min(o->send_buffer_max, BUFFER_CAP_MAX) : TCP_SEND_START;
	t->rcv_wnd = u32_min(t->receive.limit, UINT16_MAX);
	t->rcv_wscale = o->no_window_scale ? 0 : tcp_window_shift(o);
	t->pmtu = (uint16_t)stack->options.mtu;
	t->peer_mss = bj_ip_is_v4(&key->remote) ? TCP_MSS_DEFAULT_V4 : TCP_MSS_DEFAULT_V6;
	tcp_update_mss(t);
	t->progress_us = stack->now_us;
	return t;
}

static void leave_table(struct bj_tcp *t)
{
	if (!t->in_table)
		return;
	check(map_remove(&tcp_stack(t)->tcps, &t->node));
	t->in_table = false;
}

void tcp_end(struct bj_tcp *t, enum bj_err why)
{
	struct bj_stack *stack = tcp_stack(t);

	if (t->state == BJ_TCP_TIME_WAIT)
		stack->stats.time_waits--;
	fast_open_proved(t);
	if (t->state != BJ_TCP_CLOSED)
		tcp_set_state(t, BJ_TCP_CLOSED);
	t->error = (uint16_t)why;
	listen_forget(t);
	source_ended(t);
	leave_table(t);
	wheel_remove(&stack->wheel, &t->timer);
	list_remove(&t->output_link);
	list_remove(&t->queue_link);
	flight_free(t);
	ranges_free(&t->early);
	buffer_free(&t->send, &stack->memory, BUFFER_SEND);
	if (why != BJ_OK || !t->owned)
		buffer_free(&t->receive, &stack->memory, BUFFER_RECEIVE); /* an orderly end leaves what is unread to its reader */
	t->retransmit_at = t->keepalive_at = TCP_NEVER;
	t->ack_timed = false;
	list_push_back(t->owned ? &stack->ended : &stack->dead, &t->queue_link);
	stack_ready(t, BJ_READY_ENDED | BJ_READY_READ | BJ_READY_WRITE);
}

void stack_reap(struct bj_stack *stack)
{
	struct list *link;

	while ((link = list_pop_front(&stack->dead))) {
		struct bj_tcp *t = CONTAINER_OF(link, struct bj_tcp, queue_link);

		if (stack->borrower == t)
			stack->borrower = NULL;
		list_remove(&t->ready_link);
		buffer_free(&t->receive, &stack->memory, BUFFER_RECEIVE);
		rare_free(t);
		config_unref(t->config);
		slab_free(&stack->tcp_slab, t);
	}
}

void tcp_enter_time_wait(struct bj_tcp *t)
{
	struct bj_stack *stack = tcp_stack(t);

	tcp_set_state(t, BJ_TCP_TIME_WAIT);
	source_ended(t);
	flight_free(t);
	ranges_free(&t->early);
	buffer_free(&t->send, &stack->memory, BUFFER_SEND);
	t->retransmit_at = TCP_NEVER;
	list_remove(&t->queue_link);
	list_push_back(&stack->time_wait, &t->queue_link);
	tcp_arm_keepalive(t);
	if (t->owned)
		stack_ready(t, BJ_READY_ENDED | BJ_READY_READ);
	if (++stack->stats.time_waits > stack->options.time_wait_max)
		tcp_end(CONTAINER_OF(stack->time_wait.next, struct bj_tcp, queue_link), BJ_OK);
}
