/* stack_test.c - the stack around its connections: addresses, keys, limits, ICMP, fragments, the table of states. */
#include "tcpip/fast_open.h"
#include "tcpip/isn.h"
#include "tcpip/peer_test.h"
#include "tcpip/state.h"
#include "tcpip/wire/icmp.h"

struct fixture {
	struct bj_stack *stack;
	struct prng keys;
	int64_t now;
};

static enum bj_err fill_nothing(void *self, uint8_t *out, size_t len)
{
	(void)self, (void)out, (void)len;
	return BJ_ERR_RANDOM;
}

static struct fixture open_stack(struct bj_stack_options options, uint64_t seed)
{
	static struct prng keys;
	const struct bj_ip ip = bj_ip4(10, 0, 0, 1);
	struct fixture f = { .now = 5 * SECOND };

	keys.state = seed;
	options.rng = (struct bj_rng){ fill, &keys };
	assert_int_equal(bj_stack_make(&options, f.now, &f.stack), BJ_OK);
	assert_int_equal(bj_stack_add_address(f.stack, &ip), BJ_OK);
	return f;
}

static struct bj_listener *open_listener(struct fixture *f, const struct bj_tcp_options *options)
{
	const struct bj_endpoint at = { bj_ip4(10, 0, 0, 1), 80 };
	struct bj_listener *l;

	assert_int_equal(bj_tcp_listen(f->stack, &at, options, &l), BJ_OK);
	return l;
}

static void deliver(struct fixture *f, const uint8_t from[4], const uint8_t to[4], const struct tcp_segment *s, struct bj_bytes ip_options)
{
	give_packet(f->stack, f->now, from, to, s, ip_options);
}

static bool next_segment(struct fixture *f, struct tcp_segment *out)
{
	return take_packet(f->stack, f->now, out);
}

static struct tcp_segment syn_from(uint16_t port, uint32_t seq)
{
	return (struct tcp_segment){ .source_port = port, .destination_port = 80, .seq = seq, .flags = TCP_SYN, .window = 60000,
				     .options = { .has_mss = true, .mss = 1000 } };
}

/* A whole handshake from a port; returns the SYN-ACK. */
static struct tcp_segment shake_hands(struct fixture *f, uint16_t port)
{
	struct tcp_segment syn = syn_from(port, 100), answer, ack = { .source_port = port, .destination_port = 80, .seq = 101,
								       .flags = TCP_ACK, .window = 60000 };

	deliver(f, theirs, ours, &syn, (struct bj_bytes){ 0 });
	assert_true(next_segment(f, &answer));
	assert_int_equal(answer.flags, TCP_SYN | TCP_ACK);
	ack.ack = answer.seq + 1;
	deliver(f, theirs, ours, &ack, (struct bj_bytes){ 0 });
	return answer;
}

static void a_stack_needs_randomness_and_sane_options(void **state)
{
	struct bj_stack_options o = { .mtu = 1500 };
	struct bj_stack *s;

	(void)state;
	assert_int_equal(bj_stack_make(&o, 0, &s), BJ_ERR_ARGUMENT);
	o.rng.fill = fill_nothing;
	assert_int_equal(bj_stack_make(&o, 0, &s), BJ_ERR_RANDOM);
	o.mtu = 1279;
	assert_int_equal(bj_stack_make(&o, 0, &s), BJ_ERR_ARGUMENT);
}

/* MUST-46: nobody listens to a crowd, nobody connects to one. */
static void addresses_of_many_hosts_are_refused(void **state)
{
	static const uint8_t rows[][4] = { { 0, 0, 0, 0 }, { 224, 0, 0, 1 }, { 255, 255, 255, 255 }, { 239, 1, 1, 1 }, { 0, 1, 2, 3 }, { 10, 0, 0, 1 } };
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_tcp *t;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bj_endpoint to = { bj_ip4(rows[i][0], rows[i][1], rows[i][2], rows[i][3]), 80 };

		assert_int_equal(bj_tcp_connect(f.stack, NULL, &to, NULL, &t), BJ_ERR_ARGUMENT);
	}
	bj_stack_free(f.stack);
}

/* MUST-57 MUST-63: a SYN to or from an address that no single host has, and one from ourselves, is not even answered. */
static void a_syn_of_an_impossible_address_is_ignored(void **state)
{
	static const struct { uint8_t from[4], to[4]; } rows[] = {
		{ { 10, 0, 0, 2 }, { 224, 0, 0, 1 } }, { { 10, 0, 0, 2 }, { 255, 255, 255, 255 } }, { { 10, 0, 0, 2 }, { 10, 0, 0, 3 } },
		{ { 224, 0, 0, 1 }, { 10, 0, 0, 1 } }, { { 255, 255, 255, 255 }, { 10, 0, 0, 1 } }, { { 0, 0, 0, 0 }, { 10, 0, 0, 1 } },
		{ { 10, 0, 0, 1 }, { 10, 0, 0, 1 } },
	};
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, NULL);
	struct tcp_segment syn = syn_from(9, 100), answer;
	struct bj_stack_stats stats;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		deliver(&f, rows[i].from, rows[i].to, &syn, (struct bj_bytes){ 0 });
		assert_false(next_segment(&f, &answer));
	}
	bj_stack_stats(f.stack, &stats);
	assert_int_equal(stats.not_ours, ARRAY_COUNT(rows));
	assert_int_equal(stats.connections, 0);
	bj_listener_close(l);
	bj_stack_free(f.stack);
}

/* MUST-50: options of the IP header that mean nothing to us are stepped over. */
static void unknown_ip_options_are_ignored(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, NULL);
	struct tcp_segment syn = syn_from(9, 100), answer;

	(void)state;
	deliver(&f, theirs, ours, &syn, BYTES_LIT("\x94\x04\x00\x00\x9e\x04\x01\x02"));
	assert_true(next_segment(&f, &answer));
	assert_int_equal(answer.ack, 101);
	bj_listener_close(l);
	bj_stack_free(f.stack);
}

/* The IP header of the next packet that goes out. */
static struct ipv4 next_header(struct fixture *f)
{
	static uint8_t packet[2048];
	struct ipv4 ip;
	size_t len;

	assert_int_equal(bj_stack_output(f->stack, f->now, packet, sizeof(packet), &len), BJ_OK);
	assert_int_equal(ipv4_parse(bytes_of(packet, len), &ip), BJ_OK);
	return ip;
}

static void assert_goes_by(struct ipv4 ip, const char *first, const char *option, size_t option_len)
{
	assert_memory_equal(ip.to, first, 4);
	assert_true(ip.options.len >= option_len);
	assert_memory_equal(ip.options.ptr, option, option_len);
}

/* MUST-51: the way goes by the stations that were asked for, and ends at the peer. */
static void a_connection_goes_by_the_route_that_was_asked_for(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	const struct bj_endpoint to = { bj_ip4(10, 0, 0, 2), 80 };
	struct bj_tcp_options o = { .source_route = { 2, false, { bj_ip4(10, 1, 1, 1), bj_ip4(10, 2, 2, 2) } } };
	struct bj_tcp_info info;
	struct bj_tcp *t;

	(void)state;
	o.source_route.count = BJ_SOURCE_ROUTE_MAX + 1;
	assert_int_equal(bj_tcp_connect(f.stack, NULL, &to, &o, &t), BJ_ERR_ARGUMENT);
	o.source_route.count = 3; /* the third is no address */
	assert_int_equal(bj_tcp_connect(f.stack, NULL, &to, &o, &t), BJ_ERR_ARGUMENT);
	o.source_route.count = 2;
	assert_int_equal(bj_tcp_connect(f.stack, NULL, &to, &o, &t), BJ_OK);
	assert_goes_by(next_header(&f), "\x0a\x01\x01\x01", "\x83\x0b\x04\x0a\x02\x02\x02\x0a\x00\x00\x02", 11);
	bj_tcp_info(t, &info);
	assert_int_equal(info.snd_mss, TCP_MSS_DEFAULT_V4 - 12); /* the option takes its place in each segment: MUST-16 */
	bj_tcp_release(t);
	bj_stack_free(f.stack);
}

static void answer_by(struct fixture *f, uint32_t ack, struct bj_bytes route)
{
	struct tcp_segment s = { .source_port = 9, .destination_port = 80, .seq = 101, .ack = ack, .flags = TCP_ACK, .window = 60000,
				 .payload = BYTES_LIT("x") };

	deliver(f, theirs, ours, &s, route);
}

/* MUST-53 SHLD-24: the way back is the way that the SYN took, and a later one counts from then on. */
static void the_way_back_is_the_way_turned_round(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ .source_routes = true }, 1);
	struct bj_listener *l = open_listener(&f, &(struct bj_tcp_options){ .delayed_ack_off = true });
	struct tcp_segment syn = syn_from(9, 100), answer;
	struct ipv4 ip;

	(void)state;
	deliver(&f, theirs, ours, &syn, BYTES_LIT("\x83\x0b\x08\x0a\x01\x01\x01\x0a\x02\x02\x02")); /* a station is left */
	assert_false(next_segment(&f, &answer));
	deliver(&f, theirs, ours, &syn, BYTES_LIT("\x83\x0b\x0c\x0a\x01\x01\x01\x0a\x02\x02\x02"));
	ip = next_header(&f);
	assert_goes_by(ip, "\x0a\x02\x02\x02", "\x83\x0b\x04\x0a\x01\x01\x01\x0a\x00\x00\x02", 11);
	assert_int_equal(tcp_parse(ip.payload, bytes_of(ours, 4), bytes_of(theirs, 4), &answer), BJ_OK);
	answer_by(&f, answer.seq + 1, BYTES_LIT("\x89\x07\x08\x0a\x03\x03\x03"));
	assert_goes_by(next_header(&f), "\x0a\x03\x03\x03", "\x89\x07\x04\x0a\x00\x00\x02", 7);
	bj_listener_close(l);
	bj_stack_free(f.stack);
}

static void a_route_that_came_is_not_heeded_unless_the_owner_said_so(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, NULL);
	struct tcp_segment syn = syn_from(9, 100);
	struct ipv4 ip;

	(void)state;
	deliver(&f, theirs, ours, &syn, BYTES_LIT("\x83\x0b\x0c\x0a\x01\x01\x01\x0a\x02\x02\x02"));
	ip = next_header(&f);
	assert_memory_equal(ip.to, theirs, 4);
	assert_int_equal(ip.options.len, 0);
	bj_listener_close(l);
	bj_stack_free(f.stack);
}

/* MUST-52: what came does not change the way that the application chose. */
static void a_chosen_route_goes_before_one_that_came(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ .source_routes = true }, 1);
	const struct bj_endpoint to = { bj_ip4(10, 0, 0, 2), 80 };
	const struct bj_tcp_options o = { .source_route = { 1, true, { bj_ip4(10, 1, 1, 1) } } };
	struct tcp_segment syn, answer = { .source_port = 80, .seq = 500, .flags = TCP_SYN | TCP_ACK, .window = 60000 };
	struct ipv4 ip;
	struct bj_tcp *t;

	(void)state;
	assert_int_equal(bj_tcp_connect(f.stack, NULL, &to, &o, &t), BJ_OK);
	ip = next_header(&f);
	assert_int_equal(tcp_parse(ip.payload, bytes_of(ours, 4), bytes_of(theirs, 4), &syn), BJ_OK);
	answer.destination_port = syn.source_port;
	answer.ack = syn.seq + 1;
	deliver(&f, theirs, ours, &answer, BYTES_LIT("\x83\x07\x08\x0a\x09\x09\x09"));
	assert_goes_by(next_header(&f), "\x0a\x01\x01\x01", "\x89\x07\x04\x0a\x00\x00\x02", 7);
	bj_tcp_abort(t);
	bj_stack_free(f.stack);
}

/* MUST-43 MUST-45: a connection leaves from the address and port that were asked for. */
static void connect_takes_a_local_address(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	const struct bj_endpoint to = { bj_ip4(10, 0, 0, 2), 80 };
	struct bj_endpoint from = { bj_ip4(10, 0, 0, 9), 5555 };
	struct tcp_segment syn;
	struct bj_tcp_info info;
	struct bj_tcp *t, *again;

	(void)state;
	assert_int_equal(bj_tcp_connect(f.stack, &from, &to, NULL, &t), BJ_ERR_ARGUMENT); /* not ours */
	from.ip = bj_ip4(10, 0, 0, 1);
	assert_int_equal(bj_tcp_connect(f.stack, &from, &to, NULL, &t), BJ_OK);
	assert_int_equal(bj_tcp_connect(f.stack, &from, &to, NULL, &again), BJ_ERR_IO_ADDRESS_IN_USE);
	assert_true(next_segment(&f, &syn));
	assert_int_equal(syn.source_port, 5555);
	bj_tcp_info(t, &info);
	assert_true(bj_ip_equal(&info.local.ip, &from.ip));
	bj_tcp_abort(t);
	bj_stack_free(f.stack);
}

/* MUST-8 MUST-9 SHLD-1: the same connection's numbers run with the clock; another's, or another key's, are unrelated. */
static void initial_sequence_numbers_are_clocked_and_keyed(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1), g = open_stack((struct bj_stack_options){ 0 }, 2);
	struct tcp_key key = { .local = bj_ip4(10, 0, 0, 1), .remote = bj_ip4(10, 0, 0, 2), .local_port = 80, .remote_port = 9 };
	uint32_t first = isn_make(f.stack, &key), other;

	(void)state;
	bj_stack_tick(f.stack, f.now + 4000);
	assert_int_equal(isn_make(f.stack, &key) - first, 1000);
	bj_stack_tick(g.stack, g.now + 4000);
	other = isn_make(g.stack, &key);
	assert_int_not_equal(other - first, 1000);
	key.remote_port++;
	other = isn_make(f.stack, &key) - first;
	assert_true(other > 100000 && -other > 100000); /* of these seeds */
	bj_stack_free(f.stack);
	bj_stack_free(g.stack);
}

/* rfc6056, rfc7323:5.4: neither ports nor clocks of one pair of hosts tell those of another. */
static void ports_and_clocks_of_pairs_are_uncorrelated(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 3);
	uint32_t steps = 0, before = 0, same = 0;

	(void)state;
	for (uint8_t i = 1; i <= 100; i++) {
		struct tcp_key key = { .local = bj_ip4(10, 0, 0, 1), .remote = bj_ip4(10, 0, 1, i), .remote_port = 80 };
		uint32_t port = port_choose(f.stack, &key);

		assert_in_range(port, STACK_EPHEMERAL_FIRST, STACK_EPHEMERAL_FIRST + STACK_EPHEMERAL_COUNT - 1);
		steps += port - before <= 2; /* a common counter would go up by one each time */
		before = port;
		same += ts_offset_make(f.stack, &key) >> 24 == 0;
	}
	assert_true(steps <= 3);
	assert_true(same <= 5);
	bj_stack_free(f.stack);
}

static uint32_t challenges_of(struct fixture *f, uint16_t port, uint32_t seq)
{
	struct tcp_segment rst = { .source_port = port, .destination_port = 80, .seq = seq, .flags = TCP_RST, .window = 0 }, out;
	uint32_t count = 0;

	deliver(f, theirs, ours, &rst, (struct bj_bytes){ 0 });
	while (next_segment(f, &out))
		count++;
	return count;
}

/* CVE-2016-5696: what is withheld from one connection says nothing about another. */
static void the_limit_of_challenges_is_each_connections_own(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, NULL);

	(void)state;
	shake_hands(&f, 1001);
	shake_hands(&f, 1002);
	assert_int_equal(challenges_of(&f, 1001, 200), 1);
	for (int i = 0; i < 200; i++)
		assert_int_equal(challenges_of(&f, 1001, 200), 0);
	assert_int_equal(challenges_of(&f, 1002, 200), 1);
	bj_listener_close(l);
	bj_stack_free(f.stack);
}

static struct bj_tcp *accepted(struct fixture *f, struct bj_listener *l, uint32_t *out_ack)
{
	struct bj_tcp *t;

	*out_ack = shake_hands(f, 1001).seq + 1;
	assert_int_equal(bj_tcp_accept(l, &t), BJ_OK);
	return t;
}

static void acknowledge(struct fixture *f, uint32_t ack)
{
	struct tcp_segment s = { .source_port = 1001, .destination_port = 80, .seq = 101, .ack = ack, .flags = TCP_ACK, .window = 60000 };

	deliver(f, theirs, ours, &s, (struct bj_bytes){ 0 });
}

/* A window that nothing stops stays below its limit, and what is reckoned with it does not wrap. */
/* rfc4821:7: what the device would cut in pieces that are known to pass says nothing of larger ones. */
static void a_probe_of_the_path_stays_whole_where_the_device_cuts(void **state)
{
	static uint8_t bytes[20000], packet[BJ_OFFLOAD_PACKET_MAX];
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, NULL);
	struct bj_offload offload;
	struct bj_tcp_info info;
	struct bj_tcp *t;
	size_t len;

	(void)state;
	shake_hands(&f, 1);
	assert_int_equal(bj_tcp_accept(l, &t), BJ_OK);
	t->pmtu = 800;
	t->pmtu_good = t->sack_ok = true;
	tcp_update_mss(t);
	assert_non_null(rare_of(t));
	t->rare->search = (struct pmtu_search){ .at_us = f.now, .next = 1040, .high = 1040 };
	assert_int_equal(bj_tcp_write(t, bytes_of(bytes, sizeof(bytes)), &len), BJ_OK);
	assert_int_equal(bj_stack_output_offloaded(f.stack, f.now, packet, sizeof(packet), &len, &offload), BJ_OK);
	assert_int_equal(len, 1040);
	assert_int_equal(offload.segment_len, 0);
	assert_int_equal(bj_stack_output_offloaded(f.stack, f.now, packet, sizeof(packet), &len, &offload), BJ_OK);
	assert_int_equal(offload.segment_len, 760);
	bj_tcp_info(t, &info);
	assert_int_equal(info.pmtu, 800);
	bj_tcp_abort(t);
	bj_listener_close(l);
	bj_stack_free(f.stack);
}

static void a_window_without_losses_ends_at_its_limit(void **state)
{
	static const enum bj_congestion kinds[] = { BJ_CONGESTION_CUBIC, BJ_CONGESTION_RENO };

	(void)state;
	for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
		struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
		struct bj_listener *l = open_listener(&f, &(struct bj_tcp_options){ .congestion = kinds[k], .no_delay = true });
		uint32_t ack;
		struct bj_tcp *t = accepted(&f, l, &ack);
		struct tcp_segment out;
		size_t len;

		t->cwnd = TCP_CWND_MAX - 3000;
		t->ssthresh = k ? TCP_CWND_MAX / 2 : UINT32_MAX;
		for (int i = 0; i < 300; i++) {
			assert_int_equal(bj_tcp_write(t, BYTES_LIT("thirty days without a loss"), &len), BJ_OK);
			assert_true(next_segment(&f, &out));
			t->cwnd_limited = true;
			ack += (uint32_t)len;
			f.now += 8640 * SECOND; /* 30 days in all */
			acknowledge(&f, ack);
			assert_in_range(t->cwnd, 1, TCP_CWND_MAX);
		}
		bj_tcp_abort(t);
		bj_listener_close(l);
		bj_stack_free(f.stack);
	}
}

/* A packet's time is when it arrived, not when somebody got round to it. */
static void a_round_trip_ends_when_the_packet_arrived(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, NULL);
	uint32_t ack;
	struct bj_tcp *t = accepted(&f, l, &ack);
	struct bj_tcp_info info;
	struct tcp_segment out;
	size_t len;

	(void)state;
	assert_int_equal(bj_tcp_write(t, BYTES_LIT("x"), &len), BJ_OK);
	assert_true(next_segment(&f, &out));
	f.now += SECOND / 10;
	t->srtt_us = 0; /* forget the handshake */
	acknowledge(&f, ack + 1);
	f.now += 5 * SECOND; /* the owner was busy with other things */
	assert_false(next_segment(&f, &out));
	bj_tcp_info(t, &info);
	assert_int_equal(info.srtt_us, SECOND / 10);
	bj_tcp_abort(t);
	bj_listener_close(l);
	bj_stack_free(f.stack);
}

/* MUST-1 REC-1: a window of 65535 is no negative one, and scaled by 14 it is nearly a gibibyte. */
static void windows_are_unsigned_and_wide(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, NULL);
	struct tcp_segment syn = syn_from(9, 100), answer, ack = { .source_port = 9, .destination_port = 80, .seq = 101, .flags = TCP_ACK,
								   .window = 65535 };
	struct bj_tcp_info info;
	struct bj_tcp *t;

	(void)state;
	syn.options.has_window_scale = true;
	syn.options.window_scale = 14;
	syn.window = 65535;
	deliver(&f, theirs, ours, &syn, (struct bj_bytes){ 0 });
	assert_true(next_segment(&f, &answer));
	ack.ack = answer.seq + 1;
	deliver(&f, theirs, ours, &ack, (struct bj_bytes){ 0 });
	assert_int_equal(bj_tcp_accept(l, &t), BJ_OK);
	bj_tcp_info(t, &info);
	assert_int_equal(info.snd_wnd, UINT32_C(65535) << 14);
	bj_tcp_abort(t);
	bj_listener_close(l);
	bj_stack_free(f.stack);
}

static void every_change_of_state_is_one_of_the_figure(void **state)
{
	/* rfc9293:3.3.2, figure 5, by hand: from, to */
	static const char *const allowed[] = {
		"CLOSED LISTEN", "CLOSED SYN-SENT", "LISTEN SYN-RECEIVED", "LISTEN ESTABLISHED", "LISTEN CLOSED", "SYN-SENT SYN-RECEIVED",
		"SYN-SENT ESTABLISHED", "SYN-SENT CLOSED", "SYN-RECEIVED ESTABLISHED", "SYN-RECEIVED FIN-WAIT-1", "SYN-RECEIVED CLOSED",
		"ESTABLISHED FIN-WAIT-1", "ESTABLISHED CLOSE-WAIT", "ESTABLISHED CLOSED", "FIN-WAIT-1 FIN-WAIT-2", "FIN-WAIT-1 CLOSING",
		"FIN-WAIT-1 TIME-WAIT", "FIN-WAIT-1 CLOSED", "FIN-WAIT-2 TIME-WAIT", "FIN-WAIT-2 CLOSED", "CLOSE-WAIT LAST-ACK",
		"CLOSE-WAIT CLOSED", "CLOSING TIME-WAIT", "CLOSING CLOSED", "LAST-ACK CLOSED", "TIME-WAIT CLOSED",
	};
	size_t found = 0;

	(void)state;
	for (unsigned from = 0; from < BJ_TCP_STATES; from++)
		for (unsigned to = 0; to < BJ_TCP_STATES; to++) {
			char words[64];
			bool listed = false;

			snprintf(words, sizeof(words), "%s %s", bj_tcp_state_name(from), bj_tcp_state_name(to));
			for (size_t i = 0; i < ARRAY_COUNT(allowed); i++)
				listed |= strcmp(words, allowed[i]) == 0;
			if (listed != tcp_state_may_change(from, to))
				fail_msg("%s: %s", words, listed ? "must be allowed" : "must not be");
			found += listed;
		}
	assert_int_equal(found, ARRAY_COUNT(allowed));
}

static void a_flood_of_syns_gets_cookies_and_costs_nothing_more(void **state)
{
	const struct bj_tcp_options options = { .syn_backlog = 16 };
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, &options);
	struct tcp_segment answer;
	struct bj_stack_stats stats;
	struct bj_tcp *t;

	(void)state;
	for (uint16_t port = 1; port <= 200; port++) {
		struct tcp_segment syn = syn_from(port, port);

		deliver(&f, theirs, ours, &syn, (struct bj_bytes){ 0 });
		assert_true(next_segment(&f, &answer));
		assert_int_equal(answer.flags, TCP_SYN | TCP_ACK);
	}
	bj_stack_stats(f.stack, &stats);
	assert_int_equal(stats.connections, 16);
	assert_int_equal(stats.cookies_sent, 184);
	shake_hands(&f, 9999); /* a cookie that comes back opens */
	assert_int_equal(bj_tcp_accept(l, &t), BJ_OK);
	bj_tcp_abort(t);
	f.now += 200 * SECOND;
	bj_stack_tick(f.stack, f.now);
	bj_stack_stats(f.stack, &stats);
	assert_int_equal(stats.connections, 0); /* the half-open ones were given up */
	bj_listener_close(l);
	bj_stack_free(f.stack);
}

static struct tcp_segment fast_syn(struct fixture *f, uint16_t port, uint8_t cookie[FAST_OPEN_COOKIE_LEN])
{
	const struct tcp_key key = { .local = bj_ip4(10, 0, 0, 1), .remote = bj_ip4(10, 0, 0, 2) };
	struct tcp_segment syn = syn_from(port, 100);

	fast_open_cookie(f->stack, &key, cookie);
	syn.options.has_fast_open = true;
	syn.options.fast_open = bytes_of(cookie, FAST_OPEN_COOKIE_LEN);
	syn.payload = BYTES_LIT("hello");
	return syn;
}

/* rfc7413:5.1: clients that never prove themselves cannot have more than a few opened early. */
static void what_is_opened_fast_is_bounded(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, &(struct bj_tcp_options){ .fast_open = true, .fast_open_max = 2 });
	struct tcp_segment answer, ack = { .source_port = 1, .destination_port = 80, .seq = 106, .flags = TCP_ACK, .window = 60000 };
	uint8_t cookie[FAST_OPEN_COOKIE_LEN];
	struct bj_stack_stats stats;
	uint32_t first = 0;

	(void)state;
	for (uint16_t port = 1; port <= 3; port++) {
		struct tcp_segment syn = fast_syn(&f, port, cookie);

		deliver(&f, theirs, ours, &syn, (struct bj_bytes){ 0 });
		assert_true(next_segment(&f, &answer));
		assert_int_equal(answer.ack, port <= 2 ? 106 : 101);
		first = port == 1 ? answer.seq : first;
	}
	ack.ack = first + 1; /* one proves itself: there is room for one more */
	deliver(&f, theirs, ours, &ack, (struct bj_bytes){ 0 });
	for (uint16_t port = 4; port <= 5; port++) {
		struct tcp_segment syn = fast_syn(&f, port, cookie);

		deliver(&f, theirs, ours, &syn, (struct bj_bytes){ 0 });
		assert_true(next_segment(&f, &answer));
		assert_int_equal(answer.ack, port == 4 ? 106 : 101);
	}
	bj_stack_stats(f.stack, &stats);
	assert_int_equal(stats.fast_opens, 3);
	assert_int_equal(stats.fast_open_overflows, 2);
	bj_listener_close(l);
	assert_int_equal(f.stack->fast_open_pending, 0);
	bj_stack_free(f.stack);
}

static void a_full_accept_queue_takes_no_more(void **state)
{
	const struct bj_tcp_options options = { .backlog = 2 };
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, &options);
	struct tcp_segment syn = syn_from(3, 100), answer;
	struct bj_tcp *t;

	(void)state;
	shake_hands(&f, 1);
	shake_hands(&f, 2);
	deliver(&f, theirs, ours, &syn, (struct bj_bytes){ 0 });
	assert_false(next_segment(&f, &answer));
	assert_int_equal(bj_tcp_accept(l, &t), BJ_OK);
	bj_tcp_release(t);
	assert_true(next_segment(&f, &answer)); /* its FIN */
	shake_hands(&f, 3);
	bj_listener_close(l);
	bj_stack_free(f.stack);
}

/* ---- what one source may have */

static size_t sources_counted(const struct bj_stack *s)
{
	size_t count = 0;

	for (size_t i = 0; s->sources.slots && i < s->sources.slot_count; i++)
		for (size_t c = 0; c < SOURCE_COUNTS; c++)
			count += s->sources.slots[i].counts[c];
	return count;
}

static uint16_t answer_to(struct fixture *f, const uint8_t from[4], const struct tcp_segment *s)
{
	struct tcp_segment answer;

	deliver(f, from, ours, s, (struct bj_bytes){ 0 });
	return next_segment(f, &answer) ? answer.flags : 0;
}

/* rfc4987:3.6: one source has its share of what is kept of SYNs; beyond it gets cookies, and nobody else does. */
static void a_flood_from_one_source_leaves_places_for_others(void **state)
{
	static const uint8_t another[4] = { 10, 0, 0, 3 };
	static const struct {
		bool never;
		uint16_t answer;
		uint64_t cookies;
	} rows[] = { { false, TCP_SYN | TCP_ACK, 16 }, { true, 0, 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct fixture f = open_stack((struct bj_stack_options){ .source_half_open_max = 4 }, 1);
		struct bj_listener *l = open_listener(&f, &(struct bj_tcp_options){ .syn_backlog = 5, .syn_cookies_never = rows[i].never });
		struct bj_stack_stats stats;
		struct tcp_segment syn;

		for (uint16_t port = 1; port <= 20; port++) {
			syn = syn_from(port, port);
			assert_int_equal(answer_to(&f, theirs, &syn), port <= 4 ? TCP_SYN | TCP_ACK : rows[i].answer);
		}
		syn = syn_from(1, 1);
		assert_int_equal(answer_to(&f, another, &syn), TCP_SYN | TCP_ACK);
		bj_stack_stats(f.stack, &stats);
		assert_int_equal(stats.connections, 5);
		assert_int_equal(stats.cookies_sent, rows[i].cookies);
		assert_int_equal(stats.source_half_open_overflows, 16);
		f.now += 200 * SECOND;
		bj_stack_tick(f.stack, f.now);
		assert_int_equal(sources_counted(f.stack), 0);
		bj_listener_close(l);
		bj_stack_free(f.stack);
	}
}

/* Unless the owner chose otherwise: 128, which those never see whose handshakes take less than a second. */
static void a_source_has_128_half_open_connections_by_default(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, NULL);
	struct bj_stack_stats stats;

	(void)state;
	for (uint16_t port = 1; port <= 200; port++) {
		struct tcp_segment syn = syn_from(port, port);

		assert_int_equal(answer_to(&f, theirs, &syn), TCP_SYN | TCP_ACK);
	}
	bj_stack_stats(f.stack, &stats);
	assert_int_equal(stats.connections, 128);
	assert_int_equal(stats.cookies_sent, 72);
	bj_listener_close(l);
	assert_int_equal(sources_counted(f.stack), 0);
	bj_stack_free(f.stack);
}

static void a_source_that_waits_for_accept_waits_with_few(void **state)
{
	static const uint8_t another[4] = { 10, 0, 0, 3 };
	struct fixture f = open_stack((struct bj_stack_options){ .source_waiting_max = 2 }, 1);
	struct bj_listener *l = open_listener(&f, NULL);
	struct tcp_segment syn = syn_from(3, 100);
	struct bj_stack_stats stats;
	struct bj_tcp *t;

	(void)state;
	shake_hands(&f, 1);
	shake_hands(&f, 2);
	assert_int_equal(answer_to(&f, theirs, &syn), 0);
	assert_int_equal(answer_to(&f, another, &syn), TCP_SYN | TCP_ACK);
	assert_int_equal(bj_tcp_accept(l, &t), BJ_OK);
	shake_hands(&f, 3); /* it came again */
	bj_stack_stats(f.stack, &stats);
	assert_int_equal(stats.source_waiting_overflows, 1);
	bj_tcp_abort(t);
	bj_listener_close(l);
	assert_int_equal(sources_counted(f.stack), 0);
	bj_stack_free(f.stack);
}

/* Who is at the limit is told so, whatever way the handshake went; who only pretends to be that source changes nothing. */
static void a_source_with_all_its_connections_is_refused(void **state)
{
	static const uint8_t another[4] = { 10, 0, 0, 3 };

	(void)state;
	for (unsigned cookies = 0; cookies < 2; cookies++) {
		struct fixture f = open_stack((struct bj_stack_options){ .source_connection_max = 2 }, 1);
		struct bj_listener *l = open_listener(&f, &(struct bj_tcp_options){ .syn_cookies_always = cookies == 1 });
		struct tcp_segment syn = syn_from(2, 100), late = syn_from(9, 100), answer;
		struct tcp_segment ack = { .source_port = 9, .destination_port = 80, .seq = 101, .flags = TCP_ACK, .window = 60000 };
		struct bj_tcp *first, *second, *third;
		struct bj_stack_stats stats;

		for (uint16_t port = 100; port < 110; port++) { /* never proved */
			struct tcp_segment forged = syn_from(port, 100);

			assert_int_equal(answer_to(&f, theirs, &forged), TCP_SYN | TCP_ACK);
		}
		shake_hands(&f, 1);
		deliver(&f, theirs, ours, &late, (struct bj_bytes){ 0 });
		assert_true(next_segment(&f, &answer)); /* it is slow with its last step */
		shake_hands(&f, 2);
		assert_int_equal(bj_tcp_accept(l, &first), BJ_OK);
		assert_int_equal(bj_tcp_accept(l, &second), BJ_OK);
		ack.ack = answer.seq + 1;
		assert_int_equal(answer_to(&f, theirs, &ack), TCP_RST);
		syn.source_port = 3;
		assert_int_equal(answer_to(&f, theirs, &syn), TCP_RST | TCP_ACK);
		assert_int_equal(answer_to(&f, another, &syn), TCP_SYN | TCP_ACK);
		bj_tcp_abort(first);
		assert_true(next_segment(&f, &answer));
		shake_hands(&f, 3);
		assert_int_equal(bj_tcp_accept(l, &third), BJ_OK);
		bj_stack_stats(f.stack, &stats);
		assert_int_equal(stats.source_connection_overflows, 2);
		bj_tcp_abort(second);
		bj_tcp_abort(third);
		bj_listener_close(l);
		assert_int_equal(sources_counted(f.stack), 0);
		bj_stack_free(f.stack);
	}
}

static struct bj_tcp *come_from(struct bj_stack *s, struct bj_ip remote)
{
	const struct tcp_key key = { .local = bj_ip4(10, 0, 0, 1), .remote = remote, .local_port = 80, .remote_port = 1 };
	struct bj_tcp *t = tcp_make(s, &key, s->defaults);

	assert_non_null(t);
	source_half_opened(t);
	return t;
}

static void a_source_of_ipv6_is_its_64(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ .source_half_open_max = 2 }, 1);
	const struct bj_ip one = { { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, [15] = 1 } }, two = { { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 9, [15] = 2 } },
			   other = { { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 2, [15] = 1 } };

	(void)state;
	come_from(f.stack, one);
	come_from(f.stack, two);
	assert_true(source_is_full(&f.stack->sources, &one, SOURCE_HALF_OPEN));
	assert_false(source_is_full(&f.stack->sources, &other, SOURCE_HALF_OPEN));
	bj_stack_free(f.stack);
}

/* A source for which the table has no place is let in, and what it opens is not counted when it ends either. */
static void a_full_table_of_sources_refuses_nobody(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ .source_half_open_max = 1, .connection_max = SOURCE_WAYS }, 1);
	const struct bj_ip late = bj_ip4(10, 9, 0, 1);
	struct bj_tcp *t = NULL;

	(void)state;
	f.stack->tcps.count_max = 100;
	for (uint8_t i = 0; i < SOURCE_WAYS; i++)
		t = come_from(f.stack, bj_ip4(10, 1, 0, i));
	assert_true(t->source_counted);
	for (unsigned i = 0; i < 2; i++)
		assert_false(source_is_full(&f.stack->sources, &late, SOURCE_HALF_OPEN));
	t = come_from(f.stack, late);
	assert_false(t->source_counted);
	assert_int_equal(sources_counted(f.stack), SOURCE_WAYS);
	source_dequeued(t);
	assert_int_equal(sources_counted(f.stack), SOURCE_WAYS);
	bj_stack_free(f.stack);
}

static void what_is_not_limited_is_not_counted(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ .source_half_open_max = UINT32_MAX }, 1);

	(void)state;
	assert_false(come_from(f.stack, bj_ip4(10, 1, 0, 1))->source_counted);
	assert_null(f.stack->sources.slots);
	bj_stack_free(f.stack);
}

static void idle_connections_hold_no_buffers(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, NULL);
	struct bj_tcp *tcps[100];
	struct bj_stack_stats stats;

	(void)state;
	for (uint16_t i = 0; i < 100; i++) {
		shake_hands(&f, (uint16_t)(1000 + i));
		assert_int_equal(bj_tcp_accept(l, &tcps[i]), BJ_OK);
	}
	bj_stack_stats(f.stack, &stats);
	assert_int_equal(stats.connections, 100);
	assert_int_equal(stats.memory_used, 0);
	assert_true(stats.connection_size <= TCP_SIZE_MAX);
	assert_int_equal(bj_stack_deadline(f.stack) == INT64_MAX || bj_stack_deadline(f.stack) > f.now, true);
	for (size_t i = 0; i < 100; i++)
		bj_tcp_abort(tcps[i]);
	bj_listener_close(l);
	bj_stack_free(f.stack);
}

static void a_stack_that_is_full_refuses_to_connect(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ .connection_max = 2 }, 1);
	const struct bj_endpoint to = { bj_ip4(10, 0, 0, 2), 80 };
	struct bj_tcp *t[3];

	(void)state;
	assert_int_equal(bj_tcp_connect(f.stack, NULL, &to, NULL, &t[0]), BJ_OK);
	assert_int_equal(bj_tcp_connect(f.stack, NULL, &to, NULL, &t[1]), BJ_OK);
	assert_int_equal(bj_tcp_connect(f.stack, NULL, &to, NULL, &t[2]), BJ_ERR_LIMIT);
	bj_stack_free(f.stack); /* handles end with it */
}

static void an_echo_is_answered(void **state)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct icmp echo = { .type = ICMP_ECHO, .id = 7, .sequence = 3, .body = BYTES_LIT("hello") }, answer;
	struct ipv4 ip = { .ttl = 64, .protocol = IP_ICMP, .from = { 10, 0, 0, 2 }, .to = { 10, 0, 0, 1 } };
	uint8_t packet[2048];
	struct writer w = wr_make(packet, sizeof(packet));
	size_t len;

	(void)state;
	ipv4_write_header(&w, &ip, 13);
	icmp_write(&w, &echo);
	bj_stack_input(f.stack, f.now, wr_view(&w));
	assert_int_equal(bj_stack_output(f.stack, f.now, packet, sizeof(packet), &len), BJ_OK);
	assert_int_equal(ipv4_parse(bytes_of(packet, len), &ip), BJ_OK);
	assert_memory_equal(ip.to, theirs, 4);
	assert_int_equal(icmp_parse(ip.payload, &answer), BJ_OK);
	assert_int_equal(answer.type, ICMP_ECHO_REPLY);
	assert_int_equal(answer.id, 7);
	assert_true(bytes_equal(answer.body, echo.body));
	bj_stack_free(f.stack);
}

/* Sends a SYN in fragments of `size` bytes, those of `order` in that order. True: it was answered. */
static bool syn_in_fragments(size_t size, const uint8_t *order, size_t count, int64_t pause_us)
{
	struct fixture f = open_stack((struct bj_stack_options){ 0 }, 1);
	struct bj_listener *l = open_listener(&f, NULL);
	struct tcp_segment syn = syn_from(9, 100), answer;
	uint8_t whole[64], packet[128];
	struct writer w = wr_make(whole, sizeof(whole));
	bool answered;

	syn.payload = BYTES_LIT("0123456789abcdefghijklmnopqrst");
	tcp_write(&w, &syn, bytes_of(theirs, 4), bytes_of(ours, 4));
	for (size_t i = 0; i < count; i++) {
		size_t at = order[i] * size, len = w.len - at < size ? w.len - at : size;
		struct ipv4 ip = { .ttl = 64, .protocol = IP_TCP, .id = 77, .from = { 10, 0, 0, 2 }, .to = { 10, 0, 0, 1 },
				   .fragment_offset = (uint16_t)at, .more_fragments = at + len < w.len, .payload = { whole + at, len } };
		struct writer p = wr_make(packet, sizeof(packet));

		ipv4_write(&p, &ip);
		bj_stack_input(f.stack, f.now, wr_view(&p));
		f.now += pause_us;
		bj_stack_tick(f.stack, f.now);
	}
	answered = next_segment(&f, &answer);
	bj_listener_close(l);
	bj_stack_free(f.stack);
	return answered;
}

static void fragments_in_any_order_make_one_segment(void **state)
{
	static const uint8_t forward[] = { 0, 1, 2 }, backward[] = { 2, 1, 0 }, twice[] = { 1, 1, 0, 0, 2 }, missing[] = { 0, 2 };

	(void)state;
	assert_false(syn_in_fragments(24, missing, 2, 0));
	assert_false(syn_in_fragments(24, forward, 3, 20 * SECOND)); /* too slowly */
	assert_false(syn_in_fragments(8, (const uint8_t[]){ 0, 1, 2, 3, 4, 5, 6 }, 7, 0)); /* the first hides the header */
	assert_true(syn_in_fragments(24, forward, 3, SECOND));
	assert_true(syn_in_fragments(24, backward, 3, 0));
	assert_true(syn_in_fragments(24, twice, 5, 0));
}

static void overlapping_fragments_spoil_all(void **state)
{
	struct reassembly r;
	struct datagram *done;
	struct bj_bytes whole;
	uint64_t dropped = 0;
	static const uint8_t bytes[64];
	struct fragment f = { .id = 1, .more = true, .payload = { bytes, 16 } };

	(void)state;
	reassembly_init(&r);
	assert_false(reassembly_add(&r, 0, &f, &whole, &done, &dropped));
	f.offset = 8;
	assert_false(reassembly_add(&r, 0, &f, &whole, &done, &dropped));
	assert_int_equal(dropped, 1);
	f.offset = 16;
	f.more = false;
	assert_false(reassembly_add(&r, 0, &f, &whole, &done, &dropped));
	assert_int_equal(reassembly_deadline(&r), REASSEMBLY_TIMEOUT_US);
	reassembly_expire(&r, REASSEMBLY_TIMEOUT_US, &dropped);
	assert_int_equal(r.count, 0);
	reassembly_fini(&r);
}

static void ranges_are_what_a_bitmap_says(void **state)
{
	struct prng g = { 5 };

	(void)state;
	for (int round = 0; round < 200; round++) {
		uint32_t base = (uint32_t)prng_next(&g), next = base;
		struct ranges *r = NULL;
		bool have[400] = { 0 };

		for (int turn = 0; turn < 60; turn++) {
			uint32_t from = prng_below(&g, 380), len = 1 + prng_below(&g, 20), at = next - base;
			struct range gap;
			uint32_t missing;

			if (from < at)
				continue;
			for (missing = from; missing < from + len && have[missing]; missing++)
				;
			assert_int_equal(ranges_first_gap(r, base + from, base + from + len, &gap), missing < from + len);
			if (missing < from + len)
				assert_int_equal(gap.start, base + missing);
			for (missing = from; missing < from + len && !have[missing]; missing++)
				;
			assert_int_equal(ranges_first_overlap(r, base + from, base + from + len, &gap), missing < from + len);
			if (missing < from + len) {
				assert_int_equal(gap.start, base + missing);
				for (; missing < from + len && have[missing]; missing++)
					;
				assert_int_equal(gap.end, base + missing);
			}
			assert_true(ranges_add(&r, base + from, base + from + len));
			for (uint32_t i = 0; i < len; i++)
				have[from + i] = true;
			if (prng_below(&g, 5) == 0) {
				next = ranges_take(&r, next);
				while (have[at])
					at++;
				assert_int_equal(next, base + at);
			}
			for (uint32_t i = next - base; i < 400; i++)
				assert_int_equal(ranges_find(r, base + i) != NULL, have[i]);
		}
		ranges_free(&r);
	}
}

static void scattered_bytes_are_bounded(void **state)
{
	struct ranges *r = NULL;

	(void)state;
	for (uint32_t i = 0; i < RANGES_MAX; i++)
		assert_true(ranges_add(&r, 2 * i, 2 * i + 1));
	assert_false(ranges_add(&r, 2 * RANGES_MAX, 2 * RANGES_MAX + 1));
	assert_true(ranges_add(&r, 1, 2)); /* one that joins others is welcome */
	assert_int_equal(r->count, RANGES_MAX - 1);
	ranges_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stack_needs_randomness_and_sane_options),
		cmocka_unit_test(addresses_of_many_hosts_are_refused),
		cmocka_unit_test(a_syn_of_an_impossible_address_is_ignored),
		cmocka_unit_test(unknown_ip_options_are_ignored),
		cmocka_unit_test(connect_takes_a_local_address),
		cmocka_unit_test(a_connection_goes_by_the_route_that_was_asked_for),
		cmocka_unit_test(the_way_back_is_the_way_turned_round),
		cmocka_unit_test(a_route_that_came_is_not_heeded_unless_the_owner_said_so),
		cmocka_unit_test(a_chosen_route_goes_before_one_that_came),
		cmocka_unit_test(initial_sequence_numbers_are_clocked_and_keyed),
		cmocka_unit_test(ports_and_clocks_of_pairs_are_uncorrelated),
		cmocka_unit_test(the_limit_of_challenges_is_each_connections_own),
		cmocka_unit_test(a_probe_of_the_path_stays_whole_where_the_device_cuts),
		cmocka_unit_test(a_window_without_losses_ends_at_its_limit),
		cmocka_unit_test(a_round_trip_ends_when_the_packet_arrived),
		cmocka_unit_test(windows_are_unsigned_and_wide),
		cmocka_unit_test(every_change_of_state_is_one_of_the_figure),
		cmocka_unit_test(a_flood_of_syns_gets_cookies_and_costs_nothing_more),
		cmocka_unit_test(what_is_opened_fast_is_bounded),
		cmocka_unit_test(a_full_accept_queue_takes_no_more),
		cmocka_unit_test(a_flood_from_one_source_leaves_places_for_others),
		cmocka_unit_test(a_source_has_128_half_open_connections_by_default),
		cmocka_unit_test(a_source_that_waits_for_accept_waits_with_few),
		cmocka_unit_test(a_source_with_all_its_connections_is_refused),
		cmocka_unit_test(a_source_of_ipv6_is_its_64),
		cmocka_unit_test(a_full_table_of_sources_refuses_nobody),
		cmocka_unit_test(what_is_not_limited_is_not_counted),
		cmocka_unit_test(idle_connections_hold_no_buffers),
		cmocka_unit_test(a_stack_that_is_full_refuses_to_connect),
		cmocka_unit_test(an_echo_is_answered),
		cmocka_unit_test(fragments_in_any_order_make_one_segment),
		cmocka_unit_test(overlapping_fragments_spoil_all),
		cmocka_unit_test(ranges_are_what_a_bitmap_says),
		cmocka_unit_test(scattered_bytes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
