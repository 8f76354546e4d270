/* shape.h - holds a reader to the exact form of its input: cut at every byte, one byte more, every length one off.
 *
 * A shape says where the lengths stand: "N" skips N bytes, "vW" is a vector with a length of W bytes, "vW(...)" one whose
 * content repeats a shape. So "2 v1 v2(2 v2)" has a length at 2, one behind it, and one in each entry.
 */
#ifndef SUPPORT_SHAPE_H
#define SUPPORT_SHAPE_H

#include "base/test.h"

#include "base/bytes.h"

#define SHAPE_LENGTHS_MAX 64

/* A view of a literal as an initializer of static rows, where BYTES_LIT() is no constant. */
#define ROW_BYTES(text) { (const uint8_t *)(text), sizeof(text) - 1 }

struct shape_length {
	size_t at;
	unsigned width;
};

struct shape_found {
	struct shape_length at[SHAPE_LENGTHS_MAX];
	size_t count;
};

/* One pass of `shape` over bytes[from..to); returns where the shape's text ended, and where the bytes did. */
static inline const char *shape_pass(const char *shape, const uint8_t *bytes, size_t from, size_t to, size_t *out_end,
				     struct shape_found *found)
{
	while (*shape && *shape != ')') {
		if (*shape == ' ') {
			shape++;
		} else if (*shape == 'v') {
			unsigned width = (unsigned)(shape[1] - '0');
			size_t len = 0, inner = from + width;

			assert_true(inner <= to && found->count < SHAPE_LENGTHS_MAX);
			found->at[found->count++] = (struct shape_length){ from, width };
			for (unsigned i = 0; i < width; i++)
				len = len << 8 | bytes[from + i];
			assert_true(len <= to - inner);
			from = inner + len;
			shape += 2;
			if (*shape == '(') {
				const char *end = shape + 1, *start = shape + 1;

				while (inner < from)
					end = shape_pass(start, bytes, inner, from, &inner, found);
				for (int depth = 1; end == start && depth > 0 && *shape;) { /* empty: step over its shape */
					shape++;
					depth += *shape == '(' ? 1 : *shape == ')' ? -1 : 0;
					if (depth == 0)
						end = shape;
				}
				shape = end + 1;
			}
		} else {
			char *end;

			from += strtoul(shape, &end, 10);
			shape = end;
		}
	}
	*out_end = from;
	return shape;
}

typedef enum bj_err shape_judge_fn(struct bj_bytes body);

/* Judges a copy that ends where its memory ends, so that a read too far is seen. */
static inline enum bj_err shape_judge(shape_judge_fn *judge, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	enum bj_err err;

	assert_non_null(copy);
	bytes_copy(copy, bytes, len);
	err = judge(bytes_of(copy, len));
	free(copy);
	return err;
}

/* The body is good; nothing shorter is but `legal_cut` bytes of it (0: none is), nothing longer, and no other length. */
static inline void assert_exact_form(shape_judge_fn *judge, struct bj_bytes body, const char *shape, size_t legal_cut)
{
	struct shape_found found = { .count = 0 };
	uint8_t *copy = malloc(body.len + 1);
	size_t end;

	assert_non_null(copy);
	bytes_copy(copy, body.ptr, body.len);
	copy[body.len] = 0;
	shape_pass(shape, copy, 0, body.len, &end, &found);
	assert_int_equal(end, body.len); /* the shape tells all of it */
	assert_int_equal(shape_judge(judge, copy, body.len), BJ_OK);
	for (size_t len = 0; len < body.len; len++)
		if (len != legal_cut || legal_cut == 0)
			assert_int_not_equal(shape_judge(judge, copy, len), BJ_OK);
	assert_int_not_equal(shape_judge(judge, copy, body.len + 1), BJ_OK);
	for (size_t i = 0; i < found.count; i++) {
		uint8_t *low = copy + found.at[i].at + found.at[i].width - 1;

		for (int by = -1; by <= 1; by += 2) {
			*low = (uint8_t)(*low + by);
			assert_int_not_equal(shape_judge(judge, copy, body.len), BJ_OK);
			*low = (uint8_t)(*low - by);
		}
	}
	free(copy);
}

#endif
