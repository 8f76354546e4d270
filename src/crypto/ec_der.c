/* ec_der.c - see ec_der.h. libcrypto's own reader frees a copy of the private number without wiping it; this one makes none.
 *
 * Implements   rfc5915:3 rfc5958:2 rfc5480:2.1.1.1 (named curves)
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/ec_der.h"

#include <openssl/ec.h>
#include <openssl/err.h>

#include "base/reader.h"
#include "crypto/curve.h"

#define TAG_INTEGER 0x02
#define TAG_BIT_STRING 0x03
#define TAG_OCTET_STRING 0x04
#define TAG_OID 0x06
#define TAG_SEQUENCE 0x30
#define TAG_CONTEXT(n) (0xa0 | (n))

static const struct {
	const struct curve *curve;
	struct bj_bytes oid;
} curves[] = {
	{ &curve_p256, { (const uint8_t *)"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8 } },
	{ &curve_p384, { (const uint8_t *)"\x2b\x81\x04\x00\x22", 5 } },
	{ &curve_p521, { (const uint8_t *)"\x2b\x81\x04\x00\x23", 5 } },
};

struct ec_private {
	const struct curve *curve;
	struct bj_bytes number; /* views into the DER */
	struct bj_bytes point;  /* empty: absent */
};

/* The content of the next value, which must have this tag and the shortest length. */
static struct reader take(struct reader *r, uint8_t tag)
{
	uint8_t found = rd_u8(r), first = rd_u8(r);
	size_t len = first;
	bool good = found == tag;

	if (first == 0x81) {
		len = rd_u8(r);
		good &= len >= 0x80;
	} else if (first == 0x82) {
		len = rd_u16(r);
		good &= len >= 0x100;
	} else {
		good &= first < 0x80;
	}
	if (!good)
		rd_fail(r);
	return rd_of(rd_bytes(r, good ? len : 0));
}

static bool is_next(const struct reader *r, uint8_t tag)
{
	return rd_more(r) && rd_peek(r).ptr[0] == tag;
}

static const struct curve *take_curve(struct reader *r)
{
	struct reader content = take(r, TAG_OID);
	struct bj_bytes oid = rd_rest(&content);

	for (size_t i = 0; i < ARRAY_COUNT(curves); i++)
		if (bytes_equal(oid, curves[i].oid))
			return curves[i].curve;
	return NULL;
}

/* A small number, as versions are. */
static unsigned take_version(struct reader *r)
{
	struct reader content = take(r, TAG_INTEGER);
	unsigned version = rd_u8(&content);

	rd_close(r, &content);
	return version;
}

/* ECPrivateKey; `curve` null: it must say its curve itself. False: not one, or damaged. */
static bool take_sec1(struct bj_bytes der, const struct curve *curve, struct ec_private *out)
{
	struct reader r = rd_of(der), key = take(&r, TAG_SEQUENCE), part;
	unsigned version = take_version(&key);

	part = take(&key, TAG_OCTET_STRING);
	*out = (struct ec_private){ .curve = curve, .number = rd_rest(&part) };
	if (is_next(&key, TAG_CONTEXT(0))) {
		const struct curve *named;

		part = take(&key, TAG_CONTEXT(0));
		named = take_curve(&part);
		rd_close(&key, &part);
		if (curve && named != curve)
			return false;
		out->curve = named;
	}
	if (is_next(&key, TAG_CONTEXT(1))) {
		struct reader bits;

		part = take(&key, TAG_CONTEXT(1));
		bits = take(&part, TAG_BIT_STRING);
		if (rd_u8(&bits) != 0) /* unused bits: a point has none */
			rd_fail(&bits);
		out->point = rd_rest(&bits);
		rd_close(&part, &bits);
		rd_close(&key, &part);
	}
	rd_close(&r, &key);
	return rd_end(&r) && version == 1 && out->curve;
}

/* The curve and the ECPrivateKey inside of a PKCS#8; false: this is not one with a named NIST curve. */
static bool take_pkcs8(struct bj_bytes der, const struct curve **out_curve, struct bj_bytes *out_key)
{
	static const struct bj_bytes ec_public_key = { (const uint8_t *)"\x2a\x86\x48\xce\x3d\x02\x01", 7 };
	struct reader r = rd_of(der), info = take(&r, TAG_SEQUENCE), part, oid;
	unsigned version = take_version(&info);

	part = take(&info, TAG_SEQUENCE);
	oid = take(&part, TAG_OID);
	if (!bytes_equal(rd_rest(&oid), ec_public_key))
		return false;
	*out_curve = take_curve(&part);
	rd_close(&info, &part);
	part = take(&info, TAG_OCTET_STRING);
	*out_key = rd_rest(&part);
	(void)rd_rest(&info); /* attributes say nothing to us */
	rd_close(&r, &info);
	return rd_end(&r) && version <= 1 && *out_curve;
}

static EC_KEY *build(const struct ec_private *in)
{
	EC_KEY *key = EC_KEY_new_by_curve_name(in->curve->nid);
	const EC_GROUP *group = key ? EC_KEY_get0_group(key) : NULL;
	EC_POINT *point = NULL;
	bool good = key && EC_KEY_oct2priv(key, in->number.ptr, in->number.len) == 1;

	if (good && in->point.len > 0) {
		good = EC_KEY_oct2key(key, in->point.ptr, in->point.len, NULL) == 1;
	} else if (good) {
		point = EC_POINT_new(group);
		good = point && EC_POINT_mul(group, point, EC_KEY_get0_private_key(key), NULL, NULL, NULL) == 1 &&
		       EC_KEY_set_public_key(key, point) == 1;
	}
	EC_POINT_free(point);
	if (good) {
		EC_KEY_set_conv_form(key, POINT_CONVERSION_UNCOMPRESSED);
		return key;
	}
	ERR_clear_error();
	EC_KEY_free(key); /* wipes */
	return NULL;
}

enum bj_err ec_key_from_der(struct bj_bytes der, EC_KEY **out)
{
	const struct curve *curve = NULL;
	struct ec_private parts = { 0 };
	struct bj_bytes inner;
	EC_KEY *key;

	/* what names one of our curves is ours to judge, or a more lenient reader would have the last word */
	if (take_pkcs8(der, &curve, &inner)) {
		if (!take_sec1(inner, curve, &parts))
			return BJ_ERR_KEY_FORMAT;
	} else if (curve) {
		return BJ_ERR_KEY_FORMAT;
	} else if (!take_sec1(der, NULL, &parts)) {
		return parts.curve ? BJ_ERR_KEY_FORMAT : BJ_ERR_NOT_FOUND;
	}
	if (parts.number.len == 0 || parts.number.len > parts.curve->field_len)
		return BJ_ERR_KEY_FORMAT;
	key = build(&parts);
	if (!key)
		return BJ_ERR_KEY_FORMAT;
	*out = key;
	return BJ_OK;
}
