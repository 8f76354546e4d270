/* tcp_frames.c - see tcp_frames.h.
 *
 * Both ends in one thread on one core: a batch is written and handed over, then everything that came is looked at. Counted is the
 * processor time of the process, the kernel's work included.
 */
#include "tcp_frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bojagi/err.h>

#include "io/device.h"

#define FRAMES 400000u
#define TYPE_AT 12
#define TYPE 0x88b5u /* for experiments */

static const char pair[] = "ip link add frames0 type veth peer name frames1 && ip link set frames0 addrgenmode none up && "
			   "ip link set frames1 addrgenmode none up";

static double process_cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A batch; frames that the device has no room for wait for the next one. */
static unsigned put(struct device *d, const struct bj_mac *to, size_t len)
{
	struct device_packet *p;
	unsigned count = 0;
	enum bj_err err;

	for (; (p = device_room(d)); count++) {
		memcpy(p->ptr, to->bytes, 6);
		memcpy(p->ptr + 6, d->mac.bytes, 6);
		p->ptr[TYPE_AT] = TYPE >> 8;
		p->ptr[TYPE_AT + 1] = TYPE & 0xff;
		p->len = len;
		p->offload = (struct bj_offload){ 0 };
		device_commit(d);
	}
	err = device_flush(d);
	if (err && err != BJ_ERR_WOULD_BLOCK)
		fprintf(stderr, "bench-tcp: %s: %s\n", d->name, bj_err_text(err));
	return count;
}

static unsigned take(struct device *d, size_t len)
{
	unsigned taken = 0;
	size_t count;

	while (device_receive(d, &count) == BJ_OK)
		for (size_t i = 0; i < count; i++)
			taken += d->in[i].len == len && d->in[i].ptr[TYPE_AT] == TYPE >> 8;
	return taken;
}

/* Millions of frames that arrive in a second of processor time; 0: it cannot be had, and `out_why` says why. */
static double frames_per_us(const char *from_words, const char *to_words, size_t len, const char **out_why)
{
	static struct device from, to;
	unsigned sent = 0, taken = 0;
	int fds[2];
	double start;

	if (device_open(from_words, &fds[0], out_why))
		return 0;
	if (device_init(&from, fds[0], from_words, true) || device_open(to_words, &fds[1], out_why)) {
		device_fini(&from);
		return 0;
	}
	if (device_init(&to, fds[1], to_words, true)) {
		device_fini(&from);
		return 0;
	}
	start = process_cpu_s();
	while (sent < FRAMES) {
		sent += put(&from, &to.mac, len);
		taken += take(&to, len);
	}
	start = process_cpu_s() - start;
	device_fini(&from);
	device_fini(&to);
	if (taken < FRAMES / 100 * 99)
		fprintf(stderr, "bench-tcp: %s lost %u of %u frames\n", from_words, sent - taken, sent);
	return (double)taken * 1e-6 / start;
}

static void row(const struct options *o, const char *name, size_t len)
{
	double ours = 0, beside = 0;
	const char *why = NULL;

	if (!options_want(o, name))
		return;
	for (unsigned i = 0; i < o->rounds && i < 3; i++) {
		double got = frames_per_us("frames0", "frames1", len, &why);

		beside = got > beside ? got : beside;
		got = frames_per_us("xdp:frames0", "xdp:frames1", len, &why);
		ours = got > ours ? got : ours;
	}
	if (ours == 0 || beside == 0)
		fprintf(stderr, "bench-tcp: frames: SKIPPED: %s\n", why ? why : "no device");
	else
		report(o, name, "both ends", "M/s", ours, (struct measured){ "AF_PACKET", beside }, 0, MORE_IS_BETTER);
}

void bench_frames(const struct options *o)
{
	static const struct {
		const char *name;
		size_t len;
	} rows[] = { { "device: frames of 60 bytes by AF_XDP", 60 }, { "device: frames of 1514 bytes by AF_XDP", 1514 } };

	if (!options_want(o, rows[0].name) && !options_want(o, rows[1].name))
		return;
	if (system(pair) != 0) {
		fprintf(stderr, "bench-tcp: frames: SKIPPED: no veth pair\n");
		return;
	}
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		row(o, rows[i].name, rows[i].len);
}
