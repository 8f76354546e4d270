/* verify_test.c - signatures against Wycheproof, and what is refused before any arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/pkey.h"
#include "support/hex.h"
#include "support/json.h"
#include "support/vectors.h"

static unsigned bits_of(const uint8_t *bytes, size_t len)
{
	unsigned bits = len ? (unsigned)(len - 1) * 8 : 0;

	for (unsigned top = len ? bytes[0] : 0; top; top >>= 1)
		bits++;
	return bits;
}

/* ---- without vectors */

/* rfc8032:7.1, test 2 */
static void the_example_of_rfc8032_holds_and_every_changed_bit_breaks_it(void **state)
{
	uint8_t public[32], signature[64], message[1] = { 0x72 };
	struct pubkey key = { .kind = KEY_ED25519, .bits = 256, .point = { public, 32 } };

	hex_to("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", public, sizeof(public));
	hex_to("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
	       "387b2eaeb4302aeeb00d291612bb0c00", signature, sizeof(signature));
	assert_int_equal(pubkey_verify(&key, SIG_ED25519, bytes_of(message, 1), bytes_of(signature, 64)), BJ_OK);
	for (size_t bit = 0; bit < 512; bit++) {
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(pubkey_verify(&key, SIG_ED25519, bytes_of(message, 1), bytes_of(signature, 64)),
				 BJ_ERR_BAD_SIGNATURE);
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < 64; len++)
		assert_int_equal(pubkey_verify(&key, SIG_ED25519, bytes_of(message, 1), bytes_of(signature, len)),
				 BJ_ERR_BAD_SIGNATURE);
	key.point.len = 31;
	assert_int_equal(pubkey_verify(&key, SIG_ED25519, bytes_of(message, 1), bytes_of(signature, 64)), BJ_ERR_CERT_KEY);
}

static void an_algorithm_that_does_not_fit_the_key_is_refused(void **state)
{
	static const uint8_t some[64];
	static const struct { enum key_kind kind; enum sig_alg alg; } rows[] = {
		{ KEY_RSA, SIG_ECDSA_SHA256 }, { KEY_RSA_PSS, SIG_RSA_PKCS1_SHA256 }, { KEY_P256, SIG_RSA_PSS_SHA256 },
		{ KEY_P256, SIG_ED25519 }, { KEY_ED25519, SIG_ECDSA_SHA256 }, { KEY_NONE, SIG_ED25519 },
		{ KEY_RSA, SIG_NONE }, { KEY_NONE, SIG_NONE }, { KEY_P256, (enum sig_alg)99 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct pubkey key = { .kind = rows[i].kind, .point = { some, 64 } };

		assert_false(sig_fits_key(rows[i].alg, rows[i].kind));
		assert_int_equal(pubkey_verify(&key, rows[i].alg, bytes_of(some, 1), bytes_of(some, 64)), BJ_ERR_ARGUMENT);
	}
}

static void rsa_numbers_out_of_bounds_are_refused(void **state)
{
	static uint8_t big[SIG_LEN_MAX + 1];
	static const uint8_t e3[] = { 3 }, e1[] = { 1 }, e_even[] = { 1, 0, 0 }, e_long[] = { 1, 0, 0, 0, 1 },
			     e_zero_in_front[] = { 0, 3 };
	struct bj_bytes good = { e3, 1 };
	const struct { size_t len; uint8_t first, last; unsigned bits; struct bj_bytes e; const char *why; } rows[] = {
		{ 255, 0xff, 1, 2040, good, "too small" },
		{ 256, 0x7f, 1, 2047, good, "one bit too small" },
		{ 1025, 0xff, 1, 8200, good, "too large" },
		{ 256, 0x00, 1, 2048, good, "a zero in front" },
		{ 256, 0x80, 2, 2048, good, "even" },
		{ 256, 0x80, 1, 2047, good, "the size is told wrongly" },
		{ 0, 0, 0, 0, good, "empty" },
		{ 256, 0x80, 1, 2048, { e1, 1 }, "exponent one" },
		{ 256, 0x80, 1, 2048, { e_even, 3 }, "exponent even" },
		{ 256, 0x80, 1, 2048, { e_long, 5 }, "exponent too long" },
		{ 256, 0x80, 1, 2048, { e_zero_in_front, 2 }, "exponent with a zero in front" },
		{ 256, 0x80, 1, 2048, { NULL, 0 }, "no exponent" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct pubkey key = { .kind = KEY_RSA, .bits = (uint16_t)rows[i].bits, .modulus = { big, rows[i].len },
				      .exponent = rows[i].e };

		memset(big, 0x55, sizeof(big));
		if (rows[i].len) {
			big[0] = rows[i].first;
			big[rows[i].len - 1] = rows[i].last;
		}
		if (pubkey_verify(&key, SIG_RSA_PSS_SHA256, BYTES_LIT("m"), bytes_of(big, rows[i].len)) != BJ_ERR_CERT_KEY)
			fail_msg("%s", rows[i].why);
	}
}

static void points_off_the_curve_or_of_another_form_are_refused(void **state)
{
	static const char g[] = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
				"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
	uint8_t point[65], sig[] = { 0x30, 6, 2, 1, 1, 2, 1, 1 };
	struct pubkey key = { .kind = KEY_P256, .bits = 256, .point = { point, 65 } };
	struct bj_bytes signature = { sig, sizeof(sig) };

	hex_to(g, point, sizeof(point));
	assert_int_equal(pubkey_verify(&key, SIG_ECDSA_SHA256, BYTES_LIT("m"), signature), BJ_ERR_BAD_SIGNATURE);
	for (size_t len = 0; len < 65; len++) {
		key.point.len = len;
		assert_int_equal(pubkey_verify(&key, SIG_ECDSA_SHA256, BYTES_LIT("m"), signature), BJ_ERR_CERT_KEY);
	}
	key.point.len = 65;
	for (unsigned form = 0; form < 256; form++) {
		point[0] = (uint8_t)form;
		if (form != 4)
			assert_int_equal(pubkey_verify(&key, SIG_ECDSA_SHA256, BYTES_LIT("m"), signature), BJ_ERR_CERT_KEY);
	}
	point[0] = 4;
	point[64] ^= 1;
	assert_int_equal(pubkey_verify(&key, SIG_ECDSA_SHA256, BYTES_LIT("m"), signature), BJ_ERR_CERT_KEY);
	key.kind = KEY_P384; /* a point of another curve */
	assert_int_equal(pubkey_verify(&key, SIG_ECDSA_SHA256, BYTES_LIT("m"), signature), BJ_ERR_CERT_KEY);
}

/* ---- Wycheproof */

enum file_kind { FILE_PKCS1, FILE_PSS, FILE_ECDSA, FILE_ED25519 };

static enum sig_alg alg_of(enum file_kind kind, const char *sha)
{
	static const enum sig_alg rows[3][3] = {
		{ SIG_RSA_PKCS1_SHA256, SIG_RSA_PKCS1_SHA384, SIG_RSA_PKCS1_SHA512 },
		{ SIG_RSA_PSS_SHA256, SIG_RSA_PSS_SHA384, SIG_RSA_PSS_SHA512 },
		{ SIG_ECDSA_SHA256, SIG_ECDSA_SHA384, SIG_ECDSA_SHA512 },
	};
	static const char *const names[] = { "SHA-256", "SHA-384", "SHA-512" };

	if (kind == FILE_ED25519)
		return SIG_ED25519;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (strcmp(sha, names[i]) == 0)
			return rows[kind][i];
	return SIG_NONE;
}

static enum key_kind ec_kind(size_t point_len)
{
	return point_len == 65 ? KEY_P256 : point_len == 97 ? KEY_P384 : KEY_P521;
}

struct owned_key {
	uint8_t *a, *b;
	struct pubkey key;
};

static struct bj_bytes without_zeros(uint8_t *bytes, size_t len)
{
	while (len && bytes[0] == 0) {
		bytes++;
		len--;
	}
	return bytes_of(bytes, len);
}

static struct owned_key key_of(enum file_kind kind, const struct json *group)
{
	const struct json *public = json_get(group, "publicKey");
	struct owned_key out = { 0 };
	size_t a_len, b_len;

	if (kind == FILE_ED25519 || kind == FILE_ECDSA) {
		out.a = json_get_hex(public, kind == FILE_ED25519 ? "pk" : "uncompressed", &a_len);
		out.key.kind = kind == FILE_ED25519 ? KEY_ED25519 : ec_kind(a_len);
		out.key.point = bytes_of(out.a, a_len);
		return out;
	}
	out.a = json_get_hex(public, "modulus", &a_len);
	out.b = json_get_hex(public, "publicExponent", &b_len);
	out.key.kind = strstr(json_get_text(group, "type"), "WithParameters") ? KEY_RSA_PSS : KEY_RSA;
	out.key.modulus = without_zeros(out.a, a_len);
	out.key.exponent = without_zeros(out.b, b_len);
	out.key.bits = (uint16_t)bits_of(out.key.modulus.ptr, out.key.modulus.len);
	return out;
}

static void run_case(const char *file, const struct pubkey *key, enum sig_alg alg, const struct json *test)
{
	size_t msg_len, sig_len;
	uint8_t *msg = json_get_hex(test, "msg", &msg_len);
	uint8_t *sig = json_get_hex(test, "sig", &sig_len);
	/* "acceptable" here is PKCS#1 without the NULL parameter: refused */
	bool valid = strcmp(json_get_text(test, "result"), "valid") == 0;
	enum bj_err err = pubkey_verify(key, alg, bytes_of(msg, msg_len), bytes_of(sig, sig_len));

	if (err != (valid ? BJ_OK : BJ_ERR_BAD_SIGNATURE))
		fail_msg("%s tcId %lld: error %d", file, json_get_int(test, "tcId"), (int)err);
	free(msg);
	free(sig);
}

static size_t run_file(enum file_kind kind, const char *name)
{
	char relative[128];
	struct json *root;
	size_t ran = 0;

	snprintf(relative, sizeof(relative), "wycheproof/%s_test.json", name);
	root = json_load(vectors_path(relative));
	if (!root)
		fail_msg("%s is missing", relative);
	for json_each (group, json_get(root, "testGroups")) {
		enum sig_alg alg = alg_of(kind, json_get_text(group, "sha"));
		struct owned_key owned = key_of(kind, group);

		for json_each (test, json_get(group, "tests")) {
			run_case(name, &owned.key, alg, test);
			ran++;
		}
		free(owned.a);
		free(owned.b);
	}
	json_free(root);
	return ran;
}

static void wycheproof_agrees_on_every_signature(void **state)
{
	static const struct { enum file_kind kind; const char *name; size_t least; } files[] = {
		{ FILE_ECDSA, "ecdsa_secp256r1_sha256", 400 }, { FILE_ECDSA, "ecdsa_secp384r1_sha384", 400 },
		{ FILE_ECDSA, "ecdsa_secp521r1_sha512", 400 }, { FILE_ED25519, "ed25519", 100 },
		{ FILE_PKCS1, "rsa_signature_2048_sha256", 200 }, { FILE_PKCS1, "rsa_signature_2048_sha384", 200 },
		{ FILE_PKCS1, "rsa_signature_2048_sha512", 200 }, { FILE_PKCS1, "rsa_signature_3072_sha256", 200 },
		{ FILE_PKCS1, "rsa_signature_3072_sha384", 200 }, { FILE_PKCS1, "rsa_signature_3072_sha512", 200 },
		{ FILE_PKCS1, "rsa_signature_4096_sha256", 200 }, { FILE_PKCS1, "rsa_signature_4096_sha384", 200 },
		{ FILE_PKCS1, "rsa_signature_4096_sha512", 200 }, { FILE_PSS, "rsa_pss_2048_sha256_mgf1_32", 100 },
		{ FILE_PSS, "rsa_pss_2048_sha384_mgf1_48", 100 }, { FILE_PSS, "rsa_pss_3072_sha256_mgf1_32", 100 },
		{ FILE_PSS, "rsa_pss_4096_sha256_mgf1_32", 100 }, { FILE_PSS, "rsa_pss_4096_sha384_mgf1_48", 100 },
		{ FILE_PSS, "rsa_pss_4096_sha512_mgf1_64", 100 }, { FILE_PSS, "rsa_pss_2048_sha256_mgf1_32_params", 100 },
		{ FILE_PSS, "rsa_pss_3072_sha256_mgf1_32_params", 100 },
		{ FILE_PSS, "rsa_pss_4096_sha512_mgf1_64_params", 100 },
	};

	if (!vectors_present())
		skip();
	for (size_t i = 0; i < ARRAY_COUNT(files); i++)
		assert_true(run_file(files[i].kind, files[i].name) >= files[i].least);
}

/* Signatures under a context are not ours: those cases are left out. */
static size_t run_mldsa(const char *name, enum key_kind kind, enum sig_alg alg, bool here)
{
	char relative[128];
	struct json *root;
	size_t ran = 0;

	snprintf(relative, sizeof(relative), "wycheproof/%s_verify_test.json", name);
	root = json_load(vectors_path(relative));
	if (!root)
		fail_msg("%s is missing", relative);
	for json_each (group, json_get(root, "testGroups")) {
		size_t len;
		uint8_t *public = json_get_hex(group, "publicKey", &len);
		struct pubkey key = { .kind = kind, .point = bytes_of(public, len) };

		for json_each (test, json_get(group, "tests")) {
			size_t msg_len, sig_len;
			uint8_t *msg = json_get_hex(test, "msg", &msg_len), *sig = json_get_hex(test, "sig", &sig_len);
			bool valid = here && strcmp(json_get_text(test, "result"), "valid") == 0;

			if (!json_get(test, "ctx")) {
				if ((pubkey_verify(&key, alg, bytes_of(msg, msg_len), bytes_of(sig, sig_len)) == BJ_OK) != valid)
					fail_msg("%s tcId %lld", name, json_get_int(test, "tcId"));
				ran++;
			}
			free(msg);
			free(sig);
		}
		free(public);
	}
	json_free(root);
	return ran;
}

/* Where libcrypto has no ML-DSA nothing verifies, and the rest is SKIPPED. */
static void wycheproof_agrees_on_ml_dsa(void **state)
{
	static const char *const names[] = { "mldsa_44", "mldsa_65", "mldsa_87" };
	bool here = sig_is_here(SIG_MLDSA44);

	if (!vectors_present())
		skip();
	for (unsigned i = 0; i < ARRAY_COUNT(names); i++)
		assert_true(run_mldsa(names[i], (enum key_kind)(KEY_MLDSA44 + i), (enum sig_alg)(SIG_MLDSA44 + i), here) >= 150);
	if (!here) {
		print_message("SKIPPED: this libcrypto has no ML-DSA (it comes with 3.5)\n");
		skip();
	}
}

static void an_ml_dsa_key_or_signature_of_the_wrong_length_is_refused(void **state)
{
	static const uint8_t zeros[4628];
	static const size_t public_lens[] = { 1312, 1952, 2592 }, sig_lens[] = { 2420, 3309, 4627 };

	for (unsigned i = 0; i < 3; i++) {
		struct pubkey key = { .kind = (enum key_kind)(KEY_MLDSA44 + i), .point = { zeros, public_lens[i] - 1 } };
		enum sig_alg alg = (enum sig_alg)(SIG_MLDSA44 + i);

		assert_int_equal(pubkey_verify(&key, alg, BYTES_LIT("m"), bytes_of(zeros, sig_lens[i])), BJ_ERR_CERT_KEY);
		key.point.len++;
		assert_int_equal(pubkey_verify(&key, alg, BYTES_LIT("m"), bytes_of(zeros, sig_lens[i] - 1)), BJ_ERR_BAD_SIGNATURE);
		assert_int_equal(pubkey_verify(&key, alg, BYTES_LIT("m"), bytes_of(zeros, sig_lens[i] + 1)), BJ_ERR_BAD_SIGNATURE);
		assert_int_equal(pubkey_verify(&key, SIG_ED25519, BYTES_LIT("m"), bytes_of(zeros, 64)), BJ_ERR_ARGUMENT);
		key.kind = KEY_ED25519;
		assert_int_equal(pubkey_verify(&key, alg, BYTES_LIT("m"), bytes_of(zeros, sig_lens[i])), BJ_ERR_ARGUMENT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_algorithm_that_does_not_fit_the_key_is_refused),
		cmocka_unit_test(rsa_numbers_out_of_bounds_are_refused),
		cmocka_unit_test(points_off_the_curve_or_of_another_form_are_refused),
		cmocka_unit_test(the_example_of_rfc8032_holds_and_every_changed_bit_breaks_it),
		cmocka_unit_test(wycheproof_agrees_on_every_signature),
		cmocka_unit_test(an_ml_dsa_key_or_signature_of_the_wrong_length_is_refused),
		cmocka_unit_test(wycheproof_agrees_on_ml_dsa),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
