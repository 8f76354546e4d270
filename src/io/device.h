/* device.h - packets from and to a network interface or a file, in batches; no allocation for a packet.
 *
 * A TUN device carries IP packets; a TAP device, a packet socket on any other interface, and AF_XDP carry Ethernet frames. With offload
 * a packet may stand for many segments and leave its checksum to the kernel, both ways (the virtio-net header).
 *
 * Packets that were received are views into the device's memory, good until the next device_receive(). To send, the owner writes
 * into device_room() and says device_commit(); device_flush() hands over what is there. Where the device gathers, a packet may go on in
 * pieces at other places; they must stay until device_flush(), which copies what it could not hand over.
 */
#ifndef IO_DEVICE_H
#define IO_DEVICE_H

#include <stdio.h>

#include <bojagi/tcpip.h>

#include "io/pcap.h"

#define DEVICE_NAME_MAX 16          /* the system's, with the final zero */
#define DEVICE_WORDS_MAX 32         /* what a device is called on command lines: xdp:INTERFACE:QUEUE */
#define DEVICE_BATCH_MAX 32
#define DEVICE_HEADROOM 64          /* before each packet: the virtio-net header */
#define DEVICE_LINK_LEN_MAX 18

enum device_kind {
	DEVICE_TUN = 1,
	DEVICE_TAP,
	DEVICE_PACKET, /* AF_PACKET on an interface that is there already */
	DEVICE_SOCKET, /* a unix socket of datagrams, each an IP packet behind a virtio-net header: to another process, or a test */
	DEVICE_FILE,   /* packets of a pcap file in, and into another one out */
	DEVICE_XDP,    /* AF_XDP on a queue of an interface: xdp.h */
};

struct device_packet {
	uint8_t *ptr;
	size_t len;
	struct bj_offload offload;
	struct bj_bytes pieces[2];    /* out: what follows those `len` bytes; empty: nothing */
};

struct device_stats {
	uint64_t received, sent;      /* packets */
	uint64_t received_many, sent_many; /* of them those that stood for several segments */
	uint64_t lost;                /* the kernel took them and had no room */
	uint64_t calls;               /* of the system */
};

struct xdp;

struct device {
	enum device_kind kind;
	int fd;                       /* to wait on; -1: a file */
	char name[DEVICE_NAME_MAX];
	bool is_ethernet;
	bool has_offload;
	bool gathers;                 /* pieces are taken */
	uint32_t mtu;                 /* of IP */
	struct bj_mac mac;            /* ours, with Ethernet: TAP and packet sockets */
	size_t slot_len;              /* room of one packet */
	size_t batch;
	uint8_t *memory;
	struct xdp *xdp;              /* of an AF_XDP device */
	struct device_packet in[DEVICE_BATCH_MAX], out[DEVICE_BATCH_MAX];
	size_t out_count;             /* committed and not handed over */
	struct pcap_reader reader;
	struct pcap_writer writer;
	FILE *capture_file;
	struct pcap_writer *capture;  /* null, or where each packet is written down */
	struct device_stats stats;
};

/* Opens the interface of this name for our packets: one that is there as what it is (TUN, TAP, or another through a packet socket);
 * one that is not there as a new TUN device, which lives as long as the descriptor; `xdp:` and an interface, by AF_XDP. Rights:
 * CAP_NET_ADMIN for a new one, CAP_NET_RAW for a packet socket, both and CAP_BPF for AF_XDP. BJ_ERR_ARGUMENT for a bad name,
 * BJ_ERR_FILE_OPEN, BJ_ERR_IO_*, those of xdp_open(). `out_why` (or null) is set on failure: what is missing, in words, or null. */
BJ_MUST_USE enum bj_err device_open(const char *name, int *out_fd, const char **out_why);
/* Takes such a descriptor, or a unix socket of datagrams (also on failure), finds out what it is, and makes it ready. `no_offload` leaves checksums and segments to us. */
BJ_MUST_USE enum bj_err device_init(struct device *device, int fd, const char *name, bool no_offload);
/* Packets of a pcap file (null: none), and a pcap file for what is sent (null: thrown away). The files stay the caller's. */
BJ_MUST_USE enum bj_err device_init_file(struct device *device, FILE *in, FILE *out);
void device_fini(struct device *device);
/* Writes down each packet from now on; the file is closed at the end (also on failure). */
BJ_MUST_USE enum bj_err device_capture(struct device *device, FILE *file);

/* The packets that have come: device->in[0..*out_count), at least one. BJ_ERR_WOULD_BLOCK: none now. BJ_ERR_CLOSED: the file is at its
 * end. BJ_ERR_IO: the interface is gone. */
BJ_MUST_USE enum bj_err device_receive(struct device *device, size_t *out_count);
/* Where the next packet may be written; null: flush first. */
struct device_packet *device_room(struct device *device);
/* The packet is written: its length and what the device is to do are set. */
void device_commit(struct device *device);
/* BJ_ERR_WOULD_BLOCK: no room now, try again when the descriptor can be written. What the kernel refuses is lost, as on a wire. */
BJ_MUST_USE enum bj_err device_flush(struct device *device);

#endif
