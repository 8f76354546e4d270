/* serve.h - the small server behind `bojagi serve`: one thread, one loop, sessions over TLS or plain TCP.
 *
 * serve_session.c moves bytes; serve_http.c answers requests out of them; serve_files.c finds files; serve_page.c writes pages.
 * It is for a folder on one's own machine, for demonstrations and for test suites; the gateway is another program.
 */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "base/list.h"
#include "cli/options.h"
#include "http/chunked.h"
#include "http/h1.h"
#include "io/listener.h"
#include "cli/wire.h"
#include <bojagi/tls.h>

#define SERVE_SESSIONS_MAX 512
#define SERVE_HEAD_MAX (32 * 1024)
#define SERVE_FIELDS_MAX 100
#define SERVE_TEXT_MAX (48 * 1024)  /* plaintext that waits to be used */
#define SERVE_RAW_MAX (2 * BJ_TLS_RECORD_MAX_12)
#define SERVE_OUT_MAX (2 * BJ_TLS_RECORD_MAX)
#define SERVE_PIECE 16384           /* bytes of a body taken at a time */
#define SERVE_START_MS 10000        /* for the handshake and for each head */
#define SERVE_IDLE_MS 60000         /* without any progress */
#define SERVE_LINGER_MS 2000        /* for the peer's end after ours */
#define SERVE_LISTENERS_MAX 2

enum serve_mode {
	SERVE_FILES = 1,
	SERVE_ECHO, /* a GET gets a page of what was negotiated, everything else comes back */
	SERVE_NAME, /* every request gets a page with the server's name */
};

struct server {
	struct loop loop;
	struct listener listeners[SERVE_LISTENERS_MAX];
	size_t listener_count;
	struct carrier carrier;     /* with --carrier */
	enum serve_mode mode;
	const char *name;
	int folder_fd;
	struct bj_tls_config *tls; /* null: plain */
	struct list sessions;
	size_t session_count;
	uint64_t requests;
	bool quiet;
	bool key_update; /* echo: before the first bytes go back */
};

/* What is being sent: bytes of ours, or of a file. */
struct serve_body {
	uint8_t *bytes; /* allocated; null for a file */
	size_t len, at;
	int fd;         /* -1: none */
	uint64_t file_left;
};

struct serve_session {
	struct stream stream;
	struct loop_timer timer;
	struct list link;
	struct server *server;
	struct bj_tls *tls;
	struct addr peer;
	int64_t began_us;
	int64_t handshake_us;
	bool handshake_done;
	bool is_early;  /* what came so far is early data: it may have been sent before, by somebody else */
	size_t early_len;
	bool keys_updated;
	bool input_ended;
	bool closing;   /* nothing more is taken in; what waits is sent, then the end */
	bool lingering; /* our end was sent */
	bool failed;    /* the handshake or the connection failed: no end in order */
	bool is_http;
	bool is_echo;
	bool keep_alive;
	uint8_t *raw, *text, *out, *arena;
	size_t raw_len, raw_start, text_len, text_start, out_len, out_start;
	/* the request under way */
	struct h1_parser parser;
	struct http_request request;
	struct chunked chunked;
	uint64_t request_left, request_bytes;
	bool head_done;   /* and what it asks for has not begun */
	bool taking_body;
	/* its response */
	struct serve_body body;
	bool sending;
	unsigned status;
	uint64_t response_bytes;
};

enum serve_step {
	STEP_MORE = 0, /* more plaintext is needed */
	STEP_WAIT,     /* for the end of the handshake */
	STEP_ON,       /* something was done: call again once the output is flushed */
};

/* serve_session.c */
void serve_session_start(struct server *server, const struct stream_source *source, const struct addr *peer);
/* Seals or copies into the empty output; returns how much was taken (all of it up to SERVE_PIECE bytes). */
size_t serve_write(struct serve_session *s, const void *bytes, size_t len);
void serve_session_close(struct serve_session *s);
/* Ends all at once, when the server stops. */
void serve_sessions_end(struct server *server);
static inline struct bj_bytes serve_text(const struct serve_session *s)
{
	return bytes_of(s->text + s->text_start, s->text_len - s->text_start);
}
static inline void serve_text_used(struct serve_session *s, size_t len)
{
	s->text_start += len;
}

/* serve_http.c: while s->is_early only what may happen twice is done. */
enum serve_step serve_step(struct serve_session *s);
void serve_http_init(struct serve_session *s);
void serve_http_fini(struct serve_session *s);

/* serve_files.c: opens what a normalised path names below the folder. Status 200 with `out_body`, `out_type` and `out_length`; 301 for a
 * folder without its slash; 404; 500. No symbolic link is followed and nothing whose name begins with a dot is served. */
unsigned serve_file_open(const struct server *server, struct bj_bytes path, struct serve_body *out_body, const char **out_type,
			 uint64_t *out_length, int64_t *out_modified);

/* serve_page.c: allocated texts; null without memory. */
char *page_negotiated(const struct serve_session *s, size_t *out_len);
char *page_name(const struct serve_session *s, bool as_html, size_t *out_len);
char *page_listing(int folder_fd, struct bj_bytes path, size_t *out_len);
/* One line about a request or a failed handshake, on standard error. */
void serve_log_request(const struct serve_session *s);
void serve_log_failure(const struct serve_session *s, enum bj_err err);

#endif
