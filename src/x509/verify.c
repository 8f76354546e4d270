/* verify.c - chains of DER as peers send them, judged. */
#include "x509/path.h"

#include "x509/name.h"
#include "x509/trust.h"

/* Why a certificate could not even be read. */
static void unreadable(struct bj_verdict *out, enum bj_err err, size_t index)
{
	struct text text;

	verdict_fail(out, err, (int)index, "rfc5280:4.1");
	text = text_make(out->detail, sizeof(out->detail));
	if (index == 0)
		return;
	text_str(&text, "number ");
	text_number(&text, index + 1);
	text_str(&text, " of the certificates that were sent");
}

enum bj_err path_verify_chain(const struct path_sent *sent, struct bj_verdict *out)
{
	struct cert extra[PATH_CHAIN_MAX - 1];
	struct path_input in = { .leaf = sent->leaf, .extra = extra, .trust = sent->trust, .purpose = sent->purpose, .now = sent->now,
				 .name = sent->name, .check_time = true, .staple = sent->staple, .staple_asked = sent->staple_asked };
	enum bj_err bad_err = BJ_OK, err;
	size_t bad_index = 0;

	if (sent->trust)
		in.crls = trust_crls(sent->trust, &in.revocation);
	if (sent->rest_count > ARRAY_COUNT(extra)) {
		verdict_fail(out, BJ_ERR_CERT_CHAIN_TOO_LONG, -1, "rfc5280:6.1");
		return out->err;
	}
	for (size_t i = 0; i < sent->rest_count; i++) {
		err = cert_parse(sent->rest[i], &extra[in.extra_count]);
		if (!err) {
			in.extra_count++;
		} else if (!bad_err) {
			bad_err = err;
			bad_index = i + 1;
		}
	}
	err = path_verify(&in, out);
	if ((err == BJ_ERR_CERT_UNKNOWN_CA || err == BJ_ERR_CERT_SELF_SIGNED) && bad_err)
		unreadable(out, bad_err, bad_index);
	return out->err;
}

/* Of `sent` all but the chain and the time is there already. */
static enum bj_err chain_verify(struct path_sent *sent, const struct bj_bytes *chain, size_t count, int64_t now_ms, struct bj_verdict *out)
{
	struct cert leaf;
	enum bj_err err;

	verdict_fail(out, BJ_ERR_ARGUMENT, -1, "rfc5280:6.1");
	if (!sent->trust || count == 0)
		return out->err;
	err = cert_parse(chain[0], &leaf);
	if (err) {
		unreadable(out, err, 0);
		return out->err;
	}
	sent->leaf = &leaf;
	sent->rest = chain + 1;
	sent->rest_count = count - 1;
	sent->now = now_ms / 1000 - (now_ms % 1000 < 0); /* rounded down */
	return path_verify_chain(sent, out);
}

static enum bj_err server_verify(struct path_sent *sent, const struct bj_bytes *chain, size_t count, const char *name, int64_t now_ms,
				 struct bj_verdict *verdict)
{
	if (name && name[0] == 0) { /* an empty name must not turn the check off */
		verdict_fail(verdict, BJ_ERR_CONFIG_BAD_NAME, -1, "rfc9525:6.1");
		return verdict->err;
	}
	sent->purpose = PATH_SERVER;
	sent->name = bytes_text(name);
	return chain_verify(sent, chain, count, now_ms, verdict);
}

BJ_API enum bj_err bj_verify_server(const struct bj_trust *trust, const struct bj_bytes *chain, size_t count,
				    const char *name, int64_t now_ms, struct bj_verdict *verdict)
{
	struct path_sent sent = { .trust = trust };

	return server_verify(&sent, chain, count, name, now_ms, verdict);
}

BJ_API enum bj_err bj_verify_server_stapled(const struct bj_trust *trust, const struct bj_bytes *chain, size_t count,
					    const char *name, int64_t now_ms, struct bj_bytes staple, struct bj_verdict *verdict)
{
	struct path_sent sent = { .trust = trust, .staple = staple, .staple_asked = true };

	return server_verify(&sent, chain, count, name, now_ms, verdict);
}

BJ_API enum bj_err bj_verify_client(const struct bj_trust *trust, const struct bj_bytes *chain, size_t count,
				    int64_t now_ms, struct bj_verdict *verdict)
{
	struct path_sent sent = { .trust = trust, .purpose = PATH_CLIENT };

	return chain_verify(&sent, chain, count, now_ms, verdict);
}
