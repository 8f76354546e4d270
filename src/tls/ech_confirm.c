/* ech_confirm.c - the 8 bytes by which a server says that the inner hello counts.
 *
 * Implements   rfc9849:7.2 rfc9849:7.2.1
 */
#include "tls/ech.h"

#include "crypto/hkdf.h"

/* Over the transcript and a message with zeros in the place of the confirmation. */
static struct bj_bytes transcript_hash(const struct ech_signal *s, uint8_t out[HASH_MAX])
{
	static const uint8_t zeros[ECH_CONFIRMATION_LEN];
	size_t behind = s->at + ECH_CONFIRMATION_LEN;
	const struct bj_bytes pieces[] = {
		{ s->message.ptr, s->at },
		{ zeros, sizeof(zeros) },
		{ s->message.ptr + behind, s->message.len - behind },
	};

	check(behind <= s->message.len);
	return bytes_of(out, transcript_peek_pieces(s->transcript, s->alg, pieces, ARRAY_COUNT(pieces), out));
}

void ech_confirmation(const struct ech_signal *signal, uint8_t out[ECH_CONFIRMATION_LEN])
{
	const struct bj_bytes label = signal->is_retry ? BYTES_LIT("hrr ech accept confirmation") : BYTES_LIT("ech accept confirmation");
	const struct bj_bytes zeros = { NULL, 0 }; /* which HMAC pads to as many as the hash is long */
	uint8_t hash[HASH_MAX];
	struct secret prk;
	struct hmac_key key;

	hkdf_extract(signal->alg, zeros, signal->random, &prk);
	hmac_key_init(&key, signal->alg, secret_view(&prk));
	ks_expand_label(&key, label, transcript_hash(signal, hash), out, ECH_CONFIRMATION_LEN);
	hmac_key_wipe(&key);
	secret_wipe(&prk);
}
