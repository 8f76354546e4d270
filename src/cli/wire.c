/* wire.c - see wire.h. */
#include "cli/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/say.h"
#include "crypto/rng_os.h"

#define LAST_BYTES_MS 500
#define STEP_MS 20 /* between looks at a carrier's clock while something else is waited for */

/* ---- the carrier */

/* "10.9.0.2", "10.9.0.2/24", "fd00::2/64" */
static bool address_parse(const char *text, struct bj_ip *out, unsigned *out_bits)
{
	char host[INET6_ADDRSTRLEN + 8];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t bits = 0;
	uint8_t v4[4];

	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = 0;
	if (inet_pton(AF_INET, host, v4) == 1)
		*out = bj_ip4(v4[0], v4[1], v4[2], v4[3]);
	else if (inet_pton(AF_INET6, host, out->bytes) != 1)
		return false;
	if (slash && !options_number(slash + 1, 1, bj_ip_is_v4(out) ? 32 : 128, &bits))
		return false;
	*out_bits = (unsigned)bits;
	return true;
}

bool carrier_take_option(struct carrier_wish *wish, int option, const char *value)
{
	switch (option) {
	case OPTION_CARRIER:
		wish->device = value;
		return true;
	case OPTION_FROM:
		wish->address = value;
		return true;
	case OPTION_GATEWAY:
		wish->gateway = value;
		return true;
	case OPTION_PACKETS:
		wish->packets = value;
		return true;
	case OPTION_CONGESTION:
		wish->congestion = value;
		return true;
	default:
		return false;
	}
}

static int take_addresses(struct carrier *c, const struct carrier_wish *wish, unsigned bits)
{
	enum bj_err err = net_add_address(&c->net, &c->address, bits);
	struct bj_ip gateway;
	unsigned none = 0;

	if (err)
		return say_err(EXIT_USAGE, err, "the address %s", wish->address);
	if (!wish->gateway)
		return EXIT_GOOD;
	if (!address_parse(wish->gateway, &gateway, &none) || none)
		return say_failure(EXIT_USAGE, "--gateway is an address such as 10.9.0.1, not '%s'", wish->gateway);
	err = net_add_gateway(&c->net, &gateway);
	return err ? say_err(EXIT_USAGE, err, "the gateway %s", wish->gateway) : EXIT_GOOD;
}

int carrier_open(struct carrier *c, struct loop *loop, const struct carrier_wish *wish)
{
	struct net_options options = { .rng = rng_os };
	const char *why;
	unsigned bits = 0;
	enum bj_err err;
	int fd, code;

	c->own_loop = !loop;
	c->net.loop = NULL;
	if (!wish->address || !address_parse(wish->address, &c->address, &bits))
		return say_failure(EXIT_USAGE, "--carrier needs an address of its own on the device, such as 10.9.0.2/24");
	c->congestion = BJ_CONGESTION_CUBIC;
	if (wish->congestion && !net_congestion_named(bytes_text(wish->congestion), &c->congestion))
		return say_failure(EXIT_USAGE, "--congestion is cubic, bbr or reno, not '%s'", wish->congestion);
	err = device_open(wish->device, &fd, &why);
	if (err)
		return say_failure(EXIT_USAGE, "the device %s cannot be opened: %s", wish->device,
				   why ? why : err == BJ_ERR_FILE_OPEN ? strerror(errno) : bj_err_text(err));
	if (wish->packets) {
		options.capture = fopen(wish->packets, "wbe");
		if (!options.capture) {
			close(fd);
			return say_failure(EXIT_USAGE, "cannot write packets to %s: %s", wish->packets, strerror(errno));
		}
	}
	if (!loop && loop_init(&c->loop) != BJ_OK) {
		close(fd);
		return say_failure(EXIT_INTERNAL, "no event loop: %s", strerror(errno));
	}
	err = net_init(&c->net, loop ? loop : &c->loop, fd, wish->device, &options);
	if (err) {
		c->net.loop = NULL;
		code = say_err(EXIT_USAGE, err, "the device %s cannot be used", wish->device);
	} else {
		code = take_addresses(c, wish, bits);
	}
	if (code)
		carrier_close(c);
	return code;
}

void carrier_close(struct carrier *c)
{
	net_fini(&c->net, LAST_BYTES_MS);
	if (c->own_loop)
		loop_fini(&c->loop);
	c->own_loop = false;
}

/* ---- wires */

void wire_of_socket(struct wire *w, int fd)
{
	w->fd = fd;
	w->carrier = NULL;
}

bool wire_is_open(const struct wire *w)
{
	return w->carrier ? stream_is_open(&w->stream) : w->fd >= 0;
}

/* Whoever waits looks at `can`. */
static void ready(struct stream *stream, unsigned what)
{
	(void)stream;
	(void)what;
}

enum bj_err wire_connect(struct wire *w, struct carrier *carrier, const struct addr *to, int64_t deadline_us)
{
	enum bj_err err;
	bool other;

	w->fd = -1;
	w->carrier = carrier;
	loop_update_time(&carrier->loop);
	err = stream_connect_net(&w->stream, &carrier->net, to, carrier->congestion, ready);
	if (err)
		return err;
	stream_watch_connect(&w->stream);
	err = wire_wait(w, true, -1, deadline_us, &other);
	if (!err)
		err = stream_connect_result(&w->stream);
	if (err)
		wire_close(w);
	return err;
}

enum bj_err wire_send(struct wire *w, const void *bytes, size_t len, size_t *out_len)
{
	const struct bj_bytes piece = bytes_of(bytes, len);
	ssize_t n;

	if (w->carrier) {
		enum bj_err err = stream_write(&w->stream, &piece, 1, out_len);

		loop_turn(&w->carrier->loop, 0);
		return err;
	}
	do
		n = send(w->fd, bytes, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return io_err_of(errno);
	*out_len = (size_t)n;
	return BJ_OK;
}

enum bj_err wire_receive(struct wire *w, void *buf, size_t cap, size_t *out_len)
{
	ssize_t n;

	if (w->carrier) {
		loop_turn(&w->carrier->loop, 0);
		return stream_read(&w->stream, buf, cap, out_len);
	}
	do
		n = recv(w->fd, buf, cap, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return io_err_of(errno);
	*out_len = (size_t)n;
	return BJ_OK;
}

static int ms_left(int64_t deadline_us)
{
	int64_t left = deadline_us - clock_steady_us();

	return left <= 0 ? 0 : left > INT64_C(1000000000) ? 1000000 : (int)((left + 999) / 1000);
}

static enum bj_err wait_for_carrier(struct wire *w, bool to_write, int other_fd, int64_t deadline_us, bool *out_other)
{
	const unsigned what = to_write ? STREAM_WRITE : STREAM_READ;

	for (;;) {
		struct pollfd fds[2] = { { .fd = w->carrier->loop.epoll_fd, .events = POLLIN }, { .fd = other_fd, .events = POLLIN } };
		int left = ms_left(deadline_us);

		loop_turn(&w->carrier->loop, 0);
		if ((w->stream.can & what) || w->stream.broken)
			return BJ_OK;
		if (left == 0)
			return BJ_ERR_IO_TIMEOUT;
		if (poll(fds, 2, left < STEP_MS ? left : STEP_MS) > 0 && fds[1].revents) {
			*out_other = true;
			return BJ_OK;
		}
	}
}

enum bj_err wire_wait(struct wire *w, bool to_write, int other_fd, int64_t deadline_us, bool *out_other)
{
	*out_other = false;
	if (w->carrier)
		return wait_for_carrier(w, to_write, other_fd, deadline_us, out_other);
	for (;;) {
		struct pollfd fds[2] = { { .fd = w->fd, .events = to_write ? POLLOUT : POLLIN }, { .fd = other_fd, .events = POLLIN } };
		int left = ms_left(deadline_us), n;

		if (left == 0)
			return BJ_ERR_IO_TIMEOUT;
		n = poll(fds, 2, left);
		if (n < 0 && errno != EINTR)
			return BJ_ERR_IO;
		*out_other = n > 0 && fds[1].revents;
		if (n > 0)
			return BJ_OK;
	}
}

void wire_finish(struct wire *w)
{
	if (w->carrier) {
		stream_finish(&w->stream);
		loop_turn(&w->carrier->loop, 0);
	} else {
		shutdown(w->fd, SHUT_WR);
	}
}

void wire_close(struct wire *w)
{
	if (w->carrier) {
		stream_drop(&w->stream);
		loop_turn(&w->carrier->loop, 0);
	} else if (w->fd >= 0) {
		close(w->fd);
	}
	w->fd = -1;
}
