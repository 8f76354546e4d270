/* ech_file.h - keys of Encrypted ClientHello in files, and lists of configurations as people have them.
 *
 * A file of keys is PEM: one PRIVATE KEY (PKCS#8, X25519) and the ECHCONFIG that belongs to it, a list with one configuration, as other
 * servers read it, too (draft-farrell-tls-pemesni). A list for clients comes as base64, the way the HTTPS record has it
 * (rfc9848), or in a file: PEM, base64 or the bytes themselves.
 */
#ifndef CLI_ECH_FILE_H
#define CLI_ECH_FILE_H

#include <bojagi/tls.h>

#define ECH_LIST_MAX 16384

struct ech_list {
	uint8_t bytes[ECH_LIST_MAX];
	size_t len;
};

/* `text`: base64 or a file's name. An exit code after a message that begins with `option`. */
int ech_list_read(const char *option, const char *text, struct ech_list *out);
/* A key for bj_tls_config_ech_key(); wipe it. An exit code after a message that begins with `option`. */
int ech_key_read(const char *option, const char *path, struct bj_ech_key *out);
/* Text for such a file, allocated; secret: wipe and free it. BJ_ERR_NO_MEMORY. */
enum bj_err ech_key_text(const struct bj_ech_key *key, char **out, size_t *out_len) BJ_MUST_USE;

#endif
