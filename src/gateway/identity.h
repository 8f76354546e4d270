/* identity.h - who a client is, by its verified certificate: taken once when the handshake is done. */
#ifndef GATEWAY_IDENTITY_H
#define GATEWAY_IDENTITY_H

#include "base/bytes.h"
#include <bojagi/tls.h>

#define IDENTITY_SUBJECT_MAX 512
#define IDENTITY_SANS_MAX 1024

struct identity {
	struct bj_bytes der;  /* end entity; all views live with the connection */
	struct bj_bytes sans; /* content of GeneralNames */
	size_t subject_len, sans_len;
	bool subject_is_cut;                /* it is longer: good for people, not for servers that decide by it */
	char subject[IDENTITY_SUBJECT_MAX]; /* "CN=ann,O=Acme" */
	char sans_text[IDENTITY_SANS_MAX];  /* DNS and URI names, comma-separated; those that fit, each of them whole */
	uint8_t sha256[32];
};

/* Null where there is no verified certificate, or no memory. Free with free(). */
struct identity *identity_of(const struct bj_tls *conn);
/* True if one of the certificate's DNS names is `pattern`: "name", or "*.name" for any name below it. */
bool identity_has_name(const struct identity *identity, const char *pattern);

#endif
