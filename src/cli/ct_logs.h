/* ct_logs.h - logs of certificate transparency that are known by their keys, and what their timestamps are worth (rfc6962:3).
 *
 * A list of logs is a file of public keys in PEM, the JSON that browsers publish, or libssl's list ("key = BASE64", "description = TEXT").
 * Of the last two, "key" and "description" are read wherever they stand.
 */
#ifndef CLI_CT_LOGS_H
#define CLI_CT_LOGS_H

#include "cli/json.h"
#include "cli/terminal.h"
#include "x509/sct.h"

#define CT_LOGS_MAX 1024    /* logs in a list */
#define CT_LOG_KEY_MAX 1024 /* bytes of a key */
#define CT_LOG_NAME_MAX 96

struct ct_log {
	uint8_t id[SCT_LOG_ID_LEN];
	char name[CT_LOG_NAME_MAX]; /* empty where the list says none */
	uint8_t key[CT_LOG_KEY_MAX];
	size_t key_len;
};

struct ct_logs {
	struct ct_log *logs;
	size_t count;
};

/* An exit code after a message; ct_logs_free() in any case. */
int ct_logs_load(const char *option, const char *path, struct ct_logs *out);
/* The same from what stood in the file. BJ_ERR_NOT_FOUND: there is no key in it. */
enum bj_err ct_logs_parse(struct bj_bytes text, struct ct_logs *out) BJ_MUST_USE;
void ct_logs_free(struct ct_logs *logs);

enum ct_finding {
	CT_GOOD = 0,
	CT_BAD,         /* the log has not signed this */
	CT_UNKNOWN_LOG,
	CT_NO_ISSUER,   /* it cannot be checked without the certificate that signed this one */
	CT_UNSUPPORTED, /* a version or an algorithm that is not known here */
	CT_FUTURE,      /* signed by the log, for a time that has not come (rfc6962:5.2) */
};

/* Where timestamps came from, and for what. */
struct ct_source {
	const struct cert *cert;
	const struct cert *issuer;     /* null: not known */
	struct bj_bytes handshake;     /* a list that came in the handshake; empty: none */
	const struct ct_logs *logs;    /* null: nothing is checked */
	int64_t now_ms;
};

/* `out_log` gets the log, null if it is not known. */
enum ct_finding ct_check(const struct ct_source *source, const struct sct *sct, bool is_embedded, const struct ct_log **out_log);

/* A line for each timestamp; says so if there is none. */
void ct_print(const struct terminal *terminal, const struct ct_source *source);
/* The array "timestamps". */
void ct_json(struct json *json, const struct ct_source *source);

#endif
