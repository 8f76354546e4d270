/* group.c - the table of key exchange groups. */
#include "tls/group.h"

const struct group group_table[GROUP_COUNT] = {
	{ KEX_X25519MLKEM768, "X25519MLKEM768", false, true },
	{ KEX_X25519, "X25519", true, true },
	{ KEX_SECP256R1MLKEM768, "SecP256r1MLKEM768", false, true },
	{ KEX_P256, "secp256r1", true, true },
	{ KEX_P384, "secp384r1", true, true },
	{ KEX_P521, "secp521r1", true, true },
	{ KEX_MLKEM1024, "MLKEM1024", false, false }, /* no curve stands in for ML-KEM if that falls: who takes it says so */
};

const struct group *group_find(uint16_t code)
{
	for (size_t i = 0; i < GROUP_COUNT; i++)
		if (group_table[i].code == code)
			return &group_table[i];
	return NULL;
}

BJ_API const char *bj_tls_group_name(uint16_t group)
{
	const struct group *row = group_find(group);

	return row ? row->name : "unknown";
}

BJ_API uint16_t bj_tls_group_by_name(const char *name)
{
	for (size_t i = 0; name && i < GROUP_COUNT; i++)
		if (strcmp(group_table[i].name, name) == 0)
			return group_table[i].code;
	return 0;
}
