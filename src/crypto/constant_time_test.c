/* constant_time_test.c - runs our arithmetic on secrets that memcheck holds for undefined: a branch or an address that depends
 * on one is then an error that it counts.
 *
 * Covers ML-KEM at each level that the (simulated) processor has, Keccak, X25519's base point (with its inversion, alone and for two), HMAC and HKDF by libcrypto's blocks, and ECDSA's arithmetic after
 * the multiplication. Needs valgrind around it.
 */
#include <stdio.h>
#include <string.h>

#include <valgrind/memcheck.h>

#include "crypto/ecdsa_p256.h"
#include "crypto/hkdf.h"
#include "crypto/keccak.h"
#include "crypto/levels_here.h"
#include "crypto/mlkem_core.h"
#include "crypto/x25519_base.h"

static const struct mlkem_params params[] = { { 3, 10, 4 }, { 4, 11, 5 } };
static const uint16_t ek_lens[] = { MLKEM_768_EK_LEN, MLKEM_EK_MAX }, ct_lens[] = { MLKEM_768_CT_LEN, MLKEM_CT_MAX };
static const uint16_t dk_lens[] = { MLKEM_768_DK_LEN, MLKEM_DK_MAX };

static void secret(void *ptr, size_t len)
{
	VALGRIND_MAKE_MEM_UNDEFINED(ptr, len);
}

static void public(void *ptr, size_t len)
{
	VALGRIND_MAKE_MEM_DEFINED(ptr, len);
}

/* rho and the encapsulation key are public; sigma, z, m, the decapsulation key's own parts and all outcomes are not. */
static void mlkem_run(const struct mlkem_core *core, size_t set, bool tampered)
{
	uint8_t rho[32] = { 1 }, sigma[32] = { 2 }, z[32] = { 3 }, m[32] = { 4 }, ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX], ct[MLKEM_CT_MAX];
	uint8_t sent[32], got[32];
	size_t own = (size_t)params[set].k * 384;

	secret(sigma, sizeof(sigma));
	secret(z, sizeof(z));
	core->keygen_from(&params[set], rho, sigma, z, ek, dk);
	public(ek, ek_lens[set]);
	secret(m, sizeof(m));
	core->encaps(&params[set], ek, m, ct, sent);
	public(ct, ct_lens[set]);
	ct[7] ^= tampered;
	public(dk, dk_lens[set]);
	secret(dk, own);
	secret(dk + dk_lens[set] - 32, 32);
	core->decaps(&params[set], dk, ct, got);
	public(got, sizeof(got));
	public(sent, sizeof(sent));
	if ((memcmp(got, sent, sizeof(got)) == 0) == tampered) {
		fprintf(stderr, "%s: the secrets are not as they should be\n", core->name);
		VALGRIND_MAKE_MEM_UNDEFINED(got, 1);
		if (got[0]) /* counts as an error */
			fprintf(stderr, ".\n");
	}
}

static void mlkem_all(const struct mlkem_core *core)
{
	if (!level_is_here(core->name)) {
		fprintf(stderr, "SKIPPED: level %s is not here\n", core->name);
		return;
	}
	for (size_t set = 0; set < 2; set++)
		for (int tampered = 0; tampered < 2; tampered++)
			mlkem_run(core, set, tampered);
}

static void keccak_run(void)
{
	uint8_t text[300] = { 1 }, out[64];

	secret(text, sizeof(text));
	keccak_once(KECCAK_SHA3_512, bytes_of(text, 7), bytes_of(text + 7, 293), out, sizeof(out));
}

static void x25519_run(void)
{
	uint8_t private[32] = { 9 }, out[2][32];
	struct fe_fraction f[2];

	x25519_base(out[0], private); /* the table is made */
	secret(private, sizeof(private));
	x25519_base(out[0], private);
	x25519_base_fraction(&f[0], private);
	private[1] ^= 1;
	x25519_base_fraction(&f[1], private);
	fe_fractions_bytes(out[0], &f[0], out[1], &f[1]);
}

static void hmac_run(void)
{
	static const enum hash_alg algs[] = { HASH_SHA256, HASH_SHA384 };

	for (size_t i = 0; i < 2; i++) {
		uint8_t bytes[32] = { 1 }, out[2][HASH_MAX];
		struct hmac_key key;
		struct hkdf_output outputs[2] = { { &key, BYTES_LIT("one"), out[0], 32 }, { &key, BYTES_LIT("two"), out[1], 12 } };

		secret(bytes, sizeof(bytes));
		hmac_key_init(&key, algs[i], bytes_of(bytes, sizeof(bytes)));
		hkdf_expand_two(&outputs[0], &outputs[1]);
		(void)hmac_once(&key, bytes_of(bytes, sizeof(bytes)), out[0]);
	}
}

/* The nonce, the private key and the point that is not yet affine; r and s come out, and are public. */
static void ecdsa_run(void)
{
	uint8_t nonce[32] = { 3 }, private[32] = { 5 }, digest[48] = { 7 };
	struct ecdsa_p256_point point;
	struct ecdsa_p256_pair pair;
	bool good;

	if (ecdsa_p256_multiply(nonce, &point))
		return;
	secret(nonce, sizeof(nonce));
	secret(private, sizeof(private));
	secret(&point, sizeof(point));
	good = ecdsa_p256_finish(&point, nonce, private, bytes_of(digest, sizeof(digest)), &pair);
	public(&good, sizeof(good));
	if (!good)
		fprintf(stderr, "no signature\n");
}

/* What a leak looks like: if this is not counted, nothing above was proved. */
static __attribute__((noinline)) void control_run(void)
{
	volatile uint8_t byte = 1;
	uint8_t copy;

	secret((void *)&byte, 1);
	copy = byte;
	if (copy > 100)
		fprintf(stderr, "?\n");
}

int main(void)
{
	unsigned before;

	if (!RUNNING_ON_VALGRIND) {
		fprintf(stderr, "SKIPPED: valgrind is not around this\n");
		return 77;
	}
	mlkem_all(&mlkem_core_plain);
#ifdef __x86_64__
	mlkem_all(&mlkem_core_avx2);
	mlkem_all(&mlkem_core_avx512);
#endif
	keccak_run();
	x25519_run();
	hmac_run();
	ecdsa_run();
	before = (unsigned)VALGRIND_COUNT_ERRORS;
	if (before > 0) {
		fprintf(stderr, "%u branches or addresses depend on secrets\n", before);
		return 1;
	}
	fprintf(stderr, "One report must follow: the control.\n");
	control_run();
	if (VALGRIND_COUNT_ERRORS != before + 1) {
		fprintf(stderr, "the control was not counted\n");
		return 1;
	}
	return 0;
}
