/* content.h - what some bytes seem to be, when they are not what is needed, or before it is known how to read them.
 *
 * A guess by form: nothing is judged and nothing kept. The words are for messages such as "it seems to be an HTML page".
 */
#ifndef X509_CONTENT_H
#define X509_CONTENT_H

#include "base/bytes.h"

enum content {
	CONTENT_UNKNOWN = 0,
	CONTENT_EMPTY,
	CONTENT_PEM_CERT, /* PEM kinds: by the first block of a kind that says something */
	CONTENT_PEM_KEY,
	CONTENT_PEM_ENCRYPTED_KEY,
	CONTENT_PEM_REQUEST,
	CONTENT_PEM_PUBLIC_KEY,
	CONTENT_PEM_CRL,
	CONTENT_PEM_PKCS7,
	CONTENT_PEM_OPENSSH_KEY,
	CONTENT_PEM_OTHER,
	CONTENT_DER_CERT,
	CONTENT_DER_KEY,
	CONTENT_DER_ENCRYPTED_KEY,
	CONTENT_DER_REQUEST,
	CONTENT_DER_PUBLIC_KEY,
	CONTENT_DER_CRL,
	CONTENT_DER_PKCS7,
	CONTENT_DER_OCSP,
	CONTENT_PKCS12,
	CONTENT_HTML,
	CONTENT_JSON,
	CONTENT_UTF16,
	CONTENT_BASE64,
	CONTENT_SSH,
	CONTENT_PUTTY,
	CONTENT_JAVA,
	CONTENT_ZIP,
};

enum content content_of(struct bj_bytes bytes);
/* Such as "a certificate signing request in PEM"; never null. */
const char *content_text(enum content content);

#endif
