/* ech_config.h - configurations of Encrypted ClientHello: what a server publishes and a client encrypts to (rfc9849:4).
 *
 * A parsed configuration is views into the bytes that it was read from.
 */
#ifndef TLS_ECH_CONFIG_H
#define TLS_ECH_CONFIG_H

#include "base/reader.h"
#include "crypto/hpke.h"

#define ECH_VERSION 0xfe0d
#define ECH_PUBLIC_NAME_MAX 255
#define ECH_CONFIG_LIST_MAX 64      /* configurations of one list that are looked at */
#define ECH_CONFIG_EXTENSION_MAX 32 /* extensions of one configuration */

struct ech_config {
	struct bj_bytes raw; /* all of it, with version and length */
	uint16_t version;    /* of another one than ECH_VERSION nothing else is read */
	uint8_t config_id;
	uint8_t maximum_name_length;
	bool has_mandatory;  /* an extension that must be understood and is not */
	uint16_t kem;
	struct bj_bytes public_key;
	struct bj_bytes suites; /* pairs of codes: kdf, aead */
	struct bj_bytes public_name;
};

/* The next configuration of a list whose length was read. False at its end; a malformed one makes the reader bad. */
bool ech_config_next(struct reader *list, struct ech_config *out);
/* One configuration and nothing else. BJ_ERR_ECH_CONFIG */
enum bj_err ech_config_parse(struct bj_bytes raw, struct ech_config *out) BJ_MUST_USE;
/* A whole list, with its length: BJ_ERR_ECH_CONFIG where it is malformed. rfc9849:6.1.6 rfc9849:6.2.1 */
enum bj_err ech_config_list_check(struct bj_bytes list) BJ_MUST_USE;
/* The first configuration of a list that a client can use, and the suite to use. BJ_ERR_ECH_CONFIG, or BJ_ERR_NOT_FOUND for none. */
enum bj_err ech_config_choose(struct bj_bytes list, struct ech_config *out, struct hpke_suite *out_suite) BJ_MUST_USE;
/* Does it allow this suite, and do we have it? */
bool ech_config_allows(const struct ech_config *config, struct hpke_suite suite);
/* A name of labels of letters, digits and hyphens that cannot be taken for an IPv4 address. rfc9849:6.1.7 */
bool ech_public_name_is_good(struct bj_bytes name);

#endif
