/* passphrase.c - see passphrase.h. */
#include "host/passphrase.h"

#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"
#include "host/file.h"

static enum bj_err set(struct passphrase *out, const char *text, size_t len)
{
	if (len > PASSPHRASE_MAX)
		return BJ_ERR_LIMIT;
	memcpy(out->text, text, len);
	out->text[len] = 0;
	out->len = len;
	out->given = true;
	return BJ_OK;
}

static enum bj_err from_file(const char *path, struct passphrase *out)
{
	struct file_bytes bytes = { 0 };
	enum bj_err err = file_read(path, FILE_CREDENTIAL_MAX, &bytes);

	if (!err)
		err = set(out, (const char *)bytes.ptr, strcspn((const char *)bytes.ptr, "\r\n"));
	file_bytes_free(&bytes);
	return err;
}

enum bj_err passphrase_get(const char *source, struct passphrase *out)
{
	const char *value;

	*out = (struct passphrase){ 0 };
	if (!source)
		return BJ_OK;
	if (strncmp(source, "file:", 5) == 0)
		return from_file(source + 5, out);
	if (strncmp(source, "pass:", 5) == 0)
		return set(out, source + 5, strlen(source + 5));
	if (strncmp(source, "env:", 4) != 0)
		return BJ_ERR_SYNTAX;
	value = getenv(source + 4);
	return value ? set(out, value, strlen(value)) : BJ_ERR_NOT_FOUND;
}

struct bj_bytes passphrase_view(const struct passphrase *passphrase)
{
	return passphrase->given ? bytes_of(passphrase->text, passphrase->len) : (struct bj_bytes){ 0 };
}

void passphrase_wipe(struct passphrase *passphrase)
{
	wipe(passphrase, sizeof(*passphrase));
}
