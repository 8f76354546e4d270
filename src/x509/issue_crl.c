/* issue_crl.c - see issue_crl.h.
 *
 * Implements   rfc5280:5.1 rfc5280:5.2.1 rfc5280:5.2.3 rfc5280:5.3.1
 */
#include "x509/issue_crl.h"

#include <stdlib.h>

#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/issue_parts.h"
#include "x509/time.h"

#define SERIAL_MAX 20

static void time_write(struct writer *w, int64_t seconds)
{
	uint8_t der[TIME_DER_MAX];

	wr_raw(w, der, time_der(seconds, der));
}

static void reason_write(struct writer *w, enum crl_reason reason)
{
	size_t list = dw_open(w, DER_SEQUENCE);
	struct issue_mark mark = issue_extension_open(w, OID_EXT_REASON, false);
	uint8_t value = (uint8_t)reason;

	dw_item(w, 0x0a, bytes_of(&value, 1)); /* ENUMERATED */
	issue_extension_close(w, mark);
	dw_close(w, list);
}

static void entries_write(struct writer *w, const struct issue_crl *in)
{
	size_t list, entry;

	if (in->entry_count == 0)
		return; /* the list is then absent, not empty (rfc5280:5.1.2.6) */
	list = dw_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < in->entry_count; i++) {
		entry = dw_open(w, DER_SEQUENCE);
		dw_item(w, DER_INTEGER, in->entries[i].serial);
		time_write(w, in->entries[i].date);
		if (in->entries[i].reason != REASON_UNSPECIFIED)
			reason_write(w, in->entries[i].reason);
		dw_close(w, entry);
	}
	dw_close(w, list);
}

static void extensions_write(struct writer *w, const struct issue_crl *in)
{
	size_t tagged = dw_open(w, DER_CONTEXT_CONSTRUCTED(0)), list = dw_open(w, DER_SEQUENCE), seq;
	struct issue_mark mark = issue_extension_open(w, OID_EXT_AKI, false);
	uint8_t number[9] = { 0 };
	size_t skip = 0;

	seq = dw_open(w, DER_SEQUENCE);
	dw_item(w, DER_CONTEXT(0), in->issuer->ski);
	dw_close(w, seq);
	issue_extension_close(w, mark);
	mark = issue_extension_open(w, OID_EXT_CRL_NUMBER, false);
	for (size_t i = 0; i < 8; i++)
		number[8 - i] = (uint8_t)(in->number >> (8 * i));
	while (skip < 8 && number[skip] == 0 && number[skip + 1] < 0x80)
		skip++;
	dw_item(w, DER_INTEGER, bytes_of(number + skip, sizeof(number) - skip));
	issue_extension_close(w, mark);
	dw_close(w, list);
	dw_close(w, tagged);
}

static void tbs_write(struct writer *w, const struct issue_crl *in)
{
	size_t tbs = dw_open(w, DER_SEQUENCE);

	dw_small(w, 1);
	wr_bytes(w, algorithm_der(issue_alg(in->issuer_key)));
	wr_bytes(w, in->issuer->subject);
	time_write(w, in->this_update);
	time_write(w, in->next_update);
	entries_write(w, in);
	extensions_write(w, in);
	dw_close(w, tbs);
}

static enum bj_err check_input(const struct issue_crl *in)
{
	struct pubkey ours;

	if (in->next_update <= in->this_update || in->entry_count > ISSUE_CRL_ENTRIES_MAX || !in->issuer->is_ca || in->issuer->ski.len == 0)
		return BJ_ERR_ARGUMENT;
	for (size_t i = 0; i < in->entry_count; i++)
		if (in->entries[i].serial.len == 0 || in->entries[i].serial.len > SERIAL_MAX || in->entries[i].reason > REASON_MAX ||
		    in->entries[i].reason == REASON_REMOVE)
			return BJ_ERR_ARGUMENT;
	pkey_public(in->issuer_key, &ours);
	return algorithm_same_key(&ours, &in->issuer->key) ? BJ_OK : BJ_ERR_KEY_MISMATCH;
}

enum bj_err issue_crl(const struct issue_crl *in, uint8_t *out, size_t cap, size_t *out_len)
{
	struct writer w = wr_make(out, cap), tbs;
	uint8_t *buf;
	size_t mark;
	enum bj_err err = check_input(in);

	if (err)
		return err;
	buf = malloc(ISSUE_CRL_DER_MAX(in->entry_count));
	if (!buf)
		return BJ_ERR_NO_MEMORY;
	tbs = wr_make(buf, ISSUE_CRL_DER_MAX(in->entry_count));
	tbs_write(&tbs, in);
	err = wr_ok(&tbs) ? issue_signed_open(&w, wr_view(&tbs), in->issuer_key, &mark) : BJ_ERR_SPACE;
	free(buf);
	if (err)
		return err;
	dw_close(&w, mark);
	if (!wr_ok(&w))
		return BJ_ERR_SPACE;
	*out_len = w.len;
	return BJ_OK;
}
