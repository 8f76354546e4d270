/* link_test.c - frames under the stack: who is asked, who answers, what is believed, what is kept and for how long.
 * Tags: rfc826 rfc4861:7.1 rfc4861:7.2 rfc4861:7.3 rfc1122:2.3.2 rfc5227:2.1 */
#include "tcpip/link.h"

#include "base/prng.h"
#include "base/test.h"
#include "tcpip/stack.h"
#include "tcpip/wire/arp.h"
#include "tcpip/wire/ethernet.h"
#include "tcpip/wire/icmpv6.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/ipv6.h"

#define SECOND INT64_C(1000000)
#define FRAME_MAX 70000

static const struct bj_mac our_mac = { { 2, 0, 0, 0, 0, 1 } }, peer_mac = { { 2, 0, 0, 0, 0, 2 } }, other_mac = { { 2, 0, 0, 0, 0, 3 } };
static const struct bj_mac everybody = { { 255, 255, 255, 255, 255, 255 } }, group_mac = { { 1, 0, 94, 0, 0, 1 } }, no_mac = { { 0 } };
static const struct bj_ip our6 = { { 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } };
static const struct bj_ip peer6 = { { 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 } };

struct fixture {
	struct bj_stack *stack;
	struct bj_link *link;
	int64_t now;
	uint8_t frame[FRAME_MAX];
	struct ethernet e; /* the last one that came out */
};

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

static struct fixture *open_link(const struct bj_link_options *given)
{
	static struct prng keys;
	static struct fixture fixture;
	struct bj_stack_options options = { .rng = { fill, &keys } };
	struct bj_link_options link = given ? *given : (struct bj_link_options){ 0 };
	const struct bj_ip ip = bj_ip4(10, 0, 0, 1);
	struct fixture *f = &fixture;

	keys.state = 3;
	*f = (struct fixture){ .now = 5 * SECOND };
	link.mac = our_mac;
	assert_int_equal(bj_stack_make(&options, f->now, &f->stack), BJ_OK);
	assert_int_equal(bj_stack_add_address(f->stack, &ip), BJ_OK);
	assert_int_equal(bj_stack_add_address(f->stack, &our6), BJ_OK);
	assert_int_equal(bj_link_make(f->stack, &link, f->now, &f->link), BJ_OK);
	return f;
}

static void close_link(struct fixture *f)
{
	bj_link_free(f->link);
	bj_stack_free(f->stack);
}

static bool next_frame(struct fixture *f)
{
	size_t len;
	enum bj_err err = bj_link_output(f->link, f->now, f->frame, 2000, &len, NULL);

	if (err) {
		assert_int_equal(err, BJ_ERR_WOULD_BLOCK);
		return false;
	}
	assert_int_equal(ethernet_parse(bytes_of(f->frame, len), &f->e), BJ_OK);
	assert_memory_equal(f->e.from, our_mac.bytes, 6);
	return true;
}

static void give(struct fixture *f, const struct bj_mac *to, const struct bj_mac *from, uint16_t type, struct bj_bytes payload)
{
	uint8_t room[2000];
	struct writer w = wr_make(room, sizeof(room));
	struct ethernet e = { .type = type, .payload = payload };

	memcpy(e.to, to->bytes, 6);
	memcpy(e.from, from->bytes, 6);
	ethernet_write(&w, &e);
	assert_true(wr_ok(&w));
	bj_link_input(f->link, f->now, wr_view(&w), NULL);
}

static void give_arp(struct fixture *f, uint16_t operation, const struct bj_mac *sender, struct bj_ip sender_ip, struct bj_ip target_ip)
{
	struct arp a = { .operation = operation };
	uint8_t room[64];
	struct writer w = wr_make(room, sizeof(room));

	memcpy(a.sender_mac, sender->bytes, 6);
	memcpy(a.sender_ip, &sender_ip.bytes[12], 4);
	memcpy(a.target_ip, &target_ip.bytes[12], 4);
	arp_write(&w, &a);
	give(f, operation == ARP_REQUEST ? &everybody : &our_mac, sender, ETHERNET_ARP, wr_view(&w));
}

static struct arp arp_out(struct fixture *f)
{
	struct arp a = { 0 };

	assert_int_equal(f->e.type, ETHERNET_ARP);
	assert_int_equal(arp_parse(f->e.payload, &a), BJ_OK);
	return a;
}

static struct bj_tcp *connect_to(struct fixture *f, struct bj_ip ip)
{
	const struct bj_endpoint to = { ip, 80 };
	struct bj_tcp *tcp;

	assert_int_equal(bj_tcp_connect(f->stack, NULL, &to, NULL, &tcp), BJ_OK);
	return tcp;
}

/* ---- ARP */

static void a_link_without_a_station_is_refused(void **state)
{
	struct fixture *f = open_link(NULL);
	struct bj_link *none;

	(void)state;
	assert_int_equal(bj_link_make(f->stack, &(struct bj_link_options){ .mac = no_mac }, 0, &none), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_link_make(f->stack, &(struct bj_link_options){ .mac = everybody }, 0, &none), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_link_make(f->stack, &(struct bj_link_options){ .mac = group_mac }, 0, &none), BJ_ERR_ARGUMENT);
	close_link(f);
}

static void a_question_for_us_is_answered_and_others_are_not(void **state)
{
	struct fixture *f = open_link(NULL);
	struct bj_link_stats stats;
	struct arp a;

	(void)state;
	give_arp(f, ARP_REQUEST, &peer_mac, bj_ip4(10, 0, 0, 2), bj_ip4(10, 0, 0, 9));
	assert_false(next_frame(f));
	bj_link_stats(f->link, &stats);
	assert_int_equal(stats.neighbours, 0); /* nothing is learnt from what others ask others */
	give_arp(f, ARP_REQUEST, &peer_mac, bj_ip4(10, 0, 0, 2), bj_ip4(10, 0, 0, 1));
	assert_true(next_frame(f));
	assert_memory_equal(f->e.to, peer_mac.bytes, 6);
	a = arp_out(f);
	assert_int_equal(a.operation, ARP_REPLY);
	assert_memory_equal(a.sender_mac, our_mac.bytes, 6);
	bj_link_stats(f->link, &stats);
	assert_int_equal(stats.neighbours, 1);
	give_arp(f, ARP_REQUEST, &peer_mac, bj_ip4(0, 0, 0, 0), bj_ip4(10, 0, 0, 1)); /* a probe: answered, and not kept */
	assert_true(next_frame(f));
	assert_int_equal(arp_out(f).target_ip[0], 0);
	bj_link_stats(f->link, &stats);
	assert_int_equal(stats.neighbours, 1);
	close_link(f);
}

static void stations_that_cannot_be_are_not_believed(void **state)
{
	struct fixture *f = open_link(NULL);
	struct bj_link_stats stats;

	(void)state;
	give_arp(f, ARP_REQUEST, &everybody, bj_ip4(10, 0, 0, 2), bj_ip4(10, 0, 0, 1));
	give_arp(f, ARP_REQUEST, &group_mac, bj_ip4(10, 0, 0, 2), bj_ip4(10, 0, 0, 1));
	give_arp(f, ARP_REQUEST, &no_mac, bj_ip4(10, 0, 0, 2), bj_ip4(10, 0, 0, 1));
	give_arp(f, ARP_REQUEST, &peer_mac, bj_ip4(10, 0, 0, 1), bj_ip4(10, 0, 0, 1)); /* claims to be us */
	assert_false(next_frame(f));
	bj_link_stats(f->link, &stats);
	assert_int_equal(stats.malformed, 4);
	assert_int_equal(stats.neighbours, 0);
	close_link(f);
}

static void an_answer_that_nobody_asked_for_makes_no_entry(void **state)
{
	struct fixture *f = open_link(NULL);
	struct bj_link_stats stats;

	(void)state;
	for (unsigned i = 2; i < 250; i++)
		give_arp(f, ARP_REPLY, &peer_mac, bj_ip4(10, 0, 0, (uint8_t)i), bj_ip4(10, 0, 0, 1));
	bj_link_stats(f->link, &stats);
	assert_int_equal(stats.neighbours, 0);
	close_link(f);
}

static void a_packet_waits_for_the_answer(void **state)
{
	struct fixture *f = open_link(NULL);
	struct arp a;

	(void)state;
	connect_to(f, bj_ip4(10, 0, 0, 2));
	assert_true(next_frame(f));
	a = arp_out(f);
	assert_int_equal(a.operation, ARP_REQUEST);
	assert_memory_equal(f->e.to, everybody.bytes, 6);
	assert_int_equal(a.target_ip[3], 2);
	assert_false(next_frame(f));
	give_arp(f, ARP_REPLY, &peer_mac, bj_ip4(10, 0, 0, 2), bj_ip4(10, 0, 0, 1));
	assert_true(next_frame(f));
	assert_int_equal(f->e.type, ETHERNET_IPV4);
	assert_memory_equal(f->e.to, peer_mac.bytes, 6);
	assert_false(next_frame(f));
	close_link(f);
}

static void three_questions_then_silence(void **state)
{
	struct fixture *f = open_link(NULL);
	struct bj_link_stats stats;
	unsigned questions = 0;

	(void)state;
	connect_to(f, bj_ip4(10, 0, 0, 2));
	for (int64_t end = f->now + 900000 + 2 * SECOND; f->now < end; f->now += SECOND / 10) {
		bj_link_tick(f->link, f->now);
		while (next_frame(f))
			questions += f->e.type == ETHERNET_ARP;
	}
	assert_int_equal(questions, 3);
	f->now += SECOND / 5;
	bj_link_tick(f->link, f->now);
	bj_link_stats(f->link, &stats);
	assert_int_equal(stats.neighbours, 0);
	assert_true(stats.no_answer >= 1);
	close_link(f);
}

static void the_deadline_is_never_late(void **state)
{
	struct fixture *f = open_link(NULL);

	(void)state;
	assert_true(bj_link_deadline(f->link) == INT64_MAX);
	connect_to(f, bj_ip4(10, 0, 0, 2));
	while (next_frame(f))
		;
	assert_true(bj_link_deadline(f->link) <= f->now + SECOND);
	close_link(f);
}

/* The states of rfc4861:7.3: believed for a while, used once more, asked quietly, forgotten. */
static void what_is_known_grows_old(void **state)
{
	struct fixture *f = open_link(NULL);
	const struct bj_ip ip = bj_ip4(10, 0, 0, 2);
	struct neighbours *n = &f->link->neighbours;
	struct neighbour *e;

	(void)state;
	e = neighbour_use(n, &ip, f->now);
	assert_int_equal(e->state, NEIGHBOUR_INCOMPLETE);
	assert_true(next_frame(f));
	give_arp(f, ARP_REPLY, &peer_mac, ip, bj_ip4(10, 0, 0, 1));
	assert_int_equal(neighbour_use(n, &ip, f->now)->state, NEIGHBOUR_REACHABLE);
	f->now += 31 * SECOND;
	assert_int_equal(neighbour_use(n, &ip, f->now)->state, NEIGHBOUR_DELAY);
	assert_false(next_frame(f));
	f->now += 6 * SECOND;
	bj_link_tick(f->link, f->now);
	assert_int_equal(e->state, NEIGHBOUR_PROBE);
	assert_true(next_frame(f));
	assert_memory_equal(f->e.to, peer_mac.bytes, 6); /* of the station itself */
	give_arp(f, ARP_REPLY, &peer_mac, ip, bj_ip4(10, 0, 0, 1));
	assert_int_equal(e->state, NEIGHBOUR_REACHABLE);
	f->now += 31 * SECOND;
	neighbour_use(n, &ip, f->now);
	for (unsigned i = 0; i < 12; i++, f->now += SECOND) {
		bj_link_tick(f->link, f->now);
		while (next_frame(f))
			;
	}
	assert_null(neighbour_find(n, &ip));
	close_link(f);
}

static void the_cache_is_bounded_and_forgets_the_oldest(void **state)
{
	struct fixture *f = open_link(&(struct bj_link_options){ .neighbour_max = 8 });
	const struct bj_ip used = bj_ip4(10, 0, 0, 2), first = bj_ip4(10, 0, 0, 3);
	struct bj_link_stats stats;

	(void)state;
	for (unsigned i = 2; i < 200; i++) {
		give_arp(f, ARP_REQUEST, &peer_mac, bj_ip4(10, 0, 0, (uint8_t)i), bj_ip4(10, 0, 0, 1));
		assert_non_null(neighbour_use(&f->link->neighbours, &used, f->now));
	}
	bj_link_stats(f->link, &stats);
	assert_int_equal(stats.neighbours, 8);
	assert_int_equal(stats.neighbours_evicted, 190);
	assert_non_null(neighbour_find(&f->link->neighbours, &used));
	assert_null(neighbour_find(&f->link->neighbours, &first));
	close_link(f);
}

static void packets_that_wait_are_few(void **state)
{
	struct fixture *f = open_link(NULL);
	const struct bj_ip ip = bj_ip4(10, 0, 0, 2);
	struct neighbour *e = neighbour_use(&f->link->neighbours, &ip, f->now);
	const struct bj_offload none = { 0 };
	static uint8_t big[60000];

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		neighbour_keep(&f->link->neighbours, e, bytes_of(big, 100), &none);
	assert_int_equal(e->waiting_count, NEIGHBOUR_WAITING_MAX);
	for (unsigned i = 3; i < 100; i++) {
		const struct bj_ip other = bj_ip4(10, 0, 0, (uint8_t)i);

		neighbour_keep(&f->link->neighbours, neighbour_use(&f->link->neighbours, &other, f->now), bytes_of(big, sizeof(big)), &none);
	}
	assert_true(f->link->neighbours.waiting_bytes <= NEIGHBOUR_WAITING_BYTES_MAX);
	close_link(f);
}

/* ---- routes */

static void the_longest_prefix_says_who_is_asked(void **state)
{
	struct fixture *f = open_link(NULL);
	const struct bj_ip near = bj_ip4(10, 0, 0, 0), all = bj_ip4(0, 0, 0, 0), gateway = bj_ip4(10, 0, 0, 254);

	(void)state;
	assert_int_equal(bj_link_add_route(f->link, &near, 33, NULL), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_link_add_route(f->link, &our6, 64, &gateway), BJ_ERR_ARGUMENT);
	assert_int_equal(bj_link_add_route(f->link, &near, 24, NULL), BJ_OK);
	connect_to(f, bj_ip4(192, 0, 2, 1));
	assert_false(next_frame(f)); /* nobody knows the way */
	assert_int_equal(f->link->stats.no_route, 1);
	assert_int_equal(bj_link_add_route(f->link, &all, 0, &gateway), BJ_OK);
	connect_to(f, bj_ip4(192, 0, 2, 1));
	assert_true(next_frame(f));
	assert_int_equal(arp_out(f).target_ip[3], 254);
	connect_to(f, bj_ip4(10, 0, 0, 7));
	assert_true(next_frame(f));
	assert_int_equal(arp_out(f).target_ip[3], 7);
	for (unsigned i = 2; i <= LINK_ROUTES_MAX; i++) {
		const struct bj_ip other = bj_ip4(10, 1, (uint8_t)i, 0);

		assert_int_equal(bj_link_add_route(f->link, &near, 24, NULL), BJ_OK); /* known */
		assert_int_equal(bj_link_add_route(f->link, &other, 24, NULL), i < LINK_ROUTES_MAX ? BJ_OK : BJ_ERR_LIMIT);
	}
	close_link(f);
}

/* ---- what reaches the stack */

static void only_frames_for_us_alone_reach_the_stack(void **state)
{
	struct fixture *f = open_link(NULL);
	struct ipv4 ip = { .ttl = 64, .protocol = IP_TCP, .from = { 10, 0, 0, 2 }, .to = { 10, 0, 0, 1 } };
	uint8_t room[64];
	struct writer w = wr_make(room, sizeof(room));
	struct bj_stack_stats stats;

	(void)state;
	ipv4_write(&w, &ip);
	give(f, &everybody, &peer_mac, ETHERNET_IPV4, wr_view(&w));
	give(f, &group_mac, &peer_mac, ETHERNET_IPV4, wr_view(&w));
	give(f, &other_mac, &peer_mac, ETHERNET_IPV4, wr_view(&w));
	give(f, &our_mac, &peer_mac, 0x88cc, wr_view(&w));
	bj_stack_stats(f->stack, &stats);
	assert_int_equal(stats.packets_in, 0);
	give(f, &our_mac, &peer_mac, ETHERNET_IPV4, wr_view(&w));
	bj_stack_stats(f->stack, &stats);
	assert_int_equal(stats.packets_in, 1);
	bj_link_input(f->link, f->now, bytes_of(room, 13), NULL);
	assert_int_equal(f->link->stats.malformed, 1);
	close_link(f);
}

/* ---- neighbour discovery */

struct nd_case {
	uint8_t type, hop_limit;
	const struct bj_ip *from, *to, *target;
	bool solicited, override;
	const struct bj_mac *source, *found;
};

static void give_nd(struct fixture *f, const struct nd_case *c)
{
	struct icmpv6 m = { .type = c->type, .nd = { .solicited = c->solicited, .override = c->override,
						     .has_source_mac = c->source, .has_target_mac = c->found } };
	struct ipv6 ip = { .hop_limit = c->hop_limit ? c->hop_limit : 255, .protocol = IP_ICMPV6 };
	struct icmpv6_path path = { .hop_limit = 255 };
	uint8_t body[128], room[256];
	struct writer b = wr_make(body, sizeof(body)), w = wr_make(room, sizeof(room));

	memcpy(m.nd.target, c->target->bytes, 16);
	if (c->source)
		memcpy(m.nd.source_mac, c->source->bytes, 6);
	if (c->found)
		memcpy(m.nd.target_mac, c->found->bytes, 6);
	memcpy(path.from, c->from->bytes, 16);
	memcpy(path.to, c->to->bytes, 16);
	memcpy(ip.from, c->from->bytes, 16);
	memcpy(ip.to, c->to->bytes, 16);
	icmpv6_write(&b, &m, &path);
	ip.payload = wr_view(&b);
	ipv6_write(&w, &ip);
	give(f, &our_mac, &peer_mac, ETHERNET_IPV6, wr_view(&w));
}

static struct icmpv6 nd_out(struct fixture *f, struct ipv6 *ip)
{
	struct icmpv6_path path;
	struct icmpv6 m = { 0 };

	assert_int_equal(f->e.type, ETHERNET_IPV6);
	assert_int_equal(ipv6_parse(f->e.payload, ip), BJ_OK);
	memcpy(path.from, ip->from, 16);
	memcpy(path.to, ip->to, 16);
	path.hop_limit = ip->hop_limit;
	assert_int_equal(icmpv6_parse(ip->payload, &path, &m), BJ_OK);
	return m;
}

static const struct bj_ip unspecified = { { 0 } };
static const struct bj_ip our_group = { { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 1 } };
static const struct bj_ip all_nodes = { { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } };

static void a_solicitation_is_answered(void **state)
{
	struct fixture *f = open_link(NULL);
	struct icmpv6 m;
	struct ipv6 ip;

	(void)state;
	give_nd(f, &(struct nd_case){ .type = ICMPV6_NEIGHBOR_SOLICITATION, .from = &peer6, .to = &our_group, .target = &our6, .source = &peer_mac });
	assert_true(next_frame(f));
	assert_memory_equal(f->e.to, peer_mac.bytes, 6);
	m = nd_out(f, &ip);
	assert_int_equal(m.type, ICMPV6_NEIGHBOR_ADVERTISEMENT);
	assert_true(m.nd.solicited && m.nd.override && m.nd.has_target_mac);
	assert_memory_equal(m.nd.target, our6.bytes, 16);
	assert_memory_equal(m.nd.target_mac, our_mac.bytes, 6);
	assert_memory_equal(ip.to, peer6.bytes, 16);
	/* somebody wants our address: everybody is told */
	give_nd(f, &(struct nd_case){ .type = ICMPV6_NEIGHBOR_SOLICITATION, .from = &unspecified, .to = &our_group, .target = &our6 });
	assert_true(next_frame(f));
	m = nd_out(f, &ip);
	assert_false(m.nd.solicited);
	assert_memory_equal(ip.to, all_nodes.bytes, 16);
	close_link(f);
}

static void solicitations_that_break_the_rules_are_not_answered(void **state)
{
	const struct nd_case bad[] = {
		{ .from = &peer6, .to = &our_group, .target = &our6, .source = &peer_mac, .hop_limit = 254 },
		{ .from = &peer6, .to = &our_group, .target = &peer6, .source = &peer_mac },
		{ .from = &unspecified, .to = &our_group, .target = &our6, .source = &peer_mac },
		{ .from = &unspecified, .to = &our6, .target = &our6 },
		{ .from = &our6, .to = &our_group, .target = &our6, .source = &peer_mac },
		{ .from = &peer6, .to = &our_group, .target = &our6, .source = &group_mac },
		{ .from = &peer6, .to = &our_group, .target = &our6 }, /* where to? */
		{ .from = &all_nodes, .to = &our_group, .target = &our6, .source = &peer_mac },
	};
	struct fixture *f = open_link(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct nd_case c = bad[i];

		c.type = ICMPV6_NEIGHBOR_SOLICITATION;
		give_nd(f, &c);
		assert_false(next_frame(f));
	}
	assert_int_equal(f->link->neighbours.map.count, 0);
	close_link(f);
}

static void an_advertisement_lets_packets_go(void **state)
{
	struct fixture *f = open_link(NULL);
	struct neighbour *e;
	struct icmpv6 m;
	struct ipv6 ip;

	(void)state;
	connect_to(f, peer6);
	assert_true(next_frame(f));
	m = nd_out(f, &ip);
	assert_int_equal(m.type, ICMPV6_NEIGHBOR_SOLICITATION);
	assert_int_equal(f->e.to[0], 0x33);
	assert_int_equal(ip.to[0], 0xff);
	assert_memory_equal(m.nd.source_mac, our_mac.bytes, 6);
	give_nd(f, &(struct nd_case){ .type = ICMPV6_NEIGHBOR_ADVERTISEMENT, .from = &peer6, .to = &our6, .target = &peer6, .solicited = true });
	assert_false(next_frame(f)); /* without an address it says nothing */
	give_nd(f, &(struct nd_case){ .type = ICMPV6_NEIGHBOR_ADVERTISEMENT, .from = &peer6, .to = &all_nodes, .target = &peer6,
				      .solicited = true, .found = &peer_mac });
	assert_false(next_frame(f)); /* solicited, and to everybody: never */
	give_nd(f, &(struct nd_case){ .type = ICMPV6_NEIGHBOR_ADVERTISEMENT, .from = &peer6, .to = &our6, .target = &peer6,
				      .solicited = true, .found = &peer_mac });
	assert_true(next_frame(f));
	assert_memory_equal(f->e.to, peer_mac.bytes, 6);
	e = neighbour_find(&f->link->neighbours, &peer6);
	assert_int_equal(e->state, NEIGHBOUR_REACHABLE);
	/* another station: believed only with the override flag (rfc4861:7.2.5) */
	give_nd(f, &(struct nd_case){ .type = ICMPV6_NEIGHBOR_ADVERTISEMENT, .from = &peer6, .to = &our6, .target = &peer6, .found = &other_mac });
	assert_int_equal(e->state, NEIGHBOUR_STALE);
	assert_memory_equal(e->mac.bytes, peer_mac.bytes, 6);
	give_nd(f, &(struct nd_case){ .type = ICMPV6_NEIGHBOR_ADVERTISEMENT, .from = &peer6, .to = &our6, .target = &peer6,
				      .override = true, .found = &other_mac });
	assert_memory_equal(e->mac.bytes, other_mac.bytes, 6);
	close_link(f);
}

/* ---- two of us, with packets of many segments */

static void offsets_of_offload_count_from_the_frame(void **state)
{
	struct fixture *f = open_link(NULL);
	struct bj_offload offload;
	size_t len;

	(void)state;
	give_arp(f, ARP_REQUEST, &peer_mac, bj_ip4(10, 0, 0, 2), bj_ip4(10, 0, 0, 1));
	assert_true(next_frame(f));
	connect_to(f, bj_ip4(10, 0, 0, 2));
	assert_int_equal(bj_link_output(f->link, f->now, f->frame, FRAME_MAX, &len, &offload), BJ_OK);
	assert_false(offload.checksum_missing); /* a SYN is summed by us */
	connect_to(f, bj_ip4(10, 0, 0, 3));
	assert_int_equal(bj_link_output(f->link, f->now, f->frame, 1000, &len, &offload), BJ_ERR_SPACE);
	close_link(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_without_a_station_is_refused),
		cmocka_unit_test(a_question_for_us_is_answered_and_others_are_not),
		cmocka_unit_test(stations_that_cannot_be_are_not_believed),
		cmocka_unit_test(an_answer_that_nobody_asked_for_makes_no_entry),
		cmocka_unit_test(a_packet_waits_for_the_answer),
		cmocka_unit_test(three_questions_then_silence),
		cmocka_unit_test(the_deadline_is_never_late),
		cmocka_unit_test(what_is_known_grows_old),
		cmocka_unit_test(the_cache_is_bounded_and_forgets_the_oldest),
		cmocka_unit_test(packets_that_wait_are_few),
		cmocka_unit_test(the_longest_prefix_says_who_is_asked),
		cmocka_unit_test(only_frames_for_us_alone_reach_the_stack),
		cmocka_unit_test(a_solicitation_is_answered),
		cmocka_unit_test(solicitations_that_break_the_rules_are_not_answered),
		cmocka_unit_test(an_advertisement_lets_packets_go),
		cmocka_unit_test(offsets_of_offload_count_from_the_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
