/* pcap.c - see pcap.h. */
#include "io/pcap.h"

#define MAGIC_MICROSECONDS 0xa1b2c3d4u
#define MAGIC_NANOSECONDS 0xa1b23c4du

struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snap_len, link;
};

struct packet_header {
	uint32_t seconds, fraction, captured, len;
};

static uint32_t u32_of(const struct pcap_reader *r, uint32_t v)
{
	return r->swapped ? __builtin_bswap32(v) : v;
}

enum bj_err pcap_read_start(struct pcap_reader *r, FILE *file)
{
	struct file_header h;
	uint32_t link;

	*r = (struct pcap_reader){ .file = file };
	if (fread(&h, sizeof(h), 1, file) != 1)
		return BJ_ERR_DECODE;
	r->swapped = h.magic == __builtin_bswap32(MAGIC_MICROSECONDS) || h.magic == __builtin_bswap32(MAGIC_NANOSECONDS);
	r->nanoseconds = u32_of(r, h.magic) == MAGIC_NANOSECONDS;
	if (!r->nanoseconds && u32_of(r, h.magic) != MAGIC_MICROSECONDS)
		return BJ_ERR_DECODE;
	link = u32_of(r, h.link) & 0xffff;
	if (link != PCAP_ETHERNET && link != PCAP_RAW_IP)
		return BJ_ERR_DECODE;
	r->link = (enum pcap_link)link;
	return BJ_OK;
}

enum bj_err pcap_read(struct pcap_reader *r, uint8_t *buf, size_t cap, size_t *out_len, int64_t *out_at_us)
{
	struct packet_header h;
	size_t got = fread(&h, 1, sizeof(h), r->file), len, take;
	uint32_t fraction;

	if (got != sizeof(h))
		return got == 0 ? BJ_ERR_CLOSED : BJ_ERR_TRUNCATED;
	len = u32_of(r, h.captured);
	if (len > PCAP_PACKET_MAX)
		return BJ_ERR_DECODE;
	take = len < cap ? len : cap;
	if (fread(buf, 1, take, r->file) != take)
		return BJ_ERR_TRUNCATED;
	for (size_t rest = len - take; rest > 0; rest--)
		if (getc(r->file) == EOF)
			return BJ_ERR_TRUNCATED;
	fraction = u32_of(r, h.fraction);
	*out_at_us = (int64_t)u32_of(r, h.seconds) * 1000000 + (r->nanoseconds ? fraction / 1000 : fraction);
	*out_len = take;
	return BJ_OK;
}

enum bj_err pcap_write_start(struct pcap_writer *w, FILE *file, enum pcap_link link)
{
	const struct file_header h = { .magic = MAGIC_MICROSECONDS, .major = 2, .minor = 4, .snap_len = PCAP_PACKET_MAX, .link = link };

	w->file = file;
	return fwrite(&h, sizeof(h), 1, file) == 1 ? BJ_OK : BJ_ERR_IO;
}

enum bj_err pcap_write(struct pcap_writer *w, int64_t at_us, struct bj_bytes packet)
{
	uint32_t len = (uint32_t)(packet.len < PCAP_PACKET_MAX ? packet.len : PCAP_PACKET_MAX);
	const struct packet_header h = { (uint32_t)(at_us / 1000000), (uint32_t)(at_us % 1000000), len, (uint32_t)packet.len };

	if (fwrite(&h, sizeof(h), 1, w->file) != 1 || fwrite(packet.ptr, 1, len, w->file) != len)
		return BJ_ERR_IO;
	return BJ_OK;
}
