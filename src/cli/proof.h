/* proof.h - what `connect` and `serve` have in the place of certificates: pre-shared keys and raw public keys.
 *
 * The options of both commands are the same, so they are read here. Secrets come from files or the environment, never from the command
 * line, which everybody on the machine can read.
 */
#ifndef CLI_PROOF_H
#define CLI_PROOF_H

#include <getopt.h>

#include <bojagi/tls.h>

#define PROOF_KEYS_MAX 16
#define PROOF_PIN_LEN 32
#define PROOF_PIN_TEXT_MAX (8 + 44 + 1) /* "sha256//" and the base64 */

/* Keys that a peer may have: SHA-256 of their SubjectPublicKeyInfo. */
struct proof_pins {
	uint8_t pins[PROOF_KEYS_MAX][PROOF_PIN_LEN];
	size_t count;
};

struct proof_wish {
	const char *psk, *psk_identity, *psk_context;
	bool psk_raw;
	enum bj_tls_psk_hash psk_hash;
	bool raw_public_key;
	const char *peer_keys[PROOF_KEYS_MAX];
	size_t peer_key_count;
	struct proof_pins expected; /* after proof_read_keys() */
};

/* Values of options that are ours, of the 1..255 that a command has. */
enum {
	PROOF_FIRST = 200,
	PROOF_PSK = PROOF_FIRST,
	PROOF_PSK_IDENTITY,
	PROOF_PSK_CONTEXT,
	PROOF_PSK_RAW,
	PROOF_PSK_HASH,
	PROOF_RAW_PUBLIC_KEY,
	PROOF_PEER_KEY,
	PROOF_END,
};

/* clang-format off */
#define PROOF_OPTIONS \
	{ "psk", required_argument, NULL, PROOF_PSK }, \
	{ "psk-identity", required_argument, NULL, PROOF_PSK_IDENTITY }, \
	{ "psk_identity", required_argument, NULL, PROOF_PSK_IDENTITY }, \
	{ "psk-context", required_argument, NULL, PROOF_PSK_CONTEXT }, \
	{ "psk-raw", no_argument, NULL, PROOF_PSK_RAW }, \
	{ "psk-hash", required_argument, NULL, PROOF_PSK_HASH }, \
	{ "raw-public-key", no_argument, NULL, PROOF_RAW_PUBLIC_KEY }, \
	{ "peer-key", required_argument, NULL, PROOF_PEER_KEY }
/* clang-format on */

/* One option with optarg; an exit code after a message. */
int proof_take(struct proof_wish *wish, int option);
/* Do the words go together? An exit code after a message. */
int proof_check(const struct proof_wish *wish, bool tls12_only);
/* Adds the pre-shared key, if there is one. An exit code after a message. */
int proof_add_psk(const struct proof_wish *wish, struct bj_tls_config *config);
/* Reads the peer's keys into wish->expected. An exit code after a message. */
int proof_read_keys(struct proof_wish *wish);
/* A bare private key in a file, PEM or DER, as what is shown to the peer. An exit code after a message that begins with `option`. */
int proof_own_key(const char *option, const char *path, struct bj_credential **out);

void proof_pin_of(struct bj_bytes spki, uint8_t out[PROOF_PIN_LEN]);
bool proof_expects(const struct proof_pins *pins, struct bj_bytes spki);
/* "sha256//BASE64" of a key. */
void proof_pin_text(struct bj_bytes spki, char out[PROOF_PIN_TEXT_MAX]);

#endif
