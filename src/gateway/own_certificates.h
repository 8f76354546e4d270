/* own_certificates.h - what operators want to know about the certificates that the gateway shows. */
#ifndef GATEWAY_OWN_CERTIFICATES_H
#define GATEWAY_OWN_CERTIFICATES_H

#include "gateway/runtime.h"

#define OWN_CERTIFICATE_NAME_MAX 128

struct own_certificate {
	const char *tls;        /* the block's name */
	char name[OWN_CERTIFICATE_NAME_MAX]; /* its first DNS name, else its subject */
	int64_t not_after_s;
};

/* The certificate at `index`, counted over all tls blocks; false past the end. */
bool own_certificate_at(const struct runtime *runtime, size_t index, struct own_certificate *out);

#endif
