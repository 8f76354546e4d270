/* stack_libssl.c - OpenSSL's libssl behind stack.h, or another library with its API (BoringSSL), as a file for --peer.
 *
 * Its bytes go through a BIO of ours that costs one memcpy, less than its own memory BIOs do; while only sealing is measured it
 * throws the records away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "stack.h"

#ifdef STACK_NAME /* a file of its own, with its own library inside */
#define STACK stack_peer
#else
#define STACK stack_libssl
#define STACK_NAME "openssl"
#endif

struct conn {
	SSL *ssl;
	bool server;
	SSL_SESSION *session;
	const uint8_t *in;
	size_t in_len;
	uint8_t *out; /* null: what is written is counted and dropped */
	size_t cap, out_len;
};

static BIO_METHOD *method;

static int pipe_write(BIO *bio, const char *data, int len)
{
	struct conn *c = (struct conn *)BIO_get_data(bio);

	if (c->out) {
		if (c->cap - c->out_len < (size_t)len)
			return -1;
		memcpy(c->out + c->out_len, data, (size_t)len);
	}
	c->out_len += (size_t)len;
	return len;
}

static int pipe_read(BIO *bio, char *data, int len)
{
	struct conn *c = (struct conn *)BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (c->in_len == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if ((size_t)len > c->in_len)
		len = (int)c->in_len;
	memcpy(data, c->in, (size_t)len);
	c->in += len;
	c->in_len -= (size_t)len;
	return len;
}

static long pipe_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	return cmd == BIO_CTRL_FLUSH ? 1 : 0;
}

static int new_session(SSL *ssl, SSL_SESSION *session)
{
	struct conn *c = (struct conn *)SSL_get_app_data(ssl);

	if (c->server)
		return 0;
	SSL_SESSION_free(c->session);
	c->session = session;
	return 1;
}

static void must(int good, const char *what)
{
	if (good > 0)
		return;
	fprintf(stderr, "bench: libssl failed: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static X509 *certificate(BIO *pem)
{
	X509 *x = PEM_read_bio_X509(pem, NULL, NULL, NULL);

	must(x != NULL, "certificate");
	return x;
}

/* From PEM, with the library's own readers. */
static void take_server(SSL_CTX *ctx, const struct chain *chain)
{
	BIO *sent = BIO_new_mem_buf(chain->sent_pem, (int)chain->sent_len), *key = BIO_new_mem_buf(chain->key_pem, (int)chain->key_len);
	X509 *leaf = certificate(sent), *intermediate = certificate(sent);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

	must(pkey && SSL_CTX_use_certificate(ctx, leaf), "certificate");
	must((int)SSL_CTX_add1_chain_cert(ctx, intermediate), "chain");
	must(SSL_CTX_use_PrivateKey(ctx, pkey), "key");
	X509_free(leaf);
	X509_free(intermediate);
	EVP_PKEY_free(pkey);
	BIO_free(sent);
	BIO_free(key);
}

static void take_anchor(SSL_CTX *ctx, const struct chain *chain)
{
	BIO *pem = BIO_new_mem_buf(chain->root_pem, (int)chain->root_len);
	X509 *root = certificate(pem);

	must(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), root), "anchor");
	X509_free(root);
	BIO_free(pem);
}

static void *config_new(const struct chain *chain, bool server, int version)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());

	if (!method) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pipe");
		BIO_meth_set_write(method, pipe_write);
		BIO_meth_set_read(method, pipe_read);
		BIO_meth_set_ctrl(method, pipe_ctrl);
	}
	must(ctx != NULL, "context");
	must(SSL_CTX_set_min_proto_version(ctx, (uint16_t)version) && SSL_CTX_set_max_proto_version(ctx, (uint16_t)version), "version");
#ifndef OPENSSL_IS_BORINGSSL /* which has no say in 1.3 and takes this one */
	must(SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256"), "suite");
#endif
	must(SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256"), "suite");
	must((int)SSL_CTX_set1_groups_list(ctx, "X25519:P-256"), "group");
	SSL_CTX_sess_set_new_cb(ctx, new_session);
	if (server) {
		take_server(ctx, chain);
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	} else {
		take_anchor(ctx, chain);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	}
	return ctx;
}

static void config_free(void *config)
{
	SSL_CTX_free((SSL_CTX *)config);
}

static void *open_conn(void *config, bool server, void *session)
{
	struct conn *c = (struct conn *)calloc(1, sizeof(*c));
	BIO *bio = BIO_new(method);

	c->server = server;
	c->ssl = SSL_new((SSL_CTX *)config);
	must(c->ssl && bio, "connection");
	SSL_set_app_data(c->ssl, (char *)c);
	BIO_set_data(bio, c);
	BIO_set_init(bio, 1);
	SSL_set_bio(c->ssl, bio, bio);
	if (server) {
		SSL_set_accept_state(c->ssl);
		return c;
	}
	SSL_set_connect_state(c->ssl);
	must((int)SSL_set_tlsext_host_name(c->ssl, CHAIN_NAME) && SSL_set1_host(c->ssl, CHAIN_NAME), "name");
	if (session)
		must(SSL_set_session(c->ssl, (SSL_SESSION *)session), "session");
	return c;
}

static void close_conn(void *conn)
{
	struct conn *c = (struct conn *)conn;

	/* as if both had said close_notify: without it the session would be dropped */
	SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_SESSION_free(c->session);
	SSL_free(c->ssl);
	free(c);
}

static bool step(void *conn, uint8_t *in, size_t in_len, uint8_t *out, size_t cap, size_t *out_len)
{
	struct conn *c = (struct conn *)conn;
	char byte;
	int got;

	c->in = in;
	c->in_len = in_len;
	c->out = out;
	c->cap = cap;
	c->out_len = 0;
	got = SSL_is_init_finished(c->ssl) ? SSL_read(c->ssl, &byte, 1) : SSL_do_handshake(c->ssl);
	if (got == 1 && c->in_len > 0) /* the handshake is done and there is more: tickets */
		got = SSL_read(c->ssl, &byte, 1);
#ifdef OPENSSL_IS_BORINGSSL /* keeps its tickets back until something is written */
	if (c->server && SSL_is_init_finished(c->ssl) && c->out_len == 0)
		(void)SSL_write(c->ssl, "", 0);
#endif
	*out_len = c->out_len;
	if (got > 0 || SSL_get_error(c->ssl, got) == SSL_ERROR_WANT_READ)
		return true;
	ERR_print_errors_fp(stderr);
	return false;
}

static bool done(void *conn)
{
	return SSL_is_init_finished(((struct conn *)conn)->ssl);
}

static bool resumed(void *conn)
{
	return SSL_session_reused(((struct conn *)conn)->ssl);
}

static void *session(void *conn)
{
	struct conn *c = (struct conn *)conn;
	SSL_SESSION *s = c->session;

	c->session = NULL;
	return s;
}

static void session_free(void *s)
{
	SSL_SESSION_free((SSL_SESSION *)s);
}

static bool send_to(void *conn, const uint8_t *text, size_t len, uint8_t *out, size_t cap, size_t *out_len)
{
	struct conn *c = (struct conn *)conn;
	int wrote;

	c->out = out;
	c->cap = cap;
	c->out_len = 0;
	wrote = SSL_write(c->ssl, text, (int)len);
	*out_len = c->out_len;
	return wrote == (int)len;
}

static bool send_text(void *conn, const uint8_t *text, size_t len, size_t *out_len)
{
	return send_to(conn, text, len, NULL, 0, out_len);
}

static size_t receive(void *conn, const uint8_t *in, size_t len)
{
	static uint8_t text[16384];
	struct conn *c = (struct conn *)conn;
	size_t all = 0;
	int got;

	c->in = in;
	c->in_len = len;
	while ((got = SSL_read(c->ssl, text, sizeof(text))) > 0)
		all += (size_t)got;
	return all;
}

static void rest(void *conn)
{
	/* nothing is offered; SSL_MODE_RELEASE_BUFFERS is off by default */
}

const struct stack STACK = { STACK_NAME, config_new, config_free, open_conn, close_conn, step, done, resumed, session,
				    session_free, send_text, send_to, receive, rest };
