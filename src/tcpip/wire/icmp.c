/* icmp.c - see icmp.h. */
#include "tcpip/wire/icmp.h"

#include "tcpip/wire/checksum.h"

enum bj_err icmp_parse(struct bj_bytes packet, struct icmp *out)
{
	struct reader r = rd_of(packet);
	struct checksum sum = { 0 };
	struct icmp m = { 0 };
	uint32_t rest;

	m.type = rd_u8(&r);
	m.code = rd_u8(&r);
	(void)rd_u16(&r); /* the checksum, summed below */
	rest = rd_u32(&r);
	m.body = rd_rest(&r);
	checksum_add(&sum, packet);
	if (!rd_end(&r) || !checksum_holds(&sum))
		return BJ_ERR_DECODE;
	if (m.type == ICMP_ECHO || m.type == ICMP_ECHO_REPLY) {
		m.id = (uint16_t)(rest >> 16);
		m.sequence = (uint16_t)rest;
	} else if (m.type == ICMP_UNREACHABLE && m.code == ICMP_FRAGMENTATION_NEEDED) {
		m.next_mtu = (uint16_t)rest;
	} else if (m.type == ICMP_PARAMETER_PROBLEM) {
		m.pointer = (uint8_t)(rest >> 24);
	} else if (!icmp_is_error(m.type)) {
		return BJ_ERR_UNSUPPORTED;
	}
	*out = m;
	return BJ_OK;
}

void icmp_write(struct writer *w, const struct icmp *m)
{
	size_t start = w->len, end;
	struct checksum sum = { 0 };

	wr_u8(w, m->type);
	wr_u8(w, m->code);
	wr_u16(w, 0);
	if (m->type == ICMP_ECHO || m->type == ICMP_ECHO_REPLY)
		wr_u32(w, (uint32_t)m->id << 16 | m->sequence);
	else if (m->type == ICMP_PARAMETER_PROBLEM)
		wr_u32(w, (uint32_t)m->pointer << 24);
	else
		wr_u32(w, m->next_mtu);
	wr_bytes(w, m->body);
	if (!wr_ok(w))
		return;
	end = w->len;
	checksum_add(&sum, bytes_of(w->buf + start, end - start));
	w->len = start + 2;
	wr_u16(w, checksum_value(&sum));
	w->len = end;
}
