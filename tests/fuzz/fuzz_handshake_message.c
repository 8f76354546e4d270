/* fuzz_handshake_message.c - the other handshake messages: the first byte is the type (its top bit: the form of 1.2). */
#include "base/check.h"
#include "tls/msg/certificate_request.h"
#include "tls/msg/certificate_verify.h"
#include "tls/msg/client_key_exchange.h"
#include "tls/msg/encrypted_extensions.h"
#include "tls/msg/end_of_early_data.h"
#include "tls/msg/finished.h"
#include "tls/msg/key_update.h"
#include "tls/msg/new_session_ticket.h"
#include "tls/msg/server_hello_done.h"
#include "tls/msg/server_key_exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[1 << 18];

/* What was written must be what was read. */
static void same(const struct writer *w, struct bj_bytes body)
{
	check(wr_ok(w) && bytes_equal(bytes_of(w->buf + MESSAGE_HEADER_LEN, w->len - MESSAGE_HEADER_LEN), body));
}

static void requests(struct bj_bytes body, bool is_12)
{
	struct certificate_request cr;
	struct certificate_request12 cr12;
	struct writer w = wr_make(out, sizeof(out));

	if (is_12 && certificate_request12_parse(body, &cr12) == BJ_OK) {
		certificate_request12_write(&w, &cr12);
		same(&w, body);
	} else if (!is_12 && certificate_request_parse(body, &cr) == BJ_OK) {
		check(cr.schemes.len > 0);
	}
}

static void tickets(struct bj_bytes body, bool is_12)
{
	struct new_session_ticket nst;
	struct new_session_ticket12 nst12;
	struct writer w = wr_make(out, sizeof(out));

	if (is_12 && new_session_ticket12_parse(body, &nst12) == BJ_OK) {
		new_session_ticket12_write(&w, &nst12);
		same(&w, body);
	} else if (!is_12 && new_session_ticket_parse(body, &nst) == BJ_OK) {
		check(nst.ticket.len > 0 && nst.lifetime_s <= TICKET_LIFETIME_MAX);
	}
}

static void key_exchanges(struct bj_bytes body, bool of_server)
{
	struct server_key_exchange ske;
	struct writer w = wr_make(out, sizeof(out));
	uint8_t random[RANDOM_LEN] = { 0 }, content[SKE_SIGNED_MAX];
	struct bj_bytes key;

	if (of_server && server_key_exchange_parse(body, &ske) == BJ_OK) {
		server_key_exchange_write(&w, &ske);
		same(&w, body);
		check(server_key_exchange_signed(&ske, random, random, content) == 2 * RANDOM_LEN + 4 + ske.key.len);
	} else if (!of_server && client_key_exchange_parse(body, &key) == BJ_OK) {
		client_key_exchange_write(&w, key);
		same(&w, body);
	}
}

static void small(uint8_t type, struct bj_bytes body)
{
	struct certificate_verify cv;
	struct writer w = wr_make(out, sizeof(out));
	struct bj_bytes view;
	bool asked;

	if (type == MSG_CERTIFICATE_VERIFY && certificate_verify_parse(body, &cv) == BJ_OK) {
		certificate_verify_write(&w, &cv);
		same(&w, body);
	} else if (type == MSG_KEY_UPDATE && key_update_parse(body, &asked) == BJ_OK) {
		key_update_write(&w, asked);
		same(&w, body);
	} else if (type == MSG_FINISHED && finished_parse(body, 32, &view) == BJ_OK) {
		finished_write(&w, view);
		same(&w, body);
	} else if (type == MSG_SERVER_HELLO_DONE || type == MSG_END_OF_EARLY_DATA) {
		check((server_hello_done_parse(body) == BJ_OK) == (body.len == 0));
		check((end_of_early_data_parse(body) == BJ_OK) == (body.len == 0));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct encrypted_extensions ee;
	struct bj_bytes body, rest;
	struct message m;
	size_t need;
	uint8_t type;
	bool is_12;

	if (size < 1)
		return 0;
	type = data[0] & 0x7f;
	is_12 = data[0] & 0x80;
	body = bytes_of(data + 1, size - 1);
	rest = bytes_of(data, size);
	while (message_take(rest, &m, &need)) { /* the frame */
		check(m.whole.len == m.body.len + MESSAGE_HEADER_LEN && m.whole.len <= rest.len);
		rest = bytes_of(rest.ptr + m.whole.len, rest.len - m.whole.len);
	}
	check(need > rest.len);
	if (type == MSG_ENCRYPTED_EXTENSIONS)
		(void)!encrypted_extensions_parse(body, ~0u, &ee);
	else if (type == MSG_CERTIFICATE_REQUEST)
		requests(body, is_12);
	else if (type == MSG_NEW_SESSION_TICKET)
		tickets(body, is_12);
	else if (type == MSG_SERVER_KEY_EXCHANGE || type == MSG_CLIENT_KEY_EXCHANGE)
		key_exchanges(body, type == MSG_SERVER_KEY_EXCHANGE);
	else
		small(type, body);
	return 0;
}
