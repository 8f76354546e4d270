/* config_peer.c - how a configuration takes its peers: in which forms their certificates may come, which keys are expected, and the print
 * of all that verdicts depend on, which sessions are bound to. What peers are told of the certificates that are wanted.
 *
 * Implements   rfc7250:4 rfc9846:4.2.4
 */
#include <stdlib.h>

#include "base/writer.h"
#include "crypto/hash.h"
#include "tls/config.h"
#include "tls/ext/certificate_authorities.h"
#include "tls/ext/certificate_type.h"
#include "x509/name.h"
#include "x509/trust.h"

bool config_has_type(const struct config_types *types, uint8_t type)
{
	return memchr(types->types, type, types->count) != NULL;
}

static enum bj_err types_set(struct bj_tls_config *config, struct config_types *out, const enum bj_tls_certificate_type *list, size_t count)
{
	struct config_types types = { 0 };

	if (!config)
		return BJ_ERR_ARGUMENT;
	if (config->frozen)
		return BJ_ERR_CONFIG_FROZEN;
	if (!list || count == 0 || count > sizeof(types.types))
		return BJ_ERR_ARGUMENT;
	for (size_t i = 0; i < count; i++) {
		if ((list[i] != BJ_TLS_X509 && list[i] != BJ_TLS_RAW_PUBLIC_KEY) || config_has_type(&types, (uint8_t)list[i]))
			return BJ_ERR_ARGUMENT;
		types.types[types.count++] = (uint8_t)list[i];
	}
	*out = types;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_peer_types(struct bj_tls_config *config, const enum bj_tls_certificate_type *types, size_t count)
{
	return types_set(config, config ? &config->peer_types : NULL, types, count);
}

BJ_API enum bj_err bj_tls_config_own_types(struct bj_tls_config *config, const enum bj_tls_certificate_type *types, size_t count)
{
	if (config && config->role != BJ_TLS_CLIENT)
		return BJ_ERR_ARGUMENT;
	return types_set(config, config ? &config->own_types : NULL, types, count);
}

BJ_API enum bj_err bj_tls_config_peer_pin(struct bj_tls_config *config, const void *sha256)
{
	uint8_t(*pins)[CONFIG_PIN_LEN];

	if (!config || !sha256)
		return BJ_ERR_ARGUMENT;
	if (config->frozen)
		return BJ_ERR_CONFIG_FROZEN;
	if (config->pin_count == CONFIG_PIN_MAX)
		return BJ_ERR_LIMIT;
	pins = realloc(config->pins, (config->pin_count + 1) * sizeof(*pins));
	if (!pins)
		return BJ_ERR_NO_MEMORY;
	config->pins = pins;
	memcpy(pins[config->pin_count++], sha256, CONFIG_PIN_LEN);
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_peer_key(struct bj_tls_config *config, const void *spki, size_t len)
{
	uint8_t digest[HASH_MAX];
	struct cert key;
	enum bj_err err;

	if (!config || !spki)
		return BJ_ERR_ARGUMENT;
	err = cert_of_key(bytes_of(spki, len), &key);
	if (err)
		return err;
	hash_once(HASH_SHA256, key.spki, digest);
	return bj_tls_config_peer_pin(config, digest);
}

bool config_expects_key(const struct bj_tls_config *config, struct bj_bytes spki)
{
	uint8_t digest[HASH_MAX];

	hash_once(HASH_SHA256, spki, digest);
	for (size_t i = 0; i < config->pin_count; i++)
		if (memcmp(config->pins[i], digest, CONFIG_PIN_LEN) == 0)
			return true;
	return false;
}

/* Without a word of the owner's a client offers the forms that it has, in the order of its credentials. */
static void own_types_guess(struct bj_tls_config *config)
{
	struct config_types *types = &config->own_types;

	for (size_t i = 0; i < config->credential_count; i++)
		if (!config_has_type(types, config->credentials[i].type))
			types->types[types->count++] = config->credentials[i].type;
	if (types->count == 0)
		types->types[types->count++] = CERTIFICATE_X509;
}

/* ---- authorities */

BJ_API enum bj_err bj_tls_config_authorities(struct bj_tls_config *config, const struct bj_bytes *names, size_t count)
{
	uint8_t *list;
	struct writer w;

	if (!config || (count > 0 && !names))
		return BJ_ERR_ARGUMENT;
	if (config->frozen)
		return BJ_ERR_CONFIG_FROZEN;
	if (count > AUTHORITIES_MAX)
		return BJ_ERR_LIMIT;
	list = malloc(CONFIG_AUTHORITIES_MAX);
	if (!list)
		return BJ_ERR_NO_MEMORY;
	w = wr_make(list, CONFIG_AUTHORITIES_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!name_is_valid(names[i])) {
			free(list);
			return BJ_ERR_CERT_NAME_FORM;
		}
		wr_vec(&w, names[i], 2);
	}
	if (!wr_ok(&w)) {
		free(list);
		return BJ_ERR_LIMIT;
	}
	free(config->authorities);
	config->authorities = list;
	config->authorities_len = w.len;
	config->authorities_given = true;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_name_anchors(struct bj_tls_config *config, bool name)
{
	if (!config || config->role != BJ_TLS_CLIENT)
		return BJ_ERR_ARGUMENT;
	if (config->frozen)
		return BJ_ERR_CONFIG_FROZEN;
	config->names_anchors = name;
	return BJ_OK;
}

/* The names of the anchors, for peers that have several certificates. */
static enum bj_err authorities_make(struct bj_tls_config *config)
{
	bool says = config->role == BJ_TLS_CLIENT ? config->names_anchors : config->client_auth != BJ_TLS_AUTH_NONE || config->later;
	const struct anchor *anchor = NULL;
	struct writer w;

	if (!says || !config->trust || config->authorities)
		return BJ_OK;
	config->authorities = malloc(CONFIG_AUTHORITIES_MAX);
	if (!config->authorities)
		return BJ_ERR_NO_MEMORY;
	w = wr_make(config->authorities, CONFIG_AUTHORITIES_MAX);
	while ((anchor = trust_each(config->trust, anchor)) != NULL)
		wr_vec(&w, anchor->cert.subject, 2);
	config->authorities_len = wr_ok(&w) ? w.len : 0;
	return BJ_OK;
}

bool config_needs_authorities(const struct bj_tls_config *config)
{
	return config->has_must_match || (config->ask >> BJ_TLS_Q_CREDENTIAL & 1);
}

/* ---- freezing */

/* Who a client says that it is: a session goes on with that. */
static void own_print(struct bj_tls_config *config)
{
	uint8_t digest[HASH_MAX];
	struct hash h;

	if (config->role != BJ_TLS_CLIENT || config->credential_count == 0)
		return;
	hash_init(&h, HASH_SHA256);
	for (size_t i = 0; i < config->credential_count; i++) {
		const struct bj_credential *own = config->credentials[i].credential;
		struct bj_bytes shown = config->credentials[i].type == CERTIFICATE_RAW_KEY ? bj_credential_public_key(own) : bj_credential_chain(own, 0);

		hash_once(HASH_SHA256, shown, digest);
		hash_update(&h, digest, sizeof(config->own_print));
	}
	config->own_print_len = (uint8_t)hash_peek(&h, digest);
	memcpy(config->own_print, digest, sizeof(config->own_print));
}

enum bj_err config_peer_freeze(struct bj_tls_config *config)
{
	bool judges = config->role == BJ_TLS_CLIENT ? !config->insecure_no_verify : config->client_auth != BJ_TLS_AUTH_NONE || config->later;
	uint8_t trust[32], digest[HASH_MAX];
	struct hash h;

	if (config->own_types.count == 0)
		own_types_guess(config);
	own_print(config);
	if (!judges)
		return authorities_make(config);
	hash_init(&h, HASH_SHA256);
	hash_update(&h, config->peer_types.types, config->peer_types.count);
	if (config->trust) {
		trust_print(config->trust, trust);
		hash_update(&h, trust, sizeof(trust));
	}
	if (config->pin_count > 0)
		hash_update(&h, config->pins, config->pin_count * sizeof(*config->pins));
	hash_peek(&h, digest);
	memcpy(config->judge_print, digest, sizeof(config->judge_print));
	return authorities_make(config);
}
