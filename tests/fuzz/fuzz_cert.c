/* fuzz_cert.c - certificates: views inside, text bounded, and the same twice. */
#include "base/check.h"
#include "x509/cert.h"
#include "x509/general_name.h"
#include "x509/hostname.h"
#include "x509/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bj_bytes input;

static void check_inside(struct bj_bytes view)
{
	check(view.len == 0 || (view.ptr >= input.ptr && view.ptr + view.len <= input.ptr + input.len));
}

static void read_timestamps(struct reader list)
{
	struct sct sct;

	while (rd_more(&list) && sct_next(&list, &sct) == BJ_OK) {
		check(sct.version != 0 || sct.log_id.len == SCT_LOG_ID_LEN);
		check_inside(sct.log_id);
		check_inside(sct.extensions);
		check_inside(sct.signature);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char buf[SHOW_TEXT_MAX];
	struct text text = text_make(buf, sizeof(buf));
	struct cert cert, again;
	struct host_id id;

	input = bytes_of(data, size);
	read_timestamps(sct_of_list(input));
	if (cert_parse(input, &cert))
		return 0;
	check(cert_parse(input, &again) == BJ_OK && again.subject_hash == cert.subject_hash);
	check_inside(cert.tbs);
	check_inside(cert.signature);
	check_inside(cert.serial);
	check_inside(cert.subject);
	check_inside(cert.spki);
	check_inside(cert.san);
	check_inside(cert.name_constraints);
	check_inside(cert.ski);
	check_inside(cert.aki);
	check_inside(cert.aia);
	check_inside(cert.key.point);
	check_inside(cert.key.modulus);
	check(cert.key.kind != KEY_NONE && (cert.version == 1 || cert.version == 3));
	read_timestamps(sct_of_cert(&cert));
	check(cert.is_ca || !cert.has_path_len);
	show_cert(&cert, &text);
	check(text.len < sizeof(buf) && buf[text.len] == 0);
	for (size_t i = 0; i < text.len; i++)
		check((uint8_t)buf[i] >= 0x20 || buf[i] == '\n');
	check(host_id_parse(BYTES_LIT("www.example.com"), &id));
	(void)hostname_matches(&cert, &id);
	(void)cert_is_self_issued(&cert);
	return 0;
}
