/* pkcs12.c - see pkcs12.h.
 *
 * Implements   rfc7292:4 rfc7292:5
 */
#include "crypto/pkcs12.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "base/wipe.h"
#include "crypto/pbe.h"
#include "crypto/pkey_own.h"

/* What a file is opened with: libcrypto wants text that ends. No passphrase and an empty one are not the same in this format, and
 * writers disagree; `use_null` says which of the two opened the file. */
struct opener {
	char passphrase[PASSPHRASE_MAX + 1];
	int len;
	bool given;
	bool use_null;
	struct pbe_work work;
};

static const char *pass(const struct opener *o)
{
	return o->use_null ? NULL : o->passphrase;
}

static int pass_len(const struct opener *o)
{
	return o->use_null ? 0 : o->len;
}

/* Who gave no passphrase is told that one is needed. */
static enum bj_err not_opened(const struct opener *o)
{
	return o->given ? BJ_ERR_KEY_PASSPHRASE : BJ_ERR_KEY_ENCRYPTED;
}

/* The MAC shows whether the passphrase is right; a file without one is believed as far as it can be decrypted. */
static enum bj_err mac_check(PKCS12 *file, struct opener *o)
{
	const X509_ALGOR *algorithm = NULL;
	const ASN1_INTEGER *iterations = NULL;
	enum bj_err err;

	if (!PKCS12_mac_present(file))
		return BJ_OK;
	PKCS12_get0_mac(NULL, &algorithm, NULL, &iterations, file);
	switch (algorithm ? OBJ_obj2nid(algorithm->algorithm) : NID_undef) {
	case NID_sha1:
	case NID_sha224:
	case NID_sha256:
	case NID_sha384:
	case NID_sha512:
		break;
	default:
		return BJ_ERR_KEY_ENCRYPTION;
	}
	err = pbe_spend(&o->work, iterations ? ASN1_INTEGER_get(iterations) : 1);
	if (err)
		return err == BJ_ERR_KEY_FORMAT ? BJ_ERR_PKCS12 : err;
	if (PKCS12_verify_mac(file, o->passphrase, o->len) == 1)
		return BJ_OK;
	if (o->len == 0 && PKCS12_verify_mac(file, NULL, 0) == 1) {
		o->use_null = true;
		return BJ_OK;
	}
	return not_opened(o);
}

static enum bj_err take_info(const PKCS8_PRIV_KEY_INFO *info, struct pkcs12 *out)
{
	unsigned char *der = NULL;
	int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	enum bj_err err;

	if (len <= 0)
		return BJ_ERR_KEY_FORMAT;
	err = pkey_from_der(bytes_of(der, (size_t)len), &out->key);
	OPENSSL_clear_free(der, (size_t)len);
	return err;
}

static enum bj_err take_shrouded(const PKCS12_SAFEBAG *bag, struct opener *o, struct pkcs12 *out)
{
	const X509_SIG *sealed = PKCS12_SAFEBAG_get0_pkcs8(bag);
	const X509_ALGOR *algorithm = NULL;
	PKCS8_PRIV_KEY_INFO *info;
	enum bj_err err;

	X509_SIG_get0(sealed, &algorithm, NULL);
	err = pbe_check(algorithm, &o->work);
	if (err)
		return err;
	info = PKCS8_decrypt(sealed, pass(o), pass_len(o));
	if (!info)
		return not_opened(o);
	err = take_info(info, out);
	PKCS8_PRIV_KEY_INFO_free(info); /* wipes */
	return err;
}

static enum bj_err take_cert(const PKCS12_SAFEBAG *bag, struct pkcs12 *out)
{
	X509 *cert;
	unsigned char *der = NULL;
	int len;

	if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
		return BJ_OK; /* certificates of another kind are nothing to us */
	if (out->cert_count == PKCS12_CERTS_MAX)
		return BJ_ERR_LIMIT;
	cert = PKCS12_SAFEBAG_get1_cert(bag);
	if (!cert)
		return BJ_ERR_PKCS12;
	len = i2d_X509(cert, &der);
	X509_free(cert);
	if (len <= 0)
		return BJ_ERR_PKCS12;
	out->certs[out->cert_count++] = bytes_of(der, (size_t)len);
	return BJ_OK;
}

static enum bj_err take_bag(const PKCS12_SAFEBAG *bag, struct opener *o, struct pkcs12 *out)
{
	switch (PKCS12_SAFEBAG_get_nid(bag)) {
	case NID_keyBag:
		return out->key ? BJ_OK : take_info(PKCS12_SAFEBAG_get0_p8inf(bag), out);
	case NID_pkcs8ShroudedKeyBag:
		return out->key ? BJ_OK : take_shrouded(bag, o, out);
	case NID_certBag:
		return take_cert(bag, out);
	default:
		return BJ_OK; /* lists, secrets, bags in bags */
	}
}

static enum bj_err take_part(PKCS7 *part, struct opener *o, struct pkcs12 *out)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	enum bj_err err = BJ_OK;

	switch (OBJ_obj2nid(part->type)) {
	case NID_pkcs7_data:
		if (!part->d.data) /* libcrypto before 3.0.13 looks into it all the same */
			return BJ_ERR_PKCS12;
		bags = PKCS12_unpack_p7data(part);
		if (!bags)
			return BJ_ERR_PKCS12;
		break;
	case NID_pkcs7_encrypted:
		if (!part->d.encrypted || !part->d.encrypted->enc_data || !part->d.encrypted->enc_data->algorithm ||
		    !part->d.encrypted->enc_data->enc_data) /* and before 3.0.19 into this */
			return BJ_ERR_PKCS12;
		err = pbe_check(part->d.encrypted->enc_data->algorithm, &o->work);
		if (err)
			return err;
		bags = PKCS12_unpack_p7encdata(part, pass(o), pass_len(o));
		if (!bags)
			return not_opened(o);
		break;
	default:
		return BJ_ERR_KEY_ENCRYPTION; /* for the holder of a certificate's key */
	}
	if (sk_PKCS12_SAFEBAG_num(bags) > PKCS12_BAGS_MAX)
		err = BJ_ERR_LIMIT;
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags) && !err; i++)
		err = take_bag(sk_PKCS12_SAFEBAG_value(bags, i), o, out);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return err;
}

static enum bj_err take_file(PKCS12 *file, struct opener *o, struct pkcs12 *out)
{
	enum bj_err err = mac_check(file, o);
	STACK_OF(PKCS7) *parts;

	if (err)
		return err;
	parts = PKCS12_unpack_authsafes(file);
	if (!parts)
		return BJ_ERR_PKCS12;
	if (sk_PKCS7_num(parts) > PKCS12_PARTS_MAX)
		err = BJ_ERR_LIMIT;
	for (int i = 0; i < sk_PKCS7_num(parts) && !err; i++)
		err = take_part(sk_PKCS7_value(parts, i), o, out);
	sk_PKCS7_pop_free(parts, PKCS7_free);
	return err;
}

enum bj_err pkcs12_read(struct bj_bytes der, struct bj_bytes passphrase, struct pkcs12 *out)
{
	struct opener o = { .len = (int)passphrase.len, .given = passphrase.ptr != NULL, .work = { PBE_WORK_MAX } };
	const unsigned char *p = der.ptr;
	struct pkcs12 made = { 0 };
	PKCS12 *file;
	enum bj_err err;

	if (der.len == 0 || der.len > PKCS12_DER_MAX || passphrase.len > PASSPHRASE_MAX)
		return BJ_ERR_LIMIT;
	bytes_copy(o.passphrase, passphrase.ptr, passphrase.len);
	file = d2i_PKCS12(NULL, &p, (long)der.len);
	if (file && p == der.ptr + der.len)
		err = take_file(file, &o, &made);
	else
		err = BJ_ERR_PKCS12;
	PKCS12_free(file);
	wipe(&o, sizeof(o));
	ERR_clear_error();
	if (err) {
		pkcs12_fini(&made);
		return err;
	}
	*out = made;
	return BJ_OK;
}

void pkcs12_fini(struct pkcs12 *file)
{
	pkey_free(file->key);
	for (size_t i = 0; i < file->cert_count; i++)
		OPENSSL_free((void *)file->certs[i].ptr);
	*file = (struct pkcs12){ 0 };
}

/* ---- writing */

static X509 *cert_of(struct bj_bytes der)
{
	const unsigned char *p = der.ptr;

	return d2i_X509(NULL, &p, (long)der.len);
}

static PKCS12 *build(const struct pkey *key, X509 *cert, STACK_OF(X509) *others, const char *name, struct bj_bytes passphrase)
{
	char text[PASSPHRASE_MAX + 1] = "";
	PKCS12 *file;

	bytes_copy(text, passphrase.ptr, passphrase.len);
	file = PKCS12_create(text, name, pkey_evp(key), cert, others, NID_aes_256_cbc, NID_aes_256_cbc, PKCS12_ITERATIONS, -1, 0);
	if (file && PKCS12_set_mac(file, text, (int)passphrase.len, NULL, 0, PKCS12_ITERATIONS, EVP_sha256()) != 1) {
		PKCS12_free(file);
		file = NULL;
	}
	wipe(text, sizeof(text));
	return file;
}

enum bj_err pkcs12_write(const struct pkey *key, const struct bj_bytes *certs, size_t count, const char *name,
			 struct bj_bytes passphrase, struct bj_bytes *out)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	X509 *first = count > 0 ? cert_of(certs[0]) : NULL;
	unsigned char *der = NULL;
	PKCS12 *file = NULL;
	bool good = others && first && count <= PKCS12_CERTS_MAX && passphrase.len <= PASSPHRASE_MAX &&
		    !memchr(passphrase.len ? (const char *)passphrase.ptr : "x", 0, passphrase.len);
	int len = 0;

	for (size_t i = 1; i < count && good; i++) {
		X509 *other = cert_of(certs[i]);

		good = other && sk_X509_push(others, other) > 0;
		if (!good)
			X509_free(other);
	}
	if (good)
		file = build(key, first, others, name, passphrase);
	if (file)
		len = i2d_PKCS12(file, &der);
	PKCS12_free(file);
	X509_free(first);
	sk_X509_pop_free(others, X509_free);
	ERR_clear_error();
	if (len <= 0)
		return BJ_ERR_CRYPTO;
	*out = bytes_of(der, (size_t)len);
	return BJ_OK;
}

void pkcs12_written_free(struct bj_bytes *written)
{
	OPENSSL_clear_free((void *)written->ptr, written->len);
	*written = (struct bj_bytes){ 0 };
}
