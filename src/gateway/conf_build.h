/* conf_build.h - from statements to a snapshot: what the files conf_build*.c and conf_lint.c share while one is made. */
#ifndef GATEWAY_CONF_BUILD_H
#define GATEWAY_CONF_BUILD_H

#include "gateway/conf_schema.h"
#include "gateway/conf_value.h"
#include "gateway/conf_world.h"

/* What a snapshot owns besides its memory; snapshot->memory points here. */
struct conf_holding {
	struct bj_credential *credential; /* one of the two */
	struct bj_trust *trust;
	struct conf_holding *next;
};
struct conf_owned {
	struct conf_memory memory;
	struct conf_holding *holdings;
	void (*credential_free)(struct bj_credential *credential);
	void (*trust_free)(struct bj_trust *trust);
};

/* The things of the snapshot, each with the statement that it came from. */
struct conf_tls_made {
	struct conf_tls *tls;
	const struct conf_node *node;
	struct bj_credential **credentials;
	bool broken; /* a certificate could not be loaded: nothing is said about which hosts are covered */
	bool has_profile_modern, has_versions;
	const struct conf_node *client_auth_node;
	enum bj_revocation revocation; /* of clients, where there are lists */
	struct bj_crls *crls;          /* while the block is read */
	bool used;
};
struct conf_pool_made {
	struct conf_pool *pool;
	struct conf_server *servers;
	const struct conf_node **server_nodes;
	const struct conf_node *node;
	bool broken; /* a server's statement is malformed: nothing is said about how many there are */
	bool used;
};
struct conf_listener_made {
	struct conf_listener *listener;
	struct conf_route *routes;
	const struct conf_node **route_nodes;
	const struct conf_node *node;
	const struct conf_node *flow_idle_node;
	const struct conf_node *carrier_node;
	const struct conf_word *device_word, *address_word;
	bool carrier_is_ours;
	const struct conf_node *limits_node;
	const struct conf_node *tls_node;
	const struct conf_node *trusted_node;
	const struct conf_node *otherwise_node; /* or `pool` in its place */
	struct conf_tls_made *tls;
	bool wants_client_certificate;          /* somewhere in its routes */
	const struct conf_node *client_certificate_node;
};

struct conf_build {
	const struct conf_world *world;
	struct conf_report *report;
	struct conf_owned *owned;
	struct conf_snapshot *snapshot;
	const struct conf_node *admin_node;
	const char *folder; /* of the file, with a final '/', or "" */
	struct conf_listener_made *at_listener; /* the one whose block is being read */
	struct conf_tls_made *tls;
	struct conf_pool_made *pools;
	struct conf_listener_made *listeners;
	size_t tls_count, pool_count, listener_count;
};

/* ---- conf_build.c */
/* Everything that the statements below `first` say, into `object`. */
void conf_build_block(struct conf_build *build, const struct conf_node *first, void *object);
/* A copy in the snapshot's memory; never null (without memory the build is marked failed and "" comes back). */
const char *conf_build_text(struct conf_build *build, struct bj_bytes text);
/* The same as the name of a file, relative to the configuration's folder. */
const char *conf_build_path(struct conf_build *build, const struct conf_word *word);
/* The word behind `keyword`, or null. */
const struct conf_word *conf_option(const struct conf_node *node, const char *keyword);
/* A number within limits, else a problem and false. */
bool conf_take_number(struct conf_build *build, const struct conf_word *word, uint64_t min, uint64_t max, uint64_t *out);
/* A time in milliseconds; zero is warned about when `zero_is_unlimited`. */
void conf_take_time(struct conf_build *build, const struct conf_node *node, const struct conf_word *word, bool zero_is_unlimited,
		    unsigned *out_ms);
size_t conf_count(const struct conf_node *first, const char *name);
/* The block of that name, or null and a problem. */
struct conf_tls_made *conf_tls_named(struct conf_build *build, const struct conf_word *word);
struct conf_pool_made *conf_pool_named(struct conf_build *build, const struct conf_word *word);
struct conf_place conf_node_place(const struct conf_build *build, const struct conf_node *node);
/* Says that a file named by `word` cannot be used; errno is as its reading left it, or zero. */
void conf_file_problem(struct conf_build *build, enum conf_rule_id rule, const struct conf_word *word, const char *path, enum bj_err err);
/* Adds the anchors of a file (null: the system's) to `*trust`, which may be null before. */
void conf_build_trust(struct conf_build *build, const struct conf_word *word, struct bj_trust **trust);
struct bj_credential *conf_build_credential(struct conf_build *build, const struct conf_node *node);

conf_take_fn conf_take_workers, conf_take_admin, conf_take_log, conf_take_log_file, conf_take_log_format;

/* ---- conf_build_tls.c */
conf_take_fn conf_take_tls, conf_take_certificate, conf_take_profile, conf_take_versions, conf_take_alpn, conf_take_compression, conf_take_block,
	conf_take_cache, conf_take_session_timeout, conf_take_tickets, conf_take_client_certificate, conf_take_client_ca,
	conf_take_keylog;
/* ---- conf_build_revocation.c */
conf_take_fn conf_take_ocsp, conf_take_client_crl, conf_take_revocation;
/* Once their block is read: staples, and lists where they are looked into. */
void conf_build_staples(struct conf_build *build, struct conf_tls_made *made);
void conf_build_crls(struct conf_build *build, struct conf_tls_made *made);
/* The configuration is loaded again when this file changes. */
void conf_build_watch(struct conf_build *build, const char *path);

/* ---- conf_build_listener.c */
conf_take_fn conf_take_listener, conf_take_protocol, conf_take_listener_tls, conf_take_limits, conf_take_limit_size,
	conf_take_limit_count, conf_take_limit_time, conf_take_limit_rate, conf_take_deny, conf_take_trusted,
	conf_take_proxy_protocol, conf_take_flow_idle, conf_take_carrier, conf_take_route, conf_take_otherwise, conf_take_listener_pool,
	conf_take_require, conf_take_route_pool, conf_take_reject;

/* ---- conf_build_pool.c */
conf_take_fn conf_take_pool, conf_take_balance, conf_take_eject, conf_take_eject_errors, conf_take_eject_for,
	conf_take_eject_at_most, conf_take_retries, conf_take_slow_start, conf_take_pool_tls, conf_take_pool_ca, conf_take_pool_name,
	conf_take_pool_certificate, conf_take_pool_insecure, conf_take_keepalive, conf_take_timeout, conf_take_server;

/* ---- conf_lint.c: what is wrong or odd about the whole */
void conf_lint(struct conf_build *build);

#endif
