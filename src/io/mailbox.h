/* mailbox.h - how threads talk: a message is posted from any thread and delivered on the loop's own, in order of posting.
 *
 * A list without locks (many post, one takes) and an eventfd that is written only when the list was empty. The message is a
 * part of the poster's struct and belongs to the receiver once it is posted.
 */
#ifndef IO_MAILBOX_H
#define IO_MAILBOX_H

#include <stdatomic.h>

#include "io/loop.h"

struct mail {
	struct mail *next;
	void (*deliver)(struct mail *mail, void *owner);
};

struct mailbox {
	struct loop *loop;
	struct loop_watch watch;
	void *owner; /* given to deliver */
	_Atomic(struct mail *) head;
};

BJ_MUST_USE enum bj_err mailbox_init(struct mailbox *box, struct loop *loop, void *owner);
/* Messages that were not delivered are delivered now. */
void mailbox_fini(struct mailbox *box);
void mailbox_post(struct mailbox *box, struct mail *mail);

#endif
