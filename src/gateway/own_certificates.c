/* own_certificates.c - see own_certificates.h. */
#include "gateway/own_certificates.h"
#include "x509/cert.h"
#include "x509/general_name.h"
#include "x509/name.h"

static void write_name(const struct cert *cert, struct own_certificate *out)
{
	struct text text = text_make(out->name, sizeof(out->name));
	struct reader sans = rd_of(cert->san);

	while (rd_more(&sans)) {
		struct general_name name = gn_read(&sans);

		if (name.kind == GN_DNS && !sans.bad) {
			text_safe(&text, name.value, "");
			return;
		}
	}
	name_text(cert->subject, &text);
}

bool own_certificate_at(const struct runtime *rt, size_t index, struct own_certificate *out)
{
	const struct conf_snapshot *conf = rt->conf;

	for (size_t i = 0; i < conf->tls_count; i++) {
		struct cert cert;

		if (index >= conf->tls[i].credential_count) {
			index -= conf->tls[i].credential_count;
			continue;
		}
		*out = (struct own_certificate){ .tls = conf->tls[i].name };
		/* it was read before, when the credential was made */
		if (cert_parse(bj_credential_chain(conf->tls[i].credentials[index], 0), &cert) == BJ_OK) {
			out->not_after_s = cert.not_after;
			write_name(&cert, out);
		}
		return true;
	}
	return false;
}
