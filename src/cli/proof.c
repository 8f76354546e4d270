/* proof.c - see proof.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/pem.h"
#include "base/wipe.h"
#include "cli/proof.h"
#include "cli/say.h"
#include "crypto/hash.h"
#include "host/file.h"
#include "host/passphrase.h"
#include "x509/cert.h"
#include "x509/trust.h"

int proof_take(struct proof_wish *wish, int option)
{
	switch (option) {
	case PROOF_PSK:
		wish->psk = optarg;
		return EXIT_GOOD;
	case PROOF_PSK_IDENTITY:
		wish->psk_identity = optarg;
		return EXIT_GOOD;
	case PROOF_PSK_CONTEXT:
		wish->psk_context = optarg;
		return EXIT_GOOD;
	case PROOF_PSK_RAW:
		wish->psk_raw = true;
		return EXIT_GOOD;
	case PROOF_PSK_HASH:
		if (strcasecmp(optarg, "sha256") != 0 && strcasecmp(optarg, "sha384") != 0)
			return say_failure(EXIT_USAGE, "--psk-hash is sha256 or sha384, not '%s'", optarg);
		wish->psk_hash = strcasecmp(optarg, "sha384") == 0 ? BJ_TLS_PSK_SHA384 : BJ_TLS_PSK_SHA256;
		return EXIT_GOOD;
	case PROOF_RAW_PUBLIC_KEY:
		wish->raw_public_key = true;
		return EXIT_GOOD;
	case PROOF_PEER_KEY:
		if (wish->peer_key_count == PROOF_KEYS_MAX)
			return say_failure(EXIT_USAGE, "--peer-key can be given %d times", PROOF_KEYS_MAX);
		wish->peer_keys[wish->peer_key_count++] = optarg;
		return EXIT_GOOD;
	default:
		return EXIT_USAGE;
	}
}

int proof_check(const struct proof_wish *wish, bool tls12_only)
{
	if (!wish->psk && (wish->psk_identity || wish->psk_context || wish->psk_raw))
		return say_failure(EXIT_USAGE, "--psk-identity, --psk-context and --psk-raw need --psk file:PATH or env:NAME");
	if (wish->psk && !wish->psk_identity)
		return say_failure(EXIT_USAGE, "--psk needs --psk-identity NAME, too: both sides call the key by it");
	if (wish->psk && tls12_only)
		return say_failure(EXIT_USAGE, "--psk is for TLS 1.3, not with -tls1_2");
	if (wish->psk_raw && wish->psk_context)
		return say_failure(EXIT_USAGE, "--psk-raw uses the key as it is: there is no --psk-context then");
	if (wish->psk && strlen(wish->psk_identity) > BJ_TLS_PSK_IDENTITY_MAX)
		return say_failure(EXIT_USAGE, "--psk-identity has at most %d bytes", BJ_TLS_PSK_IDENTITY_MAX);
	if (wish->peer_key_count > 0 && !wish->raw_public_key)
		return say_failure(EXIT_USAGE, "--peer-key needs --raw-public-key, too; the key of a certificate is pinned by --pin");
	return EXIT_GOOD;
}

int proof_add_psk(const struct proof_wish *wish, struct bj_tls_config *config)
{
	struct passphrase text = { 0 };
	uint8_t key[BJ_TLS_PSK_KEY_MAX];
	struct bj_tls_psk psk = { .key = key, .hash = wish->psk_hash, .raw = wish->psk_raw };
	enum bj_err err;
	int code = EXIT_GOOD;

	if (!wish->psk)
		return EXIT_GOOD;
	if (strncmp(wish->psk, "file:", 5) != 0 && strncmp(wish->psk, "env:", 4) != 0)
		return say_failure(EXIT_USAGE, "--psk is file:PATH or env:NAME, where the key stands as hexadecimal digits: the command line can be "
					       "read by everybody on this machine");
	err = passphrase_get(wish->psk, &text);
	if (err == BJ_ERR_NOT_FOUND)
		return say_failure(EXIT_USAGE, "--psk: there is no variable %s", wish->psk + 4);
	if (err && err != BJ_ERR_LIMIT)
		return say_failure(EXIT_USAGE, "--psk: cannot read %s: %s", wish->psk + 5, strerror(errno));
	if (!err)
		err = hex_decode(bytes_of(text.text, text.len), key, sizeof(key), &psk.key_len);
	passphrase_wipe(&text);
	if (err || psk.key_len < BJ_TLS_PSK_KEY_MIN) {
		code = say_failure(EXIT_USAGE, "--psk: the key in %s is not %d to %d bytes as hexadecimal digits", wish->psk, BJ_TLS_PSK_KEY_MIN,
				   BJ_TLS_PSK_KEY_MAX);
	} else {
		psk.identity = wish->psk_identity;
		psk.identity_len = strlen(wish->psk_identity);
		psk.context = wish->psk_context;
		psk.context_len = wish->psk_context ? strlen(wish->psk_context) : 0;
		err = bj_tls_config_psk(config, &psk);
		if (err)
			code = say_err(EXIT_USAGE, err, "--psk");
	}
	wipe(key, sizeof(key));
	return code;
}

/* ---- keys of peers */

void proof_pin_of(struct bj_bytes spki, uint8_t out[PROOF_PIN_LEN])
{
	uint8_t digest[HASH_MAX];

	hash_once(HASH_SHA256, spki, digest);
	memcpy(out, digest, PROOF_PIN_LEN);
}

bool proof_expects(const struct proof_pins *pins, struct bj_bytes spki)
{
	uint8_t pin[PROOF_PIN_LEN];

	proof_pin_of(spki, pin);
	for (size_t i = 0; pins && i < pins->count; i++)
		if (memcmp(pins->pins[i], pin, sizeof(pin)) == 0)
			return true;
	return false;
}

void proof_pin_text(struct bj_bytes spki, char out[PROOF_PIN_TEXT_MAX])
{
	uint8_t pin[PROOF_PIN_LEN];

	proof_pin_of(spki, pin);
	memcpy(out, "sha256//", 8);
	base64_encode(pin, sizeof(pin), out + 8);
}

static enum bj_err pin_of_key(void *to, const void *der, size_t len)
{
	struct cert key;
	enum bj_err err = cert_of_key(bytes_of(der, len), &key);

	if (!err)
		proof_pin_of(key.spki, to);
	return err;
}

static enum bj_err pin_of_cert(void *to, const void *der, size_t len)
{
	struct cert cert;
	enum bj_err err = cert_parse(bytes_of(der, len), &cert);

	if (!err)
		proof_pin_of(cert.spki, to);
	return err;
}

/* A public key or a certificate, of which the key counts. */
static enum bj_err pin_of_bytes(const struct file_bytes *bytes, uint8_t pin[PROOF_PIN_LEN])
{
	size_t count = 0;
	enum bj_err err;

	if (file_is_der(bytes) || (bytes->len > 0 && bytes->ptr[0] == 0x30))
		return pin_of_key(pin, bytes->ptr, bytes->len) == BJ_OK ? BJ_OK : pin_of_cert(pin, bytes->ptr, bytes->len);
	err = pem_each(bytes->ptr, bytes->len, "PUBLIC KEY", pin_of_key, pin, &count);
	if (err == BJ_ERR_PEM_NONE)
		err = pem_each(bytes->ptr, bytes->len, "CERTIFICATE", pin_of_cert, pin, &count);
	return !err && count > 1 ? BJ_ERR_LIMIT : err;
}

static int read_key(const char *text, uint8_t pin[PROOF_PIN_LEN])
{
	struct file_bytes bytes = { 0 };
	enum bj_err err;

	if (trust_pin_parse(text, pin) == BJ_OK)
		return EXIT_GOOD;
	err = file_read(text, FILE_CREDENTIAL_MAX, &bytes);
	if (err)
		return say_failure(EXIT_USAGE, "--peer-key is sha256//BASE64 or a file with a public key, and '%s' is neither: %s", text, strerror(errno));
	err = pin_of_bytes(&bytes, pin);
	file_bytes_free(&bytes);
	if (err == BJ_ERR_LIMIT)
		return say_failure(EXIT_USAGE, "--peer-key %s holds more than one key", text);
	return err ? say_err(EXIT_USAGE, err, "--peer-key %s is no public key (openssl pkey -pubout makes one)", text) : EXIT_GOOD;
}

int proof_read_keys(struct proof_wish *wish)
{
	for (size_t i = 0; i < wish->peer_key_count; i++) {
		int code = read_key(wish->peer_keys[i], wish->expected.pins[i]);

		if (code)
			return code;
		wish->expected.count = i + 1;
	}
	return EXIT_GOOD;
}

int proof_own_key(const char *option, const char *path, struct bj_credential **out)
{
	struct file_bytes bytes = { 0 };
	enum bj_err err = file_read(path, FILE_CREDENTIAL_MAX, &bytes);

	if (err)
		return say_failure(EXIT_OWN_CERTIFICATE, "cannot read %s %s: %s", option, path, strerror(errno));
	err = bj_credential_from_key(bytes.ptr, bytes.len, out);
	file_bytes_free(&bytes);
	if (err == BJ_ERR_KEY_ENCRYPTED)
		return say_err(EXIT_OWN_CERTIFICATE, err, "%s %s: a bare key is not read encrypted (openssl pkey -in %s makes it plain)", option, path, path);
	return err ? say_err(EXIT_OWN_CERTIFICATE, err, "%s %s", option, path) : EXIT_GOOD;
}
