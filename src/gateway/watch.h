/* watch.h - notices that a file which a configuration watches has changed.
 *
 * Files are looked at every WATCH_MS. Who writes one may take a while, so a change is told when two looks in a row see the same.
 */
#ifndef GATEWAY_WATCH_H
#define GATEWAY_WATCH_H

#include "gateway/config.h"
#include "io/loop.h"

#define WATCH_MS 1000

struct watch;
typedef void watch_fn(struct watch *watch);

struct watch {
	struct loop *loop; /* null: not begun */
	struct loop_timer timer;
	const struct conf_watch *files;
	uint64_t known, last; /* prints of the state of all files: what was told, what the last look saw */
	watch_fn *changed;
};

void watch_init(struct watch *watch, struct loop *loop, watch_fn *changed);
/* From now on these files, as they are now; they live until the next call. */
void watch_set(struct watch *watch, const struct conf_watch *files);
void watch_fini(struct watch *watch);

#endif
