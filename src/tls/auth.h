/* auth.h - certificates of both sides, for both versions: our credential and its signature, the peer's chain and its verdict.
 *
 * The ASK handlers stand in the tables of 1.2 and 1.3 alike.
 */
#ifndef TLS_AUTH_H
#define TLS_AUTH_H

#include "tls/conn.h"
#include "tls/msg/certificate.h"

/* Copies the peer's certificates (views of DER, end entity first) into hs and parses the first. `count` may be zero. Errors:
 * BJ_ERR_CERT_CHAIN_TOO_LONG, BJ_ERR_CERT_*, BJ_ERR_NO_MEMORY. Where a raw public key was agreed, the only one is that; else
 * BJ_ERR_ILLEGAL_PARAMETER, BJ_ERR_DECODE. The others are read when the chain is judged. */
enum bj_err auth_take_chain(struct bj_tls *conn, const struct bj_bytes *ders, size_t count) BJ_MUST_USE;

/* As if none had come: another may be taken. */
void auth_forget_chain(struct bj_tls *conn);

/* ASK(VERIFY): judges hs->peer_chain with the configuration's trust, or takes the owner's verdict. */
enum bj_err auth_judge_prepare(struct bj_tls *conn, struct bj_bytes body);
enum bj_err auth_judge(struct bj_tls *conn, struct bj_bytes body);

/* 1.3: judges the delegated credential that came with the chain, whose key then signs; an empty one is none.
 * BJ_ERR_DELEGATION. */
enum bj_err auth_take_delegation(struct bj_tls *conn, struct bj_bytes delegation) BJ_MUST_USE;
/* Copies what the server stapled to its chain. */
enum bj_err auth_take_staples(struct bj_tls *conn, struct bj_bytes ocsp, struct bj_bytes scts) BJ_MUST_USE;
/* What the peer said of the certificates that it takes: the authorities, copied where the choice of a credential depends on them, and
 * the schemes, those of signature_algorithms_cert where there is such a list, else of signature_algorithms. */
enum bj_err auth_take_wishes(struct bj_tls *conn, struct bj_bytes authorities, struct bj_bytes schemes) BJ_MUST_USE;
/* Servers: what the credential has of that and the client asked for; else empty. */
struct bj_bytes auth_ocsp(const struct bj_tls *conn);
struct bj_bytes auth_scts(const struct bj_tls *conn);
/* Our chain or bare key as a message has it, and about how long that is. */
enum bj_err auth_own_chain(const struct bj_credential *credential, struct certificate *out, size_t *out_len) BJ_MUST_USE;
/* ASK(CREDENTIAL), servers: hs->credential and hs->scheme, by conn->name, hs->schemes and hs->kinds. */
enum bj_err auth_credential_prepare(struct bj_tls *conn, struct bj_bytes body);
enum bj_err auth_credential(struct bj_tls *conn, struct bj_bytes body);

/* Servers: is there a credential for this client? */
bool auth_can_show(const struct bj_tls *conn);
/* ASK(CREDENTIAL), clients that were asked: hs->credential and hs->scheme, or none (then hs->credential is null and the list sent is
 * empty, unless the configuration says that this is a failure: then config_choose_credential()'s). */
enum bj_err auth_client_credential(struct bj_tls *conn, struct bj_bytes body);

/* ASK(SIGN): the row's own prepare sets hs->sign_bytes; this makes or takes hs->signature over it with hs->scheme. */
enum bj_err auth_sign(struct bj_tls *conn, struct bj_bytes body);

/* Room for a signature of ours of at most `len` bytes. */
enum bj_err auth_signature_room(struct bj_tls *conn, size_t len, uint8_t **out) BJ_MUST_USE;
struct bj_bytes auth_signature(const struct bj_tls *conn);

/* Checks the peer's signature over `message` with the key of its first certificate: the scheme must be one of ours and fit key and
 * version. BJ_ERR_ILLEGAL_PARAMETER, BJ_ERR_WRONG_CERTIFICATE_TYPE, BJ_ERR_BAD_SIGNATURE. Sets conn->signature_scheme on clients. */
enum bj_err auth_check_signature(struct bj_tls *conn, uint16_t scheme, struct bj_bytes message,
				 struct bj_bytes signature) BJ_MUST_USE;

#endif
