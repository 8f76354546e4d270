/* compressed_certificate.c - see compressed_certificate.h. */
#include "tls/msg/compressed_certificate.h"

enum bj_err compressed_certificate_parse(struct bj_bytes body, struct compressed_certificate *out)
{
	struct reader r = rd_of(body);
	struct compressed_certificate cert;

	cert.algorithm = rd_u16(&r);
	cert.len = rd_u24(&r);
	cert.content = rd_vec_bytes(&r, 3);
	if (!rd_end(&r) || cert.content.len == 0)
		return BJ_ERR_DECODE;
	*out = cert;
	return BJ_OK;
}

void compressed_certificate_write(struct writer *w, const struct compressed_certificate *cert)
{
	size_t message = message_open(w, MSG_COMPRESSED_CERTIFICATE);

	wr_u16(w, cert->algorithm);
	wr_u24(w, (uint32_t)cert->len);
	wr_vec(w, cert->content, 3);
	message_close(w, message);
}
