/* net.h - our own TCP/IP on a loop: a device, a stack, a link where the device has frames, and the time.
 *
 * Packets are read in batches; what they bring is reported; then everything that is to be sent goes out in one pass. A write
 * on a stream goes out at the end of the loop's round; who may write on because it went is asked in the next. Streams over it are
 * made by stream_init() from what a listener took, or by stream_connect_net(); a listener by listener_init_net().
 *
 * A net belongs to its loop's thread. It must outlive its streams and listeners.
 */
#ifndef IO_NET_H
#define IO_NET_H

#include <bojagi/tcpip.h>

#include "io/addr.h"
#include "io/device.h"
#include "io/loop.h"

#define NET_READS_MAX 128  /* packets of one round; others wait for the next, so that others on the loop have their turn */
#define NET_LEND_MIN 8192  /* bytes of a packet that its reader may take from where they came, before the next one comes */
#define NET_BYTES_MAX (256u << 10) /* and bytes: what is read on while it is in the cache costs half */

struct net_options {
	struct bj_rng rng;       /* needed */
	struct bj_stack_options stack; /* rng and mtu are filled in */
	bool no_offload;
	FILE *capture;           /* null, or a file to write packets to; closed by net_close() */
};

struct net {
	struct loop *loop;
	struct device device;
	struct bj_stack *stack;
	struct bj_link *link;    /* null: IP packets */
	struct loop_watch watch;
	struct loop_timer timer;
	struct loop_task task;
	struct list listeners;
	bool is_gone;            /* the interface is: nothing goes in or out */
};

/* Takes a descriptor of device_open() (also on failure). */
BJ_MUST_USE enum bj_err net_init(struct net *net, struct loop *loop, int fd, const char *name, const struct net_options *options);
/* Gives what is written a little time to be delivered, at most `wait_ms`, and ends all. */
void net_fini(struct net *net, int wait_ms);

/* An address of ours, and the network around it (bits; 0: the usual 24 or 64) where the device has frames. */
BJ_MUST_USE enum bj_err net_add_address(struct net *net, const struct bj_ip *ip, unsigned bits);
/* Who knows the way to everybody else. */
BJ_MUST_USE enum bj_err net_add_gateway(struct net *net, const struct bj_ip *gateway);

/* Something was written or is to be asked: the packets go out at the end of the round. */
void net_wake(struct net *net);

/* "cubic", "bbr" or "reno"; false for another name. */
bool net_congestion_named(struct bj_bytes name, enum bj_congestion *out);

struct bj_endpoint net_endpoint_of(const struct addr *addr);
struct addr net_addr_of(const struct bj_endpoint *endpoint);

#endif
