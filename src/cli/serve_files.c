/* serve_files.c - from a path of a request to an open file below the folder. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/serve.h"
#include "http/token.h"

#define SEGMENT_MAX 255
#define DEPTH_MAX 32

static const struct {
	const char *ending, *type;
} types[] = {
	{ "html", "text/html; charset=utf-8" },
	{ "htm", "text/html; charset=utf-8" },
	{ "txt", "text/plain; charset=utf-8" },
	{ "md", "text/markdown; charset=utf-8" },
	{ "css", "text/css; charset=utf-8" },
	{ "js", "text/javascript; charset=utf-8" },
	{ "mjs", "text/javascript; charset=utf-8" },
	{ "csv", "text/csv; charset=utf-8" },
	{ "xml", "text/xml; charset=utf-8" },
	{ "json", "application/json" },
	{ "pdf", "application/pdf" },
	{ "wasm", "application/wasm" },
	{ "zip", "application/zip" },
	{ "gz", "application/gzip" },
	{ "png", "image/png" },
	{ "jpg", "image/jpeg" },
	{ "jpeg", "image/jpeg" },
	{ "gif", "image/gif" },
	{ "svg", "image/svg+xml" },
	{ "webp", "image/webp" },
	{ "ico", "image/x-icon" },
	{ "woff2", "font/woff2" },
	{ "mp4", "video/mp4" },
	{ "webm", "video/webm" },
	{ "mp3", "audio/mpeg" },
};

static const char *type_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < ARRAY_COUNT(types); i++)
		if (strcasecmp(dot + 1, types[i].ending) == 0)
			return types[i].type;
	return "application/octet-stream";
}

/* The next segment with its escapes decoded. False if it is too long, broken, or would leave the folder. */
static bool next_segment(struct bj_bytes *path, char out[SEGMENT_MAX + 1])
{
	size_t len = 0, at = 0;

	while (at < path->len && path->ptr[at] != '/') {
		uint8_t c = path->ptr[at++];

		if (c == '%') {
			if (path->len - at < 2 || http_hex(path->ptr[at]) < 0 || http_hex(path->ptr[at + 1]) < 0)
				return false;
			c = (uint8_t)(http_hex(path->ptr[at]) << 4 | http_hex(path->ptr[at + 1]));
			at += 2;
		}
		if (c == '/' || c == '\0' || len == SEGMENT_MAX)
			return false;
		out[len++] = (char)c;
	}
	out[len] = '\0';
	*path = bytes_of(path->ptr + at, path->len - at);
	return true;
}

static unsigned give_file(int fd, const struct stat *st, const char *name, struct serve_body *out_body, const char **out_type,
			  uint64_t *out_length, int64_t *out_modified)
{
	*out_body = (struct serve_body){ .fd = fd, .file_left = (uint64_t)st->st_size };
	*out_type = type_of(name);
	*out_length = (uint64_t)st->st_size;
	*out_modified = st->st_mtime;
	return 200;
}

static unsigned give_folder(int fd, struct bj_bytes path, struct serve_body *out_body, const char **out_type, uint64_t *out_length,
			    int64_t *out_modified)
{
	int index = openat(fd, "index.html", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	size_t len = 0;
	char *page;

	if (index >= 0 && fstat(index, &st) == 0 && S_ISREG(st.st_mode)) {
		close(fd);
		return give_file(index, &st, "index.html", out_body, out_type, out_length, out_modified);
	}
	if (index >= 0)
		close(index);
	fstat(fd, &st);
	page = page_listing(fd, path, &len); /* closes it */
	if (!page)
		return 500;
	*out_body = (struct serve_body){ .bytes = (uint8_t *)page, .len = len, .fd = -1 };
	*out_type = "text/html; charset=utf-8";
	*out_length = len;
	*out_modified = st.st_mtime;
	return 200;
}

unsigned serve_file_open(const struct server *server, struct bj_bytes path, struct serve_body *out_body, const char **out_type,
			 uint64_t *out_length, int64_t *out_modified)
{
	int fd = openat(server->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct bj_bytes rest = path;
	char segment[SEGMENT_MAX + 1] = "";
	unsigned depth = 0;
	struct stat st;

	while (fd >= 0 && rest.len > 0) {
		int inner;

		rest = bytes_of(rest.ptr + 1, rest.len - 1); /* the slash */
		if (rest.len == 0)
			break;
		if (++depth > DEPTH_MAX || !next_segment(&rest, segment) || segment[0] == '.' || segment[0] == '\0') {
			close(fd);
			return 404;
		}
		/* O_NONBLOCK: opening a pipe must not wait for its writer */
		inner = openat(fd, segment, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		close(fd);
		fd = inner;
	}
	if (fd < 0)
		return 404;
	if (fstat(fd, &st) != 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		close(fd);
		return 404;
	}
	if (S_ISREG(st.st_mode)) {
		if (path.ptr[path.len - 1] == '/') {
			close(fd);
			return 404;
		}
		return give_file(fd, &st, segment, out_body, out_type, out_length, out_modified);
	}
	if (path.len == 0 || path.ptr[path.len - 1] != '/') {
		close(fd);
		return 301;
	}
	return give_folder(fd, path, out_body, out_type, out_length, out_modified);
}
