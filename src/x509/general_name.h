/* general_name.h - GeneralName and lists of them (rfc5280:4.2.1.6). */
#ifndef X509_GENERAL_NAME_H
#define X509_GENERAL_NAME_H

#include "base/reader.h"
#include "x509/text.h"

#define GENERAL_NAMES_MAX 4096 /* names in one list */

enum gn_kind { /* the numbers are the tags */
	GN_OTHER = 0,
	GN_EMAIL = 1,
	GN_DNS = 2,
	GN_X400 = 3,
	GN_DIRECTORY = 4,
	GN_EDI = 5,
	GN_URI = 6,
	GN_IP = 7,
	GN_REGISTERED_ID = 8,
};

struct general_name {
	enum gn_kind kind;
	struct bj_bytes value; /* GN_DIRECTORY: a whole Name; else the content */
};

/* Reads one; marks the reader bad if it is not well formed. Of addresses only the length is looked at by others: in a name it is
 * 4 or 16, in a constraint 8 or 32. */
struct general_name gn_read(struct reader *r);
/* The content of a GeneralNames: at least one name, at most GENERAL_NAMES_MAX, all well formed. */
bool gn_list_is_valid(struct bj_bytes list);

/* "DNS:example.com", "IP:192.0.2.1", for people. */
void gn_text(const struct general_name *name, struct text *out);
/* An address of 4 or 16 octets, after rfc5952. */
void ip_text(struct bj_bytes address, struct text *out);
/* The octets of a textual IPv4 or IPv6 address (no zone, no brackets): 4, 16, or 0 if it is none. */
size_t ip_parse(struct bj_bytes text, uint8_t out[16]);

#endif
