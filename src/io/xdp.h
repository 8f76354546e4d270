/* xdp.h - the device of one queue of an interface by AF_XDP: rings in memory that the kernel and we share, frames without a header.
 *
 * Its name on command lines is `xdp:INTERFACE` or `xdp:INTERFACE:QUEUE`. What the queue receives comes to us alone and not to the kernel: a
 * program of five instructions hands it over, in the driver where it can, else behind it. The program hangs on a link that ends
 * with our descriptor, so nothing is left behind however we end. No offload: a frame is a packet of the MTU, with its checksums;
 * but over a veth pair, whose other end leaves checksums unfinished, those are told to be good.
 *
 * Opening asks for rights and is where everything can fail, so it is done first, and at one place; what it made travels in one
 * descriptor, a socket in which the others wait. Received packets stand in shared memory and go back to the kernel with the next
 * device_receive(); those to be sent are written there.
 *
 * Leaves out   several queues in one device, frames in pieces, VLAN tags that the interface took off
 */
#ifndef IO_XDP_H
#define IO_XDP_H

#include <stdatomic.h>

#include "io/device.h"

#define XDP_FRAME_LEN 4096u      /* a page */
#define XDP_FRAMES_IN 1024u      /* frames that the kernel has to fill, or we to read */
#define XDP_FRAMES_OUT 512u      /* frames to write, or on their way out */
#define XDP_BATCH DEVICE_BATCH_MAX
#define XDP_MTU_MAX 3800u        /* a frame less the kernel's headroom and the link's header */
#define XDP_KICKS_MAX 64u        /* calls until the kernel took all; each takes 32 frames */
#define XDP_QUEUES_MAX 1024u

struct xdp_ring {
	_Atomic uint32_t *producer, *consumer, *flags;
	void *descs;
	uint32_t len;            /* a power of two */
	void *map;
	size_t map_len;
};

struct xdp {
	int link;                /* while it is open, packets are ours */
	uint8_t *memory;
	struct xdp_ring fill, in, out, done;
	size_t lent;             /* frames of device->in that go back */
	uint32_t free[XDP_FRAMES_OUT]; /* numbers of frames */
	size_t free_count;
	bool is_virtual;         /* a veth pair: bytes that never were on a wire */
	bool kick_due;           /* the kernel did not take all */
};

bool xdp_is_name(const char *name);
/* Also where the interface and its queue stand in the name. BJ_ERR_ARGUMENT. */
BJ_MUST_USE enum bj_err xdp_parse_name(const char *name, char out_interface[DEVICE_NAME_MAX], bool *out_has_queue, unsigned *out_queue);
/* `out_why`: what is missing, in words. BJ_ERR_ARGUMENT, BJ_ERR_FILE_OPEN (rights), BJ_ERR_UNSUPPORTED (the kernel),
 * BJ_ERR_IO_ADDRESS_IN_USE (somebody has the queue, or another program is there), BJ_ERR_LIMIT (locked memory), BJ_ERR_IO. */
BJ_MUST_USE enum bj_err xdp_open(const char *name, int *out_fd, const char **out_why);
/* Takes what xdp_open() made out of device->fd, which is the socket of packets from then on. */
BJ_MUST_USE enum bj_err xdp_init(struct device *device);
/* All but device->fd. Takes a device without. */
void xdp_fini(struct device *device);
/* BJ_ERR_WOULD_BLOCK: none. */
BJ_MUST_USE enum bj_err xdp_receive(struct device *device, size_t *out_count);
/* How many of device->out were handed over. */
size_t xdp_send(struct device *device);

/* xdp_open.c, for xdp.c: what waits in the descriptor. False: it is none of ours. */
bool xdp_unpack(int fd, int *out_socket, int *out_link, int *out_memory);
bool xdp_is_virtual(int any_socket, const char *interface);

#endif
