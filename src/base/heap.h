/* heap.h - a binary heap of objects that know their place: the smallest key first, any object out in O(log n).
 *
 * The array of pointers is the owner's and has a fixed size. Equal keys come out in no particular order.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include "base/check.h"
#include <bojagi/base.h>

#define HEAP_NOWHERE SIZE_MAX

struct heap_node {
	int64_t key;
	size_t index; /* HEAP_NOWHERE: in no heap */
};

struct heap {
	struct heap_node **nodes;
	size_t cap;
	size_t count;
};

static inline struct heap heap_make(struct heap_node **nodes, size_t cap)
{
	return (struct heap){ nodes, cap, 0 };
}

static inline void heap_node_init(struct heap_node *node)
{
	*node = (struct heap_node){ 0, HEAP_NOWHERE };
}

static inline bool heap_holds(const struct heap *h, const struct heap_node *node)
{
	return node->index < h->count && h->nodes[node->index] == node;
}

static inline void heap_set(struct heap *h, size_t at, struct heap_node *node)
{
	h->nodes[at] = node;
	node->index = at;
}

static inline void heap_rise(struct heap *h, size_t at)
{
	struct heap_node *node = h->nodes[at];

	while (at > 0 && h->nodes[(at - 1) / 2]->key > node->key) {
		heap_set(h, at, h->nodes[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_set(h, at, node);
}

static inline void heap_sink(struct heap *h, size_t at)
{
	struct heap_node *node = h->nodes[at];

	for (size_t child; (child = 2 * at + 1) < h->count; at = child) {
		if (child + 1 < h->count && h->nodes[child + 1]->key < h->nodes[child]->key)
			child++;
		if (h->nodes[child]->key >= node->key)
			break;
		heap_set(h, at, h->nodes[child]);
	}
	heap_set(h, at, node);
}

/* The object with the smallest key, or null. */
static inline struct heap_node *heap_first(const struct heap *h)
{
	return h->count ? h->nodes[0] : NULL;
}

/* BJ_ERR_LIMIT when the array is full. The object must be in no heap. */
static inline enum bj_err heap_insert(struct heap *h, struct heap_node *node, int64_t key)
{
	check(!heap_holds(h, node));
	if (h->count == h->cap)
		return BJ_ERR_LIMIT;
	node->key = key;
	heap_set(h, h->count++, node);
	heap_rise(h, node->index);
	return BJ_OK;
}

static inline void heap_remove(struct heap *h, struct heap_node *node)
{
	size_t at = node->index;
	struct heap_node *last;

	check(heap_holds(h, node));
	last = h->nodes[--h->count];
	if (last != node) {
		heap_set(h, at, last);
		heap_rise(h, at);
		heap_sink(h, last->index);
	}
	node->index = HEAP_NOWHERE;
}

/* Gives an object of the heap another key. */
static inline void heap_change(struct heap *h, struct heap_node *node, int64_t key)
{
	check(heap_holds(h, node));
	node->key = key;
	heap_rise(h, node->index);
	heap_sink(h, node->index);
}

#endif
