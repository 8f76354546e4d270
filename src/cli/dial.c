/* dial.c - see dial.h. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/dial.h"
#include "io/stream.h"

/* Families in turn, beginning with that of the first. */
static size_t in_turn(const struct addrinfo *list, const struct addrinfo *out[DIAL_ADDRESSES_MAX])
{
	const struct addrinfo *same = list, *other = list;
	size_t count = 0;

	while ((same || other) && count < DIAL_ADDRESSES_MAX) {
		while (same && same->ai_family != list->ai_family)
			same = same->ai_next;
		if (same) {
			out[count++] = same;
			same = same->ai_next;
		}
		while (other && other->ai_family == list->ai_family)
			other = other->ai_next;
		if (other && count < DIAL_ADDRESSES_MAX) {
			out[count++] = other;
			other = other->ai_next;
		}
	}
	return count;
}

static int begin(const struct addrinfo *address, enum bj_err *out_err)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0) {
		*out_err = io_err_of(errno);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) {
		*out_err = io_err_of(errno);
		close(fd);
		return -1;
	}
	return fd;
}

/* Which of the sockets is connected; -1 if none is yet. Failed ones are closed and become -1. */
static int first_connected(struct pollfd *sockets, size_t count, enum bj_err *out_err)
{
	for (size_t i = 0; i < count; i++) {
		int error = 0;
		socklen_t len = sizeof(error);

		if (sockets[i].fd < 0 || !sockets[i].revents)
			continue;
		getsockopt(sockets[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error == 0)
			return (int)i;
		*out_err = io_err_of(error);
		close(sockets[i].fd);
		sockets[i].fd = -1;
	}
	return -1;
}

static enum bj_err race(const struct addrinfo *const *addresses, size_t count, int64_t deadline_us, int *out_fd, size_t *out_which)
{
	struct pollfd sockets[DIAL_ADDRESSES_MAX];
	int64_t next_us = clock_steady_us();
	enum bj_err err = BJ_ERR_IO_UNREACHABLE;
	size_t begun = 0;
	int which = -1;

	for (;;) {
		int64_t now = clock_steady_us(), wait_us = deadline_us - now;
		bool waiting = false;

		if (now >= deadline_us) {
			err = BJ_ERR_IO_TIMEOUT;
			break;
		}
		for (size_t i = 0; i < begun; i++)
			waiting |= sockets[i].fd >= 0;
		if (begun < count && (now >= next_us || !waiting)) {
			sockets[begun] = (struct pollfd){ .fd = begin(addresses[begun], &err), .events = POLLOUT };
			begun++;
			next_us = now + DIAL_STAGGER_MS * 1000;
			continue;
		}
		if (!waiting)
			break;
		if (begun < count && next_us - now < wait_us)
			wait_us = next_us - now;
		if (poll(sockets, begun, (int)((wait_us + 999) / 1000)) > 0)
			which = first_connected(sockets, begun, &err);
		if (which >= 0)
			break;
	}
	for (size_t i = 0; i < begun; i++)
		if ((int)i != which && sockets[i].fd >= 0)
			close(sockets[i].fd);
	if (which < 0)
		return err;
	*out_fd = sockets[which].fd;
	*out_which = (size_t)which;
	return BJ_OK;
}

/* ---- names */

/* Outlives the call where the resolver does not answer: then it belongs to the resolver's thread, which cannot be stopped. */
struct lookup {
	struct gaicb ask;
	struct addrinfo hints;
	char host[TARGET_HOST_MAX], port[8];
};

static enum bj_err wait_for_answer(struct lookup *l, int64_t deadline_us)
{
	const struct gaicb *asks[] = { &l->ask };

	for (;;) {
		int64_t left_us = deadline_us - clock_steady_us();
		struct timespec left = { .tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000 };

		if (gai_error(&l->ask) != EAI_INPROGRESS)
			return BJ_OK;
		if (left_us <= 0)
			return BJ_ERR_IO_TIMEOUT;
		(void)gai_suspend(asks, 1, &left);
	}
}

/* getaddrinfo() itself waits for as long as the machine's resolver says, whatever our deadline is. */
static enum bj_err resolve_by_thread(struct lookup *l, int64_t deadline_us, struct addrinfo **out)
{
	struct gaicb *asks[] = { &l->ask };
	enum bj_err err = getaddrinfo_a(GAI_NOWAIT, asks, 1, NULL) == 0 ? BJ_OK : BJ_ERR_IO;

	if (!err)
		err = wait_for_answer(l, deadline_us);
	if (err == BJ_ERR_IO_TIMEOUT && gai_cancel(&l->ask) == EAI_NOTCANCELED)
		return err;
	if (!err && gai_error(&l->ask) != 0)
		err = BJ_ERR_IO_NAME;
	if (!err)
		*out = l->ask.ar_result;
	free(l);
	return err;
}

static enum bj_err resolve(const struct target *target, int family, int64_t deadline_us, struct addrinfo **out)
{
	struct lookup *l = calloc(1, sizeof(*l));

	if (!l)
		return BJ_ERR_NO_MEMORY;
	memcpy(l->host, target->host, sizeof(l->host));
	snprintf(l->port, sizeof(l->port), "%u", target->port);
	l->hints = (struct addrinfo){ .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	if (getaddrinfo(l->host, l->port, &l->hints, out) == 0) { /* an address: nobody is asked */
		free(l);
		return BJ_OK;
	}
	l->hints.ai_flags = 0;
	l->ask = (struct gaicb){ .ar_name = l->host, .ar_service = l->port, .ar_request = &l->hints };
	return resolve_by_thread(l, deadline_us, out);
}

/* ---- */

static void print_address(const struct addrinfo *address, struct dialled *out)
{
	getnameinfo(address->ai_addr, address->ai_addrlen, out->address, sizeof(out->address), NULL, 0, NI_NUMERICHOST);
}

enum bj_err dial(const struct target *target, int64_t deadline_us, struct dialled *out)
{
	const struct addrinfo *addresses[DIAL_ADDRESSES_MAX];
	struct addrinfo *list = NULL;
	int64_t began = clock_steady_us();
	size_t which = 0;
	enum bj_err err;
	int fd = -1;

	*out = (struct dialled){ .wire.fd = -1 };
	err = resolve(target, AF_UNSPEC, deadline_us, &list);
	out->resolve_us = clock_steady_us() - began;
	if (err)
		return err;
	began = clock_steady_us();
	err = race(addresses, in_turn(list, addresses), deadline_us, &fd, &which);
	wire_of_socket(&out->wire, fd);
	out->connect_us = clock_steady_us() - began;
	if (!err)
		print_address(addresses[which], out);
	freeaddrinfo(list);
	return err;
}

enum bj_err dial_by(struct carrier *carrier, const struct target *target, int64_t deadline_us, struct dialled *out)
{
	struct addrinfo *list = NULL;
	int64_t began = clock_steady_us();
	struct addr to;
	enum bj_err err;

	*out = (struct dialled){ .wire.fd = -1 };
	err = resolve(target, bj_ip_is_v4(&carrier->address) ? AF_INET : AF_INET6, deadline_us, &list);
	out->resolve_us = clock_steady_us() - began;
	if (err)
		return err;
	began = clock_steady_us();
	to.len = list->ai_addrlen;
	memcpy(&to.sa, list->ai_addr, list->ai_addrlen);
	err = wire_connect(&out->wire, carrier, &to, deadline_us);
	out->connect_us = clock_steady_us() - began;
	if (!err)
		print_address(list, out);
	freeaddrinfo(list);
	return err;
}
