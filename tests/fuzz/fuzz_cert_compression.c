/* fuzz_cert_compression.c - bytes as a CompressedCertificate: whatever is announced, each algorithm gives exactly that or fails. */
#include <stdlib.h>

#include "base/check.h"
#include "tls/compression.h"
#include "tls/msg/compressed_certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct compressed_certificate cert;
	const struct compression *by;
	uint8_t *out, *again;

	if (compressed_certificate_parse((struct bj_bytes){ data, size }, &cert) != BJ_OK)
		return 0;
	check(cert.content.len > 0 && cert.content.len < size);
	by = compression_find(cert.algorithm);
	if (!by || cert.len == 0 || cert.len > MESSAGE_CERTIFICATE_MAX)
		return 0;
	out = malloc(cert.len);
	again = malloc(cert.len);
	if (out && again && by->decompress(cert.content, out, cert.len)) {
		check(by->decompress(cert.content, again, cert.len));
		check(memcmp(out, again, cert.len) == 0);
		check(cert.len == 1 || !by->decompress(cert.content, again, cert.len - 1));
	}
	free(out);
	free(again);
	return 0;
}
