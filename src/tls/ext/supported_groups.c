/* supported_groups.c - see supported_groups.h. */
#include "tls/ext/supported_groups.h"

enum bj_err supported_groups_parse(struct bj_bytes body, struct bj_bytes *out_codes)
{
	return codes_parse(body, 2, out_codes);
}

void supported_groups_write(struct writer *w, struct bj_bytes codes)
{
	ext_write_vec(w, EXT_SUPPORTED_GROUPS, codes, 2);
}
