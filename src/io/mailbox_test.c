/* mailbox_test.c - messages arrive once each, in the order of their poster, whichever thread posts. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "io/mailbox.h"

#define POSTERS 4
#define EACH 5000

struct note {
	struct mail mail;
	int poster, number;
};

struct desk {
	struct mailbox box;
	int next[POSTERS];
	int count;
	bool order_broken;
};

struct poster {
	struct desk *desk;
	struct note *notes;
	int id;
};

static void deliver(struct mail *mail, void *owner)
{
	struct note *note = CONTAINER_OF(mail, struct note, mail);
	struct desk *desk = (struct desk *)owner;

	if (desk->next[note->poster]++ != note->number)
		desk->order_broken = true;
	desk->count++;
}

static void *post_all(void *arg)
{
	struct poster *p = (struct poster *)arg;

	for (int i = 0; i < EACH; i++) {
		p->notes[i] = (struct note){ .mail.deliver = deliver, .poster = p->id, .number = i };
		mailbox_post(&p->desk->box, &p->notes[i].mail);
	}
	return NULL;
}

static void every_message_arrives_once_and_in_order(void **state)
{
	struct desk desk = { 0 };
	struct poster posters[POSTERS];
	pthread_t threads[POSTERS];
	struct loop loop;

	assert_int_equal(loop_init(&loop), BJ_OK);
	assert_int_equal(mailbox_init(&desk.box, &loop, &desk), BJ_OK);
	for (int i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){ &desk, calloc(EACH, sizeof(struct note)), i };
		assert_non_null(posters[i].notes);
		assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
	}
	for (int turns = 0; desk.count < POSTERS * EACH && turns < 1000000; turns++)
		loop_turn(&loop, 1000);
	assert_int_equal(desk.count, POSTERS * EACH);
	assert_false(desk.order_broken);
	for (int i = 0; i < POSTERS; i++) {
		pthread_join(threads[i], NULL);
		free(posters[i].notes);
	}
	mailbox_fini(&desk.box);
	loop_fini(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_message_arrives_once_and_in_order) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
