/* crl.c - a revocation list from its DER, and its index. */
#include "x509/crl.h"

#include <stdlib.h>

#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/general_name.h"
#include "x509/name.h"
#include "x509/oid.h"
#include "x509/time.h"

#define DER_ENUMERATED 0x0a
#define SLOTS_MIN 16

/* ---- extensions */

struct extension {
	enum oid oid;
	bool critical;
	struct bj_bytes value;
};

/* One Extension that has not stood before among `seen`. */
static struct extension extension_read(struct reader *list, struct bj_bytes seen[CRL_EXTENSION_MAX], size_t *count)
{
	struct reader seq = der_open(list, DER_SEQUENCE);
	struct bj_bytes oid = der_oid(&seq);
	struct extension out = { .oid = oid_find(oid), .critical = der_boolean_default_false(&seq) };

	out.value = der_take(&seq, DER_OCTET_STRING);
	rd_close(list, &seq);
	for (size_t i = 0; i < *count; i++)
		if (bytes_equal(seen[i], oid))
			rd_fail(list);
	if (*count == CRL_EXTENSION_MAX)
		rd_fail(list);
	else
		seen[(*count)++] = oid;
	return out;
}

static bool reason_read(struct bj_bytes value, struct crl_entry *entry)
{
	struct reader r = rd_of(value);
	struct bj_bytes octets = der_take(&r, DER_ENUMERATED);

	if (!rd_end(&r) || octets.len != 1 || octets.ptr[0] > REASON_MAX || octets.ptr[0] == 7)
		return false;
	entry->reason = (enum crl_reason)octets.ptr[0];
	return true;
}

static bool certificate_issuer_read(struct bj_bytes value, struct crl_entry *entry)
{
	struct reader seq = der_only(value, DER_SEQUENCE);

	entry->issuer = rd_rest(&seq);
	return rd_end(&seq) && gn_list_is_valid(entry->issuer);
}

static bool entry_extension_read(const struct extension *x, struct crl_entry *entry)
{
	switch (x->oid) {
	case OID_EXT_REASON:
		return reason_read(x->value, entry);
	case OID_EXT_CERTIFICATE_ISSUER:
		return certificate_issuer_read(x->value, entry);
	default:
		entry->has_unknown_critical = entry->has_unknown_critical || x->critical;
		return true;
	}
}

/* Marks the reader bad if it is malformed. */
static struct crl_entry entry_read(struct reader *r)
{
	struct reader seq = der_open(r, DER_SEQUENCE), list;
	struct crl_entry entry = { .serial = der_integer(&seq) };
	struct bj_bytes seen[CRL_EXTENSION_MAX];
	size_t count = 0;
	bool odd;

	entry.date = time_read(&seq, &odd);
	if (entry.serial.len > CRL_SERIAL_MAX)
		rd_fail(&seq);
	if (rd_more(&seq)) {
		list = der_open(&seq, DER_SEQUENCE);
		do {
			struct extension x = extension_read(&list, seen, &count);

			if (!list.bad && !entry_extension_read(&x, &entry))
				rd_fail(&list);
		} while (rd_more(&list));
		rd_close(&seq, &list);
	}
	rd_close(r, &seq);
	return entry;
}

/* rfc5280:5.2.5; a list of attribute certificates only is read too, and is of no use to anybody here */
static bool idp_read(struct bj_bytes value, struct crl *crl)
{
	struct reader seq = der_only(value, DER_SEQUENCE);
	bool *const flags[] = { NULL, &crl->only_users, &crl->only_cas, NULL, &crl->is_indirect, &crl->only_attributes };

	if (!rd_more(&seq))
		return false;
	crl->has_idp = true;
	crl->idp = value;
	crl->name = dist_name_read(&seq);
	for (unsigned i = 1; i < ARRAY_COUNT(flags); i++) {
		struct bj_bytes octets;

		if (i == 3) {
			crl->reasons = dist_reasons_read(&seq, DER_CONTEXT(3));
			continue;
		}
		if (!der_at(&seq, DER_CONTEXT(i)))
			continue;
		octets = der_take(&seq, DER_CONTEXT(i));
		if (octets.len != 1 || octets.ptr[0] != 0xff)
			return false;
		*flags[i] = true;
	}
	return rd_end(&seq) && crl->only_users + crl->only_cas + crl->only_attributes <= 1;
}

static bool number_read(struct bj_bytes value, struct bj_bytes *out)
{
	struct reader r = rd_of(value);

	*out = der_unsigned(&r);
	return rd_end(&r) && out->len <= 20;
}

static bool aki_read(struct bj_bytes value, struct crl *crl)
{
	struct reader seq = der_only(value, DER_SEQUENCE);

	if (der_at(&seq, DER_CONTEXT(0)))
		crl->aki = der_take(&seq, DER_CONTEXT(0));
	return !seq.bad;
}

static bool list_extension_read(const struct extension *x, struct crl *crl)
{
	switch (x->oid) {
	case OID_EXT_AKI:
		return aki_read(x->value, crl);
	case OID_EXT_CRL_NUMBER:
		crl->has_number = true;
		crl->number_critical = x->critical;
		return number_read(x->value, &crl->number);
	case OID_EXT_DELTA_CRL:
		crl->is_delta = true;
		return number_read(x->value, &crl->base_number);
	case OID_EXT_IDP:
		return idp_read(x->value, crl);
	default:
		crl->has_unknown_critical = crl->has_unknown_critical || x->critical;
		return true;
	}
}

static bool list_extensions_read(struct reader *tbs, struct crl *crl)
{
	struct reader tagged = der_open(tbs, DER_CONTEXT_CONSTRUCTED(0)), list = der_open(&tagged, DER_SEQUENCE);
	struct bj_bytes seen[CRL_EXTENSION_MAX];
	size_t count = 0;

	while (rd_more(&list)) {
		struct extension x = extension_read(&list, seen, &count);

		if (list.bad || !list_extension_read(&x, crl))
			return false;
	}
	rd_close(&tagged, &list);
	rd_close(tbs, &tagged);
	return !tbs->bad && count > 0;
}

/* ---- the list */

static bool entries_read(struct bj_bytes entries, struct crl *crl)
{
	struct reader r = rd_of(entries);

	crl->entries = entries;
	while (rd_more(&r)) {
		struct crl_entry entry = entry_read(&r);

		crl->entry_count++;
		crl->issuer_count += entry.issuer.len > 0;
		crl->has_unknown_critical = crl->has_unknown_critical || entry.has_unknown_critical;
	}
	return rd_end(&r) && crl->entry_count > 0;
}

static bool tbs_read(struct reader *tbs, struct crl *crl, struct bj_bytes *out_algorithm)
{
	bool is_v2 = der_at(tbs, DER_INTEGER), odd;

	if (is_v2 && der_small(tbs, DER_INTEGER) != 1)
		return false;
	*out_algorithm = der_take_whole(tbs, DER_SEQUENCE);
	crl->issuer = der_take_whole(tbs, DER_SEQUENCE);
	if (tbs->bad || !name_is_valid(crl->issuer) || name_is_empty(crl->issuer))
		return false;
	crl->issuer_hash = name_hash(crl->issuer);
	crl->this_update = time_read(tbs, &odd);
	crl->next_update = INT64_MIN;
	if (der_at(tbs, DER_UTC_TIME) || der_at(tbs, DER_GENERALIZED_TIME))
		crl->next_update = time_read(tbs, &odd);
	if (der_at(tbs, DER_SEQUENCE) && !entries_read(der_take(tbs, DER_SEQUENCE), crl))
		return false;
	if (der_at(tbs, DER_CONTEXT_CONSTRUCTED(0)) && (!is_v2 || !list_extensions_read(tbs, crl)))
		return false;
	return rd_end(tbs);
}

enum bj_err crl_parse(struct bj_bytes der, struct crl *out)
{
	struct crl crl = { .der = der, .reasons = REASONS_ALL };
	struct reader outer = der_only(der, DER_SEQUENCE), tbs;
	struct bj_bytes inner_algorithm, outer_algorithm;

	crl.tbs = der_take_whole(&outer, DER_SEQUENCE);
	outer_algorithm = der_take_whole(&outer, DER_SEQUENCE);
	crl.signature = der_bit_octets(&outer);
	if (der.len > CRL_DER_MAX || !rd_end(&outer) || crl.signature.len == 0)
		return BJ_ERR_CRL;
	tbs = der_only(crl.tbs, DER_SEQUENCE);
	if (!tbs_read(&tbs, &crl, &inner_algorithm) || (crl.is_delta && !crl.has_number))
		return BJ_ERR_CRL;
	if (!bytes_equal(inner_algorithm, outer_algorithm))
		return BJ_ERR_CERT_ALGORITHM_MISMATCH;
	if (!algorithm_signature(outer_algorithm, &crl.sig_alg))
		return BJ_ERR_CERT_ALGORITHM;
	if (crl.issuer_count > 0 && !crl.is_indirect) /* rfc5280:5.3.3: whom the entries are about cannot be told */
		crl.has_unknown_critical = true;
	*out = crl;
	return BJ_OK;
}

/* ---- the index */

static uint32_t serial_hash(struct bj_bytes serial)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < serial.len; i++)
		hash = (hash ^ serial.ptr[i]) * UINT64_C(0x100000001b3);
	hash ^= hash >> 29;
	hash *= UINT64_C(0xbf58476d1ce4e5b9);
	return (uint32_t)(hash >> 32);
}

static struct reader entries_from(const struct crl *crl, uint32_t at)
{
	return rd_make(crl->entries.ptr + at, crl->entries.len - at);
}

/* The serial number of the entry at this offset, which was read before. */
static struct bj_bytes serial_at(const struct crl *crl, uint32_t at)
{
	struct reader r = entries_from(crl, at), seq = der_open(&r, DER_SEQUENCE);

	return der_take(&seq, DER_INTEGER);
}

static bool slot_put(struct crl_index *index, struct bj_bytes serial, uint32_t at)
{
	uint32_t hash = serial_hash(serial);

	for (uint32_t probe = 0; probe < CRL_PROBES_MAX; probe++) {
		uint32_t *slot = &index->slots[(hash + probe) & index->mask];

		if (*slot == 0) {
			*slot = at + 1;
			return true;
		}
	}
	return false;
}

static bool index_fill(const struct crl *crl, struct crl_index *index)
{
	struct reader r = rd_of(crl->entries);

	while (rd_more(&r)) {
		uint32_t at = (uint32_t)(r.ptr - crl->entries.ptr);
		struct crl_entry entry = entry_read(&r);

		if (entry.issuer.len > 0)
			index->turns[index->turn_count++] = (struct crl_turn){
				at, (uint32_t)(entry.issuer.ptr - crl->entries.ptr), (uint32_t)entry.issuer.len };
		if (!slot_put(index, entry.serial, at))
			return false;
	}
	return true;
}

enum bj_err crl_index_make(const struct crl *crl, struct crl_index *out)
{
	struct crl_index index = { 0 };
	size_t slots = SLOTS_MIN;

	while (slots - slots / 8 < crl->entry_count)
		slots *= 2;
	index.mask = (uint32_t)slots - 1;
	index.slots = calloc(slots, sizeof(*index.slots));
	index.turns = calloc((size_t)crl->issuer_count + 1, sizeof(*index.turns));
	if (!index.slots || !index.turns) {
		crl_index_free(&index);
		return BJ_ERR_NO_MEMORY;
	}
	if (!index_fill(crl, &index)) {
		crl_index_free(&index);
		return BJ_ERR_LIMIT;
	}
	*out = index;
	return BJ_OK;
}

void crl_index_free(struct crl_index *index)
{
	free(index->slots);
	free(index->turns);
	*index = (struct crl_index){ 0 };
}

/* Is the entry at this offset about a certificate of this issuer? */
static bool is_of_issuer(const struct crl *crl, const struct crl_index *index, uint32_t at, struct bj_bytes issuer)
{
	uint32_t low = 0, high = index->turn_count;
	const struct crl_turn *turn;

	while (low < high) { /* the turns before `low` are at or before the entry */
		uint32_t mid = low + (high - low) / 2;

		if (index->turns[mid].at <= at)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return name_equal(crl->issuer, issuer);
	turn = &index->turns[low - 1];
	return dist_names_hold(bytes_of(crl->entries.ptr + turn->names, turn->names_len), issuer);
}

bool crl_find(const struct crl *crl, const struct crl_index *index, struct bj_bytes serial, struct bj_bytes issuer,
	      struct crl_entry *out)
{
	uint32_t hash = serial_hash(serial);
	bool found = false;

	for (uint32_t probe = 0; probe < CRL_PROBES_MAX; probe++) {
		uint32_t slot = index->slots[(hash + probe) & index->mask];

		if (slot == 0)
			break;
		if (bytes_equal(serial_at(crl, slot - 1), serial) && is_of_issuer(crl, index, slot - 1, issuer)) {
			struct reader r = entries_from(crl, slot - 1);

			*out = entry_read(&r);
			found = true;
			if (out->reason != REASON_REMOVE)
				break;
		}
	}
	return found;
}

const char *crl_reason_text(enum crl_reason reason)
{
	static const char *const texts[REASON_MAX + 1] = {
		"no reason given", "key compromise", "CA compromise", "change of affiliation", "superseded", "cessation of operation",
		"on hold", "no reason given", "removed from the list", "privilege withdrawn", "attribute authority compromise",
	};

	return (unsigned)reason <= REASON_MAX ? texts[reason] : texts[0];
}
