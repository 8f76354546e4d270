/* fuzz_tls_message.c - one message of a good handshake is replaced, inside the encryption.
 *
 * The first byte says how both are configured, the second which message it is; the rest is its body, or (top bit of the second) is laid
 * over the good body from the third byte's offset on. Never may both sides come to be connected, but where the message was as before.
 */
#include "tls/flight.h"
#include "tls_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WIRE_CAP 65536

struct harm {
	const uint8_t *data;
	size_t size;
	unsigned at, seen;
	bool lays_over, changed;
};

/* Hands one message on, perhaps another one. */
static enum bj_err hand_on(struct bj_tls *to, const struct message *m, bool last, struct harm *harm)
{
	size_t len = m->whole.len;
	uint8_t *copy;
	enum bj_err err = BJ_OK;

	if (harm->seen == harm->at && !harm->lays_over)
		len = MESSAGE_HEADER_LEN + harm->size;
	copy = (uint8_t *)malloc(len);
	check(copy != NULL);
	memcpy(copy, m->whole.ptr, len < m->whole.len ? len : m->whole.len);
	if (harm->seen++ == harm->at) {
		size_t offset = harm->lays_over && harm->size > 0 ? harm->data[0] : 0, skip = harm->lays_over && harm->size > 0;

		for (size_t i = skip; i < harm->size && MESSAGE_HEADER_LEN + offset + i - skip < len; i++)
			copy[MESSAGE_HEADER_LEN + offset + i - skip] = harm->data[i];
		copy[1] = (uint8_t)((len - MESSAGE_HEADER_LEN) >> 16);
		copy[2] = (uint8_t)((len - MESSAGE_HEADER_LEN) >> 8);
		copy[3] = (uint8_t)(len - MESSAGE_HEADER_LEN);
		harm->changed = len != m->whole.len || memcmp(copy, m->whole.ptr, len) != 0;
	}
	if (to->is_server && !to->hs && state_at(&to->state) == ST_START)
		err = handshake_new(to);
	if (!err)
		err = handshake_receive(to, m->type, bytes_of(copy, len), last);
	if (!err)
		err = handshake_advance(to);
	free(copy);
	return err;
}

static enum bj_err hand_record(struct bj_tls *to, const struct record *rec, struct harm *harm)
{
	enum bj_err err = BJ_OK;
	size_t taken = 0, need;
	struct message m;

	if (rec->type == RECORD_ALERT)
		return BJ_ERR_ALERT_RECEIVED;
	if (rec->type == RECORD_CCS && to->version == BJ_TLS_1_2) {
		err = handshake_receive(to, MSG_CHANGE_CIPHER_SPEC, (struct bj_bytes){ NULL, 0 }, true);
		return err ? err : handshake_advance(to);
	}
	if (rec->type != RECORD_HANDSHAKE)
		return BJ_OK;
	while (!err && message_take(bytes_of(rec->body.ptr + taken, rec->body.len - taken), &m, &need)) {
		taken += m.whole.len;
		err = hand_on(to, &m, taken == rec->body.len, harm);
	}
	return err;
}

static bool carry(struct bj_tls *from, struct bj_tls *to, struct harm *harm)
{
	static uint8_t wire[WIRE_CAP];
	size_t len = bj_tls_pull(from, wire, sizeof(wire)), at = 0;
	struct record rec;
	enum bj_err err = BJ_OK;

	to->now_ms = FUZZ_NOW * 1000;
	while (at < len && !err && !to->err) {
		err = record_open(&to->rd, wire + at, len - at, &rec);
		check(err || rec.used > 0);
		at += rec.used;
		if (!err)
			err = hand_record(to, &rec, harm);
	}
	if (err)
		(void)conn_fail(to, err);
	return len > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bj_tls_config *clients[8], *servers[8];
	static uint64_t seed;
	struct harm harm = { 0 };
	struct bj_tls *client, *server;
	unsigned variant;

	if (size < 2)
		return 0;
	variant = data[0] & 7;
	seed = 1;
	if (!clients[variant])
		fuzz_configs(variant, (struct bj_rng){ fuzz_fill, &seed }, &clients[variant], &servers[variant]);
	harm = (struct harm){ .data = data + 2, .size = size - 2, .at = data[1] & 0x7f, .lays_over = data[1] >> 7 };
	check(bj_tls_new(clients[variant], FUZZ_NAME, &client) == BJ_OK);
	check(bj_tls_new(servers[variant], NULL, &server) == BJ_OK);
	check(bj_tls_start(client, FUZZ_NOW * 1000) == BJ_OK);
	for (bool moved = true; moved;) {
		moved = carry(client, server, &harm);
		moved |= carry(server, client, &harm);
	}
	if (state_at(&client->state) == ST_OPEN && state_at(&server->state) == ST_OPEN && !client->err && !server->err && harm.changed)
		check(conn_is_13(client) && client->tickets > 0); /* only a ticket stands outside of the transcript */
	check(client->err != BJ_ERR_INTERNAL && server->err != BJ_ERR_INTERNAL);
	bj_tls_free(client);
	bj_tls_free(server);
	return 0;
}
