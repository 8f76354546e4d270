/* err.h - every way in which a call can fail, as stable codes.
 *
 * The list itself, with the alert that each failure sends and the words for people, is err.def. Codes and identifiers
 * are never reused or renumbered. Zero is success.
 */
#ifndef BOJAGI_ERR_H
#define BOJAGI_ERR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bj_err {
	BJ_OK = 0,
#define BJ_ERR(name, value, id, alert, words) BJ_ERR_##name = value,
#include <bojagi/err.def>
#undef BJ_ERR
};

/* One sentence for people, without a final full stop; never null. The text is static. */
const char *bj_err_text(enum bj_err err);

/* The stable identifier, such as "E-CERT-0003", that `bojagi explain` knows; "E-OK" for success; never null. */
const char *bj_err_id(enum bj_err err);

/* The name of the code without its prefix, such as "NO_COMMON_SUITE"; never null. */
const char *bj_err_name(enum bj_err err);

/* The TLS alert that this failure sends to the peer (rfc9846:6.2), or -1 if it sends none. */
int bj_err_alert(enum bj_err err);

#ifdef __cplusplus
}
#endif

#endif
