/* encrypted_client_hello.c - see encrypted_client_hello.h. */
#include "tls/ext/encrypted_client_hello.h"

enum bj_err encrypted_client_hello_parse(struct bj_bytes body, struct ech_hello *out)
{
	struct reader r = rd_of(body);
	struct ech_hello hello = { .type = rd_u8(&r) };

	if (!r.bad && hello.type != ECH_OUTER && hello.type != ECH_INNER)
		return BJ_ERR_ILLEGAL_PARAMETER;
	if (hello.type == ECH_OUTER) {
		hello.kdf = rd_u16(&r);
		hello.aead = rd_u16(&r);
		hello.config_id = rd_u8(&r);
		hello.enc = rd_vec_bytes(&r, 2);
		hello.payload = rd_vec_bytes(&r, 2);
	}
	if (!rd_end(&r) || (hello.type == ECH_OUTER && hello.payload.len == 0))
		return BJ_ERR_DECODE;
	*out = hello;
	return BJ_OK;
}

void encrypted_client_hello_write(struct writer *w, const struct ech_hello *hello)
{
	size_t ext = ext_open(w, EXT_ENCRYPTED_CLIENT_HELLO);

	wr_u8(w, hello->type);
	if (hello->type == ECH_OUTER) {
		wr_u16(w, hello->kdf);
		wr_u16(w, hello->aead);
		wr_u8(w, hello->config_id);
		wr_vec(w, hello->enc, 2);
		wr_vec(w, hello->payload, 2);
	}
	ext_close(w, ext);
}

enum bj_err encrypted_client_hello_parse_retry(struct bj_bytes body, struct bj_bytes *out_confirmation)
{
	if (body.len != ECH_CONFIRMATION_LEN)
		return BJ_ERR_DECODE;
	*out_confirmation = body;
	return BJ_OK;
}
