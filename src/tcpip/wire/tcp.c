/* tcp.c - see tcp.h. */
#include "tcpip/wire/tcp.h"

#include "tcpip/wire/checksum.h"
#include "tcpip/wire/ipv4.h"

static void sack_read(struct reader *r, struct tcp_options *o)
{
	o->sack_count = 0;
	if (rd_left(r) % 8 != 0)
		return;
	while (rd_more(r) && o->sack_count < TCP_SACK_BLOCKS_MAX) {
		struct tcp_block *b = &o->sack[o->sack_count++];

		b->start = rd_u32(r);
		b->end = rd_u32(r);
	}
}

/* Of a length that is not known yet the fields that are whole count, the rest is padding. */
static void ecn_read(uint8_t kind, struct reader *r, struct tcp_options *o)
{
	size_t count = rd_left(r) / 3;

	o->has_ecn = true;
	o->ecn_ect1_first = kind == TCP_OPTION_ACCURATE_ECN_1;
	o->ecn_count = (uint8_t)(count < TCP_ECN_FIELDS_MAX ? count : TCP_ECN_FIELDS_MAX);
	for (size_t i = 0; i < TCP_ECN_FIELDS_MAX; i++)
		o->ecn[i] = i < o->ecn_count ? rd_u24(r) : 0;
}

/* One option by its kind; a body whose size does not fit the kind is as if it were not there. */
static void option_read(uint8_t kind, struct reader r, struct tcp_options *o)
{
	size_t len = rd_left(&r);

	if (kind == TCP_OPTION_MSS && len == 2) {
		o->has_mss = true;
		o->mss = rd_u16(&r);
	} else if (kind == TCP_OPTION_WINDOW_SCALE && len == 1) {
		o->has_window_scale = true;
		o->window_scale = rd_u8(&r);
	} else if (kind == TCP_OPTION_SACK_PERMITTED && len == 0) {
		o->sack_permitted = true;
	} else if (kind == TCP_OPTION_SACK) {
		sack_read(&r, o);
	} else if (kind == TCP_OPTION_TIMESTAMPS && len == 8) {
		o->has_timestamps = true;
		o->ts_val = rd_u32(&r);
		o->ts_ecr = rd_u32(&r);
	} else if (kind == TCP_OPTION_USER_TIMEOUT && len == 2) {
		o->has_user_timeout = true;
		o->user_timeout = rd_u16(&r);
	} else if (kind == TCP_OPTION_FAST_OPEN && (len == 0 || (len >= 4 && len <= TCP_FAST_OPEN_COOKIE_MAX && len % 2 == 0))) {
		o->has_fast_open = true;
		o->fast_open = rd_rest(&r);
	} else if (kind == TCP_OPTION_EXPERIMENT && len >= 2 && len <= 2 + TCP_FAST_OPEN_COOKIE_MAX && !o->has_fast_open &&
		   rd_u16(&r) == TCP_FAST_OPEN_EXPERIMENT && (len == 2 || len >= 6)) {
		o->has_fast_open = o->fast_open_experimental = true;
		o->fast_open = rd_rest(&r);
	} else if (kind == TCP_OPTION_ACCURATE_ECN_0 || kind == TCP_OPTION_ACCURATE_ECN_1) {
		ecn_read(kind, &r, o);
	} else if (kind == TCP_OPTION_MD5 && len == 16) {
		o->md5 = rd_rest(&r);
	} else if (kind == TCP_OPTION_AO && len >= 2) {
		o->ao = rd_rest(&r);
	}
}

enum bj_err tcp_options_parse(struct bj_bytes bytes, struct tcp_options *out)
{
	struct reader r = rd_of(bytes);
	struct tcp_options o = { 0 };

	while (rd_more(&r)) {
		uint8_t kind = rd_u8(&r), len;

		if (kind == TCP_OPTION_END)
			break;
		if (kind == TCP_OPTION_NOP)
			continue;
		len = rd_u8(&r);
		if (r.bad || len < 2 || len - 2u > rd_left(&r))
			return BJ_ERR_DECODE;
		option_read(kind, rd_of(rd_bytes(&r, len - 2u)), &o);
	}
	*out = o;
	return r.bad ? BJ_ERR_DECODE : BJ_OK;
}

enum bj_err tcp_parse_unchecked(struct bj_bytes packet, struct tcp_segment *out)
{
	struct reader r = rd_of(packet);
	struct tcp_segment s = { 0 };
	uint16_t offset_flags;
	size_t header_len;
	enum bj_err err;

	s.source_port = rd_u16(&r);
	s.destination_port = rd_u16(&r);
	s.seq = rd_u32(&r);
	s.ack = rd_u32(&r);
	offset_flags = rd_u16(&r);
	s.flags = offset_flags & 0x1ff;
	s.window = rd_u16(&r);
	(void)rd_u16(&r); /* the checksum */
	s.urgent = rd_u16(&r);
	header_len = (size_t)(offset_flags >> 12) * 4;
	if (r.bad || header_len < TCP_HEADER_LEN || header_len > packet.len)
		return BJ_ERR_DECODE;
	s.raw_options = rd_bytes(&r, header_len - TCP_HEADER_LEN);
	err = tcp_options_parse(s.raw_options, &s.options);
	if (err)
		return err;
	s.payload = rd_rest(&r);
	*out = s;
	return BJ_OK;
}

enum bj_err tcp_parse(struct bj_bytes packet, struct bj_bytes from, struct bj_bytes to, struct tcp_segment *out)
{
	struct checksum sum = checksum_pseudo(from, to, IP_TCP, packet.len);

	checksum_add(&sum, packet);
	if (!checksum_holds(&sum))
		return BJ_ERR_DECODE;
	return tcp_parse_unchecked(packet, out);
}

static void fill(struct writer *w, size_t count, uint8_t with)
{
	while (count-- > 0)
		wr_u8(w, with);
}

static void align(struct writer *w, size_t start, uint8_t with)
{
	fill(w, (size_t)(-(ptrdiff_t)(w->len - start) & 3), with);
}

static void sack_permitted_write(struct writer *w)
{
	wr_u8(w, TCP_OPTION_SACK_PERMITTED);
	wr_u8(w, 2);
}

static void ecn_write(struct writer *w, const struct tcp_options *o, size_t start)
{
	wr_u8(w, o->ecn_ect1_first ? TCP_OPTION_ACCURATE_ECN_1 : TCP_OPTION_ACCURATE_ECN_0);
	wr_u8(w, (uint8_t)(2 + 3 * o->ecn_count));
	for (size_t i = 0; i < o->ecn_count; i++)
		wr_u24(w, o->ecn[i] & 0xffffff);
	align(w, start, TCP_OPTION_NOP);
}

void tcp_options_write(struct writer *w, const struct tcp_options *o)
{
	size_t start = w->len;

	if (o->has_mss) {
		wr_u8(w, TCP_OPTION_MSS);
		wr_u8(w, 4);
		wr_u16(w, o->mss);
	}
	if (o->has_timestamps) {
		if (o->sack_permitted) /* together they need no padding */
			sack_permitted_write(w);
		else
			fill(w, 2, TCP_OPTION_NOP);
		wr_u8(w, TCP_OPTION_TIMESTAMPS);
		wr_u8(w, 10);
		wr_u32(w, o->ts_val);
		wr_u32(w, o->ts_ecr);
	}
	if (o->has_ecn)
		ecn_write(w, o, start);
	if (o->sack_permitted && !o->has_timestamps) {
		fill(w, 2, TCP_OPTION_NOP);
		sack_permitted_write(w);
	}
	if (o->has_window_scale) {
		wr_u8(w, TCP_OPTION_NOP);
		wr_u8(w, TCP_OPTION_WINDOW_SCALE);
		wr_u8(w, 3);
		wr_u8(w, o->window_scale);
	}
	if (o->sack_count > 0) {
		fill(w, 2, TCP_OPTION_NOP);
		wr_u8(w, TCP_OPTION_SACK);
		wr_u8(w, (uint8_t)(2 + 8 * o->sack_count));
		for (size_t i = 0; i < o->sack_count; i++) {
			wr_u32(w, o->sack[i].start);
			wr_u32(w, o->sack[i].end);
		}
	}
	if (o->has_user_timeout) {
		wr_u8(w, TCP_OPTION_USER_TIMEOUT);
		wr_u8(w, 4);
		wr_u16(w, o->user_timeout);
	}
	if (o->has_fast_open) {
		wr_u8(w, o->fast_open_experimental ? TCP_OPTION_EXPERIMENT : TCP_OPTION_FAST_OPEN);
		wr_u8(w, (uint8_t)((o->fast_open_experimental ? 4 : 2) + o->fast_open.len));
		if (o->fast_open_experimental)
			wr_u16(w, TCP_FAST_OPEN_EXPERIMENT);
		wr_bytes(w, o->fast_open);
		align(w, start, TCP_OPTION_NOP);
	}
	if (o->md5.len) {
		wr_u8(w, TCP_OPTION_MD5);
		wr_u8(w, 18);
		wr_bytes(w, o->md5);
	}
	if (o->ao.len) {
		wr_u8(w, TCP_OPTION_AO);
		wr_u8(w, (uint8_t)(2 + o->ao.len));
		wr_bytes(w, o->ao);
	}
	align(w, start, TCP_OPTION_END);
}

size_t tcp_options_len(const struct tcp_options *o)
{
	uint8_t room[128];
	struct writer w = wr_make(room, sizeof(room));

	tcp_options_write(&w, o);
	return wr_ok(&w) ? w.len : SIZE_MAX;
}

size_t tcp_write_header(struct writer *w, const struct tcp_segment *s)
{
	size_t start = w->len, header_len;

	wr_u16(w, s->source_port);
	wr_u16(w, s->destination_port);
	wr_u32(w, s->seq);
	wr_u32(w, s->ack);
	wr_u16(w, 0);
	wr_u16(w, s->window);
	wr_u16(w, 0);
	wr_u16(w, s->urgent);
	if (s->raw_options.len) {
		wr_bytes(w, s->raw_options);
		fill(w, -s->raw_options.len & 3, TCP_OPTION_END);
	} else {
		tcp_options_write(w, &s->options);
	}
	header_len = w->len - start;
	if (!wr_ok(w) || header_len > TCP_HEADER_LEN + TCP_OPTIONS_LEN_MAX) {
		w->bad = true;
		return start;
	}
	w->len = start + 12;
	wr_u16(w, (uint16_t)(header_len / 4 << 12 | (s->flags & 0x1ff)));
	w->len = start + header_len;
	return start;
}

/* The second piece begins at an odd place where the first one ends at one. */
static void add_tail(struct checksum *sum, const struct bj_bytes tail[2])
{
	struct checksum second = { 0 };

	checksum_add(sum, tail[0]);
	checksum_add(&second, tail[1]);
	sum->sum += tail[0].len % 2 ? __builtin_bswap16(checksum_fold(&second)) : checksum_fold(&second);
}

void tcp_write_checksum(struct writer *w, size_t start, struct bj_bytes from, struct bj_bytes to, const struct bj_bytes tail[2])
{
	size_t len = w->len - start;
	struct checksum sum;

	if (!wr_ok(w))
		return;
	sum = checksum_pseudo(from, to, IP_TCP, len + tail[0].len + tail[1].len);
	checksum_add(&sum, bytes_of(w->buf + start, len));
	if (tail[0].len > 0)
		add_tail(&sum, tail);
	w->len = start + TCP_CHECKSUM_AT;
	wr_u16(w, checksum_value(&sum));
	w->len = start + len;
}

void tcp_write_checksum_seed(struct writer *w, size_t start, struct bj_bytes from, struct bj_bytes to, size_t tail_len)
{
	size_t len = w->len - start;
	struct checksum sum = checksum_pseudo(from, to, IP_TCP, len + tail_len);

	if (!wr_ok(w))
		return;
	w->len = start + TCP_CHECKSUM_AT;
	wr_u16(w, checksum_fold(&sum));
	w->len = start + len;
}

void tcp_write(struct writer *w, const struct tcp_segment *s, struct bj_bytes from, struct bj_bytes to)
{
	size_t start = tcp_write_header(w, s);

	wr_bytes(w, s->payload);
	tcp_write_checksum(w, start, from, to, (const struct bj_bytes[2]){ { 0 } });
}
