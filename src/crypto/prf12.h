/* prf12.h - the TLS 1.2 PRF (rfc5246:5). */
#ifndef CRYPTO_PRF12_H
#define CRYPTO_PRF12_H

#include "crypto/hmac.h"

/* P_hash over label + seed1 + seed2; the seeds may be empty. */
void prf12(const struct hmac_key *secret, const char *label, struct bj_bytes seed1, struct bj_bytes seed2, uint8_t *out,
	   size_t len);

#endif
