/* early_words.c - see early_words.h. */
#include "cli/early_words.h"

const char *early_words(enum bj_tls_early early)
{
	switch (early) {
	case BJ_TLS_EARLY_OFF:
		return "off";
	case BJ_TLS_EARLY_NOT_OFFERED:
		return "none was sent";
	case BJ_TLS_EARLY_OFFERED:
		return "not settled";
	case BJ_TLS_EARLY_ACCEPTED:
		return "accepted";
	case BJ_TLS_EARLY_VERSION:
		return "it is TLS 1.2";
	case BJ_TLS_EARLY_NO_SESSION:
		return "there was no session";
	case BJ_TLS_EARLY_SESSION:
		return "the session does not allow it";
	case BJ_TLS_EARLY_NOT_RESUMED:
		return "the server did not take the session";
	case BJ_TLS_EARLY_RETRY:
		return "the server wanted another hello";
	case BJ_TLS_EARLY_SUITE:
		return "another suite than the session's";
	case BJ_TLS_EARLY_ALPN:
		return "another application protocol than the session's";
	case BJ_TLS_EARLY_AGE:
		return "the age of the session is not what the client says: too slow, or sent again";
	case BJ_TLS_EARLY_REPLAYED:
		return "this hello was seen before, or the guard against that had no room";
	case BJ_TLS_EARLY_REFUSED:
		return "the server refused it";
	}
	return "unknown";
}
