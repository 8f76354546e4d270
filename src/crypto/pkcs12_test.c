/* pkcs12_test.c - PKCS#12 and encrypted PKCS#8: what is refused, and that what is written is read again, also by libcrypto. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "crypto/pkcs12.h"
#include "crypto/pkey_own.h"

#define PASS BYTES_LIT("open sesame")

static struct pkey *key, *other;
static uint8_t cert_der[2048], other_der[2048];
static struct bj_bytes certs[2];

static size_t self_signed(const struct pkey *of, const char *name, uint8_t *out)
{
	X509 *cert = X509_new();
	unsigned char *p = out;
	int len;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 7);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, pkey_evp(of));
	assert_true(X509_sign(cert, pkey_evp(of), EVP_sha256()) > 0);
	len = i2d_X509(cert, &p);
	assert_true(len > 0 && len <= 2048);
	X509_free(cert);
	return (size_t)len;
}

static int make(void **state)
{
	if (pkey_generate(KEY_P256, 0, &key) || pkey_generate(KEY_P256, 0, &other))
		return -1;
	certs[0] = bytes_of(cert_der, self_signed(key, "own", cert_der));
	certs[1] = bytes_of(other_der, self_signed(other, "other", other_der));
	return 0;
}

static int drop(void **state)
{
	pkey_free(key);
	pkey_free(other);
	return 0;
}

static bool same_key(const struct pkey *a, const struct pkey *b)
{
	struct pubkey x, y;

	pkey_public(a, &x);
	pkey_public(b, &y);
	return bytes_equal(x.point, y.point);
}

/* By libcrypto, with whatever algorithms. */
static struct bj_bytes made_by_libcrypto(const char *pass, int key_nid, int cert_nid, int iterations, int mac)
{
	const unsigned char *p = cert_der;
	X509 *cert = d2i_X509(NULL, &p, (long)certs[0].len);
	PKCS12 *file = PKCS12_create(pass, "name", pkey_evp(key), cert, NULL, key_nid, cert_nid, iterations, mac, 0);
	unsigned char *der = NULL;
	int len;

	assert_non_null(file);
	len = i2d_PKCS12(file, &der);
	assert_true(len > 0);
	PKCS12_free(file);
	X509_free(cert);
	return bytes_of(der, (size_t)len);
}

static void what_is_no_pkcs12_is_refused(void **state)
{
	static const struct { const char *why, *bytes; size_t len; } rows[] = {
		{ "text", "hello", 5 },
		{ "an empty sequence", "\x30\x00", 2 },
		{ "the version alone", "\x30\x03\x02\x01\x03", 5 },
		{ "a sequence that is longer than the file", "\x30\x82\xff\xff\x02\x01\x03", 7 },
		{ "a part without content",
		  "\x30\x23\x02\x01\x03\x30\x1e\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x11\x04\x0f\x30\x0d"
		  "\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", 37 },
		{ "an encrypted part without content",
		  "\x30\x55\x02\x01\x03\x30\x50\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x43\x04\x41\x30\x3f"
		  "\x30\x3d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06\xa0\x30\x30\x2e\x02\x01\x00\x30\x29\x06\x09"
		  "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\x30\x1c\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03\x30"
		  "\x0e\x04\x08\x73\x61\x6c\x74\x73\x61\x6c\x74\x02\x02\x08\x00", 87 },
	};
	struct pkcs12 file;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (pkcs12_read(bytes_of(rows[i].bytes, rows[i].len), PASS, &file) != BJ_ERR_PKCS12)
			fail_msg("%s", rows[i].why);
	assert_int_equal(pkcs12_read(bytes_of("", 0), PASS, &file), BJ_ERR_LIMIT);
}

static void a_wrong_passphrase_opens_nothing(void **state)
{
	struct bj_bytes written = { 0 };
	struct pkcs12 file = { 0 };

	assert_int_equal(pkcs12_write(key, certs, 2, "me", PASS, &written), BJ_OK);
	assert_int_equal(pkcs12_read(written, BYTES_LIT("open sesam"), &file), BJ_ERR_KEY_PASSPHRASE);
	assert_int_equal(pkcs12_read(written, bytes_of("", 0), &file), BJ_ERR_KEY_PASSPHRASE);
	assert_int_equal(pkcs12_read(written, (struct bj_bytes){ 0 }, &file), BJ_ERR_KEY_ENCRYPTED);
	assert_null(file.key);
	pkcs12_written_free(&written);
}

static void a_changed_octet_is_noticed(void **state)
{
	struct bj_bytes written = { 0 };
	struct pkcs12 file = { 0 };

	assert_int_equal(pkcs12_write(key, certs, 1, NULL, PASS, &written), BJ_OK);
	for (size_t at = 30; at < written.len - 90; at += 131) { /* inside of what the MAC covers */
		uint8_t *octet = (uint8_t *)written.ptr + at;

		*octet ^= 0x20;
		if (pkcs12_read(written, PASS, &file) == BJ_OK)
			fail_msg("octet %zu of %zu", at, written.len);
		*octet ^= 0x20;
	}
	pkcs12_written_free(&written);
}

static void what_is_written_is_read_again(void **state)
{
	struct bj_bytes written = { 0 };
	struct pkcs12 file;

	assert_int_equal(pkcs12_write(key, certs, 2, "alice", PASS, &written), BJ_OK);
	assert_int_equal(pkcs12_read(written, PASS, &file), BJ_OK);
	assert_true(file.key && same_key(file.key, key));
	assert_int_equal(file.cert_count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_true(bytes_equal(file.certs[i], certs[0]) || bytes_equal(file.certs[i], certs[1]));
	pkcs12_fini(&file);
	pkcs12_fini(&file); /* harmless */
	pkcs12_written_free(&written);
	/* a key that is not the first certificate's is not written */
	assert_int_equal(pkcs12_write(other, certs, 1, "alice", PASS, &written), BJ_ERR_CRYPTO);
	assert_int_equal(pkcs12_write(key, certs, 0, "alice", PASS, &written), BJ_ERR_CRYPTO);
}

static void libcrypto_opens_what_is_written(void **state)
{
	struct bj_bytes written = { 0 };
	const unsigned char *p;
	EVP_PKEY *evp = NULL;
	X509 *cert = NULL;
	PKCS12 *file;

	assert_int_equal(pkcs12_write(key, certs, 1, "alice", PASS, &written), BJ_OK);
	p = written.ptr;
	file = d2i_PKCS12(NULL, &p, (long)written.len);
	assert_int_equal(PKCS12_parse(file, "open sesame", &evp, &cert, NULL), 1);
	assert_int_equal(EVP_PKEY_eq(evp, pkey_evp(key)), 1);
	EVP_PKEY_free(evp);
	X509_free(cert);
	PKCS12_free(file);
	pkcs12_written_free(&written);
}

static void files_of_other_writers_are_read(void **state)
{
	static const struct { const char *why, *pass; int key_nid, cert_nid, iterations, mac; } rows[] = {
		{ "AES-256", "open sesame", NID_aes_256_cbc, NID_aes_256_cbc, 2048, 0 },
		{ "AES-128, certificates in the open", "open sesame", NID_aes_128_cbc, -1, 2048, 0 },
		{ "3DES of the old scheme", "open sesame", NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 2048, 0 },
		{ "no MAC", "open sesame", NID_aes_256_cbc, NID_aes_256_cbc, 2048, -1 },
		{ "nothing encrypted, no passphrase", NULL, -1, -1, 1, 0 },
		{ "encrypted with an empty passphrase", "", NID_aes_256_cbc, NID_aes_256_cbc, 2048, 0 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bj_bytes der = made_by_libcrypto(rows[i].pass, rows[i].key_nid, rows[i].cert_nid, rows[i].iterations, rows[i].mac);
		bool has_pass = rows[i].pass && *rows[i].pass;
		struct pkcs12 file;
		enum bj_err err = pkcs12_read(der, has_pass ? PASS : (struct bj_bytes){ 0 }, &file);

		if (err)
			fail_msg("%s: %s", rows[i].why, bj_err_name(err));
		assert_true(same_key(file.key, key) && file.cert_count == 1);
		pkcs12_fini(&file);
		OPENSSL_free((void *)der.ptr);
	}
}

/* The MAC's iterations are the last number of the file. */
static void a_file_that_asks_for_too_much_work_is_refused(void **state)
{
	struct bj_bytes der = made_by_libcrypto("open sesame", -1, -1, 2048, PBE_WORK_MAX + 1);
	struct pkcs12 file;

	assert_memory_equal(der.ptr + der.len - 5, "\x02\x03\x3d\x09\x01", 5);
	assert_int_equal(pkcs12_read(der, PASS, &file), BJ_ERR_LIMIT);
	memcpy((uint8_t *)der.ptr + der.len - 3, "\x80\x00\x00", 3); /* less than none */
	assert_int_equal(pkcs12_read(der, PASS, &file), BJ_ERR_PKCS12);
	OPENSSL_free((void *)der.ptr);
}

/* EncryptedPrivateKeyInfo by libcrypto. */
static struct bj_bytes sealed_by_libcrypto(X509_ALGOR *algorithm)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey_evp(key));
	X509_SIG *sealed = PKCS8_set0_pbe("open sesame", 11, info, algorithm);
	unsigned char *der = NULL;
	int len = i2d_X509_SIG(sealed, &der);

	assert_true(len > 0);
	X509_SIG_free(sealed);
	PKCS8_PRIV_KEY_INFO_free(info);
	return bytes_of(der, (size_t)len);
}

static void encrypted_keys_are_opened_by_their_passphrase_alone(void **state)
{
	static uint8_t salt[16] = { 7 };
	X509_ALGOR *rows[] = {
		PKCS5_pbe2_set(EVP_aes_256_cbc(), 2048, salt, sizeof(salt)),
		PKCS5_pbe2_set_iv(EVP_aes_128_cbc(), 10000, salt, sizeof(salt), NULL, NID_hmacWithSHA512),
		PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof(salt), NULL, 16384, 8, 1),
		PKCS5_pbe2_set(EVP_des_ede3_cbc(), 2048, salt, sizeof(salt)),
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bj_bytes der = sealed_by_libcrypto(rows[i]);
		struct pkey *read = NULL;

		assert_int_equal(pkey_from_der(der, &read), BJ_ERR_KEY_ENCRYPTED);
		assert_int_equal(pkey_from_encrypted(der, BYTES_LIT("Open sesame"), &read), BJ_ERR_KEY_PASSPHRASE);
		assert_int_equal(pkey_from_encrypted(der, bytes_of("", 0), &read), BJ_ERR_KEY_PASSPHRASE);
		assert_null(read);
		assert_int_equal(pkey_from_encrypted(der, PASS, &read), BJ_OK);
		assert_true(same_key(read, key));
		pkey_free(read);
		OPENSSL_free((void *)der.ptr);
	}
}

static void a_key_that_asks_for_too_much_work_is_refused(void **state)
{
	static uint8_t salt[16] = { 7 };
	struct bj_bytes der = sealed_by_libcrypto(PKCS5_pbe2_set(EVP_aes_256_cbc(), 0x0ccc, salt, sizeof(salt)));
	struct pkey *read = NULL;
	bool changed = false;

	for (size_t i = 0; i + 4 < der.len && !changed; i++)
		if (memcmp(der.ptr + i, "\x02\x02\x0c\xcc", 4) == 0) {
			/* the salt before it gives two octets to the number, so that all lengths stay */
			assert_memory_equal(der.ptr + i - 18, "\x04\x10", 2);
			memcpy((uint8_t *)der.ptr + i - 18, "\x04\x0e", 2);
			memcpy((uint8_t *)der.ptr + i - 2, "\x02\x04\x7f\xff\xff\xff", 6);
			changed = true;
		}
	assert_true(changed);
	assert_int_equal(pkey_from_encrypted(der, PASS, &read), BJ_ERR_LIMIT);
	OPENSSL_free((void *)der.ptr);
	der = sealed_by_libcrypto(PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof(salt), NULL, 16384, 8, 1));
	changed = false;
	for (size_t i = 0; i + 4 < der.len && !changed; i++)
		if (memcmp(der.ptr + i, "\x02\x01\x08\x02\x01\x01", 6) == 0) {
			((uint8_t *)der.ptr)[i + 5] = 0x7f; /* 127 lanes */
			changed = true;
		}
	assert_true(changed);
	assert_int_equal(pkey_from_encrypted(der, PASS, &read), BJ_ERR_LIMIT);
	OPENSSL_free((void *)der.ptr);
	assert_null(read);
}

static void algorithms_of_the_past_are_refused_as_such(void **state)
{
	/* EncryptedPrivateKeyInfo with pbeWithMD5AndDES-CBC */
	static const uint8_t der[] = { 0x30, 0x24, 0x30, 0x1b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x03, 0x30, 0x0e, 0x04, 0x08,
				       1,    2,    3,    4,    5,    6,    7,    8,    0x02, 0x02, 0x08, 0x00, 0x04, 0x05, 1,    2,    3,    4,    5 };
	struct pkey *read = NULL;

	assert_int_equal(pkey_from_encrypted(bytes_of(der, sizeof(der)), PASS, &read), BJ_ERR_KEY_ENCRYPTION);
	assert_null(read);
}

/* A key that lies elsewhere is asked for signatures as a token would be. */
static void a_remote_key_signs_what_its_public_half_accepts(void **state)
{
	static const struct { const char *type, *param; size_t bits; enum key_kind kind; enum sig_alg algs[4]; } rows[] = {
		{ "RSA", NULL, 2048, KEY_RSA, { SIG_RSA_PKCS1_SHA256, SIG_RSA_PSS_SHA256, SIG_RSA_PSS_SHA512 } },
		{ "EC", "P-256", 0, KEY_P256, { SIG_ECDSA_SHA256, SIG_ECDSA_SHA384 } },
		{ "EC", "P-521", 0, KEY_P521, { SIG_ECDSA_SHA512 } },
		{ "ED25519", NULL, 0, KEY_ED25519, { SIG_ED25519 } },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		EVP_PKEY *evp = rows[i].param ? EVP_PKEY_Q_keygen(NULL, NULL, rows[i].type, rows[i].param) :
						EVP_PKEY_Q_keygen(NULL, NULL, rows[i].type, rows[i].bits);
		struct pkey *remote = NULL;
		uint8_t signature[SIG_LEN_MAX];
		struct pubkey half;
		size_t len;

		assert_int_equal(pkey_wrap_remote(evp, &remote), BJ_OK);
		assert_int_equal(pkey_kind(remote), rows[i].kind);
		pkey_public(remote, &half);
		for (size_t k = 0; rows[i].algs[k]; k++) {
			assert_int_equal(pkey_sign(remote, rows[i].algs[k], BYTES_LIT("text"), signature, sizeof(signature), &len), BJ_OK);
			assert_int_equal(pubkey_verify(&half, rows[i].algs[k], BYTES_LIT("text"), bytes_of(signature, len)), BJ_OK);
			assert_int_not_equal(pubkey_verify(&half, rows[i].algs[k], BYTES_LIT("test"), bytes_of(signature, len)), BJ_OK);
		}
		pkey_free(remote);
	}
}

/* Tokens are asked in tests/cli/test_keys.py: a provider that is installed loads more, which a sanitizer ends the program for. */
static void a_uri_without_its_key_is_refused(void **state)
{
	struct pkey *read = NULL;

	assert_int_equal(setenv("OPENSSL_MODULES", "/nonexistent", 1), 0);
	assert_int_equal(pkey_from_uri("pkcs11:token=nowhere;object=nothing", &read), BJ_ERR_UNSUPPORTED);
	assert_null(read);
	assert_int_equal(pkey_from_uri("file:/nonexistent/key.pem", &read), BJ_ERR_CRYPTO);
	assert_true(pkey_is_uri("pkcs11:a") && !pkey_is_uri("pkcs11.pem") && !pkey_is_uri("/etc/key.pem"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_pkcs12_is_refused),
		cmocka_unit_test(a_wrong_passphrase_opens_nothing),
		cmocka_unit_test(a_changed_octet_is_noticed),
		cmocka_unit_test(a_file_that_asks_for_too_much_work_is_refused),
		cmocka_unit_test(a_key_that_asks_for_too_much_work_is_refused),
		cmocka_unit_test(algorithms_of_the_past_are_refused_as_such),
		cmocka_unit_test(encrypted_keys_are_opened_by_their_passphrase_alone),
		cmocka_unit_test(a_uri_without_its_key_is_refused),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(libcrypto_opens_what_is_written),
		cmocka_unit_test(files_of_other_writers_are_read),
		cmocka_unit_test(a_remote_key_signs_what_its_public_half_accepts),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
