/* cmd_sim.c - `bojagi sim`: a TLS handshake under a given network, in virtual time, as a ladder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/cert_local.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/ladder.h"
#include "cli/say.h"
#include "cli/terminal.h"
#include "tcpip/wire/tcp.h"

#define NAME "localhost"
#define LIMIT_S 600

static const char help[] =
	"bojagi sim                            a handshake over a good network of 50 ms round trip\n"
	"bojagi sim --rtt 200ms --loss 5 --seed 3\n"
	"bojagi sim --drop server:2 --cert site.pem --key site.key\n"
	"\n"
	"  --rtt TIME            round trip (default 50ms); --jitter TIME on top, which reorders\n"
	"  --bandwidth N         bits a second, with k, m or g; --queue N packets before the wire (default 1000)\n"
	"  --loss P, --duplicate P, --reorder P, --corrupt P    percent of packets\n"
	"  --burst P             percent of packets at which five in a row are lost\n"
	"  --drop SIDE:N         the Nth packet of the client or the server is lost\n"
	"  --mtu N               of both ends (default 1500); --hole N: larger packets vanish on the way\n"
	"  --thin N              of plain acknowledgments only each Nth gets through\n"
	"  --strip               a middlebox takes TCP's options away\n"
	"  -tls1_2, -tls1_3      only this version\n"
	"  --cert FILE, --key F  the server's chain, to see what its size does (default: one of a local CA)\n"
	"  --request N, --response N   bytes of the exchange behind the handshake (default 100 and 1000)\n"
	"  --seed N              the same seed gives the same network (default 1)\n"
	"  --json                one object a line\n"
	"\n"
	"Nothing is sent anywhere. exit: 0 all arrived, 28 it did not in ten minutes, 35 the handshake failed\n";

enum {
	OPTION_RTT = 1, OPTION_JITTER, OPTION_BANDWIDTH, OPTION_QUEUE, OPTION_LOSS, OPTION_DUPLICATE, OPTION_REORDER, OPTION_CORRUPT,
	OPTION_BURST, OPTION_DROP, OPTION_MTU, OPTION_HOLE, OPTION_THIN, OPTION_STRIP, OPTION_TLS12, OPTION_TLS13, OPTION_CERT, OPTION_KEY,
	OPTION_REQUEST, OPTION_RESPONSE, OPTION_SEED,
};

static const struct option own[] = {
	{ "rtt", required_argument, NULL, OPTION_RTT },
	{ "jitter", required_argument, NULL, OPTION_JITTER },
	{ "bandwidth", required_argument, NULL, OPTION_BANDWIDTH },
	{ "queue", required_argument, NULL, OPTION_QUEUE },
	{ "loss", required_argument, NULL, OPTION_LOSS },
	{ "duplicate", required_argument, NULL, OPTION_DUPLICATE },
	{ "reorder", required_argument, NULL, OPTION_REORDER },
	{ "corrupt", required_argument, NULL, OPTION_CORRUPT },
	{ "burst", required_argument, NULL, OPTION_BURST },
	{ "drop", required_argument, NULL, OPTION_DROP },
	{ "mtu", required_argument, NULL, OPTION_MTU },
	{ "hole", required_argument, NULL, OPTION_HOLE },
	{ "thin", required_argument, NULL, OPTION_THIN },
	{ "strip", no_argument, NULL, OPTION_STRIP },
	{ "tls1_2", no_argument, NULL, OPTION_TLS12 },
	{ "tls1_3", no_argument, NULL, OPTION_TLS13 },
	{ "cert", required_argument, NULL, OPTION_CERT },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "request", required_argument, NULL, OPTION_REQUEST },
	{ "response", required_argument, NULL, OPTION_RESPONSE },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ 0 },
};

struct sim_wish {
	struct options options;
	struct ladder_wish ladder;
	struct ladder_side sides[2];
	const char *cert, *key;
	bool tls12, tls13;
	struct terminal terminal;
};

/* ---- options */

static int number(const char *text, const char *option, uint64_t min, uint64_t max, uint64_t *out)
{
	if (options_number(text, min, max, out))
		return EXIT_GOOD;
	return say_failure(EXIT_USAGE, "--%s is a number from %lu to %lu, not '%s'", option, (unsigned long)min, (unsigned long)max, text);
}

static int number32(const char *text, const char *option, uint64_t min, uint64_t max, uint32_t *out)
{
	uint64_t value = 0;
	int code = number(text, option, min, max, &value);

	if (!code)
		*out = (uint32_t)value;
	return code;
}

/* "0.5" -> 5000 parts of a million */
static int percent(const char *text, const char *option, uint32_t *out_ppm)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || (*end && strcmp(end, "%") != 0) || !(value >= 0 && value <= 100))
		return say_failure(EXIT_USAGE, "--%s is a percentage from 0 to 100, not '%s'", option, text);
	*out_ppm = (uint32_t)(value * 10000 + 0.5);
	return EXIT_GOOD;
}

static int span(const char *text, const char *option, int64_t *out_us)
{
	uint64_t ms;

	if (!options_duration_ms(text, &ms) || ms > 60000)
		return say_failure(EXIT_USAGE, "--%s is a time up to a minute, such as 50ms, not '%s'", option, text);
	*out_us = (int64_t)ms * 1000;
	return EXIT_GOOD;
}

static int bandwidth(const char *text, uint64_t *out_bytes_per_s)
{
	static const char units[] = "kmg";
	size_t len = strlen(text);
	const char *unit = len > 0 ? strchr(units, text[len - 1] | 0x20) : NULL;
	uint64_t value = 0, factor = 1;
	char digits[24];

	if (unit && *unit)
		len--;
	for (const char *u = units; unit && u <= unit; u++)
		factor *= 1000;
	if (len == 0 || len >= sizeof(digits))
		return say_failure(EXIT_USAGE, "--bandwidth is bits a second, such as 10m, not '%s'", text);
	memcpy(digits, text, len);
	digits[len] = 0;
	if (!options_number(digits, 1, UINT64_C(1000000000000) / factor, &value) || value * factor < 8000)
		return say_failure(EXIT_USAGE, "--bandwidth is bits a second from 8k to 1000g, not '%s'", text);
	*out_bytes_per_s = value * factor / 8;
	return EXIT_GOOD;
}

static int drop(const char *text, struct sim_options *wire)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool client = len == 6 && memcmp(text, "client", 6) == 0, server = len == 6 && memcmp(text, "server", 6) == 0;

	if (!client && !server)
		return say_failure(EXIT_USAGE, "--drop is client:N or server:N, not '%s'", text);
	if (wire->drop_at[server])
		return say_failure(EXIT_USAGE, "--drop is given once for each side, not also '%s'; --burst and --loss lose more", text);
	return number32(colon + 1, "drop", 1, 1000000, &wire->drop_at[server]);
}

static int take_size(const char *text, const char *option, size_t *out)
{
	uint64_t value = 0;
	int code = number(text, option, 1, 100000000, &value);

	if (!code)
		*out = (size_t)value;
	return code;
}

static int take_option(struct sim_wish *w, int option)
{
	struct sim_options *wire = &w->ladder.wire;
	int code;

	switch (option) {
	case OPTION_RTT:
		code = span(optarg, "rtt", &wire->delay_us);
		wire->delay_us /= 2;
		return code;
	case OPTION_JITTER:
		return span(optarg, "jitter", &wire->jitter_us);
	case OPTION_BANDWIDTH:
		return bandwidth(optarg, &wire->bytes_per_s);
	case OPTION_QUEUE:
		return number32(optarg, "queue", 1, 100000, &wire->queue_packets);
	case OPTION_LOSS:
		return percent(optarg, "loss", &wire->loss_ppm);
	case OPTION_DUPLICATE:
		return percent(optarg, "duplicate", &wire->duplicate_ppm);
	case OPTION_REORDER:
		return percent(optarg, "reorder", &wire->reorder_ppm);
	case OPTION_CORRUPT:
		return percent(optarg, "corrupt", &wire->corrupt_ppm);
	case OPTION_BURST:
		return percent(optarg, "burst", &wire->burst_ppm);
	case OPTION_DROP:
		return drop(optarg, wire);
	case OPTION_MTU:
		return number32(optarg, "mtu", 1280, 2000, &wire->mtu);
	case OPTION_HOLE:
		return number32(optarg, "hole", 576, 2000, &wire->swallow);
	case OPTION_THIN:
		return number32(optarg, "thin", 1, 1000, &wire->thin_acks);
	case OPTION_STRIP:
		wire->strip_options = true;
		return EXIT_GOOD;
	case OPTION_TLS12:
		w->tls12 = true;
		return EXIT_GOOD;
	case OPTION_TLS13:
		w->tls13 = true;
		return EXIT_GOOD;
	case OPTION_CERT:
		w->cert = optarg;
		return EXIT_GOOD;
	case OPTION_KEY:
		w->key = optarg;
		return EXIT_GOOD;
	case OPTION_REQUEST:
		return take_size(optarg, "request", &w->ladder.request_len);
	case OPTION_RESPONSE:
		return take_size(optarg, "response", &w->ladder.response_len);
	case OPTION_SEED:
		return number(optarg, "seed", 0, UINT64_MAX, &wire->seed);
	default:
		return EXIT_USAGE;
	}
}

/* ---- the two ends */

static enum bj_err set_versions(const struct sim_wish *w, struct bj_tls_config *config)
{
	enum bj_tls_version only = w->tls12 ? BJ_TLS_1_2 : BJ_TLS_1_3;

	return w->tls12 != w->tls13 ? bj_tls_config_versions(config, only, only) : BJ_OK;
}

static enum bj_err make_configs(struct sim_wish *w, struct bj_trust *trust, struct bj_credential *credential)
{
	struct bj_tls_config *client = bj_tls_config_new(BJ_TLS_CLIENT), *server = bj_tls_config_new(BJ_TLS_SERVER);
	enum bj_err err = client && server ? BJ_OK : BJ_ERR_NO_MEMORY;

	w->ladder.client = client;
	w->ladder.server = server;
	if (!err)
		err = w->cert ? bj_tls_config_insecure_no_verify(client) : bj_tls_config_trust(client, trust);
	if (!err)
		err = bj_tls_config_credential(server, credential);
	if (!err)
		err = set_versions(w, client);
	if (!err)
		err = bj_tls_config_observer(client, ladder_observe, &w->sides[0]);
	if (!err)
		err = bj_tls_config_observer(server, ladder_observe, &w->sides[1]);
	if (!err)
		err = bj_tls_config_freeze(client);
	return err ? err : bj_tls_config_freeze(server);
}

/* ---- printing */

static void flags_text(const struct ladder_row *row, char out[40])
{
	static const struct {
		uint16_t flag;
		const char *name;
	} names[] = { { TCP_SYN, "SYN" }, { TCP_FIN, "FIN" }, { TCP_RST, "RST" }, { TCP_PSH, "PSH" }, { TCP_ACK, "ACK" }, { TCP_URG, "URG" } };

	out[0] = 0;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (row->flags & names[i].flag) {
			strcat(out, out[0] ? "," : "");
			strcat(out, names[i].name);
		}
}

static void print_row(const struct sim_wish *w, const struct ladder_row *row)
{
	FILE *f = w->terminal.stream;
	const char *arrow = row->from == 0 ? (row->lost ? "--X  " : "---->") : (row->lost ? "  X--" : "<----");
	char flags[40], range[64] = "";

	if (row->is_note) {
		fprintf(f, "%10.3f ms  %-6s  %s\n", (double)row->at_us / 1000, row->from ? "server" : "client", row->tls);
		return;
	}
	flags_text(row, flags);
	if (row->len > 0)
		snprintf(range, sizeof(range), "%u:%u(%u)", row->seq, row->seq + row->len, row->len);
	else if (row->flags & (TCP_SYN | TCP_FIN))
		snprintf(range, sizeof(range), "%u", row->seq);
	fprintf(f, "%10.3f ms  client %s server  %-11s %-18s", (double)row->at_us / 1000, arrow, flags, range);
	if (row->flags & TCP_ACK)
		fprintf(f, " ack %-7u", row->ack);
	if (row->tls[0])
		fprintf(f, " %s", row->tls);
	if (row->why[0] || row->lost)
		fprintf(f, "  (%s%s%s)", row->why, row->why[0] && row->lost ? "; " : "", row->lost ? "lost" : "");
	fputc('\n', f);
}

static void print_row_json(const struct ladder_row *row)
{
	struct json json;
	char flags[40];

	flags_text(row, flags);
	json_begin(&json, stdout);
	json_object(&json, NULL);
	json_int(&json, "at_us", row->at_us);
	json_text(&json, "from", row->from ? "server" : "client");
	if (row->is_note) {
		json_text(&json, "note", row->tls);
	} else {
		json_text(&json, "flags", flags);
		json_int(&json, "seq", row->seq);
		json_int(&json, "ack", row->ack);
		json_int(&json, "len", row->len);
		json_bool(&json, "lost", row->lost);
		json_text(&json, "why", row->why[0] ? row->why : NULL);
		json_text(&json, "tls", row->tls[0] ? row->tls : NULL);
	}
	json_object_end(&json);
	json_end(&json);
}

static void on_row(void *self, const struct ladder_row *row)
{
	const struct sim_wish *w = (const struct sim_wish *)self;

	if (w->options.json)
		print_row_json(row);
	else if (!w->options.quiet)
		print_row(w, row);
}

static void print_when(FILE *f, const char *what, int64_t at_us, int64_t rtt_us)
{
	if (at_us < 0)
		fprintf(f, "  %-32s not reached\n", what);
	else if (rtt_us > 0)
		fprintf(f, "  %-32s %.1f ms, %.2f round trips\n", what, (double)at_us / 1000, (double)at_us / (double)rtt_us);
	else
		fprintf(f, "  %-32s %.1f ms\n", what, (double)at_us / 1000);
}

static void print_result(const struct sim_wish *w, const struct ladder_result *r)
{
	int64_t rtt_us = 2 * w->ladder.wire.delay_us;
	FILE *f = w->terminal.stream;

	fputc('\n', f);
	print_when(f, "TCP open at the client", r->open_us, rtt_us);
	print_when(f, "handshake complete, client", r->client_done_us, rtt_us);
	print_when(f, "handshake complete, server", r->server_done_us, rtt_us);
	print_when(f, "first byte of the response", r->first_byte_us, rtt_us);
	print_when(f, "the end at the client", r->end_us, rtt_us);
	fprintf(f, "  %-32s %lu, %lu of them lost; sent again: client %lu, server %lu\n", "packets", (unsigned long)r->packets,
		(unsigned long)r->lost, (unsigned long)r->retransmits[0], (unsigned long)r->retransmits[1]);
	fprintf(f, "  %-32s client %lu, server %lu; seed %lu\n", "bytes of the streams", (unsigned long)r->bytes[0], (unsigned long)r->bytes[1],
		(unsigned long)w->ladder.wire.seed);
}

static void print_result_json(const struct sim_wish *w, const struct ladder_result *r)
{
	struct json json;

	json_begin(&json, stdout);
	json_object(&json, NULL);
	json_text(&json, "schema", "bojagi.sim/1");
	json_int(&json, "tcp_open_us", r->open_us);
	json_int(&json, "client_done_us", r->client_done_us);
	json_int(&json, "server_done_us", r->server_done_us);
	json_int(&json, "first_byte_us", r->first_byte_us);
	json_int(&json, "end_us", r->end_us);
	json_int(&json, "packets", (int64_t)r->packets);
	json_int(&json, "lost", (int64_t)r->lost);
	json_int(&json, "client_retransmits", (int64_t)r->retransmits[0]);
	json_int(&json, "server_retransmits", (int64_t)r->retransmits[1]);
	json_text(&json, "error", r->err ? bj_err_name(r->err) : NULL);
	json_object_end(&json);
	json_end(&json);
}

static int run(struct sim_wish *w)
{
	struct bj_credential *credential = NULL;
	struct bj_trust *trust = bj_trust_new();
	struct ladder_result result;
	enum bj_err err = trust ? BJ_OK : BJ_ERR_NO_MEMORY;
	int code = EXIT_GOOD;

	if (!err)
		err = w->cert ? bj_credential_from_files(w->cert, w->key, &credential) : local_once(NAME, 1, clock_unix_ms() / 1000, trust, &credential);
	if (err && w->cert)
		code = say_err(EXIT_OWN_CERTIFICATE, err, "--cert %s", w->cert);
	if (!err)
		err = make_configs(w, trust, credential);
	if (!err) {
		w->ladder.unix_ms = clock_unix_ms();
		err = ladder_run(&w->ladder, &w->sides[0], &w->sides[1], on_row, w, &result);
	}
	if (err) {
		code = code ? code : say_err(EXIT_INTERNAL, err, "sim");
	} else {
		if (w->options.json)
			print_result_json(w, &result);
		else
			print_result(w, &result);
		if (result.err)
			code = say_err(exit_of_err(result.err), result.err, "the %s gave up", result.by_client ? "client" : "server");
	}
	bj_tls_config_free(w->ladder.client);
	bj_tls_config_free(w->ladder.server);
	bj_credential_free(credential);
	bj_trust_free(trust);
	return code;
}

int cmd_sim(int argc, char **argv)
{
	struct sim_wish *w = calloc(1, sizeof(*w));
	int step, code = EXIT_GOOD;

	if (!w)
		return say_err(EXIT_INTERNAL, BJ_ERR_NO_MEMORY, "sim");
	w->ladder = (struct ladder_wish){ .wire = { .seed = 1, .delay_us = 25000, .no_isn_clock = true }, .name = NAME, .request_len = 100,
					  .response_len = 1000, .limit_us = (int64_t)LIMIT_S * 1000000 };
	options_init(&w->options, "sim", help, own);
	while (!code && (step = options_next(&w->options, argc, argv, NULL)) > 0)
		code = take_option(w, step);
	if (!code && step != OPTIONS_END)
		code = step == OPTIONS_DONE ? EXIT_GOOD : EXIT_USAGE;
	else if (!code && optind < argc)
		code = say_failure(EXIT_USAGE, "sim takes options only, not '%s'", argv[optind]);
	else if (!code && w->key && !w->cert)
		code = say_failure(EXIT_USAGE, "--key needs --cert, too");
	else if (!code) {
		w->terminal = terminal_of(stdout, &w->options);
		code = run(w);
	}
	free(w);
	return code;
}
