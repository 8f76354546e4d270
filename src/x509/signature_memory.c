/* signature_memory.c - a table of hashes that needs no lock. */
#include "x509/signature_memory.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "crypto/hash.h"
#include "crypto/rng_os.h"

#define KEY_LEN 32

struct place {
	_Atomic(uint64_t) words[SIGNATURE_PRINT_WORDS]; /* all zero: empty */
};

struct signature_memory {
	uint8_t key[KEY_LEN]; /* nobody can search for hashes that fit together beforehand */
	struct place places[SIGNATURE_MEMORY_SETS][SIGNATURE_MEMORY_WAYS];
};

struct signature_memory *signature_memory_new(void)
{
	struct signature_memory *memory = calloc(1, sizeof(*memory));

	if (memory && rng_fill(&rng_os, memory->key, sizeof(memory->key))) {
		free(memory);
		return NULL;
	}
	return memory;
}

void signature_memory_free(struct signature_memory *memory)
{
	free(memory);
}

static void feed(struct hash *hash, struct bj_bytes b)
{
	const uint8_t len[4] = { (uint8_t)(b.len >> 24), (uint8_t)(b.len >> 16), (uint8_t)(b.len >> 8), (uint8_t)b.len };

	hash_update(hash, len, sizeof(len));
	hash_update(hash, b.ptr, b.len);
}

struct signature_print signature_print_of(const struct signature_memory *memory, const uint8_t message_hash[32], enum sig_alg alg,
					  struct bj_bytes signature, struct bj_bytes spki)
{
	const uint8_t alg_octet = (uint8_t)alg;
	struct signature_print print = { { 0 } };
	uint8_t digest[HASH_MAX];
	struct hash hash;

	if (!memory)
		return print;
	hash_init(&hash, HASH_SHA256);
	hash_update(&hash, memory->key, KEY_LEN);
	hash_update(&hash, message_hash, 32);
	hash_update(&hash, &alg_octet, 1);
	feed(&hash, signature);
	feed(&hash, spki);
	hash_final(&hash, digest);
	memcpy(print.words, digest, sizeof(print.words));
	return print;
}

static bool place_holds(const struct place *place, const struct signature_print *print)
{
	uint64_t differ = 0;

	for (unsigned i = 0; i < SIGNATURE_PRINT_WORDS; i++)
		differ |= atomic_load_explicit(&place->words[i], memory_order_relaxed) ^ print->words[i];
	return differ == 0;
}

bool signature_memory_holds(const struct signature_memory *memory, const struct signature_print *print)
{
	if (!memory)
		return false;
	for (unsigned i = 0; i < SIGNATURE_MEMORY_WAYS; i++)
		if (place_holds(&memory->places[print->words[0] % SIGNATURE_MEMORY_SETS][i], print))
			return true;
	return false;
}

void signature_memory_add(struct signature_memory *memory, const struct signature_print *print)
{
	struct place *set, *place;

	if (!memory)
		return;
	set = memory->places[print->words[0] % SIGNATURE_MEMORY_SETS];
	place = &set[print->words[1] % SIGNATURE_MEMORY_WAYS]; /* overwritten if none is empty */
	for (unsigned i = 0; i < SIGNATURE_MEMORY_WAYS; i++)
		if (atomic_load_explicit(&set[i].words[0], memory_order_relaxed) == 0) {
			place = &set[i];
			break;
		}
	for (unsigned i = 0; i < SIGNATURE_PRINT_WORDS; i++)
		atomic_store_explicit(&place->words[i], print->words[i], memory_order_relaxed);
}
