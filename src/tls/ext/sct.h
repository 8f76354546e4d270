/* sct.h - signed certificate timestamps (rfc6962:3.3.1). What they say is for others to judge. */
#ifndef TLS_EXT_SCT_H
#define TLS_EXT_SCT_H

#include "tls/ext/table.h"

/* A list of at least one timestamp, none empty. `*out_list` is the whole body, with the list's length. */
enum bj_err sct_list_parse(struct bj_bytes body, struct bj_bytes *out_list) BJ_MUST_USE;
void sct_list_write(struct writer *w, struct bj_bytes list);

#endif
