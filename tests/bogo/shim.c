/* shim.c - the program that BoringSSL's test runner drives: one process for each test, one connection to the runner at a time.
 *
 * Exits 0 where all was as the flags expect, 1 where it was not, EXIT_UNIMPLEMENTED (89) for a flag or a value that we do not have.
 * The reason of a failure goes to standard error between colons, as ":BAD_RECORD_MAC:"; tests/bogo/config.json says which of
 * the runner's own reasons that is. On success nothing is said.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "checks.h"
#include "connection.h"
#include "setup.h"
#include "tls/alert.h"
#include "tls/conn.h"
#include "tls/flight.h"

#define CLOCK_START_MS 1700000000000
#define READ_USUAL 512
#define READ_MAX 65536
#define EXPORT_MAX 1024
#define ALERT_OF_THE_TEST 30 /* decompression_failure: one that the engine never sends by itself */

struct shim {
	struct phases phases;
	struct bj_tls_config *config;
	uint8_t *session;
	size_t session_len;
	int64_t now_ms;
	struct seen seen;
	struct connection connection;
};

static void say_failure(const struct connection *c)
{
	struct bj_tls_report report;

	bj_tls_report(c->tls, &report);
	if (report.err)
		fprintf(stderr, ":%s: %s\n", bj_err_name(report.err), report.message);
	if (report.err == BJ_ERR_ALERT_RECEIVED)
		fprintf(stderr, ":ALERT_%s:\n", bj_tls_alert_name(report.alert_received));
	if (report.verdict && report.verdict->err)
		fprintf(stderr, "verdict :%s: %s\n", bj_err_name(report.verdict->err), report.verdict->detail);
}

/* ---- the exchange */

static bool write_exported(struct connection *c)
{
	const struct flags *flags = c->flags;
	/* 1.3 makes no difference between no context and an empty one */
	bool has_context = flags->use_export_context || c->tls->version == BJ_TLS_1_3;
	const char *context = flags->export_context ? flags->export_context : "";
	uint8_t out[EXPORT_MAX];
	enum bj_err err;

	if (flags->export_len <= 0)
		return true;
	if (flags->export_len > EXPORT_MAX)
		return false;
	err = bj_tls_export(c->tls, flags->export_label ? flags->export_label : "", has_context ? context : NULL, strlen(context), out,
			    (size_t)flags->export_len);
	if (err) {
		fprintf(stderr, "to export: :%s:\n", bj_err_name(err));
		return false;
	}
	return connection_write(c, bytes_of(out, (size_t)flags->export_len));
}

static bool write_secrets(struct connection *c)
{
	const struct quic_side *quic_read = &c->quic.read[BJ_TLS_LEVEL_APPLICATION], *quic_write = &c->quic.write[BJ_TLS_LEVEL_APPLICATION];
	bool quic = c->flags->is_quic;
	struct bj_bytes read = quic ? bytes_of(quic_read->secret, quic_read->len) : secret_view(&c->tls->s13.read);
	struct bj_bytes write = quic ? bytes_of(quic_write->secret, quic_write->len) : secret_view(&c->tls->s13.write);
	uint8_t len[2] = { (uint8_t)read.len, (uint8_t)(read.len >> 8) };

	if (!c->flags->export_traffic_secrets)
		return true;
	return connection_write(c, bytes_of(len, 2)) && connection_write(c, read) && connection_write(c, write);
}

static bool write_sizes(struct connection *c)
{
	static const size_t sizes[] = { 0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769 };
	static uint8_t buf[32769];

	memset(buf, 0x42, sizeof(buf));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (!connection_write(c, bytes_of(buf, sizes[i])))
			return false;
	return true;
}

static bool write_first(struct connection *c)
{
	const struct flags *flags = c->flags;

	if (flags->write_different_sizes)
		return write_sizes(c);
	if (flags->unfinished_write)
		return connection_write_begin(c, bytes_text(flags->initial_write));
	for (int i = 0; flags->shim_writes_first && i < flags->repeat_initial_write; i++)
		if (!connection_write(c, bytes_text(flags->initial_write)))
			return false;
	return true;
}

static uint8_t shown[READ_MAX];

/* What is read next is seen twice before: the view stays. At the end there is nothing to see. */
static bool peek(struct connection *c, bool *out_end)
{
	struct bj_bytes first, second;

	if (!connection_peek(c, &first))
		return false;
	*out_end = first.len == 0; /* said once: nobody waits for more */
	if (*out_end)
		return true;
	if (!connection_peek(c, &second))
		return false;
	if (first.ptr != second.ptr || first.len != second.len || first.len > sizeof(shown))
		return false;
	bytes_copy(shown, first.ptr, first.len);
	return true;
}

/* Every byte comes back as its complement. */
static bool echo(struct connection *c)
{
	static uint8_t buf[READ_MAX];
	const struct flags *flags = c->flags;
	size_t cap = flags->read_size > 0 && flags->read_size < READ_MAX ? (size_t)flags->read_size : READ_USUAL;
	bool is_end = false;
	uint8_t byte;

	for (;;) {
		int n;

		if (flags->key_update_before_read && bj_tls_key_update(c->tls, false) != BJ_OK)
			return false;
		if (flags->peek_then_read && !peek(c, &is_end))
			return false;
		if (is_end)
			return true;
		n = connection_read(c, buf, cap);
		if (n <= 0)
			return n == 0;
		if (flags->peek_then_read && ((size_t)n > sizeof(shown) || memcmp(shown, buf, (size_t)n) != 0))
			return false;
		if (flags->exporter_between_reads && bj_tls_export(c->tls, "", NULL, 0, &byte, 1) != BJ_OK)
			return false;
		if (flags->key_update && bj_tls_key_update(c->tls, false) != BJ_OK)
			return false;
		for (int i = 0; i < n; i++)
			buf[i] ^= 0xff;
		if (!connection_write(c, bytes_of(buf, (size_t)n)))
			return false;
	}
}

/* With -check-close-notify both sides must have said it. */
static bool end(struct connection *c)
{
	uint8_t byte;

	if (!c->flags->check_close_notify || c->flags->is_quic)
		return true;
	bj_tls_close(c->tls);
	if (!connection_flush(c))
		return false;
	if (c->flags->shim_shuts_down && connection_read(c, &byte, 1) > 0) {
		fprintf(stderr, ":APPLICATION_DATA_ON_SHUTDOWN: nobody is there to read it\n");
		return false;
	}
	if (c->tls->close_received)
		return true;
	fprintf(stderr, "no close_notify came\n");
	return false;
}

/* What a client writes before the server has answered. */
static bool early_exchange(struct connection *c)
{
	if (c->flags->expect_no_offer_early_data) {
		fprintf(stderr, "early data is offered\n");
		return false;
	}
	if (c->flags->early_write_after_message && !connection_until(c, c->flags->early_write_after_message))
		return false;
	return write_exported(c) && write_first(c);
}

static bool exchange(struct connection *c, bool is_resumption)
{
	const struct flags *flags;

	if ((!c->flags->implicit_handshake || is_resumption) && !connection_start(c))
		return false;
	if (c->offers_early && !early_exchange(c))
		return false;
	if (!c->flags->implicit_handshake) {
		if (!connection_handshake(c) || (c->flags->handshake_twice && c->starts_false && !connection_complete(c)))
			return false;
		if (!checks_handshake(c, is_resumption))
			return false;
	}
	flags = c->flags;
	if (c->offers_early && !c->is_refused)
		return (flags->shim_shuts_down || echo(c)) && end(c);
	if (!write_exported(c) || !write_secrets(c))
		return false;
	if (flags->send_alert && flags->is_quic)
		return quic_alert(c, ALERT_OF_THE_TEST);
	if (flags->send_alert)
		return flight_alert(c->tls, ALERT_FATAL, ALERT_OF_THE_TEST) == BJ_OK;
	if (!write_first(c) || (!flags->shim_shuts_down && !echo(c)))
		return false;
	return end(c);
}

/* A client of 1.3 gets its sessions while it reads. */
static bool session_keep(struct shim *shim, const struct connection *c)
{
	const struct flags *flags = c->flags;
	struct bj_bytes session = bj_tls_session(c->tls);
	bool want = !flags->expect_no_session;

	if (flags->is_server)
		return true;
	if (c->tls->version == BJ_TLS_1_3 && !flags->send_alert && !flags->shim_shuts_down && want != (session.len > 0)) {
		fprintf(stderr, "a session came: got %d, want %d\n", session.len > 0, want);
		return false;
	}
	if (session.len == 0)
		return true;
	if (c->tls->version == BJ_TLS_1_3 && !checks_session(c, session))
		return false;
	free(shim->session);
	shim->session_len = 0;
	shim->session = malloc(session.len);
	if (!shim->session)
		return false;
	memcpy(shim->session, session.ptr, session.len);
	shim->session_len = session.len;
	return true;
}

static int connection_run(struct shim *shim, const struct flags *flags, bool is_resumption)
{
	struct connection *c = &shim->connection;
	struct bj_tls_config *config = NULL;
	int status = setup_make(flags, &shim->seen, shim->config, &config);
	bool good;

	if (status)
		return status;
	bj_tls_config_free(shim->config);
	shim->config = config;
	memset(&shim->seen, 0, sizeof(shim->seen));
	good = connection_open(c, flags, config, &shim->seen, shim->now_ms, bytes_of(shim->session, shim->session_len));
	c->retry_flags = &shim->phases.retry;
	if (good) {
		good = exchange(c, is_resumption);
		if (!good) {
			if (checks_rejected(c)) /* the reason is told only where it is the right one */
				say_failure(c);
		}
		good = good && session_keep(shim, c);
		good = good && checks_end(c);
	}
	if (c->tls)
		connection_close(c);
	return good ? 0 : 1;
}

/* A clock of its own, but where a delegated credential is to be shown: those begin when the runner does, and are shown in their time alone. */
static int64_t clock_start(const struct flags *flags)
{
	for (size_t i = 0; i <= flags->credential_count; i++)
		if (flags->credentials[i].delegation.is_set)
			return (int64_t)time(NULL) * 1000;
	return CLOCK_START_MS;
}

int main(int argc, char **argv)
{
	static struct shim shim;
	const char *flag = "";
	int status = 0;

	signal(SIGPIPE, SIG_IGN);
	if (!flags_parse(argc, argv, &shim.phases, &flag)) {
		fprintf(stderr, "not implemented: %s\n", flag);
		return EXIT_UNIMPLEMENTED;
	}
	if (shim.phases.initial.is_handshaker_supported) {
		printf("No\n");
		return 0;
	}
	shim.now_ms = clock_start(&shim.phases.initial);
	for (int i = 0; i <= shim.phases.initial.resume_count && !status; i++) {
		const struct flags *flags = i == 0 ? &shim.phases.initial : &shim.phases.resume;

		status = connection_run(&shim, flags, i > 0);
		if (status == 1)
			fprintf(stderr, "connection %d failed\n", i + 1);
		shim.now_ms += (int64_t)flags->resumption_delay_s * 1000;
	}
	bj_tls_config_free(shim.config);
	free(shim.session);
	return status;
}
