/* certificate_status.c - see certificate_status.h. The body is what an entry of a Certificate of 1.3 has. */
#include "tls/msg/certificate_status.h"
#include "tls/ext/status_request.h"

enum bj_err certificate_status_parse(struct bj_bytes body, struct bj_bytes *out_response)
{
	return status_request_parse_entry(body, out_response);
}

void certificate_status_write(struct writer *w, struct bj_bytes response)
{
	size_t message = message_open(w, MSG_CERTIFICATE_STATUS);

	wr_u8(w, STATUS_OCSP);
	wr_vec(w, response, 3);
	message_close(w, message);
}
