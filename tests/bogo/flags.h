/* flags.h - what the runner asks of one process: three sets of flags, one for each phase.
 *
 * A flag without a phase's prefix goes into all three; "-on-initial-", "-on-resume-" and "-on-retry-" choose one. A flag that is not in
 * the table is a feature that we do not have: the caller leaves with EXIT_UNIMPLEMENTED. Texts are views of argv.
 */
#ifndef BOGO_FLAGS_H
#define BOGO_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXIT_UNIMPLEMENTED 89

#define FLAG_LIST_MAX 24
#define FLAG_CREDENTIAL_MAX 8
#define FLAG_BYTES_MAX 4096

struct flag_list {
	bool is_set;
	size_t count;
	uint16_t codes[FLAG_LIST_MAX];
};

struct flag_bytes {
	bool is_set;
	size_t len;
	uint8_t bytes[FLAG_BYTES_MAX];
};

#define FLAG_ECH_MAX 4

struct flag_ech {
	struct flag_bytes config, key;
	bool is_retry;
};

struct flag_credential {
	const char *cert_file, *key_file;
	struct flag_list signing_prefs;
	struct flag_bytes ocsp, scts;
	bool must_match;
	bool is_bare; /* a raw public key */
	bool is_psk, psk_sha384;
	struct flag_bytes psk_key, psk_identity, psk_context;
	struct flag_bytes delegation;
};

struct flags {
	/* where the runner listens, and who we are */
	int port;
	uint64_t shim_id;
	bool ipv6, is_server, is_async;
	int resume_count;

	/* configuration. The first credential is the one without -new-x509-credential. */
	struct flag_credential credentials[FLAG_CREDENTIAL_MAX];
	size_t credential_count; /* those behind the first */
	const char *trust_cert, *client_ca_list; /* names in hex, with commas between */
	struct flag_list own_types, peer_types; /* forms of certificates */
	int min_version, max_version;
	bool no_tls1, no_tls11, no_tls12, no_tls13;
	const char *cipher;
	struct flag_list curves, key_shares, verify_prefs;
	bool no_key_shares, server_preference, no_ticket;
	bool no_legacy_server; /* always so */
	bool fallback_scsv, enable_grease, permute_extensions, compressions;
	int one_compression;
	struct flag_list group_hints;

	bool verify_peer, verify_fail, reverify, false_start, false_start_bare, require_client_certificate, custom_verify;
	const char *host_name, *advertise_alpn, *select_alpn;
	bool decline_alpn, reject_alpn;
	bool wants_ocsp, wants_scts;
	bool ocsp_callback, set_ocsp_in_callback, decline_ocsp_callback, fail_ocsp_callback;
	bool early_callback, fail_early_callback, ddos_callback, fail_ddos_callback, fail_cert_callback, old_client_cert_callback;

	/* Encrypted ClientHello */
	struct flag_ech ech_keys[FLAG_ECH_MAX];
	size_t ech_key_count;
	struct flag_bytes ech_list, expect_ech_retry_configs;
	bool ech_grease, reject_unusable_ech, expect_ech_accept, expect_no_ech_retry_configs, expect_no_ech_name_override;
	const char *expect_ech_name_override;

	/* records */
	int max_send_fragment;

	/* compliance policies */
	bool policy_fips, policy_wpa, policy_cnsa, policy_cnsa1, policy_cnsa2;

	/* QUIC */
	bool is_quic;
	struct flag_bytes quic_params, expect_quic_params;
	int quic_legacy_codepoint;

	/* the exchange */
	bool implicit_handshake, handshake_twice, no_op_handshake, handshake_never_done;
	bool peek_then_read;
	bool shim_writes_first, shim_shuts_down, check_close_notify, write_different_sizes, partial_write;
	const char *initial_write;
	int repeat_initial_write, read_size;
	bool key_update, key_update_before_read, send_alert;
	int export_len;
	const char *export_label, *export_context;
	bool use_export_context, export_traffic_secrets, exporter_between_reads;
	int resumption_delay_s;

	/* resumption and early data */
	bool enable_early_data, unfinished_write;
	const char *quic_early_context;
	bool ticket_callback, ticket_aead_callback, renew_ticket, skip_ticket;
	int early_write_after_message;
	bool expect_accept_early_data, expect_reject_early_data, expect_ticket_early_data;
	const char *expect_early_data_reason;
	int expect_ticket_age_skew_s;

	/* what must come out */
	struct flag_bytes expect_certificate_types;
	const char *expect_alpn, *expect_advertised_alpn, *expect_server_name, *expect_msg_callback, *expect_peer_cert_file;
	int expect_version, expect_cipher, expect_cipher_aes, expect_cipher_no_aes, expect_curve, expect_peer_signature;
	int expect_selected_credential;
	bool has_expect_selected_credential;
	const char *expect_client_ca_list;
	struct flag_list expect_peer_type;
	struct flag_bytes expect_peer_key; /* SHA-256 */
	struct flag_list expect_peer_verify_prefs;
	struct flag_bytes expect_ocsp, expect_scts;
	bool expect_session_miss, expect_no_session, expect_session_id, expect_no_session_id, expect_ticket_renewal;
	bool expect_hrr, expect_no_hrr, expect_no_peer_cert, expect_verify_result, expect_extended_master_secret;
	bool expect_secure_renegotiation, expect_no_server_name, expect_no_offer_early_data;
	int expect_total_renegotiations;
	bool is_handshaker_supported;
};

struct phases {
	struct flags initial, resume, retry;
};

/* False: `*out_flag` is one that is not known, or whose value is not. */
bool flags_parse(int argc, char **argv, struct phases *out, const char **out_flag);

#endif
