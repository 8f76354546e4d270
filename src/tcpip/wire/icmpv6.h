/* icmpv6.h - ICMPv6 and neighbour discovery: bytes <-> plain values.
 *
 * The checksum covers the addresses of the packet, so both calls take them. Neighbour discovery is refused unless the hop
 * limit is 255, the code zero and each option has a length (rfc4861:6.1, rfc4861:7.1): who gets a value here may use it.
 *
 * Implements   rfc4443 rfc4861:4
 * Leaves out   redirects, router renumbering, MLD: BJ_ERR_UNSUPPORTED
 */
#ifndef TCPIP_WIRE_ICMPV6_H
#define TCPIP_WIRE_ICMPV6_H

#include "base/reader.h"
#include "base/writer.h"

enum icmpv6_type {
	ICMPV6_UNREACHABLE = 1,
	ICMPV6_PACKET_TOO_BIG = 2,
	ICMPV6_TIME_EXCEEDED = 3,
	ICMPV6_PARAMETER_PROBLEM = 4,
	ICMPV6_ECHO = 128,
	ICMPV6_ECHO_REPLY = 129,
	ICMPV6_ROUTER_SOLICITATION = 133,
	ICMPV6_ROUTER_ADVERTISEMENT = 134,
	ICMPV6_NEIGHBOR_SOLICITATION = 135,
	ICMPV6_NEIGHBOR_ADVERTISEMENT = 136,
};

#define ND_HOP_LIMIT 255
#define ND_PREFIXES_MAX 8
#define ND_OPTIONS_MAX 32

struct nd_prefix {
	uint8_t len; /* bits */
	bool on_link;
	bool autonomous;
	uint32_t valid_s;
	uint32_t preferred_s;
	uint8_t prefix[16];
};

struct nd {
	uint8_t target[16]; /* solicitation and advertisement of neighbours */
	bool router, solicited, override; /* neighbour advertisement */
	uint8_t hop_limit;  /* router advertisement, as the rest of the numbers */
	bool managed, other;
	uint16_t lifetime_s;
	uint32_t reachable_ms;
	uint32_t retrans_ms;
	bool has_source_mac, has_target_mac, has_mtu;
	uint8_t source_mac[6];
	uint8_t target_mac[6];
	uint32_t mtu;
	uint8_t prefix_count; /* more than ND_PREFIXES_MAX are not kept */
	struct nd_prefix prefixes[ND_PREFIXES_MAX];
};

struct icmpv6 {
	uint8_t type;
	uint8_t code;
	uint16_t id;       /* echo */
	uint16_t sequence; /* echo */
	uint32_t mtu;      /* packet too big */
	uint32_t pointer;  /* parameter problem */
	struct bj_bytes body; /* echo: data; errors: the quote */
	struct nd nd;
};

struct icmpv6_path {
	uint8_t from[16];
	uint8_t to[16];
	uint8_t hop_limit;
};

BJ_MUST_USE enum bj_err icmpv6_parse(struct bj_bytes packet, const struct icmpv6_path *path, struct icmpv6 *out);
void icmpv6_write(struct writer *w, const struct icmpv6 *m, const struct icmpv6_path *path);

static inline bool icmpv6_is_error(uint8_t type)
{
	return type < 128;
}

static inline bool icmpv6_is_nd(uint8_t type)
{
	return type >= ICMPV6_ROUTER_SOLICITATION && type <= ICMPV6_NEIGHBOR_ADVERTISEMENT;
}

#endif
