/* again.h - the server of a session is judged again when that is resumed (docs/decisions/0071). Clients whose configuration says so.
 *
 * The chain and what was stapled to it come from the session; the verdict is asked for and given as in a full handshake: before early data may
 * be sent, else when the server's Finished is good. A server that no longer passes ends the handshake.
 */
#ifndef TLS_AGAIN_H
#define TLS_AGAIN_H

#include "tls/conn.h"

/* Whether a session that is about to be offered holds what a verdict needs, where one will be needed. */
bool again_fits(const struct bj_tls_config *config, const struct session *s);

/* ASK(VERIFY) before early data goes out. */
enum bj_err again_early_prepare(struct bj_tls *conn, struct bj_bytes body);
enum bj_err again_early_judge(struct bj_tls *conn, struct bj_bytes body);
/* ASK(VERIFY) of a resumed handshake, unless that question was answered before early data that the server took. */
enum bj_err again_prepare(struct bj_tls *conn, struct bj_bytes body);
enum bj_err again_judge(struct bj_tls *conn, struct bj_bytes body);

#endif
