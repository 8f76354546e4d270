/* xdp.c - see xdp.h: the rings. */
#include "io/xdp.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "tcpip/wire/checksum.h"
#include "tcpip/wire/ethernet.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/ipv6.h"

#define TCP_CHECKSUM 16
#define UDP_CHECKSUM 6

/* ---- rings: whoever writes an end of one publishes it with what stands behind it */

static uint32_t load(const _Atomic uint32_t *at)
{
	return atomic_load_explicit(at, memory_order_acquire);
}

static void publish(_Atomic uint32_t *at, uint32_t value)
{
	atomic_store_explicit(at, value, memory_order_release);
}

static uint32_t waiting(const struct xdp_ring *r)
{
	return load(r->producer) - load(r->consumer);
}

static uint64_t *address_at(const struct xdp_ring *r, uint32_t index)
{
	return (uint64_t *)r->descs + (index & (r->len - 1));
}

static struct xdp_desc *desc_at(const struct xdp_ring *r, uint32_t index)
{
	return (struct xdp_desc *)r->descs + (index & (r->len - 1));
}

static enum bj_err map_ring(int fd, const struct xdp_ring_offset *at, off_t page, uint32_t len, size_t desc_size, struct xdp_ring *r)
{
	uint8_t *base;

	r->len = len;
	r->map_len = at->desc + len * desc_size;
	r->map = mmap(NULL, r->map_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, page);
	if (r->map == MAP_FAILED) {
		r->map = NULL;
		return BJ_ERR_NO_MEMORY;
	}
	base = (uint8_t *)r->map;
	r->producer = (_Atomic uint32_t *)(void *)(base + at->producer);
	r->consumer = (_Atomic uint32_t *)(void *)(base + at->consumer);
	r->flags = (_Atomic uint32_t *)(void *)(base + at->flags);
	r->descs = base + at->desc;
	return BJ_OK;
}

static enum bj_err map_rings(int fd, struct xdp *x)
{
	struct xdp_mmap_offsets at;
	socklen_t len = sizeof(at);
	enum bj_err err;

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &len) < 0 || len != sizeof(at))
		return BJ_ERR_UNSUPPORTED; /* before 5.4 there were no flags */
	err = map_ring(fd, &at.fr, (off_t)XDP_UMEM_PGOFF_FILL_RING, XDP_FRAMES_IN, sizeof(uint64_t), &x->fill);
	if (!err)
		err = map_ring(fd, &at.rx, XDP_PGOFF_RX_RING, XDP_FRAMES_IN, sizeof(struct xdp_desc), &x->in);
	if (!err)
		err = map_ring(fd, &at.tx, XDP_PGOFF_TX_RING, XDP_FRAMES_OUT, sizeof(struct xdp_desc), &x->out);
	if (!err)
		err = map_ring(fd, &at.cr, (off_t)XDP_UMEM_PGOFF_COMPLETION_RING, XDP_FRAMES_OUT, sizeof(uint64_t), &x->done);
	return err;
}

/* ---- life */

static uint8_t *room_of(const struct xdp *x, uint32_t frame)
{
	return x->memory + (size_t)frame * XDP_FRAME_LEN + DEVICE_HEADROOM;
}

/* The first frames are the kernel's, the next stand ready to be written, the rest waits. */
static void deal_frames(struct device *d, struct xdp *x)
{
	for (uint32_t i = 0; i < XDP_FRAMES_IN; i++)
		*address_at(&x->fill, i) = (uint64_t)i * XDP_FRAME_LEN;
	publish(x->fill.producer, XDP_FRAMES_IN);
	for (uint32_t i = 0; i < XDP_BATCH; i++)
		d->out[i].ptr = room_of(x, XDP_FRAMES_IN + i);
	for (uint32_t i = XDP_BATCH; i < XDP_FRAMES_OUT; i++)
		x->free[x->free_count++] = XDP_FRAMES_IN + i;
}

static enum bj_err take_interface(struct device *d, struct xdp *x, int any_socket)
{
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, d->name, DEVICE_NAME_MAX);
	if (ioctl(any_socket, SIOCGIFHWADDR, &request) < 0)
		return BJ_ERR_IO;
	memcpy(d->mac.bytes, request.ifr_hwaddr.sa_data, sizeof(d->mac.bytes));
	x->is_virtual = xdp_is_virtual(any_socket, d->name);
	return BJ_OK;
}

enum bj_err xdp_init(struct device *d)
{
	struct xdp *x = (struct xdp *)calloc(1, sizeof(*x));
	int parcel = d->fd, memory = -1;
	enum bj_err err;

	if (!x)
		return BJ_ERR_NO_MEMORY;
	x->link = -1;
	d->xdp = x;
	if (!xdp_unpack(parcel, &d->fd, &x->link, &memory))
		return BJ_ERR_IO;
	err = take_interface(d, x, parcel);
	close(parcel);
	if (!err) {
		x->memory = (uint8_t *)mmap(NULL, (size_t)(XDP_FRAMES_IN + XDP_FRAMES_OUT) * XDP_FRAME_LEN, PROT_READ | PROT_WRITE, MAP_SHARED,
					    memory, 0);
		if (x->memory == MAP_FAILED) {
			x->memory = NULL;
			err = BJ_ERR_NO_MEMORY;
		}
	}
	close(memory);
	if (!err)
		err = map_rings(d->fd, x);
	if (err)
		return err;
	d->kind = DEVICE_XDP;
	d->is_ethernet = true;
	d->slot_len = XDP_FRAME_LEN - DEVICE_HEADROOM;
	d->batch = XDP_BATCH;
	deal_frames(d, x);
	return BJ_OK;
}

static void unmap_ring(struct xdp_ring *r)
{
	if (r->map)
		munmap(r->map, r->map_len);
}

void xdp_fini(struct device *d)
{
	struct xdp *x = d->xdp;

	if (!x)
		return;
	if (x->link >= 0)
		close(x->link);
	unmap_ring(&x->fill);
	unmap_ring(&x->in);
	unmap_ring(&x->out);
	unmap_ring(&x->done);
	if (x->memory)
		munmap(x->memory, (size_t)(XDP_FRAMES_IN + XDP_FRAMES_OUT) * XDP_FRAME_LEN);
	free(x);
	d->xdp = NULL;
}

/* ---- out */

/* Frames that have left can be written again. */
static void take_back(struct xdp *x)
{
	uint32_t at = load(x->done.consumer), count = load(x->done.producer) - at;

	check(x->free_count + count <= XDP_FRAMES_OUT);
	for (uint32_t i = 0; i < count; i++)
		x->free[x->free_count++] = (uint32_t)(*address_at(&x->done, at + i) / XDP_FRAME_LEN);
	publish(x->done.consumer, at + count);
}

/* Has the kernel send what stands in the ring. */
static void kick(struct device *d)
{
	struct xdp *x = d->xdp;

	for (unsigned i = 0; i < XDP_KICKS_MAX && waiting(&x->out) > 0 && load(x->out.flags) & XDP_RING_NEED_WAKEUP; i++) {
		ssize_t put = sendto(d->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);

		d->stats.calls++;
		take_back(x);
		if (put < 0 && errno != EAGAIN && errno != EINTR) {
			if (errno != EBUSY)
				d->stats.lost++; /* the interface is down, or had no room */
			break;
		}
	}
	x->kick_due = waiting(&x->out) > 0;
}

size_t xdp_send(struct device *d)
{
	struct xdp *x = d->xdp;
	uint32_t at = load(x->out.producer);
	size_t done = 0;

	take_back(x);
	for (; done < d->out_count && x->free_count > 0; done++) {
		struct device_packet *p = &d->out[done];

		*desc_at(&x->out, at++) = (struct xdp_desc){ .addr = (uint64_t)(p->ptr - x->memory), .len = (uint32_t)p->len };
		p->ptr = room_of(x, x->free[--x->free_count]);
	}
	publish(x->out.producer, at);
	kick(d);
	return done;
}

/* ---- in */

static bool has_pseudo_sum(struct bj_bytes from, struct bj_bytes to, uint8_t protocol, struct bj_bytes payload)
{
	struct checksum sum = checksum_pseudo(from, to, protocol, payload.len);
	struct reader r = rd_of(payload);
	uint16_t field;

	if (protocol != IP_TCP && protocol != IP_UDP)
		return false;
	(void)rd_bytes(&r, protocol == IP_TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
	field = rd_u16(&r);
	return !r.bad && (field ^ checksum_value(&sum)) == UINT16_MAX;
}

/* Does the checksum field hold what the other end of a veth pair leaves there for a device to finish? */
static bool is_unfinished(struct bj_bytes frame)
{
	struct ethernet e;
	struct ipv4 v4;
	struct ipv6 v6;

	if (ethernet_parse(frame, &e))
		return false;
	if (e.type == ETHERNET_IPV4 && ipv4_parse(e.payload, &v4) == BJ_OK)
		return !ipv4_is_fragment(&v4) && has_pseudo_sum(bytes_of(v4.from, 4), bytes_of(v4.to, 4), v4.protocol, v4.payload);
	if (e.type == ETHERNET_IPV6 && ipv6_parse(e.payload, &v6) == BJ_OK)
		return !v6.has_fragment && has_pseudo_sum(bytes_of(v6.from, 16), bytes_of(v6.to, 16), v6.protocol, v6.payload);
	return false;
}

/* The frames that were read go back. The ring has a place for each that there is. */
static void give_back(struct device *d)
{
	struct xdp *x = d->xdp;
	uint32_t at = load(x->fill.producer);

	for (size_t i = 0; i < x->lent; i++)
		*address_at(&x->fill, at++) = (uint64_t)(d->in[i].ptr - x->memory) & ~(uint64_t)(XDP_FRAME_LEN - 1);
	x->lent = 0;
	publish(x->fill.producer, at);
	if (load(x->fill.flags) & XDP_RING_NEED_WAKEUP) {
		(void)recvfrom(d->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
		d->stats.calls++;
	}
}

enum bj_err xdp_receive(struct device *d, size_t *out_count)
{
	struct xdp *x = d->xdp;
	uint32_t count, at = load(x->in.consumer);

	if (x->lent > 0)
		give_back(d);
	if (x->kick_due)
		kick(d);
	count = waiting(&x->in);
	if (count == 0)
		return BJ_ERR_WOULD_BLOCK;
	count = count < XDP_BATCH ? count : XDP_BATCH;
	for (uint32_t i = 0; i < count; i++) {
		const struct xdp_desc *desc = desc_at(&x->in, at + i);
		struct device_packet *p = &d->in[i];

		p->ptr = x->memory + desc->addr;
		p->len = desc->len;
		p->offload = (struct bj_offload){ .checksum_good = x->is_virtual && is_unfinished(bytes_of(p->ptr, p->len)) };
	}
	publish(x->in.consumer, at + count);
	x->lent = count;
	*out_count = count;
	return BJ_OK;
}
