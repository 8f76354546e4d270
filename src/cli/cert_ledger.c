/* cert_ledger.c - see cert_ledger.h. */
#include "cli/cert_ledger.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/list.h"
#include "crypto/rng_os.h"
#include "host/file.h"

#define LEDGER_TEXT_MAX (16u << 20)
#define LINE_MAX_LEN 512

static bool path_of(const char *folder, char out[FOLDER_PATH_MAX])
{
	return snprintf(out, FOLDER_PATH_MAX, "%s/issued", folder) < FOLDER_PATH_MAX;
}

static struct bj_bytes serial_of(const struct map_node *node)
{
	const struct ledger_row *row = CONTAINER_OF(node, struct ledger_row, node);

	return bytes_of(row->serial, row->serial_len);
}

static struct ledger_row *find(const struct ledger *ledger, struct bj_bytes serial)
{
	struct map_node *node = map_find(&ledger->by_serial, serial);

	return node ? CONTAINER_OF(node, struct ledger_row, node) : NULL;
}

const struct ledger_row *ledger_find(const struct ledger *ledger, struct bj_bytes serial)
{
	return find(ledger, serial);
}

/* The row of this serial number, a new one if there is none. */
static enum bj_err row_of(struct ledger *ledger, struct bj_bytes serial, struct ledger_row **out)
{
	struct ledger_row *row = find(ledger, serial);
	enum bj_err err = BJ_OK;

	if (!row) {
		if (ledger->count == LEDGER_ROWS_MAX)
			return BJ_ERR_LIMIT;
		row = &ledger->rows[ledger->count];
		row->serial_len = serial.len;
		memcpy(row->serial, serial.ptr, serial.len);
		err = map_insert(&ledger->by_serial, &row->node);
		ledger->count += !err;
	}
	*out = row;
	return err;
}

static enum bj_err take_line(struct ledger *ledger, const char *line)
{
	char word[8], hex[2 * LEDGER_SERIAL_MAX + 1];
	uint8_t serial[LEDGER_SERIAL_MAX];
	struct ledger_row *row;
	int64_t time;
	int reason = 0, end = 0;
	enum bj_err err;
	size_t len;

	if (sscanf(line, "%7s %40s %" SCNd64 " %n", word, hex, &time, &end) != 3 ||
	    hex_decode(bytes_text(hex), serial, sizeof(serial), &len) != BJ_OK)
		return BJ_ERR_SYNTAX;
	err = row_of(ledger, bytes_of(serial, len), &row);
	if (err)
		return err;
	if (strcmp(word, "issued") == 0) {
		row->issued = true;
		row->not_after = time;
		return BJ_OK;
	}
	if (strcmp(word, "revoked") != 0 || sscanf(line + end, "%d", &reason) != 1 || reason < 0 || reason > REASON_MAX)
		return BJ_ERR_SYNTAX;
	if (!row->revoked) { /* the first word counts: nobody can shift the date */
		row->revoked = true;
		row->date = time;
		row->reason = (enum crl_reason)reason;
	}
	return BJ_OK;
}

/* For as many rows as the text has lines. */
static enum bj_err make_room(struct ledger *ledger, struct bj_bytes text)
{
	struct siphash_key key;
	enum bj_err err = rng_fill(&rng_os, &key, sizeof(key));
	size_t lines = 1;

	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	if (lines > LEDGER_ROWS_MAX)
		lines = LEDGER_ROWS_MAX;
	ledger->rows = calloc(lines, sizeof(*ledger->rows));
	if (!err)
		map_init(&ledger->by_serial, &key, serial_of, LEDGER_ROWS_MAX);
	return err ? err : ledger->rows ? BJ_OK : BJ_ERR_NO_MEMORY;
}

enum bj_err ledger_load(const char *folder, struct ledger *out)
{
	struct file_bytes text = { 0 };
	struct ledger ledger = { 0 };
	char path[FOLDER_PATH_MAX];
	enum bj_err err;

	*out = ledger;
	if (!path_of(folder, path))
		return BJ_ERR_FILE_OPEN;
	if (!path_exists(path))
		return BJ_OK;
	err = file_read(path, LEDGER_TEXT_MAX, &text);
	if (!err && memchr(text.ptr, 0, text.len)) /* what stands behind it must not be lost: it may be a revocation */
		err = BJ_ERR_SYNTAX;
	if (!err && text.len > 0)
		err = make_room(&ledger, bytes_of(text.ptr, text.len));
	for (char *line = (char *)text.ptr; !err && line && *line;) {
		size_t len = strcspn(line, "\n");
		bool last = line[len] == 0;

		line[len] = 0;
		if (len > 0)
			err = take_line(&ledger, line);
		line += len + (last ? 0 : 1);
	}
	file_bytes_free(&text);
	if (err)
		ledger_fini(&ledger);
	*out = ledger;
	return err;
}

void ledger_fini(struct ledger *ledger)
{
	free(ledger->rows);
	map_fini(&ledger->by_serial);
	*ledger = (struct ledger){ 0 };
}

/* Did a line that was cut off (the disk was full) leave the file without its end? */
static bool ends_within_line(int fd)
{
	char last = '\n';

	return lseek(fd, -1, SEEK_END) >= 0 && read(fd, &last, 1) == 1 && last != '\n';
}

static enum bj_err add_line(const char *folder, const char *line)
{
	char path[FOLDER_PATH_MAX], text[LINE_MAX_LEN + 1];
	size_t len;
	bool good;
	int fd;

	if (!path_of(folder, path))
		return BJ_ERR_FILE_WRITE;
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return BJ_ERR_FILE_WRITE;
	len = (size_t)snprintf(text, sizeof(text), "%s%s", ends_within_line(fd) ? "\n" : "", line);
	good = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
	good &= close(fd) == 0;
	return good ? BJ_OK : BJ_ERR_FILE_WRITE;
}

static void serial_text(struct bj_bytes serial, char out[2 * LEDGER_SERIAL_MAX + 1])
{
	hex_encode(serial.ptr, serial.len < LEDGER_SERIAL_MAX ? serial.len : LEDGER_SERIAL_MAX, out);
}

enum bj_err ledger_add_issued(const char *folder, const struct cert *cert, const char *kind, const char *name)
{
	char line[LINE_MAX_LEN], serial[2 * LEDGER_SERIAL_MAX + 1];

	serial_text(cert->serial, serial);
	snprintf(line, sizeof(line) - 1, "issued %s %" PRId64 " %s %.300s", serial, cert->not_after, kind, name);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ') /* a name must not make a line of its own */
			*c = '?';
	memcpy(line + strlen(line), "\n", 2);
	return add_line(folder, line);
}

enum bj_err ledger_add_revoked(const char *folder, struct bj_bytes serial, int64_t date, enum crl_reason reason)
{
	char line[LINE_MAX_LEN], text[2 * LEDGER_SERIAL_MAX + 1];

	serial_text(serial, text);
	snprintf(line, sizeof(line), "revoked %s %" PRId64 " %d\n", text, date, (int)reason);
	return add_line(folder, line);
}
