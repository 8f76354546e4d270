/* segment_test.c - what single segments may do, and what reports of a peer are taken for. */
#include "tcpip/flight.h"
#include "tcpip/peer_test.h"

/* MUST-66 in both its halves: a reset counts when the window is shut, and SHLD-2 lets it carry a text. */
static void a_reset_with_bytes_counts_when_the_window_is_shut(void **state)
{
	static const uint8_t bytes[1000];
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &(struct bj_tcp_options){ .receive_buffer_max = 2000 }, usual);
	say(&w, TCP_ACK, 60000, bytes_of(bytes, 1000));
	say(&w, TCP_ACK, 60000, bytes_of(bytes, 1000));
	(void)take_all(&w);
	assert_int_equal(info_of(w.tcp).rcv_wnd, 0);
	say(&w, TCP_RST, 0, BYTES_LIT("go away"));
	assert_int_equal(info_of(w.tcp).error, BJ_ERR_IO_RESET);
	world_end(&w);
}

/* rfc7323:2.2: a window in a segment with SYN is never scaled, also where both opened at once. */
static void the_window_of_a_syn_is_not_scaled_when_both_open(void **state)
{
	const struct bj_endpoint local = { bj_ip4(10, 0, 0, 1), OUR_PORT }, remote = { bj_ip4(10, 0, 0, 2), PEER_PORT };
	struct tcp_segment out;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	assert_int_equal(bj_tcp_connect(w.stack, &local, &remote, NULL, &w.tcp), BJ_OK);
	assert_true(take(&w, &out));
	w.ack = out.seq + 1;
	w.seq = 100;
	w.options = usual;
	w.options.window_scale = 7;
	say(&w, TCP_SYN, 5000, (struct bj_bytes){ 0 });
	(void)take_all(&w);
	w.seq = 100;
	say(&w, TCP_SYN | TCP_ACK, 5000, (struct bj_bytes){ 0 });
	assert_int_equal(info_of(w.tcp).state, BJ_TCP_ESTABLISHED);
	assert_int_equal(info_of(w.tcp).snd_wnd, 5000);
	w.options = (struct tcp_options){ 0 };
	say_ack(&w, 100);
	assert_int_equal(info_of(w.tcp).snd_wnd, 12800);
	world_end(&w);
}

/* The longest route, the smallest segments and all blocks of SACK leave room for bytes. */
static void small_segments_on_a_long_route_carry_bytes(void **state)
{
	struct bj_tcp_options o = { .no_delay = true, .source_route = { .count = BJ_SOURCE_ROUTE_MAX } };
	const struct bj_endpoint local = { bj_ip4(10, 0, 0, 1), OUR_PORT }, remote = { bj_ip4(10, 0, 0, 2), PEER_PORT };
	static uint8_t packet[2048];
	struct ipv4 ip;
	struct tcp_segment out;
	struct world w;
	size_t len, bytes = 0;

	(void)state;
	for (uint8_t i = 0; i < BJ_SOURCE_ROUTE_MAX; i++)
		o.source_route.hops[i] = bj_ip4(10, 1, 1, (uint8_t)(i + 1));
	world_make(&w, (struct bj_stack_options){ 0 });
	assert_int_equal(bj_tcp_connect(w.stack, &local, &remote, &o, &w.tcp), BJ_OK);
	assert_int_equal(bj_stack_output(w.stack, w.now, packet, sizeof(packet), &len), BJ_OK);
	w.ack = info_of(w.tcp).iss + 1;
	w.seq = 100;
	w.options = (struct tcp_options){ .has_mss = true, .mss = 1, .sack_permitted = true, .has_timestamps = true, .ts_val = 1 };
	say(&w, TCP_SYN | TCP_ACK, 60000, (struct bj_bytes){ 0 });
	w.options = (struct tcp_options){ .has_timestamps = true, .ts_val = 2 };
	for (uint32_t i = 0; i < 4; i++) {
		w.seq += 10;
		say(&w, TCP_ACK, 60000, BYTES_LIT("early"));
	}
	assert_in_range(info_of(w.tcp).snd_mss, 40, 536);
	(void)write_bytes(w.tcp, 3000);
	while (bj_stack_output(w.stack, w.now, packet, sizeof(packet), &len) == BJ_OK) {
		assert_int_equal(ipv4_parse(bytes_of(packet, len), &ip), BJ_OK);
		assert_int_equal(tcp_parse_unchecked(ip.payload, &out), BJ_OK);
		assert_true(out.payload.len <= 536);
		bytes += out.payload.len;
	}
	assert_true(bytes > 0);
	world_end(&w);
}

/* MUST-62: bytes that were written before the connection was there are behind its SYN. */
static void urgent_bytes_before_the_connection_are_pointed_behind(void **state)
{
	const struct bj_endpoint local = { bj_ip4(10, 0, 0, 1), OUR_PORT }, remote = { bj_ip4(10, 0, 0, 2), PEER_PORT };
	struct tcp_segment out;
	struct world w;
	size_t len;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	assert_int_equal(bj_tcp_connect(w.stack, &local, &remote, NULL, &w.tcp), BJ_OK);
	assert_int_equal(bj_tcp_write_urgent(w.tcp, BYTES_LIT("now"), &len), BJ_OK);
	assert_true(take(&w, &out));
	w.ack = out.seq + 1;
	w.seq = 100;
	w.options = usual;
	say(&w, TCP_SYN | TCP_ACK, 5000, (struct bj_bytes){ 0 });
	assert_true(take(&w, &out));
	assert_int_equal(out.payload.len, 3);
	assert_true(out.flags & TCP_URG);
	assert_int_equal(out.urgent, 3);
	world_end(&w);
}

/* rfc9293:3.10.7.4: it is the peer's FIN, come again, that begins the wait anew, not any. */
static void a_fin_of_a_stranger_does_not_prolong_time_wait(void **state)
{
	struct bj_stack_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	bj_tcp_release(w.tcp);
	(void)take_all(&w);
	w.ack++;
	say(&w, TCP_ACK | TCP_FIN, 60000, (struct bj_bytes){ 0 });
	for (unsigned i = 0; i < 10; i++) {
		struct tcp_segment s = from_peer(&w, TCP_ACK | TCP_FIN, 60000, (struct bj_bytes){ 0 });

		(void)run_until(&w, w.now + 20 * SECOND);
		s.seq += 100000000;
		give(&w, &s);
	}
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.connections, 0);
	world_end(&w);
}

/* A cookie can be guessed, one try in a million or so; while none is out that still counts there is nothing to guess. */
static void long_after_a_flood_no_cookie_is_taken(void **state)
{
	const struct bj_tcp_options o = { .syn_cookies_always = true };
	struct bj_stack_stats stats;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &o, usual);
	bj_tcp_abort(w.tcp);
	(void)take_all(&w);
	w.now += 100 * SECOND;
	w.ack += 77;
	say_ack(&w, 1000);
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.cookies_refused, 1);
	w.now += 100 * SECOND;
	say_ack(&w, 1000);
	bj_stack_stats(w.stack, &stats);
	assert_int_equal(stats.cookies_refused, 1);
	world_end(&w);
}

/* What was acknowledged once needs no second copy, and its copy is no sign of loss. */
static void a_record_that_was_reported_is_not_looked_for_again(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	(void)write_bytes(w.tcp, 3000);
	assert_int_equal(take_all(&w), 3);
	w.now += SECOND / 10;
	say_report(&w, 0, 1000, 0); /* the first of all, which it should rather acknowledge, and shuts the window */
	w.options.sack_count = 0;
	(void)run_until(&w, w.now + SECOND / 2);
	say_report(&w, 1000, 3000, 60000);
	w.now += SECOND / 100;
	(void)write_bytes(w.tcp, 2000);
	assert_true(take_all(&w) >= 2);
	w.now += SECOND / 10;
	w.options.sack[0] = (struct tcp_block){ w.ack + 1000, w.ack + 5000 };
	say_ack(&w, 60000);
	assert_int_equal(info_of(w.tcp).fast_recoveries, 0);
	world_end(&w);
}

/* rfc2883: a duplicate that is reported before anything was sent again tells of an older copy, not that nothing is lost. */
static void a_duplicate_of_before_undoes_nothing(void **state)
{
	struct world w;

	(void)state;
	world_open_with_nine_out(&w);
	w.ack += 1000;
	say_ack(&w, 60000);
	w.now += SECOND / 10;
	say_report(&w, 3000, 8000, 60000);
	w.options.sack_count = 2; /* both came in one go, nothing has left between them */
	w.options.sack[1] = w.options.sack[0];
	w.options.sack[0] = (struct tcp_block){ w.ack - 500, w.ack };
	say_ack(&w, 60000);
	(void)run_until(&w, w.now + SECOND / 20);
	assert_int_equal(info_of(w.tcp).undos, 0);
	assert_int_equal(info_of(w.tcp).recovery, BJ_RECOVERY_FAST);
	world_end(&w);
}

/* rfc2883:4: what an ACK acknowledges itself says whether its first block is a duplicate, not what others have acknowledged since. */
static void an_ack_that_was_overtaken_reports_no_duplicate(void **state)
{
	struct world w;

	(void)state;
	world_open_with_nine_out(&w);
	w.ack += 4000;
	say_ack(&w, 60000);
	w.ack -= 4000; /* it left before */
	say_report(&w, 1000, 2000, 60000);
	assert_true(w.tcp->reo_mult <= 1);
	w.options.sack[0] = (struct tcp_block){ w.ack - 1000, w.ack };
	say_ack(&w, 60000);
	assert_int_equal(w.tcp->reo_mult, 2); /* this one does */
	world_end(&w);
}

/* The last segment came with its FIN, and the report leaves the FIN out. */
static void a_report_without_the_fin_counts(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &(struct bj_tcp_options){ .cork = true }, usual);
	(void)write_bytes(w.tcp, 1500);
	assert_int_equal(bj_tcp_finish(w.tcp), BJ_OK);
	assert_int_equal(take_all(&w), 2);
	w.now += SECOND / 10;
	say_report(&w, 1000, 1500, 60000);
	assert_int_equal(info_of(w.tcp).sacked, 500);
	world_end(&w);
}

/* After a needless timeout what was thought lost stands in the order in which it left: RACK stops at the first that is young. */
static void what_was_not_lost_is_looked_at_in_its_old_order(void **state)
{
	struct tcp_options offer = usual;
	const struct tcp_flight *f;
	int64_t last = 0;
	uint32_t before;
	struct world w;

	(void)state;
	offer.has_timestamps = true;
	offer.ts_val = 1;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &(struct bj_tcp_options){ .no_delay = true }, offer);
	before = w.options.ts_ecr + 101;
	for (unsigned i = 0; i < 6; i++) {
		(void)write_bytes(w.tcp, 900);
		assert_int_equal(take_all(&w), 1);
		w.now += 5000;
	}
	(void)run_until(&w, w.now + 3 * SECOND);
	assert_int_equal(info_of(w.tcp).recovery, BJ_RECOVERY_LOSS);
	w.ack += 900;
	w.options.ts_ecr = before; /* of the first transmission */
	say_ack(&w, 60000);
	assert_int_equal(info_of(w.tcp).undos, 1);
	f = w.tcp->flight;
	for (struct list *it = f->by_time.next; it != &f->by_time; it = it->next) {
		const struct sent *s = CONTAINER_OF(it, const struct sent, by_time);

		assert_true(s->sent_us >= last);
		last = s->sent_us;
	}
	world_end(&w);
}

/* The threshold of a recovery that began under BBR is none. */
static void a_control_that_changes_in_recovery_keeps_the_window_in_bounds(void **state)
{
	struct bj_tcp_options o = { .congestion = BJ_CONGESTION_BBR };
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	open_passively(&w, &o, usual);
	(void)write_bytes(w.tcp, 9000);
	(void)take_all(&w);
	(void)run_until(&w, w.now + SECOND / 10);
	say_report(&w, 1000, 8000, 60000);
	(void)take_all(&w);
	assert_int_equal(info_of(w.tcp).recovery, BJ_RECOVERY_FAST);
	o.congestion = BJ_CONGESTION_CUBIC;
	assert_int_equal(bj_tcp_set_options(w.tcp, &o), BJ_OK);
	w.options.sack_count = 0;
	w.ack += 9000;
	say_ack(&w, 60000);
	assert_in_range(info_of(w.tcp).cwnd, 1000, TCP_CWND_MAX);
	world_end(&w);
}

/* MUST-32 */
static void urgent_bytes_that_came_before_accept_are_told_of(void **state)
{
	const struct bj_endpoint at = { bj_ip4(10, 0, 0, 1), OUR_PORT };
	struct bj_ready_one one;
	struct tcp_segment answer, s;
	struct world w;

	(void)state;
	world_make(&w, (struct bj_stack_options){ 0 });
	assert_int_equal(bj_tcp_listen(w.stack, &at, NULL, &w.listener), BJ_OK);
	w.options = usual;
	say(&w, TCP_SYN, 60000, (struct bj_bytes){ 0 });
	assert_true(take(&w, &answer));
	w.options = (struct tcp_options){ 0 };
	w.ack = answer.seq + 1;
	s = from_peer(&w, TCP_ACK | TCP_URG, 60000, (struct bj_bytes){ 0 });
	s.urgent = 5;
	give(&w, &s);
	assert_int_equal(bj_tcp_accept(w.listener, &w.tcp), BJ_OK);
	assert_int_equal(bj_stack_next_ready(w.stack, &one), BJ_OK); /* the listener's */
	assert_int_equal(bj_stack_next_ready(w.stack, &one), BJ_OK);
	assert_ptr_equal(one.tcp, w.tcp);
	assert_int_equal(one.ready, BJ_READY_URGENT);
	world_end(&w);
}

/* As bj_tcp_set_options() says; a window that is told in units of 128 bytes could never open again below a limit of 100. */
static void buffers_keep_the_size_that_they_were_made_with(void **state)
{
	static uint8_t bytes[1000], all[65536];
	struct bj_tcp_options o = { .receive_buffer_max = 100, .send_buffer_max = 100 };
	struct world w;
	size_t len;

	(void)state;
	world_open(&w);
	assert_int_equal(bj_tcp_set_options(w.tcp, &o), BJ_OK);
	bj_tcp_options(w.tcp, &o);
	assert_int_equal(o.receive_buffer_max, 0);
	assert_int_equal(o.send_buffer_max, 0);
	for (unsigned i = 0; i < 40; i++) {
		w.now += SECOND / 10;
		for (unsigned k = 0; k < 30; k++)
			say(&w, TCP_ACK, 60000, bytes_of(bytes, sizeof(bytes)));
		assert_int_equal(bj_tcp_read(w.tcp, all, sizeof(all), &len), BJ_OK);
		(void)take_all(&w);
	}
	assert_true(info_of(w.tcp).receive_buffer_max >= TCP_RECEIVE_START);
	assert_int_equal(info_of(w.tcp).bytes_received, 40 * 30 * 1000);
	world_end(&w);
}

/* What was the end of a round lies behind; 2 GiB later it would seem to lie ahead, and for the 2 GiB after that. */
static void a_mark_after_two_gigabytes_counts(void **state)
{
	struct world w;
	uint32_t before;

	(void)state;
	world_open(&w);
	w.tcp->ecn_ok = true;
	(void)write_bytes(w.tcp, 60000);
	(void)take_all(&w);
	w.now += SECOND / 10;
	w.ack += 1000;
	say(&w, TCP_ACK | TCP_ECE, 60000, (struct bj_bytes){ 0 });
	(void)take_all(&w);
	for (unsigned i = 0; i < 2; i++) { /* on, without a mark */
		w.now += SECOND / 10;
		w.ack = info_of(w.tcp).snd_nxt;
		say_ack(&w, 60000);
		(void)take_all(&w);
	}
	w.tcp->flight->cwr_end += UINT32_C(1) << 31;
	w.tcp->flight->small_end += UINT32_C(1) << 31;
	before = info_of(w.tcp).cwnd;
	w.now += SECOND / 10;
	w.ack += 1000;
	say(&w, TCP_ACK | TCP_ECE, 60000, (struct bj_bytes){ 0 });
	assert_in_range(info_of(w.tcp).cwnd, before / 2, before * 8 / 10);
	world_end(&w);
}

/* rfc8200:4.5: fragments of one packet may differ in it, the first one's counts. */
static void the_next_header_is_what_the_first_fragment_says(void **state)
{
	static const uint8_t bytes[64] = { 0 };
	static const struct bj_ip addresses[] = { { { 0xfd, [15] = 2 } }, { { [10] = 0xff, 0xff, 10, 0, 0, 2 } } };
	static const uint8_t turns[2][2] = { { 0, 32 }, { 32, 0 } };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		const struct bj_ip *from = &addresses[i / 2];
		struct reassembly r;
		struct datagram *done;
		struct bj_bytes whole;
		uint64_t dropped = 0;
		bool is_whole = false;
		struct fragment f;

		reassembly_init(&r);
		for (unsigned k = 0; k < 2; k++) {
			f = (struct fragment){ .id = 1, .offset = turns[i % 2][k], .payload = { bytes, 32 } };
			f.more = f.offset == 0;
			f.protocol = f.offset == 0 ? IP_TCP : IP_UDP;
			memcpy(f.from, from->bytes, sizeof(f.from));
			is_whole = reassembly_add(&r, 0, &f, &whole, &done, &dropped);
		}
		assert_int_equal(is_whole, !bj_ip_is_v4(from)); /* in IPv4 they are of two packets */
		if (is_whole)
			assert_int_equal(f.protocol, IP_TCP);
		reassembly_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urgent_bytes_that_came_before_accept_are_told_of),
		cmocka_unit_test(buffers_keep_the_size_that_they_were_made_with),
		cmocka_unit_test(a_mark_after_two_gigabytes_counts),
		cmocka_unit_test(the_next_header_is_what_the_first_fragment_says),
		cmocka_unit_test(a_reset_with_bytes_counts_when_the_window_is_shut),
		cmocka_unit_test(the_window_of_a_syn_is_not_scaled_when_both_open),
		cmocka_unit_test(small_segments_on_a_long_route_carry_bytes),
		cmocka_unit_test(urgent_bytes_before_the_connection_are_pointed_behind),
		cmocka_unit_test(a_fin_of_a_stranger_does_not_prolong_time_wait),
		cmocka_unit_test(long_after_a_flood_no_cookie_is_taken),
		cmocka_unit_test(a_record_that_was_reported_is_not_looked_for_again),
		cmocka_unit_test(a_duplicate_of_before_undoes_nothing),
		cmocka_unit_test(an_ack_that_was_overtaken_reports_no_duplicate),
		cmocka_unit_test(a_report_without_the_fin_counts),
		cmocka_unit_test(what_was_not_lost_is_looked_at_in_its_old_order),
		cmocka_unit_test(a_control_that_changes_in_recovery_keeps_the_window_in_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
