/* no_memory_test.c - every call of this folder while each single allocation fails in turn, libcrypto's and ours.
 *
 * A call that had no memory must fail (never say that a wrong signature is right, never give a key), must leave nothing behind
 * (the sanitizers see leaks), and the next call must work again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/kex.h"
#include "crypto/pkey.h"
#include "crypto/rng_os.h"
#include "support/scarce.h"

/* libcrypto's allocations carry a head, to be counted. What it keeps per thread (the queue of errors with its texts) is let go before
 * counting. */
#define HEAD 16

static long live;

static void *lib_malloc(size_t len, const char *file, int line)
{
	uint8_t *p = (uint8_t *)malloc(len + HEAD);

	if (!p)
		return NULL;
	live++;
	return p + HEAD;
}

static void lib_free(void *ptr, const char *file, int line)
{
	uint8_t *p = (uint8_t *)ptr;

	if (!p)
		return;
	live--;
	free(p - HEAD);
}

static void *lib_realloc(void *ptr, size_t len, const char *file, int line)
{
	uint8_t *p;

	if (!ptr)
		return lib_malloc(len, file, line);
	p = (uint8_t *)realloc((uint8_t *)ptr - HEAD, len + HEAD);
	return p ? p + HEAD : NULL;
}

#define KEPT_ONCE_MAX 3 /* times in a row that something may be kept for one failing place */

static long live_now(void)
{
	OPENSSL_thread_stop();
	return live;
}

/* Runs `work` with the first allocation failing, then the second, and so on until none is left to fail; past the first hundred, where
 * libcrypto's decoders go through thousands, in growing steps. */
static void each_failure(enum bj_err (*work)(void *arg), void *arg)
{
	unsigned long at = 0, good_in_spite = 0;
	long live_before;
	bool failed;

	assert_int_equal(work(arg), BJ_OK); /* what is made once per process is made here */
	live_before = live_now();
	do {
		enum bj_err err;

		scarce_begin(at);
		err = work(arg);
		failed = scarce_end();
		/* libcrypto gets over a few failures (error texts, caches); the rest must be reported */
		if (failed && !err)
			good_in_spite++;
		/* what libcrypto makes once and keeps may be made late; what leaks, leaks each time */
		for (int again = 0; live_now() > live_before; again++) {
			if (again == KEPT_ONCE_MAX)
				fail_msg("allocation %lu failed and %ld others were left behind", at, live - live_before);
			live_before = live_now();
			scarce_begin(at);
			work(arg);
			scarce_end();
		}
		assert_int_equal(work(arg), BJ_OK);
		at += 1 + at / 100 * 7;
	} while (failed);
	assert_true(at > 1);
	assert_true(good_in_spite < at);
}

/* ---- the calls */

static enum bj_err seal_and_open(void *arg)
{
	static const uint8_t key[32] = { 1 }, nonce[AEAD_NONCE_LEN];
	const uint8_t *which = (const uint8_t *)arg;
	uint8_t sealed[64], text[48];
	struct bj_bytes none = { NULL, 0 };
	struct aead a;
	enum bj_err err = aead_init(&a, (enum aead_alg)which[0], (enum aead_provider)which[1], key);

	if (!err)
		err = aead_seal(&a, nonce, none, bytes_of(key, 32), sealed);
	if (!err)
		err = aead_open(&a, nonce, none, bytes_of(sealed, 48), text);
	if (!err)
		assert_memory_equal(text, key, 32);
	aead_fini(&a);
	return err;
}

static enum bj_err exchange(void *arg)
{
	enum kex_group group = *(const enum kex_group *)arg;
	struct kex_key a = { 0 };
	uint8_t answer[KEX_SHARE_MAX];
	size_t len;
	struct secret ab, ba;
	enum bj_err err = kex_generate(&a, group, &rng_os);

	if (!err)
		err = kex_answer(group, kex_public(&a), &rng_os, answer, &len, &ba);
	if (!err)
		err = kex_derive(&a, bytes_of(answer, len), &ab);
	if (!err)
		assert_true(secret_equal(&ab, &ba));
	kex_fini(&a);
	return err;
}

static enum bj_err send_and_receive(void *arg)
{
	const struct hpke_suite suite = { *(const uint16_t *)arg, HPKE_KDF_SHA256, HPKE_AEAD_CHACHA20_POLY1305 };
	uint8_t enc[HPKE_PUBLIC_MAX], sealed[4 + AEAD_TAG_LEN], text[4];
	struct hpke sender = { 0 }, receiver = { 0 };
	struct kex_key key = { 0 };
	struct secret private;
	size_t len;
	enum bj_err err = hpke_private_generate(suite.kem, &rng_os, &private);

	if (!err)
		err = hpke_private_load(suite.kem, secret_view(&private), &key);
	if (!err)
		err = hpke_send(&sender, suite, kex_public(&key), BYTES_LIT("info"), &rng_os, enc, &len);
	if (!err)
		err = hpke_receive(&receiver, suite, &key, bytes_of(enc, len), BYTES_LIT("info"));
	if (!err)
		err = hpke_seal(&sender, BYTES_LIT("aad"), BYTES_LIT("text"), sealed);
	if (!err)
		err = hpke_open(&receiver, BYTES_LIT("aad"), bytes_of(sealed, sizeof(sealed)), text);
	if (!err)
		assert_memory_equal(text, "text", 4);
	hpke_fini(&sender);
	hpke_fini(&receiver);
	kex_fini(&key);
	return err;
}

struct signer {
	struct pkey *key;
	enum sig_alg alg;
	uint8_t der[4096];
	size_t der_len;
};

static enum bj_err sign_and_verify(void *arg)
{
	struct signer *s = (struct signer *)arg;
	uint8_t sig[SIG_LEN_MAX];
	struct pubkey half;
	size_t len;
	enum bj_err err = pkey_sign(s->key, s->alg, BYTES_LIT("message"), sig, sizeof(sig), &len);

	if (err)
		return err;
	pkey_public(s->key, &half);
	assert_int_not_equal(pubkey_verify(&half, s->alg, BYTES_LIT("Message"), bytes_of(sig, len)), BJ_OK);
	return pubkey_verify(&half, s->alg, BYTES_LIT("message"), bytes_of(sig, len));
}

static enum bj_err load(void *arg)
{
	struct signer *s = (struct signer *)arg;
	uint8_t out[4096];
	struct pkey *key = NULL;
	size_t len;
	enum bj_err err = pkey_from_der(bytes_of(s->der, s->der_len), &key);

	if (err)
		assert_null(key);
	if (!err)
		err = pkey_spki(key, out, sizeof(out), &len);
	if (!err)
		err = pkey_pkcs8(key, out, sizeof(out), &len);
	pkey_free(key);
	return err;
}

/* ---- the tests */

static void sealing_and_opening_survive(void **state)
{
	static uint8_t rows[][2] = {
		{ AEAD_AES_128_GCM, AEAD_LIBCRYPTO }, { AEAD_CHACHA20_POLY1305, AEAD_LIBCRYPTO }, { AEAD_AES_256_GCM, AEAD_IPSEC_MB },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (aead_has((enum aead_provider)rows[i][1], (enum aead_alg)rows[i][0]))
			each_failure(seal_and_open, rows[i]);
}

static void key_exchange_survives(void **state)
{
	static enum kex_group groups[] = { KEX_X25519, KEX_P256, KEX_P384, KEX_X25519MLKEM768, KEX_SECP256R1MLKEM768, KEX_MLKEM1024 };

	for (size_t i = 0; i < ARRAY_COUNT(groups); i++)
		each_failure(exchange, &groups[i]);
}

static void public_key_encryption_survives(void **state)
{
	static uint16_t kems[] = { HPKE_KEM_X25519, HPKE_KEM_P256 };

	for (size_t i = 0; i < ARRAY_COUNT(kems); i++)
		each_failure(send_and_receive, &kems[i]);
}

static void keys_and_signatures_survive(void **state)
{
	static const struct { enum key_kind kind; enum sig_alg alg; } rows[] = {
		{ KEY_P256, SIG_ECDSA_SHA256 }, { KEY_RSA, SIG_RSA_PSS_SHA256 }, { KEY_ED25519, SIG_ED25519 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct signer s = { .alg = rows[i].alg };

		assert_int_equal(pkey_generate(rows[i].kind, 2048, &s.key), BJ_OK);
		assert_int_equal(pkey_pkcs8(s.key, s.der, sizeof(s.der), &s.der_len), BJ_OK);
		each_failure(sign_and_verify, &s);
		if (rows[i].kind != KEY_RSA) /* libcrypto itself loses a number of an RSA key in a few of 4,000 places */
			each_failure(load, &s);
		pkey_free(s.key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealing_and_opening_survive),
		cmocka_unit_test(key_exchange_survives),
		cmocka_unit_test(public_key_encryption_survives),
		cmocka_unit_test(keys_and_signatures_survive),
	};

	if (CRYPTO_set_mem_functions(lib_malloc, lib_realloc, lib_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
