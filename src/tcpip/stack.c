/* stack.c - see stack.h: a packet's way in and out, time, and the queues that the owner asks. */
#include "tcpip/stack.h"

#include <stdlib.h>

#include "base/check.h"
#include "tcpip/bbr.h"
#include "tcpip/flight.h"
#include "tcpip/icmp_input.h"
#include "tcpip/input.h"
#include "tcpip/listen.h"
#include "tcpip/output.h"
#include "tcpip/route.h"
#include "tcpip/text.h"
#include "tcpip/timers.h"
#include "tcpip/udp.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/ipv6.h"

/* ---- life of a stack */

static struct bj_bytes tcp_key_of(const struct map_node *node)
{
	return bytes_of(&CONTAINER_OF(node, const struct bj_tcp, node)->key, sizeof(struct tcp_key));
}

static struct bj_bytes listener_key_of(const struct map_node *node)
{
	const struct bj_listener *l = CONTAINER_OF(node, const struct bj_listener, node);

	return bytes_of(l->key.bytes, sizeof(l->key.bytes));
}

static struct bj_bytes udp_key_of(const struct map_node *node)
{
	const struct bj_udp *u = CONTAINER_OF(node, const struct bj_udp, node);

	return bytes_of(u->key.bytes, sizeof(u->key.bytes));
}

static enum bj_err draw_keys(struct bj_stack *s, struct siphash_key *tcps, struct siphash_key *listeners, struct siphash_key *udps)
{
	struct siphash_key *const keys[] = { &s->isn_key, &s->ts_key, &s->port_key, &s->cookie_key, &s->fragment_key, &s->fast_open_key, &s->sources.key, tcps, listeners, udps };
	const struct bj_rng *rng = &s->options.rng;
	enum bj_err err = BJ_OK;

	for (size_t i = 0; i < ARRAY_COUNT(keys) && !err; i++)
		err = rng->fill(rng->self, keys[i]->bytes, sizeof(keys[i]->bytes));
	return err;
}

static enum bj_err make_slabs(struct bj_stack *s)
{
	const struct slab_options tcps = { .object_size = sizeof(struct bj_tcp), .reserve_chunks = 1, .chunk_min = STACK_CHUNK };
	const struct slab_options flights = { .object_size = sizeof(struct tcp_flight), .reserve_chunks = 1 };
	const struct slab_options sents = { .object_size = sizeof(struct sent), .reserve_chunks = 1 };
	const struct slab_options rares = { .object_size = sizeof(struct tcp_rare), .reserve_chunks = 1 };
	const struct slab_options bbrs = { .object_size = sizeof(struct bbr) };
	enum bj_err err = slab_init(&s->tcp_slab, &tcps);

	if (!err)
		err = slab_init(&s->flights, &flights);
	if (!err)
		err = slab_init(&s->sents, &sents);
	if (!err)
		err = slab_init(&s->rares, &rares);
	if (!err)
		err = slab_init(&s->bbrs, &bbrs);
	return err;
}

static void init_lists(struct bj_stack *s)
{
	list_init(&s->listener_list);
	list_init(&s->output);
	list_init(&s->ready);
	list_init(&s->ready_listeners);
	list_init(&s->udp_list);
	list_init(&s->udp_output);
	list_init(&s->ready_udps);
	list_init(&s->ended);
	list_init(&s->dead);
	list_init(&s->time_wait);
	list_init(&s->replies);
	reassembly_init(&s->reassembly);
}

enum bj_err bj_stack_make(const struct bj_stack_options *options, int64_t now_us, struct bj_stack **out)
{
	struct siphash_key tcps, listeners, udps;
	struct bj_stack *s;
	enum bj_err err;

	if (!options->rng.fill || now_us < 0 || (options->mtu && (options->mtu < STACK_MTU_MIN || options->mtu > STACK_MTU_MAX)))
		return BJ_ERR_ARGUMENT;
	s = (struct bj_stack *)calloc(1, sizeof(*s));
	if (!s)
		return BJ_ERR_NO_MEMORY;
	s->options = *options;
	s->options.mtu = options->mtu ? options->mtu : 1500;
	s->options.connection_max = options->connection_max ? options->connection_max : STACK_CONNECTIONS_MAX;
	s->options.time_wait_max = options->time_wait_max ? options->time_wait_max : (s->options.connection_max + 3) / 4;
	sources_init(&s->sources, &s->options);
	s->memory.max = options->memory_max ? options->memory_max : STACK_MEMORY_MAX;
	s->now_us = now_us;
	init_lists(s);
	wheel_init(&s->wheel, now_us);
	err = draw_keys(s, &tcps, &listeners, &udps);
	if (!err)
		err = make_slabs(s);
	if (!err) {
		s->defaults = config_make(s, NULL);
		err = s->defaults ? BJ_OK : BJ_ERR_NO_MEMORY;
	}
	if (!err && options->event_count_max) {
		s->events = (struct bj_tcp_event *)calloc(options->event_count_max, sizeof(*s->events));
		err = s->events ? BJ_OK : BJ_ERR_NO_MEMORY;
	}
	if (err) {
		config_unref(s->defaults);
		free(s);
		return err;
	}
	map_init(&s->tcps, &tcps, tcp_key_of, s->options.connection_max);
	map_init(&s->listeners, &listeners, listener_key_of, STACK_LISTENERS_MAX);
	map_init(&s->udps, &udps, udp_key_of, STACK_UDPS_MAX);
	*out = s;
	return BJ_OK;
}

static void end_all(struct bj_stack *s)
{
	struct map_node *node;

	while ((node = map_next(&s->tcps, NULL))) {
		struct bj_tcp *t = CONTAINER_OF(node, struct bj_tcp, node);

		t->owned = false;
		tcp_end(t, BJ_ERR_CLOSED);
	}
	list_append_all(&s->dead, &s->ended);
	stack_reap(s);
}

void bj_stack_fail(struct bj_stack *s, enum bj_err why)
{
	struct map_node *node;

	while ((node = map_next(&s->tcps, NULL)))
		tcp_end(CONTAINER_OF(node, struct bj_tcp, node), why);
	stack_reap(s);
}

void bj_stack_free(struct bj_stack *s)
{
	struct list *link;

	if (!s)
		return;
	while ((link = list_front(&s->listener_list)))
		bj_listener_close(CONTAINER_OF(link, struct bj_listener, link));
	end_all(s);
	udp_close_all(s);
	while ((link = list_pop_front(&s->replies)))
		free(CONTAINER_OF(link, struct reply, link));
	reassembly_fini(&s->reassembly);
	sources_fini(&s->sources);
	map_fini(&s->tcps);
	map_fini(&s->listeners);
	map_fini(&s->udps);
	buffer_memory_fini(&s->memory);
	slab_fini(&s->tcp_slab);
	slab_fini(&s->flights);
	slab_fini(&s->sents);
	slab_fini(&s->rares);
	slab_fini(&s->bbrs);
	config_unref(s->defaults);
	free(s->events);
	free(s);
}

enum bj_err bj_stack_add_address(struct bj_stack *s, const struct bj_ip *ip)
{
	if (!ip_is_unicast(ip))
		return BJ_ERR_ARGUMENT;
	if (stack_is_ours(s, ip))
		return BJ_OK;
	if (s->address_count == STACK_ADDRESSES_MAX)
		return BJ_ERR_LIMIT;
	s->addresses[s->address_count++] = *ip;
	return BJ_OK;
}

/* ---- what connections tell */

void stack_event(const struct bj_tcp *t, unsigned kind, unsigned why, unsigned before, uint32_t seq, uint32_t len)
{
	struct bj_stack *s = tcp_stack(t);
	uint32_t at;

	if (!s->events)
		return;
	if (s->event_count == s->options.event_count_max) {
		s->stats.events_lost++;
		return;
	}
	at = (s->event_head + s->event_count++) % s->options.event_count_max;
	s->events[at] = (struct bj_tcp_event){ .at_us = s->now_us, .tcp = t, .kind = (uint8_t)kind, .why = (uint8_t)why,
		.before = (uint8_t)before, .seq = seq, .len = len, .cwnd = t->cwnd, .srtt_us = t->srtt_us };
}

enum bj_err bj_stack_next_event(struct bj_stack *s, struct bj_tcp_event *out)
{
	if (s->event_count == 0)
		return BJ_ERR_WOULD_BLOCK;
	*out = s->events[s->event_head];
	s->event_head = (s->event_head + 1) % s->options.event_count_max;
	s->event_count--;
	return BJ_OK;
}

void stack_ready(struct bj_tcp *t, unsigned ready)
{
	if (!t->owned)
		return;
	t->ready |= (uint8_t)ready;
	if (!list_is_linked(&t->ready_link))
		list_push_back(&tcp_stack(t)->ready, &t->ready_link);
}

void stack_ready_listener(struct bj_listener *l)
{
	if (!list_is_linked(&l->ready_link))
		list_push_back(&l->stack->ready_listeners, &l->ready_link);
}

bool bj_stack_is_ready(const struct bj_stack *s)
{
	return !list_is_empty(&s->ready_listeners) || !list_is_empty(&s->ready_udps) || !list_is_empty(&s->ready);
}

enum bj_err bj_stack_next_ready(struct bj_stack *s, struct bj_ready_one *out)
{
	struct list *link = list_pop_front(&s->ready_listeners);

	if (link) {
		*out = (struct bj_ready_one){ .listener = CONTAINER_OF(link, struct bj_listener, ready_link), .ready = BJ_READY_ACCEPT };
		return BJ_OK;
	}
	link = list_pop_front(&s->ready_udps);
	if (link) {
		*out = (struct bj_ready_one){ .udp = CONTAINER_OF(link, struct bj_udp, ready_link), .ready = BJ_READY_READ };
		return BJ_OK;
	}
	link = list_pop_front(&s->ready);
	if (!link)
		return BJ_ERR_WOULD_BLOCK;
	*out = (struct bj_ready_one){ .tcp = CONTAINER_OF(link, struct bj_tcp, ready_link) };
	out->ready = out->tcp->ready;
	out->tcp->ready = 0;
	if (out->ready & BJ_READY_WRITE)
		stack_want_output(out->tcp); /* what waited for the owner's answer */
	return BJ_OK;
}

void stack_want_output(struct bj_tcp *t)
{
	if (t->state != BJ_TCP_CLOSED && !list_is_linked(&t->output_link))
		list_push_back(&tcp_stack(t)->output, &t->output_link);
}

/* ---- out */

void stack_ip_header(struct writer *w, const struct tcp_key *key, const struct ip_route *route, uint8_t ttl, uint8_t tos,
		     size_t payload_len)
{
	if (bj_ip_is_v4(&key->remote)) {
		struct ipv4 ip = { .tos = tos, .ttl = ttl, .protocol = IP_TCP, .dont_fragment = true };

		memcpy(ip.from, &key->local.bytes[12], 4);
		memcpy(ip.to, route ? route->first : &key->remote.bytes[12], 4);
		if (route)
			ip.options = bytes_of(route->option, route->len);
		ipv4_write_header(w, &ip, payload_len);
	} else {
		struct ipv6 ip = { .traffic_class = tos, .hop_limit = ttl, .protocol = IP_TCP };

		memcpy(ip.from, key->local.bytes, 16);
		memcpy(ip.to, key->remote.bytes, 16);
		ipv6_write_header(w, &ip, payload_len);
	}
}

void stack_reply(struct bj_stack *s, struct bj_bytes packet)
{
	struct reply *r;

	if (s->reply_count == STACK_REPLIES_MAX)
		return;
	r = (struct reply *)malloc(sizeof(*r) + packet.len);
	if (!r)
		return;
	r->len = packet.len;
	bytes_copy(r->bytes, packet.ptr, packet.len);
	list_push_back(&s->replies, &r->link);
	s->reply_count++;
}

void stack_reply_segment(struct bj_stack *s, const struct tcp_key *key, const struct ip_route *route, const struct tcp_segment *seg)
{
	uint8_t room[128];
	struct writer w = wr_make(room, sizeof(room));

	stack_ip_header(&w, key, route, 64, 0, TCP_HEADER_LEN + tcp_options_len(&seg->options));
	tcp_write(&w, seg, ip_wire(&key->local), ip_wire(&key->remote));
	check(wr_ok(&w));
	stack_reply(s, wr_view(&w));
}

void stack_reply_reset(struct bj_stack *s, const struct arrival *a)
{
	struct tcp_segment r = { .source_port = a->key.local_port, .destination_port = a->key.remote_port, .flags = TCP_RST };

	if (a->seg.flags & TCP_RST)
		return;
	if (a->seg.flags & TCP_ACK) {
		r.seq = a->seg.ack;
	} else {
		r.flags |= TCP_ACK;
		r.ack = a->seg.seq + tcp_segment_len(&a->seg);
	}
	s->stats.resets_sent++;
	stack_reply_segment(s, &a->key, NULL, &r);
}

static bool take_reply(struct bj_stack *s, uint8_t *buf, size_t *out_len)
{
	struct list *link = list_pop_front(&s->replies);
	struct reply *r;

	if (!link)
		return false;
	r = CONTAINER_OF(link, struct reply, link);
	s->reply_count--;
	memcpy(buf, r->bytes, r->len);
	*out_len = r->len;
	free(r);
	return true;
}

static void set_now(struct bj_stack *s, int64_t now_us)
{
	if (now_us > s->now_us)
		s->now_us = now_us;
}

static enum bj_err output(struct bj_stack *s, uint8_t *buf, size_t cap, size_t *out_len)
{
	struct list *link;

	if (cap < s->options.mtu)
		return BJ_ERR_SPACE;
	if (take_reply(s, buf, out_len) || udp_output(s, buf, out_len)) {
		s->stats.packets_out++;
		return BJ_OK;
	}
	while ((link = list_front(&s->output))) {
		struct writer w = wr_make(buf, s->offload ? cap : s->options.mtu);

		if (tcp_output(CONTAINER_OF(link, struct bj_tcp, output_link), &w)) {
			*out_len = w.len;
			s->stats.packets_out++;
			return BJ_OK;
		}
		list_remove(link);
	}
	stack_reap(s);
	return BJ_ERR_WOULD_BLOCK;
}

enum bj_err bj_stack_output(struct bj_stack *s, int64_t now_us, uint8_t *buf, size_t cap, size_t *out_len)
{
	set_now(s, now_us);
	return output(s, buf, cap, out_len);
}

enum bj_err bj_stack_output_offloaded(struct bj_stack *s, int64_t now_us, uint8_t *buf, size_t cap, size_t *out_len,
				      struct bj_offload *out_offload)
{
	struct bj_offload offload = { 0 };
	enum bj_err err;

	set_now(s, now_us);
	s->offload = &offload;
	err = output(s, buf, cap < BJ_OFFLOAD_PACKET_MAX ? cap : BJ_OFFLOAD_PACKET_MAX, out_len);
	s->offload = NULL;
	if (!err)
		*out_offload = offload;
	return err;
}

enum bj_err bj_stack_output_gathered(struct bj_stack *s, int64_t now_us, uint8_t *buf, size_t cap, size_t *out_len,
				     struct bj_offload *out_offload, struct bj_bytes out_pieces[2])
{
	struct bj_bytes pieces[2] = { { 0 } };
	enum bj_err err;

	s->pieces = pieces;
	err = out_offload ? bj_stack_output_offloaded(s, now_us, buf, cap, out_len, out_offload) : bj_stack_output(s, now_us, buf, cap, out_len);
	s->pieces = NULL;
	if (!err)
		memcpy(out_pieces, pieces, sizeof(pieces));
	return err;
}

/* ---- in */

static void input_tcp(struct bj_stack *s, struct arrival *a)
{
	struct bj_tcp *t = stack_find(s, &a->key);
	struct bj_listener *l;

	if (t && tcp_may_reuse(t, a) && stack_find_listener(s, &a->key.local, a->key.local_port)) {
		tcp_end(t, BJ_OK); /* rfc6191: TIME-WAIT gives way to a new incarnation */
		t = NULL;
	}
	if (t) {
		tcp_input(t, a);
		return;
	}
	l = stack_find_listener(s, &a->key.local, a->key.local_port);
	if (l)
		listen_input(l, a);
	else
		stack_reply_reset(s, a); /* CLOSED: rfc9293:3.10.7.1 */
}

/* A whole IP payload from `from` to `to`, one of our addresses. */
static void input_upper(struct bj_stack *s, const struct bj_ip *from, const struct bj_ip *to, uint8_t protocol, uint8_t ttl,
			uint8_t tos, struct bj_bytes route, struct bj_bytes payload, bool checksum_good)
{
	struct arrival a = { .key = { .local = *to, .remote = *from }, .is_v4 = bj_ip_is_v4(to), .checksum_good = checksum_good, .tos = tos,
			     .route = route, .segment_len = s->arriving_segment_len };

	if (protocol == IP_ICMP && a.is_v4) {
		icmp_input_v4(s, from, to, payload);
		return;
	}
	if (protocol == IP_ICMPV6 && !a.is_v4) {
		icmp_input_v6(s, from, to, ttl, payload);
		return;
	}
	if (protocol == IP_UDP)
		udp_input(s, from, to, payload, s->arriving, checksum_good);
	if (protocol != IP_TCP)
		return;
	if (checksum_good ? tcp_parse_unchecked(payload, &a.seg) : tcp_parse(payload, ip_wire(from), ip_wire(to), &a.seg)) {
		s->stats.malformed++;
		return;
	}
	a.key.local_port = a.seg.destination_port;
	a.key.remote_port = a.seg.source_port;
	input_tcp(s, &a);
}

/* Behind a fragment header others may stand, once all is there: rfc8200:4.1. Another fragment header is none of them. */
static bool pass_extensions(struct bj_bytes *payload, uint8_t *protocol)
{
	struct reader r = rd_of(*payload);
	struct ipv6 ip = { 0 };

	if (*protocol == IPV6_HOP_BY_HOP || ipv6_walk(&r, *protocol, &ip) || ip.has_fragment)
		return false;
	*payload = rd_rest(&r);
	*protocol = ip.protocol;
	return true;
}

static void input_fragment(struct bj_stack *s, const struct bj_ip *from, const struct bj_ip *to, struct fragment *f, uint8_t ttl,
			   uint8_t tos)
{
	struct bj_bytes whole;
	struct datagram *done;

	memcpy(f->from, from->bytes, 16);
	memcpy(f->to, to->bytes, 16);
	s->stats.fragments_in++;
	if (f->offset == 0 && f->protocol == IP_TCP && f->payload.len < TCP_HEADER_LEN) {
		s->stats.fragments_dropped++; /* a first fragment that hides the header */
		return;
	}
	if (!reassembly_add(&s->reassembly, s->now_us, f, &whole, &done, &s->stats.fragments_dropped))
		return;
	s->stats.datagrams_whole++;
	s->arriving = bytes_of(NULL, 0);
	s->arriving_segment_len = 0;
	if (bj_ip_is_v4(to) || pass_extensions(&whole, &f->protocol))
		input_upper(s, from, to, f->protocol, ttl, tos, (struct bj_bytes){ 0 }, whole, false);
	else
		s->stats.malformed++;
	reassembly_done(&s->reassembly, done);
}

/* To us, and from somebody who can be one host? */
static bool is_for_us(struct bj_stack *s, const struct bj_ip *from, const struct bj_ip *to)
{
	if (stack_is_ours(s, to) && ip_is_unicast(from) && !stack_is_ours(s, from) && (!ip_is_loopback(from) || ip_is_loopback(to)))
		return true;
	s->stats.not_ours++;
	return false;
}

static void input_v4(struct bj_stack *s, struct bj_bytes packet, bool checksum_good)
{
	struct fragment f = { .protocol = 0 };
	struct bj_bytes route = { 0 };
	struct bj_ip from, to;
	struct ipv4 ip;

	if (ipv4_parse(packet, &ip)) {
		s->stats.malformed++;
		return;
	}
	from = bj_ip4(ip.from[0], ip.from[1], ip.from[2], ip.from[3]);
	to = bj_ip4(ip.to[0], ip.to[1], ip.to[2], ip.to[3]);
	if (!is_for_us(s, &from, &to))
		return;
	if (!ipv4_is_fragment(&ip)) {
		if (route_take(s, ip.options, &route))
			input_upper(s, &from, &to, ip.protocol, ip.ttl, ip.tos, route, ip.payload, checksum_good);
		return;
	}
	f = (struct fragment){ .id = ip.id, .protocol = ip.protocol, .more = ip.more_fragments, .offset = ip.fragment_offset,
			       .payload = ip.payload };
	input_fragment(s, &from, &to, &f, ip.ttl, ip.tos);
}

static void input_v6(struct bj_stack *s, struct bj_bytes packet, bool checksum_good)
{
	struct fragment f = { .protocol = 0 };
	struct bj_ip from, to;
	struct ipv6 ip;

	if (ipv6_parse(packet, &ip)) {
		s->stats.malformed++;
		return;
	}
	memcpy(from.bytes, ip.from, 16);
	memcpy(to.bytes, ip.to, 16);
	if (bj_ip_is_v4(&from) || bj_ip_is_v4(&to)) { /* mapped addresses never travel */
		s->stats.not_ours++;
		return;
	}
	if (!is_for_us(s, &from, &to))
		return;
	if (!ipv6_is_fragment(&ip)) {
		if (ip.has_fragment && !pass_extensions(&ip.payload, &ip.protocol)) {
			s->stats.malformed++;
			return;
		}
		input_upper(s, &from, &to, ip.protocol, ip.hop_limit, ip.traffic_class, (struct bj_bytes){ 0 }, ip.payload, checksum_good);
		return;
	}
	f = (struct fragment){ .id = ip.fragment_id, .protocol = ip.protocol, .more = ip.more_fragments, .offset = ip.fragment_offset,
			       .payload = ip.payload };
	input_fragment(s, &from, &to, &f, ip.hop_limit, ip.traffic_class);
}

static void input(struct bj_stack *s, int64_t now_us, struct bj_bytes packet, bool checksum_good)
{
	text_settle(s);
	set_now(s, now_us);
	s->stats.packets_in++;
	s->arriving = packet;
	if (packet.len > 0 && packet.ptr[0] >> 4 == 4)
		input_v4(s, packet, checksum_good);
	else if (packet.len > 0 && packet.ptr[0] >> 4 == 6)
		input_v6(s, packet, checksum_good);
	else
		s->stats.malformed++;
	stack_reap(s);
}

void bj_stack_input(struct bj_stack *s, int64_t now_us, struct bj_bytes packet)
{
	input(s, now_us, packet, false);
}

void bj_stack_input_offloaded(struct bj_stack *s, int64_t now_us, struct bj_bytes packet, const struct bj_offload *offload)
{
	s->lendable = offload->lent ? packet : bytes_of(NULL, 0);
	s->arriving_segment_len = offload->segment_len;
	input(s, now_us, packet, offload->checksum_good);
	s->lendable = bytes_of(NULL, 0);
	s->arriving_segment_len = 0;
}

void bj_stack_settle(struct bj_stack *s)
{
	text_settle(s);
}

/* ---- time */

int64_t bj_stack_deadline(const struct bj_stack *s)
{
	return i64_min(wheel_next_ms(&s->wheel), reassembly_deadline(&s->reassembly)); /* the wheel's unit is ours: microseconds */
}

void bj_stack_tick(struct bj_stack *s, int64_t now_us)
{
	struct list due;
	struct timer *timer;

	set_now(s, now_us);
	reassembly_expire(&s->reassembly, s->now_us, &s->stats.fragments_dropped);
	list_init(&due);
	wheel_advance(&s->wheel, s->now_us, &due);
	while ((timer = wheel_take(&due)))
		tcp_timer_fire(CONTAINER_OF(timer, struct bj_tcp, timer));
	stack_reap(s);
}

void bj_stack_stats(const struct bj_stack *s, struct bj_stack_stats *out)
{
	*out = s->stats;
	out->connections = s->tcps.count;
	out->memory_used = s->memory.used;
	out->connection_size = sizeof(struct bj_tcp);
}
