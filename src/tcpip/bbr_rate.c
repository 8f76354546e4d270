/* bbr_rate.c - see bbr.h: delivery rates. Each record remembers how much had come through when it left; the difference to
 * when it is delivered, by the time of the slower of sending and acknowledging, is a rate that the path bore. */
#include "tcpip/bbr.h"
#include "tcpip/stack.h"

#define RATE_MAX UINT64_C(100000000000) /* bytes a second: keeps the arithmetic in its bounds */

static uint32_t ago(int64_t now, int64_t then)
{
	return (uint32_t)i64_max(0, i64_min(now - then, INT32_MAX));
}

void bbr_sent(struct bj_tcp *t, struct sent *s, uint32_t pipe)
{
	struct bbr *b = bbr_of(t);
	int64_t now = tcp_stack(t)->now_us;

	if (!b)
		return;
	if (pipe == 0) {
		b->first_sent_us = now;
		b->delivered_us = now;
		if (b->app_limited)
			bbr_restart(t, b);
	}
	s->delivered_before = b->delivered;
	s->delivered_ago_us = ago(now, b->delivered_us);
	s->first_sent_ago_us = ago(now, b->first_sent_us);
	s->lost_before = b->lost;
	s->tx_in_flight = pipe + (s->end - s->seq);
	s->flags &= (uint8_t)~SENT_APP_LIMITED;
	if (b->app_limited)
		s->flags |= SENT_APP_LIMITED;
}

void bbr_delivered(struct bj_tcp *t, const struct sent *s)
{
	struct bbr *b = bbr_of(t);
	int64_t now = tcp_stack(t)->now_us;

	if (!b)
		return;
	b->delivered += s->end - s->seq;
	b->delivered_us = now;
	if (b->rs.valid && (s->sent_us < b->rs_sent_us || (s->sent_us == b->rs_sent_us && seq_le(s->end, b->rs_end))))
		return;
	b->rs = (struct bbr_sample){ .valid = true, .prior_delivered = s->delivered_before, .tx_in_flight = s->tx_in_flight,
				     .is_app_limited = (s->flags & SENT_APP_LIMITED) != 0, .lost = s->lost_before };
	b->rs_sent_us = s->sent_us;
	b->rs_end = s->end;
	b->rs_send_elapsed_us = s->first_sent_ago_us;
	b->rs_ack_elapsed_us = now - (s->sent_us - s->delivered_ago_us);
	b->first_sent_us = s->sent_us;
}

void bbr_ack(struct bj_tcp *t, uint32_t newly_acked, uint32_t rtt_us)
{
	struct bbr *b = bbr_of(t);
	struct bbr_sample rs;
	int64_t interval;

	if (!b || !b->rs.valid)
		return;
	if (b->app_limited && seq_gt(b->delivered, b->app_limited))
		b->app_limited = 0;
	rs = b->rs;
	b->rs.valid = false;
	rs.newly_acked = newly_acked;
	rs.rtt_us = rtt_us;
	rs.lost = b->lost - rs.lost;
	rs.delivered = b->delivered - rs.prior_delivered;
	interval = i64_max(b->rs_send_elapsed_us, b->rs_ack_elapsed_us);
	if (interval > 0 && interval >= t->min_rtt_us) { /* shorter ones come of ACKs that were for an earlier transmission */
		uint64_t rate = (uint64_t)rs.delivered * 1000000 / (uint64_t)interval;

		rs.delivery_rate = rate > RATE_MAX ? RATE_MAX : rate;
	}
	bbr_update(t, b, &rs);
}

void bbr_app_limited(struct bj_tcp *t)
{
	struct bbr *b = t->flight ? t->flight->bbr : NULL;
	uint32_t until;

	if (!b || flight_pipe(t) + t->mss > t->cwnd)
		return;
	until = b->delivered + flight_pipe(t);
	b->app_limited = until ? until : 1;
}
