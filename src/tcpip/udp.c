/* udp.c - see udp.h. */
#include "tcpip/udp.h"

#include <stdlib.h>

#include "base/check.h"
#include "tcpip/wire/icmp.h"
#include "tcpip/wire/icmpv6.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/ipv6.h"
#include "tcpip/wire/udp.h"

#define QUOTE_V6_MAX 1232u /* with its headers the answer is no longer than any path takes: rfc4443:2.4 */

/* ---- queues */

static struct udp_packet *packet_make(struct bj_stack *stack, struct udp_queue *q, size_t len)
{
	size_t size = sizeof(struct udp_packet) + len;
	struct udp_packet *p;

	if (q->used + size > q->max || stack->memory.used > stack->memory.max || size > stack->memory.max - stack->memory.used)
		return NULL;
	p = (struct udp_packet *)malloc(size);
	if (!p)
		return NULL;
	p->len = (uint32_t)len;
	q->used += size;
	stack->memory.used += size;
	list_push_back(&q->packets, &p->link);
	return p;
}

static void packet_free(struct bj_stack *stack, struct udp_queue *q, struct udp_packet *p)
{
	size_t size = sizeof(*p) + p->len;

	list_remove(&p->link);
	q->used -= size;
	stack->memory.used -= size;
	free(p);
}

static struct udp_packet *queue_front(const struct udp_queue *q)
{
	struct list *link = list_front(&q->packets);

	return link ? CONTAINER_OF(link, struct udp_packet, link) : NULL;
}

static void queue_clear(struct bj_stack *stack, struct udp_queue *q)
{
	struct udp_packet *p;

	while ((p = queue_front(q)))
		packet_free(stack, q, p);
}

static void tell_owner(struct bj_udp *u)
{
	if (!list_is_linked(&u->ready_link))
		list_push_back(&u->stack->ready_udps, &u->ready_link);
}

/* ---- the table */

static struct bj_udp *find(const struct bj_stack *stack, const struct bj_ip *ip, uint16_t port)
{
	struct map_node *node = stack_find_local(&stack->udps, ip, port);

	return node ? CONTAINER_OF(node, struct bj_udp, node) : NULL;
}

static uint16_t choose_port(struct bj_stack *stack, const struct bj_ip *ip)
{
	uint32_t offset = (uint32_t)siphash24(&stack->port_key, bytes_of(ip->bytes, 16));

	for (uint32_t i = 0; i < STACK_EPHEMERAL_COUNT; i++) {
		uint16_t port = (uint16_t)(STACK_EPHEMERAL_FIRST + (offset + stack->port_turn++) % STACK_EPHEMERAL_COUNT);

		if (!find(stack, ip, port))
			return port;
	}
	return 0;
}

/* ---- life */

enum bj_err bj_udp_open(struct bj_stack *stack, const struct bj_endpoint *local, const struct bj_udp_options *options, struct bj_udp **out)
{
	static const struct bj_udp_options none;
	const struct bj_udp_options *o = options ? options : &none;
	struct bj_udp *u;
	enum bj_err err;

	if (local && !ip_is_unspecified(&local->ip) && !stack_is_ours(stack, &local->ip))
		return BJ_ERR_ARGUMENT;
	u = (struct bj_udp *)calloc(1, sizeof(*u));
	if (!u)
		return BJ_ERR_NO_MEMORY;
	u->stack = stack;
	if (local)
		u->local = *local;
	if (u->local.port == 0)
		u->local.port = choose_port(stack, &u->local.ip);
	u->key = local_key_of(&u->local);
	u->in.max = o->receive_max ? o->receive_max : UDP_QUEUE_DEFAULT;
	u->out.max = o->send_max ? o->send_max : UDP_QUEUE_DEFAULT;
	u->ttl = o->ttl ? o->ttl : 64;
	u->tos = o->tos;
	list_init(&u->in.packets);
	list_init(&u->out.packets);
	list_init(&u->output_link);
	list_init(&u->ready_link);
	err = u->local.port == 0 ? BJ_ERR_LIMIT : map_insert(&stack->udps, &u->node);
	if (err) {
		free(u);
		return err == BJ_ERR_ARGUMENT ? BJ_ERR_IO_ADDRESS_IN_USE : err;
	}
	list_push_back(&stack->udp_list, &u->link);
	*out = u;
	return BJ_OK;
}

void bj_udp_close(struct bj_udp *u)
{
	if (!u)
		return;
	check(map_remove(&u->stack->udps, &u->node));
	queue_clear(u->stack, &u->in);
	queue_clear(u->stack, &u->out);
	list_remove(&u->link);
	list_remove(&u->output_link);
	list_remove(&u->ready_link);
	free(u);
}

void udp_close_all(struct bj_stack *stack)
{
	struct list *link;

	while ((link = list_front(&stack->udp_list)))
		bj_udp_close(CONTAINER_OF(link, struct bj_udp, link));
}

/* One host, and not ourselves. */
static bool is_peer(const struct bj_stack *stack, const struct bj_endpoint *e)
{
	return e->port != 0 && ip_is_unicast(&e->ip) && !stack_is_ours(stack, &e->ip);
}

enum bj_err bj_udp_connect(struct bj_udp *u, const struct bj_endpoint *remote)
{
	if (remote && !is_peer(u->stack, remote))
		return BJ_ERR_ARGUMENT;
	u->remote = remote ? *remote : (struct bj_endpoint){ 0 };
	u->error = BJ_OK;
	return BJ_OK;
}

void bj_udp_local(const struct bj_udp *u, struct bj_endpoint *out)
{
	*out = u->local;
}

uint64_t bj_udp_dropped(const struct bj_udp *u)
{
	return u->dropped;
}

/* ---- out */

static const struct bj_ip *source_for(const struct bj_udp *u, const struct bj_ip *remote)
{
	const struct bj_stack *s = u->stack;

	if (!ip_is_unspecified(&u->local.ip))
		return bj_ip_is_v4(&u->local.ip) == bj_ip_is_v4(remote) ? &u->local.ip : NULL;
	for (size_t i = 0; i < s->address_count; i++)
		if (bj_ip_is_v4(&s->addresses[i]) == bj_ip_is_v4(remote))
			return &s->addresses[i];
	return NULL;
}

static void write_packet(struct writer *w, const struct bj_udp *u, const struct bj_ip *from, const struct bj_endpoint *to, struct bj_bytes datagram)
{
	const struct udp d = { .source_port = u->local.port, .destination_port = to->port, .payload = datagram };

	if (bj_ip_is_v4(from)) {
		struct ipv4 ip = { .tos = u->tos, .ttl = u->ttl, .protocol = IP_UDP, .dont_fragment = true };

		memcpy(ip.from, &from->bytes[12], 4);
		memcpy(ip.to, &to->ip.bytes[12], 4);
		ipv4_write_header(w, &ip, UDP_HEADER_LEN + datagram.len);
	} else {
		struct ipv6 ip = { .traffic_class = u->tos, .hop_limit = u->ttl, .protocol = IP_UDP };

		memcpy(ip.from, from->bytes, 16);
		memcpy(ip.to, to->ip.bytes, 16);
		ipv6_write_header(w, &ip, UDP_HEADER_LEN + datagram.len);
	}
	udp_write(w, &d, ip_wire(from), ip_wire(&to->ip));
}

static enum bj_err take_error(struct bj_udp *u)
{
	enum bj_err err = u->error;

	u->error = BJ_OK;
	return err;
}

enum bj_err bj_udp_send(struct bj_udp *u, const struct bj_endpoint *to, struct bj_bytes datagram)
{
	size_t headers = UDP_HEADER_LEN;
	const struct bj_ip *from;
	struct udp_packet *p;
	struct writer w;

	if (!to)
		to = &u->remote;
	if (!is_peer(u->stack, to))
		return BJ_ERR_ARGUMENT;
	if (u->error)
		return take_error(u);
	from = source_for(u, &to->ip);
	if (!from)
		return BJ_ERR_IO_UNREACHABLE;
	headers += bj_ip_is_v4(from) ? IPV4_HEADER_LEN : IPV6_HEADER_LEN;
	if (datagram.len > u->stack->options.mtu - headers)
		return BJ_ERR_LIMIT;
	p = packet_make(u->stack, &u->out, headers + datagram.len);
	if (!p)
		return BJ_ERR_WOULD_BLOCK;
	w = wr_make(p->bytes, p->len);
	write_packet(&w, u, from, to, datagram);
	check(wr_ok(&w) && w.len == p->len);
	if (!list_is_linked(&u->output_link))
		list_push_back(&u->stack->udp_output, &u->output_link);
	return BJ_OK;
}

/* Sockets take turns. */
bool udp_output(struct bj_stack *stack, uint8_t *buf, size_t *out_len)
{
	struct list *link = list_pop_front(&stack->udp_output);
	struct bj_udp *u;
	struct udp_packet *p;

	if (!link)
		return false;
	u = CONTAINER_OF(link, struct bj_udp, output_link);
	p = queue_front(&u->out);
	memcpy(buf, p->bytes, p->len);
	*out_len = p->len;
	packet_free(stack, &u->out, p);
	if (queue_front(&u->out))
		list_push_back(&stack->udp_output, &u->output_link);
	return true;
}

/* ---- in */

enum bj_err bj_udp_receive(struct bj_udp *u, uint8_t *buf, size_t cap, size_t *out_len, struct bj_endpoint *out_from)
{
	struct udp_packet *p = queue_front(&u->in);

	if (u->error)
		return take_error(u);
	if (!p)
		return BJ_ERR_WOULD_BLOCK;
	if (p->len > cap)
		return BJ_ERR_SPACE;
	bytes_copy(buf, p->bytes, p->len);
	*out_len = p->len;
	*out_from = p->from;
	packet_free(u->stack, &u->in, p);
	return BJ_OK;
}

/* So many a second, however many ask: who is answered must not become a flood, nor the stack its mirror. How many is drawn anew each
 * time: from a number that is known one could count which ports under somebody else's address were answered (CVE-2020-25705). */
static bool may_answer(struct bj_stack *s)
{
	if (s->unreachable_max == 0 || s->now_us - s->unreachable_us >= 1000000) {
		uint64_t hash = siphash24(&s->port_key, bytes_of((const uint8_t *)&s->now_us, sizeof(s->now_us)));

		s->unreachable_us = s->now_us;
		s->unreachable_count = 0;
		s->unreachable_max = UDP_UNREACHABLES_PER_S / 2 + (uint32_t)(hash % (UDP_UNREACHABLES_PER_S / 2 + 1));
	}
	return s->unreachable_count++ < s->unreachable_max;
}

/* rfc1122:4.1.3.1, rfc4443:3.1: nobody is at this port. */
static void answer_unreachable(struct bj_stack *s, const struct bj_ip *from, const struct bj_ip *to, struct bj_bytes packet)
{
	uint8_t room[QUOTE_V6_MAX + IPV6_HEADER_LEN + 8];
	struct writer w = wr_make(room, sizeof(room));

	if (packet.len == 0 || !may_answer(s))
		return;
	if (bj_ip_is_v4(to)) {
		size_t header = (packet.ptr[0] & 15u) * 4u, quote = packet.len < header + 8 ? packet.len : header + 8;
		struct icmp m = { .type = ICMP_UNREACHABLE, .code = ICMP_PORT, .body = bytes_of(packet.ptr, quote) };
		struct ipv4 ip = { .ttl = 64, .protocol = IP_ICMP };

		memcpy(ip.from, &to->bytes[12], 4);
		memcpy(ip.to, &from->bytes[12], 4);
		ipv4_write_header(&w, &ip, 8 + quote);
		icmp_write(&w, &m);
	} else {
		size_t quote = packet.len < QUOTE_V6_MAX ? packet.len : QUOTE_V6_MAX;
		struct icmpv6 m = { .type = ICMPV6_UNREACHABLE, .code = 4, .body = bytes_of(packet.ptr, quote) };
		struct icmpv6_path back = { .hop_limit = 64 };
		struct ipv6 ip = { .hop_limit = 64, .protocol = IP_ICMPV6 };

		memcpy(back.from, to->bytes, 16);
		memcpy(back.to, from->bytes, 16);
		memcpy(ip.from, to->bytes, 16);
		memcpy(ip.to, from->bytes, 16);
		ipv6_write_header(&w, &ip, 8 + quote);
		icmpv6_write(&w, &m, &back);
	}
	check(wr_ok(&w));
	s->stats.unreachables_sent++;
	stack_reply(s, wr_view(&w));
}

void udp_input(struct bj_stack *s, const struct bj_ip *from, const struct bj_ip *to, struct bj_bytes payload, struct bj_bytes packet,
	       bool checksum_good)
{
	struct bj_udp *u;
	struct udp_packet *p;
	struct udp d;

	if (checksum_good ? udp_parse_unchecked(payload, &d) : udp_parse(payload, ip_wire(from), ip_wire(to), &d)) {
		s->stats.malformed++;
		return;
	}
	u = find(s, to, d.destination_port);
	if (!u) {
		answer_unreachable(s, from, to, packet);
		return;
	}
	if (d.source_port == 0 || (u->remote.port && (u->remote.port != d.source_port || !bj_ip_equal(&u->remote.ip, from)))) {
		u->dropped++;
		return;
	}
	p = packet_make(s, &u->in, d.payload.len);
	if (!p) {
		u->dropped++;
		return;
	}
	p->from = (struct bj_endpoint){ *from, d.source_port };
	bytes_copy(p->bytes, d.payload.ptr, d.payload.len);
	tell_owner(u);
}

/* Only a socket with a peer of its own learns of errors; others could not tell whose they are. */
void udp_error(struct bj_stack *stack, const struct bj_ip *local, const struct bj_ip *remote, struct bj_bytes quote, enum bj_err why)
{
	struct reader r = rd_of(quote);
	uint16_t local_port = rd_u16(&r), remote_port = rd_u16(&r);
	struct bj_udp *u = r.bad || !stack_is_ours(stack, local) ? NULL : find(stack, local, local_port);

	if (!u || u->remote.port == 0 || u->remote.port != remote_port || !bj_ip_equal(&u->remote.ip, remote))
		return;
	u->error = why;
	tell_owner(u);
}
