/* key_share.h - public keys of the key exchange (rfc9846:4.2.8). */
#ifndef TLS_EXT_KEY_SHARE_H
#define TLS_EXT_KEY_SHARE_H

#include "tls/ext/table.h"

#define KEY_SHARE_MAX 32 /* entries in a ClientHello */

struct key_share {
	uint16_t group;
	struct bj_bytes key;
};

/* A client's list in wire form, checked: every entry whole and not empty, no group twice (BJ_ERR_ILLEGAL_PARAMETER). It
 * may be empty. Whether each stands in supported_groups is the hello's to check. */
enum bj_err key_share_parse(struct bj_bytes body, struct bj_bytes *out_list) BJ_MUST_USE;
void key_share_write(struct writer *w, struct bj_bytes list);
/* Entries of a list: `list` is a reader over it. False at its end. */
bool key_share_next(struct reader *list, struct key_share *out);
bool key_share_find(struct bj_bytes list, uint16_t group, struct bj_bytes *out_key);
/* Adds an entry to a list that is being written. */
void key_share_add(struct writer *list, uint16_t group, struct bj_bytes key);

/* ServerHello: one entry. */
enum bj_err key_share_parse_answer(struct bj_bytes body, struct key_share *out) BJ_MUST_USE;
void key_share_write_answer(struct writer *w, const struct key_share *share);
/* HelloRetryRequest: the group that is wanted. */
enum bj_err key_share_parse_retry(struct bj_bytes body, uint16_t *out_group) BJ_MUST_USE;
void key_share_write_retry(struct writer *w, uint16_t group);

#endif
