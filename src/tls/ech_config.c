/* ech_config.c - reads, judges and makes configurations of Encrypted ClientHello.
 *
 * Implements   rfc9849:4 rfc9849:4.1 rfc9849:4.2 rfc9849:6.1.7
 */
#include "tls/ech_config.h"

#include <stdlib.h>

#include <bojagi/tls.h>

#include "base/writer.h"
#include "crypto/rng_os.h"

#define MANDATORY 0x8000
#define LABEL_MAX 63

/* ---- reading */

/* Extensions are all unknown to us; but none may stand twice, and of a mandatory one it matters that it is there. rfc9849:4.2 */
static void extensions_read(struct reader *r, struct ech_config *config)
{
	struct reader list = rd_vec(r, 2);
	uint16_t seen[ECH_CONFIG_EXTENSION_MAX];

	for (size_t count = 0; rd_more(&list); count++) {
		uint16_t type = rd_u16(&list);

		(void)rd_vec_bytes(&list, 2);
		for (size_t i = 0; i < count && !list.bad; i++)
			if (seen[i] == type)
				rd_fail(&list);
		if (list.bad || count == ECH_CONFIG_EXTENSION_MAX) {
			rd_fail(&list);
			break;
		}
		seen[count] = type;
		config->has_mandatory |= type & MANDATORY;
	}
	rd_close(r, &list);
}

static bool contents_read(struct reader *r, struct ech_config *config)
{
	config->config_id = rd_u8(r);
	config->kem = rd_u16(r);
	config->public_key = rd_vec_bytes(r, 2);
	config->suites = rd_vec_bytes(r, 2);
	config->maximum_name_length = rd_u8(r);
	config->public_name = rd_vec_bytes(r, 1);
	extensions_read(r, config);
	return rd_end(r) && config->public_key.len > 0 && config->suites.len > 0 && config->suites.len % 4 == 0 && config->public_name.len > 0;
}

bool ech_config_next(struct reader *list, struct ech_config *out)
{
	struct ech_config config = { 0 };
	const uint8_t *start = list->ptr;
	struct reader contents;

	if (!rd_more(list))
		return false;
	config.version = rd_u16(list);
	contents = rd_vec(list, 2);
	if (list->bad)
		return false;
	config.raw = bytes_of(start, (size_t)(list->ptr - start));
	if (config.version == ECH_VERSION && !contents_read(&contents, &config)) {
		rd_fail(list);
		return false;
	}
	*out = config;
	return true;
}

enum bj_err ech_config_parse(struct bj_bytes raw, struct ech_config *out)
{
	struct reader r = rd_of(raw);
	struct ech_config config;

	if (!ech_config_next(&r, &config) || !rd_end(&r) || config.version != ECH_VERSION)
		return BJ_ERR_ECH_CONFIG;
	*out = config;
	return BJ_OK;
}

static bool list_open(struct bj_bytes list, struct reader *out)
{
	struct reader r = rd_of(list);

	*out = rd_vec(&r, 2);
	return rd_end(&r) && rd_more(out);
}

enum bj_err ech_config_list_check(struct bj_bytes list)
{
	struct ech_config config;
	struct reader r;

	if (!list_open(list, &r))
		return BJ_ERR_ECH_CONFIG;
	while (ech_config_next(&r, &config))
		;
	return rd_end(&r) ? BJ_OK : BJ_ERR_ECH_CONFIG;
}

/* ---- judging */

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* A last label of digits, or of "0x" and hexadecimal digits, is how an IPv4 address may end. */
static bool is_number(struct bj_bytes label)
{
	bool digits = true, hex = label.len >= 2 && label.ptr[0] == '0' && (label.ptr[1] | 0x20) == 'x';

	for (size_t i = 0; i < label.len; i++) {
		digits &= is_digit(label.ptr[i]);
		hex &= i < 2 || is_hex(label.ptr[i]);
	}
	return digits || hex;
}

static bool label_is_good(struct bj_bytes label)
{
	if (label.len == 0 || label.len > LABEL_MAX || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_letter(label.ptr[i]) && !is_digit(label.ptr[i]) && label.ptr[i] != '-')
			return false;
	return true;
}

bool ech_public_name_is_good(struct bj_bytes name)
{
	struct bj_bytes label = { name.ptr, 0 };

	if (name.len == 0 || name.len > ECH_PUBLIC_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] != '.') {
			label.len++;
			continue;
		}
		if (!label_is_good(label))
			return false;
		label = bytes_of(name.ptr + i + 1, 0);
	}
	return label_is_good(label) && !is_number(label);
}

bool ech_config_allows(const struct ech_config *config, struct hpke_suite suite)
{
	struct reader r = rd_of(config->suites);

	while (rd_more(&r)) {
		uint16_t kdf = rd_u16(&r), aead = rd_u16(&r);

		if (kdf == suite.kdf && aead == suite.aead)
			return suite.kem == config->kem && hpke_suite_known(suite);
	}
	return false;
}

static bool suite_choose(const struct ech_config *config, struct hpke_suite *out)
{
	struct reader r = rd_of(config->suites);

	while (rd_more(&r)) {
		struct hpke_suite suite = { .kem = config->kem };

		suite.kdf = rd_u16(&r);
		suite.aead = rd_u16(&r);
		if (hpke_suite_known(suite)) {
			*out = suite;
			return true;
		}
	}
	return false;
}

enum bj_err ech_config_choose(struct bj_bytes list, struct ech_config *out, struct hpke_suite *out_suite)
{
	enum bj_err err = ech_config_list_check(list);
	struct ech_config config;
	struct reader r;

	if (err)
		return err;
	(void)list_open(list, &r);
	for (size_t i = 0; i < ECH_CONFIG_LIST_MAX && ech_config_next(&r, &config); i++) {
		if (config.version != ECH_VERSION || config.has_mandatory || config.public_key.len != hpke_public_len(config.kem) ||
		    !ech_public_name_is_good(config.public_name) || !suite_choose(&config, out_suite))
			continue;
		*out = config;
		return BJ_OK;
	}
	return BJ_ERR_NOT_FOUND;
}

/* ---- making */

static void config_write(struct writer *w, uint8_t config_id, struct bj_bytes public_key, unsigned maximum_name_length, struct bj_bytes public_name)
{
	static const uint16_t aeads[] = { HPKE_AEAD_AES_128_GCM, HPKE_AEAD_AES_256_GCM, HPKE_AEAD_CHACHA20_POLY1305 };
	size_t contents, suites;

	wr_u16(w, ECH_VERSION);
	contents = wr_open(w, 2);
	wr_u8(w, config_id);
	wr_u16(w, HPKE_KEM_X25519);
	wr_vec(w, public_key, 2);
	suites = wr_open(w, 2);
	for (size_t i = 0; i < ARRAY_COUNT(aeads); i++) {
		wr_u16(w, HPKE_KDF_SHA256);
		wr_u16(w, aeads[i]);
	}
	wr_close(w, suites, 2);
	wr_u8(w, (uint8_t)maximum_name_length);
	wr_vec(w, public_name, 1);
	wr_u16(w, 0); /* no extensions */
	wr_close(w, contents, 2);
}

BJ_API enum bj_err bj_ech_key_generate(const char *public_name, unsigned maximum_name_length, int config_id, const struct bj_rng *rng,
				       struct bj_ech_key *out)
{
	struct bj_ech_key made = { 0 };
	struct writer w = wr_make(made.config, sizeof(made.config));
	struct kex_key key = { 0 };
	struct secret private = { 0 };
	uint8_t id = (uint8_t)config_id;
	enum bj_err err = BJ_OK;

	if (!public_name || !out || maximum_name_length > 255 || config_id < -1 || config_id > 255)
		return BJ_ERR_ARGUMENT;
	if (!ech_public_name_is_good(bytes_text(public_name)))
		return BJ_ERR_CONFIG_BAD_NAME;
	if (!rng)
		rng = &rng_os;
	if (config_id < 0)
		err = rng_fill(rng, &id, 1);
	if (!err)
		err = hpke_private_generate(HPKE_KEM_X25519, rng, &private);
	if (!err)
		err = hpke_private_load(HPKE_KEM_X25519, secret_view(&private), &key);
	if (!err) {
		config_write(&w, id, kex_public(&key), maximum_name_length, bytes_text(public_name));
		check(wr_ok(&w));
		made.config_len = w.len;
		made.private_len = private.len;
		memcpy(made.private_key, private.bytes, private.len);
		*out = made;
	}
	kex_fini(&key);
	secret_wipe(&private);
	wipe(&made, sizeof(made));
	return err;
}

BJ_API enum bj_err bj_ech_config_list(const struct bj_ech_key *keys, size_t count, void *out, size_t cap, size_t *out_len)
{
	struct writer w = wr_make(out, cap);
	size_t list = wr_open(&w, 2);

	if (!keys || count == 0 || !out || !out_len)
		return BJ_ERR_ARGUMENT;
	for (size_t i = 0; i < count; i++) {
		if (keys[i].config_len > sizeof(keys[i].config))
			return BJ_ERR_ARGUMENT;
		wr_raw(&w, keys[i].config, keys[i].config_len);
	}
	wr_close(&w, list, 2);
	if (!wr_ok(&w))
		return BJ_ERR_SPACE;
	*out_len = w.len;
	return BJ_OK;
}
