/* xdp_open.c - see xdp.h: the socket, its memory and queue, and the program that hands packets over; made together, and packed
 * into one descriptor. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "io/xdp.h"

#define PREFIX "xdp:"
#define PARCEL 3 /* descriptors */
#define BIND_AGAIN_MAX 50
#define BIND_PAUSE_NS 10000000 /* half a second in all */

static const char no_right[] = "AF_XDP needs CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF, or root";

/* ---- names */

bool xdp_is_name(const char *name)
{
	return strncmp(name, PREFIX, sizeof(PREFIX) - 1) == 0;
}

enum bj_err xdp_parse_name(const char *name, char out_interface[DEVICE_NAME_MAX], bool *out_has_queue, unsigned *out_queue)
{
	const char *from = name + sizeof(PREFIX) - 1, *colon;
	unsigned queue = 0;
	size_t len;

	if (!xdp_is_name(name))
		return BJ_ERR_ARGUMENT;
	colon = strchr(from, ':');
	len = colon ? (size_t)(colon - from) : strlen(from);
	if (len == 0 || len >= DEVICE_NAME_MAX || memchr(from, '/', len) || memchr(from, '%', len))
		return BJ_ERR_ARGUMENT;
	if (colon && !colon[1])
		return BJ_ERR_ARGUMENT;
	for (const char *at = colon ? colon + 1 : ""; *at; at++) {
		if (*at < '0' || *at > '9' || queue >= XDP_QUEUES_MAX)
			return BJ_ERR_ARGUMENT;
		queue = queue * 10 + (unsigned)(*at - '0');
	}
	if (queue >= XDP_QUEUES_MAX)
		return BJ_ERR_ARGUMENT;
	memset(out_interface, 0, DEVICE_NAME_MAX);
	memcpy(out_interface, from, len);
	*out_has_queue = colon != NULL;
	*out_queue = queue;
	return BJ_OK;
}

/* ---- what the interface is */

static bool ask_driver(int fd, const char *interface, void *question)
{
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, interface, DEVICE_NAME_MAX);
	request.ifr_data = question;
	return ioctl(fd, SIOCETHTOOL, &request) == 0;
}

bool xdp_is_virtual(int any_socket, const char *interface)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	return ask_driver(any_socket, interface, &info) && strcmp(info.driver, "veth") == 0;
}

/* 1 where the driver does not say. */
static unsigned queues_of(int any_socket, const char *interface)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	unsigned count = 0;

	if (ask_driver(any_socket, interface, &channels))
		count = channels.combined_count + channels.rx_count;
	return count ? count : 1;
}

/* ---- the program: what the queue of its number receives goes to the socket at that place of the map, or on to the kernel */

static int bpf(enum bpf_cmd what, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, what, attr, sizeof(*attr));
}

static int make_map(unsigned queue)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_XSKMAP, .key_size = sizeof(uint32_t), .value_size = sizeof(uint32_t) };

	attr.max_entries = queue + 1;
	return bpf(BPF_MAP_CREATE, &attr);
}

static int make_program(int map)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_1, .off = offsetof(struct xdp_md, rx_queue_index) },
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{ .code = 0 }, /* the upper half of the one before */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP };

	attr.insns = (uint64_t)(uintptr_t)code;
	attr.insn_cnt = ARRAY_COUNT(code);
	attr.license = (uint64_t)(uintptr_t)"MIT";
	attr.expected_attach_type = BPF_XDP;
	return bpf(BPF_PROG_LOAD, &attr);
}

/* In the driver if it can, else behind it. */
static int make_link(int program, unsigned index)
{
	static const uint32_t modes[] = { XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE };
	int link = -1;

	for (size_t i = 0; i < ARRAY_COUNT(modes) && link < 0; i++) {
		union bpf_attr attr = { 0 };

		attr.link_create.prog_fd = (uint32_t)program;
		attr.link_create.target_ifindex = index;
		attr.link_create.attach_type = BPF_XDP;
		attr.link_create.flags = modes[i];
		link = bpf(BPF_LINK_CREATE, &attr);
		if (link < 0 && (errno == EPERM || errno == EBUSY || errno == EEXIST))
			break;
	}
	return link;
}

static int put_in_map(int map, unsigned queue, int socket)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map };

	attr.key = (uint64_t)(uintptr_t)&queue;
	attr.value = (uint64_t)(uintptr_t)&socket;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

/* ---- making it */

struct making {
	const char *why;
	unsigned index, queue;
	int socket, memory, map, program, link;
};

static enum bj_err fail(struct making *m, const char *why)
{
	m->why = why;
	switch (errno) {
	case EPERM:
	case EACCES:
		m->why = no_right;
		return BJ_ERR_FILE_OPEN;
	case EAFNOSUPPORT:
	case ENOSYS:
	case EOPNOTSUPP:
		return BJ_ERR_UNSUPPORTED;
	case EBUSY:
	case EEXIST:
		return BJ_ERR_IO_ADDRESS_IN_USE;
	case EMFILE:
	case ENFILE:
		return BJ_ERR_IO_DESCRIPTORS;
	case ENOBUFS:
	case ENOMEM:
		return BJ_ERR_LIMIT;
	default:
		return BJ_ERR_IO;
	}
}

static enum bj_err find_interface(struct making *m, const char *name)
{
	char interface[DEVICE_NAME_MAX];
	bool has_queue;
	unsigned queues;
	int any;

	if (xdp_parse_name(name, interface, &has_queue, &m->queue)) {
		m->why = "the name is xdp:INTERFACE or xdp:INTERFACE:QUEUE";
		return BJ_ERR_ARGUMENT;
	}
	m->index = if_nametoindex(interface);
	if (m->index == 0) {
		m->why = "there is no such interface";
		return BJ_ERR_IO;
	}
	any = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (any < 0)
		return fail(m, "no descriptors");
	queues = queues_of(any, interface);
	close(any);
	if (m->queue >= queues) {
		m->why = "the interface has no such queue";
		return BJ_ERR_ARGUMENT;
	}
	if (!has_queue && queues > 1) {
		m->why = "the interface has several queues: say one (xdp:INTERFACE:QUEUE) and steer our packets there, or leave it one (ethtool -L)";
		return BJ_ERR_ARGUMENT;
	}
	return BJ_OK;
}

static enum bj_err make_socket(struct making *m)
{
	const size_t len = (size_t)(XDP_FRAMES_IN + XDP_FRAMES_OUT) * XDP_FRAME_LEN;
	struct xdp_umem_reg memory = { .len = len, .chunk_size = XDP_FRAME_LEN };
	const int in = XDP_FRAMES_IN, out = XDP_FRAMES_OUT;
	enum bj_err err = BJ_OK;
	void *at;

	m->socket = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (m->socket < 0)
		return fail(m, "the kernel has no AF_XDP (CONFIG_XDP_SOCKETS)");
	m->memory = memfd_create("xdp", MFD_CLOEXEC);
	if (m->memory < 0 || ftruncate(m->memory, (off_t)len) < 0)
		return fail(m, "no memory for packets");
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, m->memory, 0);
	if (at == MAP_FAILED)
		return fail(m, "no memory for packets");
	memory.addr = (uint64_t)(uintptr_t)at;
	if (setsockopt(m->socket, SOL_XDP, XDP_UMEM_REG, &memory, sizeof(memory)) < 0)
		err = fail(m, "memory for packets cannot be locked: 6 MiB of it (ulimit -l), or CAP_IPC_LOCK");
	munmap(at, len); /* the kernel holds the pages, and the file shows them again */
	if (!err && (setsockopt(m->socket, SOL_XDP, XDP_UMEM_FILL_RING, &in, sizeof(in)) < 0 ||
		     setsockopt(m->socket, SOL_XDP, XDP_UMEM_COMPLETION_RING, &out, sizeof(out)) < 0 ||
		     setsockopt(m->socket, SOL_XDP, XDP_RX_RING, &in, sizeof(in)) < 0 ||
		     setsockopt(m->socket, SOL_XDP, XDP_TX_RING, &out, sizeof(out)) < 0))
		err = fail(m, "no rings for packets");
	return err;
}

/* The kernel gives a queue back in the background, so who starts again at once finds it taken by himself. */
static int bind_queue(const struct making *m)
{
	const struct sockaddr_xdp at = { .sxdp_family = AF_XDP, .sxdp_flags = XDP_USE_NEED_WAKEUP, .sxdp_ifindex = m->index, .sxdp_queue_id = m->queue };
	const struct timespec pause = { .tv_nsec = BIND_PAUSE_NS };
	int bound = bind(m->socket, (const struct sockaddr *)&at, sizeof(at));

	for (unsigned i = 0; i < BIND_AGAIN_MAX && bound < 0 && errno == EBUSY; i++) {
		nanosleep(&pause, NULL);
		bound = bind(m->socket, (const struct sockaddr *)&at, sizeof(at));
	}
	return bound;
}

/* Without copies where the driver can, which wants the program to be there first. */
static enum bj_err attach(struct making *m)
{
	m->map = make_map(m->queue);
	if (m->map < 0)
		return fail(m, "the kernel has no BPF maps of sockets (CONFIG_BPF_SYSCALL, CONFIG_XDP_SOCKETS)");
	m->program = make_program(m->map);
	if (m->program < 0)
		return fail(m, "the kernel does not take the BPF program");
	m->link = make_link(m->program, m->index);
	if (m->link < 0)
		return fail(m, errno == EBUSY || errno == EEXIST ? "another XDP program is on the interface"
								 : "the BPF program cannot be attached (a kernel before 5.9, or an MTU beyond 3,500)");
	if (bind_queue(m) < 0)
		return fail(m, errno == EBUSY ? "another AF_XDP socket has the queue" : errno == ENETDOWN ? "the interface is down" : "the queue cannot be taken");
	return put_in_map(m->map, m->queue, m->socket) < 0 ? fail(m, "the socket does not fit into its map") : BJ_OK;
}

/* ---- the parcel */

union parcel_room {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(PARCEL * sizeof(int))];
};

static enum bj_err pack(struct making *m, int *out_fd)
{
	const int content[PARCEL] = { m->socket, m->link, m->memory };
	union parcel_room room = { { 0 } };
	struct iovec one = { (void *)(uintptr_t)PREFIX, 1 };
	struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room.bytes) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	enum bj_err err = BJ_OK;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fail(m, "no descriptors");
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(content));
	memcpy(CMSG_DATA(header), content, sizeof(content));
	if (sendmsg(ends[0], &message, MSG_NOSIGNAL) < 0) {
		err = fail(m, "no descriptors");
		close(ends[1]);
	}
	close(ends[0]);
	if (!err)
		*out_fd = ends[1];
	return err;
}

bool xdp_unpack(int fd, int *out_socket, int *out_link, int *out_memory)
{
	union parcel_room room = { { 0 } };
	uint8_t byte;
	struct iovec one = { &byte, 1 };
	struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room.bytes) };
	const struct cmsghdr *header;
	int content[PARCEL];

	if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) < 1)
		return false;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(content)))
		return false;
	memcpy(content, CMSG_DATA(header), sizeof(content));
	*out_socket = content[0];
	*out_link = content[1];
	*out_memory = content[2];
	return true;
}

/* What was packed lives on in the parcel. */
static void end(const struct making *m)
{
	const int fds[] = { m->socket, m->memory, m->map, m->program, m->link };

	for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

enum bj_err xdp_open(const char *name, int *out_fd, const char **out_why)
{
	struct making m = { .socket = -1, .memory = -1, .map = -1, .program = -1, .link = -1 };
	enum bj_err err = find_interface(&m, name);

	if (!err)
		err = make_socket(&m);
	if (!err)
		err = attach(&m);
	if (!err)
		err = pack(&m, out_fd);
	end(&m);
	*out_why = m.why;
	return err;
}
