/* tls_client.c - see tls_client.h. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/wipe.h"
#include "cli/cert_describe.h"
#include "cli/clock.h"
#include "cli/tls_client.h"

enum bj_err tls_client_init(struct tls_client *client, struct bj_tls_config *config, struct wire *wire, const char *name)
{
	enum bj_err err;

	*client = (struct tls_client){ .wire = wire, .name = name };
	client->in = malloc(TLS_CLIENT_IN_MAX);
	client->out = malloc(TLS_CLIENT_OUT_MAX);
	client->chain_bytes = malloc(TLS_CLIENT_CHAIN_BYTES_MAX);
	err = client->in && client->out && client->chain_bytes ? bj_tls_new(config, name, &client->tls) : BJ_ERR_NO_MEMORY;
	if (err) {
		tls_client_fini(client);
		return err;
	}
	bj_tls_set_owner(client->tls, client);
	return BJ_OK;
}

void tls_client_fini(struct tls_client *client)
{
	bj_tls_free(client->tls);
	client->tls = NULL;
	if (client->in)
		wipe(client->in, TLS_CLIENT_IN_MAX);
	free(client->in);
	free(client->out);
	free(client->chain_bytes);
	client->in = client->out = client->chain_bytes = NULL;
}

/* ---- the socket */

static enum bj_err wait_for(struct tls_client *client, bool to_write, int64_t deadline_us)
{
	bool other;

	return wire_wait(client->wire, to_write, -1, deadline_us, &other);
}

static void show_bytes(struct tls_client *client, const char *direction, const uint8_t *bytes, size_t len)
{
	if (!client->debug)
		return;
	fprintf(client->debug, "%s %zu bytes\n", direction, len);
	for (size_t i = 0; i < len; i += 16) {
		fprintf(client->debug, "  %04zx ", i);
		for (size_t k = i; k < i + 16; k++)
			k < len ? fprintf(client->debug, " %02x", bytes[k]) : fputs("   ", client->debug);
		fputs("  ", client->debug);
		for (size_t k = i; k < i + 16 && k < len; k++)
			fputc(bytes[k] >= 0x20 && bytes[k] < 0x7f ? bytes[k] : '.', client->debug);
		fputc('\n', client->debug);
	}
}

static enum bj_err send_out(struct tls_client *client, int64_t deadline_us)
{
	while (client->out_start < client->out_len) {
		size_t len = 0;
		enum bj_err err = wire_send(client->wire, client->out + client->out_start, client->out_len - client->out_start, &len);

		if (!err) {
			show_bytes(client, "->", client->out + client->out_start, len);
			client->out_start += len;
		} else if (err == BJ_ERR_WOULD_BLOCK) {
			err = wait_for(client, true, deadline_us);
			if (err)
				return err;
		} else {
			return BJ_ERR_IO_RESET;
		}
	}
	client->out_start = client->out_len = 0;
	return BJ_OK;
}

/* Sends what the engine wants to send. */
static enum bj_err send_pending(struct tls_client *client, int64_t deadline_us)
{
	while (bj_tls_pending(client->tls) > 0 || client->out_len > 0) {
		enum bj_err err;

		client->out_len += bj_tls_pull(client->tls, client->out + client->out_len, TLS_CLIENT_OUT_MAX - client->out_len);
		err = send_out(client, deadline_us);
		if (err)
			return err;
	}
	return BJ_OK;
}

/* Reads once, behind what is left. BJ_ERR_WOULD_BLOCK at the deadline. */
static enum bj_err receive(struct tls_client *client, int64_t deadline_us)
{
	if (client->in_start > 0) {
		memmove(client->in, client->in + client->in_start, client->in_len - client->in_start);
		client->in_len -= client->in_start;
		client->in_start = 0;
	}
	for (;;) {
		size_t len = 0;
		enum bj_err err = wire_receive(client->wire, client->in + client->in_len, TLS_CLIENT_IN_MAX - client->in_len, &len);

		if (!err && len > 0) {
			show_bytes(client, "<-", client->in + client->in_len, len);
			client->in_len += len;
			return BJ_OK;
		}
		if (!err) {
			client->ended = true;
			return BJ_OK;
		}
		if (err != BJ_ERR_WOULD_BLOCK)
			return BJ_ERR_IO_RESET;
		err = wait_for(client, false, deadline_us);
		if (err)
			return err == BJ_ERR_IO_TIMEOUT ? BJ_ERR_WOULD_BLOCK : err;
	}
}

/* ---- the peer's chain */

static bool keep_certificate(struct tls_client *client, struct bj_bytes der)
{
	size_t used = 0;

	for (size_t i = 0; i < client->chain_count; i++)
		used += client->chain[i].len;
	if (client->chain_count == TLS_CLIENT_CHAIN_MAX || der.len > TLS_CLIENT_CHAIN_BYTES_MAX - used)
		return false;
	memcpy(client->chain_bytes + used, der.ptr, der.len);
	client->chain[client->chain_count++] = bytes_of(client->chain_bytes + used, der.len);
	return true;
}

static void keep_chain(struct tls_client *client)
{
	struct bj_tls_report report;

	bj_tls_report(client->tls, &report);
	if (report.peer_public_key.len > 0 && report.peer_public_key.len <= TLS_CLIENT_CHAIN_BYTES_MAX) {
		bytes_copy(client->chain_bytes, report.peer_public_key.ptr, report.peer_public_key.len);
		client->raw_key = bytes_of(client->chain_bytes, report.peer_public_key.len);
		return;
	}
	for (size_t i = 0; i < report.peer_chain_count; i++)
		if (!keep_certificate(client, report.peer_chain[i]))
			return;
	/* of a session the engine knows the end entity's alone */
	if (!report.resumed || client->chain_count != 1 || client->remembered_count == 0 ||
	    !bytes_equal(client->chain[0], client->remembered[0]))
		return;
	for (size_t i = 1; i < client->remembered_count; i++)
		if (!keep_certificate(client, client->remembered[i]))
			return;
}

/* A raw public key is one of those that are expected, or it is not: names and anchors say nothing about it. */
static void judge_raw_key(struct tls_client *client)
{
	char pin[PROOF_PIN_TEXT_MAX];

	proof_pin_text(client->raw_key, pin);
	client->verdict = (struct bj_verdict){ .index = -1, .rule = "rfc7250:6" };
	if (proof_expects(client->expected, client->raw_key)) {
		snprintf(client->verdict.anchor, sizeof(client->verdict.anchor), "%s", pin);
	} else {
		client->verdict.err = BJ_ERR_KEY_UNEXPECTED;
		snprintf(client->verdict.detail, sizeof(client->verdict.detail), "its key is %s", pin);
	}
}

/* The chain is good, but nothing came that says so of today. */
static void refuse_without_staple(struct tls_client *client)
{
	const char *why = client->stapled.kind == STAPLED_NOTHING ? "no OCSP response was stapled" : client->stapled.answer.why;
	struct show_fields fields;
	struct cert leaf;

	client->verdict = (struct bj_verdict){ .err = BJ_ERR_CERT_REVOCATION_UNKNOWN, .rule = "rfc6066:8" };
	snprintf(client->verdict.detail, sizeof(client->verdict.detail), "%s", why);
	if (cert_parse(client->chain[0], &leaf) != BJ_OK)
		return;
	show_fields(&leaf, &fields);
	snprintf(client->verdict.subject, sizeof(client->verdict.subject), "%.*s", BJ_VERDICT_SUBJECT_MAX - 1, fields.subject);
}

static void judge(struct tls_client *client)
{
	struct bj_tls_report report;
	int64_t now = clock_unix_ms();
	bool with_staple;
	enum bj_err err;

	client->judged = true;
	if (client->raw_key.len > 0) {
		judge_raw_key(client);
		return;
	}
	bj_tls_report(client->tls, &report);
	if (report.ech_public_name)
		client->name = report.ech_public_name; /* the server could not read whom it was for */
	client->verdict = (struct bj_verdict){ .err = BJ_ERR_CERT_UNKNOWN_CA, .index = -1, .rule = "" };
	with_staple = client->wants_staple && !report.resumed; /* a server that resumes shows neither chain nor response */
	if (with_staple)
		client->stapled = stapled_look(client->trust, client->chain, client->chain_count, report.ocsp_response, now / 1000);
	if (!client->trust || client->chain_count == 0)
		return;
	if (with_staple)
		err = bj_verify_server_stapled(client->trust, client->chain, client->chain_count, client->name, now, report.ocsp_response,
					       &client->verdict);
	else
		err = bj_verify_server(client->trust, client->chain, client->chain_count, client->name, now, &client->verdict);
	if (err != client->verdict.err)
		client->verdict.err = BJ_ERR_INTERNAL;
	else if (!err && with_staple && client->demands_staple && client->stapled.kind != STAPLED_GOOD)
		refuse_without_staple(client);
}

static enum bj_err answer(struct tls_client *client)
{
	if (bj_tls_question(client->tls) != BJ_TLS_Q_VERIFY)
		return BJ_ERR_INTERNAL;
	keep_chain(client);
	judge(client);
	return bj_tls_answer_verify(client->tls, &client->verdict);
}

/* ---- the engine */

/* Feeds what is there until something happens. */
static enum bj_err feed(struct tls_client *client, struct bj_tls_fed *out)
{
	enum bj_err err =
		bj_tls_feed(client->tls, clock_unix_ms(), client->in + client->in_start, client->in_len - client->in_start, out);

	client->in_start += out->used;
	return err;
}

/* As much of the early data as may go, behind the hello. */
static enum bj_err send_early(struct tls_client *client, int64_t deadline_us)
{
	struct bj_tls_report report;

	bj_tls_report(client->tls, &report);
	while (report.early_data == BJ_TLS_EARLY_OFFERED && client->early_sent < client->early.len) {
		struct bj_bytes piece = bytes_of(client->early.ptr + client->early_sent, client->early.len - client->early_sent);
		size_t used = 0;
		enum bj_err err = bj_tls_seal(client->tls, &piece, 1, client->out, TLS_CLIENT_OUT_MAX, &used, &client->out_len);

		if (err == BJ_ERR_STATE)
			return BJ_OK; /* up to the session's limit */
		if (!err)
			err = send_out(client, deadline_us);
		if (err)
			return err;
		client->early_sent += used;
	}
	return BJ_OK;
}

enum bj_err tls_client_handshake(struct tls_client *client, int64_t deadline_us)
{
	enum bj_err err = bj_tls_start(client->tls, clock_unix_ms());

	if (!err)
		err = send_early(client, deadline_us);

	while (!err && !client->done) {
		struct bj_tls_fed fed = { 0 };

		err = feed(client, &fed);
		if (err)
			break;
		switch (fed.event) {
		case BJ_TLS_DONE:
			client->done = true;
			break;
		case BJ_TLS_ASK:
			err = answer(client);
			break;
		case BJ_TLS_NONE:
			/* what the engine says before it waits: a second hello, a flight in the middle */
			err = send_pending(client, deadline_us);
			if (err)
				return err;
			if (client->ended)
				err = bj_tls_eof(client->tls);
			else
				err = receive(client, deadline_us);
			if (err == BJ_ERR_WOULD_BLOCK)
				return BJ_ERR_IO_TIMEOUT;
			if (err == BJ_ERR_IO_RESET || err == BJ_ERR_IO)
				return err;
			break;
		default:
			break;
		}
	}
	if (client->chain_count == 0 && client->raw_key.len == 0)
		keep_chain(client);
	if (!client->judged && (client->chain_count > 0 || client->raw_key.len > 0))
		judge(client);
	/* the alert of a failure, or the last flight */
	if (send_pending(client, deadline_us) != BJ_OK && !err)
		err = BJ_ERR_IO_RESET;
	return err;
}

enum bj_err tls_client_read(struct tls_client *client, int64_t deadline_us, struct bj_bytes *out)
{
	*out = bytes_of(NULL, 0);
	for (unsigned turn = 0; turn < TLS_CLIENT_TURNS_MAX; turn++) {
		struct bj_tls_fed fed = { 0 };
		enum bj_err err = feed(client, &fed);
		enum bj_err sent = send_pending(client, deadline_us);

		if (err)
			return err;
		if (sent)
			return sent;
		switch (fed.event) {
		case BJ_TLS_DATA:
			if (fed.data.len == 0)
				continue;
			*out = fed.data;
			return BJ_OK;
		case BJ_TLS_CLOSE:
			client->closed = true;
			return BJ_OK;
		case BJ_TLS_TICKET:
			client->tickets++;
			return BJ_ERR_WOULD_BLOCK;
		case BJ_TLS_NONE:
			break;
		default:
			continue;
		}
		if (client->closed)
			return BJ_OK;
		if (client->ended) {
			err = bj_tls_eof(client->tls);
			return err ? err : BJ_OK;
		}
		err = receive(client, deadline_us);
		if (err)
			return err;
	}
	return BJ_ERR_WOULD_BLOCK;
}

enum bj_err tls_client_write(struct tls_client *client, const void *bytes, size_t len, int64_t deadline_us)
{
	const uint8_t *from = bytes;

	while (len > 0) {
		struct bj_bytes piece = { from, len };
		size_t used = 0, sealed = 0;
		enum bj_err err = bj_tls_seal(client->tls, &piece, 1, client->out, TLS_CLIENT_OUT_MAX, &used, &sealed);

		if (err)
			return err;
		client->out_len = sealed;
		err = send_out(client, deadline_us);
		if (err)
			return err;
		from += used;
		len -= used;
	}
	return BJ_OK;
}

enum bj_err tls_client_write_late(struct tls_client *client, int64_t deadline_us)
{
	struct bj_tls_report report;
	size_t at;

	bj_tls_report(client->tls, &report);
	at = report.early_data == BJ_TLS_EARLY_ACCEPTED ? client->early_sent : 0;
	return client->early.len > at ? tls_client_write(client, client->early.ptr + at, client->early.len - at, deadline_us) : BJ_OK;
}

void tls_client_close(struct tls_client *client, int64_t deadline_us)
{
	bj_tls_close(client->tls);
	if (send_pending(client, deadline_us) == BJ_OK)
		wire_finish(client->wire);
}
