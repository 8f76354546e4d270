/* session_sealed.c - a client's session under a key of its owner's, for places that others can write to or read.
 *
 * A form, a random nonce, and the stored form of the session (session.h) by AES-256-GCM with the form as additional data. So a session that
 * somebody else wrote, changed or cut is none, and one that is read tells nothing but its length.
 */
#include <stdlib.h>

#include "crypto/aead.h"
#include "crypto/rng_os.h"
#include "tls/conn.h"

#define SEALED_FORM 0xb1 /* of the sealed bytes; the session in them has a form of its own */
#define NONCE_LEN 12
#define FRONT_LEN (1 + NONCE_LEN)

_Static_assert(BJ_TLS_SESSION_OVERHEAD == FRONT_LEN + AEAD_TAG_LEN, "what sealing adds");

BJ_API enum bj_err bj_tls_session_seal(struct bj_tls *conn, const void *key, uint8_t *out, size_t cap, size_t *out_len)
{
	struct bj_bytes session = bj_tls_session(conn);
	struct aead aead;
	enum bj_err err;

	if (!key || !out || !out_len)
		return BJ_ERR_ARGUMENT;
	if (session.len == 0)
		return BJ_ERR_NOT_FOUND;
	if (cap < session.len + BJ_TLS_SESSION_OVERHEAD)
		return BJ_ERR_SPACE;
	out[0] = SEALED_FORM;
	err = rng_fill(&conn->config->rng, out + 1, NONCE_LEN);
	if (!err)
		err = aead_init(&aead, AEAD_AES_256_GCM, AEAD_BEST, key);
	if (err)
		return err;
	err = aead_seal(&aead, out + 1, bytes_of(out, 1), session, out + FRONT_LEN);
	aead_fini(&aead);
	if (!err)
		*out_len = session.len + BJ_TLS_SESSION_OVERHEAD;
	return err;
}

BJ_API enum bj_err bj_tls_resume_sealed(struct bj_tls *conn, int64_t now_ms, const void *key, const void *sealed, size_t len)
{
	const uint8_t *bytes = sealed;
	size_t plain_len = len - BJ_TLS_SESSION_OVERHEAD;
	enum bj_err err = BJ_ERR_BAD_TICKET;
	struct aead aead;
	uint8_t *plain;

	if (!key || !sealed)
		return BJ_ERR_ARGUMENT;
	if (len <= BJ_TLS_SESSION_OVERHEAD || plain_len > SESSION_BLOB_MAX || bytes[0] != SEALED_FORM)
		return BJ_ERR_BAD_TICKET;
	plain = malloc(plain_len);
	if (!plain)
		return BJ_ERR_NO_MEMORY;
	if (aead_init(&aead, AEAD_AES_256_GCM, AEAD_BEST, key) == BJ_OK) {
		if (aead_open(&aead, bytes + 1, bytes_of(bytes, 1), bytes_of(bytes + FRONT_LEN, len - FRONT_LEN), plain) == BJ_OK)
			err = bj_tls_resume(conn, now_ms, plain, plain_len);
		aead_fini(&aead);
	}
	wipe(plain, plain_len);
	free(plain);
	return err;
}
