/* cert.h - what the subcommands of `bojagi cert` share: their options, one function each, and a few steps that several take.
 *
 * cmd_cert.c reads the command line; cert_make.c makes and renews; cert_show.c shows; cert_revoke.c writes what was revoked, lists and
 * answers; cert_responder.c answers over HTTP; cert_install.c puts the CA into stores; cert_ech.c makes keys of Encrypted ClientHello. Each returns an exit code.
 */
#ifndef CLI_CERT_H
#define CLI_CERT_H

#include "cli/cert_local.h"
#include "cli/options.h"

struct cert_options {
	struct options options;
	const char *folder;
	char folder_buf[FOLDER_PATH_MAX];
	const char *out;
	const char *ca_file;
	const char *passin, *passout;
	const char *reason;
	const char *listen;
	unsigned days;
	unsigned within; /* renew: only what ends within so many days; 0: always */
	uint16_t port;
	bool force;
	bool p12;
	bool dry_run;
	unsigned given;     /* which options of its own stood on the command line: a bit for each */
	const char **names; /* operands behind the subcommand */
	size_t name_count;
};

int cert_init(struct cert_options *o);
int cert_server(struct cert_options *o);
int cert_client(struct cert_options *o);
int cert_renew(struct cert_options *o);
int cert_show(struct cert_options *o);
int cert_revoke(struct cert_options *o);
int cert_crl(struct cert_options *o);
int cert_ocsp(struct cert_options *o);
int cert_respond(struct cert_options *o);
int cert_ech(struct cert_options *o);
int cert_install(struct cert_options *o);
int cert_uninstall(struct cert_options *o);

/* The CA in its folder; an exit code after a message if there is none. */
int cert_load_ca(const struct cert_options *o, struct local_pair *ca);
/* A certificate's file, PEM or DER; an exit code after a message. `out->key` stays null. */
int cert_load_file(const char *path, struct local_pair *out);
/* Did this CA sign it? Unlike in chains for others, a signature that cannot be checked here is none: the CA makes no such. */
bool cert_is_of_ca(const struct cert *cert, const struct local_pair *ca);
int cert_save_failure(enum bj_err err, const char *path);

#endif
