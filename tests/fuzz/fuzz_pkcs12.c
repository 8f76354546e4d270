/* fuzz_pkcs12.c - credentials out of anything: PKCS#12, encrypted keys, DER, PEM; the passphrase is "pass". */
#include "base/check.h"
#include "crypto/pkcs12.h"
#include "x509/content.h"
#include "x509/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bj_credential_source source = { .chain = bytes_of(data, size), .passphrase = BYTES_LIT("pass") };
	struct bj_credential *credential = NULL;
	struct pkcs12 file = { 0 };
	struct pkey *key = NULL;
	char why[BJ_WHY_MAX];

	check(content_text(content_of(source.chain)) != NULL);
	if (pkcs12_read(source.chain, source.passphrase, &file) == BJ_OK)
		check(file.cert_count <= PKCS12_CERTS_MAX);
	else
		check(!file.key && file.cert_count == 0);
	pkcs12_fini(&file);
	if (pkey_from_encrypted(source.chain, source.passphrase, &key) != BJ_OK)
		check(!key);
	pkey_free(key);
	if (bj_credential_from(&source, &credential, why) == BJ_OK)
		check(bj_credential_chain_count(credential) > 0);
	else
		check(!credential && memchr(why, 0, sizeof(why)));
	bj_credential_free(credential);
	return 0;
}
