/* raw_key.c - see raw_key.h. */
#include "tls/raw_key.h"

#include "tls/ext/certificate_type.h"

static bool is_default(const struct config_types *types)
{
	return types->count == 1 && types->types[0] == CERTIFICATE_X509;
}

void raw_key_offer(const struct bj_tls_config *config, struct client_hello *hello)
{
	if (!is_default(&config->own_types)) {
		hello->has |= EXT_BIT(EXT_CLIENT_CERTIFICATE_TYPE);
		hello->client_types = config_types_view(&config->own_types);
	}
	if (!is_default(&config->peer_types)) {
		hello->has |= EXT_BIT(EXT_SERVER_CERTIFICATE_TYPE);
		hello->server_types = config_types_view(&config->peer_types);
	}
}

/* The forms of a list that we know; a list that is not there says X.509. */
static uint8_t mask_of(const struct client_hello *hello, enum ext ext, struct bj_bytes types)
{
	return hello->has & EXT_BIT(ext) ? certificate_type_mask(types) : 1 << CERTIFICATE_X509;
}

void raw_key_take_offer(struct bj_tls *conn, const struct client_hello *hello)
{
	const struct config_types *own = &conn->config->peer_types;
	uint8_t theirs = mask_of(hello, EXT_CLIENT_CERTIFICATE_TYPE, hello->client_types);
	struct handshake *hs = conn->hs;

	hs->own_types = mask_of(hello, EXT_SERVER_CERTIFICATE_TYPE, hello->server_types);
	hs->peer_type = TYPE_NONE;
	for (size_t i = 0; i < own->count && hs->peer_type == TYPE_NONE; i++)
		if (theirs >> own->types[i] & 1)
			hs->peer_type = own->types[i];
}

enum bj_err raw_key_agree(const struct bj_tls *conn)
{
	bool wants = conn->config->client_auth != BJ_TLS_AUTH_NONE;

	return wants && conn->hs->peer_type == TYPE_NONE ? BJ_ERR_NO_COMMON_CERTIFICATE_TYPE : BJ_OK;
}

uint32_t raw_key_answers(const struct bj_tls *conn, bool resumed)
{
	uint32_t has = conn->hs->offered & EXT_BIT(EXT_SERVER_CERTIFICATE_TYPE);

	if (!resumed && conn->config->client_auth != BJ_TLS_AUTH_NONE)
		has |= conn->hs->offered & EXT_BIT(EXT_CLIENT_CERTIFICATE_TYPE);
	return has;
}

enum bj_err raw_key_take_answer(struct bj_tls *conn, uint32_t has, uint8_t client_type, uint8_t server_type)
{
	const struct bj_tls_config *config = conn->config;
	struct handshake *hs = conn->hs;

	hs->own_type = has & EXT_BIT(EXT_CLIENT_CERTIFICATE_TYPE) ? client_type : CERTIFICATE_X509;
	hs->peer_type = has & EXT_BIT(EXT_SERVER_CERTIFICATE_TYPE) ? server_type : CERTIFICATE_X509;
	if ((has & EXT_BIT(EXT_CLIENT_CERTIFICATE_TYPE)) && !config_has_type(&config->own_types, hs->own_type))
		return BJ_ERR_NO_COMMON_CERTIFICATE_TYPE;
	return config_has_type(&config->peer_types, hs->peer_type) ? BJ_OK : BJ_ERR_NO_COMMON_CERTIFICATE_TYPE;
}

enum bj_err raw_key_can_show(const struct bj_tls *conn)
{
	return config_has_type(&conn->config->own_types, conn->hs->own_type) ? BJ_OK : BJ_ERR_NO_COMMON_CERTIFICATE_TYPE;
}

void raw_key_judge(const struct bj_tls *conn, struct bj_verdict *out)
{
	bool good = config_expects_key(conn->config, conn->hs->peer_chain[0]);

	verdict_fail(out, BJ_ERR_KEY_UNEXPECTED, 0, "rfc7250:6");
	if (!good)
		return;
	out->err = BJ_OK;
	out->path_len = 1;
}
