/* dist_point.c - reads and compares distribution points. */
#include "x509/dist_point.h"

#include "x509/der.h"
#include "x509/der_write.h"
#include "x509/general_name.h"
#include "x509/name.h"

struct dist_name dist_name_read(struct reader *r)
{
	struct dist_name out = { 0 };
	struct reader choice;

	if (!der_at(r, DER_CONTEXT_CONSTRUCTED(0)))
		return out;
	choice = der_open(r, DER_CONTEXT_CONSTRUCTED(0));
	out.is_there = true;
	out.is_relative = der_at(&choice, DER_CONTEXT_CONSTRUCTED(1));
	out.names = der_take(&choice, out.is_relative ? DER_CONTEXT_CONSTRUCTED(1) : DER_CONTEXT_CONSTRUCTED(0));
	if (!rd_end(&choice) || (out.is_relative ? !der_is_well_formed(out.names) : !gn_list_is_valid(out.names)))
		rd_fail(r);
	return out;
}

uint16_t dist_reasons_read(struct reader *r, uint8_t tag)
{
	struct bj_bytes octets;
	uint16_t reasons = 0;

	if (!der_at(r, tag))
		return REASONS_ALL;
	octets = der_take(r, tag);
	if (octets.len < 2 || octets.len > 3 || octets.ptr[0] > 7) {
		rd_fail(r);
		return 0;
	}
	for (unsigned i = 0; i < (octets.len - 1) * 8; i++)
		if (octets.ptr[1 + i / 8] >> (7 - i % 8) & 1)
			reasons |= (uint16_t)(1u << i);
	return reasons & REASONS_ALL;
}

struct dist_point dist_point_read(struct reader *r)
{
	struct reader seq = der_open(r, DER_SEQUENCE);
	struct dist_point out = { .name = dist_name_read(&seq), .reasons = dist_reasons_read(&seq, DER_CONTEXT(1)) };

	if (der_at(&seq, DER_CONTEXT_CONSTRUCTED(2))) {
		out.issuer = der_take(&seq, DER_CONTEXT_CONSTRUCTED(2));
		if (!gn_list_is_valid(out.issuer))
			rd_fail(&seq);
	}
	if (!out.name.is_there && out.issuer.len == 0)
		rd_fail(&seq);
	rd_close(r, &seq);
	return out;
}

bool dist_names_hold(struct bj_bytes names, struct bj_bytes directory)
{
	struct reader r = rd_of(names);

	for (size_t i = 0; i < DIST_NAMES_MAX && rd_more(&r); i++) {
		struct general_name name = gn_read(&r);

		if (name.kind == GN_DIRECTORY && !r.bad && name_equal(name.value, directory))
			return true;
	}
	return false;
}

static bool names_hold(struct bj_bytes names, const struct general_name *wanted)
{
	struct reader r = rd_of(names);

	if (wanted->kind == GN_DIRECTORY)
		return dist_names_hold(names, wanted->value);
	for (size_t i = 0; i < DIST_NAMES_MAX && rd_more(&r); i++) {
		struct general_name name = gn_read(&r);

		if (name.kind == wanted->kind && !r.bad && bytes_equal(name.value, wanted->value))
			return true;
	}
	return false;
}

/* The whole name that a relative one stands for: the issuer's with one more part. Empty if it is none. */
static struct bj_bytes absolute(struct bj_bytes issuer, struct bj_bytes relative, uint8_t buf[DIST_RELATIVE_MAX])
{
	struct writer w = wr_make(buf, DIST_RELATIVE_MAX);
	struct reader r = rd_of(issuer);
	size_t mark = dw_open(&w, DER_SEQUENCE);

	wr_bytes(&w, der_take(&r, DER_SEQUENCE));
	dw_item(&w, DER_SET, relative);
	dw_close(&w, mark);
	return wr_ok(&w) && name_is_valid(wr_view(&w)) ? wr_view(&w) : (struct bj_bytes){ 0 };
}

bool dist_names_meet(const struct dist_name *a, struct bj_bytes a_issuer, const struct dist_name *b, struct bj_bytes b_issuer)
{
	uint8_t buf_a[DIST_RELATIVE_MAX], buf_b[DIST_RELATIVE_MAX];
	struct general_name name = { .kind = GN_DIRECTORY };
	struct reader r;

	if (a->is_relative && b->is_relative) {
		struct bj_bytes whole_b = absolute(b_issuer, b->names, buf_b);

		name.value = absolute(a_issuer, a->names, buf_a);
		return name.value.len > 0 && whole_b.len > 0 && name_equal(name.value, whole_b);
	}
	if (a->is_relative || b->is_relative) {
		name.value = a->is_relative ? absolute(a_issuer, a->names, buf_a) : absolute(b_issuer, b->names, buf_b);
		return name.value.len > 0 && dist_names_hold(a->is_relative ? b->names : a->names, name.value);
	}
	r = rd_of(a->names);
	for (size_t i = 0; i < DIST_NAMES_MAX && rd_more(&r); i++) {
		name = gn_read(&r);
		if (!r.bad && names_hold(b->names, &name))
			return true;
	}
	return false;
}
