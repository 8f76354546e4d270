/* icmpv6.c - see icmpv6.h. */
#include "tcpip/wire/icmpv6.h"

#include "tcpip/wire/checksum.h"
#include "tcpip/wire/ipv4.h"

enum nd_option {
	ND_SOURCE_MAC = 1,
	ND_TARGET_MAC = 2,
	ND_PREFIX = 3,
	ND_MTU = 5,
};

static void prefix_read(struct reader *r, struct nd *nd)
{
	struct nd_prefix p = { .len = rd_u8(r) };
	uint8_t flags = rd_u8(r);
	struct bj_bytes prefix;

	p.on_link = flags & 0x80;
	p.autonomous = flags & 0x40;
	p.valid_s = rd_u32(r);
	p.preferred_s = rd_u32(r);
	(void)rd_u32(r);
	prefix = rd_bytes(r, 16);
	if (prefix.len != 16 || p.len > 128) {
		rd_fail(r);
		return;
	}
	memcpy(p.prefix, prefix.ptr, 16);
	if (nd->prefix_count < ND_PREFIXES_MAX)
		nd->prefixes[nd->prefix_count++] = p;
}

static void mac_read(struct reader *r, bool *has, uint8_t mac[6])
{
	struct bj_bytes b = rd_bytes(r, 6);

	*has = b.len == 6;
	bytes_copy(mac, b.ptr, b.len);
}

/* Options to the end; a length of zero spoils all (rfc4861:4.6). */
static void options_read(struct reader *r, struct nd *nd)
{
	for (unsigned count = 0; rd_more(r); count++) {
		uint8_t kind = rd_u8(r), units = rd_u8(r);
		struct reader body;

		if (units == 0 || count == ND_OPTIONS_MAX) {
			rd_fail(r);
			return;
		}
		body = rd_of(rd_bytes(r, (size_t)units * 8 - 2));
		if (r->bad)
			return;
		if (kind == ND_SOURCE_MAC)
			mac_read(&body, &nd->has_source_mac, nd->source_mac);
		else if (kind == ND_TARGET_MAC)
			mac_read(&body, &nd->has_target_mac, nd->target_mac);
		else if (kind == ND_PREFIX)
			prefix_read(&body, nd);
		if (kind == ND_MTU) {
			(void)rd_u16(&body);
			nd->mtu = rd_u32(&body);
			nd->has_mtu = !body.bad;
		}
		if (body.bad)
			rd_fail(r);
	}
}

static void target_read(struct reader *r, struct nd *nd)
{
	struct bj_bytes target = rd_bytes(r, 16);

	bytes_copy(nd->target, target.ptr, target.len);
	if (nd->target[0] == 0xff)
		rd_fail(r); /* never a multicast address: rfc4861:7.1.1 */
}

static enum bj_err nd_parse(struct reader *r, uint8_t type, struct nd *nd)
{
	uint32_t first = rd_u32(r);

	if (type == ICMPV6_ROUTER_ADVERTISEMENT) {
		nd->hop_limit = (uint8_t)(first >> 24);
		nd->managed = first & 0x800000;
		nd->other = first & 0x400000;
		nd->lifetime_s = (uint16_t)first;
		nd->reachable_ms = rd_u32(r);
		nd->retrans_ms = rd_u32(r);
	} else if (type == ICMPV6_NEIGHBOR_SOLICITATION) {
		target_read(r, nd);
	} else if (type == ICMPV6_NEIGHBOR_ADVERTISEMENT) {
		nd->router = first & 0x80000000;
		nd->solicited = first & 0x40000000;
		nd->override = first & 0x20000000;
		target_read(r, nd);
	}
	options_read(r, nd);
	return rd_end(r) ? BJ_OK : BJ_ERR_DECODE;
}

enum bj_err icmpv6_parse(struct bj_bytes packet, const struct icmpv6_path *path, struct icmpv6 *out)
{
	struct reader r = rd_of(packet);
	struct checksum sum = checksum_pseudo(bytes_of(path->from, 16), bytes_of(path->to, 16), IP_ICMPV6, packet.len);
	struct icmpv6 m = { 0 };
	uint32_t rest;

	m.type = rd_u8(&r);
	m.code = rd_u8(&r);
	(void)rd_u16(&r); /* the checksum, summed below */
	checksum_add(&sum, packet);
	if (r.bad || !checksum_holds(&sum))
		return BJ_ERR_DECODE;
	if (icmpv6_is_nd(m.type)) {
		enum bj_err err = path->hop_limit != ND_HOP_LIMIT || m.code != 0 ? BJ_ERR_DECODE : nd_parse(&r, m.type, &m.nd);

		if (err)
			return err;
		*out = m;
		return BJ_OK;
	}
	rest = rd_u32(&r);
	m.body = rd_rest(&r);
	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	if (m.type == ICMPV6_ECHO || m.type == ICMPV6_ECHO_REPLY) {
		m.id = (uint16_t)(rest >> 16);
		m.sequence = (uint16_t)rest;
	} else if (m.type == ICMPV6_PACKET_TOO_BIG) {
		m.mtu = rest;
	} else if (m.type == ICMPV6_PARAMETER_PROBLEM) {
		m.pointer = rest;
	} else if (m.type != ICMPV6_UNREACHABLE && m.type != ICMPV6_TIME_EXCEEDED) {
		return BJ_ERR_UNSUPPORTED;
	}
	*out = m;
	return BJ_OK;
}

static void mac_write(struct writer *w, uint8_t kind, bool has, const uint8_t mac[6])
{
	if (!has)
		return;
	wr_u8(w, kind);
	wr_u8(w, 1);
	wr_raw(w, mac, 6);
}

static void nd_write(struct writer *w, uint8_t type, const struct nd *nd)
{
	if (type == ICMPV6_ROUTER_ADVERTISEMENT) {
		wr_u8(w, nd->hop_limit);
		wr_u8(w, (uint8_t)((nd->managed ? 0x80 : 0) | (nd->other ? 0x40 : 0)));
		wr_u16(w, nd->lifetime_s);
		wr_u32(w, nd->reachable_ms);
		wr_u32(w, nd->retrans_ms);
	} else if (type == ICMPV6_NEIGHBOR_ADVERTISEMENT) {
		wr_u32(w, (nd->router ? 0x80000000 : 0) | (nd->solicited ? 0x40000000 : 0) | (nd->override ? 0x20000000 : 0));
		wr_raw(w, nd->target, 16);
	} else {
		wr_u32(w, 0);
		if (type == ICMPV6_NEIGHBOR_SOLICITATION)
			wr_raw(w, nd->target, 16);
	}
	mac_write(w, ND_SOURCE_MAC, nd->has_source_mac, nd->source_mac);
	mac_write(w, ND_TARGET_MAC, nd->has_target_mac, nd->target_mac);
	if (nd->has_mtu) {
		wr_u8(w, ND_MTU);
		wr_u8(w, 1);
		wr_u16(w, 0);
		wr_u32(w, nd->mtu);
	}
	for (size_t i = 0; i < nd->prefix_count; i++) {
		const struct nd_prefix *p = &nd->prefixes[i];

		wr_u8(w, ND_PREFIX);
		wr_u8(w, 4);
		wr_u8(w, p->len);
		wr_u8(w, (uint8_t)((p->on_link ? 0x80 : 0) | (p->autonomous ? 0x40 : 0)));
		wr_u32(w, p->valid_s);
		wr_u32(w, p->preferred_s);
		wr_u32(w, 0);
		wr_raw(w, p->prefix, 16);
	}
}

void icmpv6_write(struct writer *w, const struct icmpv6 *m, const struct icmpv6_path *path)
{
	size_t start = w->len, end;
	struct checksum sum;

	wr_u8(w, m->type);
	wr_u8(w, m->code);
	wr_u16(w, 0);
	if (icmpv6_is_nd(m->type)) {
		nd_write(w, m->type, &m->nd);
	} else {
		if (m->type == ICMPV6_ECHO || m->type == ICMPV6_ECHO_REPLY)
			wr_u32(w, (uint32_t)m->id << 16 | m->sequence);
		else
			wr_u32(w, m->type == ICMPV6_PACKET_TOO_BIG ? m->mtu : m->pointer);
		wr_bytes(w, m->body);
	}
	if (!wr_ok(w))
		return;
	end = w->len;
	sum = checksum_pseudo(bytes_of(path->from, 16), bytes_of(path->to, 16), IP_ICMPV6, end - start);
	checksum_add(&sum, bytes_of(w->buf + start, end - start));
	w->len = start + 2;
	wr_u16(w, checksum_value(&sum));
	w->len = end;
}
