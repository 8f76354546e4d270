/* cert_ech.c - `bojagi cert ech`: a key of Encrypted ClientHello and its configuration, for a server and for DNS. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/wipe.h"
#include "cli/cert.h"
#include "cli/ech_file.h"
#include "cli/json.h"
#include "cli/say.h"
#include "cli/terminal.h"
#include "host/file.h"

#define HIDDEN_NAME_MAX 64 /* names behind it are padded to so much: enough for nearly all, and short in a hello */

/* What a client encrypts to, as DNS has it. */
static void print_config(const struct cert_options *o, const char *path, const char *base64)
{
	struct terminal terminal = terminal_of(stdout, &o->options);
	struct json json;

	if (o->options.json) {
		json_document(&json, stdout, "bojagi.cert/1");
		json_text(&json, "file", path);
		json_text(&json, "public_name", o->names[0]);
		json_text(&json, "ech", base64);
		json_document_end(&json);
		return;
	}
	if (o->options.quiet)
		return;
	printf("%sECH key for the public name \"%s\"  X25519\n", terminal_mark(&terminal, MARK_GOOD), o->names[0]);
	printf("  key          %s   (0600: keep it to yourself)\n", path);
	printf("  config       %s\n", base64);
	printf("  DNS          SITE. HTTPS 1 . ech=%s\n", base64);
	printf("  next         bojagi serve --ech-key %s; bojagi connect localhost:8443 --ech %s\n", path, path);
}

static int save(const struct cert_options *o, const struct bj_ech_key *key, const char *path)
{
	char *text = NULL;
	size_t len = 0;
	enum bj_err err = ech_key_text(key, &text, &len);

	if (!err)
		err = file_write(path, text, len, 0600, o->force);
	if (text)
		wipe(text, len);
	free(text);
	if (err == BJ_ERR_FILE_EXISTS)
		return say_failure(EXIT_USAGE, "%s is there already; --force overwrites it", path);
	if (err == BJ_ERR_FILE_WRITE)
		return say_failure(EXIT_USAGE, "cannot write %s: %s", path, strerror(errno));
	return err ? say_err(EXIT_INTERNAL, err, "cannot write %s", path) : EXIT_GOOD;
}

int cert_ech(struct cert_options *o)
{
	char path[FOLDER_PATH_MAX], base64[BASE64_TEXT_LEN(2 + BJ_ECH_CONFIG_MAX) + 1];
	uint8_t list[2 + BJ_ECH_CONFIG_MAX];
	struct bj_ech_key key;
	size_t len = 0;
	enum bj_err err;
	int code;

	if ((size_t)snprintf(path, sizeof(path), o->out ? "%s" : "%s.ech", o->out ? o->out : o->names[0]) >= sizeof(path))
		return say_failure(EXIT_USAGE, "the name of the file is too long; give a shorter --out");
	err = bj_ech_key_generate(o->names[0], HIDDEN_NAME_MAX, -1, NULL, &key);
	if (err == BJ_ERR_CONFIG_BAD_NAME)
		return say_failure(EXIT_USAGE, "'%s' is no DNS name: the public name is one that everybody may see, and that the server has a certificate for",
				   o->names[0]);
	if (!err)
		err = bj_ech_config_list(&key, 1, list, sizeof(list), &len);
	if (err) {
		wipe(&key, sizeof(key));
		return say_err(EXIT_INTERNAL, err, "cert ech");
	}
	code = save(o, &key, path);
	wipe(&key, sizeof(key));
	base64_encode(list, len, base64);
	if (!code)
		print_config(o, path, base64);
	return code;
}
