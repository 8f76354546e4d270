/* pace.c - see pace.h. `pace_at` is when the bytes so far should have left; to be a burst ahead of it is allowed. */
#include "tcpip/pace.h"

#include "tcpip/bbr.h"
#include "tcpip/congestion.h"
#include "tcpip/stack.h"
#include "tcpip/timers.h"

uint64_t pace_rate(const struct bj_tcp *t)
{
	uint64_t rate;

	if (t->flight && t->flight->bbr && tcp_options_of(t)->congestion == BJ_CONGESTION_BBR)
		return t->flight->bbr->pacing_rate;
	if (!tcp_options_of(t)->pacing || t->srtt_us == 0)
		return 0;
	rate = (uint64_t)t->cwnd * 10000 * (t->cwnd < t->ssthresh ? PACE_SLOW_START : PACE_AVOIDANCE) / t->srtt_us;
	return rate < PACE_RATE_MIN ? 0 : rate;
}

bool pace_may_send(struct bj_tcp *t)
{
	struct tcp_flight *f = t->flight;

	if (!f || f->pace_at <= tcp_stack(t)->now_us + PACE_BURST_US || pace_rate(t) == 0)
		return true;
	tcp_arm_pace(t, f->pace_at);
	return false;
}

void pace_sent(struct bj_tcp *t, uint32_t len)
{
	struct tcp_flight *f = t->flight;
	uint64_t rate = pace_rate(t);
	int64_t now = tcp_stack(t)->now_us;

	if (rate == 0)
		return;
	f->pace_at = i64_max(f->pace_at, now) + (int64_t)((uint64_t)len * 1000000 / rate);
}
