/* file.h - whole files, read and written with a limit; what may be secret is wiped.
 *
 * After BJ_ERR_FILE_* errno still says what the system said, for a message to people.
 */
#ifndef HOST_FILE_H
#define HOST_FILE_H

#include <bojagi/base.h>

#define FILE_PEM_MAX (16u << 20)       /* anchors */
#define FILE_CREDENTIAL_MAX (1u << 20) /* a chain, a key */

struct file_bytes {
	uint8_t *ptr; /* `len` bytes and a zero byte behind them */
	size_t len;
	size_t cap;
};

/* Reads all of a file, or of what else can be opened and read (a pipe). BJ_ERR_FILE_OPEN, BJ_ERR_FILE_READ (also for a
 * folder), BJ_ERR_FILE_TOO_LARGE, BJ_ERR_NO_MEMORY. */
BJ_MUST_USE enum bj_err file_read(const char *path, size_t len_max, struct file_bytes *out);
/* No PEM text starts like a SEQUENCE of more than 127 octets, as certificates and lists do. */
bool file_is_der(const struct file_bytes *f);
/* Wipes and frees; harmless when repeated. */
void file_bytes_free(struct file_bytes *f);

/* Puts a file in place whole or not at all: written beside, flushed to the disk, renamed. `mode` is exact, whatever the umask.
 * What is there and no file (/dev/null, a pipe) is written to instead of replaced.
 * BJ_ERR_FILE_EXISTS if it is there and `replace` is not set; BJ_ERR_FILE_WRITE. */
BJ_MUST_USE enum bj_err file_write(const char *path, const void *ptr, size_t len, unsigned mode, bool replace);

#endif
