/* arp.c - see arp.h. */
#include "tcpip/wire/arp.h"

enum bj_err arp_parse(struct bj_bytes packet, struct arp *out)
{
	struct reader r = rd_of(packet);
	uint16_t hardware = rd_u16(&r), protocol = rd_u16(&r);
	uint8_t hardware_len = rd_u8(&r), protocol_len = rd_u8(&r);
	uint16_t operation = rd_u16(&r);
	struct bj_bytes body = rd_bytes(&r, 20);

	if (r.bad || hardware != 1 || protocol != 0x0800 || hardware_len != 6 || protocol_len != 4)
		return BJ_ERR_DECODE;
	if (operation != ARP_REQUEST && operation != ARP_REPLY)
		return BJ_ERR_UNSUPPORTED;
	out->operation = operation;
	memcpy(out->sender_mac, body.ptr, 6);
	memcpy(out->sender_ip, body.ptr + 6, 4);
	memcpy(out->target_mac, body.ptr + 10, 6);
	memcpy(out->target_ip, body.ptr + 16, 4);
	return BJ_OK;
}

void arp_write(struct writer *w, const struct arp *a)
{
	wr_u16(w, 1);
	wr_u16(w, 0x0800);
	wr_u8(w, 6);
	wr_u8(w, 4);
	wr_u16(w, a->operation);
	wr_raw(w, a->sender_mac, 6);
	wr_raw(w, a->sender_ip, 4);
	wr_raw(w, a->target_mac, 6);
	wr_raw(w, a->target_ip, 4);
}
