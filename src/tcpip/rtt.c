/* rtt.c - see rtt.h. */
#include "tcpip/rtt.h"

#include "tcpip/stack.h"

void rtt_sample(struct bj_tcp *t, uint32_t rtt_us)
{
	uint32_t r = u32_max(rtt_us, 1), min = (uint32_t)tcp_options_of(t)->rto_min_us, spread;

	if (r > RTO_MAX_US)
		return;
	if (t->min_rtt_us == 0 || r < t->min_rtt_us)
		t->min_rtt_us = r;
	if (t->srtt_us == 0) {
		t->srtt_us = r;
		t->rttvar_us = r / 2;
	} else {
		uint32_t differ = r > t->srtt_us ? r - t->srtt_us : t->srtt_us - r;

		t->rttvar_us = t->rttvar_us - t->rttvar_us / 4 + differ / 4;
		t->srtt_us = u32_max(t->srtt_us - t->srtt_us / 8 + r / 8, 1);
	}
	spread = u32_max(4 * t->rttvar_us, min); /* a floor under the variation: short paths must bear delayed ACKs */
	t->rto_us = u32_min(t->srtt_us + spread, RTO_MAX_US);
}

int64_t rto_now(const struct bj_tcp *t)
{
	int64_t rto = (int64_t)t->rto_us << (t->backoff < 16 ? t->backoff : 16);

	return i64_min(rto, RTO_MAX_US);
}
