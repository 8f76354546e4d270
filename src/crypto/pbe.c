/* pbe.c - see pbe.h.
 *
 * Implements   rfc8018:6.2 (PBES2 with PBKDF2), rfc7914:7 (with scrypt), rfc7292:C (the schemes of PKCS#12 with 3DES)
 * Leaves out   RC2, RC4 and DES, which a file of our time has no reason to use: refused by name
 */
#include "crypto/pbe.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "crypto/pkey.h"

enum bj_err pbe_spend(struct pbe_work *work, int64_t iterations)
{
	if (iterations < 1)
		return BJ_ERR_KEY_FORMAT;
	if (iterations > work->left)
		return BJ_ERR_LIMIT;
	work->left -= (uint32_t)iterations;
	return BJ_OK;
}

static enum bj_err pbkdf2_check(const ASN1_TYPE *parameter, struct pbe_work *work)
{
	PBKDF2PARAM *kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), parameter);
	int64_t iterations = kdf && kdf->iter ? ASN1_INTEGER_get(kdf->iter) : 0;

	PBKDF2PARAM_free(kdf);
	return pbe_spend(work, iterations);
}

/* Memory is libcrypto's to limit (32 MiB); time is not. One iteration's worth of work is a block of 64 octets mixed. */
static enum bj_err scrypt_check(const ASN1_TYPE *parameter, struct pbe_work *work)
{
	SCRYPT_PARAMS *kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameter);
	int64_t cost = kdf ? ASN1_INTEGER_get(kdf->costParameter) : 0, block = kdf ? ASN1_INTEGER_get(kdf->blockSize) : 0;
	int64_t lanes = kdf ? ASN1_INTEGER_get(kdf->parallelizationParameter) : 0;

	SCRYPT_PARAMS_free(kdf);
	if (cost < 2 || block < 1 || lanes < 1)
		return BJ_ERR_KEY_FORMAT;
	if (cost > PBE_WORK_MAX || block > PBE_WORK_MAX / cost || lanes > PBE_WORK_MAX / (cost * block))
		return BJ_ERR_LIMIT;
	return pbe_spend(work, cost * block * lanes);
}

static enum bj_err pbes2_check(const ASN1_TYPE *parameter, struct pbe_work *work)
{
	PBE2PARAM *scheme = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), parameter);
	enum bj_err err = BJ_ERR_KEY_ENCRYPTION;

	if (!scheme || !scheme->keyfunc || !scheme->encryption) {
		PBE2PARAM_free(scheme);
		return BJ_ERR_KEY_FORMAT;
	}
	switch (OBJ_obj2nid(scheme->encryption->algorithm)) {
	case NID_aes_128_cbc:
	case NID_aes_192_cbc:
	case NID_aes_256_cbc:
	case NID_des_ede3_cbc:
		if (OBJ_obj2nid(scheme->keyfunc->algorithm) == NID_id_pbkdf2)
			err = pbkdf2_check(scheme->keyfunc->parameter, work);
		else if (OBJ_obj2nid(scheme->keyfunc->algorithm) == NID_id_scrypt)
			err = scrypt_check(scheme->keyfunc->parameter, work);
		break;
	default:
		break;
	}
	PBE2PARAM_free(scheme);
	return err;
}

static enum bj_err pkcs12_scheme_check(const ASN1_TYPE *parameter, struct pbe_work *work)
{
	PBEPARAM *scheme = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), parameter);
	int64_t iterations = scheme ? scheme->iter ? ASN1_INTEGER_get(scheme->iter) : 1 : 0;

	PBEPARAM_free(scheme);
	return pbe_spend(work, iterations);
}

enum bj_err pbe_check(const X509_ALGOR *algorithm, struct pbe_work *work)
{
	enum bj_err err = BJ_ERR_KEY_ENCRYPTION;

	switch (OBJ_obj2nid(algorithm->algorithm)) {
	case NID_pbes2:
		err = pbes2_check(algorithm->parameter, work);
		break;
	case NID_pbe_WithSHA1And3_Key_TripleDES_CBC:
	case NID_pbe_WithSHA1And2_Key_TripleDES_CBC:
		err = pkcs12_scheme_check(algorithm->parameter, work);
		break;
	default:
		break;
	}
	ERR_clear_error();
	return err;
}
