/* algorithm.c - identifiers of signatures, and public keys. */
#include "x509/algorithm.h"

#include "x509/der.h"
#include "x509/oid.h"

#define RSA_ARC 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01
#define HASH_ARC 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02
#define PKCS1(n) { 0x30, 0x0d, 0x06, 0x09, RSA_ARC, n, 0x05, 0x00 }
#define ECDSA2(n) { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, n }
#define MLDSA(n) { 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, n }
#define PSS(hash, salt)                                                                                                 \
	{                                                                                                               \
		0x30, 0x41, 0x06, 0x09, RSA_ARC, 0x0a, 0x30, 0x34,                                                      \
		0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, HASH_ARC, hash, 0x05, 0x00,                                         \
		0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, RSA_ARC, 0x08, 0x30, 0x0d, 0x06, 0x09, HASH_ARC, hash, 0x05, 0x00,  \
		0xa2, 0x03, 0x02, 0x01, salt                                                                            \
	}

/* Hashes without their NULL, as GnuTLS writes them: whoever verifies takes both (rfc4055:2.1). */
#define PSS_BARE(hash, salt)                                                                                            \
	{                                                                                                               \
		0x30, 0x3d, 0x06, 0x09, RSA_ARC, 0x0a, 0x30, 0x30,                                                      \
		0xa0, 0x0d, 0x30, 0x0b, 0x06, 0x09, HASH_ARC, hash,                                                     \
		0xa1, 0x1a, 0x30, 0x18, 0x06, 0x09, RSA_ARC, 0x08, 0x30, 0x0b, 0x06, 0x09, HASH_ARC, hash,              \
		0xa2, 0x03, 0x02, 0x01, salt                                                                            \
	}

struct alg_row {
	enum sig_alg alg;
	const char *name;
	uint8_t der[67];
};

static const struct alg_row rows[] = {
	{ SIG_ECDSA_SHA256, "ecdsa-with-SHA256", ECDSA2(2) },
	{ SIG_RSA_PKCS1_SHA256, "sha256WithRSAEncryption", PKCS1(0x0b) },
	{ SIG_ECDSA_SHA384, "ecdsa-with-SHA384", ECDSA2(3) },
	{ SIG_ECDSA_SHA512, "ecdsa-with-SHA512", ECDSA2(4) },
	{ SIG_RSA_PKCS1_SHA384, "sha384WithRSAEncryption", PKCS1(0x0c) },
	{ SIG_RSA_PKCS1_SHA512, "sha512WithRSAEncryption", PKCS1(0x0d) },
	{ SIG_ED25519, "Ed25519", { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 } },
	{ SIG_RSA_PSS_SHA256, "RSASSA-PSS with SHA256", PSS(1, 32) },
	{ SIG_RSA_PSS_SHA384, "RSASSA-PSS with SHA384", PSS(2, 48) },
	{ SIG_RSA_PSS_SHA512, "RSASSA-PSS with SHA512", PSS(3, 64) },
	{ SIG_RSA_PSS_SHA256, "RSASSA-PSS with SHA256", PSS_BARE(1, 32) },
	{ SIG_RSA_PSS_SHA384, "RSASSA-PSS with SHA384", PSS_BARE(2, 48) },
	{ SIG_RSA_PSS_SHA512, "RSASSA-PSS with SHA512", PSS_BARE(3, 64) },
	{ SIG_MLDSA44, "ML-DSA-44", MLDSA(0x11) },
	{ SIG_MLDSA65, "ML-DSA-65", MLDSA(0x12) },
	{ SIG_MLDSA87, "ML-DSA-87", MLDSA(0x13) },
	/* never accepted */
	{ SIG_NONE, "sha1WithRSAEncryption", PKCS1(0x05) },
	{ SIG_NONE, "md5WithRSAEncryption", PKCS1(0x04) },
	{ SIG_NONE, "sha224WithRSAEncryption", PKCS1(0x0e) },
	{ SIG_NONE, "ecdsa-with-SHA224", ECDSA2(1) },
	{ SIG_NONE, "ecdsa-with-SHA1", { 0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01 } },
};

static struct bj_bytes row_der(const struct alg_row *row)
{
	return bytes_of(row->der, (size_t)row->der[1] + 2);
}

bool algorithm_signature(struct bj_bytes whole, enum sig_alg *out_alg)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (bytes_equal(row_der(&rows[i]), whole)) {
			*out_alg = rows[i].alg;
			return true;
		}
	return false;
}

struct bj_bytes algorithm_der(enum sig_alg alg)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows) && alg != SIG_NONE; i++)
		if (rows[i].alg == alg)
			return row_der(&rows[i]);
	return (struct bj_bytes){ 0 };
}

const char *algorithm_name(enum sig_alg alg)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows) && alg != SIG_NONE; i++)
		if (rows[i].alg == alg)
			return rows[i].name;
	return "not accepted";
}

/* ---- keys */

static enum bj_err rsa_key(struct bj_bytes bits, struct pubkey *out)
{
	struct reader seq = der_only(bits, DER_SEQUENCE);
	unsigned top = 0;

	out->modulus = der_unsigned(&seq);
	out->exponent = der_unsigned(&seq);
	if (!rd_end(&seq))
		return BJ_ERR_CERT_DER;
	while (out->modulus.ptr[0] >> top)
		top++;
	if (out->modulus.len > UINT16_MAX / 8 || !(out->modulus.ptr[out->modulus.len - 1] & 1) ||
	    !(out->exponent.ptr[out->exponent.len - 1] & 1) || (out->exponent.len == 1 && out->exponent.ptr[0] < 3))
		return BJ_ERR_CERT_KEY;
	out->bits = (uint16_t)((out->modulus.len - 1) * 8 + top);
	return BJ_OK;
}

static enum bj_err ec_key(struct bj_bytes curve, struct bj_bytes bits, struct pubkey *out)
{
	switch (oid_find(curve)) {
	case OID_CURVE_P256:
		out->kind = KEY_P256;
		out->bits = 256;
		break;
	case OID_CURVE_P384:
		out->kind = KEY_P384;
		out->bits = 384;
		break;
	case OID_CURVE_P521:
		out->kind = KEY_P521;
		out->bits = 521;
		break;
	default:
		return BJ_ERR_CERT_KEY;
	}
	if (bits.len != 1 + 2 * (((size_t)out->bits + 7) / 8) || bits.ptr[0] != 0x04)
		return BJ_ERR_CERT_KEY;
	out->point = bits;
	return BJ_OK;
}

static enum bj_err mldsa_key(enum key_kind kind, size_t len, struct bj_bytes bits, struct pubkey *out)
{
	out->kind = kind;
	out->point = bits;
	return bits.len == len ? BJ_OK : BJ_ERR_CERT_KEY;
}

/* Absent parameters bind nothing; else they are those of one of our signatures. */
static bool pss_parameters(struct reader *algorithm, enum sig_alg *out_only)
{
	struct bj_bytes parameters;

	*out_only = SIG_NONE;
	if (!rd_more(algorithm))
		return true;
	parameters = der_take_whole(algorithm, DER_SEQUENCE);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bj_bytes der = row_der(&rows[i]);

		if (der.len > 13 && bytes_equal(bytes_of(der.ptr + 13, der.len - 13), parameters)) {
			*out_only = rows[i].alg;
			return true;
		}
	}
	return false;
}

enum bj_err algorithm_spki(struct bj_bytes whole, struct pubkey *out, enum sig_alg *out_only)
{
	struct reader seq = der_only(whole, DER_SEQUENCE), algorithm = der_open(&seq, DER_SEQUENCE);
	struct bj_bytes oid = der_oid(&algorithm), bits = der_bit_octets(&seq), curve;
	struct pubkey key = { 0 };
	enum sig_alg only = SIG_NONE;
	enum bj_err err = BJ_OK;

	if (!rd_end(&seq) || algorithm.bad)
		return BJ_ERR_CERT_DER;
	switch (oid_find(oid)) {
	case OID_KEY_RSA:
		key.kind = KEY_RSA;
		der_null(&algorithm);
		err = rsa_key(bits, &key);
		break;
	case OID_RSA_PSS:
		key.kind = KEY_RSA_PSS;
		if (!pss_parameters(&algorithm, &only))
			return BJ_ERR_CERT_KEY;
		err = rsa_key(bits, &key);
		break;
	case OID_KEY_EC:
		curve = der_oid(&algorithm); /* empty, and so unknown, where parameters are explicit */
		err = ec_key(curve, bits, &key);
		break;
	case OID_ED25519:
		key.kind = KEY_ED25519;
		key.bits = 256;
		key.point = bits;
		err = bits.len == 32 ? BJ_OK : BJ_ERR_CERT_KEY;
		break;
	case OID_MLDSA44:
		err = mldsa_key(KEY_MLDSA44, 1312, bits, &key);
		break;
	case OID_MLDSA65:
		err = mldsa_key(KEY_MLDSA65, 1952, bits, &key);
		break;
	case OID_MLDSA87:
		err = mldsa_key(KEY_MLDSA87, 2592, bits, &key);
		break;
	default:
		return BJ_ERR_CERT_KEY;
	}
	if (err)
		return err;
	if (!rd_end(&algorithm))
		return BJ_ERR_CERT_DER;
	*out = key;
	*out_only = only;
	return BJ_OK;
}

bool algorithm_same_key(const struct pubkey *a, const struct pubkey *b)
{
	return a->kind == b->kind && bytes_equal(a->point, b->point) && bytes_equal(a->modulus, b->modulus) &&
	       bytes_equal(a->exponent, b->exponent);
}

struct bj_bytes algorithm_spki_bits(struct bj_bytes whole)
{
	struct reader seq = der_only(whole, DER_SEQUENCE);

	der_take(&seq, DER_SEQUENCE);
	return der_bit_octets(&seq);
}
