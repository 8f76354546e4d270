/* rack.c - see rack.h. */
#include "tcpip/rack.h"

#include "tcpip/pmtu.h"
#include "tcpip/rtt.h"
#include "tcpip/stack.h"

#define REO_MULT_MAX 8
#define REO_PERSIST 16
#define TAIL_ACK_DELAY_US 200000
#define TAIL_FIRST_US 1000000

static bool sent_after(int64_t a_us, uint32_t a_end, int64_t b_us, uint32_t b_end)
{
	return a_us > b_us || (a_us == b_us && seq_gt(a_end, b_end));
}

void rack_delivered(struct bj_tcp *t, const struct sent *s, uint32_t ts_ecr, bool has_ts)
{
	struct tcp_flight *f = t->flight;
	int64_t rtt = tcp_stack(t)->now_us - s->sent_us;

	if (s->flags & SENT_AGAIN) {
		/* whose ACK is it, the first transmission's or the second's? */
		if (has_ts && (int32_t)(ts_ecr - ((uint32_t)(s->sent_us / 1000) + t->ts_offset)) < 0)
			return;
		if (rtt < t->min_rtt_us)
			return;
	}
	if (sent_after(s->sent_us, s->end, f->rack_sent_us, f->rack_end)) {
		f->rack_rtt_us = (uint32_t)i64_min(rtt, RTO_MAX_US);
		f->rack_sent_us = s->sent_us;
		f->rack_end = s->end;
	}
	if (seq_gt(s->end, f->rack_fack))
		f->rack_fack = s->end;
	else if (seq_lt(s->end, f->rack_fack) && !(s->flags & SENT_AGAIN))
		t->reordering_seen = true;
}

/* rfc8985:6.2 step 4 */
static int64_t reordering_window(const struct bj_tcp *t)
{
	const struct tcp_flight *f = t->flight;

	if (!t->reordering_seen && (f->recovery >= BJ_RECOVERY_FAST || f->sacked_count >= RACK_DUPLICATES))
		return 0;
	return i64_min((int64_t)(t->reo_mult ? t->reo_mult : 1) * t->min_rtt_us / 4, t->srtt_us);
}

void rack_dsack(struct bj_tcp *t)
{
	struct tcp_flight *f = t->flight;

	if (!f || (f->dsack_round_valid && seq_lt(t->snd_una, f->dsack_round)))
		return; /* once a round */
	f->dsack_round_valid = true;
	f->dsack_round = t->snd_nxt;
	if (t->reo_mult < REO_MULT_MAX)
		t->reo_mult = t->reo_mult ? t->reo_mult + 1 : 2;
	t->reo_persist = REO_PERSIST;
}

void rack_recovery_ended(struct bj_tcp *t)
{
	if (t->reo_persist > 0 && --t->reo_persist == 0)
		t->reo_mult = 1;
}

uint32_t rack_detect(struct bj_tcp *t, int64_t *out_wait_us)
{
	struct tcp_flight *f = t->flight;
	int64_t window, now = tcp_stack(t)->now_us;
	uint32_t marked = 0;
	struct list *next;

	*out_wait_us = 0;
	if (!t->sack_ok || f->rack_sent_us == 0)
		return 0;
	window = reordering_window(t);
	for (struct list *it = f->by_time.next; it != &f->by_time; it = next) {
		struct sent *s = CONTAINER_OF(it, struct sent, by_time);
		int64_t left = s->sent_us + f->rack_rtt_us + window - now;

		next = it->next;
		if (!sent_after(f->rack_sent_us, f->rack_end, s->sent_us, s->end))
			break;
		if (left > 0) {
			*out_wait_us = left;
			break; /* the others were sent later still */
		}
		if (s->flags & SENT_PROBE) {
			pmtu_probe_lost(t, s);
			continue;
		}
		marked += s->end - s->seq;
		flight_mark_lost(t, s, BJ_LOST_RACK);
	}
	return marked;
}

int64_t rack_overdue(const struct bj_tcp *t)
{
	const struct tcp_flight *f = t->flight;

	if (!t->sack_ok || f->rack_sent_us == 0)
		return INT64_MAX;
	return tcp_stack(t)->now_us - f->rack_rtt_us - reordering_window(t);
}

int64_t tail_probe_after(const struct bj_tcp *t)
{
	const struct tcp_flight *f = t->flight;
	int64_t after;

	if (!f || !t->sack_ok || !tcp_is_synchronized(t) || f->recovery >= BJ_RECOVERY_FAST || f->sacked > 0 || f->tail_pending || t->snd_wnd == 0)
		return 0;
	if (t->srtt_us == 0)
		after = TAIL_FIRST_US;
	else
		after = 2 * (int64_t)t->srtt_us + (t->snd_nxt - t->snd_una <= t->mss ? TAIL_ACK_DELAY_US : 0);
	/* not later than the timeout since the last progress: who writes on would put both off for ever (rfc8985:7.2) */
	return i64_min(after, i64_max(t->progress_us + rto_now(t) - tcp_stack(t)->now_us, 1));
}
