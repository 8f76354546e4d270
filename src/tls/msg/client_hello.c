/* client_hello.c - see client_hello.h. */
#include "tls/msg/client_hello.h"
#include "tls/ext/alpn.h"
#include "tls/ext/certificate_authorities.h"
#include "tls/ext/certificate_type.h"
#include "tls/ext/compress_certificate.h"
#include "tls/ext/cookie.h"
#include "tls/ext/early_data.h"
#include "tls/ext/ec_point_formats.h"
#include "tls/ext/extended_master_secret.h"
#include "tls/ext/max_fragment_length.h"
#include "tls/ext/padding.h"
#include "tls/ext/record_size_limit.h"
#include "tls/ext/renegotiation_info.h"
#include "tls/ext/server_name.h"
#include "tls/ext/session_ticket.h"
#include "tls/ext/signature_algorithms.h"
#include "tls/ext/signature_algorithms_cert.h"
#include "tls/ext/status_request.h"
#include "tls/ext/supported_groups.h"
#include "tls/ext/supported_versions.h"

static bool has(const struct client_hello *h, enum ext ext)
{
	return h->has & EXT_BIT(ext);
}

static enum bj_err parse_extension(enum ext ext, struct bj_bytes body, void *hello)
{
	struct client_hello *h = hello;

	switch (ext) {
	case EXT_SERVER_NAME:
		return server_name_parse(body, &h->server_name);
	case EXT_MAX_FRAGMENT_LENGTH:
		return max_fragment_length_parse(body, &h->max_fragment);
	case EXT_STATUS_REQUEST:
		return status_request_parse(body, &h->wants_ocsp);
	case EXT_SUPPORTED_GROUPS:
		return supported_groups_parse(body, &h->groups);
	case EXT_EC_POINT_FORMATS:
		return ec_point_formats_parse(body);
	case EXT_SIGNATURE_ALGORITHMS:
		return signature_algorithms_parse(body, &h->schemes);
	case EXT_ALPN:
		return alpn_parse(body, &h->alpn);
	case EXT_DELEGATED_CREDENTIAL:
		return codes_parse(body, 2, &h->delegated);
	case EXT_CLIENT_CERTIFICATE_TYPE:
		return certificate_type_parse(body, &h->client_types);
	case EXT_SERVER_CERTIFICATE_TYPE:
		return certificate_type_parse(body, &h->server_types);
	case EXT_PADDING:
		h->padding = (uint16_t)body.len;
		return padding_parse(body);
	case EXT_COMPRESS_CERTIFICATE:
		return compress_certificate_parse(body, &h->compressions);
	case EXT_EXTENDED_MASTER_SECRET:
		return extended_master_secret_parse(body);
	case EXT_RECORD_SIZE_LIMIT:
		return record_size_limit_parse(body, &h->record_size_limit);
	case EXT_SESSION_TICKET:
		h->ticket = body;
		return BJ_OK;
	case EXT_PRE_SHARED_KEY:
		return pre_shared_key_parse(body, &h->psk);
	case EXT_EARLY_DATA:
		return early_data_parse(body);
	case EXT_SUPPORTED_VERSIONS:
		return supported_versions_parse(body, &h->versions);
	case EXT_COOKIE:
		return cookie_parse(body, &h->cookie);
	case EXT_PSK_KEY_EXCHANGE_MODES:
		return psk_key_exchange_modes_parse(body, &h->psk_modes);
	case EXT_CERTIFICATE_AUTHORITIES:
		return certificate_authorities_parse(body, &h->authorities);
	case EXT_SIGNATURE_ALGORITHMS_CERT:
		return signature_algorithms_cert_parse(body, &h->schemes_cert);
	case EXT_KEY_SHARE:
		return key_share_parse(body, &h->shares);
	case EXT_QUIC_PARAMS: /* opaque here: QUIC reads it */
		h->quic_params = body;
		return BJ_OK;
	case EXT_RENEGOTIATION_INFO:
		return renegotiation_info_parse(body);
	case EXT_TICKET_REQUEST:
		return ticket_request_parse(body, &h->ticket_request);
	case EXT_SCT:
	case EXT_POST_HANDSHAKE_AUTH:
		return body.len == 0 ? BJ_OK : BJ_ERR_DECODE;
	case EXT_TLS_FLAGS: /* no flag of a hello is known */
		return BJ_OK;
	case EXT_OID_FILTERS: /* has no place here: the walker refuses it */
	case EXT_KNOWN:
		break;
	}
	return BJ_ERR_INTERNAL;
}

/* rfc9846:4.2.8: a share only for a group that is offered. */
static bool shares_are_offered(const struct client_hello *h)
{
	struct reader shares = rd_of(h->shares);
	struct key_share share;

	while (key_share_next(&shares, &share))
		if (!codes_have(h->groups, share.group))
			return false;
	return true;
}

/* What the hello says of itself must fit together. */
static enum bj_err judge(const struct client_hello *h)
{
	bool offers_13 = client_hello_offers(h, VERSION_1_3);

	if (h->legacy_version <= VERSION_SSL_3) /* rfc9846:D.5 */
		return BJ_ERR_BAD_VERSION;
	if (!memchr(h->compression.ptr, 0, h->compression.len) || (offers_13 && h->compression.len != 1))
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (!offers_13)
		return BJ_OK;
	if (has(h, EXT_KEY_SHARE) && has(h, EXT_SUPPORTED_GROUPS) && !shares_are_offered(h))
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (has(h, EXT_PRE_SHARED_KEY) && !has(h, EXT_PSK_KEY_EXCHANGE_MODES))
		return BJ_ERR_MISSING_EXTENSION;
	return BJ_OK;
}

enum bj_err client_hello_parse(struct bj_bytes body, struct client_hello *out)
{
	struct reader r = rd_of(body);
	struct client_hello h = { 0 };
	enum bj_err err;

	h.legacy_version = rd_u16(&r);
	h.random = rd_bytes(&r, RANDOM_LEN);
	h.session_id = rd_vec_bytes(&r, 1);
	h.suites = rd_vec_bytes(&r, 2);
	h.compression = rd_vec_bytes(&r, 1);
	if (rd_more(&r)) /* clients of 1.2 may leave the whole list out */
		h.extensions = rd_vec_bytes(&r, 2);
	if (!rd_end(&r) || h.session_id.len > SESSION_ID_MAX || h.suites.len == 0 || h.suites.len % 2 != 0 ||
	    h.compression.len == 0)
		return BJ_ERR_DECODE;
	err = ext_parse(h.extensions, EXT_IN_CH, 0, parse_extension, &h, &h.has);
	if (err)
		return err;
	h.has &= ~EXT_BIT(EXT_TLS_FLAGS);
	err = judge(&h);
	if (err)
		return err;
	*out = h;
	return BJ_OK;
}

static void write_extension(struct writer *w, enum ext ext, const struct client_hello *h)
{
	switch (ext) {
	case EXT_SERVER_NAME:
		server_name_write(w, h->server_name);
		break;
	case EXT_MAX_FRAGMENT_LENGTH:
		max_fragment_length_write(w, h->max_fragment);
		break;
	case EXT_STATUS_REQUEST:
		status_request_write(w);
		break;
	case EXT_SUPPORTED_GROUPS:
		supported_groups_write(w, h->groups);
		break;
	case EXT_EC_POINT_FORMATS:
		ec_point_formats_write(w);
		break;
	case EXT_SIGNATURE_ALGORITHMS:
		signature_algorithms_write(w, h->schemes);
		break;
	case EXT_ALPN:
		alpn_write(w, h->alpn);
		break;
	case EXT_DELEGATED_CREDENTIAL:
		ext_write_vec(w, ext, h->delegated, 2);
		break;
	case EXT_CLIENT_CERTIFICATE_TYPE:
		certificate_type_write(w, ext, h->client_types);
		break;
	case EXT_SERVER_CERTIFICATE_TYPE:
		certificate_type_write(w, ext, h->server_types);
		break;
	case EXT_PADDING:
		padding_write(w, h->padding);
		break;
	case EXT_COMPRESS_CERTIFICATE:
		compress_certificate_write(w, h->compressions);
		break;
	case EXT_RECORD_SIZE_LIMIT:
		record_size_limit_write(w, h->record_size_limit);
		break;
	case EXT_SESSION_TICKET:
		session_ticket_write(w, h->ticket);
		break;
	case EXT_PRE_SHARED_KEY:
		pre_shared_key_write(w, &h->psk);
		break;
	case EXT_SUPPORTED_VERSIONS:
		supported_versions_write(w, h->versions);
		break;
	case EXT_COOKIE:
		cookie_write(w, h->cookie);
		break;
	case EXT_PSK_KEY_EXCHANGE_MODES:
		psk_key_exchange_modes_write(w, h->psk_modes);
		break;
	case EXT_CERTIFICATE_AUTHORITIES:
		certificate_authorities_write(w, h->authorities);
		break;
	case EXT_SIGNATURE_ALGORITHMS_CERT:
		signature_algorithms_cert_write(w, h->schemes_cert);
		break;
	case EXT_KEY_SHARE:
		key_share_write(w, h->shares);
		break;
	case EXT_QUIC_PARAMS:
		ext_write(w, ext, h->quic_params);
		break;
	case EXT_RENEGOTIATION_INFO:
		renegotiation_info_write(w);
		break;
	case EXT_TICKET_REQUEST:
		ticket_request_write(w, h->ticket_request);
		break;
	case EXT_TLS_FLAGS:
		break;
	case EXT_EXTENDED_MASTER_SECRET:
	case EXT_EARLY_DATA:
	case EXT_SCT:
	case EXT_POST_HANDSHAKE_AUTH:
		ext_write_empty(w, ext);
		break;
	case EXT_OID_FILTERS:
	case EXT_KNOWN:
		break;
	}
}

static void write_grease(struct writer *w, uint16_t type, struct bj_bytes body)
{
	if (!type)
		return;
	wr_u16(w, type);
	wr_vec(w, body, 2);
}

static void write_extensions(struct writer *w, const struct client_hello *hello)
{
	const struct client_hello_form *form = hello->form;

	if (form)
		write_grease(w, form->first, (struct bj_bytes){ NULL, 0 });
	for (unsigned i = 0; i < EXT_KNOWN; i++) {
		enum ext ext = (enum ext)(form ? form->order[i] : i);

		if (has(hello, ext) && ext != EXT_PRE_SHARED_KEY)
			write_extension(w, ext, hello);
	}
	if (form)
		write_grease(w, form->last, BYTES_LIT("\0"));
	if (has(hello, EXT_PRE_SHARED_KEY))
		write_extension(w, EXT_PRE_SHARED_KEY, hello);
}

void client_hello_write(struct writer *w, const struct client_hello *hello)
{
	size_t message = message_open(w, MSG_CLIENT_HELLO), list;

	wr_u16(w, hello->legacy_version);
	wr_bytes(w, hello->random);
	wr_vec(w, hello->session_id, 1);
	list = wr_open(w, 2);
	wr_bytes(w, hello->suites);
	if (hello->more_suite)
		wr_u16(w, hello->more_suite);
	wr_close(w, list, 2);
	wr_vec(w, hello->compression, 1);
	if (hello->has) {
		list = wr_open(w, 2);
		write_extensions(w, hello);
		wr_close(w, list, 2);
	}
	message_close(w, message);
}

bool client_hello_offers(const struct client_hello *hello, uint16_t version)
{
	if (has(hello, EXT_SUPPORTED_VERSIONS))
		return codes_have(hello->versions, version);
	return version <= VERSION_1_2 && version <= hello->legacy_version;
}

struct bj_bytes client_hello_truncated(struct bj_bytes whole, const struct psk_offer *psk)
{
	return bytes_of(whole.ptr, whole.len - psk_binders_tail(psk));
}

/* Extensions that a second ClientHello may change; of those that we do not know some may too (rfc9849:6.1.5), and we use none. */
#define RETRY_CHANGES                                                                                        \
	(EXT_BIT(EXT_KEY_SHARE) | EXT_BIT(EXT_EARLY_DATA) | EXT_BIT(EXT_COOKIE) | EXT_BIT(EXT_PRE_SHARED_KEY) | \
	 EXT_BIT(EXT_PADDING))

size_t client_hello_fingerprint(enum hash_alg alg, const struct client_hello *hello, uint8_t out[HASH_MAX])
{
	const uint8_t *start = hello->random.ptr - 2; /* parsed: the fields lie one behind the other from legacy_version on */
	const uint8_t *end = hello->compression.ptr + hello->compression.len;
	struct reader r = rd_of(hello->extensions);
	struct ext_view view;
	struct hash h;

	hash_init(&h, alg);
	hash_update(&h, start, (size_t)(end - start));
	for (const uint8_t *at = r.ptr; ext_next(&r, &view); at = r.ptr) {
		enum ext ext = ext_find(view.type);

		if (ext != EXT_KNOWN && !(RETRY_CHANGES & EXT_BIT(ext)))
			hash_update(&h, at, (size_t)(r.ptr - at));
	}
	return hash_peek(&h, out);
}
