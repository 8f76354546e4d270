/* impair.c - a bad wire between two TUN devices: loss, duplication, reordering and corruption from a seed. For the system tests.
 *
 *     impair LEFT RIGHT loss duplicate reorder corrupt seed      (the four in parts of a million)
 *
 * Packets are taken whole (no offload), so what is lost is a segment. One that is reordered is sent behind the next three of its
 * direction. Ends when it is killed, or after 300 seconds.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/prng.h"
#include "io/device.h"

#define SECONDS_MAX 300
#define HELD_BACK 3
#define PACKET_MAX 4096

struct side {
	struct device device;
	struct device *other;
	uint8_t held[PACKET_MAX];
	size_t held_len;
	unsigned held_for;
};

static struct prng prng;
static uint32_t loss, duplicate, reorder, corrupt;

static bool chance(uint32_t ppm)
{
	return ppm && prng_below(&prng, 1000000) < ppm;
}

static void put(struct device *d, const uint8_t *bytes, size_t len)
{
	struct device_packet *room = device_room(d);

	if (!room)
		return; /* full: as a wire does */
	memcpy(room->ptr, bytes, len);
	room->len = len;
	room->offload = (struct bj_offload){ 0 };
	device_commit(d);
	if (device_flush(d) != BJ_OK)
		d->out_count = 0;
}

static void carry(struct side *s, uint8_t *bytes, size_t len)
{
	if (len > PACKET_MAX || chance(loss))
		return;
	if (chance(corrupt)) {
		uint32_t bit = prng_below(&prng, (uint32_t)len * 8);

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	if (!s->held_len && chance(reorder)) {
		memcpy(s->held, bytes, len);
		s->held_len = len;
		s->held_for = HELD_BACK;
		return;
	}
	put(s->other, bytes, len);
	if (chance(duplicate))
		put(s->other, bytes, len);
	if (s->held_len && --s->held_for == 0) {
		put(s->other, s->held, s->held_len);
		s->held_len = 0;
	}
}

/* Nothing comes behind a packet that is held: it goes. */
static void let_go(struct side *s)
{
	if (s->held_len)
		put(s->other, s->held, s->held_len);
	s->held_len = 0;
}

static bool open_side(struct side *s, const char *name)
{
	int fd;

	if (device_open(name, &fd, NULL) != BJ_OK || device_init(&s->device, fd, name, true) != BJ_OK) {
		fprintf(stderr, "impair: %s cannot be opened\n", name);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct side sides[2];
	time_t end = time(NULL) + SECONDS_MAX;

	if (argc != 8 || !open_side(&sides[0], argv[1]) || !open_side(&sides[1], argv[2]))
		return 2;
	loss = (uint32_t)atol(argv[3]);
	duplicate = (uint32_t)atol(argv[4]);
	reorder = (uint32_t)atol(argv[5]);
	corrupt = (uint32_t)atol(argv[6]);
	prng.state = (uint64_t)atoll(argv[7]);
	sides[0].other = &sides[1].device;
	sides[1].other = &sides[0].device;
	puts("ready");
	fflush(stdout);
	while (time(NULL) < end) {
		struct pollfd fds[2] = { { sides[0].device.fd, POLLIN, 0 }, { sides[1].device.fd, POLLIN, 0 } };

		if (poll(fds, 2, 5) == 0) {
			let_go(&sides[0]);
			let_go(&sides[1]);
			continue;
		}
		for (unsigned i = 0; i < 2; i++) {
			size_t count;

			for (unsigned n = 0; n < 64 && device_receive(&sides[i].device, &count) == BJ_OK; n++)
				carry(&sides[i], sides[i].device.in[0].ptr, sides[i].device.in[0].len);
		}
	}
	return 0;
}
