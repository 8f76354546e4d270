/* fuzz_tcp_stack.c - a stack with a listener and a connection meets any sequence of segments, calls and time.
 *
 * Two bytes choose what happens next. Segments are built near what the connection expects, or taken from the input as they
 * are. Always: what comes out parses, acknowledges no byte that was not sent, and what the owner reads is counted; at the
 * end nothing is left over.
 */
#include <string.h>

#include "base/check.h"
#include "base/prng.h"
#include "base/reader.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/tcp.h"
#include <bojagi/tcpip.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct bj_stack *stack;
	struct bj_listener *listener;
	struct bj_tcp *tcp;
	struct bj_udp *udp;
	int64_t now;
	uint32_t seq, ack; /* the peer's next byte; what the peer last saw acknowledged + sent by us */
	uint32_t last_ts;
	const struct bj_tcp_options *options;
};

static const uint8_t ours[4] = { 10, 0, 0, 1 }, theirs[4] = { 10, 0, 0, 2 };

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

/* Every second packet is put together from its pieces. */
static bool next_packet(struct world *w, unsigned turn, uint8_t packet[1500], size_t *out_len)
{
	struct bj_bytes pieces[2];

	if (turn % 2 == 0)
		return bj_stack_output(w->stack, w->now, packet, 1500, out_len) == BJ_OK;
	if (bj_stack_output_gathered(w->stack, w->now, packet, 1500, out_len, NULL, pieces))
		return false;
	for (unsigned i = 0; i < 2; i++) {
		check(*out_len + pieces[i].len <= 1500);
		bytes_copy(packet + *out_len, pieces[i].ptr, pieces[i].len);
		*out_len += pieces[i].len;
	}
	return true;
}

static void drain(struct world *w)
{
	uint8_t packet[1500];
	size_t len;

	for (unsigned count = 0; next_packet(w, count, packet, &len); count++) {
		struct tcp_segment s;
		struct ipv4 ip;

		check(count < 100000);
		check(ipv4_parse(bytes_of(packet, len), &ip) == BJ_OK);
		if (ip.protocol != IP_TCP)
			continue;
		check(tcp_parse(ip.payload, bytes_of(ip.from, 4), bytes_of(ip.to, 4), &s) == BJ_OK);
		if (s.options.has_timestamps)
			w->last_ts = s.options.ts_val;
		if (!(s.flags & TCP_RST))
			w->ack = s.seq + tcp_segment_len(&s);
		if (s.flags & TCP_ACK)
			w->seq = s.ack;
	}
}

static void inject(struct world *w, struct reader *in)
{
	static const uint8_t zeros[2048];
	static uint8_t packet[4096]; /* outlives the call: it may be lent */
	uint8_t flags = rd_u8(in), how = rd_u8(in);
	struct writer out = wr_make(packet, sizeof(packet));
	struct tcp_segment s = { .source_port = 9, .destination_port = how & 64 ? 81 : 80, .flags = flags & 0xff };
	struct ipv4 ip = { .ttl = 64, .protocol = IP_TCP, .tos = flags >> 6 };

	bj_stack_settle(w->stack);
	s.seq = w->seq + (how & 1 ? (uint32_t)(int8_t)rd_u8(in) * (how & 2 ? 1000u : 1u) : 0);
	s.ack = w->ack + (how & 4 ? (uint32_t)(int8_t)rd_u8(in) * (how & 2 ? 1000u : 1u) : 0);
	s.window = how & 8 ? (uint16_t)(rd_u8(in) * (how & 2 ? 256 : 1)) : 60000;
	s.urgent = flags & TCP_URG ? rd_u8(in) : 0;
	s.payload = bytes_of(zeros, how & 16 ? rd_u8(in) * 5 : 0);
	if (how & 32) {
		uint8_t what = rd_u8(in);

		s.options.has_mss = what & 1;
		s.options.mss = (uint16_t)(rd_u8(in) * 8);
		s.options.sack_permitted = what & 2;
		s.options.has_window_scale = what & 4;
		s.options.window_scale = what >> 4;
		s.options.has_ecn = s.options.ecn_ect1_first = what & 8;
		s.options.ecn_count = what & 8 ? what >> 4 & 3 : 0;
		for (size_t i = 0; i < s.options.ecn_count; i++)
			s.options.ecn[i] = rd_u8(in) * 501u;
		s.flags |= what & 8 ? TCP_AE : 0;
		s.options.sack_count = flags & TCP_SYN ? 0 : what & 1;
		s.options.has_mss = flags & TCP_SYN && what & 1;
		s.options.sack[0].start = w->ack - rd_u8(in) * 100u;
		s.options.sack[0].end = s.options.sack[0].start + rd_u8(in) * 100u;
	}
	if (how & 128) {
		s.options.has_timestamps = true;
		s.options.ts_val = (uint32_t)(w->now / 1000);
		s.options.ts_ecr = w->last_ts;
	}
	memcpy(ip.from, theirs, 4);
	memcpy(ip.to, ours, 4);
	ipv4_write_header(&out, &ip, TCP_HEADER_LEN + tcp_options_len(&s.options) + s.payload.len);
	tcp_write(&out, &s, bytes_of(theirs, 4), bytes_of(ours, 4));
	if (wr_ok(&out))
		bj_stack_input_offloaded(w->stack, w->now, wr_view(&out), &(struct bj_offload){ .lent = s.payload.len % 2 });
}

static void use_udp(struct world *w, uint8_t what)
{
	static const struct bj_endpoint there = { { { [10] = 0xff, 0xff, 10, 0, 0, 2 } }, 9 };
	struct bj_endpoint from;
	uint8_t buf[100];
	size_t len;

	switch (what) {
	case 0: (void)!bj_udp_send(w->udp, &there, bytes_of(ours, what)); break;
	case 1: (void)!bj_udp_connect(w->udp, &there); break;
	case 2: (void)!bj_udp_connect(w->udp, NULL); break;
	default: (void)!bj_udp_receive(w->udp, buf, sizeof(buf), &len, &from); break;
	}
}

static void own(struct world *w, struct reader *in, uint8_t what)
{
	static uint8_t bytes[8192];
	struct bj_tcp_info info;
	size_t len = (size_t)rd_u8(in) * 32 + 1;

	if (!w->tcp && bj_tcp_accept(w->listener, &w->tcp))
		return;
	bj_tcp_info(w->tcp, &info);
	check((int32_t)(info.snd_nxt - info.snd_una) >= 0);
	check(info.sacked + info.lost <= info.snd_nxt - info.snd_una || info.state < BJ_TCP_ESTABLISHED);
	switch (what) {
	case 0: (void)!bj_tcp_read(w->tcp, bytes, len, &len); break;
	case 1: (void)!bj_tcp_write(w->tcp, bytes_of(bytes, len), &len); break;
	case 2: (void)!bj_tcp_write_urgent(w->tcp, bytes_of(bytes, len), &len); break;
	case 3: (void)!bj_tcp_finish(w->tcp); break;
	case 4: bj_tcp_release(w->tcp); w->tcp = NULL; break;
	case 5: bj_tcp_abort(w->tcp); w->tcp = NULL; break;
	default: break;
	}
}

static void connect_out(struct world *w)
{
	const struct bj_endpoint there = { bj_ip4(10, 0, 0, 2), 9 }, here = { bj_ip4(10, 0, 0, 1), 80 };

	if (!w->tcp)
		(void)!bj_tcp_connect(w->stack, &here, &there, w->options, &w->tcp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prng keys = { 4 };
	const struct bj_stack_options options = { .rng = { fill, &keys }, .memory_max = 100000, .event_count_max = 8, .connection_max = 8,
						  .source_routes = true };
	const struct bj_endpoint at = { bj_ip4(10, 0, 0, 1), 80 };
	struct world w = { .now = 1000000, .seq = 0xffffff00 };
	struct reader in = rd_make(data, size);
	struct bj_tcp_options tcp = { 0 };
	struct bj_stack_stats stats;
	uint8_t flags = rd_u8(&in);

	if (size > 4096)
		return 0;
	tcp.no_sack = flags & 1;
	tcp.syn_cookies_always = flags & 2;
	tcp.no_delay = flags & 4;
	tcp.receive_buffer_max = flags & 8 ? 700 : 0;
	tcp.congestion = flags & 16 ? (flags & 4 ? BJ_CONGESTION_BBR : BJ_CONGESTION_RENO) : BJ_CONGESTION_CUBIC;
	tcp.keepalive = flags & 32;
	tcp.fast_open = tcp.fast_open_without_cookie = flags & 64;
	tcp.ecn = flags & 128 ? (flags & 8 ? BJ_ECN_ASK : BJ_ECN_ASK_ACCURATE) : BJ_ECN_ANSWER;
	tcp.ecn_option = flags & 4 ? BJ_ECN_OPTION_ALWAYS : BJ_ECN_OPTION_CHANGES;
	tcp.ecn_control = flags & 1;
	w.options = &tcp;
	check(bj_stack_make(&options, w.now, &w.stack) == BJ_OK);
	check(bj_stack_add_address(w.stack, &at.ip) == BJ_OK);
	check(bj_tcp_listen(w.stack, &at, &tcp, &w.listener) == BJ_OK);
	check(bj_udp_open(w.stack, &at, NULL, &w.udp) == BJ_OK);
	while (rd_more(&in)) {
		uint8_t what = rd_u8(&in);

		if (what < 140)
			inject(&w, &in);
		else if (what < 200)
			own(&w, &in, what % 6);
		else if (what < 210)
			connect_out(&w);
		else if (what < 215)
			bj_stack_input(w.stack, w.now, rd_bytes(&in, rd_left(&in) < 60 ? rd_left(&in) : 60));
		else if (what < 220)
			use_udp(&w, what % 4);
		else
			w.now += (int64_t)(what - 219) * (what & 1 ? 3000000 : 7000);
		bj_stack_tick(w.stack, w.now);
		if (what & 3)
			drain(&w);
	}
	if (w.tcp)
		bj_tcp_release(w.tcp);
	bj_udp_close(w.udp);
	bj_listener_close(w.listener);
	drain(&w);
	for (unsigned i = 0; i < 2000 && bj_stack_deadline(w.stack) != INT64_MAX; i++) {
		if (bj_stack_deadline(w.stack) > w.now)
			w.now = bj_stack_deadline(w.stack);
		bj_stack_tick(w.stack, w.now);
		drain(&w);
	}
	bj_stack_stats(w.stack, &stats);
	check(stats.connections == 0 && stats.memory_used == 0); /* patience ends: nothing lives for ever without an owner */
	bj_stack_free(w.stack);
	return 0;
}
