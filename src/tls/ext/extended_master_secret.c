/* extended_master_secret.c - see extended_master_secret.h. */
#include "tls/ext/extended_master_secret.h"

enum bj_err extended_master_secret_parse(struct bj_bytes body)
{
	return body.len == 0 ? BJ_OK : BJ_ERR_DECODE;
}
