/* checks.c - compares what the engine reports with what the flags expect. */
#include "checks.h"

#include <stdio.h>
#include <string.h>

#include "base/pem.h"
#include "crypto/hash.h"
#include "setup.h"
#include "tls/conn.h"

static bool wrong(const char *what, long got, long want)
{
	fprintf(stderr, "%s: got %ld (0x%04lx), want %ld (0x%04lx)\n", what, got, got, want, want);
	return false;
}

static bool number(const char *what, int want, int got)
{
	return want == 0 || want == got || wrong(what, got, want);
}

static bool text(const char *what, const char *want, struct bj_bytes got)
{
	if (bytes_equal(bytes_text(want), got))
		return true;
	fprintf(stderr, "%s: got %.*s, want %s\n", what, (int)got.len, (const char *)got.ptr, want ? want : "none");
	return false;
}

static bool negotiated(const struct connection *c, const struct bj_tls_report *report)
{
	const struct flags *flags = c->flags;
	bool full = !report->resumed || report->version != BJ_TLS_1_2; /* there was a key exchange */

	return number("version", flags->expect_version, report->version) && number("suite", flags->expect_cipher, report->suite) &&
	       number("suite", flags->expect_cipher_aes, report->suite) &&
	       number("extended master secret", flags->expect_extended_master_secret, report->extended_master_secret) &&
	       number("group", full ? flags->expect_curve : 0, report->group) &&
	       number("signature of the peer", report->resumed ? 0 : flags->expect_peer_signature, c->seen->peer_scheme) &&
	       text("application protocol", flags->is_server ? flags->select_alpn : flags->expect_alpn, report->alpn);
}

/* A client of 1.2 has its session when the handshake ends, with extended master secret; one of 1.3 later. */
static bool sessions(const struct connection *c, const struct bj_tls_report *report, bool is_resumption)
{
	const struct flags *flags = c->flags;
	bool want = !flags->expect_no_session && (!report->resumed || flags->expect_ticket_renewal) && report->version == BJ_TLS_1_2 &&
		    report->extended_master_secret;
	bool got = bj_tls_session(c->tls).len > 0;
	bool resumed = is_resumption && !flags->expect_session_miss;

	if (report->resumed != resumed)
		return wrong("resumed", report->resumed, resumed);
	if (!flags->is_server && report->version == BJ_TLS_1_2 && !report->resumed && report->handshake_done && got != want)
		return wrong("a session came", got, want);
	if (!is_resumption && flags->is_server && flags->expect_session_id && c->seen->session_id_len == 0)
		return wrong("length of the session id", 0, 32);
	if (!is_resumption && flags->is_server && flags->expect_no_session_id && report->version == BJ_TLS_1_2 && c->seen->session_id_len > 0)
		return wrong("length of the session id", c->seen->session_id_len, 0);
	return true;
}

static bool names(const struct connection *c, const struct bj_tls_report *report)
{
	const struct flags *flags = c->flags;
	struct bj_bytes offered = bytes_of(c->seen->alpn_offered, c->seen->alpn_offered_len);

	if (flags->expect_server_name && !text("server name", flags->expect_server_name, bytes_text(report->server_name)))
		return false;
	if (flags->expect_no_server_name && report->server_name)
		return text("server name", "", bytes_text(report->server_name));
	return !flags->expect_advertised_alpn || text("protocols offered", flags->expect_advertised_alpn, offered);
}

/* The file's chain, certificate by certificate; a resumed connection shows the first alone. */
static bool same_chain(const struct bj_tls_report *report, const char *path)
{
	size_t want = 0, len = 0;
	uint8_t der[16384];
	char body[65536];
	FILE *file = fopen(path, "rb");
	struct pem pem;
	struct pem_block block;

	if (!file)
		return wrong("the file of the peer's chain", 0, 1);
	len = fread(body, 1, sizeof(body), file);
	fclose(file);
	pem = pem_make(body, len);
	while (pem_next_labelled(&pem, "CERTIFICATE", der, sizeof(der), &block) == BJ_OK) {
		if (want < report->peer_chain_count && !bytes_equal(block.der, report->peer_chain[want]))
			return wrong("certificate of the peer that differs", (long)want, -1);
		want++;
	}
	if (report->resumed)
		want = 1;
	return want == report->peer_chain_count || wrong("length of the peer's chain", (long)report->peer_chain_count, (long)want);
}

/* What a raw public key is, and that it is one. */
static bool form(const struct connection *c, const struct bj_tls_report *report)
{
	const struct flag_list *type = &c->flags->expect_peer_type;
	const struct flag_bytes *key = &c->flags->expect_peer_key;
	bool is_key = report->peer_public_key.len > 0;
	uint8_t digest[HASH_MAX];

	if (type->is_set && is_key != (type->codes[0] == BJ_TLS_RAW_PUBLIC_KEY))
		return wrong("form of the peer's certificate", is_key, type->codes[0]);
	if (!key->is_set)
		return true;
	hash_once(HASH_SHA256, report->peer_public_key, digest);
	return bytes_equal(bytes_of(digest, 32), bytes_of(key->bytes, key->len)) || wrong("the peer's key", (long)report->peer_public_key.len, 0);
}

static bool peer(const struct connection *c, const struct bj_tls_report *report)
{
	const struct flags *flags = c->flags;
	bool wants = (!flags->is_server || flags->require_client_certificate) && report->psk_identity.len == 0;

	if (flags->expect_no_peer_cert)
		return report->peer_chain_count == 0 || wrong("certificates of the peer", (long)report->peer_chain_count, 0);
	if (!form(c, report))
		return false;
	if (wants && report->peer_chain_count == 0 && report->peer_public_key.len == 0)
		return wrong("certificates of the peer", 0, 1);
	if (flags->expect_verify_result && report->peer_chain_count > 0 && (flags->verify_peer || flags->require_client_certificate) &&
	    report->peer_verified == flags->verify_fail)
		return wrong("verified", report->peer_verified, !flags->verify_fail);
	return !flags->expect_peer_cert_file || same_chain(report, flags->expect_peer_cert_file);
}

/* A session does not keep what was stapled. */
static bool staples(const struct connection *c, const struct bj_tls_report *report)
{
	const struct flag_bytes *ocsp = &c->flags->expect_ocsp, *scts = &c->flags->expect_scts;

	if (report->resumed)
		return true;
	if (ocsp->is_set && !bytes_equal(bytes_of(ocsp->bytes, ocsp->len), report->ocsp_response))
		return wrong("bytes of the OCSP response", (long)report->ocsp_response.len, (long)ocsp->len);
	if (scts->is_set && !bytes_equal(bytes_of(scts->bytes, scts->len), report->sct_list))
		return wrong("bytes of the timestamps", (long)report->sct_list.len, (long)scts->len);
	return true;
}

static bool verify_prefs(const struct connection *c)
{
	const struct flag_list *want = &c->flags->expect_peer_verify_prefs;

	if (!want->is_set)
		return true;
	if (c->seen->schemes_len != 2 * want->count)
		return wrong("signature algorithms of the peer", (long)c->seen->schemes_len / 2, (long)want->count);
	for (size_t i = 0; i < want->count; i++) {
		unsigned got = (unsigned)(c->seen->schemes[2 * i] << 8 | c->seen->schemes[2 * i + 1]);

		if (got != want->codes[i])
			return wrong("signature algorithm of the peer", got, want->codes[i]);
	}
	return true;
}

static bool ech_names(const struct connection *c, const struct bj_tls_report *report)
{
	const struct flags *flags = c->flags;

	if (flags->expect_ech_name_override && !text("public name", flags->expect_ech_name_override, bytes_text(report->ech_public_name)))
		return false;
	return !flags->expect_no_ech_name_override || !report->ech_public_name || text("public name", "", bytes_text(report->ech_public_name));
}

bool checks_verify(const struct connection *c)
{
	struct bj_tls_report report;

	bj_tls_report(c->tls, &report);
	return ech_names(c, &report);
}

bool checks_rejected(const struct connection *c)
{
	const struct flag_bytes *want = &c->flags->expect_ech_retry_configs;
	struct bj_tls_report report;

	bj_tls_report(c->tls, &report);
	if (report.err != BJ_ERR_ECH_REJECTED)
		return true;
	if (want->is_set && !bytes_equal(bytes_of(want->bytes, want->len), report.ech_retry_configs))
		return wrong("bytes of the configurations to retry with", (long)report.ech_retry_configs.len, (long)want->len);
	if (c->flags->expect_no_ech_retry_configs && report.ech_retry_configs.len > 0)
		return wrong("bytes of the configurations to retry with", (long)report.ech_retry_configs.len, 0);
	return true;
}

static bool request(const struct connection *c)
{
	const struct flag_bytes *types = &c->flags->expect_certificate_types;

	if (c->flags->expect_client_ca_list && !text("authorities", c->flags->expect_client_ca_list, bytes_text(c->seen->authorities)))
		return false;
	return !types->is_set || bytes_equal(bytes_of(types->bytes, types->len), bytes_of(c->seen->types, c->seen->types_len)) ||
	       wrong("certificate types", (long)c->seen->types_len, (long)types->len);
}

/* The runner's words for what became of early data. */
static const char *early_words(enum bj_tls_early early)
{
	static const char *const words[] = {
		[BJ_TLS_EARLY_OFF] = "disabled",
		[BJ_TLS_EARLY_NOT_OFFERED] = "peer_declined",
		[BJ_TLS_EARLY_OFFERED] = "unknown",
		[BJ_TLS_EARLY_ACCEPTED] = "accept",
		[BJ_TLS_EARLY_VERSION] = "protocol_version",
		[BJ_TLS_EARLY_NO_SESSION] = "no_session_offered",
		[BJ_TLS_EARLY_SESSION] = "unsupported_for_session",
		[BJ_TLS_EARLY_NOT_RESUMED] = "session_not_resumed",
		[BJ_TLS_EARLY_RETRY] = "hello_retry_request",
		[BJ_TLS_EARLY_SUITE] = "suite",
		[BJ_TLS_EARLY_ALPN] = "alpn_mismatch",
		[BJ_TLS_EARLY_AGE] = "ticket_age_skew",
		[BJ_TLS_EARLY_REPLAYED] = "replayed",
		[BJ_TLS_EARLY_REFUSED] = "peer_declined",
	};

	return words[early];
}

static bool early(const struct connection *c, const struct bj_tls_report *report, bool is_resumption)
{
	const struct flags *flags = c->flags;
	bool accepted = report->early_data == BJ_TLS_EARLY_ACCEPTED;
	int skew_s = report->age_skew_ms / 1000;

	if ((flags->expect_accept_early_data && !accepted) || (flags->expect_reject_early_data && accepted))
		return wrong("early data was accepted", accepted, !accepted);
	if (flags->expect_early_data_reason && !text("reason of early data", flags->expect_early_data_reason, bytes_text(early_words(report->early_data))))
		return false;
	return !is_resumption || number("difference of the ages", flags->expect_ticket_age_skew_s, skew_s);
}

bool checks_session(const struct connection *c, struct bj_bytes session)
{
	struct session s;
	bool got;

	if (session_load(session, &s) != BJ_OK)
		return wrong("the session can be read", 0, 1);
	got = s.early_max > 0;
	session_fini(&s);
	return got == c->flags->expect_ticket_early_data || wrong("the session allows early data", got, !got);
}

static bool quic_params(const struct connection *c)
{
	const struct flag_bytes *want = &c->flags->expect_quic_params;
	struct bj_bytes got = bj_tls_quic_peer_params(c->tls);

	if (want->is_set && !bytes_equal(got, bytes_of(want->bytes, want->len)))
		return wrong("bytes of the parameters of QUIC", (long)got.len, (long)want->len);
	return true;
}

bool checks_handshake(const struct connection *c, bool is_resumption)
{
	const struct flags *flags = c->flags;
	struct bj_tls_report report;

	bj_tls_report(c->tls, &report);
	if (!negotiated(c, &report) || !sessions(c, &report, is_resumption) || !names(c, &report) || !peer(c, &report) || !staples(c, &report) || !verify_prefs(c) ||
	    !quic_params(c))
		return false;
	if (flags->expect_ech_accept != (report.ech == BJ_TLS_ECH_ACCEPTED) && (flags->expect_ech_accept || flags->ech_list.is_set))
		return wrong("Encrypted ClientHello", report.ech, BJ_TLS_ECH_ACCEPTED);
	if (!request(c) || !early(c, &report, is_resumption))
		return false;
	if (flags->handshake_never_done && report.handshake_done)
		return wrong("handshake done", 1, 0);
	if ((flags->expect_hrr && !report.retried) || (flags->expect_no_hrr && report.retried))
		return wrong("retried", report.retried, flags->expect_hrr);
	if (flags->has_expect_selected_credential) {
		int got = setup_credential_number(c->config, flags, c->seen->credential, report.psk_identity);

		if (got != flags->expect_selected_credential)
			return wrong("credential", got, flags->expect_selected_credential);
	}
	return true;
}

bool checks_end(const struct connection *c)
{
	const struct flags *flags = c->flags;

	if (flags->expect_msg_callback && strcmp(flags->expect_msg_callback, c->seen->text) != 0) {
		fprintf(stderr, "the trace of messages is wrong; want:\n%s\ngot:\n%s\n", flags->expect_msg_callback, c->seen->text);
		return false;
	}
	return true;
}
