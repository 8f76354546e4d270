/* checksum.h - the Internet checksum: the ones' complement sum of 16-bit words (rfc1071), and its pseudo-headers.
 *
 * A sum is gathered over pieces in order; a piece of odd length may only be the last. A whole that carries its own
 * checksum sums to zero, so checking is gathering and asking checksum_holds().
 *
 * Implements   rfc1071 rfc9293:3.1 rfc8200:8.1
 */
#ifndef TCPIP_WIRE_CHECKSUM_H
#define TCPIP_WIRE_CHECKSUM_H

#include "base/bytes.h"

struct checksum {
	uint64_t sum;
};

void checksum_add(struct checksum *c, struct bj_bytes piece);

static inline void checksum_add_u16(struct checksum *c, uint16_t v)
{
	c->sum += v;
}

/* The pseudo-header of TCP, UDP and ICMPv6: addresses of 4 or 16 bytes each, the protocol and the upper length. */
static inline struct checksum checksum_pseudo(struct bj_bytes from, struct bj_bytes to, uint8_t protocol, size_t len)
{
	struct checksum c = { 0 };

	checksum_add(&c, from);
	checksum_add(&c, to);
	c.sum += protocol + (len >> 16) + (len & 0xffff);
	return c;
}

static inline uint16_t checksum_fold(const struct checksum *c)
{
	uint64_t s = c->sum;

	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

/* What goes into the checksum field when the sum was gathered with that field as zero. */
static inline uint16_t checksum_value(const struct checksum *c)
{
	return (uint16_t)~checksum_fold(c);
}

/* The question for a whole with its checksum inside. */
static inline bool checksum_holds(const struct checksum *c)
{
	return checksum_fold(c) == 0xffff;
}

#endif
