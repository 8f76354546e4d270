/* keys12.h - the secrets of TLS 1.2 (rfc5246:8.1 rfc5246:6.3 rfc7627:4).
 *
 * The master secret without the session hash is for full handshakes with peers that lack rfc7627; docs/decisions/0065 says what such a
 * connection does not get.
 */
#ifndef TLS_KEYS12_H
#define TLS_KEYS12_H

#include "base/secret.h"
#include "tls/record.h"

#define KEYS12_MASTER_LEN 48
#define KEYS12_VERIFY_LEN 12
#define KEYS12_RANDOM_LEN 32

/* Consumes and wipes the premaster secret. `session_hash`: the transcript up to and with ClientKeyExchange. */
void keys12_master(enum hash_alg alg, struct secret *premaster, struct bj_bytes session_hash, struct secret *out_master);
/* The same without it: bound to the two randoms only. rfc5246:8.1 */
void keys12_master_unbound(enum hash_alg alg, struct secret *premaster, const uint8_t client_random[KEYS12_RANDOM_LEN],
			   const uint8_t server_random[KEYS12_RANDOM_LEN], struct secret *out_master);
/* Record keys of both directions. */
enum bj_err keys12_traffic(const struct suite *suite, const struct secret *master, const uint8_t client_random[KEYS12_RANDOM_LEN],
			   const uint8_t server_random[KEYS12_RANDOM_LEN], struct record_keys *client,
			   struct record_keys *server) BJ_MUST_USE;
/* verify_data of the client's or the server's Finished. */
void keys12_finished(enum hash_alg alg, const struct secret *master, bool of_client, struct bj_bytes hash,
		     uint8_t out[KEYS12_VERIFY_LEN]);
/* rfc5705:4; `has_context` false leaves even the empty context out. BJ_ERR_ARGUMENT for a label of the PRF's own. */
enum bj_err keys12_export(enum hash_alg alg, const struct secret *master, const uint8_t client_random[KEYS12_RANDOM_LEN],
			  const uint8_t server_random[KEYS12_RANDOM_LEN], struct bj_bytes label, bool has_context,
			  struct bj_bytes context, uint8_t *out, size_t len) BJ_MUST_USE;

#endif
