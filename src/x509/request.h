/* request.h - a certificate signing request, parsed without copying (rfc2986:4, rfc2985:5.4.2).
 *
 * What it asks for stands in a `struct cert` without issuer, serial number and dates: subject, key, and the extensions that are wished. Form
 * is read as strictly as a certificate's. Leaves out: all other attributes, such as challenge passwords, which are looked over.
 */
#ifndef X509_REQUEST_H
#define X509_REQUEST_H

#include "x509/cert.h"

#define REQUEST_ATTRIBUTES_MAX 16

/* One of the BJ_ERR_CERT_* codes of structure; BJ_ERR_CERT_KEY and BJ_ERR_CERT_ALGORITHM as cert_parse(). */
enum bj_err request_parse(struct bj_bytes der, struct cert *out) BJ_MUST_USE;

/* Did the key that it is for sign it? BJ_ERR_BAD_SIGNATURE, BJ_ERR_CERT_ALGORITHM, BJ_ERR_CERT_KEY if not. */
enum bj_err request_check(const struct cert *request) BJ_MUST_USE;

#endif
