/* file.c - see file.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wipe.h"
#include "cli/file.h"

static enum bj_err read_all(int fd, uint8_t *buf, size_t cap, size_t *out_len)
{
	size_t len = 0;

	while (len < cap) {
		ssize_t n = read(fd, buf + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return BJ_ERR_FILE_READ;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*out_len = len;
	return BJ_OK;
}

enum bj_err file_read(const char *path, uint8_t **out, size_t *out_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	enum bj_err err = BJ_ERR_FILE_READ;
	uint8_t *buf = NULL;
	size_t cap, len = 0;

	if (fd < 0)
		return BJ_ERR_FILE_OPEN;
	if (fstat(fd, &st) != 0)
		goto close_it;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		goto close_it;
	}
	/* a pipe or /dev/stdin has no size: it may have as much as the limit */
	cap = S_ISREG(st.st_mode) ? (size_t)st.st_size : FILE_BYTES_MAX;
	err = BJ_ERR_FILE_TOO_LARGE;
	errno = EFBIG;
	if (cap > FILE_BYTES_MAX)
		goto close_it;
	err = BJ_ERR_NO_MEMORY;
	buf = malloc(cap + 1);
	if (!buf)
		goto close_it;
	err = read_all(fd, buf, cap, &len);
	if (!err) {
		buf[len] = 0;
		*out = buf;
		*out_len = len;
		buf = NULL;
	}
close_it:
	if (buf) {
		wipe(buf, cap);
		free(buf);
	}
	close(fd);
	return err;
}

static enum bj_err write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return BJ_ERR_FILE_WRITE;
		bytes += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0 || errno == EINVAL ? BJ_OK : BJ_ERR_FILE_WRITE;
}

enum bj_err file_write(const char *path, const void *bytes, size_t len, mode_t mode, bool overwrite)
{
	char beside[FILE_PATH_MAX];
	int n = snprintf(beside, sizeof(beside), "%s.%ld.new", path, (long)getpid());
	enum bj_err err;
	int fd, kept;

	if (n < 0 || (size_t)n >= sizeof(beside)) {
		errno = ENAMETOOLONG;
		return BJ_ERR_FILE_WRITE;
	}
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0600);
	if (fd < 0)
		return BJ_ERR_FILE_WRITE;
	err = write_all(fd, bytes, len);
	if (fchmod(fd, mode) != 0)
		err = BJ_ERR_FILE_WRITE;
	kept = errno;
	close(fd);
	errno = kept;
	if (!err && overwrite && rename(beside, path) != 0)
		err = BJ_ERR_FILE_WRITE;
	/* link() refuses to replace, rename() does not */
	if (!err && !overwrite && link(beside, path) != 0)
		err = errno == EEXIST ? BJ_ERR_FILE_EXISTS : BJ_ERR_FILE_WRITE;
	kept = errno;
	if (err || !overwrite)
		unlink(beside);
	errno = kept;
	return err;
}

enum bj_err file_make_folder(const char *path)
{
	char part[FILE_PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (len == 0 || len >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return BJ_ERR_FILE_WRITE;
	}
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return BJ_ERR_FILE_WRITE;
		part[i] = path[i];
	}
	if (stat(path, &st) != 0)
		return BJ_ERR_FILE_WRITE;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return BJ_ERR_FILE_WRITE;
	}
	return BJ_OK;
}

bool file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}
