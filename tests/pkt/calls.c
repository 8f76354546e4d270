/* calls.c - the socket calls of scripts, over our own interface; and sysctl, and assertions. See world.h. */
#include "pkt/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "pkt/expr.h"
#include "tcpip/stack.h"

long call_fail(char error[32], const char *name)
{
	snprintf(error, 32, "%s", name);
	return -1;
}

static const char *errno_of(enum bj_err err)
{
	switch (err) {
	case BJ_ERR_IO_RESET: return "ECONNRESET";
	case BJ_ERR_IO_REFUSED: return "ECONNREFUSED";
	case BJ_ERR_IO_TIMEOUT: return "ETIMEDOUT";
	case BJ_ERR_IO_UNREACHABLE: return "EHOSTUNREACH";
	case BJ_ERR_IO_ADDRESS_IN_USE: return "EADDRINUSE";
	case BJ_ERR_WOULD_BLOCK: return "EAGAIN";
	case BJ_ERR_CLOSED: return "EPIPE";
	default: return "EINVAL";
	}
}

long call_int(const struct script_call *c, size_t at)
{
	const char *p = at < c->arg_count ? c->args[at] : "0";

	return strtol(*p == '[' ? p + 1 : p, NULL, 0);
}

bool call_has(const struct script_call *c, size_t at, const char *word)
{
	return at < c->arg_count && strstr(c->args[at], word) != NULL;
}

static size_t flags_at(const struct script_call *c)
{
	return strstr(c->name, "msg") ? 2 : 3;
}

static struct world_fd *fd_of(struct world *w, const struct script_call *c)
{
	long fd = call_int(c, 0);

	return fd >= 0 && fd < WORLD_FDS_MAX && w->fds[fd].used ? &w->fds[fd] : NULL;
}

/* The number that the script gives it, else the first that is free. */
static long new_fd(struct world *w, const struct script_call *c)
{
	long fd = c->has_result && !c->any_result ? c->result : -1;

	if (fd < 3 || fd >= WORLD_FDS_MAX || w->fds[fd].used)
		for (fd = 3; fd < WORLD_FDS_MAX && w->fds[fd].used; fd++)
			;
	if (fd == WORLD_FDS_MAX)
		return -1;
	w->fds[fd] = (struct world_fd){ .used = true, .options = w->defaults };
	return fd;
}

static long call_socket(struct world *w, const struct script_call *c)
{
	long fd = new_fd(w, c);

	if (fd >= 0)
		w->fds[fd].nonblocking = call_has(c, 1, "NONBLOCK");
	return fd;
}

static long call_bind(struct world *w, struct world_fd *f)
{
	f->local = w->local;
	return 0;
}

static long call_listen(struct world *w, struct world_fd *f, const struct script_call *c, char error[32])
{
	struct bj_endpoint at = { w->local.ip, WORLD_LOCAL_PORT };
	enum bj_err err;

	f->options.backlog = call_int(c, 1) > 0 ? (uint32_t)call_int(c, 1) : 1;
	f->options.fast_open = w->listeners_fast_open || (w->may_fast_open && f->fast_open_asked);
	w->listened = true;
	err = bj_tcp_listen(w->stack, &at, &f->options, &f->listener);
	return err ? call_fail(error, errno_of(err)) : 0;
}

static long call_accept(struct world *w, struct world_fd *f, const struct script_call *c, char error[32])
{
	struct bj_tcp *t;
	long fd;

	if (!f->listener)
		return call_fail(error, "EINVAL");
	if (bj_tcp_accept(f->listener, &t))
		return f->nonblocking ? call_fail(error, "EAGAIN") : WORLD_WOULD_BLOCK;
	fd = new_fd(w, c);
	check(fd >= 0);
	w->fds[fd].tcp = t;
	w->fds[fd].connected_once = true;
	bj_tcp_options(t, &w->fds[fd].options);
	w->last = t;
	return fd;
}

/* Whether the next fast connect will carry bytes. */
static bool fast_open_cookie_known(const struct world *w)
{
	for (size_t i = 0; i < FAST_OPEN_PEERS_MAX; i++)
		if (w->stack->fast_open_peers[i].mss && bj_ip_equal(&w->stack->fast_open_peers[i].remote, &w->remote.ip))
			return w->stack->fast_open_peers[i].cookie_len > 0;
	return w->defaults.fast_open_without_cookie;
}

static long call_connect(struct world *w, struct world_fd *f, char error[32])
{
	struct bj_endpoint remote = { w->remote.ip, WORLD_LOCAL_PORT };
	struct bj_tcp_info info;
	enum bj_err err = BJ_OK;

	if (!f->tcp && f->fast_open_connect && fast_open_cookie_known(w)) {
		f->fast_open_connect = false;
		f->connect_later = true;
		return 0;
	}
	if (!f->tcp) {
		f->options.fast_open |= f->fast_open_connect;
		err = bj_tcp_connect(w->stack, f->local.port ? &f->local : NULL, &remote, &f->options, &f->tcp);
		if (err)
			return call_fail(error, errno_of(err));
		w->last = f->tcp;
		bj_tcp_info(f->tcp, &info);
		w->local.port = info.local.port;
		w->remote.port = info.remote.port;
		return f->nonblocking ? call_fail(error, "EINPROGRESS") : WORLD_WOULD_BLOCK;
	}
	bj_tcp_info(f->tcp, &info);
	if (info.error) {
		f->reported = info.error;
		return call_fail(error, errno_of(info.error));
	}
	if (info.state == BJ_TCP_SYN_SENT || info.state == BJ_TCP_SYN_RECEIVED)
		return f->nonblocking ? call_fail(error, "EALREADY") : WORLD_WOULD_BLOCK;
	return 0;
}

static long call_read(struct world *w, struct world_fd *f, const struct script_call *c, char error[32])
{
	static uint8_t buf[1 << 20];
	size_t want = call_bytes(c), len = 0;
	enum bj_err err;

	if (!f->tcp)
		return call_fail(error, f->connect_later ? "EAGAIN" : "ENOTCONN");
	w->last = f->tcp;
	if (call_has(c, flags_at(c), "MSG_PEEK")) {
		struct bj_tcp_info info;

		bj_tcp_info(f->tcp, &info);
		if (info.receive_buffered > 0)
			return (long)(info.receive_buffered < want ? info.receive_buffered : want);
	}
	err = bj_tcp_read(f->tcp, buf, want < sizeof(buf) ? want : sizeof(buf), &len);
	if (err == BJ_ERR_WOULD_BLOCK && f->read_shut)
		return 0;
	if (err == BJ_ERR_WOULD_BLOCK)
		return f->nonblocking || call_has(c, flags_at(c), "DONTWAIT") ? call_fail(error, "EAGAIN") : WORLD_WOULD_BLOCK;
	if (err == BJ_ERR_CLOSED || (err && f->reported))
		return 0;
	f->reported = err;
	return err ? call_fail(error, errno_of(err)) : (long)len;
}

/* Bytes that a SYN takes: what the peer said last, or is said if it says nothing, or what we allow. */
static size_t syn_room(const struct world *w, const struct world_fd *f)
{
	size_t room = (w->script->mtu ? w->script->mtu : 1500) - (w->script->v6 ? 60u : 40u), said = w->script->v6 ? 1220 : 536;

	for (size_t i = 0; i < FAST_OPEN_PEERS_MAX; i++)
		if (w->stack->fast_open_peers[i].mss && bj_ip_equal(&w->stack->fast_open_peers[i].remote, &w->remote.ip))
			said = w->stack->fast_open_peers[i].mss;
	if (f->options.mss_max && f->options.mss_max < room)
		room = f->options.mss_max;
	return (said < room ? said : room) - 40;
}

/* A write that opens: what fits into the SYN is taken, the rest is the script's to write again. */
static long write_first(struct world *w, struct world_fd *f, const struct script_call *c, size_t want, char error[32])
{
	static const uint8_t zeros[16384];
	struct bj_endpoint remote = { w->remote.ip, WORLD_LOCAL_PORT };
	bool carries = fast_open_cookie_known(w);
	size_t fits = syn_room(w, f);
	size_t len = 0;
	enum bj_err err;

	if (f->listener || call_has(c, 4, "AF_UNSPEC"))
		return call_fail(error, "EOPNOTSUPP");
	f->options.fast_open = true;
	err = bj_tcp_connect(w->stack, f->local.port ? &f->local : NULL, &remote, &f->options, &f->tcp);
	if (err)
		return call_fail(error, errno_of(err));
	f->connect_later = false;
	w->last = f->tcp;
	w->remote.port = WORLD_LOCAL_PORT;
	if (f->nonblocking || call_has(c, flags_at(c), "DONTWAIT"))
		fits = want < fits ? want : fits;
	else
		fits = f->pending = want < sizeof(zeros) ? want : sizeof(zeros); /* all of it, and waits until it is open */
	if (carries && want > 0)
		check(bj_tcp_write(f->tcp, (struct bj_bytes){ zeros, fits }, &len) == BJ_OK);
	world_gather(w);
	if (f->pending)
		return WORLD_WOULD_BLOCK;
	if (!carries || want == 0)
		return f->nonblocking || call_has(c, flags_at(c), "DONTWAIT") ? call_fail(error, "EINPROGRESS") : WORLD_WOULD_BLOCK;
	return (long)len;
}

/* The other kernel's way: a socket that may open fast is connected by the first send, which takes all and does not wait. */
static long write_implied(struct world *w, struct world_fd *f, size_t want, char error[32])
{
	static const uint8_t zeros[16384];
	struct bj_endpoint remote = { w->remote.ip, WORLD_LOCAL_PORT };
	size_t len = 0;
	enum bj_err err;

	f->options.fast_open = true;
	err = bj_tcp_connect(w->stack, f->local.port ? &f->local : NULL, &remote, &f->options, &f->tcp);
	if (!err && want > 0)
		err = bj_tcp_write(f->tcp, (struct bj_bytes){ zeros, want < sizeof(zeros) ? want : sizeof(zeros) }, &len);
	if (err)
		return call_fail(error, errno_of(err));
	w->last = f->tcp;
	w->remote.port = WORLD_LOCAL_PORT;
	return (long)len;
}

static long call_write(struct world *w, struct world_fd *f, const struct script_call *c, char error[32])
{
	static const uint8_t zeros[1 << 20];
	size_t want = call_bytes(c), done = 0, len = 0;
	enum bj_err err = BJ_OK;

	if (!f->tcp && (f->connect_later || (call_has(c, flags_at(c), "MSG_FASTOPEN") || call_int(c, flags_at(c)) == 0x20000000)))
		return write_first(w, f, c, want, error);
	if (!f->tcp && w->bsd && f->fast_open_asked && strcmp(c->name, "sendto") == 0)
		return write_implied(w, f, want, error);
	if (!f->tcp)
		return call_fail(error, "EPIPE");
	w->last = f->tcp;
	if (f->pending) {
		struct bj_tcp_info info;

		bj_tcp_info(f->tcp, &info);
		if (info.state == BJ_TCP_SYN_SENT)
			return WORLD_WOULD_BLOCK;
		done = f->pending;
		f->pending = 0;
		f->reported = info.error;
		return info.error ? call_fail(error, errno_of(info.error)) : (long)done;
	}
	for (; done < want && !err; done += err ? 0 : len) {
		struct bj_bytes rest = { zeros, want - done < sizeof(zeros) ? want - done : sizeof(zeros) };

		if (call_has(c, flags_at(c), "MSG_OOB"))
			err = bj_tcp_write_urgent(f->tcp, rest, &len);
		else
			err = bj_tcp_write(f->tcp, rest, &len);
	}
	if (done > 0)
		return (long)done;
	if (err == BJ_ERR_WOULD_BLOCK)
		return f->nonblocking ? call_fail(error, "EAGAIN") : WORLD_WOULD_BLOCK;
	if (err && f->reported)
		return call_fail(error, "EPIPE");
	f->reported = err == BJ_ERR_CLOSED ? BJ_OK : err;
	return call_fail(error, errno_of(err));
}

static void forget(struct world *w, const struct bj_tcp *t)
{
	if (w->last == t)
		w->last = NULL;
}

static long call_close(struct world *w, struct world_fd *f)
{
	bj_listener_close(f->listener);
	if (f->tcp) {
		forget(w, f->tcp);
		if (f->linger_zero)
			bj_tcp_abort(f->tcp);
		else
			bj_tcp_release(f->tcp);
	}
	*f = (struct world_fd){ 0 };
	return 0;
}

static long call_shutdown(struct world *w, struct world_fd *f, const struct script_call *c, char error[32])
{
	enum bj_err err;

	if (!f->tcp)
		return call_fail(error, "ENOTCONN");
	w->last = f->tcp;
	f->read_shut |= call_has(c, 1, "SHUT_RD");
	if (call_has(c, 1, "SHUT_RD") && !call_has(c, 1, "SHUT_RDWR"))
		return 0;
	err = bj_tcp_finish(f->tcp);
	return err ? call_fail(error, "ENOTCONN") : 0;
}

static long call_fcntl(struct world_fd *f, const struct script_call *c)
{
	if (call_has(c, 1, "F_SETFL"))
		f->nonblocking = call_has(c, 2, "O_NONBLOCK");
	return call_has(c, 1, "F_GETFL") ? 2 : 0;
}

static long call_setsockopt(struct world *w, struct world_fd *f, const struct script_call *c)
{
	struct bj_tcp_options *o = &f->options;
	long v = call_int(c, 3);

	if (call_has(c, 2, "TCP_NODELAY"))
		o->no_delay = v != 0;
	else if (call_has(c, 2, "TCP_CORK"))
		o->cork = v != 0;
	else if (call_has(c, 2, "SO_KEEPALIVE"))
		o->keepalive = v != 0;
	else if (call_has(c, 2, "TCP_FASTOPEN_CONNECT"))
		f->fast_open_connect = v != 0;
	else if (call_has(c, 2, "TCP_FASTOPEN_NO_COOKIE"))
		o->fast_open_without_cookie = v != 0;
	else if (call_has(c, 2, "TCP_FASTOPEN") && !call_has(c, 2, "KEY"))
		f->fast_open_asked = v != 0;
	else if (call_has(c, 2, "TCP_KEEPIDLE"))
		o->keepalive_idle_us = v * INT64_C(1000000);
	else if (call_has(c, 2, "TCP_KEEPINTVL"))
		o->keepalive_interval_us = v * INT64_C(1000000);
	else if (call_has(c, 2, "TCP_KEEPCNT"))
		o->keepalive_count = (uint32_t)v;
	else if (call_has(c, 2, "TCP_USER_TIMEOUT"))
		o->user_timeout_us = v * INT64_C(1000);
	else if (call_has(c, 2, "SO_SNDBUF"))
		o->send_buffer_max = (uint32_t)v;
	else if (call_has(c, 2, "SO_RCVBUF"))
		o->receive_buffer_max = (uint32_t)v;
	else if (call_has(c, 2, "TCP_MAXSEG"))
		o->mss_max = (uint16_t)v;
	else if (call_has(c, 2, "IP_TTL"))
		o->ttl = (uint8_t)v;
	else if (call_has(c, 2, "IP_TOS"))
		o->tos = (uint8_t)v;
	else if (call_has(c, 2, "TCP_CONGESTION"))
		o->congestion = call_has(c, 3, "reno") ? BJ_CONGESTION_RENO : BJ_CONGESTION_CUBIC;
	else if (call_has(c, 2, "SO_LINGER"))
		f->linger_zero = call_has(c, 3, "onoff=1") && call_has(c, 3, "linger=0");
	if (f->listener) { /* of those that will be accepted */
		f->listener->config->options.fast_open |= w->may_fast_open && f->fast_open_asked;
		f->listener->config->options.mss_max = o->mss_max;
	}
	if (f->tcp) {
		w->last = f->tcp;
		check(bj_tcp_set_options(f->tcp, o) == BJ_OK);
	}
	return 0;
}

/* SO_ERROR is the one whose value scripts ask for; it stands in the script, so a difference is an error. */
static long call_getsockopt(struct world *w, struct world_fd *f, const struct script_call *c, char error[32])
{
	struct bj_tcp_info info;
	long want = call_int(c, 3);

	if (!f->tcp || !call_has(c, 2, "SO_ERROR"))
		return 0;
	w->last = f->tcp;
	bj_tcp_info(f->tcp, &info);
	if ((want != 0) != (info.error != BJ_OK && !f->reported) && !(c->args[3][1] == 'E' && info.error))
		return call_fail(error, errno_of(info.error));
	f->reported = info.error;
	return 0;
}

long world_call(struct world *w, const struct script_call *c, char error[32])
{
	struct world_fd *f;

	error[0] = 0;
	bj_stack_tick(w->stack, w->now_us);
	if (strcmp(c->name, "socket") == 0)
		return call_socket(w, c);
	if (strcmp(c->name, "poll") == 0)
		return call_poll(w, c, error);
	if (strcmp(c->name, "epoll_create") == 0 || strcmp(c->name, "epoll_create1") == 0)
		return new_fd(w, c);
	f = fd_of(w, c);
	if (!f)
		return call_fail(error, "EBADF");
	if (strcmp(c->name, "bind") == 0)
		return call_bind(w, f);
	if (strcmp(c->name, "listen") == 0)
		return call_listen(w, f, c, error);
	if (strcmp(c->name, "accept") == 0)
		return call_accept(w, f, c, error);
	if (strcmp(c->name, "connect") == 0)
		return call_connect(w, f, error);
	if (strcmp(c->name, "read") == 0 || strcmp(c->name, "recv") == 0 || strcmp(c->name, "recvmsg") == 0 ||
	    strcmp(c->name, "readv") == 0)
		return call_read(w, f, c, error);
	if (strcmp(c->name, "write") == 0 || strcmp(c->name, "send") == 0 || strcmp(c->name, "sendto") == 0 ||
	    strcmp(c->name, "sendmsg") == 0 || strcmp(c->name, "writev") == 0)
		return call_write(w, f, c, error);
	if (strcmp(c->name, "close") == 0)
		return call_close(w, f);
	if (strcmp(c->name, "shutdown") == 0)
		return call_shutdown(w, f, c, error);
	if (strcmp(c->name, "epoll_ctl") == 0)
		return call_epoll_ctl(w, f, c, error);
	if (strcmp(c->name, "epoll_wait") == 0)
		return call_epoll_wait(w, f, c, error);
	if (strcmp(c->name, "ioctl") == 0)
		return call_ioctl(f, c, error);
	if (strcmp(c->name, "fcntl") == 0)
		return call_fcntl(f, c);
	if (strcmp(c->name, "setsockopt") == 0)
		return call_setsockopt(w, f, c);
	if (strcmp(c->name, "getsockopt") == 0)
		return call_getsockopt(w, f, c, error);
	return WORLD_UNKNOWN;
}

/* As Linux has it: with which feedback is answered, and with which asked. */
static void set_ecn(struct world *w, char how)
{
	struct bj_tcp_options *o = &w->defaults;

	o->ecn = how == '0' ? BJ_ECN_OFF : how == '1' || how == '4' ? BJ_ECN_ASK : how == '3' ? BJ_ECN_ASK_ACCURATE : BJ_ECN_ANSWER;
	o->no_accurate_ecn = how == '1' || how == '2';
	if (w->foreign) {
		o->ecn_control = true; /* what that kernel does */
		o->ecn_option = BJ_ECN_OPTION_ALWAYS;
	}
}

/* Of those that live, too. */
static void set_ecn_option(struct world *w, char how)
{
	w->defaults.ecn_option = how == '0' ? BJ_ECN_OPTION_NEVER : how == '1' ? BJ_ECN_OPTION_CHANGES : BJ_ECN_OPTION_ALWAYS;
	for (size_t i = 0; i < WORLD_FDS_MAX; i++) {
		struct world_fd *f = &w->fds[i];

		f->options.ecn_option = w->defaults.ecn_option;
		if (f->tcp && bj_tcp_set_options(f->tcp, &f->options))
			abort();
	}
}

void world_command(struct world *w, const char *text)
{
	const char *at;

	if (strstr(text, "defaults.sh")) {
		w->foreign = true;
		w->defaults.ecn = BJ_ECN_OFF;
		w->may_fast_open = w->listeners_fast_open = true; /* the sysctl that these set lets every listener do it */
		w->defaults.send_buffer_max = 4 << 20;
	}
	w->challenges_unlimited |= strstr(text, "tcp_invalid_ratelimit=0") != NULL;
	if (strstr(text, "net.inet.tcp."))
		w->foreign = w->bsd = true;
	if ((at = strstr(text, "tcp.rfc1323=")))
		w->defaults.no_timestamps = w->defaults.no_window_scale = at[12] == '0';
	if ((at = strstr(text, "tcp.sack.enable=")))
		w->defaults.no_sack = at[16] == '0';
	if ((at = strstr(text, "tcp.ecn.enable=")))
		w->defaults.ecn = at[15] == '1' ? BJ_ECN_ASK : at[15] == '2' ? BJ_ECN_ANSWER : BJ_ECN_OFF;
	if ((at = strstr(text, "tcp.delayed_ack=")))
		w->defaults.delayed_ack_off = at[16] == '0';
	if ((at = strstr(text, "tcp.fastopen.server_enable=")))
		w->may_fast_open = at[27] == '1';
	if ((at = strstr(text, "tcp_ecn=")))
		set_ecn(w, at[8]);
	if ((at = strstr(text, "tcp_ecn_option=")))
		set_ecn_option(w, at[15]);
	if ((at = strstr(text, "tcp_ecn_control="))) /* our own word */
		w->defaults.ecn_control = at[16] == '1';
	if ((at = strstr(text, "tcp_fastopen="))) {
		long bits = strtol(at + 13, NULL, 0);

		w->may_fast_open = bits & 0x2;
		w->listeners_fast_open = (bits & 0x402) == 0x402;
		w->defaults.fast_open_without_cookie = (bits & 0x204) != 0;
	}
	if (strstr(text, "fastopen.client_enable=0") || strstr(text, "tcp_metrics flush") || strstr(text, "defaults.sh"))
		memset(w->stack->fast_open_peers, 0, sizeof(w->stack->fast_open_peers));
	if ((at = strstr(text, "tcp_user_timeout_option=")))
		w->defaults.user_timeout_option = at[24] == '1';
	if ((at = strstr(text, "source_connection_max=")))
		w->stack->sources.limits[SOURCE_OPEN] = (uint32_t)strtoul(at + 22, NULL, 10);
	if ((at = strstr(text, "tcp_sack=")))
		w->defaults.no_sack = at[9] == '0';
	if ((at = strstr(text, "tcp_timestamps=")))
		w->defaults.no_timestamps = at[15] == '0';
	if ((at = strstr(text, "tcp_window_scaling=")))
		w->defaults.no_window_scale = at[19] == '0';
	if ((at = strstr(text, "tcp_syncookies="))) {
		w->defaults.syn_cookies_always = at[15] == '2';
		w->defaults.syn_cookies_never = at[15] == '0';
	}
	if ((at = strstr(text, "tcp_congestion_control=")))
		w->defaults.congestion = strncmp(at + 23, "reno", 4) == 0 ? BJ_CONGESTION_RENO : BJ_CONGESTION_CUBIC;
	if ((at = strstr(text, "tcp_slow_start_after_idle=")))
		w->defaults.slow_start_after_idle_off = at[26] == '0';
}

/* ---- assertions */

static bool name_constant(const char *name, double *out)
{
	static const struct {
		const char *name;
		int value;
	} constants[] = {
		{ "TCP_CLOSE", BJ_TCP_CLOSED }, { "TCP_LISTEN", BJ_TCP_LISTEN }, { "TCP_SYN_SENT", BJ_TCP_SYN_SENT },
		{ "TCP_SYN_RECV", BJ_TCP_SYN_RECEIVED }, { "TCP_ESTABLISHED", BJ_TCP_ESTABLISHED }, { "TCP_FIN_WAIT1", BJ_TCP_FIN_WAIT_1 },
		{ "TCP_FIN_WAIT2", BJ_TCP_FIN_WAIT_2 }, { "TCP_CLOSE_WAIT", BJ_TCP_CLOSE_WAIT }, { "TCP_CLOSING", BJ_TCP_CLOSING },
		{ "TCP_LAST_ACK", BJ_TCP_LAST_ACK }, { "TCP_TIME_WAIT", BJ_TCP_TIME_WAIT },
		{ "TCPI_CLOSED", BJ_TCP_CLOSED }, { "TCPI_LISTEN", BJ_TCP_LISTEN }, { "TCPI_SYN_SENT", BJ_TCP_SYN_SENT },
		{ "TCPI_SYN_RECEIVED", BJ_TCP_SYN_RECEIVED }, { "TCPI_ESTABLISHED", BJ_TCP_ESTABLISHED },
		{ "TCPI_CLOSE_WAIT", BJ_TCP_CLOSE_WAIT }, { "TCPI_FIN_WAIT_1", BJ_TCP_FIN_WAIT_1 }, { "TCPI_CLOSING", BJ_TCP_CLOSING },
		{ "TCPI_LAST_ACK", BJ_TCP_LAST_ACK }, { "TCPI_FIN_WAIT_2", BJ_TCP_FIN_WAIT_2 }, { "TCPI_TIME_WAIT", BJ_TCP_TIME_WAIT },
		{ "TCP_CA_Open", 0 }, { "TCP_CA_Disorder", 1 }, { "TCP_CA_Recovery", 3 }, { "TCP_CA_Loss", 4 },
		{ "TCPI_OPT_TIMESTAMPS", 1 }, { "TCPI_OPT_SACK", 2 }, { "TCPI_OPT_WSCALE", 4 }, { "TCPI_OPT_ECN", 8 }, { "TCPI_OPT_ECN_SEEN", 16 },
		{ "TCPI_OPT_SYN_DATA", 32 },
		{ "TCP_INFINITE_SSTHRESH", 0x7fffffff }, { "True", 1 }, { "False", 0 },
	};

	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		if (strcmp(constants[i].name, name) == 0) {
			*out = constants[i].value;
			return true;
		}
	return false;
}

/* Linux counts windows in segments; so do scripts. */
static double segments(uint32_t bytes, const struct bj_tcp_info *i)
{
	return i->snd_mss ? (bytes + i->snd_mss - 1) / i->snd_mss : 0;
}

static bool name_value(void *self, const char *name, double *out)
{
	const struct world *w = self;
	static const int ca_states[] = { 0, 1, 3, 4 };
	struct bj_tcp_info i;

	if (name_constant(name, out))
		return true;
	if (!w->last)
		return false;
	bj_tcp_info(w->last, &i);
	{
		const struct {
			const char *name;
			double value;
		} values[] = {
			{ "tcpi_state", i.state }, { "tcpi_ca_state", ca_states[i.recovery] }, { "tcpi_snd_mss", i.snd_mss },
			{ "tcpi_snd_cwnd", segments(i.cwnd, &i) },
			{ "tcpi_snd_ssthresh", i.ssthresh == UINT32_MAX ? 2147483647.0 : segments(i.ssthresh, &i) },
			{ "tcpi_unacked", segments(i.snd_nxt - i.snd_una, &i) }, { "tcpi_sacked", segments(i.sacked, &i) },
			{ "tcpi_lost", segments(i.lost, &i) }, { "tcpi_retrans", segments(i.retransmitted_out, &i) },
			{ "tcpi_options", i.timestamps | i.sack << 1 | i.window_scale << 2 | i.ecn << 3 | i.ecn_marked << 4 | i.syn_data << 5 },
			{ "ecn_accurate", i.ecn_accurate }, { "ecn_option", i.ecn_option },
			{ "tcpi_received_ce", i.received_ce }, { "tcpi_delivered_ce", i.delivered_ce },
			{ "tcpi_received_ce_bytes", i.received_ce_bytes }, { "tcpi_delivered_ce_bytes", i.delivered_ce_bytes },
			{ "tcpi_received_e0_bytes", i.received_ect0_bytes }, { "tcpi_delivered_e0_bytes", i.delivered_ect0_bytes },
			{ "tcpi_received_e1_bytes", i.received_ect1_bytes }, { "tcpi_delivered_e1_bytes", i.delivered_ect1_bytes },
			{ "tcpi_probes", i.backoff }, { "tcpi_delivered", i.delivered }, { "tcpi_advmss", i.advertised_mss }, { "tcpi_snd_wscale", i.snd_wscale }, { "tcpi_rcv_wscale", i.rcv_wscale },
			{ "tcpi_rcv_mss", i.rcv_mss }, { "tcpi_total_retrans", i.retransmits }, { "tcpi_rto", i.rto_us }, { "tcpi_rtt", i.srtt_us },
			{ "tcpi_rttvar", i.rttvar_us }, { "tcpi_min_rtt", i.min_rtt_us }, { "tcpi_backoff", i.backoff },
			{ "tcpi_pmtu", i.pmtu }, { "tcpi_snd_wnd", i.snd_wnd }, { "tcpi_rcv_wnd", i.rcv_wnd },
			{ "tcpi_bytes_acked", (double)i.bytes_acked }, { "tcpi_bytes_received", (double)i.bytes_received },
			{ "urgent", i.urgent }, { "urgent_ahead", i.urgent_ahead }, { "soft_error", i.soft_error != BJ_OK },
			{ "undos", i.undos }, { "tail_probes", i.tail_probes }, { "timeouts", i.timeouts }, { "cwnd_bytes", i.cwnd },
			{ "ssthresh_bytes", i.ssthresh }, { "error", i.error }, { "snd_wscale", i.snd_wscale },
		};

		for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++)
			if (strcmp(values[k].name, name) == 0) {
				*out = values[k].value;
				return true;
			}
	}
	return false;
}

bool world_assert(struct world *w, const char *code)
{
	return expr_run(code, name_value, w, w->error, sizeof(w->error));
}
