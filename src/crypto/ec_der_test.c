/* ec_der_test.c - private keys on curves: what is damaged is refused, what other programs write is read. */
#include "base/test.h"

#include "base/hex.h"
#include "crypto/pkey.h"

/* The parts of a SEC1 key on P-256 (rfc5915:3): number 1, so that the point is the curve's own generator. */
#define NUMBER "0420" "0000000000000000000000000000000000000000000000000000000000000001"
#define ORDER "0420" "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define ZERO "0420" "0000000000000000000000000000000000000000000000000000000000000000"
#define LONG "0421" "000000000000000000000000000000000000000000000000000000000000000001"
#define CURVE "a00a06082a8648ce3d030107"
#define CURVE_384 "a00706052b81040022"
#define POINT "a144034200" "04" "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" \
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define OTHER_POINT "a144034200" "04" "7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978" \
	"07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1"
#define NO_POINT "a144034200" "04" "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" \
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f6"
#define SHORT_POINT "a122032100" "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2"
#define ALGORITHM "301306072a8648ce3d020106082a8648ce3d030107"

static size_t der_of(const char *text, uint8_t *out, size_t cap)
{
	size_t len = 0;

	assert_int_equal(hex_decode(bytes_text(text), out, cap, &len), BJ_OK);
	return len;
}

static void damaged_keys_are_refused(void **state)
{
	static const struct {
		const char *why, *der;
	} rows[] = {
		{ "the number is zero", "3031" "020101" ZERO CURVE },
		{ "the number is the order", "3031" "020101" ORDER CURVE },
		{ "the number is longer than the field", "3032" "020101" LONG CURVE },
		{ "no number", "300f" "020101" CURVE },
		{ "version 2", "3031" "020102" NUMBER CURVE },
		{ "PKCS#8 of version 2", "3041" "020102" ALGORITHM "0427" "3025" "020101" NUMBER },
		{ "a byte behind PKCS#8", "3041" "020100" ALGORITHM "0427" "3025" "020101" NUMBER "00" },
		{ "no curve", "3025" "020101" NUMBER },
		{ "a byte behind the key", "3031" "020101" NUMBER CURVE "00" },
		{ "a byte behind the curve", "3032" "020101" NUMBER "a00b06082a8648ce3d03010700" },
		{ "another key's point", "3077" "020101" NUMBER CURVE OTHER_POINT },
		{ "a point off the curve", "3077" "020101" NUMBER CURVE NO_POINT },
		{ "half a point", "3055" "020101" NUMBER CURVE SHORT_POINT },
		{ "another curve inside of PKCS#8", "3049" "020100" ALGORITHM "042f" "302d" "020101" NUMBER CURVE_384 },
		{ "PKCS#8 around nothing", "301a" "020100" ALGORITHM "0400" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		uint8_t der[256];
		struct pkey *key = NULL;
		enum bj_err err = pkey_from_der(bytes_of(der, der_of(rows[i].der, der, sizeof(der))), &key);

		if (err != BJ_ERR_KEY_FORMAT)
			fail_msg("%s: %s", rows[i].why, bj_err_name(err));
		assert_null(key);
	}
}

static void what_programs_write_is_read(void **state)
{
	static const struct {
		const char *why, *der;
	} rows[] = {
		{ "SEC1 without the point", "3031" "020101" NUMBER CURVE },
		{ "SEC1 with the point", "3077" "020101" NUMBER CURVE POINT },
		{ "a number without its leading zeros", "3012" "020101" "040101" CURVE },
		{ "PKCS#8 with the curve once", "3041" "020100" ALGORITHM "0427" "3025" "020101" NUMBER },
		{ "PKCS#8 with the curve twice", "304d" "020100" ALGORITHM "0433" "3031" "020101" NUMBER CURVE },
		{ "PKCS#8 with attributes", "3043" "020100" ALGORITHM "0427" "3025" "020101" NUMBER "a000" },
	};
	uint8_t point[256];
	size_t point_len = der_of(POINT, point, sizeof(point));

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		uint8_t der[256];
		struct pkey *key = NULL;
		struct pubkey half;
		enum bj_err err = pkey_from_der(bytes_of(der, der_of(rows[i].der, der, sizeof(der))), &key);

		if (err)
			fail_msg("%s: %s", rows[i].why, bj_err_name(err));
		assert_int_equal(pkey_kind(key), KEY_P256);
		pkey_public(key, &half);
		assert_true(bytes_equal(half.point, bytes_of(point + 5, point_len - 5)));
		pkey_free(key);
	}
}

/* Whatever byte is changed, and however: the key is refused or it is the same key. */
static void a_changed_byte_never_gives_another_key(void **state)
{
	static const enum key_kind kinds[] = { KEY_P256, KEY_P384, KEY_P521 };

	(void)state;
	for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
		uint8_t der[512];
		struct pkey *key, *again;
		struct pubkey half, other;
		size_t len;

		assert_int_equal(pkey_generate(kinds[k], 0, &key), BJ_OK);
		pkey_public(key, &half);
		assert_int_equal(pkey_pkcs8(key, der, sizeof(der), &len), BJ_OK);
		for (size_t at = 0; at < len; at++) {
			for (unsigned bit = 0; bit < 8; bit += 1 + (unsigned)(at % 3)) {
				der[at] ^= (uint8_t)(1u << bit);
				if (pkey_from_der(bytes_of(der, len), &again) == BJ_OK) {
					pkey_public(again, &other);
					assert_true(bytes_equal(half.point, other.point));
					pkey_free(again);
				}
				der[at] ^= (uint8_t)(1u << bit);
			}
		}
		pkey_free(key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_keys_are_refused),
		cmocka_unit_test(what_programs_write_is_read),
		cmocka_unit_test(a_changed_byte_never_gives_another_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
