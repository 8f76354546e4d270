/* metrics.c - the counts as OpenMetrics text. Names, words and labels are docs/metrics.md's; no address or name of a client's is a label. */
#include "gateway/admin.h"
#include "gateway/own_certificates.h"
#include "gateway/process.h"
#include "gateway/textout.h"
#include <bojagi/version.h>

#define SUM(member) facts_sum_at(f, offsetof(struct stats, member))

static void head(struct writer *w, const char *name, const char *type, const char *help)
{
	out_text(w, "# TYPE ");
	out_text(w, name);
	wr_u8(w, ' ');
	out_text(w, type);
	out_text(w, "\n# HELP ");
	out_text(w, name);
	wr_u8(w, ' ');
	out_text(w, help);
	wr_u8(w, '\n');
}

/* name suffix {labels} value. `labels` may be null. */
static void line(struct writer *w, const char *name, const char *suffix, const char *labels, uint64_t value)
{
	out_text(w, name);
	out_text(w, suffix);
	if (labels) {
		wr_u8(w, '{');
		out_text(w, labels);
		wr_u8(w, '}');
	}
	wr_u8(w, ' ');
	out_number(w, value);
	wr_u8(w, '\n');
}

static void counter(struct writer *w, const char *name, const char *help, uint64_t value)
{
	head(w, name, "counter", help);
	line(w, name, "_total", NULL, value);
}

static void gauge(struct writer *w, const char *name, const char *help, uint64_t value)
{
	head(w, name, "gauge", help);
	line(w, name, "", NULL, value);
}

/* Microseconds as seconds. */
static void seconds(struct writer *w, uint64_t us)
{
	char digits[8] = ".000000";

	out_number(w, us / 1000000);
	us %= 1000000;
	for (int i = 6; i > 0; i--) {
		digits[i] = (char)('0' + us % 10);
		us /= 10;
	}
	wr_raw(w, digits, 7);
}

static const char *const bound_texts[HISTOGRAM_BUCKETS] = {
	"0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf",
};

static void histogram(struct writer *w, const struct gateway_facts *f, const char *name, const char *labels, size_t offset)
{
	uint64_t count = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		count += facts_sum_at(f, offset + offsetof(struct histogram, buckets) + i * sizeof(struct stat_cell));
		out_text(w, name);
		out_text(w, "_bucket{");
		out_text(w, labels);
		out_text(w, labels[0] ? ",le=\"" : "le=\"");
		out_text(w, bound_texts[i]);
		out_text(w, "\"} ");
		out_number(w, count);
		wr_u8(w, '\n');
	}
	line(w, name, "_count", labels[0] ? labels : NULL, count);
	out_text(w, name);
	out_text(w, "_sum");
	if (labels[0]) {
		wr_u8(w, '{');
		out_text(w, labels);
		wr_u8(w, '}');
	}
	wr_u8(w, ' ');
	seconds(w, facts_sum_at(f, offset + offsetof(struct histogram, sum_us)));
	wr_u8(w, '\n');
}

static const char *const side_labels[SIDE_COUNT] = { "side=\"frontend\"", "side=\"backend\"" };

static size_t side_at(size_t side, size_t member)
{
	return offsetof(struct stats, tls) + side * sizeof(struct tls_stats) + member;
}

static void label_line(struct writer *w, const char *name, const char *suffix, size_t side, const char *key, const char *word,
		       uint64_t value)
{
	char labels[160];
	struct writer l = wr_make(labels, sizeof(labels) - 1);

	out_text(&l, side_labels[side]);
	out_text(&l, ",");
	out_text(&l, key);
	out_text(&l, "=\"");
	out_text(&l, word);
	out_text(&l, "\"");
	labels[l.len] = '\0';
	line(w, name, suffix, labels, value);
}

static void tcp_metrics(struct writer *w, const struct gateway_facts *f)
{
	const char *name = "bojagi_tcp_connections";

	head(w, name, "gauge", "Connections of clients that are open.");
	line(w, name, "", "state=\"established\"", SUM(connections_open));
	counter(w, "bojagi_tcp_connections_opened", "Connections of clients that were accepted.", SUM(connections_opened));
	counter(w, "bojagi_tcp_connections_refused", "Connections and datagrams of clients that a limit or a rule refused.",
		SUM(connections_refused));
	name = "bojagi_tcp_connections_closed";
	head(w, name, "counter", "Connections of clients that ended, by reason.");
	for (size_t i = 0; i < 6; i++) {
		char labels[40];
		struct writer l = wr_make(labels, sizeof(labels) - 1);

		out_text(&l, "reason=\"");
		out_text(&l, close_reason_name((enum close_reason)i));
		out_text(&l, "\"");
		labels[l.len] = '\0';
		line(w, name, "_total", labels, facts_sum_at(f, offsetof(struct stats, connections_closed) + i * sizeof(struct stat_cell)));
	}
}

static void handshake_metrics(struct writer *w, const struct gateway_facts *f)
{
	static const char *const kinds[2][2] = {
		{ "resumption=\"full\",version=\"TLSv1.2\"", "resumption=\"full\",version=\"TLSv1.3\"" },
		{ "resumption=\"resumed\",version=\"TLSv1.2\"", "resumption=\"resumed\",version=\"TLSv1.3\"" },
	};
	const char *name = "bojagi_tls_handshake_duration_seconds";

	head(w, name, "histogram", "From the connection to the end of the TLS handshake, where it succeeded.");
	for (size_t side = 0; side < SIDE_COUNT; side++)
		for (size_t i = 0; i < 4; i++) {
			char labels[120];
			struct writer l = wr_make(labels, sizeof(labels) - 1);

			out_text(&l, side_labels[side]);
			out_text(&l, ",");
			out_text(&l, kinds[i / 2][i % 2]);
			labels[l.len] = '\0';
			histogram(w, f, name, labels, side_at(side, offsetof(struct tls_stats, handshake) + i * sizeof(struct histogram)));
		}
	name = "bojagi_tls_handshakes";
	head(w, name, "counter", "TLS handshakes that ended, by result.");
	for (size_t side = 0; side < SIDE_COUNT; side++)
		for (size_t i = 0; i < HANDSHAKE_RESULT_COUNT; i++)
			label_line(w, name, "_total", side, "result", handshake_result_name((enum handshake_result)i),
				   facts_sum_at(f, side_at(side, offsetof(struct tls_stats, results) + i * sizeof(struct stat_cell))));
	name = "bojagi_tls_handshakes_in_progress";
	head(w, name, "gauge", "TLS handshakes that have begun and not ended.");
	for (size_t side = 0; side < SIDE_COUNT; side++)
		line(w, name, "", side_labels[side], facts_sum_at(f, side_at(side, offsetof(struct tls_stats, in_progress))));
}

static void alert_metrics(struct writer *w, const struct gateway_facts *f)
{
	static const char *const directions[2] = { "sent", "received" };
	static const size_t places[2] = { offsetof(struct tls_stats, alerts_sent), offsetof(struct tls_stats, alerts_received) };
	const char *name = "bojagi_tls_alerts";

	head(w, name, "counter", "TLS alerts that ended handshakes.");
	for (size_t side = 0; side < SIDE_COUNT; side++)
		for (size_t d = 0; d < 2; d++)
			for (size_t i = 0; i < 128; i++) {
				uint64_t value = facts_sum_at(f, side_at(side, places[d] + i * sizeof(struct stat_cell)));
				char word[96];
				struct writer l = wr_make(word, sizeof(word) - 1);

				if (value == 0)
					continue;
				out_text(&l, bj_tls_alert_name((int)i));
				out_text(&l, "\",direction=\"");
				out_text(&l, directions[d]);
				word[l.len] = '\0';
				label_line(w, name, "_total", side, "alert", word, value);
			}
}

/* Workers have their own tables of kinds; the same kind may stand in several. */
static void kind_metrics(struct writer *w, const struct gateway_facts *f)
{
	const char *name = "bojagi_tls_connections_negotiated";

	head(w, name, "counter", "TLS connections by what was negotiated.");
	for (size_t side = 0; side < SIDE_COUNT; side++)
		for (unsigned at = 0; at < f->worker_count; at++)
			for (size_t i = 0; i < STATS_NEGOTIATED_MAX; i++) {
				const struct stat_negotiated *n = &f->stats[at]->tls[side].negotiated[i];
				uint32_t kind = atomic_load_explicit(&n->version_suite, memory_order_acquire);
				char word[200];
				struct writer l = wr_make(word, sizeof(word) - 1);

				if (kind == 0)
					break;
				out_text(&l, bj_tls_version_name((uint16_t)(kind >> 16)));
				out_text(&l, "\",cipher=\"");
				out_text(&l, bj_tls_suite_name((uint16_t)kind));
				out_text(&l, "\",group=\"");
				out_text(&l, n->group ? bj_tls_group_name((uint16_t)n->group) : "none");
				out_text(&l, "\",alpn=\"");
				out_text(&l, n->alpn);
				out_text(&l, "\",worker=\"");
				out_number(&l, at);
				if (!wr_ok(&l))
					continue;
				word[l.len] = '\0';
				out_text(w, name);
				out_text(w, "_total{");
				out_text(w, side_labels[side]);
				out_text(w, ",version=\"");
				out_text(w, word);
				out_text(w, "\"} ");
				out_number(w, stat_get(&n->count));
				wr_u8(w, '\n');
			}
}

static void tls_volume(struct writer *w, const struct gateway_facts *f)
{
	static const struct {
		const char *name, *help;
		size_t at;
	} rows[] = {
		{ "bojagi_tls_encrypted_bytes", "Plaintext that was encrypted, on connections that have ended.",
		  offsetof(struct tls_stats, bytes_encrypted) },
		{ "bojagi_tls_decrypted_bytes", "Plaintext that was decrypted, on connections that have ended.",
		  offsetof(struct tls_stats, bytes_decrypted) },
	};

	for (size_t r = 0; r < ARRAY_COUNT(rows); r++) {
		head(w, rows[r].name, "counter", rows[r].help);
		for (size_t side = 0; side < SIDE_COUNT; side++)
			line(w, rows[r].name, "_total", side_labels[side], facts_sum_at(f, side_at(side, rows[r].at)));
	}
	head(w, "bojagi_tls_records", "counter", "TLS records, on connections that have ended.");
	for (size_t side = 0; side < SIDE_COUNT; side++) {
		label_line(w, "bojagi_tls_records", "_total", side, "direction", "sent",
			   facts_sum_at(f, side_at(side, offsetof(struct tls_stats, records_sent))));
		label_line(w, "bojagi_tls_records", "_total", side, "direction", "received",
			   facts_sum_at(f, side_at(side, offsetof(struct tls_stats, records_received))));
	}
}

static void http_metrics(struct writer *w, const struct gateway_facts *f)
{
	static const char *const methods[STATS_METHODS] = { "other", "get", "head", "post", "put", "delete", "connect", "options", "trace",
							    "patch" };
	const char *name = "bojagi_http_requests";

	head(w, name, "counter", "HTTP requests that ended, by status and method.");
	for (size_t m = 0; m < STATS_METHODS; m++)
		for (size_t s = 0; s < STATS_STATUS_COUNT; s++) {
			uint64_t value = facts_sum_at(f, offsetof(struct stats, responses) + (m * STATS_STATUS_COUNT + s) * sizeof(struct stat_cell));

			if (value == 0)
				continue;
			out_text(w, "bojagi_http_requests_total{code=\"");
			out_number(w, s + STATS_STATUS_MIN);
			out_text(w, "\",method=\"");
			out_text(w, methods[m]);
			out_text(w, "\"} ");
			out_number(w, value);
			wr_u8(w, '\n');
		}
	gauge(w, "bojagi_http_requests_in_progress", "HTTP requests that have begun and not ended.", SUM(requests_open));
	name = "bojagi_http_request_duration_seconds";
	head(w, name, "histogram", "From the first byte of a request to the end of its response.");
	histogram(w, f, name, "", offsetof(struct stats, request_duration));
	counter(w, "bojagi_http_retries", "Requests that were sent to another server.", SUM(retries));
	counter(w, "bojagi_http_retries_refused", "Retries that the budget did not allow.", SUM(retries_refused));
	name = "bojagi_bytes";
	head(w, name, "counter", "Content from clients and to them.");
	line(w, name, "_total", "direction=\"received\"", SUM(bytes_in));
	line(w, name, "_total", "direction=\"sent\"", SUM(bytes_out));
	gauge(w, "bojagi_udp_flows", "Flows of datagrams that are open.", SUM(flows_open));
	counter(w, "bojagi_log_lines_lost", "Lines of the access log that could not be written.", SUM(log_lines_lost) + f->log_lines_lost);
	counter(w, "bojagi_log_handshakes_left_out", "Failed handshakes without a line in the access log: more than its limit.",
		SUM(log_handshakes_left_out));
}

static uint64_t server_sum(const struct gateway_facts *f, size_t server, size_t offset)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < f->runtime->worker_count; i++)
		sum += stat_get((const struct stat_cell *)(const void *)((const char *)runtime_server(f->runtime, i, server) + offset));
	return sum;
}

static void server_metric(struct writer *w, const struct gateway_facts *f, const char *name, const char *suffix, size_t offset,
			  bool is_up)
{
	const struct conf_snapshot *conf = f->runtime->conf;

	for (size_t p = 0; p < conf->pool_count; p++)
		for (size_t s = 0; s < conf->pools[p].server_count; s++) {
			size_t server = f->runtime->pools[p].first_server + s;

			out_text(w, name);
			out_text(w, suffix);
			out_text(w, "{backend=");
			out_json(w, bytes_text(conf->pools[p].name), 128);
			out_text(w, ",server=");
			out_json(w, bytes_text(conf->pools[p].servers[s].name), 128);
			out_text(w, "} ");
			out_number(w, is_up ? runtime_server_is_up(f->runtime, server, f->now_ms) : server_sum(f, server, offset));
			wr_u8(w, '\n');
		}
}

static void server_metrics(struct writer *w, const struct gateway_facts *f)
{
	head(w, "bojagi_backend_up", "gauge", "1 where a server gets traffic.");
	server_metric(w, f, "bojagi_backend_up", "", offsetof(struct server_stats, up), true);
	head(w, "bojagi_backend_connections", "gauge", "Connections to a server that are in use.");
	server_metric(w, f, "bojagi_backend_connections", "", offsetof(struct server_stats, connections), false);
	head(w, "bojagi_backend_idle_connections", "gauge", "Connections to a server that are kept for later.");
	server_metric(w, f, "bojagi_backend_idle_connections", "", offsetof(struct server_stats, idle), false);
	head(w, "bojagi_backend_requests", "counter", "Requests and connections that a server was given.");
	server_metric(w, f, "bojagi_backend_requests", "_total", offsetof(struct server_stats, requests), false);
	head(w, "bojagi_backend_failures", "counter", "Those of them that failed by the server's fault.");
	server_metric(w, f, "bojagi_backend_failures", "_total", offsetof(struct server_stats, failures), false);
}

static void certificate_metrics(struct writer *w, const struct gateway_facts *f)
{
	const char *name = "bojagi_tls_certificate_not_after_timestamp_seconds";
	struct own_certificate c;

	head(w, name, "gauge", "When a certificate that we show expires.");
	for (size_t i = 0; own_certificate_at(f->runtime, i, &c); i++) {
		out_text(w, name);
		out_text(w, "{name=");
		out_json(w, bytes_text(c.name), sizeof(c.name));
		out_text(w, ",source=");
		out_json(w, bytes_text(c.tls), 128);
		out_text(w, "} ");
		out_number(w, c.not_after_s > 0 ? (uint64_t)c.not_after_s : 0);
		wr_u8(w, '\n');
	}
}

static void process_metrics(struct writer *w)
{
	struct process_facts p;

	process_facts(&p);
	head(w, "process_cpu_seconds", "counter", "Processor time, user and system.");
	out_text(w, "process_cpu_seconds_total ");
	seconds(w, p.cpu_us);
	wr_u8(w, '\n');
	gauge(w, "process_resident_memory_bytes", "Memory that is resident.", p.resident_bytes);
	gauge(w, "process_open_fds", "Descriptors that are open.", p.descriptors);
	gauge(w, "process_max_fds", "Descriptors that may be open.", p.descriptors_max);
}

void metrics_write(struct writer *w, const struct gateway_facts *f)
{
	tcp_metrics(w, f);
	handshake_metrics(w, f);
	alert_metrics(w, f);
	kind_metrics(w, f);
	tls_volume(w, f);
	http_metrics(w, f);
	server_metrics(w, f);
	certificate_metrics(w, f);
	process_metrics(w);
	head(w, "bojagi_build_info", "gauge", "The version that runs.");
	line(w, "bojagi_build_info", "", "version=\"" BJ_VERSION_TEXT "\"", 1);
	gauge(w, "bojagi_config_last_reload_successful", "1 where the newest configuration is in use.", f->last_reload_ok);
	gauge(w, "bojagi_config_last_reload_success_timestamp_seconds", "When the configuration in use was loaded.",
	      (uint64_t)f->loaded_unix_ms / 1000);
	gauge(w, "process_start_time_seconds", "When the process began.", (uint64_t)f->started_unix_ms / 1000);
	out_text(w, "# EOF\n");
}
