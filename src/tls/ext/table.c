/* table.c - which extension may stand where, and the walker that holds messages to it. */
#include "tls/ext/table.h"

/* SH12 of supported_groups: TLS 1.2 servers are not meant to answer it but some do, and nothing follows from it. SH12 of
 * encrypted_client_hello: it has no answer in 1.2, so one that comes is one that nobody asked for (server_hello.c). */
const struct ext_row ext_table[EXT_KNOWN] = {
	[EXT_SERVER_NAME] = { 0, EXT_IN_CH | EXT_IN_EE | EXT_IN_SH12, "server_name" },
	[EXT_MAX_FRAGMENT_LENGTH] = { 1, EXT_IN_CH | EXT_IN_EE | EXT_IN_SH12, "max_fragment_length" },
	[EXT_STATUS_REQUEST] = { 5, EXT_IN_CH | EXT_IN_CR | EXT_IN_CT | EXT_IN_SH12, "status_request" },
	[EXT_SUPPORTED_GROUPS] = { 10, EXT_IN_CH | EXT_IN_EE | EXT_IN_SH12, "supported_groups" },
	[EXT_EC_POINT_FORMATS] = { 11, EXT_IN_CH | EXT_IN_SH12, "ec_point_formats" },
	[EXT_SIGNATURE_ALGORITHMS] = { 13, EXT_IN_CH | EXT_IN_CR, "signature_algorithms" },
	[EXT_ALPN] = { 16, EXT_IN_CH | EXT_IN_EE | EXT_IN_SH12, "application_layer_protocol_negotiation" },
	[EXT_SCT] = { 18, EXT_IN_CH | EXT_IN_CR | EXT_IN_CT | EXT_IN_SH12, "signed_certificate_timestamp" },
	[EXT_CLIENT_CERTIFICATE_TYPE] = { 19, EXT_IN_CH | EXT_IN_EE | EXT_IN_SH12, "client_certificate_type" },
	[EXT_SERVER_CERTIFICATE_TYPE] = { 20, EXT_IN_CH | EXT_IN_EE | EXT_IN_SH12, "server_certificate_type" },
	[EXT_PADDING] = { 21, EXT_IN_CH, "padding" },
	[EXT_COMPRESS_CERTIFICATE] = { 27, EXT_IN_CH | EXT_IN_CR, "compress_certificate" },
	[EXT_EXTENDED_MASTER_SECRET] = { 23, EXT_IN_CH | EXT_IN_SH12, "extended_master_secret" },
	[EXT_RECORD_SIZE_LIMIT] = { 28, EXT_IN_CH | EXT_IN_EE | EXT_IN_SH12, "record_size_limit" },
	[EXT_DELEGATED_CREDENTIAL] = { 34, EXT_IN_CH | EXT_IN_CR | EXT_IN_CT, "delegated_credential" },
	[EXT_SESSION_TICKET] = { 35, EXT_IN_CH | EXT_IN_SH12, "session_ticket" },
	[EXT_PRE_SHARED_KEY] = { 41, EXT_IN_CH | EXT_IN_SH, "pre_shared_key" },
	[EXT_EARLY_DATA] = { 42, EXT_IN_CH | EXT_IN_EE | EXT_IN_NST, "early_data" },
	[EXT_SUPPORTED_VERSIONS] = { 43, EXT_IN_CH | EXT_IN_SH | EXT_IN_HRR, "supported_versions" },
	[EXT_COOKIE] = { 44, EXT_IN_CH | EXT_IN_HRR, "cookie" },
	[EXT_PSK_KEY_EXCHANGE_MODES] = { 45, EXT_IN_CH, "psk_key_exchange_modes" },
	[EXT_CERTIFICATE_AUTHORITIES] = { 47, EXT_IN_CH | EXT_IN_CR, "certificate_authorities" },
	[EXT_OID_FILTERS] = { 48, EXT_IN_CR, "oid_filters" },
	[EXT_POST_HANDSHAKE_AUTH] = { 49, EXT_IN_CH, "post_handshake_auth" },
	[EXT_SIGNATURE_ALGORITHMS_CERT] = { 50, EXT_IN_CH | EXT_IN_CR, "signature_algorithms_cert" },
	[EXT_KEY_SHARE] = { 51, EXT_IN_CH | EXT_IN_SH | EXT_IN_HRR, "key_share" },
	[EXT_ENCRYPTED_CLIENT_HELLO] = { 0xfe0d, EXT_IN_CH | EXT_IN_EE | EXT_IN_HRR | EXT_IN_SH12, "encrypted_client_hello" },
	[EXT_QUIC_PARAMS] = { 57, EXT_IN_CH | EXT_IN_EE, "quic_transport_parameters" },
	[EXT_TICKET_REQUEST] = { 58, EXT_IN_CH | EXT_IN_EE, "ticket_request" },
	[EXT_TLS_FLAGS] = { 62, EXT_IN_CH | EXT_IN_NST, "tls_flags" },
	[EXT_RENEGOTIATION_INFO] = { 0xff01, EXT_IN_CH | EXT_IN_SH12, "renegotiation_info" },
};

/* Where extensions are answers to what the other side offered. */
#define ANSWERS (EXT_IN_SH | EXT_IN_HRR | EXT_IN_EE | EXT_IN_CT | EXT_IN_SH12)

enum ext ext_find(uint16_t type)
{
	for (unsigned i = 0; i < EXT_KNOWN; i++)
		if (ext_table[i].type == type)
			return (enum ext)i;
	return EXT_KNOWN;
}

bool ext_next(struct reader *list, struct ext_view *out)
{
	if (!rd_more(list))
		return false;
	out->type = rd_u16(list);
	out->body = rd_vec_bytes(list, 2);
	return !list->bad;
}

bool ext_stands_in(struct bj_bytes list, uint16_t type)
{
	struct reader r = rd_of(list);
	struct ext_view view;

	while (ext_next(&r, &view))
		if (view.type == type)
			return true;
	return false;
}

static enum bj_err take(enum ext ext, enum ext_place place, uint32_t offered, struct bj_bytes body, struct ext_list *list)
{
	if (!(ext_table[ext].places & place))
		return BJ_ERR_FORBIDDEN_EXTENSION;
	if (list->has & EXT_BIT(ext))
		return BJ_ERR_DUPLICATE_EXTENSION;
	/* only the cookie of a retry comes unasked: rfc9846:4.2 */
	if ((place & ANSWERS) && !(offered & EXT_BIT(ext)) && !(place == EXT_IN_HRR && ext == EXT_COOKIE))
		return ext == EXT_DELEGATED_CREDENTIAL ? BJ_ERR_UNEXPECTED_MESSAGE : BJ_ERR_UNSUPPORTED_EXTENSION; /* rfc9345:4.1.1 */
	list->has |= EXT_BIT(ext);
	list->body[ext] = body;
	return BJ_OK;
}

enum bj_err ext_walk(struct bj_bytes list, enum ext_place place, uint32_t offered, struct ext_list *out)
{
	struct reader r = rd_of(list);
	struct ext_list found = { 0 };
	struct ext_view view;
	enum bj_err err;

	for (size_t count = 0; ext_next(&r, &view); count++) {
		struct bj_bytes before = bytes_of(list.ptr, (size_t)(view.body.ptr - 4 - list.ptr));
		enum ext ext = ext_find(view.type);

		if (count == EXT_COUNT_MAX)
			return BJ_ERR_DECODE;
		if (found.has & EXT_BIT(EXT_PRE_SHARED_KEY) && place == EXT_IN_CH)
			return BJ_ERR_ILLEGAL_PARAMETER;
		if (ext != EXT_KNOWN) {
			err = take(ext, place, offered, view.body, &found);
			if (err)
				return err;
		} else if (ext_stands_in(before, view.type)) {
			return BJ_ERR_DECODE;
		} else if (place & ANSWERS) { /* a list that is malformed itself is that first */
			return ext_stands_in(rd_rest(&r), view.type) ? BJ_ERR_DECODE : BJ_ERR_UNSUPPORTED_EXTENSION;
		}
	}
	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out = found;
	return BJ_OK;
}

enum bj_err ext_parse(struct bj_bytes list, enum ext_place place, uint32_t offered, ext_parse_fn *parse, void *message, uint32_t *out_has)
{
	struct ext_list found;
	enum bj_err err = ext_walk(list, place, offered, &found);

	for (unsigned ext = 0; ext < EXT_KNOWN && !err; ext++)
		if (found.has & EXT_BIT(ext))
			err = parse((enum ext)ext, found.body[ext], message);
	if (!err)
		*out_has = found.has;
	return err;
}

size_t ext_open(struct writer *w, enum ext ext)
{
	wr_u16(w, ext_table[ext].type);
	return wr_open(w, 2);
}

void ext_close(struct writer *w, size_t mark)
{
	wr_close(w, mark, 2);
}

void ext_write(struct writer *w, enum ext ext, struct bj_bytes body)
{
	size_t mark = ext_open(w, ext);

	wr_bytes(w, body);
	ext_close(w, mark);
}

void ext_write_empty(struct writer *w, enum ext ext)
{
	ext_close(w, ext_open(w, ext));
}

void ext_write_vec(struct writer *w, enum ext ext, struct bj_bytes content, unsigned width)
{
	size_t mark = ext_open(w, ext);

	wr_vec(w, content, width);
	ext_close(w, mark);
}

bool codes_have(struct bj_bytes list, uint16_t code)
{
	for (size_t i = 0; i < codes_count(list); i++)
		if (codes_at(list, i) == code)
			return true;
	return false;
}

enum bj_err codes_parse(struct bj_bytes body, unsigned width, struct bj_bytes *out)
{
	struct reader r = rd_of(body);
	struct bj_bytes codes = rd_vec_bytes(&r, width);

	if (!rd_end(&r) || codes.len == 0 || codes.len % 2 != 0)
		return BJ_ERR_DECODE;
	*out = codes;
	return BJ_OK;
}
