/* control.h - how `bojagi reload` finds the gateway that runs with a file, and hears what came of it.
 *
 * A datagram socket in Linux's abstract namespace, named by a hash of the file's place: nothing on the disk, nothing left behind. The
 * gateway heeds root and its own user; the kernel says who asks. Within one network namespace.
 */
#ifndef GATEWAY_CONTROL_H
#define GATEWAY_CONTROL_H

#include "io/loop.h"

#define CONTROL_TEXT_MAX 512

enum control_outcome {
	CONTROL_DONE = 1,
	CONTROL_FAILED,  /* tried; nothing was changed */
	CONTROL_REFUSED, /* not even tried */
};

struct control;
/* Somebody who may asks for a reload. `answer` gets why it failed, or what is to be known besides ("": nothing). */
typedef enum control_outcome control_fn(struct control *control, char answer[CONTROL_TEXT_MAX]);

struct control {
	struct loop *loop; /* null: not open */
	struct loop_watch watch;
	control_fn *asked;
};

/* `path` is the configuration's. BJ_ERR_IO_ADDRESS_IN_USE: another gateway runs with this file. */
BJ_MUST_USE enum bj_err control_init(struct control *control, struct loop *loop, const char *path, control_fn *asked);
/* Harmless when repeated and for one that is all zero. */
void control_fini(struct control *control);

/* Asks the gateway that runs with this file; null: the only one there is here. BJ_ERR_IO_REFUSED if there is none, BJ_ERR_ARGUMENT if null could
 * mean several, BJ_ERR_IO_TIMEOUT; else what it did and its text. */
BJ_MUST_USE enum bj_err control_ask(const char *path, uint32_t timeout_ms, enum control_outcome *out_outcome, char out_text[CONTROL_TEXT_MAX]);

#endif
