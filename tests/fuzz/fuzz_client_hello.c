/* fuzz_client_hello.c - ClientHello: what is read can be written, and then reads and writes the same. */
#include "base/check.h"
#include "tls/msg/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t first[1 << 17], second[1 << 17];

static void walk_lists(const struct client_hello *h)
{
	struct reader shares = rd_of(h->shares), identities = rd_of(h->psk.identities), binders = rd_of(h->psk.binders);
	struct key_share share;
	struct psk_identity identity;
	struct bj_bytes binder;
	size_t count = 0;

	while (key_share_next(&shares, &share))
		check(share.key.len > 0 && codes_count(h->groups) > 0);
	check(rd_end(&shares));
	while (psk_identity_next(&identities, &identity)) {
		check(psk_binder_next(&binders, &binder));
		count++;
	}
	check(rd_end(&identities) && rd_end(&binders) && count == h->psk.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client_hello hello, again;
	struct writer w = wr_make(first, sizeof(first)), w2 = wr_make(second, sizeof(second));
	uint8_t print[HASH_MAX];

	if (client_hello_parse(bytes_of(data, size), &hello))
		return 0;
	if (client_hello_offers(&hello, VERSION_1_3) && (hello.has & EXT_BIT(EXT_SUPPORTED_GROUPS)))
		walk_lists(&hello);
	client_hello_fingerprint(HASH_SHA256, &hello, print);
	if ((hello.has & EXT_BIT(EXT_PSK_KEY_EXCHANGE_MODES)) && hello.psk_modes == 0)
		return 0; /* only modes that we do not know, so there is nothing to write */
	client_hello_write(&w, &hello);
	if (!wr_ok(&w))
		return 0; /* the longest list of extensions may grow past its length */
	check(client_hello_parse(bytes_of(first + MESSAGE_HEADER_LEN, w.len - MESSAGE_HEADER_LEN), &again) == BJ_OK);
	check(again.has == hello.has);
	client_hello_write(&w2, &again);
	check(bytes_equal(wr_view(&w), wr_view(&w2)));
	return 0;
}
