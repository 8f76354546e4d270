/* icmp.h - ICMP for IPv4: bytes <-> plain values.
 *
 * An error quotes the start of the packet that caused it; the quote stays bytes, cut off wherever the sender cut it.
 *
 * Implements   rfc792 rfc1191:4 rfc4884 (the length is ignored: the quote is all that is left)
 */
#ifndef TCPIP_WIRE_ICMP_H
#define TCPIP_WIRE_ICMP_H

#include "base/reader.h"
#include "base/writer.h"

enum icmp_type {
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
};

enum icmp_unreachable_code {
	ICMP_NET = 0,
	ICMP_HOST = 1,
	ICMP_PROTOCOL = 2,
	ICMP_PORT = 3,
	ICMP_FRAGMENTATION_NEEDED = 4,
	ICMP_SOURCE_ROUTE_FAILED = 5,
};

struct icmp {
	uint8_t type;
	uint8_t code;
	uint16_t id;       /* echo */
	uint16_t sequence; /* echo */
	uint16_t next_mtu; /* fragmentation needed; zero from old routers */
	uint8_t pointer;   /* parameter problem */
	struct bj_bytes body; /* echo: data; errors: the quote */
};

/* BJ_ERR_UNSUPPORTED: a type that is none of the above. */
BJ_MUST_USE enum bj_err icmp_parse(struct bj_bytes packet, struct icmp *out);
void icmp_write(struct writer *w, const struct icmp *m);

static inline bool icmp_is_error(uint8_t type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

#endif
