/* access_log_test.c - failed handshakes, however many, make no more lines than the limit, and all of them are counted. */
#include "base/test.h"
#include "gateway/session.h"
#include "gateway/worker.h"

static struct worker worker;
static struct stats stats;
static struct session session;
static struct bj_tls_config *config;
static const struct conf_listener listener = { .name = (char *)"web" };
static const struct runtime_listener to = { .conf = &listener };
static char text[4 * LOG_BLOCK_SIZE]; /* what was sent to the control thread */
static size_t text_len;

void __wrap_gateway_post_log(struct gateway *gateway, struct log_block *block);

void __wrap_gateway_post_log(struct gateway *gateway, struct log_block *block)
{
	assert_true(text_len + block->len < sizeof(text));
	memcpy(text + text_len, block->bytes, block->len);
	text_len += block->len;
	text[text_len] = 0;
	atomic_fetch_sub(block->outstanding, 1);
	free(block);
}

static int setup(void **state)
{
	memset(&worker, 0, sizeof(worker));
	memset(&stats, 0, sizeof(stats));
	memset(&session, 0, sizeof(session));
	text_len = 0;
	text[0] = 0;
	assert_int_equal(loop_init(&worker.loop), BJ_OK);
	worker.loop.now_ms = 1000000;
	worker.stats = &stats;
	worker.index = 3;
	config = bj_tls_config_new(BJ_TLS_SERVER);
	assert_int_equal(bj_tls_config_ask(config, 1u << BJ_TLS_Q_CREDENTIAL), BJ_OK);
	assert_int_equal(bj_tls_config_freeze(config), BJ_OK);
	assert_int_equal(bj_tls_new(config, NULL, &session.client.tls), BJ_OK);
	session.client.worker = &worker;
	session.to = &to;
	session.peer.sa.v4 = (struct sockaddr_in){ .sin_family = AF_INET };
	access_log_init(&worker.log, &worker);
	return 0;
}

static int teardown(void **state)
{
	access_log_fini(&worker.log);
	loop_fini(&worker.loop);
	bj_tls_free(session.client.tls);
	bj_tls_config_free(config);
	return 0;
}

static void turn_on(enum conf_log_format format)
{
	const struct conf_log conf = { .target = CONF_LOG_STDOUT, .format = format };

	access_log_set(&worker.log, &conf);
}

static void fail_handshakes(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		access_log_handshake(&worker.log, &session, BJ_ERR_NOT_TLS, 1000);
}

static unsigned lines_with(const char *words)
{
	unsigned count = 0;

	access_log_flush(&worker.log);
	for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
		count++;
	return count;
}

static void more_than_a_burst_is_left_out_and_counted(void **state)
{
	turn_on(CONF_LOG_JSON);
	fail_handshakes(LOG_HANDSHAKES_BURST_MAX + 1000);
	assert_true(loop_timer_is_set(&worker.log.left_out_timer));
	assert_int_equal(lines_with("\"kind\":\"handshake\""), LOG_HANDSHAKES_BURST_MAX);
	assert_int_equal(lines_with("\"kind\":\"handshakes_left_out\",\"count\":1000,\"worker\":3}\n"), 1);
	assert_int_equal(lines_with("\n"), LOG_HANDSHAKES_BURST_MAX + 1);
	assert_int_equal(stat_get(&stats.log_handshakes_left_out), 1000);
	assert_false(loop_timer_is_set(&worker.log.left_out_timer));
}

static void a_flood_gets_so_many_lines_a_second_and_no_more(void **state)
{
	turn_on(CONF_LOG_TEXT);
	for (unsigned ms = 0; ms <= 10000; ms++) {
		fail_handshakes(3);
		worker.loop.now_ms++;
	}
	assert_int_equal(lines_with("handshake failed"), LOG_HANDSHAKES_BURST_MAX + 10 * LOG_HANDSHAKES_MAX);
	assert_int_equal(lines_with(" - - handshakes left out: "), 1); /* no loop runs here that would tell each second */
	assert_int_equal(stat_get(&stats.log_handshakes_left_out), 3 * 10001 - LOG_HANDSHAKES_BURST_MAX - 10 * LOG_HANDSHAKES_MAX);
}

static void nothing_is_said_where_nothing_was_left_out(void **state)
{
	turn_on(CONF_LOG_JSON);
	fail_handshakes(LOG_HANDSHAKES_BURST_MAX);
	assert_int_equal(lines_with("\n"), LOG_HANDSHAKES_BURST_MAX);
	assert_int_equal(lines_with("left_out"), 0);
	assert_false(loop_timer_is_set(&worker.log.left_out_timer));
}

static void what_was_left_out_is_told_before_the_log_goes_off(void **state)
{
	const struct conf_log off = { .target = CONF_LOG_OFF };

	turn_on(CONF_LOG_JSON);
	fail_handshakes(LOG_HANDSHAKES_BURST_MAX + 7);
	access_log_set(&worker.log, &off);
	fail_handshakes(7);
	assert_int_equal(lines_with("\"count\":7,"), 1);
	assert_int_equal(lines_with("\n"), LOG_HANDSHAKES_BURST_MAX + 1);
	assert_int_equal(stat_get(&stats.log_handshakes_left_out), 7);
}

/* The control thread takes nothing: the line is lost, but not what it would have said. */
static void a_count_that_found_no_room_is_told_later(void **state)
{
	turn_on(CONF_LOG_JSON);
	fail_handshakes(LOG_HANDSHAKES_BURST_MAX + 7);
	assert_int_equal(lines_with("\"count\":7,"), 1);
	fail_handshakes(5);
	atomic_store(&worker.log.outstanding, LOG_BLOCKS_MAX);
	assert_int_equal(lines_with("\"count\":5,"), 0);
	assert_int_equal(stat_get(&stats.log_lines_lost), 1);
	atomic_store(&worker.log.outstanding, 0);
	assert_int_equal(lines_with("\"count\":5,"), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(more_than_a_burst_is_left_out_and_counted),
		T(a_flood_gets_so_many_lines_a_second_and_no_more),
		T(nothing_is_said_where_nothing_was_left_out),
		T(what_was_left_out_is_told_before_the_log_goes_off),
		T(a_count_that_found_no_room_is_told_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
