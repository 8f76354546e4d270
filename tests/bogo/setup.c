/* setup.c - a configuration of the engine from a set of flags.
 *
 * Chains are not judged here: every verdict is asked for and given as the flags say, as the runner's certificates are no judge of
 * chains. Ticket keys and cache move between configurations by their inside: a test's servers share them, whatever else changes.
 */
#include "setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/wipe.h"
#include "crypto/kex.h"
#include "policy.h"
#include "tls/config.h"
#include "tls/delegated.h"
#include "tls/group.h"
#include "tls/scheme.h"
#include "toys.h"

#define TICKET_LIFETIME_S 172800
#define TICKET_ROTATE_S 28800
#define EARLY_MAX 14336
#define EARLY_WINDOW_S 60

struct cipher_name {
	const char *name;
	uint16_t code;
};

/* The names that OpenSSL made for 1.2. */
static const struct cipher_name cipher_names[] = {
	{ "ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b }, { "ECDHE-RSA-AES128-GCM-SHA256", 0xc02f },
	{ "ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c }, { "ECDHE-RSA-AES256-GCM-SHA384", 0xc030 },
	{ "ECDHE-ECDSA-CHACHA20-POLY1305", 0xcca9 }, { "ECDHE-RSA-CHACHA20-POLY1305", 0xcca8 },
};

static const uint16_t suites_13[] = { 0x1301, 0x1302, 0x1303 };

static int cipher_add(const char *name, size_t len, uint16_t *codes, size_t *count)
{
	for (size_t i = 0; i < sizeof(cipher_names) / sizeof(cipher_names[0]); i++) {
		if (strlen(cipher_names[i].name) != len || strncmp(cipher_names[i].name, name, len) != 0)
			continue;
		codes[(*count)++] = cipher_names[i].code;
		return 0;
	}
	return EXIT_UNIMPLEMENTED;
}

static int set_ciphers(struct bj_tls_config *config, const char *text)
{
	uint16_t codes[CONFIG_CODE_MAX];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(suites_13) / sizeof(suites_13[0]); i++)
		codes[count++] = suites_13[i];
	while (*text) {
		size_t len = strcspn(text, ":");

		if (count == CONFIG_CODE_MAX || cipher_add(text, len, codes, &count) != 0)
			return EXIT_UNIMPLEMENTED;
		text += len + (text[len] == ':');
	}
	if (bj_tls_config_suites(config, codes, count) != BJ_OK)
		return EXIT_UNIMPLEMENTED;
	return bj_tls_config_prefer_own_order(config, true) == BJ_OK ? 0 : 1;
}

static int set_versions(struct bj_tls_config *config, const struct flags *flags)
{
	int min = flags->min_version, max = flags->max_version;

	if (min < BJ_TLS_1_2)
		min = BJ_TLS_1_2;
	if (max == 0)
		max = BJ_TLS_1_3;
	if (flags->no_tls12 && min == BJ_TLS_1_2)
		min = BJ_TLS_1_3;
	if (flags->no_tls13 && max == BJ_TLS_1_3)
		max = BJ_TLS_1_2;
	if (min > max || bj_tls_config_versions(config, (enum bj_tls_version)min, (enum bj_tls_version)max) != BJ_OK)
		return EXIT_UNIMPLEMENTED;
	return 0;
}

/* The runner expects a share for the first group with ML-KEM and one for the first other group, where nothing else is said. */
static int set_shares(struct bj_tls_config *config, const struct flags *flags, const uint16_t *groups, size_t group_count)
{
	const struct flag_list *shares = &flags->key_shares;
	uint16_t chosen[2];
	size_t count = 0;
	bool has[2] = { false, false };

	if (flags->no_key_shares)
		return bj_tls_config_key_shares(config, 0) == BJ_OK ? 0 : 1;
	if (shares->is_set)
		return bj_tls_config_key_share_groups(config, shares->codes, shares->count) == BJ_OK ? 0 : EXIT_UNIMPLEMENTED;
	for (size_t i = 0; i < group_count; i++) {
		bool is_kem = kex_is_kem(groups[i]);

		if (!has[is_kem])
			chosen[count++] = groups[i];
		has[is_kem] = true;
	}
	return bj_tls_config_key_share_groups(config, chosen, count) == BJ_OK ? 0 : EXIT_UNIMPLEMENTED;
}

static int set_groups(struct bj_tls_config *config, const struct flags *flags)
{
	static const uint16_t usual[] = { KEX_X25519MLKEM768, KEX_X25519, KEX_P256, KEX_P384 };
	const uint16_t *groups = flags->curves.is_set ? flags->curves.codes : usual;
	size_t count = flags->curves.is_set ? flags->curves.count : sizeof(usual) / sizeof(usual[0]);
	const struct policy *policy = policy_of(flags);
	uint16_t known[FLAG_LIST_MAX];
	size_t known_count = 0;

	if (policy && policy->groups.codes) {
		groups = policy->groups.codes;
		count = policy->groups.count;
	}
	for (size_t i = 0; i < count; i++) /* those that exist for us, as below */
		if (group_find(groups[i]) && known_count < FLAG_LIST_MAX)
			known[known_count++] = groups[i];
	if (bj_tls_config_groups(config, known, known_count) != BJ_OK)
		return EXIT_UNIMPLEMENTED;
	return set_shares(config, flags, known, known_count);
}

static bool is_known(uint16_t code)
{
	const struct scheme *scheme = scheme_find(code);

	return scheme && sig_is_here((enum sig_alg)scheme->alg);
}

/* Those of the list that exist for us; none at all is a feature that we do not have. */
static size_t known_schemes(const struct flag_list *list, uint16_t codes[FLAG_LIST_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		if (is_known(list->codes[i]))
			codes[count++] = list->codes[i];
	return count;
}

/* The runner expects that Ed25519 and P-521 must be switched on. */
static int set_schemes(struct bj_tls_config *config, const struct flags *flags)
{
	static const struct flag_list usual = {
		.count = 8, .codes = { 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601 },
	};
	uint16_t codes[FLAG_LIST_MAX];
	size_t count = known_schemes(flags->verify_prefs.is_set ? &flags->verify_prefs : &usual, codes);
	const struct policy *policy = policy_of(flags);

	if (policy && policy->schemes.codes)
		return bj_tls_config_signature_algorithms(config, policy->schemes.codes, policy->schemes.count) == BJ_OK ? 0 : 1;
	return bj_tls_config_signature_algorithms(config, codes, count) == BJ_OK ? 0 : EXIT_UNIMPLEMENTED;
}

/* What is signed with does not follow what is accepted: all that there are, but for -signing-prefs. */
static int set_signing(struct bj_tls_config *config, const struct flags *flags, const struct flag_list *prefs)
{
	uint16_t codes[FLAG_LIST_MAX];
	size_t count = known_schemes(prefs, codes);
	const struct policy *policy = policy_of(flags);

	if (policy && policy->schemes.codes)
		return bj_tls_config_credential_schemes(config, policy->schemes.codes, policy->schemes.count) == BJ_OK ? 0 : 1;
	for (size_t i = 0; i < SCHEME_COUNT && !prefs->is_set; i++)
		if (is_known(scheme_table[i].code))
			codes[count++] = scheme_table[i].code;
	return bj_tls_config_credential_schemes(config, codes, count) == BJ_OK ? 0 : EXIT_UNIMPLEMENTED;
}

static enum bj_err staple(struct bj_credential *credential, const struct flags *flags, const struct flag_credential *flag)
{
	enum bj_err err = BJ_OK;

	if (flag->ocsp.is_set && !flags->decline_ocsp_callback)
		err = bj_credential_staple_ocsp(credential, flag->ocsp.bytes, flag->ocsp.len);
	return err ? err : bj_credential_staple_scts(credential, flag->scts.bytes, flag->scts.len);
}

static size_t text_load(const char *path, char *text, size_t cap)
{
	FILE *file = fopen(path, "rb");
	size_t len;

	if (!file)
		return 0;
	len = fread(text, 1, cap, file);
	fclose(file);
	return len;
}

/* As bj_tls_delegated_credential() does but for the signature: the runner signs as an older draft said, and does not care. */
static enum bj_err delegated_load(const struct flag_credential *flag, struct bj_credential **out)
{
	char chain[16384], key[16384];
	size_t chain_len = text_load(flag->cert_file, chain, sizeof(chain)), key_len = text_load(flag->key_file, key, sizeof(key));

	struct delegated d;
	struct cert unused;
	enum bj_err err = delegated_parse(bytes_of(flag->delegation.bytes, flag->delegation.len), &d);

	if (!err)
		err = delegated_key(&d, &unused);
	return err ? err : credential_delegated_from_pem(chain, chain_len, key, key_len, d.bytes, d.spki, out);
}

static enum bj_err bare_load(const char *path, struct bj_credential **out)
{
	char text[16384];
	size_t len = text_load(path, text, sizeof(text));
	enum bj_err err = bj_credential_from_key(text, len, out);
	wipe(text, sizeof(text));
	return err;
}

struct bj_tls_psk setup_psk(const struct flag_credential *flag)
{
	return (struct bj_tls_psk){
		.identity = flag->psk_identity.bytes,
		.identity_len = flag->psk_identity.len,
		.key = flag->psk_key.bytes,
		.key_len = flag->psk_key.len,
		.context = flag->psk_context.bytes,
		.context_len = flag->psk_context.len,
		.hash = flag->psk_sha384 ? BJ_TLS_PSK_SHA384 : BJ_TLS_PSK_SHA256,
	};
}

static size_t count_psks(const struct flags *flags)
{
	size_t count = 0;

	for (size_t i = 1; i <= flags->credential_count; i++)
		count += flags->credentials[i].is_psk;
	return count;
}

/* Servers with nothing but keys are asked for them, where everything waits. */
static bool asks_psk(const struct flags *flags)
{
	return flags->is_async && flags->is_server && flags->credential_count == 1 && count_psks(flags) == 1;
}

static int psk_add(struct bj_tls_config *config, const struct flags *flags, const struct flag_credential *flag)
{
	struct bj_tls_psk psk = setup_psk(flag);

	return asks_psk(flags) || bj_tls_config_psk(config, &psk) == BJ_OK ? 0 : EXIT_UNIMPLEMENTED;
}

static int credential_add(struct bj_tls_config *config, const struct flags *flags, const struct flag_credential *flag)
{
	struct bj_credential *credential;
	enum bj_err err;

	if (flag->is_psk)
		return psk_add(config, flags, flag);
	if (!flag->cert_file && !flag->key_file)
		return 0;
	if ((!flag->cert_file && !flag->is_bare) || !flag->key_file)
		return EXIT_UNIMPLEMENTED;
	err = flag->is_bare ? bare_load(flag->key_file, &credential) :
	      flag->delegation.is_set ? delegated_load(flag, &credential) :
			      bj_credential_from_files(flag->cert_file, flag->key_file, &credential);
	if (err == BJ_ERR_KEY_KIND)
		return EXIT_UNIMPLEMENTED;
	if (!err) {
		err = staple(credential, flags, flag);
		if (!err)
			err = bj_tls_config_credential(config, credential);
		bj_credential_free(credential);
	}
	if (err)
		fprintf(stderr, "the credential %s: :%s:\n", flag->key_file, bj_err_name(err));
	if (!err && flag->must_match)
		err = bj_tls_config_credential_must_match(config);
	return err ? 1 : set_signing(config, flags, &flag->signing_prefs);
}

static int set_credentials(struct bj_tls_config *config, const struct flags *flags)
{
	int status = 0;

	for (size_t i = 1; i <= flags->credential_count && !status; i++)
		status = credential_add(config, flags, &flags->credentials[i]);
	return status ? status : credential_add(config, flags, &flags->credentials[0]);
}

/* A list in wire form, or one name. */
static int set_alpn(struct bj_tls_config *config, const struct flags *flags)
{
	char text[1024];
	const char *names[BJ_TLS_ALPN_MAX], *wire = flags->advertise_alpn;
	size_t count = 0, at = 0;

	if (flags->is_server) {
		bool none = flags->reject_alpn || (flags->is_quic && (flags->decline_alpn || !flags->select_alpn));

		names[0] = none ? "no such protocol" : flags->select_alpn; /* QUIC must have one */
		if (!names[0] || !*names[0] || (flags->decline_alpn && !flags->is_quic))
			return 0;
		return bj_tls_config_alpn(config, names, 1) == BJ_OK ? 0 : EXIT_UNIMPLEMENTED;
	}
	while (wire && *wire) {
		size_t len = (uint8_t)*wire;

		if (strlen(wire + 1) < len || at + len + 1 > sizeof(text) || count == BJ_TLS_ALPN_MAX)
			return EXIT_UNIMPLEMENTED;
		names[count++] = memcpy(text + at, wire + 1, len);
		text[at + len] = 0;
		at += len + 1;
		wire += 1 + len;
	}
	return count == 0 || bj_tls_config_alpn(config, names, count) == BJ_OK ? 0 : EXIT_UNIMPLEMENTED;
}

static bool types_good(const struct flag_list *list, enum bj_tls_certificate_type types[FLAG_LIST_MAX])
{
	for (size_t i = 0; i < list->count; i++)
		types[i] = (enum bj_tls_certificate_type)list->codes[i];
	return list->is_set;
}

/* "<NULL>" and "<EMPTY>" both say none, as nothing does here. */
static int set_authorities(struct bj_tls_config *config, const struct flags *flags)
{
	const char *text = flags->client_ca_list;
	struct bj_bytes names[16];
	uint8_t der[16][256];
	size_t count = 0;

	if (!text || *text == '<')
		return 0;
	while (*text) {
		size_t len = strcspn(text, ","), der_len;

		if (count == 16 || hex_decode(bytes_of(text, len), der[count], sizeof(der[0]), &der_len) != BJ_OK)
			return EXIT_UNIMPLEMENTED;
		names[count] = bytes_of(der[count], der_len);
		count++;
		text += len + (text[len] == ',');
	}
	return bj_tls_config_authorities(config, names, count) == BJ_OK ? 0 : EXIT_UNIMPLEMENTED;
}

static int set_types(struct bj_tls_config *config, const struct flags *flags)
{
	enum bj_tls_certificate_type types[FLAG_LIST_MAX];
	enum bj_err err = BJ_OK;

	if (types_good(&flags->peer_types, types))
		err = bj_tls_config_peer_types(config, types, flags->peer_types.count);
	if (!err && types_good(&flags->own_types, types))
		err = bj_tls_config_own_types(config, types, flags->own_types.count);
	return err ? EXIT_UNIMPLEMENTED : 0;
}

/* Who is verified, and which questions are asked. */
static int set_questions(struct bj_tls_config *config, const struct flags *flags)
{
	bool asks_credential = (flags->early_callback || flags->ddos_callback || flags->fail_early_callback ||
						     flags->fail_cert_callback || flags->fail_ddos_callback || flags->fail_ocsp_callback || flags->is_async);
	bool enforces = flags->verify_peer || flags->require_client_certificate || (flags->ocsp_callback && !flags->is_server) ||
			(flags->peer_types.is_set && flags->verify_fail);
	uint32_t ask = 0;
	enum bj_err err = BJ_OK;

	if (flags->is_server && enforces)
		err = bj_tls_config_client_auth(config, flags->verify_peer ? BJ_TLS_AUTH_OPTIONAL : BJ_TLS_AUTH_REQUIRED);
	if (!err && !flags->is_server && (enforces || count_psks(flags) == 0))
		err = enforces ? bj_tls_config_insecure_no_name(config) : bj_tls_config_insecure_no_verify(config);
	if (enforces)
		ask |= 1u << BJ_TLS_Q_VERIFY;
	if (flags->ticket_callback || flags->ticket_aead_callback)
		ask |= 1u << BJ_TLS_Q_TICKET | 1u << BJ_TLS_Q_TICKET_SEAL;
	if (asks_psk(flags))
		ask |= 1u << BJ_TLS_Q_PSK;
	if (asks_credential && count_psks(flags) == 0 && flags->credential_count + (flags->credentials[0].cert_file != NULL) <= 1)
		ask |= 1u << BJ_TLS_Q_CREDENTIAL;
	if (flags->is_async)
		ask |= 1u << BJ_TLS_Q_SIGN | (flags->is_server && flags->enable_early_data ? 1u << BJ_TLS_Q_EARLY_DATA : 0);
	if (!err)
		err = bj_tls_config_ask(config, ask);
	if (!err)
		err = bj_tls_config_keep_peer_chain(config, true);
	if (!err && flags->false_start && !flags->is_server)
		err = bj_tls_config_false_start(config, flags->false_start_bare ? BJ_TLS_FALSE_START_ALWAYS : BJ_TLS_FALSE_START_ALPN);
	if (!err && flags->reverify)
		err = bj_tls_config_judge_resumed(config, true);
	if (!err && !flags->is_server)
		err = bj_tls_config_stapling(config, flags->wants_ocsp, flags->wants_scts);
	return err ? 1 : 0;
}

static int set_tickets(struct bj_tls_config *config, const struct flags *flags)
{
	unsigned count = flags->no_ticket ? 0 : 2;

	return bj_tls_config_tickets(config, count, TICKET_LIFETIME_S, TICKET_ROTATE_S, 7) == BJ_OK ? 0 : 1;
}

static int set_wire(struct bj_tls_config *config, const struct flags *flags)
{
	enum bj_err err = flags->is_server ? BJ_OK : bj_tls_config_must_authenticate(config, true);

	if (!err)
		err = bj_tls_config_fallback(config, flags->fallback_scsv);
	if (!err)
		err = bj_tls_config_grease(config, flags->enable_grease || flags->is_server);
	if (!err)
		err = bj_tls_config_permute(config, flags->permute_extensions);
	toys_install(config, flags);
	return err ? 1 : 0;
}

static int set_early_data(struct bj_tls_config *config, const struct flags *flags)
{
	uint32_t max = flags->is_server ? EARLY_MAX : UINT32_MAX;
	const char *context = flags->quic_early_context;

	if (context && bj_tls_config_session_context(config, context, strlen(context)) != BJ_OK)
		return EXIT_UNIMPLEMENTED;
	return !flags->enable_early_data || bj_tls_config_early_data(config, max, EARLY_WINDOW_S) == BJ_OK ? 0 : 1;
}

static void stores_move(struct bj_tls_config *from, struct bj_tls_config *to)
{
	struct ticket_keys *tickets = to->tickets;
	struct session_cache *cache = to->cache;

	if (from->tickets && to->tickets) {
		to->tickets = from->tickets;
		from->tickets = tickets;
	}
	if (from->cache && to->cache) {
		to->cache = from->cache;
		from->cache = cache;
	}
}

static int set_ech(struct bj_tls_config *config, const struct flags *flags)
{
	enum bj_err err = bj_tls_config_ech_grease(config, flags->ech_grease);

	for (size_t i = 0; i < flags->ech_key_count && !err; i++) {
		const struct flag_ech *key = &flags->ech_keys[i];

		err = bj_tls_config_ech_key(config, key->config.bytes, key->config.len, key->key.bytes, key->key.len, key->is_retry);
	}
	return err ? 1 : 0;
}

static int set_policy(struct bj_tls_config *config, const struct flags *flags)
{
	const struct policy *policy = policy_of(flags);

	if (!policy)
		return 0;
	if (bj_tls_config_suites(config, policy->suites.codes, policy->suites.count) != BJ_OK ||
	    bj_tls_config_retry_for_group(config, policy->retries_for_group) != BJ_OK)
		return 1;
	return bj_tls_config_prefer_own_order(config, true) == BJ_OK ? 0 : 1;
}

static int set_all(struct bj_tls_config *config, const struct flags *flags)
{
	int status = set_versions(config, flags);

	status = status ? status : set_questions(config, flags);
	status = status || !flags->cipher ? status : set_ciphers(config, flags->cipher);
	status = status ? status : set_policy(config, flags);
	status = status ? status : set_groups(config, flags);
	status = status ? status : set_schemes(config, flags);
	status = status ? status : set_credentials(config, flags);
	status = status ? status : set_types(config, flags);
	status = status ? status : set_authorities(config, flags);
	status = status ? status : set_alpn(config, flags);
	status = status ? status : set_tickets(config, flags);
	status = status ? status : set_wire(config, flags);
	status = status ? status : set_ech(config, flags);
	if (!status && flags->max_send_fragment && bj_tls_config_send_max(config, (size_t)flags->max_send_fragment) != BJ_OK)
		status = EXIT_UNIMPLEMENTED;
	status = status ? status : set_early_data(config, flags);
	if (!status && flags->quic_legacy_codepoint)
		status = EXIT_UNIMPLEMENTED;
	if (!status && bj_tls_config_quic(config, flags->is_quic) != BJ_OK)
		status = 1;
	if (!status && flags->server_preference && bj_tls_config_prefer_own_order(config, true) != BJ_OK)
		status = 1;
	return status;
}

int setup_make(const struct flags *flags, struct seen *seen, struct bj_tls_config *before, struct bj_tls_config **out)
{
	struct bj_tls_config *config = bj_tls_config_new(flags->is_server ? BJ_TLS_SERVER : BJ_TLS_CLIENT);
	enum bj_err err;
	int status;

	if (!config)
		return 1;
	status = set_all(config, flags);
	if (!status) {
		err = bj_tls_config_observer(config, seen_take, seen);
		if (!err)
			err = bj_tls_config_freeze(config);
		if (err)
			fprintf(stderr, "the configuration: :%s:\n", bj_err_name(err));
		status = err ? 1 : 0;
	}
	if (status) {
		bj_tls_config_free(config);
		return status;
	}
	if (before)
		stores_move(before, config);
	*out = config;
	return 0;
}

int setup_credential_number(const struct bj_tls_config *config, const struct flags *flags, const struct bj_credential *credential,
			    struct bj_bytes psk)
{
	size_t certificates = 0;

	for (size_t i = 1; i <= flags->credential_count; i++) {
		const struct flag_credential *flag = &flags->credentials[i];

		if (flag->is_psk ? bytes_equal(psk, bytes_of(flag->psk_identity.bytes, flag->psk_identity.len)) :
				   psk.len == 0 && certificates < config->credential_count && config->credentials[certificates].credential == credential)
			return (int)i - 1;
		certificates += !flag->is_psk;
	}
	return -1;
}
