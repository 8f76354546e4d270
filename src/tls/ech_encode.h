/* ech_encode.h - the inner hello as it is encrypted: shorter by what the outer one says too (rfc9849:5.1).
 *
 * Works on bytes alone. What is shared is found by comparing the two hellos, so nothing here knows what a client puts into them; only
 * what must never be shared is known by its type.
 */
#ifndef TLS_ECH_ENCODE_H
#define TLS_ECH_ENCODE_H

#include "base/writer.h"

/* Clients. From a hello as it is meant and the outer one (whole messages; in the outer one the payload does not matter): the inner hello, a
 * whole message in the order in which it counts, and its encoding, without padding. Both end with the same pre_shared_key, if there
 * is one. BJ_ERR_SPACE if a writer is too small. */
enum bj_err ech_hello_split(struct bj_bytes meant, struct bj_bytes outer, struct writer *inner, struct writer *encoded) BJ_MUST_USE;
/* How many zeros go behind an encoding of this length. `name_len`: of the server name, 0 for none. rfc9849:6.1.3 */
size_t ech_padding(size_t encoded_len, size_t name_len, uint8_t maximum_name_length);

/* Servers. From what was decrypted and the outer hello (a body): the inner hello, a whole message. At most encoded.len + outer.len +
 * ECH_JOIN_ROOM bytes. BJ_ERR_DECODE for an encoding that is no hello, BJ_ERR_ECH_INNER for one that breaks a rule. */
#define ECH_JOIN_ROOM 64
enum bj_err ech_hello_join(struct bj_bytes encoded, struct bj_bytes outer, struct writer *inner) BJ_MUST_USE;

/* The body of the extension of this type in a hello's body; false if there is none. */
bool ech_hello_find(struct bj_bytes hello, uint16_t type, struct bj_bytes *out);

#endif
