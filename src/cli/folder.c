/* folder.c - see folder.h. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/folder.h"

enum bj_err folder_make(const char *path)
{
	char part[FOLDER_PATH_MAX];
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

bool path_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}
