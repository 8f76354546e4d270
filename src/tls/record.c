/* record.c - see record.h. */
#include "tls/record.h"

#include "base/check.h"
#include "base/reader.h"
#include "base/wipe.h"
#include "base/writer.h"

#define CIPHER_MAX_13 (RECORD_PLAIN_MAX + 256)  /* rfc9846:5.2 */
#define CIPHER_MAX_12 (RECORD_PLAIN_MAX + 2048) /* rfc5246:6.2.3 */
#define SALT_LEN_12 (RECORD_IV_LEN - RECORD_EXPLICIT_LEN)
#define AAD_LEN_12 13

static enum record_form form_of(const struct suite *suite)
{
	if (suite->version == VERSION_1_3)
		return RECORD_13;
	return suite->aead == AEAD_CHACHA20_POLY1305 ? RECORD_12_CHACHA : RECORD_12_GCM;
}

enum bj_err record_keys_set(struct record_keys *k, const struct suite *suite, const uint8_t *key, const uint8_t *iv)
{
	enum record_form form = form_of(suite);
	enum bj_err err;

	if (k->form == form && k->aead.alg == suite->aead) {
		aead_change(&k->aead, key);
		k->seq = 0;
	} else {
		record_keys_fini(k);
		err = aead_init(&k->aead, (enum aead_alg)suite->aead, AEAD_BEST, key);
		if (err)
			return err;
	}
	memcpy(k->iv, iv, form == RECORD_12_GCM ? SALT_LEN_12 : RECORD_IV_LEN);
	k->form = (uint8_t)form;
	return BJ_OK;
}

void record_keys_fini(struct record_keys *k)
{
	aead_fini(&k->aead);
	wipe(k, sizeof(*k));
}

void record_keys_rest(struct record_keys *k)
{
	if (k->form != RECORD_PLAIN)
		aead_rest(&k->aead);
}

static void put_u64(uint8_t out[8], uint64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		out[i] = (uint8_t)v;
}

/* The static nonce with the sequence number over its end: rfc9846:5.3 rfc7905:2 */
static void nonce_xor(const struct record_keys *k, uint8_t nonce[AEAD_NONCE_LEN])
{
	uint8_t seq[8];

	put_u64(seq, k->seq);
	memcpy(nonce, k->iv, AEAD_NONCE_LEN);
	for (size_t i = 0; i < sizeof(seq); i++)
		nonce[AEAD_NONCE_LEN - sizeof(seq) + i] ^= seq[i];
}

/* rfc5288:3: the salt, and what stands on the wire. */
static void nonce_explicit(const struct record_keys *k, const uint8_t explicit[RECORD_EXPLICIT_LEN],
			   uint8_t nonce[AEAD_NONCE_LEN])
{
	memcpy(nonce, k->iv, SALT_LEN_12);
	memcpy(nonce + SALT_LEN_12, explicit, RECORD_EXPLICIT_LEN);
}

static void aad_12(const struct record_keys *k, uint8_t type, size_t len, uint8_t aad[AAD_LEN_12])
{
	put_u64(aad, k->seq);
	aad[8] = type;
	aad[9] = VERSION_1_2 >> 8;
	aad[10] = VERSION_1_2 & 0xff;
	aad[11] = (uint8_t)(len >> 8);
	aad[12] = (uint8_t)len;
}

static bool type_exists(uint8_t type)
{
	return type >= RECORD_CCS && type <= RECORD_DATA;
}

static size_t length_max(const struct record_keys *k)
{
	return k->form == RECORD_PLAIN ? RECORD_PLAIN_MAX : k->form == RECORD_13 ? CIPHER_MAX_13 : CIPHER_MAX_12;
}

/* ---- opening */

/* Only application data may be empty. rfc9846:5.1 rfc5246:6.2.1 */
static enum bj_err finish(struct record *rec, struct record *out)
{
	if (rec->body.len == 0 && rec->type != RECORD_DATA)
		return BJ_ERR_UNEXPECTED_MESSAGE;
	*out = *rec;
	return BJ_OK;
}

static enum bj_err open_13(struct record_keys *k, uint8_t *buf, struct record *rec, struct record *out)
{
	uint8_t *fragment = buf + RECORD_HEADER_LEN;
	uint8_t nonce[AEAD_NONCE_LEN];
	size_t len;
	enum bj_err err;

	/* rfc9846:5: a compatibility CCS, and what a client says that failed before it had keys */
	if (rec->type == RECORD_CCS || (rec->type == RECORD_ALERT && k->seq == 0)) {
		rec->is_plain = true;
		return finish(rec, out);
	}
	if (rec->type != RECORD_DATA)
		return BJ_ERR_UNEXPECTED_MESSAGE;
	nonce_xor(k, nonce);
	err = aead_open(&k->aead, nonce, bytes_of(buf, RECORD_HEADER_LEN), rec->body, fragment);
	if (err)
		return err;
	k->seq++;
	len = rec->body.len - AEAD_TAG_LEN;
	if (len > RECORD_PLAIN_MAX + 1)
		return BJ_ERR_RECORD_OVERFLOW;
	while (len > 0 && fragment[len - 1] == 0)
		len--;
	if (len == 0)
		return BJ_ERR_UNEXPECTED_MESSAGE;
	rec->type = fragment[len - 1];
	rec->body = bytes_of(fragment, len - 1);
	if (!type_exists(rec->type) || rec->type == RECORD_CCS)
		return BJ_ERR_UNEXPECTED_MESSAGE;
	return finish(rec, out);
}

static enum bj_err open_12(struct record_keys *k, uint8_t *buf, struct record *rec, struct record *out)
{
	size_t explicit_len = k->form == RECORD_12_GCM ? RECORD_EXPLICIT_LEN : 0;
	uint8_t *fragment = buf + RECORD_HEADER_LEN + explicit_len;
	uint8_t nonce[AEAD_NONCE_LEN], aad[AAD_LEN_12];
	struct bj_bytes sealed;
	size_t len;
	enum bj_err err;

	if (rec->body.len < explicit_len + AEAD_TAG_LEN)
		return BJ_ERR_BAD_RECORD_MAC;
	sealed = bytes_of(fragment, rec->body.len - explicit_len);
	len = sealed.len - AEAD_TAG_LEN;
	if (explicit_len)
		nonce_explicit(k, rec->body.ptr, nonce);
	else
		nonce_xor(k, nonce);
	aad_12(k, rec->type, len, aad);
	err = aead_open(&k->aead, nonce, bytes_of(aad, sizeof(aad)), sealed, fragment);
	if (err)
		return err;
	k->seq++;
	if (len > RECORD_PLAIN_MAX)
		return BJ_ERR_RECORD_OVERFLOW;
	rec->body = bytes_of(fragment, len);
	return finish(rec, out);
}

enum bj_err record_open(struct record_keys *k, uint8_t *buf, size_t len, struct record *out)
{
	bool is_first = k->form == RECORD_PLAIN && k->seq == 0;
	struct reader r = rd_make(buf, len);
	struct record rec = { 0 };
	uint16_t version;
	size_t length;

	*out = (struct record){ .need = RECORD_HEADER_LEN };
	if (is_first && len > 0 && !type_exists(buf[0]))
		return BJ_ERR_NOT_TLS;
	if (len < RECORD_HEADER_LEN)
		return BJ_OK;
	rec.type = rd_u8(&r);
	version = rd_u16(&r);
	length = rd_u16(&r);
	if (is_first && version >> 8 != 3)
		return BJ_ERR_NOT_TLS;
	if (!type_exists(rec.type))
		return BJ_ERR_UNEXPECTED_MESSAGE;
	/* 1.3 does not look at the lower half, which is authenticated anyway */
	if (version >> 8 != 3 || ((k->form == RECORD_12_GCM || k->form == RECORD_12_CHACHA) && version != VERSION_1_2))
		return BJ_ERR_BAD_VERSION;
	if (length > length_max(k))
		return BJ_ERR_RECORD_OVERFLOW;
	rec.used = RECORD_HEADER_LEN + length;
	if (len < rec.used) {
		out->need = rec.used;
		return BJ_OK;
	}
	if (k->seq >= RECORD_SEQ_MAX)
		return BJ_ERR_KEY_LIMIT;
	rec.body = rd_bytes(&r, length);
	switch (k->form) {
	case RECORD_13:
		return open_13(k, buf, &rec, out);
	case RECORD_12_GCM:
	case RECORD_12_CHACHA:
		return open_12(k, buf, &rec, out);
	default:
		k->seq++;
		return finish(&rec, out);
	}
}

/* ---- sealing */

size_t record_overhead(const struct record_keys *k)
{
	switch (k->form) {
	case RECORD_13:
		return RECORD_HEADER_LEN + 1 + AEAD_TAG_LEN;
	case RECORD_12_GCM:
		return RECORD_HEADER_LEN + RECORD_EXPLICIT_LEN + AEAD_TAG_LEN;
	case RECORD_12_CHACHA:
		return RECORD_HEADER_LEN + AEAD_TAG_LEN;
	default:
		return RECORD_HEADER_LEN;
	}
}

static bool is_gcm(const struct record_keys *k)
{
	return k->aead.alg != AEAD_CHACHA20_POLY1305;
}

bool record_wants_update(const struct record_keys *k)
{
	return k->form == RECORD_13 && is_gcm(k) && k->seq >= RECORD_SOFT_LIMIT;
}

static uint64_t seal_limit(const struct record_keys *k)
{
	switch (k->form) {
	case RECORD_13:
		return is_gcm(k) ? RECORD_HARD_LIMIT : RECORD_SEQ_MAX;
	case RECORD_12_GCM:
		return RECORD_HARD_LIMIT_12;
	default:
		return RECORD_SEQ_MAX;
	}
}

static void put_header(uint8_t *out, uint8_t type, uint16_t version, size_t length)
{
	out[0] = type;
	out[1] = (uint8_t)(version >> 8);
	out[2] = (uint8_t)version;
	out[3] = (uint8_t)(length >> 8);
	out[4] = (uint8_t)length;
}

static enum bj_err seal_13(struct record_keys *k, uint8_t type, const struct bj_bytes *in, size_t in_count, size_t len, size_t pad,
			   uint8_t *out)
{
	static const uint8_t zeros[RECORD_PADDING_MAX];
	struct bj_bytes pieces[RECORD_PIECES_MAX + 2];
	uint8_t nonce[AEAD_NONCE_LEN];

	if (in_count > 0)
		memcpy(pieces, in, in_count * sizeof(*in));
	pieces[in_count] = bytes_of(&type, 1);
	pieces[in_count + 1] = bytes_of(zeros, pad);
	put_header(out, RECORD_DATA, VERSION_1_2, len + 1 + pad + AEAD_TAG_LEN);
	nonce_xor(k, nonce);
	return aead_sealv(&k->aead, nonce, bytes_of(out, RECORD_HEADER_LEN), pieces, in_count + (pad ? 2 : 1), out + RECORD_HEADER_LEN);
}

static enum bj_err seal_12(struct record_keys *k, uint8_t type, const struct bj_bytes *in, size_t in_count, size_t len,
			   uint8_t *out)
{
	uint8_t nonce[AEAD_NONCE_LEN], aad[AAD_LEN_12];
	uint8_t *fragment = out + RECORD_HEADER_LEN;

	put_header(out, type, VERSION_1_2, record_overhead(k) - RECORD_HEADER_LEN + len);
	if (k->form == RECORD_12_GCM) {
		put_u64(fragment, k->seq); /* never comes twice under one key */
		nonce_explicit(k, fragment, nonce);
		fragment += RECORD_EXPLICIT_LEN;
	} else {
		nonce_xor(k, nonce);
	}
	aad_12(k, type, len, aad);
	return aead_sealv(&k->aead, nonce, bytes_of(aad, sizeof(aad)), in, in_count, fragment);
}

static void seal_plain(uint8_t type, uint16_t version, const struct bj_bytes *in, size_t in_count, size_t len, uint8_t *out)
{
	put_header(out, type, version, len);
	out += RECORD_HEADER_LEN;
	for (size_t i = 0; i < in_count; i++) {
		bytes_copy(out, in[i].ptr, in[i].len);
		out += in[i].len;
	}
}

enum bj_err record_seal(struct record_keys *k, enum record_type type, uint16_t version, const struct bj_bytes *in,
			size_t in_count, uint8_t *out, size_t cap, size_t *out_len)
{
	return record_seal_padded(k, type, version, in, in_count, 0, out, cap, out_len);
}

enum bj_err record_seal_padded(struct record_keys *k, enum record_type type, uint16_t version, const struct bj_bytes *in, size_t in_count,
			       size_t pad, uint8_t *out, size_t cap, size_t *out_len)
{
	/* in 1.3 a CCS is never protected: rfc9846:D.4 */
	bool is_plain = k->form == RECORD_PLAIN || (k->form == RECORD_13 && type == RECORD_CCS);
	size_t len = 0, total;
	enum bj_err err = BJ_OK;

	check(in_count <= RECORD_PIECES_MAX);
	for (size_t i = 0; i < in_count; i++) {
		check(in[i].len <= RECORD_PLAIN_MAX - len);
		len += in[i].len;
	}
	check(pad == 0 || (k->form == RECORD_13 && pad <= RECORD_PADDING_MAX && pad <= RECORD_PLAIN_MAX - len));
	total = len + pad + (is_plain ? RECORD_HEADER_LEN : record_overhead(k));
	if (cap < total)
		return BJ_ERR_SPACE;
	if (k->seq >= seal_limit(k))
		return BJ_ERR_KEY_LIMIT;
	if (is_plain)
		seal_plain((uint8_t)type, version, in, in_count, len, out);
	else if (k->form == RECORD_13)
		err = seal_13(k, (uint8_t)type, in, in_count, len, pad, out);
	else
		err = seal_12(k, (uint8_t)type, in, in_count, len, out);
	if (err)
		return err;
	if (!is_plain || k->form == RECORD_PLAIN)
		k->seq++;
	*out_len = total;
	return BJ_OK;
}

/* ---- cutting */

size_t record_cursor_left(const struct record_cursor *c)
{
	size_t left = 0;

	for (size_t i = c->at; i < c->count; i++)
		left += c->pieces[i].len;
	return left - (c->at < c->count ? c->offset : 0);
}

size_t record_cut(struct record_cursor *c, size_t max, struct bj_bytes out[RECORD_PIECES_MAX], size_t *out_count)
{
	size_t total = 0, count = 0;

	while (c->at < c->count && total < max && count < RECORD_PIECES_MAX) {
		struct bj_bytes piece = c->pieces[c->at];
		size_t left = piece.len - c->offset;
		size_t take = left < max - total ? left : max - total;

		if (take > 0)
			out[count++] = bytes_of(piece.ptr + c->offset, take);
		total += take;
		c->offset += take;
		if (c->offset == piece.len) {
			c->at++;
			c->offset = 0;
		}
	}
	*out_count = count;
	return total;
}
