/* pmtu.c - see pmtu.h. */
#include "tcpip/pmtu.h"

#include "tcpip/output.h"
#include "tcpip/stack.h"

/* Sizes that ways have: tunnels and access lines below Ethernet's, then what larger links carry (rfc1191:7.1, rfc4821:7.2). */
static const uint16_t steps[] = { 1006, 1280, 1400, 1420, 1440, 1460, 1480, 1492, 1500, 2002, 4352, 8166, 9000, 17914, 32000 };

/* ---- larger */

/* Packets that the device and the peer would take. */
static uint16_t ceiling(const struct bj_tcp *t)
{
	uint32_t headers = tcp_is_v4(t) ? IPV4_TCP_HEADERS : IPV6_TCP_HEADERS, mss = t->peer_mss;

	if (tcp_options_of(t)->mss_max)
		mss = u32_min(mss, tcp_options_of(t)->mss_max);
	return (uint16_t)u32_min(mss + headers, tcp_stack(t)->options.mtu);
}

/* The search begins, or begins again, no earlier than then. */
static void begin(struct bj_tcp *t, int64_t after_us)
{
	uint16_t top = ceiling(t);

	t->rare->search = (struct pmtu_search){ 0 };
	if (t->pmtu < top)
		t->rare->search = (struct pmtu_search){ .at_us = tcp_stack(t)->now_us + after_us, .next = top, .high = top };
}

/* The step above the present size, or the end of this search. */
static void go_on(struct bj_tcp *t, int64_t after_us)
{
	struct pmtu_search *p = &t->rare->search;

	p->tries = 0;
	p->size = 0;
	p->at_us = tcp_stack(t)->now_us + after_us;
	for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
		if (steps[i] > t->pmtu && steps[i] <= p->high) {
			p->next = steps[i];
			return;
		}
	begin(t, PMTU_RAISE_US);
}

static void failed(struct bj_tcp *t)
{
	struct pmtu_search *p = &t->rare->search;
	bool was_top = p->size == p->high;

	p->size = 0;
	p->at_us = tcp_stack(t)->now_us + PMTU_RETRY_US;
	if (was_top) {
		p->high--;
		go_on(t, PMTU_RETRY_US);
	} else if (++p->tries == PMTU_TRIES_MAX) {
		begin(t, PMTU_RAISE_US);
	}
}

uint32_t pmtu_probe_len(const struct bj_tcp *t, uint32_t unsent)
{
	const struct pmtu_search *p = &t->rare->search;
	uint32_t now = tcp_payload_max(t), len = now + (p->next - t->pmtu);
	uint32_t all = len + PMTU_FOLLOW * now;

	if (p->size || tcp_stack(t)->now_us < p->at_us || !t->pmtu_good || !t->sack_ok || flight_in_recovery(t))
		return 0;
	return unsent >= all && t->snd_wnd >= all && t->cwnd >= all ? len : 0;
}

void pmtu_probe_sent(struct bj_tcp *t, uint32_t len)
{
	struct pmtu_search *p = &t->rare->search;

	p->size = p->next;
	p->len = (uint16_t)len;
}

void pmtu_probe_delivered(struct bj_tcp *t, const struct sent *s)
{
	struct pmtu_search *p = pmtu_searches(t) ? &t->rare->search : NULL;

	if (!p || !p->size)
		return;
	if (s->end - s->seq != p->len) { /* only a part of it: says nothing */
		p->size = 0;
		p->at_us = tcp_stack(t)->now_us + PMTU_RETRY_US;
		return;
	}
	t->pmtu = p->size;
	tcp_update_mss(t);
	go_on(t, 0);
}

void pmtu_probe_lost(struct bj_tcp *t, struct sent *s)
{
	s->flags &= (uint8_t)~SENT_PROBE;
	flight_mark_lost(t, s, BJ_LOST_TOO_BIG);
	if (pmtu_searches(t) && t->rare->search.size)
		failed(t);
}

/* The probe that is out, or null. */
static struct sent *find_probe(const struct bj_tcp *t)
{
	for (struct list *it = t->flight ? t->flight->by_seq.next : NULL; it && it != &t->flight->by_seq; it = it->next) {
		struct sent *s = CONTAINER_OF(it, struct sent, by_seq);

		if (s->flags & SENT_PROBE)
			return s;
	}
	return NULL;
}

/* ---- smaller */

static void shrink(struct bj_tcp *t, uint32_t mtu, int64_t raise_after_us)
{
	struct list *next;

	t->pmtu = (uint16_t)mtu;
	t->pmtu_good = false;
	tcp_update_mss(t);
	if (rare_of(t))
		begin(t, raise_after_us);
	if (t->state == BJ_TCP_SYN_SENT && t->rare && t->rare->syn_data) {
		t->syn_due = true; /* without the bytes: rfc7413:4.1.3 */
		stack_want_output(t);
	}
	if (!t->flight)
		return;
	for (struct list *it = t->flight->by_seq.next; it != &t->flight->by_seq; it = next) {
		struct sent *sent = CONTAINER_OF(it, struct sent, by_seq);

		next = it->next;
		sent->flags &= (uint8_t)~SENT_PROBE;
		if (sent->end - sent->seq > t->mss)
			flight_mark_lost(t, sent, BJ_LOST_TOO_BIG); /* but not by congestion (rfc8201:4) */
	}
	stack_want_output(t);
}

void pmtu_too_big(struct bj_tcp *t, uint32_t mtu)
{
	struct sent *probe;

	if (mtu < t->pmtu) {
		shrink(t, mtu, PMTU_RAISE_US);
		return;
	}
	if (!pmtu_searches(t) || mtu >= t->rare->search.size)
		return;
	probe = find_probe(t);
	if (!probe)
		return;
	/* a router measured it for us: that size is the next and the last */
	probe->flags &= (uint8_t)~SENT_PROBE;
	flight_mark_lost(t, probe, BJ_LOST_TOO_BIG);
	t->rare->search.size = 0;
	t->rare->search.tries = 0;
	t->rare->search.high = t->rare->search.next = (uint16_t)mtu;
	if (mtu == t->pmtu)
		begin(t, PMTU_RAISE_US);
	stack_want_output(t);
}

void pmtu_timeout(struct bj_tcp *t)
{
	const struct sent *first = flight_first(t);
	uint32_t step = t->pmtu > PMTU_STEP_FIRST ? PMTU_STEP_FIRST : PMTU_STEP_LAST;
	struct sent *probe = pmtu_searches(t) && t->rare->search.size ? find_probe(t) : NULL;
	unsigned tries = t->backoff + (t->syn_repeated && !t->srtt_us); /* the first timeout was as long as two others: rfc6298:5.7 */

	if (probe) {
		probe->flags &= (uint8_t)~SENT_PROBE;
		failed(t);
	}
	if (tries < (t->pmtu_good ? PMTU_SUSPECT_LATE : PMTU_SUSPECT) || !first || (!tcp_is_v4(t) && step < PMTU_STEP_FIRST))
		return;
	if (tries % 2 == 1 && first->end - first->seq + (t->pmtu - t->mss) > step && step < t->pmtu) /* two tries for each size */
		shrink(t, step, 0);
}
