/* hello_form.h - what makes hellos of one client differ from each other on purpose: GREASE (rfc8701) and the order of extensions.
 *
 * Made once for a connection, before its first hello, so that a second hello after a HelloRetryRequest is the first again. Where neither is
 * wanted there is none, and it costs nothing.
 *
 * GREASE stands in suites, groups, signature algorithms and versions as their first value, as the first key share, and as two extensions: the
 * first, which is empty, and the last before pre_shared_key, of one byte. None of the values is ever taken in an answer: what a server
 * chooses is looked up in the configuration's own lists.
 */
#ifndef TLS_HELLO_FORM_H
#define TLS_HELLO_FORM_H

#include "tls/config.h"
#include "tls/msg/client_hello.h"

#define HELLO_VERSIONS_MAX 2

struct hello_form {
	struct client_hello_form written;
	uint16_t group; /* the GREASE value among the groups, and of its share; 0: none */
	uint8_t suites[2 + 2 * CONFIG_CODE_MAX];
	uint8_t groups[2 + 2 * CONFIG_CODE_MAX];
	uint8_t schemes[2 + 2 * CONFIG_CODE_MAX];
	uint8_t versions[2 + 2 * HELLO_VERSIONS_MAX];
	uint16_t greases[4]; /* of those lists */
};

/* Null where the configuration wants none; else allocated. */
enum bj_err hello_form_make(const struct bj_tls_config *config, const struct bj_rng *rng, struct hello_form **out) BJ_MUST_USE;
/* Puts it over a hello that is filled but for its key shares; views of `form`. */
void hello_form_apply(struct hello_form *form, struct client_hello *hello);
/* One of the sixteen values, by a random byte. rfc8701:2 */
uint16_t grease_value(uint8_t random);

#endif
