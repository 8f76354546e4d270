/* ecn.c - see ecn.h. */
#include "tcpip/ecn.h"

#include "tcpip/congestion.h"

uint16_t ecn_syn_flags(const struct bj_tcp *t)
{
	if (t->state == BJ_TCP_SYN_RECEIVED)
		return t->ecn_ok ? TCP_ECE : 0;
	/* a second SYN goes without: somebody on the way may drop those that ask (rfc3168:6.1.1.1) */
	return tcp_options_of(t)->ecn == BJ_ECN_ASK && t->timeouts == 0 ? TCP_ECE | TCP_CWR : 0;
}

void ecn_negotiate(struct bj_tcp *t, const struct arrival *a)
{
	const struct bj_tcp_options *o = tcp_options_of(t);
	unsigned flags = a->seg.flags & (TCP_ECE | TCP_CWR | TCP_AE);

	if (a->seg.flags & TCP_ACK)
		t->ecn_ok = flags == TCP_ECE && o->ecn == BJ_ECN_ASK;
	else
		t->ecn_ok = (flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR) && o->ecn != BJ_ECN_OFF;
}

void ecn_take(struct bj_tcp *t, const struct arrival *a)
{
	if (!t->ecn_ok)
		return;
	if (a->seg.flags & TCP_CWR)
		t->ecn_echo = false;
	if ((a->tos & IP_ECN_MASK) == IP_CE && a->seg.payload.len > 0) {
		t->ecn_echo = true;
		t->ack_now = true; /* the sooner it is known, the better */
		t->ecn_marks_seen = true;
	}
	if (a->seg.flags & TCP_ECE && !(a->seg.flags & TCP_SYN) && t->flight)
		cc_congestion_told(t);
}

uint16_t ecn_flags(struct bj_tcp *t, bool is_new)
{
	uint16_t flags = t->ecn_echo ? TCP_ECE : 0;

	if (is_new && t->cwr_due) {
		t->cwr_due = false;
		flags |= TCP_CWR;
	}
	return flags;
}
