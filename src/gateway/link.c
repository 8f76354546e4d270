/* link.c - see link.h: the worker's buffer, records and plaintext, reports, life. */
#include "base/check.h"
#include "gateway/link.h"
#include "gateway/link_own.h"
#include "gateway/worker.h"

/* ---- the worker's buffer: one link has it at a time; what another one leaves in it is put aside */

static bool save_rest(struct link *l)
{
	struct worker *w = l->worker;
	struct bj_bytes rest = bytes_of(w->in.bytes + w->in.pos, w->in.len - w->in.pos);

	w->in.link = NULL;
	if (rest.len == 0)
		return true;
	l->raw_is_whole = true;
	check(l->raw == NULL);
	return chunk_append(&w->chunks, &l->raw, rest);
}

/* Gives the buffer to this link, with what it had put aside at its start. */
static enum bj_err take_buffer(struct link *l)
{
	struct worker *w = l->worker;
	size_t len;

	worker_flush_put(w); /* views into the buffer were put */
	if (w->in.link == l) {
		len = w->in.len - w->in.pos;
		if (w->in.pos > 0)
			memmove(w->in.bytes, w->in.bytes + w->in.pos, len);
		w->in.pos = 0;
		w->in.len = len;
		return BJ_OK;
	}
	if (w->in.link && !save_rest(w->in.link))
		link_fail(w->in.link, BJ_ERR_NO_MEMORY);
	len = chunk_view(l->raw).len;
	bytes_copy(w->in.bytes, chunk_view(l->raw).ptr, len);
	chunk_give(&w->chunks, l->raw);
	l->raw = NULL;
	l->raw_is_whole = false;
	w->in.link = l;
	w->in.pos = 0;
	w->in.len = len;
	return BJ_OK;
}

enum bj_err link_fill(struct link *l)
{
	struct worker *w = l->worker;
	enum bj_err err;
	size_t len, room;

	if (l->err)
		return l->err;
	if (l->ended || !(l->stream.can & STREAM_READ))
		return BJ_ERR_WOULD_BLOCK;
	err = take_buffer(l);
	if (err)
		return err;
	room = WORKER_IN_SIZE - w->in.len;
	if (l->held && !l->tls && room > CHUNK_SIZE_MAX - chunk_view(l->held).len)
		room = CHUNK_SIZE_MAX - chunk_view(l->held).len; /* what comes is put behind what is held; a record always fits */
	if (room == 0)
		return link_fail(l, BJ_ERR_LIMIT);
	err = stream_read(&l->stream, w->in.bytes + w->in.len, room, &len);
	if (err == BJ_ERR_WOULD_BLOCK)
		return err;
	if (err)
		return link_fail(l, err);
	if (len == 0) {
		if (l->deaf)
			return link_fail(l, BJ_ERR_IO_RESET);
		if (l->tls) {
			err = bj_tls_eof(l->tls);
			if (err)
				return link_fail(l, err);
		}
		l->ended = true;
	}
	w->in.len += len;
	return BJ_OK;
}

static bool tls_failed(struct link *l, enum bj_err err)
{
	struct worker *w = l->worker;
	uint8_t alert[64];
	size_t len = bj_tls_pull(l->tls, alert, sizeof(alert)), done;

	worker_flush_put(w);
	link_fail(l, err);
	/* the alert is worth one try; if the carrier is full it is lost */
	if (len > 0 && !l->out) {
		struct bj_bytes piece = bytes_of(alert, len);
		enum bj_err ignored = stream_write(&l->stream, &piece, 1, &done);

		(void)ignored;
	}
	return false;
}

/* Opens records until there is plaintext. */
static bool next_record(struct link *l, struct bj_bytes *out)
{
	struct worker *w = l->worker;

	while (!l->err && !l->ended) {
		struct bj_tls_fed fed = { 0 };
		enum bj_err err = bj_tls_feed(l->tls, w->loop.unix_ms, w->in.bytes + w->in.pos, w->in.len - w->in.pos, &fed);

		w->in.pos += fed.used;
		if (err)
			return tls_failed(l, err);
		switch (fed.event) {
		case BJ_TLS_NONE:
			if (w->in.pos < w->in.len && !l->raw) {
				/* less than a record: it waits for more */
				if (!chunk_append(&w->chunks, &l->raw, bytes_of(w->in.bytes + w->in.pos, w->in.len - w->in.pos)))
					link_fail(l, BJ_ERR_NO_MEMORY);
			}
			w->in.link = NULL;
			return false;
		case BJ_TLS_DATA:
			if (fed.data.len == 0)
				break;
			*out = fed.data;
			return true;
		case BJ_TLS_DONE:
			l->handshaking = false;
			return false; /* the owner is told before any data comes */
		case BJ_TLS_AUTHENTICATED: /* never asked for */
			break;
		case BJ_TLS_TICKET:
			l->ticket = true;
			break;
		case BJ_TLS_CLOSE:
			l->ended = true;
			break;
		case BJ_TLS_ASK:
		case BJ_TLS_EARLY_DATA: /* neither is turned on */
			return tls_failed(l, BJ_ERR_INTERNAL);
		}
	}
	return false;
}

static bool next_plain(struct link *l, struct bj_bytes *out)
{
	struct worker *w = l->worker;

	if (w->in.link != l) {
		if (!l->raw_is_whole || l->err)
			return false;
		if (take_buffer(l))
			return false;
	}
	if (l->tls)
		return next_record(l, out);
	*out = bytes_of(w->in.bytes + w->in.pos, w->in.len - w->in.pos);
	w->in.pos = w->in.len;
	return out->len > 0;
}

bool link_next(struct link *l, struct bj_bytes *out_view)
{
	struct worker *w = l->worker;
	struct bj_bytes more;

	if (l->handshaking)
		return false;
	if (l->held && !l->held_is_short) {
		*out_view = chunk_view(l->held);
		return true;
	}
	if (!next_plain(l, &more))
		return false;
	if (!l->held) {
		*out_view = more;
		return true;
	}
	worker_flush_put(w); /* views into `held`, which may move */
	if (!chunk_append(&w->chunks, &l->held, more)) {
		link_fail(l, BJ_ERR_NO_MEMORY);
		return false;
	}
	l->held_is_short = false;
	*out_view = chunk_view(l->held);
	return true;
}

void link_used(struct link *l, struct bj_bytes view, size_t len, bool short_of)
{
	struct worker *w = l->worker;

	check(len <= view.len);
	if (l->held && view.ptr == chunk_view(l->held).ptr) {
		l->held->start += (uint32_t)len;
		if (l->held->start == l->held->end) {
			worker_give_later(w, l->held); /* views into it may be put */
			l->held = NULL;
		}
	} else if (len < view.len) {
		check(l->held == NULL);
		if (!chunk_append(&w->chunks, &l->held, bytes_of(view.ptr + len, view.len - len)))
			link_fail(l, BJ_ERR_NO_MEMORY);
	}
	l->held_is_short = l->held && short_of;
}

bool link_has_held(const struct link *l)
{
	const struct worker *w = l->worker;

	return (l->held && !l->held_is_short) || l->raw_is_whole || (w->in.link == l && w->in.pos < w->in.len);
}

/* ---- reports */

static void handshake(struct link *l)
{
	struct bj_bytes none;

	while (l->handshaking) {
		enum bj_err err = link_fill(l);

		if (err)
			return;
		(void)next_plain(l, &none);
		if (l->ended)
			link_fail(l, BJ_ERR_TRUNCATED);
		if (l->err)
			return;
		if (l->handshaking)
			link_flush_tickets(l); /* our flight */
	}
}

static void stream_ready(struct stream *stream, unsigned what)
{
	struct link *l = CONTAINER_OF(stream, struct link, stream);
	struct worker *w = l->worker;
	bool gone = false;

	if (l->out && !link_drain_out(l) && !l->err && !(what & STREAM_READ))
		return;
	if (stream->failed && !l->handshaking && (!l->want_read || l->ended))
		link_fail(l, BJ_ERR_IO_RESET); /* nobody would notice by reading */
	if (l->handshaking) {
		handshake(l);
		if (l->handshaking && !l->err) {
			link_watch(l);
			return;
		}
	}
	l->gone = &gone;
	l->ready(l);
	if (gone)
		return;
	l->gone = NULL;
	if (w->put.count > 0)
		worker_flush_put(w);
	if (!l->hold_tickets)
		link_flush_tickets(l);
	link_watch(l);
}

/* ---- life */

static enum bj_err make_tls(struct link *l, struct bj_tls_config *config, const char *name)
{
	void *memory = slab_alloc(&l->worker->tls_slab);
	enum bj_err err;

	if (!memory)
		return BJ_ERR_NO_MEMORY;
	err = bj_tls_init(memory, config, name, &l->tls);
	if (err) {
		slab_free(&l->worker->tls_slab, memory);
		l->tls = NULL;
		return err;
	}
	l->handshaking = true;
	return BJ_OK;
}

enum bj_err link_accept(struct link *l, struct worker *worker, const struct stream_source *source, struct bj_tls_config *tls,
			 link_ready_fn *ready)
{
	enum bj_err err;

	*l = (struct link){ .worker = worker, .ready = ready, .want_read = true };
	err = stream_init(&l->stream, &worker->loop, source, stream_ready);
	if (err)
		return err;
	if (tls) {
		err = make_tls(l, tls, NULL);
		if (err)
			link_close(l);
	}
	return err;
}

enum bj_err link_connect(struct link *l, struct worker *worker, const struct addr *to, struct bj_tls_config *tls, const char *name,
			 struct bj_bytes session, link_ready_fn *ready)
{
	enum bj_err err;

	*l = (struct link){ .worker = worker, .ready = ready, .want_read = true };
	err = stream_connect(&l->stream, &worker->loop, to, NULL, stream_ready);
	if (err || !tls)
		return err;
	err = make_tls(l, tls, name);
	if (!err && session.len > 0) {
		enum bj_err stale = bj_tls_resume(l->tls, worker->loop.unix_ms, session.ptr, session.len);

		(void)stale; /* then the handshake is a full one */
	}
	if (!err)
		err = bj_tls_start(l->tls, worker->loop.unix_ms);
	if (!err) {
		link_flush_tickets(l);
		err = l->err;
	}
	if (err)
		link_close(l);
	return err;
}

void link_want_read(struct link *l, bool want)
{
	l->want_read = want;
	link_watch(l);
}

void link_finish_with_flush(struct link *l)
{
	l->finish_asked = true;
}

void link_finish(struct link *l)
{
	l->finish_asked = l->end_asked = true;
	if (link_flush(l) == BJ_OK && !l->out)
		stream_finish(&l->stream);
}

void link_rest(struct link *l)
{
	if (l->tls && !l->handshaking && !l->err)
		bj_tls_rest(l->tls);
}

static void give_all(struct link *l)
{
	struct worker *w = l->worker;

	link_drop_out(l);
	if (l->held)
		worker_give_later(w, l->held);
	chunk_give(&w->chunks, l->raw);
	l->held = l->raw = NULL;
}

void link_close(struct link *l)
{
	struct worker *w = l->worker;

	if (!w)
		return;
	if (w->put.link == l)
		worker_flush_put(w);
	if (l->tls && !l->err && !l->handshaking && !l->out) {
		bj_tls_close(l->tls);
		link_flush_sealed(l, NULL, 0);
	}
	if (w->in.link == l)
		w->in.link = NULL;
	if (l->gone)
		*l->gone = true;
	l->gone = NULL;
	stream_drop(&l->stream);
	give_all(l);
	if (l->tls) {
		void *memory = l->tls;

		bj_tls_fini(l->tls);
		slab_free(&w->tls_slab, memory);
		l->tls = NULL;
	}
	l->worker = NULL;
}
