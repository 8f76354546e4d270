/* memory_test.c - what is remembered of signatures, by one thread and by many. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "x509/made_chain.h"
#include "x509/path.h"
#include "x509/signature_memory.h"

#define THREADS 4
#define ROUNDS 20000

static struct signature_print print_of(const struct signature_memory *memory, uint32_t number)
{
	uint8_t hash[HASH_MAX];

	hash_once(HASH_SHA256, bytes_of(&number, sizeof(number)), hash);
	return signature_print_of(memory, hash, SIG_ED25519, BYTES_LIT("signature"), BYTES_LIT("key"));
}

static void only_what_was_added_is_held_and_every_part_of_it_counts(void **state)
{
	struct signature_memory *memory = signature_memory_new(), *other = signature_memory_new();
	const uint8_t message[32] = { 1 }, another[32] = { 2 };
	const struct { const uint8_t *message; enum sig_alg alg; struct bj_bytes signature, spki; } parts[] = {
		{ message, SIG_ED25519, BYTES_LIT("ab"), BYTES_LIT("c") },
		{ another, SIG_ED25519, BYTES_LIT("ab"), BYTES_LIT("c") },
		{ message, SIG_RSA_PSS_SHA256, BYTES_LIT("ab"), BYTES_LIT("c") },
		{ message, SIG_ED25519, BYTES_LIT("aB"), BYTES_LIT("c") },
		{ message, SIG_ED25519, BYTES_LIT("ab"), BYTES_LIT("C") },
		{ message, SIG_ED25519, BYTES_LIT("a"), BYTES_LIT("bc") },
	};

	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		struct signature_print p = signature_print_of(memory, parts[i].message, parts[i].alg, parts[i].signature, parts[i].spki);

		assert_int_equal(signature_memory_holds(memory, &p), false);
		if (i == 0) {
			signature_memory_add(memory, &p);
			assert_true(signature_memory_holds(memory, &p));
			assert_false(signature_memory_holds(other, &p));
			for (size_t word = 0; word < SIGNATURE_PRINT_WORDS; word++) { /* the same place, another hash */
				struct signature_print near = p;

				near.words[word] ^= UINT64_C(1) << 63;
				assert_false(signature_memory_holds(memory, &near));
			}
			p = signature_print_of(other, parts[i].message, parts[i].alg, parts[i].signature, parts[i].spki);
			assert_false(signature_memory_holds(memory, &p)); /* each memory has a key of its own */
		}
	}
	signature_memory_free(memory);
	signature_memory_free(other);
}

static void nothing_is_held_without_a_memory(void **state)
{
	struct signature_print p = print_of(NULL, 1);

	signature_memory_add(NULL, &p);
	assert_false(signature_memory_holds(NULL, &p));
	signature_memory_free(NULL);
}

static void old_sentences_make_room(void **state)
{
	const uint32_t room = SIGNATURE_MEMORY_SETS * SIGNATURE_MEMORY_WAYS;
	struct signature_memory *memory = signature_memory_new();
	uint32_t held = 0;

	for (uint32_t i = 0; i < 10 * room; i++) {
		struct signature_print p = print_of(memory, i);

		signature_memory_add(memory, &p);
		assert_true(signature_memory_holds(memory, &p));
	}
	for (uint32_t i = 0; i < 10 * room; i++) {
		struct signature_print p = print_of(memory, i);

		held += signature_memory_holds(memory, &p);
	}
	assert_int_equal(held, room);
	signature_memory_free(memory);
}

static struct signature_memory *shared;

/* Adds even numbers and asks for odd ones, which nobody adds. */
static void *crowd(void *self)
{
	uintptr_t wrong = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct signature_print even = print_of(shared, 2 * i), odd = print_of(shared, 2 * i + 1);

		signature_memory_add(shared, &even);
		wrong += signature_memory_holds(shared, &odd);
	}
	return (void *)wrong;
}

static void many_threads_never_see_what_nobody_added(void **state)
{
	pthread_t threads[THREADS];
	void *wrong;

	shared = signature_memory_new();
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, crowd, NULL), 0);
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	signature_memory_free(shared);
}

/* A chain that was found good is judged anew in everything but its signatures. */
static void a_remembered_signature_excuses_nothing_else(void **state)
{
	static const char *const names[] = { "www.example.com" };
	struct made_cert root = { 0 }, leaf = { 0 };
	struct bj_trust *trust = bj_trust_new(), *empty = bj_trust_new();
	struct path_input in;
	struct cert end;
	struct bj_verdict verdict;

	made_cert_issue(&root, (struct issue){ .kind = ISSUE_CA, .common_name = "Root" }, NULL);
	made_cert_issue(&leaf, (struct issue){ .kind = ISSUE_SERVER, .names = names, .name_count = 1 }, &root);
	assert_int_equal(bj_trust_add_der(trust, root.der, root.cert.der.len), BJ_OK);
	end = leaf.cert;
	in = (struct path_input){ .leaf = &end, .trust = trust, .purpose = PATH_SERVER, .now = MADE_NOW, .check_time = true,
				  .name = BYTES_LIT("www.example.com") };
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(path_verify(&in, &verdict), BJ_OK);
	in.now = MADE_NOW + 1001;
	assert_int_equal(path_verify(&in, &verdict), BJ_ERR_CERT_EXPIRED);
	in.now = MADE_NOW;
	in.name = BYTES_LIT("mail.example.com");
	assert_int_equal(path_verify(&in, &verdict), BJ_ERR_CERT_NAME);
	in.name = BYTES_LIT("www.example.com");
	in.purpose = PATH_CLIENT;
	assert_int_equal(path_verify(&in, &verdict), BJ_ERR_CERT_PURPOSE);
	in.purpose = PATH_SERVER;
	in.trust = empty;
	assert_int_equal(path_verify(&in, &verdict), BJ_ERR_CERT_UNKNOWN_CA);
	in.trust = trust;
	end.signature = root.cert.signature;
	assert_int_equal(path_verify(&in, &verdict), BJ_ERR_CERT_SIGNATURE);
	end.signature = leaf.cert.signature;
	end.tbs = root.cert.tbs;
	assert_int_equal(path_verify(&in, &verdict), BJ_ERR_CERT_SIGNATURE);
	for (unsigned i = 0; i < 2; i++) /* what is wrong stays wrong */
		assert_int_equal(path_verify(&in, &verdict), BJ_ERR_CERT_SIGNATURE);
	bj_trust_free(trust);
	bj_trust_free(empty);
	made_cert_free(&root);
	made_cert_free(&leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_was_added_is_held_and_every_part_of_it_counts),
		cmocka_unit_test(nothing_is_held_without_a_memory),
		cmocka_unit_test(old_sentences_make_room),
		cmocka_unit_test(many_threads_never_see_what_nobody_added),
		cmocka_unit_test(a_remembered_signature_excuses_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
