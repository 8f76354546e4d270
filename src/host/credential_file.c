/* credential_file.c - a chain and its key from files: bj_credential_open(). Texts that may hold a key are wiped. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bojagi/x509.h>

#include "host/file.h"
#include "host/passphrase.h"
#include "x509/credential.h"

static enum bj_err say(enum bj_err err, char *why, const char *what, const char *name)
{
	if (why)
		snprintf(why, BJ_WHY_MAX, "%s %.120s: %s", what, name, strerror(errno));
	return err;
}

static enum bj_err take_passphrase(const char *source, struct passphrase *out, char *why)
{
	enum bj_err err = passphrase_get(source, out);

	if (err == BJ_ERR_SYNTAX && why)
		snprintf(why, BJ_WHY_MAX, "a passphrase is given as file:PATH, env:NAME or pass:TEXT");
	if (err == BJ_ERR_NOT_FOUND && why)
		snprintf(why, BJ_WHY_MAX, "the variable %.120s is not set", source + 4);
	return err >= BJ_ERR_FILE_OPEN && err <= BJ_ERR_FILE_TOO_LARGE ? say(err, why, "the passphrase's file", source + 5) : err;
}

static enum bj_err take_key(const char *path, struct file_bytes *bytes, struct pkey **held, char *why)
{
	enum bj_err err;

	if (!path)
		return BJ_OK;
	if (!pkey_is_uri(path)) {
		err = file_read(path, FILE_CREDENTIAL_MAX, bytes);
		return err ? say(err, why, "the key", path) : BJ_OK;
	}
	err = pkey_from_uri(path, held);
	if (err == BJ_ERR_UNSUPPORTED && why)
		snprintf(why, BJ_WHY_MAX, "libcrypto's provider \"pkcs11\" is not installed, so keys in tokens cannot be used");
	else if (err == BJ_ERR_CRYPTO && why)
		snprintf(why, BJ_WHY_MAX, "the token cannot be asked: PKCS11_PROVIDER_MODULE must name its module, or the URI is malformed");
	else if (err == BJ_ERR_NOT_FOUND && why)
		snprintf(why, BJ_WHY_MAX, "no token has a private key of this name, or its PIN (pin-value, pin-source) is missing or wrong");
	return err;
}

BJ_API enum bj_err bj_credential_open(const char *chain_path, const char *key_path, const char *passphrase, struct bj_credential **out,
				      char why[BJ_WHY_MAX])
{
	struct file_bytes chain = { 0 }, key = { 0 };
	struct bj_credential_source source = { 0 };
	struct passphrase pass = { 0 };
	struct pkey *held = NULL;
	enum bj_err err;

	if (why)
		why[0] = 0;
	err = file_read(chain_path, FILE_CREDENTIAL_MAX, &chain);
	if (err)
		err = say(err, why, "the chain", chain_path);
	if (!err)
		err = take_key(key_path, &key, &held, why);
	if (!err)
		err = take_passphrase(passphrase, &pass, why);
	if (!err) {
		source.chain = (struct bj_bytes){ chain.ptr, chain.len };
		source.key = (struct bj_bytes){ key.ptr, key.len };
		source.passphrase = passphrase_view(&pass);
		err = credential_load(&source, held, out, why);
	}
	pkey_free(held);
	passphrase_wipe(&pass);
	file_bytes_free(&chain);
	file_bytes_free(&key);
	return err;
}

BJ_API enum bj_err bj_credential_from_files(const char *chain_path, const char *key_path, struct bj_credential **out)
{
	return bj_credential_open(chain_path, key_path, NULL, out, NULL);
}
