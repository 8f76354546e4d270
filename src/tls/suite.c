/* suite.c - the table of cipher suites. */
#include "tls/suite.h"

const struct suite suite_table[SUITE_COUNT] = {
	{ 0x1301, VERSION_1_3, AEAD_AES_128_GCM, HASH_SHA256, SUITE_AUTH_ANY, "TLS_AES_128_GCM_SHA256" },
	{ 0x1302, VERSION_1_3, AEAD_AES_256_GCM, HASH_SHA384, SUITE_AUTH_ANY, "TLS_AES_256_GCM_SHA384" },
	{ 0x1303, VERSION_1_3, AEAD_CHACHA20_POLY1305, HASH_SHA256, SUITE_AUTH_ANY, "TLS_CHACHA20_POLY1305_SHA256" },
	{ 0xc02b, VERSION_1_2, AEAD_AES_128_GCM, HASH_SHA256, SUITE_AUTH_ECDSA, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
	{ 0xc02f, VERSION_1_2, AEAD_AES_128_GCM, HASH_SHA256, SUITE_AUTH_RSA, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0xc02c, VERSION_1_2, AEAD_AES_256_GCM, HASH_SHA384, SUITE_AUTH_ECDSA, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
	{ 0xc030, VERSION_1_2, AEAD_AES_256_GCM, HASH_SHA384, SUITE_AUTH_RSA, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0xcca9, VERSION_1_2, AEAD_CHACHA20_POLY1305, HASH_SHA256, SUITE_AUTH_ECDSA,
	  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0xcca8, VERSION_1_2, AEAD_CHACHA20_POLY1305, HASH_SHA256, SUITE_AUTH_RSA,
	  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
};

const struct suite *suite_find(uint16_t code)
{
	for (size_t i = 0; i < SUITE_COUNT; i++)
		if (suite_table[i].code == code)
			return &suite_table[i];
	return NULL;
}

bool suite_fits_key(const struct suite *suite, enum key_kind kind)
{
	switch (kind) {
	case KEY_RSA:
	case KEY_RSA_PSS:
		return suite->auth != SUITE_AUTH_ECDSA;
	case KEY_P256:
	case KEY_P384:
	case KEY_P521:
	case KEY_ED25519:
		return suite->auth != SUITE_AUTH_RSA;
	case KEY_MLDSA44:
	case KEY_MLDSA65:
	case KEY_MLDSA87:
		return suite->version == VERSION_1_3;
	case KEY_NONE:
		break;
	}
	return false;
}

BJ_API const char *bj_tls_suite_name(uint16_t suite)
{
	const struct suite *row = suite_find(suite);

	return row ? row->name : "unknown";
}

BJ_API uint16_t bj_tls_suite_by_name(const char *name)
{
	for (size_t i = 0; name && i < SUITE_COUNT; i++)
		if (strcmp(suite_table[i].name, name) == 0)
			return suite_table[i].code;
	return 0;
}
