/* list_test.c - lists and heaps against plain arrays. */
#include "base/list.h"

#include "base/bytes.h"
#include "base/heap.h"
#include "base/prng.h"
#include "base/test.h"

#define THINGS 64

struct thing {
	int id;
	struct list link;
	struct heap_node node;
};

static int ids_of(const struct list *head, int *ids)
{
	int count = 0;

	LIST_EACH(it, head)
		ids[count++] = CONTAINER_OF(it, struct thing, link)->id;
	return count;
}

static void removing_twice_is_harmless(void **state)
{
	struct list head;
	struct thing a = { .id = 1 }, b = { .id = 2 };
	int ids[THINGS];

	(void)state;
	list_init(&head);
	list_init(&a.link);
	list_remove(&a.link);
	assert_false(list_is_linked(&a.link));
	list_push_back(&head, &a.link);
	list_push_back(&head, &b.link);
	list_remove(&a.link);
	list_remove(&a.link);
	assert_int_equal(ids_of(&head, ids), 1);
	assert_int_equal(ids[0], 2);
}

static void an_empty_list_gives_nothing(void **state)
{
	struct list head, other;

	(void)state;
	list_init(&head);
	list_init(&other);
	assert_null(list_front(&head));
	assert_null(list_back(&head));
	assert_null(list_pop_front(&head));
	list_append_all(&head, &other);
	assert_true(list_is_empty(&head));
}

static void random_moves_agree_with_an_array(void **state)
{
	struct thing things[THINGS];
	struct list head;
	int model[THINGS], model_count = 0, ids[THINGS];
	struct prng g = { 1 };

	(void)state;
	list_init(&head);
	for (int i = 0; i < THINGS; i++) {
		things[i].id = i;
		list_init(&things[i].link);
	}
	for (int turn = 0; turn < 20000; turn++) {
		int id = (int)prng_below(&g, THINGS), at = -1;

		for (int i = 0; i < model_count; i++)
			if (model[i] == id)
				at = i;
		assert_int_equal(list_is_linked(&things[id].link), at >= 0);
		if (at >= 0) {
			list_remove(&things[id].link);
			memmove(model + at, model + at + 1, (size_t)(--model_count - at) * sizeof(int));
		} else if (prng_below(&g, 2)) {
			list_push_back(&head, &things[id].link);
			model[model_count++] = id;
		} else {
			list_push_front(&head, &things[id].link);
			memmove(model + 1, model, (size_t)model_count++ * sizeof(int));
			model[0] = id;
		}
		assert_int_equal(ids_of(&head, ids), model_count);
		assert_memory_equal(ids, model, (size_t)model_count * sizeof(int));
	}
}

static void appending_keeps_the_order_and_empties_the_other(void **state)
{
	struct thing things[4];
	struct list a, b;
	int ids[THINGS];
	static const int want[4] = { 0, 1, 2, 3 };

	(void)state;
	list_init(&a);
	list_init(&b);
	for (int i = 0; i < 4; i++) {
		things[i].id = i;
		list_push_back(i < 2 ? &a : &b, &things[i].link);
	}
	list_append_all(&a, &b);
	assert_true(list_is_empty(&b));
	assert_int_equal(ids_of(&a, ids), 4);
	assert_memory_equal(ids, want, sizeof(want));
	LIST_EACH_SAFE(it, &a)
		list_remove(it);
	assert_true(list_is_empty(&a));
}

static void a_full_heap_takes_no_more(void **state)
{
	struct heap_node *room[1], a, b;
	struct heap h = heap_make(room, 1);

	(void)state;
	heap_node_init(&a);
	heap_node_init(&b);
	assert_null(heap_first(&h));
	assert_int_equal(heap_insert(&h, &a, 5), BJ_OK);
	assert_int_equal(heap_insert(&h, &b, 1), BJ_ERR_LIMIT);
	assert_false(heap_holds(&h, &b));
	assert_ptr_equal(heap_first(&h), &a);
}

static void the_first_of_a_heap_is_always_the_smallest(void **state)
{
	struct thing things[THINGS];
	struct heap_node *room[THINGS];
	struct heap h = heap_make(room, THINGS);
	struct prng g = { 2 };

	(void)state;
	for (int i = 0; i < THINGS; i++)
		heap_node_init(&things[i].node);
	for (int turn = 0; turn < 50000; turn++) {
		struct heap_node *n = &things[prng_below(&g, THINGS)].node;
		int64_t key = (int64_t)prng_below(&g, 100) - 50, smallest = INT64_MAX;
		size_t count = 0;

		if (!heap_holds(&h, n))
			assert_int_equal(heap_insert(&h, n, key), BJ_OK);
		else if (prng_below(&g, 3))
			heap_change(&h, n, key);
		else
			heap_remove(&h, n);
		for (int i = 0; i < THINGS; i++) {
			if (!heap_holds(&h, &things[i].node))
				continue;
			count++;
			if (things[i].node.key < smallest)
				smallest = things[i].node.key;
		}
		assert_int_equal(h.count, count);
		if (count)
			assert_true(heap_first(&h)->key == smallest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removing_twice_is_harmless),
		cmocka_unit_test(an_empty_list_gives_nothing),
		cmocka_unit_test(random_moves_agree_with_an_array),
		cmocka_unit_test(appending_keeps_the_order_and_empties_the_other),
		cmocka_unit_test(a_full_heap_takes_no_more),
		cmocka_unit_test(the_first_of_a_heap_is_always_the_smallest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
