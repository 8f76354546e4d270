/* mlkem.c - ML-KEM: lengths, checks, and the choice of the code that suits the processor.
 *
 * The work is in mlkem_core.c, which is compiled once for each level of vector instructions.
 *
 * Implements   FIPS 203, sections 7 and 8
 */
#include "crypto/mlkem.h"

#include "crypto/mlkem_core.h"

static const struct {
	struct mlkem_params params;
	uint16_t ek_len, dk_len, ct_len;
} sets[] = {
	[MLKEM_768] = { { 3, 10, 4 }, MLKEM_768_EK_LEN, MLKEM_768_DK_LEN, MLKEM_768_CT_LEN },
	[MLKEM_1024] = { { 4, 11, 5 }, MLKEM_EK_MAX, MLKEM_DK_MAX, MLKEM_CT_MAX },
};

static const struct mlkem_core *core(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("bmi2"))
		return &mlkem_core_avx512;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
		return &mlkem_core_avx2;
#endif
	return &mlkem_core_plain;
}

size_t mlkem_ek_len(enum mlkem_set set)
{
	return sets[set].ek_len;
}

size_t mlkem_dk_len(enum mlkem_set set)
{
	return sets[set].dk_len;
}

size_t mlkem_ct_len(enum mlkem_set set)
{
	return sets[set].ct_len;
}

void mlkem_keygen(enum mlkem_set set, const uint8_t seed[MLKEM_SEED_LEN], uint8_t *out_ek, uint8_t *out_dk)
{
	core()->keygen(&sets[set].params, seed, out_ek, out_dk);
}

enum bj_err mlkem_encaps(enum mlkem_set set, struct bj_bytes ek, const uint8_t random[MLKEM_RANDOM_LEN], uint8_t *out_ct,
			 struct secret *out)
{
	if (ek.len != sets[set].ek_len || !core()->ek_good(&sets[set].params, ek.ptr))
		return BJ_ERR_BAD_KEY_SHARE;
	core()->encaps(&sets[set].params, ek.ptr, random, out_ct, out->bytes);
	out->len = MLKEM_SECRET_LEN;
	return BJ_OK;
}

enum bj_err mlkem_decaps(enum mlkem_set set, struct bj_bytes dk, struct bj_bytes ct, struct secret *out)
{
	check(dk.len == sets[set].dk_len);
	if (ct.len != sets[set].ct_len)
		return BJ_ERR_BAD_KEY_SHARE;
	core()->decaps(&sets[set].params, dk.ptr, ct.ptr, out->bytes);
	out->len = MLKEM_SECRET_LEN;
	return BJ_OK;
}

enum bj_err mlkem_dk_check(enum mlkem_set set, struct bj_bytes dk)
{
	if (dk.len != sets[set].dk_len || !core()->dk_good(&sets[set].params, dk.ptr))
		return BJ_ERR_KEY_FORMAT;
	return BJ_OK;
}
