/* rtt.c - see rtt.h. */
#include "tcpip/rtt.h"

#include "tcpip/stack.h"

void rtt_sample(struct bj_tcp *t, uint32_t rtt_us)
{
	uint32_t r = u32_max(rtt_us, 1);

	if (r > RTO_MAX_US)
		return;
	t->backoff_kept = 0;
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
}

int64_t rto_now(const struct bj_tcp *t)
{
	int64_t rto = t->syn_repeated ? RTO_FIRST_LATER_US : RTO_FIRST_US;

	if (t->srtt_us) /* a floor under the variation: short paths must bear delayed ACKs */
		rto = t->srtt_us + i64_max(4 * (int64_t)t->rttvar_us, tcp_options_of(t)->rto_min_us);
	if (t->backoff_kept) /* no further than what is waited for where nothing is known */
		rto = i64_max(rto, i64_min(rto << (t->backoff_kept < 16 ? t->backoff_kept : 16), RTO_FIRST_LATER_US));
	return i64_min(rto << (t->backoff < 16 ? t->backoff : 16), RTO_MAX_US);
}
