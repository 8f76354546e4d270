/* signals.c - see signals.h. */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/signals.h"

static sigset_t set_of(const int *list)
{
	sigset_t set;

	sigemptyset(&set);
	for (; *list; list++)
		sigaddset(&set, *list);
	return set;
}

void signals_block(const int *list)
{
	sigset_t set = set_of(list);

	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a log at the limit of its size: the write fails, which is enough */
}

static void fire(struct loop_watch *watch, uint32_t events)
{
	struct signals *signals = CONTAINER_OF(watch, struct signals, watch);
	struct signalfd_siginfo info;

	while (read(watch->fd, &info, sizeof(info)) == sizeof(info))
		signals->fire(signals, (int)info.ssi_signo);
}

enum bj_err signals_init(struct signals *signals, struct loop *loop, const int *list, signals_fn *report)
{
	sigset_t set = set_of(list);
	enum bj_err err;
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? BJ_ERR_IO_DESCRIPTORS : BJ_ERR_IO;
	*signals = (struct signals){ loop, { .fd = fd, .fire = fire }, report };
	err = loop_add(loop, &signals->watch, EPOLLIN | EPOLLET);
	if (err)
		close(fd);
	return err;
}

void signals_fini(struct signals *signals)
{
	loop_remove(signals->loop, &signals->watch, true);
	close(signals->watch.fd);
}
