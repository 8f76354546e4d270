/* fixture.h - for the tests of this folder: pools of servers named s0, s1, ... with given weights. Include base/test.h before. */
#ifndef BALANCE_FIXTURE_H
#define BALANCE_FIXTURE_H

#include "balance/algorithm.h"
#include "balance/pool.h"

struct fixture {
	struct pool_control control;
	struct pool pool;
};

static inline void fixture_open(struct fixture *f, const char *algorithm, size_t count, const unsigned *weights,
				struct pool_options options)
{
	static char names[POOL_SERVER_MAX][8];
	static struct pool_server_options servers[POOL_SERVER_MAX];

	assert_int_equal(pool_control_init(&f->control, count), BJ_OK);
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "s%u", (unsigned)i % POOL_SERVER_MAX);
		servers[i] = (struct pool_server_options){ .name = bytes_text(names[i]) };
		if (options.servers)
			servers[i].backup = options.servers[i].backup;
		if (weights)
			pool_control_set_weight(&f->control, i, weights[i]);
	}
	options.algorithm = pool_algorithm_by_name(bytes_text(algorithm));
	assert_non_null(options.algorithm);
	options.servers = servers;
	options.server_count = count;
	memset(options.key.bytes, 7, sizeof(options.key.bytes));
	assert_int_equal(pool_init(&f->pool, &options, &f->control), BJ_OK);
}

static inline void fixture_close(struct fixture *f)
{
	pool_fini(&f->pool);
	pool_control_fini(&f->control);
}

#define NO_KEY ((struct bj_bytes){ NULL, 0 })
#define CLIENT(number) bytes_of(&(uint32_t){ (uint32_t)(number) }, sizeof(uint32_t))

#endif
