/* device.c - see device.h: TUN and TAP, packet sockets, and files. */
#include "io/device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "io/stream.h"
#include "io/xdp.h"

#define VNET_LEN sizeof(struct virtio_net_hdr)
#define TUN_PATH "/dev/net/tun"
#define PACKET_LEN_MAX BJ_OFFLOAD_PACKET_MAX
#define SOCKET_BUFFER (4 << 20)

/* ---- opening */

static void set_name(struct ifreq *request, const char *name)
{
	size_t len = strlen(name);

	memset(request, 0, sizeof(*request));
	memcpy(request->ifr_name, name, len < IFNAMSIZ - 1 ? len : IFNAMSIZ - 1);
}

/* BJ_ERR_ARGUMENT: there is such an interface, and it is of another kind. */
static enum bj_err open_tun(const char *name, unsigned kind, int *out_fd)
{
	struct ifreq request;
	int fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	enum bj_err err = BJ_ERR_IO;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? BJ_ERR_IO_DESCRIPTORS : BJ_ERR_FILE_OPEN;
	set_name(&request, name);
	request.ifr_flags = (short)(kind | IFF_NO_PI | IFF_VNET_HDR);
	if (ioctl(fd, TUNSETIFF, &request) == 0) {
		*out_fd = fd;
		return BJ_OK;
	}
	if (errno == EBUSY)
		err = BJ_ERR_IO_ADDRESS_IN_USE;
	else if (errno == EINVAL)
		err = BJ_ERR_ARGUMENT;
	else if (errno == EPERM)
		err = BJ_ERR_FILE_OPEN;
	close(fd);
	return err;
}

static enum bj_err open_packet(unsigned index, int *out_fd)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = (int)index };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, size = SOCKET_BUFFER;

	if (fd < 0)
		return errno == EPERM ? BJ_ERR_FILE_OPEN : io_err_of(errno);
	at.sll_protocol = htons(ETH_P_ALL);
	/* ours do not come back to us; no queueing discipline stands between us and the wire */
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		close(fd);
		return BJ_ERR_IO;
	}
	(void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	*out_fd = fd;
	return BJ_OK;
}

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < IFNAMSIZ && !strchr(name, '/') && !strchr(name, '%') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

enum bj_err device_open(const char *name, int *out_fd, const char **out_why)
{
	const char *why = NULL;
	unsigned index;
	enum bj_err err;

	if (xdp_is_name(name)) {
		err = xdp_open(name, out_fd, &why);
		if (out_why)
			*out_why = why;
		return err;
	}
	if (out_why)
		*out_why = NULL;
	if (!is_name(name))
		return BJ_ERR_ARGUMENT;
	index = if_nametoindex(name);
	/* Whoever asks the kernel for the wrong kind is told so; the file system may show the interfaces of another namespace. */
	err = open_tun(name, IFF_TUN, out_fd);
	if (err && index && err != BJ_ERR_IO_ADDRESS_IN_USE)
		err = open_tun(name, IFF_TAP, out_fd);
	if (err && index && err != BJ_ERR_IO_ADDRESS_IN_USE)
		err = open_packet(index, out_fd);
	return err == BJ_ERR_ARGUMENT ? BJ_ERR_IO : err;
}

/* ---- finding out what it is */

static uint32_t mtu_of(const char *name)
{
	struct ifreq request;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int mtu = fd >= 0 ? 1500 : 0;

	set_name(&request, name);
	if (fd >= 0 && ioctl(fd, SIOCGIFMTU, &request) == 0)
		mtu = request.ifr_mtu;
	if (fd >= 0)
		close(fd);
	return mtu < 1280 ? 1280 : mtu > 65535 - 512 ? 65535 - 512 : (uint32_t)mtu;
}

static enum bj_err init_tun(struct device *d, bool no_offload)
{
	const unsigned all = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	struct ifreq request;

	if (ioctl(d->fd, TUNGETIFF, &request) < 0)
		return BJ_ERR_IO;
	d->kind = request.ifr_flags & IFF_TAP ? DEVICE_TAP : DEVICE_TUN;
	memcpy(d->name, request.ifr_name, DEVICE_NAME_MAX - 1);
	d->is_ethernet = d->kind == DEVICE_TAP;
	d->has_offload = !no_offload;
	if (ioctl(d->fd, TUNSETOFFLOAD, no_offload ? 0 : all) < 0)
		d->has_offload = false;
	return BJ_OK;
}

static bool is_unix_socket(int fd)
{
	socklen_t len = sizeof(int);
	int domain = 0;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

static enum bj_err init_socket(struct device *d, bool no_offload)
{
	int flags = fcntl(d->fd, F_GETFL);

	d->kind = DEVICE_SOCKET;
	d->has_offload = !no_offload;
	return flags >= 0 && fcntl(d->fd, F_SETFL, flags | O_NONBLOCK) == 0 ? BJ_OK : BJ_ERR_IO;
}

static enum bj_err init_packet(struct device *d, const char *name, bool no_offload)
{
	struct ifreq request;

	set_name(&request, name);
	if (ioctl(d->fd, SIOCGIFHWADDR, &request) < 0)
		return BJ_ERR_IO;
	d->kind = DEVICE_PACKET;
	d->is_ethernet = true;
	d->has_offload = !no_offload;
	memcpy(d->mac.bytes, request.ifr_hwaddr.sa_data, 6);
	return BJ_OK;
}

/* A TAP device is one station, the kernel's; we are another one behind it. */
static void make_mac(struct device *d)
{
	static const struct bj_mac local = { { 0x02, 'b', 'o', 'j', 0, 0 } };
	uint32_t hash = 2166136261u;

	if (d->kind != DEVICE_TAP)
		return;
	for (const char *p = d->name; *p; p++)
		hash = (hash ^ (uint8_t)*p) * 16777619u;
	d->mac = local;
	d->mac.bytes[4] = (uint8_t)(hash >> 8);
	d->mac.bytes[5] = (uint8_t)hash;
}

static enum bj_err make_slots(struct device *d)
{
	bool large = d->has_offload || d->kind >= DEVICE_PACKET; /* others may send large ones to us */
	size_t step;

	d->slot_len = large ? PACKET_LEN_MAX + DEVICE_LINK_LEN_MAX : d->mtu + DEVICE_LINK_LEN_MAX;
	d->batch = d->kind == DEVICE_PACKET ? 8 : 1;
	step = (DEVICE_HEADROOM + d->slot_len + 63) & ~(size_t)63;
	d->memory = (uint8_t *)malloc(2 * d->batch * step);
	if (!d->memory)
		return BJ_ERR_NO_MEMORY;
	for (size_t i = 0; i < d->batch; i++) {
		d->in[i].ptr = d->memory + 2 * i * step + DEVICE_HEADROOM;
		d->out[i].ptr = d->memory + (2 * i + 1) * step + DEVICE_HEADROOM;
	}
	return BJ_OK;
}

static enum bj_err init_xdp(struct device *d, const char *name)
{
	bool has_queue;
	unsigned queue;
	enum bj_err err = xdp_parse_name(name, d->name, &has_queue, &queue);

	if (!err)
		err = xdp_init(d);
	d->mtu = mtu_of(d->name);
	if (d->mtu > XDP_MTU_MAX)
		d->mtu = XDP_MTU_MAX;
	return err;
}

enum bj_err device_init(struct device *d, int fd, const char *name, bool no_offload)
{
	struct ifreq request;
	enum bj_err err;

	memset(d, 0, sizeof(*d));
	d->fd = fd;
	if (xdp_is_name(name)) {
		err = init_xdp(d, name);
		if (err)
			device_fini(d);
		return err;
	}
	memcpy(d->name, name, strnlen(name, DEVICE_NAME_MAX - 1));
	if (ioctl(fd, TUNGETIFF, &request) == 0)
		err = init_tun(d, no_offload);
	else if (is_unix_socket(fd))
		err = init_socket(d, no_offload);
	else
		err = init_packet(d, name, no_offload);
	if (!err) {
		d->mtu = d->kind == DEVICE_SOCKET ? 1500 : mtu_of(d->name);
		make_mac(d);
		/* for a packet of one segment a list of pieces costs more than its copy, which its checksum has to read anyway */
		d->gathers = d->has_offload && (d->kind == DEVICE_TUN || d->kind == DEVICE_SOCKET);
		err = make_slots(d);
	}
	if (err)
		device_fini(d);
	return err;
}

enum bj_err device_init_file(struct device *d, FILE *in, FILE *out)
{
	enum bj_err err = BJ_OK;

	memset(d, 0, sizeof(*d));
	d->kind = DEVICE_FILE;
	d->fd = -1;
	d->mtu = 1500;
	if (in) {
		err = pcap_read_start(&d->reader, in);
		if (err)
			return err;
		d->is_ethernet = d->reader.link == PCAP_ETHERNET;
		d->mac = (struct bj_mac){ { 0x02, 'b', 'o', 'j', 0, 0 } };
	}
	if (out)
		err = pcap_write_start(&d->writer, out, d->is_ethernet ? PCAP_ETHERNET : PCAP_RAW_IP);
	return err ? err : make_slots(d);
}

void device_fini(struct device *d)
{
	xdp_fini(d);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	free(d->memory);
	d->memory = NULL;
	if (d->capture_file)
		fclose(d->capture_file);
	free(d->capture);
	d->capture_file = NULL;
	d->capture = NULL;
}

enum bj_err device_capture(struct device *d, FILE *file)
{
	struct pcap_writer *w = (struct pcap_writer *)calloc(1, sizeof(*w));
	enum bj_err err = w ? pcap_write_start(w, file, d->is_ethernet ? PCAP_ETHERNET : PCAP_RAW_IP) : BJ_ERR_NO_MEMORY;

	if (err) {
		free(w);
		fclose(file);
		return err;
	}
	d->capture_file = file;
	d->capture = w;
	d->gathers = false; /* a packet is written down in one piece */
	return BJ_OK;
}

static void write_down(struct device *d, const struct device_packet *p)
{
	struct timespec now;
	enum bj_err ignored;

	if (!d->capture)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	ignored = pcap_write(d->capture, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, bytes_of(p->ptr, p->len));
	(void)ignored; /* a full disk must not end the connection that is watched */
}

/* ---- the virtio-net header */

static void header_read(struct device_packet *p, const struct virtio_net_hdr *h)
{
	p->offload = (struct bj_offload){
		.checksum_good = h->flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID),
		.segment_len = h->gso_type == VIRTIO_NET_HDR_GSO_NONE ? 0 : h->gso_size,
		.header_len = h->hdr_len,
	};
}

/* The congestion-window-reduced flag stands in the first segment only: the kernel is told where there is one. */
static bool has_cwr(const struct device_packet *p)
{
	return p->ptr[p->offload.checksum_start + 13u] & 0x80;
}

static void header_write(const struct device *d, const struct device_packet *p, struct virtio_net_hdr *h)
{
	const uint8_t *ip = p->ptr + (d->is_ethernet ? 14 : 0);

	*h = (struct virtio_net_hdr){ 0 };
	if (!p->offload.checksum_missing)
		return;
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = p->offload.checksum_start;
	h->csum_offset = p->offload.checksum_offset;
	h->hdr_len = p->offload.header_len;
	if (p->offload.segment_len) {
		h->gso_type = ip[0] >> 4 == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
		if (has_cwr(p))
			h->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
		h->gso_size = p->offload.segment_len;
	}
}

/* ---- in */

static void received(struct device *d, struct device_packet *p, size_t len)
{
	p->len = len;
	d->stats.received++;
	if (p->offload.segment_len)
		d->stats.received_many++;
	write_down(d, p);
}

static enum bj_err receive_tun(struct device *d, size_t *out_count)
{
	struct device_packet *p = &d->in[0];
	struct virtio_net_hdr h;
	ssize_t got;

	do {
		got = read(d->fd, p->ptr - VNET_LEN, VNET_LEN + d->slot_len);
		d->stats.calls++;
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? BJ_ERR_WOULD_BLOCK : BJ_ERR_IO;
	if (got == 0)
		return BJ_ERR_IO;
	*out_count = 1;
	if ((size_t)got < VNET_LEN) { /* no packet, and no reason to believe that there will be none */
		p->offload = (struct bj_offload){ 0 };
		received(d, p, 0);
		return BJ_OK;
	}
	memcpy(&h, p->ptr - VNET_LEN, VNET_LEN);
	header_read(p, &h);
	received(d, p, (size_t)got - VNET_LEN);
	return BJ_OK;
}

/* An interface that is only down comes back; one that was deleted leaves its sockets without a number. */
static bool is_only_down(const struct device *d)
{
	struct sockaddr_ll at = { 0 };
	socklen_t len = sizeof(at);

	return errno == ENETDOWN && getsockname(d->fd, (struct sockaddr *)&at, &len) == 0 && at.sll_ifindex > 0;
}

static enum bj_err receive_packet(struct device *d, size_t *out_count)
{
	struct mmsghdr messages[DEVICE_BATCH_MAX];
	struct iovec pieces[DEVICE_BATCH_MAX];
	size_t count = 0;
	int got;

	memset(messages, 0, d->batch * sizeof(messages[0]));
	for (size_t i = 0; i < d->batch; i++) {
		pieces[i] = (struct iovec){ d->in[i].ptr - VNET_LEN, VNET_LEN + d->slot_len };
		messages[i].msg_hdr.msg_iov = &pieces[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	do {
		got = recvmmsg(d->fd, messages, (unsigned)d->batch, MSG_DONTWAIT, NULL);
		d->stats.calls++;
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN || is_only_down(d) ? BJ_ERR_WOULD_BLOCK : BJ_ERR_IO;
	for (int i = 0; i < got; i++) {
		struct virtio_net_hdr h;

		if (messages[i].msg_len < VNET_LEN)
			continue;
		memcpy(&h, d->in[i].ptr - VNET_LEN, VNET_LEN);
		if (count != (size_t)i) { /* close the gap */
			struct device_packet other = d->in[count];

			d->in[count] = d->in[i];
			d->in[i] = other;
		}
		header_read(&d->in[count], &h);
		received(d, &d->in[count], messages[i].msg_len - VNET_LEN);
		count++;
	}
	*out_count = count;
	return count > 0 ? BJ_OK : BJ_ERR_WOULD_BLOCK;
}

static enum bj_err receive_file(struct device *d, size_t *out_count)
{
	struct device_packet *p = &d->in[0];
	int64_t at_us;
	size_t len;
	enum bj_err err = d->reader.file ? pcap_read(&d->reader, p->ptr, d->slot_len, &len, &at_us) : BJ_ERR_CLOSED;

	if (err)
		return err;
	p->offload = (struct bj_offload){ 0 };
	received(d, p, len);
	*out_count = 1;
	return BJ_OK;
}

static enum bj_err receive_xdp(struct device *d, size_t *out_count)
{
	enum bj_err err = xdp_receive(d, out_count);

	for (size_t i = 0; !err && i < *out_count; i++)
		received(d, &d->in[i], d->in[i].len);
	return err;
}

enum bj_err device_receive(struct device *d, size_t *out_count)
{
	if (d->kind == DEVICE_XDP)
		return receive_xdp(d, out_count);
	if (d->kind == DEVICE_FILE)
		return receive_file(d, out_count);
	return d->kind == DEVICE_PACKET ? receive_packet(d, out_count) : receive_tun(d, out_count);
}

/* ---- out */

struct device_packet *device_room(struct device *d)
{
	struct device_packet *p = d->out_count < d->batch ? &d->out[d->out_count] : NULL;

	if (p)
		p->pieces[0] = p->pieces[1] = (struct bj_bytes){ 0 };
	return p;
}

void device_commit(struct device *d)
{
	struct device_packet *p = &d->out[d->out_count];
	struct virtio_net_hdr h;

	check(d->out_count < d->batch && p->len + p->pieces[0].len + p->pieces[1].len <= d->slot_len && (d->gathers || !p->pieces[0].len));
	header_write(d, p, &h);
	memcpy(p->ptr - VNET_LEN, &h, VNET_LEN);
	if (p->offload.segment_len)
		d->stats.sent_many++;
	d->stats.sent++;
	write_down(d, p);
	d->out_count++;
}

/* The pieces may go before the packet does. */
static void join(struct device_packet *p)
{
	for (unsigned i = 0; i < 2; i++) {
		bytes_copy(p->ptr + p->len, p->pieces[i].ptr, p->pieces[i].len);
		p->len += p->pieces[i].len;
		p->pieces[i] = (struct bj_bytes){ 0 };
	}
}

static struct iovec piece_of(struct bj_bytes b)
{
	return (struct iovec){ (void *)(uintptr_t)b.ptr, b.len };
}

static enum bj_err flush_tun(struct device *d)
{
	struct device_packet *p = &d->out[0];
	ssize_t put;

	do {
		const struct iovec all[3] = { { p->ptr - VNET_LEN, VNET_LEN + p->len }, piece_of(p->pieces[0]), piece_of(p->pieces[1]) };

		put = p->pieces[0].len ? writev(d->fd, all, p->pieces[1].len ? 3 : 2) : write(d->fd, all[0].iov_base, all[0].iov_len);
		d->stats.calls++;
	} while (put < 0 && errno == EINTR);
	if (put < 0 && errno == EAGAIN) {
		join(p);
		return BJ_ERR_WOULD_BLOCK;
	}
	if (put < 0)
		d->stats.lost++; /* the interface is down, or has no room */
	d->out_count = 0;
	return BJ_OK;
}

/* The packets that could not be handed over move to the front. */
static void keep_rest(struct device *d, size_t done)
{
	for (size_t i = done; i < d->out_count; i++) {
		struct device_packet other = d->out[i - done];

		d->out[i - done] = d->out[i];
		d->out[i] = other;
	}
	d->out_count -= done;
}

static enum bj_err flush_packet(struct device *d)
{
	struct mmsghdr messages[DEVICE_BATCH_MAX];
	struct iovec pieces[DEVICE_BATCH_MAX];
	size_t done = 0;

	memset(messages, 0, d->out_count * sizeof(messages[0]));
	for (size_t i = 0; i < d->out_count; i++) {
		pieces[i] = (struct iovec){ d->out[i].ptr - VNET_LEN, VNET_LEN + d->out[i].len };
		messages[i].msg_hdr.msg_iov = &pieces[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while (done < d->out_count) {
		int put = sendmmsg(d->fd, messages + done, (unsigned)(d->out_count - done), MSG_DONTWAIT);

		d->stats.calls++;
		if (put > 0) {
			done += (size_t)put;
		} else if (errno == EAGAIN) {
			keep_rest(d, done);
			return BJ_ERR_WOULD_BLOCK;
		} else if (errno != EINTR) {
			d->stats.lost++;
			done++;
		}
	}
	d->out_count = 0;
	return BJ_OK;
}

static enum bj_err flush_file(struct device *d)
{
	enum bj_err err = BJ_OK;

	for (size_t i = 0; i < d->out_count && d->writer.file && !err; i++)
		err = pcap_write(&d->writer, 0, bytes_of(d->out[i].ptr, d->out[i].len));
	d->out_count = 0;
	return err;
}

static enum bj_err flush_xdp(struct device *d)
{
	keep_rest(d, xdp_send(d));
	return d->out_count ? BJ_ERR_WOULD_BLOCK : BJ_OK;
}

enum bj_err device_flush(struct device *d)
{
	if (d->out_count == 0)
		return BJ_OK;
	if (d->kind == DEVICE_XDP)
		return flush_xdp(d);
	if (d->kind == DEVICE_FILE)
		return flush_file(d);
	return d->kind == DEVICE_PACKET ? flush_packet(d) : flush_tun(d);
}
