/* pkey_uri.c - private keys that stay in a token and are named by a URI (rfc7512).
 *
 * libcrypto finds them through the provider "pkcs11", where the system has it (pkcs11-provider; the module is chosen in libcrypto's
 * configuration or by PKCS11_PROVIDER_MODULE). The provider is loaded once, beside the default one, and stays: keys live in it.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include "crypto/once.h"
#include "crypto/pkey_own.h"

#define SCHEME "pkcs11:"
#define OBJECTS_MAX 16 /* that one URI may name; the first private key is taken */

bool pkey_is_uri(const char *text)
{
	return strncmp(text, SCHEME, strlen(SCHEME)) == 0;
}

static bool provider_is_there(void)
{
	static struct once once;
	static bool there;

	if (once_begin(&once)) {
		there = OSSL_PROVIDER_available(NULL, "pkcs11") == 1 || OSSL_PROVIDER_try_load(NULL, "pkcs11", 1) != NULL;
		ERR_clear_error();
		once_end(&once);
	}
	return there;
}

static EVP_PKEY *first_key(OSSL_STORE_CTX *store)
{
	EVP_PKEY *key = NULL;

	(void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	for (unsigned i = 0; i < OBJECTS_MAX && !key && !OSSL_STORE_eof(store); i++) {
		OSSL_STORE_INFO *object = OSSL_STORE_load(store);

		if (object && OSSL_STORE_INFO_get_type(object) == OSSL_STORE_INFO_PKEY)
			key = OSSL_STORE_INFO_get1_PKEY(object);
		OSSL_STORE_INFO_free(object);
	}
	return key;
}

enum bj_err pkey_from_uri(const char *uri, struct pkey **out)
{
	OSSL_STORE_CTX *store;
	EVP_PKEY *key;
	enum bj_err err;

	if (pkey_is_uri(uri) && !provider_is_there())
		return BJ_ERR_UNSUPPORTED;
	store = OSSL_STORE_open(uri, UI_null(), NULL, NULL, NULL);
	if (!store) {
		ERR_clear_error();
		return BJ_ERR_CRYPTO;
	}
	key = first_key(store);
	(void)OSSL_STORE_close(store);
	err = key ? pkey_wrap_remote(key, out) : BJ_ERR_NOT_FOUND;
	ERR_clear_error();
	return err;
}
