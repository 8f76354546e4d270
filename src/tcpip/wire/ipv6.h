/* ipv6.h - IPv6 packets with their extension headers: bytes <-> plain values.
 *
 * Walks the headers up to the upper layer, at most IPV6_EXTENSIONS_MAX of them, and trims to the payload length. What a
 * node must not pass on silently is refused here: options that say so by their two high bits, routing headers with
 * segments left, hop-by-hop anywhere but first. A fragment stops the walk: what follows makes sense only when whole.
 *
 * Implements   rfc8200:3 rfc8200:4 rfc5095 rfc6946
 * Leaves out   jumbograms, authentication and encryption headers: the packet is refused
 */
#ifndef TCPIP_WIRE_IPV6_H
#define TCPIP_WIRE_IPV6_H

#include "base/reader.h"
#include "base/writer.h"

#define IPV6_HEADER_LEN 40
#define IPV6_FRAGMENT_HEADER_LEN 8
#define IPV6_EXTENSIONS_MAX 8
#define IPV6_PAYLOAD_LEN_MAX 65535
#define IPV6_MTU_MIN 1280

enum ipv6_header {
	IPV6_HOP_BY_HOP = 0,
	IPV6_ROUTING = 43,
	IPV6_FRAGMENT = 44,
	IPV6_NO_NEXT = 59,
	IPV6_DESTINATION = 60,
};

struct ipv6 {
	uint8_t traffic_class;
	uint32_t flow_label; /* 20 bits */
	uint8_t hop_limit;
	uint8_t protocol; /* of the payload: the upper layer, or what a fragment says it carries */
	uint8_t from[16];
	uint8_t to[16];
	struct bj_bytes extensions; /* all headers before the fragment header or the upper layer */
	uint8_t first_header;       /* what the fixed header names; equal to protocol without extensions and fragment */
	bool has_fragment;
	bool more_fragments;
	uint16_t fragment_offset; /* in bytes */
	uint32_t fragment_id;
	struct bj_bytes payload;
};

BJ_MUST_USE enum bj_err ipv6_parse(struct bj_bytes packet, struct ipv6 *out);
/* The start of a packet as ICMPv6 quotes it: cut off anywhere behind the headers. */
BJ_MUST_USE enum bj_err ipv6_parse_quote(struct bj_bytes quote, struct ipv6 *out);
/* Everything, payload too. `extensions` must be well formed and end with the header that stands before the fragment
 * header or the payload; without extensions `first_header` is not looked at. */
void ipv6_write(struct writer *w, const struct ipv6 *ip);
/* The same without the payload, whose length is given. */
void ipv6_write_header(struct writer *w, const struct ipv6 *ip, size_t payload_len);
/* Walks extension headers that stand before the upper layer in a payload that was put together from fragments. */
BJ_MUST_USE enum bj_err ipv6_walk(struct reader *r, uint8_t first, struct ipv6 *ip);

static inline bool ipv6_is_fragment(const struct ipv6 *ip)
{
	return ip->has_fragment && (ip->more_fragments || ip->fragment_offset > 0);
}

#endif
