/* api.c - the calls on listeners and connections (rfc9293:3.9.1). */
#include "tcpip/congestion.h"
#include "tcpip/fast_open.h"
#include "tcpip/input.h"
#include "tcpip/isn.h"
#include "tcpip/listen.h"
#include "tcpip/output.h"
#include "tcpip/route.h"
#include "tcpip/rtt.h"
#include "tcpip/state.h"
#include "tcpip/text.h"
#include "tcpip/timers.h"

#include <stdlib.h>

#include "base/check.h"

/* ---- opening */

enum bj_err bj_tcp_listen(struct bj_stack *stack, const struct bj_endpoint *local, const struct bj_tcp_options *options,
			  struct bj_listener **out)
{
	struct bj_listener *l;
	enum bj_err err;

	if (local->port == 0 || (!ip_is_unspecified(&local->ip) && !stack_is_ours(stack, &local->ip)))
		return BJ_ERR_ARGUMENT;
	l = (struct bj_listener *)calloc(1, sizeof(*l));
	if (!l)
		return BJ_ERR_NO_MEMORY;
	l->local = *local;
	l->stack = stack;
	l->key = local_key_of(local);
	l->config = options ? config_make(stack, options) : config_ref(stack->defaults);
	err = l->config ? map_insert(&stack->listeners, &l->node) : BJ_ERR_NO_MEMORY;
	if (err) {
		config_unref(l->config);
		free(l);
		return err == BJ_ERR_ARGUMENT ? BJ_ERR_IO_ADDRESS_IN_USE : err;
	}
	list_init(&l->ready_link);
	list_init(&l->half_open);
	list_init(&l->established);
	list_push_back(&stack->listener_list, &l->link);
	*out = l;
	return BJ_OK;
}

enum bj_err bj_tcp_accept(struct bj_listener *l, struct bj_tcp **out)
{
	struct list *link = list_front(&l->established);
	struct bj_tcp *t;

	if (!link)
		return BJ_ERR_WOULD_BLOCK;
	t = CONTAINER_OF(link, struct bj_tcp, queue_link);
	listen_forget(t);
	t->owned = true;
	if (t->receive.len > 0 || t->fin_received)
		stack_ready(t, BJ_READY_READ);
	if (t->urgent_in)
		stack_ready(t, BJ_READY_URGENT);
	*out = t;
	return BJ_OK;
}

static void send_reset(struct bj_tcp *t)
{
	struct tcp_segment s = { .source_port = t->key.local_port, .destination_port = t->key.remote_port, .seq = tcp_bare_seq(t),
				 .ack = t->rcv_nxt, .flags = TCP_RST | TCP_ACK };

	if (t->ts_ok) /* rfc7323:3.2 */
		s.options = (struct tcp_options){ .has_timestamps = true, .ts_val = tcp_ts_now(t), .ts_ecr = t->ts_recent };
	tcp_stack(t)->stats.resets_sent++;
	stack_reply_segment(tcp_stack(t), &t->key, tcp_route(t), &s);
	stack_event(t, BJ_EVENT_SENT, BJ_SENT_RST, 0, s.seq, 0);
}

/* rfc9293:3.10.5 */
static void abort_connection(struct bj_tcp *t)
{
	if (t->state >= BJ_TCP_SYN_RECEIVED && t->state <= BJ_TCP_CLOSE_WAIT)
		send_reset(t);
	tcp_end(t, BJ_ERR_CLOSED);
}

void bj_listener_close(struct bj_listener *l)
{
	struct list *link;

	if (!l)
		return;
	while ((link = list_front(&l->half_open)) || (link = list_front(&l->established)))
		abort_connection(CONTAINER_OF(link, struct bj_tcp, queue_link));
	stack_reap(l->stack);
	check(map_remove(&l->stack->listeners, &l->node));
	list_remove(&l->link);
	list_remove(&l->ready_link);
	config_unref(l->config);
	free(l);
}

/* Fills in what the caller left open; rfc6056 for the port. */
static enum bj_err choose_local(struct bj_stack *stack, struct tcp_key *key)
{
	for (size_t i = 0; ip_is_unspecified(&key->local) && i < stack->address_count; i++)
		if (bj_ip_is_v4(&stack->addresses[i]) == bj_ip_is_v4(&key->remote))
			key->local = stack->addresses[i];
	if (ip_is_unspecified(&key->local))
		return BJ_ERR_IO_UNREACHABLE;
	if (!stack_is_ours(stack, &key->local) || bj_ip_is_v4(&key->local) != bj_ip_is_v4(&key->remote))
		return BJ_ERR_ARGUMENT;
	if (key->local_port == 0)
		key->local_port = port_choose(stack, key);
	return key->local_port ? BJ_OK : BJ_ERR_LIMIT;
}

enum bj_err bj_tcp_connect(struct bj_stack *stack, const struct bj_endpoint *local, const struct bj_endpoint *remote,
			   const struct bj_tcp_options *options, struct bj_tcp **out)
{
	struct tcp_key key = { .remote = remote->ip, .remote_port = remote->port };
	struct tcp_config *config;
	struct bj_tcp *t;
	enum bj_err err;

	if (remote->port == 0 || !ip_is_unicast(&remote->ip) || stack_is_ours(stack, &remote->ip))
		return BJ_ERR_ARGUMENT; /* MUST-46: no connection to many hosts */
	if (local) {
		key.local = local->ip;
		key.local_port = local->port;
	}
	err = choose_local(stack, &key);
	if (err)
		return err;
	if (stack_find(stack, &key))
		return BJ_ERR_IO_ADDRESS_IN_USE;
	config = options ? config_make(stack, options) : config_ref(stack->defaults);
	if (!config)
		return BJ_ERR_NO_MEMORY;
	t = tcp_make(stack, &key, config);
	config_unref(config);
	if (!t)
		return stack->tcps.count >= stack->options.connection_max ? BJ_ERR_LIMIT : BJ_ERR_NO_MEMORY;
	t->owned = true;
	t->iss = isn_make(stack, &key);
	t->snd_una = t->iss;
	t->snd_nxt = t->iss;
	t->ts_offset = ts_offset_make(stack, &key);
	err = route_choose(t);
	if (err) {
		t->owned = false;
		tcp_end(t, err);
		stack_reap(stack);
		return err;
	}
	tcp_set_state(t, BJ_TCP_SYN_SENT);
	t->syn_due = true;
	stack_want_output(t);
	*out = t;
	return BJ_OK;
}

/* ---- bytes */

enum bj_err bj_tcp_peek(struct bj_tcp *t, struct bj_bytes *out)
{
	if (t->receive.len > 0) {
		*out = text_view(t);
		return BJ_OK;
	}
	if (t->error)
		return (enum bj_err)t->error;
	return t->fin_received || t->state == BJ_TCP_CLOSED ? BJ_ERR_CLOSED : BJ_ERR_WOULD_BLOCK;
}

void bj_tcp_consume(struct bj_tcp *t, size_t len)
{
	check(len <= t->receive.len);
	buffer_skip(&t->receive, (uint32_t)len);
	text_was_read(t);
}

enum bj_err bj_tcp_read(struct bj_tcp *t, uint8_t *buf, size_t cap, size_t *out_len)
{
	struct bj_bytes view = { 0 };
	enum bj_err err = bj_tcp_peek(t, &view);
	size_t done = 0;

	if (err)
		return err;
	for (; view.len > 0 && done < cap; view = text_view(t)) {
		size_t len = view.len < cap - done ? view.len : cap - done;

		buffer_copy(buf + done, view.ptr, len);
		buffer_skip(&t->receive, (uint32_t)len);
		done += len;
	}
	text_was_read(t);
	*out_len = done;
	return BJ_OK;
}

/* The buffer follows the congestion window: twice it, within the limit. */
static void tune_send(struct bj_tcp *t)
{
	if (tcp_options_of(t)->send_buffer_max == 0 && t->cwnd > t->send.limit / 2)
		t->send.limit = u32_min(u32_max(t->send.limit, 2 * t->cwnd), TCP_SEND_MAX);
}

/* Room in the send buffer, or why there is none. */
static enum bj_err write_room(struct bj_tcp *t, size_t want, uint32_t *out_room)
{
	uint32_t room, unsent;

	if (t->error)
		return (enum bj_err)t->error;
	if (t->fin_queued || t->state == BJ_TCP_CLOSED || t->state == BJ_TCP_TIME_WAIT)
		return BJ_ERR_CLOSED;
	tune_send(t);
	room = t->send.limit > t->send.len ? t->send.limit - t->send.len : 0;
	unsent = tcp_unsent(t);
	room = u32_min(room, unsent < TCP_UNSENT_MAX ? TCP_UNSENT_MAX - unsent : 0);
	if (want < room)
		room = (uint32_t)want;
	if (room == 0) {
		t->write_blocked = true;
		return BJ_ERR_WOULD_BLOCK;
	}
	buffer_to_front(&t->send);
	if (!buffer_grow(&t->send, &tcp_stack(t)->memory, BUFFER_SEND, t->send.len + room)) {
		room = buffer_cap(&t->send) - t->send.len; /* the memory limit: what is there must do */
		if (room == 0) {
			t->write_blocked = true;
			tcp_arm_memory(t);
			return BJ_ERR_WOULD_BLOCK;
		}
	}
	t->ready &= (uint8_t)~BJ_READY_WRITE; /* asked and answered */
	t->write_blocked = false;
	*out_room = room;
	return BJ_OK;
}

enum bj_err bj_tcp_write(struct bj_tcp *t, struct bj_bytes bytes, size_t *out_len)
{
	uint32_t room = 0;
	enum bj_err err;

	if (bytes.len == 0)
		return BJ_ERR_ARGUMENT;
	err = write_room(t, bytes.len, &room);
	if (err)
		return err;
	buffer_put(&t->send, t->send.len, bytes_of(bytes.ptr, room));
	t->send.len += room;
	stack_want_output(t);
	*out_len = room;
	return BJ_OK;
}

enum bj_err bj_tcp_write_urgent(struct bj_tcp *t, struct bj_bytes bytes, size_t *out_len)
{
	struct tcp_rare *rare = rare_of(t);
	enum bj_err err = rare ? bj_tcp_write(t, bytes, out_len) : BJ_ERR_NO_MEMORY;

	if (err)
		return err;
	/* the byte behind the urgent ones: MUST-62. Until the SYN is acknowledged snd_una is its number, not that of the first byte. */
	rare->snd_up = tcp_send_end(t) + (tcp_is_synchronized(t) || tcp_is_open_early(t) ? 0 : 1);
	t->urgent_out = true;
	return BJ_OK;
}

enum bj_err bj_tcp_reserve(struct bj_tcp *t, uint8_t **out, size_t *out_len)
{
	uint32_t room = 0, run = 0;
	enum bj_err err = write_room(t, 16384, &room);
	uint8_t *space;

	if (err)
		return err;
	space = buffer_space(&t->send, &run);
	*out = space;
	*out_len = u32_min(room, run);
	return BJ_OK;
}

void bj_tcp_commit(struct bj_tcp *t, size_t len)
{
	check(len <= buffer_cap(&t->send) - t->send.len);
	t->send.len += (uint32_t)len;
	stack_want_output(t);
}

/* ---- closing: rfc9293:3.10.4 */

enum bj_err bj_tcp_finish(struct bj_tcp *t)
{
	if (t->error)
		return (enum bj_err)t->error;
	if (t->fin_queued)
		return BJ_OK;
	if (t->state == BJ_TCP_SYN_SENT && t->send.len == 0) {
		tcp_end(t, BJ_OK);
		return BJ_OK;
	}
	if (t->state == BJ_TCP_ESTABLISHED)
		tcp_set_state(t, BJ_TCP_FIN_WAIT_1);
	else if (t->state == BJ_TCP_CLOSE_WAIT)
		tcp_set_state(t, BJ_TCP_LAST_ACK);
	else if (t->state != BJ_TCP_SYN_RECEIVED && t->state != BJ_TCP_SYN_SENT) /* there what was taken goes first, and the FIN behind it */
		return BJ_OK;
	t->fin_queued = true;
	stack_want_output(t);
	return BJ_OK;
}

/* The handle ends; the connection goes on without one, or goes. */
static void disown(struct bj_tcp *t)
{
	t->owned = false;
	t->ready = 0;
	list_remove(&t->ready_link);
	if (t->state == BJ_TCP_CLOSED) {
		list_remove(&t->queue_link);
		list_push_back(&tcp_stack(t)->dead, &t->queue_link);
	}
}

void bj_tcp_abort(struct bj_tcp *t)
{
	if (!t)
		return;
	disown(t);
	if (t->state != BJ_TCP_CLOSED)
		abort_connection(t);
}

void bj_tcp_release(struct bj_tcp *t)
{
	bool unread;

	if (!t)
		return;
	unread = t->receive.len > 0 || t->early;
	if ((t->state == BJ_TCP_SYN_SENT && t->send.len == 0) || (unread && t->state != BJ_TCP_CLOSED && t->state != BJ_TCP_TIME_WAIT)) {
		bj_tcp_abort(t);
		return;
	}
	if (t->state != BJ_TCP_CLOSED)
		(void)!bj_tcp_finish(t); /* cannot fail: there is no error yet */
	disown(t);
	if (t->state == BJ_TCP_TIME_WAIT)
		buffer_free(&t->receive, &tcp_stack(t)->memory, BUFFER_RECEIVE);
	if (t->state == BJ_TCP_FIN_WAIT_2)
		tcp_arm_keepalive(t);
}

/* ---- asking */

static void info_flight(const struct bj_tcp *t, struct bj_tcp_info *i)
{
	const struct tcp_flight *f = t->flight;

	i->pipe = flight_pipe(t);
	if (!f)
		return;
	i->recovery = (enum bj_recovery)f->recovery;
	i->sacked = f->sacked;
	i->lost = f->lost;
	i->retransmitted_out = f->resent;
}

static void info_accurate(const struct tcp_accurate *c, struct bj_tcp_info *i)
{
	i->ecn_option = c->option_seen && !c->option_ignored;
	i->received_ce = c->r_cep - ACCURATE_CEP_START;
	i->received_ect1_bytes = c->r_bytes[0] - ACCURATE_BYTES_START;
	i->received_ect0_bytes = c->r_bytes[1] - ACCURATE_BYTES_START;
	i->received_ce_bytes = c->r_bytes[2];
	i->delivered_ce = c->s_cep - ACCURATE_CEP_START;
	i->delivered_ect1_bytes = c->s_bytes[0] - ACCURATE_BYTES_START;
	i->delivered_ect0_bytes = c->s_bytes[1] - ACCURATE_BYTES_START;
	i->delivered_ce_bytes = c->s_bytes[2];
}

void bj_tcp_info(const struct bj_tcp *t, struct bj_tcp_info *out)
{
	struct bj_tcp_info i = {
		.local = { t->key.local, t->key.local_port }, .remote = { t->key.remote, t->key.remote_port },
		.state = (enum bj_tcp_state)t->state, .error = (enum bj_err)t->error, .soft_error = (enum bj_err)t->soft_error,
		.sack = t->sack_ok, .timestamps = t->ts_ok, .window_scale = t->wscale_ok, .snd_wscale = t->snd_wscale,
		.rcv_wscale = t->rcv_wscale, .snd_mss = t->mss, .rcv_mss = t->rcv_mss, .pmtu = t->pmtu, .iss = t->iss, .irs = t->state == BJ_TCP_SYN_SENT ? 0 : tcp_irs(t),
		.snd_una = t->snd_una, .snd_nxt = t->snd_nxt, .snd_wnd = t->snd_wnd, .rcv_nxt = t->rcv_nxt, .rcv_wnd = t->rcv_wnd,
		.cwnd = t->cwnd, .ssthresh = t->ssthresh, .srtt_us = t->srtt_us, .rttvar_us = t->rttvar_us, .rto_us = (uint32_t)rto_now(t),
		.min_rtt_us = t->min_rtt_us, .backoff = t->backoff, .send_buffered = t->send.len, .receive_buffered = t->receive.len,
		.send_buffer_max = t->send.limit, .receive_buffer_max = t->receive.limit, .retransmits = t->retransmits, .delivered = t->delivered,
		.advertised_mss = tcp_offer_mss(tcp_stack(t), tcp_is_v4(t), tcp_options_of(t)),
		.timeouts = t->timeouts, .fast_recoveries = t->fast_recoveries, .tail_probes = t->tail_probes,
		.duplicates_received = t->duplicates_received, .undos = t->undos, .syn_data = t->syn_data_acked,
		.ecn = t->ecn_ok, .ecn_accurate = t->ecn_accurate, .ecn_marked = t->ecn_marks_seen, .bytes_acked = t->bytes_acked,
		.bytes_received = t->bytes_received, .urgent = t->urgent_in,
		.urgent_ahead = t->urgent_in ? t->rare->rcv_up - (t->rcv_nxt - t->receive.len) : 0,
	};

	info_flight(t, &i);
	if (t->ecn_accurate)
		info_accurate(&t->rare->accurate, &i);
	*out = i;
}

void bj_tcp_options(const struct bj_tcp *t, struct bj_tcp_options *out)
{
	*out = *tcp_options_of(t);
}

enum bj_err bj_tcp_set_options(struct bj_tcp *t, const struct bj_tcp_options *options)
{
	struct tcp_config *config = config_make(tcp_stack(t), options);

	if (!config)
		return BJ_ERR_NO_MEMORY;
	config->options.send_buffer_max = tcp_options_of(t)->send_buffer_max;
	config->options.receive_buffer_max = tcp_options_of(t)->receive_buffer_max;
	config_unref(t->config);
	t->config = config;
	t->uto_due = config->options.user_timeout_option && tcp_is_synchronized(t);
	if (t->state != BJ_TCP_CLOSED && t->state != BJ_TCP_TIME_WAIT)
		tcp_arm_keepalive(t);
	stack_want_output(t);
	return BJ_OK;
}

void bj_tcp_set_owner(struct bj_tcp *t, void *owner)
{
	t->owner = owner;
}

void *bj_tcp_owner(const struct bj_tcp *t)
{
	return t->owner;
}
