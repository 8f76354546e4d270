/* fuzz_calls.c - two connections that talk, and between any two steps any call of tls.h, whether it has its place there or not.
 *
 * The first two bytes say how both are configured. Then each step is a byte: the low five bits what is called, the highest bit on whose side; an
 * argument follows where one is needed. Randomness is from a seed. What must hold: the first failure stays, nothing is a fault of ours, what
 * a call says of another (bj_tls_may_seal(), bj_tls_pending(), bj_tls_sealed_len()) is true, and no view leads out of its memory.
 */
#include "tls_fuzz.h"

#include <stdio.h>

#include "tls/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void fuzz_report(void);

#define WIRE_CAP (256 * 1024)
#define STEPS_MAX 512
#define PACK_KEY "0123456789abcdef0123456789abcdef"
#define PACK_KEY_LEN (sizeof(PACK_KEY) - 1)
#define ALL_QUESTIONS                                                                                                                          \
	(1u << BJ_TLS_Q_CREDENTIAL | 1u << BJ_TLS_Q_SIGN | 1u << BJ_TLS_Q_VERIFY | 1u << BJ_TLS_Q_EARLY_DATA | 1u << BJ_TLS_Q_TICKET | \
	 1u << BJ_TLS_Q_PSK | 1u << BJ_TLS_Q_TICKET_SEAL)

enum { /* bits of the first two bytes */
	WITH_12 = 1,
	WITH_CLIENT_AUTH = 2,
	WITH_RETRY = 4,
	WITH_PSK = 8,
	WITH_EARLY_DATA = 16,
	WITH_LATER = 32,
	WITH_QUESTIONS = 64,
	WITH_SESSION = 128,
	WITH_ECH = 256,
	WITH_ECH_THAT_DOES_NOT_OPEN = 512,
	WITH_FALSE_START = 1024,
	WITH_JUDGING_AGAIN = 2048,
	WITH_SHORT_RECORDS = 4096,
	WITH_COOKIES = 8192,
};

static struct bj_credential *own, *theirs;
static struct bj_ech_key ech_key, other_key;
static bool has_ech_keys;
static unsigned long inputs, connected, moved_on; /* for the report */

struct end {
	struct bj_tls *conn;
	struct bj_tls_config *config;
	uint8_t wire[WIRE_CAP]; /* what came and is not fed yet */
	size_t len;
};

struct play {
	const uint8_t *ptr;
	size_t left;
	int64_t now_ms;
	struct end ends[2]; /* client, server */
	uint8_t session[SESSION_BLOB_MAX];
	size_t session_len;
	bool keys_given; /* records are somebody else's now: what is on the wire means nothing */
};

static uint8_t next(struct play *p)
{
	if (p->left == 0)
		return 0;
	p->left--;
	return *p->ptr++;
}

static void touch(struct bj_bytes bytes)
{
	static volatile uint8_t sum;

	for (size_t i = 0; i < bytes.len; i++)
		sum = (uint8_t)(sum + bytes.ptr[i]);
}

/* ---- the calls */

static void pull(struct play *p, struct end *e, size_t cap)
{
	struct end *peer = e == &p->ends[0] ? &p->ends[1] : &p->ends[0];
	size_t pending = bj_tls_pending(e->conn), room = WIRE_CAP - peer->len, len;

	len = bj_tls_pull(e->conn, peer->wire + peer->len, cap < room ? cap : room);
	check(len <= pending && bj_tls_pending(e->conn) == pending - len);
	peer->len += len;
}

static void feed(struct play *p, struct end *e, size_t len)
{
	struct bj_tls_fed fed;
	uint8_t *buf;
	enum bj_err err;

	len = len < e->len ? len : e->len;
	buf = (uint8_t *)malloc(len ? len : 1);
	check(buf != NULL);
	bytes_copy(buf, e->wire, len);
	err = bj_tls_feed(e->conn, p->now_ms, buf, len, &fed);
	check(fed.used <= len && (!err || fed.event == BJ_TLS_NONE));
	check(err || (fed.event == BJ_TLS_ASK) == (fed.event == BJ_TLS_ASK && bj_tls_question(e->conn) != BJ_TLS_Q_NONE));
	touch(fed.data);
	memmove(e->wire, e->wire + fed.used, e->len - fed.used);
	e->len -= fed.used;
	free(buf);
}

static void seal(struct play *p, struct end *e, size_t len, size_t cap)
{
	struct end *peer = e == &p->ends[0] ? &p->ends[1] : &p->ends[0];
	static const uint8_t text[4096];
	struct bj_bytes pieces[2] = { { text, len / 2 }, { text, len - len / 2 } };
	bool may = bj_tls_may_seal(e->conn);
	struct bj_tls_report r;
	size_t most = bj_tls_sealed_len(e->conn, len), used = 0, sealed = 0;
	enum bj_err err;

	if (cap > WIRE_CAP - peer->len)
		cap = WIRE_CAP - peer->len;
	err = bj_tls_seal(e->conn, pieces, 2, peer->wire + peer->len, cap, &used, &sealed);
	check(used <= len && sealed <= cap && (may || err) && (!may || !err || bj_tls_error(e->conn)));
	check(err || sealed <= most);
	bj_tls_report(e->conn, &r);
	check(err || !r.handshake_done || cap < most || used == len);
	peer->len += sealed;
}

static void answer(struct end *e, uint8_t how)
{
	struct bj_verdict verdict = { .err = how & 1 ? BJ_OK : BJ_ERR_CERT_UNKNOWN_CA, .rule = "" };
	const struct bj_tls_psk psk = { "fuzz", "0123456789abcdef", "context", 4, 16, 7, BJ_TLS_PSK_SHA256, false };
	struct bj_bytes asked = bj_tls_question_bytes(e->conn);
	enum bj_tls_question question = bj_tls_question(e->conn);
	static uint8_t signature[SIG_LEN_MAX + 1];
	const struct scheme *scheme = scheme_find(bj_tls_question_scheme(e->conn));
	size_t len = (size_t)how * 19;
	enum bj_err err = BJ_ERR_STATE;

	touch(asked);
	touch(bj_tls_question_schemes(e->conn));
	touch(bj_tls_question_authority(e->conn, how & 3));
	if (how & 2)
		question = (enum bj_tls_question)(how >> 2 & 7); /* perhaps another one */
	switch (question) {
	case BJ_TLS_Q_CREDENTIAL:
		err = bj_tls_answer_credential(e->conn, !(how & 1) ? NULL : e->conn->is_server ? own : theirs);
		break;
	case BJ_TLS_Q_SIGN:
		if ((how & 1) && scheme && e->conn->hs->credential)
			check(pkey_sign(e->conn->hs->credential->key, (enum sig_alg)scheme->alg, asked, signature, sizeof(signature), &len) == BJ_OK);
		err = bj_tls_answer_sign(e->conn, signature, len);
		break;
	case BJ_TLS_Q_VERIFY:
		err = bj_tls_answer_verify(e->conn, how == 255 ? NULL : &verdict);
		break;
	case BJ_TLS_Q_EARLY_DATA:
		err = bj_tls_answer_early_data(e->conn, how & 1);
		break;
	case BJ_TLS_Q_TICKET: /* tickets are their own sealing here */
		err = bj_tls_answer_ticket(e->conn, asked.ptr, how & 1 ? asked.len : asked.len / 2);
		break;
	case BJ_TLS_Q_TICKET_SEAL:
		err = bj_tls_answer_ticket_seal(e->conn, asked.ptr, how & 1 ? asked.len : 0);
		break;
	case BJ_TLS_Q_PSK:
		err = bj_tls_answer_psk(e->conn, how & 1 ? &psk : NULL);
		break;
	case BJ_TLS_Q_NONE:
		break;
	}
	check(err != BJ_ERR_INTERNAL);
	if (!err)
		check(bj_tls_question(e->conn) == BJ_TLS_Q_NONE);
}

static void report(const struct end *e)
{
	struct bj_tls_report r;
	char text[BJ_VERDICT_TEXT_MAX];

	bj_tls_report(e->conn, &r);
	check(r.err == bj_tls_error(e->conn) && r.message);
	for (size_t i = 0; i < r.peer_chain_count; i++)
		touch(r.peer_chain[i]);
	touch(r.alpn);
	touch(r.peer_public_key);
	touch(r.ocsp_response);
	touch(r.sct_list);
	touch(r.ech_retry_configs);
	touch(r.psk_identity);
	touch(bytes_text(r.server_name));
	touch(bytes_text(r.ech_public_name));
	if (r.verdict)
		(void)bj_verdict_text(r.verdict, text, sizeof(text));
	(void)bj_tls_version_name(r.version);
}

static void keep_session(struct play *p, struct end *e)
{
	uint8_t sealed[SESSION_BLOB_MAX + BJ_TLS_SESSION_OVERHEAD];
	struct bj_bytes session = bj_tls_session(e->conn);
	size_t len = 0;
	enum bj_err err = bj_tls_session_seal(e->conn, PACK_KEY, sealed, sizeof(sealed), &len);

	check(err == (session.len > 0 ? BJ_OK : BJ_ERR_NOT_FOUND));
	if (session.len > 0) {
		bytes_copy(p->session, session.ptr, session.len);
		p->session_len = session.len;
		(void)!bj_tls_resume_sealed(e->conn, p->now_ms, PACK_KEY, sealed, len);
	}
}

static void traffic(struct play *p, struct end *e, uint8_t how)
{
	struct bj_tls_traffic_keys keys;
	enum bj_tls_event event;
	uint8_t bytes[64];
	size_t len = how >> 4;

	for (size_t i = 0; i < len; i++)
		bytes[i] = next(p);
	switch (how & 3) {
	case 0:
		p->keys_given |= bj_tls_traffic_keys(e->conn, false, &keys) == BJ_OK;
		break;
	case 1:
		p->keys_given |= bj_tls_traffic_keys(e->conn, true, &keys) == BJ_OK;
		break;
	case 2:
		(void)!bj_tls_traffic_keys_next(e->conn, &keys);
		break;
	default:
		check(bj_tls_feed_opened(e->conn, p->now_ms, (uint8_t)(20 + (how >> 2 & 3)), bytes, len, &event) != BJ_ERR_INTERNAL);
	}
}

static void move(struct end *e, size_t cap)
{
	static uint8_t blob[BJ_TLS_PACKED_MAX];
	struct bj_tls *moved = NULL;
	size_t len = 0;
	enum bj_err err = bj_tls_pack(e->conn, PACK_KEY, PACK_KEY_LEN, blob, cap, &len);

	if (err)
		return;
	check(bj_tls_error(e->conn) == BJ_ERR_CLOSED && bj_tls_pending(e->conn) == 0);
	check(bj_tls_unpack(e->config, PACK_KEY, PACK_KEY_LEN, blob, len, &moved) == BJ_OK);
	bj_tls_free(e->conn);
	e->conn = moved;
	moved_on++;
}

static void prepare(struct play *p, struct end *e, uint8_t how)
{
	const uint16_t groups[] = { KEX_P256, how, KEX_X25519 };
	enum bj_err err = BJ_OK;

	switch (how & 3) {
	case 0: err = bj_tls_hint_groups(e->conn, groups, how >> 6); break;
	case 1: err = bj_tls_ech(e->conn, how & 4 ? (const void *)p->session : NULL, how & 4 ? 64 : 0); break;
	case 2: err = bj_tls_start(e->conn, p->now_ms); break;
	default: err = bj_tls_resume(e->conn, p->now_ms, p->session, how & 4 ? p->session_len / 2 : p->session_len); break;
	}
	check(err != BJ_ERR_INTERNAL);
}

static void quic(struct play *p, struct end *e, uint8_t how)
{
	struct bj_tls_quic_secret secret;
	enum bj_tls_event event;
	enum bj_tls_level level;
	uint8_t buf[16] = { 0 };

	check(bj_tls_quic_set_params(e->conn, buf, how & 15) != BJ_OK);
	check(bj_tls_quic_feed(e->conn, p->now_ms, (enum bj_tls_level)(how & 7), buf, how & 15, &event) != BJ_OK);
	check(bj_tls_quic_pull(e->conn, &level, buf, sizeof(buf)) == 0);
	check(!bj_tls_quic_secret(e->conn, &secret));
	check(bj_tls_quic_peer_params(e->conn).len == 0 && bj_tls_quic_read_level(e->conn) == BJ_TLS_LEVEL_INITIAL);
}

static void export(struct end *e, uint8_t how)
{
	uint8_t out[256];

	check(bj_tls_export(e->conn, how & 1 ? "" : "a label", how & 2 ? "c" : NULL, how & 2 ? 1 : 0, out, how) != BJ_ERR_INTERNAL);
	check(bj_tls_export_early(e->conn, how & 1 ? "" : "a label", how & 2 ? "c" : NULL, how & 2 ? 1 : 0, out, how) != BJ_ERR_INTERNAL);
}

static void step(struct play *p)
{
	uint8_t code = next(p);
	struct end *e = &p->ends[code >> 7];
	enum bj_err before = bj_tls_error(e->conn), err = BJ_OK;

	switch (code & 31) {
	default: /* most of the time they talk */
		pull(p, e, SIZE_MAX);
		feed(p, e, SIZE_MAX);
		break;
	case 12: feed(p, e, next(p)); break;
	case 13: pull(p, e, next(p)); break;
	case 14: seal(p, e, (size_t)next(p) * 16, (size_t)next(p) * 32); break;
	case 15: bj_tls_close(e->conn); break;
	case 16: bj_tls_abort(e->conn, next(p) & 1 ? BJ_ERR_USER_CANCELED : BJ_OK); break;
	case 17: err = bj_tls_eof(e->conn); break;
	case 18: err = bj_tls_key_update(e->conn, code & 32); break;
	case 19: err = bj_tls_request_certificate(e->conn); break;
	case 20: export(e, next(p)); break;
	case 21: bj_tls_rest(e->conn); break;
	case 22: report(e); break;
	case 23: keep_session(p, e); break;
	case 24: traffic(p, e, next(p)); break;
	case 25: move(e, code & 32 ? BJ_TLS_PACKED_MAX : 100); break;
	case 26:
	case 27: answer(e, next(p)); break;
	case 28: prepare(p, e, next(p)); break;
	case 29: quic(p, e, next(p)); break;
	case 30: p->now_ms += ((int64_t)next(p) - 128) * 60000; break;
	case 31: seal(p, e, 20, WIRE_CAP); break;
	}
	check(err != BJ_ERR_INTERNAL && (p->keys_given || bj_tls_error(e->conn) != BJ_ERR_INTERNAL));
	check(!before || bj_tls_error(e->conn) == before);
}

/* ---- the ends */

static void configure(unsigned with, struct bj_rng rng, struct play *p)
{
	struct bj_tls_config *client, *server;

	fuzz_roles(rng, &client, &server, &own, &theirs);
	if (with & WITH_12)
		check(!bj_tls_config_versions(server, BJ_TLS_1_2, BJ_TLS_1_2));
	if (with & WITH_CLIENT_AUTH)
		check(!bj_tls_config_client_auth(server, BJ_TLS_AUTH_OPTIONAL));
	if (with & WITH_RETRY)
		fuzz_retry(server);
	if (with & WITH_PSK)
		fuzz_psk(client, server);
	if (with & WITH_EARLY_DATA)
		check(!bj_tls_config_early_data(client, 1000, 0) && !bj_tls_config_early_data(server, 1000, 600));
	if (with & WITH_LATER)
		check(!bj_tls_config_post_handshake_auth(client, true) && !bj_tls_config_post_handshake_auth(server, true));
	if (with & WITH_QUESTIONS)
		check(!bj_tls_config_ask(client, ALL_QUESTIONS) && !bj_tls_config_ask(server, ALL_QUESTIONS));
	if (with & (WITH_ECH | WITH_ECH_THAT_DOES_NOT_OPEN)) {
		const struct bj_ech_key *key = with & WITH_ECH ? &ech_key : &other_key;

		check(!bj_tls_config_ech_key(server, key->config, key->config_len, key->private_key, key->private_len, true));
	}
	if (with & WITH_FALSE_START)
		check(!bj_tls_config_false_start(client, BJ_TLS_FALSE_START_ALWAYS));
	if (with & WITH_JUDGING_AGAIN)
		check(!bj_tls_config_judge_resumed(client, true));
	if (with & WITH_SHORT_RECORDS)
		check(!bj_tls_config_receive_max(client, 64) && !bj_tls_config_send_max(client, 100) && !bj_tls_config_padding(server, 50) &&
		      !bj_tls_config_padding(client, 50));
	if (with & WITH_COOKIES)
		check(!bj_tls_config_cookies(server, 60));
	check(!bj_tls_config_freeze(client) && !bj_tls_config_freeze(server));
	p->ends[0].config = client;
	p->ends[1].config = server;
}

static void connect(unsigned with, struct play *p)
{
	uint8_t list[BJ_ECH_CONFIG_MAX + 2];
	size_t len;

	for (int i = 0; i < 2; i++) {
		check(bj_tls_new(p->ends[i].config, i ? NULL : FUZZ_NAME, &p->ends[i].conn) == BJ_OK);
		p->ends[i].len = 0;
	}
	if (with & (WITH_ECH | WITH_ECH_THAT_DOES_NOT_OPEN)) {
		check(!bj_ech_config_list(&ech_key, 1, list, sizeof(list), &len));
		check(!bj_tls_ech(p->ends[0].conn, list, len));
	}
	p->keys_given = false;
}

static void disconnect(struct play *p)
{
	struct bj_tls_report reports[2];

	bj_tls_report(p->ends[0].conn, &reports[0]);
	bj_tls_report(p->ends[1].conn, &reports[1]);
	connected += reports[0].handshake_done && reports[1].handshake_done;
	bj_tls_free(p->ends[0].conn);
	bj_tls_free(p->ends[1].conn);
}

/* A handshake that nobody disturbs leaves a session behind. */
static void earn_session(unsigned with, struct play *p)
{
	struct bj_bytes session;

	connect(with, p);
	check(!bj_tls_start(p->ends[0].conn, p->now_ms));
	for (int rounds = 0; rounds < 40; rounds++)
		for (int i = 0; i < 2; i++) {
			pull(p, &p->ends[i], SIZE_MAX);
			feed(p, &p->ends[i], SIZE_MAX);
			answer(&p->ends[i], 1);
		}
	session = bj_tls_session(p->ends[0].conn);
	p->session_len = session.len;
	bytes_copy(p->session, session.ptr, session.len);
	disconnect(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct play p;
	uint64_t seed = 1;
	unsigned with;

	if (size < 2)
		return 0;
	inputs++;
	if (!has_ech_keys)
		check(!bj_ech_key_generate("public.example", 32, 1, NULL, &ech_key) && !bj_ech_key_generate("public.example", 32, 2, NULL, &other_key));
	has_ech_keys = true;
	with = data[0] | (unsigned)data[1] << 8;
	p.now_ms = FUZZ_NOW * 1000;
	p.session_len = 0;
	configure(with, (struct bj_rng){ fuzz_fill, &seed }, &p);
	if (with & WITH_SESSION)
		earn_session(with, &p);
	p.ptr = data + 2;
	p.left = size - 2;
	connect(with, &p);
	if (p.session_len > 0)
		(void)!bj_tls_resume(p.ends[0].conn, p.now_ms, p.session, p.session_len);
	if (!(with >> 15))
		check(bj_tls_start(p.ends[0].conn, p.now_ms) != BJ_ERR_INTERNAL);
	for (unsigned steps = 0; steps < STEPS_MAX && p.left > 0; steps++)
		step(&p);
	disconnect(&p);
	bj_tls_config_free(p.ends[0].config);
	bj_tls_config_free(p.ends[1].config);
	return 0;
}

void fuzz_report(void)
{
	printf("%lu connected by %lu inputs, moved %lu times\n", connected, inputs, moved_on);
}
