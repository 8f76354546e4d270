/* config.h - the frozen configuration that the running gateway uses: plain values, checked, never changed.
 *
 * Made by conf_load() from a file, shared by reference count; a request keeps the snapshot that it began with and the last
 * reference frees everything in it. Everything that a snapshot points to lives exactly as long as the snapshot. Pools, tls
 * blocks and shared things are linked by pointer into the same snapshot. Texts are NUL-terminated and never null unless it
 * says so; lists have their count beside them. Durations are in milliseconds, sizes in bytes; every default is already filled
 * in.
 *
 * Certificates, keys and anchors are loaded while the file is checked, so that a snapshot which exists can be used. What the
 * runtime makes of them (struct bj_tls_config) is the runtime's.
 */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include <stdatomic.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include <bojagi/tcpip.h>
#include <bojagi/tls.h>
#include <bojagi/x509.h>

#define CONF_WORKERS_MAX 256
#define CONF_LISTENERS_MAX 256
#define CONF_POOLS_MAX 1024
#define CONF_SERVERS_MAX 1024  /* in one pool (POOL_SERVER_MAX) */
#define CONF_ROUTES_MAX 1024   /* in one listener */
#define CONF_WEIGHT_MAX 256
#define CONF_NO_LIMIT 0        /* for limits where nothing is said */

/* Where something stands in the file, for logs: "required by bojagi.conf:17". */
struct conf_place {
	unsigned line; /* from 1 */
	unsigned column;
};

/* An address with a port. `text` is as written; listeners given as ":443" have an unspecified IPv6 address that takes IPv4 too. */
struct conf_address {
	const char *text;
	socklen_t len;
	struct sockaddr_storage sockaddr;
};

/* A network, such as 10.0.0.0/8; IPv4 stands as it is (4 bytes), not mapped into IPv6. */
struct conf_network {
	uint8_t family_len;   /* 4 or 16: how many bytes of `bytes` there are */
	uint8_t prefix_bits;
	uint8_t bytes[16];    /* host bits are zero */
};

enum conf_log_format {
	CONF_LOG_TEXT = 0,
	CONF_LOG_JSON,
};
enum conf_log_target {
	CONF_LOG_STDERR = 0,
	CONF_LOG_STDOUT,
	CONF_LOG_FILE,
	CONF_LOG_OFF,
};
struct conf_log {
	enum conf_log_target target;
	enum conf_log_format format;
	const char *file; /* absolute or relative to the working directory, already resolved; null unless CONF_LOG_FILE */
};

/* ---- tls NAME { ... } */
struct conf_tls {
	const char *name;
	struct conf_place place;
	const char *profile;                    /* "intermediate" or "modern" */
	enum bj_tls_version version_min, version_max;
	const char *const *alpn;                /* in order of preference; "http/1.1" for protocol http unless said otherwise */
	size_t alpn_count;
	const uint16_t *compressions;           /* of certificates, in order of preference */
	size_t compression_count;
	struct bj_credential *const *credentials; /* the first is the default where no server name fits */
	size_t credential_count;
	enum bj_tls_client_auth client_auth;
	struct bj_trust *client_trust;          /* null when client_auth is none */
	size_t session_cache_entries;           /* TLS 1.2 ids; 0: none */
	unsigned session_timeout_s;
	unsigned tickets;                       /* tickets after a full handshake; 0: off */
	unsigned ticket_rotate_s;
	unsigned ticket_keep;
	const char *keylog_file;                /* null: none */
};

/* ---- route ... { ... } */
enum conf_match_kind {
	CONF_MATCH_HOST = 1,  /* value: a lower-case name, or "*.name" for exactly the names below it */
	CONF_MATCH_PATH,      /* value: the path itself and all below it, by segment; see uri_path_under() */
	CONF_MATCH_PATH_EXACT,
	CONF_MATCH_HEADER,    /* name, and value or null for "is there" */
	CONF_MATCH_COOKIE,    /* name, and value or null */
	CONF_MATCH_METHOD,    /* value */
	CONF_MATCH_CLIENT_CERTIFICATE,     /* a verified one is there */
	CONF_MATCH_NO_CLIENT_CERTIFICATE,
	CONF_MATCH_CLIENT_SAN, /* value: a DNS name or "*.name", found in the verified certificate's subject alternative names */
};
struct conf_match {
	enum conf_match_kind kind;
	const char *name;  /* header, cookie */
	const char *value; /* may be null, see above */
};
enum conf_action {
	CONF_ACTION_POOL = 1,
	CONF_ACTION_REJECT,
};
struct conf_route {
	struct conf_place place;
	const struct conf_match *matches; /* all must hold; none: everything */
	size_t match_count;
	bool require_client_certificate;  /* a matching request without a verified certificate is refused with 403 */
	const char *const *require_sans;  /* if any: one of them must be in the certificate; same form as CONF_MATCH_CLIENT_SAN */
	size_t require_san_count;
	enum conf_action action;
	struct conf_pool *pool;           /* CONF_ACTION_POOL */
	unsigned status;                  /* CONF_ACTION_REJECT: 400..599, 403 by default; L4 just closes */
};

/* ---- listener NAME [DEVICE] ADDRESS { ... } */
enum conf_protocol {
	CONF_HTTP = 1,
	CONF_TCP,
	CONF_UDP,
};
struct conf_limits {
	size_t header_size;                  /* request line and fields together; default 32k */
	size_t header_count;                 /* default 100 */
	unsigned header_time_ms;             /* from the first byte (or accept) to the end of the head; default 10 s */
	unsigned handshake_time_ms;          /* TLS handshake; default 10 s */
	unsigned idle_time_ms;               /* between requests; L4: no byte either way; default 60 s */
	unsigned body_time_ms;               /* between two reads of a body; default 30 s */
	uint64_t body;                       /* default CONF_NO_LIMIT */
	size_t connections;                  /* on this listener at once; default CONF_NO_LIMIT */
	size_t connections_per_client;       /* by address; default CONF_NO_LIMIT */
	unsigned requests_per_client_per_min; /* by address; default CONF_NO_LIMIT */
	unsigned requests_per_client_burst;  /* default: those of a second, at least one */
};
struct conf_listener {
	const char *name;
	struct conf_place place;
	enum conf_protocol protocol;
	struct conf_address address;
	const char *device;                  /* null: the kernel's sockets; otherwise our own TCP/IP on this interface */
	unsigned network_bits;               /* of the device: who is reached directly; 0: the usual */
	const struct conf_address *gateway;  /* of the device, or null; its port says nothing */
	bool no_offload;                     /* of the device */
	enum bj_congestion congestion;       /* of our own TCP */
	const struct conf_tls *tls;          /* null: none */
	struct conf_limits limits;
	const struct conf_network *deny;
	size_t deny_count;
	const struct conf_network *trusted_proxies;
	size_t trusted_proxy_count;
	const struct conf_route *routes;     /* in order of the file; the first that matches is taken */
	size_t route_count;
	struct conf_route otherwise;         /* always there; without one in the file: reject 404 */
	unsigned flow_idle_ms;               /* udp: a flow ends after this long without a datagram; default 30 s */
};

/* ---- pool NAME { ... } */
enum conf_balance {
	CONF_ROUND_ROBIN = 0,
	CONF_WEIGHTED_ROUND_ROBIN,
	CONF_LEAST_CONNECTIONS,
	CONF_IP_HASH,
	CONF_RANDOM_TWO,
	CONF_PEAK_EWMA,
	CONF_MAGLEV,
	CONF_RING_HASH,
};
struct conf_server {
	const char *name;
	struct conf_place place;
	struct conf_address address;
	const char *host; /* the address without its port, as written; "localhost" for a unix socket */
	const char *authority; /* the same with its port: the Host of requests that have none */
	unsigned weight;  /* 1..CONF_WEIGHT_MAX, default 1; 0: gets nothing new */
	bool backup;      /* used only when no other server can be */
};
struct conf_pool_tls {
	struct bj_trust *trust;            /* null only with insecure_no_verify */
	struct bj_credential *credential;  /* null: none is shown */
	const char *name;                  /* the name that the certificate must have and that is sent as server name; null: the
	                                      server's host */
	bool insecure_no_verify;
};
struct conf_pool {
	const char *name;
	struct conf_place place;
	size_t index;                      /* its number in the snapshot, from 0 */
	enum conf_balance balance;
	const struct conf_server *servers;
	size_t server_count;
	bool eject;                        /* passive failure detection; on by default */
	unsigned eject_errors;             /* in a row; default 5 */
	unsigned eject_for_ms;             /* default 30 s */
	unsigned eject_at_most_percent;    /* of the pool; default 50 */
	unsigned retries;                  /* after the first try; default 1 */
	unsigned retry_budget_percent;     /* of requests; default 20 */
	unsigned slow_start_ms;            /* 0: none */
	const struct conf_pool_tls *tls;   /* null: plain */
	size_t keepalive;                  /* idle connections kept per worker; default 64, 0: none */
	unsigned keepalive_time_ms;        /* how long an idle one is kept; default 60 s */
	unsigned connect_time_ms;          /* TCP and TLS to a server; default 5 s */
	unsigned response_time_ms;         /* from the end of the request to the response's head; default 60 s */
	unsigned idle_time_ms;             /* between two reads of a response, and tunnels without a byte; default 300 s */
};

/* A file whose change has the configuration loaded again. */
struct conf_watch {
	const char *path;
	const struct conf_watch *next;
};

struct conf_snapshot {
	atomic_uint refs;
	const char *path;                  /* the file's name as given */
	unsigned workers;                  /* 0: one per core */
	bool has_admin;
	struct conf_address admin;
	struct conf_log access_log;        /* without one in the file: text to stderr */
	const struct conf_tls *tls;
	size_t tls_count;
	const struct conf_listener *listeners;
	size_t listener_count;
	struct conf_pool *pools;
	size_t pool_count;
	const struct conf_watch *watches;
	uint64_t generation;               /* set by the owner: counts reloads */
	void *memory;                      /* conf_free()'s own */
};

struct conf_report; /* conf_report.h */

/* Reads, checks and freezes a file. Success gives a snapshot with one reference, and the report may hold warnings. A failure
 * (BJ_ERR_SYNTAX for whatever is wrong in the file, BJ_ERR_FILE_* when it cannot be read, BJ_ERR_NO_MEMORY) leaves `out` alone
 * and the report says all. The report is the caller's: conf_report_new(), conf_report_free(). */
enum bj_err conf_load(const char *path, struct conf_report *report, struct conf_snapshot **out) BJ_MUST_USE;

struct conf_snapshot *conf_ref(struct conf_snapshot *snapshot);
/* Drops a reference from any thread; the last one frees. Takes null. */
void conf_unref(struct conf_snapshot *snapshot);

/* Whether an address is in one of the networks. IPv6-mapped IPv4 addresses are judged as IPv4. */
bool conf_networks_have(const struct conf_network *networks, size_t count, const struct sockaddr *address);

#endif
