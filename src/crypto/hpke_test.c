/* hpke_test.c - HPKE against rfc9180:A and messages of another implementation; wrong inputs first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/hpke.h"
#include "crypto/rng_os.h"
#include "support/hex.h"
#include "support/tape.h"

#define INFO "4f6465206f6e2061204772656369616e2055726e"
#define TEXT "4265617574792069732074727574682c20747275746820626561757479"

static const struct vector {
	struct hpke_suite suite;
	const char *ephemeral, *private, *public, *enc, *key, *nonce, *exporter;
	const char *sealed[2]; /* with "Count-0" and "Count-1" */
} vectors[] = { /* rfc9180:A.1.1 rfc9180:A.2.1 rfc9180:A.3.1 rfc9180:A.5.1 */
	{
		{ HPKE_KEM_X25519, HPKE_KDF_SHA256, HPKE_AEAD_AES_128_GCM },
		"52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
		"4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
		"3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
		"37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
		"4531685d41d65f03dc48f6b8302c05b0",
		"56d890e5accaaf011cff4b7d",
		"45ff1c2e220db587171952c0592d5f5ebe103f1561a2614e38f2ffd47e99e3f8",
		{ "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
		  "af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab251c03d0c22a56b8ca42c2063b84" },
	},
	{
		{ HPKE_KEM_X25519, HPKE_KDF_SHA256, HPKE_AEAD_CHACHA20_POLY1305 },
		"f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600",
		"8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
		"4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
		"1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
		"ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91",
		"5c4d98150661b848853b547f",
		"a3b010d4994890e2c6968a36f64470d3c824c8f5029942feb11e7a74b2921922",
		{ "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
		  "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e85285337cc95ba5f59992dc98c" },
	},
	{
		{ HPKE_KEM_P256, HPKE_KDF_SHA256, HPKE_AEAD_AES_128_GCM },
		"4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb",
		"f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2",
		"04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0",
		"04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4",
		"868c066ef58aae6dc589b6cfdd18f97e",
		"4e0bc5018beba4bf004cca59",
		"14ad94af484a7ad3ef40e9f3be99ecc6fa9036df9d4920548424df127ee0d99f",
		{ "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434",
		  "fa6f037b47fc21826b610172ca9637e82d6e5801eb31cbd3748271affd4ecb06646e0329cbdf3c3cd655b28e82" },
	},
	{
		{ HPKE_KEM_P256, HPKE_KDF_SHA256, HPKE_AEAD_CHACHA20_POLY1305 },
		"7550253e1147aae48839c1f8af80d2770fb7a4c763afe7d0afa7e0f42a5b3689",
		"a4d1c55836aa30f9b3fbb6ac98d338c877c2867dd3a77396d13f68d3ab150d3b",
		"04a697bffde9405c992883c5c439d6cc358170b51af72812333b015621dc0f40bad9bb726f68a5c013806a790ec716ab8669f84f6b694596c2987cf35baba2a006",
		"04c07836a0206e04e31d8ae99bfd549380b072a1b1b82e563c935c095827824fc1559eac6fb9e3c70cd3193968994e7fe9781aa103f5b50e934b5b2f387e381291",
		"a8f45490a92a3b04d1dbf6cf2c3939ad8bfc9bfcb97c04bffe116730c9dfe3fc",
		"726b4390ed2209809f58c693",
		"4f9bd9b3a8db7d7c3a5b9d44fdc1f6e37d5d77689ade5ec44a7242016e6aa205",
		{ "6469c41c5c81d3aa85432531ecf6460ec945bde1eb428cb2fedf7a29f5a685b4ccb0d057f03ea2952a27bb458b",
		  "f1564199f7e0e110ec9c1bcdde332177fc35c1adf6e57f8d1df24022227ffa8716862dbda2b1dc546c9d114374" },
	},
};

/* Sealed by pyca/cryptography 48 for the private keys of the first and the third row. */
static const struct {
	struct hpke_suite suite;
	const char *enc, *sealed;
} others[] = {
	{ { 0x0020, 1, 2 }, "2affd1fd1b2d3864f3bc86af25c156fcd054d06bbac20b42163e6cec5a7b452c",
	  "d8409536e6409be57113842cf9994bb65067f1fb625fbbd500f98260f4dc2525b367" },
	{ { 0x0020, 2, 1 }, "1712e4a55c40be75083a102c0ad66af54e1821ecdee87ad0aec14fa37cf94f56",
	  "b20d60fdea556550f2ab8c0ab7ebcb9a95d635f9ee1c833723317a3e6e3b1b885da3" },
	{ { 0x0020, 2, 2 }, "7f96de9debd548430ba8b74fa1a88631cc2c59bb243f7ec91736e6f0d6fb4e7c",
	  "4f2ee9a676003a1c14845f9e2672379dc54bd480045acb754895c651c392409f86bb" },
	{ { 0x0020, 2, 3 }, "0008b98f95f7bfc0d6b302bfae3526cd79033bf346d9e34d7857ce96193ac269",
	  "38db2634a8492341366a8c0d928f140b1609e34553ff4dd22c4b92168042f2ab043f" },
	{ { 0x0010, 1, 2 }, "04d0811f7c77b3af7239ea151a23a6c25cbc4032a3c4f04c33fc250dd740f36a070e72aa4eeb31c0aad260dcbf32d609df0de051e55b8a42c2a450c79102e9acef",
	  "066e240643819ac0a2f44b56b6077d1f50911f539a169d47c39be6b867f24afbb554" },
	{ { 0x0010, 2, 1 }, "049d50be3c1ab850a719d3071da9429c478f41a9880dc90df01f4886f178bdba512c61571c1ef85407bec0f87892892b6446972bf5609e4139ac14590a851a37c3",
	  "3d66504e41c092d4caa5d36cfe59a9a48af031f055be0b7590c76e13650191aa6ae4" },
	{ { 0x0010, 2, 2 }, "046cde7fdba073a5514b9a8b76c4521010dd8d1bf6f141d17ca09b4727b496b3975d48361ce1174e21c465c3b46363e422f6ba2c7d4b9c1f665f9379e9d837f941",
	  "26e6d4ecb7ff14ee21099a0c6d5f61c44d8364435b2b116ca3f278d155366328c68f" },
	{ { 0x0010, 2, 3 }, "047f7a875f7a9afcba59a80d75e2054737470ce0b24f4d73353a06cb90a996078701e0af93ca62edfae7ab5329d3eeafcbe1cd123fdbe9d1fd70a5267fe1f6ecfd",
	  "867e569737140790bde8a14f49e0545fa66e05f20821d0d68ab67f0b5993cd9562e1" },
};

static void load(const struct vector *v, struct kex_key *key)
{
	uint8_t private[HPKE_PRIVATE_LEN], public[HPKE_PUBLIC_MAX];

	hex_to(v->private, private, sizeof(private));
	assert_int_equal(hpke_private_load(v->suite.kem, bytes_of(private, sizeof(private)), key), BJ_OK);
	assert_true(bytes_equal(kex_public(key), bytes_of(public, hex_to(v->public, public, sizeof(public)))));
}

static enum bj_err receive(const struct vector *v, struct bj_bytes enc, struct hpke *h)
{
	uint8_t info[32];
	size_t info_len = hex_to(INFO, info, sizeof(info));
	struct kex_key key = { 0 };
	enum bj_err err;

	load(v, &key);
	err = hpke_receive(h, v->suite, &key, enc, bytes_of(info, info_len));
	kex_fini(&key);
	return err;
}

/* ---- what must fail */

static void unknown_suites_are_refused(void **state)
{
	static const struct hpke_suite unknown[] = { { 0x0021, 1, 1 }, { 0x0012, 1, 1 }, { 0, 1, 1 }, { 0x0020, 0, 1 }, { 0x0020, 3, 1 },
						     { 0x0020, 1, 0 }, { 0x0020, 1, 4 }, { 0x0020, 1, 0xffff } };
	uint8_t enc[HPKE_PUBLIC_MAX], public[32] = { 9 };
	struct kex_key key = { 0 };
	struct hpke h = { 0 };
	struct secret private;
	size_t len;

	load(&vectors[0], &key);
	for (size_t i = 0; i < ARRAY_COUNT(unknown); i++) {
		assert_false(hpke_suite_known(unknown[i]));
		assert_int_equal(hpke_send(&h, unknown[i], bytes_of(public, 32), bytes_of(NULL, 0), &rng_os, enc, &len), BJ_ERR_ARGUMENT);
		assert_int_equal(hpke_receive(&h, unknown[i], &key, bytes_of(public, 32), bytes_of(NULL, 0)), BJ_ERR_ARGUMENT);
	}
	assert_int_equal(hpke_receive(&h, vectors[2].suite, &key, bytes_of(public, 32), bytes_of(NULL, 0)), BJ_ERR_ARGUMENT);
	assert_int_equal(hpke_private_generate(0x0021, &rng_os, &private), BJ_ERR_ARGUMENT);
	assert_int_equal(hpke_private_load(0x0021, bytes_of(public, 32), &key), BJ_ERR_ARGUMENT);
	assert_int_equal(hpke_public_len(0x0021), 0);
	kex_fini(&key);
}

/* rfc9180:7.1.4: a point off the curve, of another form or length; zero as result of X25519. */
static void public_keys_that_are_none_are_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		uint8_t enc[HPKE_PUBLIC_MAX + 1] = { 0 }, out[HPKE_PUBLIC_MAX];
		size_t len = hex_to(v->enc, enc, sizeof(enc)), out_len;
		struct hpke h = { 0 };

		assert_int_equal(receive(v, bytes_of(enc, len - 1), &h), BJ_ERR_BAD_KEY_SHARE);
		assert_int_equal(receive(v, bytes_of(enc, len + 1), &h), BJ_ERR_BAD_KEY_SHARE);
		assert_int_equal(receive(v, bytes_of(NULL, 0), &h), BJ_ERR_BAD_KEY_SHARE);
		if (v->suite.kem == HPKE_KEM_X25519)
			memset(enc, 0, len);
		else
			enc[len - 1] ^= 1;
		assert_int_equal(receive(v, bytes_of(enc, len), &h), BJ_ERR_BAD_KEY_SHARE);
		assert_int_equal(hpke_send(&h, v->suite, bytes_of(enc, len), bytes_of(NULL, 0), &rng_os, out, &out_len), BJ_ERR_BAD_KEY_SHARE);
		hpke_fini(&h);
	}
}

static void private_keys_that_are_none_are_refused(void **state)
{
	uint8_t bytes[33];
	struct kex_key key = { 0 };

	memset(bytes, 0xff, sizeof(bytes)); /* above the order */
	assert_int_equal(hpke_private_load(HPKE_KEM_P256, bytes_of(bytes, 32), &key), BJ_ERR_KEY_FORMAT);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(hpke_private_load(HPKE_KEM_P256, bytes_of(bytes, 32), &key), BJ_ERR_KEY_FORMAT);
	bytes[0] = 1;
	assert_int_equal(hpke_private_load(HPKE_KEM_P256, bytes_of(bytes, 31), &key), BJ_ERR_KEY_FORMAT);
	assert_int_equal(hpke_private_load(HPKE_KEM_X25519, bytes_of(bytes, 33), &key), BJ_ERR_KEY_FORMAT);
	assert_null(key.handle);
}

static void a_source_that_fails_makes_no_key_and_no_context(void **state)
{
	struct tape empty = { NULL, 0 };
	const struct bj_rng rng = { tape_fill, &empty };
	uint8_t enc[HPKE_PUBLIC_MAX], public[32] = { 9 };
	struct secret private = { 0 };
	struct hpke h = { 0 };
	size_t len;

	assert_int_equal(hpke_private_generate(HPKE_KEM_P256, &rng, &private), BJ_ERR_RANDOM);
	assert_int_equal(private.len, 0);
	assert_int_equal(hpke_send(&h, vectors[0].suite, bytes_of(public, 32), bytes_of(NULL, 0), &rng, enc, &len), BJ_ERR_RANDOM);
	assert_int_equal(h.exporter.len, 0);
}

static void what_is_changed_or_out_of_order_does_not_open(void **state)
{
	static const uint8_t zeros[64];
	uint8_t enc[HPKE_PUBLIC_MAX], sealed[2][64], out[64] = { 0 };
	size_t enc_len = hex_to(vectors[0].enc, enc, sizeof(enc)), len = 0;
	struct hpke h = { 0 };

	for (unsigned i = 0; i < 2; i++)
		len = hex_to(vectors[0].sealed[i], sealed[i], sizeof(sealed[i]));
	assert_int_equal(receive(&vectors[0], bytes_of(enc, enc_len), &h), BJ_OK);
	assert_int_equal(hpke_open(&h, BYTES_LIT("Count-1"), bytes_of(sealed[1], len), out), BJ_ERR_BAD_RECORD_MAC);
	assert_int_equal(hpke_open(&h, BYTES_LIT("Count-1"), bytes_of(sealed[0], len), out), BJ_ERR_BAD_RECORD_MAC);
	for (size_t i = 0; i < len; i++) {
		sealed[0][i] ^= 0x10;
		assert_int_equal(hpke_open(&h, BYTES_LIT("Count-0"), bytes_of(sealed[0], len), out), BJ_ERR_BAD_RECORD_MAC);
		sealed[0][i] ^= 0x10;
	}
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(hpke_open(&h, BYTES_LIT("Count-0"), bytes_of(sealed[0], cut), out), BJ_ERR_BAD_RECORD_MAC);
	assert_memory_equal(out, zeros, sizeof(out));
	/* none of that was counted */
	assert_int_equal(hpke_open(&h, BYTES_LIT("Count-0"), bytes_of(sealed[0], len), out), BJ_OK);
	assert_int_equal(hpke_open(&h, BYTES_LIT("Count-0"), bytes_of(sealed[0], len), out), BJ_ERR_BAD_RECORD_MAC);
	assert_int_equal(hpke_open(&h, BYTES_LIT("Count-1"), bytes_of(sealed[1], len), out), BJ_OK);
	hpke_fini(&h);
}

static void another_info_makes_another_context(void **state)
{
	uint8_t enc[HPKE_PUBLIC_MAX], sealed[64], out[64];
	size_t enc_len = hex_to(vectors[0].enc, enc, sizeof(enc)), len = hex_to(vectors[0].sealed[0], sealed, sizeof(sealed));
	struct kex_key key = { 0 };
	struct hpke h = { 0 };

	load(&vectors[0], &key);
	assert_int_equal(hpke_receive(&h, vectors[0].suite, &key, bytes_of(enc, enc_len), BYTES_LIT("other")), BJ_OK);
	assert_int_equal(hpke_open(&h, BYTES_LIT("Count-0"), bytes_of(sealed, len), out), BJ_ERR_BAD_RECORD_MAC);
	hpke_fini(&h);
	kex_fini(&key);
}

/* rfc9180:5.2: the last number is never used. */
static void messages_have_an_end(void **state)
{
	uint8_t enc[HPKE_PUBLIC_MAX], out[64], text[64];
	size_t enc_len = hex_to(vectors[0].enc, enc, sizeof(enc));
	struct hpke h = { 0 };

	assert_int_equal(receive(&vectors[0], bytes_of(enc, enc_len), &h), BJ_OK);
	h.seq = UINT64_MAX - 1;
	assert_int_equal(hpke_seal(&h, BYTES_LIT(""), BYTES_LIT("x"), out), BJ_OK);
	assert_int_equal(hpke_seal(&h, BYTES_LIT(""), BYTES_LIT("x"), out), BJ_ERR_LIMIT);
	assert_int_equal(hpke_open(&h, BYTES_LIT(""), bytes_of(out, 17), text), BJ_ERR_LIMIT);
	hpke_fini(&h);
}

static void exports_have_limits(void **state)
{
	static uint8_t out[255 * 32 + 1], context[HPKE_EXPORT_CONTEXT_MAX + 1];
	uint8_t enc[HPKE_PUBLIC_MAX];
	size_t enc_len = hex_to(vectors[0].enc, enc, sizeof(enc));
	struct hpke h = { 0 };

	assert_int_equal(receive(&vectors[0], bytes_of(enc, enc_len), &h), BJ_OK);
	assert_int_equal(hpke_export(&h, bytes_of(context, sizeof(context)), out, 32), BJ_ERR_ARGUMENT);
	assert_int_equal(hpke_export(&h, bytes_of(context, sizeof(context) - 1), out, sizeof(out)), BJ_ERR_ARGUMENT);
	assert_int_equal(hpke_export(&h, bytes_of(context, sizeof(context) - 1), out, sizeof(out) - 1), BJ_OK);
	hpke_fini(&h);
}

/* ---- what must hold */

static void check_context(const struct hpke *h, const struct vector *v)
{
	uint8_t want[64];

	assert_memory_equal(h->aead.key, want, hex_to(v->key, want, sizeof(want)));
	assert_memory_equal(h->base_nonce, want, hex_to(v->nonce, want, sizeof(want)));
	assert_memory_equal(h->exporter.bytes, want, hex_to(v->exporter, want, sizeof(want)));
	assert_int_equal(h->exporter.len, 32);
}

static void the_vectors_of_the_rfc_hold_for_receivers(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		uint8_t enc[HPKE_PUBLIC_MAX], sealed[64], text[64], out[64];
		size_t enc_len = hex_to(v->enc, enc, sizeof(enc)), text_len = hex_to(TEXT, text, sizeof(text));
		struct hpke h = { 0 };

		assert_int_equal(receive(v, bytes_of(enc, enc_len), &h), BJ_OK);
		check_context(&h, v);
		for (unsigned n = 0; n < 2; n++) {
			size_t len = hex_to(v->sealed[n], sealed, sizeof(sealed));

			assert_int_equal(hpke_open(&h, n ? BYTES_LIT("Count-1") : BYTES_LIT("Count-0"), bytes_of(sealed, len), out), BJ_OK);
			assert_memory_equal(out, text, text_len);
		}
		hpke_fini(&h);
	}
}

static void the_vectors_of_the_rfc_hold_for_senders(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		uint8_t ephemeral[32], public[HPKE_PUBLIC_MAX], info[32], want[128], text[64], enc[HPKE_PUBLIC_MAX], out[64];
		size_t public_len = hex_to(v->public, public, sizeof(public)), info_len = hex_to(INFO, info, sizeof(info));
		size_t text_len = hex_to(TEXT, text, sizeof(text)), enc_len = 0;
		struct tape tape = { ephemeral, hex_to(v->ephemeral, ephemeral, sizeof(ephemeral)) };
		const struct bj_rng rng = { tape_fill, &tape };
		struct hpke h = { 0 };

		assert_int_equal(hpke_send(&h, v->suite, bytes_of(public, public_len), bytes_of(info, info_len), &rng, enc, &enc_len), BJ_OK);
		assert_true(bytes_equal(bytes_of(enc, enc_len), bytes_of(want, hex_to(v->enc, want, sizeof(want)))));
		check_context(&h, v);
		for (unsigned n = 0; n < 2; n++) {
			assert_int_equal(hpke_seal(&h, n ? BYTES_LIT("Count-1") : BYTES_LIT("Count-0"), bytes_of(text, text_len), out), BJ_OK);
			assert_memory_equal(out, want, hex_to(v->sealed[n], want, sizeof(want)));
		}
		hpke_fini(&h);
	}
}

/* rfc9180:A.1.1.2 */
static void the_exports_of_the_rfc_hold(void **state)
{
	static const struct {
		struct bj_bytes context;
		const char *value;
	} rows[] = {
		{ { (const uint8_t *)"", 0 }, "3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee" },
		{ { (const uint8_t *)"\0", 1 }, "2e8f0b54673c7029649d4eb9d5e33bf1872cf76d623ff164ac185da9e88c21a5" },
		{ { (const uint8_t *)"TestContext", 11 }, "e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931" },
	};
	uint8_t enc[HPKE_PUBLIC_MAX], out[32], want[32];
	size_t enc_len = hex_to(vectors[0].enc, enc, sizeof(enc));
	struct hpke h = { 0 };

	assert_int_equal(receive(&vectors[0], bytes_of(enc, enc_len), &h), BJ_OK);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		assert_int_equal(hpke_export(&h, rows[i].context, out, sizeof(out)), BJ_OK);
		hex_to(rows[i].value, want, sizeof(want));
		assert_memory_equal(out, want, sizeof(want));
	}
	hpke_fini(&h);
}

static void messages_of_another_implementation_open(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
		struct vector v = vectors[others[i].suite.kem == HPKE_KEM_P256 ? 2 : 0];
		uint8_t enc[HPKE_PUBLIC_MAX], sealed[64], out[64];
		size_t enc_len = hex_to(others[i].enc, enc, sizeof(enc)), len = hex_to(others[i].sealed, sealed, sizeof(sealed));
		struct hpke h = { 0 };

		v.suite = others[i].suite;
		assert_int_equal(receive(&v, bytes_of(enc, enc_len), &h), BJ_OK);
		assert_int_equal(hpke_open(&h, bytes_of(NULL, 0), bytes_of(sealed, len), out), BJ_OK);
		assert_true(bytes_equal(bytes_of(out, len - AEAD_TAG_LEN), BYTES_LIT("message of another")));
		hpke_fini(&h);
	}
}

static void fresh_keys_of_every_suite_meet(void **state)
{
	static const uint16_t kems[] = { HPKE_KEM_P256, HPKE_KEM_X25519 };

	for (unsigned i = 0; i < 12; i++) {
		struct hpke_suite suite = { kems[i % 2], (uint16_t)(1 + i / 2 % 2), (uint16_t)(1 + i / 4) };
		struct hpke a = { 0 }, b = { 0 };
		struct kex_key key = { 0 };
		struct secret private;
		uint8_t enc[HPKE_PUBLIC_MAX], sealed[32], out[16];
		size_t enc_len;

		assert_true(hpke_suite_known(suite));
		assert_int_equal(hpke_private_generate(suite.kem, &rng_os, &private), BJ_OK);
		assert_int_equal(hpke_private_load(suite.kem, secret_view(&private), &key), BJ_OK);
		assert_int_equal(hpke_send(&a, suite, kex_public(&key), BYTES_LIT("info"), &rng_os, enc, &enc_len), BJ_OK);
		assert_int_equal(enc_len, hpke_public_len(suite.kem));
		assert_int_equal(hpke_receive(&b, suite, &key, bytes_of(enc, enc_len), BYTES_LIT("info")), BJ_OK);
		for (unsigned n = 0; n < 300; n++) {
			assert_int_equal(hpke_seal(&a, BYTES_LIT("aad"), BYTES_LIT("text"), sealed), BJ_OK);
			assert_int_equal(hpke_open(&b, BYTES_LIT("aad"), bytes_of(sealed, 4 + AEAD_TAG_LEN), out), BJ_OK);
			assert_memory_equal(out, "text", 4);
		}
		hpke_fini(&a);
		hpke_fini(&b);
		kex_fini(&key);
		secret_wipe(&private);
	}
}

static void nothing_is_left_of_a_context(void **state)
{
	static const struct hpke zero;
	uint8_t enc[HPKE_PUBLIC_MAX];
	struct hpke h = { 0 };

	assert_int_equal(receive(&vectors[0], bytes_of(enc, hex_to(vectors[0].enc, enc, sizeof(enc))), &h), BJ_OK);
	hpke_fini(&h);
	assert_memory_equal(&h, &zero, sizeof(h));
	hpke_fini(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_suites_are_refused),
		cmocka_unit_test(public_keys_that_are_none_are_refused),
		cmocka_unit_test(private_keys_that_are_none_are_refused),
		cmocka_unit_test(a_source_that_fails_makes_no_key_and_no_context),
		cmocka_unit_test(what_is_changed_or_out_of_order_does_not_open),
		cmocka_unit_test(another_info_makes_another_context),
		cmocka_unit_test(messages_have_an_end),
		cmocka_unit_test(exports_have_limits),
		cmocka_unit_test(the_vectors_of_the_rfc_hold_for_receivers),
		cmocka_unit_test(the_vectors_of_the_rfc_hold_for_senders),
		cmocka_unit_test(the_exports_of_the_rfc_hold),
		cmocka_unit_test(messages_of_another_implementation_open),
		cmocka_unit_test(fresh_keys_of_every_suite_meet),
		cmocka_unit_test(nothing_is_left_of_a_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
