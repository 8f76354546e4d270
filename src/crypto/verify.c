/* verify.c - checks signatures with public keys as certificates carry them.
 *
 * Public keys are imported through libcrypto's older key objects (EC_KEY, RSA): making one costs 2 us instead of 15, and there
 * is nothing to look up. They are marked deprecated, so the mark is silenced in this file and in pkey.c.
 * ECDSA signatures must be strict DER: libcrypto encodes again what it read and compares.
 *
 * Implements   rfc8017:8.1.2 rfc8017:8.2.2 fips186-5:6.4 rfc8032:5.1.7 rfc9846:4.2.3
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/check.h"
#include "crypto/mldsa.h"
#include "crypto/pss.h"
#include "crypto/sig.h"

#define RSA_EXPONENT_LEN_MAX 4 /* 3..2^32-1: a larger one only makes verifying slow */

struct sig_row sig_row_of(enum sig_alg alg)
{
	static const struct sig_row rows[] = {
		[SIG_RSA_PKCS1_SHA256] = { SCHEME_PKCS1, HASH_SHA256 },
		[SIG_RSA_PKCS1_SHA384] = { SCHEME_PKCS1, HASH_SHA384 },
		[SIG_RSA_PKCS1_SHA512] = { SCHEME_PKCS1, HASH_SHA512 },
		[SIG_RSA_PSS_SHA256] = { SCHEME_PSS, HASH_SHA256 },
		[SIG_RSA_PSS_SHA384] = { SCHEME_PSS, HASH_SHA384 },
		[SIG_RSA_PSS_SHA512] = { SCHEME_PSS, HASH_SHA512 },
		[SIG_ECDSA_SHA256] = { SCHEME_ECDSA, HASH_SHA256 },
		[SIG_ECDSA_SHA384] = { SCHEME_ECDSA, HASH_SHA384 },
		[SIG_ECDSA_SHA512] = { SCHEME_ECDSA, HASH_SHA512 },
		[SIG_ED25519] = { SCHEME_ED25519, HASH_NONE },
		[SIG_MLDSA44] = { SCHEME_MLDSA, HASH_NONE },
		[SIG_MLDSA65] = { SCHEME_MLDSA, HASH_NONE },
		[SIG_MLDSA87] = { SCHEME_MLDSA, HASH_NONE },
	};

	return (size_t)alg < ARRAY_COUNT(rows) ? rows[alg] : rows[SIG_NONE];
}

const struct curve *sig_curve_of(enum key_kind kind)
{
	switch (kind) {
	case KEY_P256: return &curve_p256;
	case KEY_P384: return &curve_p384;
	case KEY_P521: return &curve_p521;
	case KEY_RSA:
	case KEY_RSA_PSS:
	case KEY_ED25519:
	case KEY_MLDSA44:
	case KEY_MLDSA65:
	case KEY_MLDSA87:
	case KEY_NONE: break;
	}
	return NULL;
}

bool sig_fits_key(enum sig_alg alg, enum key_kind kind)
{
	switch (sig_row_of(alg).scheme) {
	case SCHEME_PKCS1: return kind == KEY_RSA;
	case SCHEME_PSS: return kind == KEY_RSA || kind == KEY_RSA_PSS;
	case SCHEME_ECDSA: return sig_curve_of(kind) != NULL;
	case SCHEME_ED25519: return kind == KEY_ED25519;
	case SCHEME_MLDSA: return kind == (enum key_kind)(KEY_MLDSA44 + (alg - SIG_MLDSA44));
	case SCHEME_NONE: break;
	}
	return false;
}

bool sig_is_here(enum sig_alg alg)
{
	if (sig_row_of(alg).scheme != SCHEME_MLDSA)
		return alg != SIG_NONE;
	return mldsa_is_here(mldsa_of((enum key_kind)(KEY_MLDSA44 + (alg - SIG_MLDSA44))));
}

/* ---- RSA */

static bool rsa_numbers_good(const struct pubkey *key)
{
	struct bj_bytes n = key->modulus, e = key->exponent;
	unsigned bits;

	if (n.len == 0 || n.len > KEY_RSA_BITS_MAX / 8 || n.ptr[0] == 0 || !(n.ptr[n.len - 1] & 1))
		return false;
	bits = (unsigned)(n.len - 1) * 8;
	for (unsigned top = n.ptr[0]; top; top >>= 1)
		bits++;
	if (bits < KEY_RSA_BITS_MIN || bits != key->bits)
		return false;
	if (e.len == 0 || e.len > RSA_EXPONENT_LEN_MAX || e.ptr[0] == 0 || !(e.ptr[e.len - 1] & 1))
		return false;
	return !(e.len == 1 && e.ptr[0] == 1);
}

static RSA *rsa_import(const struct pubkey *key)
{
	RSA *rsa = RSA_new();
	BIGNUM *n = BN_bin2bn(key->modulus.ptr, (int)key->modulus.len, NULL);
	BIGNUM *e = BN_bin2bn(key->exponent.ptr, (int)key->exponent.len, NULL);

	if (rsa && n && e && RSA_set0_key(rsa, n, e, NULL) == 1)
		return rsa;
	BN_free(n);
	BN_free(e);
	RSA_free(rsa);
	return NULL;
}

static enum bj_err rsa_verify(const struct pubkey *key, struct sig_row row, const uint8_t *digest, struct bj_bytes signature)
{
	uint8_t em[SIG_CLASSIC_MAX], expected[SIG_CLASSIC_MAX];
	size_t len = key->modulus.len;
	RSA *rsa;
	int got;

	if (!rsa_numbers_good(key))
		return BJ_ERR_CERT_KEY;
	if (signature.len != len)
		return BJ_ERR_BAD_SIGNATURE;
	rsa = rsa_import(key);
	if (!rsa)
		return BJ_ERR_NO_MEMORY;
	/* refuses a signature that is not below the modulus */
	got = RSA_public_decrypt((int)len, signature.ptr, em, rsa, RSA_NO_PADDING);
	RSA_free(rsa);
	if (got < 0 || (size_t)got != len)
		return BJ_ERR_BAD_SIGNATURE;
	if (row.scheme == SCHEME_PSS)
		return pss_verify(row.hash, digest, em, len, key->bits);
	if (pkcs1_encode(row.hash, digest, expected, len) != BJ_OK)
		return BJ_ERR_BAD_SIGNATURE;
	return memcmp(em, expected, len) == 0 ? BJ_OK : BJ_ERR_BAD_SIGNATURE;
}

/* ---- ECDSA */

static enum bj_err ec_import(const struct pubkey *key, EC_KEY **out)
{
	const struct curve *curve = sig_curve_of(key->kind);
	const EC_GROUP *group = curve_group(curve);
	EC_KEY *ec = EC_KEY_new();
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	enum bj_err err = BJ_ERR_NO_MEMORY;

	if (ec && point) {
		err = BJ_ERR_CERT_KEY;
		/* reading the point checks that it is on the curve; an uncompressed point is never the one at infinity */
		if (key->point.len == 1 + 2 * (size_t)curve->field_len && key->point.ptr[0] == POINT_CONVERSION_UNCOMPRESSED &&
		    EC_KEY_set_group(ec, group) == 1 &&
		    EC_POINT_oct2point(group, point, key->point.ptr, key->point.len, NULL) == 1 &&
		    EC_KEY_set_public_key(ec, point) == 1)
			err = BJ_OK;
	}
	EC_POINT_free(point);
	if (err)
		EC_KEY_free(ec);
	else
		*out = ec;
	return err;
}

static enum bj_err ecdsa_verify(const struct pubkey *key, struct sig_row row, const uint8_t *digest, struct bj_bytes signature)
{
	EC_KEY *ec;
	enum bj_err err = ec_import(key, &ec);
	int good;

	if (err)
		return err;
	if (signature.len > SIG_CLASSIC_MAX) {
		EC_KEY_free(ec);
		return BJ_ERR_BAD_SIGNATURE;
	}
	good = ECDSA_verify(0, digest, (int)hash_len(row.hash), signature.ptr, (int)signature.len, ec);
	EC_KEY_free(ec);
	return good == 1 ? BJ_OK : BJ_ERR_BAD_SIGNATURE;
}

/* ---- Ed25519 */

static enum bj_err ed25519_verify(const struct pubkey *key, struct bj_bytes message, struct bj_bytes signature)
{
	EVP_MD_CTX *ctx;
	EVP_PKEY *pkey;
	enum bj_err err = BJ_ERR_NO_MEMORY;

	if (key->point.len != ED25519_KEY_LEN)
		return BJ_ERR_CERT_KEY;
	if (signature.len != ED25519_SIG_LEN)
		return BJ_ERR_BAD_SIGNATURE;
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->point.ptr, key->point.len);
	ctx = EVP_MD_CTX_new();
	if (pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1)
		err = EVP_DigestVerify(ctx, signature.ptr, signature.len, message.ptr, message.len) == 1 ?
			      BJ_OK : BJ_ERR_BAD_SIGNATURE;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return err;
}

/* ---- all kinds */

enum bj_err pubkey_verify(const struct pubkey *key, enum sig_alg alg, struct bj_bytes message, struct bj_bytes signature)
{
	struct sig_row row = sig_row_of(alg);
	uint8_t digest[HASH_MAX];
	enum bj_err err;

	if (!sig_fits_key(alg, key->kind))
		return BJ_ERR_ARGUMENT;
	if (row.scheme == SCHEME_ED25519) {
		err = ed25519_verify(key, message, signature);
	} else if (row.scheme == SCHEME_MLDSA) {
		err = mldsa_verify(mldsa_of(key->kind), key->point, message, signature);
	} else {
		(void)hash_once(row.hash, message, digest);
		err = row.scheme == SCHEME_ECDSA ? ecdsa_verify(key, row, digest, signature) :
						   rsa_verify(key, row, digest, signature);
	}
	if (err)
		ERR_clear_error();
	return err;
}
