/* control.c - see control.h. */
#include "gateway/control.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "crypto/hash.h"
#include "io/stream.h"

#define NAME_BYTES 16 /* of the hash */
#define BATCH 8       /* datagrams of one report */

static const char prefix[] = "bojagi-reload-", question[] = "reload", marks[] = " +-!"; /* by enum control_outcome */

/* A file keeps its place when it is replaced, also where it is a symbolic link: its folder is resolved and it is not. */
static enum bj_err place_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char folder[PATH_MAX], real[PATH_MAX];
	int len = slash ? snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path) : snprintf(folder, sizeof(folder), ".");

	if (len < 0 || (size_t)len >= sizeof(folder) || !realpath(folder, real))
		return BJ_ERR_FILE_OPEN;
	len = snprintf(out, PATH_MAX, "%s/%s", real, name);
	return len > 0 && len < PATH_MAX ? BJ_OK : BJ_ERR_FILE_OPEN;
}

static enum bj_err name_of(const char *path, struct sockaddr_un *out, socklen_t *out_len)
{
	uint8_t digest[HASH_MAX];
	char place[PATH_MAX], hex[2 * NAME_BYTES + 1];
	enum bj_err err = place_of(path, place);
	int len;

	if (err)
		return err;
	hash_once(HASH_SHA256, bytes_text(place), digest);
	hex_encode(digest, NAME_BYTES, hex);
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	len = snprintf(out->sun_path + 1, sizeof(out->sun_path) - 1, "%s%s", prefix, hex); /* a zero before it: the abstract namespace */
	*out_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
	return BJ_OK;
}

/* Of the gateways that run in this network namespace the only one. */
static enum bj_err name_of_only_one(struct sockaddr_un *out, socklen_t *out_len)
{
	FILE *list = fopen("/proc/net/unix", "r");
	char *line = NULL, *name;
	size_t cap = 0, len, count = 0;

	if (!list)
		return BJ_ERR_IO_REFUSED;
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	while (getline(&line, &cap, list) > 0) {
		name = strstr(line, " @bojagi-reload-");
		len = name ? strcspn(name + 2, "\n") : 0;
		if (len != strlen(prefix) + (size_t)2 * NAME_BYTES)
			continue;
		memcpy(out->sun_path + 1, name + 2, len);
		*out_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
		count++;
	}
	free(line);
	fclose(list);
	return count == 0 ? BJ_ERR_IO_REFUSED : count == 1 ? BJ_OK : BJ_ERR_ARGUMENT;
}

/* A socket that is told who sends. An empty address: any name of its own. */
static enum bj_err open_socket(const struct sockaddr_un *at, socklen_t len, int *out_fd)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	enum bj_err err = BJ_OK;

	if (fd < 0)
		return io_err_of(errno);
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 || bind(fd, (const struct sockaddr *)at, len) < 0)
		err = io_err_of(errno);
	if (err)
		close(fd);
	else
		*out_fd = fd;
	return err;
}

struct datagram {
	struct sockaddr_un from;
	socklen_t from_len;
	bool is_known; /* the kernel says who sent it */
	struct ucred who;
	char text[CONTROL_TEXT_MAX];
	size_t len;
};

static bool receive(int fd, struct datagram *out)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} aside;
	struct iovec piece = { .iov_base = out->text, .iov_len = sizeof(out->text) - 1 };
	struct msghdr message = { .msg_name = &out->from, .msg_namelen = sizeof(out->from), .msg_iov = &piece, .msg_iovlen = 1,
				  .msg_control = &aside, .msg_controllen = sizeof(aside) };
	ssize_t got = recvmsg(fd, &message, 0);

	if (got < 0)
		return false;
	out->from_len = message.msg_namelen;
	out->len = (size_t)got;
	out->text[out->len] = 0;
	out->is_known = false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len == CMSG_LEN(sizeof(out->who))) {
			memcpy(&out->who, CMSG_DATA(c), sizeof(out->who));
			out->is_known = true;
		}
	return true;
}

static bool is_root_or_us(const struct datagram *d)
{
	return d->is_known && (d->who.uid == 0 || d->who.uid == geteuid());
}

/* ---- the gateway's side */

static void answer(struct control *control, const struct datagram *d)
{
	char text[1 + CONTROL_TEXT_MAX] = "";
	enum control_outcome outcome = CONTROL_REFUSED;
	ssize_t sent;

	if (strcmp(d->text, question) != 0)
		return;
	if (is_root_or_us(d))
		outcome = control->asked(control, text + 1);
	else
		snprintf(text + 1, CONTROL_TEXT_MAX, "only root and the user whom it runs as may ask");
	text[0] = marks[outcome];
	sent = sendto(control->watch.fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&d->from, d->from_len);
	(void)sent; /* who asked may be gone; the log says it, too */
}

static void ready(struct loop_watch *watch, uint32_t events)
{
	struct control *control = CONTAINER_OF(watch, struct control, watch);
	struct datagram d;

	for (unsigned i = 0; i < BATCH && control->loop && receive(watch->fd, &d); i++)
		answer(control, &d);
}

enum bj_err control_init(struct control *control, struct loop *loop, const char *path, control_fn *asked)
{
	struct sockaddr_un at;
	socklen_t len;
	int fd = -1;
	enum bj_err err = name_of(path, &at, &len);

	if (!err)
		err = open_socket(&at, len, &fd);
	if (err)
		return err;
	*control = (struct control){ .loop = loop, .watch = { .fd = fd, .fire = ready }, .asked = asked };
	err = loop_add(loop, &control->watch, EPOLLIN);
	if (err) {
		close(fd);
		control->loop = NULL;
	}
	return err;
}

void control_fini(struct control *control)
{
	if (!control->loop)
		return;
	loop_remove(control->loop, &control->watch, true);
	close(control->watch.fd);
	control->loop = NULL;
}

/* ---- who asks */

/* Whoever holds the name may send anything: what commands a terminal, or is no text, becomes '?'. */
static void make_printable(char *text)
{
	struct bj_bytes rest = bytes_text(text), one;

	for (; rest.len > 0; text += one.len)
		if (utf8_take(&rest, &one) != UTF8_TEXT)
			memset(text, '?', one.len);
}

static enum bj_err wait_for_answer(int fd, uint32_t timeout_ms, enum control_outcome *out_outcome, char out_text[CONTROL_TEXT_MAX])
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	struct datagram d;

	/* root asks gateways of other users, too, and believes whoever holds the name */
	do {
		if (poll(&in, 1, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms) <= 0)
			return BJ_ERR_IO_TIMEOUT;
	} while (!receive(fd, &d) || d.len == 0 || !(is_root_or_us(&d) || geteuid() == 0));
	*out_outcome = d.text[0] == marks[CONTROL_DONE] ? CONTROL_DONE : d.text[0] == marks[CONTROL_FAILED] ? CONTROL_FAILED : CONTROL_REFUSED;
	memcpy(out_text, d.text + 1, d.len);
	make_printable(out_text);
	return BJ_OK;
}

enum bj_err control_ask(const char *path, uint32_t timeout_ms, enum control_outcome *out_outcome, char out_text[CONTROL_TEXT_MAX])
{
	const struct sockaddr_un any = { .sun_family = AF_UNIX };
	struct sockaddr_un to;
	socklen_t len;
	int fd = -1;
	enum bj_err err = path ? name_of(path, &to, &len) : name_of_only_one(&to, &len);

	if (!err)
		err = open_socket(&any, sizeof(any.sun_family), &fd);
	if (err)
		return err;
	if (sendto(fd, question, sizeof(question) - 1, MSG_NOSIGNAL, (const struct sockaddr *)&to, len) < 0)
		err = io_err_of(errno);
	if (!err)
		err = wait_for_answer(fd, timeout_ms, out_outcome, out_text);
	close(fd);
	return err;
}
