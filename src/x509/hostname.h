/* hostname.h - is this certificate for this host? (rfc9525)
 *
 * Only subjectAltName counts, never the common name. A reference identity is a DNS name, compared with dNSName, or the text of
 * an IP address, compared with iPAddress; one kind is never compared with the other.
 */
#ifndef X509_HOSTNAME_H
#define X509_HOSTNAME_H

#include "x509/cert.h"

struct host_id {
	size_t ip_len; /* 4 or 16; 0 for a DNS name */
	uint8_t ip[16];
	struct bj_bytes dns; /* without a dot at the end */
};

/* One dot at the end is taken off. False if the text is neither a DNS name nor an address. The view points into `text`. */
bool host_id_parse(struct bj_bytes text, struct host_id *out);
bool hostname_matches(const struct cert *cert, const struct host_id *id);

#endif
