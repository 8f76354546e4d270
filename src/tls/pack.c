/* pack.c - see pack.h. */
#include "tls/pack.h"

#include <stdlib.h>

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/rng_os.h"
#include "tls/ech.h"
#include "tls/flight.h"
#include "tls/keys12.h"
#include "tls/later.h"

#define KEY_LEN 32

static const uint8_t magic[5] = { 'B', 'J', 'T', 'C', PACK_FORM };

enum { /* flags, in the form */
	PACK_RESUMED = 1 << 0,
	PACK_RETRIED = 1 << 1,
	PACK_AUTH_ASKED = 1 << 2,
	PACK_PEER_VERIFIED = 1 << 3,
	PACK_CLOSE_SENT = 1 << 4,
	PACK_CLOSE_RECEIVED = 1 << 5,
	PACK_UPDATE_OWED = 1 << 6,
	PACK_PEER_IS_KEY = 1 << 7,
	PACK_UNBOUND = 1 << 8,
	PACK_HAS_NAME = 1 << 9,
	PACK_PEER_DELEGATED = 1 << 10,
	PACK_ECH_SHIFT = 11, /* enum bj_tls_ech */
	PACK_UPDATE_ASKED = 1 << 14,
	PACK_FLAGS = (1 << 15) - 1,
};

/* ---- the fields */

static uint16_t flags_of(const struct bj_tls *conn)
{
	return (uint16_t)((conn->resumed ? PACK_RESUMED : 0) | (conn->retried ? PACK_RETRIED : 0) | (conn->auth_asked ? PACK_AUTH_ASKED : 0) |
			  (conn->peer_verified ? PACK_PEER_VERIFIED : 0) | (conn->close_sent ? PACK_CLOSE_SENT : 0) |
			  (conn->close_received ? PACK_CLOSE_RECEIVED : 0) | (conn->update_owed ? PACK_UPDATE_OWED : 0) |
			  (conn->peer_is_key ? PACK_PEER_IS_KEY : 0) | (conn->is_unbound ? PACK_UNBOUND : 0) | (conn->name ? PACK_HAS_NAME : 0) |
			  (conn->peer_delegated ? PACK_PEER_DELEGATED : 0) | (conn->ech ? conn->ech->status << PACK_ECH_SHIFT : 0) |
			  (conn->update_asked ? PACK_UPDATE_ASKED : 0));
}

static void flags_set(struct bj_tls *conn, unsigned flags)
{
	conn->resumed = flags & PACK_RESUMED;
	conn->retried = flags & PACK_RETRIED;
	conn->auth_asked = flags & PACK_AUTH_ASKED;
	conn->peer_verified = flags & PACK_PEER_VERIFIED;
	conn->close_sent = flags & PACK_CLOSE_SENT;
	conn->close_received = flags & PACK_CLOSE_RECEIVED;
	conn->update_owed = flags & PACK_UPDATE_OWED;
	conn->update_asked = flags & PACK_UPDATE_ASKED;
	conn->peer_is_key = flags & PACK_PEER_IS_KEY;
	conn->is_unbound = flags & PACK_UNBOUND;
	conn->peer_delegated = flags & PACK_PEER_DELEGATED;
}

static void write_secrets(struct writer *w, const struct bj_tls *conn)
{
	if (conn_is_13(conn)) {
		wr_vec(w, secret_view(&conn->s13.read), 1);
		wr_vec(w, secret_view(&conn->s13.write), 1);
		wr_vec(w, secret_view(&conn->s13.exporter), 1);
		wr_vec(w, secret_view(&conn->s13.resumption), 1);
		return;
	}
	wr_vec(w, secret_view(&conn->s12.master), 1);
	wr_raw(w, conn->s12.client_random, sizeof(conn->s12.client_random));
	wr_raw(w, conn->s12.server_random, sizeof(conn->s12.server_random));
}

static size_t peer_len(const struct bj_tls *conn)
{
	size_t len = 0;

	for (size_t i = 0; conn->peer && i < conn->peer->count; i++)
		len += conn->peer->chain[i].len + 3;
	return conn->peer ? len + conn->peer->ocsp.len + conn->peer->scts.len + 9 : 0;
}

static void write_peer(struct writer *w, const struct bj_tls *conn)
{
	const struct kept_peer *peer = peer_len(conn) <= PACK_PEER_MAX ? conn->peer : NULL;
	size_t mark = wr_open(w, 3);

	for (size_t i = 0; peer && i < peer->count; i++)
		wr_vec(w, peer->chain[i], 3);
	wr_close(w, mark, 3);
	wr_vec(w, peer ? peer->ocsp : (struct bj_bytes){ NULL, 0 }, 3);
	wr_vec(w, peer ? peer->scts : (struct bj_bytes){ NULL, 0 }, 3);
}

/* What a later request for a certificate goes on from; the requests are counted on. */
static void write_later(struct writer *w, const struct later *later)
{
	wr_u8(w, later ? 1 : 0);
	if (!later)
		return;
	wr_u8(w, later->count);
	hash_save(&later->hash, w);
}

void pack_write(struct writer *w, const struct bj_tls *conn)
{
	const uint8_t counts[] = { conn->empties, conn->warnings, conn->updates, conn->ccs, conn->tickets, conn->early };
	uint8_t binding[SESSION_BINDING_LEN];

	session_binding(conn->config, conn->name, binding);
	wr_raw(w, binding, sizeof(binding));
	wr_u16(w, conn->version);
	wr_u16(w, conn->suite->code);
	wr_u16(w, conn->group);
	wr_u16(w, conn->signature_scheme);
	wr_u16(w, flags_of(conn));
	wr_u16(w, (uint16_t)conn->alert_sent);
	wr_u16(w, (uint16_t)conn->alert_received);
	wr_u16(w, conn->send_max);
	wr_u16(w, conn->receive_limit);
	wr_vec(w, bytes_text(conn->name), 1);
	wr_vec(w, conn->alpn, 1);
	write_secrets(w, conn);
	wr_u64(w, conn->rd.seq);
	wr_u64(w, conn->wr.seq);
	wr_u64(w, conn->bytes_in);
	wr_u64(w, conn->bytes_out);
	wr_u64(w, conn->records_in);
	wr_u64(w, conn->records_out);
	wr_u64(w, (uint64_t)conn->now_ms);
	wr_u64(w, (uint64_t)conn->known_until_ms);
	wr_raw(w, counts, sizeof(counts));
	wr_u32(w, (uint32_t)conn->age_skew_ms);
	wr_u8(w, conn->psk ? 1 : 0);
	wr_vec(w, conn->psk ? bytes_of(conn->psk->bytes, conn->psk->len) : (struct bj_bytes){ NULL, 0 }, 2);
	write_later(w, conn->later);
	write_peer(w, conn);
}

/* ---- back */

static void read_secret(struct reader *r, size_t len, struct secret *out)
{
	struct bj_bytes bytes = rd_vec_bytes(r, 1);

	if (bytes.len != len)
		rd_fail(r);
	else
		secret_set(out, bytes.ptr, bytes.len);
}

/* Servers have none when their tickets are out. */
static void read_optional_secret(struct reader *r, size_t len, struct secret *out)
{
	if (rd_more(r) && *r->ptr == 0)
		(void)rd_u8(r);
	else
		read_secret(r, len, out);
}

static void read_secrets(struct reader *r, struct bj_tls *conn)
{
	size_t len = hash_len((enum hash_alg)conn->suite->hash);
	struct bj_bytes client_random, server_random;

	if (conn_is_13(conn)) {
		read_secret(r, len, &conn->s13.read);
		read_secret(r, len, &conn->s13.write);
		read_secret(r, len, &conn->s13.exporter);
		read_optional_secret(r, len, &conn->s13.resumption);
		return;
	}
	read_secret(r, KEYS12_MASTER_LEN, &conn->s12.master);
	client_random = rd_bytes(r, sizeof(conn->s12.client_random));
	server_random = rd_bytes(r, sizeof(conn->s12.server_random));
	if (!r->bad) {
		memcpy(conn->s12.client_random, client_random.ptr, client_random.len);
		memcpy(conn->s12.server_random, server_random.ptr, server_random.len);
	}
}

static enum bj_err read_peer(struct reader *r, struct bj_tls *conn)
{
	struct bj_bytes chain = rd_vec_bytes(r, 3), ocsp = rd_vec_bytes(r, 3), scts = rd_vec_bytes(r, 3);
	struct reader certs = rd_of(chain);
	struct kept_peer *peer;
	size_t at = 0;

	if (r->bad || chain.len + ocsp.len + scts.len > PACK_PEER_MAX || (chain.len == 0 && ocsp.len + scts.len > 0))
		return BJ_ERR_BAD_TICKET;
	if (chain.len == 0)
		return BJ_OK;
	peer = conn->peer = calloc(1, sizeof(*peer) + chain.len + ocsp.len + scts.len);
	if (!peer)
		return BJ_ERR_NO_MEMORY;
	while (rd_more(&certs)) {
		struct bj_bytes cert = rd_vec_bytes(&certs, 3);

		if (cert.len == 0 || peer->count == PATH_CHAIN_MAX)
			return BJ_ERR_BAD_TICKET;
		memcpy(peer->der + at, cert.ptr, cert.len);
		peer->chain[peer->count++] = bytes_of(peer->der + at, cert.len);
		at += cert.len;
	}
	if (!rd_end(&certs))
		return BJ_ERR_BAD_TICKET;
	bytes_copy(peer->der + at, ocsp.ptr, ocsp.len);
	peer->ocsp = bytes_of(peer->der + at, ocsp.len);
	at += ocsp.len;
	bytes_copy(peer->der + at, scts.ptr, scts.len);
	peer->scts = bytes_of(peer->der + at, scts.len);
	return BJ_OK;
}

static enum bj_err read_later(struct reader *r, struct bj_tls *conn)
{
	uint8_t has = rd_u8(r), count;
	struct later *later;

	if (r->bad || has > 1 || (has && (!conn_is_13(conn) || !conn->config->later)))
		return BJ_ERR_BAD_TICKET;
	if (!has)
		return BJ_OK;
	count = rd_u8(r);
	later = conn->later = calloc(1, sizeof(*later));
	if (!later)
		return BJ_ERR_NO_MEMORY;
	hash_load(r, (enum hash_alg)conn->suite->hash, &later->hash);
	later->count = count;
	return r->bad || count > LATER_MAX ? BJ_ERR_BAD_TICKET : BJ_OK;
}

/* The name of a key from outside. */
static enum bj_err read_psk(struct reader *r, struct bj_tls *conn)
{
	uint8_t has = rd_u8(r);
	struct bj_bytes identity = rd_vec_bytes(r, 2);

	if (r->bad || has > 1 || (!has && identity.len > 0))
		return BJ_ERR_BAD_TICKET;
	if (!has)
		return BJ_OK;
	conn->psk = malloc(sizeof(*conn->psk) + identity.len);
	if (!conn->psk)
		return BJ_ERR_NO_MEMORY;
	conn->psk->len = identity.len;
	bytes_copy(conn->psk->bytes, identity.ptr, identity.len);
	return BJ_OK;
}

/* Record keys from the secrets. */
static enum bj_err make_keys(struct bj_tls *conn, uint64_t read_seq, uint64_t write_seq)
{
	struct record_keys *client = conn->is_server ? &conn->rd : &conn->wr, *server = conn->is_server ? &conn->wr : &conn->rd;
	enum bj_err err;

	if (conn_is_13(conn)) {
		err = ks_traffic_keys(conn->suite, &conn->s13.read, &conn->rd, NULL);
		if (!err)
			err = ks_traffic_keys(conn->suite, &conn->s13.write, &conn->wr, NULL);
	} else {
		err = keys12_traffic(conn->suite, &conn->s12.master, conn->s12.client_random, conn->s12.server_random, client, server);
	}
	conn->rd.seq = read_seq;
	conn->wr.seq = write_seq;
	return err;
}

static enum bj_err read_names(struct reader *r, struct bj_tls *conn, unsigned flags)
{
	struct bj_bytes name = rd_vec_bytes(r, 1), alpn = rd_vec_bytes(r, 1);

	if (r->bad || (name.len > 0 && (!(flags & PACK_HAS_NAME) || memchr(name.ptr, 0, name.len))))
		return BJ_ERR_BAD_TICKET;
	if (alpn.len > 0) {
		conn->alpn = config_alpn(conn->config, alpn);
		if (conn->alpn.len == 0)
			return BJ_ERR_BAD_TICKET;
	}
	if (!(flags & PACK_HAS_NAME))
		return BJ_OK;
	conn->name = calloc(1, name.len + 1);
	if (!conn->name)
		return BJ_ERR_NO_MEMORY;
	bytes_copy((uint8_t *)conn->name, name.ptr, name.len);
	return BJ_OK;
}

/* What it came to, without what it was done with. */
static enum bj_err read_ech(struct bj_tls *conn, unsigned status)
{
	if (status > BJ_TLS_ECH_REJECTED || status == BJ_TLS_ECH_OFFERED)
		return BJ_ERR_BAD_TICKET;
	if (status == BJ_TLS_ECH_NONE)
		return BJ_OK;
	conn->ech = ech_new((uint8_t)status);
	return conn->ech ? BJ_OK : BJ_ERR_NO_MEMORY;
}

static enum bj_err read_negotiated(struct reader *r, struct bj_tls *conn, unsigned *out_flags)
{
	conn->version = rd_u16(r);
	conn->suite = suite_find(rd_u16(r));
	conn->group = rd_u16(r);
	conn->signature_scheme = rd_u16(r);
	*out_flags = rd_u16(r);
	conn->alert_sent = (int16_t)rd_u16(r);
	conn->alert_received = (int16_t)rd_u16(r);
	conn->send_max = rd_u16(r);
	conn->receive_limit = rd_u16(r);
	if (conn->send_max > RECORD_PLAIN_MAX || conn->receive_limit > RECORD_PLAIN_MAX + 1)
		return BJ_ERR_BAD_TICKET;
	if (r->bad || !conn->suite || conn->suite->version != conn->version || (*out_flags & ~(unsigned)PACK_FLAGS))
		return BJ_ERR_BAD_TICKET;
	if (!config_has_version(conn->config, conn->version))
		return BJ_ERR_BAD_TICKET;
	flags_set(conn, *out_flags);
	return read_ech(conn, *out_flags >> PACK_ECH_SHIFT & 7);
}

static void read_counts(struct reader *r, struct bj_tls *conn)
{
	conn->bytes_in = rd_u64(r);
	conn->bytes_out = rd_u64(r);
	conn->records_in = rd_u64(r);
	conn->records_out = rd_u64(r);
	conn->now_ms = (int64_t)rd_u64(r);
	conn->known_until_ms = (int64_t)rd_u64(r);
	conn->empties = rd_u8(r);
	conn->warnings = rd_u8(r);
	conn->updates = rd_u8(r);
	conn->ccs = rd_u8(r);
	conn->tickets = rd_u8(r);
	conn->early = rd_u8(r);
	conn->age_skew_ms = (int32_t)rd_u32(r);
}

static enum bj_err read_all(struct reader *r, struct bj_tls *conn)
{
	struct bj_bytes binding = rd_bytes(r, SESSION_BINDING_LEN);
	uint8_t own[SESSION_BINDING_LEN];
	uint64_t read_seq, write_seq;
	unsigned flags = 0;
	enum bj_err err = read_negotiated(r, conn, &flags);

	if (!err)
		err = read_names(r, conn, flags);
	if (err)
		return err;
	session_binding(conn->config, conn->name, own);
	if (binding.len != sizeof(own) || !ct_equal(binding.ptr, own, sizeof(own)))
		return BJ_ERR_BAD_TICKET;
	read_secrets(r, conn);
	read_seq = rd_u64(r);
	write_seq = rd_u64(r);
	read_counts(r, conn);
	err = read_psk(r, conn);
	if (!err)
		err = read_later(r, conn);
	if (!err)
		err = read_peer(r, conn);
	if (err)
		return err;
	if (!rd_end(r) || read_seq > RECORD_SEQ_MAX || write_seq > RECORD_SEQ_MAX)
		return BJ_ERR_BAD_TICKET;
	return make_keys(conn, read_seq, write_seq);
}

enum bj_err pack_read(struct bj_bytes plain, struct bj_tls_config *config, struct bj_tls **out)
{
	struct bj_tls *conn = calloc(1, sizeof(*conn));
	struct reader r = rd_of(plain);
	enum bj_err err;

	if (!conn)
		return BJ_ERR_NO_MEMORY;
	conn->config = config;
	conn->config_place = holds_take(&config->holds);
	conn->is_server = config->role == BJ_TLS_SERVER;
	conn->message = CONN_NO_MESSAGE;
	conn->told = TOLD_DONE;
	err = read_all(&r, conn);
	if (err) {
		bj_tls_free(conn);
		return err;
	}
	state_reopen(&conn->state, conn_is_13(conn));
	*out = conn;
	return BJ_OK;
}

/* ---- sealed */

/* One key for one blob, from the caller's and the salt; so a nonce of zeros does. */
static enum bj_err blob_key(const uint8_t key[KEY_LEN], const uint8_t salt[PACK_SALT_LEN], struct aead *out)
{
	struct secret prk;
	struct hmac_key hmac;
	uint8_t bytes[KEY_LEN];
	enum bj_err err;

	hkdf_extract(HASH_SHA256, bytes_of(salt, PACK_SALT_LEN), bytes_of(key, KEY_LEN), &prk);
	hmac_key_init(&hmac, HASH_SHA256, secret_view(&prk));
	err = hkdf_expand(&hmac, BYTES_LIT("bojagi packed connection"), bytes, sizeof(bytes));
	if (!err)
		err = aead_init(out, AEAD_AES_256_GCM, AEAD_BEST, bytes);
	hmac_key_wipe(&hmac);
	secret_wipe(&prk);
	wipe(bytes, sizeof(bytes));
	return err;
}

static const uint8_t nonce[AEAD_NONCE_LEN];

static enum bj_err seal(struct bj_tls *conn, const uint8_t *key, uint8_t *blob, struct writer *plain)
{
	struct aead aead = { 0 };
	enum bj_err err = rng_fill(&conn->config->rng, blob + sizeof(magic), PACK_SALT_LEN);

	memcpy(blob, magic, sizeof(magic));
	if (!err)
		err = blob_key(key, blob + sizeof(magic), &aead);
	if (!err)
		err = aead_seal(&aead, nonce, bytes_of(blob, PACK_HEAD_LEN), wr_view(plain), plain->buf);
	aead_fini(&aead);
	return err;
}

static bool may_pack(const struct bj_tls *conn)
{
	return state_at(&conn->state) == ST_OPEN && !conn->hs && !conn->quic && !conn->rd_given && !conn->wr_given && !conn->eof &&
	       conn->in.len == 0 && conn->flight.len == 0 && bj_tls_pending(conn) == 0 && !(conn->told & (TELL_TICKET | TELL_AUTHENTICATED)) &&
	       (conn->told & TOLD_DONE);
}

/* It goes on elsewhere: here it is over, without a word to the peer. */
static void give_away(struct bj_tls *conn)
{
	(void)conn_fail(conn, BJ_ERR_CLOSED);
}

BJ_API enum bj_err bj_tls_pack(struct bj_tls *conn, const void *key, size_t key_len, uint8_t *out, size_t cap, size_t *out_len)
{
	size_t need;
	struct writer w;
	uint8_t *blob;
	enum bj_err err;

	if (conn->err)
		return (enum bj_err)conn->err;
	if (!may_pack(conn))
		return BJ_ERR_STATE;
	if (!key || key_len != KEY_LEN)
		return BJ_ERR_ARGUMENT;
	need = PACK_HEAD_LEN + PACK_FIXED_MAX + 2 * 256 + (conn->psk ? conn->psk->len : 0) + (peer_len(conn) <= PACK_PEER_MAX ? peer_len(conn) : 0) + AEAD_TAG_LEN;
	blob = malloc(need);
	if (!blob)
		return BJ_ERR_NO_MEMORY;
	w = wr_make(blob + PACK_HEAD_LEN, need - PACK_HEAD_LEN - AEAD_TAG_LEN);
	pack_write(&w, conn);
	err = wr_ok(&w) ? BJ_OK : BJ_ERR_INTERNAL;
	if (!err && (!out || cap < PACK_HEAD_LEN + w.len + AEAD_TAG_LEN))
		err = BJ_ERR_SPACE;
	if (!err)
		err = seal(conn, key, blob, &w);
	if (!err) {
		*out_len = PACK_HEAD_LEN + w.len + AEAD_TAG_LEN;
		memcpy(out, blob, *out_len);
		give_away(conn);
	}
	wipe(blob, need);
	free(blob);
	return err;
}

static enum bj_err unpack(struct bj_tls_config *config, const uint8_t *key, struct bj_bytes blob, uint8_t *plain, struct bj_tls **out)
{
	struct bj_bytes body = bytes_of(blob.ptr + PACK_HEAD_LEN, blob.len - PACK_HEAD_LEN);
	struct aead aead = { 0 };
	enum bj_err err = blob_key(key, blob.ptr + sizeof(magic), &aead);

	if (!err)
		err = aead_open(&aead, nonce, bytes_of(blob.ptr, PACK_HEAD_LEN), body, plain);
	aead_fini(&aead);
	if (err)
		return err == BJ_ERR_BAD_RECORD_MAC ? BJ_ERR_BAD_TICKET : err;
	return pack_read(bytes_of(plain, body.len - AEAD_TAG_LEN), config, out);
}

BJ_API enum bj_err bj_tls_unpack(struct bj_tls_config *config, const void *key, size_t key_len, const void *blob, size_t len,
				 struct bj_tls **out)
{
	uint8_t *plain;
	enum bj_err err;

	if (!config || !key || key_len != KEY_LEN || !blob || !out)
		return BJ_ERR_ARGUMENT;
	if (!config->frozen)
		return BJ_ERR_CONFIG_NOT_FROZEN;
	if (len < PACK_HEAD_LEN + AEAD_TAG_LEN || len > PACK_MAX || memcmp(blob, magic, sizeof(magic)) != 0 || config->quic)
		return BJ_ERR_BAD_TICKET;
	plain = malloc(len);
	if (!plain)
		return BJ_ERR_NO_MEMORY;
	err = unpack(config, key, bytes_of(blob, len), plain, out);
	wipe(plain, len);
	free(plain);
	return err;
}
