/* pmtu.c - see pmtu.h. */
#include "tcpip/pmtu.h"

#include "tcpip/stack.h"

void pmtu_shrink(struct bj_tcp *t, uint32_t mtu)
{
	struct list *next;

	if (mtu >= t->pmtu)
		return;
	t->pmtu = (uint16_t)mtu;
	t->pmtu_good = false;
	tcp_update_mss(t);
	if (t->state == BJ_TCP_SYN_SENT && t->rare && t->rare->syn_data) {
		t->syn_due = true; /* without the bytes: rfc7413:4.1.3 */
		stack_want_output(t);
	}
	if (!t->flight)
		return;
	for (struct list *it = t->flight->by_seq.next; it != &t->flight->by_seq; it = next) {
		struct sent *sent = CONTAINER_OF(it, struct sent, by_seq);

		next = it->next;
		if (sent->end - sent->seq > t->mss)
			flight_mark_lost(t, sent, BJ_LOST_TOO_BIG);
	}
	stack_want_output(t);
}

void pmtu_timeout(struct bj_tcp *t)
{
	const struct sent *first = flight_first(t);
	uint32_t step = t->pmtu > PMTU_STEP_FIRST ? PMTU_STEP_FIRST : PMTU_STEP_LAST;

	if (t->backoff < (t->pmtu_good ? PMTU_SUSPECT_LATE : PMTU_SUSPECT) || !first || (!tcp_is_v4(t) && step < PMTU_STEP_FIRST))
		return;
	if (t->backoff % 2 == 1 && first->end - first->seq + (t->pmtu - t->mss) > step) /* two tries for each size */
		pmtu_shrink(t, step);
}
