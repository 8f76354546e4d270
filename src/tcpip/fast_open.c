/* fast_open.c - see fast_open.h. */
#include "tcpip/fast_open.h"

#include "base/ct.h"
#include "tcpip/ack.h"
#include "tcpip/congestion.h"
#include "tcpip/listen.h"
#include "tcpip/text.h"
#include "tcpip/timers.h"

#define SYN_OPTIONS_RESERVE 40 /* middleboxes add options to SYNs: keep their full room free */

void fast_open_cookie(const struct bj_stack *stack, const struct tcp_key *key, uint8_t out[FAST_OPEN_COOKIE_LEN])
{
	uint64_t hash = siphash24(&stack->fast_open_key, bytes_of(key, sizeof(key->local) + sizeof(key->remote)));

	for (size_t i = 0; i < FAST_OPEN_COOKIE_LEN; i++)
		out[i] = (uint8_t)(hash >> 8 * i);
}

/* ---- the listener */

static bool cookie_is_ours(const struct bj_tcp *t, struct bj_bytes came)
{
	uint8_t cookie[FAST_OPEN_COOKIE_LEN];

	fast_open_cookie(tcp_stack(t), &t->key, cookie);
	return came.len == sizeof(cookie) && ct_equal(came.ptr, cookie, sizeof(cookie));
}

void fast_open_listen(struct bj_tcp *t, const struct arrival *syn)
{
	const struct bj_tcp_options *o = tcp_options_of(t);
	const struct tcp_options *came = &syn->seg.options;
	bool good;

	if (!o->fast_open)
		return;
	good = came->has_fast_open && cookie_is_ours(t, came->fast_open);
	if (came->has_fast_open && !good && rare_of(t)) { /* asked for, or no more good: here is a new one */
		t->rare->cookie_len = FAST_OPEN_COOKIE_LEN;
		t->rare->cookie_experimental = came->fast_open_experimental;
		fast_open_cookie(tcp_stack(t), &t->key, t->rare->cookie);
	}
	good |= o->fast_open_without_cookie && syn->seg.payload.len > 0;
	if (good && tcp_stack(t)->fast_open_pending >= o->fast_open_max) {
		tcp_stack(t)->stats.fast_open_overflows++;
		good = false;
	}
	t->fast_open = good;
}

void fast_open_begin(struct bj_tcp *t, const struct arrival *syn)
{
	struct tcp_segment s = syn->seg;

	tcp_stack(t)->fast_open_pending++;
	tcp_stack(t)->stats.fast_opens++;
	t->snd_una = t->snd_nxt = t->iss + 1; /* so that bytes can follow the SYN-ACK at once */
	t->quick_acks = TCP_QUICK_ACKS;
	cc_init(t);
	s.seq++;
	s.flags &= (uint16_t)~TCP_SYN;
	s.payload.len = s.payload.len < t->rcv_wnd ? s.payload.len : t->rcv_wnd;
	t->syn_data_acked = s.payload.len > 0;
	if (s.payload.len > 0)
		text_take(t, &s);
	listen_established(t);
}

void fast_open_proved(struct bj_tcp *t)
{
	if (tcp_is_open_early(t))
		tcp_stack(t)->fast_open_pending--;
}

/* ---- the one that connects */

static struct fast_open_peer *find_peer(struct bj_stack *s, const struct bj_ip *remote)
{
	for (size_t i = 0; i < FAST_OPEN_PEERS_MAX; i++)
		if (s->fast_open_peers[i].mss && bj_ip_equal(&s->fast_open_peers[i].remote, remote))
			return &s->fast_open_peers[i];
	return NULL;
}

uint32_t fast_open_syn(struct bj_tcp *t, struct tcp_options *o)
{
	const struct bj_tcp_options *options = tcp_options_of(t);
	const struct fast_open_peer *peer = find_peer(tcp_stack(t), &t->key.remote);
	uint32_t room;

	if (!options->fast_open || t->timeouts > 0 || t->fast_open || !rare_of(t))
		return 0; /* a SYN that is sent again goes alone: rfc7413:4.1.3 */
	t->fast_open = true;
	if (!options->fast_open_without_cookie) {
		o->has_fast_open = true;
		if (!peer || peer->cookie_len == 0)
			return 0;
		o->fast_open = bytes_of(peer->cookie, peer->cookie_len);
	}
	room = u32_min(peer ? peer->mss : t->peer_mss, tcp_offer_mss(tcp_stack(t), tcp_is_v4(t), options));
	t->rare->syn_data = (uint16_t)u32_min(t->send.len, room - SYN_OPTIONS_RESERVE);
	return t->rare->syn_data;
}

static void remember(struct bj_stack *s, const struct bj_ip *remote, uint16_t mss, struct bj_bytes cookie)
{
	struct fast_open_peer *peer = find_peer(s, remote);

	if (!peer)
		peer = &s->fast_open_peers[s->fast_open_turn++ % FAST_OPEN_PEERS_MAX];
	if (!bj_ip_equal(&peer->remote, remote))
		*peer = (struct fast_open_peer){ .remote = *remote };
	peer->mss = mss;
	if (cookie.len > 0) {
		peer->cookie_len = (uint8_t)cookie.len;
		memcpy(peer->cookie, cookie.ptr, cookie.len);
	}
}

void fast_open_answer(struct bj_tcp *t, const struct arrival *a)
{
	const struct tcp_options *o = &a->seg.options;

	if (!t->fast_open)
		return;
	if ((o->has_fast_open && o->fast_open.len > 0) || find_peer(tcp_stack(t), &t->key.remote))
		remember(tcp_stack(t), &t->key.remote, t->peer_mss, o->has_fast_open ? o->fast_open : (struct bj_bytes){ 0 });
}

void fast_open_established(struct bj_tcp *t, const struct arrival *a, int64_t sent_us)
{
	uint32_t len = t->rare ? t->rare->syn_data : 0, first = t->iss + 1;
	struct sent *s;

	if (len == 0)
		return;
	t->rare->syn_data = 0;
	s = flight_add(t, first, first + len, 0);
	if (!s) {
		t->snd_nxt = first; /* as if they had never left */
		return;
	}
	s->sent_us = sent_us;
	t->snd_nxt = first + len;
	t->syn_data_acked = a->seg.ack == t->snd_nxt;
	if (seq_gt(a->seg.ack, first))
		tcp_ack(t, a);
	s = flight_first(t);
	if (s) {
		flight_mark_lost(t, s, BJ_LOST_SYN); /* no congestion: it was not wanted (rfc7413:4.2.2) */
		tcp_arm_retransmit(t, 0);
	}
}
