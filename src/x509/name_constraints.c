/* name_constraints.c - subtrees of names, and whether a name is in one. */
#include "x509/name_constraints.h"

#include "x509/der.h"
#include "x509/dns_name.h"
#include "x509/name.h"
#include "x509/oid.h"

#define OCTETS_A_STEP 16       /* of directory names, which take longer to compare than others, and of whatever is long */
#define SHORT_NAMES_MAX 512    /* octets of a name and a base that count as one step: two hosts */

/* ---- the parts of names */

struct mailbox {
	struct bj_bytes local;
	struct bj_bytes host;
};

/* local@host with one "@", nothing quoted. */
static bool mailbox_parse(struct bj_bytes text, struct mailbox *out)
{
	const uint8_t *at = text.len ? memchr(text.ptr, '@', text.len) : NULL;

	if (!at || at == text.ptr)
		return false;
	out->local = bytes_of(text.ptr, (size_t)(at - text.ptr));
	out->host = bytes_of(at + 1, text.len - out->local.len - 1);
	for (size_t i = 0; i < out->local.len; i++) {
		uint8_t c = out->local.ptr[i];

		if (c <= 0x20 || c >= 0x7f || strchr("()<>[]:;,\\\"", c))
			return false;
	}
	return dns_name_is_valid(out->host);
}

/* The host of scheme://[user@]host[:port][/...]; it must be a DNS name (rfc5280:4.2.1.10). */
static bool uri_host(struct bj_bytes uri, struct bj_bytes *out)
{
	size_t i = 0, end;

	while (i < uri.len && uri.ptr[i] != ':')
		i++;
	if (i == 0 || uri.len - i < 3 || memcmp(uri.ptr + i, "://", 3) != 0)
		return false;
	i += 3;
	end = i;
	while (end < uri.len && !memchr("/?#", uri.ptr[end], 3)) {
		uint8_t c = uri.ptr[end++];

		if (c <= 0x20 || c >= 0x7f || memchr("\\\"<>^`{|}", c, 9)) /* stands in no URI, and browsers end the host at some */
			return false;
	}
	for (size_t k = end; k > i; k--)
		if (uri.ptr[k - 1] == '@') {
			i = k;
			break;
		}
	for (size_t k = i; k < end; k++)
		if (uri.ptr[k] == ':')
			end = k;
	*out = bytes_of(uri.ptr + i, end - i);
	return dns_name_is_valid(*out);
}

/* "host" is that host alone, ".host" every host below it. */
static bool host_is_within(struct bj_bytes host, struct bj_bytes base)
{
	if (base.len > 0 && base.ptr[0] == '.')
		return host.len > base.len - 1 && dns_name_is_within(host, bytes_of(base.ptr + 1, base.len - 1));
	return dns_name_equal(host, base);
}

static bool host_base_is_valid(struct bj_bytes base)
{
	if (base.len > 0 && base.ptr[0] == '.')
		base = bytes_of(base.ptr + 1, base.len - 1);
	return dns_name_is_valid(base);
}

/* Address and mask; the mask is a prefix. */
static bool network_is_valid(struct bj_bytes base)
{
	size_t half = base.len / 2;
	bool ended = false;

	if (base.len != 8 && base.len != 32)
		return false;
	for (size_t i = 0; i < half * 8; i++) {
		bool set = base.ptr[half + i / 8] >> (7 - i % 8) & 1;

		if (set && ended)
			return false;
		ended = ended || !set;
	}
	return true;
}

/* ---- subtrees */

static bool base_is_valid(const struct general_name *base)
{
	struct mailbox mailbox;

	switch (base->kind) {
	case GN_DNS:
		return base->value.len == 0 || dns_name_is_valid(base->value);
	case GN_IP:
		return network_is_valid(base->value);
	case GN_EMAIL:
		return host_base_is_valid(base->value) || mailbox_parse(base->value, &mailbox);
	case GN_URI:
		return host_base_is_valid(base->value);
	default:
		return true;
	}
}

static bool subtrees_are_valid(struct bj_bytes list)
{
	struct reader r = rd_of(list);
	size_t count = 0;

	while (rd_more(&r) && count++ < GENERAL_NAMES_MAX) {
		struct reader subtree = der_open(&r, DER_SEQUENCE);
		struct general_name base = gn_read(&subtree);

		if (!rd_end(&subtree) || !base_is_valid(&base))
			return false;
	}
	return rd_end(&r) && count > 0;
}

bool name_constraints_are_valid(struct bj_bytes content)
{
	struct reader r = rd_of(content);
	bool any = rd_more(&r);

	for (unsigned i = 0; i < 2; i++)
		if (der_at(&r, DER_CONTEXT_CONSTRUCTED(i)) &&
		    !subtrees_are_valid(der_take(&r, DER_CONTEXT_CONSTRUCTED(i))))
			return false;
	return rd_end(&r) && any;
}

/* ---- is a name in a subtree? */

enum match {
	OUTSIDE,
	INSIDE,
	MAYBE, /* a wildcard covers names in it and others, or a directory name has values that others compare in other ways */
	UNKNOWN,
};

static enum match match_dns(struct bj_bytes name, struct bj_bytes base)
{
	if (!dns_pattern_is_valid(name))
		return UNKNOWN;
	if (!dns_pattern_is_wildcard(name))
		return dns_name_is_within(name, base) ? INSIDE : OUTSIDE;
	name = dns_name_parent(name);
	if (dns_name_is_within(name, base))
		return INSIDE;
	return dns_name_equal(dns_name_parent(base), name) ? MAYBE : OUTSIDE;
}

static enum match match_email(struct bj_bytes name, struct bj_bytes base)
{
	struct mailbox have, want;

	if (!mailbox_parse(name, &have))
		return UNKNOWN;
	if (mailbox_parse(base, &want))
		return bytes_equal(have.local, want.local) && dns_name_equal(have.host, want.host) ? INSIDE : OUTSIDE;
	return host_is_within(have.host, base) ? INSIDE : OUTSIDE;
}

static enum match match_ip(struct bj_bytes name, struct bj_bytes base)
{
	if (name.len != 4 && name.len != 16)
		return UNKNOWN;
	if (name.len * 2 != base.len)
		return OUTSIDE;
	for (size_t i = 0; i < name.len; i++)
		if ((name.ptr[i] ^ base.ptr[i]) & base.ptr[name.len + i])
			return OUTSIDE;
	return INSIDE;
}

static enum match match(const struct general_name *name, const struct general_name *base)
{
	struct bj_bytes host;

	switch (name->kind) {
	case GN_DNS:
		return match_dns(name->value, base->value);
	case GN_EMAIL:
		return match_email(name->value, base->value);
	case GN_IP:
		return match_ip(name->value, base->value);
	case GN_DIRECTORY:
		return name_starts_with(name->value, base->value) ? INSIDE : name_may_start_with(name->value, base->value) ? MAYBE : OUTSIDE;
	case GN_URI:
		if (!uri_host(name->value, &host))
			return UNKNOWN;
		return host_is_within(host, base->value) ? INSIDE : OUTSIDE;
	default:
		return UNKNOWN;
	}
}

/* SmtpUTF8Mailbox: an e-mail address, which constraints of e-mail addresses hold for, too (rfc9598:6). */
static bool is_international_mailbox(const struct general_name *name)
{
	struct reader other = rd_of(name->value);

	return name->kind == GN_OTHER && oid_find(der_oid(&other)) == OID_ON_SMTP_UTF8_MAILBOX;
}

/* What a list of subtrees says about a name: how many are of its kind, and the strongest match. */
struct said {
	bool any;
	bool inside;
	bool maybe;
	bool unknown;
	bool budget;
};

static struct said ask(struct bj_bytes list, const struct general_name *name, uint32_t *steps)
{
	struct reader r = rd_of(list);
	struct said said = { 0 };

	while (rd_more(&r) && !said.inside) {
		struct reader subtree = der_open(&r, DER_SEQUENCE);
		struct general_name base = gn_read(&subtree);
		enum match m;
		uint32_t cost;

		cost = 1;
		/* the base was read in whole, even if the name is of another kind */
		if (base.kind == GN_DIRECTORY || name->value.len + base.value.len > SHORT_NAMES_MAX)
			cost = (uint32_t)(1 + (name->value.len + base.value.len) / OCTETS_A_STEP);
		if (*steps < cost) {
			said.budget = true;
			*steps = 0; /* so that less to spend never finds more */
			break;
		}
		*steps -= cost;
		said.unknown = said.unknown || (base.kind == GN_EMAIL && is_international_mailbox(name));
		if (base.kind != name->kind)
			continue;
		said.any = true;
		m = match(name, &base);
		said.inside = said.inside || m == INSIDE;
		said.maybe = said.maybe || m == MAYBE;
		said.unknown = said.unknown || m == UNKNOWN;
	}
	return said;
}

enum nc_result name_constraints_judge(struct bj_bytes content, const struct general_name *name, uint32_t *steps)
{
	struct reader r = rd_of(content);
	struct said permitted = { 0 }, excluded = { 0 };

	if (der_at(&r, DER_CONTEXT_CONSTRUCTED(0)))
		permitted = ask(der_take(&r, DER_CONTEXT_CONSTRUCTED(0)), name, steps);
	if (der_at(&r, DER_CONTEXT_CONSTRUCTED(1)))
		excluded = ask(der_take(&r, DER_CONTEXT_CONSTRUCTED(1)), name, steps);
	if (excluded.inside || excluded.maybe)
		return NC_EXCLUDED;
	if (permitted.budget || excluded.budget)
		return NC_BUDGET;
	if (permitted.unknown || excluded.unknown)
		return NC_UNKNOWN;
	if (permitted.any && !permitted.inside)
		return NC_NOT_PERMITTED;
	return NC_ALLOWED;
}
