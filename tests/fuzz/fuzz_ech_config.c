/* fuzz_ech_config.c - lists of Encrypted ClientHello configurations: what is chosen stands in the list, and can be encrypted to. */
#include "base/check.h"
#include "tls/ech_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bj_bytes list = bytes_of(data, size);
	struct ech_config config, again;
	struct hpke_suite suite;
	enum bj_err err = ech_config_list_check(list), chosen = ech_config_choose(list, &config, &suite);
	size_t count = 0;
	struct reader r;

	check((err == BJ_OK) == (chosen != BJ_ERR_ECH_CONFIG));
	if (err)
		return 0;
	r = rd_make(data + 2, size - 2);
	while (ech_config_next(&r, &again)) {
		count++;
		check(again.raw.len >= 4 && again.raw.ptr >= data && again.raw.ptr + again.raw.len <= data + size);
	}
	check(rd_end(&r) && count > 0);
	if (chosen)
		return 0;
	check(ech_config_allows(&config, suite) && !config.has_mandatory && ech_public_name_is_good(config.public_name));
	check(config.public_key.len == hpke_public_len(suite.kem));
	check(ech_config_parse(config.raw, &again) == BJ_OK && bytes_equal(again.public_name, config.public_name));
	return 0;
}
