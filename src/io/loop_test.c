/* loop_test.c - reports, deadlines and tasks come when they should, and not after they were taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/loop.h"

struct thing {
	struct loop *loop;
	struct loop_watch watch;
	struct loop_timer timer;
	struct loop_task task;
	struct thing *other; /* removed when this one is reported */
	int count;
};

static void on_event(struct loop_watch *watch, uint32_t events)
{
	struct thing *t = CONTAINER_OF(watch, struct thing, watch);

	t->count++;
	if (t->other)
		loop_remove(t->loop, &t->other->watch, false);
}

static void on_timer(struct loop_timer *timer)
{
	CONTAINER_OF(timer, struct thing, timer)->count++;
}

static void on_task(struct loop_task *task)
{
	struct thing *t = CONTAINER_OF(task, struct thing, task);

	if (++t->count < 3)
		loop_defer(t->loop, task);
}

static void removed_watch_gets_no_report_from_the_same_batch(void **state)
{
	struct thing a = { .watch.fire = on_event }, b = { .watch.fire = on_event };
	struct loop loop;
	int p[2][2];

	assert_int_equal(loop_init(&loop), BJ_OK);
	assert_int_equal(pipe(p[0]), 0);
	assert_int_equal(pipe(p[1]), 0);
	a.loop = b.loop = &loop;
	a.other = &b;
	b.other = &a;
	a.watch.fd = p[0][0];
	b.watch.fd = p[1][0];
	assert_int_equal(loop_add(&loop, &a.watch, EPOLLIN), BJ_OK);
	assert_int_equal(loop_add(&loop, &b.watch, EPOLLIN), BJ_OK);
	assert_int_equal(write(p[0][1], "x", 1), 1);
	assert_int_equal(write(p[1][1], "x", 1), 1);
	loop_turn(&loop, 0);
	assert_int_equal(a.count + b.count, 1);
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			close(p[i][j]);
	loop_fini(&loop);
}

static void timers_fire_once_and_not_when_cancelled(void **state)
{
	struct thing a = { 0 }, b = { 0 };
	struct loop loop;

	assert_int_equal(loop_init(&loop), BJ_OK);
	loop_timer_init(&a.timer, on_timer);
	loop_timer_init(&b.timer, on_timer);
	loop_timer_set(&loop, &a.timer, loop.now_ms);
	loop_timer_set(&loop, &b.timer, loop.now_ms);
	assert_true(loop_timer_is_set(&b.timer));
	loop_timer_cancel(&loop, &b.timer);
	loop_turn(&loop, 0);
	loop_turn(&loop, 0);
	assert_int_equal(a.count, 1);
	assert_int_equal(b.count, 0);
	assert_false(loop_timer_is_set(&a.timer));
	loop_fini(&loop);
}

static void tasks_run_once_a_round_until_they_stop_asking(void **state)
{
	struct thing a = { 0 }, b = { 0 };
	struct loop loop;

	assert_int_equal(loop_init(&loop), BJ_OK);
	a.loop = b.loop = &loop;
	loop_task_init(&a.task, on_task);
	loop_task_init(&b.task, on_task);
	loop_defer(&loop, &a.task);
	loop_defer(&loop, &a.task);
	loop_defer(&loop, &b.task);
	loop_task_cancel(&b.task);
	loop_turn(&loop, 1000); /* does not sleep: something is queued */
	assert_int_equal(a.count, 1);
	loop_turn(&loop, 1000);
	loop_turn(&loop, 1000);
	loop_turn(&loop, 0);
	assert_int_equal(a.count, 3);
	assert_int_equal(b.count, 0);
	loop_fini(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removed_watch_gets_no_report_from_the_same_batch),
		cmocka_unit_test(timers_fire_once_and_not_when_cancelled),
		cmocka_unit_test(tasks_run_once_a_round_until_they_stop_asking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
