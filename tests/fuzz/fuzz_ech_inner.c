/* fuzz_ech_inner.c - what was decrypted of an encrypted ClientHello, joined with the outer one: never longer than both, and where it is a
 * hello, it splits against the same outer hello and joins again to the same. Two bytes of length, the outer hello's body, the encoding.
 */
#include <stdlib.h>

#include "base/check.h"
#include "tls/ech_encode.h"
#include "tls/msg/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t first[1 << 18], second[1 << 18], encoded_bytes[1 << 18], third[1 << 18], outer_message[1 << 17];

static void split_and_join(struct bj_bytes inner, struct bj_bytes outer)
{
	struct writer w = wr_make(outer_message, sizeof(outer_message)), split = wr_make(second, sizeof(second));
	struct writer encoded = wr_make(encoded_bytes, sizeof(encoded_bytes)), again = wr_make(third, sizeof(third));
	size_t message = message_open(&w, MSG_CLIENT_HELLO);

	wr_bytes(&w, outer);
	message_close(&w, message);
	if (!wr_ok(&w) || ech_hello_split(inner, wr_view(&w), &split, &encoded) != BJ_OK)
		return; /* more is shared than can be named */
	check(split.len == inner.len); /* in another order */
	check(ech_hello_join(wr_view(&encoded), outer, &again) == BJ_OK);
	check(bytes_equal(wr_view(&again), wr_view(&split)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = rd_make(data, size);
	struct bj_bytes outer = rd_vec_bytes(&r, 2), encoded = rd_rest(&r);
	size_t cap = encoded.len + outer.len + ECH_JOIN_ROOM;
	struct writer w = wr_make(first, cap);
	struct client_hello hello, of_outer;

	if (r.bad || cap > sizeof(first) || ech_hello_join(encoded, outer, &w) != BJ_OK)
		return 0;
	check(w.len <= cap && w.len >= MESSAGE_HEADER_LEN);
	if (client_hello_parse(bytes_of(first + MESSAGE_HEADER_LEN, w.len - MESSAGE_HEADER_LEN), &hello) != BJ_OK)
		return 0;
	check(hello.session_id.len <= SESSION_ID_MAX);
	if (client_hello_parse(outer, &of_outer) == BJ_OK)
		split_and_join(wr_view(&w), outer);
	return 0;
}
