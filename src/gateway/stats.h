/* stats.h - what a worker counts. One writer each, in its own cache lines; whoever reads adds up the workers.
 *
 * Names and words of the metrics that are made of this: docs/metrics.md.
 */
#ifndef GATEWAY_STATS_H
#define GATEWAY_STATS_H

#include <stdatomic.h>

#include <bojagi/base.h>

/* Only its owner adds; anybody may read. */
struct stat_cell {
	_Atomic uint64_t value;
};

static inline void stat_add(struct stat_cell *s, uint64_t n)
{
	atomic_store_explicit(&s->value, atomic_load_explicit(&s->value, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline void stat_sub(struct stat_cell *s, uint64_t n)
{
	atomic_store_explicit(&s->value, atomic_load_explicit(&s->value, memory_order_relaxed) - n, memory_order_relaxed);
}

static inline uint64_t stat_get(const struct stat_cell *s)
{
	return atomic_load_explicit(&s->value, memory_order_relaxed);
}

/* Seconds: .0005 .001 .0025 .005 .01 .025 .05 .1 .25 .5 1 2.5 5 10 and above. */
#define HISTOGRAM_BUCKETS 15
struct histogram {
	struct stat_cell buckets[HISTOGRAM_BUCKETS];
	struct stat_cell sum_us;
};
extern const double histogram_bounds[HISTOGRAM_BUCKETS - 1];
void histogram_add(struct histogram *h, int64_t us);

/* How a TLS handshake ended. */
enum handshake_result {
	HANDSHAKE_SUCCESS = 0,
	HANDSHAKE_CERTIFICATE_VERIFICATION_FAILED,
	HANDSHAKE_CERTIFICATE_REVOKED,
	HANDSHAKE_CERTIFICATE_EXPIRED,
	HANDSHAKE_CERTIFICATE_NOT_YET_VALID,
	HANDSHAKE_CERTIFICATE_AUTHORITY_INVALID,
	HANDSHAKE_CERTIFICATE_HOSTNAME_MISMATCH,
	HANDSHAKE_CERTIFICATE_MALFORMED,
	HANDSHAKE_CIPHER_SUITE_MISMATCH,
	HANDSHAKE_PROTOCOL_VERSION_UNSUPPORTED,
	HANDSHAKE_INAPPROPRIATE_FALLBACK,
	HANDSHAKE_NO_APPLICATION_PROTOCOL,
	HANDSHAKE_SIGNATURE_VERIFICATION_FAILED,
	HANDSHAKE_DECRYPTION_FAILED,
	HANDSHAKE_KEY_EXCHANGE_FAILURE,
	HANDSHAKE_UNEXPECTED_MESSAGE,
	HANDSHAKE_TIMEOUT,
	HANDSHAKE_PEER_CONNECTION_CLOSED,
	HANDSHAKE_CLIENT_CERTIFICATE_MISSING,
	HANDSHAKE_NOT_TLS,
	HANDSHAKE_UNKNOWN_FAILURE,
	HANDSHAKE_RESULT_COUNT,
};
const char *handshake_result_name(enum handshake_result result);
enum handshake_result handshake_result_of(enum bj_err err);

/* Towards clients, or towards servers. */
enum stat_side {
	SIDE_FRONTEND = 0,
	SIDE_BACKEND,
	SIDE_COUNT,
};

#define STATS_NEGOTIATED_MAX 64 /* kinds of connections that are told apart; others are not counted by kind */
struct stat_negotiated {
	_Atomic uint32_t version_suite; /* version << 16 | suite; 0: free */
	uint32_t group;
	char alpn[16];
	struct stat_cell count;
};

#define STATS_METHODS 10 /* enum http_method */
#define STATS_STATUS_MIN 100
#define STATS_STATUS_COUNT 500

struct tls_stats {
	struct histogram handshake[2][2]; /* [resumed][version is 1.3] */
	struct stat_cell results[HANDSHAKE_RESULT_COUNT];
	struct stat_cell in_progress;
	struct stat_cell alerts_sent[128], alerts_received[128]; /* by description; above 127: 127 */
	struct stat_cell bytes_encrypted, bytes_decrypted;       /* plaintext of connections that have ended */
	struct stat_cell records_sent, records_received;
	struct stat_negotiated negotiated[STATS_NEGOTIATED_MAX];
};

struct stats {
	_Alignas(64) struct stat_cell connections_open;
	struct stat_cell connections_opened;
	struct stat_cell connections_refused;     /* by a limit or a rule */
	struct stat_cell connections_closed[6];   /* enum close_reason */
	struct stat_cell requests;
	struct stat_cell requests_open;
	struct stat_cell responses[STATS_METHODS][STATS_STATUS_COUNT];
	struct histogram request_duration;
	struct stat_cell bytes_in, bytes_out;     /* of bodies, towards clients */
	struct stat_cell retries, retries_refused;
	struct stat_cell upstream_connects, upstream_reused, upstream_failures;
	struct stat_cell flows_open, datagrams_in, datagrams_out;
	struct stat_cell log_lines_lost;
	struct stat_cell log_handshakes_left_out; /* by the limit of access_log.h */
	struct tls_stats tls[SIDE_COUNT];
};

enum close_reason {
	CLOSE_FIN = 0,
	CLOSE_RST,
	CLOSE_TIMEOUT,
	CLOSE_IDLE,
	CLOSE_LIMIT,
	CLOSE_ERROR,
};
const char *close_reason_name(enum close_reason reason);

struct bj_tls;
/* Counts the end of a handshake: `err` BJ_OK for success. */
void stats_handshake(struct tls_stats *stats, const struct bj_tls *conn, enum handshake_result result, int64_t duration_us);
/* Counts what a connection carried, when it ends. */
void stats_connection_end(struct tls_stats *stats, const struct bj_tls *conn);

#endif
