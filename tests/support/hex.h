/* hex.h - hexadecimal text to bytes, for tests. */
#ifndef SUPPORT_HEX_H
#define SUPPORT_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program if the text is odd, is not hexadecimal or does not fit. */
static inline size_t hex_to(const char *text, void *out, size_t cap)
{
	size_t len = strlen(text);

	if (len % 2 != 0 || len / 2 > cap)
		abort();
	for (size_t i = 0; i < len / 2; i++) {
		char pair[3] = { text[2 * i], text[2 * i + 1], 0 };
		char *end;

		((uint8_t *)out)[i] = (uint8_t)strtoul(pair, &end, 16);
		if (*end)
			abort();
	}
	return len / 2;
}

#endif
