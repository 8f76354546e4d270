/* text.c - see text.h. */
#include "tcpip/text.h"

#include "tcpip/output.h"
#include "tcpip/timers.h"

#define TUNE_ROUNDS 4

/* The only bytes that there are need no copy as long as their packet stays; the room for it is there already. */
static bool borrow(struct bj_tcp *t, struct bj_bytes bytes)
{
	struct bj_stack *s = tcp_stack(t);

	if (!s->lendable.ptr || t->receive.len > 0 || t->early || bytes.ptr < s->lendable.ptr ||
	    bytes.ptr + bytes.len > s->lendable.ptr + s->lendable.len) /* put together from fragments */
		return false;
	s->borrower = t;
	s->borrowed_end = bytes.ptr + bytes.len;
	return true;
}

void text_settle(struct bj_stack *s)
{
	struct bj_tcp *t = s->borrower;

	s->borrower = NULL;
	if (t && t->receive.len > 0)
		buffer_put(&t->receive, 0, bytes_of(s->borrowed_end - t->receive.len, t->receive.len));
}

struct bj_bytes text_view(const struct bj_tcp *t)
{
	const struct bj_stack *s = tcp_stack(t);

	return s->borrower == t ? bytes_of(s->borrowed_end - t->receive.len, t->receive.len) : buffer_view(&t->receive);
}

/* Copies what is missing of start..start+len, gap by gap, to where there is room. */
static void put_missing(struct bj_tcp *t, uint32_t start, struct bj_bytes bytes)
{
	uint32_t end = start + (uint32_t)bytes.len, base = t->rcv_nxt - t->receive.len, at = start;
	struct range gap;

	while (ranges_first_gap(t->early, at, end, &gap)) {
		buffer_put(&t->receive, gap.start - base, bytes_of(bytes.ptr + (gap.start - start), gap.end - gap.start));
		at = gap.end;
	}
}

/* False: no memory, nothing changed. For a byte at the far end of the window a whole ring is needed: that is let half of the memory, so
 * that nobody keeps others from what is in its order. */
static bool put_early(struct bj_tcp *t, const struct tcp_segment *s)
{
	uint32_t end = s->seq + (uint32_t)s->payload.len, need = end - (t->rcv_nxt - t->receive.len);
	struct buffer_memory *memory = &tcp_stack(t)->memory;

	if (need > buffer_cap(&t->receive) && memory->used > memory->max / 2)
		return false;
	if (!buffer_grow(&t->receive, memory, BUFFER_RECEIVE, need))
		return false;
	put_missing(t, s->seq, s->payload);
	return ranges_add(&t->early, s->seq, end);
}

static void acknowledge_soon(struct bj_tcp *t)
{
	const struct bj_tcp_options *o = tcp_options_of(t);

	stack_want_output(t);
	if (t->quick_acks > 0)
		t->quick_acks--;
	else if (!t->dsack_due && !o->delayed_ack_off && t->rcv_nxt - t->last_ack_sent < 2u * t->rcv_mss) { /* SHLD-19: every second one */
		if (!t->ack_pending)
			tcp_arm_ack(t, tcp_stack(t)->now_us + o->ack_delay_us);
		t->ack_pending = true;
		return;
	}
	t->ack_now = true;
}

/* In order: the bytes, and what was waiting for them. */
static bool take_next(struct bj_tcp *t, const struct tcp_segment *s)
{
	uint32_t end = s->seq + (uint32_t)s->payload.len, before = t->rcv_nxt;
	bool filled = t->early != NULL;

	if (!buffer_grow(&t->receive, &tcp_stack(t)->memory, BUFFER_RECEIVE, end - (t->rcv_nxt - t->receive.len)))
		return false;
	if (!borrow(t, s->payload))
		put_missing(t, s->seq, s->payload);
	end = ranges_take(&t->early, end);
	t->receive.len += end - before;
	t->rcv_wnd -= u32_min(end - before, t->rcv_wnd);
	t->rcv_nxt = end;
	t->bytes_received += end - before;
	if (filled)
		t->ack_now = true; /* rfc5681:4.2: at once when a gap is filled */
	return true;
}

/* What is there already is told, the first run of it (rfc2883:4); a run before rcv_nxt was noted when it was trimmed off. */
static void note_overlap(struct bj_tcp *t, const struct tcp_segment *s)
{
	struct range twice;

	if (t->sack_ok && !t->dsack_due && ranges_first_overlap(t->early, s->seq, s->seq + (uint32_t)s->payload.len, &twice))
		rare_note_duplicate(t, twice.start, twice.end);
}

void text_take(struct bj_tcp *t, const struct tcp_segment *s)
{
	uint32_t len = (uint32_t)s->payload.len;

	note_overlap(t, s);
	if (len > t->rcv_mss)
		t->rcv_mss = (uint16_t)u32_min(len, tcp_offer_mss(tcp_stack(t), tcp_is_v4(t), tcp_options_of(t)));
	if (s->seq == t->rcv_nxt) {
		if (!take_next(t, s)) {
			stack_event(t, BJ_EVENT_DROPPED, BJ_DROP_MEMORY, 0, s->seq, len);
			return;
		}
		acknowledge_soon(t);
		stack_ready(t, BJ_READY_READ);
		return;
	}
	/* early: say at once what is missing (rfc5681:4.2) */
	t->ack_now = true;
	t->quick_acks = TCP_QUICK_ACKS;
	stack_want_output(t);
	if (!put_early(t, s))
		stack_event(t, BJ_EVENT_DROPPED, BJ_DROP_MEMORY, 0, s->seq, len);
}

bool text_fin_is_next(struct bj_tcp *t, const struct tcp_segment *s)
{
	uint32_t at = s->seq + (uint32_t)s->payload.len;

	if (t->fin_early && t->rare->fin_at == t->rcv_nxt)
		return true;
	if (!(s->flags & TCP_FIN))
		return false;
	if (seq_gt(at, t->rcv_nxt) && !t->fin_received && rare_of(t)) { /* without memory it must come again */
		t->fin_early = true;
		t->rare->fin_at = at;
	}
	return at == t->rcv_nxt || (t->fin_received && at + 1 == t->rcv_nxt);
}

/* Each round trip: a reader that keeps up with what came gets TUNE_ROUNDS times that as window. A sender in slow start sends
 * twice as much in the round that is on its way already, and twice that again in the one for which this window counts: with
 * less than four times it would wait for us in every second round. */
static void tune(struct bj_tcp *t)
{
	const struct bj_tcp_options *o = tcp_options_of(t);
	uint32_t now_us = (uint32_t)tcp_stack(t)->now_us, read = t->rcv_nxt - t->receive.len - t->tune_start;
	uint32_t max = o->receive_buffer_max ? o->receive_buffer_max : TCP_RECEIVE_MAX;

	if (now_us - t->tune_us < t->srtt_us)
		return;
	if (read > t->receive.limit / TUNE_ROUNDS)
		t->receive.limit = (uint32_t)i64_min((int64_t)read * TUNE_ROUNDS, max);
	t->tune_start = t->rcv_nxt - t->receive.len;
	t->tune_us = now_us;
}

void text_was_read(struct bj_tcp *t)
{
	if (t->urgent_in && seq_ge(t->rcv_nxt - t->receive.len, t->rare->rcv_up))
		t->urgent_in = false;
	tune(t);
	tcp_window_may_open(t);
	if (t->receive.len == 0 && !t->early)
		buffer_free(&t->receive, &tcp_stack(t)->memory, BUFFER_RECEIVE);
}
