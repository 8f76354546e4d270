/* credential_file.c - a chain and its key from files: bj_credential_from_files(). Texts that may hold a key are wiped. */
#include <bojagi/x509.h>

#include "host/file.h"

BJ_API enum bj_err bj_credential_from_files(const char *chain_path, const char *key_path, struct bj_credential **out)
{
	struct file_bytes chain = { 0 }, key = { 0 };
	enum bj_err err = file_read(chain_path, FILE_CREDENTIAL_MAX, &chain);

	if (!err && key_path)
		err = file_read(key_path, FILE_CREDENTIAL_MAX, &key);
	if (!err)
		err = bj_credential_from_pem(chain.ptr, chain.len, key.ptr, key.len, out);
	file_bytes_free(&chain);
	file_bytes_free(&key);
	return err;
}
