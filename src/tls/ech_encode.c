/* ech_encode.c - splits a hello into what is encrypted and what is shared, and joins it again.
 *
 * Implements   rfc9849:5.1 rfc9849:6.1.3 rfc9849:A
 */
#include "tls/ech_encode.h"

#include "tls/ext/encrypted_client_hello.h"
#include "tls/msg/message.h"

#define PADDING_STEP 32
#define SERVER_NAME_OVERHEAD 9

/* A ClientHello, cut where the encoding differs. */
struct parts {
	struct bj_bytes head;       /* version and random */
	struct bj_bytes session_id;
	struct bj_bytes choices;    /* suites and compression, with their lengths */
	struct bj_bytes extensions; /* without the length */
};

struct extension {
	uint16_t type;
	struct bj_bytes whole, body;
};

/* Reads a hello off the front; what is behind it stays in `r`. */
static bool parts_read(struct reader *r, struct parts *out)
{
	const uint8_t *start;

	out->head = rd_bytes(r, 2 + RANDOM_LEN);
	out->session_id = rd_vec_bytes(r, 1);
	start = r->ptr;
	(void)rd_vec_bytes(r, 2);
	(void)rd_vec_bytes(r, 1);
	out->choices = bytes_of(start, (size_t)(r->ptr - start));
	out->extensions = rd_vec_bytes(r, 2);
	return !r->bad;
}

static bool extension_next(struct reader *list, struct extension *out)
{
	const uint8_t *start = list->ptr;

	if (!rd_more(list))
		return false;
	out->type = rd_u16(list);
	out->body = rd_vec_bytes(list, 2);
	out->whole = bytes_of(start, (size_t)(list->ptr - start));
	return !list->bad;
}

static bool extension_find(struct bj_bytes extensions, uint16_t type, struct extension *out)
{
	struct reader list = rd_of(extensions);

	while (extension_next(&list, out))
		if (out->type == type)
			return true;
	return false;
}

bool ech_hello_find(struct bj_bytes hello, uint16_t type, struct bj_bytes *out)
{
	struct reader r = rd_of(hello);
	struct extension found;
	struct parts parts;

	if (!parts_read(&r, &parts) || !extension_find(parts.extensions, type, &found))
		return false;
	*out = found.body;
	return true;
}

/* ---- splitting */

static bool may_share(uint16_t type)
{
	return type != ext_table[EXT_ENCRYPTED_CLIENT_HELLO].type && type != ext_table[EXT_SERVER_NAME].type &&
	       type != ext_table[EXT_PRE_SHARED_KEY].type;
}

static bool is_shared(const struct extension *e, struct bj_bytes other)
{
	struct extension same;

	return may_share(e->type) && extension_find(other, e->type, &same) && bytes_equal(e->whole, same.whole);
}

static size_t head_write(struct writer *w, const struct parts *parts, struct bj_bytes session_id)
{
	wr_bytes(w, parts->head);
	wr_vec(w, session_id, 1);
	wr_bytes(w, parts->choices);
	return wr_open(w, 2);
}

/* What is not shared, in its order: but for pre_shared_key, or that alone. */
static void own_write(struct writer *w, const struct parts *meant, const struct parts *outer, bool psk)
{
	struct reader list = rd_of(meant->extensions);
	struct extension e;

	while (extension_next(&list, &e))
		if ((e.type == ext_table[EXT_PRE_SHARED_KEY].type) == psk && !is_shared(&e, outer->extensions))
			wr_bytes(w, e.whole);
}

/* What is shared, in the order of the outer hello: as it is, or (named) its types. */
static void shared_write(struct writer *w, const struct parts *meant, const struct parts *outer, bool named)
{
	struct reader list = rd_of(outer->extensions);
	struct extension e;

	while (extension_next(&list, &e)) {
		if (!is_shared(&e, meant->extensions))
			continue;
		if (named)
			wr_u16(w, e.type);
		else
			wr_bytes(w, e.whole);
	}
}

static void names_write(struct writer *w, const struct parts *meant, const struct parts *outer)
{
	size_t start = w->len, ext, types;

	wr_u16(w, EXT_TYPE_OUTER_EXTENSIONS);
	ext = wr_open(w, 2);
	types = wr_open(w, 1);
	shared_write(w, meant, outer, true);
	if (w->len == types + 1 && !w->bad) { /* nothing is shared */
		w->len = start;
		return;
	}
	wr_close(w, types, 1);
	wr_close(w, ext, 2);
}

enum bj_err ech_hello_split(struct bj_bytes meant, struct bj_bytes outer, struct writer *inner, struct writer *encoded)
{
	struct reader a = rd_of(meant), b = rd_of(outer);
	struct parts m, o;
	size_t message, list;

	(void)rd_bytes(&a, MESSAGE_HEADER_LEN);
	(void)rd_bytes(&b, MESSAGE_HEADER_LEN);
	if (!parts_read(&a, &m) || !parts_read(&b, &o))
		return BJ_ERR_INTERNAL;
	message = message_open(inner, MSG_CLIENT_HELLO);
	list = head_write(inner, &m, m.session_id);
	own_write(inner, &m, &o, false);
	shared_write(inner, &m, &o, false);
	own_write(inner, &m, &o, true);
	wr_close(inner, list, 2);
	message_close(inner, message);

	list = head_write(encoded, &m, (struct bj_bytes){ NULL, 0 });
	own_write(encoded, &m, &o, false);
	names_write(encoded, &m, &o);
	own_write(encoded, &m, &o, true);
	wr_close(encoded, list, 2);
	return wr_ok(inner) && wr_ok(encoded) ? BJ_OK : BJ_ERR_SPACE;
}

size_t ech_padding(size_t encoded_len, size_t name_len, uint8_t maximum_name_length)
{
	size_t padding = 0;

	if (name_len == 0)
		padding = (size_t)maximum_name_length + SERVER_NAME_OVERHEAD;
	else if (name_len < maximum_name_length)
		padding = maximum_name_length - name_len;
	return padding + PADDING_STEP - 1 - (encoded_len + padding - 1) % PADDING_STEP;
}

/* ---- joining */

/* The extensions of the outer hello that are named, in one walk: each is looked for behind the one before, so what stands twice, in
 * another order or not at all is not found. */
static enum bj_err names_join(struct bj_bytes body, struct reader *outer, struct writer *w)
{
	struct reader r = rd_of(body);
	struct reader types = rd_vec(&r, 1);

	if (!rd_end(&r) || !rd_more(&types))
		return BJ_ERR_DECODE;
	while (rd_more(&types)) {
		uint16_t type = rd_u16(&types);
		struct extension e = { 0 };

		if (types.bad)
			return BJ_ERR_DECODE;
		if (type == ext_table[EXT_ENCRYPTED_CLIENT_HELLO].type || type == EXT_TYPE_OUTER_EXTENSIONS)
			return BJ_ERR_ECH_INNER;
		do
			if (!extension_next(outer, &e))
				return BJ_ERR_ECH_INNER;
		while (e.type != type);
		wr_bytes(w, e.whole);
	}
	return BJ_OK;
}

static enum bj_err extensions_join(struct bj_bytes extensions, struct bj_bytes outer, struct writer *w)
{
	struct reader list = rd_of(extensions), rest = rd_of(outer);
	struct extension e;
	bool is_joined = false;
	enum bj_err err;

	while (extension_next(&list, &e)) {
		if (e.type != EXT_TYPE_OUTER_EXTENSIONS) {
			wr_bytes(w, e.whole);
			continue;
		}
		if (is_joined)
			return BJ_ERR_ECH_INNER;
		is_joined = true;
		err = names_join(e.body, &rest, w);
		if (err)
			return err;
	}
	return rd_end(&list) ? BJ_OK : BJ_ERR_DECODE;
}

enum bj_err ech_hello_join(struct bj_bytes encoded, struct bj_bytes outer, struct writer *inner)
{
	struct reader r = rd_of(encoded), of_outer = rd_of(outer);
	struct parts e, o;
	size_t message, list;
	enum bj_err err;

	if (!parts_read(&r, &e) || !parts_read(&of_outer, &o))
		return BJ_ERR_DECODE;
	if (e.session_id.len > 0)
		return BJ_ERR_ECH_INNER;
	while (rd_more(&r))
		if (rd_u8(&r) != 0)
			return BJ_ERR_ECH_INNER;
	message = message_open(inner, MSG_CLIENT_HELLO);
	list = head_write(inner, &e, o.session_id);
	err = extensions_join(e.extensions, o.extensions, inner);
	if (err)
		return err;
	wr_close(inner, list, 2);
	message_close(inner, message);
	return wr_ok(inner) ? BJ_OK : BJ_ERR_ECH_INNER;
}
