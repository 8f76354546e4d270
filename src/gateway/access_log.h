/* access_log.h - one line per request, per raw connection and per failed handshake, as JSON or text.
 *
 * Lines are made in a block of the worker's; full or old blocks go to the control thread, which writes them. When it cannot keep up
 * lines are lost and counted; the data path never waits. Bytes of strangers are escaped: a line is a line.
 *
 * Handshakes fail as often as strangers like, so there is a limit to their lines: a bucket per worker. One line a second says how many
 * were left out; the metrics count all of them.
 */
#ifndef GATEWAY_ACCESS_LOG_H
#define GATEWAY_ACCESS_LOG_H

#include "balance/limit.h"
#include "base/writer.h"
#include "gateway/config.h"
#include "io/mailbox.h"

#define LOG_BLOCK_SIZE ((size_t)64 * 1024)
#define LOG_LINE_MAX ((size_t)24 * 1024)  /* the longest line, with everything escaped */
#define LOG_TEXT_MAX 512                 /* bytes of one string of a stranger's */
#define LOG_BLOCKS_MAX 64                 /* on their way to the control thread */
#define LOG_DELAY_MS 100
#define LOG_HANDSHAKES_MAX 10             /* lines of failed handshakes a second, of each worker */
#define LOG_HANDSHAKES_BURST_MAX 50       /* as many at once where there were none for a while */
#define LOG_LEFT_OUT_MS 1000              /* between two lines that say how many were left out */

struct session;
struct worker;
struct stats;
struct bj_tls;

struct log_block {
	struct mail mail;
	atomic_uint *outstanding;
	size_t len;
	uint8_t bytes[LOG_BLOCK_SIZE];
};

struct access_log {
	struct worker *worker;
	struct log_block *block;
	struct loop_timer timer;
	atomic_uint outstanding;
	struct limit_bucket handshakes;
	struct loop_timer left_out_timer;
	uint64_t left_out;        /* failed handshakes since they were told */
	bool on;
	enum conf_log_format format;
};

struct log_request {
	const struct session *session;
	struct bj_bytes method, path, query, host, user_agent, referer;
	unsigned version;         /* 10, 11 */
	unsigned status;          /* 0: the client left before one was known */
	uint64_t bytes_in, bytes_out; /* of bodies */
	int64_t duration_us;
	const char *pool, *server;/* null: none */
	int64_t server_us;        /* to the first byte of its response; 0: none */
	unsigned tries;
	enum bj_err err;          /* what went wrong; BJ_OK: nothing */
	const char *why;          /* in a few words; may be null */
};

struct log_connection {
	const struct session *session;
	const char *pool, *server;
	uint64_t bytes_in, bytes_out;
	int64_t duration_us;
	enum bj_err err;
};

void access_log_init(struct access_log *log, struct worker *worker);
/* What a new configuration says. */
void access_log_set(struct access_log *log, const struct conf_log *conf);
/* Sends all that there is to the control thread, also how many lines were left out. */
void access_log_flush(struct access_log *log);
void access_log_fini(struct access_log *log);

void access_log_request(struct access_log *log, const struct log_request *request);
void access_log_connection(struct access_log *log, const struct log_connection *connection);
/* A failed one, within the limit. */
void access_log_handshake(struct access_log *log, const struct session *session, enum bj_err err, int64_t duration_us);

#endif
