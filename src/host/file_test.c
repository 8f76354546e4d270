/* file_test.c - files are read whole or not at all, written whole or not at all. */
#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "host/testkit.h"

static struct kit kit;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(kit.folder, sizeof(kit.folder), "/tmp/bojagi-test-XXXXXX");
	return mkdtemp(kit.folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	kit_remove(kit.folder);
	return 0;
}

static void what_is_no_readable_file_is_refused_with_its_reason(void **state)
{
	struct file_bytes f;

	(void)state;
	assert_int_equal(file_read(kit_path(&kit, "absent"), 100, &f), BJ_ERR_FILE_OPEN);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(file_read(kit.folder, 100, &f), BJ_ERR_FILE_READ);
	assert_int_equal(errno, EISDIR);
}

static void a_file_above_the_limit_is_refused_and_one_at_it_is_read(void **state)
{
	static char text[10000];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len += 1 + len / 3) {
		struct file_bytes f;

		kit_write(&kit, "file", text, len);
		assert_int_equal(file_read(kit_path(&kit, "file"), len, &f), BJ_OK);
		assert_int_equal(f.len, len);
		assert_memory_equal(f.ptr, text, len);
		assert_int_equal(f.ptr[len], 0);
		file_bytes_free(&f);
		file_bytes_free(&f);
		if (len > 0) {
			errno = 0;
			assert_int_equal(file_read(kit_path(&kit, "file"), len - 1, &f), BJ_ERR_FILE_TOO_LARGE);
			assert_int_equal(errno, EFBIG);
		}
	}
}

static void *feed_pipe(void *path)
{
	int fd = open(path, O_WRONLY);
	static char text[30000];

	memset(text, 'p', sizeof(text));
	for (size_t i = 0; i < 3; i++)
		if (write(fd, text, 10000) != 10000)
			return path;
	(void)close(fd);
	return NULL;
}

/* A pipe has no size beforehand: the shell's <(command) is one. */
static void a_pipe_is_read_to_its_end_and_its_limit(void **state)
{
	struct file_bytes f;
	char path[PATH_MAX];
	pthread_t thread;
	void *failed;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s", kit_path(&kit, "pipe"));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(pthread_create(&thread, NULL, feed_pipe, path), 0);
	assert_int_equal(file_read(path, 30000, &f), BJ_OK);
	assert_int_equal(f.len, 30000);
	file_bytes_free(&f);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
}

static void a_file_that_exists_is_replaced_only_when_asked(void **state)
{
	struct file_bytes f;
	struct stat st;

	(void)state;
	assert_int_equal(file_write(kit_path(&kit, "new"), "one", 3, 0600, false), BJ_OK);
	assert_int_equal(file_write(kit_path(&kit, "new"), "two", 3, 0600, false), BJ_ERR_FILE_EXISTS);
	assert_int_equal(file_read(kit_path(&kit, "new"), 10, &f), BJ_OK);
	assert_string_equal((char *)f.ptr, "one");
	file_bytes_free(&f);
	assert_int_equal(file_write(kit_path(&kit, "new"), "three", 5, 0644, true), BJ_OK);
	assert_int_equal(file_read(kit_path(&kit, "new"), 10, &f), BJ_OK);
	assert_string_equal((char *)f.ptr, "three");
	file_bytes_free(&f);
	assert_int_equal(stat(kit_path(&kit, "new"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

/* As root, "-sess_out /dev/null" would else leave a file there for the whole machine. */
static void a_pipe_is_written_to_and_not_replaced(void **state)
{
	char got[8] = "";
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(mkfifo(kit_path(&kit, "through"), 0600), 0);
	fd = open(kit_path(&kit, "through"), O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(file_write(kit_path(&kit, "through"), "x", 1, 0600, false), BJ_ERR_FILE_EXISTS);
	assert_int_equal(file_write(kit_path(&kit, "through"), "text", 4, 0600, true), BJ_OK);
	assert_int_equal(stat(kit_path(&kit, "through"), &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(read(fd, got, sizeof(got)), 4);
	assert_string_equal(got, "text");
	(void)close(fd);
}

static void a_write_that_fails_leaves_nothing_behind(void **state)
{
	DIR *dir;
	struct dirent *entry;

	(void)state;
	assert_int_equal(file_write(kit_path(&kit, "no/folder"), "x", 1, 0600, true), BJ_ERR_FILE_WRITE);
	assert_int_equal(mkdir(kit_path(&kit, "taken"), 0700), 0);
	assert_int_equal(file_write(kit_path(&kit, "taken"), "x", 1, 0600, true), BJ_ERR_FILE_WRITE);
	dir = opendir(kit.folder);
	while ((entry = readdir(dir)))
		assert_null(strchr(entry->d_name + 1, '.') && entry->d_name[0] != '.' ? entry->d_name : NULL);
	(void)closedir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_readable_file_is_refused_with_its_reason),
		cmocka_unit_test(a_file_above_the_limit_is_refused_and_one_at_it_is_read),
		cmocka_unit_test(a_pipe_is_read_to_its_end_and_its_limit),
		cmocka_unit_test(a_file_that_exists_is_replaced_only_when_asked),
		cmocka_unit_test(a_pipe_is_written_to_and_not_replaced),
		cmocka_unit_test(a_write_that_fails_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
