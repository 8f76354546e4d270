/* content.c - see content.h. */
#include "x509/content.h"

#include "x509/cert.h"
#include "x509/crl.h"
#include "x509/der.h"

static bool starts_with(struct bj_bytes b, const char *start)
{
	size_t len = strlen(start);

	return b.len >= len && memcmp(b.ptr, start, len) == 0;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct bj_bytes skip_space(struct bj_bytes b)
{
	while (b.len > 0 && is_space(*b.ptr))
		b = bytes_of(b.ptr + 1, b.len - 1);
	return b;
}

static size_t find(struct bj_bytes b, const char *what)
{
	size_t len = strlen(what);

	for (size_t i = 0; i + len <= b.len; i++)
		if (b.ptr[i] == (uint8_t)what[0] && memcmp(b.ptr + i, what, len) == 0)
			return i;
	return b.len;
}

/* ---- PEM, by its labels, whole or not */

static enum content kind_of_label(struct bj_bytes rest)
{
	static const struct { const char *label; enum content kind; } rows[] = {
		{ "CERTIFICATE-----", CONTENT_PEM_CERT },
		{ "ENCRYPTED PRIVATE KEY-----", CONTENT_PEM_ENCRYPTED_KEY },
		{ "PRIVATE KEY-----", CONTENT_PEM_KEY },
		{ "EC PRIVATE KEY-----", CONTENT_PEM_KEY },
		{ "RSA PRIVATE KEY-----", CONTENT_PEM_KEY },
		{ "OPENSSH PRIVATE KEY-----", CONTENT_PEM_OPENSSH_KEY },
		{ "CERTIFICATE REQUEST-----", CONTENT_PEM_REQUEST },
		{ "NEW CERTIFICATE REQUEST-----", CONTENT_PEM_REQUEST },
		{ "PUBLIC KEY-----", CONTENT_PEM_PUBLIC_KEY },
		{ "RSA PUBLIC KEY-----", CONTENT_PEM_PUBLIC_KEY },
		{ "X509 CRL-----", CONTENT_PEM_CRL },
		{ "PKCS7-----", CONTENT_PEM_PKCS7 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (starts_with(rest, rows[i].label))
			return rows[i].kind;
	return CONTENT_PEM_OTHER;
}

/* Parameters of curves stand before many keys and say nothing. */
static enum content pem_kind(struct bj_bytes text)
{
	static const char begin[] = "-----BEGIN ";
	enum content found = CONTENT_UNKNOWN;

	for (;;) {
		size_t at = find(text, begin);

		if (at == text.len)
			return found;
		text = bytes_of(text.ptr + at + strlen(begin), text.len - at - strlen(begin));
		found = kind_of_label(text);
		if (found != CONTENT_PEM_OTHER)
			return found;
	}
}

/* ---- DER, by the first few values */

/* The inside of a SEQUENCE that begins with a number. */
static enum content numbered_kind(struct reader *in)
{
	struct bj_bytes version = der_take(in, DER_INTEGER);

	if (version.len == 1 && version.ptr[0] == 3 && der_at(in, DER_SEQUENCE))
		return CONTENT_PKCS12;
	if (der_at(in, DER_SEQUENCE) || der_at(in, DER_OCTET_STRING) || der_at(in, DER_INTEGER))
		return CONTENT_DER_KEY;
	return CONTENT_UNKNOWN;
}

/* The inside of a SEQUENCE of which the first value is a SEQUENCE, too. */
static enum content nested_kind(struct reader *in)
{
	struct reader first = der_open(in, DER_SEQUENCE);

	if (der_at(&first, DER_OID) && der_at(in, DER_OCTET_STRING))
		return CONTENT_DER_ENCRYPTED_KEY;
	if (der_at(&first, DER_OID) && der_at(in, DER_BIT_STRING))
		return CONTENT_DER_PUBLIC_KEY;
	if (der_at(&first, DER_CONTEXT_CONSTRUCTED(0)))
		return CONTENT_DER_CERT;
	if (!der_at(&first, DER_INTEGER))
		return CONTENT_UNKNOWN;
	if (der_take(&first, DER_INTEGER).len > 1) /* a serial number, in a certificate of version 1 */
		return CONTENT_DER_CERT;
	(void)der_take(&first, DER_SEQUENCE); /* a name, or an algorithm and then a name */
	return der_at(&first, DER_SEQUENCE) ? CONTENT_DER_REQUEST : CONTENT_UNKNOWN;
}

static enum content der_kind(struct bj_bytes der)
{
	struct reader r = rd_of(der), in = der_open(&r, DER_SEQUENCE);
	struct crl crl;

	if (r.bad)
		return CONTENT_UNKNOWN;
	if (crl_parse(der, &crl) == BJ_OK)
		return CONTENT_DER_CRL;
	if (der_at(&in, DER_INTEGER))
		return numbered_kind(&in);
	if (der_at(&in, DER_OID))
		return CONTENT_DER_PKCS7;
	if (der_at(&in, 0x0a))
		return CONTENT_DER_OCSP;
	return der_at(&in, DER_SEQUENCE) ? nested_kind(&in) : CONTENT_UNKNOWN;
}

/* ---- everything else */

static bool is_base64_text(struct bj_bytes b)
{
	if (b.len < 64)
		return false;
	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.ptr[i];
		bool good = is_space(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
			    c == '/' || c == '=';

		if (!good)
			return false;
	}
	return true;
}

static enum content text_kind(struct bj_bytes b)
{
	static const struct { const char *start; enum content kind; } rows[] = {
		{ "<", CONTENT_HTML },
		{ "{", CONTENT_JSON },
		{ "ssh-", CONTENT_SSH },
		{ "ecdsa-sha2-", CONTENT_SSH },
		{ "PuTTY-User-Key-File", CONTENT_PUTTY },
		{ "\xfe\xed\xfe\xed", CONTENT_JAVA },
		{ "\xce\xce\xce\xce", CONTENT_JAVA },
		{ "PK\x03\x04", CONTENT_ZIP },
		{ "\x1f\x8b", CONTENT_ZIP },
		{ "\xff\xfe", CONTENT_UTF16 },
		{ "\xfe\xff", CONTENT_UTF16 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (starts_with(b, rows[i].start))
			return rows[i].kind;
	if (b.len > 3 && ((b.ptr[0] == '-' && b.ptr[1] == 0) || (b.ptr[0] == 0 && b.ptr[1] == '-')))
		return CONTENT_UTF16;
	return is_base64_text(b) ? CONTENT_BASE64 : CONTENT_UNKNOWN;
}

enum content content_of(struct bj_bytes bytes)
{
	struct bj_bytes text = skip_space(bytes);
	enum content kind;

	if (text.len == 0)
		return CONTENT_EMPTY;
	if (starts_with(bytes, "\x30\x80\x02\x01\x03\x30")) /* not DER: some write PKCS#12 with lengths that are found out at the end */
		return CONTENT_PKCS12;
	if (bytes.ptr[0] == DER_SEQUENCE) {
		kind = der_kind(bytes);
		if (kind != CONTENT_UNKNOWN)
			return kind;
	}
	kind = pem_kind(bytes);
	return kind != CONTENT_UNKNOWN ? kind : text_kind(text);
}

const char *content_text(enum content content)
{
	switch (content) {
	case CONTENT_EMPTY: return "an empty file";
	case CONTENT_PEM_CERT: return "a certificate in PEM";
	case CONTENT_PEM_KEY: return "a private key in PEM";
	case CONTENT_PEM_ENCRYPTED_KEY: return "an encrypted private key in PEM";
	case CONTENT_PEM_REQUEST: return "a certificate signing request in PEM";
	case CONTENT_PEM_PUBLIC_KEY: return "a public key in PEM";
	case CONTENT_PEM_CRL: return "a revocation list in PEM";
	case CONTENT_PEM_PKCS7: return "PKCS#7 in PEM (openssl pkcs7 -print_certs takes the certificates out)";
	case CONTENT_PEM_OPENSSH_KEY: return "a private key in OpenSSH's own form (ssh-keygen -p -m PKCS8 -f FILE rewrites it)";
	case CONTENT_PEM_OTHER: return "PEM of another kind";
	case CONTENT_DER_CERT: return "a certificate in DER";
	case CONTENT_DER_KEY: return "a private key in DER";
	case CONTENT_DER_ENCRYPTED_KEY: return "an encrypted private key in DER";
	case CONTENT_DER_REQUEST: return "a certificate signing request in DER";
	case CONTENT_DER_PUBLIC_KEY: return "a public key in DER";
	case CONTENT_DER_CRL: return "a revocation list in DER";
	case CONTENT_DER_PKCS7: return "PKCS#7 in DER (openssl pkcs7 -inform DER -print_certs takes the certificates out)";
	case CONTENT_DER_OCSP: return "an OCSP response";
	case CONTENT_PKCS12: return "a PKCS#12 file";
	case CONTENT_HTML: return "an HTML or XML page";
	case CONTENT_JSON: return "JSON";
	case CONTENT_UTF16: return "text in UTF-16 (save it as UTF-8 or ASCII)";
	case CONTENT_BASE64: return "Base64 without BEGIN and END lines";
	case CONTENT_SSH: return "a public key of OpenSSH";
	case CONTENT_PUTTY: return "a key of PuTTY";
	case CONTENT_JAVA: return "a Java keystore (keytool -importkeystore -deststoretype PKCS12 converts it)";
	case CONTENT_ZIP: return "a compressed archive";
	case CONTENT_UNKNOWN: break;
	}
	return "something unknown";
}
