/* config.c - builds a configuration: setters, profiles, the checks at its freezing, its end. */
#include "tls/config.h"

#include <stdlib.h>

#include "crypto/rng_os.h"
#include "tls/cache.h"
#include "tls/ext/certificate_type.h"
#include "tls/ext/max_fragment_length.h"
#include "tls/ext/record_size_limit.h"
#include "tls/ext/table.h"
#include "tls/group.h"
#include "tls/psk.h"
#include "tls/replay.h"
#include "tls/retry.h"
#include "tls/scheme.h"
#include "tls/suite.h"
#include "tls/ticket.h"
#include "x509/trust.h"

#define TICKET_COUNT_DEFAULT 2
#define TICKET_LIFETIME_DEFAULT_S 7200
#define TICKET_ROTATE_DEFAULT_S 28800
#define TICKET_KEEP_DEFAULT 2
#define CACHE_ENTRIES_DEFAULT 1024
#define CACHE_TIMEOUT_DEFAULT_S 300
#define CACHE_ENTRIES_MAX 1000000
#define CACHE_TIMEOUT_MAX_S 86400

enum bj_err config_may_change(const struct bj_tls_config *config)
{
	if (!config)
		return BJ_ERR_ARGUMENT;
	return config->frozen ? BJ_ERR_CONFIG_FROZEN : BJ_OK;
}

static void codes_add(struct config_codes *codes, uint16_t code)
{
	check(codes->count < CONFIG_CODE_MAX);
	codes->wire[2 * codes->count] = (uint8_t)(code >> 8);
	codes->wire[2 * codes->count + 1] = (uint8_t)code;
	codes->count++;
}

static bool suite_exists(uint16_t code) { return suite_find(code) != NULL; }
static bool group_exists(uint16_t code) { return group_find(code) != NULL; }
static bool scheme_exists(uint16_t code)
{
	const struct scheme *scheme = scheme_find(code);

	return scheme && sig_is_here((enum sig_alg)scheme->alg);
}

static enum bj_err codes_set(struct bj_tls_config *config, struct config_codes *out, const uint16_t *list, size_t count,
			     bool (*exists)(uint16_t code))
{
	struct config_codes codes = { 0 };
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (!list || count == 0 || count > CONFIG_CODE_MAX)
		return BJ_ERR_ARGUMENT;
	for (size_t i = 0; i < count; i++) {
		if (!exists(list[i]) || codes_have(config_codes_view(&codes), list[i]))
			return BJ_ERR_ARGUMENT;
		codes_add(&codes, list[i]);
	}
	*out = codes;
	return BJ_OK;
}

/* ---- profiles. Mozilla's two, with the groups that there are here; certificates are judged by x509's own rules. */

static void all_suites(struct config_codes *out, uint16_t version_min)
{
	*out = (struct config_codes){ 0 };
	for (size_t i = 0; i < SUITE_COUNT; i++)
		if (suite_table[i].version >= version_min)
			codes_add(out, suite_table[i].code);
}

BJ_API enum bj_err bj_tls_config_profile(struct bj_tls_config *config, const char *profile)
{
	enum bj_err err = config_may_change(config);
	bool modern;

	if (err)
		return err;
	if (!profile || (strcmp(profile, "modern") != 0 && strcmp(profile, "intermediate") != 0))
		return BJ_ERR_ARGUMENT;
	modern = strcmp(profile, "modern") == 0;
	config->version_min = modern ? VERSION_1_3 : VERSION_1_2;
	config->version_max = VERSION_1_3;
	all_suites(&config->suites, config->version_min);
	config->groups = config->schemes = (struct config_codes){ 0 };
	for (size_t i = 0; i < GROUP_COUNT; i++)
		if (group_table[i].usual && (!modern || group_table[i].code != KEX_P521))
			codes_add(&config->groups, group_table[i].code);
	for (size_t i = 0; i < SCHEME_COUNT; i++)
		if (scheme_table[i].usual)
			codes_add(&config->schemes, scheme_table[i].code);
	return BJ_OK;
}

/* ---- making and ending */

BJ_API struct bj_tls_config *bj_tls_config_new(enum bj_tls_role role)
{
	struct bj_tls_config *config;

	if (role != BJ_TLS_CLIENT && role != BJ_TLS_SERVER)
		return NULL;
	config = calloc(1, sizeof(*config));
	if (!config)
		return NULL;
	holds_init(&config->holds);
	config->role = role;
	config->key_share_count = CONFIG_KEY_SHARES_DEFAULT;
	config->rng = rng_os;
	config->peer_types = (struct config_types){ 1, { CERTIFICATE_X509 } };
	config->ticket_count = TICKET_COUNT_DEFAULT;
	config->ticket_lifetime_s = TICKET_LIFETIME_DEFAULT_S;
	config->ticket_rotate_s = TICKET_ROTATE_DEFAULT_S;
	config->ticket_keep = TICKET_KEEP_DEFAULT;
	config->cache_entries = CACHE_ENTRIES_DEFAULT;
	config->cache_timeout_s = CACHE_TIMEOUT_DEFAULT_S;
	if (bj_tls_config_profile(config, "intermediate") != BJ_OK) {
		free(config);
		return NULL;
	}
	return config;
}

BJ_API struct bj_tls_config *bj_tls_config_ref(struct bj_tls_config *config)
{
	if (config)
		holds_own(&config->holds);
	return config;
}

static void drop_stores(struct bj_tls_config *config)
{
	ticket_keys_free(config->tickets);
	ticket_keys_free(config->cookies);
	replay_guard_free(config->replay);
	session_cache_free(config->cache);
	config->tickets = config->cookies = NULL;
	config->replay = NULL;
	config->cache = NULL;
}

static void config_end(struct bj_tls_config *config)
{
	drop_stores(config);
	config_psks_free(config);
	config_credentials_free(config);
	config_ech_free(config);
	free(config->authorities);
	free(config->pins);
	bj_trust_free(config->trust);
	wipe(config, sizeof(*config));
	free(config);
}

BJ_API void bj_tls_config_free(struct bj_tls_config *config)
{
	if (config && holds_disown(&config->holds))
		config_end(config);
}

void config_drop(struct bj_tls_config *config, uint8_t place)
{
	if (holds_drop(&config->holds, place))
		config_end(config);
}

/* ---- setters */

BJ_API enum bj_err bj_tls_config_versions(struct bj_tls_config *config, enum bj_tls_version min, enum bj_tls_version max)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if ((min != BJ_TLS_1_2 && min != BJ_TLS_1_3) || (max != BJ_TLS_1_2 && max != BJ_TLS_1_3) || min > max)
		return BJ_ERR_ARGUMENT;
	config->version_min = (uint16_t)min;
	config->version_max = (uint16_t)max;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_suites(struct bj_tls_config *config, const uint16_t *suites, size_t count)
{
	return codes_set(config, config ? &config->suites : NULL, suites, count, suite_exists);
}

BJ_API enum bj_err bj_tls_config_groups(struct bj_tls_config *config, const uint16_t *groups, size_t count)
{
	return codes_set(config, config ? &config->groups : NULL, groups, count, group_exists);
}

BJ_API enum bj_err bj_tls_config_signature_algorithms(struct bj_tls_config *config, const uint16_t *schemes, size_t count)
{
	return codes_set(config, config ? &config->schemes : NULL, schemes, count, scheme_exists);
}

BJ_API enum bj_err bj_tls_config_credential_schemes(struct bj_tls_config *config, const uint16_t *schemes, size_t count)
{
	struct config_credential *last;

	if (!config || config->credential_count == 0)
		return BJ_ERR_ARGUMENT;
	last = &config->credentials[config->credential_count - 1];
	return codes_set(config, &last->schemes, schemes, count, scheme_exists);
}

BJ_API enum bj_err bj_tls_config_credential_must_match(struct bj_tls_config *config)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (config->credential_count == 0)
		return BJ_ERR_ARGUMENT;
	config->credentials[config->credential_count - 1].must_match = true;
	config->has_must_match = true;
	return BJ_OK;
}

static bool delegation_exists(uint16_t code)
{
	const struct scheme *scheme = scheme_find(code);

	return scheme && scheme->in_13 && scheme->key != KEY_RSA && sig_is_here((enum sig_alg)scheme->alg);
}

BJ_API enum bj_err bj_tls_config_delegated_schemes(struct bj_tls_config *config, const uint16_t *schemes, size_t count)
{
	return codes_set(config, config ? &config->delegated_schemes : NULL, schemes, count, delegation_exists);
}

BJ_API enum bj_err bj_tls_config_certificate_schemes(struct bj_tls_config *config, const uint16_t *schemes, size_t count)
{
	return codes_set(config, config ? &config->certificate_schemes : NULL, schemes, count, scheme_exists);
}

BJ_API enum bj_err bj_tls_config_key_shares(struct bj_tls_config *config, size_t count)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (count > CONFIG_KEY_SHARE_MAX)
		return BJ_ERR_ARGUMENT;
	config->key_share_count = (uint8_t)count;
	config->share_groups = (struct config_codes){ 0 };
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_key_share_groups(struct bj_tls_config *config, const uint16_t *groups, size_t count)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (count > CONFIG_KEY_SHARE_MAX)
		return BJ_ERR_ARGUMENT;
	return codes_set(config, &config->share_groups, groups, count, group_exists);
}

BJ_API enum bj_err bj_tls_config_prefer_own_order(struct bj_tls_config *config, bool own)
{
	enum bj_err err = config_may_change(config);

	if (!err)
		config->prefer_own_order = own;
	return err;
}

BJ_API enum bj_err bj_tls_config_retry_for_group(struct bj_tls_config *config, bool on)
{
	enum bj_err err = config_may_change(config);

	if (!err)
		config->retries_for_group = on;
	return err;
}

BJ_API enum bj_err bj_tls_config_alpn(struct bj_tls_config *config, const char *const *names, size_t count)
{
	uint8_t bytes[CONFIG_ALPN_BYTES_MAX];
	struct writer w = wr_make(bytes, sizeof(bytes));
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (count > BJ_TLS_ALPN_MAX || (count > 0 && !names))
		return BJ_ERR_ARGUMENT;
	for (size_t i = 0; i < count; i++) {
		struct bj_bytes name = bytes_text(names[i]);

		if (name.len == 0 || name.len > 255)
			return BJ_ERR_ARGUMENT;
		wr_vec(&w, name, 1);
	}
	if (!wr_ok(&w))
		return BJ_ERR_ARGUMENT;
	bytes_copy(config->alpn_bytes, bytes, w.len);
	config->alpn_len = (uint16_t)w.len;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_strict_sni(struct bj_tls_config *config, bool strict)
{
	enum bj_err err = config_may_change(config);

	if (!err)
		config->strict_sni = strict;
	return err;
}

BJ_API enum bj_err bj_tls_config_trust(struct bj_tls_config *config, struct bj_trust *trust)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (!trust)
		return BJ_ERR_ARGUMENT;
	bj_trust_ref(trust);
	bj_trust_free(config->trust);
	config->trust = trust;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_client_auth(struct bj_tls_config *config, enum bj_tls_client_auth mode)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (mode != BJ_TLS_AUTH_NONE && mode != BJ_TLS_AUTH_OPTIONAL && mode != BJ_TLS_AUTH_REQUIRED)
		return BJ_ERR_ARGUMENT;
	config->client_auth = mode;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_tickets(struct bj_tls_config *config, unsigned count, unsigned lifetime_s, unsigned rotate_s,
					 unsigned keep)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (count > CONFIG_TICKET_COUNT_MAX || lifetime_s > CONFIG_TICKET_LIFETIME_MAX_S || keep > CONFIG_TICKET_KEEP_MAX)
		return BJ_ERR_ARGUMENT;
	if (count > 0 && (lifetime_s == 0 || rotate_s == 0))
		return BJ_ERR_ARGUMENT;
	config->ticket_count = count;
	config->ticket_lifetime_s = lifetime_s;
	config->ticket_rotate_s = rotate_s;
	config->ticket_keep = keep;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_session_cache(struct bj_tls_config *config, size_t entries, unsigned timeout_s)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (entries > CACHE_ENTRIES_MAX || timeout_s > CACHE_TIMEOUT_MAX_S || (entries > 0 && timeout_s == 0))
		return BJ_ERR_ARGUMENT;
	config->cache_entries = entries;
	config->cache_timeout_s = timeout_s;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_ticket_request(struct bj_tls_config *config, unsigned after_full, unsigned after_resumed)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (config->role != BJ_TLS_CLIENT || after_full > UINT8_MAX || after_resumed > UINT8_MAX)
		return BJ_ERR_ARGUMENT;
	config->wants_tickets = true;
	config->tickets_new = (uint8_t)after_full;
	config->tickets_resumed = (uint8_t)after_resumed;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_cookies(struct bj_tls_config *config, unsigned age_s)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (config->role != BJ_TLS_SERVER || age_s > CONFIG_COOKIE_AGE_MAX_S)
		return BJ_ERR_ARGUMENT;
	config->cookie_age_s = age_s;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_early_data(struct bj_tls_config *config, uint32_t max_bytes, unsigned window_s)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (config->role == BJ_TLS_SERVER && max_bytes > 0 && (window_s == 0 || window_s > CONFIG_EARLY_WINDOW_MAX_S))
		return BJ_ERR_ARGUMENT;
	config->early_max = max_bytes;
	config->early_window_s = window_s;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_session_context(struct bj_tls_config *config, const void *context, size_t len)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (len > CONFIG_CONTEXT_MAX || (len > 0 && !context))
		return BJ_ERR_ARGUMENT;
	bytes_copy(config->context, context, len);
	config->context_len = (uint8_t)len;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_false_start(struct bj_tls_config *config, enum bj_tls_false_start how)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (config->role != BJ_TLS_CLIENT || how < BJ_TLS_FALSE_START_OFF || how > BJ_TLS_FALSE_START_ALWAYS)
		return BJ_ERR_ARGUMENT;
	config->false_start = (uint8_t)how;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_judge_resumed(struct bj_tls_config *config, bool on)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (config->role != BJ_TLS_CLIENT)
		return BJ_ERR_ARGUMENT;
	config->judges_resumed = on;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_keep_peer_chain(struct bj_tls_config *config, bool keep)
{
	enum bj_err err = config_may_change(config);

	if (!err)
		config->keep_peer_chain = keep;
	return err;
}

BJ_API enum bj_err bj_tls_config_stapling(struct bj_tls_config *config, bool ocsp, bool scts)
{
	enum bj_err err = config_may_change(config);

	if (!err && config->role != BJ_TLS_CLIENT)
		err = BJ_ERR_ARGUMENT;
	if (err)
		return err;
	config->wants_ocsp = ocsp;
	config->wants_scts = scts;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_rng(struct bj_tls_config *config, struct bj_rng rng)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (!rng.fill)
		return BJ_ERR_ARGUMENT;
	config->rng = rng;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_keylog(struct bj_tls_config *config, bj_tls_keylog_fn *fn, void *self)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	config->keylog = fn;
	config->keylog_self = self;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_insecure_no_verify(struct bj_tls_config *config)
{
	enum bj_err err = config_may_change(config);

	if (!err && config->role != BJ_TLS_CLIENT)
		err = BJ_ERR_ARGUMENT;
	if (!err)
		config->insecure_no_verify = true;
	return err;
}

BJ_API enum bj_err bj_tls_config_insecure_no_name(struct bj_tls_config *config)
{
	enum bj_err err = config_may_change(config);

	if (!err && config->role != BJ_TLS_CLIENT)
		err = BJ_ERR_ARGUMENT;
	if (!err)
		config->insecure_no_name = true;
	return err;
}

BJ_API enum bj_err bj_tls_config_ask(struct bj_tls_config *config, uint32_t questions)
{
	const uint32_t all = 1u << BJ_TLS_Q_CREDENTIAL | 1u << BJ_TLS_Q_SIGN | 1u << BJ_TLS_Q_VERIFY | 1u << BJ_TLS_Q_EARLY_DATA |
			     1u << BJ_TLS_Q_TICKET | 1u << BJ_TLS_Q_PSK | 1u << BJ_TLS_Q_TICKET_SEAL;
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (questions & ~all)
		return BJ_ERR_ARGUMENT;
	config->ask = questions;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_observer(struct bj_tls_config *config, bj_tls_observer_fn *fn, void *self)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	config->observer = fn;
	config->observer_self = self;
	return BJ_OK;
}

/* ---- Encrypted ClientHello */

BJ_API enum bj_err bj_tls_config_ech_key(struct bj_tls_config *config, const void *ech_config, size_t ech_config_len, const void *private_key,
					 size_t private_key_len, bool retry)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (config->role != BJ_TLS_SERVER || !ech_config || !private_key)
		return BJ_ERR_ARGUMENT;
	return config_ech_add(config, bytes_of(ech_config, ech_config_len), bytes_of(private_key, private_key_len), retry);
}

BJ_API enum bj_err bj_tls_config_ech_grease(struct bj_tls_config *config, bool on)
{
	enum bj_err err = config_may_change(config);

	if (!err)
		config->ech_grease = on;
	return err;
}

/* ---- lengths of records */

static enum bj_err length_set(struct bj_tls_config *config, size_t len, size_t min, size_t max, uint16_t *out)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (len != 0 && (len < min || len > max))
		return BJ_ERR_ARGUMENT;
	*out = (uint16_t)len;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_send_max(struct bj_tls_config *config, size_t len)
{
	return length_set(config, len, RECORD_SIZE_LIMIT_MIN, BJ_TLS_RECORD_PLAIN_MAX, config ? &config->send_max : NULL);
}

BJ_API enum bj_err bj_tls_config_receive_max(struct bj_tls_config *config, size_t len)
{
	return length_set(config, len, RECORD_SIZE_LIMIT_MIN, BJ_TLS_RECORD_PLAIN_MAX, config ? &config->record_limit : NULL);
}

BJ_API enum bj_err bj_tls_config_max_fragment_length(struct bj_tls_config *config, size_t len)
{
	enum bj_err err = config_may_change(config);

	if (err)
		return err;
	if (config->role != BJ_TLS_CLIENT || (len != 0 && !max_fragment_code(len)))
		return BJ_ERR_ARGUMENT;
	config->max_fragment = (uint16_t)len;
	return BJ_OK;
}

BJ_API enum bj_err bj_tls_config_padding(struct bj_tls_config *config, size_t multiple)
{
	return length_set(config, multiple, 2, CONFIG_PADDING_MAX, config ? &config->padding : NULL);
}

/* ---- QUIC */

BJ_API enum bj_err bj_tls_config_quic(struct bj_tls_config *config, bool on)
{
	enum bj_err err = config_may_change(config);

	if (!err)
		config->quic = on;
	return err;
}

/* ---- freezing */

static enum bj_err narrow_groups(struct bj_tls_config *config)
{
	struct config_codes groups = { 0 };

	for (size_t i = 0; i < config->groups.count; i++) {
		const struct group *group = group_find(codes_at(config_codes_view(&config->groups), i));

		if (group && (group->in_12 || config->version_max == VERSION_1_3))
			codes_add(&groups, group->code);
	}
	config->groups = groups;
	return groups.count > 0 ? BJ_OK : BJ_ERR_CONFIG_EMPTY;
}

/* Drops suites of versions that are off, versions that no suite is left for, and groups that those left do not have. */
static enum bj_err narrow(struct bj_tls_config *config)
{
	struct config_codes suites = { 0 };
	bool has_12 = false, has_13 = false;

	if (config->psk_only) /* 1.2 has certificates only */
		config->version_min = VERSION_1_3;
	if (config->quic)
		config->version_min = VERSION_1_3;
	for (size_t i = 0; i < config->suites.count; i++) {
		const struct suite *suite = suite_find(codes_at(config_codes_view(&config->suites), i));

		if (!suite || suite->version < config->version_min || suite->version > config->version_max)
			continue;
		codes_add(&suites, suite->code);
		has_13 |= suite->version == VERSION_1_3;
		has_12 |= suite->version == VERSION_1_2;
	}
	if (suites.count == 0)
		return BJ_ERR_CONFIG_EMPTY;
	config->suites = suites;
	if (!has_12)
		config->version_min = VERSION_1_3;
	if (!has_13)
		config->version_max = VERSION_1_2;
	return narrow_groups(config);
}

static enum bj_err lint(struct bj_tls_config *config)
{
	bool asks_verify = config->ask >> BJ_TLS_Q_VERIFY & 1, asks_credential = config->ask >> BJ_TLS_Q_CREDENTIAL & 1;
	bool can_judge = asks_verify || ((config->trust || !config_has_type(&config->peer_types, CERTIFICATE_X509)) &&
					 (config->pin_count > 0 || !config_has_type(&config->peer_types, CERTIFICATE_RAW_KEY)));

	if (config->groups.count == 0 || config->schemes.count == 0)
		return BJ_ERR_CONFIG_EMPTY;
	if (config->quic && config->alpn_len == 0)
		return BJ_ERR_CONFIG_NO_ALPN; /* rfc9001:8.1 */
	config->psk_only = config->role == BJ_TLS_CLIENT && config->psk_count > 0 && !can_judge && !config->insecure_no_verify;
	if (config->role == BJ_TLS_CLIENT && !can_judge && !config->insecure_no_verify && !config->psk_only)
		return BJ_ERR_CONFIG_NO_TRUST;
	if (config->role == BJ_TLS_SERVER && (config->client_auth != BJ_TLS_AUTH_NONE || config->later) && !can_judge)
		return BJ_ERR_CONFIG_NO_TRUST;
	if (config->role == BJ_TLS_SERVER && config->credential_count == 0 && !asks_credential && config->psk_count == 0 &&
	    !(config->ask >> BJ_TLS_Q_PSK & 1))
		return BJ_ERR_CONFIG_NO_CREDENTIAL;
	return BJ_OK;
}

static enum bj_err make_stores(struct bj_tls_config *config)
{
	if (config->role != BJ_TLS_SERVER)
		return BJ_OK;
	if (config->ticket_count > 0) {
		config->tickets = ticket_keys_new(&config->rng, config->ticket_rotate_s, config->ticket_keep);
		if (!config->tickets)
			return BJ_ERR_NO_MEMORY;
	}
	if (config->cookie_age_s > 0) {
		config->cookies = ticket_keys_new(&config->rng, RETRY_COOKIE_ROTATE_S, 1);
		if (!config->cookies)
			return BJ_ERR_NO_MEMORY;
	}
	if (config->early_max > 0) {
		config->replay = replay_guard_new(&config->rng);
		if (!config->replay)
			return BJ_ERR_NO_MEMORY;
	}
	if (config->cache_entries > 0 && config->version_min == VERSION_1_2) {
		config->cache = session_cache_new(&config->rng, config->cache_entries, config->cache_timeout_s);
		if (!config->cache)
			return BJ_ERR_NO_MEMORY;
	}
	return BJ_OK;
}

static enum bj_err freeze(struct bj_tls_config *config)
{
	enum bj_err err;

	config->keep_peer_chain |= config->judges_resumed; /* for the tickets that are still to come */
	err = lint(config);
	if (!err)
		err = narrow(config);
	if (!err)
		err = config_ech_freeze(config);
	if (!err)
		err = config_credentials_freeze(config);
	if (!err)
		err = make_stores(config);
	if (!err)
		err = config_peer_freeze(config);
	return err;
}

BJ_API enum bj_err bj_tls_config_freeze(struct bj_tls_config *config)
{
	struct config_codes suites, groups;
	uint16_t version_min, version_max;
	bool keeps;
	enum bj_err err;

	if (!config)
		return BJ_ERR_ARGUMENT;
	if (config->frozen)
		return BJ_OK;
	suites = config->suites;
	groups = config->groups;
	version_min = config->version_min;
	version_max = config->version_max;
	keeps = config->keep_peer_chain;
	err = freeze(config);
	config->frozen = !err;
	if (!err)
		return BJ_OK;
	config->suites = suites;
	config->groups = groups;
	config->version_min = version_min;
	config->version_max = version_max;
	config->keep_peer_chain = keeps;
	free(config->ech_retry);
	config->ech_retry = NULL;
	config->ech_retry_len = 0;
	drop_stores(config);
	return err;
}

/* ---- for the engine */

bool config_has_version(const struct bj_tls_config *config, uint16_t version)
{
	return version >= config->version_min && version <= config->version_max;
}

struct bj_bytes config_alpn(const struct bj_tls_config *config, struct bj_bytes name)
{
	struct reader r = rd_of(config_alpn_list(config));

	while (rd_more(&r)) {
		struct bj_bytes own = rd_vec_bytes(&r, 1);

		if (bytes_equal(own, name))
			return own;
	}
	return (struct bj_bytes){ NULL, 0 };
}
