/* runtime.c - see runtime.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/check.h"
#include "gateway/runtime.h"
#include "http/field.h"

_Static_assert(CONF_SERVERS_MAX == POOL_SERVER_MAX, "what the configuration allows can be run");

#define ARENA_OWN ((size_t)24 * 1024) /* what the gateway adds to a head: forwarded fields, a certificate */
#define HEADER_COUNT_MIN 256          /* of responses */
#define ARENA_MIN ((size_t)64 * 1024) /* responses are bounded by this even where requests are smaller */

struct addr addr_of_conf(const struct conf_address *address)
{
	struct addr a = { .len = address->len };

	check(address->len <= sizeof(a.sa));
	memcpy(&a.sa, &address->sockaddr, address->len);
	return a;
}

bool runtime_server_is_up(const struct runtime *rt, size_t server, int64_t now_ms)
{
	for (unsigned i = 0; i < rt->worker_count; i++) {
		const struct server_stats *s = runtime_server(rt, i, server);

		if (stat_get(&s->up) && now_ms >= (int64_t)stat_get(&s->out_until_ms))
			return true;
	}
	return false;
}

bool runtime_listener_same_place(const struct runtime_listener *a, const struct runtime_listener *b)
{
	const char *one = a->conf->device, *other = b->conf->device;

	return addr_equal(&a->addr, &b->addr) && (one && other ? strcmp(one, other) == 0 : one == other);
}

bool runtime_listener_take(const struct runtime_listener *l, struct runtime_places **out_places)
{
	size_t most = l->conf->limits.connections;

	*out_places = NULL;
	if (most == CONF_NO_LIMIT)
		return true;
	if (atomic_fetch_add_explicit(&l->places->taken, 1, memory_order_relaxed) < most) {
		*out_places = l->places;
		return true;
	}
	runtime_places_give(l->places);
	return false;
}

void runtime_places_give(struct runtime_places *places)
{
	if (places)
		atomic_fetch_sub_explicit(&places->taken, 1, memory_order_relaxed);
}

static struct runtime_places *places_of(const struct runtime *old, const struct conf_listener *l)
{
	struct runtime_places *places;

	for (size_t i = 0; old && i < old->conf->listener_count; i++)
		if (strcmp(old->listeners[i].conf->name, l->name) == 0) {
			atomic_fetch_add_explicit(&old->listeners[i].places->refs, 1, memory_order_relaxed);
			return old->listeners[i].places;
		}
	places = (struct runtime_places *)calloc(1, sizeof(*places));
	if (places)
		atomic_init(&places->refs, 1);
	return places;
}

static void places_unref(struct runtime_places *places)
{
	if (places && atomic_fetch_sub_explicit(&places->refs, 1, memory_order_acq_rel) == 1)
		free(places);
}

static void keylog(void *self, const char *line)
{
	struct runtime *rt = (struct runtime *)self;
	struct iovec iov[2] = { { (void *)(uintptr_t)line, strlen(line) }, { (void *)(uintptr_t) "\n", 1 } };
	ssize_t put = writev(rt->keylog_fd, iov, 2);

	(void)put; /* a key log is a help for people; traffic goes on without it */
}

static bool is_http_protocol(const char *name)
{
	return strcmp(name, "http/1.1") == 0 || strcmp(name, "http/1.0") == 0;
}

static enum bj_err set_alpn(struct bj_tls_config *tls, const struct conf_listener *l)
{
	const char *names[BJ_TLS_ALPN_MAX];
	size_t count = 0;

	for (size_t i = 0; i < l->tls->alpn_count && count < BJ_TLS_ALPN_MAX; i++)
		if (l->protocol != CONF_HTTP || is_http_protocol(l->tls->alpn[i]))
			names[count++] = l->tls->alpn[i];
	return count > 0 ? bj_tls_config_alpn(tls, names, count) : BJ_OK;
}

static enum bj_err set_resumption(struct bj_tls_config *tls, const struct conf_tls *t, const char *listener)
{
	size_t name_len = strlen(listener);
	enum bj_err err;

	/* who the client is must be seen in every handshake, so certificates and resumption don't go together */
	if (t->client_auth != BJ_TLS_AUTH_NONE) {
		err = bj_tls_config_tickets(tls, 0, t->session_timeout_s, t->ticket_rotate_s, t->ticket_keep);
		return err ? err : bj_tls_config_session_cache(tls, 0, t->session_timeout_s);
	}
	err = bj_tls_config_tickets(tls, t->tickets, t->session_timeout_s, t->ticket_rotate_s, t->ticket_keep);
	if (!err)
		err = bj_tls_config_session_cache(tls, t->session_cache_entries, t->session_timeout_s);
	if (!err)
		err = bj_tls_config_session_context(tls, listener, name_len < 32 ? name_len : 32);
	return err;
}

static enum bj_err make_server_tls(struct runtime *rt, const struct conf_listener *l, struct bj_tls_config **out)
{
	const struct conf_tls *t = l->tls;
	struct bj_tls_config *tls = bj_tls_config_new(BJ_TLS_SERVER);
	enum bj_err err;

	if (!tls)
		return BJ_ERR_NO_MEMORY;
	err = bj_tls_config_profile(tls, t->profile);
	if (!err && t->version_min != 0)
		err = bj_tls_config_versions(tls, t->version_min, t->version_max);
	if (!err)
		err = set_alpn(tls, l);
	if (!err && t->compression_count > 0)
		err = bj_tls_config_certificate_compression(tls, t->compressions, t->compression_count);
	for (size_t i = 0; !err && i < t->credential_count; i++)
		err = bj_tls_config_credential(tls, t->credentials[i]);
	if (!err && t->client_auth != BJ_TLS_AUTH_NONE) {
		err = bj_tls_config_client_auth(tls, t->client_auth);
		if (!err && t->client_trust)
			err = bj_tls_config_trust(tls, t->client_trust);
		if (!err)
			err = bj_tls_config_keep_peer_chain(tls, true);
	}
	if (!err)
		err = set_resumption(tls, t, l->name);
	if (!err && t->keylog_file) {
		if (rt->keylog_fd < 0)
			rt->keylog_fd = open(t->keylog_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		err = rt->keylog_fd < 0 ? BJ_ERR_FILE_OPEN : bj_tls_config_keylog(tls, keylog, rt);
	}
	if (!err)
		err = bj_tls_config_freeze(tls);
	if (err)
		bj_tls_config_free(tls);
	else
		*out = tls;
	return err;
}

static enum bj_err make_pool_tls(const struct conf_pool_tls *t, struct bj_tls_config **out)
{
	struct bj_tls_config *tls = bj_tls_config_new(BJ_TLS_CLIENT);
	enum bj_err err = BJ_OK;

	if (!tls)
		return BJ_ERR_NO_MEMORY;
	if (t->trust)
		err = bj_tls_config_trust(tls, t->trust);
	if (!err && t->credential)
		err = bj_tls_config_credential(tls, t->credential);
	if (!err && t->insecure_no_verify)
		err = bj_tls_config_insecure_no_verify(tls);
	if (!err)
		err = bj_tls_config_freeze(tls);
	if (err)
		bj_tls_config_free(tls);
	else
		*out = tls;
	return err;
}

static bool depends_on_client(const struct conf_listener *l)
{
	if (l->tls && l->tls->client_auth != BJ_TLS_AUTH_NONE)
		return true;
	for (size_t i = 0; i < l->route_count; i++)
		if (l->routes[i].require_client_certificate)
			return true;
	return false;
}

static enum bj_err fill_listeners(struct runtime *rt, const struct runtime *old)
{
	const struct conf_snapshot *conf = rt->conf;

	rt->arena_size = ARENA_MIN;
	rt->header_count = HEADER_COUNT_MIN;
	for (size_t i = 0; i < conf->listener_count; i++) {
		const struct conf_listener *l = &conf->listeners[i];
		size_t arena = l->limits.header_size + (l->limits.header_count + 32) * HTTP_FIELD_ENTRY + ARENA_OWN;

		rt->listeners[i].conf = l;
		rt->listeners[i].places = places_of(old, l);
		if (!rt->listeners[i].places)
			return BJ_ERR_NO_MEMORY;
		rt->listeners[i].addr = addr_of_conf(&l->address);
		rt->listeners[i].sni_must_match = depends_on_client(l);
		if (arena > rt->arena_size)
			rt->arena_size = arena;
		if (l->limits.header_count > rt->header_count)
			rt->header_count = l->limits.header_count;
		if (l->tls) {
			enum bj_err err = make_server_tls(rt, l, &rt->listeners[i].tls);

			if (err)
				return err;
		}
	}
	return BJ_OK;
}

static enum bj_err fill_pools(struct runtime *rt)
{
	const struct conf_snapshot *conf = rt->conf;
	enum bj_err err;

	for (size_t i = 0; i < conf->pool_count; i++) {
		const struct conf_pool *p = &conf->pools[i];
		struct runtime_pool *pool = &rt->pools[i];

		pool->conf = p;
		pool->first_server = rt->server_count;
		rt->server_count += p->server_count;
		pool->addrs = (struct addr *)calloc(p->server_count ? p->server_count : 1, sizeof(*pool->addrs));
		if (!pool->addrs)
			return BJ_ERR_NO_MEMORY;
		err = pool_control_init(&pool->control, p->server_count);
		for (size_t s = 0; !err && s < p->server_count; s++) {
			pool->addrs[s] = addr_of_conf(&p->servers[s].address);
			pool_control_set_weight(&pool->control, s, p->servers[s].weight);
		}
		if (!err && p->tls)
			err = make_pool_tls(p->tls, &pool->tls);
		if (err)
			return err;
	}
	rt->servers = (struct server_stats *)calloc(rt->server_count * rt->worker_count + 1, sizeof(*rt->servers));
	return rt->servers ? BJ_OK : BJ_ERR_NO_MEMORY;
}

enum bj_err runtime_new(struct conf_snapshot *conf, unsigned worker_count, const struct runtime *old, struct runtime **out)
{
	struct runtime *rt = (struct runtime *)calloc(1, sizeof(*rt));
	enum bj_err err;

	if (!rt)
		return BJ_ERR_NO_MEMORY;
	atomic_init(&rt->refs, 1);
	rt->conf = conf_ref(conf);
	rt->worker_count = worker_count;
	rt->keylog_fd = -1;
	rt->listeners = (struct runtime_listener *)calloc(conf->listener_count + 1, sizeof(*rt->listeners));
	rt->pools = (struct runtime_pool *)calloc(conf->pool_count + 1, sizeof(*rt->pools));
	err = rt->listeners && rt->pools ? BJ_OK : BJ_ERR_NO_MEMORY;
	if (!err)
		err = fill_listeners(rt, old);
	if (!err)
		err = fill_pools(rt);
	if (err)
		runtime_unref(rt);
	else
		*out = rt;
	return err;
}

struct runtime *runtime_ref(struct runtime *rt)
{
	atomic_fetch_add_explicit(&rt->refs, 1, memory_order_relaxed);
	return rt;
}

void runtime_unref(struct runtime *rt)
{
	if (!rt || atomic_fetch_sub_explicit(&rt->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; rt->listeners && i < rt->conf->listener_count; i++) {
		bj_tls_config_free(rt->listeners[i].tls);
		places_unref(rt->listeners[i].places);
	}
	for (size_t i = 0; rt->pools && i < rt->conf->pool_count; i++) {
		bj_tls_config_free(rt->pools[i].tls);
		pool_control_fini(&rt->pools[i].control);
		free(rt->pools[i].addrs);
	}
	if (rt->keylog_fd >= 0)
		close(rt->keylog_fd);
	free(rt->listeners);
	free(rt->pools);
	free(rt->servers);
	conf_unref(rt->conf);
	free(rt);
}
