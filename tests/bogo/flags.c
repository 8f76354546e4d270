/* flags.c - the table of flags, in the order of the struct. */
#include "flags.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"

enum flag_kind {
	FLAG_BOOL,
	FLAG_INT,
	FLAG_U64,
	FLAG_TEXT,
	FLAG_LIST,       /* one value each time that it stands */
	FLAG_CREDENTIAL, /* begins another credential */
	FLAG_BARE,       /* the same, a raw public key */
	FLAG_PSK,        /* the same, a pre-shared key */
	FLAG_PSK_BYTES,  /* of the credential: base64 */
	FLAG_PSK_HASH,   /* of the credential: no value */
	FLAG_CERT,       /* of the credential that was begun last: text */
	FLAG_KEY,
	FLAG_SIGNING,    /* likewise: a list */
	FLAG_BYTES,      /* base64 */
	FLAG_DELEGATION, /* of the credential: base64 */
	FLAG_OCSP,       /* of the credential: base64 */
	FLAG_SCTS,
	FLAG_MATCH,      /* of the credential: no value */
	FLAG_ECH_CONFIG, /* begins another key of Encrypted ClientHello: base64 */
	FLAG_ECH_KEY,    /* of the one that was begun last: base64 */
	FLAG_ECH_RETRY,  /* likewise: 0 or 1 */
	FLAG_SELECTED,   /* a number, where zero means something too */
};

struct flag {
	const char *name;
	enum flag_kind kind;
	size_t at;
};

#define AT(field) offsetof(struct flags, field)

static const struct flag flag_table[] = {
	{ "port", FLAG_INT, AT(port) },
	{ "shim-id", FLAG_U64, AT(shim_id) },
	{ "ipv6", FLAG_BOOL, AT(ipv6) },
	{ "server", FLAG_BOOL, AT(is_server) },
	{ "async", FLAG_BOOL, AT(is_async) },
	{ "resume-count", FLAG_INT, AT(resume_count) },
	{ "is-handshaker-supported", FLAG_BOOL, AT(is_handshaker_supported) },

	{ "new-x509-credential", FLAG_CREDENTIAL, 0 },
	{ "new-rpk-credential", FLAG_BARE, 0 },
	{ "new-psk-credential", FLAG_PSK, 0 },
	{ "psk-importer-key", FLAG_PSK_BYTES, offsetof(struct flag_credential, psk_key) },
	{ "psk-importer-identity", FLAG_PSK_BYTES, offsetof(struct flag_credential, psk_identity) },
	{ "psk-importer-context", FLAG_PSK_BYTES, offsetof(struct flag_credential, psk_context) },
	{ "psk-importer-sha256", FLAG_PSK_HASH, 0 },
	{ "psk-importer-sha384", FLAG_PSK_HASH, 1 },
	{ "new-delegated-credential", FLAG_CREDENTIAL, 0 },
	{ "delegated-credential", FLAG_DELEGATION, 0 },
	{ "cert-file", FLAG_CERT, 0 },
	{ "key-file", FLAG_KEY, 0 },
	{ "signing-prefs", FLAG_SIGNING, 0 },
	{ "ocsp-response", FLAG_OCSP, 0 },
	{ "signed-cert-timestamps", FLAG_SCTS, 0 },
	{ "must-match-issuer", FLAG_MATCH, 0 },
	{ "trust-cert", FLAG_TEXT, AT(trust_cert) },
	{ "use-client-ca-list", FLAG_TEXT, AT(client_ca_list) },
	{ "available-client-cert-types", FLAG_LIST, AT(own_types) },
	{ "accepted-peer-cert-types", FLAG_LIST, AT(peer_types) },
	{ "min-version", FLAG_INT, AT(min_version) },
	{ "max-version", FLAG_INT, AT(max_version) },
	{ "no-tls1", FLAG_BOOL, AT(no_tls1) },
	{ "no-tls11", FLAG_BOOL, AT(no_tls11) },
	{ "no-tls12", FLAG_BOOL, AT(no_tls12) },
	{ "no-tls13", FLAG_BOOL, AT(no_tls13) },
	{ "cipher", FLAG_TEXT, AT(cipher) },
	{ "curves", FLAG_LIST, AT(curves) },
	{ "key-shares", FLAG_LIST, AT(key_shares) },
	{ "no-key-shares", FLAG_BOOL, AT(no_key_shares) },
	{ "verify-prefs", FLAG_LIST, AT(verify_prefs) },
	{ "server-preference", FLAG_BOOL, AT(server_preference) },
	{ "no-legacy-server-connect", FLAG_BOOL, AT(no_legacy_server) },
	{ "fallback-scsv", FLAG_BOOL, AT(fallback_scsv) },
	{ "install-cert-compression-algs", FLAG_BOOL, AT(compressions) },
	{ "install-one-cert-compression-alg", FLAG_INT, AT(one_compression) },
	{ "enable-grease", FLAG_BOOL, AT(enable_grease) },
	{ "permute-extensions", FLAG_BOOL, AT(permute_extensions) },
	{ "server-supported-groups-hint", FLAG_LIST, AT(group_hints) },
	{ "no-ticket", FLAG_BOOL, AT(no_ticket) },
	{ "verify-peer", FLAG_BOOL, AT(verify_peer) },
	{ "verify-fail", FLAG_BOOL, AT(verify_fail) },
	{ "reverify-on-resume", FLAG_BOOL, AT(reverify) },
	{ "false-start", FLAG_BOOL, AT(false_start) },
	{ "allow-false-start-without-alpn", FLAG_BOOL, AT(false_start_bare) },
	{ "require-any-client-certificate", FLAG_BOOL, AT(require_client_certificate) },
	{ "use-custom-verify-callback", FLAG_BOOL, AT(custom_verify) },
	{ "host-name", FLAG_TEXT, AT(host_name) },
	{ "advertise-alpn", FLAG_TEXT, AT(advertise_alpn) },
	{ "select-alpn", FLAG_TEXT, AT(select_alpn) },
	{ "decline-alpn", FLAG_BOOL, AT(decline_alpn) },
	{ "reject-alpn", FLAG_BOOL, AT(reject_alpn) },
	{ "enable-ocsp-stapling", FLAG_BOOL, AT(wants_ocsp) },
	{ "enable-signed-cert-timestamps", FLAG_BOOL, AT(wants_scts) },
	{ "use-ocsp-callback", FLAG_BOOL, AT(ocsp_callback) },
	{ "set-ocsp-in-callback", FLAG_BOOL, AT(set_ocsp_in_callback) },
	{ "decline-ocsp-callback", FLAG_BOOL, AT(decline_ocsp_callback) },
	{ "fail-ocsp-callback", FLAG_BOOL, AT(fail_ocsp_callback) },
	{ "use-early-callback", FLAG_BOOL, AT(early_callback) },
	{ "fail-early-callback", FLAG_BOOL, AT(fail_early_callback) },
	{ "install-ddos-callback", FLAG_BOOL, AT(ddos_callback) },
	{ "fail-ddos-callback", FLAG_BOOL, AT(fail_ddos_callback) },
	{ "fail-cert-callback", FLAG_BOOL, AT(fail_cert_callback) },
	{ "use-old-client-cert-callback", FLAG_BOOL, AT(old_client_cert_callback) },

	{ "ech-server-config", FLAG_ECH_CONFIG, 0 },
	{ "ech-server-key", FLAG_ECH_KEY, 0 },
	{ "ech-is-retry-config", FLAG_ECH_RETRY, 0 },
	{ "ech-config-list", FLAG_BYTES, AT(ech_list) },
	{ "enable-ech-grease", FLAG_BOOL, AT(ech_grease) },
	{ "reject-unusable-ech-config", FLAG_BOOL, AT(reject_unusable_ech) },
	{ "expect-ech-accept", FLAG_BOOL, AT(expect_ech_accept) },
	{ "expect-ech-retry-configs", FLAG_BYTES, AT(expect_ech_retry_configs) },
	{ "expect-no-ech-retry-configs", FLAG_BOOL, AT(expect_no_ech_retry_configs) },
	{ "expect-ech-name-override", FLAG_TEXT, AT(expect_ech_name_override) },
	{ "expect-no-ech-name-override", FLAG_BOOL, AT(expect_no_ech_name_override) },

	{ "max-send-fragment", FLAG_INT, AT(max_send_fragment) },
	{ "fips-202205", FLAG_BOOL, AT(policy_fips) },
	{ "wpa-202304", FLAG_BOOL, AT(policy_wpa) },
	{ "cnsa-202407", FLAG_BOOL, AT(policy_cnsa) },
	{ "cnsa1-202603", FLAG_BOOL, AT(policy_cnsa1) },
	{ "cnsa2-202603", FLAG_BOOL, AT(policy_cnsa2) },
	{ "quic", FLAG_BOOL, AT(is_quic) },
	{ "quic-transport-params", FLAG_BYTES, AT(quic_params) },
	{ "expect-quic-transport-params", FLAG_BYTES, AT(expect_quic_params) },
	{ "quic-use-legacy-codepoint", FLAG_INT, AT(quic_legacy_codepoint) },

	{ "implicit-handshake", FLAG_BOOL, AT(implicit_handshake) },
	{ "handshake-twice", FLAG_BOOL, AT(handshake_twice) },
	{ "no-op-extra-handshake", FLAG_BOOL, AT(no_op_handshake) },
	{ "handshake-never-done", FLAG_BOOL, AT(handshake_never_done) },
	{ "peek-then-read", FLAG_BOOL, AT(peek_then_read) },
	{ "shim-writes-first", FLAG_BOOL, AT(shim_writes_first) },
	{ "shim-shuts-down", FLAG_BOOL, AT(shim_shuts_down) },
	{ "check-close-notify", FLAG_BOOL, AT(check_close_notify) },
	{ "write-different-record-sizes", FLAG_BOOL, AT(write_different_sizes) },
	{ "partial-write", FLAG_BOOL, AT(partial_write) },
	{ "shim-initial-write", FLAG_TEXT, AT(initial_write) },
	{ "repeat-shim-initial-write", FLAG_INT, AT(repeat_initial_write) },
	{ "read-size", FLAG_INT, AT(read_size) },
	{ "key-update", FLAG_BOOL, AT(key_update) },
	{ "key-update-before-read", FLAG_BOOL, AT(key_update_before_read) },
	{ "send-alert", FLAG_BOOL, AT(send_alert) },
	{ "export-keying-material", FLAG_INT, AT(export_len) },
	{ "export-label", FLAG_TEXT, AT(export_label) },
	{ "export-context", FLAG_TEXT, AT(export_context) },
	{ "use-export-context", FLAG_BOOL, AT(use_export_context) },
	{ "export-traffic-secrets", FLAG_BOOL, AT(export_traffic_secrets) },
	{ "use-exporter-between-reads", FLAG_BOOL, AT(exporter_between_reads) },
	{ "resumption-delay", FLAG_INT, AT(resumption_delay_s) },

	{ "enable-early-data", FLAG_BOOL, AT(enable_early_data) },
	{ "use-ticket-callback", FLAG_BOOL, AT(ticket_callback) },
	{ "use-ticket-aead-callback", FLAG_BOOL, AT(ticket_aead_callback) },
	{ "renew-ticket", FLAG_BOOL, AT(renew_ticket) },
	{ "skip-ticket", FLAG_BOOL, AT(skip_ticket) },
	{ "quic-early-data-context", FLAG_TEXT, AT(quic_early_context) },
	{ "read-with-unfinished-write", FLAG_BOOL, AT(unfinished_write) },
	{ "early-write-after-message", FLAG_INT, AT(early_write_after_message) },
	{ "expect-accept-early-data", FLAG_BOOL, AT(expect_accept_early_data) },
	{ "expect-reject-early-data", FLAG_BOOL, AT(expect_reject_early_data) },
	{ "expect-ticket-supports-early-data", FLAG_BOOL, AT(expect_ticket_early_data) },
	{ "expect-early-data-reason", FLAG_TEXT, AT(expect_early_data_reason) },
	{ "expect-ticket-age-skew", FLAG_INT, AT(expect_ticket_age_skew_s) },

	{ "expect-alpn", FLAG_TEXT, AT(expect_alpn) },
	{ "expect-advertised-alpn", FLAG_TEXT, AT(expect_advertised_alpn) },
	{ "expect-server-name", FLAG_TEXT, AT(expect_server_name) },
	{ "expect-certificate-types", FLAG_BYTES, AT(expect_certificate_types) },
	{ "expect-msg-callback", FLAG_TEXT, AT(expect_msg_callback) },
	{ "expect-peer-cert-file", FLAG_TEXT, AT(expect_peer_cert_file) },
	{ "expect-version", FLAG_INT, AT(expect_version) },
	{ "expect-cipher", FLAG_INT, AT(expect_cipher) },
	{ "expect-cipher-aes", FLAG_INT, AT(expect_cipher_aes) },
	{ "expect-cipher-no-aes", FLAG_INT, AT(expect_cipher_no_aes) },
	{ "expect-curve-id", FLAG_INT, AT(expect_curve) },
	{ "expect-peer-signature-algorithm", FLAG_INT, AT(expect_peer_signature) },
	{ "expect-selected-credential", FLAG_SELECTED, 0 },
	{ "expect-peer-certificate-type", FLAG_LIST, AT(expect_peer_type) },
	{ "expect-peer-rpk-sha256", FLAG_BYTES, AT(expect_peer_key) },
	{ "expect-client-ca-list", FLAG_TEXT, AT(expect_client_ca_list) },
	{ "expect-peer-verify-pref", FLAG_LIST, AT(expect_peer_verify_prefs) },
	{ "expect-ocsp-response", FLAG_BYTES, AT(expect_ocsp) },
	{ "expect-signed-cert-timestamps", FLAG_BYTES, AT(expect_scts) },
	{ "expect-session-miss", FLAG_BOOL, AT(expect_session_miss) },
	{ "expect-no-session", FLAG_BOOL, AT(expect_no_session) },
	{ "expect-session-id", FLAG_BOOL, AT(expect_session_id) },
	{ "expect-no-session-id", FLAG_BOOL, AT(expect_no_session_id) },
	{ "expect-ticket-renewal", FLAG_BOOL, AT(expect_ticket_renewal) },
	{ "expect-hrr", FLAG_BOOL, AT(expect_hrr) },
	{ "expect-no-hrr", FLAG_BOOL, AT(expect_no_hrr) },
	{ "expect-no-peer-cert", FLAG_BOOL, AT(expect_no_peer_cert) },
	{ "expect-verify-result", FLAG_BOOL, AT(expect_verify_result) },
	{ "expect-extended-master-secret", FLAG_BOOL, AT(expect_extended_master_secret) },
	{ "expect-secure-renegotiation", FLAG_BOOL, AT(expect_secure_renegotiation) },
	{ "expect-no-server-name", FLAG_BOOL, AT(expect_no_server_name) },
	{ "expect-no-offer-early-data", FLAG_BOOL, AT(expect_no_offer_early_data) },
	{ "expect-total-renegotiations", FLAG_INT, AT(expect_total_renegotiations) },
};

static const struct flag *flag_find(const char *name)
{
	for (size_t i = 0; i < sizeof(flag_table) / sizeof(flag_table[0]); i++)
		if (strcmp(flag_table[i].name, name) == 0)
			return &flag_table[i];
	return NULL;
}

static bool has_value(const struct flag *flag)
{
	switch (flag->kind) {
	case FLAG_BOOL:
	case FLAG_CREDENTIAL:
	case FLAG_BARE:
	case FLAG_PSK:
	case FLAG_PSK_HASH:
	case FLAG_MATCH:
		return false;
	default:
		return true;
	}
}

static bool list_add(struct flag_list *list, const char *value)
{
	unsigned long code = strtoul(value, NULL, 10);

	if (list->count == FLAG_LIST_MAX || code > 0xffff)
		return false;
	list->codes[list->count++] = (uint16_t)code;
	list->is_set = true;
	return true;
}

static bool bytes_set(struct flag_bytes *out, const char *value)
{
	out->is_set = true;
	return base64_decode(bytes_text(value), out->bytes, sizeof(out->bytes), &out->len, NULL) == BJ_OK;
}

/* The key of Encrypted ClientHello that was begun last. */
static struct flag_ech *ech_key(struct flags *flags)
{
	return flags->ech_key_count > 0 ? &flags->ech_keys[flags->ech_key_count - 1] : NULL;
}

static bool ech_set(struct flags *flags, enum flag_kind kind, const char *value)
{
	struct flag_ech *key;

	if (kind == FLAG_ECH_CONFIG && flags->ech_key_count++ == FLAG_ECH_MAX)
		return false;
	key = ech_key(flags);
	if (!key)
		return false;
	if (kind == FLAG_ECH_RETRY) {
		key->is_retry = atoi(value) != 0;
		return true;
	}
	return bytes_set(kind == FLAG_ECH_CONFIG ? &key->config : &key->key, value);
}

static bool flag_set(struct flags *flags, const struct flag *flag, const char *value)
{
	struct flag_credential *credential = &flags->credentials[flags->credential_count];
	void *field = (char *)flags + flag->at;

	switch (flag->kind) {
	case FLAG_BOOL:
		*(bool *)field = true;
		return true;
	case FLAG_INT:
		*(int *)field = atoi(value);
		return true;
	case FLAG_U64:
		*(uint64_t *)field = strtoull(value, NULL, 10);
		return true;
	case FLAG_TEXT:
		*(const char **)field = value;
		return true;
	case FLAG_LIST:
		return list_add(field, value);
	case FLAG_CREDENTIAL:
		return ++flags->credential_count < FLAG_CREDENTIAL_MAX;
	case FLAG_PSK:
		if (++flags->credential_count == FLAG_CREDENTIAL_MAX)
			return false;
		flags->credentials[flags->credential_count].is_psk = true;
		return true;
	case FLAG_PSK_BYTES:
		return bytes_set((struct flag_bytes *)((char *)credential + flag->at), value);
	case FLAG_PSK_HASH:
		credential->psk_sha384 = flag->at;
		return true;
	case FLAG_BARE:
		if (++flags->credential_count == FLAG_CREDENTIAL_MAX)
			return false;
		flags->credentials[flags->credential_count].is_bare = true;
		return true;
	case FLAG_CERT:
		credential->cert_file = value;
		return true;
	case FLAG_KEY:
		credential->key_file = value;
		return true;
	case FLAG_SIGNING:
		return list_add(&credential->signing_prefs, value);
	case FLAG_BYTES:
		return bytes_set(field, value);
	case FLAG_DELEGATION:
		return bytes_set(&credential->delegation, value);
	case FLAG_OCSP:
		return bytes_set(&credential->ocsp, value);
	case FLAG_SCTS:
		return bytes_set(&credential->scts, value);
	case FLAG_MATCH:
		credential->must_match = true;
		return true;
	case FLAG_ECH_CONFIG:
	case FLAG_ECH_KEY:
	case FLAG_ECH_RETRY:
		return ech_set(flags, flag->kind, value);
	case FLAG_SELECTED:
		flags->has_expect_selected_credential = true;
		flags->expect_selected_credential = atoi(value);
		return true;
	}
	return false;
}

static bool prefix_take(const char **name, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(*name, prefix, len) != 0)
		return false;
	*name += len;
	return true;
}

static bool flag_apply(struct phases *out, const char *name, const char *value)
{
	struct flags *only = NULL;
	const struct flag *flag;

	if (prefix_take(&name, "on-shim-") && *name == 0)
		return false;
	if (prefix_take(&name, "on-initial-"))
		only = &out->initial;
	else if (prefix_take(&name, "on-resume-"))
		only = &out->resume;
	else if (prefix_take(&name, "on-retry-"))
		only = &out->retry;
	flag = flag_find(name);
	if (only)
		return flag_set(only, flag, value);
	return flag_set(&out->initial, flag, value) && flag_set(&out->resume, flag, value) && flag_set(&out->retry, flag, value);
}

static const struct flag *flag_of(const char *arg)
{
	const char *name = arg;

	if (!prefix_take(&name, "-"))
		return NULL;
	(void)prefix_take(&name, "on-shim-");
	if (!prefix_take(&name, "on-initial-") && !prefix_take(&name, "on-resume-"))
		(void)prefix_take(&name, "on-retry-");
	return flag_find(name);
}

static void flags_default(struct flags *flags)
{
	memset(flags, 0, sizeof(*flags));
	flags->initial_write = "hello";
	flags->repeat_initial_write = 1;
}

bool flags_parse(int argc, char **argv, struct phases *out, const char **out_flag)
{
	flags_default(&out->initial);
	flags_default(&out->resume);
	flags_default(&out->retry);
	for (int i = 1; i < argc; i++) {
		const struct flag *flag = flag_of(argv[i]);
		const char *name = argv[i];

		*out_flag = name;
		if (!flag || (has_value(flag) && i + 1 == argc))
			return false;
		if (!flag_apply(out, name + 1, has_value(flag) ? argv[++i] : NULL))
			return false;
	}
	return true;
}
