/* worker.c - see worker.h. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/rng_os.h"
#include "gateway/flow.h"
#include "gateway/gateway.h"
#include "gateway/http.h"
#include "gateway/worker.h"

/* ---- memory */

struct writer worker_head_writer(struct worker *w, const struct link *link, size_t most)
{
	if ((w->put.link && w->put.link != link) || w->put.count == WORKER_PIECES_MAX || WORKER_HEAD_SIZE - w->head.len < most)
		worker_flush_put(w);
	return wr_make(w->head.bytes + w->head.len, WORKER_HEAD_SIZE - w->head.len);
}

struct bj_bytes worker_head_done(struct worker *w, const struct writer *writer)
{
	check(wr_ok(writer)); /* an arena is smaller than the room for a head */
	w->head.len += writer->len;
	return wr_view(writer);
}

struct arena *arena_take(struct worker *w, size_t size)
{
	struct arena *arena = w->arenas;

	if (arena && arena->size >= size) {
		w->arenas = arena->next;
		w->arenas_free--;
		return arena;
	}
	arena = (struct arena *)malloc(sizeof(*arena) + size);
	if (arena)
		arena->size = size;
	return arena;
}

void arena_give(struct worker *w, struct arena *arena)
{
	size_t size = w->generation ? w->generation->runtime->arena_size : 0;

	if (!arena)
		return;
	if (w->arenas_free >= WORKER_ARENAS_FREE_MAX || arena->size != size) {
		free(arena);
		return;
	}
	arena->next = w->arenas;
	w->arenas = arena;
	w->arenas_free++;
}

static void free_arenas(struct worker *w)
{
	while (w->arenas) {
		struct arena *arena = w->arenas;

		w->arenas = arena->next;
		free(arena);
	}
	w->arenas_free = 0;
}

static enum bj_err init_slab(struct slab *slab, size_t size, bool secrets)
{
	struct slab_options options = { .object_size = size, .reserve_chunks = 4, .wipe = secrets };

	return slab_init(slab, &options);
}

/* ---- listening sockets */

static void free_listening(struct listening *on)
{
	listener_fini(&on->listener);
	udp_fini(&on->udp);
	generation_unref(on->generation);
	list_remove(&on->node);
	free(on);
}

static bool is_closed(const struct listening *on)
{
	return !listener_is_open(&on->listener) && on->udp.watch.fd < 0;
}

/* No more new sessions here. */
static void close_listening(struct listening *on, bool take_waiting)
{
	if (take_waiting)
		listener_take_waiting(&on->listener);
	listener_fini(&on->listener);
	if (on->udp.watch.fd >= 0)
		flows_end(on);
	udp_fini(&on->udp);
	if (on->open == 0)
		free_listening(on);
}

static void maybe_finished(struct worker *w)
{
	if (w->draining && w->session_count == 0)
		loop_stop(&w->loop);
}

void worker_session_ended(struct worker *w, struct listening *on)
{
	if (on->open == 0 && is_closed(on))
		free_listening(on);
	maybe_finished(w);
}

/* Our own TCP/IP for a listener: on the device that it brings, or that is served already. */
static enum bj_err find_net(struct worker *w, const struct conf_listener *conf, int fd, struct net **out)
{
	const struct net_options options = { .rng = rng_os, .no_offload = conf->no_offload };
	struct worker_net *n;
	enum bj_err err;

	for (size_t i = 0; i < w->net_count; i++)
		if (strcmp(w->nets[i]->name, conf->device) == 0) {
			*out = &w->nets[i]->net;
			return BJ_OK;
		}
	if (fd < 0)
		return BJ_ERR_IO;
	n = w->net_count < WORKER_NETS_MAX ? (struct worker_net *)calloc(1, sizeof(*n)) : NULL;
	if (!n) {
		close(fd);
		return BJ_ERR_NO_MEMORY;
	}
	memcpy(n->name, conf->device, strnlen(conf->device, DEVICE_WORDS_MAX - 1));
	err = net_init(&n->net, &w->loop, fd, conf->device, &options);
	if (err) {
		free(n);
		return err;
	}
	w->nets[w->net_count++] = n;
	*out = &n->net;
	return BJ_OK;
}

static enum bj_err listen_on_device(struct worker *w, const struct runtime_listener *to, int fd, struct listening *on)
{
	const struct bj_endpoint at = net_endpoint_of(&to->addr);
	struct net *net;
	enum bj_err err = find_net(w, to->conf, fd, &net);

	if (!err)
		err = net_add_address(net, &at.ip, to->conf->network_bits);
	if (!err && to->conf->gateway) {
		const struct addr gateway = addr_of_conf(to->conf->gateway);
		const struct bj_endpoint by = net_endpoint_of(&gateway);

		err = net_add_gateway(net, &by.ip);
	}
	return err ? err : listener_init_net(&on->listener, net, &to->addr, to->conf->congestion, session_accept);
}

static enum bj_err open_listening(struct worker *w, const struct runtime_listener *to, int fd, struct listening **out)
{
	struct listening *on = (struct listening *)calloc(1, sizeof(*on));
	enum bj_err err;

	if (!on) {
		if (fd >= 0)
			close(fd);
		return BJ_ERR_NO_MEMORY;
	}
	on->worker = w;
	on->listener.watch.fd = -1;
	on->udp.watch.fd = -1;
	if (to->conf->device) {
		err = listen_on_device(w, to, fd, on);
	} else if (to->conf->protocol == CONF_UDP) {
		flows_init(on);
		err = udp_take(&on->udp, &w->loop, w->udp_scratch, fd, flow_datagram);
	} else {
		err = listener_init(&on->listener, &w->loop, fd, session_accept);
	}
	if (err) {
		free(on);
		return err;
	}
	list_init(&on->node);
	list_push_back(&w->listenings, &on->node);
	*out = on;
	return BJ_OK;
}

/* The socket that serves this address already. */
static struct listening *find_listening(struct worker *w, const struct runtime_listener *to)
{
	LIST_EACH(node, &w->listenings) {
		struct listening *on = CONTAINER_OF(node, struct listening, node);

		if (!is_closed(on) && on->to && (on->to->conf->protocol == CONF_UDP) == (to->conf->protocol == CONF_UDP) &&
		    runtime_listener_same_place(on->to, to))
			return on;
	}
	return NULL;
}

static bool is_served(const struct generation *g, const struct listening *on)
{
	for (size_t i = 0; i < g->runtime->conf->listener_count; i++)
		if (on->to == &g->runtime->listeners[i])
			return true;
	return false;
}

/* A device is the first worker's, whoever brought it. */
static bool wants_listening(const struct worker *w, const struct runtime_listener *to, int fd)
{
	return to->conf->device ? w->index == 0 : fd >= 0;
}

void worker_take_config(struct mail *mail, void *worker)
{
	struct worker *w = (struct worker *)worker;
	struct worker_config *config = CONTAINER_OF(mail, struct worker_config, mail);
	struct generation *old = w->generation, *g;
	const struct conf_snapshot *conf = config->runtime->conf;

	if (generation_new(w, config->runtime, &g)) {
		for (size_t i = 0; i < conf->listener_count; i++)
			if (config->fds[i] >= 0)
				close(config->fds[i]);
		free(config->fds);
		free(config);
		return;
	}
	w->generation = g;
	access_log_set(&w->log, &conf->access_log);
	for (size_t i = 0; i < conf->listener_count; i++) {
		const struct runtime_listener *to = &g->runtime->listeners[i];
		struct listening *on = find_listening(w, to);
		struct generation *before;

		if (!on && (!wants_listening(w, to, config->fds[i]) || open_listening(w, to, config->fds[i], &on)))
			continue;
		before = on->generation;
		on->generation = generation_ref(g);
		on->to = to;
		generation_unref(before);
	}
	LIST_EACH_SAFE(node, &w->listenings) {
		struct listening *on = CONTAINER_OF(node, struct listening, node);

		if (!is_served(g, on))
			close_listening(on, true);
	}
	free(config->fds);
	free(config);
	free_arenas(w);
	if (old) {
		generation_retire(old);
		generation_unref(old);
	}
}

/* ---- the end */

static void end_all(struct worker *w)
{
	while (!list_is_empty(&w->sessions))
		session_end(CONTAINER_OF(w->sessions.next, struct session, node), CLOSE_TIMEOUT);
}

static void drain_over(struct loop_timer *timer)
{
	struct worker *w = CONTAINER_OF(timer, struct worker, drain_timer);

	end_all(w);
	maybe_finished(w);
}

void worker_take_stop(struct mail *mail, void *worker)
{
	struct worker *w = (struct worker *)worker;
	struct worker_order *order = CONTAINER_OF(mail, struct worker_order, mail);
	bool at_once = order->at_once;

	free(order);
	if (!w->draining) {
		w->draining = true;
		LIST_EACH_SAFE(node, &w->listenings) {
			close_listening(CONTAINER_OF(node, struct listening, node), true);
		}
		LIST_EACH_SAFE(link, &w->sessions) {
			struct session *s = CONTAINER_OF(link, struct session, node);

			if (s->begun)
				s->kind->drain(s);
		}
		loop_timer_set(&w->loop, &w->drain_timer, w->loop.now_ms + WORKER_DRAIN_MS);
	}
	if (at_once)
		end_all(w);
	maybe_finished(w);
}

void *worker_main(void *worker)
{
	struct worker *w = (struct worker *)worker;
	char name[16];

	snprintf(name, sizeof(name), "bojagi-%u", w->index);
	pthread_setname_np(pthread_self(), name);
	loop_run(&w->loop);
	access_log_flush(&w->log);
	gateway_worker_finished(w->gateway, &w->finished);
	return NULL;
}

/* ---- life */

static enum bj_err init_slabs(struct worker *w)
{
	enum bj_err err = init_slab(&w->tls_slab, bj_tls_size(), true);

	if (!err)
		err = init_slab(&w->session_slab, http_session_size(), false);
	if (!err)
		err = init_slab(&w->exchange_slab, sizeof(struct exchange), false);
	if (!err)
		err = init_slab(&w->upstream_slab, sizeof(struct upstream), false);
	if (!err)
		err = init_slab(&w->relay_slab, relay_session_size(), false);
	if (!err)
		err = init_slab(&w->flow_slab, flow_size(), false);
	return err;
}

enum bj_err worker_init(struct worker *w, struct gateway *gateway, unsigned index, struct stats *stats, struct client_table *clients)
{
	enum bj_err err;

	memset(w, 0, sizeof(*w));
	w->gateway = gateway;
	w->index = index;
	w->stats = stats;
	w->clients = clients;
	w->loop.epoll_fd = -1;
	list_init(&w->listenings);
	list_init(&w->sessions);
	loop_timer_init(&w->drain_timer, drain_over);
	w->in.bytes = (uint8_t *)malloc(WORKER_IN_SIZE);
	w->head.bytes = (uint8_t *)malloc(WORKER_HEAD_SIZE);
	w->udp_scratch = (struct udp_scratch *)malloc(sizeof(*w->udp_scratch));
	if (!w->in.bytes || !w->head.bytes || !w->udp_scratch)
		return BJ_ERR_NO_MEMORY;
	err = rng_fill(&rng_os, &w->key, sizeof(w->key));
	if (!err)
		err = init_slabs(w);
	if (!err)
		err = loop_init(&w->loop);
	if (!err)
		err = mailbox_init(&w->box, &w->loop, w);
	access_log_init(&w->log, w);
	return err;
}

void worker_fini(struct worker *w)
{
	if (w->box.loop)
		mailbox_fini(&w->box);
	if (w->loop.epoll_fd >= 0) {
		LIST_EACH_SAFE(node, &w->listenings) {
			close_listening(CONTAINER_OF(node, struct listening, node), false);
		}
		if (w->generation)
			generation_retire(w->generation);
		generation_unref(w->generation);
		w->generation = NULL;
		access_log_fini(&w->log);
		for (size_t i = 0; i < w->net_count; i++) {
			net_fini(&w->nets[i]->net, WORKER_LAST_BYTES_MS);
			free(w->nets[i]);
		}
		loop_fini(&w->loop);
	}
	chunk_give(&w->chunks, w->sealed);
	chunks_fini(&w->chunks);
	free_arenas(w);
	slab_fini(&w->tls_slab);
	slab_fini(&w->session_slab);
	slab_fini(&w->exchange_slab);
	slab_fini(&w->upstream_slab);
	slab_fini(&w->relay_slab);
	slab_fini(&w->flow_slab);
	free(w->in.bytes);
	free(w->head.bytes);
	free(w->udp_scratch);
}
