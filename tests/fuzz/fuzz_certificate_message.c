/* fuzz_certificate_message.c - Certificate in both forms; bit 0 of the first byte says which, bit 3 that raw public keys were
 * agreed, the others what was offered. */
#include "base/check.h"
#include "tls/delegated.h"
#include "tls/msg/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[1 << 20];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct writer w = wr_make(out, sizeof(out));
	struct bj_bytes body;
	struct certificate cert;
	uint32_t offered;

	if (size < 1)
		return 0;
	body = bytes_of(data + 1, size - 1);
	offered = (data[0] & 16 ? EXT_BIT(EXT_DELEGATED_CREDENTIAL) : 0) | (data[0] & 2 ? EXT_BIT(EXT_STATUS_REQUEST) : 0) | (data[0] & 4 ? EXT_BIT(EXT_SCT) : 0);
	if ((data[0] & 9) == 9) {
		struct cert key;

		if (certificate12_parse_key(body, &cert))
			return 0;
		certificate12_write_key(&w, &cert);
		check(wr_ok(&w) && bytes_equal(bytes_of(out + MESSAGE_HEADER_LEN, w.len - MESSAGE_HEADER_LEN), body));
		if (cert.count > 0 && cert_of_key(cert.chain[0], &key) == BJ_OK)
			check(bytes_equal(key.spki, cert.chain[0]) && key.key.kind != KEY_NONE);
	} else if (data[0] & 1) {
		if (certificate12_parse(body, &cert))
			return 0;
		certificate12_write(&w, &cert);
		check(wr_ok(&w) && bytes_equal(bytes_of(out + MESSAGE_HEADER_LEN, w.len - MESSAGE_HEADER_LEN), body));
	} else {
		if (certificate_parse(body, offered, &cert))
			return 0;
		certificate_write(&w, &cert);
		check(wr_ok(&w) && certificate_parse(bytes_of(out + MESSAGE_HEADER_LEN, w.len - MESSAGE_HEADER_LEN), offered, &cert) == BJ_OK);
	}
	if (cert.delegation.len > 0) {
		struct delegated d;

		if (delegated_parse(cert.delegation, &d) == BJ_OK)
			check(d.signed_len < cert.delegation.len && d.spki.len > 0 && d.signature.len > 0);
	}
	check(cert.count <= PATH_CHAIN_MAX);
	for (size_t i = 0; i < cert.count; i++)
		check(cert.chain[i].len > 0);
	return 0;
}
