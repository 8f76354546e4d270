/* loop.h - one thread's event loop: descriptors (epoll, edge-triggered), timers, deferred tasks and the cached time.
 *
 * A loop and all that hangs on it belong to one thread; other threads reach it through a mailbox (mailbox.h) only. Watches,
 * timers and tasks are parts of their owners' structs: the loop allocates nothing while it runs. Any of them may be removed
 * from inside any report, also its own.
 *
 * Time is read once per round: `now_us` runs steadily (for deadlines and durations), `unix_ms` is the calendar's.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <sys/epoll.h>

#include "base/wheel.h"
#include <bojagi/base.h>

#define LOOP_BATCH 128           /* events taken per round */
#define LOOP_WAIT_MAX_MS 60000   /* the longest sleep, so a wrong deadline cannot hold the loop for ever */

struct loop;
struct loop_watch;
struct loop_timer;
struct loop_task;

typedef void loop_event_fn(struct loop_watch *watch, uint32_t events);
typedef void loop_timer_fn(struct loop_timer *timer);
typedef void loop_task_fn(struct loop_task *task);

/* One descriptor. `events` are epoll's bits as registered. */
struct loop_watch {
	int fd;
	uint32_t events;
	loop_event_fn *fire;
};

/* One deadline. */
struct loop_timer {
	struct timer node;
	loop_timer_fn *fire;
};

/* Something to do at the end of this round. */
struct loop_task {
	struct list link;
	loop_task_fn *run;
};

struct loop {
	int epoll_fd;
	bool stop;
	int64_t now_us;
	int64_t now_ms;
	int64_t unix_ms;
	struct wheel wheel;
	struct list tasks;
	struct epoll_event batch[LOOP_BATCH];
	int batch_at, batch_count;
	uint64_t rounds;
};

/* BJ_ERR_IO_DESCRIPTORS or BJ_ERR_IO without an epoll descriptor. */
BJ_MUST_USE enum bj_err loop_init(struct loop *loop);
void loop_fini(struct loop *loop);

/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* One round: waits at most `wait_max_ms`, then reports. For tests and for owners that have a loop of their own. */
void loop_turn(struct loop *loop, int wait_max_ms);

/* Reads the clocks anew; a round does it by itself. */
void loop_update_time(struct loop *loop);

/* Registers watch->fd with `events` (EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLET). */
BJ_MUST_USE enum bj_err loop_add(struct loop *loop, struct loop_watch *watch, uint32_t events);
/* Changes what is registered. */
void loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events);
/* Forgets the watch, also in the batch that is being reported. The descriptor stays open. `closing` says that the caller closes
 * the descriptor now, which makes the system call needless. */
void loop_remove(struct loop *loop, struct loop_watch *watch, bool closing);

/* Sets or moves a deadline, in milliseconds of now_ms. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_ms);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* Queues once; a queued task is left where it is. */
void loop_defer(struct loop *loop, struct loop_task *task);
void loop_task_cancel(struct loop_task *task);

static inline void loop_timer_init(struct loop_timer *timer, loop_timer_fn *fire)
{
	timer_init(&timer->node);
	timer->fire = fire;
}

static inline bool loop_timer_is_set(const struct loop_timer *timer)
{
	return timer_is_armed(&timer->node);
}

static inline void loop_task_init(struct loop_task *task, loop_task_fn *run)
{
	list_init(&task->link);
	task->run = run;
}

#endif
