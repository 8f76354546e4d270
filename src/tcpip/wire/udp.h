/* udp.h - UDP datagrams: bytes <-> plain values.
 *
 * Trims to the UDP length. A checksum of zero means none over IPv4 and is refused over IPv6 (rfc8200:8.1).
 *
 * Implements   rfc768 rfc8200:8.1
 */
#ifndef TCPIP_WIRE_UDP_H
#define TCPIP_WIRE_UDP_H

#include "base/reader.h"
#include "base/writer.h"

#define UDP_HEADER_LEN 8

struct udp {
	uint16_t source_port;
	uint16_t destination_port;
	struct bj_bytes payload;
};

/* Addresses of 4 or 16 bytes each. */
BJ_MUST_USE enum bj_err udp_parse(struct bj_bytes packet, struct bj_bytes from, struct bj_bytes to, struct udp *out);
/* One whose checksum was vouched for by the device. */
BJ_MUST_USE enum bj_err udp_parse_unchecked(struct bj_bytes packet, struct udp *out);
void udp_write(struct writer *w, const struct udp *u, struct bj_bytes from, struct bj_bytes to);

#endif
