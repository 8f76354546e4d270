/* ladder.c - see ladder.h. */
#include "cli/ladder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tcpip/wire/ipv4.h"
#include "tcpip/wire/ipv6.h"
#include "tcpip/wire/tcp.h"

#define PORT 443
#define IN_MAX (2 * BJ_TLS_RECORD_MAX_12)
#define OUT_MAX (4 * BJ_TLS_RECORD_MAX)
#define ROUNDS_MAX 2000000

struct end {
	struct bj_tcp *tcp;
	struct bj_tls *tls;
	struct ladder_side *side;
	uint8_t *in, *out;
	size_t in_len, out_len, out_start;
	uint64_t written;     /* of its stream */
	size_t to_send, sent; /* plaintext */
	size_t got;
	bool done, closed, saw_end, finished;
	int64_t done_us, first_us;
	uint32_t isn;
	bool isn_known;
};

struct world {
	const struct ladder_wish *wish;
	struct sim *sim;
	struct bj_listener *listener;
	struct end ends[2];
	int64_t start_us, open_us;
	ladder_row_fn *row;
	void *self;
	struct ladder_result result;
	size_t rows;
};

/* ---- names */

static const char *message_name(uint8_t type)
{
	static const struct {
		uint8_t type;
		const char *name;
	} names[] = {
		{ 1, "ClientHello" }, { 2, "ServerHello" }, { 4, "NewSessionTicket" }, { 5, "EndOfEarlyData" }, { 8, "EncryptedExtensions" },
		{ 11, "Certificate" }, { 12, "ServerKeyExchange" }, { 13, "CertificateRequest" }, { 14, "ServerHelloDone" },
		{ 15, "CertificateVerify" }, { 16, "ClientKeyExchange" }, { 20, "Finished" }, { 22, "CertificateStatus" }, { 24, "KeyUpdate" },
		{ 25, "CompressedCertificate" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (names[i].type == type)
			return names[i].name;
	return "message";
}

static void append(char text[LADDER_LABEL_LEN], const char *more)
{
	size_t len = strlen(text), more_len = strlen(more);

	if (len && len + 1 < LADDER_LABEL_LEN)
		text[len++] = ' ';
	if (more_len > LADDER_LABEL_LEN - 1 - len)
		more_len = LADDER_LABEL_LEN - 1 - len;
	memcpy(text + len, more, more_len);
	text[len + more_len] = 0;
}

void ladder_observe(void *self, const struct bj_tls *conn, const struct bj_tls_event_info *info)
{
	struct ladder_side *side = (struct ladder_side *)self;

	(void)conn;
	if (!info->sent)
		return;
	if (info->kind == BJ_TLS_SAW_MESSAGE)
		append(side->making, message_name(info->type));
	else if (info->kind == BJ_TLS_SAW_CCS)
		append(side->making, "ChangeCipherSpec");
	else if (info->kind == BJ_TLS_SAW_ALERT)
		append(side->making, info->type == 0 ? "close_notify" : "alert");
}

/* Bytes [start, end) of the stream are what was made since the last time. */
static void label(struct end *e, uint64_t start, uint64_t end, const char *otherwise)
{
	struct ladder_side *s = e->side;

	if (start == end || s->count == LADDER_LABELS_MAX) {
		s->making[0] = 0;
		return;
	}
	s->labels[s->count].start = start;
	s->labels[s->count].end = end;
	snprintf(s->labels[s->count].text, LADDER_LABEL_LEN, "%s", s->making[0] ? s->making : otherwise);
	s->making[0] = 0;
	s->count++;
}

/* What stands in [start, end) of a stream: each label with the part of its bytes. */
static void describe(const struct ladder_side *s, uint64_t start, uint64_t end, char out[LADDER_LABEL_LEN])
{
	out[0] = 0;
	for (size_t i = 0; i < s->count; i++) {
		uint64_t from = s->labels[i].start, to = s->labels[i].end;
		char part[LADDER_LABEL_LEN + 64];

		if (to <= start || from >= end)
			continue;
		if (start <= from && end >= to)
			snprintf(part, sizeof(part), "%s", s->labels[i].text);
		else
			snprintf(part, sizeof(part), "%s [%lu,%lu) of %lu", s->labels[i].text, (unsigned long)((start > from ? start : from) - from),
				 (unsigned long)((end < to ? end : to) - from), (unsigned long)(to - from));
		append(out, part);
	}
}

/* ---- rows */

static const char *why_of(uint8_t why)
{
	switch (why) {
	case BJ_SENT_FAST_RETRANSMIT:
		return "again: found lost";
	case BJ_SENT_TIMEOUT:
		return "again: timeout";
	case BJ_SENT_TAIL_PROBE:
		return "tail probe";
	case BJ_SENT_WINDOW_PROBE:
		return "window probe";
	case BJ_SENT_MTU_PROBE:
		return "MTU probe";
	case BJ_SENT_DELAYED_ACK:
		return "delayed";
	case BJ_SENT_CHALLENGE:
		return "challenge";
	default:
		return "";
	}
}

static void emit(struct world *w, const struct ladder_row *row)
{
	if (w->rows++ < LADDER_ROWS_MAX)
		w->row(w->self, row);
}

/* What the stack tells since the last packet: notes become rows, the reason of the packet is returned. */
static uint8_t take_events(struct world *w, unsigned side)
{
	struct bj_tcp_event e;
	uint8_t why = BJ_SENT_ACK;

	while (bj_stack_next_event(sim_stack(w->sim, side), &e) == BJ_OK) {
		struct ladder_row note = { .at_us = e.at_us - w->start_us, .from = side, .is_note = true, .why = "" };

		if (e.kind == BJ_EVENT_SENT)
			why = e.why;
		else if (e.kind == BJ_EVENT_TIMER && (e.why == BJ_TIMER_RTO || e.why == BJ_TIMER_TAIL))
			snprintf(note.tls, sizeof(note.tls), "%s", e.why == BJ_TIMER_RTO ? "retransmission timer fires" : "tail probe timer fires");
		else if (e.kind == BJ_EVENT_UNDO)
			snprintf(note.tls, sizeof(note.tls), "the recovery was needless: undone");
		if (note.tls[0])
			emit(w, &note);
	}
	return why;
}

static void tap(void *self, int64_t at_us, unsigned from, struct bj_bytes packet, bool dropped)
{
	struct world *w = (struct world *)self;
	struct end *e = &w->ends[from], *other = &w->ends[1 - from];
	struct ladder_row row = { .at_us = at_us - w->start_us, .from = from, .lost = dropped };
	struct tcp_segment s;
	struct ipv4 v4;
	struct ipv6 v6;
	bool is_v4 = packet.ptr[0] >> 4 == 4, was_known = e->isn_known;
	uint8_t why = take_events(w, from);

	if (is_v4 ? ipv4_parse(packet, &v4) != BJ_OK || tcp_parse_unchecked(v4.payload, &s) != BJ_OK :
		    ipv6_parse(packet, &v6) != BJ_OK || tcp_parse_unchecked(v6.payload, &s) != BJ_OK)
		return;
	if (s.flags & TCP_SYN) {
		e->isn = s.seq;
		e->isn_known = true;
	}
	row.flags = s.flags;
	row.len = (uint32_t)s.payload.len;
	row.seq = s.seq - e->isn;
	row.ack = s.flags & TCP_ACK ? s.ack - other->isn : 0;
	row.window = s.window;
	row.why = s.flags & TCP_SYN && was_known ? "again: timeout" : why_of(why);
	if (row.len > 0)
		describe(e->side, row.seq - 1, (uint64_t)row.seq - 1 + row.len, row.tls);
	if (dropped)
		w->result.lost++;
	emit(w, &row);
}

/* ---- an end's turn */

static int64_t now(const struct world *w)
{
	return sim_now_us(w->sim) - w->start_us;
}

static void stop(struct world *w, const struct end *e, enum bj_err err)
{
	if (w->result.err)
		return;
	w->result.err = err;
	w->result.by_client = e == &w->ends[0];
}

/* Everything that waits goes into the stream, as far as there is room. False: there is none. */
static bool push(struct world *w, struct end *e)
{
	while (e->out_start < e->out_len) {
		size_t len = 0;
		enum bj_err err = bj_tcp_write(e->tcp, bytes_of(e->out + e->out_start, e->out_len - e->out_start), &len);

		if (err == BJ_ERR_WOULD_BLOCK)
			return false;
		if (err) {
			stop(w, e, err);
			return false;
		}
		e->out_start += len;
	}
	e->out_start = e->out_len = 0;
	return true;
}

static void give(struct end *e, size_t len, const char *otherwise)
{
	label(e, e->written, e->written + len, otherwise);
	e->out_len += len;
	e->written += len;
}

static void send_text(struct world *w, struct end *e)
{
	static const uint8_t zeros[16384];

	while (e->done && e->sent < e->to_send && push(w, e)) {
		size_t left = e->to_send - e->sent, used = 0, made = 0;
		const struct bj_bytes piece = { zeros, left < sizeof(zeros) ? left : sizeof(zeros) };
		enum bj_err err = bj_tls_seal(e->tls, &piece, 1, e->out, OUT_MAX, &used, &made);

		if (err) {
			stop(w, e, err);
			return;
		}
		e->sent += used;
		give(e, made, e == &w->ends[0] ? "request" : "response");
	}
	(void)push(w, e);
}

static void feed(struct world *w, struct end *e)
{
	struct bj_tls_fed fed = { .event = BJ_TLS_DONE };
	size_t at = 0;

	while (fed.event != BJ_TLS_NONE && !w->result.err) {
		enum bj_err err = bj_tls_feed(e->tls, w->wish->unix_ms + now(w) / 1000, e->in + at, e->in_len - at, &fed);

		at += fed.used;
		if (err) {
			stop(w, e, err);
			break;
		}
		if (fed.event == BJ_TLS_DONE) {
			e->done = true;
			e->done_us = now(w);
		} else if (fed.event == BJ_TLS_DATA) {
			if (e->got == 0)
				e->first_us = now(w);
			e->got += fed.data.len;
		} else if (fed.event == BJ_TLS_CLOSE) {
			e->saw_end = true;
		}
	}
	memmove(e->in, e->in + at, e->in_len - at);
	e->in_len -= at;
}

static void pull(struct world *w, struct end *e)
{
	while (bj_tls_pending(e->tls) > 0 && push(w, e)) {
		size_t len = bj_tls_pull(e->tls, e->out, OUT_MAX);

		give(e, len, "records");
	}
	(void)push(w, e);
}

static void turn(struct world *w, struct end *e)
{
	bool is_client = e == &w->ends[0];
	size_t len;
	enum bj_err err = BJ_OK;

	if (!e->tcp)
		return;
	while (!err && !w->result.err) {
		err = bj_tcp_read(e->tcp, e->in + e->in_len, IN_MAX - e->in_len, &len);
		if (err)
			break;
		e->in_len += len;
		feed(w, e);
	}
	if (err && err != BJ_ERR_WOULD_BLOCK && err != BJ_ERR_CLOSED)
		stop(w, e, err);
	if (e->finished)
		return;
	pull(w, e);
	if (is_client || e->got >= w->wish->request_len)
		send_text(w, e);
	if (e->done && !e->closed && e->sent == e->to_send && (is_client ? e->got >= w->wish->response_len : e->saw_end)) {
		e->closed = true;
		bj_tls_close(e->tls);
		pull(w, e);
	}
	if (e->closed && push(w, e) && !bj_tls_pending(e->tls)) {
		e->finished = true;
		if (bj_tcp_finish(e->tcp))
			stop(w, e, BJ_ERR_IO_RESET);
	}
}

/* ---- the run */

static enum bj_err open_world(struct world *w)
{
	const struct ladder_wish *wish = w->wish;
	const struct bj_tcp_options tcp = { .no_delay = !wish->no_delay_off };
	struct bj_endpoint at;
	enum bj_err err;

	at = sim_endpoint(w->sim, 1, PORT);
	for (unsigned i = 0; i < 2; i++) {
		struct end *e = &w->ends[i];

		e->in = (uint8_t *)malloc(IN_MAX);
		e->out = (uint8_t *)malloc(OUT_MAX);
		if (!e->in || !e->out)
			return BJ_ERR_NO_MEMORY;
		e->to_send = i == 0 ? wish->request_len : wish->response_len;
		e->done_us = e->first_us = -1;
		err = bj_tls_new(i == 0 ? wish->client : wish->server, i == 0 ? wish->name : NULL, &e->tls);
		if (err)
			return err;
	}
	err = bj_tcp_listen(sim_stack(w->sim, 1), &at, &tcp, &w->listener);
	return err ? err : bj_tcp_connect(sim_stack(w->sim, 0), NULL, &at, &tcp, &w->ends[0].tcp);
}

/* The client speaks first once its TCP is open. */
static void look(struct world *w)
{
	struct bj_tcp_info info;
	enum bj_err err;

	if (!w->ends[1].tcp && bj_tcp_accept(w->listener, &w->ends[1].tcp) != BJ_OK)
		w->ends[1].tcp = NULL;
	bj_tcp_info(w->ends[0].tcp, &info);
	if (info.error)
		stop(w, &w->ends[0], info.error);
	if (w->open_us >= 0 || info.state != BJ_TCP_ESTABLISHED)
		return;
	w->open_us = now(w);
	err = bj_tls_start(w->ends[0].tls, w->wish->unix_ms);
	if (err)
		stop(w, &w->ends[0], err);
}

static bool is_over(const struct world *w)
{
	struct bj_stack_stats stats;

	if (!w->ends[0].finished || !w->ends[1].finished || !w->ends[0].saw_end)
		return false;
	bj_stack_stats(sim_stack(w->sim, 1), &stats);
	return stats.connections == stats.time_waits || stats.connections == 0;
}

static void fill_result(struct world *w, struct ladder_result *out)
{
	struct ladder_result *r = &w->result;

	r->open_us = w->open_us;
	r->client_done_us = w->ends[0].done_us;
	r->server_done_us = w->ends[1].done_us;
	r->first_byte_us = w->ends[0].first_us;
	r->packets = sim_packets(w->sim);
	for (unsigned i = 0; i < 2; i++) {
		struct bj_tcp_info info = { 0 };

		if (w->ends[i].tcp)
			bj_tcp_info(w->ends[i].tcp, &info);
		r->retransmits[i] = info.retransmits;
		r->bytes[i] = w->ends[i].written;
	}
	*out = *r;
}

enum bj_err ladder_run(const struct ladder_wish *wish, struct ladder_side *client, struct ladder_side *server, ladder_row_fn *row, void *self,
		       struct ladder_result *out)
{
	struct world *w = (struct world *)calloc(1, sizeof(*w));
	struct sim_options wire = wish->wire;
	enum bj_err err;

	if (!w)
		return BJ_ERR_NO_MEMORY;
	wire.event_count_max = 4096;
	w->wish = wish;
	w->row = row;
	w->self = self;
	w->open_us = -1;
	w->result.end_us = -1;
	w->ends[0].side = client;
	w->ends[1].side = server;
	w->sim = sim_make(&wire);
	w->start_us = sim_now_us(w->sim);
	sim_set_tap(w->sim, tap, w);
	err = open_world(w);
	for (unsigned i = 0; !err && i < ROUNDS_MAX && !w->result.err && !is_over(w); i++) {
		if (!sim_step(w->sim, w->start_us + wish->limit_us))
			stop(w, &w->ends[0], BJ_ERR_IO_TIMEOUT);
		(void)take_events(w, 0);
		(void)take_events(w, 1);
		look(w);
		turn(w, &w->ends[0]);
		turn(w, &w->ends[1]);
		if (w->ends[0].saw_end && w->result.end_us < 0)
			w->result.end_us = now(w);
	}
	if (!err && w->result.err) /* the alert, too */
		for (unsigned i = 0; i < 2; i++)
			if (w->ends[i].tcp)
				pull(w, &w->ends[i]);
	fill_result(w, out);
	for (unsigned i = 0; i < 2; i++) {
		bj_tls_free(w->ends[i].tls);
		free(w->ends[i].in);
		free(w->ends[i].out);
	}
	sim_free(w->sim);
	free(w);
	return err;
}
