/* chain.c - see chain.h. */
#include "chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void need(int good, const char *what)
{
	if (good > 0)
		return;
	fprintf(stderr, "bench: libcrypto failed: %s\n", what);
	exit(1);
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	need(ext != NULL && X509_add_ext(cert, ext, -1), value);
	X509_EXTENSION_free(ext);
}

static X509 *issue(const char *cn, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, long serial, const char *constraints)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	need(X509_set_version(cert, 2), "version");
	need(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial), "serial");
	need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0), "name");
	need(X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : name), "issuer");
	need(X509_gmtime_adj(X509_getm_notBefore(cert), -3600) != NULL, "not before");
	need(X509_gmtime_adj(X509_getm_notAfter(cert), 30L * 86400) != NULL, "not after");
	need(X509_set_pubkey(cert, key), "key");
	extend(cert, issuer ? issuer : cert, NID_basic_constraints, constraints);
	extend(cert, issuer ? issuer : cert, NID_subject_key_identifier, "hash");
	if (issuer)
		extend(cert, issuer, NID_authority_key_identifier, "keyid");
	if (strstr(constraints, "TRUE")) {
		extend(cert, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
	} else {
		extend(cert, issuer, NID_key_usage, "critical,digitalSignature");
		extend(cert, issuer, NID_ext_key_usage, "serverAuth");
		extend(cert, issuer, NID_subject_alt_name, "DNS:" CHAIN_NAME);
	}
	need(X509_sign(cert, issuer_key, EVP_sha256()), "sign");
	return cert;
}

static char *text_of(BIO *bio, size_t *out_len)
{
	char *data, *out;
	long len = BIO_get_mem_data(bio, &data);

	out = (char *)malloc((size_t)len + 1);
	need(out != NULL, "memory");
	memcpy(out, data, (size_t)len);
	out[len] = 0;
	*out_len = (size_t)len;
	BIO_free(bio);
	return out;
}

void chain_make(struct chain *out)
{
	EVP_PKEY *root_key = EVP_EC_gen("P-256"), *middle_key = EVP_EC_gen("P-256"), *leaf_key = EVP_EC_gen("P-256");
	BIO *sent_text = BIO_new(BIO_s_mem()), *key_text = BIO_new(BIO_s_mem()), *root_text = BIO_new(BIO_s_mem());
	X509 *root, *middle, *leaf;

	memset(out, 0, sizeof(*out));
	need(root_key && middle_key && leaf_key && sent_text && key_text && root_text, "keys");
	root = issue("Bench Root", root_key, NULL, root_key, 1001, "critical,CA:TRUE");
	middle = issue("Bench Intermediate", middle_key, root, root_key, 1002, "critical,CA:TRUE,pathlen:0");
	leaf = issue(CHAIN_NAME, leaf_key, middle, middle_key, 1003, "critical,CA:FALSE");
	need(PEM_write_bio_X509(sent_text, leaf) && PEM_write_bio_X509(sent_text, middle), "pem");
	need(PEM_write_bio_PKCS8PrivateKey(key_text, leaf_key, NULL, NULL, 0, NULL, NULL), "pem");
	need(PEM_write_bio_X509(root_text, root), "pem");
	out->sent_pem = text_of(sent_text, &out->sent_len);
	out->key_pem = text_of(key_text, &out->key_len);
	out->root_pem = text_of(root_text, &out->root_len);
	X509_free(root);
	X509_free(middle);
	X509_free(leaf);
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(middle_key);
	EVP_PKEY_free(leaf_key);
}

void chain_free(struct chain *c)
{
	free(c->sent_pem);
	free(c->key_pem);
	free(c->root_pem);
	memset(c, 0, sizeof(*c));
}
