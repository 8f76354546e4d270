/* ethernet.c - see ethernet.h. */
#include "tcpip/wire/ethernet.h"

enum bj_err ethernet_parse(struct bj_bytes frame, struct ethernet *out)
{
	struct reader r = rd_of(frame);
	struct ethernet e = { 0 };

	bytes_copy(e.to, rd_peek(&r).ptr, rd_left(&r) < 6 ? 0 : 6);
	rd_bytes(&r, 6);
	bytes_copy(e.from, rd_peek(&r).ptr, rd_left(&r) < 6 ? 0 : 6);
	rd_bytes(&r, 6);
	e.type = rd_u16(&r);
	if (e.type == ETHERNET_VLAN) {
		e.has_vlan = true;
		e.vlan = rd_u16(&r);
		e.type = rd_u16(&r);
	}
	e.payload = rd_rest(&r);
	if (!rd_end(&r) || e.type < 0x600 || e.type == ETHERNET_VLAN)
		return BJ_ERR_DECODE;
	*out = e;
	return BJ_OK;
}

void ethernet_write(struct writer *w, const struct ethernet *e)
{
	wr_raw(w, e->to, sizeof(e->to));
	wr_raw(w, e->from, sizeof(e->from));
	if (e->has_vlan) {
		wr_u16(w, ETHERNET_VLAN);
		wr_u16(w, e->vlan);
	}
	wr_u16(w, e->type);
	wr_bytes(w, e->payload);
}
