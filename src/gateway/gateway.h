/* gateway.h - the running gateway: one control thread and its workers.
 *
 * The control thread reads configurations, opens sockets, hears signals, serves the admin pages and writes logs. SIGHUP reloads, SIGTERM
 * and SIGINT drain, a second one ends at once.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "gateway/runtime.h"
#include "io/mailbox.h"

struct gateway;
struct log_block;

struct gateway_options {
	unsigned workers; /* 0: as configured */
	bool quiet;       /* say nothing on stderr but errors */
};

/* Runs until it is told to stop. Returns the exit code: 0 good, 1 internal, 2 configuration or sockets. */
int gateway_run(const char *path, const struct gateway_options *options);

/* ---- for workers, from their threads */

/* Takes the block over. */
void gateway_post_log(struct gateway *gateway, struct log_block *block);
void gateway_worker_finished(struct gateway *gateway, struct mail *mail);

/* ---- for the admin pages, on the control thread */

struct gateway_facts {
	const struct runtime *runtime;
	const struct stats *const *stats; /* one per worker */
	unsigned worker_count;
	int64_t now_ms, now_unix_ms, started_unix_ms, loaded_unix_ms;
	uint64_t reloads;
	uint64_t log_lines_lost; /* besides those that the workers count */
	bool last_reload_ok;
	bool stopping;
	const char *path;
	const char *last_error; /* why the last reload failed; "" if it did not */
};
void gateway_facts(const struct gateway *gateway, struct gateway_facts *out);

#endif
