/* identity.c - see identity.h. */
#include <stdlib.h>

#include "crypto/hash.h"
#include "gateway/identity.h"
#include "x509/cert.h"
#include "x509/dns_name.h"
#include "x509/general_name.h"
#include "x509/name.h"

/* Names that can stand in a list as they are: a URI has a colon and a DNS name none, and neither has what lists are made of. Others exist in
 * odd certificates only, and are not told. */
static bool can_be_listed(const struct general_name *name)
{
	bool has_colon = false;

	if ((name->kind != GN_DNS && name->kind != GN_URI) || name->value.len == 0)
		return false;
	for (size_t i = 0; i < name->value.len; i++) {
		uint8_t c = name->value.ptr[i];

		if (c <= ' ' || c >= 0x7f || c == ',' || c == '"' || c == '\\')
			return false;
		has_colon |= c == ':';
	}
	return has_colon == (name->kind == GN_URI);
}

static void write_sans(struct identity *id)
{
	struct text text = text_make(id->sans_text, sizeof(id->sans_text));
	struct reader r = rd_of(id->sans);

	while (rd_more(&r)) {
		struct general_name name = gn_read(&r);

		if (r.bad)
			break;
		if (!can_be_listed(&name))
			continue;
		if (text.len > 0)
			text_char(&text, ',');
		text_safe(&text, name.value, "");
		if (text.cut)
			break; /* a part of a name is another name */
		id->sans_len = text.len;
	}
	id->sans_text[id->sans_len] = '\0';
}

struct identity *identity_of(const struct bj_tls *conn)
{
	struct bj_tls_report report;
	uint8_t digest[HASH_MAX];
	struct identity *id;
	struct text text;
	struct cert cert;

	bj_tls_report(conn, &report);
	if (!report.peer_verified || report.peer_chain_count == 0)
		return NULL;
	if (cert_parse(report.peer_chain[0], &cert))
		return NULL;
	id = (struct identity *)calloc(1, sizeof(*id));
	if (!id)
		return NULL;
	id->der = report.peer_chain[0];
	id->sans = cert.san;
	text = text_make(id->subject, sizeof(id->subject));
	name_text(cert.subject, &text);
	id->subject_len = text.len;
	id->subject_is_cut = text.cut;
	write_sans(id);
	hash_once(HASH_SHA256, id->der, digest);
	memcpy(id->sha256, digest, sizeof(id->sha256));
	return id;
}

bool identity_has_name(const struct identity *id, const char *pattern)
{
	struct bj_bytes want = bytes_text(pattern);
	struct reader r = rd_of(id->sans);

	while (rd_more(&r)) {
		struct general_name name = gn_read(&r);

		if (r.bad)
			return false;
		if (name.kind != GN_DNS)
			continue;
		if (want.len > 2 && want.ptr[0] == '*' && want.ptr[1] == '.') {
			size_t tail = want.len - 1;

			if (name.value.len > tail &&
			    dns_name_equal(bytes_of(name.value.ptr + name.value.len - tail, tail), bytes_of(want.ptr + 1, tail)))
				return true;
		} else if (dns_name_equal(name.value, want)) {
			return true;
		}
	}
	return false;
}
