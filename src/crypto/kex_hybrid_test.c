/* kex_hybrid_test.c - groups with ML-KEM: bad shares first, then the layout of shares and secrets against their parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>

#include "crypto/kex.h"
#include "crypto/mlkem.h"
#include "crypto/rng_os.h"

static const struct kind {
	enum kex_group group, plain;
	const char *name;
	size_t plain_len;
	bool kem_first;
	enum mlkem_set set;
	size_t ek_len, ct_len;
} kinds[] = {
	{ KEX_X25519MLKEM768, KEX_X25519, "X25519MLKEM768", 32, true, MLKEM_768, 1184, 1088 },
	{ KEX_SECP256R1MLKEM768, KEX_P256, "SecP256r1MLKEM768", 65, false, MLKEM_768, 1184, 1088 },
	{ KEX_MLKEM1024, KEX_NONE, "ML-KEM-1024", 0, true, MLKEM_1024, 1568, 1568 },
};

#define each_kind(k) (const struct kind *k = kinds; k < kinds + ARRAY_COUNT(kinds); k++)

struct exchange { /* between a client and a server that are both us */
	struct kex_key client;
	uint8_t answer[KEX_SHARE_MAX + 1];
	size_t answer_len;
	struct secret server;
};

static struct exchange exchange_make(enum kex_group group)
{
	struct exchange x = { 0 };

	assert_int_equal(kex_generate(&x.client, group, &rng_os), BJ_OK);
	assert_int_equal(kex_answer(group, kex_public(&x.client), &rng_os, x.answer, &x.answer_len, &x.server), BJ_OK);
	return x;
}

static void shares_cut_anywhere_or_too_long_are_refused(void **state)
{
	for each_kind (k) {
		struct exchange x = exchange_make(k->group);
		struct bj_bytes public = kex_public(&x.client);
		uint8_t out[KEX_SHARE_MAX], longer[KEX_SHARE_MAX + 1] = { 0 };
		struct secret secret = { 0 };
		size_t len = 0;

		for (size_t n = 0; n < public.len; n++) {
			uint8_t *exact = malloc(n + 1); /* so that a sanitizer sees what is read behind it */

			memcpy(exact + 1, public.ptr, n);
			assert_int_equal(kex_answer(k->group, bytes_of(exact + 1, n), &rng_os, out, &len, &secret), BJ_ERR_BAD_KEY_SHARE);
			free(exact);
		}
		for (size_t n = 0; n < x.answer_len; n++) {
			uint8_t *exact = malloc(n + 1);

			memcpy(exact + 1, x.answer, n);
			assert_int_equal(kex_derive(&x.client, bytes_of(exact + 1, n), &secret), BJ_ERR_BAD_KEY_SHARE);
			free(exact);
		}
		memcpy(longer, public.ptr, public.len);
		assert_int_equal(kex_answer(k->group, bytes_of(longer, public.len + 1), &rng_os, out, &len, &secret), BJ_ERR_BAD_KEY_SHARE);
		assert_int_equal(kex_derive(&x.client, bytes_of(x.answer, x.answer_len + 1), &secret), BJ_ERR_BAD_KEY_SHARE);
		if (k->ek_len != k->ct_len) /* a client's share as an answer */
			assert_int_equal(kex_derive(&x.client, public, &secret), BJ_ERR_BAD_KEY_SHARE);
		assert_int_equal(secret.len, 0);
		assert_int_equal(len, 0);
		kex_fini(&x.client);
	}
}

static void a_plain_half_of_zeros_is_refused_by_both_sides(void **state)
{
	for each_kind (k) {
		struct exchange x = exchange_make(k->group);
		struct bj_bytes public = kex_public(&x.client);
		uint8_t bad[KEX_SHARE_MAX], out[KEX_SHARE_MAX];
		struct secret secret = { 0 };
		size_t len = 0;

		if (k->plain == KEX_NONE) {
			kex_fini(&x.client);
			continue;
		}
		memcpy(bad, public.ptr, public.len);
		memset(bad + (k->kem_first ? k->ek_len : 0), 0, k->plain_len);
		assert_int_equal(kex_answer(k->group, bytes_of(bad, public.len), &rng_os, out, &len, &secret), BJ_ERR_BAD_KEY_SHARE);
		memset(x.answer + (k->kem_first ? k->ct_len : 0), 0, k->plain_len);
		assert_int_equal(kex_derive(&x.client, bytes_of(x.answer, x.answer_len), &secret), BJ_ERR_BAD_KEY_SHARE);
		assert_int_equal(secret.len, 0);
		assert_int_equal(len, 0);
		kex_fini(&x.client);
	}
}

static void an_encapsulation_key_with_a_coefficient_of_q_is_refused(void **state)
{
	for each_kind (k) {
		struct exchange x = exchange_make(k->group);
		struct bj_bytes public = kex_public(&x.client);
		uint8_t bad[KEX_SHARE_MAX], out[KEX_SHARE_MAX], *ek = bad + (k->kem_first ? 0 : k->plain_len);
		struct secret secret = { 0 };
		size_t len = 0;

		memcpy(bad, public.ptr, public.len);
		ek[0] = 0x01;
		ek[1] = (uint8_t)((ek[1] & 0xf0) | 0x0d);
		assert_int_equal(kex_answer(k->group, bytes_of(bad, public.len), &rng_os, out, &len, &secret), BJ_ERR_BAD_KEY_SHARE);
		kex_fini(&x.client);
	}
}

static void a_change_of_any_part_of_the_answer_changes_the_secret(void **state)
{
	for each_kind (k) {
		struct exchange x = exchange_make(k->group);
		size_t kem = k->kem_first ? 0 : k->plain_len;
		struct secret secret = { 0 };

		for (size_t at = 0; at < k->ct_len; at += 31) {
			x.answer[kem + at] ^= 1;
			assert_int_equal(kex_derive(&x.client, bytes_of(x.answer, x.answer_len), &secret), BJ_OK);
			assert_false(secret_equal(&secret, &x.server));
			x.answer[kem + at] ^= 1;
		}
		kex_fini(&x.client);
	}
}

static void both_sides_get_the_same_secret_of_32_bytes_a_part(void **state)
{
	for each_kind (k)
		for (int i = 0; i < 20; i++) {
			struct exchange x = exchange_make(k->group);
			struct secret secret;

			assert_true(kex_known((uint16_t)k->group));
			assert_int_equal(kex_public(&x.client).len, k->ek_len + k->plain_len);
			assert_int_equal(kex_public_len(k->group), k->ek_len + k->plain_len);
			assert_int_equal(x.answer_len, k->ct_len + k->plain_len);
			assert_int_equal(kex_derive(&x.client, bytes_of(x.answer, x.answer_len), &secret), BJ_OK);
			assert_int_equal(secret.len, k->plain == KEX_NONE ? 32 : 64);
			assert_true(secret_equal(&secret, &x.server));
			kex_fini(&x.client);
		}
}

static void mlkem_alone_is_its_own_secret_and_nothing_else(void **state)
{
	static const uint8_t random[32] = { 7 };
	uint8_t answer[MLKEM_CT_MAX];
	struct kex_key client;
	struct secret kem, secret;

	assert_int_equal(kex_generate(&client, KEX_MLKEM1024, &rng_os), BJ_OK);
	assert_int_equal(mlkem_encaps(MLKEM_1024, kex_public(&client), random, answer, &kem), BJ_OK);
	assert_int_equal(kex_derive(&client, bytes_of(answer, sizeof(answer)), &secret), BJ_OK);
	assert_true(secret_equal(&secret, &kem));
	assert_int_equal(kex_plain_half(KEX_MLKEM1024), KEX_NONE);
	assert_ptr_equal(kex_part(&client, KEX_MLKEM1024), &client);
	assert_null(kex_part(&client, KEX_X25519));
	assert_null(kex_part(&client, KEX_NONE));
	kex_fini(&client);
}

/* The peer is put together from the parts here: a plain key and ML-KEM, each in its place. */
static void the_parts_stand_where_rfc10024_has_them(void **state)
{
	for each_kind (k) {
		static const uint8_t random[32] = { 5 };
		uint8_t answer[KEX_SHARE_MAX];
		struct secret kem, plain, secret, part;
		struct kex_key client, peer;
		struct bj_bytes share;

		if (k->plain == KEX_NONE)
			continue;
		assert_int_equal(kex_generate(&client, k->group, &rng_os), BJ_OK);
		assert_int_equal(kex_generate(&peer, k->plain, &rng_os), BJ_OK);
		share = kex_public(&client);
		assert_int_equal(mlkem_encaps(k->set, bytes_of(share.ptr + (k->kem_first ? 0 : k->plain_len), k->ek_len), random,
					      answer + (k->kem_first ? 0 : k->plain_len), &kem), BJ_OK);
		assert_int_equal(kex_derive(&peer, bytes_of(share.ptr + (k->kem_first ? k->ek_len : 0), k->plain_len), &plain), BJ_OK);
		memcpy(answer + (k->kem_first ? k->ct_len : 0), peer.public_bytes, k->plain_len);
		assert_int_equal(kex_derive(&client, bytes_of(answer, k->ct_len + k->plain_len), &secret), BJ_OK);
		assert_int_equal(secret.len, 64);
		assert_memory_equal(secret.bytes, k->kem_first ? kem.bytes : plain.bytes, 32);
		assert_memory_equal(secret.bytes + 32, k->kem_first ? plain.bytes : kem.bytes, 32);
		/* the plain half alone is a key of its own group */
		assert_int_equal(kex_derive(kex_part(&client, (uint16_t)k->plain), kex_public(&peer), &part), BJ_OK);
		assert_true(secret_equal(&part, &plain));
		kex_fini(&client);
		kex_fini(&peer);
	}
}

static void a_key_has_the_parts_of_its_group_and_no_others(void **state)
{
	struct kex_key hybrid, plain, none = { 0 };

	assert_int_equal(kex_generate(&hybrid, KEX_X25519MLKEM768, &rng_os), BJ_OK);
	assert_int_equal(kex_generate(&plain, KEX_X25519, &rng_os), BJ_OK);
	assert_ptr_equal(kex_part(&hybrid, KEX_X25519MLKEM768), &hybrid);
	assert_ptr_equal(kex_part(&plain, KEX_X25519), &plain);
	assert_null(kex_part(&hybrid, KEX_P256));
	assert_null(kex_part(&hybrid, KEX_SECP256R1MLKEM768));
	assert_null(kex_part(&hybrid, KEX_NONE));
	assert_null(kex_part(&plain, KEX_X25519MLKEM768));
	assert_null(kex_part(&plain, KEX_NONE));
	assert_int_equal(kex_plain_half(KEX_P256), KEX_NONE);
	kex_fini(&hybrid);
	kex_fini(&plain);
	kex_fini(&none);
}

struct meter { /* a source that fails after so many calls */
	unsigned calls;
};

static enum bj_err meter_fill(void *self, uint8_t *out, size_t len)
{
	struct meter *meter = (struct meter *)self;

	if (meter->calls == 0)
		return BJ_ERR_RANDOM;
	meter->calls--;
	return rng_fill(&rng_os, out, len);
}

static void a_source_that_fails_anywhere_makes_neither_key_nor_answer(void **state)
{
	for each_kind (k) {
		struct exchange x = exchange_make(k->group);

		for (unsigned calls = 0; calls < (k->plain == KEX_NONE ? 1 : 2); calls++) { /* one call for each half */
			struct meter meter = { calls };
			struct bj_rng rng = { meter_fill, &meter };
			struct kex_key key = { 0 };
			struct secret secret = { 0 };
			size_t len = 0;

			assert_int_equal(kex_generate(&key, k->group, &rng), BJ_ERR_RANDOM);
			assert_null(key.handle);
			meter.calls = calls;
			assert_int_equal(kex_answer(k->group, kex_public(&x.client), &rng, x.answer, &len, &secret), BJ_ERR_RANDOM);
			assert_int_equal(secret.len, 0);
			assert_int_equal(len, 0);
		}
		kex_fini(&x.client);
	}
}

#if OPENSSL_VERSION_NUMBER >= 0x30500000L

static void libcrypto_agrees(void **state)
{
	for each_kind (k)
		for (int i = 0; i < 50; i++) {
			struct kex_key client;
			uint8_t answer[KEX_SHARE_MAX], theirs[64];
			size_t answer_len = sizeof(answer), len = sizeof(theirs);
			struct secret ours;
			EVP_PKEY *key;
			EVP_PKEY_CTX *ctx;
			struct bj_bytes share;

			assert_int_equal(kex_generate(&client, k->group, &rng_os), BJ_OK);
			share = kex_public(&client);
			key = EVP_PKEY_new_raw_public_key_ex(NULL, k->name, NULL, share.ptr, share.len);
			assert_non_null(key);
			ctx = EVP_PKEY_CTX_new(key, NULL);
			assert_int_equal(EVP_PKEY_encapsulate_init(ctx, NULL), 1);
			assert_int_equal(EVP_PKEY_encapsulate(ctx, answer, &answer_len, theirs, &len), 1);
			assert_int_equal(kex_derive(&client, bytes_of(answer, answer_len), &ours), BJ_OK);
			assert_int_equal(ours.len, len);
			assert_memory_equal(ours.bytes, theirs, len);
			EVP_PKEY_CTX_free(ctx);
			EVP_PKEY_free(key);
			kex_fini(&client);
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
		cmocka_unit_test(shares_cut_anywhere_or_too_long_are_refused),
		cmocka_unit_test(a_plain_half_of_zeros_is_refused_by_both_sides),
		cmocka_unit_test(an_encapsulation_key_with_a_coefficient_of_q_is_refused),
		cmocka_unit_test(a_change_of_any_part_of_the_answer_changes_the_secret),
		cmocka_unit_test(a_source_that_fails_anywhere_makes_neither_key_nor_answer),
		cmocka_unit_test(a_key_has_the_parts_of_its_group_and_no_others),
		cmocka_unit_test(both_sides_get_the_same_secret_of_32_bytes_a_part),
		cmocka_unit_test(the_parts_stand_where_rfc10024_has_them),
		cmocka_unit_test(mlkem_alone_is_its_own_secret_and_nothing_else),
		cmocka_unit_test(libcrypto_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
