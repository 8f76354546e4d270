/* signature_algorithms.c - see signature_algorithms.h. */
#include "tls/ext/signature_algorithms.h"

enum bj_err signature_algorithms_parse(struct bj_bytes body, struct bj_bytes *out_codes)
{
	return codes_parse(body, 2, out_codes);
}

void signature_algorithms_write(struct writer *w, struct bj_bytes codes)
{
	ext_write_vec(w, EXT_SIGNATURE_ALGORITHMS, codes, 2);
}
