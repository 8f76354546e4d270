/* msg_test.c - every handshake message: written, read back the same, and held to its exact form. */
#include "base/test.h"

#include "support/shape.h"
#include "tls/msg/certificate.h"
#include "tls/msg/certificate_request.h"
#include "tls/msg/certificate_verify.h"
#include "tls/msg/client_key_exchange.h"
#include "tls/msg/encrypted_extensions.h"
#include "tls/msg/end_of_early_data.h"
#include "tls/msg/finished.h"
#include "tls/msg/key_update.h"
#include "tls/msg/new_session_ticket.h"
#include "tls/msg/server_hello_done.h"
#include "tls/msg/server_key_exchange.h"

static uint8_t buf[8192], again[8192];

/* The body of the one message that was written, after its frame was checked. */
static struct bj_bytes body_of(const struct writer *w, uint8_t type)
{
	struct message m;
	size_t need;

	assert_true(wr_ok(w));
	for (size_t len = 0; len < w->len; len++) {
		assert_false(message_take(bytes_of(w->buf, len), &m, &need));
		assert_int_equal(need, len < MESSAGE_HEADER_LEN ? MESSAGE_HEADER_LEN : w->len);
	}
	assert_true(message_take(wr_view(w), &m, &need));
	assert_int_equal(m.type, type);
	assert_int_equal(m.whole.len, w->len);
	assert_true(w->len - MESSAGE_HEADER_LEN <= message_body_max(type));
	return m.body;
}

static void assert_view(struct bj_bytes got, struct bj_bytes want)
{
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.ptr ? got.ptr : (const uint8_t *)"", want.ptr ? want.ptr : (const uint8_t *)"", want.len);
}

/* ---- the judges: read, and what was read must write the same again */

static uint32_t offered = ~0u;

#define ROUND_TRIP(name, type, parse, write, struct_type)                       \
	static enum bj_err judge_##name(struct bj_bytes body)                   \
	{                                                                       \
		struct_type got;                                                \
		enum bj_err err = parse;                                        \
		struct writer w = wr_make(again, sizeof(again));                \
										\
		if (err)                                                        \
			return err;                                             \
		write;                                                          \
		assert_view(body_of(&w, type), body);                           \
		return BJ_OK;                                                   \
	}

ROUND_TRIP(encrypted_extensions, MSG_ENCRYPTED_EXTENSIONS, encrypted_extensions_parse(body, offered, &got),
	   encrypted_extensions_write(&w, &got), struct encrypted_extensions)
ROUND_TRIP(certificate_request, MSG_CERTIFICATE_REQUEST, certificate_request_parse(body, &got),
	   certificate_request_write(&w, &got), struct certificate_request)
ROUND_TRIP(certificate_request12, MSG_CERTIFICATE_REQUEST, certificate_request12_parse(body, &got),
	   certificate_request12_write(&w, &got), struct certificate_request12)
ROUND_TRIP(certificate, MSG_CERTIFICATE, certificate_parse(body, offered, &got), certificate_write(&w, &got), struct certificate)
ROUND_TRIP(certificate12, MSG_CERTIFICATE, certificate12_parse(body, &got), certificate12_write(&w, &got), struct certificate)
ROUND_TRIP(certificate_verify, MSG_CERTIFICATE_VERIFY, certificate_verify_parse(body, &got),
	   certificate_verify_write(&w, &got), struct certificate_verify)
ROUND_TRIP(finished, MSG_FINISHED, finished_parse(body, 32, &got), finished_write(&w, got), struct bj_bytes)
ROUND_TRIP(new_session_ticket, MSG_NEW_SESSION_TICKET, new_session_ticket_parse(body, &got),
	   new_session_ticket_write(&w, &got), struct new_session_ticket)
ROUND_TRIP(new_session_ticket12, MSG_NEW_SESSION_TICKET, new_session_ticket12_parse(body, &got),
	   new_session_ticket12_write(&w, &got), struct new_session_ticket12)
ROUND_TRIP(key_update, MSG_KEY_UPDATE, key_update_parse(body, &got), key_update_write(&w, got), bool)
ROUND_TRIP(server_key_exchange, MSG_SERVER_KEY_EXCHANGE, server_key_exchange_parse(body, &got),
	   server_key_exchange_write(&w, &got), struct server_key_exchange)
ROUND_TRIP(client_key_exchange, MSG_CLIENT_KEY_EXCHANGE, client_key_exchange_parse(body, &got),
	   client_key_exchange_write(&w, got), struct bj_bytes)

static enum bj_err judge_server_hello_done(struct bj_bytes body) { return server_hello_done_parse(body); }
static enum bj_err judge_end_of_early_data(struct bj_bytes body) { return end_of_early_data_parse(body); }

static const struct {
	const char *why;
	shape_judge_fn *judge;
	struct bj_bytes body;
	const char *shape;
} forms[] = {
	{ "EncryptedExtensions", judge_encrypted_extensions,
	  ROW_BYTES("\0\x1b" "\0\0\0\0" "\0\x0a\0\x04\0\x02\0\x1d" "\0\x10\0\x05\0\x03\x02h2" "\0\x1c\0\x02\x40\x01"), "v2(2 v2)" },
	{ "EncryptedExtensions without any", judge_encrypted_extensions, ROW_BYTES("\0\0"), "v2" },
	{ "CertificateRequest", judge_certificate_request,
	  ROW_BYTES("\0\0\x23" "\0\x0d\0\x04\0\x02\x04\x03" "\0\x32\0\x04\0\x02\x04\x01" "\0\x22\0\x04\0\x02\x04\x03" "\0\x2f\0\x07\0\x05\0\x03" "abc"), "v1 v2(2 v2)" },
	{ "CertificateRequest of 1.2", judge_certificate_request12,
	  ROW_BYTES("\x02\x40\x01\0\x04\x04\x03\x04\x01\0\x05\0\x03" "abc"), "v1 v2 v2(v2)" },
	{ "CertificateRequest of 1.2 without authorities", judge_certificate_request12, ROW_BYTES("\x01\x40\0\x02\x04\x03\0\0"),
	  "v1 v2 v2" },
	{ "Certificate", judge_certificate,
	  ROW_BYTES("\0\0\0\x1a" "\0\0\x03" "abc" "\0\x0a\0\x05\0\x06\x01\0\0\x02" "rr" "\0\0\x03" "def" "\0\0"),
	  "v1 v3(v3 v2(2 v2))" },
	{ "Certificate without any", judge_certificate, ROW_BYTES("\0\0\0\0"), "v1 v3" },
	{ "Certificate of 1.2", judge_certificate12, ROW_BYTES("\0\0\x0c\0\0\x03" "abc" "\0\0\x03" "def"), "v3(v3)" },
	{ "CertificateVerify", judge_certificate_verify, ROW_BYTES("\x04\x03\0\x04" "sign"), "2 v2" },
	{ "Finished", judge_finished, ROW_BYTES("0123456789abcdef0123456789abcdef"), "32" },
	{ "NewSessionTicket", judge_new_session_ticket,
	  ROW_BYTES("\0\0\x0e\x10\x01\x02\x03\x04\x02nn\0\x06ticket\0\x08\0\x2a\0\x04\0\0\x40\0"), "8 v1 v2 v2(2 v2)" },
	{ "NewSessionTicket of 1.2", judge_new_session_ticket12, ROW_BYTES("\0\0\x0e\x10\0\x06ticket"), "4 v2" },
	{ "KeyUpdate", judge_key_update, ROW_BYTES("\x01"), "1" },
	{ "ServerKeyExchange", judge_server_key_exchange, ROW_BYTES("\x03\0\x1d\x05point\x04\x03\0\x04sign"), "3 v1 2 v2" },
	{ "ClientKeyExchange", judge_client_key_exchange, ROW_BYTES("\x05point"), "v1" },
	{ "ServerHelloDone", judge_server_hello_done, ROW_BYTES(""), "" },
	{ "EndOfEarlyData", judge_end_of_early_data, ROW_BYTES(""), "" },
};

static void no_message_is_read_in_another_form_than_its_own(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++)
		assert_exact_form(forms[i].judge, forms[i].body, forms[i].shape, 0);
}

static const struct {
	const char *why;
	shape_judge_fn *judge;
	struct bj_bytes body;
	enum bj_err err;
} refused[] = {
	{ "a request that is none", judge_key_update, ROW_BYTES("\x02"), BJ_ERR_ILLEGAL_PARAMETER },
	{ "an explicit curve", judge_server_key_exchange, ROW_BYTES("\x01\0\x1d\x05point\x04\x03\0\x04sign"),
	  BJ_ERR_ILLEGAL_PARAMETER },
	{ "no point", judge_server_key_exchange, ROW_BYTES("\x03\0\x1d\0\x04\x03\0\x04sign"), BJ_ERR_DECODE },
	{ "no point", judge_client_key_exchange, ROW_BYTES("\0"), BJ_ERR_DECODE },
	{ "an empty ticket", judge_new_session_ticket, ROW_BYTES("\0\0\x0e\x10\0\0\0\0\0\0\0\0\0"), BJ_ERR_DECODE },
	{ "no schemes", judge_certificate_request, ROW_BYTES("\0\0\0"), BJ_ERR_MISSING_EXTENSION },
	{ "no schemes", judge_certificate_request12, ROW_BYTES("\x01\x40\0\0\0\0"), BJ_ERR_DECODE },
	{ "half a scheme", judge_certificate_request12, ROW_BYTES("\x01\x40\0\x01\x04\0\0"), BJ_ERR_DECODE },
	{ "no types", judge_certificate_request12, ROW_BYTES("\0\0\x02\x04\x03\0\0"), BJ_ERR_DECODE },
	{ "an empty authority", judge_certificate_request12, ROW_BYTES("\x01\x40\0\x02\x04\x03\0\x02\0\0"), BJ_ERR_DECODE },
	{ "an empty certificate", judge_certificate, ROW_BYTES("\0\0\0\x05\0\0\0\0\0"), BJ_ERR_DECODE },
	{ "an empty certificate", judge_certificate12, ROW_BYTES("\0\0\x03\0\0\0"), BJ_ERR_DECODE },
	{ "an unknown extension of a certificate", judge_certificate, ROW_BYTES("\0\0\0\x0a\0\0\x01" "a" "\0\x04\x12\x34\0\0"),
	  BJ_ERR_UNSUPPORTED_EXTENSION },
	{ "a short Finished", judge_finished, ROW_BYTES("0123456789ab"), BJ_ERR_DECODE },
};

static void values_that_are_not_allowed_are_refused_with_their_error(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
		assert_int_equal(shape_judge(refused[i].judge, refused[i].body.ptr, refused[i].body.len), refused[i].err);
}

static void a_staple_that_nobody_asked_for_is_refused(void **state)
{
	static const uint8_t body[] = "\0\0\0\x10" "\0\0\x01" "a" "\0\x0a\0\x05\0\x06\x01\0\0\x02" "rr";
	struct certificate cert;

	assert_int_equal(certificate_parse(bytes_of(body, sizeof(body) - 1), EXT_BIT(EXT_STATUS_REQUEST), &cert), BJ_OK);
	assert_view(cert.ocsp, BYTES_LIT("rr"));
	assert_int_equal(certificate_parse(bytes_of(body, sizeof(body) - 1), EXT_BIT(EXT_SCT), &cert), BJ_ERR_UNSUPPORTED_EXTENSION);
}

/* Which has an alert of its own. rfc9345:4.1.1 */
static void a_delegation_that_nobody_asked_for_is_refused(void **state)
{
	static const uint8_t body[] = "\0\0\0\x0b" "\0\0\x01" "a" "\0\x05\0\x22\0\x01" "d";
	struct certificate cert;

	assert_int_equal(certificate_parse(bytes_of(body, sizeof(body) - 1), EXT_BIT(EXT_DELEGATED_CREDENTIAL), &cert), BJ_OK);
	assert_view(cert.delegation, BYTES_LIT("d"));
	assert_int_equal(certificate_parse(bytes_of(body, sizeof(body) - 1), EXT_BIT(EXT_SCT), &cert), BJ_ERR_UNEXPECTED_MESSAGE);
}

static void a_chain_longer_than_the_limit_is_refused(void **state)
{
	for (int is_12 = 0; is_12 <= 1; is_12++) {
		for (size_t count = PATH_CHAIN_MAX; count <= PATH_CHAIN_MAX + 1; count++) {
			struct writer w = wr_make(buf, sizeof(buf));
			struct certificate cert;
			size_t list;
			enum bj_err err;

			if (!is_12)
				wr_u8(&w, 0);
			list = wr_open(&w, 3);
			for (size_t i = 0; i < count; i++) {
				wr_vec(&w, BYTES_LIT("der"), 3);
				if (!is_12)
					wr_u16(&w, 0);
			}
			wr_close(&w, list, 3);
			err = is_12 ? certificate12_parse(wr_view(&w), &cert) : certificate_parse(wr_view(&w), 0, &cert);
			assert_int_equal(err, count <= PATH_CHAIN_MAX ? BJ_OK : BJ_ERR_CERT_CHAIN_TOO_LONG);
		}
	}
}

static void a_ticket_never_lives_longer_than_a_week(void **state)
{
	struct new_session_ticket nst;

	assert_int_equal(new_session_ticket_parse(BYTES_LIT("\0\x09\x3a\x81\0\0\0\0\0\0\x01t\0\0"), &nst), BJ_OK);
	assert_int_equal(nst.lifetime_s, TICKET_LIFETIME_MAX);
}

static void a_certificate_is_wanted_only_of_a_kind_that_was_named(void **state)
{
	struct certificate_request12 cr = { .types = BYTES_LIT("\x40") };

	assert_true(certificate_request12_wants(&cr, KEY_P256));
	assert_true(certificate_request12_wants(&cr, KEY_ED25519));
	assert_false(certificate_request12_wants(&cr, KEY_RSA));
	assert_false(certificate_request12_wants(&cr, KEY_NONE));
	cr.types = BYTES_LIT("\x01");
	assert_true(certificate_request12_wants(&cr, KEY_RSA_PSS));
	assert_false(certificate_request12_wants(&cr, KEY_P384));
}

static void what_is_signed_names_the_side_that_signs(void **state)
{
	uint8_t server[CERTIFICATE_VERIFY_CONTENT_MAX], client[CERTIFICATE_VERIFY_CONTENT_MAX];
	size_t len = certificate_verify_content(true, BYTES_LIT("hash"), server);

	assert_int_equal(len, 64 + 33 + 1 + 4);
	assert_int_equal(certificate_verify_content(false, BYTES_LIT("hash"), client), len);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(server[i], 0x20);
	assert_memory_equal(server + 64, "TLS 1.3, server CertificateVerify\0hash", 38);
	assert_memory_equal(client + 64, "TLS 1.3, client CertificateVerify\0hash", 38);
}

static void the_signed_parameters_are_those_that_were_sent(void **state)
{
	struct server_key_exchange ske = { 0x001d, BYTES_LIT("point"), 0x0403, BYTES_LIT("sign") };
	uint8_t client[RANDOM_LEN], server[RANDOM_LEN], content[SKE_SIGNED_MAX];
	struct writer w = wr_make(buf, sizeof(buf));
	struct bj_bytes body;
	size_t len;

	memset(client, 'c', sizeof(client));
	memset(server, 's', sizeof(server));
	server_key_exchange_write(&w, &ske);
	body = body_of(&w, MSG_SERVER_KEY_EXCHANGE);
	len = server_key_exchange_signed(&ske, client, server, content);
	assert_int_equal(len, 64 + 9);
	assert_memory_equal(content, client, 32);
	assert_memory_equal(content + 32, server, 32);
	assert_memory_equal(content + 64, body.ptr, 9);
}

static void only_types_that_exist_have_a_length_and_a_name(void **state)
{
	size_t count = 0;

	for (unsigned type = 0; type < 256; type++) {
		bool named = strcmp(message_name((uint8_t)type), "unknown message") != 0;

		assert_int_equal(named, message_body_max((uint8_t)type) > 0);
		count += named;
	}
	assert_int_equal(count, 16);
	assert_int_equal(message_body_max(MSG_MESSAGE_HASH), 0); /* never on the wire */
}

static void writing_into_too_little_room_fails_instead_of_cutting(void **state)
{
	struct encrypted_extensions ee = { .has = EXT_BIT(EXT_ALPN), .alpn = BYTES_LIT("h2") };
	struct writer w = wr_make(buf, sizeof(buf));
	size_t len;

	encrypted_extensions_write(&w, &ee);
	len = w.len;
	for (size_t cap = 0; cap < len; cap++) {
		w = wr_make(buf, cap);
		encrypted_extensions_write(&w, &ee);
		assert_false(wr_ok(&w));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_message_is_read_in_another_form_than_its_own),
		cmocka_unit_test(values_that_are_not_allowed_are_refused_with_their_error),
		cmocka_unit_test(a_staple_that_nobody_asked_for_is_refused),
		cmocka_unit_test(a_delegation_that_nobody_asked_for_is_refused),
		cmocka_unit_test(a_chain_longer_than_the_limit_is_refused),
		cmocka_unit_test(a_ticket_never_lives_longer_than_a_week),
		cmocka_unit_test(a_certificate_is_wanted_only_of_a_kind_that_was_named),
		cmocka_unit_test(what_is_signed_names_the_side_that_signs),
		cmocka_unit_test(the_signed_parameters_are_those_that_were_sent),
		cmocka_unit_test(only_types_that_exist_have_a_length_and_a_name),
		cmocka_unit_test(writing_into_too_little_room_fails_instead_of_cutting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
