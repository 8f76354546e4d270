/* list.h - an intrusive doubly linked list.
 *
 * A `struct list` is both the head of a list and the link inside of an object. The list owns nothing. A link that is in
 * no list points to itself after list_init() and list_remove(), so removing twice is harmless.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev;
	struct list *next;
};

/* The object around a link. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define LIST_EACH(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)

/* The same where the body may remove `it` (and nothing else). */
#define LIST_EACH_SAFE(it, head) \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head); it = it##_next, it##_next = it->next)

static inline void list_init(struct list *l)
{
	l->prev = l;
	l->next = l;
}

static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

/* True for a link that is in some list; the link must have been initialised. */
static inline bool list_is_linked(const struct list *link)
{
	return link->next != link;
}

static inline void list_insert_between(struct list *prev, struct list *next, struct list *link)
{
	link->prev = prev;
	link->next = next;
	prev->next = link;
	next->prev = link;
}

static inline void list_push_front(struct list *head, struct list *link)
{
	list_insert_between(head, head->next, link);
}

static inline void list_push_back(struct list *head, struct list *link)
{
	list_insert_between(head->prev, head, link);
}

static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

static inline struct list *list_front(const struct list *head)
{
	return list_is_empty(head) ? NULL : head->next;
}

static inline struct list *list_back(const struct list *head)
{
	return list_is_empty(head) ? NULL : head->prev;
}

static inline struct list *list_pop_front(struct list *head)
{
	struct list *link = list_front(head);

	if (link)
		list_remove(link);
	return link;
}

/* Moves all of `from` behind what `to` has; `from` is empty afterwards. */
static inline void list_append_all(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#endif
