/* ipv4.h - IPv4 packets and fragments: bytes <-> plain values.
 *
 * The one place that trims to the total length: bytes behind it are the link's padding and never seen above. Options are
 * checked to be well formed and kept as bytes; an option whose length is wrong spoils the packet.
 *
 * Implements   rfc791:3.1 rfc6864 rfc1122:3.2.1
 */
#ifndef TCPIP_WIRE_IPV4_H
#define TCPIP_WIRE_IPV4_H

#include "base/reader.h"
#include "base/writer.h"

#define IPV4_HEADER_LEN 20
#define IPV4_OPTIONS_LEN_MAX 40
#define IPV4_PACKET_LEN_MAX 65535

enum ip_protocol {
	IP_ICMP = 1,
	IP_TCP = 6,
	IP_UDP = 17,
	IP_ICMPV6 = 58,
};

enum ipv4_option {
	IPV4_OPTION_END = 0,
	IPV4_OPTION_NOP = 1,
	IPV4_OPTION_LOOSE_ROUTE = 131,
	IPV4_OPTION_STRICT_ROUTE = 137,
};

struct ipv4 {
	uint8_t tos;
	uint8_t ttl;
	uint8_t protocol;
	uint16_t id;
	bool dont_fragment;
	bool more_fragments;
	uint16_t fragment_offset; /* in bytes, a multiple of 8 */
	uint8_t from[4];
	uint8_t to[4];
	struct bj_bytes options;
	struct bj_bytes payload;
};

BJ_MUST_USE enum bj_err ipv4_parse(struct bj_bytes packet, struct ipv4 *out);
/* The start of a packet as ICMP quotes it: cut off anywhere behind the header, whose checksum is not asked. */
BJ_MUST_USE enum bj_err ipv4_parse_quote(struct bj_bytes quote, struct ipv4 *out);
/* Header with options (padded to four bytes) and checksum, then the payload. */
void ipv4_write(struct writer *w, const struct ipv4 *ip);
/* The header alone, for a payload of this length that the caller writes behind it. */
void ipv4_write_header(struct writer *w, const struct ipv4 *ip, size_t payload_len);
/* The bytes of the option of this kind, kind and length included; empty if there is none. */
struct bj_bytes ipv4_find_option(struct bj_bytes options, uint8_t kind);

static inline bool ipv4_is_fragment(const struct ipv4 *ip)
{
	return ip->more_fragments || ip->fragment_offset > 0;
}

#endif
