/* kex_test.c - key exchange against Wycheproof, with bad shares first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/kex.h"
#include "crypto/rng_os.h"
#include "crypto/x25519_ladder.h"
#include "support/hex.h"
#include "support/json.h"
#include "support/tape.h"
#include "support/vectors.h"

/* All tests run with our X25519 where it is here, and again with libcrypto's. */
static bool own_ladder = true;
bool __real_x25519_ladder_here(void);
bool __wrap_x25519_ladder_here(void);

bool __wrap_x25519_ladder_here(void)
{
	return own_ladder && __real_x25519_ladder_here();
}

static const enum kex_group groups[] = { KEX_X25519, KEX_P256, KEX_P384, KEX_P521 };

static enum bj_err generate_from(struct kex_key *key, enum kex_group group, const uint8_t *bytes, size_t len)
{
	struct tape tape = { bytes, len };
	struct bj_rng rng = { tape_fill, &tape };

	return kex_generate(key, group, &rng);
}

static void a_source_that_fails_makes_no_key(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(groups); i++) {
		struct kex_key key = { 0 };

		assert_int_equal(generate_from(&key, groups[i], NULL, 0), BJ_ERR_RANDOM);
		assert_null(key.handle);
		kex_fini(&key);
	}
}

static void unknown_groups_are_refused(void **state)
{
	struct kex_key key = { 0 };

	assert_false(kex_known(0));
	assert_false(kex_known(0x0018 + 0x100));
	assert_int_equal(kex_generate(&key, (enum kex_group)0x4588, &rng_os), BJ_ERR_ARGUMENT);
}

/* Zero, the order and everything above are drawn again. */
static void scalars_out_of_range_are_drawn_again(void **state)
{
	uint8_t tape[4 * 32] = { 0 };
	struct kex_key first, second;
	static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

	memset(tape, 0xff, 32);
	hex_to(order, tape + 32, 32);
	/* the third draw is zero */
	hex_to(order, tape + 96, 32);
	tape[127]--; /* n - 1 is the largest that is good */
	assert_int_equal(generate_from(&first, KEX_P256, tape, 96), BJ_ERR_RANDOM);
	assert_int_equal(generate_from(&first, KEX_P256, tape, 128), BJ_OK);
	assert_int_equal(generate_from(&second, KEX_P256, tape + 96, 32), BJ_OK);
	assert_memory_equal(first.public_bytes, second.public_bytes, first.public_len);
	kex_fini(&first);
	kex_fini(&second);
}

static void shares_of_the_wrong_length_or_form_are_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(groups); i++) {
		uint8_t share[KEX_PUBLIC_MAX + 1] = { 0 };
		struct kex_key key, other;
		struct secret out;

		assert_int_equal(kex_generate(&key, groups[i], &rng_os), BJ_OK);
		assert_int_equal(kex_generate(&other, groups[i], &rng_os), BJ_OK);
		memcpy(share, other.public_bytes, other.public_len);
		for (size_t len = 0; len <= sizeof(share); len++)
			if (len != key.public_len)
				assert_int_equal(kex_derive(&key, bytes_of(share, len), &out), BJ_ERR_BAD_KEY_SHARE);
		if (groups[i] != KEX_X25519) {
			for (unsigned form = 0; form < 256; form++) {
				share[0] = (uint8_t)form;
				assert_int_equal(kex_derive(&key, bytes_of(share, key.public_len), &out),
						 form == 4 ? BJ_OK : BJ_ERR_BAD_KEY_SHARE);
			}
			share[0] = 4;
			share[key.public_len - 1] ^= 1; /* off the curve */
			assert_int_equal(kex_derive(&key, bytes_of(share, key.public_len), &out), BJ_ERR_BAD_KEY_SHARE);
			memset(share + 1, 0xff, sizeof(share) - 1); /* coordinates above the field */
			assert_int_equal(kex_derive(&key, bytes_of(share, key.public_len), &out), BJ_ERR_BAD_KEY_SHARE);
		}
		kex_fini(&key);
		kex_fini(&other);
	}
}

/* The points of low order (rfc7748:6.1): 0, 1, two of order eight, p - 1, p, p + 1. */
static void x25519_shares_of_low_order_are_refused(void **state)
{
	static const char *const low[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct kex_key key;
	struct secret out;
	uint8_t share[32], answer[KEX_SHARE_MAX];
	size_t len;

	assert_int_equal(kex_generate(&key, KEX_X25519, &rng_os), BJ_OK);
	for (size_t i = 0; i < ARRAY_COUNT(low); i++) {
		hex_to(low[i], share, sizeof(share));
		assert_int_equal(kex_derive(&key, bytes_of(share, 32), &out), BJ_ERR_BAD_KEY_SHARE);
		assert_int_equal(kex_answer(KEX_X25519, bytes_of(share, 32), &rng_os, answer, &len, &out), BJ_ERR_BAD_KEY_SHARE);
		share[31] |= 0x80; /* the top bit does not count */
		assert_int_equal(kex_derive(&key, bytes_of(share, 32), &out), BJ_ERR_BAD_KEY_SHARE);
		assert_int_equal(kex_answer(KEX_X25519, bytes_of(share, 32), &rng_os, answer, &len, &out), BJ_ERR_BAD_KEY_SHARE);
	}
	kex_fini(&key);
}

static void both_sides_get_the_same_secret(void **state)
{
	static const size_t lens[] = { 32, 32, 48, 66 };

	for (size_t i = 0; i < ARRAY_COUNT(groups); i++) {
		struct kex_key a, b;
		struct secret ab, ba;

		assert_true(kex_known(groups[i]));
		assert_int_equal(kex_generate(&a, groups[i], &rng_os), BJ_OK);
		assert_int_equal(kex_generate(&b, groups[i], &rng_os), BJ_OK);
		assert_int_equal(kex_public_len(groups[i]), a.public_len);
		assert_memory_not_equal(a.public_bytes, b.public_bytes, a.public_len);
		assert_int_equal(kex_derive(&a, bytes_of(b.public_bytes, b.public_len), &ab), BJ_OK);
		assert_int_equal(kex_derive(&b, bytes_of(a.public_bytes, a.public_len), &ba), BJ_OK);
		assert_int_equal(ab.len, lens[i]);
		assert_true(secret_equal(&ab, &ba));
		kex_fini(&a);
		kex_fini(&b);
	}
}

static void the_same_random_bytes_make_the_same_key(void **state)
{
	uint8_t tape[66];

	memset(tape, 0x41, sizeof(tape));
	for (size_t i = 0; i < ARRAY_COUNT(groups); i++) {
		struct kex_key a, b;

		assert_int_equal(generate_from(&a, groups[i], tape, sizeof(tape)), BJ_OK);
		assert_int_equal(generate_from(&b, groups[i], tape, sizeof(tape)), BJ_OK);
		assert_memory_equal(a.public_bytes, b.public_bytes, a.public_len);
		kex_fini(&a);
		kex_fini(&b);
	}
}

/* rfc7748:5.2 (one iteration) and the second public key of rfc7748:6.1 */
static void the_examples_of_the_rfc_hold(void **state)
{
	uint8_t private[32] = { 9 }, nine[32] = { 9 }, want[32];
	struct kex_key key;
	struct secret out;

	assert_int_equal(generate_from(&key, KEX_X25519, private, sizeof(private)), BJ_OK);
	assert_int_equal(kex_derive(&key, bytes_of(nine, 32), &out), BJ_OK);
	hex_to("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", want, sizeof(want));
	assert_memory_equal(out.bytes, want, 32);
	kex_fini(&key);
	hex_to("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", private, sizeof(private));
	assert_int_equal(generate_from(&key, KEX_X25519, private, sizeof(private)), BJ_OK);
	hex_to("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", want, sizeof(want));
	assert_memory_equal(key.public_bytes, want, 32);
	kex_fini(&key);
}

/* A number of any length as a scalar of exactly `len` bytes. */
static bool scalar_from(const uint8_t *bytes, size_t n, uint8_t *out, size_t len)
{
	while (n > len && bytes[0] == 0) {
		bytes++;
		n--;
	}
	if (n > len)
		return false;
	memset(out, 0, len - n);
	memcpy(out + len - n, bytes, n);
	return true;
}

static void run_case(enum kex_group group, const struct json *test)
{
	size_t private_len, public_len, shared_len;
	uint8_t *private = json_get_hex(test, "private", &private_len);
	uint8_t *public = json_get_hex(test, "public", &public_len);
	uint8_t *shared = json_get_hex(test, "shared", &shared_len);
	const char *result = json_get_text(test, "result");
	size_t field = group == KEX_X25519 ? 32 : (kex_public_len(group) - 1) / 2;
	uint8_t scalar[66];
	struct kex_key key;
	struct secret out = { 0 };
	enum bj_err err;
	bool zero, want;

	assert_true(scalar_from(private, private_len, scalar, field));
	assert_int_equal(generate_from(&key, group, scalar, field), BJ_OK);
	err = kex_derive(&key, bytes_of(public, public_len), &out);
	zero = true;
	for (size_t i = 0; i < shared_len; i++)
		zero &= shared[i] == 0;
	/* what the file leaves to us: compressed points are refused, odd X25519 points taken unless the result is zero */
	want = strcmp(result, "valid") == 0;
	if (strcmp(result, "acceptable") == 0)
		want = group == KEX_X25519;
	if (group == KEX_X25519 && zero)
		want = false;
	if ((err == BJ_OK) != want || (err != BJ_OK && err != BJ_ERR_BAD_KEY_SHARE))
		fail_msg("group %d tcId %lld: error %d", (int)group, json_get_int(test, "tcId"), (int)err);
	if (!err && (out.len != shared_len || memcmp(out.bytes, shared, shared_len) != 0))
		fail_msg("group %d tcId %lld: other secret", (int)group, json_get_int(test, "tcId"));
	kex_fini(&key);
	free(private);
	free(public);
	free(shared);
}

/* From the same random bytes, for many peers and for wrong ones. */
static void an_answer_is_what_generating_and_deriving_give(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(groups); i++)
		for (unsigned round = 0; round < (groups[i] == KEX_X25519 ? 200 : 4); round++) {
			uint8_t bytes[4 * 66], share[KEX_SHARE_MAX];
			struct tape tape = { bytes, sizeof(bytes) };
			struct bj_rng rng = { tape_fill, &tape };
			struct secret want, got;
			struct kex_key key, peer;
			size_t len = 0;

			assert_int_equal(rng_fill(&rng_os, bytes, sizeof(bytes)), BJ_OK);
			bytes[0] &= round % 2 ? 0xff : 0; /* P-521 takes one in 128 */
			bytes[66] = bytes[132] = bytes[198] = 0;
			assert_int_equal(kex_generate(&peer, groups[i], &rng_os), BJ_OK);
			assert_int_equal(generate_from(&key, groups[i], bytes, sizeof(bytes)), BJ_OK);
			assert_int_equal(kex_derive(&key, kex_public(&peer), &want), BJ_OK);
			assert_int_equal(kex_answer(groups[i], kex_public(&peer), &rng, share, &len, &got), BJ_OK);
			assert_int_equal(len, key.public_len);
			assert_memory_equal(share, key.public_bytes, len);
			assert_true(secret_equal(&want, &got));
			for (size_t wrong = 0; wrong < KEX_PUBLIC_MAX; wrong++)
				if (wrong != key.public_len && round == 0 && i < 2)
					assert_int_equal(kex_answer(groups[i], bytes_of(share, wrong), &rng_os, share, &len, &got), BJ_ERR_BAD_KEY_SHARE);
			tape = (struct tape){ bytes, 8 };
			assert_int_equal(kex_answer(groups[i], kex_public(&peer), &rng, share, &len, &got), BJ_ERR_RANDOM);
			kex_fini(&key);
			kex_fini(&peer);
		}
}

static void wycheproof_agrees(void **state)
{
	static const struct { enum kex_group group; const char *file; } files[] = {
		{ KEX_X25519, "wycheproof/x25519_test.json" },
		{ KEX_P256, "wycheproof/ecdh_secp256r1_ecpoint_test.json" },
		{ KEX_P384, "wycheproof/ecdh_secp384r1_ecpoint_test.json" },
		{ KEX_P521, "wycheproof/ecdh_secp521r1_ecpoint_test.json" },
	};

	if (!vectors_present())
		skip();
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		struct json *root = json_load(vectors_path(files[i].file));
		size_t ran = 0;

		assert_non_null(root);
		for json_each (group, json_get(root, "testGroups"))
			for json_each (test, json_get(group, "tests")) {
				run_case(files[i].group, test);
				ran++;
			}
		json_free(root);
		assert_true(ran >= 300);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_that_fails_makes_no_key),
		cmocka_unit_test(unknown_groups_are_refused),
		cmocka_unit_test(scalars_out_of_range_are_drawn_again),
		cmocka_unit_test(shares_of_the_wrong_length_or_form_are_refused),
		cmocka_unit_test(x25519_shares_of_low_order_are_refused),
		cmocka_unit_test(both_sides_get_the_same_secret),
		cmocka_unit_test(the_same_random_bytes_make_the_same_key),
		cmocka_unit_test(the_examples_of_the_rfc_hold),
		cmocka_unit_test(an_answer_is_what_generating_and_deriving_give),
		cmocka_unit_test(wycheproof_agrees),
	};
	int failed = cmocka_run_group_tests_name("kex", tests, NULL, NULL);

	if (!__real_x25519_ladder_here())
		return failed;
	own_ladder = false;
	return failed + cmocka_run_group_tests_name("kex by libcrypto's ladder", tests, NULL, NULL);
}
