/* pkey.c - private keys: reading, making, writing, signing.
 *
 * libcrypto reads and writes the DER, but for private keys on curves (ec_der.c); what signs is the older key object (EC_KEY,
 * RSA) taken from it once, which is safe to share between threads and needs no look-up per signature; on P-256 ecdsa_p256.c does. A key is tried once when
 * it is loaded: it signs, and its public half checks, so a damaged key is refused here and not in front of a client.
 *
 * Implements   rfc5958:2 rfc5915:3 rfc8017:A.1.2 rfc8410:7 rfc8017:8.1.1 rfc8017:8.2.1 fips186-5:6.3 rfc8032:5.1.6
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/pkey.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/check.h"
#include "base/wipe.h"
#include "crypto/ec_der.h"
#include "crypto/ecdsa_p256.h"
#include "crypto/mldsa.h"
#include "crypto/pbe.h"
#include "crypto/pkey_own.h"
#include "crypto/pss.h"
#include "crypto/rng_os.h"
#include "crypto/sig.h"

struct pkey {
	_Atomic(unsigned) references;
	enum key_kind kind;
	uint16_t bits;
	EVP_PKEY *evp;
	EC_KEY *ec; /* this and the next are null for a key that is elsewhere, or of another kind: `evp` signs */
	RSA *rsa;
	size_t point_len, modulus_len, exponent_len;
	uint8_t point[KEY_POINT_MAX];
	uint8_t modulus[KEY_RSA_BITS_MAX / 8];
	uint8_t exponent[8];
};

/* ---- loading */

static enum key_kind kind_of_curve(int nid)
{
	static const struct { const struct curve *curve; enum key_kind kind; } rows[] = {
		{ &curve_p256, KEY_P256 }, { &curve_p384, KEY_P384 }, { &curve_p521, KEY_P521 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (rows[i].curve->nid == nid)
			return rows[i].kind;
	return KEY_NONE;
}

static enum bj_err take_ec(struct pkey *key)
{
	const EC_GROUP *group;
	size_t len;

	key->ec = EVP_PKEY_get1_EC_KEY(key->evp);
	if (!key->ec)
		return BJ_ERR_KEY_FORMAT;
	group = EC_KEY_get0_group(key->ec);
	key->kind = kind_of_curve(EC_GROUP_get_curve_name(group));
	if (key->kind == KEY_NONE)
		return BJ_ERR_KEY_KIND;
	if (!EC_KEY_get0_private_key(key->ec) || EC_KEY_check_key(key->ec) != 1)
		return BJ_ERR_KEY_FORMAT;
	key->bits = sig_curve_of(key->kind)->bits;
	len = EC_POINT_point2oct(group, EC_KEY_get0_public_key(key->ec), POINT_CONVERSION_UNCOMPRESSED, key->point,
				 sizeof(key->point), NULL);
	key->point_len = len;
	return len == 1 + 2 * (size_t)sig_curve_of(key->kind)->field_len ? BJ_OK : BJ_ERR_KEY_FORMAT;
}

/* a * b = 1 modulo m - less */
static bool inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_ULONG less, BN_CTX *ctx)
{
	BIGNUM *mod = BN_dup(m), *r = BN_new();
	bool good = mod && r && BN_sub_word(mod, less) == 1 && BN_mod_mul(r, a, b, mod, ctx) == 1 && BN_is_one(r);

	BN_clear_free(mod);
	BN_clear_free(r);
	return good;
}

/* libcrypto signs with the private exponent alone where the other numbers give a wrong result: right but four times as slow, so
 * they are looked at here. */
static bool crt_good(const RSA *rsa, const BIGNUM *n, const BIGNUM *e)
{
	const BIGNUM *p, *q, *dp, *dq, *qinv;
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *product = BN_new();
	bool good;

	RSA_get0_factors(rsa, &p, &q);
	RSA_get0_crt_params(rsa, &dp, &dq, &qinv);
	good = ctx && product && p && q && dp && dq && qinv && BN_mul(product, p, q, ctx) == 1 && BN_cmp(product, n) == 0 &&
	       inverse(q, qinv, p, 0, ctx) && inverse(e, dp, p, 1, ctx) && inverse(e, dq, q, 1, ctx);
	BN_free(product);
	BN_CTX_free(ctx);
	return good;
}

static enum bj_err take_rsa(struct pkey *key, enum key_kind kind)
{
	const BIGNUM *n, *e, *d;
	int bits;

	key->rsa = EVP_PKEY_get1_RSA(key->evp);
	if (!key->rsa)
		return BJ_ERR_KEY_FORMAT;
	RSA_get0_key(key->rsa, &n, &e, &d);
	bits = n ? BN_num_bits(n) : 0;
	if (bits < KEY_RSA_BITS_MIN || bits > KEY_RSA_BITS_MAX)
		return BJ_ERR_KEY_KIND;
	if (!e || !d || BN_num_bytes(e) > (int)sizeof(key->exponent) || !crt_good(key->rsa, n, e))
		return BJ_ERR_KEY_FORMAT;
	key->kind = kind;
	key->bits = (uint16_t)bits;
	key->modulus_len = (size_t)BN_bn2bin(n, key->modulus);
	key->exponent_len = (size_t)BN_bn2bin(e, key->exponent);
	return BJ_OK;
}

static enum bj_err take_ed25519(struct pkey *key, const EVP_PKEY *half)
{
	key->kind = KEY_ED25519;
	key->bits = 256;
	key->point_len = sizeof(key->point);
	if (EVP_PKEY_get_raw_public_key(half, key->point, &key->point_len) != 1 || key->point_len != ED25519_KEY_LEN)
		return BJ_ERR_KEY_FORMAT;
	return BJ_OK;
}

static enum bj_err take_mldsa(struct pkey *key, const EVP_PKEY *half)
{
	const struct mldsa *m = mldsa_of(mldsa_kind(half));

	if (!m)
		return BJ_ERR_KEY_KIND;
	key->kind = mldsa_kind(half);
	key->point_len = m->public_len;
	return mldsa_public(m, half, key->point) ? BJ_OK : BJ_ERR_KEY_FORMAT;
}

static enum bj_err take_parts(struct pkey *key)
{
	switch (EVP_PKEY_get_base_id(key->evp)) {
	case EVP_PKEY_EC: return take_ec(key);
	case EVP_PKEY_RSA: return take_rsa(key, KEY_RSA);
	case EVP_PKEY_RSA_PSS: return take_rsa(key, KEY_RSA_PSS);
	case EVP_PKEY_ED25519: return take_ed25519(key, key->evp);
	default: return take_mldsa(key, key->evp);
	}
}

static enum sig_alg trial_alg(enum key_kind kind)
{
	if (mldsa_of(kind))
		return (enum sig_alg)(SIG_MLDSA44 + (kind - KEY_MLDSA44));
	if (kind == KEY_ED25519)
		return SIG_ED25519;
	return sig_curve_of(kind) ? SIG_ECDSA_SHA256 : SIG_RSA_PSS_SHA256;
}

/* The private half signs what the public half accepts. */
static enum bj_err try_out(const struct pkey *key)
{
	static const char message[] = "is this key whole?";
	uint8_t signature[SIG_LEN_MAX];
	struct pubkey half;
	size_t len;
	enum bj_err err = pkey_sign(key, trial_alg(key->kind), BYTES_LIT(message), signature, sizeof(signature), &len);

	if (err)
		return err == BJ_ERR_CRYPTO ? BJ_ERR_KEY_FORMAT : err;
	pkey_public(key, &half);
	err = pubkey_verify(&half, trial_alg(key->kind), BYTES_LIT(message), bytes_of(signature, len));
	return err == BJ_OK || err == BJ_ERR_NO_MEMORY ? err : BJ_ERR_KEY_FORMAT;
}

/* Takes over `evp`, also on failure. */
static enum bj_err wrap(EVP_PKEY *evp, enum bj_err (*take)(struct pkey *key), struct pkey **out)
{
	struct pkey *key = (struct pkey *)calloc(1, sizeof(*key));
	enum bj_err err;

	if (!key) {
		EVP_PKEY_free(evp);
		return BJ_ERR_NO_MEMORY;
	}
	atomic_init(&key->references, 1);
	key->evp = evp;
	err = take(key);
	if (!err)
		err = try_out(key);
	if (err) {
		ERR_clear_error();
		pkey_free(key);
		return err;
	}
	*out = key;
	return BJ_OK;
}

static enum bj_err pkey_wrap(EVP_PKEY *evp, struct pkey **out)
{
	return wrap(evp, take_parts, out);
}

/* ---- keys that are elsewhere */

static enum bj_err take_remote_rsa(struct pkey *key, const EVP_PKEY *half)
{
	BIGNUM *n = NULL, *e = NULL;
	enum bj_err err = BJ_ERR_KEY_FORMAT;

	if (EVP_PKEY_get_bn_param(half, "n", &n) == 1 && EVP_PKEY_get_bn_param(half, "e", &e) == 1) {
		int bits = BN_num_bits(n);

		err = bits < KEY_RSA_BITS_MIN || bits > KEY_RSA_BITS_MAX || BN_num_bytes(e) > (int)sizeof(key->exponent) ? BJ_ERR_KEY_KIND :
																 BJ_OK;
		if (!err) {
			key->kind = EVP_PKEY_is_a(half, "RSA-PSS") ? KEY_RSA_PSS : KEY_RSA;
			key->bits = (uint16_t)bits;
			key->modulus_len = (size_t)BN_bn2bin(n, key->modulus);
			key->exponent_len = (size_t)BN_bn2bin(e, key->exponent);
		}
	}
	BN_free(n);
	BN_free(e);
	return err;
}

static enum bj_err take_remote_ec(struct pkey *key, const EVP_PKEY *half)
{
	char group[64] = "";
	size_t len = 0;
	int nid;

	if (EVP_PKEY_get_utf8_string_param(half, "group", group, sizeof(group), NULL) != 1)
		return BJ_ERR_KEY_FORMAT;
	nid = OBJ_txt2nid(group);
	key->kind = kind_of_curve(nid != NID_undef ? nid : EC_curve_nist2nid(group));
	if (key->kind == KEY_NONE)
		return BJ_ERR_KEY_KIND;
	key->bits = sig_curve_of(key->kind)->bits;
	if (EVP_PKEY_get_octet_string_param(half, "pub", key->point, sizeof(key->point), &len) != 1 || key->point[0] != 4 ||
	    len != 1 + 2 * (size_t)sig_curve_of(key->kind)->field_len)
		return BJ_ERR_KEY_FORMAT;
	key->point_len = len;
	return BJ_OK;
}

/* The public half as an object of libcrypto's own: providers of tokens answer for a private key with few of its parameters, but write
 * its SubjectPublicKeyInfo. Null if there is none. */
static EVP_PKEY *public_half(const EVP_PKEY *evp)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(evp, &der);
	const unsigned char *p = der;
	EVP_PKEY *half = len > 0 ? d2i_PUBKEY(NULL, &p, len) : NULL;

	OPENSSL_free(der);
	return half;
}

static enum bj_err take_remote(struct pkey *key)
{
	EVP_PKEY *half = public_half(key->evp);
	enum bj_err err;

	if (!half)
		return BJ_ERR_KEY_FORMAT;
	if (EVP_PKEY_is_a(half, "RSA") || EVP_PKEY_is_a(half, "RSA-PSS"))
		err = take_remote_rsa(key, half);
	else if (EVP_PKEY_is_a(half, "EC"))
		err = take_remote_ec(key, half);
	else if (EVP_PKEY_is_a(half, "ED25519"))
		err = take_ed25519(key, half);
	else
		err = take_mldsa(key, half);
	EVP_PKEY_free(half);
	return err;
}

enum bj_err pkey_wrap_remote(EVP_PKEY *evp, struct pkey **out)
{
	return wrap(evp, take_remote, out);
}

EVP_PKEY *pkey_evp(const struct pkey *key)
{
	return key->evp;
}

/* Takes over `ec`, also on failure. */
static enum bj_err pkey_wrap_ec(EC_KEY *ec, struct pkey **out)
{
	EVP_PKEY *evp = EVP_PKEY_new();

	if (!evp || EVP_PKEY_assign_EC_KEY(evp, ec) != 1) {
		EVP_PKEY_free(evp);
		EC_KEY_free(ec);
		return BJ_ERR_NO_MEMORY;
	}
	return pkey_wrap(evp, out);
}

/* Null if it is no EncryptedPrivateKeyInfo. */
static X509_SIG *read_encrypted(struct bj_bytes der)
{
	const unsigned char *p = der.ptr;
	X509_SIG *sig = d2i_X509_SIG(NULL, &p, (long)der.len);

	ERR_clear_error();
	if (!sig || p == der.ptr + der.len)
		return sig;
	X509_SIG_free(sig);
	return NULL;
}

static bool is_encrypted(struct bj_bytes der)
{
	X509_SIG *sig = read_encrypted(der);

	X509_SIG_free(sig);
	return sig != NULL;
}

static enum bj_err open_encrypted(const X509_SIG *sealed, struct bj_bytes passphrase, struct pkey **out)
{
	struct pbe_work work = { PBE_WORK_MAX };
	const X509_ALGOR *algorithm = NULL;
	PKCS8_PRIV_KEY_INFO *info;
	unsigned char *der = NULL;
	int len;
	enum bj_err err;

	X509_SIG_get0(sealed, &algorithm, NULL);
	err = pbe_check(algorithm, &work);
	if (err)
		return err;
	info = PKCS8_decrypt(sealed, passphrase.len ? (const char *)passphrase.ptr : "", (int)passphrase.len);
	if (!info)
		return BJ_ERR_KEY_PASSPHRASE;
	len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	PKCS8_PRIV_KEY_INFO_free(info); /* wipes */
	if (len <= 0)
		return BJ_ERR_KEY_FORMAT;
	err = pkey_from_der(bytes_of(der, (size_t)len), out);
	OPENSSL_clear_free(der, (size_t)len);
	return err;
}

enum bj_err pkey_from_encrypted(struct bj_bytes der, struct bj_bytes passphrase, struct pkey **out)
{
	X509_SIG *sealed;
	enum bj_err err;

	if (der.len == 0 || der.len > KEY_DER_MAX)
		return BJ_ERR_KEY_FORMAT;
	if (passphrase.len > PASSPHRASE_MAX)
		return BJ_ERR_LIMIT;
	sealed = read_encrypted(der);
	if (!sealed)
		return BJ_ERR_KEY_FORMAT;
	err = open_encrypted(sealed, passphrase, out);
	X509_SIG_free(sealed);
	ERR_clear_error();
	return err;
}

enum bj_err pkey_from_der(struct bj_bytes der, struct pkey **out)
{
	const unsigned char *p = der.ptr;
	EVP_PKEY *evp;
	EC_KEY *ec;
	enum bj_err err;

	if (der.len == 0 || der.len > KEY_DER_MAX)
		return BJ_ERR_KEY_FORMAT;
	err = ec_key_from_der(der, &ec);
	if (!err)
		return pkey_wrap_ec(ec, out);
	if (err != BJ_ERR_NOT_FOUND)
		return err;
	if (is_encrypted(der))
		return BJ_ERR_KEY_ENCRYPTED;
	evp = d2i_AutoPrivateKey(NULL, &p, (long)der.len);
	ERR_clear_error();
	if (!evp)
		return BJ_ERR_KEY_FORMAT;
	if (p != der.ptr + der.len) {
		EVP_PKEY_free(evp);
		return BJ_ERR_KEY_FORMAT;
	}
	return pkey_wrap(evp, out);
}

enum bj_err pkey_generate(enum key_kind kind, unsigned rsa_bits, struct pkey **out)
{
	EVP_PKEY *evp = NULL;

	switch (kind) {
	case KEY_RSA:
		if (rsa_bits < KEY_RSA_BITS_MIN || rsa_bits > KEY_RSA_BITS_MAX)
			return BJ_ERR_ARGUMENT;
		evp = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)rsa_bits);
		break;
	case KEY_P256: evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"); break;
	case KEY_P384: evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"); break;
	case KEY_P521: evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"); break;
	case KEY_ED25519: evp = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); break;
	case KEY_MLDSA44:
	case KEY_MLDSA65:
	case KEY_MLDSA87: evp = mldsa_generate(mldsa_of(kind)); break;
	case KEY_RSA_PSS:
	case KEY_NONE: return BJ_ERR_ARGUMENT;
	}
	if (!evp) {
		ERR_clear_error();
		return BJ_ERR_CRYPTO;
	}
	return pkey_wrap(evp, out);
}

struct pkey *pkey_ref(struct pkey *key)
{
	atomic_fetch_add_explicit(&key->references, 1, memory_order_relaxed);
	return key;
}

void pkey_free(struct pkey *key)
{
	if (!key || atomic_fetch_sub_explicit(&key->references, 1, memory_order_acq_rel) != 1)
		return;
	EC_KEY_free(key->ec); /* these three wipe the private half */
	RSA_free(key->rsa);
	EVP_PKEY_free(key->evp);
	free(key);
}

/* ---- asking and writing */

enum key_kind pkey_kind(const struct pkey *key)
{
	return key->kind;
}

void pkey_public(const struct pkey *key, struct pubkey *out)
{
	*out = (struct pubkey){
		.kind = key->kind,
		.bits = key->bits,
		.point = { key->point, key->point_len },
		.modulus = { key->modulus, key->modulus_len },
		.exponent = { key->exponent, key->exponent_len },
	};
}

/* Gives out what libcrypto wrote; wipes it. */
static enum bj_err give_der(unsigned char *der, int len, uint8_t *out, size_t cap, size_t *out_len)
{
	enum bj_err err = BJ_OK;

	if (len <= 0) {
		ERR_clear_error();
		return BJ_ERR_CRYPTO;
	}
	if ((size_t)len > cap)
		err = BJ_ERR_SPACE;
	else
		memcpy(out, der, (size_t)len);
	OPENSSL_clear_free(der, (size_t)len);
	if (!err)
		*out_len = (size_t)len;
	return err;
}

enum bj_err pkey_spki(const struct pkey *key, uint8_t *out, size_t cap, size_t *out_len)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key->evp, &der);

	return give_der(der, len, out, cap, out_len);
}

enum bj_err pkey_pkcs8(const struct pkey *key, uint8_t *out, size_t cap, size_t *out_len)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->evp);
	unsigned char *der = NULL;
	int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;

	PKCS8_PRIV_KEY_INFO_free(info); /* wipes */
	return give_der(der, len, out, cap, out_len);
}

/* ---- signing */

#define BLINDING_USES 32 /* of libcrypto's blinding, before it makes another */

/* The private operation, and the public one to see whether it was right: where memory ran out in the middle of it, libcrypto 3.0 goes on with a
 * blinding that is none, until its uses are up. */
static enum bj_err rsa_private(const struct pkey *key, const uint8_t *em, uint8_t *out, size_t len)
{
	uint8_t back[SIG_CLASSIC_MAX];

	for (int i = 0; i <= BLINDING_USES; i++) {
		if (RSA_private_encrypt((int)len, em, out, key->rsa, RSA_NO_PADDING) != (int)len ||
		    RSA_public_decrypt((int)len, out, back, key->rsa, RSA_NO_PADDING) != (int)len)
			break;
		if (memcmp(back, em, len) == 0)
			return BJ_OK;
	}
	wipe(out, len);
	return BJ_ERR_CRYPTO;
}

static enum bj_err sign_rsa(const struct pkey *key, struct sig_row row, const uint8_t *digest, uint8_t *out, size_t cap,
			    size_t *out_len)
{
	uint8_t em[SIG_CLASSIC_MAX], salt[HASH_MAX];
	size_t len = key->modulus_len;
	enum bj_err err;

	if (cap < len)
		return BJ_ERR_SPACE;
	if (row.scheme == SCHEME_PSS) {
		err = rng_fill(&rng_os, salt, hash_len(row.hash));
		if (!err)
			err = pss_encode(row.hash, digest, salt, em, len, key->bits);
	} else {
		err = pkcs1_encode(row.hash, digest, em, len);
	}
	if (!err)
		err = rsa_private(key, em, out, len);
	if (!err)
		*out_len = len;
	return err;
}

static enum bj_err sign_p256(const struct pkey *key, struct bj_bytes digest, uint8_t *out, size_t *out_len)
{
	uint8_t private[ECDSA_P256_LEN];
	enum bj_err err = BJ_ERR_CRYPTO;

	if (BN_bn2binpad(EC_KEY_get0_private_key(key->ec), private, sizeof(private)) == (int)sizeof(private))
		err = ecdsa_p256_sign(private, digest, &rng_os, out, out_len);
	wipe(private, sizeof(private));
	return err;
}

static enum bj_err sign_ecdsa(const struct pkey *key, struct sig_row row, const uint8_t *digest, uint8_t *out, size_t cap,
			      size_t *out_len)
{
	uint8_t signature[ECDSA_SIG_MAX];
	unsigned old_len = sizeof(signature);
	size_t len = 0;
	enum bj_err err = BJ_OK;

	if (key->kind == KEY_P256) {
		err = sign_p256(key, bytes_of(digest, hash_len(row.hash)), signature, &len);
	} else {
		check((size_t)ECDSA_size(key->ec) <= sizeof(signature));
		if (ECDSA_sign(0, digest, (int)hash_len(row.hash), signature, &old_len, key->ec) != 1)
			err = BJ_ERR_CRYPTO;
		len = old_len;
	}
	if (err)
		return err;
	if (len > cap)
		return BJ_ERR_SPACE;
	memcpy(out, signature, len);
	*out_len = len;
	return BJ_OK;
}

static enum bj_err sign_ed25519(const struct pkey *key, struct bj_bytes message, uint8_t *out, size_t cap, size_t *out_len)
{
	EVP_MD_CTX *ctx;
	size_t len = ED25519_SIG_LEN;
	enum bj_err err = BJ_ERR_CRYPTO;

	if (cap < ED25519_SIG_LEN)
		return BJ_ERR_SPACE;
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return BJ_ERR_NO_MEMORY;
	if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->evp) == 1 &&
	    EVP_DigestSign(ctx, out, &len, message.ptr, message.len) == 1 && len == ED25519_SIG_LEN) {
		*out_len = len;
		err = BJ_OK;
	}
	EVP_MD_CTX_free(ctx);
	return err;
}

/* Where the private half is elsewhere, its owner pads and hashes. */
static enum bj_err sign_remote(const struct pkey *key, struct sig_row row, struct bj_bytes message, uint8_t *out, size_t cap, size_t *out_len)
{
	const char *digest = row.scheme == SCHEME_ED25519 ? NULL : row.hash == HASH_SHA256 ? "SHA256" : row.hash == HASH_SHA384 ? "SHA384" :
																  "SHA512";
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *sign = NULL; /* the digest context's */
	uint8_t signature[SIG_LEN_MAX];
	size_t len = sizeof(signature);
	bool good = ctx && EVP_DigestSignInit_ex(ctx, &sign, digest, NULL, NULL, key->evp, NULL) == 1;

	if (good && row.scheme == SCHEME_PSS)
		good = EVP_PKEY_CTX_set_rsa_padding(sign, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(sign, RSA_PSS_SALTLEN_DIGEST) == 1;
	good = good && EVP_DigestSign(ctx, signature, &len, message.ptr, message.len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!good)
		return BJ_ERR_CRYPTO;
	if (len > cap)
		return BJ_ERR_SPACE;
	memcpy(out, signature, len);
	*out_len = len;
	return BJ_OK;
}

enum bj_err pkey_sign(const struct pkey *key, enum sig_alg alg, struct bj_bytes message, uint8_t *out, size_t cap,
		      size_t *out_len)
{
	struct sig_row row = sig_row_of(alg);
	uint8_t digest[HASH_MAX];
	enum bj_err err;

	if (!sig_fits_key(alg, key->kind))
		return BJ_ERR_ARGUMENT;
	if (row.scheme == SCHEME_MLDSA) {
		err = mldsa_sign(mldsa_of(key->kind), key->evp, message, out, cap, out_len);
	} else if (!key->ec && !key->rsa && key->kind != KEY_ED25519) {
		err = sign_remote(key, row, message, out, cap, out_len);
	} else if (row.scheme == SCHEME_ED25519) {
		err = sign_ed25519(key, message, out, cap, out_len);
	} else {
		(void)hash_once(row.hash, message, digest);
		err = row.scheme == SCHEME_ECDSA ? sign_ecdsa(key, row, digest, out, cap, out_len) :
						   sign_rsa(key, row, digest, out, cap, out_len);
	}
	if (err)
		ERR_clear_error();
	return err;
}
