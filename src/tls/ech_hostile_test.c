/* ech_hostile_test.c - a server gets encrypted hellos that no client of ours sends; each breaks one rule. rfc9849:7 rfc9849:7.1 rfc9849:7.1.1 */
#include "crypto/rng_os.h"
#include "tls/ech.h"
#include "tls/ech_encode.h"
#include "tls/testkit.h"

#define PUBLIC_NAME "public.example"

static struct pki pki;
static struct bj_tls_config *server;
static struct bj_ech_key key;
static struct bj_tls *conn;
static struct hpke hpke;        /* of the client that is played here */
static struct kex_key share_key;

/* What to do wrong. A null or zero is right. */
struct wrong {
	const char *why;
	void (*inner)(struct client_hello *inner);
	void (*outer)(struct client_hello *outer);
	void (*encoded)(uint8_t *encoded, size_t *len);
	bool corrupt;         /* a byte of the payload */
	enum bj_err err;
	int alert;
};

static int group_setup(void **state)
{
	pki_make(&pki);
	assert_int_equal(kex_generate(&share_key, KEX_X25519, &rng_os), BJ_OK);
	return 0;
}

static int group_teardown(void **state)
{
	kex_fini(&share_key);
	pki_fini(&pki);
	return 0;
}

static int setup(void **state)
{
	const uint16_t groups[] = { KEX_X25519, KEX_P256 };

	server = pki_server_config(&pki, KEY_P256);
	assert_int_equal(bj_tls_config_groups(server, groups, 2), BJ_OK);
	assert_int_equal(bj_ech_key_generate(PUBLIC_NAME, 64, 7, NULL, &key), BJ_OK);
	return 0;
}

static int teardown(void **state)
{
	bj_tls_free(conn);
	conn = NULL;
	hpke_fini(&hpke);
	bj_tls_config_free(server);
	return 0;
}

static void begin(void)
{
	bj_tls_free(conn);
	hpke_fini(&hpke);
	assert_int_equal(bj_tls_config_freeze(server), BJ_OK);
	assert_int_equal(bj_tls_new(server, NULL, &conn), BJ_OK);
}

static void use_key(void)
{
	assert_int_equal(bj_tls_config_ech_key(server, key.config, key.config_len, key.private_key, key.private_len, true), BJ_OK);
}

/* ---- the hellos of the client */

static uint8_t shares[64], inner_random[RANDOM_LEN] = "an inner random of 32 bytes ....", outer_random[RANDOM_LEN] = "an outer random of 32 bytes ....";

/* `with_share`: else the server must ask for one. */
static struct client_hello base_hello(bool with_share)
{
	struct writer w = wr_make(shares, sizeof(shares));

	if (with_share)
		key_share_add(&w, KEX_X25519, kex_public(&share_key));
	return (struct client_hello){
		.legacy_version = VERSION_1_2,
		.session_id = BYTES_LIT("0123456789abcdef0123456789abcdef"),
		.suites = BYTES_LIT("\x13\x01"),
		.compression = bytes_of("", 1),
		.has = EXT_BIT(EXT_SUPPORTED_VERSIONS) | EXT_BIT(EXT_SUPPORTED_GROUPS) | EXT_BIT(EXT_KEY_SHARE) |
		       EXT_BIT(EXT_SIGNATURE_ALGORITHMS) | EXT_BIT(EXT_SERVER_NAME) | EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO),
		.versions = BYTES_LIT("\x03\x04"),
		.groups = BYTES_LIT("\0\x1d\0\x17"),
		.schemes = BYTES_LIT("\x04\x03\x08\x04"),
		.shares = wr_view(&w),
	};
}

/* Writes a hello that goes over the wire; returns its record. */
static struct bj_bytes make(const struct wrong *wrong, bool with_share, bool second)
{
	static uint8_t meant[4096], inner_bytes[4096], encoded[4096], zeros[4096], record[8192];
	static uint8_t info[8 + BJ_ECH_CONFIG_MAX] = "tls ech";
	struct client_hello inner = base_hello(with_share), outer = base_hello(with_share);
	struct writer m = wr_make(meant, sizeof(meant)), o = wr_make(record, sizeof(record)), i = wr_make(inner_bytes, sizeof(inner_bytes));
	struct writer e = wr_make(encoded, sizeof(encoded)), out = wr_make(record, sizeof(record));
	uint8_t enc[HPKE_PUBLIC_MAX];
	struct ech_config config;
	struct bj_bytes body, found;
	size_t enc_len = 0, len, mark;

	assert_int_equal(ech_config_parse(bytes_of(key.config, key.config_len), &config), BJ_OK);
	memcpy(info + 8, key.config, key.config_len);
	if (!second)
		assert_int_equal(hpke_send(&hpke, (struct hpke_suite){ HPKE_KEM_X25519, 1, 1 }, config.public_key, bytes_of(info, 8 + key.config_len),
					   &rng_os, enc, &enc_len), BJ_OK);
	inner.random = bytes_of(inner_random, RANDOM_LEN);
	inner.server_name = BYTES_LIT(PKI_NAME);
	inner.ech = (struct ech_hello){ .type = ECH_INNER };
	outer.random = bytes_of(outer_random, RANDOM_LEN);
	outer.server_name = BYTES_LIT(PUBLIC_NAME);
	outer.ech = (struct ech_hello){ .type = ECH_OUTER, .config_id = 7, .kdf = 1, .aead = 1, .enc = bytes_of(enc, enc_len) };
	if (wrong->inner)
		wrong->inner(&inner);
	client_hello_write(&m, &inner);
	client_hello_write(&o, &outer);
	assert_int_equal(ech_hello_split(wr_view(&m), wr_view(&o), &i, &e), BJ_OK);
	len = e.len;
	if (wrong->encoded)
		wrong->encoded(encoded, &len);
	if (wrong->outer)
		wrong->outer(&outer);
	outer.ech.payload = bytes_of(zeros, len + AEAD_TAG_LEN);
	wr_u8(&out, RECORD_HANDSHAKE);
	wr_u16(&out, VERSION_1_0);
	mark = wr_open(&out, 2);
	o = wr_make(record + 5, sizeof(record) - 5);
	client_hello_write(&o, &outer);
	assert_true(wr_ok(&o));
	out.len += o.len;
	wr_close(&out, mark, 2);
	body = bytes_of(record + 9, o.len - 4);
	assert_int_equal(hpke_seal(&hpke, body, bytes_of(encoded, len), encoded), BJ_OK);
	encoded[3] ^= wrong->corrupt;
	if (ech_hello_find(body, 0xfe0d, &found) && outer.ech.type == ECH_OUTER)
		memcpy((uint8_t *)found.ptr + found.len - len - AEAD_TAG_LEN, encoded, len + AEAD_TAG_LEN);
	return wr_view(&out);
}

static enum bj_err feed(struct bj_bytes record)
{
	static uint8_t wire[8192];
	struct bj_tls_fed fed;

	memcpy(wire, record.ptr, record.len);
	return bj_tls_feed(conn, NOW_MS, wire, record.len, &fed);
}

static struct bj_tls_report report(void)
{
	struct bj_tls_report r;

	bj_tls_report(conn, &r);
	return r;
}

static void expect(const struct wrong *wrong, enum bj_err err)
{
	if (err != wrong->err || report().alert_sent != wrong->alert)
		fail_msg("%s: %s, alert %d", wrong->why, bj_err_name(err), report().alert_sent);
}

/* ---- what is wrong */

static void offers_12_too(struct client_hello *h) { h->versions = BYTES_LIT("\x03\x04\x03\x03"); }
static void offers_11_too(struct client_hello *h) { h->versions = BYTES_LIT("\x03\x02\x03\x04"); }
static void offers_no_13(struct client_hello *h) { h->versions = BYTES_LIT("\x7f\x1c"); }
static void names_no_versions(struct client_hello *h) { h->has &= ~EXT_BIT(EXT_SUPPORTED_VERSIONS); }
static void is_not_marked(struct client_hello *h) { h->has &= ~EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO); }
static void is_outer(struct client_hello *h) { h->ech = (struct ech_hello){ ECH_OUTER, 7, 1, 1, BYTES_LIT("enc"), BYTES_LIT("payload") }; }
static void is_inner(struct client_hello *h) { h->ech = (struct ech_hello){ .type = ECH_INNER }; }
static void has_no_ech(struct client_hello *h) { h->has &= ~EXT_BIT(EXT_ENCRYPTED_CLIENT_HELLO); }
static void has_no_groups(struct client_hello *h) { h->has &= ~EXT_BIT(EXT_SUPPORTED_GROUPS); }
static void other_id(struct client_hello *h) { h->ech.config_id = 8; }
static void other_kdf(struct client_hello *h) { h->ech.kdf = 2; }
static void other_aead(struct client_hello *h) { h->ech.aead = 3; }
static void short_enc(struct client_hello *h) { h->ech.enc.len = 31; }
static void has_enc(struct client_hello *h) { h->ech.enc = BYTES_LIT("0123456789abcdef0123456789abcdef"); }
static void other_name(struct client_hello *h) { h->server_name = BYTES_LIT("other.example"); }
static void other_outer_name(struct client_hello *h) { h->server_name = BYTES_LIT("other.public.example"); }

static void padding_of_ones(uint8_t *encoded, size_t *len)
{
	encoded[(*len)++] = 0;
	encoded[(*len)++] = 1;
}
static void cut(uint8_t *encoded, size_t *len)
{
	*len -= 1;
}
static void nothing_inside(uint8_t *encoded, size_t *len)
{
	*len = 0;
}
static void padding(uint8_t *encoded, size_t *len)
{
	memset(encoded + *len, 0, 100);
	*len += 100;
}

/* ---- the tests */

static void inner_hellos_that_break_a_rule_end_the_connection(void **state)
{
	static const struct wrong rows[] = {
		{ .why = "TLS 1.2", .inner = offers_12_too, .err = BJ_ERR_ECH_INNER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "TLS 1.1", .inner = offers_11_too, .err = BJ_ERR_ECH_INNER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "no TLS 1.3", .inner = offers_no_13, .err = BJ_ERR_ECH_INNER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "no versions", .inner = names_no_versions, .err = BJ_ERR_ECH_INNER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "no mark", .inner = is_not_marked, .err = BJ_ERR_ECH_INNER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "an outer mark", .inner = is_outer, .err = BJ_ERR_ECH_INNER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "padding", .encoded = padding_of_ones, .err = BJ_ERR_ECH_INNER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "a reference to what is not there", .outer = has_no_groups, .err = BJ_ERR_ECH_INNER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "cut", .encoded = cut, .err = BJ_ERR_DECODE, .alert = ALERT_DECODE_ERROR },
		{ .why = "nothing", .encoded = nothing_inside, .err = BJ_ERR_DECODE, .alert = ALERT_DECODE_ERROR },
	};

	use_key();
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		begin();
		expect(&rows[i], feed(make(&rows[i], true, false)));
	}
}

/* rfc9849:7.1: the outer hello counts; no alert says that anything was wrong. */
static void what_does_not_open_is_no_failure(void **state)
{
	static const struct wrong rows[] = {
		{ .why = "another id", .outer = other_id, .alert = -1 },
		{ .why = "another KDF", .outer = other_kdf, .alert = -1 },
		{ .why = "another AEAD", .outer = other_aead, .alert = -1 },
		{ .why = "a short key", .outer = short_enc, .alert = -1 },
		{ .why = "a wrong key", .outer = has_enc, .alert = -1 },
		{ .why = "a changed payload", .corrupt = true, .alert = -1 },
	};

	use_key();
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		begin();
		expect(&rows[i], feed(make(&rows[i], true, false)));
		assert_int_equal(report().ech, BJ_TLS_ECH_REJECTED);
		assert_string_equal(report().server_name, PUBLIC_NAME);
	}
}

/* The AAD is the whole outer hello: rfc9849:5.2. Here it is what the client sealed over, so it opens. */
static void what_opens_counts_whatever_else_the_outer_hello_says(void **state)
{
	static const struct wrong rows[] = {
		{ .why = "nothing", .alert = -1 },
		{ .why = "padding", .encoded = padding, .alert = -1 },
		{ .why = "another outer name", .outer = other_outer_name, .alert = -1 },
	};

	use_key();
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		begin();
		expect(&rows[i], feed(make(&rows[i], true, false)));
		assert_int_equal(report().ech, BJ_TLS_ECH_ACCEPTED);
		assert_string_equal(report().server_name, PKI_NAME);
	}
}

static void an_outer_hello_that_was_changed_on_the_way_does_not_open(void **state)
{
	static const struct wrong right = { .why = "nothing" };
	uint8_t changed[8192];
	struct bj_bytes record;

	use_key();
	begin();
	record = make(&right, true, false);
	memcpy(changed, record.ptr, record.len);
	changed[5 + 4 + 2 + 5] ^= 1; /* its random */
	assert_int_equal(feed(bytes_of(changed, record.len)), BJ_OK);
	assert_int_equal(report().ech, BJ_TLS_ECH_REJECTED);
}

static void second_hellos_that_break_a_rule_end_the_connection(void **state)
{
	static const struct wrong right = { .why = "nothing" }, rows[] = {
		{ .why = "no extension", .outer = has_no_ech, .err = BJ_ERR_MISSING_EXTENSION, .alert = ALERT_MISSING_EXTENSION },
		{ .why = "an inner mark", .outer = is_inner, .err = BJ_ERR_ILLEGAL_PARAMETER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "another id", .outer = other_id, .err = BJ_ERR_ILLEGAL_PARAMETER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "another KDF", .outer = other_kdf, .err = BJ_ERR_ILLEGAL_PARAMETER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "another AEAD", .outer = other_aead, .err = BJ_ERR_ILLEGAL_PARAMETER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "a key", .outer = has_enc, .err = BJ_ERR_ILLEGAL_PARAMETER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "a changed payload", .corrupt = true, .err = BJ_ERR_ECH_DECRYPT, .alert = ALERT_DECRYPT_ERROR },
		{ .why = "no inner mark", .inner = is_not_marked, .err = BJ_ERR_ECH_INNER, .alert = ALERT_ILLEGAL_PARAMETER },
		{ .why = "another name inside", .inner = other_name, .err = BJ_ERR_BAD_RETRY, .alert = ALERT_ILLEGAL_PARAMETER },
	};

	use_key();
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		begin();
		assert_int_equal(feed(make(&right, false, false)), BJ_OK);
		assert_true(report().retried);
		assert_int_equal(report().ech, BJ_TLS_ECH_ACCEPTED);
		expect(&rows[i], feed(make(&rows[i], true, true)));
	}
	begin();
	assert_int_equal(feed(make(&right, false, false)), BJ_OK);
	assert_int_equal(feed(make(&right, true, true)), BJ_OK);
}

/* rfc9849:7.1.1: the second payload is not even looked at. */
static void a_second_hello_is_not_opened_where_the_first_was_not(void **state)
{
	static const struct wrong first = { .why = "a changed payload", .corrupt = true, .alert = -1 }, second = { .why = "nothing", .alert = -1 };

	use_key();
	begin();
	expect(&first, feed(make(&first, false, false)));
	expect(&second, feed(make(&second, true, true)));
	assert_int_equal(report().ech, BJ_TLS_ECH_REJECTED);
	assert_string_equal(report().server_name, PUBLIC_NAME);
}

/* rfc9849:7: a server with keys never gets one from the network; one without is behind such a server. */
static void a_hello_that_says_it_is_inside_is_refused_or_confirmed(void **state)
{
	static const struct wrong refused = { .why = "with keys", .outer = is_inner, .err = BJ_ERR_ILLEGAL_PARAMETER, .alert = ALERT_ILLEGAL_PARAMETER };
	static const struct wrong taken = { .why = "without keys", .outer = is_inner, .alert = -1 };

	begin();
	expect(&taken, feed(make(&taken, true, false)));
	assert_int_equal(report().ech, BJ_TLS_ECH_ACCEPTED);
	teardown(NULL);
	setup(NULL);
	use_key();
	begin();
	expect(&refused, feed(make(&refused, true, false)));
}

/* rfc9849:7.2: then 1.2 is chosen as without, with its mark against downgrades. */
static void under_12_nothing_is_confirmed(void **state)
{
	static const struct wrong taken = { .why = "1.2", .outer = is_inner, .alert = -1 };
	uint8_t out[4096];
	size_t len;

	assert_int_equal(bj_tls_config_versions(server, BJ_TLS_1_2, BJ_TLS_1_2), BJ_OK);
	begin();
	assert_int_equal(feed(make(&taken, true, false)), BJ_ERR_BAD_VERSION);
	assert_int_equal(report().ech, BJ_TLS_ECH_NONE);
	len = bj_tls_pull(conn, out, sizeof(out));
	assert_int_equal(len, 7); /* an alert alone */
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(inner_hellos_that_break_a_rule_end_the_connection),
		T(what_does_not_open_is_no_failure),
		T(what_opens_counts_whatever_else_the_outer_hello_says),
		T(an_outer_hello_that_was_changed_on_the_way_does_not_open),
		T(second_hellos_that_break_a_rule_end_the_connection),
		T(a_second_hello_is_not_opened_where_the_first_was_not),
		T(a_hello_that_says_it_is_inside_is_refused_or_confirmed),
		T(under_12_nothing_is_confirmed),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
