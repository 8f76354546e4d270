/* scheme.c - the table of signature schemes. */
#include "tls/scheme.h"
#include "tls/ext/table.h"

const struct scheme scheme_table[SCHEME_COUNT] = {
	{ SCHEME_ECDSA_P256_SHA256, SIG_ECDSA_SHA256, KEY_P256, true, true, true, "ecdsa_secp256r1_sha256" },
	{ SCHEME_ED25519, SIG_ED25519, KEY_ED25519, true, true, true, "ed25519" },
	{ SCHEME_ECDSA_P384_SHA384, SIG_ECDSA_SHA384, KEY_P384, true, true, true, "ecdsa_secp384r1_sha384" },
	{ SCHEME_ECDSA_P521_SHA512, SIG_ECDSA_SHA512, KEY_P521, true, true, true, "ecdsa_secp521r1_sha512" },
	{ SCHEME_RSA_PSS_RSAE_SHA256, SIG_RSA_PSS_SHA256, KEY_RSA, true, true, true, "rsa_pss_rsae_sha256" },
	{ SCHEME_RSA_PSS_RSAE_SHA384, SIG_RSA_PSS_SHA384, KEY_RSA, true, true, true, "rsa_pss_rsae_sha384" },
	{ SCHEME_RSA_PSS_RSAE_SHA512, SIG_RSA_PSS_SHA512, KEY_RSA, true, true, true, "rsa_pss_rsae_sha512" },
	{ SCHEME_RSA_PSS_PSS_SHA256, SIG_RSA_PSS_SHA256, KEY_RSA_PSS, true, true, true, "rsa_pss_pss_sha256" },
	{ SCHEME_RSA_PSS_PSS_SHA384, SIG_RSA_PSS_SHA384, KEY_RSA_PSS, true, true, true, "rsa_pss_pss_sha384" },
	{ SCHEME_RSA_PSS_PSS_SHA512, SIG_RSA_PSS_SHA512, KEY_RSA_PSS, true, true, true, "rsa_pss_pss_sha512" },
	{ SCHEME_RSA_PKCS1_SHA256, SIG_RSA_PKCS1_SHA256, KEY_RSA, false, true, true, "rsa_pkcs1_sha256" },
	{ SCHEME_RSA_PKCS1_SHA384, SIG_RSA_PKCS1_SHA384, KEY_RSA, false, true, true, "rsa_pkcs1_sha384" },
	{ SCHEME_RSA_PKCS1_SHA512, SIG_RSA_PKCS1_SHA512, KEY_RSA, false, true, true, "rsa_pkcs1_sha512" },
	{ SCHEME_MLDSA44, SIG_MLDSA44, KEY_MLDSA44, true, false, false, "mldsa44" },
	{ SCHEME_MLDSA65, SIG_MLDSA65, KEY_MLDSA65, true, false, false, "mldsa65" },
	{ SCHEME_MLDSA87, SIG_MLDSA87, KEY_MLDSA87, true, false, false, "mldsa87" },
};

const struct scheme *scheme_find(uint16_t code)
{
	for (size_t i = 0; i < SCHEME_COUNT; i++)
		if (scheme_table[i].code == code)
			return &scheme_table[i];
	return NULL;
}

static bool is_ecdsa(enum key_kind kind)
{
	return kind == KEY_P256 || kind == KEY_P384 || kind == KEY_P521;
}

bool scheme_fits(const struct scheme *scheme, enum key_kind kind, uint16_t version)
{
	if (version != VERSION_1_3 && !scheme->in_12)
		return false;
	if (version != VERSION_1_3)
		return scheme->key == kind || (is_ecdsa(scheme->key) && is_ecdsa(kind));
	return scheme->in_13 && scheme->key == kind;
}

bool scheme_allowed(const struct scheme *scheme, const struct cert *leaf)
{
	return leaf->key_only == SIG_NONE || leaf->key_only == (enum sig_alg)scheme->alg;
}

BJ_API const char *bj_tls_scheme_name(uint16_t scheme)
{
	const struct scheme *row = scheme_find(scheme);

	return row ? row->name : "unknown";
}

BJ_API uint16_t bj_tls_scheme_by_name(const char *name)
{
	for (size_t i = 0; name && i < SCHEME_COUNT; i++)
		if (strcmp(scheme_table[i].name, name) == 0)
			return scheme_table[i].code;
	return 0;
}
