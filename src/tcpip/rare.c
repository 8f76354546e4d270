/* rare.c - see rare.h. */
#include "tcpip/rare.h"

#include "tcpip/stack.h"

struct tcp_rare *rare_of(struct bj_tcp *t)
{
	if (t->rare)
		return t->rare;
	t->rare = (struct tcp_rare *)slab_alloc(&tcp_stack(t)->rares);
	if (t->rare)
		*t->rare = (struct tcp_rare){ 0 };
	return t->rare;
}

void rare_free(struct bj_tcp *t)
{
	slab_free(&tcp_stack(t)->rares, t->rare);
	t->rare = NULL;
}

void rare_settle(struct bj_tcp *t)
{
	if (!t->rare || t->ecn_accurate || t->urgent_out || t->urgent_in || t->fin_early || t->dsack_due || t->rare->route.len || t->rare->syn_data || t->rare->cookie_len || t->rare->remote_uto_s ||
	    t->rare->search.at_us)
		return;
	rare_free(t);
}

void rare_note_duplicate(struct bj_tcp *t, uint32_t start, uint32_t end)
{
	struct tcp_rare *rare;

	if (t->duplicates_received < UINT8_MAX)
		t->duplicates_received++;
	rare = t->sack_ok ? rare_of(t) : NULL;
	if (!rare)
		return;
	rare->dsack_start = start;
	rare->dsack_end = end;
	t->dsack_due = true;
}
