/* cache.h - a server's TLS 1.2 sessions by id: bounded, expiring, shared by threads.
 *
 * The only lock of this library: each shard has a flag that is held for one look-up or one insertion (a spin of well under a
 * microsecond). TLS 1.3 never comes here.
 */
#ifndef TLS_CACHE_H
#define TLS_CACHE_H

#include "tls/session.h"

#define CACHE_SHARDS 16
#define CACHE_WAYS 4 /* places that an id may stand in; the oldest gives way */

struct session_cache;

/* Room for at least `entries` sessions. Null without memory. */
struct session_cache *session_cache_new(const struct bj_rng *rng, size_t entries, unsigned timeout_s);
/* Wipes and frees; takes null. */
void session_cache_free(struct session_cache *cache);
/* A copy goes in, by s->id. */
void session_cache_put(struct session_cache *cache, int64_t now_ms, const struct session *s);
/* False if it is not there or too old. session_fini() the result. */
bool session_cache_get(struct session_cache *cache, int64_t now_ms, struct bj_bytes id, struct session *out);
/* An id that must not be resumed again (a connection that failed, rfc5246:7.2.2). */
void session_cache_drop(struct session_cache *cache, struct bj_bytes id);

#endif
