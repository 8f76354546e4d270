/* version.c - names of versions. */
#include "tls/version.h"

BJ_API const char *bj_tls_version_name(uint16_t version)
{
	switch (version) {
	case VERSION_1_3:
		return "TLSv1.3";
	case VERSION_1_2:
		return "TLSv1.2";
	case VERSION_1_1:
		return "TLSv1.1";
	case VERSION_1_0:
		return "TLSv1";
	case 0x0300:
		return "SSLv3";
	default:
		return "unknown";
	}
}
