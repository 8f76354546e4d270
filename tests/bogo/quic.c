/* quic.c - see quic.h. */
#include "quic.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "connection.h"
#include "tls/alert.h"
#include "tls/record.h"

static void secrets_take(struct connection *c)
{
	struct bj_tls_quic_secret secret;

	while (bj_tls_quic_secret(c->tls, &secret)) {
		struct quic_side *side = secret.write ? &c->quic.write[secret.level] : &c->quic.read[secret.level];

		*side = (struct quic_side){ .is_there = true, .suite = secret.suite, .len = secret.len };
		memcpy(side->secret, secret.bytes, secret.len);
		if (secret.write && secret.level != BJ_TLS_LEVEL_EARLY)
			c->quic.write_level = secret.level;
	}
}

static bool send_record(struct connection *c, uint8_t type, enum bj_tls_level level, struct bj_bytes body)
{
	static uint8_t record[QUIC_HEADER_LEN + 48 + QUIC_PIECE_MAX];
	const struct quic_side *side = &c->quic.write[level];
	size_t len = side->len + body.len;
	const uint8_t header[QUIC_HEADER_LEN] = {
		type, (uint8_t)level, (uint8_t)(side->suite >> 8), (uint8_t)side->suite, (uint8_t)(len >> 24), (uint8_t)(len >> 16),
		(uint8_t)(len >> 8), (uint8_t)len,
	};

	memcpy(record, header, sizeof(header));
	memcpy(record + QUIC_HEADER_LEN, side->secret, side->len);
	memcpy(record + QUIC_HEADER_LEN + side->len, body.ptr, body.len);
	return socket_write(c->fd, record, QUIC_HEADER_LEN + len);
}

bool quic_flush(struct connection *c)
{
	uint8_t buf[4096];
	enum bj_tls_level level;
	size_t n;

	secrets_take(c);
	while ((n = bj_tls_quic_pull(c->tls, &level, buf, sizeof(buf))) > 0)
		if (!send_record(c, RECORD_HANDSHAKE, level, bytes_of(buf, n)))
			return false;
	return true;
}

bool quic_write(struct connection *c, enum bj_tls_level level, struct bj_bytes data)
{
	while (data.len > 0) {
		size_t n = data.len < QUIC_PIECE_MAX ? data.len : QUIC_PIECE_MAX;

		if (!c->quic.write[level].is_there || !send_record(c, RECORD_DATA, level, bytes_of(data.ptr, n)))
			return false;
		data = bytes_of(data.ptr + n, data.len - n);
	}
	return true;
}

bool quic_alert(struct connection *c, int description)
{
	const uint8_t alert[ALERT_LEN] = { ALERT_FATAL, (uint8_t)description };

	return send_record(c, RECORD_ALERT, c->quic.write_level, bytes_of(alert, sizeof(alert)));
}

/* ---- what comes */

static bool read_all(struct connection *c, uint8_t *out, size_t len)
{
	while (len > 0) {
		ssize_t n = recv(c->fd, out, len, 0);

		if (n <= 0)
			return false;
		out += n;
		len -= (size_t)n;
	}
	return true;
}

enum came { CAME_END, CAME_WRONG, CAME_RECORD };

/* One record whose secret is the one that we have. Early ones that nobody has a secret for are dropped: they were rejected. */
static enum came record_read(struct connection *c, uint8_t *out_type, enum bj_tls_level *out_level)
{
	for (;;) {
		const struct quic_side *side;
		uint8_t header[QUIC_HEADER_LEN];
		size_t len;

		if (!read_all(c, header, sizeof(header)))
			return CAME_END;
		len = (size_t)header[4] << 24 | (size_t)header[5] << 16 | (size_t)header[6] << 8 | header[7];
		if (header[1] > BJ_TLS_LEVEL_APPLICATION || len > sizeof(c->quic.record) || !read_all(c, c->quic.record, len))
			return CAME_WRONG;
		side = &c->quic.read[header[1]];
		if (header[1] == BJ_TLS_LEVEL_EARLY && !side->is_there)
			continue;
		if ((!side->is_there && header[1] != BJ_TLS_LEVEL_INITIAL) || (header[2] << 8 | header[3]) != side->suite || len < side->len ||
		    memcmp(c->quic.record, side->secret, side->len) != 0) {
			fprintf(stderr, "the secret or suite of level %d is another one\n", header[1]);
			return CAME_WRONG;
		}
		c->quic.record_len = len - side->len;
		memmove(c->quic.record, c->quic.record + side->len, c->quic.record_len);
		*out_type = header[0];
		*out_level = (enum bj_tls_level)header[1];
		return CAME_RECORD;
	}
}

static enum bj_err failed(struct connection *c, enum bj_err err)
{
	struct bj_tls_report report;

	bj_tls_report(c->tls, &report);
	if (report.alert_sent >= 0 && !c->alerted)
		(void)quic_alert(c, report.alert_sent);
	c->alerted = true;
	return err;
}

/* Reads until the engine has something new to take, or data came. */
static enum bj_err next(struct connection *c, enum bj_tls_event *out_event)
{
	enum bj_tls_level level;
	uint8_t type;

	switch (record_read(c, &type, &level)) {
	case CAME_END:
		c->is_eof = true;
		return BJ_ERR_TRUNCATED;
	case CAME_WRONG:
		return BJ_ERR_IO;
	case CAME_RECORD:
		break;
	}
	if (type == RECORD_ALERT && c->quic.record_len == ALERT_LEN) {
		fprintf(stderr, ":ALERT_%s:\n", bj_tls_alert_name(c->quic.record[1]));
		return BJ_ERR_ALERT_RECEIVED;
	}
	if (type == RECORD_DATA) {
		c->data = bytes_of(c->quic.record, c->quic.record_len);
		*out_event = BJ_TLS_DATA;
		return BJ_OK;
	}
	c->in_at = 0;
	c->in_len = c->quic.record_len;
	c->quic_level = level;
	return type == RECORD_HANDSHAKE ? BJ_OK : BJ_ERR_IO;
}

enum bj_err quic_run(struct connection *c, enum bj_tls_event *out_event)
{
	for (;;) {
		size_t left = c->in_len - c->in_at, n = c->flags->is_async && left > 1 ? 1 : left;
		enum bj_err err = bj_tls_quic_feed(c->tls, c->now_ms, c->quic_level, c->quic.record + c->in_at, n, out_event);

		if (err == BJ_ERR_STATE && bj_tls_error(c->tls) == BJ_OK)
			fprintf(stderr, "bytes came of a level that has no secret\n");
		c->in_at += n;
		(void)quic_flush(c);
		connection_look(c);
		if (err)
			return failed(c, err);
		switch (*out_event) {
		case BJ_TLS_ASK:
			err = connection_answer(c);
			if (err)
				return failed(c, err);
			continue;
		case BJ_TLS_DONE:
			c->is_done = true;
			return BJ_OK;
		case BJ_TLS_TICKET:
			continue;
		default:
			break;
		}
		if (c->in_at < c->in_len)
			continue;
		if (c->pauses) {
			c->pauses = false;
			return BJ_OK;
		}
		err = next(c, out_event);
		if (err || *out_event == BJ_TLS_DATA)
			return err;
	}
}
