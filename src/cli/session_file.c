/* session_file.c - see session_file.h. */
#include "cli/session_file.h"

#include <stdlib.h>

#include "base/reader.h"
#include "base/wipe.h"
#include "base/writer.h"

static const char magic[] = "bojagi session 1\n";
#define MAGIC_LEN (sizeof(magic) - 1)
#define WIDTH 3

enum bj_err session_file_parse(struct bj_bytes bytes, struct session_file *out)
{
	struct session_file file = { 0 };
	struct reader r = rd_of(bytes), chain;

	if (bytes.len == 0) {
		*out = file;
		return BJ_OK;
	}
	if (!bytes_equal(rd_bytes(&r, MAGIC_LEN), bytes_of(magic, MAGIC_LEN)))
		return BJ_ERR_SYNTAX;
	file.blob = rd_vec_bytes(&r, WIDTH);
	chain = rd_vec(&r, WIDTH);
	while (rd_more(&chain) && file.chain_count < TLS_CLIENT_CHAIN_MAX)
		file.chain[file.chain_count++] = rd_vec_bytes(&chain, WIDTH);
	rd_close(&r, &chain);
	if (!rd_end(&r) || file.blob.len == 0)
		return BJ_ERR_SYNTAX;
	*out = file;
	return BJ_OK;
}

enum bj_err session_file_write(const struct session_file *file, uint8_t **out, size_t *out_len)
{
	uint8_t *bytes = malloc(SESSION_FILE_MAX);
	struct writer w = wr_make(bytes, SESSION_FILE_MAX);
	size_t mark;

	if (!bytes)
		return BJ_ERR_NO_MEMORY;
	wr_raw(&w, magic, MAGIC_LEN);
	wr_vec(&w, file->blob, WIDTH);
	mark = wr_open(&w, WIDTH);
	for (size_t i = 0; i < file->chain_count; i++)
		wr_vec(&w, file->chain[i], WIDTH);
	wr_close(&w, mark, WIDTH);
	if (!wr_ok(&w)) {
		wipe(bytes, SESSION_FILE_MAX);
		free(bytes);
		return BJ_ERR_LIMIT;
	}
	*out = bytes;
	*out_len = w.len;
	return BJ_OK;
}
