/* pem.c - see pem.h. */
#include "base/pem.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/wipe.h"

#define HYPHENS "-----"
#define BEGIN HYPHENS "BEGIN "
#define END HYPHENS "END "

struct pem pem_make(const void *text, size_t len)
{
	static const uint8_t mark[3] = { 0xef, 0xbb, 0xbf };
	size_t at = len >= sizeof(mark) && memcmp(text, mark, sizeof(mark)) == 0 ? sizeof(mark) : 0;

	return (struct pem){ .text = bytes_of(text, len), .at = at, .line = 1, .column = 1 };
}

static enum bj_err fail(struct pem *p, enum bj_err err, uint32_t line, size_t column, const char *why)
{
	p->err = err;
	p->line = line;
	p->column = (uint32_t)column + 1;
	p->why = why;
	return err;
}

static bool starts_with(struct bj_bytes line, const char *start)
{
	struct bj_bytes s = bytes_text(start);

	return line.len >= s.len && memcmp(line.ptr, s.ptr, s.len) == 0;
}

/* The line at `*at` without its end (LF, CRLF or CR) and without white space before the end; moves behind it. */
static struct bj_bytes take_line(struct bj_bytes text, size_t *at)
{
	struct bj_bytes line = { text.ptr + *at, 0 };
	size_t end = *at;

	while (end < text.len && text.ptr[end] != '\n' && text.ptr[end] != '\r')
		end++;
	line.len = end - *at;
	if (end < text.len && text.ptr[end] == '\r' && end + 1 < text.len && text.ptr[end + 1] == '\n')
		end++;
	*at = end < text.len ? end + 1 : end;
	while (line.len > 0 && (line.ptr[line.len - 1] == ' ' || line.ptr[line.len - 1] == '\t'))
		line.len--;
	return line;
}

/* The label of a boundary line that starts with `start` (rfc7468:3): printable, no hyphen or space at its ends. */
static bool label_of(struct bj_bytes line, const char *start, struct bj_bytes *out)
{
	size_t before = strlen(start), after = strlen(HYPHENS);
	struct bj_bytes label;

	if (line.len < before + after || memcmp(line.ptr + line.len - after, HYPHENS, after) != 0)
		return false;
	label = bytes_of(line.ptr + before, line.len - before - after);
	if (label.len > PEM_LABEL_MAX)
		return false;
	for (size_t i = 0; i < label.len; i++) {
		bool mark = label.ptr[i] == ' ' || label.ptr[i] == '-';

		if (label.ptr[i] < 0x20 || label.ptr[i] > 0x7e)
			return false;
		if (mark && (i == 0 || i + 1 == label.len || label.ptr[i - 1] == ' ' || label.ptr[i - 1] == '-'))
			return false;
	}
	*out = label;
	return true;
}

static bool is_indented_boundary(struct bj_bytes line)
{
	size_t i = 0;

	while (i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t'))
		i++;
	line = bytes_of(line.ptr + i, line.len - i);
	return i > 0 && (starts_with(line, BEGIN) || starts_with(line, END));
}

/* Finds the next BEGIN line. */
static enum bj_err find_begin(struct pem *p, struct pem_block *block)
{
	while (p->at < p->text.len) {
		uint32_t line_number = p->line++;
		struct bj_bytes line = take_line(p->text, &p->at);

		if (is_indented_boundary(line))
			return fail(p, BJ_ERR_PEM, line_number, 0, "a BEGIN or END line must start at the left margin");
		if (!starts_with(line, HYPHENS))
			continue;
		block->line = line_number;
		if (starts_with(line, END))
			return fail(p, BJ_ERR_PEM, line_number, 0, "an END line without its BEGIN line");
		if (!starts_with(line, BEGIN))
			continue; /* a ruler in the words between */
		if (!label_of(line, BEGIN, &block->label))
			return fail(p, BJ_ERR_PEM, line_number, strlen(BEGIN), "the BEGIN line is malformed");
		return BJ_OK;
	}
	return fail(p, BJ_ERR_PEM_NONE, p->line, 0, "there is no further block");
}

/* Header lines, if there are any: `name: value`, continued by lines that begin with white space, ended by a blank line. */
static enum bj_err take_headers(struct pem *p, struct pem_block *block)
{
	size_t at = p->at, count = 0;
	uint32_t line_number = p->line;
	const uint8_t *start = p->text.ptr + p->at;

	while (at < p->text.len) {
		struct bj_bytes line = take_line(p->text, &at);
		bool more = count > 0 && line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t');

		if (!more && (line.len == 0 || !memchr(line.ptr, ':', line.len))) {
			if (count == 0)
				return BJ_OK; /* no headers: the body starts where it started */
			if (line.len > 0)
				return fail(p, BJ_ERR_PEM, line_number, 0, "a blank line is missing after the headers");
			block->headers = bytes_of(start, (size_t)(line.ptr - start));
			p->at = at;
			p->line = line_number + 1;
			return BJ_OK;
		}
		if (++count > PEM_HEADER_MAX)
			return fail(p, BJ_ERR_PEM, line_number, 0, "too many header lines");
		if (starts_with(line, "Proc-Type:") && line.len >= 9 &&
		    bytes_equal(bytes_of(line.ptr + line.len - 9, 9), BYTES_LIT("ENCRYPTED")))
			block->encrypted = true;
		line_number++;
	}
	return BJ_OK; /* the missing END line is found out by who looks for it */
}

/* The body's text, up to the END line of the same label. */
static enum bj_err take_body(struct pem *p, const struct pem_block *block, struct bj_bytes *out)
{
	const uint8_t *start = p->text.ptr + p->at;

	while (p->at < p->text.len) {
		uint32_t line_number = p->line++;
		struct bj_bytes line = take_line(p->text, &p->at), label;

		if (!starts_with(line, HYPHENS))
			continue;
		if (!starts_with(line, END) || !label_of(line, END, &label))
			return fail(p, BJ_ERR_PEM, line_number, 0, "a proper END line is expected here");
		if (!bytes_equal(label, block->label))
			return fail(p, BJ_ERR_PEM, line_number, strlen(END), "the END line names another kind than its BEGIN line");
		*out = bytes_of(start, (size_t)(line.ptr - start));
		return BJ_OK;
	}
	return fail(p, BJ_ERR_PEM, block->line, 0, "the block has no END line");
}

/* Says where in a body of base64 the fault is. */
static enum bj_err fail_body(struct pem *p, struct bj_bytes body, size_t fault, uint32_t line)
{
	size_t at = 0, start = 0;

	while (at < body.len) {
		start = at;
		(void)take_line(body, &at);
		if (fault < at)
			break;
		line++;
	}
	if (fault >= body.len)
		return fail(p, BJ_ERR_PEM, line, 0, "the base64 text ends too early");
	return fail(p, BJ_ERR_PEM, line, fault - start, "this character does not fit in base64 text");
}

enum bj_err pem_next(struct pem *p, uint8_t *buf, size_t cap, struct pem_block *out)
{
	struct pem_block block = { 0 };
	struct bj_bytes body;
	enum bj_err err = p->err;
	uint32_t body_line;
	size_t len = 0, fault = 0;

	if (!err && p->text.len > PEM_TEXT_MAX)
		return fail(p, BJ_ERR_LIMIT, 1, 0, "the text is too long");
	if (!err)
		err = find_begin(p, &block);
	if (!err)
		err = take_headers(p, &block);
	if (err)
		return err;
	body_line = p->line;
	err = take_body(p, &block, &body);
	if (err)
		return err;
	err = base64_decode_lenient(body, buf, cap, &len, &fault);
	if (err == BJ_ERR_SPACE)
		return fail(p, BJ_ERR_SPACE, block.line, 0, "the block is larger than the limit");
	if (err)
		return fail_body(p, body, fault, body_line);
	if (len == 0)
		return fail(p, BJ_ERR_PEM, block.line, 0, "the block is empty");
	block.der = bytes_of(buf, len);
	*out = block;
	return BJ_OK;
}

enum bj_err pem_next_labelled(struct pem *p, const char *label, uint8_t *buf, size_t cap, struct pem_block *out)
{
	struct pem_block block;
	enum bj_err err;

	while (!(err = pem_next(p, buf, cap, &block))) {
		if (bytes_equal(block.label, bytes_text(label))) {
			*out = block;
			return BJ_OK;
		}
	}
	return err;
}

enum bj_err pem_each(const void *text, size_t len, const char *label, pem_add_fn *add, void *to, size_t *out_count)
{
	struct pem pem = pem_make(text, len);
	struct pem_block block;
	size_t cap = PEM_DER_MAX(len), count = 0;
	uint8_t *der = malloc(cap);
	enum bj_err err;

	if (!der)
		return BJ_ERR_NO_MEMORY;
	while (!(err = pem_next_labelled(&pem, label, der, cap, &block))) {
		err = add(to, block.der.ptr, block.der.len);
		if (err)
			break;
		count++;
	}
	wipe(der, cap); /* other blocks may have been keys, and some ask for keys */
	free(der);
	if (out_count)
		*out_count = count;
	return err == BJ_ERR_PEM_NONE && count > 0 ? BJ_OK : err;
}
