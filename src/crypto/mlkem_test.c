/* mlkem_test.c - ML-KEM against the vectors of ACVP and Wycheproof, at every level that the processor has; tampering first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>

#include "crypto/levels_here.h"
#include "crypto/mlkem_core.h"
#include "support/hex.h"
#include "support/json.h"
#include "support/vectors.h"

static const struct kind {
	enum mlkem_set set;
	const char *name;
	struct mlkem_params params;
} kinds[] = {
	{ MLKEM_768, "ML-KEM-768", { 3, 10, 4 } },
	{ MLKEM_1024, "ML-KEM-1024", { 4, 11, 5 } },
};

static const struct mlkem_core *const cores[] = {
	&mlkem_core_plain,
#ifdef __x86_64__
	&mlkem_core_avx2,
	&mlkem_core_avx512,
#endif
};

#define each_core(c)                                               \
	(size_t core_at = 0; core_at < ARRAY_COUNT(cores); core_at++) \
		for (const struct mlkem_core *c = cores[core_at]; c && level_is_here(c->name); c = NULL)

struct text { /* bytes of a vector */
	uint8_t *ptr;
	size_t len;
};

static struct text text_of(const struct json *object, const char *name)
{
	struct text t;

	t.ptr = json_get_hex(object, name, &t.len);
	return t;
}

static struct bj_bytes view(struct text t)
{
	return bytes_of(t.ptr, t.len);
}

static bool same(struct text t, const void *bytes, size_t len)
{
	return t.len == len && memcmp(t.ptr, bytes, len) == 0;
}

static const struct kind *kind_of(const struct json *group)
{
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		if (strcmp(json_get_text(group, "parameterSet"), kinds[i].name) == 0)
			return &kinds[i];
	return NULL;
}

/* ---- small ones, always run */

static void wrong_lengths_are_refused(void **state)
{
	static uint8_t seed[MLKEM_SEED_LEN], ek[MLKEM_EK_MAX + 1], dk[MLKEM_DK_MAX + 1], ct[MLKEM_CT_MAX + 1];

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		enum mlkem_set set = kinds[i].set;
		size_t ek_len = mlkem_ek_len(set), dk_len = mlkem_dk_len(set), ct_len = mlkem_ct_len(set);
		struct secret out = { 0 };

		mlkem_keygen(set, seed, ek, dk);
		for (size_t len = 0; len <= sizeof(ek); len++)
			if (len != ek_len)
				assert_int_equal(mlkem_encaps(set, bytes_of(ek, len), seed, ct, &out), BJ_ERR_BAD_KEY_SHARE);
		for (size_t len = 0; len <= sizeof(ct); len++)
			if (len != ct_len)
				assert_int_equal(mlkem_decaps(set, bytes_of(dk, dk_len), bytes_of(ct, len), &out), BJ_ERR_BAD_KEY_SHARE);
		for (size_t len = 0; len <= sizeof(dk); len++)
			assert_int_equal(mlkem_dk_check(set, bytes_of(dk, len)), len == dk_len ? BJ_OK : BJ_ERR_KEY_FORMAT);
		assert_int_equal(out.len, 0);
	}
}

/* The second of the two coefficients in three bytes, or the first, becomes q. */
static void a_coefficient_of_q_anywhere_is_refused(void **state)
{
	static uint8_t seed[MLKEM_SEED_LEN], ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX], ct[MLKEM_CT_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		enum mlkem_set set = kinds[i].set;
		size_t len = mlkem_ek_len(set);
		struct secret out = { 0 };

		mlkem_keygen(set, seed, ek, dk);
		for (size_t at = 0; at < 2 * (len - 32) / 3; at++) {
			uint8_t *three = ek + at / 2 * 3, kept[3];

			memcpy(kept, three, 3);
			three[at % 2] = at % 2 ? (uint8_t)((three[1] & 0x0f) | 0x10) : 0x01;
			three[at % 2 + 1] = at % 2 ? 0xd0 : (uint8_t)((three[1] & 0xf0) | 0x0d);
			assert_int_equal(mlkem_encaps(set, bytes_of(ek, len), seed, ct, &out), BJ_ERR_BAD_KEY_SHARE);
			memcpy(three, kept, 3);
		}
		assert_int_equal(mlkem_encaps(set, bytes_of(ek, len), seed, ct, &out), BJ_OK);
	}
}

/* Every byte of the ciphertext counts (a comparison of a part of it would let the rest be changed), and the answer is the
 * rejection that the standard gives: SHAKE256(z || ciphertext). */
static void a_ciphertext_changed_in_any_byte_gives_the_rejected_secret(void **state)
{
	static uint8_t seed[MLKEM_SEED_LEN] = { 1, [63] = 2 }, ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX], input[32 + MLKEM_CT_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		for each_core (core) {
			size_t ct_len = mlkem_ct_len(kinds[i].set);
			uint8_t *ct = input + 32, sent[32], got[32], want[32];

			core->keygen(&kinds[i].params, seed, ek, dk);
			core->encaps(&kinds[i].params, ek, seed, ct, sent);
			core->decaps(&kinds[i].params, dk, ct, got);
			assert_memory_equal(got, sent, 32);
			memcpy(input, seed + 32, 32);
			for (size_t at = 0; at < ct_len; at++) {
				EVP_MD_CTX *ctx = EVP_MD_CTX_new();

				ct[at] ^= (uint8_t)(1 << at % 8);
				core->decaps(&kinds[i].params, dk, ct, got);
				assert_int_equal(EVP_DigestInit_ex(ctx, EVP_shake256(), NULL), 1);
				assert_int_equal(EVP_DigestUpdate(ctx, input, 32 + ct_len), 1);
				assert_int_equal(EVP_DigestFinalXOF(ctx, want, 32), 1);
				EVP_MD_CTX_free(ctx);
				assert_memory_equal(got, want, 32);
				ct[at] ^= (uint8_t)(1 << at % 8);
			}
		}
}

static void a_decapsulation_key_whose_hash_is_not_its_own_is_refused(void **state)
{
	static uint8_t seed[MLKEM_SEED_LEN], ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		size_t dk_len = mlkem_dk_len(kinds[i].set), ek_at = (size_t)kinds[i].params.k * 384;

		mlkem_keygen(kinds[i].set, seed, ek, dk);
		for (size_t at = ek_at; at < dk_len - 32; at++) {
			dk[at] ^= 0x80;
			assert_int_equal(mlkem_dk_check(kinds[i].set, bytes_of(dk, dk_len)), BJ_ERR_KEY_FORMAT);
			dk[at] ^= 0x80;
		}
	}
}

/* Seed, key, ciphertext and secret chained through SHAKE256: one number for 500 runs, equal at all levels. */
static void all_levels_agree(void **state)
{
	static uint8_t seed[MLKEM_SEED_LEN], ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX], ct[MLKEM_CT_MAX], want_ek[MLKEM_EK_MAX],
		want_dk[MLKEM_DK_MAX], want_ct[MLKEM_CT_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		for (unsigned round = 0; round < 300; round++) {
			uint8_t secret[32], back[32], want[32];

			memset(seed, (int)round, sizeof(seed));
			seed[round % 64] ^= (uint8_t)(round >> 3);
			mlkem_core_plain.keygen(&kinds[i].params, seed, want_ek, want_dk);
			mlkem_core_plain.encaps(&kinds[i].params, want_ek, seed, want_ct, want);
			for each_core (core) {
				core->keygen(&kinds[i].params, seed, ek, dk);
				core->encaps(&kinds[i].params, ek, seed, ct, secret);
				core->decaps(&kinds[i].params, dk, ct, back);
				assert_memory_equal(ek, want_ek, mlkem_ek_len(kinds[i].set));
				assert_memory_equal(dk, want_dk, mlkem_dk_len(kinds[i].set));
				assert_memory_equal(ct, want_ct, mlkem_ct_len(kinds[i].set));
				assert_memory_equal(secret, want, 32);
				assert_memory_equal(back, want, 32);
			}
		}
}

/* ---- vectors */

static void keygen_case(const struct kind *kind, const struct json *test, struct text seed)
{
	static uint8_t ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX];
	struct text want_ek = text_of(test, "ek"), want_dk = text_of(test, "dk");

	assert_int_equal(seed.len, MLKEM_SEED_LEN);
	for each_core (core) {
		core->keygen(&kind->params, seed.ptr, ek, dk);
		if (!same(want_ek, ek, mlkem_ek_len(kind->set)) || !same(want_dk, dk, mlkem_dk_len(kind->set)))
			fail_msg("%s %s tcId %lld: other keys", core->name, kind->name, json_get_int(test, "tcId"));
	}
	free(want_ek.ptr);
	free(want_dk.ptr);
}

static void encaps_case(const struct kind *kind, const struct json *test, struct text secret)
{
	static uint8_t ct[MLKEM_CT_MAX];
	struct text ek = text_of(test, "ek"), m = text_of(test, "m"), want = text_of(test, "c");
	bool good = strcmp(json_get_text(test, "result"), "invalid") != 0;
	struct secret out = { 0 };
	uint8_t got[32];
	enum bj_err err = mlkem_encaps(kind->set, view(ek), m.ptr, ct, &out);

	if (err != (good ? BJ_OK : BJ_ERR_BAD_KEY_SHARE))
		fail_msg("%s tcId %lld: error %d", kind->name, json_get_int(test, "tcId"), (int)err);
	for each_core (core) {
		if (ek.len == mlkem_ek_len(kind->set))
			assert_int_equal(core->ek_good(&kind->params, ek.ptr), good);
		if (!good)
			continue;
		core->encaps(&kind->params, ek.ptr, m.ptr, ct, got);
		if (!same(want, ct, mlkem_ct_len(kind->set)) || !same(secret, got, 32) || !same(secret, out.bytes, out.len))
			fail_msg("%s %s tcId %lld: other secret", core->name, kind->name, json_get_int(test, "tcId"));
	}
	free(ek.ptr);
	free(m.ptr);
	free(want.ptr);
}

static void decaps_case(const struct kind *kind, const struct json *test, struct text dk, struct text secret)
{
	struct text ct = text_of(test, "c");
	bool good = strcmp(json_get_text(test, "result"), "invalid") != 0;
	struct secret out = { 0 };
	uint8_t got[32];
	enum bj_err err = mlkem_dk_check(kind->set, view(dk));

	if (!err)
		err = mlkem_decaps(kind->set, view(dk), view(ct), &out);
	if ((err == BJ_OK) != good)
		fail_msg("%s tcId %lld: error %d", kind->name, json_get_int(test, "tcId"), (int)err);
	for each_core (core) {
		if (!good)
			continue;
		core->decaps(&kind->params, dk.ptr, ct.ptr, got);
		if (!same(secret, got, 32))
			fail_msg("%s %s tcId %lld: other secret", core->name, kind->name, json_get_int(test, "tcId"));
	}
	free(ct.ptr);
}

/* ML-KEM's own: from a seed to a secret. */
static void whole_case(const struct kind *kind, const struct json *test)
{
	static uint8_t ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX];
	struct text seed = text_of(test, "seed"), secret = text_of(test, "K"), want_ek = text_of(test, "ek");

	if (seed.len == MLKEM_SEED_LEN) {
		mlkem_keygen(kind->set, seed.ptr, ek, dk);
		if (want_ek.len > 0 && strcmp(json_get_text(test, "result"), "valid") == 0)
			assert_true(same(want_ek, ek, mlkem_ek_len(kind->set)));
		decaps_case(kind, test, (struct text){ dk, mlkem_dk_len(kind->set) }, secret);
	} else {
		assert_string_equal(json_get_text(test, "result"), "invalid");
	}
	free(seed.ptr);
	free(secret.ptr);
	free(want_ek.ptr);
}

static void wycheproof_case(const struct kind *kind, const char *type, const struct json *test)
{
	struct text seed = text_of(test, "seed"), secret = text_of(test, "K"), dk = text_of(test, "dk");

	if (strcmp(type, "MLKEMKeyGen") == 0)
		keygen_case(kind, test, seed);
	else if (strcmp(type, "MLKEMEncapsTest") == 0)
		encaps_case(kind, test, secret);
	else if (strcmp(type, "MLKEMDecapsValidationTest") == 0)
		decaps_case(kind, test, dk, secret);
	else if (strcmp(type, "MLKEMTest") == 0)
		whole_case(kind, test);
	else
		fail_msg("unknown type %s", type);
	free(seed.ptr);
	free(secret.ptr);
	free(dk.ptr);
}

static void wycheproof_agrees(void **state)
{
	static const char *const files[] = { "mlkem_768_test", "mlkem_768_encaps_test", "mlkem_768_keygen_seed_test",
		"mlkem_768_semi_expanded_decaps_test", "mlkem_1024_test", "mlkem_1024_encaps_test", "mlkem_1024_keygen_seed_test",
		"mlkem_1024_semi_expanded_decaps_test" };

	if (!vectors_present())
		skip();
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		char name[80] = "wycheproof/";
		struct json *root = json_load(vectors_path(strcat(strcat(name, files[i]), ".json")));
		long long ran = 0;

		assert_non_null(root);
		for json_each (group, json_get(root, "testGroups"))
			for json_each (test, json_get(group, "tests")) {
				assert_non_null(kind_of(group));
				wycheproof_case(kind_of(group), json_get_text(group, "type"), test);
				ran++;
			}
		assert_int_equal(ran, json_get_int(root, "numberOfTests"));
		json_free(root);
	}
}

static void acvp_check_case(const struct kind *kind, const struct json *test, bool of_dk)
{
	static uint8_t ct[MLKEM_CT_MAX];
	const uint8_t random[32] = { 0 };
	struct text key = text_of(test, of_dk ? "dk" : "ek");
	struct secret out;
	enum bj_err err = of_dk ? mlkem_dk_check(kind->set, view(key)) : mlkem_encaps(kind->set, view(key), random, ct, &out);

	if ((err == BJ_OK) != json_bool(json_get(test, "testPassed")))
		fail_msg("%s tcId %lld: error %d", kind->name, json_get_int(test, "tcId"), (int)err);
	free(key.ptr);
}

static void acvp_case(const struct kind *kind, const char *function, const struct json *test)
{
	struct text secret = text_of(test, "k"), dk = text_of(test, "dk");

	if (strcmp(function, "encapsulation") == 0)
		encaps_case(kind, test, secret);
	else if (strcmp(function, "decapsulation") == 0)
		decaps_case(kind, test, dk, secret);
	else if (strcmp(function, "decapsulationKeyCheck") == 0 || strcmp(function, "encapsulationKeyCheck") == 0)
		acvp_check_case(kind, test, function[0] == 'd');
	else
		fail_msg("unknown function %s", function);
	free(secret.ptr);
	free(dk.ptr);
}

static void acvp_keygen_case(const struct kind *kind, const struct json *test)
{
	struct text d = text_of(test, "d"), z = text_of(test, "z");
	uint8_t seed[MLKEM_SEED_LEN];

	memcpy(seed, d.ptr, 32);
	memcpy(seed + 32, z.ptr, 32);
	keygen_case(kind, test, (struct text){ seed, sizeof(seed) });
	free(d.ptr);
	free(z.ptr);
}

static void acvp_agrees(void **state)
{
	struct json *keygen, *use;
	size_t ran = 0;

	if (!vectors_present())
		skip();
	keygen = json_load(vectors_path("acvp-mlkem/ML-KEM-keyGen-FIPS203.json"));
	use = json_load(vectors_path("acvp-mlkem/ML-KEM-encapDecap-FIPS203.json"));
	assert_non_null(keygen);
	assert_non_null(use);
	for json_each (group, json_get(keygen, "testGroups"))
		for json_each (test, json_get(group, "tests"))
			if (kind_of(group)) {
				acvp_keygen_case(kind_of(group), test);
				ran++;
			}
	for json_each (group, json_get(use, "testGroups"))
		for json_each (test, json_get(group, "tests"))
			if (kind_of(group)) {
				acvp_case(kind_of(group), json_get_text(group, "function"), test);
				ran++;
			}
	json_free(keygen);
	json_free(use);
	assert_true(ran >= 150);
}

/* ---- libcrypto's, where it has ML-KEM */

#if OPENSSL_VERSION_NUMBER >= 0x30500000L

static void their_key_works_with_ours(const struct kind *kind, const uint8_t *seed)
{
	static uint8_t ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX], their_ek[MLKEM_EK_MAX], ct[MLKEM_CT_MAX];
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string("seed", (void *)seed, MLKEM_SEED_LEN), OSSL_PARAM_construct_end() };
	EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, kind->name, NULL), *use;
	EVP_PKEY *key = NULL;
	size_t len = sizeof(their_ek), ct_len = sizeof(ct), secret_len = 32;
	uint8_t theirs[32];
	struct secret ours = { 0 };

	assert_int_equal(EVP_PKEY_fromdata_init(make), 1);
	assert_int_equal(EVP_PKEY_fromdata(make, &key, EVP_PKEY_KEYPAIR, params), 1);
	mlkem_keygen(kind->set, seed, ek, dk);
	assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", their_ek, sizeof(their_ek), &len), 1);
	assert_int_equal(len, mlkem_ek_len(kind->set));
	assert_memory_equal(their_ek, ek, len);

	use = EVP_PKEY_CTX_new(key, NULL);
	assert_int_equal(EVP_PKEY_encapsulate_init(use, NULL), 1);
	assert_int_equal(EVP_PKEY_encapsulate(use, ct, &ct_len, theirs, &secret_len), 1);
	assert_int_equal(mlkem_decaps(kind->set, bytes_of(dk, mlkem_dk_len(kind->set)), bytes_of(ct, ct_len), &ours), BJ_OK);
	assert_memory_equal(ours.bytes, theirs, 32);

	for (int bad = 0; bad < 2; bad++) { /* also rejected alike */
		assert_int_equal(mlkem_encaps(kind->set, bytes_of(ek, len), seed, ct, &ours), BJ_OK);
		ct[seed[0]] ^= (uint8_t)bad;
		assert_int_equal(mlkem_decaps(kind->set, bytes_of(dk, mlkem_dk_len(kind->set)), bytes_of(ct, ct_len), &ours), BJ_OK);
		assert_int_equal(EVP_PKEY_decapsulate_init(use, NULL), 1);
		assert_int_equal(EVP_PKEY_decapsulate(use, theirs, &secret_len, ct, ct_len), 1);
		assert_memory_equal(ours.bytes, theirs, 32);
	}
	EVP_PKEY_CTX_free(use);
	EVP_PKEY_CTX_free(make);
	EVP_PKEY_free(key);
}

static void libcrypto_agrees(void **state)
{
	uint8_t seed[MLKEM_SEED_LEN];
	uint32_t n = 7;

	for (unsigned round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(seed); i++)
			seed[i] = (uint8_t)((n = n * 1664525 + 1013904223) >> 24);
		their_key_works_with_ours(&kinds[round % ARRAY_COUNT(kinds)], seed);
	}
}

#else

static void libcrypto_agrees(void **state)
{
	print_message("SKIPPED: this libcrypto has no ML-KEM (it comes with 3.5)\n");
	skip();
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_lengths_are_refused),
		cmocka_unit_test(a_coefficient_of_q_anywhere_is_refused),
		cmocka_unit_test(a_ciphertext_changed_in_any_byte_gives_the_rejected_secret),
		cmocka_unit_test(a_decapsulation_key_whose_hash_is_not_its_own_is_refused),
		cmocka_unit_test(all_levels_agree),
		cmocka_unit_test(wycheproof_agrees),
		cmocka_unit_test(acvp_agrees),
		cmocka_unit_test(libcrypto_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
