/* encrypted_client_hello.h - the extension of Encrypted ClientHello in its forms (rfc9849:5).
 *
 * In a ClientHello: `outer` carries the encrypted inner hello, `inner` says that a hello is one. In a HelloRetryRequest: the
 * confirmation. In EncryptedExtensions: a list of configurations, which ech_config.h reads.
 */
#ifndef TLS_EXT_ENCRYPTED_CLIENT_HELLO_H
#define TLS_EXT_ENCRYPTED_CLIENT_HELLO_H

#include "tls/ext/table.h"

#define ECH_CONFIRMATION_LEN 8
#define EXT_TYPE_OUTER_EXTENSIONS 0xfd00 /* ech_outer_extensions: stands in no hello, only in what is encrypted. rfc9849:5.1 */

enum ech_type {
	ECH_OUTER = 0,
	ECH_INNER = 1,
};

struct ech_hello { /* all but the type: outer only */
	uint8_t type; /* enum ech_type */
	uint8_t config_id;
	uint16_t kdf, aead;
	struct bj_bytes enc;     /* empty in a second hello */
	struct bj_bytes payload;
};

/* BJ_ERR_ILLEGAL_PARAMETER for a type that does not exist. */
enum bj_err encrypted_client_hello_parse(struct bj_bytes body, struct ech_hello *out) BJ_MUST_USE;
void encrypted_client_hello_write(struct writer *w, const struct ech_hello *hello);
enum bj_err encrypted_client_hello_parse_retry(struct bj_bytes body, struct bj_bytes *out_confirmation) BJ_MUST_USE;

#endif
