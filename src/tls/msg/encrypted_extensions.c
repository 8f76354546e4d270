/* encrypted_extensions.c - see encrypted_extensions.h. */
#include "tls/msg/encrypted_extensions.h"
#include "tls/ext/alpn.h"
#include "tls/ext/certificate_type.h"
#include "tls/ext/early_data.h"
#include "tls/ext/max_fragment_length.h"
#include "tls/ext/record_size_limit.h"
#include "tls/ext/server_name.h"
#include "tls/ext/supported_groups.h"
#include "tls/ext/ticket_request.h"

static enum bj_err parse_extension(enum ext ext, struct bj_bytes body, struct encrypted_extensions *ee)
{
	switch (ext) {
	case EXT_SERVER_NAME:
		return server_name_parse_answer(body);
	case EXT_SUPPORTED_GROUPS:
		return supported_groups_parse(body, &ee->groups);
	case EXT_ALPN:
		return alpn_parse_answer(body, &ee->alpn);
	case EXT_CLIENT_CERTIFICATE_TYPE:
		return certificate_type_parse_answer(body, &ee->client_type);
	case EXT_SERVER_CERTIFICATE_TYPE:
		return certificate_type_parse_answer(body, &ee->server_type);
	case EXT_MAX_FRAGMENT_LENGTH:
		return max_fragment_length_parse(body, &ee->max_fragment);
	case EXT_RECORD_SIZE_LIMIT:
		return record_size_limit_parse(body, &ee->record_size_limit);
	case EXT_QUIC_PARAMS:
		ee->quic_params = body;
		return BJ_OK;
	case EXT_EARLY_DATA:
		return early_data_parse(body);
	case EXT_TICKET_REQUEST:
		return ticket_request_parse_answer(body, &ee->tickets_expected);
	default: /* has no place here: the walker refuses it */
		return BJ_ERR_INTERNAL;
	}
}

enum bj_err encrypted_extensions_parse(struct bj_bytes body, uint32_t offered, struct encrypted_extensions *out)
{
	struct reader r = rd_of(body);
	struct bj_bytes extensions = rd_vec_bytes(&r, 2);
	struct encrypted_extensions ee = { 0 };
	struct ext_list list;
	enum bj_err err;

	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	err = ext_walk(extensions, EXT_IN_EE, offered, &list);
	if (err)
		return err;
	ee.has = list.has;
	for (unsigned ext = 0; ext < EXT_KNOWN; ext++) {
		if (!(list.has & EXT_BIT(ext)))
			continue;
		err = parse_extension((enum ext)ext, list.body[ext], &ee);
		if (err)
			return err;
	}
	*out = ee;
	return BJ_OK;
}

void encrypted_extensions_write(struct writer *w, const struct encrypted_extensions *ee)
{
	size_t message = message_open(w, MSG_ENCRYPTED_EXTENSIONS);
	size_t list = wr_open(w, 2);

	if (ee->has & EXT_BIT(EXT_SERVER_NAME))
		ext_write_empty(w, EXT_SERVER_NAME);
	if (ee->has & EXT_BIT(EXT_SUPPORTED_GROUPS))
		supported_groups_write(w, ee->groups);
	if (ee->has & EXT_BIT(EXT_ALPN))
		alpn_write_answer(w, ee->alpn);
	if (ee->has & EXT_BIT(EXT_CLIENT_CERTIFICATE_TYPE))
		certificate_type_write_answer(w, EXT_CLIENT_CERTIFICATE_TYPE, ee->client_type);
	if (ee->has & EXT_BIT(EXT_SERVER_CERTIFICATE_TYPE))
		certificate_type_write_answer(w, EXT_SERVER_CERTIFICATE_TYPE, ee->server_type);
	if (ee->has & EXT_BIT(EXT_MAX_FRAGMENT_LENGTH))
		max_fragment_length_write(w, ee->max_fragment);
	if (ee->has & EXT_BIT(EXT_RECORD_SIZE_LIMIT))
		record_size_limit_write(w, ee->record_size_limit);
	if (ee->has & EXT_BIT(EXT_EARLY_DATA))
		ext_write_empty(w, EXT_EARLY_DATA);
	if (ee->has & EXT_BIT(EXT_QUIC_PARAMS))
		ext_write(w, EXT_QUIC_PARAMS, ee->quic_params);
	if (ee->has & EXT_BIT(EXT_TICKET_REQUEST))
		ticket_request_write_answer(w, ee->tickets_expected);
	wr_close(w, list, 2);
	message_close(w, message);
}
