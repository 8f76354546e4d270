/* name.h - distinguished names: their form, when two are the same, their text (rfc5280:4.1.2.4, rfc5280:7.1).
 *
 * Two attribute values are the same if both are text that is compared in characters (PrintableString, UTF8String,
 * IA5String) and differ only in the case of ASCII letters and in white space at the ends or repeated inside; values of
 * any other type must be the same octets. Beyond ASCII characters are compared as they are: no Unicode preparation.
 */
#ifndef X509_NAME_H
#define X509_NAME_H

#include "x509/oid.h"
#include "x509/text.h"

#define NAME_ATTRIBUTE_MAX 64 /* attributes in one name */
#define NAME_SET_MAX 8        /* attributes in one relative name */

struct name_attribute {
	enum oid oid;
	struct bj_bytes oid_bytes;
	uint8_t tag;
	struct bj_bytes value;
};

/* Walks over the attributes of a name that name_is_valid() found good. */
struct name_walk {
	const uint8_t *ptr, *end; /* the rest of the name */
	const uint8_t *set_end;   /* the end of the set that is being read */
};

/* `name` is a whole Name, with tag and length. */
bool name_is_valid(struct bj_bytes name);
bool name_is_empty(struct bj_bytes name);
/* All functions below want valid names. */
bool name_equal(struct bj_bytes a, struct bj_bytes b);
/* Is `prefix` the beginning of `name`, relative name by relative name? */
bool name_starts_with(struct bj_bytes name, struct bj_bytes prefix);
/* Can it not be told that it does not? Values with characters beyond ASCII, with control characters, or of old string types, are compared here
 * octet by octet, elsewhere perhaps not. */
bool name_may_start_with(struct bj_bytes name, struct bj_bytes prefix);
/* Names that are equal have the same hash. For tables whose keys no stranger chooses. */
uint32_t name_hash(struct bj_bytes name);

struct name_walk name_walk(struct bj_bytes name);
/* False at the end. */
bool name_next(struct name_walk *walk, struct name_attribute *out);
/* The last, most specific, attribute of this kind; false if there is none. */
bool name_find(struct bj_bytes name, enum oid oid, struct name_attribute *out);

/* The most specific part first, "CN=example,O=Acme", after rfc4514 with text_safe()'s escapes. */
void name_text(struct bj_bytes name, struct text *out);
/* One value as text; the octets of unknown types in hexadecimal. */
void name_value_text(const struct name_attribute *attribute, const char *special, struct text *out);

#endif
