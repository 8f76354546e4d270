/* fuzz_server_hello.c - ServerHello of both versions and HelloRetryRequest; the first four bytes say what was offered. */
#include "base/check.h"
#include "tls/msg/server_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t first[1 << 17], second[1 << 17];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct writer w = wr_make(first, sizeof(first)), w2 = wr_make(second, sizeof(second));
	struct server_hello hello, again;
	uint32_t offered;

	if (size < 4)
		return 0;
	offered = (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
	if (server_hello_parse(bytes_of(data + 4, size - 4), offered, &hello))
		return 0;
	check((hello.has & ~(offered | EXT_BIT(EXT_COOKIE))) == 0);
	check(!hello.is_retry || hello.version >= VERSION_1_3);
	(void)server_hello_sentinel(&hello);
	if (hello.has & (EXT_BIT(EXT_SUPPORTED_GROUPS) | EXT_BIT(EXT_SCT)))
		return 0; /* passed over, never written */
	server_hello_write(&w, &hello);
	check(wr_ok(&w));
	check(server_hello_parse(bytes_of(first + MESSAGE_HEADER_LEN, w.len - MESSAGE_HEADER_LEN), offered, &again) == BJ_OK);
	server_hello_write(&w2, &again);
	check(bytes_equal(wr_view(&w), wr_view(&w2)));
	return 0;
}
