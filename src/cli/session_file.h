/* session_file.h - the form in which `connect` keeps a session: the library's blob, and the chain that the server showed with it.
 *
 * A server that resumes shows no chain, and the library remembers the end entity's certificate alone. So the others are kept here, and
 * a session is judged anew, by the anchors of the day, each time it is used. The bytes are secret, as the blob is.
 */
#ifndef CLI_SESSION_FILE_H
#define CLI_SESSION_FILE_H

#include "base/bytes.h"
#include "cli/tls_client.h"

#define SESSION_FILE_MAX (1u << 20)

struct session_file { /* views into the bytes that were read */
	struct bj_bytes blob;
	struct bj_bytes chain[TLS_CLIENT_CHAIN_MAX];
	size_t chain_count;
};

/* BJ_ERR_SYNTAX if it is not the form that session_file_write() makes. No bytes at all are no session. */
enum bj_err session_file_parse(struct bj_bytes bytes, struct session_file *out) BJ_MUST_USE;
/* `*out` is allocated; wipe and free it. BJ_ERR_NO_MEMORY or BJ_ERR_LIMIT. */
enum bj_err session_file_write(const struct session_file *file, uint8_t **out, size_t *out_len) BJ_MUST_USE;

#endif
