/* fuzz_record.c - opening records: raw ones under each kind of keys, and protected ones with any content.
 *
 * The first byte says which keys (low bits) and whether the rest is sealed first (top bit), so that what lies behind the
 * authentication is reached too.
 */
#include "base/check.h"
#include "tls/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t suites[] = { 0, 0x1301, 0x1302, 0x1303, 0xc02b, 0xcca8 };
static const uint8_t key[AEAD_KEY_MAX] = "a key of at most thirty-two byte", iv[RECORD_IV_LEN] = "twelve bytes";
static uint8_t buf[1 << 17];

/* As a peer seals in 1.3: any inner plaintext, type and padding in it. */
static size_t seal_13(struct record_keys *k, struct bj_bytes inner)
{
	size_t len = inner.len + AEAD_TAG_LEN;
	const uint8_t header[] = { RECORD_DATA, 3, 3, (uint8_t)(len >> 8), (uint8_t)len };

	memcpy(buf, header, sizeof(header));
	check(aead_seal(&k->aead, iv, bytes_of(buf, sizeof(header)), inner, buf + sizeof(header)) == BJ_OK);
	return sizeof(header) + len;
}

static size_t prepare(struct record_keys *k, uint8_t how, struct bj_bytes in)
{
	size_t len = 0;

	if (!(how & 0x80) || k->form == RECORD_PLAIN || in.len > RECORD_PLAIN_MAX) {
		in.len = in.len < sizeof(buf) ? in.len : sizeof(buf);
		bytes_copy(buf, in.ptr, in.len);
		return in.len;
	}
	if (k->form == RECORD_13)
		return seal_13(k, in);
	check(record_seal(k, RECORD_HANDSHAKE, VERSION_1_2, &in, 1, buf, sizeof(buf), &len) == BJ_OK);
	k->seq = 0;
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_keys k = { 0 };
	size_t len, at = 0;

	if (size < 1)
		return 0;
	if ((data[0] & 7) % ARRAY_COUNT(suites))
		check(record_keys_set(&k, suite_find(suites[(data[0] & 7) % ARRAY_COUNT(suites)]), key, iv) == BJ_OK);
	len = prepare(&k, data[0], bytes_of(data + 1, size - 1));
	for (;;) {
		struct record rec;

		if (record_open(&k, buf + at, len - at, &rec))
			break;
		check(rec.used > 0 ? rec.used <= len - at : rec.need > len - at);
		if (rec.used == 0)
			break;
		check(rec.type >= RECORD_CCS && rec.type <= RECORD_DATA);
		check(rec.body.len <= RECORD_PLAIN_MAX && rec.body.ptr >= buf + at && rec.body.ptr + rec.body.len <= buf + at + rec.used);
		check(rec.body.len > 0 || rec.type == RECORD_DATA);
		at += rec.used;
	}
	record_keys_fini(&k);
	return 0;
}
