/* ethernet.h - Ethernet II frames: bytes <-> plain values. At most one 802.1Q tag; trailing padding stays in the payload,
 * because only the layer above knows its own length. */
#ifndef TCPIP_WIRE_ETHERNET_H
#define TCPIP_WIRE_ETHERNET_H

#include "base/reader.h"
#include "base/writer.h"

#define ETHERNET_ADDRESS_LEN 6
#define ETHERNET_HEADER_LEN 14

enum ethernet_type {
	ETHERNET_IPV4 = 0x0800,
	ETHERNET_ARP = 0x0806,
	ETHERNET_VLAN = 0x8100,
	ETHERNET_IPV6 = 0x86dd,
};

struct ethernet {
	uint8_t to[ETHERNET_ADDRESS_LEN];
	uint8_t from[ETHERNET_ADDRESS_LEN];
	uint16_t type; /* at least 0x600: lengths of 802.3 are refused */
	bool has_vlan;
	uint16_t vlan; /* priority, DEI and identifier as on the wire */
	struct bj_bytes payload;
};

BJ_MUST_USE enum bj_err ethernet_parse(struct bj_bytes frame, struct ethernet *out);
void ethernet_write(struct writer *w, const struct ethernet *e);

#endif
