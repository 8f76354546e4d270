/* status.c - the state of everything as JSON, for the dashboard and for programs: /api/v1/status, /readyz. */
#include "gateway/admin.h"
#include "gateway/own_certificates.h"
#include "gateway/textout.h"
#include <bojagi/version.h>

#define SUM(member) facts_sum_at(f, offsetof(struct stats, member))

static void text(struct writer *w, const char *key, const char *value)
{
	out_text(w, "\"");
	out_text(w, key);
	out_text(w, "\":");
	out_json(w, bytes_text(value), 512);
}

static void number(struct writer *w, const char *key, uint64_t value)
{
	out_text(w, "\"");
	out_text(w, key);
	out_text(w, "\":");
	out_number(w, value);
}

static void comma(struct writer *w)
{
	wr_u8(w, ',');
}

static uint64_t server_sum(const struct gateway_facts *f, size_t server, size_t offset)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < f->runtime->worker_count; i++)
		sum += stat_get((const struct stat_cell *)(const void *)((const char *)runtime_server(f->runtime, i, server) + offset));
	return sum;
}

static void one_server(struct writer *w, const struct gateway_facts *f, const struct conf_server *server, size_t index)
{
	uint64_t requests = server_sum(f, index, offsetof(struct server_stats, requests));
	uint64_t latency = server_sum(f, index, offsetof(struct server_stats, latency_us));

	out_text(w, "{");
	text(w, "name", server->name);
	comma(w);
	text(w, "address", server->address.text);
	comma(w);
	number(w, "weight", server->weight);
	out_text(w, server->backup ? ",\"backup\":true," : ",\"backup\":false,");
	out_text(w, runtime_server_is_up(f->runtime, index, f->now_ms) ? "\"up\":true," : "\"up\":false,");
	number(w, "connections", server_sum(f, index, offsetof(struct server_stats, connections)));
	comma(w);
	number(w, "idle_connections", server_sum(f, index, offsetof(struct server_stats, idle)));
	comma(w);
	number(w, "requests", requests);
	comma(w);
	number(w, "failures", server_sum(f, index, offsetof(struct server_stats, failures)));
	comma(w);
	out_text(w, "\"mean_ms\":");
	out_thousandths(w, requests ? latency / requests : 0);
	out_text(w, "}");
}

static void pools(struct writer *w, const struct gateway_facts *f)
{
	static const char *const balances[] = { "round_robin", "weighted_round_robin", "least_connections", "ip_hash", "random_two",
						"peak_ewma", "maglev", "ring_hash" };
	const struct conf_snapshot *conf = f->runtime->conf;

	out_text(w, "\"pools\":[");
	for (size_t p = 0; p < conf->pool_count; p++) {
		const struct conf_pool *pool = &conf->pools[p];

		out_text(w, p ? ",{" : "{");
		text(w, "name", pool->name);
		comma(w);
		text(w, "balance", balances[pool->balance]);
		out_text(w, pool->tls ? ",\"tls\":true,\"servers\":[" : ",\"tls\":false,\"servers\":[");
		for (size_t s = 0; s < pool->server_count; s++) {
			if (s)
				comma(w);
			one_server(w, f, &pool->servers[s], f->runtime->pools[p].first_server + s);
		}
		out_text(w, "]}");
	}
	out_text(w, "]");
}

static void listeners(struct writer *w, const struct gateway_facts *f)
{
	static const char *const protocols[] = { "", "http", "tcp", "udp" };
	const struct conf_snapshot *conf = f->runtime->conf;

	out_text(w, "\"listeners\":[");
	for (size_t i = 0; i < conf->listener_count; i++) {
		const struct conf_listener *l = &conf->listeners[i];

		out_text(w, i ? ",{" : "{");
		text(w, "name", l->name);
		comma(w);
		text(w, "address", l->address.text);
		comma(w);
		text(w, "protocol", protocols[l->protocol]);
		out_text(w, l->tls ? ",\"tls\":true}" : ",\"tls\":false}");
	}
	out_text(w, "]");
}

static void handshakes(struct writer *w, const struct gateway_facts *f)
{
	size_t at = offsetof(struct stats, tls);
	bool first = true;

	out_text(w, "\"handshakes\":{");
	number(w, "in_progress", facts_sum_at(f, at + offsetof(struct tls_stats, in_progress)));
	for (size_t resumed = 0; resumed < 2; resumed++) {
		uint64_t count = 0, sum = 0;

		for (size_t version = 0; version < 2; version++) {
			size_t h = at + offsetof(struct tls_stats, handshake) + (resumed * 2 + version) * sizeof(struct histogram);

			for (size_t b = 0; b < HISTOGRAM_BUCKETS; b++)
				count += facts_sum_at(f, h + b * sizeof(struct stat_cell));
			sum += facts_sum_at(f, h + offsetof(struct histogram, sum_us));
		}
		comma(w);
		number(w, resumed ? "resumed" : "full", count);
		out_text(w, resumed ? ",\"resumed_mean_ms\":" : ",\"full_mean_ms\":");
		out_thousandths(w, count ? sum / count : 0);
	}
	out_text(w, ",\"failures\":{");
	for (size_t i = 1; i < HANDSHAKE_RESULT_COUNT; i++) {
		uint64_t n = facts_sum_at(f, at + offsetof(struct tls_stats, results) + i * sizeof(struct stat_cell));

		if (n == 0)
			continue;
		if (!first)
			comma(w);
		first = false;
		number(w, handshake_result_name((enum handshake_result)i), n);
	}
	out_text(w, "}}");
}

/* The worker's count of this kind; null: it has none. */
static const struct stat_negotiated *find_kind(const struct stats *stats, uint32_t kind, const struct stat_negotiated *like)
{
	for (size_t i = 0; i < STATS_NEGOTIATED_MAX; i++) {
		const struct stat_negotiated *n = &stats->tls[SIDE_FRONTEND].negotiated[i];
		uint32_t have = atomic_load_explicit(&n->version_suite, memory_order_acquire);

		if (have == 0)
			break;
		if (have == kind && n->group == like->group && strcmp(n->alpn, like->alpn) == 0)
			return n;
	}
	return NULL;
}

/* The sum over the workers, told where the first of them is met; false when an earlier one had this kind. */
static bool sum_kind(const struct gateway_facts *f, unsigned at, uint32_t kind, const struct stat_negotiated *n, uint64_t *out_sum)
{
	*out_sum = 0;
	for (unsigned i = 0; i < f->worker_count; i++) {
		const struct stat_negotiated *same = find_kind(f->stats[i], kind, n);

		if (same && i < at)
			return false;
		*out_sum += same ? stat_get(&same->count) : 0;
	}
	return true;
}

static void kinds(struct writer *w, const struct gateway_facts *f)
{
	bool first = true;

	out_text(w, "\"negotiated\":[");
	for (unsigned at = 0; at < f->worker_count; at++)
		for (size_t i = 0; i < STATS_NEGOTIATED_MAX; i++) {
			const struct stat_negotiated *n = &f->stats[at]->tls[SIDE_FRONTEND].negotiated[i];
			uint32_t kind = atomic_load_explicit(&n->version_suite, memory_order_acquire);
			uint64_t sum;

			if (kind == 0)
				break;
			if (!sum_kind(f, at, kind, n, &sum))
				continue;
			out_text(w, first ? "{" : ",{");
			first = false;
			text(w, "version", bj_tls_version_name((uint16_t)(kind >> 16)));
			comma(w);
			text(w, "cipher", bj_tls_suite_name((uint16_t)kind));
			comma(w);
			text(w, "group", n->group ? bj_tls_group_name((uint16_t)n->group) : "");
			comma(w);
			text(w, "alpn", n->alpn);
			comma(w);
			number(w, "count", sum);
			out_text(w, "}");
		}
	out_text(w, "]");
}

static void certificates(struct writer *w, const struct gateway_facts *f)
{
	struct own_certificate c;

	out_text(w, "\"certificates\":[");
	for (size_t i = 0; own_certificate_at(f->runtime, i, &c); i++) {
		out_text(w, i ? ",{" : "{");
		text(w, "name", c.name);
		comma(w);
		text(w, "tls", c.tls);
		out_text(w, ",\"not_after\":\"");
		out_time(w, c.not_after_s > 0 ? c.not_after_s * 1000 : 0);
		out_text(w, "\"}");
	}
	out_text(w, "]");
}

static void statuses(struct writer *w, const struct gateway_facts *f)
{
	bool first = true;

	out_text(w, "\"responses\":{");
	for (size_t s = 0; s < STATS_STATUS_COUNT; s++) {
		uint64_t n = 0;

		for (size_t m = 0; m < STATS_METHODS; m++)
			n += facts_sum_at(f, offsetof(struct stats, responses) + (m * STATS_STATUS_COUNT + s) * sizeof(struct stat_cell));
		if (n == 0)
			continue;
		out_text(w, first ? "\"" : ",\"");
		first = false;
		out_number(w, s + STATS_STATUS_MIN);
		out_text(w, "\":");
		out_number(w, n);
	}
	out_text(w, "}");
}

void status_write(struct writer *w, const struct gateway_facts *f)
{
	out_text(w, "{\"schema\":\"bojagi.status/1\",");
	text(w, "version", BJ_VERSION_TEXT);
	out_text(w, ",\"time\":\"");
	out_time(w, f->now_unix_ms);
	out_text(w, "\",\"started\":\"");
	out_time(w, f->started_unix_ms);
	out_text(w, "\",");
	number(w, "uptime_s", (uint64_t)(f->now_unix_ms - f->started_unix_ms) / 1000);
	comma(w);
	number(w, "workers", f->worker_count);
	out_text(w, f->stopping ? ",\"stopping\":true,\"config\":{" : ",\"stopping\":false,\"config\":{");
	text(w, "file", f->path);
	out_text(w, ",\"loaded\":\"");
	out_time(w, f->loaded_unix_ms);
	out_text(w, "\",");
	number(w, "loads", f->reloads);
	out_text(w, f->last_reload_ok ? ",\"last_reload_ok\":true," : ",\"last_reload_ok\":false,");
	text(w, "last_error", f->last_error);
	out_text(w, "},\"connections\":{");
	number(w, "open", SUM(connections_open));
	comma(w);
	number(w, "opened", SUM(connections_opened));
	comma(w);
	number(w, "refused", SUM(connections_refused));
	out_text(w, "},\"requests\":{");
	number(w, "total", SUM(requests));
	comma(w);
	number(w, "in_progress", SUM(requests_open));
	comma(w);
	number(w, "retries", SUM(retries));
	comma(w);
	number(w, "duration_us", SUM(request_duration.sum_us));
	out_text(w, "},\"bytes\":{");
	number(w, "received", SUM(bytes_in));
	comma(w);
	number(w, "sent", SUM(bytes_out));
	out_text(w, "},\"udp\":{");
	number(w, "flows", SUM(flows_open));
	out_text(w, "},");
	handshakes(w, f);
	comma(w);
	kinds(w, f);
	comma(w);
	statuses(w, f);
	comma(w);
	certificates(w, f);
	comma(w);
	listeners(w, f);
	comma(w);
	pools(w, f);
	out_text(w, "}\n");
}

bool readiness_write(struct writer *w, const struct gateway_facts *f)
{
	const struct conf_snapshot *conf = f->runtime->conf;
	bool ready = true;

	out_text(w, "{\"reasons\":[");
	if (f->stopping) {
		out_text(w, "\"the gateway is stopping\"");
		ready = false;
	}
	for (size_t p = 0; p < conf->pool_count; p++) {
		bool up = conf->pools[p].server_count == 0;

		for (size_t s = 0; s < conf->pools[p].server_count && !up; s++)
			up = runtime_server_is_up(f->runtime, f->runtime->pools[p].first_server + s, f->now_ms);
		if (up)
			continue;
		if (!ready)
			comma(w);
		out_text(w, "\"no server of a pool is up: ");
		out_text(w, conf->pools[p].name);
		out_text(w, "\"");
		ready = false;
	}
	out_text(w, ready ? "],\"ready\":true}\n" : "],\"ready\":false}\n");
	return ready;
}
