/* ct.h - comparisons and masks whose time does not depend on the bytes. */
#ifndef BASE_CT_H
#define BASE_CT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A mask as it is; the compiler no longer knows that it has two values only, and makes no branch of it. */
static inline uint64_t ct_hidden(uint64_t mask)
{
	__asm__("" : "+r"(mask));
	return mask;
}

static inline bool ct_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = (const volatile uint8_t *)a;
	const volatile uint8_t *y = (const volatile uint8_t *)b;
	uint8_t diff = 0;

	for (size_t i = 0; i < len; i++)
		diff |= (uint8_t)(x[i] ^ y[i]);
	return diff == 0;
}

static inline bool ct_is_zero(const void *a, size_t len)
{
	const volatile uint8_t *x = (const volatile uint8_t *)a;
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= x[i];
	return any == 0;
}

#endif
