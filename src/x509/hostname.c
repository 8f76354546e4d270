/* hostname.c - reference identities against presented ones. */
#include "x509/hostname.h"

#include "x509/dns_name.h"
#include "x509/general_name.h"

bool host_id_parse(struct bj_bytes text, struct host_id *out)
{
	struct host_id id = { 0 };

	id.ip_len = ip_parse(text, id.ip);
	if (id.ip_len == 0) {
		if (text.len > 1 && text.ptr[text.len - 1] == '.')
			text.len--;
		if (!dns_name_is_valid(text))
			return false;
		id.dns = text;
	}
	*out = id;
	return true;
}

bool hostname_matches(const struct cert *cert, const struct host_id *id)
{
	struct reader r = rd_of(cert->san);

	while (rd_more(&r)) {
		struct general_name name = gn_read(&r);

		if (id->ip_len > 0) {
			if (name.kind == GN_IP && bytes_equal(name.value, bytes_of(id->ip, id->ip_len)))
				return true;
		} else if (name.kind == GN_DNS && dns_pattern_is_valid(name.value) && dns_pattern_covers(name.value, id->dns)) {
			return true;
		}
	}
	return false;
}
