/* seen.c - the observer: writes the trace, and reads what checks ask for out of the messages themselves. */
#include "seen.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/reader.h"
#include "tls/conn.h"
#include "tls/ext/alpn.h"
#include "tls/ext/certificate_authorities.h"
#include "tls/ext/signature_algorithms.h"
#include "tls/msg/certificate_request.h"

static void line_add(struct seen *seen, bool sent, const char *words)
{
	int n = snprintf(seen->text + seen->text_len, SEEN_TEXT_MAX - seen->text_len, "%s %s\n", sent ? "write" : "read", words);

	if (n > 0 && seen->text_len + (size_t)n < SEEN_TEXT_MAX)
		seen->text_len += (size_t)n;
}

static void schemes_keep(struct seen *seen, struct bj_bytes codes)
{
	seen->schemes_len = codes.len < sizeof(seen->schemes) ? codes.len : sizeof(seen->schemes);
	bytes_copy(seen->schemes, codes.ptr, seen->schemes_len);
}

static void hello_read(struct seen *seen, struct bj_bytes body)
{
	struct client_hello hello;

	if (client_hello_parse(body, &hello) != BJ_OK)
		return;
	schemes_keep(seen, hello.schemes);
	seen->alpn_offered_len = hello.alpn.len < sizeof(seen->alpn_offered) ? hello.alpn.len : sizeof(seen->alpn_offered);
	bytes_copy(seen->alpn_offered, hello.alpn.ptr, seen->alpn_offered_len);
}

static void authorities_keep(struct seen *seen, struct bj_bytes authorities)
{
	struct reader list = rd_of(authorities);
	struct bj_bytes name;
	char *at = seen->authorities;

	while (authority_next(&list, &name) && 2 * name.len + 2 < (size_t)(seen->authorities + sizeof(seen->authorities) - at)) {
		if (at > seen->authorities)
			*at++ = ',';
		hex_encode(name.ptr, name.len, at);
		at += 2 * name.len;
	}
	*at = 0;
}

static void request_read(struct seen *seen, const struct bj_tls *conn, struct bj_bytes body)
{
	struct certificate_request request;
	struct certificate_request12 request12;

	if (conn_is_13(conn) && certificate_request_parse(body, &request) == BJ_OK) {
		schemes_keep(seen, request.schemes);
		authorities_keep(seen, request.authorities);
	} else if (!conn_is_13(conn) && certificate_request12_parse(body, &request12) == BJ_OK) {
		schemes_keep(seen, request12.schemes);
		authorities_keep(seen, request12.authorities);
		seen->types_len = request12.types.len < sizeof(seen->types) ? request12.types.len : sizeof(seen->types);
		bytes_copy(seen->types, request12.types.ptr, seen->types_len);
	}
}

static void received(struct seen *seen, const struct bj_tls *conn, uint8_t type, struct bj_bytes body)
{
	struct server_key_exchange ske;

	if (type == MSG_CERTIFICATE_VERIFY && body.len >= 2)
		seen->peer_scheme = (uint16_t)(body.ptr[0] << 8 | body.ptr[1]);
	else if (type == MSG_SERVER_KEY_EXCHANGE && server_key_exchange_parse(body, &ske) == BJ_OK)
		seen->peer_scheme = ske.scheme;
	else if (type == MSG_CLIENT_HELLO)
		hello_read(seen, body);
	else if (type == MSG_CERTIFICATE_REQUEST)
		request_read(seen, conn, body);
}

static void sent(struct seen *seen, const struct bj_tls *conn, uint8_t type, struct bj_bytes body)
{
	if (type == MSG_SERVER_HELLO && body.len > 2 + RANDOM_LEN)
		seen->session_id_len = body.ptr[2 + RANDOM_LEN];
	if ((type == MSG_CERTIFICATE_VERIFY || type == MSG_SERVER_KEY_EXCHANGE) && conn->hs && conn->hs->credential)
		seen->credential = conn->hs->credential->credential;
}

void seen_take(void *self, const struct bj_tls *conn, const struct bj_tls_event_info *info)
{
	struct seen *seen = self;
	char words[32];

	switch (info->kind) {
	case BJ_TLS_SAW_MESSAGE:
		snprintf(words, sizeof(words), "hs %u", info->type);
		line_add(seen, info->sent, words);
		if (info->bytes.len < MESSAGE_HEADER_LEN)
			break;
		if (info->sent) {
			sent(seen, conn, info->type, bytes_of(info->bytes.ptr + MESSAGE_HEADER_LEN, info->bytes.len - MESSAGE_HEADER_LEN));
		} else {
			seen->last_received = info->type;
			received(seen, conn, info->type, bytes_of(info->bytes.ptr + MESSAGE_HEADER_LEN, info->bytes.len - MESSAGE_HEADER_LEN));
		}
		break;
	case BJ_TLS_SAW_ALERT:
		snprintf(words, sizeof(words), "alert %u %u", info->bytes.ptr[0], info->bytes.ptr[1]);
		line_add(seen, info->sent, words);
		break;
	case BJ_TLS_SAW_CCS: /* what 1.3 passes over is no event to the runner */
		if (info->sent || !conn_is_13(conn))
			line_add(seen, info->sent, "ccs");
		break;
	case BJ_TLS_SAW_INNER_HELLO:
		line_add(seen, info->sent, "clienthelloinner");
		break;
	case BJ_TLS_SAW_KEYS:
		break;
	}
}
