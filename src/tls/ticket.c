/* ticket.c - ticket keys and the sealing of tickets. */
#include "tls/ticket.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "crypto/aead.h"
#include "crypto/rng_os.h"

#define KEY_LEN 32
#define KEY_WORDS ((TICKET_NAME_LEN + KEY_LEN) / 8)
#define SLOT_COUNT (CONFIG_TICKET_KEEP_MAX + 2) /* the newest, those kept, and one that is being written */
#define READ_TRIES 64

struct ticket_key {
	uint8_t name[TICKET_NAME_LEN];
	uint8_t key[KEY_LEN];
};

struct slot {
	atomic_uint seq; /* odd while it is written */
	_Atomic uint64_t words[KEY_WORDS];
	_Atomic uint64_t used; /* 1: there is a key */
};

struct ticket_keys {
	struct bj_rng rng;
	int64_t rotate_ms;
	unsigned keep;
	atomic_bool rotating;
	atomic_uint newest;          /* a slot */
	_Atomic int64_t newest_ms;   /* when it was made; 0: at the first use of the clock */
	struct slot slots[SLOT_COUNT];
};

/* ---- slots */

static void slot_write(struct slot *slot, const struct ticket_key *key)
{
	uint64_t words[KEY_WORDS] = { 0 };

	if (key)
		memcpy(words, key, sizeof(words));
	atomic_fetch_add_explicit(&slot->seq, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < KEY_WORDS; i++)
		atomic_store_explicit(&slot->words[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&slot->used, key != NULL, memory_order_relaxed);
	atomic_fetch_add_explicit(&slot->seq, 1, memory_order_release);
	wipe(words, sizeof(words));
}

/* False if there is no key in it. */
static bool slot_read(const struct slot *slot, struct ticket_key *out)
{
	uint64_t words[KEY_WORDS], used;

	for (unsigned tries = 0; tries < READ_TRIES; tries++) {
		unsigned before = atomic_load_explicit(&slot->seq, memory_order_acquire);

		for (size_t i = 0; i < KEY_WORDS; i++)
			words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
		used = atomic_load_explicit(&slot->used, memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
		if ((before & 1) || atomic_load_explicit(&slot->seq, memory_order_relaxed) != before)
			continue;
		if (used)
			memcpy(out, words, sizeof(words));
		wipe(words, sizeof(words));
		return used;
	}
	wipe(words, sizeof(words));
	return false;
}

static enum bj_err key_make(const struct bj_rng *rng, struct ticket_key *out)
{
	enum bj_err err = rng_fill(rng, out, sizeof(*out));

	if (!err && ct_is_zero(out->key, sizeof(out->key)))
		err = BJ_ERR_RANDOM; /* a source that fails silently */
	return err;
}

/* ---- the set */

struct ticket_keys *ticket_keys_new(const struct bj_rng *rng, unsigned rotate_s, unsigned keep)
{
	struct ticket_keys *keys = calloc(1, sizeof(*keys));
	struct ticket_key key;

	if (!keys)
		return NULL;
	keys->rng = *rng;
	keys->rotate_ms = (int64_t)rotate_s * 1000;
	keys->keep = keep <= CONFIG_TICKET_KEEP_MAX ? keep : CONFIG_TICKET_KEEP_MAX;
	if (key_make(rng, &key) != BJ_OK) {
		free(keys);
		return NULL;
	}
	slot_write(&keys->slots[0], &key);
	wipe(&key, sizeof(key));
	return keys;
}

void ticket_keys_free(struct ticket_keys *keys)
{
	if (!keys)
		return;
	wipe(keys, sizeof(*keys));
	free(keys);
}

/* Keys of epochs that have passed without a rotation are as old as if there had been one: all but the newest of them go. */
static void drop_old(struct ticket_keys *keys, unsigned newest)
{
	for (unsigned back = keys->keep + 1; back < SLOT_COUNT; back++)
		slot_write(&keys->slots[(newest + SLOT_COUNT - back) % SLOT_COUNT], NULL);
}

/* How many keys there would be since the newest. It need not be in the past: a clock that was ahead and was set back would keep that key for
 * as long as it was ahead. */
static unsigned epochs_since(const struct ticket_keys *keys, int64_t made_ms, int64_t now_ms)
{
	int64_t epochs = (now_ms - made_ms) / keys->rotate_ms;

	if (epochs < 0)
		return 1;
	return epochs < SLOT_COUNT ? (unsigned)epochs : SLOT_COUNT - 1; /* the newest stays readable until the next is there */
}

/* Makes the next key if the newest is old enough. One thread does it, the others go on with what is there. */
static void rotate(struct ticket_keys *keys, int64_t now_ms)
{
	int64_t made = atomic_load_explicit(&keys->newest_ms, memory_order_relaxed), zero = 0;
	bool no = false;
	struct ticket_key key;
	unsigned epochs, newest;

	if (made == 0) {
		atomic_compare_exchange_strong(&keys->newest_ms, &zero, now_ms ? now_ms : 1);
		return;
	}
	if (epochs_since(keys, made, now_ms) == 0 || !atomic_compare_exchange_strong(&keys->rotating, &no, true))
		return;
	epochs = epochs_since(keys, atomic_load(&keys->newest_ms), now_ms);
	if (epochs > 0 && key_make(&keys->rng, &key) == BJ_OK) {
		newest = atomic_load(&keys->newest);
		for (unsigned i = 1; i < epochs; i++) { /* epochs that nobody saw have no key */
			newest = (newest + 1) % SLOT_COUNT;
			slot_write(&keys->slots[newest], NULL);
		}
		newest = (newest + 1) % SLOT_COUNT;
		slot_write(&keys->slots[newest], &key);
		atomic_store(&keys->newest, newest);
		atomic_store(&keys->newest_ms, now_ms);
		drop_old(keys, newest);
	}
	wipe(&key, sizeof(key));
	atomic_store(&keys->rotating, false);
}

/* ---- tickets */

/* The newest key. It is only missed if as many rotations as there are slots happen between the two reads. */
static bool key_newest(struct ticket_keys *keys, struct ticket_key *out)
{
	for (unsigned tries = 0; tries < READ_TRIES; tries++)
		if (slot_read(&keys->slots[atomic_load_explicit(&keys->newest, memory_order_acquire)], out))
			return true;
	return false;
}

void ticket_use_fini(struct ticket_use *use)
{
	aead_fini(&use->aead);
	wipe(use, sizeof(*use));
}

/* Names are random, so a name stands for its key. */
static enum bj_err key_use(struct ticket_use *use, const struct ticket_key *key)
{
	enum bj_err err;

	if (use->aead.alg != AEAD_NONE && memcmp(use->name, key->name, TICKET_NAME_LEN) == 0)
		return BJ_OK;
	ticket_use_fini(use);
	err = aead_init(&use->aead, AEAD_AES_256_GCM, AEAD_BEST, key->key);
	if (!err)
		memcpy(use->name, key->name, TICKET_NAME_LEN);
	return err;
}

enum bj_err ticket_seal_bytes(struct ticket_keys *keys, struct ticket_use *use, const struct bj_rng *rng, int64_t now_ms, struct bj_bytes plain,
			      struct writer *w)
{
	uint8_t sealed[SESSION_STATE_MAX + AEAD_TAG_LEN], nonce[TICKET_NONCE_LEN];
	struct ticket_key key;
	enum bj_err err;

	check(plain.len <= SESSION_STATE_MAX);
	rotate(keys, now_ms);
	if (!key_newest(keys, &key))
		return BJ_ERR_INTERNAL;
	err = rng_fill(rng, nonce, sizeof(nonce));
	if (!err)
		err = key_use(use, &key);
	if (!err)
		err = aead_seal(&use->aead, nonce, bytes_of(key.name, TICKET_NAME_LEN), plain, sealed);
	if (!err) {
		wr_raw(w, key.name, TICKET_NAME_LEN);
		wr_raw(w, nonce, sizeof(nonce));
		wr_raw(w, sealed, plain.len + AEAD_TAG_LEN);
		err = wr_ok(w) ? BJ_OK : BJ_ERR_INTERNAL;
	}
	wipe(&key, sizeof(key));
	return err;
}

enum bj_err ticket_seal(struct ticket_keys *keys, struct ticket_use *use, const struct bj_rng *rng, int64_t now_ms, const struct session *s,
			struct writer *w)
{
	uint8_t plain[SESSION_STATE_MAX];
	struct writer state = wr_make(plain, sizeof(plain));
	enum bj_err err;

	session_write(&state, s);
	err = wr_ok(&state) ? ticket_seal_bytes(keys, use, rng, now_ms, wr_view(&state), w) : BJ_ERR_INTERNAL;
	wipe(plain, state.len);
	return err;
}

static bool key_by_name(struct ticket_keys *keys, struct bj_bytes name, struct ticket_key *out)
{
	for (size_t i = 0; i < SLOT_COUNT; i++)
		if (slot_read(&keys->slots[i], out) && memcmp(out->name, name.ptr, TICKET_NAME_LEN) == 0)
			return true;
	return false;
}

enum bj_err ticket_open_bytes(struct ticket_keys *keys, struct ticket_use *use, int64_t now_ms, struct bj_bytes ticket, uint8_t *out, size_t cap,
			      size_t *out_len)
{
	struct reader r = rd_of(ticket);
	struct bj_bytes name = rd_bytes(&r, TICKET_NAME_LEN), nonce = rd_bytes(&r, TICKET_NONCE_LEN), body = rd_rest(&r);
	struct ticket_key key = { 0 };
	enum bj_err err = BJ_ERR_BAD_TICKET;

	if (r.bad || body.len <= AEAD_TAG_LEN || body.len - AEAD_TAG_LEN > cap)
		return BJ_ERR_BAD_TICKET;
	rotate(keys, now_ms);
	if (key_by_name(keys, name, &key) && key_use(use, &key) == BJ_OK && aead_open(&use->aead, nonce.ptr, name, body, out) == BJ_OK)
		err = BJ_OK;
	wipe(&key, sizeof(key));
	if (!err)
		*out_len = body.len - AEAD_TAG_LEN;
	return err;
}

enum bj_err ticket_open(struct ticket_keys *keys, struct ticket_use *use, int64_t now_ms, struct bj_bytes ticket, struct session *out)
{
	uint8_t plain[SESSION_STATE_MAX];
	size_t len = 0;
	enum bj_err err = ticket_open_bytes(keys, use, now_ms, ticket, plain, sizeof(plain), &len);

	if (!err)
		err = session_read(bytes_of(plain, len), out);
	wipe(plain, len);
	return err;
}
