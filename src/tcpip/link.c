/* link.c - see link.h. */
#include "tcpip/link.h"

#include <stdlib.h>

#include "tcpip/stack.h"
#include "tcpip/wire/arp.h"
#include "tcpip/wire/ethernet.h"
#include "tcpip/wire/icmpv6.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/ipv6.h"

#define ND_MESSAGE_MAX 40 /* a solicitation or advertisement with one address */

static const struct bj_mac broadcast = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

static bool mac_is_station(const struct bj_mac *m)
{
	static const struct bj_mac none = { { 0 } };

	return !(m->bytes[0] & 1) && memcmp(m, &none, sizeof(none)) != 0;
}

static struct bj_mac mac_of(const uint8_t bytes[6])
{
	struct bj_mac m;

	memcpy(m.bytes, bytes, sizeof(m.bytes));
	return m;
}

static struct bj_ip ip6_of(const uint8_t bytes[16])
{
	struct bj_ip ip;

	memcpy(ip.bytes, bytes, sizeof(ip.bytes));
	return ip;
}

/* rfc2464:7 */
static struct bj_mac multicast_mac(const struct bj_ip *ip)
{
	return (struct bj_mac){ { 0x33, 0x33, ip->bytes[12], ip->bytes[13], ip->bytes[14], ip->bytes[15] } };
}

/* The solicited-node address of rfc4291:2.7.1. */
static struct bj_ip solicited_node(const struct bj_ip *ip)
{
	return (struct bj_ip){ { 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ip->bytes[13], ip->bytes[14], ip->bytes[15] } };
}

/* ---- life */

enum bj_err bj_link_make(struct bj_stack *stack, const struct bj_link_options *options, int64_t now_us, struct bj_link **out)
{
	const struct bj_rng *rng = &stack->options.rng;
	struct siphash_key key;
	struct bj_link *l;
	enum bj_err err;

	if (!mac_is_station(&options->mac) || now_us < 0)
		return BJ_ERR_ARGUMENT;
	l = (struct bj_link *)calloc(1, sizeof(*l));
	if (!l)
		return BJ_ERR_NO_MEMORY;
	err = rng->fill(rng->self, key.bytes, sizeof(key.bytes));
	if (err) {
		free(l);
		return err;
	}
	l->stack = stack;
	l->mac = options->mac;
	l->now_us = now_us;
	neighbours_init(&l->neighbours, options, &key);
	*out = l;
	return BJ_OK;
}

void bj_link_free(struct bj_link *l)
{
	if (!l)
		return;
	neighbours_fini(&l->neighbours);
	free(l);
}

void bj_link_stats(const struct bj_link *l, struct bj_link_stats *out)
{
	*out = l->stats;
	out->no_answer = l->neighbours.no_answer;
	out->neighbours_evicted = l->neighbours.evicted;
	out->neighbours = l->neighbours.map.count;
}

/* ---- routes */

static bool has_prefix(const struct bj_ip *ip, const struct bj_ip *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(ip->bytes, prefix->bytes, whole) != 0)
		return false;
	return rest == 0 || ((ip->bytes[whole] ^ prefix->bytes[whole]) >> (8 - rest)) == 0;
}

enum bj_err bj_link_add_route(struct bj_link *l, const struct bj_ip *prefix, unsigned bits, const struct bj_ip *gateway)
{
	bool is_v4 = bj_ip_is_v4(prefix);

	if (bits > (is_v4 ? 32u : 128u) || (gateway && (bj_ip_is_v4(gateway) != is_v4 || !ip_is_unicast(gateway))))
		return BJ_ERR_ARGUMENT;
	for (size_t i = 0; i < l->route_count; i++) {
		const struct link_route *r = &l->routes[i];

		if (r->bits == bits + (is_v4 ? 96 : 0) && has_prefix(prefix, &r->prefix, r->bits) && bj_ip_is_v4(&r->prefix) == is_v4 &&
		    r->has_gateway == (gateway != NULL) && (!gateway || bj_ip_equal(&r->gateway, gateway)))
			return BJ_OK;
	}
	if (l->route_count == LINK_ROUTES_MAX)
		return BJ_ERR_LIMIT;
	l->routes[l->route_count] = (struct link_route){ .prefix = *prefix, .bits = bits + (is_v4 ? 96 : 0), .has_gateway = gateway != NULL };
	if (gateway)
		l->routes[l->route_count].gateway = *gateway;
	l->route_count++;
	return BJ_OK;
}

/* Who is to get a packet for this address; false: nobody. */
static bool next_hop(const struct bj_link *l, const struct bj_ip *to, struct bj_ip *out)
{
	const struct link_route *best = NULL;

	for (size_t i = 0; i < l->route_count; i++) {
		const struct link_route *r = &l->routes[i];

		if (bj_ip_is_v4(&r->prefix) == bj_ip_is_v4(to) && has_prefix(to, &r->prefix, r->bits) && (!best || r->bits > best->bits))
			best = r;
	}
	if (!best && l->route_count > 0 && !(to->bytes[0] == 0xfe && (to->bytes[1] & 0xc0) == 0x80)) /* fe80::/10 is always here */
		return false;
	*out = best && best->has_gateway ? best->gateway : *to;
	return true;
}

/* ---- frames out */

static struct writer reply_begin(struct bj_link *l, struct link_reply **out, const struct bj_mac *to, uint16_t type)
{
	struct ethernet e = { .type = type };
	struct writer w;

	*out = NULL;
	if (l->reply_count == LINK_REPLIES_MAX)
		return wr_make(NULL, 0);
	*out = &l->replies[(l->reply_head + l->reply_count) % LINK_REPLIES_MAX];
	w = wr_make((*out)->bytes, LINK_REPLY_LEN_MAX);
	memcpy(e.to, to->bytes, 6);
	memcpy(e.from, l->mac.bytes, 6);
	ethernet_write(&w, &e);
	return w;
}

static void reply_end(struct bj_link *l, struct link_reply *r, const struct writer *w)
{
	if (!r || !wr_ok(w))
		return;
	r->len = w->len;
	l->reply_count++;
}

static void send_arp(struct bj_link *l, uint16_t operation, const struct bj_mac *to, const struct bj_ip *our_ip,
		     const struct bj_mac *their_mac, const struct bj_ip *their_ip)
{
	struct arp a = { .operation = operation };
	struct link_reply *reply;
	struct writer w = reply_begin(l, &reply, to, ETHERNET_ARP);

	memcpy(a.sender_mac, l->mac.bytes, 6);
	memcpy(a.sender_ip, &our_ip->bytes[12], 4);
	memcpy(a.target_mac, their_mac->bytes, 6);
	memcpy(a.target_ip, &their_ip->bytes[12], 4);
	arp_write(&w, &a);
	reply_end(l, reply, &w);
}

static void send_nd(struct bj_link *l, const struct bj_mac *mac, const struct bj_ip *from, const struct bj_ip *to, const struct icmpv6 *m)
{
	struct ipv6 ip = { .hop_limit = ND_HOP_LIMIT, .protocol = IP_ICMPV6 };
	struct icmpv6_path path = { .hop_limit = ND_HOP_LIMIT };
	uint8_t room[ND_MESSAGE_MAX];
	struct writer body = wr_make(room, sizeof(room)), w;
	struct link_reply *reply;

	memcpy(path.from, from->bytes, 16);
	memcpy(path.to, to->bytes, 16);
	icmpv6_write(&body, m, &path);
	memcpy(ip.from, from->bytes, 16);
	memcpy(ip.to, to->bytes, 16);
	ip.payload = wr_view(&body);
	w = reply_begin(l, &reply, mac, ETHERNET_IPV6);
	ipv6_write(&w, &ip);
	reply_end(l, reply, &w);
}

/* An address of ours from which `to` can be asked; null: none of its family. */
static const struct bj_ip *our_address_for(const struct bj_link *l, const struct bj_ip *to)
{
	const struct bj_ip *any = NULL;

	for (size_t i = 0; i < l->stack->address_count; i++) {
		const struct bj_ip *ours = &l->stack->addresses[i];

		if (bj_ip_is_v4(ours) != bj_ip_is_v4(to))
			continue;
		if (!any)
			any = ours;
		for (size_t k = 0; k < l->route_count; k++)
			if (has_prefix(ours, &l->routes[k].prefix, l->routes[k].bits) && has_prefix(to, &l->routes[k].prefix, l->routes[k].bits))
				return ours;
	}
	return any;
}

static void send_question(struct bj_link *l, const struct neighbour *e)
{
	const struct bj_ip *ours = our_address_for(l, &e->ip);
	bool is_known = neighbour_is_known(e);

	if (!ours)
		return;
	l->stats.questions++;
	if (bj_ip_is_v4(&e->ip)) {
		static const struct bj_mac nobody = { { 0 } };

		send_arp(l, ARP_REQUEST, is_known ? &e->mac : &broadcast, ours, &nobody, &e->ip);
	} else {
		struct icmpv6 m = { .type = ICMPV6_NEIGHBOR_SOLICITATION, .nd = { .has_source_mac = true } };
		struct bj_ip group = solicited_node(&e->ip);
		struct bj_mac group_mac = multicast_mac(&group);

		memcpy(m.nd.target, e->ip.bytes, 16);
		memcpy(m.nd.source_mac, l->mac.bytes, 6);
		send_nd(l, is_known ? &e->mac : &group_mac, ours, is_known ? &e->ip : &group, &m);
	}
}

static bool take_reply(struct bj_link *l, struct writer *w)
{
	struct link_reply *r = &l->replies[l->reply_head];

	if (l->reply_count == 0)
		return false;
	l->reply_head = (l->reply_head + 1) % LINK_REPLIES_MAX;
	l->reply_count--;
	wr_raw(w, r->bytes, r->len);
	return true;
}

static void write_header(const struct bj_link *l, const struct bj_mac *to, bool is_v4, uint8_t *frame)
{
	struct ethernet e = { .type = is_v4 ? ETHERNET_IPV4 : ETHERNET_IPV6 };
	struct writer w = wr_make(frame, ETHERNET_HEADER_LEN);

	memcpy(e.to, to->bytes, 6);
	memcpy(e.from, l->mac.bytes, 6);
	ethernet_write(&w, &e);
}

/* Offsets count from the frame's first byte. */
static void shift(struct bj_offload *o)
{
	if (!o->checksum_missing)
		return;
	o->checksum_start += ETHERNET_HEADER_LEN;
	o->header_len += ETHERNET_HEADER_LEN;
}

static bool take_ready(struct bj_link *l, struct writer *w, struct bj_offload *offload)
{
	struct neighbour *e;
	struct neighbour_packet *p;

	while ((p = neighbour_next_ready(&l->neighbours, &e))) {
		uint8_t *header = wr_room(w, ETHERNET_HEADER_LEN);
		/* one that was made for a device that segments, and there is none now: it comes again by itself */
		bool fits = header && p->len <= wr_left(w) && (offload || (!p->offload.checksum_missing && !p->offload.segment_len));

		if (fits) {
			write_header(l, &e->mac, bj_ip_is_v4(&e->ip), header);
			wr_raw(w, p->bytes, p->len);
			if (offload) {
				*offload = p->offload;
				shift(offload);
			}
		}
		free(p);
		if (fits)
			return true;
		*w = wr_make(w->buf, w->cap);
	}
	return false;
}

static struct bj_ip destination_of(const uint8_t *packet)
{
	return packet[0] >> 4 == 4 ? bj_ip4(packet[16], packet[17], packet[18], packet[19]) : ip6_of(packet + 24);
}

/* A packet of the stack with its frame, or kept until its neighbour is known; false: the stack has none. */
static bool take_packet(struct bj_link *l, struct writer *w, struct bj_offload *offload)
{
	uint8_t *frame = w->buf, *packet = frame + ETHERNET_HEADER_LEN;
	struct bj_offload none = { 0 }, *o = offload ? offload : &none;
	size_t room = w->cap - ETHERNET_HEADER_LEN, len;
	struct neighbour *e;
	struct bj_ip to, hop;
	enum bj_err err;

	err = offload ? bj_stack_output_offloaded(l->stack, l->now_us, packet, room, &len, o) :
			bj_stack_output(l->stack, l->now_us, packet, room, &len);
	if (err)
		return false;
	to = destination_of(packet);
	if (!next_hop(l, &to, &hop)) {
		l->stats.no_route++;
		return true;
	}
	e = neighbour_use(&l->neighbours, &hop, l->now_us);
	if (!e)
		return true;
	if (!neighbour_is_known(e)) {
		neighbour_keep(&l->neighbours, e, bytes_of(packet, len), o);
		return true;
	}
	write_header(l, &e->mac, bj_ip_is_v4(&e->ip), frame);
	w->len = ETHERNET_HEADER_LEN + len;
	shift(o);
	return true;
}

enum bj_err bj_link_output(struct bj_link *l, int64_t now_us, uint8_t *buf, size_t cap, size_t *out_len, struct bj_offload *out_offload)
{
	struct writer w = wr_make(buf, cap);
	struct bj_offload offload = { 0 };
	struct neighbour *e;

	l->now_us = i64_max(l->now_us, now_us);
	if (cap < ETHERNET_HEADER_LEN + l->stack->options.mtu)
		return BJ_ERR_SPACE;
	while (!take_reply(l, &w) && !take_ready(l, &w, out_offload ? &offload : NULL)) {
		if ((e = neighbour_next_question(&l->neighbours, l->now_us))) {
			send_question(l, e);
			continue;
		}
		offload = (struct bj_offload){ 0 };
		if (!take_packet(l, &w, out_offload ? &offload : NULL)) {
			if (list_is_empty(&l->neighbours.asking))
				return BJ_ERR_WOULD_BLOCK;
			continue;
		}
		if (w.len > 0)
			break;
	}
	l->stats.frames_out++;
	*out_len = w.len;
	if (out_offload)
		*out_offload = offload;
	return BJ_OK;
}

/* ---- frames in */

static void input_arp(struct bj_link *l, struct bj_bytes packet)
{
	struct bj_ip sender, target;
	struct bj_mac mac;
	struct arp a;
	bool is_for_us;

	if (arp_parse(packet, &a)) {
		l->stats.malformed++;
		return;
	}
	sender = bj_ip4(a.sender_ip[0], a.sender_ip[1], a.sender_ip[2], a.sender_ip[3]);
	target = bj_ip4(a.target_ip[0], a.target_ip[1], a.target_ip[2], a.target_ip[3]);
	mac = mac_of(a.sender_mac);
	if (!mac_is_station(&mac) || stack_is_ours(l->stack, &sender)) {
		l->stats.malformed++; /* a station that cannot be, or one that claims to be us */
		return;
	}
	is_for_us = stack_is_ours(l->stack, &target);
	if (ip_is_unicast(&sender)) { /* a probe comes from 0.0.0.0 (rfc5227:2.1) and says nothing of who is where */
		if (a.operation == ARP_REPLY && is_for_us) {
			const struct neighbour_answer answer = { .mac = &mac, .solicited = true, .override = true };

			neighbour_answered(&l->neighbours, &sender, &answer, l->now_us);
		} else if (is_for_us || neighbour_find(&l->neighbours, &sender)) {
			neighbour_heard(&l->neighbours, &sender, &mac, l->now_us);
		}
	}
	if (is_for_us && a.operation == ARP_REQUEST) {
		l->stats.answers++;
		send_arp(l, ARP_REPLY, &mac, &target, &mac, &sender);
	}
}

/* rfc4861:7.2.3, rfc4861:7.2.4 */
static void input_solicitation(struct bj_link *l, const struct ipv6 *ip, const struct nd *nd)
{
	struct icmpv6 m = { .type = ICMPV6_NEIGHBOR_ADVERTISEMENT, .nd = { .solicited = true, .override = true, .has_target_mac = true } };
	static const struct bj_ip all_nodes = { { 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } };
	struct bj_ip target = ip6_of(nd->target), from = ip6_of(ip->from), to = ip6_of(ip->to);
	struct bj_ip group = solicited_node(&target);
	struct bj_mac mac;

	if (!stack_is_ours(l->stack, &target) || (!bj_ip_equal(&to, &group) && !stack_is_ours(l->stack, &to)))
		return;
	if (ip_is_unspecified(&from)) { /* somebody wants our address: everybody hears that it is taken */
		if (nd->has_source_mac || !bj_ip_equal(&to, &group)) {
			l->stats.malformed++;
			return;
		}
		m.nd.solicited = false;
		from = all_nodes;
		mac = multicast_mac(&all_nodes);
	} else {
		struct neighbour *e;

		if (!ip_is_unicast(&from) || stack_is_ours(l->stack, &from)) {
			l->stats.malformed++;
			return;
		}
		if (nd->has_source_mac) {
			mac = mac_of(nd->source_mac);
			if (!mac_is_station(&mac)) {
				l->stats.malformed++;
				return;
			}
			neighbour_heard(&l->neighbours, &from, &mac, l->now_us);
		}
		e = neighbour_find(&l->neighbours, &from);
		if (!e || !neighbour_is_known(e))
			return; /* asked without saying where to answer, by a stranger */
		mac = e->mac;
	}
	memcpy(m.nd.target, target.bytes, 16);
	memcpy(m.nd.target_mac, l->mac.bytes, 6);
	l->stats.answers++;
	send_nd(l, &mac, &target, &from, &m);
}

static void input_advertisement(struct bj_link *l, const struct ipv6 *ip, const struct nd *nd)
{
	struct bj_ip target = ip6_of(nd->target);
	struct bj_mac mac = mac_of(nd->target_mac);
	const struct neighbour_answer answer = {
		.mac = nd->has_target_mac ? &mac : NULL, .solicited = nd->solicited, .override = nd->override, .is_router = nd->router,
	};

	if ((ip->to[0] == 0xff && nd->solicited) || (nd->has_target_mac && !mac_is_station(&mac)) || stack_is_ours(l->stack, &target)) {
		l->stats.malformed++; /* rfc4861:7.1.2; or somebody who claims to be us */
		return;
	}
	neighbour_answered(&l->neighbours, &target, &answer, l->now_us);
}

/* True if the packet was neighbour discovery, which the stack never sees. */
static bool input_nd(struct bj_link *l, struct bj_bytes packet)
{
	struct icmpv6_path path;
	struct icmpv6 m;
	struct ipv6 ip;

	if (ipv6_parse(packet, &ip) || ip.protocol != IP_ICMPV6 || ip.has_fragment || ip.payload.len == 0 || !icmpv6_is_nd(ip.payload.ptr[0]))
		return false;
	memcpy(path.from, ip.from, 16);
	memcpy(path.to, ip.to, 16);
	path.hop_limit = ip.hop_limit;
	if (icmpv6_parse(ip.payload, &path, &m))
		l->stats.malformed++;
	else if (m.type == ICMPV6_NEIGHBOR_SOLICITATION)
		input_solicitation(l, &ip, &m.nd);
	else if (m.type == ICMPV6_NEIGHBOR_ADVERTISEMENT)
		input_advertisement(l, &ip, &m.nd);
	return true;
}

void bj_link_input(struct bj_link *l, int64_t now_us, struct bj_bytes frame, const struct bj_offload *offload)
{
	struct ethernet e;
	bool is_for_us;

	l->now_us = i64_max(l->now_us, now_us);
	l->stats.frames_in++;
	if (ethernet_parse(frame, &e)) {
		l->stats.malformed++;
		return;
	}
	is_for_us = memcmp(e.to, l->mac.bytes, 6) == 0;
	if (e.has_vlan || (!is_for_us && !(e.to[0] & 1))) {
		l->stats.not_ours++;
		return;
	}
	if (e.type == ETHERNET_ARP) {
		input_arp(l, e.payload);
		return;
	}
	if (e.type == ETHERNET_IPV6 && input_nd(l, e.payload))
		return;
	if ((e.type != ETHERNET_IPV4 && e.type != ETHERNET_IPV6) || !is_for_us) {
		l->stats.not_ours++; /* what comes to everybody is never TCP (rfc1122:3.3.6) */
		return;
	}
	if (offload)
		bj_stack_input_offloaded(l->stack, l->now_us, e.payload, offload);
	else
		bj_stack_input(l->stack, l->now_us, e.payload);
}

/* ---- time */

int64_t bj_link_deadline(const struct bj_link *l)
{
	return i64_min(bj_stack_deadline(l->stack), neighbours_deadline(&l->neighbours));
}

void bj_link_tick(struct bj_link *l, int64_t now_us)
{
	l->now_us = i64_max(l->now_us, now_us);
	neighbours_tick(&l->neighbours, l->now_us);
	bj_stack_tick(l->stack, l->now_us);
}
