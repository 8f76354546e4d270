/* link.c - see link.h. */
#include "base/check.h"
#include "gateway/link.h"
#include "gateway/worker.h"

static enum bj_err fail(struct link *l, enum bj_err err)
{
	if (!l->err)
		l->err = err;
	return l->err;
}

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
		fail(w->in.link, BJ_ERR_NO_MEMORY);
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
	size_t len;

	if (l->err)
		return l->err;
	if (l->ended || !(l->stream.can & STREAM_READ))
		return BJ_ERR_WOULD_BLOCK;
	err = take_buffer(l);
	if (err)
		return err;
	err = stream_read(&l->stream, w->in.bytes + w->in.len, WORKER_IN_SIZE - w->in.len, &len);
	if (err == BJ_ERR_WOULD_BLOCK)
		return err;
	if (err)
		return fail(l, err);
	if (len == 0) {
		if (l->tls) {
			err = bj_tls_eof(l->tls);
			if (err)
				return fail(l, err);
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
	fail(l, err);
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
					fail(l, BJ_ERR_NO_MEMORY);
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
		case BJ_TLS_TICKET:
			l->ticket = true;
			break;
		case BJ_TLS_CLOSE:
			l->ended = true;
			break;
		case BJ_TLS_ASK:
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
		fail(l, BJ_ERR_NO_MEMORY);
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
			fail(l, BJ_ERR_NO_MEMORY);
	}
	l->held_is_short = l->held && short_of;
}

bool link_has_held(const struct link *l)
{
	const struct worker *w = l->worker;

	return (l->held && !l->held_is_short) || l->raw_is_whole || (w->in.link == l && w->in.pos < w->in.len);
}

/* ---- writing */

void link_put(struct link *l, struct bj_bytes piece)
{
	struct worker *w = l->worker;

	if (piece.len == 0)
		return;
	if ((w->put.link && w->put.link != l) || w->put.count == WORKER_PIECES_MAX)
		worker_flush_put(w);
	w->put.link = l;
	w->put.pieces[w->put.count++] = piece;
}

/* Keeps what the carrier had no room for. */
static void keep(struct link *l, struct chunk *chunk)
{
	l->out_len += chunk->end - chunk->start;
	if (l->out)
		l->out_last->next = chunk;
	else
		l->out = chunk;
	l->out_last = chunk;
	if (l->out_len > LINK_OUT_MAX)
		fail(l, BJ_ERR_LIMIT);
}

static void keep_copy(struct link *l, struct bj_bytes rest)
{
	struct chunks *chunks = &l->worker->chunks;

	while (rest.len > 0 && !l->err) {
		struct chunk *last = l->out ? l->out_last : NULL;
		size_t take = rest.len;

		if (last && last->cap - last->end >= 256) {
			if (take > last->cap - last->end)
				take = last->cap - last->end;
			l->out_len += (uint32_t)take;
		} else {
			if (take > CHUNK_SIZE_MAX)
				take = CHUNK_SIZE_MAX;
			last = chunk_take(chunks, take);
			if (!last) {
				fail(l, BJ_ERR_NO_MEMORY);
				return;
			}
			keep(l, last);
			l->out_len += (uint32_t)take;
		}
		memcpy(last->bytes + last->end, rest.ptr, take);
		last->end += (uint32_t)take;
		rest.ptr += take;
		rest.len -= take;
	}
	if (l->out_len > LINK_OUT_MAX)
		fail(l, BJ_ERR_LIMIT);
}

static void watch(struct link *l)
{
	stream_watch(&l->stream, (l->want_read || l->handshaking ? STREAM_READ : 0) | (l->out ? STREAM_WRITE : 0));
}

/* Drops `len` bytes from the front of a list of pieces. */
static void pieces_skip(struct bj_bytes **pieces, size_t *count, size_t len)
{
	while (*count > 0 && len >= (*pieces)->len) {
		len -= (*pieces)->len;
		(*pieces)++;
		(*count)--;
	}
	if (*count > 0) {
		(*pieces)->ptr += len;
		(*pieces)->len -= len;
	}
}

static void flush_plain(struct link *l, struct bj_bytes *pieces, size_t count)
{
	size_t len;

	while (count > 0 && !l->out) {
		enum bj_err err = stream_write(&l->stream, pieces, count, &len);

		if (err == BJ_ERR_WOULD_BLOCK)
			break;
		if (err) {
			fail(l, err);
			return;
		}
		pieces_skip(&pieces, &count, len);
	}
	for (size_t i = 0; i < count; i++)
		keep_copy(l, pieces[i]);
}

/* Sends what stands in the worker's out buffer, or keeps it: a large rest by keeping the buffer itself. */
static void send_sealed(struct link *l, size_t sealed)
{
	struct worker *w = l->worker;
	struct bj_bytes rest = bytes_of(w->sealed->bytes, sealed);
	size_t len;

	while (rest.len > 0 && !l->out && !l->err) {
		enum bj_err err = stream_write(&l->stream, &rest, 1, &len);

		if (err == BJ_ERR_WOULD_BLOCK)
			break;
		if (err) {
			fail(l, err);
			return;
		}
		rest.ptr += len;
		rest.len -= len;
	}
	if (rest.len == 0 || l->err)
		return;
	if (rest.len <= CHUNK_SIZE_MAX / 8) {
		keep_copy(l, rest);
		return;
	}
	w->sealed->start = (uint32_t)(rest.ptr - w->sealed->bytes);
	w->sealed->end = (uint32_t)sealed;
	keep(l, w->sealed);
	w->sealed = NULL;
}

static void flush_tls(struct link *l, struct bj_bytes *pieces, size_t count)
{
	struct worker *w = l->worker;

	while (!l->err) {
		size_t used = 0, len = 0;
		enum bj_err err;

		if (!w->sealed)
			w->sealed = chunk_take(&w->chunks, CHUNK_SIZE_MAX);
		if (!w->sealed) {
			fail(l, BJ_ERR_NO_MEMORY);
			return;
		}
		if (count > 0) {
			err = bj_tls_seal(l->tls, pieces, count, w->sealed->bytes, w->sealed->cap, &used, &len);
			if (err) {
				fail(l, err);
				return;
			}
			pieces_skip(&pieces, &count, used);
		}
		if (count == 0) {
			if (l->finish_asked)
				bj_tls_close(l->tls);
			len += bj_tls_pull(l->tls, w->sealed->bytes + len, w->sealed->cap - len);
		}
		if (len == 0)
			break;
		send_sealed(l, len);
		if (count == 0 && bj_tls_pending(l->tls) == 0)
			break;
	}
}

enum bj_err link_flush(struct link *l)
{
	struct worker *w = l->worker;

	if (w->put.link == l) {
		worker_flush_put(w);
	} else if (l->tls && !l->err && l->finish_asked) {
		flush_tls(l, NULL, 0);
		watch(l);
	}
	return l->err;
}

/* The worker's half of link_flush(): sends what was put for whichever link. */
void worker_flush_put(struct worker *w)
{
	struct link *l = w->put.link;
	size_t count = w->put.count;

	w->put.link = NULL;
	w->put.count = 0;
	if (l && count > 0 && !l->err && link_is_open(l)) {
		if (l->tls)
			flush_tls(l, w->put.pieces, count);
		else
			flush_plain(l, w->put.pieces, count);
		watch(l);
	}
	w->head.len = 0;
	while (w->spent) {
		struct chunk *chunk = w->spent;

		w->spent = chunk->next;
		chunk_give(&w->chunks, chunk);
	}
}

void worker_give_later(struct worker *w, struct chunk *chunk)
{
	if (w->put.count == 0) {
		chunk_give(&w->chunks, chunk);
		return;
	}
	chunk->next = w->spent;
	w->spent = chunk;
}

void link_flush_tickets(struct link *l)
{
	if (l->tls && !l->err && link_is_open(l) && bj_tls_pending(l->tls) > 0) {
		flush_tls(l, NULL, 0);
		watch(l);
	}
}

/* Writes what waits; true when nothing waits any more. */
static bool drain_out(struct link *l)
{
	while (l->out && !l->err) {
		struct bj_bytes pieces[STREAM_PIECES_MAX];
		size_t count = 0, len;
		enum bj_err err;

		for (struct chunk *c = l->out; c && count < STREAM_PIECES_MAX; c = c->next)
			pieces[count++] = chunk_view(c);
		err = stream_write(&l->stream, pieces, count, &len);
		if (err == BJ_ERR_WOULD_BLOCK)
			return false;
		if (err) {
			fail(l, err);
			return false;
		}
		l->out_len -= (uint32_t)len;
		while (l->out && len >= l->out->end - l->out->start) {
			struct chunk *c = l->out;

			len -= c->end - c->start;
			l->out = c->next;
			chunk_give(&l->worker->chunks, c);
		}
		if (l->out)
			l->out->start += (uint32_t)len;
	}
	return l->out == NULL;
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
			fail(l, BJ_ERR_TRUNCATED);
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

	if (l->out && !drain_out(l) && !l->err && !(what & STREAM_READ))
		return;
	if (stream->broken && !l->want_read && !l->handshaking)
		fail(l, BJ_ERR_IO_RESET); /* nobody would notice by reading */
	if (l->handshaking) {
		handshake(l);
		if (l->handshaking && !l->err) {
			watch(l);
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
	watch(l);
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

enum bj_err link_accept(struct link *l, struct worker *worker, int fd, struct bj_tls_config *tls, link_ready_fn *ready)
{
	enum bj_err err;

	*l = (struct link){ .worker = worker, .ready = ready, .want_read = true };
	err = stream_init_socket(&l->stream, &worker->loop, fd, stream_ready);
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
	watch(l);
}

void link_finish_with_flush(struct link *l)
{
	l->finish_asked = true;
}

void link_finish(struct link *l)
{
	l->finish_asked = true;
	if (link_flush(l) == BJ_OK)
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

	while (l->out) {
		struct chunk *c = l->out;

		l->out = c->next;
		chunk_give(&w->chunks, c);
	}
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
		flush_tls(l, NULL, 0);
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
