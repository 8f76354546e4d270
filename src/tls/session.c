/* session.c - sessions: their binding, age, and stored forms. */
#include "tls/session.h"

#include <stdlib.h>

#include "tls/ext/max_fragment_length.h"

#define CHECKSUM_LEN 8

void session_fini(struct session *s)
{
	if (!s)
		return;
	if (s->ticket)
		wipe(s->ticket, s->ticket_len);
	free(s->ticket);
	free(s->peer);
	wipe(s, sizeof(*s));
}

enum bj_err session_set_peer(struct session *s, struct bj_bytes certificate)
{
	s->peer = malloc(certificate.len);
	if (!s->peer)
		return BJ_ERR_NO_MEMORY;
	memcpy(s->peer, certificate.ptr, certificate.len);
	s->peer_len = certificate.len;
	return BJ_OK;
}

enum bj_err session_set_list(struct session *s, const struct session_peer *peer)
{
	size_t cap = 4 + peer->ocsp.len + peer->scts.len;
	struct writer w;

	for (size_t i = 0; i < peer->count; i++)
		cap += 3 + peer->chain[i].len;
	if (cap > SESSION_LIST_MAX)
		return BJ_ERR_LIMIT;
	s->peer = malloc(cap);
	if (!s->peer)
		return BJ_ERR_NO_MEMORY;
	w = wr_make(s->peer, cap);
	wr_vec(&w, peer->ocsp, 2);
	wr_vec(&w, peer->scts, 2);
	for (size_t i = 0; i < peer->count; i++)
		wr_vec(&w, peer->chain[i], 3);
	check(wr_ok(&w) && w.len == cap);
	s->peer_len = cap;
	s->peer_is_list = true;
	return BJ_OK;
}

bool session_peer_view(const struct session *s, struct session_peer *out)
{
	struct reader r = rd_make(s->peer, s->peer_len);

	*out = (struct session_peer){ .count = 0 };
	if (!s->peer_is_list) {
		out->chain[out->count++] = bytes_of(s->peer, s->peer_len);
		return s->peer_len > 0;
	}
	out->ocsp = rd_vec_bytes(&r, 2);
	out->scts = rd_vec_bytes(&r, 2);
	while (rd_more(&r) && out->count < PATH_CHAIN_MAX)
		out->chain[out->count++] = rd_vec_bytes(&r, 3);
	return rd_end(&r) && out->count > 0;
}

enum bj_err session_copy(const struct session *s, struct session *out)
{
	enum bj_err err = BJ_OK;

	*out = *s;
	out->ticket = out->peer = NULL;
	out->ticket_len = out->peer_len = 0;
	if (s->peer_len > 0)
		err = session_set_peer(out, bytes_of(s->peer, s->peer_len));
	if (err)
		session_fini(out);
	return err;
}

void session_binding(const struct bj_tls_config *config, const char *name, uint8_t out[SESSION_BINDING_LEN])
{
	bool asks_verify = config->ask >> BJ_TLS_Q_VERIFY & 1;
	const uint8_t policy[] = {
		(uint8_t)config->role,
		/* the length of fragments that was agreed on holds for all that resumes the session. rfc6066:4 */
		(uint8_t)(config->client_auth | max_fragment_code(config->max_fragment) << 4),
		/* sessions of records are no use to QUIC, and the other way round; where they are judged again, it is by whatever is in force then */
		(uint8_t)(config->insecure_no_verify | config->insecure_no_name << 1 | config->strict_sni << 2 | asks_verify << 3 |
			  config->wants_ocsp << 4 | config->quic << 5 | config->judges_resumed << 6),
		config->context_len,
	};
	uint8_t lower[BJ_TLS_NAME_MAX], digest[HASH_MAX];
	size_t len = name ? strlen(name) : 0;
	struct hash h;

	check(len <= sizeof(lower));
	for (size_t i = 0; i < len; i++)
		lower[i] = (uint8_t)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
	hash_init(&h, HASH_SHA256);
	hash_update(&h, policy, sizeof(policy));
	if (!config->judges_resumed)
		hash_update(&h, config->judge_print, sizeof(config->judge_print));
	hash_update(&h, config->own_print, config->own_print_len);
	hash_update(&h, config->context, config->context_len);
	hash_update(&h, lower, len);
	hash_peek(&h, digest);
	memcpy(out, digest, SESSION_BINDING_LEN);
}

bool session_is_fresh(const struct session *s, int64_t now_ms)
{
	int64_t age_ms = now_ms - s->made_ms;

	return age_ms >= -CLOCK_SLACK_MS && age_ms < (int64_t)s->lifetime_s * 1000;
}

/* ---- stored forms */

void session_write(struct writer *w, const struct session *s)
{
	wr_u8(w, SESSION_FORM);
	wr_u16(w, s->version);
	wr_u16(w, s->suite);
	wr_u64(w, (uint64_t)s->made_ms);
	wr_u32(w, s->lifetime_s);
	wr_u32(w, s->age_add);
	wr_u32(w, s->early_max);
	wr_vec(w, secret_view(&s->secret), 1);
	wr_u8(w, (uint8_t)(s->peer_is_list << 4 | s->own_is_key << 3 | s->peer_is_key << 2 | s->peer_verified << 1 | s->has_peer));
	if (s->has_peer) {
		wr_raw(w, s->peer_digest, sizeof(s->peer_digest));
		wr_vec(w, bytes_of(s->peer, s->peer_len), 2);
	}
	wr_raw(w, s->binding, sizeof(s->binding));
	wr_vec(w, bytes_of(s->alpn, s->alpn_len), 1);
}

static void read_state(struct reader *r, struct session *s, struct bj_bytes *out_peer)
{
	struct bj_bytes b;
	uint8_t flags;

	if (rd_u8(r) != SESSION_FORM)
		rd_fail(r);
	s->version = rd_u16(r);
	s->suite = rd_u16(r);
	s->made_ms = (int64_t)rd_u64(r);
	s->lifetime_s = rd_u32(r);
	s->age_add = rd_u32(r);
	s->early_max = rd_u32(r);
	b = rd_vec_bytes(r, 1);
	if (b.len == 0 || b.len > HASH_MAX)
		rd_fail(r);
	else
		secret_set(&s->secret, b.ptr, b.len);
	flags = rd_u8(r);
	if (flags > 31 || s->made_ms < 0 || s->made_ms > INT64_MAX / 2)
		rd_fail(r);
	s->peer_is_list = flags >> 4 & 1;
	s->own_is_key = flags >> 3 & 1;
	s->peer_is_key = flags >> 2 & 1;
	s->peer_verified = flags >> 1 & 1;
	s->has_peer = flags & 1;
	if (s->has_peer) {
		b = rd_bytes(r, sizeof(s->peer_digest));
		bytes_copy(s->peer_digest, b.ptr, b.len);
		*out_peer = rd_vec_bytes(r, 2);
	}
	b = rd_bytes(r, sizeof(s->binding));
	bytes_copy(s->binding, b.ptr, b.len);
	b = rd_vec_bytes(r, 1);
	bytes_copy(s->alpn, b.ptr, b.len);
	s->alpn_len = (uint8_t)b.len;
}

/* A suite of its version, and a secret that is as long as they have it. */
static bool is_sound(const struct session *s)
{
	const struct suite *suite = suite_find(s->suite);

	if (!suite || suite->version != s->version)
		return false;
	return s->secret.len == (s->version == VERSION_1_3 ? hash_len((enum hash_alg)suite->hash) : SESSION_MASTER_LEN);
}

enum bj_err session_read(struct bj_bytes bytes, struct session *out)
{
	struct reader r = rd_of(bytes);
	struct bj_bytes peer = { NULL, 0 };
	struct session_peer kept;
	struct session s = { 0 };
	enum bj_err err = BJ_OK;

	read_state(&r, &s, &peer);
	if (!rd_end(&r) || !is_sound(&s) || peer.len > (s.peer_is_list ? SESSION_LIST_MAX : SESSION_PEER_MAX))
		err = BJ_ERR_BAD_TICKET;
	else if (peer.len > 0)
		err = session_set_peer(&s, peer);
	if (!err && s.peer_is_list && !session_peer_view(&s, &kept))
		err = BJ_ERR_BAD_TICKET;
	if (err) {
		session_fini(&s);
		return err;
	}
	*out = s;
	secret_wipe(&s.secret);
	return BJ_OK;
}

static void checksum(struct bj_bytes bytes, uint8_t out[CHECKSUM_LEN])
{
	uint8_t digest[HASH_MAX];

	hash_once(HASH_SHA256, bytes, digest);
	memcpy(out, digest, CHECKSUM_LEN);
	wipe(digest, sizeof(digest));
}

enum bj_err session_save(const struct session *s, uint8_t **out, size_t *out_len)
{
	size_t cap = SESSION_STATE_MAX - SESSION_PEER_MAX + s->peer_len + 64 + s->ticket_len;
	uint8_t *buf = malloc(cap), sum[CHECKSUM_LEN];
	struct writer w = wr_make(buf, cap);
	size_t mark;

	if (!buf)
		return BJ_ERR_NO_MEMORY;
	mark = wr_open(&w, 2);
	session_write(&w, s);
	wr_close(&w, mark, 2);
	wr_vec(&w, bytes_of(s->id, s->id_len), 1);
	wr_vec(&w, bytes_of(s->ticket, s->ticket_len), 2);
	checksum(wr_view(&w), sum);
	wr_raw(&w, sum, sizeof(sum));
	if (!wr_ok(&w)) {
		wipe(buf, cap);
		free(buf);
		return BJ_ERR_LIMIT;
	}
	*out = buf;
	*out_len = w.len;
	return BJ_OK;
}

enum bj_err session_load(struct bj_bytes blob, struct session *out)
{
	struct reader r;
	struct session s;
	struct bj_bytes state, id, ticket;
	uint8_t sum[CHECKSUM_LEN];
	enum bj_err err;

	if (blob.len < CHECKSUM_LEN || blob.len > SESSION_BLOB_MAX)
		return BJ_ERR_BAD_TICKET;
	checksum(bytes_of(blob.ptr, blob.len - CHECKSUM_LEN), sum);
	if (!ct_equal(sum, blob.ptr + blob.len - CHECKSUM_LEN, CHECKSUM_LEN))
		return BJ_ERR_BAD_TICKET;
	r = rd_make(blob.ptr, blob.len - CHECKSUM_LEN);
	state = rd_vec_bytes(&r, 2);
	id = rd_vec_bytes(&r, 1);
	ticket = rd_vec_bytes(&r, 2);
	if (!rd_end(&r) || id.len > sizeof(s.id) || ticket.len > SESSION_TICKET_MAX)
		return BJ_ERR_BAD_TICKET;
	err = session_read(state, &s);
	if (err)
		return err;
	bytes_copy(s.id, id.ptr, id.len);
	s.id_len = (uint8_t)id.len;
	if (ticket.len > 0) {
		s.ticket = malloc(ticket.len);
		if (!s.ticket) {
			session_fini(&s);
			return BJ_ERR_NO_MEMORY;
		}
		memcpy(s.ticket, ticket.ptr, ticket.len);
		s.ticket_len = ticket.len;
	}
	*out = s;
	secret_wipe(&s.secret);
	return BJ_OK;
}
