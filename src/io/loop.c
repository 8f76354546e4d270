/* loop.c - see loop.h. */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "io/loop.h"

void loop_update_time(struct loop *loop)
{
	struct timespec steady, calendar;

	clock_gettime(CLOCK_MONOTONIC, &steady);
	clock_gettime(CLOCK_REALTIME, &calendar);
	loop->now_us = (int64_t)steady.tv_sec * 1000000 + steady.tv_nsec / 1000;
	loop->now_ms = loop->now_us / 1000;
	loop->unix_ms = (int64_t)calendar.tv_sec * 1000 + calendar.tv_nsec / 1000000;
}

enum bj_err loop_init(struct loop *loop)
{
	*loop = (struct loop){ 0 };
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return errno == EMFILE || errno == ENFILE ? BJ_ERR_IO_DESCRIPTORS : BJ_ERR_IO;
	list_init(&loop->tasks);
	loop_update_time(loop);
	wheel_init(&loop->wheel, loop->now_ms);
	return BJ_OK;
}

void loop_fini(struct loop *loop)
{
	close(loop->epoll_fd);
	loop->epoll_fd = -1;
}

static void run_timers(struct loop *loop)
{
	struct list due;
	struct timer *t;

	list_init(&due);
	wheel_advance(&loop->wheel, loop->now_ms, &due);
	while ((t = wheel_take(&due))) {
		struct loop_timer *timer = CONTAINER_OF(t, struct loop_timer, node);

		timer->fire(timer);
	}
}

/* Tasks that are queued while these run wait for the next round, which then doesn't sleep. */
static void run_tasks(struct loop *loop)
{
	struct list now;
	struct list *link;

	list_init(&now);
	list_append_all(&now, &loop->tasks);
	while ((link = list_pop_front(&now))) {
		struct loop_task *task = CONTAINER_OF(link, struct loop_task, link);

		task->run(task);
	}
}

static int wait_ms(const struct loop *loop, int wait_max_ms)
{
	int64_t next = wheel_next_ms(&loop->wheel);

	if (!list_is_empty(&loop->tasks))
		return 0;
	if (next == INT64_MAX || next - loop->now_ms > wait_max_ms)
		return wait_max_ms;
	return next > loop->now_ms ? (int)(next - loop->now_ms) : 0;
}

void loop_turn(struct loop *loop, int wait_max_ms)
{
	int count = epoll_wait(loop->epoll_fd, loop->batch, LOOP_BATCH, wait_ms(loop, wait_max_ms));

	loop_update_time(loop);
	loop->rounds++;
	loop->batch_count = count > 0 ? count : 0;
	for (loop->batch_at = 0; loop->batch_at < loop->batch_count;) {
		struct epoll_event *event = &loop->batch[loop->batch_at++];
		struct loop_watch *watch = (struct loop_watch *)event->data.ptr;

		if (watch)
			watch->fire(watch, event->events);
	}
	loop->batch_count = 0;
	if (wheel_next_ms(&loop->wheel) <= loop->now_ms)
		run_timers(loop);
	if (!list_is_empty(&loop->tasks))
		run_tasks(loop);
}

void loop_run(struct loop *loop)
{
	while (!loop->stop)
		loop_turn(loop, LOOP_WAIT_MAX_MS);
}

void loop_stop(struct loop *loop)
{
	loop->stop = true;
}

enum bj_err loop_add(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	watch->events = events;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) < 0)
		return errno == ENOSPC || errno == ENOMEM ? BJ_ERR_IO_DESCRIPTORS : BJ_ERR_IO;
	return BJ_OK;
}

void loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	watch->events = events;
	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_remove(struct loop *loop, struct loop_watch *watch, bool closing)
{
	if (!closing)
		(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	for (int i = loop->batch_at; i < loop->batch_count; i++)
		if (loop->batch[i].data.ptr == watch)
			loop->batch[i].data.ptr = NULL;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_ms)
{
	wheel_add(&loop->wheel, &timer->node, at_ms);
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	wheel_remove(&loop->wheel, &timer->node);
}

void loop_defer(struct loop *loop, struct loop_task *task)
{
	if (!list_is_linked(&task->link))
		list_push_back(&loop->tasks, &task->link);
}

void loop_task_cancel(struct loop_task *task)
{
	list_remove(&task->link);
}
