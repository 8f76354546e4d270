/* name.c - distinguished names. */
#include "x509/name.h"

#include "x509/der.h"

bool name_is_valid(struct bj_bytes name)
{
	struct reader rdns = der_only(name, DER_SEQUENCE);
	size_t count = 0;

	while (rd_more(&rdns)) {
		struct reader set = der_open(&rdns, DER_SET);
		size_t in_set = 0;

		while (rd_more(&set)) {
			struct reader attribute = der_open(&set, DER_SEQUENCE);

			der_oid(&attribute);
			der_any(&attribute);
			rd_close(&set, &attribute);
			in_set++;
		}
		count += in_set;
		if (in_set == 0 || in_set > NAME_SET_MAX || count > NAME_ATTRIBUTE_MAX)
			rd_fail(&set);
		rd_close(&rdns, &set);
	}
	return rd_end(&rdns);
}

bool name_is_empty(struct bj_bytes name)
{
	return name.len == 2;
}

struct name_walk name_walk(struct bj_bytes name)
{
	struct reader r = der_only(name, DER_SEQUENCE);

	return (struct name_walk){ r.ptr, r.end, r.ptr };
}

bool name_next(struct name_walk *walk, struct name_attribute *out)
{
	struct reader rest = rd_make(walk->ptr, (size_t)(walk->end - walk->ptr)), attribute;
	struct der_item value;

	if (walk->ptr == walk->end)
		return false;
	if (walk->ptr == walk->set_end) {
		struct bj_bytes set = der_take(&rest, DER_SET);

		walk->set_end = set.ptr + set.len;
		rest = rd_make(set.ptr, (size_t)(walk->end - set.ptr));
	}
	attribute = der_open(&rest, DER_SEQUENCE);
	out->oid_bytes = der_oid(&attribute);
	out->oid = oid_find(out->oid_bytes);
	value = der_any(&attribute);
	out->tag = value.tag;
	out->value = value.content;
	walk->ptr = rest.ptr;
	return !rest.bad && !attribute.bad;
}

bool name_find(struct bj_bytes name, enum oid oid, struct name_attribute *out)
{
	struct name_walk walk = name_walk(name);
	struct name_attribute attribute;
	bool found = false;

	while (name_next(&walk, &attribute)) {
		if (attribute.oid != oid)
			continue;
		*out = attribute;
		found = true;
	}
	return found;
}

/* ---- comparison */

static bool is_text(uint8_t tag)
{
	return tag == DER_PRINTABLE_STRING || tag == DER_UTF8_STRING || tag == DER_IA5_STRING;
}

/* Hands out the characters of a text as they are compared: lower case, single spaces, none at the ends. */
struct fold {
	struct bj_bytes left;
	bool started;
};

static int fold_next(struct fold *f)
{
	size_t spaces = 0;
	uint8_t c;

	while (spaces < f->left.len && f->left.ptr[spaces] == ' ')
		spaces++;
	if (spaces == f->left.len)
		return -1;
	if (spaces > 0) {
		f->left = bytes_of(f->left.ptr + spaces, f->left.len - spaces);
		if (f->started)
			return ' ';
	}
	f->started = true;
	c = f->left.ptr[0];
	f->left = bytes_of(f->left.ptr + 1, f->left.len - 1);
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool value_equal(uint8_t tag_a, struct bj_bytes a, uint8_t tag_b, struct bj_bytes b)
{
	struct fold x = { a, false }, y = { b, false };
	int c;

	if (!is_text(tag_a) || !is_text(tag_b))
		return tag_a == tag_b && bytes_equal(a, b);
	do {
		c = fold_next(&x);
		if (c != fold_next(&y))
			return false;
	} while (c >= 0);
	return true;
}

/* False if they are of different types. */
static bool values_read(struct reader *a, struct reader *b, struct der_item *out_a, struct der_item *out_b)
{
	if (!bytes_equal(der_oid(a), der_oid(b)))
		return false;
	*out_a = der_any(a);
	*out_b = der_any(b);
	return true;
}

static bool attribute_equal(struct bj_bytes a, struct bj_bytes b)
{
	struct reader x = rd_of(a), y = rd_of(b);
	struct der_item value_a, value_b;

	if (!values_read(&x, &y, &value_a, &value_b))
		return false;
	return !x.bad && !y.bad && value_equal(value_a.tag, value_a.content, value_b.tag, value_b.content);
}

/* A text whose comparison nobody can see otherwise; rfc4518:2.2 drops control characters and makes spaces of tabs and ends of lines. */
static bool is_plain(const struct der_item *value)
{
	bool plain = is_text(value->tag);

	for (size_t i = 0; i < value->content.len && plain; i++)
		plain = value->content.ptr[i] >= 0x20 && value->content.ptr[i] < 0x7f;
	return plain;
}

static bool attribute_may_equal(struct bj_bytes a, struct bj_bytes b)
{
	struct reader x = rd_of(a), y = rd_of(b);
	struct der_item value_a, value_b;

	if (!values_read(&x, &y, &value_a, &value_b))
		return false;
	return !is_plain(&value_a) || !is_plain(&value_b) || value_equal(value_a.tag, value_a.content, value_b.tag, value_b.content);
}

typedef bool same_fn(struct bj_bytes a, struct bj_bytes b);

/* The same attributes in any order: folding may have changed the order that DER gave them. */
static bool set_equal(struct bj_bytes a, struct bj_bytes b, same_fn *same)
{
	struct bj_bytes theirs[NAME_SET_MAX];
	struct reader x = rd_of(a), y = rd_of(b);
	size_t count = 0;

	if (bytes_equal(a, b))
		return true;
	while (rd_more(&y) && count < NAME_SET_MAX)
		theirs[count++] = der_take(&y, DER_SEQUENCE);
	while (rd_more(&x)) {
		struct bj_bytes mine = der_take(&x, DER_SEQUENCE);
		size_t i = 0;

		while (i < count && !same(mine, theirs[i]))
			i++;
		if (i == count)
			return false;
		theirs[i] = theirs[--count];
	}
	return count == 0 && rd_end(&x) && rd_end(&y);
}

static bool starts_with(struct bj_bytes name, struct bj_bytes prefix, same_fn *same)
{
	struct reader x = der_only(name, DER_SEQUENCE), y = der_only(prefix, DER_SEQUENCE);

	while (rd_more(&y)) {
		struct bj_bytes want = der_take(&y, DER_SET), have = der_take(&x, DER_SET);

		if (x.bad || y.bad || !set_equal(have, want, same))
			return false;
	}
	return !x.bad && !y.bad;
}

bool name_starts_with(struct bj_bytes name, struct bj_bytes prefix)
{
	return starts_with(name, prefix, attribute_equal);
}

bool name_may_start_with(struct bj_bytes name, struct bj_bytes prefix)
{
	return starts_with(name, prefix, attribute_may_equal);
}

bool name_equal(struct bj_bytes a, struct bj_bytes b)
{
	struct reader x, y;

	if (bytes_equal(a, b))
		return true;
	x = der_only(a, DER_SEQUENCE);
	y = der_only(b, DER_SEQUENCE);
	while (rd_more(&x) && rd_more(&y))
		if (!set_equal(der_take(&x, DER_SET), der_take(&y, DER_SET), attribute_equal))
			return false;
	return rd_end(&x) && rd_end(&y);
}

#define FNV_START 2166136261u
#define FNV_PRIME 16777619u

static uint32_t mix(uint32_t hash, int c)
{
	return (hash ^ (uint8_t)c) * FNV_PRIME;
}

uint32_t name_hash(struct bj_bytes name)
{
	struct reader rdns = der_only(name, DER_SEQUENCE);
	uint32_t hash = FNV_START;

	while (rd_more(&rdns)) {
		struct reader set = der_open(&rdns, DER_SET);
		uint32_t sum = 0; /* does not depend on the order within a set */

		while (rd_more(&set)) {
			struct reader attribute = der_open(&set, DER_SEQUENCE);
			struct bj_bytes oid = der_oid(&attribute);
			struct der_item value = der_any(&attribute);
			struct fold fold = { value.content, false };
			uint32_t h = FNV_START;
			int c;

			for (size_t i = 0; i < oid.len; i++)
				h = mix(h, oid.ptr[i]);
			if (is_text(value.tag))
				while ((c = fold_next(&fold)) >= 0)
					h = mix(h, c);
			else
				for (size_t i = 0; i < value.content.len; i++)
					h = mix(h, value.content.ptr[i]);
			sum += h;
		}
		hash = (hash ^ sum) * FNV_PRIME;
	}
	return hash;
}

/* ---- text */

void name_value_text(const struct name_attribute *attribute, const char *special, struct text *out)
{
	if (is_text(attribute->tag) || attribute->tag == DER_TELETEX_STRING) {
		text_safe(out, attribute->value, special);
		return;
	}
	text_char(out, '#');
	text_hex(out, attribute->value, 0);
}

static void attribute_text(const struct name_attribute *attribute, struct text *out)
{
	char dotted[OID_TEXT_MAX];

	if (attribute->oid != OID_UNKNOWN) {
		text_str(out, oid_label(attribute->oid));
	} else {
		oid_text(attribute->oid_bytes, dotted);
		text_str(out, dotted);
	}
	text_char(out, '=');
	name_value_text(attribute, ",+=<>;\"", out);
}

void name_text(struct bj_bytes name, struct text *out)
{
	struct name_attribute all[NAME_ATTRIBUTE_MAX];
	bool joined[NAME_ATTRIBUTE_MAX]; /* stands in the same set as the one before */
	struct name_walk walk = name_walk(name);
	size_t count = 0;

	while (count < NAME_ATTRIBUTE_MAX) {
		joined[count] = walk.ptr != walk.set_end;
		if (!name_next(&walk, &all[count]))
			break;
		count++;
	}
	for (size_t end = count; end > 0;) {
		size_t start = end - 1;

		while (start > 0 && joined[start])
			start--;
		if (end != count)
			text_char(out, ',');
		for (size_t i = start; i < end; i++) {
			if (i > start)
				text_char(out, '+');
			attribute_text(&all[i], out);
		}
		end = start;
	}
}
