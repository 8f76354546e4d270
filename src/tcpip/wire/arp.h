/* arp.h - ARP for IPv4 over Ethernet (rfc826): bytes <-> plain values. Other hardware and protocols are refused. */
#ifndef TCPIP_WIRE_ARP_H
#define TCPIP_WIRE_ARP_H

#include "base/reader.h"
#include "base/writer.h"

enum arp_operation {
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

struct arp {
	uint16_t operation;
	uint8_t sender_mac[6];
	uint8_t sender_ip[4];
	uint8_t target_mac[6];
	uint8_t target_ip[4];
};

/* Trailing bytes are Ethernet's padding and allowed. */
BJ_MUST_USE enum bj_err arp_parse(struct bj_bytes packet, struct arp *out);
void arp_write(struct writer *w, const struct arp *a);

#endif
