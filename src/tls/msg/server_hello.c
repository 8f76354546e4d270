/* server_hello.c - see server_hello.h. */
#include "tls/msg/server_hello.h"
#include "tls/ext/max_fragment_length.h"
#include "tls/ext/alpn.h"
#include "tls/ext/certificate_type.h"
#include "tls/ext/cookie.h"
#include "tls/ext/ec_point_formats.h"
#include "tls/ext/encrypted_client_hello.h"
#include "tls/ext/extended_master_secret.h"
#include "tls/ext/pre_shared_key.h"
#include "tls/ext/record_size_limit.h"
#include "tls/ext/renegotiation_info.h"
#include "tls/ext/sct.h"
#include "tls/ext/server_name.h"
#include "tls/ext/session_ticket.h"
#include "tls/ext/supported_groups.h"
#include "tls/ext/supported_versions.h"

/* SHA-256 of "HelloRetryRequest": rfc9846:4.1.3 */
const uint8_t server_hello_retry_random[RANDOM_LEN] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

#define SENTINEL_LEN 8
static const uint8_t sentinel_1_2[SENTINEL_LEN] = "DOWNGRD\x01";
static const uint8_t sentinel_1_1[SENTINEL_LEN] = "DOWNGRD\x00";

static enum bj_err parse_extension(enum ext ext, struct bj_bytes body, void *hello)
{
	struct server_hello *h = hello;

	switch (ext) {
	case EXT_SERVER_NAME:
		return server_name_parse_answer(body);
	case EXT_SUPPORTED_GROUPS: {
		struct bj_bytes ignored;

		return supported_groups_parse(body, &ignored);
	}
	case EXT_EC_POINT_FORMATS:
		return ec_point_formats_parse(body);
	case EXT_ALPN:
		return alpn_parse_answer(body, &h->alpn);
	case EXT_EXTENDED_MASTER_SECRET:
		return extended_master_secret_parse(body);
	case EXT_MAX_FRAGMENT_LENGTH:
		return max_fragment_length_parse(body, &h->max_fragment);
	case EXT_RECORD_SIZE_LIMIT:
		return record_size_limit_parse(body, &h->record_size_limit);
	case EXT_SESSION_TICKET:
		return session_ticket_parse_answer(body);
	case EXT_PRE_SHARED_KEY:
		return pre_shared_key_parse_answer(body, &h->psk_index);
	case EXT_SUPPORTED_VERSIONS:
		return supported_versions_parse_answer(body, &h->version);
	case EXT_COOKIE:
		return cookie_parse(body, &h->cookie);
	case EXT_KEY_SHARE:
		return h->is_retry ? key_share_parse_retry(body, &h->share.group) : key_share_parse_answer(body, &h->share);
	case EXT_ENCRYPTED_CLIENT_HELLO:
		return encrypted_client_hello_parse_retry(body, &h->ech);
	case EXT_RENEGOTIATION_INFO:
		return renegotiation_info_parse(body);
	case EXT_STATUS_REQUEST:
		return body.len == 0 ? BJ_OK : BJ_ERR_DECODE;
	case EXT_CLIENT_CERTIFICATE_TYPE:
		return certificate_type_parse_answer(body, &h->client_type);
	case EXT_SERVER_CERTIFICATE_TYPE:
		return certificate_type_parse_answer(body, &h->server_type);
	case EXT_SCT:
		return sct_list_parse(body, &h->scts);
	default: /* has no place here: the walker refuses it */
		return BJ_ERR_INTERNAL;
	}
}

enum bj_err server_hello_parse(struct bj_bytes body, uint32_t offered, struct server_hello *out)
{
	struct reader r = rd_of(body);
	struct server_hello h = { 0 };
	struct bj_bytes extensions = { 0 };
	enum ext_place place;
	uint8_t compression;
	bool is_13;
	enum bj_err err;

	h.legacy_version = rd_u16(&r);
	h.random = rd_bytes(&r, RANDOM_LEN);
	h.session_id = rd_vec_bytes(&r, 1);
	h.suite = rd_u16(&r);
	compression = rd_u8(&r);
	if (rd_more(&r)) /* servers of 1.2 may leave the whole list out */
		extensions = rd_vec_bytes(&r, 2);
	if (!rd_end(&r) || h.session_id.len > SESSION_ID_MAX)
		return BJ_ERR_DECODE;
	is_13 = ext_stands_in(extensions, ext_table[EXT_SUPPORTED_VERSIONS].type);
	if (is_13 && compression != 0)
		return BJ_ERR_DECODE; /* the field has no other value. rfc9846:4.1.3 */
	h.is_retry = is_13 && memcmp(h.random.ptr, server_hello_retry_random, RANDOM_LEN) == 0;
	h.version = h.legacy_version;
	if (!is_13)
		offered &= ~EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO);
	place = !is_13 ? EXT_IN_SH12 : h.is_retry ? EXT_IN_HRR : EXT_IN_SH;
	err = ext_parse(extensions, place, offered, parse_extension, &h, &h.has);
	if (err)
		return err;
	/* The extension chooses 1.3 or later only, of what was offered, under the guise of 1.2: rfc9846:4.2.1 */
	if (is_13 && h.version != VERSION_1_3)
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (is_13 ? h.legacy_version != VERSION_1_2 : h.legacy_version > VERSION_1_2) /* rfc9846:4.1.3 */
		return BJ_ERR_BAD_VERSION;
	if (compression != 0)
		return BJ_ERR_ILLEGAL_PARAMETER;
	*out = h;
	return BJ_OK;
}

static void write_extension(struct writer *w, enum ext ext, const struct server_hello *h)
{
	switch (ext) {
	case EXT_EC_POINT_FORMATS:
		ec_point_formats_write(w);
		break;
	case EXT_ALPN:
		alpn_write_answer(w, h->alpn);
		break;
	case EXT_MAX_FRAGMENT_LENGTH:
		max_fragment_length_write(w, h->max_fragment);
		break;
	case EXT_RECORD_SIZE_LIMIT:
		record_size_limit_write(w, h->record_size_limit);
		break;
	case EXT_PRE_SHARED_KEY:
		pre_shared_key_write_answer(w, h->psk_index);
		break;
	case EXT_SUPPORTED_VERSIONS:
		supported_versions_write_answer(w, h->version);
		break;
	case EXT_COOKIE:
		cookie_write(w, h->cookie);
		break;
	case EXT_KEY_SHARE:
		if (h->is_retry)
			key_share_write_retry(w, h->share.group);
		else
			key_share_write_answer(w, &h->share);
		break;
	case EXT_ENCRYPTED_CLIENT_HELLO:
		ext_write(w, ext, h->ech);
		break;
	case EXT_RENEGOTIATION_INFO:
		renegotiation_info_write(w);
		break;
	case EXT_CLIENT_CERTIFICATE_TYPE:
		certificate_type_write_answer(w, ext, h->client_type);
		break;
	case EXT_SERVER_CERTIFICATE_TYPE:
		certificate_type_write_answer(w, ext, h->server_type);
		break;
	case EXT_SCT:
		sct_list_write(w, h->scts);
		break;
	default: /* answers without a value: server_name, extended_master_secret, session_ticket */
		ext_write_empty(w, ext);
		break;
	}
}

void server_hello_write(struct writer *w, const struct server_hello *hello)
{
	size_t message = message_open(w, MSG_SERVER_HELLO), list;

	wr_u16(w, hello->legacy_version);
	wr_bytes(w, hello->is_retry ? bytes_of(server_hello_retry_random, RANDOM_LEN) : hello->random);
	wr_vec(w, hello->session_id, 1);
	wr_u16(w, hello->suite);
	wr_u8(w, 0);
	if (hello->has) {
		list = wr_open(w, 2);
		for (unsigned ext = 0; ext < EXT_KNOWN; ext++)
			if (hello->has & EXT_BIT(ext))
				write_extension(w, (enum ext)ext, hello);
		wr_close(w, list, 2);
	}
	message_close(w, message);
}

enum sentinel server_hello_sentinel(const struct server_hello *hello)
{
	const uint8_t *tail = hello->random.ptr + RANDOM_LEN - SENTINEL_LEN;

	if (memcmp(tail, sentinel_1_2, SENTINEL_LEN) == 0)
		return SENTINEL_1_2;
	return memcmp(tail, sentinel_1_1, SENTINEL_LEN) == 0 ? SENTINEL_1_1 : SENTINEL_NONE;
}

void server_random_mark_1_2(uint8_t random[RANDOM_LEN])
{
	memcpy(random + RANDOM_LEN - SENTINEL_LEN, sentinel_1_2, SENTINEL_LEN);
}
