/* cert_compression.h - compressed Certificate messages in the handshake, both ways and both roles (rfc8879).
 *
 * A server's are made when its configuration is frozen, one for each credential, algorithm, and set of what may be stapled; a credential from
 * an answer goes uncompressed. A client compresses when it is asked. What comes in is decompressed into memory of the announced length, which
 * has the limit of every Certificate, and then taken like one.
 */
#ifndef TLS_CERT_COMPRESSION_H
#define TLS_CERT_COMPRESSION_H

#include "tls/conn.h"

/* The first of the configuration's algorithms that the peer takes too; null if none. */
const struct compression *cert_compression_choose(const struct bj_tls_config *config, struct bj_bytes peers);

/* A whole CompressedCertificate: `message` is a Certificate with its header. `*out` is allocated. BJ_ERR_NO_MEMORY, BJ_ERR_INTERNAL. */
enum bj_err cert_compression_make(const struct compression *by, struct bj_bytes message, uint8_t **out, size_t *out_len) BJ_MUST_USE;
/* Servers: the message to send for hs->credential with what is stapled now, or empty: then it goes uncompressed. */
struct bj_bytes cert_compression_message(const struct bj_tls *conn);
/* Replaces the Certificate that was written into `w` alone by its compressed form (clients). */
enum bj_err cert_compression_replace(struct bj_tls *conn, struct writer *w) BJ_MUST_USE;

/* RECV(CERTIFICATE) where it is a CompressedCertificate: decompresses and hands the Certificate's body to `take`. BJ_ERR_ILLEGAL_PARAMETER for an
 * algorithm that was not offered, BJ_ERR_CERT_COMPRESSION. */
enum bj_err cert_compression_take(struct bj_tls *conn, struct bj_bytes body, hs_take_fn *take) BJ_MUST_USE;

/* For freezing and the end. */
enum bj_err cert_compression_freeze(const struct bj_tls_config *config, struct config_credential *row) BJ_MUST_USE;
void cert_compression_free(struct config_credential *row);

#endif
