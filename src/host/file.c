/* file.c - see file.h. */
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/wipe.h"

#define FIRST_CAP 4096

void file_bytes_free(struct file_bytes *f)
{
	if (f->ptr)
		wipe(f->ptr, f->cap);
	free(f->ptr);
	*f = (struct file_bytes){ 0 };
}

bool file_is_der(const struct file_bytes *f)
{
	return f->len > 2 && f->ptr[0] == 0x30 && (f->ptr[1] & 0x80);
}

/* realloc() would leave the old copy behind unwiped. */
static enum bj_err grow(struct file_bytes *f, size_t cap)
{
	uint8_t *ptr = malloc(cap);

	if (!ptr)
		return BJ_ERR_NO_MEMORY;
	bytes_copy(ptr, f->ptr, f->len);
	if (f->ptr)
		wipe(f->ptr, f->cap);
	free(f->ptr);
	f->ptr = ptr;
	f->cap = cap;
	return BJ_OK;
}

static ssize_t read_some(int fd, void *ptr, size_t len)
{
	ssize_t got;

	do
		got = read(fd, ptr, len);
	while (got < 0 && errno == EINTR);
	return got;
}

static enum bj_err too_large(void)
{
	errno = EFBIG;
	return BJ_ERR_FILE_TOO_LARGE;
}

/* Reads until the end. One byte of room is kept for the zero byte, one more shows that the limit is passed. */
static enum bj_err read_all(int fd, size_t len_max, size_t cap, struct file_bytes *f)
{
	for (;;) {
		ssize_t got;
		enum bj_err err;

		if (f->len + 1 >= f->cap) {
			err = grow(f, f->cap ? f->cap * 2 : cap);
			if (err)
				return err;
		}
		got = read_some(fd, f->ptr + f->len, f->cap - f->len - 1);
		if (got < 0)
			return BJ_ERR_FILE_READ;
		if (got == 0)
			break;
		f->len += (size_t)got;
		if (f->len > len_max)
			return too_large();
	}
	f->ptr[f->len] = 0;
	return BJ_OK;
}

enum bj_err file_read(const char *path, size_t len_max, struct file_bytes *out)
{
	struct file_bytes f = { 0 };
	size_t cap = FIRST_CAP;
	struct stat st;
	enum bj_err err = BJ_OK;
	int saved, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return BJ_ERR_FILE_OPEN;
	if (fstat(fd, &st) != 0)
		err = BJ_ERR_FILE_READ;
	else if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > len_max)
		err = too_large();
	else if (S_ISREG(st.st_mode) && (size_t)st.st_size + 2 > cap)
		cap = (size_t)st.st_size + 2;
	if (!err)
		err = read_all(fd, len_max, cap, &f);
	saved = errno;
	(void)close(fd);
	if (err)
		file_bytes_free(&f);
	else
		*out = f;
	errno = saved;
	return err;
}

static bool write_all(int fd, const uint8_t *ptr, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, ptr, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		ptr += put;
		len -= (size_t)put;
	}
	return true;
}

/* Gives the new file its name. link() refuses a name that exists, which rename() would replace. */
static enum bj_err put_in_place(const char *temporary, const char *path, bool replace)
{
	if (replace)
		return rename(temporary, path) == 0 ? BJ_OK : BJ_ERR_FILE_WRITE;
	if (link(temporary, path) != 0)
		return errno == EEXIST ? BJ_ERR_FILE_EXISTS : BJ_ERR_FILE_WRITE;
	(void)unlink(temporary);
	return BJ_OK;
}

/* /dev/null, /dev/stdout, a pipe: nothing to put a file in the place of, which root may do. */
static bool is_no_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static enum bj_err write_through(const char *path, const void *ptr, size_t len)
{
	int saved, fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	bool good = fd >= 0 && write_all(fd, ptr, len);

	saved = errno;
	if (fd >= 0 && close(fd) != 0 && good) {
		saved = errno;
		good = false;
	}
	errno = saved;
	return good ? BJ_OK : BJ_ERR_FILE_WRITE;
}

enum bj_err file_write(const char *path, const void *ptr, size_t len, unsigned mode, bool replace)
{
	char temporary[PATH_MAX];
	int saved, fd, n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	enum bj_err err = BJ_OK;
	bool good;

	if (n < 0 || (size_t)n >= sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return BJ_ERR_FILE_WRITE;
	}
	if (!replace && access(path, F_OK) == 0) {
		errno = EEXIST;
		return BJ_ERR_FILE_EXISTS;
	}
	if (replace && is_no_file(path))
		return write_through(path, ptr, len);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return BJ_ERR_FILE_WRITE;
	good = fchmod(fd, (mode_t)mode) == 0 && write_all(fd, ptr, len) && fsync(fd) == 0;
	saved = errno;
	if (close(fd) != 0 && good) {
		saved = errno;
		good = false;
	}
	errno = saved;
	err = good ? put_in_place(temporary, path, replace) : BJ_ERR_FILE_WRITE;
	if (err) {
		saved = errno;
		(void)unlink(temporary);
		errno = saved;
	}
	return err;
}
