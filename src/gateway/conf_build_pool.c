/* conf_build_pool.c - pools: servers, how one is chosen, what happens when one fails, TLS to them. */
#include "gateway/conf_build.h"

#include <stddef.h>

#include "base/check.h"

#define RETRIES_MAX 10u
#define KEEPALIVE_MAX 100000u
#define ERRORS_MAX 1000000u

static void defaults(struct conf_pool *pool)
{
	pool->eject = true;
	pool->eject_errors = 5;
	pool->eject_for_ms = 30000;
	pool->eject_at_most_percent = 50;
	pool->retries = 1;
	pool->retry_budget_percent = 20;
	pool->keepalive = 64;
	pool->keepalive_time_ms = 60000;
	pool->connect_time_ms = 5000;
	pool->response_time_ms = 60000;
	pool->idle_time_ms = 300000;
}

void conf_take_pool(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_made *made = object;
	struct conf_pool *pool = made->pool;
	size_t servers = conf_count(node->children, "server");

	pool->name = node->word_count >= 2 ? conf_build_text(build, node->words[1].text) : "";
	pool->place = conf_node_place(build, node);
	defaults(pool);
	if (servers > CONF_SERVERS_MAX) {
		conf_problem(build->report, CONF_R_TOO_LARGE, &node->words[0].span, NULL, NULL, "a pool has at most %d servers",
			     CONF_SERVERS_MAX);
		made->broken = true;
		return;
	}
	made->servers = conf_memory_list(&build->owned->memory, servers, sizeof(*made->servers));
	made->server_nodes = conf_memory_list(&build->owned->memory, servers, sizeof(*made->server_nodes));
	if (!made->servers || !made->server_nodes)
		return;
	pool->servers = made->servers;
	conf_build_block(build, node->children, made);
	made->broken |= pool->server_count < servers || conf_count(node->children, "servers") > 0;
}

void conf_take_balance(struct conf_build *build, const struct conf_node *node, void *object)
{
	static const char *const words[] = {
		[CONF_ROUND_ROBIN] = "round_robin", [CONF_WEIGHTED_ROUND_ROBIN] = "weighted_round_robin",
		[CONF_LEAST_CONNECTIONS] = "least_connections", [CONF_IP_HASH] = "ip_hash", [CONF_RANDOM_TWO] = "random_two",
		[CONF_PEAK_EWMA] = "peak_ewma", [CONF_MAGLEV] = "maglev", [CONF_RING_HASH] = "ring_hash",
	};
	struct conf_pool_made *made = object;

	(void)build;
	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		if (conf_word_is(&node->words[1], words[i]))
			made->pool->balance = (enum conf_balance)i;
}

/* A name in the place of an IP address is resolved once, now. */
static bool server_address(struct conf_build *build, const struct conf_word *word, struct conf_address *out)
{
	struct bj_bytes name = { NULL, 0 };
	uint16_t port = 0;

	if (conf_value_address(word->text, out) || conf_value_unix(word->text, out))
		return true;
	check(conf_value_name_port(word->text, &name, &port));
	if (build->world->resolve(build->world->self, conf_build_text(build, name), port, out))
		return true;
	conf_problem(build->report, CONF_R_BAD_ADDRESS, &word->span, NULL, NULL, "the name '%.*s' does not resolve", (int)name.len,
		     (const char *)name.ptr);
	return false;
}

static const char *server_host(struct conf_build *build, const struct conf_word *word, const struct conf_address *address)
{
	struct bj_bytes host = word->text;

	if (address->sockaddr.ss_family == AF_UNIX)
		return "localhost";
	while (host.ptr[host.len - 1] != ':')
		host.len--;
	host.len--;
	if (host.ptr[0] == '[')
		host = bytes_of(host.ptr + 1, host.len - 2);
	return conf_build_text(build, host);
}

void conf_take_server(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_made *made = object;
	size_t index = made->pool->server_count;
	struct conf_server server = { .weight = 1 };
	const struct conf_word *weight = conf_option(node, "weight");
	uint64_t value;

	for (size_t i = 0; i < index; i++)
		if (bytes_equal(made->server_nodes[i]->words[1].text, node->words[1].text))
			conf_problem(build->report, CONF_R_NAME_TAKEN, &node->words[1].span, NULL, NULL,
				     "this pool has a server '%.*s' already in line %u", (int)node->words[1].text.len,
				     (const char *)node->words[1].text.ptr, conf_node_place(build, made->server_nodes[i]).line);
	if (!server_address(build, &node->words[2], &server.address))
		return;
	server.name = conf_build_text(build, node->words[1].text);
	server.address.text = conf_build_text(build, node->words[2].text);
	server.host = server_host(build, &node->words[2], &server.address);
	server.authority = server.address.sockaddr.ss_family == AF_UNIX ? server.host : server.address.text;
	server.place = conf_node_place(build, node);
	server.backup = conf_option(node, "backup") != NULL;
	if (weight && conf_take_number(build, weight + 1, 0, CONF_WEIGHT_MAX, &value))
		server.weight = (unsigned)value;
	made->servers[index] = server;
	made->server_nodes[index] = node;
	made->pool->server_count++;
}

void conf_take_eject(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_made *made = object;

	made->pool->eject = node->word_count == 1;
	if (node->word_count > 1 && node->has_block)
		conf_problem(build->report, CONF_R_BLOCK_UNWANTED, &node->open, NULL, "';'", "eject off has no block");
	conf_build_block(build, node->children, made);
}

void conf_take_eject_errors(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_made *made = object;
	uint64_t value;

	if (conf_take_number(build, &node->words[1], 1, ERRORS_MAX, &value))
		made->pool->eject_errors = (unsigned)value;
}

void conf_take_eject_for(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_made *made = object;

	conf_take_time(build, node, &node->words[1], false, &made->pool->eject_for_ms);
}

void conf_take_eject_at_most(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_made *made = object;
	uint64_t value;

	if (conf_take_number(build, &node->words[1], 0, 100, &value))
		made->pool->eject_at_most_percent = (unsigned)value;
}

void conf_take_retries(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_made *made = object;
	const struct conf_word *budget = conf_option(node, "budget");
	uint64_t value;

	if (conf_take_number(build, &node->words[1], 0, RETRIES_MAX, &value))
		made->pool->retries = (unsigned)value;
	if (budget && conf_take_number(build, budget + 1, 0, 100, &value))
		made->pool->retry_budget_percent = (unsigned)value;
}

void conf_take_slow_start(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_made *made = object;

	conf_take_time(build, node, &node->words[1], false, &made->pool->slow_start_ms);
}

void conf_take_keepalive(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_made *made = object;
	const struct conf_word *time = conf_option(node, "time");
	uint64_t value;

	if (conf_take_number(build, &node->words[1], 0, KEEPALIVE_MAX, &value))
		made->pool->keepalive = (size_t)value;
	if (time)
		conf_take_time(build, node, time + 1, true, &made->pool->keepalive_time_ms);
}

void conf_take_timeout(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_made *made = object;
	struct conf_pool *pool = made->pool;
	unsigned *out = conf_word_is(&node->words[0], "connect")    ? &pool->connect_time_ms
			: conf_word_is(&node->words[0], "response") ? &pool->response_time_ms
								    : &pool->idle_time_ms;

	conf_take_time(build, node, &node->words[1], true, out);
}

/* ---- TLS to servers */

void conf_take_pool_tls(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_made *made = object;
	struct conf_pool_tls *tls = conf_memory_take(&build->owned->memory, sizeof(*tls));

	if (!tls)
		return;
	made->pool->tls = tls;
	conf_build_block(build, node->children, tls);
	if (!tls->trust && !tls->insecure_no_verify && conf_count(node->children, "ca") == 0) {
		conf_build_trust(build, NULL, &tls->trust);
		if (!tls->trust)
			conf_problem(build->report, CONF_R_CA_FILE, &node->words[0].span, "name one with ca \"FILE\";", NULL,
				     "this machine has no trust anchors of its own");
	}
}

void conf_take_pool_ca(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_tls *tls = object;

	conf_build_trust(build, &node->words[1], &tls->trust);
}

void conf_take_pool_name(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_tls *tls = object;

	tls->name = conf_build_text(build, node->words[1].text);
}

void conf_take_pool_certificate(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_tls *tls = object;

	tls->credential = conf_build_credential(build, node);
}

void conf_take_pool_insecure(struct conf_build *build, const struct conf_node *node, void *object)
{
	struct conf_pool_tls *tls = object;

	tls->insecure_no_verify = true;
	conf_problem(build->report, CONF_R_NOT_VERIFIED, &node->words[0].span, NULL, NULL, "the servers of this pool are not verified");
}
