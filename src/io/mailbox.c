/* mailbox.c - see mailbox.h. */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "io/mailbox.h"

static void deliver_all(struct mailbox *box)
{
	struct mail *mail = atomic_exchange_explicit(&box->head, NULL, memory_order_acquire), *ordered = NULL;

	while (mail) { /* the list is newest first */
		struct mail *next = mail->next;

		mail->next = ordered;
		ordered = mail;
		mail = next;
	}
	while (ordered) {
		struct mail *next = ordered->next;

		ordered->deliver(ordered, box->owner);
		ordered = next;
	}
}

static void fire(struct loop_watch *watch, uint32_t events)
{
	struct mailbox *box = CONTAINER_OF(watch, struct mailbox, watch);
	uint64_t count;
	ssize_t got;

	do
		got = read(watch->fd, &count, sizeof(count));
	while (got < 0 && errno == EINTR);
	deliver_all(box);
}

enum bj_err mailbox_init(struct mailbox *box, struct loop *loop, void *owner)
{
	enum bj_err err;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? BJ_ERR_IO_DESCRIPTORS : BJ_ERR_IO;
	box->loop = loop;
	box->owner = owner;
	box->watch = (struct loop_watch){ .fd = fd, .fire = fire };
	atomic_init(&box->head, NULL);
	err = loop_add(loop, &box->watch, EPOLLIN | EPOLLET);
	if (err)
		close(fd);
	return err;
}

void mailbox_fini(struct mailbox *box)
{
	deliver_all(box);
	loop_remove(box->loop, &box->watch, true);
	close(box->watch.fd);
}

void mailbox_post(struct mailbox *box, struct mail *mail)
{
	struct mail *head = atomic_load_explicit(&box->head, memory_order_relaxed);
	uint64_t one = 1;
	ssize_t put;

	do
		mail->next = head;
	while (!atomic_compare_exchange_weak_explicit(&box->head, &head, mail, memory_order_release, memory_order_relaxed));
	if (head)
		return; /* whoever made the list not empty has rung */
	do
		put = write(box->watch.fd, &one, sizeof(one));
	while (put < 0 && errno == EINTR);
	check(put == sizeof(one) || errno == EAGAIN);
}
