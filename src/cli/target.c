/* target.c - see target.h. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "cli/options.h"
#include "cli/target.h"

static bool copy_host(struct target *target, const char *from, size_t len)
{
	if (len > 1 && from[len - 1] == '.')
		len--;
	if (len == 0 || len >= TARGET_HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)from[i] <= ' ' || from[i] == 0x7f || strchr("/?#@[]", from[i]))
			return false;
	memcpy(target->host, from, len);
	target->host[len] = '\0';
	return true;
}

static bool take_port(const char *text, size_t len, struct target *target)
{
	char digits[8];
	uint64_t port;

	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (!options_number(digits, 1, 65535, &port))
		return false;
	target->port = (uint16_t)port;
	return true;
}

enum bj_err target_parse(const char *text, uint16_t port, struct target *out)
{
	struct target target = { .port = port };
	const char *end, *colon, *bracket;

	if (strncasecmp(text, "https://", 8) == 0)
		text += 8;
	end = text + strcspn(text, "/?#");
	if (*text == '[') {
		bracket = memchr(text, ']', (size_t)(end - text));
		if (!bracket || !memchr(text, ':', (size_t)(bracket - text)) ||
		    !copy_host(&target, text + 1, (size_t)(bracket - text - 1)))
			return BJ_ERR_SYNTAX;
		if (bracket + 1 != end && (bracket[1] != ':' || !take_port(bracket + 2, (size_t)(end - bracket - 2), &target)))
			return BJ_ERR_SYNTAX;
		*out = target;
		return BJ_OK;
	}
	colon = memchr(text, ':', (size_t)(end - text));
	if (colon && memchr(colon + 1, ':', (size_t)(end - colon - 1)))
		colon = NULL; /* a bare IPv6 address has no port */
	if (colon && !take_port(colon + 1, (size_t)(end - colon - 1), &target))
		return BJ_ERR_SYNTAX;
	if (!copy_host(&target, text, (size_t)((colon ? colon : end) - text)))
		return BJ_ERR_SYNTAX;
	*out = target;
	return BJ_OK;
}
