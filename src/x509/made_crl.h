/* made_crl.h - for tests: revocation lists, made on the spot. */
#ifndef X509_MADE_CRL_H
#define X509_MADE_CRL_H

#include "base/check.h"
#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/made_chain.h"
#include "x509/oid.h"
#include "x509/time.h"

struct made_extension {
	enum oid oid; /* OID_UNKNOWN: 1.2.3.4 */
	bool critical;
	const char *value; /* null: the end of a list */
	size_t len;
};

#define MADE_X(oid, critical, text) { oid, critical, text, sizeof(text) - 1 }

struct made_entry {
	struct bj_bytes serial;
	struct made_extension extensions[3];
};

struct made_list {
	const struct made_cert *issuer;
	const struct pkey *key; /* null: the issuer's */
	int64_t this_update, next_update; /* zeros: in force at MADE_NOW; next_update -1: none */
	struct made_entry entries[4];
	size_t entry_count;
	struct made_extension extensions[5];
	bool is_v1, other_algorithm, empty_entries;
	bool unnumbered; /* else a list of version 2 has the number 1 if no other is among its extensions */
};

static inline void made_extensions_write(struct writer *w, const struct made_extension *list, size_t max, uint8_t tag)
{
	static const uint8_t unknown[] = { 0x2a, 3, 4 };
	size_t outer = tag ? dw_open(w, tag) : 0, seq = dw_open(w, DER_SEQUENCE);

	for (size_t i = 0; i < max && list[i].value; i++) {
		size_t one = dw_open(w, DER_SEQUENCE);

		dw_item(w, DER_OID, list[i].oid == OID_UNKNOWN ? bytes_of(unknown, 3) : oid_bytes(list[i].oid));
		if (list[i].critical)
			dw_true(w);
		dw_item(w, DER_OCTET_STRING, bytes_of(list[i].value, list[i].len));
		dw_close(w, one);
	}
	dw_close(w, seq);
	if (tag)
		dw_close(w, outer);
}

static inline void made_time_write(struct writer *w, int64_t seconds)
{
	uint8_t der[TIME_DER_MAX];

	wr_raw(w, der, time_der(seconds, der));
}

static inline struct made_list made_list_numbered(struct made_list in)
{
	size_t count = 0;

	while (count < ARRAY_COUNT(in.extensions) && in.extensions[count].value && in.extensions[count].oid != OID_EXT_CRL_NUMBER)
		count++;
	if (!in.is_v1 && !in.unnumbered && count < ARRAY_COUNT(in.extensions) && !in.extensions[count].value)
		in.extensions[count] = (struct made_extension)MADE_X(OID_EXT_CRL_NUMBER, false, "\x02\x01\x01");
	return in;
}

static inline void made_tbs_write(struct writer *w, const struct made_list *in)
{
	size_t tbs = dw_open(w, DER_SEQUENCE), list, one;

	if (!in->is_v1)
		dw_small(w, 1);
	wr_bytes(w, algorithm_der(in->other_algorithm ? SIG_ECDSA_SHA384 : SIG_ECDSA_SHA256));
	wr_bytes(w, in->issuer->cert.subject);
	made_time_write(w, in->this_update ? in->this_update : MADE_NOW - 10);
	if (in->next_update >= 0)
		made_time_write(w, in->next_update ? in->next_update : MADE_NOW + 10);
	if (in->entry_count > 0 || in->empty_entries) {
		list = dw_open(w, DER_SEQUENCE);
		for (size_t i = 0; i < in->entry_count; i++) {
			one = dw_open(w, DER_SEQUENCE);
			dw_item(w, DER_INTEGER, in->entries[i].serial);
			made_time_write(w, MADE_NOW - 86400);
			if (in->entries[i].extensions[0].value)
				made_extensions_write(w, in->entries[i].extensions, 3, 0);
			dw_close(w, one);
		}
		dw_close(w, list);
	}
	if (in->extensions[0].value)
		made_extensions_write(w, in->extensions, 5, DER_CONTEXT_CONSTRUCTED(0));
	dw_close(w, tbs);
}

/* The DER, in a static buffer until the next call. */
static inline struct bj_bytes made_list_write(const struct made_list *in)
{
	static uint8_t tbs[4096], der[8192];
	uint8_t signature[SIG_LEN_MAX];
	struct made_list numbered;
	struct writer t = wr_make(tbs, sizeof(tbs)), w = wr_make(der, sizeof(der));
	size_t len, seq = dw_open(&w, DER_SEQUENCE);

	numbered = made_list_numbered(*in);
	made_tbs_write(&t, &numbered);
	check(wr_ok(&t));
	check(pkey_sign(in->key ? in->key : in->issuer->key, SIG_ECDSA_SHA256, wr_view(&t), signature, sizeof(signature), &len) == BJ_OK);
	wr_bytes(&w, wr_view(&t));
	wr_bytes(&w, algorithm_der(SIG_ECDSA_SHA256));
	dw_bits(&w, bytes_of(signature, len));
	dw_close(&w, seq);
	check(wr_ok(&w));
	return wr_view(&w);
}

/* A list of `count` entries with five octets of serial number each, 1 and then their place, without a signature worth the name. */
static inline struct bj_bytes made_big_list(struct bj_bytes issuer, uint32_t count, uint8_t *buf, size_t cap)
{
	struct writer w = wr_make(buf, cap);
	size_t outer = dw_open(&w, DER_SEQUENCE), tbs = dw_open(&w, DER_SEQUENCE), list;

	dw_small(&w, 1);
	wr_bytes(&w, algorithm_der(SIG_ECDSA_SHA256));
	wr_bytes(&w, issuer);
	made_time_write(&w, MADE_NOW - 10);
	made_time_write(&w, MADE_NOW + 10);
	list = dw_open(&w, DER_SEQUENCE);
	for (uint32_t i = 0; i < count; i++) {
		size_t one = dw_open(&w, DER_SEQUENCE), serial = dw_open(&w, DER_INTEGER);

		wr_u8(&w, 1);
		wr_u32(&w, i);
		dw_close(&w, serial);
		made_time_write(&w, MADE_NOW - 10);
		dw_close(&w, one);
	}
	dw_close(&w, list);
	dw_close(&w, tbs);
	wr_bytes(&w, algorithm_der(SIG_ECDSA_SHA256));
	dw_bits(&w, BYTES_LIT("signature"));
	dw_close(&w, outer);
	check(wr_ok(&w));
	return wr_view(&w);
}

#endif
