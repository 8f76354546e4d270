/* credential_load.c - credentials out of PEM, DER and PKCS#12, and what is wrong with them in words. */
#include <stdlib.h>

#include "base/pem.h"
#include "base/wipe.h"
#include "crypto/pkcs12.h"
#include "x509/algorithm.h"
#include "x509/content.h"
#include "x509/credential.h"
#include "x509/name.h"
#include "x509/show.h"
#include "x509/text.h"

struct load {
	const struct bj_credential_source *from;
	struct pkey *held; /* a key that is not in the source; null: none */
	struct text why;
	struct bj_bytes chain[CREDENTIAL_CHAIN_MAX];
	size_t count;
	struct pkey *key;
	struct pkcs12 file;
	uint8_t *chain_der; /* where PEM was decoded to; may hold keys */
	size_t chain_cap;
};

static void load_fini(struct load *load)
{
	pkey_free(load->key);
	pkcs12_fini(&load->file);
	if (load->chain_der)
		wipe(load->chain_der, load->chain_cap);
	free(load->chain_der);
}

/* ---- words */

static void say_kind(struct load *load, const char *which, struct bj_bytes bytes)
{
	text_str(&load->why, which);
	text_str(&load->why, " seems to be ");
	text_str(&load->why, content_text(content_of(bytes)));
}

static void say_pem(struct load *load, const char *which, const struct pem *pem)
{
	text_str(&load->why, which);
	text_str(&load->why, ", line ");
	text_number(&load->why, pem->line);
	text_str(&load->why, ": ");
	text_str(&load->why, pem->why);
}

/* The kind and size of a key. */
static void say_key(struct text *t, const struct pubkey *key)
{
	static const char *const kinds[] = { "none", "RSA", "RSA-PSS", "P-256", "P-384", "P-521", "Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87" };

	text_str(t, kinds[key->kind]);
	if (key->kind == KEY_RSA || key->kind == KEY_RSA_PSS) {
		text_char(t, ' ');
		text_number(t, key->bits);
	}
}

static void say_subject(struct text *t, const struct cert *cert)
{
	struct show_fields fields;

	show_fields(cert, &fields);
	text_char(t, '"');
	text_str(t, fields.subject_cn[0] ? fields.subject_cn : fields.subject);
	text_char(t, '"');
}

/* Which certificate of the chain the key fits; `count` if none. */
static size_t owner_of(const struct load *load, const struct pubkey *ours)
{
	struct cert cert;
	size_t i = 0;

	while (i < load->count && (cert_parse(load->chain[i], &cert) || !algorithm_same_key(&cert.key, ours)))
		i++;
	return i;
}

static void say_mismatch(struct load *load)
{
	struct pubkey ours;
	struct cert leaf;
	size_t owner;

	pkey_public(load->key, &ours);
	if (cert_parse(load->chain[0], &leaf))
		return;
	owner = owner_of(load, &ours);
	if (owner < load->count) {
		text_str(&load->why, "the key belongs to certificate ");
		text_number(&load->why, owner + 1);
		text_str(&load->why, ", which must come first");
		return;
	}
	text_str(&load->why, "certificate 1 ");
	say_subject(&load->why, &leaf);
	text_str(&load->why, " is for another key: ");
	say_key(&load->why, &leaf.key);
	text_str(&load->why, ", the private key is ");
	say_key(&load->why, &ours);
	if (leaf.key.kind == ours.kind && leaf.key.bits == ours.bits)
		text_str(&load->why, ", too, but not the same");
}

#define CERTS_MAX (PKCS12_CERTS_MAX > CREDENTIAL_CHAIN_MAX ? PKCS12_CERTS_MAX : CREDENTIAL_CHAIN_MAX)

/* The chain that begins with `first`, each issued by the next, by position. */
static size_t order_from(const struct cert *certs, size_t count, size_t first, size_t out[CERTS_MAX])
{
	bool used[CERTS_MAX] = { false };
	size_t len = 0, at = first;

	for (;;) {
		size_t next = 0;

		out[len++] = at;
		used[at] = true;
		while (next < count && (used[next] || !credential_issued_by(&certs[at], &certs[next])))
			next++;
		if (next == count)
			return len;
		at = next;
	}
}

static void say_order(struct load *load)
{
	struct cert certs[CREDENTIAL_CHAIN_MAX];
	size_t order[CERTS_MAX], len, bad = 1;

	for (size_t i = 0; i < load->count; i++)
		if (cert_parse(load->chain[i], &certs[i]))
			return;
	while (bad < load->count && credential_issued_by(&certs[bad - 1], &certs[bad]))
		bad++;
	if (bad == load->count)
		return;
	text_str(&load->why, "certificate ");
	text_number(&load->why, bad);
	text_char(&load->why, ' ');
	say_subject(&load->why, &certs[bad - 1]);
	text_str(&load->why, " is not issued by the next one, ");
	say_subject(&load->why, &certs[bad]);
	len = order_from(certs, load->count, 0, order);
	if (len < load->count) {
		text_str(&load->why, name_equal(certs[bad - 1].issuer, certs[bad - 1].subject) ? "; it is self-signed: leave out what follows" :
												"; its issuer is missing");
		return;
	}
	text_str(&load->why, "; the right order is");
	for (size_t i = 0; i < len; i++) {
		text_char(&load->why, ' ');
		text_number(&load->why, order[i] + 1);
	}
}

static void say_encrypted(struct load *load, enum bj_err err)
{
	if (load->why.len > 0)
		return;
	if (err == BJ_ERR_KEY_ENCRYPTED)
		text_str(&load->why, "a passphrase is needed");
	else if (err == BJ_ERR_KEY_ENCRYPTION)
		text_str(&load->why, "encrypted with an algorithm of the past (RC2, RC4, DES, or PEM with DEK-Info); write it anew with "
				     "openssl pkcs8 -topk8, or openssl pkcs12 with -legacy and then without");
}

/* ---- PEM and DER */

static bool is_der(struct bj_bytes bytes)
{
	return bytes.len > 2 && bytes.ptr[0] == 0x30 && content_of(bytes) >= CONTENT_DER_CERT && content_of(bytes) <= CONTENT_PKCS12;
}

static bool is_key_label(struct bj_bytes label)
{
	return bytes_equal(label, BYTES_LIT("PRIVATE KEY")) || bytes_equal(label, BYTES_LIT("EC PRIVATE KEY")) ||
	       bytes_equal(label, BYTES_LIT("RSA PRIVATE KEY")) || bytes_equal(label, BYTES_LIT("ENCRYPTED PRIVATE KEY"));
}

static enum bj_err key_from_der(struct load *load, struct bj_bytes der)
{
	enum bj_err err = pkey_from_der(der, &load->key);

	if (err == BJ_ERR_KEY_ENCRYPTED && load->from->passphrase.ptr)
		err = pkey_from_encrypted(der, load->from->passphrase, &load->key);
	return err;
}

/* One of the headers' old kind says that it is encrypted, too, but in a way that is not read here. */
static enum bj_err key_from_block(struct load *load, const struct pem_block *block)
{
	bool sealed = block->encrypted || bytes_equal(block->label, BYTES_LIT("ENCRYPTED PRIVATE KEY"));

	if (sealed && !load->from->passphrase.ptr)
		return BJ_ERR_KEY_ENCRYPTED;
	return block->encrypted ? BJ_ERR_KEY_ENCRYPTION : key_from_der(load, block->der);
}

/* The first private key of a text. */
static enum bj_err key_from_pem(struct load *load, struct bj_bytes text, const char *which)
{
	struct pem pem = pem_make(text.ptr, text.len);
	struct pem_block block;
	size_t cap = PEM_DER_MAX(text.len);
	uint8_t *der = malloc(cap);
	enum bj_err err;

	if (!der)
		return BJ_ERR_NO_MEMORY;
	do
		err = pem_next(&pem, der, cap, &block);
	while (!err && !is_key_label(block.label));
	if (!err)
		err = key_from_block(load, &block);
	else if (err == BJ_ERR_PEM)
		say_pem(load, which, &pem);
	else if (err == BJ_ERR_PEM_NONE)
		say_kind(load, which, text);
	wipe(der, cap);
	free(der);
	return err;
}

static enum bj_err key_from(struct load *load, struct bj_bytes bytes, const char *which)
{
	enum bj_err err;

	if (!is_der(bytes))
		return key_from_pem(load, bytes, which);
	err = key_from_der(load, bytes);
	if (err == BJ_ERR_KEY_FORMAT)
		say_kind(load, which, bytes);
	return err;
}

/* All certificates of a text, one behind the other. */
static enum bj_err chain_from_pem(struct load *load, struct bj_bytes text)
{
	struct pem pem = pem_make(text.ptr, text.len);
	struct pem_block block;
	size_t used = 0;
	enum bj_err err;

	load->chain_cap = PEM_DER_MAX(text.len);
	load->chain_der = malloc(load->chain_cap);
	if (!load->chain_der)
		return BJ_ERR_NO_MEMORY;
	while (!(err = pem_next_labelled(&pem, "CERTIFICATE", load->chain_der + used, load->chain_cap - used, &block))) {
		if (load->count == CREDENTIAL_CHAIN_MAX)
			return BJ_ERR_LIMIT;
		load->chain[load->count++] = block.der;
		used += block.der.len;
	}
	if (err == BJ_ERR_PEM)
		say_pem(load, "the chain", &pem);
	if (err == BJ_ERR_PEM_NONE && load->count == 0)
		say_kind(load, "the chain", text);
	return err == BJ_ERR_PEM_NONE && load->count > 0 ? BJ_OK : err;
}

/* ---- PKCS#12: certificates in any order, and more than are needed */

static enum bj_err chain_of_file(struct load *load)
{
	struct cert certs[PKCS12_CERTS_MAX];
	size_t order[CERTS_MAX], count = 0, first = 0, len;
	struct pubkey ours;

	for (size_t i = 0; i < load->file.cert_count; i++)
		count += cert_parse(load->file.certs[i], &certs[count]) == BJ_OK;
	pkey_public(load->key, &ours);
	while (first < count && !algorithm_same_key(&certs[first].key, &ours))
		first++;
	if (first == count) {
		text_str(&load->why, count > 0 ? "no certificate in the file is for its key" : "there is no certificate in the file");
		return count > 0 ? BJ_ERR_KEY_MISMATCH : BJ_ERR_PEM_NONE;
	}
	len = order_from(certs, count, first, order);
	if (len > 1 && name_equal(certs[order[len - 1]].issuer, certs[order[len - 1]].subject))
		len--; /* peers have the root, or do not trust it */
	if (len > CREDENTIAL_CHAIN_MAX)
		return BJ_ERR_LIMIT;
	for (size_t i = 0; i < len; i++)
		load->chain[i] = certs[order[i]].der;
	load->count = len;
	return BJ_OK;
}

static enum bj_err load_pkcs12(struct load *load)
{
	struct bj_bytes key = load->from->key;
	enum bj_err err = pkcs12_read(load->from->chain, load->from->passphrase, &load->file);

	if (err)
		return err;
	if (load->held) {
		load->key = pkey_ref(load->held);
	} else if (key.ptr) {
		err = key_from(load, key, "the key");
	} else if (load->file.key) {
		load->key = pkey_ref(load->file.key);
	} else {
		text_str(&load->why, "there is no private key in the file");
		err = BJ_ERR_PEM_NONE;
	}
	return err ? err : chain_of_file(load);
}

static enum bj_err load_chain_and_key(struct load *load)
{
	struct bj_bytes chain = load->from->chain, key = load->from->key;
	enum bj_err err;

	if (is_der(chain)) {
		if (content_of(chain) != CONTENT_DER_CERT) {
			say_kind(load, "the chain", chain);
			return BJ_ERR_FILE_KIND;
		}
		load->chain[load->count++] = chain;
		err = BJ_OK;
	} else {
		err = chain_from_pem(load, chain);
	}
	if (err)
		return err;
	if (load->held) {
		load->key = pkey_ref(load->held);
		return BJ_OK;
	}
	return key.ptr ? key_from(load, key, "the key") : key_from(load, chain, "the file");
}

enum bj_err credential_load(const struct bj_credential_source *source, struct pkey *held, struct bj_credential **out, char why[BJ_WHY_MAX])
{
	char unheard[BJ_WHY_MAX];
	struct load load = { .from = source, .held = held, .why = text_make(why ? why : unheard, BJ_WHY_MAX) };
	enum bj_err err;

	if (source->chain.len > PEM_TEXT_MAX || source->key.len > PEM_TEXT_MAX)
		return BJ_ERR_LIMIT;
	if (content_of(source->chain) == CONTENT_PKCS12)
		err = load_pkcs12(&load);
	else
		err = load_chain_and_key(&load);
	if (!err)
		err = credential_make(load.chain, load.count, load.key, out);
	if (err == BJ_ERR_KEY_MISMATCH && load.why.len == 0)
		say_mismatch(&load);
	else if (err == BJ_ERR_CHAIN_ORDER)
		say_order(&load);
	else if (err)
		say_encrypted(&load, err);
	load_fini(&load);
	return err;
}

BJ_API enum bj_err bj_credential_from(const struct bj_credential_source *source, struct bj_credential **out, char why[BJ_WHY_MAX])
{
	return credential_load(source, NULL, out, why);
}

BJ_API enum bj_err bj_credential_from_pem(const void *chain, size_t chain_len, const void *key, size_t key_len,
					  struct bj_credential **out)
{
	struct bj_credential_source source = { .chain = bytes_of(chain, chain_len), .key = bytes_of(key, key ? key_len : 0) };

	return credential_load(&source, NULL, out, NULL);
}

BJ_API enum bj_err bj_credential_from_key(const void *key, size_t key_len, struct bj_credential **out)
{
	const struct bj_credential_source source = { .key = { key, key_len } };
	char unheard[BJ_WHY_MAX];
	struct load load = { .from = &source, .why = text_make(unheard, sizeof(unheard)) };
	enum bj_err err;

	if (!key || key_len > PEM_TEXT_MAX)
		return key ? BJ_ERR_LIMIT : BJ_ERR_ARGUMENT;
	err = key_from(&load, source.key, "the key");
	if (!err)
		err = credential_make_bare(load.key, out);
	load_fini(&load);
	return err;
}

enum bj_err credential_delegated_from_pem(const void *chain, size_t chain_len, const void *key, size_t key_len, struct bj_bytes delegation,
					  struct bj_bytes spki, struct bj_credential **out)
{
	const struct bj_credential_source source = { .chain = bytes_of(chain, chain_len), .key = bytes_of(key, key_len) };
	char unheard[BJ_WHY_MAX];
	struct load load = { .from = &source, .why = text_make(unheard, sizeof(unheard)) };
	enum bj_err err;

	if (chain_len > PEM_TEXT_MAX || key_len > PEM_TEXT_MAX)
		return BJ_ERR_LIMIT;
	err = load_chain_and_key(&load);
	if (!err)
		err = credential_make_delegated(load.chain, load.count, load.key, delegation, spki, out);
	load_fini(&load);
	return err;
}
