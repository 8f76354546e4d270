/* exit_code.c - which exit code a failure has. */
#include "cli/command.h"

enum exit_code exit_of_err(enum bj_err err)
{
	switch (err) {
	case BJ_OK:
		return EXIT_GOOD;
	case BJ_ERR_ARGUMENT:
	case BJ_ERR_SYNTAX:
	case BJ_ERR_FILE_EXISTS:
		return EXIT_USAGE;
	case BJ_ERR_IO_NAME:
		return EXIT_NAME;
	case BJ_ERR_IO_REFUSED:
	case BJ_ERR_IO_UNREACHABLE:
		return EXIT_REFUSED;
	case BJ_ERR_IO_TIMEOUT:
		return EXIT_TIMEOUT;
	case BJ_ERR_FILE_KIND:
		return EXIT_OWN_CERTIFICATE;
	case BJ_ERR_CERT_PIN:
		return EXIT_PIN;
	case BJ_ERR_CERT_REVOCATION_UNKNOWN:
	case BJ_ERR_CERT_STAPLE_MISSING:
	case BJ_ERR_OCSP:
		return EXIT_OCSP;
	case BJ_ERR_CERTIFICATE_REQUIRED:
		return EXIT_CLIENT_CERTIFICATE;
	case BJ_ERR_IO:
	case BJ_ERR_IO_RESET:
	case BJ_ERR_TRUNCATED:
		return EXIT_BROKE;
	default:
		break;
	}
	if (err >= 100 && err < 160)
		return EXIT_HANDSHAKE;
	if (err >= 160 && err < 200)
		return EXIT_USAGE;
	if (err >= 200 && err < 300)
		return EXIT_NOT_TRUSTED;
	if (err >= 300 && err < 310)
		return EXIT_OWN_CERTIFICATE;
	if (err >= 310 && err < 320)
		return EXIT_USAGE;
	return EXIT_INTERNAL;
}
