/* share.c - what the record layer leaves of the bare AEAD's speed: full records of TLS 1.3, sealed and opened again in place, beside the same
 * bytes sealed and opened by the AEAD alone, with the same buffers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "config.h"
#include "crypto/aead.h"
#include "measure.h"

#define TEXT_LEN 16384
#define COUNT 4096
#define SHARE_BAR 0.95

static uint8_t text[TEXT_LEN], wire[BJ_TLS_RECORD_MAX * 4];
static struct bj_tls *client, *server;
static struct aead aead;
static int64_t now_ms;

static void talk(struct bj_tls *from, struct bj_tls *to)
{
	size_t len = bj_tls_pull(from, wire, sizeof(wire)), at = 0;
	struct bj_tls_fed fed;

	do {
		must(bj_tls_feed(to, now_ms, wire + at, len - at, &fed), "handshake");
		at += fed.used;
	} while (fed.event != BJ_TLS_NONE);
}

static void connect_both(const struct chain *chain)
{
	struct bj_tls_config *theirs = config_make(chain, false, BJ_TLS_1_3), *ours = config_make(chain, true, BJ_TLS_1_3);

	must(bj_tls_config_freeze(theirs), "freezing");
	must(bj_tls_config_freeze(ours), "freezing");
	must(bj_tls_new(theirs, CHAIN_NAME, &client), "connection");
	must(bj_tls_new(ours, NULL, &server), "connection");
	must(bj_tls_start(client, now_ms), "start");
	for (int i = 0; i < 3; i++) {
		talk(client, server);
		talk(server, client);
	}
	bj_tls_config_free(theirs);
	bj_tls_config_free(ours);
}

static void engine(bool opens)
{
	struct bj_bytes in = bytes_of(text, sizeof(text));
	struct bj_tls_fed fed;
	size_t used, len;

	must(bj_tls_seal(server, &in, 1, wire, sizeof(wire), &used, &len), "sealing");
	if (!opens)
		return;
	must(bj_tls_feed(client, now_ms, wire, len, &fed), "opening");
	if (fed.data.len != sizeof(text))
		must(BJ_ERR_STATE, "opening");
}

static void bare(bool opens)
{
	static uint8_t nonce[AEAD_NONCE_LEN];
	const uint8_t aad[5] = { 23, 3, 3, 64, 16 };

	must(aead_seal(&aead, nonce, bytes_of(aad, 5), bytes_of(text, sizeof(text)), wire), "sealing");
	if (opens)
		must(aead_open(&aead, nonce, bytes_of(aad, 5), bytes_of(wire, sizeof(text) + AEAD_TAG_LEN), wire), "opening");
	nonce[11]++;
}

/* Nanoseconds of each. */
static double time_of(void (*work)(bool opens), bool opens)
{
	double start = cpu_ns();

	for (int i = 0; i < COUNT; i++)
		work(opens);
	return (cpu_ns() - start) / COUNT;
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv);
	double sealed[2][ROUNDS_MAX], opened[2][ROUNDS_MAX], send[2], receive[2];
	const uint8_t key[AEAD_KEY_MAX] = { 1 };
	struct chain chain;

	now_ms = (int64_t)time(NULL) * 1000;
	chain_make(&chain);
	connect_both(&chain);
	must(aead_init(&aead, AEAD_AES_128_GCM, AEAD_BEST, key), "key");
	for (unsigned r = 0; r < o.rounds; r++)
		for (int k = 0; k < 2; k++) {
			void (*work)(bool opens) = k == 0 ? engine : bare;

			opened[k][r] = time_of(work, true);
			opened[k][r] -= sealed[k][r] = time_of(work, false);
			if (k == 0) { /* what was only sealed is not to be missed */
				bj_tls_free(client);
				bj_tls_free(server);
				connect_both(&chain);
			}
		}
	for (int k = 0; k < 2; k++) {
		send[k] = TEXT_LEN / median(sealed[k], o.rounds);
		receive[k] = TEXT_LEN / median(opened[k], o.rounds);
	}
	report_all(&o, "tls13-aes128gcm-16k", "send", "GB/s", (struct measured[]){ { "bojagi", send[0] }, { "aead", send[1] } }, 2, SHARE_BAR,
		   MORE_IS_BETTER);
	report_all(&o, "tls13-aes128gcm-16k", "receive", "GB/s", (struct measured[]){ { "bojagi", receive[0] }, { "aead", receive[1] } }, 2,
		   SHARE_BAR, MORE_IS_BETTER);
	bj_tls_free(client);
	bj_tls_free(server);
	aead_fini(&aead);
	chain_free(&chain);
	return 0;
}
