/* rfc8448_test.c - the published traces of TLS 1.3, replayed step by step and value by value.
 *
 * Every step of a trace that carries values is made by our own code from what came before it and compared: key pairs, the
 * transcript, each secret, each traffic key, Finished and binder, and every record, sealed by one side and opened by
 * the other. Steps that only repeat another one have no values to compare.
 */
#include "base/test.h"

#include "crypto/hkdf.h"
#include "crypto/kex.h"
#include "support/json.h"
#include "support/vectors.h"
#include "tls/key_schedule.h"
#include "tls/msg/certificate.h"
#include "tls/msg/certificate_request.h"
#include "tls/msg/certificate_verify.h"
#include "tls/msg/client_hello.h"
#include "tls/msg/encrypted_extensions.h"
#include "tls/msg/end_of_early_data.h"
#include "tls/msg/finished.h"
#include "tls/msg/new_session_ticket.h"
#include "tls/msg/server_hello.h"
#include "tls/transcript.h"

#define SUITE_OF_ALL 0x1301 /* TLS_AES_128_GCM_SHA256 in every trace */
#define ALG HASH_SHA256
#define SHARES_MAX 4

enum { CLIENT, SERVER };

struct replay {
	struct transcript transcript;
	struct ks_early early;
	struct ks_handshake hs;
	struct ks_master master;
	struct secret hs_traffic[2], ap_traffic[2], early_traffic, resumption;
	struct record_keys write[2], read[2]; /* read[X]: what X opens its peer's records with */
	struct kex_key keys[SHARES_MAX];
	int key_of[SHARES_MAX];
	size_t key_count;
	uint32_t offered;
	size_t compared; /* steps with values that were made anew */
};

static struct bj_bytes hex(const struct json *fields, const char *name)
{
	static uint8_t *kept[16]; /* the last 16 stay good */
	static size_t at;
	size_t len;

	at = (at + 1) % 16;
	free(kept[at]);
	kept[at] = json_get_hex(fields, name, &len);
	return bytes_of(kept[at], len);
}

static void assert_bytes(struct bj_bytes got, struct bj_bytes want)
{
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.ptr, want.ptr, want.len);
}

/* Does the keyed state hold this secret? */
static void assert_keyed(const struct hmac_key *key, struct bj_bytes secret)
{
	struct hmac_key want;
	uint8_t a[HASH_MAX], b[HASH_MAX];

	hmac_key_init(&want, ALG, secret);
	assert_int_equal(hmac_once(key, BYTES_LIT("probe"), a), hmac_once(&want, BYTES_LIT("probe"), b));
	assert_memory_equal(a, b, hash_len(ALG));
}

static struct bj_bytes transcript_now(const struct replay *r, struct bj_bytes tail)
{
	static uint8_t hash[HASH_MAX];

	return bytes_of(hash, transcript_peek_with(&r->transcript, ALG, tail, hash));
}

/* ---- the steps */

static enum bj_err fill_from(void *self, uint8_t *out, size_t len)
{
	struct bj_bytes *from = (struct bj_bytes *)self;

	if (len > from->len)
		return BJ_ERR_RANDOM;
	memcpy(out, from->ptr, len);
	return BJ_OK;
}

static void create_key_pair(struct replay *r, int actor, const char *label, const struct json *fields)
{
	struct bj_bytes private = hex(fields, "private key");
	struct bj_rng rng = { fill_from, &private };
	struct kex_key *key = &r->keys[r->key_count];

	assert_true(r->key_count < SHARES_MAX);
	r->key_of[r->key_count++] = actor;
	assert_int_equal(kex_generate(key, strcmp(label, "x25519") == 0 ? KEX_X25519 : KEX_P256, &rng), BJ_OK);
	assert_bytes(bytes_of(key->public_bytes, key->public_len), hex(fields, "public key"));
}

static void add(struct replay *r, struct bj_bytes message)
{
	assert_int_equal(transcript_add(&r->transcript, message), BJ_OK);
}

static void take_client_hello(struct replay *r, const struct message *m)
{
	struct client_hello hello;

	assert_int_equal(client_hello_parse(m->body, &hello), BJ_OK);
	assert_true(client_hello_offers(&hello, VERSION_1_3));
	assert_true(codes_have(hello.suites, SUITE_OF_ALL));
	r->offered = hello.has;
	add(r, m->whole);
}

static void take_server_hello(struct replay *r, const struct message *m)
{
	struct server_hello hello;

	assert_int_equal(server_hello_parse(m->body, r->offered, &hello), BJ_OK);
	assert_int_equal(hello.version, VERSION_1_3);
	assert_int_equal(hello.suite, SUITE_OF_ALL);
	assert_int_equal(transcript_choose(&r->transcript, ALG, false), BJ_OK);
	if (hello.is_retry)
		transcript_retry(&r->transcript);
	add(r, m->whole);
}

static void construct_message(struct replay *r, int actor, const char *label, const struct json *fields)
{
	struct message m;
	size_t need;

	if (strcmp(label, "ClientHello") == 0)
		return; /* perhaps without its binders yet: it is taken when it is sent */
	assert_true(message_take(hex(fields, label), &m, &need));
	assert_string_equal(message_name(m.type), label);
	switch (m.type) {
	case MSG_SERVER_HELLO:
		take_server_hello(r, &m);
		return;
	case MSG_ENCRYPTED_EXTENSIONS: {
		struct encrypted_extensions ee;

		assert_int_equal(encrypted_extensions_parse(m.body, r->offered, &ee), BJ_OK);
		break;
	}
	case MSG_CERTIFICATE_REQUEST: {
		struct certificate_request cr;

		assert_int_equal(certificate_request_parse(m.body, &cr), BJ_OK);
		break;
	}
	case MSG_CERTIFICATE: {
		struct certificate cert;

		assert_int_equal(certificate_parse(m.body, r->offered, &cert), BJ_OK);
		assert_int_equal(cert.count, 1);
		break;
	}
	case MSG_CERTIFICATE_VERIFY: {
		struct certificate_verify cv;

		assert_int_equal(certificate_verify_parse(m.body, &cv), BJ_OK);
		break;
	}
	case MSG_FINISHED: {
		struct bj_bytes verify_data;

		assert_int_equal(finished_parse(m.body, hash_len(ALG), &verify_data), BJ_OK);
		break;
	}
	case MSG_END_OF_EARLY_DATA:
		assert_int_equal(end_of_early_data_parse(m.body), BJ_OK);
		break;
	case MSG_NEW_SESSION_TICKET: {
		struct new_session_ticket nst;

		assert_int_equal(new_session_ticket_parse(m.body, &nst), BJ_OK);
		assert_int_equal(nst.lifetime_s, 30);
		return; /* not of the handshake's transcript */
	}
	default:
		fail_msg("no reader for %s", label);
	}
	add(r, m.whole);
}

static void extract_secret(struct replay *r, const char *label, const struct json *fields)
{
	struct bj_bytes ikm = hex(fields, "IKM"), secret = hex(fields, "secret"), salt = hex(fields, "salt");
	struct secret got;

	hkdf_extract(ALG, salt, ikm, &got);
	assert_bytes(secret_view(&got), secret);
	if (strcmp(label, "early") == 0) {
		bool has_psk = !ct_is_zero(ikm.ptr, ikm.len);

		ks_early_init(&r->early, ALG, has_psk ? ikm : (struct bj_bytes){ 0 });
		if (has_psk)
			assert_keyed(&r->early.prk, secret);
	} else if (strcmp(label, "handshake") == 0) {
		struct secret shared = { 0 };
		const struct kex_key *own = NULL, *peer = NULL;

		for (size_t i = 0; i < r->key_count; i++)
			*(r->key_of[i] == CLIENT ? &own : &peer) = &r->keys[i]; /* the last of each: behind a retry the second */
		assert_int_equal(kex_derive(own, bytes_of(peer->public_bytes, peer->public_len), &shared), BJ_OK);
		assert_bytes(secret_view(&shared), ikm);
		ks_handshake_from(&r->hs, &r->early, secret_view(&shared));
		assert_keyed(&r->hs.prk, secret);
		assert_true(ct_is_zero(&r->early, sizeof(r->early)));
	} else {
		ks_master_from(&r->master, &r->hs);
		assert_keyed(&r->master.prk, secret);
		assert_true(ct_is_zero(&r->hs, sizeof(r->hs)));
	}
}

static void derive_secret(struct replay *r, const char *label, const struct json *fields)
{
	struct bj_bytes want = hex(fields, "expanded"), hash = hex(fields, "hash");
	struct hmac_key prk;
	struct secret made = { 0 };

	/* HKDF-Expand-Label by itself */
	hmac_key_init(&prk, ALG, hex(fields, "PRK"));
	made.len = (uint8_t)want.len;
	ks_expand_label(&prk, bytes_text(label + strlen("tls13 ")), hash, made.bytes, want.len);
	assert_bytes(secret_view(&made), want);
	if (strcmp(label, "tls13 derived") == 0)
		return;
	/* and the stage over our own transcript */
	assert_bytes(transcript_now(r, (struct bj_bytes){ 0 }), hash);
	if (strcmp(label, "tls13 c hs traffic") == 0 || strcmp(label, "tls13 s hs traffic") == 0) {
		ks_handshake_traffic(&r->hs, hash, &r->hs_traffic[CLIENT], &r->hs_traffic[SERVER]);
		made = r->hs_traffic[label[6] == 'c' ? CLIENT : SERVER];
	} else if (strcmp(label, "tls13 c ap traffic") == 0 || strcmp(label, "tls13 s ap traffic") == 0) {
		ks_master_traffic(&r->master, hash, &r->ap_traffic[CLIENT], &r->ap_traffic[SERVER]);
		made = r->ap_traffic[label[6] == 'c' ? CLIENT : SERVER];
	} else if (strcmp(label, "tls13 c e traffic") == 0) {
		ks_early_traffic(&r->early, hash, &r->early_traffic);
		made = r->early_traffic;
	} else if (strcmp(label, "tls13 e exp master") == 0) {
		ks_early_exporter(&r->early, hash, &made);
	} else if (strcmp(label, "tls13 exp master") == 0) {
		ks_master_exporter(&r->master, hash, &made);
	} else if (strcmp(label, "tls13 res master") == 0) {
		ks_master_resumption(&r->master, hash, &r->resumption);
		made = r->resumption;
	} else {
		fail_msg("no secret of this name: %s", label);
	}
	assert_bytes(secret_view(&made), want);
}

static const struct secret *traffic_of(const struct replay *r, const char *label, int writer)
{
	if (strcmp(label, "handshake data") == 0)
		return &r->hs_traffic[writer];
	return strcmp(label, "application data") == 0 ? &r->ap_traffic[writer] : &r->early_traffic;
}

static void derive_traffic_keys(struct replay *r, int actor, const char *label, const struct json *step, const struct json *fields)
{
	bool writes = strcmp(json_get_text(step, "direction"), "write") == 0;
	int writer = writes ? actor : !actor;
	const struct suite *suite = suite_find(SUITE_OF_ALL);
	const struct secret *traffic = traffic_of(r, label, writer);
	struct record_keys keys = { 0 };

	assert_int_equal(ks_traffic_keys(suite, traffic, &keys, NULL), BJ_OK);
	if (json_count(fields) > 0) {
		struct bj_bytes key = hex(fields, "key expanded"), iv = hex(fields, "iv expanded");

		assert_bytes(secret_view(traffic), hex(fields, "PRK"));
		assert_memory_equal(keys.aead.key, key.ptr, key.len);
		assert_memory_equal(keys.iv, iv.ptr, iv.len);
	}
	record_keys_fini(&keys);
	if (writes) { /* the reader is ready whenever the writer is */
		assert_int_equal(ks_traffic_keys(suite, traffic, &r->write[actor], NULL), BJ_OK);
		assert_int_equal(ks_traffic_keys(suite, traffic, &r->read[!actor], NULL), BJ_OK);
	}
}

static void calculate_finished(struct replay *r, int actor, const struct json *fields)
{
	struct bj_bytes want = hex(fields, "finished");
	uint8_t verify_data[HASH_MAX];
	struct record_keys keys = { 0 };
	struct secret finished_key;

	assert_bytes(secret_view(&r->hs_traffic[actor]), hex(fields, "PRK"));
	assert_int_equal(ks_traffic_keys(suite_find(SUITE_OF_ALL), &r->hs_traffic[actor], &keys, &finished_key), BJ_OK);
	record_keys_fini(&keys);
	assert_bytes(secret_view(&finished_key), hex(fields, "expanded"));
	assert_int_equal(ks_finished(ALG, &finished_key, transcript_now(r, (struct bj_bytes){ 0 }), verify_data), want.len);
	assert_memory_equal(verify_data, want.ptr, want.len);
}

static void calculate_binder(struct replay *r, const struct json *fields)
{
	struct bj_bytes hash = transcript_now(r, hex(fields, "ClientHello prefix")), want = hex(fields, "finished");
	uint8_t binder[HASH_MAX];
	struct secret finished_key;

	assert_bytes(hash, hex(fields, "binder hash"));
	ks_early_binder_key(&r->early, KS_BINDER_RESUMPTION, &finished_key);
	assert_bytes(secret_view(&finished_key), hex(fields, "expanded"));
	assert_int_equal(ks_finished(ALG, &finished_key, hash, binder), want.len);
	assert_memory_equal(binder, want.ptr, want.len);
}

static void make_ticket_key(struct replay *r, const struct json *fields)
{
	struct hmac_key resumption;
	struct secret made;

	assert_bytes(secret_view(&r->resumption), hex(fields, "PRK"));
	hmac_key_init(&resumption, ALG, secret_view(&r->resumption));
	ks_ticket_key(&resumption, hex(fields, "hash"), &made); /* the nonce stands where hashes stand */
	assert_bytes(secret_view(&made), hex(fields, "expanded"));
}

static uint8_t record_type_of(const char *label)
{
	if (strcmp(label, "handshake") == 0)
		return RECORD_HANDSHAKE;
	if (strcmp(label, "alert") == 0)
		return RECORD_ALERT;
	return strcmp(label, "application_data") == 0 ? RECORD_DATA : RECORD_CCS;
}

static void send_record(struct replay *r, int actor, const char *label, const struct json *fields)
{
	struct bj_bytes payload = hex(fields, "payload"), want = hex(fields, "complete record");
	uint8_t type = record_type_of(label), out[BJ_TLS_RECORD_MAX];
	struct message m;
	struct record rec;
	size_t len, need;

	assert_int_equal(record_seal(&r->write[actor], (enum record_type)type, (uint16_t)(want.ptr[1] << 8 | want.ptr[2]), &payload,
				     1, out, sizeof(out), &len),
			 BJ_OK);
	assert_bytes(bytes_of(out, len), want);
	assert_int_equal(record_open(&r->read[!actor], out, len, &rec), BJ_OK);
	assert_int_equal(rec.used, len);
	assert_int_equal(rec.type, type);
	assert_bytes(rec.body, payload);
	if (type == RECORD_HANDSHAKE && payload.ptr[0] == MSG_CLIENT_HELLO) {
		assert_true(message_take(payload, &m, &need));
		take_client_hello(r, &m);
	}
}

static void take_step(struct replay *r, const struct json *step)
{
	const char *action = json_get_text(step, "action"), *label = json_get_text(step, "label");
	const struct json *fields = json_get(step, "fields");
	int actor = strcmp(json_get_text(step, "actor"), "client") == 0 ? CLIENT : SERVER;

	if (strcmp(action, "derive traffic keys") == 0)
		derive_traffic_keys(r, actor, label, step, fields);
	if (json_count(fields) == 0)
		return;
	r->compared++;
	if (strcmp(action, "create ephemeral key pair") == 0)
		create_key_pair(r, actor, label, fields);
	else if (strcmp(action, "construct message") == 0)
		construct_message(r, actor, label, fields);
	else if (strcmp(action, "extract secret") == 0)
		extract_secret(r, label, fields);
	else if (strcmp(action, "derive secret") == 0)
		derive_secret(r, label, fields);
	else if (strcmp(action, "calculate finished") == 0)
		calculate_finished(r, actor, fields);
	else if (strcmp(action, "calculate PSK binder") == 0)
		calculate_binder(r, fields);
	else if (strcmp(action, "generate resumption secret") == 0)
		make_ticket_key(r, fields);
	else if (strcmp(action, "send record") == 0)
		send_record(r, actor, label, fields);
	else if (strcmp(action, "derive traffic keys") != 0)
		fail_msg("no such step: %s", action);
}

static void replay(size_t index, const char *name, size_t compared)
{
	struct json *root;
	const struct json *trace;
	struct replay r;

	if (!vectors_present())
		skip();
	root = json_load(vectors_path("rfc8448/traces.json"));
	trace = json_at(json_get(root, "traces"), index);
	assert_string_equal(json_get_text(trace, "name"), name);
	memset(&r, 0, sizeof(r));
	for json_each(step, json_get(trace, "steps"))
		take_step(&r, step);
	assert_int_equal(r.compared, compared);
	transcript_fini(&r.transcript);
	for (int i = 0; i < 2; i++) {
		record_keys_fini(&r.write[i]);
		record_keys_fini(&r.read[i]);
	}
	for (size_t i = 0; i < r.key_count; i++)
		kex_fini(&r.keys[i]);
	json_free(root);
}

static void a_full_handshake_gives_the_values_of_section_3(void **state)
{
	replay(0, "simple-1rtt", 38);
}

static void resumption_with_early_data_gives_the_values_of_section_4(void **state)
{
	replay(1, "resumed-0rtt", 40);
}

static void a_retry_gives_the_values_of_section_5(void **state)
{
	replay(2, "hello-retry-request", 38);
}

static void client_authentication_gives_the_values_of_section_6(void **state)
{
	replay(3, "client-authentication", 36);
}

static void compatibility_mode_gives_the_values_of_section_7(void **state)
{
	replay(4, "compatibility-mode", 35);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_handshake_gives_the_values_of_section_3),
		cmocka_unit_test(resumption_with_early_data_gives_the_values_of_section_4),
		cmocka_unit_test(a_retry_gives_the_values_of_section_5),
		cmocka_unit_test(client_authentication_gives_the_values_of_section_6),
		cmocka_unit_test(compatibility_mode_gives_the_values_of_section_7),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
