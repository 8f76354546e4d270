/* crypto.c - what src/crypto adds to the primitives: each beside the plain way of calling libcrypto for the same thing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/kex.h"
#include "crypto/pkey.h"
#include "crypto/rng_os.h"
#include "measure.h"

typedef void work_fn(void);

static void need(bool good)
{
	if (good)
		return;
	fputs("bench: a call failed\n", stderr);
	exit(1);
}

/* ---- ours */

static struct aead aead;
static enum kex_group group;
static struct kex_key ours, theirs;
static struct pkey *key;
static enum sig_alg alg;
static uint8_t text[16384], sealed[16384 + 16], nonce[12], aad[5] = { 23, 3, 3, 64, 16 };
static size_t text_len;
static uint8_t signature[SIG_LEN_MAX];
static size_t signature_len;

static void seal_ours(void)
{
	nonce[11]++;
	need(!aead_seal(&aead, nonce, bytes_of(aad, 5), bytes_of(text, text_len), sealed));
}

static void expand_ours(void)
{
	aead_rest(&aead);
	seal_ours();
}

static void keygen_ours(void)
{
	struct kex_key k;

	need(!kex_generate(&k, group, &rng_os));
	kex_fini(&k);
}

static void derive_ours(void)
{
	struct secret s;

	need(!kex_derive(&ours, bytes_of(theirs.public_bytes, theirs.public_len), &s));
}

static void sign_ours(void)
{
	need(!pkey_sign(key, alg, bytes_of(text, 130), signature, sizeof(signature), &signature_len));
}

static void verify_ours(void)
{
	struct pubkey half;

	pkey_public(key, &half);
	need(!pubkey_verify(&half, alg, bytes_of(text, 130), bytes_of(signature, signature_len)));
}

static struct hmac_key hmac;

static void expand_label_ours(void)
{
	uint8_t out[32];

	need(!hkdf_expand(&hmac, bytes_of(text, 50), out, sizeof(out)));
}

static void random_ours(void)
{
	uint8_t out[32];

	need(!rng_fill(&rng_os, out, sizeof(out)));
}

/* ---- the plain way */

static EVP_CIPHER_CTX *cipher;
static const char *group_name;
static EVP_PKEY *evp_ours, *evp_theirs, *evp_key;
static const EVP_MD *md;
static uint8_t peer_bytes[KEX_PUBLIC_MAX];
static size_t peer_len;

static void seal_plain(void)
{
	int len;

	nonce[11]++;
	need(EVP_EncryptInit_ex(cipher, NULL, NULL, NULL, nonce) && EVP_EncryptUpdate(cipher, NULL, &len, aad, 5) &&
	     EVP_EncryptUpdate(cipher, sealed, &len, text, (int)text_len) && EVP_EncryptFinal_ex(cipher, sealed, &len) &&
	     EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, 16, sealed + text_len));
}

static const char *cipher_name;

static void expand_plain(void)
{
	static const uint8_t zeros[32];
	EVP_CIPHER_CTX *had = cipher;

	cipher = EVP_CIPHER_CTX_new();
	need(EVP_EncryptInit_ex(cipher, EVP_get_cipherbyname(cipher_name), NULL, zeros, NULL));
	seal_plain();
	EVP_CIPHER_CTX_free(cipher);
	cipher = had;
}

static void keygen_plain(void)
{
	EVP_PKEY *k = strcmp(group_name, "X25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "X25519") :
							  EVP_PKEY_Q_keygen(NULL, NULL, "EC", group_name);
	unsigned char *encoded = NULL;

	need(k && EVP_PKEY_get1_encoded_public_key(k, &encoded) > 0);
	OPENSSL_free(encoded);
	EVP_PKEY_free(k);
}

static void derive_plain(void)
{
	EVP_PKEY *peer = EVP_PKEY_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(evp_ours, NULL);
	uint8_t out[66];
	size_t len = sizeof(out);

	need(EVP_PKEY_copy_parameters(peer, evp_ours) && EVP_PKEY_set1_encoded_public_key(peer, peer_bytes, peer_len) &&
	     EVP_PKEY_derive_init(ctx) && EVP_PKEY_derive_set_peer(ctx, peer) && EVP_PKEY_derive(ctx, out, &len));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
}

static void pss_if_rsa(EVP_PKEY_CTX *ctx)
{
	if (alg == SIG_RSA_PSS_SHA256)
		need(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST));
}

static void sign_plain(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;

	signature_len = sizeof(signature);
	need(EVP_DigestSignInit(ctx, &pctx, md, NULL, evp_key));
	pss_if_rsa(pctx);
	need(EVP_DigestSign(ctx, signature, &signature_len, text, 130));
	EVP_MD_CTX_free(ctx);
}

static uint8_t spki[1024];
static size_t spki_len;

/* As a certificate's key is: read from its DER each time. */
static void verify_plain(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const unsigned char *p = spki;
	EVP_PKEY *half = d2i_PUBKEY(NULL, &p, (long)spki_len);
	EVP_PKEY_CTX *pctx = NULL;

	need(half && EVP_DigestVerifyInit(ctx, &pctx, md, NULL, half));
	pss_if_rsa(pctx);
	need(EVP_DigestVerify(ctx, signature, signature_len, text, 130));
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(half);
}

static void expand_label_plain(void)
{
	static EVP_KDF *kdf;
	uint8_t out[32];
	OSSL_PARAM params[5];
	EVP_KDF_CTX *ctx;
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;

	if (!kdf)
		kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	ctx = EVP_KDF_CTX_new(kdf);
	params[0] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
	params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, text, 32);
	params[3] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, text, 50);
	params[4] = OSSL_PARAM_construct_end();
	need(EVP_KDF_derive(ctx, out, sizeof(out), params));
	EVP_KDF_CTX_free(ctx);
}

/* ---- driving */

static double each_ns(work_fn *work, unsigned count)
{
	double start = cpu_ns();

	for (unsigned i = 0; i < count; i++)
		work();
	return (cpu_ns() - start) / count;
}

static void compare(const struct options *o, const char *name, const char *side, work_fn *our_way, work_fn *plain_way, unsigned count)
{
	double a[ROUNDS_MAX], b[ROUNDS_MAX];

	if (!options_want(o, name))
		return;
	(void)each_ns(our_way, count / 10 + 1);
	if (plain_way)
		(void)each_ns(plain_way, count / 10 + 1);
	for (unsigned r = 0; r < o->rounds; r++) {
		a[r] = each_ns(our_way, count) / 1000;
		b[r] = plain_way ? each_ns(plain_way, count) / 1000 : 0;
	}
	report(o, name, side, "us", median(a, o->rounds),
	       (struct measured){ "openssl", plain_way ? median(b, o->rounds) : 0 }, 0, LESS_IS_BETTER);
}

static void bench_aead(const struct options *o, const char *name, enum aead_alg which, enum aead_provider provider)
{
	static const uint8_t zeros[32];
	static const char *const sides[] = { "best", "libcrypto", "ipsec-mb" };

	if (aead_init(&aead, which, provider, zeros))
		return;
	cipher_name = which == AEAD_AES_128_GCM ? "aes-128-gcm" : which == AEAD_AES_256_GCM ? "aes-256-gcm" : "chacha20-poly1305";
	cipher = EVP_CIPHER_CTX_new();
	need(EVP_EncryptInit_ex(cipher, EVP_get_cipherbyname(cipher_name), NULL, zeros, NULL));
	for (size_t i = 0; i < 3; i++) {
		static const size_t lens[] = { 16384, 1400, 64 };
		char full[64];

		text_len = lens[i];
		snprintf(full, sizeof(full), "%s-%zu", name, text_len);
		compare(o, full, sides[provider], seal_ours, seal_plain, 20000);
	}
	compare(o, "aead-new-key-64", sides[provider], expand_ours, expand_plain, 20000);
	EVP_CIPHER_CTX_free(cipher);
	aead_fini(&aead);
}

static void bench_kex(const struct options *o, const char *name, enum kex_group which, unsigned count)
{
	unsigned char *encoded;
	char full[64];

	group = which;
	group_name = name;
	need(!kex_generate(&ours, which, &rng_os) && !kex_generate(&theirs, which, &rng_os));
	evp_ours = which == KEX_X25519 ? EVP_PKEY_Q_keygen(NULL, NULL, name) : EVP_PKEY_Q_keygen(NULL, NULL, "EC", name);
	evp_theirs = which == KEX_X25519 ? EVP_PKEY_Q_keygen(NULL, NULL, name) : EVP_PKEY_Q_keygen(NULL, NULL, "EC", name);
	peer_len = EVP_PKEY_get1_encoded_public_key(evp_theirs, &encoded);
	memcpy(peer_bytes, encoded, peer_len);
	OPENSSL_free(encoded);
	snprintf(full, sizeof(full), "%s-keygen", name);
	compare(o, full, "", keygen_ours, keygen_plain, count);
	snprintf(full, sizeof(full), "%s-derive", name);
	compare(o, full, "", derive_ours, derive_plain, count);
	EVP_PKEY_free(evp_ours);
	EVP_PKEY_free(evp_theirs);
	kex_fini(&ours);
	kex_fini(&theirs);
}

static void bench_signature(const struct options *o, const char *name, enum key_kind kind, enum sig_alg which, unsigned count)
{
	uint8_t der[8192];
	const unsigned char *p = der;
	char full[64];
	size_t len = 0;

	need(!pkey_generate(kind, 2048, &key) && !pkey_pkcs8(key, der, sizeof(der), &len));
	need(!pkey_spki(key, spki, sizeof(spki), &spki_len));
	evp_key = d2i_AutoPrivateKey(NULL, &p, (long)len);
	alg = which;
	md = which == SIG_ED25519 ? NULL : EVP_sha256();
	snprintf(full, sizeof(full), "%s-sign", name);
	compare(o, full, "", sign_ours, sign_plain, count);
	sign_ours();
	snprintf(full, sizeof(full), "%s-verify", name);
	compare(o, full, "", verify_ours, verify_plain, count);
	EVP_PKEY_free(evp_key);
	pkey_free(key);
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv);

	bench_aead(&o, "aes128gcm", AEAD_AES_128_GCM, AEAD_IPSEC_MB);
	bench_aead(&o, "aes128gcm", AEAD_AES_128_GCM, AEAD_LIBCRYPTO);
	bench_aead(&o, "aes256gcm", AEAD_AES_256_GCM, AEAD_IPSEC_MB);
	bench_aead(&o, "chacha20poly1305", AEAD_CHACHA20_POLY1305, AEAD_LIBCRYPTO);
	bench_kex(&o, "X25519", KEX_X25519, 2000);
	bench_kex(&o, "P-256", KEX_P256, 2000);
	bench_kex(&o, "P-384", KEX_P384, 100);
	bench_signature(&o, "ecdsa-p256", KEY_P256, SIG_ECDSA_SHA256, 2000);
	bench_signature(&o, "rsa2048-pss", KEY_RSA, SIG_RSA_PSS_SHA256, 300);
	bench_signature(&o, "ed25519", KEY_ED25519, SIG_ED25519, 1000);
	hmac_key_init(&hmac, HASH_SHA256, bytes_of(text, 32));
	compare(&o, "hkdf-expand-sha256-32", "", expand_label_ours, expand_label_plain, 20000);
	compare(&o, "random-32", "", random_ours, NULL, 20000);
	return 0;
}
