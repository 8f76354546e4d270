/* link_write.c - see link.h: what is put, sealed, sent and kept. */
#include "gateway/link.h"
#include "gateway/link_own.h"
#include "gateway/worker.h"

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
		link_fail(l, BJ_ERR_LIMIT);
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
				link_fail(l, BJ_ERR_NO_MEMORY);
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
		link_fail(l, BJ_ERR_LIMIT);
}

/* A server that answers before it has read everything, and closes, resets what is still on its way to it: its answer lies here and
 * can be read. The failure is then found behind it. */
static void write_failed(struct link *l, enum bj_err err)
{
	if (!l->reads_on || l->handshaking || err != BJ_ERR_IO_RESET) {
		link_fail(l, err);
		return;
	}
	l->deaf = true;
	l->stream.can |= STREAM_READ; /* the report is on its way */
	link_drop_out(l);
}

void link_drop_out(struct link *l)
{
	while (l->out) {
		struct chunk *c = l->out;

		l->out = c->next;
		chunk_give(&l->worker->chunks, c);
	}
	l->out_len = 0;
}

void link_watch(struct link *l)
{
	bool read = (l->want_read || l->handshaking) && !l->ended; /* an end can be read again and again */

	stream_watch(&l->stream, (read ? STREAM_READ : 0) | (l->out ? STREAM_WRITE : 0));
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
			write_failed(l, err);
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
			write_failed(l, err);
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

void link_flush_sealed(struct link *l, struct bj_bytes *pieces, size_t count)
{
	struct worker *w = l->worker;

	while (!l->err && !l->deaf) {
		size_t used = 0, len = 0;
		enum bj_err err;

		if (!w->sealed)
			w->sealed = chunk_take(&w->chunks, CHUNK_SIZE_MAX);
		if (!w->sealed) {
			link_fail(l, BJ_ERR_NO_MEMORY);
			return;
		}
		if (count > 0) {
			err = bj_tls_seal(l->tls, pieces, count, w->sealed->bytes, w->sealed->cap, &used, &len);
			if (err) {
				link_fail(l, err);
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
		link_flush_sealed(l, NULL, 0);
		link_watch(l);
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
	if (l && count > 0 && !l->err && !l->deaf && link_is_open(l)) {
		if (l->tls)
			link_flush_sealed(l, w->put.pieces, count);
		else
			flush_plain(l, w->put.pieces, count);
		link_watch(l);
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
		link_flush_sealed(l, NULL, 0);
		link_watch(l);
	}
}

bool link_drain_out(struct link *l)
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
			write_failed(l, err);
			break;
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
	if (!l->out && l->end_asked && !l->err)
		stream_finish(&l->stream);
	return l->out == NULL;
}

