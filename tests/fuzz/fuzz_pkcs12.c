/* fuzz_pkcs12.c - credentials out of anything: PKCS#12, encrypted keys, DER, PEM; the passphrase is "pass".
 *
 * A MAC and nested lengths would keep most changes from what lies inside. So input that begins with 'B' is only the bags: a file without
 * MAC and encryption is made around them; after 'P' come the parts (ContentInfo), after 'S' a key's bag alone.
 */
#include "base/check.h"
#include "crypto/pkcs12.h"
#include "x509/content.h"
#include "x509/credential.h"
#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/oid.h"

#define FILE_MAX (64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t data_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1 };
static const uint8_t key_bag_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 2 };

/* ContentInfo with an OCTET STRING, up to its content. */
static size_t data_open(struct writer *w, size_t marks[3])
{
	marks[0] = dw_open(w, DER_SEQUENCE);
	dw_item(w, DER_OID, bytes_of(data_oid, sizeof(data_oid)));
	marks[1] = dw_open(w, DER_CONTEXT_CONSTRUCTED(0));
	marks[2] = dw_open(w, DER_OCTET_STRING);
	return dw_open(w, DER_SEQUENCE);
}

static void data_close(struct writer *w, const size_t marks[3], size_t list)
{
	dw_close(w, list);
	for (size_t i = 3; i-- > 0;)
		dw_close(w, marks[i]);
}

static void bags_write(struct writer *w, uint8_t kind, struct bj_bytes inside)
{
	size_t bag, value;

	if (kind == 'B') {
		wr_bytes(w, inside);
		return;
	}
	bag = dw_open(w, DER_SEQUENCE);
	dw_item(w, DER_OID, bytes_of(key_bag_oid, sizeof(key_bag_oid)));
	value = dw_open(w, DER_CONTEXT_CONSTRUCTED(0));
	wr_bytes(w, inside);
	dw_close(w, value);
	dw_close(w, bag);
}

/* The file around what follows the first octet. */
static struct bj_bytes file_around(uint8_t *buf, uint8_t kind, struct bj_bytes inside)
{
	struct writer w = wr_make(buf, FILE_MAX);
	size_t file = dw_open(&w, DER_SEQUENCE), outer[3], inner[3], parts, bags;

	dw_small(&w, 3);
	parts = data_open(&w, outer);
	if (kind == 'P') {
		wr_bytes(&w, inside);
	} else {
		bags = data_open(&w, inner);
		bags_write(&w, kind, inside);
		data_close(&w, inner, bags);
	}
	data_close(&w, outer, parts);
	dw_close(&w, file);
	return wr_ok(&w) ? wr_view(&w) : (struct bj_bytes){ 0 };
}

static void read_everything(struct bj_bytes bytes)
{
	struct bj_credential_source source = { .chain = bytes, .passphrase = BYTES_LIT("pass") };
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[FILE_MAX];

	if (size > 0 && (data[0] == 'B' || data[0] == 'P' || data[0] == 'S'))
		read_everything(file_around(buf, data[0], bytes_of(data + 1, size - 1)));
	else
		read_everything(bytes_of(data, size));
	return 0;
}
