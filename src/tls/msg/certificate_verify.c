/* certificate_verify.c - see certificate_verify.h. */
#include "tls/msg/certificate_verify.h"

enum bj_err certificate_verify_parse(struct bj_bytes body, struct certificate_verify *out)
{
	struct reader r = rd_of(body);
	struct certificate_verify cv;

	cv.scheme = rd_u16(&r);
	cv.signature = rd_vec_bytes(&r, 2);
	if (!rd_end(&r))
		return BJ_ERR_DECODE;
	*out = cv;
	return BJ_OK;
}

void certificate_verify_write(struct writer *w, const struct certificate_verify *cv)
{
	size_t message = message_open(w, MSG_CERTIFICATE_VERIFY);

	wr_u16(w, cv->scheme);
	wr_vec(w, cv->signature, 2);
	message_close(w, message);
}

size_t certificate_verify_content(bool of_server, struct bj_bytes transcript_hash, uint8_t out[CERTIFICATE_VERIFY_CONTENT_MAX])
{
	static const char server[] = "TLS 1.3, server CertificateVerify";
	static const char client[] = "TLS 1.3, client CertificateVerify";
	struct writer w = wr_make(out, CERTIFICATE_VERIFY_CONTENT_MAX);

	memset(wr_room(&w, 64), ' ', 64);
	wr_raw(&w, of_server ? server : client, sizeof(server)); /* with the zero byte that ends it */
	wr_bytes(&w, transcript_hash);
	return wr_view(&w).len;
}
