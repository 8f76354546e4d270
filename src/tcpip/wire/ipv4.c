/* ipv4.c - see ipv4.h. */
#include "tcpip/wire/ipv4.h"

#include "tcpip/wire/checksum.h"

/* The next option with its kind and length; empty at the end, and the reader bad if a length is wrong. */
static struct bj_bytes option_next(struct reader *r)
{
	struct reader at = *r;
	uint8_t kind = rd_u8(&at), len;

	if (!rd_more(r) || kind == IPV4_OPTION_END) {
		rd_rest(r);
		return (struct bj_bytes){ 0 };
	}
	if (kind == IPV4_OPTION_NOP)
		return rd_bytes(r, 1);
	len = rd_u8(&at);
	if (at.bad || len < 2) {
		rd_fail(r);
		return (struct bj_bytes){ 0 };
	}
	return rd_bytes(r, len);
}

struct bj_bytes ipv4_find_option(struct bj_bytes options, uint8_t kind)
{
	struct reader r = rd_of(options);

	for (struct bj_bytes o; (o = option_next(&r)).len > 0;)
		if (o.ptr[0] == kind)
			return o;
	return (struct bj_bytes){ 0 };
}

static bool options_hold(struct bj_bytes options)
{
	struct reader r = rd_of(options);

	while (option_next(&r).len > 0)
		;
	return rd_end(&r);
}

enum bj_err ipv4_parse(struct bj_bytes packet, struct ipv4 *out)
{
	struct reader r = rd_of(packet);
	struct checksum sum = { 0 };
	struct ipv4 ip = { 0 };
	uint8_t first = rd_u8(&r);
	size_t header_len = (size_t)(first & 15) * 4, total;
	uint16_t flags;
	struct bj_bytes addresses;

	ip.tos = rd_u8(&r);
	total = rd_u16(&r);
	ip.id = rd_u16(&r);
	flags = rd_u16(&r);
	ip.dont_fragment = flags & 0x4000;
	ip.more_fragments = flags & 0x2000;
	ip.fragment_offset = (uint16_t)((flags & 0x1fff) * 8);
	ip.ttl = rd_u8(&r);
	ip.protocol = rd_u8(&r);
	(void)rd_u16(&r); /* the checksum, summed below */
	addresses = rd_bytes(&r, 8);
	if (r.bad || first >> 4 != 4 || header_len < IPV4_HEADER_LEN || total < header_len || total > packet.len)
		return BJ_ERR_DECODE;
	memcpy(ip.from, addresses.ptr, 4);
	memcpy(ip.to, addresses.ptr + 4, 4);
	checksum_add(&sum, bytes_of(packet.ptr, header_len));
	ip.options = rd_bytes(&r, header_len - IPV4_HEADER_LEN);
	if (!checksum_holds(&sum) || !options_hold(ip.options))
		return BJ_ERR_DECODE;
	ip.payload = rd_bytes(&r, total - header_len);
	if (ip.fragment_offset + ip.payload.len > IPV4_PACKET_LEN_MAX - header_len)
		return BJ_ERR_DECODE; /* a fragment that ends beyond what any packet can hold */
	if (ip.more_fragments && ip.payload.len % 8 != 0)
		return BJ_ERR_DECODE;
	*out = ip;
	return BJ_OK;
}

enum bj_err ipv4_parse_quote(struct bj_bytes quote, struct ipv4 *out)
{
	struct reader r = rd_of(quote);
	struct ipv4 ip = { 0 };
	uint8_t first = rd_u8(&r);
	size_t header_len = (size_t)(first & 15) * 4;
	struct bj_bytes addresses;

	(void)rd_bytes(&r, 5);
	ip.fragment_offset = (uint16_t)((rd_u16(&r) & 0x1fff) * 8);
	ip.ttl = rd_u8(&r);
	ip.protocol = rd_u8(&r);
	(void)rd_u16(&r);
	addresses = rd_bytes(&r, 8);
	if (r.bad || first >> 4 != 4 || header_len < IPV4_HEADER_LEN)
		return BJ_ERR_DECODE;
	memcpy(ip.from, addresses.ptr, 4);
	memcpy(ip.to, addresses.ptr + 4, 4);
	ip.options = rd_bytes(&r, header_len - IPV4_HEADER_LEN);
	ip.payload = rd_rest(&r);
	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out = ip;
	return BJ_OK;
}

void ipv4_write_header(struct writer *w, const struct ipv4 *ip, size_t payload_len)
{
	size_t start = w->len, options_len = (ip->options.len + 3) / 4 * 4, header_len = IPV4_HEADER_LEN + options_len;
	static const uint8_t zeros[4];
	struct checksum sum = { 0 };

	if (options_len > IPV4_OPTIONS_LEN_MAX || payload_len > IPV4_PACKET_LEN_MAX - header_len || ip->fragment_offset % 8) {
		w->bad = true;
		return;
	}
	wr_u8(w, (uint8_t)(0x40 | header_len / 4));
	wr_u8(w, ip->tos);
	wr_u16(w, (uint16_t)(header_len + payload_len));
	wr_u16(w, ip->id);
	wr_u16(w, (uint16_t)((ip->dont_fragment ? 0x4000 : 0) | (ip->more_fragments ? 0x2000 : 0) | ip->fragment_offset / 8));
	wr_u8(w, ip->ttl);
	wr_u8(w, ip->protocol);
	wr_u16(w, 0);
	wr_raw(w, ip->from, 4);
	wr_raw(w, ip->to, 4);
	wr_bytes(w, ip->options);
	wr_raw(w, zeros, options_len - ip->options.len);
	if (!wr_ok(w))
		return;
	checksum_add(&sum, bytes_of(w->buf + start, header_len));
	w->len = start + 10;
	wr_u16(w, checksum_value(&sum));
	w->len = start + header_len;
}

void ipv4_write(struct writer *w, const struct ipv4 *ip)
{
	ipv4_write_header(w, ip, ip->payload.len);
	wr_bytes(w, ip->payload);
}
