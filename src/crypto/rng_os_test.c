/* rng_os_test.c - bytes come once: in a process, in its threads, in its children and theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/rng_os.h"

#define LEN 32
#define DRAWS 300 /* several supplies of a thread */

struct draw {
	uint8_t bytes[LEN];
};

static struct draw draw(void)
{
	struct draw d;

	memset(&d, 0, sizeof(d));
	assert_int_equal(rng_fill(&rng_os, d.bytes, LEN), BJ_OK);
	return d;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, LEN);
}

static void assert_all_differ(struct draw *all, size_t count)
{
	qsort(all, count, sizeof(*all), by_bytes);
	for (size_t i = 1; i < count; i++)
		assert_memory_not_equal(all[i - 1].bytes, all[i].bytes, LEN);
}

static void no_bytes_come_twice_and_none_are_left_out(void **state)
{
	static struct draw all[DRAWS];
	static uint8_t large[4096 + 1];
	static const uint8_t zeros[8];

	for (size_t i = 0; i < DRAWS; i++)
		all[i] = draw();
	assert_all_differ(all, DRAWS);
	for (size_t len = 9; len <= 4096; len = len * 5 / 4) {
		memset(large, 0, sizeof(large));
		assert_int_equal(rng_fill(&rng_os, large, len), BJ_OK);
		for (size_t at = 0; at + 8 <= len; at++)
			assert_memory_not_equal(large + at, zeros, 8);
		assert_int_equal(large[len], 0);
	}
	assert_int_equal(rng_fill(&rng_os, large, 0), BJ_OK);
}

static void *draw_many(void *arg)
{
	struct draw *all = (struct draw *)arg;

	for (size_t i = 0; i < DRAWS; i++)
		all[i] = draw();
	return NULL;
}

static void threads_have_bytes_of_their_own(void **state)
{
	static struct draw all[3 * DRAWS];
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, draw_many, all + i * DRAWS), 0);
	draw_many(all + 2 * DRAWS);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_all_differ(all, 3 * DRAWS);
}

static pid_t fork_of_libc(void)
{
	return fork();
}

/* Not seen by anybody but the kernel. */
static pid_t fork_of_kernel(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* Child and grandchild draw what the parent would have drawn next, and send it. */
static void child_run(int fd, pid_t (*split)(void))
{
	struct draw d;
	pid_t pid = split();
	int status = 0;

	if (pid > 0 && (waitpid(pid, &status, 0) != pid || status != 0))
		_exit(1);
	d = draw();
	_exit(write(fd, &d, sizeof(d)) == (ssize_t)sizeof(d) ? 0 : 1);
}

static void children_do_not_go_on_with_their_parents_bytes(void **state)
{
	static pid_t (*const splits[])(void) = { fork_of_libc, fork_of_kernel };

	for (size_t i = 0; i < 2; i++) {
		struct draw all[4];
		int fds[2], status;
		pid_t pid;

		(void)draw(); /* there is a supply */
		assert_int_equal(pipe(fds), 0);
		pid = splits[i]();
		assert_true(pid >= 0);
		if (pid == 0)
			child_run(fds[1], splits[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		for (size_t k = 0; k < 2; k++)
			assert_int_equal(read(fds[0], &all[k], sizeof(all[k])), sizeof(all[k]));
		all[2] = draw();
		all[3] = draw();
		assert_all_differ(all, 4);
		close(fds[0]);
		close(fds[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_do_not_go_on_with_their_parents_bytes),
		cmocka_unit_test(no_bytes_come_twice_and_none_are_left_out),
		cmocka_unit_test(threads_have_bytes_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
