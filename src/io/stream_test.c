/* stream_test.c - streams and listeners over loopback: all bytes arrive, ends and refusals are told, pauses hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/listener.h"
#include "io/stream.h"

#define BULK (4u << 20)
#define TURNS_MAX 200000

struct side {
	struct stream stream;
	size_t sent, to_send, got;
	bool end, finish;
	uint8_t next;
	enum bj_err err;
};

struct pair {
	struct loop loop;
	struct listener listener;
	struct side client, server;
	int accepted;
};

static struct pair *the_pair; /* the listener's report has no owner */

static void pump(struct side *s)
{
	uint8_t buf[8192];
	size_t len;

	while (!s->end && !s->err && (s->stream.want & STREAM_READ)) {
		enum bj_err err = stream_read(&s->stream, buf, sizeof(buf), &len);

		if (err == BJ_ERR_WOULD_BLOCK)
			break;
		if (err) {
			s->err = err;
			return;
		}
		if (len == 0) {
			s->end = true;
			stream_watch(&s->stream, STREAM_WRITE);
		}
		for (size_t i = 0; i < len; i++)
			assert_int_equal(buf[i], s->next++);
		s->got += len;
	}
	while (s->sent < s->to_send && !s->err) {
		struct bj_bytes pieces[2];
		size_t want = s->to_send - s->sent < sizeof(buf) ? s->to_send - s->sent : sizeof(buf);
		enum bj_err err;

		for (size_t i = 0; i < want; i++)
			buf[i] = (uint8_t)(s->sent + i);
		pieces[0] = bytes_of(buf, want / 3);
		pieces[1] = bytes_of(buf + want / 3, want - want / 3);
		err = stream_write(&s->stream, pieces, 2, &len);
		if (err == BJ_ERR_WOULD_BLOCK)
			return;
		if (err) {
			s->err = err;
			return;
		}
		s->sent += len;
		if (s->sent == s->to_send && s->finish)
			stream_finish(&s->stream);
	}
}

static void on_ready(struct stream *stream, unsigned what)
{
	pump(CONTAINER_OF(stream, struct side, stream));
}

static void on_accepted(struct listener *l, const struct stream_source *source, const struct addr *peer)
{
	the_pair->accepted++;
	assert_int_equal(stream_init(&the_pair->server.stream, l->loop, source, on_ready), BJ_OK);
	stream_watch(&the_pair->server.stream, STREAM_READ | STREAM_WRITE);
}

static void open_pair(struct pair *p, const char *where)
{
	struct listener_options options = { .reuse_port = true };
	struct addr addr;
	int fd;

	memset(p, 0, sizeof(*p));
	the_pair = p;
	assert_int_equal(loop_init(&p->loop), BJ_OK);
	assert_int_equal(addr_parse(where, 0, &addr), BJ_OK);
	assert_int_equal(listener_open(&addr, &options, &fd, &addr), BJ_OK);
	assert_int_equal(listener_init(&p->listener, &p->loop, fd, on_accepted), BJ_OK);
	assert_int_equal(stream_connect(&p->client.stream, &p->loop, &p->listener.addr, NULL, on_ready), BJ_OK);
	stream_watch(&p->client.stream, STREAM_READ | STREAM_WRITE);
}

static void close_pair(struct pair *p)
{
	stream_drop(&p->client.stream);
	stream_drop(&p->client.stream);
	stream_drop(&p->server.stream);
	listener_fini(&p->listener);
	loop_fini(&p->loop);
}

static void refused_connection_is_told(void **state)
{
	struct pair p;
	struct addr gone;

	open_pair(&p, "127.0.0.1:0");
	gone = p.listener.addr;
	listener_fini(&p.listener);
	stream_drop(&p.client.stream);
	if (stream_connect(&p.client.stream, &p.loop, &gone, NULL, on_ready) == BJ_OK) {
		stream_watch(&p.client.stream, STREAM_READ | STREAM_WRITE);
		p.client.to_send = 1;
		for (int i = 0; i < TURNS_MAX && !p.client.err; i++)
			loop_turn(&p.loop, 100);
		assert_int_equal(p.client.err, BJ_ERR_IO_REFUSED);
	}
	close_pair(&p);
}

static void both_directions_carry_every_byte_at_once(void **state)
{
	static const char *const where[] = { "127.0.0.1:0", ":0" };

	for (size_t w = 0; w < ARRAY_COUNT(where); w++) {
		struct pair p;

		open_pair(&p, where[w]);
		p.client.to_send = p.server.to_send = BULK;
		p.client.finish = p.server.finish = true;
		for (int i = 0; i < TURNS_MAX && !(p.client.end && p.server.end); i++)
			loop_turn(&p.loop, 100);
		assert_int_equal(p.accepted, 1);
		assert_int_equal(p.client.err, BJ_OK);
		assert_int_equal(p.server.err, BJ_OK);
		assert_int_equal(p.server.got, BULK);
		assert_int_equal(p.client.got, BULK);
		close_pair(&p);
	}
}

static void half_closed_stream_still_carries_the_other_way(void **state)
{
	struct pair p;

	open_pair(&p, "127.0.0.1:0");
	p.client.to_send = 1;
	p.client.finish = true;
	for (int i = 0; i < TURNS_MAX && !p.server.end; i++)
		loop_turn(&p.loop, 100);
	assert_true(p.server.end);
	p.server.to_send = BULK;
	p.server.finish = true;
	pump(&p.server);
	for (int i = 0; i < TURNS_MAX && !p.client.end; i++)
		loop_turn(&p.loop, 100);
	assert_int_equal(p.client.got, BULK);
	close_pair(&p);
}

static void stream_that_does_not_want_is_not_reported_and_makes_up_for_it(void **state)
{
	struct pair p;

	open_pair(&p, "127.0.0.1:0");
	while (!p.accepted)
		loop_turn(&p.loop, 100);
	stream_watch(&p.server.stream, 0);
	p.client.to_send = 100;
	pump(&p.client);
	for (int i = 0; i < 10; i++)
		loop_turn(&p.loop, 1);
	assert_int_equal(p.server.got, 0);
	stream_watch(&p.server.stream, STREAM_READ);
	for (int i = 0; i < TURNS_MAX && p.server.got < 100; i++)
		loop_turn(&p.loop, 100);
	assert_int_equal(p.server.got, 100);
	assert_true(stream_is_quiet(&p.server.stream));
	close_pair(&p);
}

static void reset_is_told(void **state)
{
	struct pair p;

	open_pair(&p, "127.0.0.1:0");
	while (!p.accepted)
		loop_turn(&p.loop, 100);
	stream_reset_on_drop(&p.client.stream);
	stream_drop(&p.client.stream);
	for (int i = 0; i < TURNS_MAX && !p.server.err; i++)
		loop_turn(&p.loop, 100);
	assert_int_equal(p.server.err, BJ_ERR_IO_RESET);
	close_pair(&p);
}

static void unix_sockets_work_the_same(void **state)
{
	char path[] = "/tmp/bojagi-stream-XXXXXX", text[64];
	struct pair p;

	assert_non_null(mkdtemp(path));
	snprintf(text, sizeof(text), "unix:%s/s", path);
	open_pair(&p, text);
	p.client.to_send = 1000;
	p.client.finish = true;
	for (int i = 0; i < TURNS_MAX && !p.server.end; i++)
		loop_turn(&p.loop, 100);
	assert_int_equal(p.server.got, 1000);
	close_pair(&p);
	unlink(text + 5);
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_connection_is_told),
		cmocka_unit_test(reset_is_told),
		cmocka_unit_test(both_directions_carry_every_byte_at_once),
		cmocka_unit_test(half_closed_stream_still_carries_the_other_way),
		cmocka_unit_test(stream_that_does_not_want_is_not_reported_and_makes_up_for_it),
		cmocka_unit_test(unix_sockets_work_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
