/* udp_test.c - datagrams keep their bounds and their sender. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/udp.h"

struct end {
	struct udp udp;
	int count;
	size_t last_len;
	struct addr from;
};

static void on_datagram(struct udp *udp, const struct addr *from, struct bj_bytes d)
{
	struct end *e = CONTAINER_OF(udp, struct end, udp);

	e->count++;
	e->last_len = d.len;
	e->from = *from;
	for (size_t i = 0; i < d.len; i++)
		assert_int_equal(d.ptr[i], (uint8_t)(d.len + i));
}

static void datagrams_of_every_size_arrive_whole_and_can_be_answered(void **state)
{
	static const size_t sizes[] = { 0, 1, 512, 2048, 2049, 65000 };
	static uint8_t bytes[65000];
	struct udp_scratch *scratch = malloc(sizeof(*scratch));
	struct end server = { 0 }, client = { 0 };
	struct addr addr;
	struct loop loop;
	int fd;

	assert_non_null(scratch);
	assert_int_equal(loop_init(&loop), BJ_OK);
	assert_int_equal(addr_parse("127.0.0.1:0", 0, &addr), BJ_OK);
	assert_int_equal(udp_bind(&addr, true, &fd, NULL), BJ_OK);
	assert_int_equal(udp_take(&server.udp, &loop, scratch, fd, on_datagram), BJ_OK);
	assert_int_equal(udp_connect(&client.udp, &loop, scratch, &server.udp.addr, on_datagram), BJ_OK);
	for (size_t s = 0; s < ARRAY_COUNT(sizes); s++) {
		for (size_t i = 0; i < sizes[s]; i++)
			bytes[i] = (uint8_t)(sizes[s] + i);
		assert_int_equal(udp_send(&client.udp, NULL, bytes_of(bytes, sizes[s])), BJ_OK);
		for (int i = 0; i < 100 && server.count <= (int)s; i++)
			loop_turn(&loop, 100);
		assert_int_equal(server.last_len, sizes[s]);
		assert_true(addr_equal(&server.from, &client.udp.addr));
		assert_int_equal(udp_send(&server.udp, &server.from, bytes_of(bytes, sizes[s])), BJ_OK);
		for (int i = 0; i < 100 && client.count <= (int)s; i++)
			loop_turn(&loop, 100);
		assert_int_equal(client.last_len, sizes[s]);
	}
	udp_fini(&client.udp);
	udp_fini(&server.udp);
	loop_fini(&loop);
	free(scratch);
}

static void answers_come_from_where_datagrams_went(void **state)
{
	static const char *const texts[] = { "0.0.0.0:0", ":0" };
	struct udp_scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	for (size_t t = 0; t < ARRAY_COUNT(texts); t++) {
		struct end server = { 0 }, client = { 0 };
		struct addr addr;
		struct loop loop;
		uint8_t answer[8];
		int fd, on = 1;

		assert_int_equal(addr_parse(texts[t], 0, &addr), BJ_OK);
		if (udp_bind(&addr, false, &fd, NULL) != BJ_OK) /* no IPv6 here */
			continue;
		assert_int_equal(loop_init(&loop), BJ_OK);
		assert_int_equal(udp_take(&server.udp, &loop, scratch, fd, on_datagram), BJ_OK);
		assert_int_equal(addr_parse("127.0.0.77", addr_port(&server.udp.addr), &addr), BJ_OK);
		assert_int_equal(udp_connect(&client.udp, &loop, scratch, &addr, on_datagram), BJ_OK);
		assert_int_equal(udp_send(&client.udp, NULL, bytes_of("\x01", 1)), BJ_OK);
		for (int i = 0; i < 100 && server.count == 0; i++)
			loop_turn(&loop, 100);
		assert_int_equal(udp_answer(&server.udp, &server.from, &server.udp.here, bytes_of("\x02\x03", 2)), BJ_OK);
		for (int i = 0; i < 20 && client.count == 0; i++)
			loop_turn(&loop, 100);
		assert_int_equal(client.count, 1);
		udp_fini(&client.udp);
		/* what went to all stations is answered from one of our addresses */
		client.udp.watch.fd = socket(AF_INET, SOCK_DGRAM, 0);
		assert_int_equal(setsockopt(client.udp.watch.fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)), 0);
		assert_int_equal(addr_parse("127.255.255.255", addr_port(&server.udp.addr), &addr), BJ_OK);
		assert_int_equal(sendto(client.udp.watch.fd, "\x01", 1, 0, &addr.sa.any, addr.len), 1);
		for (int i = 0; i < 100 && server.count == 1; i++)
			loop_turn(&loop, 100);
		assert_int_equal(udp_answer(&server.udp, &server.from, &server.udp.here, bytes_of("\x02\x03", 2)), BJ_OK);
		assert_int_equal(recv(client.udp.watch.fd, answer, sizeof(answer), 0), 2);
		close(client.udp.watch.fd);
		udp_fini(&server.udp);
		loop_fini(&loop);
	}
	free(scratch);
}

static void answer_from_nobody_is_survived(void **state)
{
	struct udp_scratch *scratch = malloc(sizeof(*scratch));
	struct end server = { 0 }, client = { 0 };
	struct addr addr;
	struct loop loop;
	int fd;
	bool refused = false;

	assert_non_null(scratch);
	assert_int_equal(loop_init(&loop), BJ_OK);
	assert_int_equal(addr_parse("127.0.0.1:0", 0, &addr), BJ_OK);
	assert_int_equal(udp_bind(&addr, false, &fd, NULL), BJ_OK);
	assert_int_equal(udp_take(&server.udp, &loop, scratch, fd, on_datagram), BJ_OK);
	addr = server.udp.addr;
	udp_fini(&server.udp);
	assert_int_equal(udp_connect(&client.udp, &loop, scratch, &addr, on_datagram), BJ_OK);
	assert_int_equal(udp_send(&client.udp, NULL, bytes_of("\x01", 1)), BJ_OK);
	for (int i = 0; i < 100 && !refused; i++) {
		loop_turn(&loop, 10);
		refused = client.udp.failed;
	}
	assert_true(refused);
	udp_fini(&client.udp);
	loop_fini(&loop);
	free(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_of_every_size_arrive_whole_and_can_be_answered),
		cmocka_unit_test(answers_come_from_where_datagrams_went),
		cmocka_unit_test(answer_from_nobody_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
