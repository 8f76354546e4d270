/* flight.c - see flight.h. */
#include "tcpip/flight.h"

#include "base/check.h"
#include "tcpip/bbr.h"
#include "tcpip/stack.h"

struct tcp_flight *flight_of(struct bj_tcp *t)
{
	struct tcp_flight *f = t->flight;

	if (f)
		return f;
	f = (struct tcp_flight *)slab_alloc(&tcp_stack(t)->flights);
	if (!f)
		return NULL;
	*f = (struct tcp_flight){ .small_end = t->snd_una, .undo_una = t->snd_una, .rack_fack = t->snd_una };
	list_init(&f->by_seq);
	list_init(&f->by_time);
	t->flight = f;
	return f;
}

void flight_free(struct bj_tcp *t)
{
	struct sent *s;

	if (!t->flight)
		return;
	while ((s = flight_first(t)))
		flight_remove(t, s);
	if (t->flight->bbr)
		slab_free(&tcp_stack(t)->bbrs, t->flight->bbr);
	slab_free(&tcp_stack(t)->flights, t->flight);
	t->flight = NULL;
}

/* The record is no candidate for retransmission any more: the search goes on behind it. */
static void hint_leave(struct tcp_flight *f, struct sent *s)
{
	if (f->next_lost == s)
		f->next_lost = s->by_seq.next == &f->by_seq ? NULL : CONTAINER_OF(s->by_seq.next, struct sent, by_seq);
}

static uint32_t sent_len(const struct sent *s)
{
	return s->end - s->seq;
}

struct sent *flight_add(struct bj_tcp *t, uint32_t seq, uint32_t end, uint8_t flags)
{
	struct tcp_flight *f = flight_of(t);
	struct sent *s = f ? (struct sent *)slab_alloc(&tcp_stack(t)->sents) : NULL;

	if (!s)
		return NULL;
	*s = (struct sent){ .seq = seq, .end = end, .sent_us = tcp_stack(t)->now_us, .flags = flags, .count = 1 };
	list_push_back(&f->by_seq, &s->by_seq);
	list_push_back(&f->by_time, &s->by_time);
	bbr_sent(t, s, flight_pipe(t));
	return s;
}

bool flight_split(struct bj_tcp *t, struct sent *s, uint32_t at)
{
	struct sent *rest;

	check(seq_lt(s->seq, at) && seq_lt(at, s->end));
	rest = (struct sent *)slab_alloc(&tcp_stack(t)->sents);
	if (!rest)
		return false;
	*rest = *s;
	rest->seq = at;
	s->end = at;
	s->flags &= (uint8_t)~SENT_FIN;
	list_init(&rest->by_seq);
	list_init(&rest->by_time);
	list_push_front(&s->by_seq, &rest->by_seq);
	if (list_is_linked(&s->by_time))
		list_push_front(&s->by_time, &rest->by_time);
	if (s->flags & SENT_SACKED)
		t->flight->sacked_count++;
	return true;
}

void flight_resent(struct bj_tcp *t, struct sent *s)
{
	struct tcp_flight *f = t->flight;
	uint32_t pipe = flight_pipe(t);

	if (s->flags & SENT_LOST && !(s->flags & SENT_RESENT)) {
		s->flags |= SENT_RESENT;
		f->resent += sent_len(s);
	}
	s->flags |= SENT_AGAIN;
	s->flags &= (uint8_t)~SENT_PROBE; /* in pieces that pass */
	s->sent_us = tcp_stack(t)->now_us;
	if (s->count < UINT8_MAX)
		s->count++;
	list_remove(&s->by_time);
	if (!(s->flags & SENT_SACKED)) /* else it is there, and nobody waits for it */
		list_push_back(&f->by_time, &s->by_time);
	hint_leave(f, s);
	if (f->undo_possible) {
		f->undo_resent++;
		f->undo_counts = true;
	}
	bbr_sent(t, s, pipe);
	t->retransmits++;
}

void flight_mark_lost(struct bj_tcp *t, struct sent *s, enum bj_lost_why why)
{
	struct tcp_flight *f = t->flight;

	if (s->flags & SENT_SACKED)
		return;
	if (s->flags & SENT_LOST) {
		if (!(s->flags & SENT_RESENT))
			return;
		s->flags &= (uint8_t)~SENT_RESENT; /* the retransmission is lost, too */
		f->resent -= sent_len(s);
	} else {
		s->flags |= SENT_LOST;
		f->lost += sent_len(s);
	}
	list_remove(&s->by_time);
	if (f->next_lost && seq_lt(s->seq, f->next_lost->seq))
		f->next_lost = s;
	if (why != BJ_LOST_TOO_BIG)
		bbr_lost(t, s);
	stack_event(t, BJ_EVENT_LOST, why, 0, s->seq, sent_len(s));
}

/* Takes a record out of the counts and of the order of time. */
static void uncount(struct bj_tcp *t, struct sent *s)
{
	struct tcp_flight *f = t->flight;

	if (s->flags & SENT_SACKED) {
		f->sacked -= sent_len(s);
		f->sacked_count--;
	}
	if (s->flags & SENT_LOST)
		f->lost -= sent_len(s);
	if (s->flags & SENT_RESENT)
		f->resent -= sent_len(s);
	s->flags &= (uint8_t)~(SENT_SACKED | SENT_LOST | SENT_RESENT);
	list_remove(&s->by_time);
}

void flight_mark_sacked(struct bj_tcp *t, struct sent *s)
{
	check(!(s->flags & SENT_SACKED));
	uncount(t, s);
	s->flags |= SENT_SACKED;
	t->flight->sacked += sent_len(s);
	t->flight->sacked_count++;
	hint_leave(t->flight, s);
}

void flight_mark_overdue(struct bj_tcp *t, int64_t before_us)
{
	struct tcp_flight *f = t->flight;
	const struct sent *first = flight_first(t);
	bool reneged = first && first->flags & SENT_SACKED; /* else it would be acknowledged */

	for (struct list *it = f->by_seq.next; it != &f->by_seq; it = it->next) {
		struct sent *s = CONTAINER_OF(it, struct sent, by_seq);

		if (s->flags & SENT_SACKED && !reneged)
			continue;
		if (s != first && s->sent_us >= before_us && !reneged && !(s->flags & SENT_LOST && !(s->flags & SENT_RESENT)))
			continue; /* it can still be on its way */
		if (s->flags & SENT_RESENT) {
			s->flags &= (uint8_t)~SENT_RESENT;
			f->resent -= sent_len(s);
		}
		if (s->flags & SENT_SACKED) {
			s->flags &= (uint8_t)~SENT_SACKED;
			f->sacked -= sent_len(s);
			f->sacked_count--;
		}
		if (!(s->flags & SENT_LOST)) {
			s->flags |= SENT_LOST;
			f->lost += sent_len(s);
		}
		if (list_is_linked(&s->by_time))
			bbr_lost(t, s);
		list_remove(&s->by_time);
	}
	f->reno_sacked = 0;
	f->next_lost = NULL;
	stack_event(t, BJ_EVENT_LOST, BJ_LOST_TIMEOUT, 0, t->snd_una, t->snd_nxt - t->snd_una);
}

void flight_trim(struct bj_tcp *t, struct sent *s, uint32_t at)
{
	struct tcp_flight *f = t->flight;
	uint32_t gone = at - s->seq;

	check(seq_lt(s->seq, at) && seq_lt(at, s->end));
	f->sacked -= s->flags & SENT_SACKED ? gone : 0;
	f->lost -= s->flags & SENT_LOST ? gone : 0;
	f->resent -= s->flags & SENT_RESENT ? gone : 0;
	s->seq = at;
}

void flight_unmark_lost(struct bj_tcp *t)
{
	struct tcp_flight *f = t->flight;

	for (struct list *it = f->by_seq.prev; it != &f->by_seq; it = it->prev) {
		struct sent *s = CONTAINER_OF(it, struct sent, by_seq);

		if (!(s->flags & SENT_LOST))
			continue;
		if (!(s->flags & SENT_RESENT)) {
			/* it was sent before all that is in the order of time, and the last of them last */
			list_push_front(&f->by_time, &s->by_time);
		}
		s->flags &= (uint8_t)~(SENT_LOST | SENT_RESENT);
	}
	f->lost = 0;
	f->resent = 0;
	f->next_lost = NULL;
}

struct sent *flight_next_lost(struct bj_tcp *t)
{
	struct tcp_flight *f = t->flight;
	struct list *it;

	if (!f || f->lost == f->resent)
		return NULL;
	it = f->next_lost ? &f->next_lost->by_seq : f->by_seq.next;
	for (; it != &f->by_seq; it = it->next) {
		struct sent *s = CONTAINER_OF(it, struct sent, by_seq);

		if (s->flags & SENT_LOST && !(s->flags & SENT_RESENT)) {
			f->next_lost = s;
			return s;
		}
	}
	check(false); /* the counts say that there is one */
	return NULL;
}

void flight_remove(struct bj_tcp *t, struct sent *s)
{
	uncount(t, s);
	hint_leave(t->flight, s);
	list_remove(&s->by_seq);
	slab_free(&tcp_stack(t)->sents, s);
}

uint32_t flight_pipe(const struct bj_tcp *t)
{
	const struct tcp_flight *f = t->flight;
	uint32_t out = t->snd_nxt - t->snd_una, away;

	if (!f)
		return out;
	away = f->sacked + f->lost + f->reno_sacked;
	return (out > away ? out - away : 0) + f->resent;
}
