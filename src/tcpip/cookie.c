/* cookie.c - see cookie.h. The number: 5 bits of time, 3 of MSS, 24 of a hash to which the peer's initial number is added. Added and not
 * hashed: so the number also tells how far behind its SYN a segment lies, and none can be taken for the first by chance. */
#include "tcpip/cookie.h"

#include "tcpip/isn.h"

#define LOW_MASK 0xffffffu
#define WINDOW 65535u /* of the SYN-ACK: scales begin behind it */
#define TS_BITS 6 /* in our timestamp: 1 SACK, 1 window scale there, 4 its value */

static const uint16_t mss_steps[8] = { 64, 536, 1024, 1220, 1300, 1400, 1440, 1460 };

static uint32_t low_bits(const struct bj_stack *stack, const struct tcp_key *key, uint32_t irs, uint32_t turn, uint32_t mss)
{
	struct {
		struct tcp_key key;
		uint32_t turn, mss;
	} all = { *key, turn, mss };

	return ((uint32_t)siphash24(&stack->cookie_key, bytes_of(&all, sizeof(all))) + irs) & LOW_MASK;
}

static uint32_t turn_now(const struct bj_stack *stack)
{
	return (uint32_t)(stack->now_us / COOKIE_TURN_US);
}

void cookie_send(struct bj_stack *stack, const struct arrival *syn, const struct tcp_config *config)
{
	const struct tcp_options *o = &syn->seg.options;
	uint32_t turn = turn_now(stack), mss = 0, peer = o->has_mss ? o->mss : syn->is_v4 ? TCP_MSS_DEFAULT_V4 : TCP_MSS_DEFAULT_V6;
	struct tcp_segment s = { .source_port = syn->key.local_port, .destination_port = syn->key.remote_port,
				 .ack = syn->seg.seq + 1, .flags = TCP_SYN | TCP_ACK, .window = WINDOW };

	while (mss < 7 && mss_steps[mss + 1] <= peer)
		mss++;
	s.seq = (turn & 31) << 27 | mss << 24 | low_bits(stack, &syn->key, syn->seg.seq, turn, mss);
	s.options.has_mss = true;
	s.options.mss = tcp_offer_mss(stack, syn->is_v4, &config->options);
	if (o->has_timestamps && !config->options.no_timestamps) {
		bool sack = o->sack_permitted && !config->options.no_sack;
		bool scale = o->has_window_scale && !config->options.no_window_scale;
		uint32_t bits = sack | (uint32_t)scale << 1 | (scale ? u32_min(o->window_scale, TCP_WINDOW_SHIFT_MAX) : 0) << 2;
		uint32_t ts = stack_ms(stack) + ts_offset_make(stack, &syn->key);

		s.options.has_timestamps = true;
		s.options.ts_val = ((ts - (1u << TS_BITS)) & ~((1u << TS_BITS) - 1)) | bits; /* never ahead of the clock */
		s.options.ts_ecr = o->ts_val;
		s.options.sack_permitted = sack;
		s.options.has_window_scale = scale;
		s.options.window_scale = tcp_window_shift(&config->options);
	}
	stack->stats.cookies_sent++;
	stack->cookie_us = stack->now_us;
	stack_reply_segment(stack, &syn->key, NULL, &s);
}

bool cookie_may_come(const struct bj_stack *stack)
{
	return stack->stats.cookies_sent > 0 && stack->now_us - stack->cookie_us <= COOKIE_TURN_US * (COOKIE_TURNS_MAX + 1);
}

enum cookie_verdict cookie_check(const struct bj_stack *stack, const struct arrival *ack, struct cookie *out)
{
	uint32_t cookie = ack->seg.ack - 1, irs = ack->seg.seq - 1, mss = cookie >> 24 & 7, bits = ack->seg.options.ts_ecr;

	for (uint32_t age = 0; age <= COOKIE_TURNS_MAX; age++) {
		uint32_t turn = turn_now(stack) - age;
		uint32_t behind = (low_bits(stack, &ack->key, irs, turn, mss) - cookie) & LOW_MASK;

		if ((turn & 31) != cookie >> 27 || behind > WINDOW)
			continue;
		if (behind > 0)
			return COOKIE_LATER;
		*out = (struct cookie){ .mss = mss_steps[mss] };
		if (ack->seg.options.has_timestamps) {
			out->sack_ok = bits & 1;
			out->wscale_ok = bits >> 1 & 1;
			out->wscale = bits >> 2 & 15;
		}
		return out->wscale <= TCP_WINDOW_SHIFT_MAX ? COOKIE_GOOD : COOKIE_NONE;
	}
	return COOKIE_NONE;
}
