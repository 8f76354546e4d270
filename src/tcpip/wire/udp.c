/* udp.c - see udp.h. */
#include "tcpip/wire/udp.h"

#include "tcpip/wire/checksum.h"
#include "tcpip/wire/ipv4.h"

/* All but whether the checksum holds. */
static enum bj_err parse(struct bj_bytes packet, struct udp *out, uint16_t *out_len, uint16_t *out_sum)
{
	struct reader r = rd_of(packet);

	out->source_port = rd_u16(&r);
	out->destination_port = rd_u16(&r);
	*out_len = rd_u16(&r);
	*out_sum = rd_u16(&r);
	if (r.bad || *out_len < UDP_HEADER_LEN || *out_len > packet.len)
		return BJ_ERR_DECODE;
	out->payload = rd_bytes(&r, *out_len - UDP_HEADER_LEN);
	return BJ_OK;
}

enum bj_err udp_parse_unchecked(struct bj_bytes packet, struct udp *out)
{
	struct udp u = { 0 };
	uint16_t len, sum_field;

	if (parse(packet, &u, &len, &sum_field))
		return BJ_ERR_DECODE;
	*out = u;
	return BJ_OK;
}

enum bj_err udp_parse(struct bj_bytes packet, struct bj_bytes from, struct bj_bytes to, struct udp *out)
{
	struct udp u = { 0 };
	uint16_t len, sum_field;

	if (parse(packet, &u, &len, &sum_field))
		return BJ_ERR_DECODE;
	if (sum_field != 0) {
		struct checksum sum = checksum_pseudo(from, to, IP_UDP, len);

		checksum_add(&sum, bytes_of(packet.ptr, len));
		if (!checksum_holds(&sum))
			return BJ_ERR_DECODE;
	} else if (from.len != 4) {
		return BJ_ERR_DECODE;
	}
	*out = u;
	return BJ_OK;
}

void udp_write(struct writer *w, const struct udp *u, struct bj_bytes from, struct bj_bytes to)
{
	size_t start = w->len, len = UDP_HEADER_LEN + u->payload.len;
	struct checksum sum = checksum_pseudo(from, to, IP_UDP, len);
	uint16_t value;

	wr_u16(w, u->source_port);
	wr_u16(w, u->destination_port);
	wr_uint(w, len, 2);
	wr_u16(w, 0);
	wr_bytes(w, u->payload);
	if (!wr_ok(w))
		return;
	checksum_add(&sum, bytes_of(w->buf + start, len));
	value = checksum_value(&sum);
	w->len = start + 6;
	wr_u16(w, value ? value : 0xffff); /* zero would mean none */
	w->len = start + len;
}
