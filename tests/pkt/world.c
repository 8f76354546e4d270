/* world.c - see world.h: time and packets. */
#include "pkt/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "tcpip/fast_open.h"
#include "tcpip/wire/icmp.h"
#include "tcpip/wire/icmpv6.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/ipv6.h"

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

void world_init(struct world *w, const struct script *script, uint32_t remote_isn, bool verbose)
{
	struct bj_stack_options o = { .rng = { fill, &w->keys }, .no_isn_clock = true, .mtu = script->mtu };

	*w = (struct world){ .script = script, .remote_isn = remote_isn, .verbose = verbose, .keys = { remote_isn + 1 } };
	w->first_isn = remote_isn;
	w->start_us = w->now_us = INT64_C(1000000000);
	w->local = (struct bj_endpoint){ bj_ip4(192, 168, 0, 1), WORLD_LOCAL_PORT };
	w->remote = (struct bj_endpoint){ bj_ip4(192, 0, 2, 1), WORLD_REMOTE_PORT };
	if (script->v6) {
		w->local.ip = (struct bj_ip){ { 0xfd, 0x3d, 0x0a, 0x0b, [15] = 1 } };
		w->remote.ip = (struct bj_ip){ { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
	}
	check(bj_stack_make(&o, w->now_us, &w->stack) == BJ_OK);
	check(bj_stack_add_address(w->stack, &w->local.ip) == BJ_OK);
}

void world_fini(struct world *w)
{
	bj_stack_free(w->stack);
	while (w->queue_count > 0) {
		free(w->queue[w->queue_head].bytes);
		w->queue_head = (w->queue_head + 1) % WORLD_QUEUE_MAX;
		w->queue_count--;
	}
}

void world_gather(struct world *w)
{
	static uint8_t packet[WORLD_PACKET_MAX];
	size_t len;

	while (w->queue_count < WORLD_QUEUE_MAX && bj_stack_output(w->stack, w->now_us, packet, sizeof(packet), &len) == BJ_OK) {
		struct sent_packet *p = &w->queue[(w->queue_head + w->queue_count++) % WORLD_QUEUE_MAX];

		*p = (struct sent_packet){ w->now_us, len, malloc(len) };
		check(p->bytes != NULL);
		memcpy(p->bytes, packet, len);
	}
}

static void tick_until(struct world *w, int64_t until_us, bool stop_at_packet)
{
	for (world_gather(w); !(stop_at_packet && w->queue_count > 0); world_gather(w)) {
		int64_t next = bj_stack_deadline(w->stack);

		if (next > until_us)
			break;
		if (next > w->now_us)
			w->now_us = next;
		bj_stack_tick(w->stack, w->now_us);
	}
	if (!(stop_at_packet && w->queue_count > 0) && until_us > w->now_us) {
		w->now_us = until_us;
		bj_stack_tick(w->stack, w->now_us);
		world_gather(w);
	}
}

void world_run_until(struct world *w, int64_t until_us)
{
	tick_until(w, until_us, false);
}

bool world_wait_packet(struct world *w, int64_t until_us)
{
	tick_until(w, until_us, true);
	return w->queue_count > 0;
}

/* ---- timestamps: what the script calls a value, and what it really is */

static void learn_ts(struct world *w, uint32_t script, uint32_t live)
{
	if (w->ts_count == WORLD_TS_MAX)
		memmove(&w->ts[1], &w->ts[2], sizeof(w->ts[0]) * (size_t)(--w->ts_count - 1)); /* the first one stays */
	w->ts[w->ts_count++] = (struct ts_pair){ script, live };
}

static uint32_t live_ts(const struct world *w, uint32_t script)
{
	for (size_t i = w->ts_count; i > 0; i--)
		if (w->ts[i - 1].script == script)
			return w->ts[i - 1].live;
	return w->ts_count ? script + (w->ts[0].live - w->ts[0].script) : script;
}

static void put_u32(uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- in */

static struct bj_bytes wire_ip(const struct bj_ip *ip)
{
	return bj_ip_is_v4(ip) ? (struct bj_bytes){ ip->bytes + 12, 4 } : (struct bj_bytes){ ip->bytes, 16 };
}

static void ip_header(const struct world *w, struct writer *out, bool from_remote, uint8_t protocol, uint8_t tos, size_t len)
{
	const struct bj_ip *from = from_remote ? &w->remote.ip : &w->local.ip, *to = from_remote ? &w->local.ip : &w->remote.ip;

	if (w->script->v6) {
		struct ipv6 ip = { .hop_limit = 64, .protocol = protocol, .traffic_class = tos };

		memcpy(ip.from, from->bytes, 16);
		memcpy(ip.to, to->bytes, 16);
		ipv6_write_header(out, &ip, len);
	} else {
		struct ipv4 ip = { .ttl = 64, .protocol = protocol, .tos = tos };

		memcpy(ip.from, from->bytes + 12, 4);
		memcpy(ip.to, to->bytes + 12, 4);
		ipv4_write_header(out, &ip, len);
	}
}

static uint32_t live_seq(const struct world *w, uint32_t script, bool remote)
{
	return script + (remote ? w->remote_isn : w->local_isn);
}

/* An ICMP error that quotes 8 bytes of one of our segments. */
static bool inject_icmp(struct world *w, const struct script_packet *p)
{
	uint8_t quote[128], packet[256];
	struct writer q = wr_make(quote, sizeof(quote)), out = wr_make(packet, sizeof(packet));
	struct tcp_segment s = { .source_port = w->local.port, .destination_port = w->remote.port, .seq = live_seq(w, p->seq, false) };

	ip_header(w, &q, false, IP_TCP, 0, TCP_HEADER_LEN + p->len);
	tcp_write(&q, &s, wire_ip(&w->local.ip), wire_ip(&w->remote.ip));
	if (w->script->v6) {
		static const uint8_t codes[] = { 0, 3, 1, 4, 0, 5 };
		struct icmpv6 m = { .type = ICMPV6_UNREACHABLE, .code = codes[p->icmp_code % 6], .mtu = p->icmp_mtu, .body = { quote, q.len } };
		struct icmpv6_path path = { .hop_limit = 64 };

		if (p->icmp_type == ICMP_UNREACHABLE && p->icmp_code == ICMP_FRAGMENTATION_NEEDED)
			m.type = ICMPV6_PACKET_TOO_BIG, m.code = 0;
		else if (p->icmp_type == ICMP_TIME_EXCEEDED)
			m.type = ICMPV6_TIME_EXCEEDED;
		memcpy(path.from, w->remote.ip.bytes, 16);
		memcpy(path.to, w->local.ip.bytes, 16);
		ip_header(w, &out, true, IP_ICMPV6, 0, 8 + q.len);
		icmpv6_write(&out, &m, &path);
	} else {
		struct icmp m = { .type = p->icmp_type, .code = p->icmp_code, .next_mtu = (uint16_t)p->icmp_mtu, .body = { quote, 28 } };

		ip_header(w, &out, true, IP_ICMP, 0, 8 + 28);
		icmp_write(&out, &m);
	}
	check(wr_ok(&out));
	bj_stack_input(w->stack, w->now_us, wr_view(&out));
	return true;
}

/* Where the cookie of eight bytes stands among options; 0: nowhere. */
static size_t cookie_at(const uint8_t *raw, size_t len)
{
	for (size_t at = 0; at + 10 <= len && raw[at] != 0; at += raw[at] == 1 ? 1 : raw[at + 1] < 2 ? len : raw[at + 1]) {
		if (raw[at] == TCP_OPTION_FAST_OPEN && raw[at + 1] == 10)
			return at + 2;
		if (raw[at] == TCP_OPTION_EXPERIMENT && raw[at + 1] == 12 && at + 12 <= len)
			return at + 4;
	}
	return 0;
}

/* Our cookie, where the script says that of the suite's kernel (TFO_COOKIE). */
static void put_cookie(struct world *w, uint8_t *raw, size_t len, uint16_t flags)
{
	struct tcp_key key = { .local = w->local.ip, .remote = w->remote.ip };
	size_t at = cookie_at(raw, len);
	uint64_t value;

	if (at == 0 || flags & TCP_ACK)
		return;
	memcpy(&value, raw + at, 8);
	if (value == w->cookie_script && value != 0)
		memcpy(raw + at, &w->cookie_live, 8);
	else if (memcmp(raw + at, "\x30\x21\xb9\xd8\x89\x01\x7e\xeb", 8) == 0)
		fast_open_cookie(w->stack, &key, raw + at);
}

bool world_inject(struct world *w, const struct script_packet *p)
{
	static const uint8_t zeros[WORLD_PACKET_MAX];
	static uint8_t packet[WORLD_PACKET_MAX];
	uint8_t raw[40];
	struct writer out = wr_make(packet, sizeof(packet));
	struct tcp_segment s = { .source_port = w->remote.port, .destination_port = w->local.port, .seq = live_seq(w, p->seq, true),
				 .flags = p->flags, .window = (uint16_t)p->window, .urgent = (uint16_t)p->urgent,
				 .payload = { zeros, p->len } };

	if (p->is_icmp)
		return inject_icmp(w, p);
	for (size_t i = 0; i < WORLD_FDS_MAX; i++) {
		if (w->bsd && w->fds[i].tcp)
			w->fds[i].tcp->quick_acks = 0; /* that kernel delays its ACKs from the first on */
		if (w->challenges_unlimited && w->fds[i].tcp)
			w->fds[i].tcp->challenge_at = 0;
	}
	if (w->foreign && p->flags & TCP_SYN && !(p->flags & TCP_ACK) && w->listened) { /* another client for another listener */
		w->listened = false;
		w->remote.port = (uint16_t)(WORLD_REMOTE_PORT + w->clients++);
		s.source_port = w->remote.port;
	}
	if (w->foreign && !w->bsd && p->flags & TCP_SYN) { /* a SYN's number is where the others count from */
		w->remote_isn = w->first_isn + p->seq;
		s.seq = w->remote_isn;
	}
	if (p->flags & TCP_ACK)
		s.ack = live_seq(w, p->ack, false);
	memcpy(raw, p->raw, p->raw_len);
	if (p->ts_at)
		put_u32(raw + p->ts_at + 4, p->options.ts_ecr ? live_ts(w, p->options.ts_ecr) : 0);
	for (size_t at = p->sack_at; at > 0 && at + 4 <= p->raw_len && at < p->sack_at + 8u * p->options.sack_count; at += 4)
		put_u32(raw + at, live_seq(w, get_u32(raw + at), false));
	put_cookie(w, raw, p->raw_len, p->flags);
	s.raw_options = (struct bj_bytes){ raw, p->raw_len };
	ip_header(w, &out, true, IP_TCP, p->ecn, TCP_HEADER_LEN + (p->raw_len + 3) / 4 * 4 + p->len);
	tcp_write(&out, &s, wire_ip(&w->remote.ip), wire_ip(&w->local.ip));
	if (!wr_ok(&out)) {
		snprintf(w->error, sizeof(w->error), "a packet that cannot be written");
		return false;
	}
	bj_stack_input(w->stack, w->now_us, wr_view(&out));
	return true;
}

/* ---- out */

static bool wrong(struct world *w, const char *what, unsigned long want, unsigned long got)
{
	snprintf(w->error, sizeof(w->error), "%s: expected %lu, got %lu", what, want, got);
	return false;
}

static void flags_text(uint16_t flags, char out[12])
{
	static const char letters[] = "FSRP.UEWA";
	size_t n = 0;

	for (int i = 0; letters[i]; i++)
		if (flags >> i & 1)
			out[n++] = letters[i];
	out[n] = 0;
}

/* The bits of congestion in the IP header. */
static unsigned ecn_of(const struct sent_packet *p)
{
	return p->bytes[0] >> 4 == 4 ? p->bytes[1] & 3 : p->bytes[1] >> 4 & 3;
}

static bool parse_sent(const struct world *w, const struct sent_packet *p, struct tcp_segment *s)
{
	if (w->script->v6) {
		struct ipv6 ip;

		return !ipv6_parse((struct bj_bytes){ p->bytes, p->len }, &ip) && ip.protocol == IP_TCP &&
		       !tcp_parse(ip.payload, (struct bj_bytes){ ip.from, 16 }, (struct bj_bytes){ ip.to, 16 }, s);
	} else {
		struct ipv4 ip;

		return !ipv4_parse((struct bj_bytes){ p->bytes, p->len }, &ip) && ip.protocol == IP_TCP &&
		       !tcp_parse(ip.payload, (struct bj_bytes){ ip.from, 4 }, (struct bj_bytes){ ip.to, 4 }, s);
	}
}

/* The next option that says something, its end in `out_end`; 0: there is none. A scale says only that it is there. */
static size_t next_option(uint8_t *raw, size_t len, size_t at, size_t *out_end)
{
	for (; at < len && raw[at] != TCP_OPTION_END; at++)
		if (raw[at] != TCP_OPTION_NOP) {
			*out_end = at + 1 < len && raw[at + 1] >= 2 && at + raw[at + 1] <= len ? at + raw[at + 1] : len;
			if (raw[at] == TCP_OPTION_WINDOW_SCALE)
				raw[at + 2] = 0;
			return at + 1;
		}
	return 0;
}

/* All that `a` says stands somewhere in `b`. */
static bool options_among(uint8_t *a, uint8_t *b, size_t a_len, size_t b_len)
{
	for (size_t at = 0, end = 0, one; (one = next_option(a, a_len, at, &end)); at = end) {
		bool found = false;

		for (size_t in = 0, in_end = 0, other; !found && (other = next_option(b, b_len, in, &in_end)); in = in_end)
			found = end - one == in_end - other && memcmp(a + one - 1, b + other - 1, end - one + 1) == 0;
		if (!found)
			return false;
	}
	return true;
}

/* The values in the options, as the script would say them. */
static bool options_match(struct world *w, const struct script_packet *p, const struct tcp_segment *s)
{
	uint8_t raw[40] = { 0 }, want[40] = { 0 };
	size_t want_len = (p->raw_len + 3) / 4 * 4;

	if (s->raw_options.len != want_len && !w->bsd)
		return wrong(w, "bytes of options", want_len, s->raw_options.len);
	memcpy(raw, s->raw_options.ptr, s->raw_options.len);
	memcpy(want, p->raw, p->raw_len);
	for (size_t at = p->sack_at; at > 0 && at < p->sack_at + 8u * p->options.sack_count; at += 4)
		put_u32(raw + at, get_u32(raw + at) - w->remote_isn);
	if (p->ts_at) {
		learn_ts(w, p->options.ts_val, s->options.ts_val);
		if (p->options.ts_ecr != s->options.ts_ecr && s->options.has_timestamps)
			return wrong(w, "TS ecr", p->options.ts_ecr, s->options.ts_ecr);
		if (w->bsd && s->options.has_timestamps)
			for (size_t at = 0, end = 0, one; (one = next_option(raw, s->raw_options.len, at, &end)); at = end) {
				if (raw[one - 1] == TCP_OPTION_TIMESTAMPS)
					memcpy(raw + one + 1, want + p->ts_at, 8);
			}
		else
			memcpy(raw + p->ts_at, want + p->ts_at, 8);
	}
	if (w->bsd) {
		if (options_among(raw, want, s->raw_options.len, p->raw_len) && options_among(want, raw, p->raw_len, s->raw_options.len))
			return true;
		snprintf(w->error, sizeof(w->error), "other options (%u blocks of SACK, the first %u:%u)", s->options.sack_count,
			 s->options.sack[0].start - w->remote_isn, s->options.sack[0].end - w->remote_isn);
		return false;
	}
	if (s->flags & TCP_ACK && cookie_at(raw, want_len) && cookie_at(raw, want_len) == cookie_at(want, want_len)) {
		memcpy(&w->cookie_script, want + cookie_at(want, want_len), 8);
		memcpy(&w->cookie_live, raw + cookie_at(raw, want_len), 8);
		memcpy(raw + cookie_at(raw, want_len), &w->cookie_script, 8);
	}
	for (size_t i = 0; w->foreign && i + 2 < want_len; i++)
		if (raw[i] == TCP_OPTION_WINDOW_SCALE && raw[i + 1] == 3 && want[i] == TCP_OPTION_WINDOW_SCALE && want[i + 1] == 3)
			raw[i + 2] = want[i + 2];
	for (size_t i = 0; i < want_len; i++)
		if (raw[i] != want[i]) {
			snprintf(w->error, sizeof(w->error), "options: byte %zu expected %u, got %u", i, want[i], raw[i]);
			return false;
		}
	return true;
}

static bool segment_matches(struct world *w, const struct script_packet *p, const struct tcp_segment *s)
{
	uint32_t seq = s->seq - w->local_isn, ack = s->ack - (w->foreign && !w->bsd && s->flags & TCP_SYN ? w->first_isn : w->remote_isn);
	char want[12], got[12];

	uint16_t looked_at = w->foreign && p->len > 0 ? 0x1ff & ~TCP_PSH : 0x1ff;

	if ((s->flags & looked_at) != (p->flags & looked_at)) {
		flags_text(p->flags, want);
		flags_text(s->flags, got);
		snprintf(w->error, sizeof(w->error), "flags: expected '%s', got '%s' (%u:%u(%zu) ack %u)", want, got, seq,
			 (unsigned)(seq + s->payload.len), s->payload.len, ack);
		return false;
	}
	if (seq != p->seq && !(s->flags & TCP_RST && s->seq == p->seq) && !(w->foreign && s->flags & TCP_SYN))
		return wrong(w, "sequence number", p->seq, seq);
	if (s->payload.len != p->len)
		return wrong(w, "bytes of payload", p->len, s->payload.len);
	if (p->has_ack && ack != p->ack)
		return wrong(w, "ack", p->ack, ack);
	if (p->has_window && s->window != p->window && !(w->bsd && s->window && p->window))
		return wrong(w, "window", p->window, s->window);
	if (p->has_urgent && s->urgent != p->urgent)
		return wrong(w, "urgent pointer", p->urgent, s->urgent);
	return p->any_options || options_match(w, p, s);
}

static struct sent_packet take_sent(struct world *w)
{
	struct sent_packet sent = w->queue[w->queue_head];

	w->queue_head = (w->queue_head + 1) % WORLD_QUEUE_MAX;
	w->queue_count--;
	return sent;
}

/* A script may expect more bytes than a segment has: what a kernel hands to its device in one piece. The segments that make it
 * up must follow each other at once and differ in nothing but PSH and FIN of the last. */
static void gather_pieces(struct world *w, const struct script_packet *p, int64_t at_us, struct tcp_segment *s)
{
	while (s->payload.len < p->len && w->queue_count > 0) {
		const struct sent_packet *next = &w->queue[w->queue_head];
		struct tcp_segment more;

		if (next->at_us != at_us || !parse_sent(w, next, &more) || more.seq != s->seq + s->payload.len || more.ack != s->ack)
			return;
		s->flags |= more.flags & (TCP_PSH | TCP_FIN);
		s->payload.len += more.payload.len; /* only the length is looked at */
		free(take_sent(w).bytes);
	}
}

/* Scripts that were made for a kernel do not mention what a connection still says that they have turned away from. */
static void skip_others(struct world *w, const struct script_packet *p)
{
	while (w->foreign && w->queue_count > 1) {
		const struct sent_packet *sent = &w->queue[w->queue_head];
		struct tcp_segment s;
		bool opens = (p->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;

		if (w->bsd && !w->local_isn_known && !opens && !(p->flags & TCP_RST) && parse_sent(w, sent, &s) && s.flags & TCP_RST) {
			free(take_sent(w).bytes); /* to a stranger, before there was a connection */
			continue;
		}
		if (!parse_sent(w, sent, &s) || (opens ? (s.flags & TCP_SYN) != 0 : s.source_port == w->local.port && s.destination_port == w->remote.port))
			return;
		if (!opens && s.flags & TCP_RST)
			return;
		free(take_sent(w).bytes);
	}
}

bool world_expect(struct world *w, const struct script_packet *p, int64_t *out_at_us)
{
	struct sent_packet sent;
	struct tcp_segment s;
	bool good;

	skip_others(w, p);
	sent = take_sent(w);
	good = parse_sent(w, &sent, &s);
	if (good)
		gather_pieces(w, p, sent.at_us, &s);
	*out_at_us = sent.at_us;
	if (!good) {
		snprintf(w->error, sizeof(w->error), "the packet sent is no TCP segment");
	} else {
		if (s.flags & TCP_SYN) {
			w->local_isn = w->foreign ? s.seq : s.seq - p->seq;
			w->local_isn_known = true;
			w->local.port = s.source_port;
			w->remote.port = s.destination_port;
		}
		good = segment_matches(w, p, &s) && (!p->has_ecn || p->ecn == ecn_of(&sent) || wrong(w, "ECN", p->ecn, ecn_of(&sent)));
	}
	free(sent.bytes);
	return good;
}
