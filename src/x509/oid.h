/* oid.h - the object identifiers that we know, by number. */
#ifndef X509_OID_H
#define X509_OID_H

#include "base/bytes.h"

#define OID_TEXT_MAX 96 /* with the zero byte */

enum oid {
	OID_UNKNOWN = 0,
#define OID(name, label, ...) OID_##name,
#include "x509/oid.def"
#undef OID
	OID_COUNT,
};

/* `content` is what stands inside the OBJECT IDENTIFIER. */
enum oid oid_find(struct bj_bytes content);
struct bj_bytes oid_bytes(enum oid oid);
/* What people call it, such as "CN" or "serverAuth"; never null, "" for OID_UNKNOWN. */
const char *oid_label(enum oid oid);
/* Dotted text, such as "2.5.29.17". Of what does not fit, or has a number of more than 64 bits, the octets: "#551d11". Returns its
 * length. */
size_t oid_text(struct bj_bytes content, char out[OID_TEXT_MAX]);

#endif
