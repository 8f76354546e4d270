/* cert_ledger.h - what a local CA issued and revoked: a text file `issued` in its folder, to which lines are only ever added.
 *
 *     issued SERIAL NOT_AFTER server|client NAME
 *     revoked SERIAL TIME REASON
 *
 * Times are seconds since 1970, serial numbers hexadecimal. A line is written at once, so two commands can write at the same time.
 */
#ifndef CLI_CERT_LEDGER_H
#define CLI_CERT_LEDGER_H

#include "base/map.h"
#include "cli/folder.h"
#include "x509/cert.h"
#include "x509/crl.h"

#define LEDGER_ROWS_MAX 100000
#define LEDGER_SERIAL_MAX 20 /* octets */

struct ledger_row {
	struct map_node node;
	uint8_t serial[LEDGER_SERIAL_MAX];
	size_t serial_len;
	bool issued, revoked;
	int64_t not_after; /* if issued */
	int64_t date;      /* if revoked */
	enum crl_reason reason;
};

struct ledger {
	struct ledger_row *rows; /* one for each serial number */
	size_t count;
	struct map by_serial;
};

/* An absent file is an empty ledger. BJ_ERR_SYNTAX if it holds something else. Costs as much as its lines,
 * for a responder reads it for every question. */
enum bj_err ledger_load(const char *folder, struct ledger *out) BJ_MUST_USE;
void ledger_fini(struct ledger *ledger);
const struct ledger_row *ledger_find(const struct ledger *ledger, struct bj_bytes serial);

enum bj_err ledger_add_issued(const char *folder, const struct cert *cert, const char *kind, const char *name) BJ_MUST_USE;
enum bj_err ledger_add_revoked(const char *folder, struct bj_bytes serial, int64_t date, enum crl_reason reason) BJ_MUST_USE;

#endif
