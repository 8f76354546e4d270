/* extension.h - the extensions of a certificate, into struct cert (rfc5280:4.2). */
#ifndef X509_EXTENSION_H
#define X509_EXTENSION_H

#include "x509/cert.h"

/* `list` is a reader of what stands inside Extensions. */
enum bj_err extensions_read(struct reader list, struct cert *cert) BJ_MUST_USE;

#endif
