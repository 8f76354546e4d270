/* tcp_device.c - see tcp_device.h.
 *
 * Two threads on one core: a kernel socket, and our stack on a TUN device (or another kernel socket, over loopback). Counted is the
 * processor time of the process, both ends and the kernel's work for them, so others on the machine change little.
 */
#include "tcp_device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/prng.h"
#include "io/listener.h"
#include "io/net.h"
#include "tcp_frames.h"
#include "tcp_limit.h"

#define BYTES ((uint64_t)1 << 30)
#define PIECE ((size_t)256 * 1024)
#define PORT LIMIT_PORT
#define GBIT_S_BAR 6.0
#define RUNS_MAX 3u

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench-tcp: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double process_cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- the namespace */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool enter_namespace(void)
{
	char map[64];

	if (unshare(CLONE_NEWNET) == 0)
		return true;
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)getuid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && write_file("/proc/self/uid_map", map);
}

static void interface_up(const char *name, const char *address)
{
	struct ifreq r = { 0 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	need(fd >= 0, "socket");
	memcpy(r.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	if (address) {
		inet_pton(AF_INET, address, &in.sin_addr);
		memcpy(&r.ifr_addr, &in, sizeof(in));
		need(ioctl(fd, SIOCSIFADDR, &r) == 0, "the device's address");
		inet_pton(AF_INET, "255.255.255.0", &in.sin_addr);
		memcpy(&r.ifr_netmask, &in, sizeof(in));
		need(ioctl(fd, SIOCSIFNETMASK, &r) == 0, "the device's network");
	}
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	need(ioctl(fd, SIOCSIFFLAGS, &r) == 0, "a device that is up");
	close(fd);
}

static void set_mtu(const char *name, int mtu)
{
	struct ifreq r = { .ifr_mtu = mtu };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(r.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	need(fd >= 0 && ioctl(fd, SIOCSIFMTU, &r) == 0, "the device's MTU");
	close(fd);
}

static void stay_on_one_core(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

/* ---- the kernel's end */

struct kernel_end {
	int fd;
	bool sends;
	int enough; /* bytes for which a reader is woken: fewer, and one core changes between the threads at each packet */
};

static void *kernel_run(void *self)
{
	struct kernel_end *k = self;
	uint8_t *buf = calloc(1, PIECE);
	uint64_t done = 0;

	(void)setsockopt(k->fd, SOL_SOCKET, SO_RCVLOWAT, &k->enough, sizeof(k->enough));
	need(buf != NULL, "memory");
	while (done < BYTES) {
		size_t want = BYTES - done < PIECE ? (size_t)(BYTES - done) : PIECE;
		ssize_t n;

		if (BYTES - done <= 4 * PIECE) { /* for less than that nobody is woken */
			k->enough = 1;
			(void)setsockopt(k->fd, SOL_SOCKET, SO_RCVLOWAT, &k->enough, sizeof(k->enough));
		}
		n = k->sends ? send(k->fd, buf, want, MSG_NOSIGNAL) : recv(k->fd, buf, want, 0);

		need(n > 0, "the kernel's end");
		done += (uint64_t)n;
	}
	free(buf);
	return NULL;
}

/* What the kernel's TCP has by default. Here it may be BBR, which starts a timer for each packet; set before a connection is open,
 * for a socket that paced once goes on with it. */
static int socket_with_cubic(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	need(fd >= 0 && setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) == 0, "a socket with CUBIC");
	return fd;
}

static int listen_at(const char *address)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket_with_cubic(), on = 1;

	inet_pton(AF_INET, address, &at.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	need(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 8) == 0, "listening");
	return fd;
}

/* Gbit for each second of processor time: kernel to kernel. */
static double loopback(int enough)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct kernel_end from = { .sends = true }, to = { .enough = enough };
	int listening = listen_at("127.0.0.1");
	pthread_t thread;
	double start;

	inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
	from.fd = socket_with_cubic();
	need(connect(from.fd, (struct sockaddr *)&at, sizeof(at)) == 0, "connect");
	to.fd = accept(listening, NULL, NULL);
	start = process_cpu_s();
	need(pthread_create(&thread, NULL, kernel_run, &from) == 0, "a thread");
	kernel_run(&to);
	pthread_join(thread, NULL);
	start = process_cpu_s() - start;
	close(from.fd);
	close(to.fd);
	close(listening);
	return (double)BYTES * 8e-9 / start;
}

/* ---- our end */

struct way {
	bool we_send;
	bool in_place; /* the writer makes its bytes where they are sent from, and has nothing to copy */
	bool offload;
	int mtu; /* of the device; 0: 1,500, as it comes */
};

struct our_end {
	struct stream stream;
	const struct way *way;
	uint8_t *buf;
	uint64_t done;
	bool connected, over;
};

static enum bj_err write_in_place(struct our_end *e, size_t want, size_t *out_len)
{
	uint8_t *room;
	size_t len;
	enum bj_err err = bj_tcp_reserve(e->stream.tcp, &room, &len);

	if (err)
		return err;
	*out_len = len < want ? len : want;
	bj_tcp_commit(e->stream.tcp, *out_len);
	net_wake(e->stream.net);
	return BJ_OK;
}

static enum bj_err move(struct our_end *e, size_t want, size_t *out_len)
{
	const struct bj_bytes piece = { e->buf, want };

	if (!e->way->we_send)
		return stream_read(&e->stream, e->buf, want, out_len);
	return e->way->in_place ? write_in_place(e, want, out_len) : stream_write(&e->stream, &piece, 1, out_len);
}

static void ready(struct stream *stream, unsigned what)
{
	struct our_end *e = CONTAINER_OF(stream, struct our_end, stream);
	enum bj_err err = BJ_OK;

	(void)what;
	if (!e->connected) {
		e->connected = true; /* the thread at the other end is not there yet */
		return;
	}
	while (!err && e->done < BYTES) {
		size_t want = BYTES - e->done < PIECE ? (size_t)(BYTES - e->done) : PIECE, len = 0;

		err = move(e, want, &len);
		need(err == BJ_OK || err == BJ_ERR_WOULD_BLOCK, "our end");
		e->done += err ? 0 : len;
	}
	e->over = e->done == BYTES;
}

/* The same between our TCP and the kernel's. */
static double over_tun(const struct way *way, struct device_stats *out)
{
	static struct prng keys = { 1 };
	const struct net_options options = { .rng = { fill, &keys }, .no_offload = !way->offload };
	const struct bj_ip ours = bj_ip4(10, 9, 0, 2);
	struct kernel_end kernel = { .sends = !way->we_send, .enough = way->offload ? PIECE : PIECE / 8 };
	struct our_end end = { .buf = calloc(1, PIECE), .way = way };
	struct loop loop;
	struct net net;
	struct addr to;
	pthread_t thread;
	int fd = -1, listening;
	double start;

	need(end.buf && loop_init(&loop) == BJ_OK && device_open("bench0", &fd, NULL) == BJ_OK, "a TUN device");
	if (way->mtu)
		set_mtu("bench0", way->mtu);
	need(net_init(&net, &loop, fd, "bench0", &options) == BJ_OK && net_add_address(&net, &ours, 0) == BJ_OK, "our TCP");
	interface_up("bench0", "10.9.0.1");
	listening = listen_at("10.9.0.1");
	need(addr_parse("10.9.0.1:9", 0, &to) == BJ_OK && stream_connect_net(&end.stream, &net, &to, BJ_CONGESTION_CUBIC, ready) == BJ_OK, "connect");
	stream_watch_connect(&end.stream);
	while (!end.connected)
		loop_turn(&loop, 100);
	kernel.fd = accept(listening, NULL, NULL);
	start = process_cpu_s();
	need(pthread_create(&thread, NULL, kernel_run, &kernel) == 0, "a thread");
	stream_watch(&end.stream, way->we_send ? STREAM_WRITE : STREAM_READ);
	while (!end.over)
		loop_turn(&loop, 100);
	for (unsigned i = 0; way->we_send && i < 1000; i++) { /* until the kernel has read it all */
		struct bj_tcp_info info;

		bj_tcp_info(end.stream.tcp, &info);
		if (info.send_buffered == 0)
			break;
		loop_turn(&loop, 10);
	}
	pthread_join(thread, NULL);
	start = process_cpu_s() - start;
	*out = net.device.stats;
	stream_drop(&end.stream);
	close(kernel.fd);
	close(listening);
	net_fini(&net, 100);
	loop_fini(&loop);
	free(end.buf);
	return (double)BYTES * 8e-9 / start;
}

/* The same with packets of 1,500 bytes, where our end does nothing but read and write them. */
static double device_limit(bool we_send)
{
	struct kernel_end kernel = { .sends = !we_send, .enough = PIECE / 8 };
	struct limit limit;
	pthread_t thread;
	int listening;
	double start;

	limit_open(&limit, interface_up);
	listening = listen_at("10.8.0.1");
	limit_connect(&limit);
	kernel.fd = accept(listening, NULL, NULL);
	start = process_cpu_s();
	need(pthread_create(&thread, NULL, kernel_run, &kernel) == 0, "a thread");
	limit_run(&limit, we_send, BYTES);
	pthread_join(thread, NULL);
	start = process_cpu_s() - start;
	limit_close(&limit);
	close(kernel.fd);
	close(listening);
	return (double)BYTES * 8e-9 / start;
}

/* What stands beside it: loopback, with the better of two ways to wake its reader, or the limit of the device. Larger packets than
 * 1,500 bytes stand beside the bar alone. */
static double beside(const struct way *way)
{
	double rarely, often;

	if (way->mtu)
		return 0;
	if (!way->offload)
		return device_limit(way->we_send);
	rarely = loopback(PIECE);
	often = loopback(PIECE / 8);
	return rarely > often ? rarely : often;
}

static void print_packets(const struct device_stats *s)
{
	printf("  packets: %lu in (%lu of many segments), %lu out (%lu), %lu system calls\n", (unsigned long)s->received,
	       (unsigned long)s->received_many, (unsigned long)s->sent, (unsigned long)s->sent_many, (unsigned long)s->calls);
}

/* A row is the best of some runs on either side, in turn: a stream is easily disturbed, and others are busy for a while. */
static void row(const struct options *o, const char *name, const struct way *way)
{
	unsigned rounds = o->rounds < RUNS_MAX ? o->rounds : RUNS_MAX;
	double ours = 0, theirs = 0, bar = way->offload ? 0.7 : 0.9;
	struct measured beside_it;
	struct device_stats stats;

	if (!options_want(o, name))
		return;
	for (unsigned i = 0; i < rounds; i++) {
		double other = beside(way), got = over_tun(way, &stats);

		theirs = other > theirs ? other : theirs;
		ours = got > ours ? got : ours;
	}
	beside_it = (struct measured){ way->offload ? "loopback" : "limit", theirs };
	if (!way->offload && (way->mtu || bar * theirs > GBIT_S_BAR)) { /* either is enough */
		beside_it = (struct measured){ "the bar", GBIT_S_BAR };
		bar = 1;
	}
	report(o, name, way->we_send ? "sends" : "receives", "Gbit/s", ours, beside_it, bar, MORE_IS_BETTER);
	if (o->json)
		return;
	print_packets(&stats);
	if (!way->offload && theirs > 0)
		printf("  limit of the device and the kernel behind it: %.3f Gbit/s\n", theirs);
}

void bench_device(const struct options *o)
{
	static const struct {
		const char *name;
		struct way way;
	} rows[] = {
		{ "device: offload, sends / loopback", { .we_send = true, .offload = true } },
		{ "device: offload, sends in place / loopback", { .we_send = true, .in_place = true, .offload = true } },
		{ "device: offload, receives / loopback", { .offload = true } },
		{ "device: packets, sends / limit", { .we_send = true } },
		{ "device: packets, receives / limit", { .offload = false } },
		{ "device: packets of 9,000 bytes, sends", { .we_send = true, .mtu = 9000 } },
		{ "device: packets of 9,000 bytes, receives", { .mtu = 9000 } },
	};

	if (!enter_namespace()) {
		fprintf(stderr, "bench-tcp: device: SKIPPED, no network namespace: %s\n", strerror(errno));
		return;
	}
	stay_on_one_core();
	interface_up("lo", NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		row(o, rows[i].name, &rows[i].way);
	bench_frames(o);
}
