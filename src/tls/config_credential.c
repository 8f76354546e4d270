/* config_credential.c - the credentials of a configuration: the index of their names, and the choice for a peer.
 *
 * The choice: credentials whose certificate has exactly the name come first, then those with a wildcard over its first label, then (a
 * name that nobody has, or none) all in the order they were added, unless strict. Of those the first that the peer can use. Bare keys
 * are for every name.
 *
 * Implements   rfc6066:3 rfc9846:4.4.2.2 rfc9525:6.3 (names compare without case; a wildcard stands for the whole first label)
 */
#include <stdlib.h>

#include "tls/auth.h"
#include "tls/cert_compression.h"
#include "tls/delegated.h"
#include "tls/ext/certificate_authorities.h"
#include "tls/ext/certificate_type.h"
#include "tls/scheme.h"
#include "x509/credential.h"
#include "x509/general_name.h"
#include "x509/name.h"

#define NAMES_MAX (BJ_TLS_CREDENTIAL_MAX * 128)

/* A delegated credential that was made for the other role, which no peer would take. */
static bool is_for_others(const struct bj_tls_config *config, const struct bj_credential *credential)
{
	enum delegated_side own = config->role == BJ_TLS_SERVER ? DELEGATED_SERVER : DELEGATED_CLIENT;
	enum delegated_side other = own == DELEGATED_SERVER ? DELEGATED_CLIENT : DELEGATED_SERVER;
	struct delegated d;

	return credential_delegation(credential).len > 0 && delegated_parse(credential_delegation(credential), &d) == BJ_OK &&
	       delegated_check_signature(&d, credential_leaf(credential), own) == BJ_ERR_DELEGATION &&
	       delegated_check_signature(&d, credential_leaf(credential), other) == BJ_OK;
}

BJ_API enum bj_err bj_tls_config_credential(struct bj_tls_config *config, struct bj_credential *credential)
{
	struct config_credential *list;

	if (!config || !credential)
		return BJ_ERR_ARGUMENT;
	if (config->frozen)
		return BJ_ERR_CONFIG_FROZEN;
	if (config->credential_count >= BJ_TLS_CREDENTIAL_MAX)
		return BJ_ERR_LIMIT;
	if (is_for_others(config, credential))
		return BJ_ERR_DELEGATION;
	list = realloc(config->credentials, (config->credential_count + 1) * sizeof(*list));
	if (!list)
		return BJ_ERR_NO_MEMORY;
	config->credentials = list;
	list[config->credential_count++] = (struct config_credential){ .credential = bj_credential_ref(credential) };
	return BJ_OK;
}

void config_credentials_free(struct bj_tls_config *config)
{
	for (size_t i = 0; i < config->credential_count; i++) {
		bj_credential_free(config->credentials[i].credential);
		free(config->credentials[i].message);
		cert_compression_free(&config->credentials[i]);
	}
	free(config->credentials);
	free(config->names);
	free(config->name_text);
	config->credentials = NULL;
	config->credential_count = 0;
}

/* ---- freezing */

static enum bj_err message_make(struct config_credential *row)
{
	struct certificate cert;
	struct writer w;
	size_t len;
	enum bj_err err = auth_own_chain(row->credential, &cert, &len);

	if (err)
		return err;
	row->message = malloc(len);
	if (!row->message)
		return BJ_ERR_NO_MEMORY;
	w = wr_make(row->message, len);
	certificate_write(&w, &cert);
	row->message_len = w.len;
	return wr_ok(&w) ? BJ_OK : BJ_ERR_LIMIT;
}

/* What the certificates of a chain are signed with. An algorithm that we do not know is SIG_NONE, which nobody takes. */
static uint32_t chain_algs(const struct bj_credential *credential)
{
	uint32_t algs = 0;
	struct cert cert;

	for (size_t i = 0; i < bj_credential_chain_count(credential); i++)
		if (cert_parse(bj_credential_chain(credential, i), &cert) == BJ_OK && !cert_is_self_issued(&cert))
			algs |= (uint32_t)1 << cert.sig_alg;
	return algs;
}

static void delegated_read(struct config_credential *row)
{
	struct delegated d;

	if (delegated_parse(credential_delegation(row->credential), &d) != BJ_OK)
		return;
	row->delegated.scheme = d.scheme;
	row->delegated.algorithm = d.algorithm;
	row->delegated.end = delegated_end(&d, credential_leaf(row->credential));
}

enum bj_err config_credential_make(struct bj_credential *credential, bool with_message, struct config_credential *out)
{
	struct config_credential row = { .credential = credential, .key = credential_key(credential) };
	enum bj_err err;

	row.kind = pkey_kind(row.key);
	row.chain_algs = chain_algs(credential);
	if (credential_delegation(credential).len > 0)
		delegated_read(&row);
	row.type = credential_is_bare(credential) ? CERTIFICATE_RAW_KEY : CERTIFICATE_X509;
	if (with_message) {
		err = message_make(&row);
		if (err) {
			free(row.message);
			return err;
		}
	}
	*out = row;
	return BJ_OK;
}

const struct config_credential *config_credential_row(const struct bj_tls_config *config, const struct bj_credential *credential)
{
	for (size_t i = 0; i < config->credential_count; i++)
		if (config->credentials[i].credential == credential)
			return &config->credentials[i];
	return NULL;
}

struct name_sink {
	struct config_name *names; /* null: only counts */
	char *text;
	size_t count, bytes;
};

/* Adds every DNS name of a credential's certificate. */
static enum bj_err names_of(const struct config_credential *row, size_t index, struct name_sink *sink)
{
	struct reader list = rd_of(credential_leaf(row->credential)->san);

	while (rd_more(&list)) {
		struct general_name name = gn_read(&list);

		if (list.bad)
			return BJ_ERR_CERT_NAME_FORM;
		if (name.kind != GN_DNS || name.value.len == 0 || name.value.len > BJ_TLS_NAME_MAX)
			continue;
		if (sink->names) {
			char *text = sink->text + sink->bytes;

			for (size_t i = 0; i < name.value.len; i++) {
				uint8_t c = name.value.ptr[i];

				text[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
			}
			sink->names[sink->count] = (struct config_name){ text, (uint16_t)name.value.len, (uint16_t)index };
		}
		sink->count++;
		sink->bytes += name.value.len;
	}
	return BJ_OK;
}

static int text_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (c != 0)
		return c;
	return a_len < b_len ? -1 : a_len > b_len;
}

static int name_compare(const void *x, const void *y)
{
	const struct config_name *a = x, *b = y;
	int c = text_compare(a->name, a->len, b->name, b->len);

	return c != 0 ? c : (int)a->credential - (int)b->credential;
}

static enum bj_err names_walk(const struct bj_tls_config *config, struct name_sink *sink)
{
	for (size_t i = 0; i < config->credential_count; i++) {
		enum bj_err err = names_of(&config->credentials[i], i, sink);

		if (err)
			return err;
	}
	return sink->count > NAMES_MAX ? BJ_ERR_LIMIT : BJ_OK;
}

enum bj_err config_credentials_freeze(struct bj_tls_config *config)
{
	struct name_sink sink = { 0 };
	enum bj_err err;

	for (size_t i = 0; i < config->credential_count; i++) {
		struct config_credential *row = &config->credentials[i];
		struct config_codes schemes = row->schemes;
		bool must_match = row->must_match;

		free(row->message);
		row->message = NULL;
		cert_compression_free(row);
		err = config_credential_make(row->credential, config->role == BJ_TLS_SERVER, row);
		if (err)
			return err;
		row->schemes = schemes;
		row->must_match = must_match;
		err = config->role == BJ_TLS_SERVER ? cert_compression_freeze(config, row) : BJ_OK;
		if (err)
			return err;
	}
	if (config->role != BJ_TLS_SERVER)
		return BJ_OK;
	err = names_walk(config, &sink);
	if (err || sink.count == 0)
		return err;
	free(config->names); /* of a freezing that failed later */
	free(config->name_text);
	sink.names = config->names = calloc(sink.count, sizeof(*config->names));
	sink.text = config->name_text = malloc(sink.bytes);
	if (!config->names || !config->name_text)
		return BJ_ERR_NO_MEMORY;
	sink.count = sink.bytes = 0;
	err = names_walk(config, &sink);
	config->name_count = sink.count;
	if (!err)
		qsort(config->names, config->name_count, sizeof(*config->names), name_compare);
	return err;
}

/* ---- choosing */

/* The peer must take the scheme of the delegated credential, and that by which the certificate made it, and nobody takes one past its end or
 * with more than seven days to live. rfc9345:4.1.1 rfc9345:4.1.3 */
static bool delegated_fits(const struct config_wish *wish, const struct config_credential *row)
{
	return wish->version == VERSION_1_3 && codes_have(wish->delegated, row->delegated.scheme) &&
	       codes_have(wish->schemes, row->delegated.algorithm) && wish->now < row->delegated.end &&
	       row->delegated.end - wish->now <= DELEGATED_SECONDS_MAX;
}

/* Who shows a key of a kind that has one scheme wants to sign with it, also where peers' signatures of that kind are not taken. */
static uint16_t only_scheme(const struct config_wish *wish, const struct config_credential *row)
{
	for (size_t i = 0; i < SCHEME_COUNT && row->schemes.count == 0; i++) {
		const struct scheme *scheme = &scheme_table[i];

		if (!scheme->usual && scheme_fits(scheme, row->kind, wish->version) && codes_have(wish->schemes, scheme->code))
			return scheme->code;
	}
	return 0;
}

uint16_t config_choose_scheme(const struct bj_tls_config *config, const struct config_wish *wish,
			      const struct config_credential *row)
{
	struct bj_bytes own = config_codes_view(row->schemes.count > 0 ? &row->schemes : &config->schemes);
	const struct cert *leaf = credential_leaf(row->credential);

	if (!(wish->kinds >> row->kind & 1))
		return 0;
	if (row->delegated.scheme)
		return delegated_fits(wish, row) && codes_have(own, row->delegated.scheme) ? row->delegated.scheme : 0;
	for (size_t i = 0; i < codes_count(own); i++) {
		const struct scheme *scheme = scheme_find(codes_at(own, i));

		if (scheme && codes_have(wish->schemes, scheme->code) && scheme_fits(scheme, row->kind, wish->version) &&
		    scheme_allowed(scheme, leaf))
			return scheme->code;
	}
	return only_scheme(wish, row);
}

static bool names_have(struct bj_bytes authorities, struct bj_bytes issuer)
{
	struct reader list = rd_of(authorities);
	struct bj_bytes name;

	while (authority_next(&list, &name))
		if (name_is_valid(name) && name_equal(issuer, name))
			return true;
	return false;
}

/* Is a certificate of the chain issued by one of these? Each is read once: peers may name a thousand. */
static bool is_issued_by_one(const struct config_credential *row, struct bj_bytes authorities)
{
	size_t count = authorities.len > 0 ? bj_credential_chain_count(row->credential) : 0;
	struct cert cert;

	for (size_t i = 0; i < count; i++)
		if (cert_parse(bj_credential_chain(row->credential, i), &cert) == BJ_OK && names_have(authorities, cert.issuer))
			return true;
	return false;
}

struct choice {
	const struct config_credential *credential;
	uint16_t scheme;
	bool covered; /* some credential has the name */
	bool strange; /* some was for other authorities */
	bool formed;  /* some has a form that the peer takes */
	bool lax;     /* certificates may be signed with what the peer does not name: where there is nothing better. rfc9846:4.4.2.2 */
};

static void consider(const struct bj_tls_config *config, const struct config_wish *wish, size_t index, struct choice *choice)
{
	const struct config_credential *row = &config->credentials[index];
	uint16_t scheme;

	if (choice->credential || !(wish->types >> row->type & 1))
		return;
	choice->formed = true;
	if (!choice->lax && (row->chain_algs & ~wish->chain_algs))
		return;
	if (row->must_match && !is_issued_by_one(row, wish->authorities)) {
		choice->strange = true;
		return;
	}
	scheme = config_choose_scheme(config, wish, row);
	if (scheme) {
		choice->credential = row;
		choice->scheme = scheme;
	}
}

/* Considers all credentials that have exactly this name in their certificate. */
static void consider_name(const struct bj_tls_config *config, const struct config_wish *wish, const char *name, size_t len,
			  struct choice *choice)
{
	size_t low = 0, high = config->name_count;

	while (low < high) { /* the first that is not smaller */
		size_t mid = low + (high - low) / 2;

		if (text_compare(config->names[mid].name, config->names[mid].len, name, len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (!(wish->types >> CERTIFICATE_X509 & 1)) /* bare keys have no names */
		return;
	for (; low < config->name_count && text_compare(config->names[low].name, config->names[low].len, name, len) == 0; low++) {
		choice->covered = true;
		consider(config, wish, config->names[low].credential, choice);
	}
}

/* A bare key has no name and so is for every one: it comes before a certificate for the name that was added later. */
static void consider_bare(const struct bj_tls_config *config, const struct config_wish *wish, struct choice *choice)
{
	struct choice bare = { .lax = true };
	size_t count = choice->credential ? (size_t)(choice->credential - config->credentials) : config->credential_count;

	for (size_t i = 0; i < count && !bare.credential; i++)
		if (config->credentials[i].type == CERTIFICATE_RAW_KEY)
			consider(config, wish, i, &bare);
	choice->formed |= bare.formed;
	if (!bare.credential)
		return;
	choice->credential = bare.credential;
	choice->scheme = bare.scheme;
}

/* By name; `choice` says in the beginning whether it is lax. */
static enum bj_err choose(const struct bj_tls_config *config, const struct config_wish *wish, struct choice *choice)
{
	char name[BJ_TLS_NAME_MAX + 1];
	size_t len = wish->name.len <= BJ_TLS_NAME_MAX ? wish->name.len : 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = wish->name.ptr[i];

		name[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	if (len > 0 && config->name_count > 0) {
		const char *dot = memchr(name, '.', len);

		consider_name(config, wish, name, len, choice);
		if (!choice->credential && dot && dot > name) {
			char *star = name + (dot - name) - 1;

			*star = '*';
			consider_name(config, wish, star, len - (size_t)(star - name), choice);
		}
	}
	if (wish->types >> CERTIFICATE_RAW_KEY & 1)
		consider_bare(config, wish, choice);
	if (!choice->covered && !choice->credential) {
		if (wish->name.len > 0 && config->strict_sni)
			return BJ_ERR_UNKNOWN_NAME;
		for (size_t i = 0; i < config->credential_count && !choice->credential; i++)
			consider(config, wish, i, choice);
	}
	if (!choice->credential)
		return choice->strange || !choice->formed ? BJ_ERR_NO_CREDENTIAL : BJ_ERR_NO_COMMON_SIGNATURE;
	return BJ_OK;
}

enum bj_err config_choose_credential(const struct bj_tls_config *config, const struct config_wish *wish,
				     const struct config_credential **out, uint16_t *out_scheme)
{
	struct choice choice = { 0 };
	enum bj_err err;

	if (config->credential_count == 0)
		return BJ_ERR_NO_CREDENTIAL;
	err = choose(config, wish, &choice);
	if (err) {
		choice = (struct choice){ .lax = true };
		err = choose(config, wish, &choice);
	}
	if (err)
		return err;
	*out = choice.credential;
	*out_scheme = choice.scheme;
	return BJ_OK;
}
