/* ech_file.c - see ech_file.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/pem.h"
#include "base/reader.h"
#include "base/wipe.h"
#include "cli/cert_local.h"
#include "cli/ech_file.h"
#include "cli/say.h"
#include "host/file.h"

#define X25519_LEN 32

/* PrivateKeyInfo of an X25519 key up to the key itself (rfc8410:7). */
static const uint8_t pkcs8_x25519[] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20 };

/* An ECHConfigList is a vector and nothing behind it; whether its content is good the library says. */
static bool is_list(const uint8_t *bytes, size_t len)
{
	struct reader r = rd_make(bytes, len);
	struct bj_bytes content = rd_vec_bytes(&r, 2);

	return rd_end(&r) && content.len > 0;
}

static bool take_base64(struct bj_bytes text, struct ech_list *out)
{
	return base64_decode_lenient(text, out->bytes, sizeof(out->bytes), &out->len, NULL) == BJ_OK && is_list(out->bytes, out->len);
}

static enum bj_err take_block(void *to, const void *der, size_t len)
{
	struct ech_list *out = to;

	if (len > sizeof(out->bytes) || !is_list(der, len))
		return BJ_ERR_ECH_CONFIG;
	memcpy(out->bytes, der, len);
	out->len = len;
	return BJ_OK;
}

static bool take_file(const struct file_bytes *bytes, struct ech_list *out)
{
	if (take_block(out, bytes->ptr, bytes->len) == BJ_OK || take_base64(bytes_of(bytes->ptr, bytes->len), out))
		return true;
	return pem_each(bytes->ptr, bytes->len, "ECHCONFIG", take_block, out, NULL) == BJ_OK;
}

int ech_list_read(const char *option, const char *text, struct ech_list *out)
{
	struct file_bytes bytes = { 0 };
	bool good;

	if (take_base64(bytes_text(text), out))
		return EXIT_GOOD;
	if (file_read(text, FILE_CREDENTIAL_MAX, &bytes) != BJ_OK)
		return say_failure(EXIT_USAGE, "%s is the base64 behind ech= of an HTTPS record, or a file with it; '%.60s' is neither: %s", option, text,
				   strerror(errno));
	good = take_file(&bytes, out);
	file_bytes_free(&bytes);
	return good ? EXIT_GOOD : say_failure(EXIT_USAGE, "%s %s holds no ECH configuration: neither PEM with ECHCONFIG, nor base64, nor the bytes", option, text);
}

/* ---- keys of servers */

static enum bj_err take_private(void *to, const void *der, size_t len)
{
	struct bj_ech_key *key = to;

	if (key->private_len > 0)
		return BJ_ERR_LIMIT;
	if (len != sizeof(pkcs8_x25519) + X25519_LEN || memcmp(der, pkcs8_x25519, sizeof(pkcs8_x25519)) != 0)
		return BJ_ERR_KEY_KIND;
	memcpy(key->private_key, (const uint8_t *)der + sizeof(pkcs8_x25519), X25519_LEN);
	key->private_len = X25519_LEN;
	return BJ_OK;
}

static enum bj_err take_config(void *to, const void *der, size_t len)
{
	struct bj_ech_key *key = to;

	if (key->config_len > 0 || len < 2 || len - 2 > sizeof(key->config))
		return BJ_ERR_LIMIT;
	if (!is_list(der, len))
		return BJ_ERR_ECH_CONFIG;
	memcpy(key->config, (const uint8_t *)der + 2, len - 2); /* one configuration: without the length of the list */
	key->config_len = len - 2;
	return BJ_OK;
}

int ech_key_read(const char *option, const char *path, struct bj_ech_key *out)
{
	struct file_bytes bytes = { 0 };
	enum bj_err err = file_read(path, FILE_CREDENTIAL_MAX, &bytes);

	*out = (struct bj_ech_key){ 0 };
	if (err)
		return say_failure(EXIT_USAGE, "cannot read %s %s: %s", option, path, strerror(errno));
	err = pem_each(bytes.ptr, bytes.len, "PRIVATE KEY", take_private, out, NULL);
	if (!err)
		err = pem_each(bytes.ptr, bytes.len, "ECHCONFIG", take_config, out, NULL);
	file_bytes_free(&bytes);
	if (!err)
		return EXIT_GOOD;
	wipe(out, sizeof(*out));
	if (err == BJ_ERR_LIMIT)
		return say_failure(EXIT_USAGE, "%s %s: one PRIVATE KEY and one ECHCONFIG with one configuration belong in such a file", option, path);
	return say_err(EXIT_USAGE, err, "%s %s is no file of `bojagi cert ech`: PRIVATE KEY (X25519) and ECHCONFIG in PEM", option, path);
}

enum bj_err ech_key_text(const struct bj_ech_key *key, char **out, size_t *out_len)
{
	uint8_t der[sizeof(pkcs8_x25519) + X25519_LEN], list[2 + BJ_ECH_CONFIG_MAX];
	char *private = NULL, *config = NULL, *both = NULL;
	size_t private_len = 0, config_len = 0, list_len = 0;
	enum bj_err err = bj_ech_config_list(key, 1, list, sizeof(list), &list_len);

	memcpy(der, pkcs8_x25519, sizeof(pkcs8_x25519));
	memcpy(der + sizeof(pkcs8_x25519), key->private_key, X25519_LEN);
	if (!err)
		err = local_pem("PRIVATE KEY", der, sizeof(der), &private, &private_len);
	if (!err)
		err = local_pem("ECHCONFIG", list, list_len, &config, &config_len);
	wipe(der, sizeof(der));
	if (!err) {
		both = malloc(private_len + config_len);
		err = both ? BJ_OK : BJ_ERR_NO_MEMORY;
	}
	if (!err) {
		memcpy(both, private, private_len);
		memcpy(both + private_len, config, config_len);
		*out = both;
		*out_len = private_len + config_len;
	}
	if (private)
		wipe(private, private_len);
	free(private);
	free(config);
	return err;
}
