/* stats.c - see stats.h. */
#include <string.h>

#include <bojagi/tls.h>

#include "base/bytes.h"
#include "gateway/stats.h"

const double histogram_bounds[HISTOGRAM_BUCKETS - 1] = { .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10 };
static const int64_t bounds_us[HISTOGRAM_BUCKETS - 1] = {
	500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

void histogram_add(struct histogram *h, int64_t us)
{
	size_t i = 0;

	while (i < HISTOGRAM_BUCKETS - 1 && us > bounds_us[i])
		i++;
	stat_add(&h->buckets[i], 1);
	stat_add(&h->sum_us, us > 0 ? (uint64_t)us : 0);
}

const char *handshake_result_name(enum handshake_result result)
{
	static const char *const names[HANDSHAKE_RESULT_COUNT] = {
		[HANDSHAKE_SUCCESS] = "success",
		[HANDSHAKE_CERTIFICATE_VERIFICATION_FAILED] = "certificate_verification_failed",
		[HANDSHAKE_CERTIFICATE_REVOKED] = "certificate_revoked",
		[HANDSHAKE_CERTIFICATE_EXPIRED] = "certificate_expired",
		[HANDSHAKE_CERTIFICATE_NOT_YET_VALID] = "certificate_not_yet_valid",
		[HANDSHAKE_CERTIFICATE_AUTHORITY_INVALID] = "certificate_authority_invalid",
		[HANDSHAKE_CERTIFICATE_HOSTNAME_MISMATCH] = "certificate_hostname_mismatch",
		[HANDSHAKE_CERTIFICATE_MALFORMED] = "certificate_malformed",
		[HANDSHAKE_CIPHER_SUITE_MISMATCH] = "cipher_suite_mismatch",
		[HANDSHAKE_PROTOCOL_VERSION_UNSUPPORTED] = "protocol_version_unsupported",
		[HANDSHAKE_INAPPROPRIATE_FALLBACK] = "inappropriate_fallback",
		[HANDSHAKE_NO_APPLICATION_PROTOCOL] = "no_application_protocol",
		[HANDSHAKE_SIGNATURE_VERIFICATION_FAILED] = "signature_verification_failed",
		[HANDSHAKE_DECRYPTION_FAILED] = "decryption_failed",
		[HANDSHAKE_KEY_EXCHANGE_FAILURE] = "key_exchange_failure",
		[HANDSHAKE_UNEXPECTED_MESSAGE] = "unexpected_message",
		[HANDSHAKE_TIMEOUT] = "handshake_timeout",
		[HANDSHAKE_PEER_CONNECTION_CLOSED] = "peer_connection_closed",
		[HANDSHAKE_CLIENT_CERTIFICATE_MISSING] = "client_certificate_missing",
		[HANDSHAKE_NOT_TLS] = "not_tls",
		[HANDSHAKE_UNKNOWN_FAILURE] = "unknown_failure",
	};

	return names[result];
}

enum handshake_result handshake_result_of(enum bj_err err)
{
	switch (err) {
	case BJ_OK:
		return HANDSHAKE_SUCCESS;
	case BJ_ERR_CERT_REVOKED:
		return HANDSHAKE_CERTIFICATE_REVOKED;
	case BJ_ERR_CERT_EXPIRED:
		return HANDSHAKE_CERTIFICATE_EXPIRED;
	case BJ_ERR_CERT_NOT_YET_VALID:
		return HANDSHAKE_CERTIFICATE_NOT_YET_VALID;
	case BJ_ERR_CERT_UNKNOWN_CA:
	case BJ_ERR_CERT_SELF_SIGNED:
		return HANDSHAKE_CERTIFICATE_AUTHORITY_INVALID;
	case BJ_ERR_CERT_NAME:
	case BJ_ERR_CERT_NO_NAMES:
		return HANDSHAKE_CERTIFICATE_HOSTNAME_MISMATCH;
	case BJ_ERR_CERT_DER:
	case BJ_ERR_CERT_VERSION:
	case BJ_ERR_CERT_SERIAL:
	case BJ_ERR_CERT_EXTENSION:
	case BJ_ERR_CERT_TIME:
	case BJ_ERR_CERT_NAME_FORM:
		return HANDSHAKE_CERTIFICATE_MALFORMED;
	case BJ_ERR_NO_COMMON_SUITE:
	case BJ_ERR_NO_COMMON_SIGNATURE:
	case BJ_ERR_NO_COMMON_CERTIFICATE_TYPE:
		return HANDSHAKE_CIPHER_SUITE_MISMATCH;
	case BJ_ERR_BAD_VERSION:
		return HANDSHAKE_PROTOCOL_VERSION_UNSUPPORTED;
	case BJ_ERR_INAPPROPRIATE_FALLBACK:
		return HANDSHAKE_INAPPROPRIATE_FALLBACK;
	case BJ_ERR_NO_ALPN:
		return HANDSHAKE_NO_APPLICATION_PROTOCOL;
	case BJ_ERR_BAD_SIGNATURE:
		return HANDSHAKE_SIGNATURE_VERIFICATION_FAILED;
	case BJ_ERR_BAD_RECORD_MAC:
	case BJ_ERR_BAD_FINISHED:
	case BJ_ERR_BAD_BINDER:
		return HANDSHAKE_DECRYPTION_FAILED;
	case BJ_ERR_NO_COMMON_GROUP:
	case BJ_ERR_BAD_KEY_SHARE:
		return HANDSHAKE_KEY_EXCHANGE_FAILURE;
	case BJ_ERR_UNEXPECTED_MESSAGE:
	case BJ_ERR_DECODE:
		return HANDSHAKE_UNEXPECTED_MESSAGE;
	case BJ_ERR_IO_TIMEOUT:
		return HANDSHAKE_TIMEOUT;
	case BJ_ERR_TRUNCATED:
	case BJ_ERR_IO_RESET:
	case BJ_ERR_CLOSED:
		return HANDSHAKE_PEER_CONNECTION_CLOSED;
	case BJ_ERR_CERTIFICATE_REQUIRED:
		return HANDSHAKE_CLIENT_CERTIFICATE_MISSING;
	case BJ_ERR_NOT_TLS:
		return HANDSHAKE_NOT_TLS;
	default:
		return err >= BJ_ERR_CERT_DER && err <= BJ_ERR_CERT_STAPLE_MISSING ? HANDSHAKE_CERTIFICATE_VERIFICATION_FAILED :
										    HANDSHAKE_UNKNOWN_FAILURE;
	}
}

const char *close_reason_name(enum close_reason reason)
{
	static const char *const names[] = { "fin", "rst", "timeout", "idle", "limit", "error" };

	return names[reason];
}

static size_t alert_slot(int alert)
{
	return alert > 127 ? 127 : (size_t)alert;
}

static void count_kind(struct tls_stats *stats, const struct bj_tls_report *report)
{
	uint32_t kind = (uint32_t)report->version << 16 | report->suite;
	char alpn[16] = "";

	if (report->alpn.len < sizeof(alpn))
		bytes_copy(alpn, report->alpn.ptr, report->alpn.len);
	for (size_t i = 0; i < STATS_NEGOTIATED_MAX; i++) {
		struct stat_negotiated *n = &stats->negotiated[i];
		uint32_t have = atomic_load_explicit(&n->version_suite, memory_order_relaxed);

		if (have == 0) {
			n->group = report->group;
			memcpy(n->alpn, alpn, sizeof(alpn));
			atomic_store_explicit(&n->version_suite, kind, memory_order_release);
			have = kind;
		}
		if (have == kind && n->group == report->group && strcmp(n->alpn, alpn) == 0) {
			stat_add(&n->count, 1);
			return;
		}
	}
}

void stats_handshake(struct tls_stats *stats, const struct bj_tls *conn, enum handshake_result result, int64_t duration_us)
{
	struct bj_tls_report report;

	stat_add(&stats->results[result], 1);
	bj_tls_report(conn, &report);
	if (report.alert_sent >= 0)
		stat_add(&stats->alerts_sent[alert_slot(report.alert_sent)], 1);
	if (report.alert_received >= 0)
		stat_add(&stats->alerts_received[alert_slot(report.alert_received)], 1);
	if (result != HANDSHAKE_SUCCESS)
		return;
	histogram_add(&stats->handshake[report.resumed][report.version == BJ_TLS_1_3], duration_us);
	count_kind(stats, &report);
}

void stats_connection_end(struct tls_stats *stats, const struct bj_tls *conn)
{
	struct bj_tls_report report;

	bj_tls_report(conn, &report);
	stat_add(&stats->bytes_encrypted, report.bytes_out);
	stat_add(&stats->bytes_decrypted, report.bytes_in);
	stat_add(&stats->records_sent, report.records_out);
	stat_add(&stats->records_received, report.records_in);
}
