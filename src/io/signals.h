/* signals.h - signals as reports on a loop (signalfd). They must be blocked in every thread: call signals_block() before the
 * first thread is made. */
#ifndef IO_SIGNALS_H
#define IO_SIGNALS_H

#include "io/loop.h"

struct signals;
typedef void signals_fn(struct signals *signals, int signo);

struct signals {
	struct loop *loop;
	struct loop_watch watch;
	signals_fn *fire;
};

/* Blocks the signals of the list (ended by 0) in this thread and in those that it makes later, and ignores SIGPIPE and
 * SIGXFSZ. */
void signals_block(const int *list);
BJ_MUST_USE enum bj_err signals_init(struct signals *signals, struct loop *loop, const int *list, signals_fn *fire);
void signals_fini(struct signals *signals);

#endif
