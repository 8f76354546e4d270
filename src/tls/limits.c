/* limits.c - see limits.h. */
#include "tls/limits.h"

#include "tls/ext/max_fragment_length.h"
#include "tls/ext/record_size_limit.h"

/* record_size_limit counts the type in 1.3. */
static unsigned type_len(uint16_t version)
{
	return version == VERSION_1_3 ? 1 : 0;
}

/* ---- records */

size_t limits_send_max(const struct bj_tls *conn)
{
	size_t own = conn->config->send_max ? conn->config->send_max : RECORD_PLAIN_MAX;

	return conn->send_max && conn->send_max < own ? conn->send_max : own;
}

size_t limits_padding(const struct bj_tls *conn, const struct record_keys *keys, size_t len, size_t room)
{
	size_t multiple = conn->config->padding, inner = len + 1, max = limits_send_max(conn) + 1, padded;

	if (multiple < 2 || keys->form != RECORD_13)
		return 0;
	padded = (inner + multiple - 1) / multiple * multiple;
	if (padded > max)
		padded = max > inner ? max : inner;
	return padded - inner < room ? padded - inner : room;
}

bool limits_exceeded(const struct bj_tls *conn, enum record_form form, const struct record *rec)
{
	size_t len = form == RECORD_13 ? rec->used - RECORD_HEADER_LEN - AEAD_TAG_LEN : rec->body.len;

	/* who sends early data has not seen our answer */
	if (conn->is_server && conn->early == BJ_TLS_EARLY_ACCEPTED && !state_is_open(&conn->state))
		return false;
	return conn->receive_limit && form != RECORD_PLAIN && !rec->is_plain && len > conn->receive_limit;
}

static void send_at_most(struct bj_tls *conn, size_t len)
{
	if (!conn->send_max || len < conn->send_max)
		conn->send_max = (uint16_t)len;
}

/* ---- what is said */

/* In a hello that offers both versions the type is counted, as 1.3 does. rfc8449:4 */
static uint16_t own_limit(const struct bj_tls_config *config, uint16_t version)
{
	size_t limit = config->record_limit ? config->record_limit : RECORD_PLAIN_MAX;

	return (uint16_t)(limit + type_len(version));
}

void limits_offer(const struct bj_tls *conn, struct client_hello *hello)
{
	const struct bj_tls_config *config = conn->config;

	if (config->record_limit && !conn->quic) {
		hello->has |= EXT_BIT(EXT_RECORD_SIZE_LIMIT);
		hello->record_size_limit = own_limit(config, config->version_max);
	}
	if (config->max_fragment && !conn->quic) {
		hello->has |= EXT_BIT(EXT_MAX_FRAGMENT_LENGTH);
		hello->max_fragment = max_fragment_code(config->max_fragment);
	}
}

enum bj_err limits_take_hello(struct bj_tls *conn, const struct client_hello *hello)
{
	size_t type = type_len(conn->version), limit = hello->record_size_limit;

	if (conn->quic)
		return BJ_OK;
	if (hello->has & EXT_BIT(EXT_RECORD_SIZE_LIMIT)) { /* the other one is ignored then; more than there can be is no failure */
		if (limit < RECORD_PLAIN_MAX + type)
			send_at_most(conn, limit - type);
	} else if (hello->has & EXT_BIT(EXT_MAX_FRAGMENT_LENGTH)) {
		conn->hs->max_fragment = hello->max_fragment;
		send_at_most(conn, max_fragment_len(hello->max_fragment));
	}
	return BJ_OK;
}

uint32_t limits_answer(struct bj_tls *conn, uint16_t *out_record, uint8_t *out_fragment)
{
	if (conn->quic)
		return 0;
	if (conn->hs->offered & EXT_BIT(EXT_RECORD_SIZE_LIMIT)) {
		*out_record = own_limit(conn->config, conn->version);
		conn->receive_limit = *out_record;
		return EXT_BIT(EXT_RECORD_SIZE_LIMIT);
	}
	if (!conn->hs->max_fragment)
		return 0;
	*out_fragment = conn->hs->max_fragment;
	conn->receive_limit = (uint16_t)(max_fragment_len(*out_fragment) + type_len(conn->version));
	return EXT_BIT(EXT_MAX_FRAGMENT_LENGTH);
}

enum bj_err limits_take_answer(struct bj_tls *conn, uint32_t has, uint16_t record, uint8_t fragment)
{
	size_t type = type_len(conn->version);
	bool has_record = has & EXT_BIT(EXT_RECORD_SIZE_LIMIT), has_fragment = has & EXT_BIT(EXT_MAX_FRAGMENT_LENGTH);

	if (has_record && (has_fragment || record > RECORD_PLAIN_MAX + type)) /* rfc8449:5 rfc8449:4 */
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (has_record) {
		send_at_most(conn, record - type);
		conn->receive_limit = own_limit(conn->config, conn->config->version_max);
	}
	if (has_fragment) {
		if (max_fragment_len(fragment) != conn->config->max_fragment)
			return BJ_ERR_ILLEGAL_PARAMETER;
		send_at_most(conn, conn->config->max_fragment);
		conn->receive_limit = (uint16_t)(conn->config->max_fragment + type);
	}
	return BJ_OK;
}
