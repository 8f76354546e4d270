/* delegated.h - delegated credentials: a certificate's key signs another key that serves in its place for some days (rfc9345).
 *
 * 1.3 only, in either direction: whoever presents one was asked for it (servers in the ClientHello, clients in the CertificateRequest),
 * and the other side judges it: the window of time, the schemes, the signature, and that the certificate may delegate at all. One for servers
 * is none for clients: what is signed says which. Nobody judges his own but for age.
 */
#ifndef TLS_DELEGATED_H
#define TLS_DELEGATED_H

#include "base/reader.h"
#include "base/writer.h"
#include "x509/cert.h"
#include "x509/credential.h"

#define DELEGATED_SECONDS_MAX 604800 /* that it may still be valid. rfc9345:4.1.3 */
#define DELEGATED_LEN_MAX 16384

enum delegated_side {
	DELEGATED_SERVER = 0, /* whose key it is */
	DELEGATED_CLIENT,
};

struct delegated {
	uint32_t valid_s;         /* from the certificate's not_before on */
	uint16_t scheme;          /* that its key signs handshakes with */
	struct bj_bytes spki;
	uint16_t algorithm;       /* that the certificate's key signed it with */
	struct bj_bytes signature;
	struct bj_bytes bytes;    /* all of it */
	size_t signed_len;        /* of those what is signed: up to the signature's length */
};

/* Structure only. BJ_ERR_DECODE. */
enum bj_err delegated_parse(struct bj_bytes body, struct delegated *out) BJ_MUST_USE;
/* The key in it: BJ_ERR_DELEGATION where it cannot sign with its scheme in 1.3, or is an RSA key of the old kind. */
enum bj_err delegated_key(const struct delegated *d, struct cert *out) BJ_MUST_USE;
/* Made by this certificate's key? BJ_ERR_DELEGATION. */
enum bj_err delegated_check_signature(const struct delegated *d, const struct cert *leaf, enum delegated_side side) BJ_MUST_USE;
int64_t delegated_end(const struct delegated *d, const struct cert *leaf); /* seconds since 1970 */
/* All that the other side asks besides the lists that it sent. BJ_ERR_DELEGATION. */
enum bj_err delegated_judge(const struct delegated *d, const struct cert *leaf, enum delegated_side side, int64_t now,
			    struct cert *out_key) BJ_MUST_USE;

/* Makes one: `leaf_key` is the certificate's, `key` the one that it hands on to. BJ_ERR_ARGUMENT, BJ_ERR_SPACE, BJ_ERR_CRYPTO. */
struct delegated_wish {
	const struct cert *leaf;
	const struct pkey *leaf_key;
	const struct pkey *key;
	uint16_t scheme, algorithm;
	uint32_t valid_s;
	enum delegated_side side;
};
enum bj_err delegated_make(const struct delegated_wish *wish, uint8_t *out, size_t cap, size_t *out_len) BJ_MUST_USE;

#endif
