/* sim.c - see sim.h. Packets on the way stand in a heap by their time of arrival. */
#include "io/sim.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "tcpip/wire/checksum.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/ipv6.h"
#include "tcpip/wire/tcp.h"

#define FLYING_MAX 65536
#define START_US 1000000

struct flying {
	int64_t at_us;
	uint64_t turn; /* keeps the order of equal times */
	unsigned to;
	size_t len;
	uint8_t *bytes;
};

struct sim {
	struct sim_options options;
	struct prng prng, keys[2];
	struct bj_stack *stacks[2];
	int64_t now_us;
	int64_t busy_until_us[2];
	struct flying *heap;
	size_t count;
	uint64_t turn, packets;
	uint32_t count_of[2], burst_left[2], acks[2];
	sim_tap *tap;
	void *tap_self;
};

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

static bool before(const struct flying *a, const struct flying *b)
{
	return a->at_us < b->at_us || (a->at_us == b->at_us && a->turn < b->turn);
}

static void push(struct sim *s, struct flying f)
{
	size_t at = s->count++;

	check(s->count < FLYING_MAX);
	for (; at > 0 && before(&f, &s->heap[(at - 1) / 2]); at = (at - 1) / 2)
		s->heap[at] = s->heap[(at - 1) / 2];
	s->heap[at] = f;
}

static struct flying pop(struct sim *s)
{
	struct flying first = s->heap[0], last = s->heap[--s->count];
	size_t at = 0;

	for (size_t child; (child = 2 * at + 1) < s->count; at = child) {
		if (child + 1 < s->count && before(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (before(&last, &s->heap[child]))
			break;
		s->heap[at] = s->heap[child];
	}
	s->heap[at] = last;
	return first;
}

struct sim *sim_make(const struct sim_options *options)
{
	struct sim *s = calloc(1, sizeof(*s));

	check(s != NULL);
	s->options = *options;
	s->prng.state = options->seed;
	s->now_us = START_US;
	s->heap = calloc(FLYING_MAX, sizeof(*s->heap));
	check(s->heap != NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct bj_stack_options o = { .mtu = options->mtu, .event_count_max = options->event_count_max,
					      .memory_max = i == 0 && options->memory_max_of_1 ? 0 : options->memory_max, .no_isn_clock = options->no_isn_clock };
		struct bj_endpoint self = sim_endpoint(s, i, 1);

		s->keys[i].state = options->seed * 2 + i + 77;
		o.rng = (struct bj_rng){ fill, &s->keys[i] };
		check(bj_stack_make(&o, s->now_us, &s->stacks[i]) == BJ_OK);
		check(bj_stack_add_address(s->stacks[i], &self.ip) == BJ_OK);
	}
	return s;
}

void sim_free(struct sim *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->heap[i].bytes);
	bj_stack_free(s->stacks[0]);
	bj_stack_free(s->stacks[1]);
	free(s->heap);
	free(s);
}

void sim_set_tap(struct sim *s, sim_tap *tap, void *self)
{
	s->tap = tap;
	s->tap_self = self;
}

struct bj_stack *sim_stack(struct sim *s, unsigned side)
{
	return s->stacks[side];
}

struct bj_endpoint sim_endpoint(const struct sim *s, unsigned side, uint16_t port)
{
	struct bj_endpoint e = { .ip = bj_ip4(10, 0, 0, (uint8_t)(1 + side)), .port = port };

	if (s->options.v6)
		e.ip = (struct bj_ip){ { 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(1 + side) } };
	return e;
}

int64_t sim_now_us(const struct sim *s) { return s->now_us; }
uint64_t sim_packets(const struct sim *s) { return s->packets; }

static bool chance(struct sim *s, uint32_t ppm)
{
	return ppm > 0 && prng_below(&s->prng, 1000000) < ppm;
}

/* When a packet is through the bottleneck; negative: the queue is full. */
static int64_t through_queue(struct sim *s, unsigned from, size_t len)
{
	int64_t start = s->busy_until_us[from] > s->now_us ? s->busy_until_us[from] : s->now_us, took;

	if (s->options.bytes_per_s == 0)
		return s->now_us;
	took = (int64_t)(len * 1000000 / s->options.bytes_per_s);
	if (took > 0 && (start - s->now_us) / took >= (s->options.queue_packets ? s->options.queue_packets : 1000))
		return -1;
	s->busy_until_us[from] = start + took;
	return start + took;
}

/* What a router does to a packet that says it knows marks. */
static void mark(uint8_t *bytes, size_t len)
{
	if (bytes[0] >> 4 == 6) {
		if (bytes[1] & 0x30)
			bytes[1] |= 0x30;
		return;
	}
	if (bytes[1] & 3 && len >= 20) {
		uint32_t sum = 0;

		bytes[1] |= 3;
		bytes[10] = bytes[11] = 0;
		for (size_t i = 0; i < (size_t)(bytes[0] & 15) * 4; i += 2)
			sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
		sum = (sum & 0xffff) + (sum >> 16);
		sum = ~((sum & 0xffff) + (sum >> 16));
		bytes[10] = (uint8_t)(sum >> 8);
		bytes[11] = (uint8_t)sum;
	}
}

/* ---- what middleboxes do with a packet's bytes */

static bool is_v4(const uint8_t *packet)
{
	return packet[0] >> 4 == 4;
}

/* Where TCP begins; 0: no TCP, or not a plain packet of ours. */
static size_t tcp_at(const uint8_t *packet, size_t len)
{
	size_t at = is_v4(packet) ? (size_t)(packet[0] & 15) * 4 : IPV6_HEADER_LEN;

	if ((is_v4(packet) ? packet[9] : packet[6]) != IP_TCP || len < at + TCP_HEADER_LEN)
		return 0;
	return at;
}

static bool is_plain_ack(const uint8_t *packet, size_t len)
{
	size_t at = tcp_at(packet, len);

	return at && (packet[at + 13] & 0x3f) == TCP_ACK && len == at + (size_t)(packet[at + 12] >> 4) * 4;
}

static void put_u16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void strip(uint8_t *packet, size_t len)
{
	size_t at = tcp_at(packet, len), end;
	struct checksum sum;

	if (!at || !(packet[at + 13] & TCP_SYN))
		return;
	end = at + (size_t)(packet[at + 12] >> 4) * 4;
	if (end > len)
		return;
	for (size_t i = at + TCP_HEADER_LEN; i < end;) {
		uint8_t kind = packet[i], size = kind <= TCP_OPTION_NOP || i + 1 >= end ? 1 : packet[i + 1];

		if (size == 0 || i + size > end)
			break;
		if (kind != TCP_OPTION_MSS)
			memset(packet + i, TCP_OPTION_NOP, size);
		i += size;
	}
	put_u16(packet + at + TCP_CHECKSUM_AT, 0);
	sum = is_v4(packet) ? checksum_pseudo(bytes_of(packet + 12, 4), bytes_of(packet + 16, 4), IP_TCP, len - at) :
			      checksum_pseudo(bytes_of(packet + 8, 16), bytes_of(packet + 24, 16), IP_TCP, len - at);
	checksum_add(&sum, bytes_of(packet + at, len - at));
	put_u16(packet + at + TCP_CHECKSUM_AT, checksum_value(&sum));
}

static bool is_lost(struct sim *s, unsigned from, const uint8_t *bytes, size_t len)
{
	const struct sim_options *o = &s->options;
	bool swallows = o->swallow && (!o->swallow_us || s->now_us < START_US + o->swallow_us);

	if (s->burst_left[from] > 0) {
		s->burst_left[from]--;
		return true;
	}
	if (chance(s, o->burst_ppm)) {
		s->burst_left[from] = (o->burst_packets ? o->burst_packets : 5) - 1;
		return true;
	}
	if (o->thin_acks && is_plain_ack(bytes, len) && ++s->acks[from] % o->thin_acks != 0)
		return true;
	return (swallows && len > o->swallow) || s->count_of[from] == o->drop_at[from] || chance(s, o->loss_ppm);
}

static void launch(struct sim *s, unsigned from, const uint8_t *bytes, size_t len, int64_t at_us)
{
	struct flying f = { .turn = s->turn++, .to = 1 - from, .len = len, .bytes = malloc(len) };

	check(f.bytes != NULL);
	memcpy(f.bytes, bytes, len);
	f.at_us = at_us + s->options.delay_us;
	if (s->options.jitter_us)
		f.at_us += prng_below(&s->prng, (uint32_t)s->options.jitter_us);
	if (chance(s, s->options.reorder_ppm))
		f.at_us += 4 * s->options.delay_us + 1000;
	if (chance(s, s->options.mark_ppm))
		mark(f.bytes, len);
	if (s->options.strip_options)
		strip(f.bytes, len);
	if (chance(s, s->options.corrupt_ppm)) {
		uint32_t bit = prng_below(&s->prng, (uint32_t)len * 8);

		f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	push(s, f);
}

static void send_one(struct sim *s, unsigned from, const uint8_t *bytes, size_t len)
{
	int64_t at_us = through_queue(s, from, len);
	bool dropped;

	s->count_of[from]++;
	dropped = at_us < 0 || is_lost(s, from, bytes, len);
	s->packets++;
	if (s->tap)
		s->tap(s->tap_self, s->now_us, from, (struct bj_bytes){ bytes, len }, dropped);
	if (dropped)
		return;
	launch(s, from, bytes, len, at_us);
	if (chance(s, s->options.duplicate_ppm))
		launch(s, from, bytes, len, at_us);
}

static void drain(struct sim *s)
{
	uint8_t packet[SIM_PACKET_MAX];
	size_t len;

	for (unsigned i = 0; i < 2; i++)
		while (bj_stack_output(s->stacks[i], s->now_us, packet, sizeof(packet), &len) == BJ_OK)
			send_one(s, i, packet, len);
}

bool sim_step(struct sim *s, int64_t until_us)
{
	int64_t next = INT64_MAX;

	drain(s);
	for (unsigned i = 0; i < 2; i++)
		if (bj_stack_deadline(s->stacks[i]) < next)
			next = bj_stack_deadline(s->stacks[i]);
	if (s->count > 0 && s->heap[0].at_us <= next)
		next = s->heap[0].at_us;
	if (next > until_us) {
		s->now_us = until_us;
		return false;
	}
	if (next > s->now_us)
		s->now_us = next;
	if (s->count > 0 && s->heap[0].at_us <= s->now_us) {
		struct flying f = pop(s);

		bj_stack_input(s->stacks[f.to], s->now_us, (struct bj_bytes){ f.bytes, f.len });
		free(f.bytes);
		return true;
	}
	for (unsigned i = 0; i < 2; i++)
		bj_stack_tick(s->stacks[i], s->now_us);
	return true;
}
