/* session_file_test.c - what is written is read, and nothing else is. */
#include "base/test.h"

#include <stdlib.h>

#include "cli/session_file.h"

static const struct session_file sample = {
	.blob = { (const uint8_t *)"blob", 4 },
	.chain = { { (const uint8_t *)"leaf", 4 }, { (const uint8_t *)"middle", 6 } },
	.chain_count = 2,
};

static void damaged_files_are_no_sessions(void **state)
{
	struct session_file read;
	uint8_t *bytes, more[200];
	size_t len;

	assert_int_equal(session_file_write(&sample, &bytes, &len), BJ_OK);
	for (size_t cut = 1; cut < len; cut++)
		assert_int_equal(session_file_parse(bytes_of(bytes, cut), &read), BJ_ERR_SYNTAX);
	memcpy(more, bytes, len);
	more[len] = 0;
	assert_int_equal(session_file_parse(bytes_of(more, len + 1), &read), BJ_ERR_SYNTAX);
	more[0] ^= 1;
	assert_int_equal(session_file_parse(bytes_of(more, len), &read), BJ_ERR_SYNTAX);
	free(bytes);
}

static void a_session_comes_back_with_its_chain(void **state)
{
	struct session_file read;
	uint8_t *bytes;
	size_t len;

	assert_int_equal(session_file_write(&sample, &bytes, &len), BJ_OK);
	assert_int_equal(session_file_parse(bytes_of(bytes, len), &read), BJ_OK);
	assert_true(bytes_equal(read.blob, sample.blob));
	assert_int_equal(read.chain_count, 2);
	assert_true(bytes_equal(read.chain[1], sample.chain[1]));
	free(bytes);
	assert_int_equal(session_file_parse(bytes_of(NULL, 0), &read), BJ_OK);
	assert_int_equal(read.blob.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_files_are_no_sessions),
		cmocka_unit_test(a_session_comes_back_with_its_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
