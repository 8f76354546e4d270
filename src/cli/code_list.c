/* code_list.c - see code_list.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "cli/code_list.h"
#include "cli/command.h"
#include "cli/nearest.h"
#include "cli/say.h"
#include <bojagi/tls.h>

#define KNOWN_MAX 32
#define KNOWN_TEXT_MAX 512

/* OpenSSL's names of the suites of 1.2, and other names of groups. */
static const struct {
	const char *alias, *name;
} aliases[] = {
	{ "ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
	{ "ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ "ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
	{ "ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ "ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ "ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ "x25519", "X25519" },
	{ "P-256", "secp256r1" },
	{ "prime256v1", "secp256r1" },
	{ "P-384", "secp384r1" },
	{ "P-521", "secp521r1" },
};

static const char *usual_name(const char *word)
{
	for (size_t i = 0; i < ARRAY_COUNT(aliases); i++)
		if (strcasecmp(word, aliases[i].alias) == 0)
			return aliases[i].name;
	return word;
}

static const struct {
	const char *what;
	uint16_t (*by_name)(const char *name);
	const char *(*name)(uint16_t code);
} kinds[] = {
	[CODE_GROUP] = { "group", bj_tls_group_by_name, bj_tls_group_name },
	[CODE_SUITE] = { "suite", bj_tls_suite_by_name, bj_tls_suite_name },
	[CODE_COMPRESSION] = { "compression", bj_tls_compression_by_name, bj_tls_compression_name },
};

/* With the nearest name that there is, or all of them. */
static int say_unknown(enum code_kind kind, const char *word)
{
	const char *names[KNOWN_MAX], *near;
	char text[KNOWN_TEXT_MAX];
	size_t count = 0, len = 0;

	for (unsigned code = 0; code <= UINT16_MAX && count < KNOWN_MAX; code++)
		if (kinds[kind].by_name(kinds[kind].name((uint16_t)code)) != 0)
			names[count++] = kinds[kind].name((uint16_t)code);
	near = nearest_word(word, names, count);
	if (near)
		return say_failure(EXIT_USAGE, "there is no %s '%s' here; did you mean '%s'?", kinds[kind].what, word, near);
	for (size_t i = 0; i < count && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? ", " : "", names[i]);
	return say_failure(EXIT_USAGE, "there is no %s '%s' here, but: %s", kinds[kind].what, word, count ? text : "none");
}

int code_list_take(enum code_kind kind, char *list, uint16_t *codes, size_t *count)
{
	const char *what = kinds[kind].what;
	char *rest = NULL;

	*count = 0;
	for (char *word = strtok_r(list, ":,", &rest); word; word = strtok_r(NULL, ":,", &rest)) {
		uint16_t code = kinds[kind].by_name(usual_name(word));

		if (code == 0)
			return say_unknown(kind, word);
		if (*count == CODE_LIST_MAX)
			return say_failure(EXIT_USAGE, "at most %d %ss", CODE_LIST_MAX, what);
		for (size_t i = 0; i < *count; i++)
			if (codes[i] == code)
				return say_failure(EXIT_USAGE, "the %s '%s' is named twice", what, word);
		codes[(*count)++] = code;
	}
	return *count ? EXIT_GOOD : say_failure(EXIT_USAGE, "the list of %ss is empty", what);
}
