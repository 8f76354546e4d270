/* file.h - whole files: read with a limit, written so that a reader never sees half of one. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <bojagi/base.h>

#define FILE_PATH_MAX 4096
#define FILE_BYTES_MAX (16u << 20)

/* `out` is allocated, with a zero byte behind it that does not count; wipe it where it was a key, then free().
 * BJ_ERR_FILE_OPEN, BJ_ERR_FILE_READ (also for a folder), BJ_ERR_FILE_TOO_LARGE, BJ_ERR_NO_MEMORY; errno says more. */
enum bj_err file_read(const char *path, uint8_t **out, size_t *out_len) BJ_MUST_USE;
/* Writes beside, then renames. BJ_ERR_FILE_EXISTS without `overwrite` if it is there; BJ_ERR_FILE_WRITE; errno says more. */
enum bj_err file_write(const char *path, const void *bytes, size_t len, mode_t mode, bool overwrite) BJ_MUST_USE;
/* Makes the folder and those above it, with mode 0700. */
enum bj_err file_make_folder(const char *path) BJ_MUST_USE;
bool file_exists(const char *path);

#endif
