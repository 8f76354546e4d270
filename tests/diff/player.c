/* player.c - see player.h. */
#include "diff/player.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "tcpip/stack.h"
#include "tcpip/wire/ipv4.h"

#define OPENING_US 20000 /* a step of virtual time until both have spoken: from it comes the round trip, and from that how soon probes go */
#define STEP_US 10
#define PACKET_MAX 65536
#define READ_MAX 65536

static const uint8_t side_address[4] = { 10, 9, 0, 1 }, peer_address[4] = { 10, 9, 0, 2 };

/* ---- the kernel's world */

static void set(const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* an older kernel, which does not limit it */
	(void)!write(fd, value, strlen(value));
	close(fd);
}

static bool bring_up(const char *name)
{
	struct ifreq request = { 0 };
	struct sockaddr_in at = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool good;

	memcpy(request.ifr_name, name, strlen(name) + 1);
	memcpy(&at.sin_addr, side_address, 4);
	memcpy(&request.ifr_addr, &at, sizeof(at));
	good = ioctl(fd, SIOCSIFADDR, &request) == 0;
	at.sin_addr.s_addr = htonl(0xffffff00);
	memcpy(&request.ifr_netmask, &at, sizeof(at));
	good = good && ioctl(fd, SIOCSIFNETMASK, &request) == 0;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	good = good && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	close(fd);
	return good;
}

bool player_prepare(bool ecn, int *out_tun, const char **why)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };

	if (unshare(CLONE_NEWNET)) {
		*why = "no network namespace here";
		return false;
	}
	*out_tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	memcpy(request.ifr_name, "d0", 3);
	if (*out_tun < 0 || ioctl(*out_tun, TUNSETIFF, &request) || !bring_up("d0")) {
		*why = "no TUN device here";
		return false;
	}
	/* limits that need time to pass, or that are of another layer */
	set("tcp_invalid_ratelimit", "0");
	set("tcp_challenge_ack_limit", "2147483647");
	set("tcp_comp_sack_nr", "0");
	set("tcp_syncookies", "0");
	set("tcp_fastopen", "0");
	set("tcp_autocorking", "0");
	set("tcp_no_metrics_save", "1");
	set("tcp_max_syn_backlog", "65536");
	set("tcp_rmem", "65536 131072 131072");
	set("tcp_early_retrans", "0");
	set("tcp_ecn", ecn ? "1" : "2");
	/* as the other side: every segment is acknowledged at once */
	if (system("ip route change 10.9.0.0/24 dev d0 src 10.9.0.1 quickack 1")) {
		*why = "no ip(8) here, or its route was refused";
		return false;
	}
	return true;
}

static struct sockaddr_in at_port(const uint8_t address[4], uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };

	memcpy(&at.sin_addr, address, 4);
	return at;
}

static int make_socket(const struct scene *scene)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
	struct sockaddr_in at = at_port(side_address, scene->local_port);

	check(fd >= 0);
	check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
	check(setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one)) == 0);
	if (scene->no_delay)
		check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at))) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool kernel_begin(struct player *p)
{
	struct sockaddr_in to = at_port(peer_address, p->scene->remote_port);
	int fd = make_socket(p->scene);

	p->listener = p->fd = -1;
	if (fd < 0)
		return false;
	if (p->scene->active) {
		p->fd = fd;
		return connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS;
	}
	p->listener = fd;
	return listen(fd, 16) == 0;
}

static const char *name_of(int error)
{
	switch (error) {
	case EAGAIN: return "EAGAIN";
	case ECONNRESET: return "ECONNRESET";
	case ECONNREFUSED: return "ECONNREFUSED";
	case EPIPE: return "EPIPE";
	case ENOTCONN: return "ENOTCONN";
	case ETIMEDOUT: return "ETIMEDOUT";
	default: return strerror(error);
	}
}

static void kernel_read(struct player *p, struct answer *out)
{
	static uint8_t buf[READ_MAX];
	ssize_t got;

	while ((got = recv(p->fd, buf, sizeof(buf), 0)) > 0)
		out->result += got;
	out->error = got == 0 ? "the end" : name_of(errno);
}

static void close_socket(int *fd, bool abort)
{
	struct linger linger = { .l_onoff = 1 };

	if (*fd < 0)
		return;
	if (abort)
		check(setsockopt(*fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0);
	close(*fd);
	*fd = -1;
}

static void kernel_call(struct player *p, const struct step *s, struct answer *out)
{
	static const uint8_t zeros[8192];
	ssize_t got = 0;

	switch (s->kind) {
	case STEP_ACCEPT:
		got = p->fd = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		out->result = got >= 0 ? 0 : -1;
		out->error = got >= 0 ? NULL : name_of(errno);
		return;
	case STEP_READ:
		kernel_read(p, out);
		return;
	case STEP_WRITE:
		got = send(p->fd, zeros, s->len, MSG_NOSIGNAL);
		break;
	case STEP_SHUTDOWN:
		got = shutdown(p->fd, SHUT_WR);
		break;
	default:
		close_socket(&p->fd, s->kind == STEP_ABORT);
	}
	out->result = got;
	out->error = got < 0 ? name_of(errno) : NULL;
}

static int kernel_state(const struct player *p)
{
	static const int states[] = { -1, BJ_TCP_ESTABLISHED, BJ_TCP_SYN_SENT, BJ_TCP_SYN_RECEIVED, BJ_TCP_FIN_WAIT_1, BJ_TCP_FIN_WAIT_2,
				      BJ_TCP_CLOSED, BJ_TCP_CLOSED, BJ_TCP_CLOSE_WAIT, BJ_TCP_LAST_ACK, BJ_TCP_LISTEN, BJ_TCP_CLOSING, -1 };
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (p->fd < 0 || getsockopt(p->fd, IPPROTO_TCP, TCP_INFO, &info, &len) || info.tcpi_state >= sizeof(states) / sizeof(states[0]))
		return -1;
	return states[info.tcpi_state];
}

/* ---- our world */

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

static bool our_begin(struct player *p)
{
	struct bj_tcp_options tcp = { .delayed_ack_off = true, .no_delay = p->scene->no_delay, .receive_buffer_max = 65536 };
	struct bj_stack_options options = { .rng = { fill, &p->prng }, .connection_max = 16 };
	struct bj_endpoint local = { bj_ip4(10, 9, 0, 1), p->scene->local_port }, remote = { bj_ip4(10, 9, 0, 2), p->scene->remote_port };

	tcp.ecn = p->scene->ecn ? BJ_ECN_ASK : BJ_ECN_ANSWER;
	tcp.no_accurate_ecn = p->scene->ecn;
	p->prng.state = p->scene->seed;
	p->now_us = INT64_C(1000000000);
	if (bj_stack_make(&options, p->now_us, &p->stack) || bj_stack_add_address(p->stack, &local.ip))
		return false;
	if (p->scene->active)
		return bj_tcp_connect(p->stack, &local, &remote, &tcp, &p->tcp) == BJ_OK;
	return bj_tcp_listen(p->stack, &local, &tcp, &p->our_listener) == BJ_OK;
}

static const char *name_of_err(enum bj_err err)
{
	switch (err) {
	case BJ_OK: return NULL;
	case BJ_ERR_WOULD_BLOCK: return "EAGAIN";
	case BJ_ERR_IO_RESET: return "ECONNRESET";
	case BJ_ERR_IO_REFUSED: return "ECONNREFUSED";
	case BJ_ERR_IO_TIMEOUT: return "ETIMEDOUT";
	case BJ_ERR_CLOSED: return "EPIPE";
	default: return bj_err_text(err);
	}
}

static void our_call(struct player *p, const struct step *s, struct answer *out)
{
	static const uint8_t zeros[8192];
	static uint8_t buf[READ_MAX];
	enum bj_err err = BJ_OK;
	size_t len = 0;

	switch (s->kind) {
	case STEP_ACCEPT:
		err = bj_tcp_accept(p->our_listener, &p->tcp);
		break;
	case STEP_READ:
		while (!(err = bj_tcp_read(p->tcp, buf, sizeof(buf), &len)))
			out->result += (long)len;
		out->error = err == BJ_ERR_CLOSED ? "the end" : name_of_err(err);
		return;
	case STEP_WRITE:
		err = bj_tcp_write(p->tcp, (struct bj_bytes){ zeros, s->len }, &len);
		break;
	case STEP_SHUTDOWN:
		err = bj_tcp_finish(p->tcp);
		break;
	case STEP_ABORT:
		bj_tcp_abort(p->tcp);
		p->tcp = NULL;
		break;
	default:
		bj_tcp_release(p->tcp);
		p->tcp = NULL;
	}
	out->result = err ? -1 : (long)len;
	out->error = name_of_err(err);
}

static int our_state(const struct player *p)
{
	struct bj_tcp_info info;

	if (!p->tcp)
		return -1;
	bj_tcp_info(p->tcp, &info);
	return info.state == BJ_TCP_TIME_WAIT ? BJ_TCP_CLOSED : (int)info.state; /* a socket does not say which of the two */
}

/* ---- packets */

static size_t options_of(const struct player *p, const struct step *s, uint8_t raw[TCP_OPTIONS_LEN_MAX])
{
	static const uint8_t odd[][4] = { { 0 }, { 200, 4, 1, 2 }, { 200, 0, 1, 2 }, { 200, 1, 1, 2 }, { 200, 40, 1, 2 }, { 8, 4, 1, 2 } };
	struct tcp_options o = { .has_mss = s->has_mss, .mss = s->mss, .has_window_scale = s->has_scale, .window_scale = s->scale,
				 .sack_permitted = s->has_sack_permitted, .has_timestamps = s->has_ts, .ts_val = s->ts_val,
				 .ts_ecr = s->ecr_wrong ? 0x12345678 : p->view.ts, .sack_count = s->block_count };
	struct writer w = wr_make(raw, TCP_OPTIONS_LEN_MAX);

	for (unsigned i = 0; i < s->block_count; i++)
		o.sack[i] = (struct tcp_block){ s->blocks[i].start + p->view.isn, s->blocks[i].end + p->view.isn };
	tcp_options_write(&w, &o);
	if (s->odd)
		wr_raw(&w, odd[s->odd], 4);
	check(wr_ok(&w));
	return w.len;
}

/* A header that is longer than the packet, or less than a header; its checksum is right. */
static void spoil_offset(uint8_t *header)
{
	uint32_t sum = (uint32_t)(~(header[TCP_CHECKSUM_AT] << 8 | header[TCP_CHECKSUM_AT + 1]) & 0xffff);

	sum += (uint32_t)(~(header[12] << 8) & 0xffff);
	header[12] = (uint8_t)((header[12] & 0x0f) | 0x40);
	sum += (uint32_t)(header[12] << 8);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	header[TCP_CHECKSUM_AT] = (uint8_t)(sum >> 8);
	header[TCP_CHECKSUM_AT + 1] = (uint8_t)sum;
}

static void inject(struct player *p, const struct step *s)
{
	static const uint8_t zeros[4096];
	static uint8_t packet[PACKET_MAX];
	uint8_t raw[TCP_OPTIONS_LEN_MAX];
	struct writer w = wr_make(packet, sizeof(packet));
	struct tcp_segment segment = { .source_port = p->scene->remote_port, .destination_port = p->scene->local_port,
				       .seq = s->seq + PEER_ISN, .ack = s->flags & TCP_ACK ? s->ack + p->view.isn : 0, .flags = s->flags,
				       .window = s->window, .urgent = s->urgent, .payload = { zeros, s->len } };
	struct ipv4 ip = { .ttl = 64, .protocol = IP_TCP, .dont_fragment = true, .tos = s->tos };

	segment.raw_options = bytes_of(raw, options_of(p, s, raw));
	memcpy(ip.from, peer_address, 4);
	memcpy(ip.to, side_address, 4);
	ipv4_write_header(&w, &ip, TCP_HEADER_LEN + segment.raw_options.len + s->len);
	tcp_write(&w, &segment, bytes_of(peer_address, 4), bytes_of(side_address, 4));
	check(wr_ok(&w));
	if (s->bad_checksum)
		packet[IPV4_HEADER_LEN + TCP_CHECKSUM_AT] ^= 1;
	if (s->bad_offset)
		spoil_offset(packet + IPV4_HEADER_LEN);
	if (p->is_kernel)
		check(write(p->tun, packet, w.len) == (ssize_t)w.len);
	else
		bj_stack_input(p->stack, p->now_us, wr_view(&w));
}

static void add_ecn(const struct tcp_segment *s, uint8_t tos, struct answer *out)
{
	out->capable |= s->payload.len > 0 && tos & 3;
	out->slowed |= (s->flags & TCP_CWR) != 0;
	out->echo = s->flags & TCP_ECE;
}

static void add(struct player *p, const struct tcp_segment *s, uint8_t tos, struct answer *out)
{
	uint32_t seq, end;

	if (s->flags & TCP_SYN && (!p->view.isn_known || s->seq != p->view.isn))
		p->view = (struct view){ .isn_known = true, .isn = s->seq }; /* a new connection, perhaps in the place of an old one */
	seq = s->seq - p->view.isn;
	end = seq + (uint32_t)s->payload.len + (s->flags & TCP_SYN ? 1 : 0) + (s->flags & TCP_FIN ? 1 : 0);
	if (s->flags & TCP_RST) {
		out->rst = true;
		out->rst_acks = s->flags & TCP_ACK;
		out->rst_seq = p->view.isn_known && s->seq != 0 ? seq : s->seq; /* zero: it answers what had no ACK */
		out->rst_ack = s->flags & TCP_ACK ? s->ack - PEER_ISN : 0;
		return;
	}
	if (s->options.has_timestamps)
		p->view.ts = s->options.ts_val;
	if (end != seq && (int32_t)(end - p->view.nxt) <= 0 && !(s->flags & TCP_SYN)) {
		out->resent = true; /* when something is sent again is a matter of time */
		return;
	}
	if (end != seq) {
		if (out->data_end == out->data_start)
			out->data_start = out->data_end = p->view.nxt;
		if ((int32_t)(end - out->data_end) > 0)
			out->data_end = end;
		if ((int32_t)(end - p->view.nxt) > 0)
			p->view.nxt = end;
	}
	out->sent = true;
	out->syn |= (s->flags & TCP_SYN) != 0;
	out->fin |= (s->flags & TCP_FIN) != 0;
	out->urgent |= (s->flags & TCP_URG) != 0;
	add_ecn(s, tos, out);
	out->ack = s->flags & TCP_ACK ? s->ack - PEER_ISN : 0;
	out->zero_window = s->window == 0;
	out->has_mss |= s->options.has_mss;
	out->has_scale |= s->options.has_window_scale;
	out->has_sack_permitted |= s->options.sack_permitted;
	out->has_ts = s->options.has_timestamps;
	if (s->options.sack_count > 0)
		out->block_count = s->options.sack_count;
	for (unsigned i = 0; i < s->options.sack_count; i++)
		out->blocks[i] = (struct tcp_block){ s->options.sack[i].start - PEER_ISN, s->options.sack[i].end - PEER_ISN };
}

static void take(struct player *p, struct bj_bytes packet, struct answer *out)
{
	struct tcp_segment s;
	struct ipv4 ip;

	if (packet.len == 0 || packet.ptr[0] >> 4 != 4 || ipv4_parse(packet, &ip) || ip.protocol != IP_TCP ||
	    tcp_parse(ip.payload, bytes_of(ip.from, 4), bytes_of(ip.to, 4), &s))
		return;
	if (s.source_port == p->scene->local_port && s.destination_port == p->scene->remote_port) /* others are of earlier cases */
		add(p, &s, ip.tos, out);
}

static void gather(struct player *p, struct answer *out)
{
	static uint8_t packet[PACKET_MAX];
	ssize_t got;
	size_t len;

	if (p->is_kernel) {
		while ((got = read(p->tun, packet, sizeof(packet))) > 0)
			take(p, bytes_of(packet, (size_t)got), out);
		return;
	}
	while (!bj_stack_output(p->stack, p->now_us, packet, sizeof(packet), &len))
		take(p, bytes_of(packet, len), out);
}

/* ---- all together */

bool player_begin(struct player *p, const struct scene *scene, bool is_kernel, int tun, struct answer *out)
{
	*p = (struct player){ .scene = scene, .is_kernel = is_kernel, .tun = tun, .listener = -1, .fd = -1 };
	*out = (struct answer){ .state = -1 };
	if (!(is_kernel ? kernel_begin(p) : our_begin(p)))
		return false;
	gather(p, out);
	out->state = is_kernel ? kernel_state(p) : our_state(p);
	return true;
}

static void let_time_pass(struct player *p)
{
	const struct tcp_key key = { .local = bj_ip4(10, 9, 0, 1), .remote = bj_ip4(10, 9, 0, 2), .local_port = p->scene->local_port,
				     .remote_port = p->scene->remote_port };
	struct bj_tcp *t = stack_find(p->stack, &key);

	if (t)
		t->challenge_at = 0; /* the kernel's limit is off, too */
	bj_stack_tick(p->stack, p->now_us);
}

void player_step(struct player *p, const struct step *s, struct answer *out)
{
	*out = (struct answer){ 0 };
	p->now_us += !p->view.isn_known || p->steps++ == 0 ? OPENING_US : STEP_US;
	if (!p->is_kernel)
		let_time_pass(p);
	if (s->kind == STEP_SEGMENT)
		inject(p, s);
	else if (p->is_kernel)
		kernel_call(p, s, out);
	else
		our_call(p, s, out);
	gather(p, out);
	out->state = p->is_kernel ? kernel_state(p) : our_state(p);
}

void player_end(struct player *p)
{
	struct answer out;

	if (p->is_kernel) {
		if (p->listener >= 0 && p->fd < 0)
			p->fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
		close_socket(&p->fd, true);
		close_socket(&p->listener, false);
		gather(p, &out);
		return;
	}
	bj_tcp_abort(p->tcp);
	bj_listener_close(p->our_listener);
	bj_stack_free(p->stack);
}
