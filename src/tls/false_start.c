/* false_start.c - see false_start.h. */
#include "tls/false_start.h"

#include "tls/ech.h"

/* Our Finished is out, and the server's is awaited. A resumed handshake passes these states before our own. */
static bool waits_for_the_server(const struct bj_tls *conn)
{
	enum hs_state at = state_at(&conn->state);

	return (at == ST_WAIT_TICKET || at == ST_WAIT_CCS || at == ST_WAIT_FINISHED) && !state_holds(&conn->state, F_RESUMED);
}

bool false_start_may(const struct bj_tls *conn)
{
	enum bj_tls_false_start how = (enum bj_tls_false_start)conn->config->false_start;

	if (how == BJ_TLS_FALSE_START_OFF || conn->is_server || conn->version != VERSION_1_2 || !waits_for_the_server(conn))
		return false;
	if (conn->is_unbound || ech_is(conn, BJ_TLS_ECH_REJECTED))
		return false;
	return conn->alpn.len > 0 || how == BJ_TLS_FALSE_START_ALWAYS;
}
