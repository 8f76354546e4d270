/* wire.h - what carries the bytes of a TLS client or a server of the command line: kernel sockets, or our own TCP/IP on a device.
 *
 * A carrier lives as long as the command; its wires are single connections, driven by hand with deadlines.
 */
#ifndef CLI_WIRE_H
#define CLI_WIRE_H

#include <getopt.h>

#include "io/net.h"
#include "io/stream.h"

/* What the options say. */
struct carrier_wish {
	const char *device;   /* null: the kernel's sockets */
	const char *address;  /* ours on the device: IP, or IP/BITS */
	const char *gateway;  /* null: none */
	const char *packets;  /* null, or a file for a capture */
	const char *congestion; /* null, or a name: cubic, bbr, reno */
};

/* The rows of a command's options, with values that none of its own has, and what each does; false for another option. */
enum {
	OPTION_CARRIER = 240,
	OPTION_FROM,
	OPTION_GATEWAY,
	OPTION_PACKETS,
	OPTION_CONGESTION,
};
#define CARRIER_OPTIONS \
	{ "carrier", required_argument, NULL, OPTION_CARRIER }, { "gateway", required_argument, NULL, OPTION_GATEWAY }, \
	{ "packets", required_argument, NULL, OPTION_PACKETS }, { "congestion", required_argument, NULL, OPTION_CONGESTION }
bool carrier_take_option(struct carrier_wish *wish, int option, const char *value);

struct carrier {
	struct loop loop;     /* the carrier's own, or not used */
	struct net net;
	struct bj_ip address;
	enum bj_congestion congestion;
	bool own_loop;
};

/* Opens the device, with a loop of its own where `loop` is null. An exit code, with its message already printed. */
int carrier_open(struct carrier *carrier, struct loop *loop, const struct carrier_wish *wish);
/* Lets what was written go out, for half a second at most. */
void carrier_close(struct carrier *carrier);

struct wire {
	int fd;                  /* -1: of a carrier, or closed */
	struct carrier *carrier; /* null: a socket */
	struct stream stream;
};

/* A connected socket, non-blocking. */
void wire_of_socket(struct wire *wire, int fd);
/* BJ_ERR_IO_REFUSED, BJ_ERR_IO_TIMEOUT, ... The wire stays where it is until it is closed. */
enum bj_err wire_connect(struct wire *wire, struct carrier *carrier, const struct addr *to, int64_t deadline_us) BJ_MUST_USE;
bool wire_is_open(const struct wire *wire);
/* BJ_ERR_WOULD_BLOCK, BJ_ERR_IO_RESET, ... */
enum bj_err wire_send(struct wire *wire, const void *bytes, size_t len, size_t *out_len) BJ_MUST_USE;
/* BJ_OK with 0: the peer has finished. */
enum bj_err wire_receive(struct wire *wire, void *buf, size_t cap, size_t *out_len) BJ_MUST_USE;
/* Until the wire can be read (or written), or another descriptor can be read (-1: none). BJ_ERR_IO_TIMEOUT. */
enum bj_err wire_wait(struct wire *wire, bool to_write, int other_fd, int64_t deadline_us, bool *out_other) BJ_MUST_USE;
void wire_finish(struct wire *wire);
/* Harmless when repeated. */
void wire_close(struct wire *wire);

#endif
