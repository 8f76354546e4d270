/* icmp_input.c - see icmp_input.h. */
#include "tcpip/icmp_input.h"

#include <stdlib.h>

#include "tcpip/pmtu.h"
#include "tcpip/udp.h"
#include "tcpip/wire/icmp.h"
#include "tcpip/wire/icmpv6.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/ipv6.h"

#define PMTU_MIN_V4 552  /* what no path of today is below; smaller claims are an attack: rfc5927:7 */
#define PMTU_GUESS 576   /* for routers that do not say (rfc1191:5) */

enum icmp_meaning {
	ICMP_MEANS_NOTHING,
	ICMP_MEANS_SOFT,    /* may pass: MUST-56 */
	ICMP_MEANS_HARD,
	ICMP_MEANS_TOO_BIG,
};

/* The connection whose segment is quoted: ports and sequence number in flight, or null. */
static struct bj_tcp *find_quoted(struct bj_stack *s, const struct bj_ip *local, const struct bj_ip *remote, struct bj_bytes quote)
{
	struct reader r = rd_of(quote);
	struct tcp_key key = { .local = *local, .remote = *remote };
	struct bj_tcp *t;
	uint32_t seq;

	key.local_port = rd_u16(&r);
	key.remote_port = rd_u16(&r);
	seq = rd_u32(&r);
	t = r.bad ? NULL : stack_find(s, &key);
	if (!t || t->state == BJ_TCP_TIME_WAIT || seq_lt(seq, t->snd_una) || seq_ge(seq, t->snd_nxt))
		return NULL;
	return t;
}

static void too_big(struct bj_tcp *t, uint32_t mtu)
{
	if (mtu == 0)
		mtu = PMTU_GUESS;
	if (mtu >= (tcp_is_v4(t) ? PMTU_MIN_V4 : IPV6_MTU_MIN))
		pmtu_too_big(t, mtu);
}

static void tell(struct bj_tcp *t, enum icmp_meaning meaning, uint32_t mtu, enum bj_err why)
{
	if (meaning == ICMP_MEANS_TOO_BIG) {
		too_big(t, mtu);
		return;
	}
	if (meaning == ICMP_MEANS_NOTHING)
		return;
	if (meaning == ICMP_MEANS_HARD && !tcp_is_synchronized(t)) {
		tcp_end(t, why); /* in a synchronized state anybody could have sent it: rfc5927:5.2 */
		return;
	}
	t->soft_error = (uint16_t)why;
	stack_ready(t, BJ_READY_SOFT);
}

static void tell_udp(struct bj_stack *s, const struct bj_ip *local, const struct bj_ip *remote, struct bj_bytes quote,
		     enum icmp_meaning meaning, enum bj_err why)
{
	if (meaning != ICMP_MEANS_NOTHING)
		udp_error(s, local, remote, quote, meaning == ICMP_MEANS_TOO_BIG ? BJ_ERR_LIMIT : why);
}

static enum icmp_meaning meaning_v4(const struct icmp *m, enum bj_err *why)
{
	*why = BJ_ERR_IO_UNREACHABLE;
	if (m->type == ICMP_TIME_EXCEEDED || m->type == ICMP_PARAMETER_PROBLEM)
		return ICMP_MEANS_SOFT;
	if (m->type != ICMP_UNREACHABLE)
		return ICMP_MEANS_NOTHING; /* source quench: MUST-55 */
	if (m->code == ICMP_FRAGMENTATION_NEEDED)
		return ICMP_MEANS_TOO_BIG;
	if (m->code == ICMP_PORT || m->code == ICMP_PROTOCOL) {
		*why = BJ_ERR_IO_REFUSED;
		return ICMP_MEANS_HARD;
	}
	return ICMP_MEANS_SOFT;
}

static void echo_v4(struct bj_stack *s, const struct bj_ip *from, const struct bj_ip *to, const struct icmp *m)
{
	struct icmp reply = *m;
	struct ipv4 ip = { .ttl = 64, .protocol = IP_ICMP };
	uint8_t *room = (uint8_t *)malloc(s->options.mtu);
	struct writer w = wr_make(room, room ? s->options.mtu : 0);

	reply.type = ICMP_ECHO_REPLY;
	memcpy(ip.from, &to->bytes[12], 4);
	memcpy(ip.to, &from->bytes[12], 4);
	ipv4_write_header(&w, &ip, 8 + m->body.len);
	icmp_write(&w, &reply);
	if (wr_ok(&w)) /* one that would need fragments is not answered */
		stack_reply(s, wr_view(&w));
	free(room);
}

void icmp_input_v4(struct bj_stack *s, const struct bj_ip *from, const struct bj_ip *to, struct bj_bytes packet)
{
	struct icmp m;
	struct ipv4 quote;
	struct bj_ip local, remote;
	struct bj_tcp *t;
	enum bj_err why;

	if (icmp_parse(packet, &m)) {
		s->stats.malformed++;
		return;
	}
	if (m.type == ICMP_ECHO) {
		echo_v4(s, from, to, &m);
		return;
	}
	if (!icmp_is_error(m.type) || ipv4_parse_quote(m.body, &quote) || quote.fragment_offset)
		return;
	local = bj_ip4(quote.from[0], quote.from[1], quote.from[2], quote.from[3]);
	remote = bj_ip4(quote.to[0], quote.to[1], quote.to[2], quote.to[3]);
	if (quote.protocol == IP_UDP) {
		enum icmp_meaning meaning = meaning_v4(&m, &why);

		tell_udp(s, &local, &remote, quote.payload, meaning, why);
	}
	if (quote.protocol != IP_TCP)
		return;
	t = find_quoted(s, &local, &remote, quote.payload);
	if (t) {
		enum icmp_meaning meaning = meaning_v4(&m, &why);

		tell(t, meaning, m.next_mtu, why);
	}
}

static enum icmp_meaning meaning_v6(const struct icmpv6 *m, enum bj_err *why)
{
	*why = BJ_ERR_IO_UNREACHABLE;
	if (m->type == ICMPV6_PACKET_TOO_BIG)
		return ICMP_MEANS_TOO_BIG;
	if (m->type == ICMPV6_UNREACHABLE && m->code == 4) {
		*why = BJ_ERR_IO_REFUSED;
		return ICMP_MEANS_HARD;
	}
	if (m->type == ICMPV6_PARAMETER_PROBLEM && m->code == 1) /* an unknown next header: no TCP there */
		return ICMP_MEANS_HARD;
	return ICMP_MEANS_SOFT;
}

static void echo_v6(struct bj_stack *s, const struct icmpv6_path *path, const struct icmpv6 *m)
{
	struct icmpv6 reply = *m;
	struct icmpv6_path back = { .hop_limit = 64 };
	struct ipv6 ip = { .hop_limit = 64, .protocol = IP_ICMPV6 };
	uint8_t *room = (uint8_t *)malloc(s->options.mtu);
	struct writer w = wr_make(room, room ? s->options.mtu : 0);

	reply.type = ICMPV6_ECHO_REPLY;
	memcpy(back.from, path->to, 16);
	memcpy(back.to, path->from, 16);
	memcpy(ip.from, path->to, 16);
	memcpy(ip.to, path->from, 16);
	ipv6_write_header(&w, &ip, 8 + m->body.len);
	icmpv6_write(&w, &reply, &back);
	if (wr_ok(&w))
		stack_reply(s, wr_view(&w));
	free(room);
}

void icmp_input_v6(struct bj_stack *s, const struct bj_ip *from, const struct bj_ip *to, uint8_t hop_limit, struct bj_bytes packet)
{
	struct icmpv6_path path = { .hop_limit = hop_limit };
	struct icmpv6 m;
	struct ipv6 quote;
	struct bj_ip local, remote;
	struct bj_tcp *t;
	enum bj_err why;

	memcpy(path.from, from->bytes, 16);
	memcpy(path.to, to->bytes, 16);
	if (icmpv6_parse(packet, &path, &m)) {
		s->stats.malformed++;
		return;
	}
	if (m.type == ICMPV6_ECHO) {
		echo_v6(s, &path, &m);
		return;
	}
	if (!icmpv6_is_error(m.type) || ipv6_parse_quote(m.body, &quote) || quote.fragment_offset)
		return;
	memcpy(local.bytes, quote.from, 16);
	memcpy(remote.bytes, quote.to, 16);
	if (quote.protocol == IP_UDP) {
		enum icmp_meaning meaning = meaning_v6(&m, &why);

		tell_udp(s, &local, &remote, quote.payload, meaning, why);
	}
	if (quote.protocol != IP_TCP)
		return;
	t = find_quoted(s, &local, &remote, quote.payload);
	if (t) {
		enum icmp_meaning meaning = meaning_v6(&m, &why);

		tell(t, meaning, m.mtu, why);
	}
}
