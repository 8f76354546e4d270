/* server_start.c - a server takes the first ClientHello and chooses the version (rfc9846:4.1.2 rfc9846:4.2.1 rfc7507:3). */
#include <stdlib.h>

#include "tls/auth.h"
#include "tls/cert_compression.h"
#include "tls/ech.h"
#include "tls/hello.h"
#include "tls/retry.h"
#include "tls/limits.h"
#include "tls/psk.h"
#include "tls/quic.h"
#include "tls/raw_key.h"

static enum bj_err choose_version(struct bj_tls *conn, const struct client_hello *hello)
{
	uint16_t offered = 0;

	if (client_hello_offers(hello, VERSION_1_3))
		offered = VERSION_1_3;
	else if (client_hello_offers(hello, VERSION_1_2))
		offered = VERSION_1_2;
	if (codes_have(hello->suites, SUITE_SCSV_FALLBACK) && offered < conn->config->version_max)
		return BJ_ERR_INAPPROPRIATE_FALLBACK;
	if (config_has_version(conn->config, VERSION_1_3) && client_hello_offers(hello, VERSION_1_3))
		conn->version = VERSION_1_3;
	else if (config_has_version(conn->config, VERSION_1_2) && client_hello_offers(hello, VERSION_1_2))
		conn->version = VERSION_1_2;
	else
		return BJ_ERR_BAD_VERSION;
	return BJ_OK;
}

static enum bj_err take_name(struct bj_tls *conn, struct bj_bytes name)
{
	if (name.len == 0)
		return BJ_OK;
	for (size_t i = 0; i < name.len; i++) /* it goes to logs and reports as it is */
		if (name.ptr[i] <= ' ' || name.ptr[i] > '~')
			return BJ_ERR_ILLEGAL_PARAMETER;
	if (name.len > 1 && name.ptr[name.len - 1] == '.') /* the root's dot, which should not have been said. rfc6066:3 */
		name.len--;
	conn->name = calloc(1, name.len + 1);
	if (!conn->name)
		return BJ_ERR_NO_MEMORY;
	memcpy(conn->name, name.ptr, name.len);
	return BJ_OK;
}

/* In 1.3 the suite depends on nothing else but keys that were offered; with it the transcript's hash is known before the hello is added. In 1.2 the key has a say. */
static enum bj_err choose_suite13(struct bj_tls *conn, const struct client_hello *hello)
{
	conn->suite = psk_suite(conn, hello, hello_choose_suite(conn, hello, VERSION_1_3, ~(uint32_t)0));
	if (!conn->suite)
		return BJ_ERR_NO_COMMON_SUITE;
	return transcript_choose(&conn->hs->transcript, (enum hash_alg)conn->suite->hash, false);
}

static enum bj_err hello_take(struct bj_tls *conn, struct bj_bytes body)
{
	struct handshake *hs = conn->hs;
	struct client_hello *hello = &hs->client_hello;
	enum bj_err err = client_hello_parse(body, hello);

	if (!err && (hello->has & EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO)))
		err = ech_server_take(conn, &body);
	if (err)
		return err;
	err = choose_version(conn, hello);
	if (err)
		return err;
	err = quic_take_hello(conn, hello);
	if (!err)
		err = limits_take_hello(conn, hello);
	if (err)
		return err;
	state_settle(&conn->state, F_13, conn_is_13(conn));
	memcpy(hs->client_random, hello->random.ptr, RANDOM_LEN);
	bytes_copy(hs->session_id, hello->session_id.ptr, hello->session_id.len);
	hs->session_id_len = (uint8_t)hello->session_id.len;
	hs->offered = hello_offered(hello);
	if (codes_have(hello->suites, SUITE_SCSV_RENEGOTIATION))
		hs->offered |= EXT_BIT(EXT_RENEGOTIATION_INFO);
	hello_take_schemes(conn, hello->schemes);
	hello_take_delegated(conn, hello->delegated);
	hs->compression = cert_compression_choose(conn->config, hello->compressions);
	raw_key_take_offer(conn, hello);
	err = conn_is_13(conn) ? choose_suite13(conn, hello) : BJ_OK;
	if (!err && conn_is_13(conn))
		err = retry_resume(conn, hello);
	if (!err && conn->retried && (hello->has & EXT_BIT(EXT_PRE_SHARED_KEY))) /* the transcript is still without this hello */
		transcript_peek_with(&hs->transcript, (enum hash_alg)conn->suite->hash,
				     client_hello_truncated(bytes_of(body.ptr - MESSAGE_HEADER_LEN, body.len + MESSAGE_HEADER_LEN), &hello->psk),
				     hs->binder_hash);
	if (!err)
		err = auth_take_wishes(conn, hello->authorities, hello->schemes_cert.len > 0 ? hello->schemes_cert : hello->schemes);
	return err ? err : take_name(conn, hello->server_name);
}

static const struct hs_row server_start[] = {
	{ FROM(START), RECV(CLIENT_HELLO, hello_take), DECIDES(F_13), TO(VERSION) },
};

const struct hs_table table_server_start = HS_TABLE(server_start);
