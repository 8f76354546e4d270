/* pack.h - an open connection as bytes, to go on in another process.
 *
 * The form: "BJTC", a version, 32 random bytes of salt, then everything sealed with AES-256-GCM under a key made for this one blob from the
 * caller's key and the salt. Inside stand plain fields in a fixed order (pack_write, pack_read): no pointers, no sizes of structs, every length
 * checked. It is bound to the configuration as sessions are (session_binding).
 *
 * Who packs a connection gives it away: it is closed here in the same call, so that no nonce is ever used on both sides.
 *
 * Leaves out   handshakes, also of a certificate that was asked for later, bytes on their way, QUIC, directions that were given to
 *              somebody else: refused. The verdict, the newest session and the id by which a server of 1.2 would forget the session are
 *              not carried.
 */
#ifndef TLS_PACK_H
#define TLS_PACK_H

#include "tls/conn.h"

#define PACK_FORM 2
#define PACK_SALT_LEN 32
#define PACK_HEAD_LEN (4 + 1 + PACK_SALT_LEN)
#define PACK_FIXED_MAX 1024       /* of the fields without names and certificates */
#define PACK_PEER_MAX (1 << 17)   /* of the peer's chain and what was stapled; with more, that is left out */
#define PACK_MAX (PACK_HEAD_LEN + PACK_FIXED_MAX + 2 * 256 + UINT16_MAX + PACK_PEER_MAX + AEAD_TAG_LEN)

/* The plain fields. */
void pack_write(struct writer *w, const struct bj_tls *conn);
/* A connection from plain fields. BJ_ERR_BAD_TICKET, BJ_ERR_NO_MEMORY, BJ_ERR_CRYPTO. */
enum bj_err pack_read(struct bj_bytes plain, struct bj_tls_config *config, struct bj_tls **out) BJ_MUST_USE;

#endif
