/* edge_test.c - what a hostile peer, an unlucky network or a careless owner does at the edges: bounds that must hold, and connections that
 * must not stand still. */
#include "tcpip/flight.h"
#include "tcpip/neighbour.h"
#include "tcpip/peer_test.h"
#include "tcpip/wire/icmpv6.h"
#include "tcpip/wire/ipv6.h"

/* ---- memory */

/* Windows are told in units; what a unit rounds up must not add up with each ACK. */
static void a_buffer_that_nobody_reads_ends_at_its_limit(void **state)
{
	static const uint8_t bytes[1000];
	struct world w;
	uint32_t window = 60000, limit;

	(void)state;
	world_open(&w);
	limit = info_of(w.tcp).receive_buffer_max;
	for (unsigned i = 0; i < 4000 && window > 1; i++) {
		struct tcp_segment out = { 0 };

		say(&w, TCP_ACK, 60000, bytes_of(bytes, u32_min(window - 1, sizeof(bytes))));
		w.now += SECOND / 10;
		bj_stack_tick(w.stack, w.now);
		if (take(&w, &out))
			window = (uint32_t)out.window << info_of(w.tcp).rcv_wscale;
	}
	assert_int_equal(window, 0);
	assert_true(info_of(w.tcp).receive_buffered <= limit + (1u << info_of(w.tcp).rcv_wscale));
	/* all that was promised is taken, and nothing more */
	say(&w, TCP_ACK, 60000, bytes_of(bytes, 1000));
	assert_true(info_of(w.tcp).receive_buffered <= limit + (1u << info_of(w.tcp).rcv_wscale));
	world_end(&w);
}

/* A write that found no memory is told when there may be some, even if nothing is on its way whose ACK could tell. */
static void a_write_that_found_no_memory_is_asked_for_again(void **state)
{
	struct world w;
	struct bj_tcp *hungry;
	enum bj_err err = BJ_OK;
	struct bj_ready_one one;
	bool told = false;
	size_t len;

	(void)state;
	world_make(&w, (struct bj_stack_options){ .memory_max = 38000 });
	open_passively(&w, NULL, usual);
	hungry = w.tcp;
	w.port++;
	open_passively(&w, NULL, usual);
	(void)write_bytes(w.tcp, 32000); /* takes all that there is for it */
	for (unsigned i = 0; i < 40; i++) { /* an owner who tries when he is told to */
		if (i == 0 || told) {
			err = bj_tcp_write(hungry, BYTES_LIT("x"), &len);
			assert_int_equal(err, i <= 20 ? BJ_ERR_WOULD_BLOCK : BJ_OK);
		}
		if (!err)
			break;
		if (i == 20)
			bj_tcp_abort(w.tcp);
		(void)run_until(&w, w.now + SECOND / 10);
		for (told = false; bj_stack_next_ready(w.stack, &one) == BJ_OK;)
			told |= one.tcp == hungry && one.ready & BJ_READY_WRITE;
	}
	assert_int_equal(err, BJ_OK);
	world_end(&w);
}

/* Who writes what he reads would else wait for room that only his own reading could make. */
static void what_is_received_leaves_memory_for_what_is_sent(void **state)
{
	static const uint8_t bytes[1000];
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ .memory_max = 65536 });
	open_passively(&w, NULL, usual);
	for (unsigned i = 0; i < 60; i++) {
		say(&w, TCP_ACK, 60000, bytes_of(bytes, sizeof(bytes)));
		(void)take_all(&w);
	}
	assert_in_range(info_of(w.tcp).receive_buffered, 30000, 65536 * 7 / 8);
	assert_int_equal(write_bytes(w.tcp, 1000), 1000);
	world_end(&w);
}

/* And two who write to each other would wait for room in which to hear that it has arrived. */
static void what_is_sent_leaves_memory_for_what_is_received(void **state)
{
	struct world w;
	size_t written;

	(void)state;
	world_make(&w, (struct bj_stack_options){ .memory_max = 65536 });
	open_passively(&w, NULL, usual);
	for (unsigned i = 0; i < 3; i++) { /* rings of 32, 16 and 8 KiB */
		while (!bj_tcp_write(w.tcp, BYTES_LIT("something to send, and again"), &written))
			;
		(void)take_all(&w);
		w.port++;
		open_passively(&w, NULL, usual);
	}
	say(&w, TCP_ACK, 60000, BYTES_LIT("in order"));
	assert_int_equal(info_of(w.tcp).receive_buffered, 8);
	world_end(&w);
}

/* One byte at the far end of each window takes whole rings; who sends in order still finds memory. */
static void early_bytes_of_some_leave_memory_for_others(void **state)
{
	struct bj_tcp_info info;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ .memory_max = 1 << 20 });
	for (unsigned i = 0; i < 30; i++) {
		w.port++;
		open_passively(&w, NULL, usual);
		w.seq += 65000;
		say(&w, TCP_ACK, 60000, BYTES_LIT("x"));
		(void)take_all(&w);
	}
	w.port++;
	open_passively(&w, NULL, usual);
	say(&w, TCP_ACK, 60000, BYTES_LIT("in order"));
	info = info_of(w.tcp);
	assert_int_equal(info.receive_buffered, 8);
	world_end(&w);
}

/* The ring that is kept warm is larger than what memory is left, a smaller one is not. */
static void a_kept_ring_does_not_stand_in_the_way_of_a_small_one(void **state)
{
	struct buffer_memory memory = { .max = 40960 };
	struct buffer a = { .limit = 0 }, b = { .limit = 0 }, c = { .limit = 0 };

	(void)state;
	assert_true(buffer_grow(&a, &memory, BUFFER_RECEIVE, BUFFER_SPARE_MIN));
	buffer_free(&a, &memory, BUFFER_RECEIVE);
	assert_true(buffer_grow(&b, &memory, BUFFER_RECEIVE, 2 * BUFFER_SPARE_MIN));
	assert_true(buffer_grow(&c, &memory, BUFFER_RECEIVE, 100));
	assert_true(memory.used <= memory.max);
	buffer_free(&b, &memory, BUFFER_RECEIVE);
	buffer_free(&c, &memory, BUFFER_RECEIVE);
	assert_int_equal(memory.used, 0);
	buffer_memory_fini(&memory);
}

/* CVE-2019-11477 in another dress: every second byte is reported, and each report would cut a record in pieces. */
static void reports_of_single_bytes_do_not_cut_what_is_out_to_pieces(void **state)
{
	struct world w;
	unsigned records = 0;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &(struct bj_tcp_options){ .no_delay = true }, usual);
	w.tcp->cwnd = 60000;
	(void)write_bytes(w.tcp, 50000);
	assert_true(take_all(&w) >= 50);
	for (uint32_t at = 2; at < 50000; at += 8) {
		w.options.sack_count = 4;
		for (uint32_t i = 0; i < 4; i++)
			w.options.sack[i] = (struct tcp_block){ w.ack + at + 2 * i, w.ack + at + 2 * i + 1 };
		say_ack(&w, 60000);
	}
	for (struct list *it = w.tcp->flight->by_seq.next; it != &w.tcp->flight->by_seq; it = it->next)
		records++;
	assert_true(records < 200);
	world_end(&w);
}

/* It may stay shut for as long as the peer answers, where there is an owner; of one that nobody has, nobody could let go. */
static void a_shut_window_does_not_keep_a_connection_without_owner_for_ever(void **state)
{
	struct bj_stack_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	say_ack(&w, 0);
	(void)write_bytes(w.tcp, 20000);
	bj_tcp_release(w.tcp);
	for (unsigned i = 0; i < 1000; i++) { /* more than half an hour */
		(void)run_until(&w, w.now + 2 * SECOND);
		say_ack(&w, 0);
	}
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.connections, 0);
	assert_int_equal(stats.memory_used, 0);
	world_end(&w);
}

/* Nor do ACKs that say nothing. */
static void acks_do_not_keep_fin_wait_2_without_owner_for_ever(void **state)
{
	struct bj_stack_stats stats;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &(struct bj_tcp_options){ .keepalive = true }, usual);
	bj_tcp_release(w.tcp);
	(void)take_all(&w);
	w.ack++; /* the FIN */
	for (unsigned i = 0; i < 20; i++) {
		say_ack(&w, 60000);
		(void)run_until(&w, w.now + 20 * SECOND);
	}
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.connections, 0);
	world_end(&w);
}

/* ---- nothing stands still */

/* Who writes on must not put off for ever that the loss of what he wrote first is looked for. */
static void a_writer_does_not_put_off_the_retransmission(void **state)
{
	uint32_t most;
	bool again = false;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &(struct bj_tcp_options){ .no_delay = true }, usual);
	most = w.ack;
	for (unsigned i = 0; i < 40 && !again; i++) { /* two seconds */
		struct tcp_segment out;

		(void)write_bytes(w.tcp, 1);
		while (take(&w, &out)) {
			again |= seq_lt(out.seq, most);
			most = seq_max(most, out.seq + (uint32_t)out.payload.len);
		}
		w.now += SECOND / 20;
		if (bj_stack_deadline(w.stack) <= w.now)
			bj_stack_tick(w.stack, w.now);
	}
	assert_true(again);
	world_end(&w);
}

/* The path began to take larger segments just when a loss had halved the window: it is now smaller than one of them. */
static void a_window_below_one_segment_lets_one_go(void **state)
{
	struct tcp_segment out;
	struct world w;

	(void)state;
	world_open(&w);
	w.tcp->cwnd = w.tcp->mss - 1u;
	(void)write_bytes(w.tcp, 5000);
	assert_true(take(&w, &out));
	assert_int_equal(out.payload.len, 1000);
	assert_false(take(&w, &out));
	world_end(&w);
}

/* "For ever" is what an owner may well say of a time. */
static void times_without_end_end_nothing_and_wake_nobody(void **state)
{
	const struct bj_tcp_options o = { .keepalive = true, .keepalive_idle_us = INT64_MAX, .keepalive_interval_us = INT64_MAX, .user_timeout_us = INT64_MAX,
					  .syn_timeout_us = INT64_MAX, .rto_min_us = INT64_MAX, .ack_delay_us = INT64_MAX, .time_wait_us = INT64_MAX,
					  .fin_wait_2_us = INT64_MAX };
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &o, usual);
	assert_true(run_until(&w, w.now + 10 * SECOND) < 5);
	(void)write_bytes(w.tcp, 1);
	(void)take_all(&w);
	assert_true(run_until(&w, w.now + 600 * SECOND) < 50);
	assert_int_equal(info_of(w.tcp).state, BJ_TCP_ESTABLISHED);
	w.ack++;
	say_ack(&w, 60000);
	assert_int_equal(bj_tcp_finish(w.tcp), BJ_OK);
	(void)take_all(&w);
	w.ack++;
	say(&w, TCP_ACK | TCP_FIN, 60000, (struct bj_bytes){ 0 });
	assert_int_equal(info_of(w.tcp).state, BJ_TCP_TIME_WAIT);
	assert_true(run_until(&w, w.now + 600 * SECOND) < 5);
	assert_int_equal(info_of(w.tcp).state, BJ_TCP_TIME_WAIT);
	world_end(&w);
}

/* What was taken is sent, even if its owner was done before the peer answered. */
static void what_was_written_before_the_connection_outlives_its_owner(void **state)
{
	const struct bj_endpoint local = { bj_ip4(10, 0, 0, 1), OUR_PORT }, remote = { bj_ip4(10, 0, 0, 2), PEER_PORT };

	(void)state;
	for (int released = 0; released < 2; released++) {
		struct bj_stack_stats stats;
		struct tcp_segment out;
		struct world w;
		size_t len;

		world_make(&w, (struct bj_stack_options){ 0 });
		assert_int_equal(bj_tcp_connect(w.stack, &local, &remote, NULL, &w.tcp), BJ_OK);
		assert_int_equal(bj_tcp_write(w.tcp, BYTES_LIT("all there is"), &len), BJ_OK);
		if (released)
			bj_tcp_release(w.tcp);
		else
			assert_int_equal(bj_tcp_finish(w.tcp), BJ_OK);
		assert_true(take(&w, &out));
		w.ack = out.seq + 1;
		w.seq = 100;
		w.options = usual;
		say(&w, TCP_SYN | TCP_ACK, 5000, (struct bj_bytes){ 0 });
		assert_true(take(&w, &out));
		assert_int_equal(out.payload.len, 12);
		assert_true(out.flags & TCP_FIN);
		w.options = (struct tcp_options){ 0 };
		w.ack += 13;
		say(&w, TCP_FIN | TCP_ACK, 5000, (struct bj_bytes){ 0 });
		(void)run_until(&w, w.now + 100 * SECOND);
		bj_stack_stats(w.stack, &stats);
		assert_int_equal(stats.connections, 0);
		world_end(&w);
	}
}

static void neighbours_may_be_believed_for_ever(void **state)
{
	const struct bj_link_options o = { .reachable_us = INT64_MAX, .retransmit_us = INT64_MAX };
	const struct bj_mac mac = { { 2 } };
	const struct neighbour_answer answer = { .mac = &mac, .solicited = true };
	const struct bj_ip ip = bj_ip4(10, 0, 0, 2);
	const struct siphash_key key = { { 1 } };
	struct neighbours n;
	struct neighbour *e;

	(void)state;
	neighbours_init(&n, &o, &key);
	e = neighbour_use(&n, &ip, SECOND);
	assert_ptr_equal(neighbour_next_question(&n, SECOND), e);
	assert_true(neighbours_deadline(&n) > 1000 * SECOND);
	neighbour_answered(&n, &ip, &answer, SECOND);
	assert_ptr_equal(neighbour_use(&n, &ip, 1000 * SECOND), e);
	assert_int_equal(e->state, NEIGHBOUR_REACHABLE);
	neighbours_fini(&n);
}

/* rfc7323:5.5: after 24 days a timestamp says nothing; neither after 46, when a count of minutes has gone round. */
static void a_connection_that_slept_for_weeks_wakes_up(void **state)
{
	static const int64_t days[] = { 25, 46, 49, 76, 92, 140 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(days); i++) {
		struct tcp_options offer = usual;
		struct world w;
		uint8_t byte;
		size_t len;

		offer.has_timestamps = true;
		offer.ts_val = 1000;
		world_make(&w, (struct bj_stack_options){ 0 });
		open_passively(&w, NULL, offer);
		w.now += days[i] * 86400 * SECOND;
		w.options.ts_val += (uint32_t)(days[i] * 86400 * 1000);
		say(&w, TCP_ACK | TCP_PSH, 60000, BYTES_LIT("x"));
		assert_int_equal(bj_tcp_read(w.tcp, &byte, 1, &len), BJ_OK);
		world_end(&w);
	}
}

/* ---- fragments */

/* rfc5722:4: also where it lies inside of what has come, other bytes at the same place spoil all; the same bytes do not. */
static void other_bytes_inside_of_what_came_spoil_a_datagram(void **state)
{
	static const uint8_t bytes[64] = { 0 }, others[64] = { [12] = 1 };

	(void)state;
	for (int differ = 0; differ < 2; differ++) {
		struct fragment f = { .id = 1, .more = true, .payload = { bytes, 8 } };
		struct reassembly r;
		struct datagram *done;
		struct bj_bytes whole;
		uint64_t dropped = 0;

		reassembly_init(&r);
		assert_false(reassembly_add(&r, 0, &f, &whole, &done, &dropped));
		f.offset = 8;
		f.payload.len = 16;
		assert_false(reassembly_add(&r, 0, &f, &whole, &done, &dropped));
		f.offset = 0;
		f.payload = bytes_of(differ ? others : bytes, 24);
		assert_false(reassembly_add(&r, 0, &f, &whole, &done, &dropped));
		f = (struct fragment){ .id = 1, .offset = 24, .payload = { bytes, 8 } };
		assert_int_equal(reassembly_add(&r, 0, &f, &whole, &done, &dropped), !differ);
		assert_int_equal(dropped, differ);
		reassembly_fini(&r);
	}
}

static void fragments_of_one_source_leave_room_for_others(void **state)
{
	static const uint8_t bytes[64] = { 0 };
	struct fragment f = { .id = 1, .from = { 1 }, .more = true, .payload = { bytes, 32 } };
	struct reassembly r;
	struct datagram *done;
	struct bj_bytes whole;
	uint64_t dropped = 0;

	(void)state;
	reassembly_init(&r);
	assert_false(reassembly_add(&r, 0, &f, &whole, &done, &dropped));
	f.from[0] = 2;
	for (f.id = 1; f.id <= 1000; f.id++)
		assert_false(reassembly_add(&r, 0, &f, &whole, &done, &dropped));
	assert_true(r.count <= REASSEMBLY_SOURCE_MAX + 1);
	f = (struct fragment){ .id = 1, .from = { 1 }, .offset = 32, .payload = { bytes, 32 } };
	assert_true(reassembly_add(&r, 0, &f, &whole, &done, &dropped));
	assert_int_equal(whole.len, 64);
	reassembly_fini(&r);
}

/* rfc8200:4.1: a header of options may stand behind the fragment header; another fragment header may not. */
static void headers_behind_the_fragment_header_are_passed(void **state)
{
	const struct bj_ip ours6 = { { 0xfd, [15] = 1 } };
	const struct tcp_segment syn = { .source_port = 9, .destination_port = OUR_PORT, .seq = 100, .flags = TCP_SYN, .window = 1000 };
	static const struct { uint8_t first; bool in_two, passes; } rows[] = {
		{ IPV6_DESTINATION, false, true }, { IPV6_DESTINATION, true, true }, { IPV6_HOP_BY_HOP, false, false }, { IPV6_FRAGMENT, true, false },
		{ IPV6_FRAGMENT, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct ipv6 ip = { .hop_limit = 64, .protocol = rows[i].first, .has_fragment = true, .fragment_id = 5, .from = { 0xfd, [15] = 2 } };
		uint8_t body[100] = { IP_TCP, 0, [2] = rows[i].first == IPV6_FRAGMENT ? 0 : 1, [3] = rows[i].first == IPV6_FRAGMENT ? 0 : 4 }, packet[300];
		struct writer w = wr_make(body, sizeof(body)), out;
		struct bj_stack_stats stats;
		struct world v;

		world_make(&v, (struct bj_stack_options){ 0 });
		assert_int_equal(bj_stack_add_address(v.stack, &ours6), BJ_OK);
		memcpy(ip.to, ours6.bytes, 16);
		w.len = 8;
		tcp_write(&w, &syn, bytes_of(ip.from, 16), bytes_of(ip.to, 16));
		for (int part = 0; part <= rows[i].in_two; part++) {
			ip.payload = !rows[i].in_two ? wr_view(&w) : part == 0 ? bytes_of(body, 16) : bytes_of(body + 16, w.len - 16);
			ip.fragment_offset = part ? 16 : 0;
			ip.more_fragments = rows[i].in_two && part == 0;
			out = wr_make(packet, sizeof(packet));
			ipv6_write(&out, &ip);
			assert_true(wr_ok(&out));
			bj_stack_input(v.stack, v.now, wr_view(&out));
		}
		bj_stack_stats(v.stack, &stats);
		assert_int_equal(stats.resets_sent, rows[i].passes);
		assert_int_equal(stats.malformed, !rows[i].passes);
		world_end(&v);
	}
}

/* ---- addresses */

/* An IPv4 address in the form of IPv6 never travels: who uses it gets past what is said of either. */
static void mapped_addresses_are_not_taken_off_the_wire(void **state)
{
	const struct bj_ip mapped = bj_ip4(10, 0, 0, 1);
	struct ipv6 ip = { .hop_limit = 64, .protocol = IP_TCP, .from = { 0xfd, [15] = 2 } };
	const struct tcp_segment syn = { .source_port = 9, .destination_port = OUR_PORT, .seq = 100, .flags = TCP_SYN, .window = 1000 };
	const struct bj_endpoint at = { bj_ip4(10, 0, 0, 1), OUR_PORT };
	uint8_t packet[200];
	struct writer out = wr_make(packet, sizeof(packet));
	struct bj_stack_stats stats;
	struct tcp_segment answer;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	assert_int_equal(bj_tcp_listen(w.stack, &at, NULL, &w.listener), BJ_OK);
	memcpy(ip.to, mapped.bytes, 16);
	ipv6_write_header(&out, &ip, TCP_HEADER_LEN);
	tcp_write(&out, &syn, bytes_of(ip.from, 16), ip_wire(&mapped));
	assert_true(wr_ok(&out));
	bj_stack_input(w.stack, w.now, wr_view(&out));
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.connections, 0);
	assert_false(take(&w, &answer));
	world_end(&w);
}

/* rfc1122:3.2.1.3 (g), rfc4291:2.5.3: nobody who is elsewhere has a loopback address. */
static void loopback_does_not_come_from_outside(void **state)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };
	struct ipv4 ip = { .ttl = 64, .protocol = IP_TCP };
	const struct tcp_segment syn = { .source_port = 9, .destination_port = OUR_PORT, .seq = 100, .flags = TCP_SYN, .window = 1000 };
	uint8_t packet[200];
	struct writer out = wr_make(packet, sizeof(packet));
	struct bj_stack_stats stats;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	memcpy(ip.from, loopback, 4);
	memcpy(ip.to, ours, 4);
	ipv4_write_header(&out, &ip, TCP_HEADER_LEN);
	tcp_write(&out, &syn, bytes_of(loopback, 4), bytes_of(ours, 4));
	bj_stack_input(w.stack, w.now, wr_view(&out));
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.not_ours, 1);
	assert_int_equal(take_all(&w), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_that_nobody_reads_ends_at_its_limit),
		cmocka_unit_test(a_write_that_found_no_memory_is_asked_for_again),
		cmocka_unit_test(what_is_received_leaves_memory_for_what_is_sent),
		cmocka_unit_test(what_is_sent_leaves_memory_for_what_is_received),
		cmocka_unit_test(early_bytes_of_some_leave_memory_for_others),
		cmocka_unit_test(a_kept_ring_does_not_stand_in_the_way_of_a_small_one),
		cmocka_unit_test(reports_of_single_bytes_do_not_cut_what_is_out_to_pieces),
		cmocka_unit_test(a_shut_window_does_not_keep_a_connection_without_owner_for_ever),
		cmocka_unit_test(acks_do_not_keep_fin_wait_2_without_owner_for_ever),
		cmocka_unit_test(a_writer_does_not_put_off_the_retransmission),
		cmocka_unit_test(a_window_below_one_segment_lets_one_go),
		cmocka_unit_test(times_without_end_end_nothing_and_wake_nobody),
		cmocka_unit_test(neighbours_may_be_believed_for_ever),
		cmocka_unit_test(what_was_written_before_the_connection_outlives_its_owner),
		cmocka_unit_test(a_connection_that_slept_for_weeks_wakes_up),
		cmocka_unit_test(other_bytes_inside_of_what_came_spoil_a_datagram),
		cmocka_unit_test(fragments_of_one_source_leave_room_for_others),
		cmocka_unit_test(headers_behind_the_fragment_header_are_passed),
		cmocka_unit_test(mapped_addresses_are_not_taken_off_the_wire),
		cmocka_unit_test(loopback_does_not_come_from_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
