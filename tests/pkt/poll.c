/* poll.c - poll, epoll, ioctl and gathered buffers, as scripts speak of them. See world.h. */
#include "pkt/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	READY_IN = 1,
	READY_OUT = 4,
	READY_ERR = 8,
	READY_HUP = 16,
	READY_RDHUP = 0x2000,
	EDGE = 0x10000,
	ONE_SHOT = 0x20000,
};

static uint32_t events_of(const char *text)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} names[] = { { "IN", READY_IN }, { "OUT", READY_OUT }, { "ERR", READY_ERR }, { "RDHUP", READY_RDHUP }, { "HUP", READY_HUP },
		      { "ET", EDGE }, { "ONESHOT", ONE_SHOT } };
	uint32_t bits = 0;

	for (const char *at = text; (at = strstr(at, "POLL"));) {
		at += 4;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strncmp(at, names[i].name, strlen(names[i].name)) == 0)
				bits |= names[i].bit;
	}
	return bits;
}

/* The text of one member, up to the comma or bracket behind it. */
static bool member(const char *text, const char *name, char out[128])
{
	const char *at = text, *end;
	size_t len = strlen(name);

	while ((at = strstr(at, name)) && (at != text && (at[-1] != '{' && at[-1] != ' ' && at[-1] != ',' && at[-1] != '\t' && at[-1] != '\n')))
		at += len;
	if (!at)
		return false;
	at += len;
	end = at + strcspn(at, ",}");
	snprintf(out, 128, "%.*s", (int)(end - at < 127 ? end - at : 127), at);
	return true;
}

static uint32_t ready_of(const struct world_fd *f)
{
	struct bj_tcp_info i;
	uint32_t bits = 0;

	if (f->connect_later)
		return READY_OUT;
	if (!f->tcp)
		return f->listener ? 0 : READY_OUT | READY_HUP;
	bj_tcp_info(f->tcp, &i);
	if (i.receive_buffered > 0 || i.state == BJ_TCP_CLOSE_WAIT || i.state == BJ_TCP_CLOSED || i.state == BJ_TCP_TIME_WAIT)
		bits |= READY_IN;
	if (i.state != BJ_TCP_SYN_SENT && i.send_buffered < i.send_buffer_max * 2 / 3)
		bits |= READY_OUT;
	if (i.state == BJ_TCP_SYN_SENT && f->options.fast_open)
		bits |= READY_OUT;
	if (i.state == BJ_TCP_CLOSE_WAIT || i.state == BJ_TCP_CLOSED)
		bits |= READY_RDHUP;
	if (i.state == BJ_TCP_CLOSED)
		bits |= READY_HUP | READY_OUT | (i.error && !f->reported ? READY_ERR : 0);
	return bits;
}

long call_poll(struct world *w, const struct script_call *c, char error[32])
{
	char text[128];
	uint32_t want, expected, got;
	long fd;

	if (!member(c->args[0], "fd=", text))
		return call_fail(error, "EFAULT");
	fd = strtol(text, NULL, 0);
	if (fd < 0 || fd >= WORLD_FDS_MAX || !w->fds[fd].used)
		return call_fail(error, "EBADF");
	want = member(c->args[0], "events=", text) ? events_of(text) : 0;
	expected = member(c->args[0], "revents=", text) ? events_of(text) : 0;
	got = ready_of(&w->fds[fd]) & (want | READY_ERR | READY_HUP);
	if (got == 0)
		return call_int(c, 2) != 0 ? WORLD_WOULD_BLOCK : 0;
	if (got != expected)
		return call_fail(error, "the events differ");
	return 1;
}

long call_epoll_ctl(struct world *w, struct world_fd *f, const struct script_call *c, char error[32])
{
	long fd = call_int(c, 2);
	size_t at = 0;

	if (fd < 0 || fd >= WORLD_FDS_MAX || !w->fds[fd].used)
		return call_fail(error, "EBADF");
	while (at < f->watched_count && f->watched[at] != fd)
		at++;
	if (call_has(c, 1, "DEL")) {
		f->watched_for[at] = 0;
		return 0;
	}
	if (at == f->watched_count) {
		if (f->watched_count == WORLD_WATCHED_MAX)
			return call_fail(error, "ENOSPC");
		f->watched_count++;
	}
	f->watched[at] = (uint8_t)fd;
	f->watched_for[at] = events_of(c->args[3]);
	f->told[at] = 0;
	return 0;
}

long call_epoll_wait(struct world *w, struct world_fd *f, const struct script_call *c, char error[32])
{
	long count = 0;

	for (size_t i = 0; i < f->watched_count; i++) {
		const struct world_fd *watched = &w->fds[f->watched[i]];
		uint32_t got = watched->used ? ready_of(watched) & (f->watched_for[i] | READY_ERR | READY_HUP) : 0;
		bool news = f->watched_for[i] & EDGE ? (got & ~f->told[i]) != 0 : got != 0;

		f->told[i] = got;
		if (!news || f->watched_for[i] == 0)
			continue;
		if (events_of(c->args[1]) != got)
			return call_fail(error, "the events differ");
		if (f->watched_for[i] & ONE_SHOT)
			f->watched_for[i] = 0;
		count++;
	}
	return count == 0 && call_int(c, 3) != 0 ? WORLD_WOULD_BLOCK : count;
}

long call_ioctl(struct world_fd *f, const struct script_call *c, char error[32])
{
	struct bj_tcp_info i;
	long got;

	if (!f->tcp)
		return call_fail(error, "EINVAL");
	bj_tcp_info(f->tcp, &i);
	if (call_has(c, 1, "SIOCINQ"))
		got = i.receive_buffered + (i.receive_buffered && i.state == BJ_TCP_CLOSE_WAIT ? 1 : 0);
	else if (call_has(c, 1, "SIOCOUTQ"))
		got = i.send_buffered;
	else
		return WORLD_UNKNOWN;
	return got == call_int(c, 2) ? 0 : call_fail(error, "the count differs");
}

size_t call_bytes(const struct script_call *c)
{
	const char *at = c->arg_count > 1 ? c->args[1] : "";
	size_t sum = 0;

	if (strstr(c->name, "msg"))
		at = strstr(at, "msg_iov(");
	else if (strcmp(c->name, "readv") != 0 && strcmp(c->name, "writev") != 0)
		return (size_t)call_int(c, 2);
	if (at && strstr(c->name, "msg"))
		at = strchr(at, '=');
	for (; at && (at = strstr(at, "..., ")); at += 5)
		sum += (size_t)strtol(at + 5, NULL, 0);
	return sum;
}
