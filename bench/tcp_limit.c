/* tcp_limit.c - see tcp_limit.h.
 *
 * The least that a TCP can be: packets that were made before, one system call each, and answers of which only two fields are read.
 */
#include "tcp_limit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/device.h"
#include "tcpip/wire/checksum.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/tcp.h"

#define PAYLOAD 1448u
#define HEADERS (IPV4_HEADER_LEN + TCP_HEADER_LEN)
#define SHIFT 7u
#define PORT_FIRST 40000
#define READS 64u /* before an answer */

static const uint8_t here[4] = { 10, 8, 0, 2 }, there[4] = { 10, 8, 0, 1 };

struct blaster {
	struct device device;
	uint32_t seq, ack;      /* next to send, next that is expected */
	uint32_t una, window;   /* of the other side */
	uint8_t shift;
	uint16_t port;          /* another one each time: the kernel's end of the last connection waits for an end that never comes */
};

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench-tcp: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Sends a segment with `len` zeros behind it. */
static void put(struct blaster *b, uint16_t flags, uint32_t len)
{
	struct tcp_segment s = { .source_port = b->port, .destination_port = LIMIT_PORT, .seq = b->seq, .ack = b->ack, .flags = flags,
				 .window = 4096 }; /* half a megabyte: what the queue of the device holds */
	struct ipv4 ip = { .ttl = 64, .protocol = IP_TCP, .dont_fragment = true };
	struct device_packet *p = device_room(&b->device);
	struct writer w = wr_make(p->ptr, b->device.slot_len);
	struct checksum sum = checksum_pseudo(bytes_of(here, 4), bytes_of(there, 4), IP_TCP, 0);
	size_t start;

	if (flags & TCP_SYN)
		s.options = (struct tcp_options){ .has_mss = true, .mss = PAYLOAD, .has_window_scale = true, .window_scale = SHIFT };
	memcpy(ip.from, here, 4);
	memcpy(ip.to, there, 4);
	ipv4_write_header(&w, &ip, TCP_HEADER_LEN + tcp_options_len(&s.options) + len);
	start = tcp_write_header(&w, &s);
	checksum_add(&sum, bytes_of(w.buf + start, w.len - start));
	checksum_add_u16(&sum, (uint16_t)(w.len - start + len)); /* the zeros add nothing */
	w.buf[start + TCP_CHECKSUM_AT] = (uint8_t)(checksum_value(&sum) >> 8);
	w.buf[start + TCP_CHECKSUM_AT + 1] = (uint8_t)checksum_value(&sum);
	p->len = w.len + len; /* the room behind the headers holds zeros once the connection is open */
	p->offload = (struct bj_offload){ 0 };
	device_commit(&b->device);
	need(device_flush(&b->device) == BJ_OK, "the device");
	b->seq += len + (flags & TCP_SYN ? 1 : 0);
}

/* Reads up to `count` packets; the bytes of payload that came in order. */
static uint32_t take(struct blaster *b, unsigned count)
{
	uint32_t bytes = 0;
	size_t got;

	while (count-- > 0 && device_receive(&b->device, &got) == BJ_OK) {
		const struct device_packet *p = &b->device.in[0];
		struct tcp_segment s;
		struct ipv4 ip;

		if (ipv4_parse(bytes_of(p->ptr, p->len), &ip) || ip.protocol != IP_TCP || tcp_parse_unchecked(ip.payload, &s))
			continue; /* the kernel asks for routers */
		if (s.flags & TCP_SYN) {
			b->ack = s.seq + 1;
			b->shift = s.options.has_window_scale ? s.options.window_scale : 0;
		}
		b->una = s.ack;
		b->window = (uint32_t)s.window << (s.flags & TCP_SYN ? 0 : b->shift);
		need(s.seq == b->ack || s.payload.len == 0 || s.flags & TCP_SYN, "packets in order");
		b->ack += (uint32_t)s.payload.len;
		bytes += (uint32_t)s.payload.len;
	}
	return bytes;
}

static void wait_for_packet(struct blaster *b)
{
	struct pollfd p = { .fd = b->device.fd, .events = POLLIN };

	need(poll(&p, 1, 10000) == 1, "an answer");
}

static void blaster_open(struct blaster *b, limit_up_fn *up)
{
	static uint16_t turn;
	int fd = -1;

	*b = (struct blaster){ .seq = 1000, .port = (uint16_t)(PORT_FIRST + turn++) };
	need(device_open("bench1", &fd, NULL) == BJ_OK && device_init(&b->device, fd, "bench1", true) == BJ_OK, "a TUN device");
	up("bench1", "10.8.0.1");
}

static void blaster_connect(struct blaster *b)
{
	put(b, TCP_SYN, 0);
	while (b->ack == 0) {
		wait_for_packet(b);
		(void)take(b, READS);
	}
	memset(b->device.out[0].ptr, 0, b->device.slot_len);
	put(b, TCP_ACK, 0);
}

static void blast(struct blaster *b, uint64_t bytes)
{
	uint32_t end = b->seq;

	for (uint64_t done = 0; done < bytes; done += PAYLOAD) {
		while (end + PAYLOAD - b->una > b->window) {
			wait_for_packet(b);
			(void)take(b, READS);
		}
		if (done / PAYLOAD % READS == 0)
			(void)take(b, READS); /* before the device has no room for more answers, and the last of them is lost */
		put(b, TCP_ACK | TCP_PSH, bytes - done < PAYLOAD ? (uint32_t)(bytes - done) : PAYLOAD);
		end = b->seq;
	}
	while (b->una != b->seq) {
		wait_for_packet(b);
		(void)take(b, READS);
	}
}

static void swallow(struct blaster *b, uint64_t bytes)
{
	for (uint64_t done = 0; done < bytes;) {
		uint32_t got = take(b, READS);

		done += got;
		if (got > 0)
			put(b, TCP_ACK, 0);
		else
			wait_for_packet(b);
	}
}

void limit_open(struct limit *l, limit_up_fn *up)
{
	l->blaster = (struct blaster *)calloc(1, sizeof(*l->blaster));
	need(l->blaster != NULL, "memory");
	blaster_open(l->blaster, up);
}

void limit_connect(struct limit *l)
{
	blaster_connect(l->blaster);
}

void limit_run(struct limit *l, bool we_send, uint64_t bytes)
{
	if (we_send)
		blast(l->blaster, bytes);
	else
		swallow(l->blaster, bytes);
}

void limit_close(struct limit *l)
{
	device_fini(&l->blaster->device);
	free(l->blaster);
}
