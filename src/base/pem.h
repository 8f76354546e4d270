/* pem.h - reads the blocks of a PEM text one after another (rfc7468).
 *
 * Text outside of blocks is skipped, as people put words there. Inside: the label of the end must be that of the start,
 * the body must be base64 (white space and blank lines between are fine, any line length), and header lines of the old
 * kind (rfc1421:4.6) are kept apart. A boundary that is damaged, indented or without its partner is an error: a file must
 * not silently lose a certificate. A byte order mark before the text is skipped.
 *
 * The reader owns nothing; decoded bytes go into a buffer of the caller's, which wipes it where keys were read.
 */
#ifndef BASE_PEM_H
#define BASE_PEM_H

#include "base/bytes.h"

#define PEM_LABEL_MAX 64
#define PEM_HEADER_MAX 8              /* header lines in a block */
#define PEM_TEXT_MAX (16u << 20)      /* longest text */

struct pem {
	struct bj_bytes text;
	size_t at;      /* how far it was read */
	uint32_t line;  /* counted from 1; after a failure: where it was found */
	uint32_t column;
	const char *why; /* after a failure: what was wrong, for people; static */
	enum bj_err err; /* sticks */
};

struct pem_block {
	struct bj_bytes label;   /* such as "CERTIFICATE"; a view into the text */
	struct bj_bytes headers; /* the header lines as they stand; empty for nearly all */
	struct bj_bytes der;     /* in the caller's buffer */
	bool encrypted;          /* a header says that the body is encrypted (rfc1421:4.6.1.1) */
	uint32_t line;           /* of its BEGIN */
};

struct pem pem_make(const void *text, size_t len);

/* The next block. BJ_ERR_PEM_NONE: no more blocks; BJ_ERR_PEM: see line, column and why; BJ_ERR_SPACE: the body does not
 * fit into `buf` (a buffer of PEM_DER_MAX(len of the text) always does); BJ_ERR_LIMIT: the text is too long. */
BJ_MUST_USE enum bj_err pem_next(struct pem *p, uint8_t *buf, size_t cap, struct pem_block *out);

#define PEM_DER_MAX(text_len) ((text_len) / 4 * 3 + 3)

/* Hands the DER of every block with this label to `add`, until one fails. `out_count` (may be null) gets how many were taken, on failure
 * too. BJ_ERR_PEM_NONE if there was none, BJ_ERR_NO_MEMORY. */
typedef enum bj_err pem_add_fn(void *to, const void *der, size_t len);
BJ_MUST_USE enum bj_err pem_each(const void *text, size_t len, const char *label, pem_add_fn *add, void *to, size_t *out_count);

/* The next block with this label; others are skipped, but must be well formed. */
BJ_MUST_USE enum bj_err pem_next_labelled(struct pem *p, const char *label, uint8_t *buf, size_t cap, struct pem_block *out);

#endif
