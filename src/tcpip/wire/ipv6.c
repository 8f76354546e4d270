/* ipv6.c - see ipv6.h. */
#include "tcpip/wire/ipv6.h"

/* Options of hop-by-hop and destination headers: an unknown one may be skipped only if its high bits are zero. */
static bool options_hold(struct reader r)
{
	while (rd_more(&r)) {
		uint8_t kind = rd_u8(&r);

		if (kind == 0) /* Pad1 */
			continue;
		(void)rd_vec(&r, 1);
		if (kind >> 6 != 0)
			return false;
	}
	return rd_end(&r);
}

static void fragment_read(struct reader *r, struct ipv6 *ip)
{
	uint16_t offset;

	ip->has_fragment = true;
	(void)rd_u8(r); /* reserved */
	offset = rd_u16(r);
	ip->fragment_offset = offset & 0xfff8;
	ip->more_fragments = offset & 1;
	ip->fragment_id = rd_u32(r);
}

/* A hop-by-hop, destination or routing header whose next header was read already. */
static bool extension_holds(struct reader *r, uint8_t kind)
{
	size_t len = (size_t)rd_u8(r) * 8 + 6;
	struct reader body = rd_of(rd_bytes(r, len));

	if (r->bad)
		return false;
	if (kind == IPV6_ROUTING) {
		(void)rd_u8(&body);
		return rd_u8(&body) == 0; /* no segments left: rfc8200:4.4 says ignore, otherwise discard */
	}
	return options_hold(body);
}

enum bj_err ipv6_walk(struct reader *r, uint8_t first, struct ipv6 *ip)
{
	const uint8_t *start = r->ptr;
	uint8_t kind = first;

	for (unsigned count = 0;; count++) {
		struct reader before = *r;
		uint8_t next;

		if (kind != IPV6_HOP_BY_HOP && kind != IPV6_ROUTING && kind != IPV6_FRAGMENT && kind != IPV6_DESTINATION)
			break;
		if (count == IPV6_EXTENSIONS_MAX)
			return BJ_ERR_LIMIT;
		next = rd_u8(r);
		if (kind == IPV6_FRAGMENT) {
			ip->extensions = bytes_of(start, (size_t)(before.ptr - start));
			ip->protocol = next;
			fragment_read(r, ip);
			return r->bad ? BJ_ERR_DECODE : BJ_OK;
		}
		if ((kind == IPV6_HOP_BY_HOP && count > 0) || !extension_holds(r, kind))
			return BJ_ERR_DECODE;
		kind = next;
	}
	ip->extensions = bytes_of(start, (size_t)(r->ptr - start));
	ip->protocol = kind;
	return r->bad ? BJ_ERR_DECODE : BJ_OK;
}

/* The fixed header, and the walk over `payload_len` bytes behind it, or over all that is left. */
static enum bj_err parse(struct bj_bytes packet, bool whole, struct ipv6 *out)
{
	struct reader r = rd_of(packet);
	struct ipv6 ip = { 0 };
	uint32_t first = rd_u32(&r);
	size_t payload_len = rd_u16(&r);
	struct bj_bytes addresses;
	enum bj_err err;

	ip.first_header = rd_u8(&r);
	ip.hop_limit = rd_u8(&r);
	addresses = rd_bytes(&r, 32);
	if (r.bad || first >> 28 != 6 || (whole && payload_len > rd_left(&r)))
		return BJ_ERR_DECODE;
	ip.traffic_class = (uint8_t)(first >> 20);
	ip.flow_label = first & 0xfffff;
	memcpy(ip.from, addresses.ptr, 16);
	memcpy(ip.to, addresses.ptr + 16, 16);
	if (whole)
		r = rd_of(rd_bytes(&r, payload_len));
	err = ipv6_walk(&r, ip.first_header, &ip);
	if (err)
		return err;
	ip.payload = rd_rest(&r);
	*out = ip;
	return BJ_OK;
}

enum bj_err ipv6_parse_quote(struct bj_bytes quote, struct ipv6 *out)
{
	return parse(quote, false, out);
}

enum bj_err ipv6_parse(struct bj_bytes packet, struct ipv6 *out)
{
	struct ipv6 ip;
	enum bj_err err = parse(packet, true, &ip);

	if (err)
		return err;
	if (ip.has_fragment && ip.more_fragments && ip.payload.len % 8 != 0)
		return BJ_ERR_DECODE;
	if (ip.has_fragment && ip.fragment_offset + ip.payload.len > IPV6_PAYLOAD_LEN_MAX)
		return BJ_ERR_DECODE;
	*out = ip;
	return BJ_OK;
}

void ipv6_write_header(struct writer *w, const struct ipv6 *ip, size_t payload_len)
{
	size_t len = ip->extensions.len + (ip->has_fragment ? IPV6_FRAGMENT_HEADER_LEN : 0) + payload_len;
	uint8_t inner = ip->has_fragment ? IPV6_FRAGMENT : ip->protocol;

	if (len > IPV6_PAYLOAD_LEN_MAX || ip->flow_label > 0xfffff || ip->fragment_offset % 8) {
		w->bad = true;
		return;
	}
	wr_u32(w, UINT32_C(6) << 28 | (uint32_t)ip->traffic_class << 20 | ip->flow_label);
	wr_u16(w, (uint16_t)len);
	wr_u8(w, ip->extensions.len ? ip->first_header : inner);
	wr_u8(w, ip->hop_limit);
	wr_raw(w, ip->from, 16);
	wr_raw(w, ip->to, 16);
	wr_bytes(w, ip->extensions);
	if (!ip->has_fragment)
		return;
	wr_u8(w, ip->protocol);
	wr_u8(w, 0);
	wr_u16(w, (uint16_t)(ip->fragment_offset | (ip->more_fragments ? 1 : 0)));
	wr_u32(w, ip->fragment_id);
}

void ipv6_write(struct writer *w, const struct ipv6 *ip)
{
	ipv6_write_header(w, ip, ip->payload.len);
	wr_bytes(w, ip->payload);
}
