/* policy.c - see policy.h. */
#include "policy.h"

#include "crypto/kex.h"
#include "tls/scheme.h"

#define LIST(a) { a, sizeof(a) / sizeof(a[0]) }

static const uint16_t suites_fips[] = { 0x1301, 0x1302, 0xc02b, 0xc02f, 0xc02c, 0xc030 };
static const uint16_t suites_192[] = { 0x1302, 0xc02c, 0xc030 };
static const uint16_t suites_strong_first[] = { 0x1302, 0x1301, 0x1303, 0xc02c, 0xc030, 0xc02b, 0xc02f, 0xcca9, 0xcca8 };
static const uint16_t groups_fips[] = { KEX_P256, KEX_P384 };
static const uint16_t groups_192[] = { KEX_P384 };
static const uint16_t suites_cnsa2[] = { 0x1302 };
static const uint16_t groups_cnsa1[] = { KEX_MLKEM1024, KEX_P384 };
static const uint16_t groups_cnsa2[] = { KEX_MLKEM1024 };
static const uint16_t schemes_fips[] = {
	SCHEME_ECDSA_P256_SHA256, SCHEME_ECDSA_P384_SHA384, SCHEME_RSA_PSS_RSAE_SHA256, SCHEME_RSA_PSS_RSAE_SHA384,
	SCHEME_RSA_PSS_RSAE_SHA512, SCHEME_RSA_PKCS1_SHA256, SCHEME_RSA_PKCS1_SHA384, SCHEME_RSA_PKCS1_SHA512,
};
static const uint16_t schemes_wpa[] = {
	SCHEME_ECDSA_P384_SHA384, SCHEME_RSA_PSS_RSAE_SHA384, SCHEME_RSA_PSS_RSAE_SHA512, SCHEME_RSA_PKCS1_SHA384, SCHEME_RSA_PKCS1_SHA512,
};
static const uint16_t schemes_cnsa[] = { SCHEME_ECDSA_P384_SHA384, SCHEME_RSA_PSS_RSAE_SHA384, SCHEME_RSA_PKCS1_SHA384 };

static const struct policy fips = { LIST(suites_fips), LIST(groups_fips), LIST(schemes_fips) };
static const struct policy wpa = { LIST(suites_192), LIST(groups_192), LIST(schemes_wpa) };
static const struct policy cnsa1 = { LIST(suites_192), LIST(groups_cnsa1), LIST(schemes_cnsa), .retries_for_group = true };
static const struct policy cnsa2 = { LIST(suites_cnsa2), LIST(groups_cnsa2), LIST(schemes_cnsa), .retries_for_group = true };
static const struct policy strong_first = { .suites = LIST(suites_strong_first) };

const struct policy *policy_of(const struct flags *flags)
{
	if (flags->policy_fips)
		return &fips;
	if (flags->policy_wpa)
		return &wpa;
	if (flags->policy_cnsa1)
		return &cnsa1;
	if (flags->policy_cnsa2)
		return &cnsa2;
	return flags->policy_cnsa ? &strong_first : NULL;
}
