/* crl_file.c - revocation lists from files: bj_crls_add_file(). */
#include <bojagi/x509.h>

#include "host/file.h"

BJ_API enum bj_err bj_crls_add_file(struct bj_crls *crls, const char *path, size_t *out_count)
{
	struct file_bytes f;
	enum bj_err err = file_read(path, FILE_PEM_MAX, &f);

	if (err)
		return err;
	if (file_is_der(&f)) {
		err = bj_crls_add_der(crls, f.ptr, f.len);
		if (out_count)
			*out_count = !err;
	} else {
		err = bj_crls_add_pem(crls, f.ptr, f.len, out_count);
	}
	file_bytes_free(&f);
	return err;
}
